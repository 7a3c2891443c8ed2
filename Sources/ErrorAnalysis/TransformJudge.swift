// SPDX-License-Identifier: Apache-2.0
// What became of each pair that a transform was given, its true error kept exactly.

internal import Accumulation
internal import Formats

/// Decides what became of each pair.
struct TransformJudge: Sendable {
  private let transform: ErrorFreeTransform
  private let arithmetic: DoubleArithmetic
  private let isSum, isOrdered: Bool
  private let splitter: Double
  /// Whether the hypotheses hold that do not depend on the operands.
  private let isProvable: Bool
  /// |ab| from which on a product's error is a number.
  private let threshold: Double
  /// η, and the sizes of the halves of a split.
  private let smallest: Double
  private let halves: (high: Int, low: Int)?
  private let isStochastic: Bool

  init(_ transform: ErrorFreeTransform, _ rounder: Rounder, _ arithmetic: DoubleArithmetic, _ anyOrder: Bool) {
    (self.transform, self.arithmetic) = (transform, arithmetic)
    let p = rounder.format.precision
    isSum = transform == .twoSum || transform == .fast2Sum
    isOrdered = transform == .fast2Sum && !anyOrder
    splitter = transform.splitter.map { Double(exactly: $0)! } ?? 0
    isProvable =
      (!transform.hypotheses.contains(.nearest) || rounder.rounding.isNearest) && transform.hasProvenSplitPoint(precision: p)
    smallest = Double(exactly: .power(rounder.format.quantumExponent))!
    threshold = smallest * Double(sign: .plus, exponent: 2 * p - 1, significand: 1)
    if case .split(let s) = transform { halves = (p - s, s) } else { halves = nil }
    isStochastic = rounder.rounding.isStochastic
  }

  struct Row: Sendable {
    var counts = TransformCheck.Counts()
    var examples: [TransformCheck.Counterexample.Kind: TransformCheck.Counterexample] = [:]
  }

  func row(_ a: Double, _ numbers: [Double]) -> Row {
    var row = Row()
    var arithmetic = arithmetic
    if transform.operandCount == 1 {
      judge(a, a, &arithmetic, &row)
      return row
    }
    for b in numbers {
      if isOrdered && b.magnitude > a.magnitude { break }
      judge(a, b, &arithmetic, &row)
    }
    return row
  }

  /// What one pair came to, worst last.
  private enum Verdict: Int { case exact, missed, unrepresentable, underflow, overflow, resultOverflow }

  private struct Outcome {
    var verdict = Verdict.exact
    var value = 0.0, error = 0.0, exactError = 0.0, miss = 0.0
    var isErrorRounded = false
  }

  private func judge(_ a: Double, _ b: Double, _ arithmetic: inout DoubleArithmetic, _ row: inout Row) {
    let (y, rest) = transform.operandCount == 1 ? (a, 0) : isSum ? DoubleArithmetic.exactSum(a, b) : (a * b, 0)
    var worst = outcome(a, b, y, rest, &arithmetic)
    if isStochastic { worst = worstOutcome(a, b, y, rest, first: worst, &arithmetic) }
    row.counts.operands += 1
    if worst.verdict == .resultOverflow {
      row.counts.resultOverflow += 1
      return
    }
    row.counts.cases += 1
    let isGuaranteed =
      isProvable && worst.verdict != .overflow && (isSum || transform.operandCount == 1 || y == 0 || y.magnitude >= threshold)
      && (transform != .fast2Sum || a.magnitude >= b.magnitude)
    if isGuaranteed { row.counts.guaranteed += 1 }
    if worst.verdict == .exact {
      row.counts.exact += 1
      return
    }
    let kind: TransformCheck.Counterexample.Kind
    switch worst.verdict {
    case .overflow:
      row.counts.overflow += 1
      kind = .overflow
    case .underflow: kind = .underflow
    case .unrepresentable: kind = .unrepresentable
    default: kind = .missed
    }
    if kind != .overflow {
      row.counts.inexact += 1
      if kind != .missed { row.counts.unrepresentable += 1 }
      if kind == .underflow { row.counts.underflow += 1 }
      if worst.isErrorRounded { row.counts.errorRounded += 1 }
      if isGuaranteed { row.counts.violations += 1 }
      row.counts.largestMiss = max(row.counts.largestMiss, worst.miss)
      row.counts.largestResult = max(row.counts.largestResult, y.magnitude)
    }
    let example = TransformCheck.Counterexample(
      kind: kind, operands: transform.operandCount == 1 ? [a] : [a, b], value: worst.value, error: worst.error, exactError: worst.exactError)
    if let smallest = row.examples[kind], !example.isSmaller(than: smallest) { return }
    row.examples[kind] = example
  }

  /// The worst outcome over all random bits: at every inexact operation first one way, then the other.
  private func worstOutcome(
    _ a: Double, _ b: Double, _ y: Double, _ rest: Double, first: Outcome, _ arithmetic: inout DoubleArithmetic
  ) -> Outcome {
    var worst = first
    defer { arithmetic.choices = 0 }
    while true {
      // The last choice that was not yet taken the other way.
      var depth = arithmetic.choicesMade
      while depth > 0 && arithmetic.choices >> UInt64(depth - 1) & 1 == 1 { depth -= 1 }
      if depth == 0 { return worst }
      arithmetic.choices = (arithmetic.choices | 1 << UInt64(depth - 1)) & ((1 << UInt64(depth)) - 1)
      let other = outcome(a, b, y, rest, &arithmetic)
      if other.verdict.rawValue > worst.verdict.rawValue { worst = other }
    }
  }

  /// The transform of a pair whose exact result is y + rest.
  private func outcome(_ a: Double, _ b: Double, _ y: Double, _ rest: Double, _ arithmetic: inout DoubleArithmetic) -> Outcome {
    var outcome = Outcome()
    arithmetic.reset()
    if transform.operandCount == 2 {
      _ = arithmetic.round(y, rest)
      if arithmetic.overflowed {
        outcome.verdict = .resultOverflow
        return outcome
      }
      arithmetic.reset()
    }
    let (value, error) = transform.apply(a, b, splitter: splitter, in: &arithmetic)
    (outcome.value, outcome.error) = (value, error)
    // y − value is exact: value is y rounded, or has no bits that y has not.
    let (e, tail) = DoubleArithmetic.exactSum(y - value, rest)
    outcome.exactError = e
    if arithmetic.overflowed {
      outcome.verdict = .overflow
      return outcome
    }
    if tail == 0 && e == error && halves.map({ bits(value) <= $0.high && bits(error) <= $0.low }) ?? true { return outcome }
    outcome.miss = (error - e - tail).magnitude
    let isRepresentable = tail == 0 && arithmetic.holds(e)
    let lowest = (tail == 0 ? e : tail) / smallest
    outcome.verdict = isRepresentable ? .missed : lowest == lowest.rounded(.towardZero) ? .unrepresentable : .underflow
    if !isStochastic { outcome.isErrorRounded = arithmetic.round(e, tail) == error }
    return outcome
  }

  /// Significant bits.
  private func bits(_ x: Double) -> Int { x == 0 ? 0 : x.significandWidth + 1 }
}
