// SPDX-License-Identifier: Apache-2.0
// What a double-word algorithm does with all operands of a format.

public import Accumulation
public import Formats

/// A double-word algorithm over all double words (and numbers) of a format, or of a window of binades.
///
/// Operands are pairs (h, l) of the format with h = o(h + l) to nearest even, subnormal low words included.
public struct DoubleWordCheck: Sendable {
  /// The algorithm that was tried.
  public let operation: DoubleWordOperation
  /// The format and mode of every operation.
  public let rounder: Rounder
  /// What became of all operands.
  public let counts: Counts
  /// One of each kind of outcome that occurred.
  public let counterexamples: [Counterexample]
  /// The case of the largest relative error among those in the scope of the bound (its signs, no operation that overflows or underflows),
  /// and |z − r| / |r| there in units of u².
  public let worst: Counterexample?
  /// The largest relative error over u².
  public let worstInSquares: Double

  /// How many operands there were, and what became of them.
  public struct Counts: Hashable, Sendable {
    /// Operands of the algorithm; divisions by 0 and roots of negative numbers are left out.
    public var operands = 0
    /// Those whose result overflows: nothing is asked of them.
    public var resultOverflow = 0
    /// The others, each one of `exact`, `inexact` and `overflow`.
    public var cases = 0
    /// Results without error.
    public var exact = 0
    /// Results with an error, within the bound or beyond.
    public var inexact = 0
    /// Of the inexact ones: the true result is not a double word of the format.
    public var unrepresentable = 0
    /// Of the inexact ones: some operation lost bits below the smallest number.
    public var underflow = 0
    /// Another operation overflows, though the result does not.
    public var overflow = 0
    /// Results (h, l) with h ≠ o(h + l).
    public var notNormalised = 0
    /// Cases in the scope of the bound.
    public var guaranteed = 0
    /// Cases in the scope of the bound and beyond it: none, or a theorem is wrong.
    public var violations = 0
    /// Cases beyond what the bound would be, whether in its scope or not.
    public var beyond = 0

    static func + (a: Counts, b: Counts) -> Counts {
      var c = a
      c.operands += b.operands
      c.resultOverflow += b.resultOverflow
      c.cases += b.cases
      c.exact += b.exact
      c.inexact += b.inexact
      c.unrepresentable += b.unrepresentable
      c.underflow += b.underflow
      c.overflow += b.overflow
      c.notNormalised += b.notNormalised
      c.guaranteed += b.guaranteed
      c.violations += b.violations
      c.beyond += b.beyond
      return c
    }
  }

  /// The first operands with an outcome, in the order of the check, or those with the largest error.
  public struct Counterexample: Hashable, Sendable {
    /// Which outcome: an error beyond the bound, a step that overflows, bits lost below the smallest number, the largest error.
    public enum Kind: String, Sendable, CaseIterable { case beyond, overflow, underflow, worst }
    /// What the example is one of.
    public let kind: Kind
    /// Operands and result; y has a low number of 0 where it is a single number.
    public let x, y, result: DoubleWord<Double>
    /// Of the result; infinite where the true one is 0.
    public let relativeError: Double
  }

  static let largestCases = 30
  static let largestList = 24

  /// - Parameter binades: without it all operands. With it x has its high word in [1, 2) and y in [2^-K, 2^(K+1)), of both signs, and low
  ///   words have K binades: all there is, up to scaling and signs, in a mode to nearest without bounds of the range.
  /// - Complexity: about 100 ns a case on one core.
  public init(
    _ operation: DoubleWordOperation, _ rounder: Rounder, binades: Int? = nil, _ parallelism: Parallelism = .allCores,
    progress: Progress = .silent
  ) throws(ExhaustiveCheckError) {
    guard let arithmetic = DoubleArithmetic(rounder) else { throw .rounder("\(rounder)") }
    guard !rounder.rounding.isStochastic else { throw .stochastic("\(rounder)") }
    let what = "\(operation.rawValue) over \(rounder.format)\(binades.map { " within \($0) binades" } ?? "")"
    // Not so many that they cannot be listed: at most 2^(2p−1) K double words in [1, 2), and 2 (2K + 1) times as many of all y.
    let (p, width) = (rounder.format.precision, rounder.format.width)
    let own = binades.map { 2 * p - 1 + log2($0) } ?? 2 * width
    let other =
      switch operation.secondOperand {
      case .none: 0
      case .number: binades.map { p + log2(2 * $0 + 1) } ?? width
      case .doubleWord: binades.map { own + 1 + log2(2 * $0 + 1) } ?? own
      }
    guard max(own, other) <= DoubleWordCheck.largestList else { throw .cases(what, log2: max(own, other), allowed: DoubleWordCheck.largestList) }
    if let k = binades {
      // The last bit of the lowest low word of y, and the largest y.
      let isInside = rounder.format.quantumExponent <= 2 - 2 * p - 2 * k && rounder.format.maxFinite.floorLog2 > k
      guard isInside else { throw .window(rounder.format.name, binades: k) }
    }
    let numbers = Operands(rounder.format, binades)
    let xs = numbers.doubleWords(of: numbers.first)
    let ys: [DoubleWord<Double>] =
      switch operation.secondOperand {
      case .none: [DoubleWord(0, 0)]
      case .number: numbers.second.map { DoubleWord($0, 0) }
      case .doubleWord: numbers.doubleWords(of: numbers.second)
      }
    let cases = Double(xs.count) * Double(ys.count)
    guard cases <= Double(1 << DoubleWordCheck.largestCases) else {
      throw .cases(what, log2: Int(cases.exponent) + 1, allowed: DoubleWordCheck.largestCases)
    }
    let judge = DoubleWordJudge(operation, rounder, arithmetic)
    let parts = parallelMap(xs.count, parallelism, progress: progress) { judge.row(xs[$0], ys) }
    (self.operation, self.rounder) = (operation, rounder)
    counts = parts.reduce(Counts()) { $0 + $1.counts }
    counterexamples = Counterexample.Kind.allCases.compactMap { kind in kind == .worst ? nil : parts.lazy.compactMap { $0.examples[kind] }.first }
    let worst = parts.compactMap { $0.examples[.worst] }.reduce(nil as Counterexample?) { best, e in
      best.map { e.relativeError > $0.relativeError ? e : $0 } ?? e
    }
    let u = Double(sign: .plus, exponent: -rounder.format.precision, significand: 1)
    (self.worst, worstInSquares) = (worst, (worst?.relativeError ?? 0) / (u * u))
  }
}

/// ⌈log₂ n⌉.
private func log2(_ n: Int) -> Int { Int.bitWidth - (n - 1).leadingZeroBitCount }

/// The operands that a check takes.
private struct Operands {
  /// High words of x, and high words of y (or numbers y).
  let first, second: [Double]
  private let lows: [Double]
  private let nearest: DoubleArithmetic

  init(_ format: Format, _ binades: Int?) {
    guard let nearest = (try? Rounder(to: format)).flatMap({ DoubleArithmetic($0) }) else { preconditionFailure("checked by the caller") }
    self.nearest = nearest
    guard let binades else {
      let all = format.distinctNumbers
      (first, second, lows) = (all, all, all)
      return
    }
    let p = format.precision
    func numbers(_ exponents: ClosedRange<Int>) -> [Double] {
      exponents.flatMap { e in (1 << (p - 1)..<1 << p).map { Double(sign: .plus, exponent: e - p + 1, significand: Double($0)) } }
    }
    first = numbers(0...0)
    second = numbers(-binades...binades).flatMap { [$0, -$0] }
    // Low words of any high word in [1, 2): scaled for the others.
    lows = [0] + numbers(-p - binades + 1...(-p)).flatMap { [$0, -$0] }
    isWindow = true
  }

  private var isWindow = false

  /// All (h, l) with h = o(h + l).
  func doubleWords(of highs: [Double]) -> [DoubleWord<Double>] {
    var arithmetic = nearest
    return highs.flatMap { h -> [DoubleWord<Double>] in
      let scale = isWindow ? h.binade.magnitude : 1
      var words: [DoubleWord<Double>] = []
      for l in lows {
        let low = scale * l
        // By magnitude: no later one is small enough.
        if !isWindow && low.magnitude > h.magnitude { break }
        arithmetic.reset()
        if arithmetic.plus(h, low) == h && !arithmetic.overflowed { words.append(DoubleWord(h, low)) }
      }
      return words
    }
  }
}
