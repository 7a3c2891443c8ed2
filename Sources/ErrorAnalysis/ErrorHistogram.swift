// SPDX-License-Identifier: Apache-2.0
// The whole law of the error of a random sum, not only its moments.

internal import Accumulation
public import Formats
internal import Synchronization

/// The probabilities of the errors of sums of n independent terms, computed − exact.
public struct ErrorHistogram: Sendable {
  /// Terms of a sum.
  public let n: Int
  /// Errors are multiples of it; bin i holds those of `(first + i) · binWidth`.
  public let binWidth: Dyadic
  /// The number of the first bin.
  public let first: Int
  /// Of the errors `(first + i) · binWidth`.
  public let probabilities: [Double]
  /// 0 where the histogram is exact. Otherwise it is the law of the error plus a noise of mean 0, whatever the error, with this rms at most.
  public let blur: Double
  /// The probability that was left out: of tails that do not matter, and of sums that overflow.
  public let omitted: Double

  /// The errors of the bins.
  public var errors: [Double] {
    let width = Value.finite(binWidth).double
    return probabilities.indices.map { Double(first + $0) * width }
  }

  /// The smallest error e with P(error ≤ e) ≥ p, among those that were kept.
  public func quantile(_ p: Double) -> Double {
    let total = probabilities.reduce(0, +)
    var sum = 0.0
    for (i, probability) in probabilities.enumerated() {
      sum += probability
      if sum >= p * total { return Double(first + i) * Value.finite(binWidth).double }
    }
    return Double(first + probabilities.count - 1) * Value.finite(binWidth).double
  }
}

extension ExactAnalysis {
  /// The law of the error of sums of n terms.
  ///
  /// Each state keeps a histogram of the error so far. Its bins are the unit of the terms where that is affordable, and the histogram then exact;
  /// otherwise they are 4, 16, … units wide, and each local error goes to the two bins next to it, with probabilities that keep its mean: m local errors add a
  /// variance of m/4 squared widths at most. Tails of probability below 10^-12 in all are left out.
  ///
  /// - Throws: `ExactAnalysisError.histogram` where the blur would be more than a third of the rms.
  /// - Complexity: n · cells · bins; the width is chosen so that this is less than some 10^10.
  public func histogram(_ n: Int, _ parallelism: Parallelism = .allCores) throws(ExactAnalysisError) -> ErrorHistogram {
    let machine = machine(parallelism)
    let addends = try addends(n, machine)
    for shift in stride(from: 0, to: 124, by: 2) {
      let algebra = HistogramPropagation(machine: machine, shift: shift, total: additions(n))
      let laws = addends.compactMap { HistogramLaw($0, shift: shift) }
      guard laws.count == addends.count else { continue }
      let terms = runs(laws, n)
      let law = try algebra.evaluate(plan, terms, roundsLeaves: roundsLeaves)
      if algebra.budget.isSpent { continue }
      let kept = law.parts.filter { !$0.values.isEmpty }
      guard let first = kept.map(\.first).min(), let end = kept.map({ $0.first + $0.values.count }).max() else { throw .nothingLeft("\(plan)") }
      guard end - first <= HistogramPropagation.mostBinsInAll else { continue }
      var all = [Double](repeating: 0, count: end - first)
      for part in kept { for (i, p) in part.values.enumerated() { all[part.first - first + i] += p } }
      let unit = Double(sign: .plus, exponent: machine.unit, significand: 1)
      let blur = shift == 0 ? 0 : Double(law.roundings).squareRoot() * Double(sign: .plus, exponent: shift - 1, significand: 1) * unit
      let histogram = ErrorHistogram(
        n: n, binWidth: .power(machine.unit + shift), first: first, probabilities: all, blur: blur, omitted: max(0, 1 - all.reduce(0, +)))
      // Bins that may hide the law say nothing.
      let square = zip(histogram.errors, all).reduce(0) { $0 + $1.0 * $1.0 * $1.1 }
      guard blur <= (square / all.reduce(0, +)).squareRoot() / 3 else { throw .histogram(n) }
      return histogram
    }
    preconditionFailure("bins wider than every error")
  }
}

/// Probabilities of consecutive multiples of the bin width.
private struct Part: Sendable {
  var first = 0
  var values: [Double] = []

  /// Without ends of less than the given probability.
  func trimmed(_ least: Double) -> Part {
    var (low, high, sum) = (0, values.count, 0.0)
    while low < high, sum + values[low] <= least {
      sum += values[low]
      low += 1
    }
    sum = 0
    while high > low, sum + values[high - 1] <= least {
      sum += values[high - 1]
      high -= 1
    }
    return Part(first: first + low, values: Array(values[low..<high]))
  }
}

/// For each value of a sum the histogram of its error.
private final class HistogramLaw {
  let support: Support
  let parts: [Part]
  /// Local errors that were moved to bins.
  let roundings: Int

  init(_ support: Support, _ parts: [Part], roundings: Int) { (self.support, self.parts, self.roundings) = (support, parts, roundings) }

  /// The law of an addend's error; `nil` if it takes too many bins.
  convenience init?(_ addends: Addends, shift: Int) {
    var (parts, total) = ([Part](), 0)
    for i in 0..<addends.support.count {
      var ways: [(bins: (low: Int, share: Double), p: Double)] = []
      for way in addends.ways[addends.offsets[i]..<addends.offsets[i + 1]] {
        guard let place = bins(addends.support.values[i] - way.exact, shift) else { return nil }
        ways.append((place, way.probability))
      }
      let first = ways.map(\.bins.low).min()!
      let count = ways.map(\.bins.low).max()! - first + 2
      total += count
      guard count <= HistogramPropagation.mostBins, total <= HistogramPropagation.mostBinsInAll else { return nil }
      var part = Part(first: first, values: [Double](repeating: 0, count: count))
      for (bins, p) in ways {
        part.values[bins.low - first] += (1 - bins.share) * p
        part.values[bins.low - first + 1] += bins.share * p
      }
      parts.append(part.trimmed(0))
    }
    let isExact = addends.ways.count == addends.support.count
    self.init(addends.support, parts, roundings: isExact ? 0 : 1)
  }
}

/// The multiple of 2^shift below an error, and how far the error is on the way to the next; `nil` for errors of more than 2^40 bins.
private func bins(_ error: Int128, _ shift: Int) -> (low: Int, share: Double)? {
  let low = error >> Int128(shift)
  guard low.magnitude < 1 << 40 else { return nil }
  return (Int(low), (error - low << Int128(shift)).double * Double(sign: .plus, exponent: -shift, significand: 1))
}

private struct HistogramPropagation: SumAlgebra {
  let machine: Machine
  let shift: Int
  let total: Int
  let budget = Budget()

  /// Bins of one state.
  static var mostBins: Int { 1 << 20 }
  /// Bins of all states: half a gigabyte.
  static var mostBinsInAll: Int { 1 << 26 }

  /// Products of probabilities that may be formed.
  final class Budget {
    var left = 1e10
    var isSpent: Bool { left < 0 }
  }

  func accumulate(_ rounder: Rounder, _ terms: Runs<HistogramLaw>) throws(ExactAnalysisError) -> HistogramLaw {
    let automaton = try machine.automaton(rounder, summing: terms.runs.map { ($0.law.support, $0.count) })
    var parts = [Part](repeating: Part(), count: automaton.states.count)
    parts[automaton.states.index(of: 0)!] = Part(first: 0, values: [1])
    var roundings = 0
    for (term, count) in terms.runs {
      let transitions = machine.transitions(automaton, from: automaton.states, adding: term.support)
      for _ in 0..<count where !budget.isSpent { parts = step(transitions, parts, term.parts) }
      if budget.isSpent { parts = [Part](repeating: Part(), count: automaton.states.count) }
      roundings += count * (term.roundings + 1)
    }
    return HistogramLaw(automaton.states, parts, roundings: roundings)
  }

  func add(_ rounder: Rounder, _ a: HistogramLaw, _ b: HistogramLaw) throws(ExactAnalysisError) -> HistogramLaw {
    let automaton = try machine.automaton(rounder, adding: a.support, b.support)
    let transitions = machine.transitions(automaton, from: a.support, adding: b.support)
    let parts = step(transitions, a.parts, b.parts)
    return HistogramLaw(automaton.states, budget.isSpent ? [Part](repeating: Part(), count: automaton.states.count) : parts, roundings: a.roundings + b.roundings + 1)
  }

  /// The histograms after one addition.
  private func step(_ transitions: Transitions, _ sources: [Part], _ terms: [Part]) -> [Part] {
    let automaton = transitions.automaton
    let (s, x, isStochastic) = (transitions.sources.values, transitions.terms.values, automaton.rounder.rounding.isStochastic)
    // No more work than this: neighbouring terms often share a shift.
    budget.left -= sources.reduce(0) { $0 + Double($1.values.count) } * terms.reduce(0) { $0 + Double($1.values.count) }
    if budget.isSpent { return [] }
    let least = 1e-12 / Double(automaton.states.count) / Double(max(total, 1))
    let binCount = Atomic(0)
    let parts = parallelMap(automaton.states.count, machine.parallelism) { [shift = self.shift] t -> Part? in
      if binCount.load(ordering: .relaxed) > HistogramPropagation.mostBinsInAll { return nil }
      // What comes in: a source's histogram, a shift of its errors, and a weight (or a term's own histogram).
      var (incoming, low, high) = ([(source: Int, shift: Int, term: Int, weight: Double)](), Int.max, Int.min)
      var (scratch, isFar) = (Transitions.Row(), false)
      let state = automaton.states.values[t]
      transitions.withRow(t, &scratch) { cells, _ in
        for i in 0..<cells.count {
          let source = Int(cells.source[i])
          guard !sources[source].values.isEmpty else { continue }
          for j in Int(cells.first[i])..<Int(cells.end[i]) where !terms[j].values.isEmpty {
            let p = isStochastic ? automaton.probability(of: t, from: s[source] + x[j]) : 1
            guard let place = bins(state - s[source] - x[j], shift) else {
              isFar = true
              return
            }
            let isPoint = terms[j].values.count == 1
            let weight = isPoint ? p * terms[j].values[0] : p
            for (step, share) in [(0, 1 - place.share), (1, place.share)] where share > 0 {
              let shift = place.low + step + terms[j].first
              // (A neighbouring term often has the same shift: of the last two entries one may take it.)
              if isPoint, let i = incoming.indices.suffix(2).first(where: { i in
                incoming[i].source == source && incoming[i].shift == shift && terms[incoming[i].term].values.count == 1
              }) {
                incoming[i].weight += weight * share
                continue
              }
              incoming.append((source, shift, j, weight * share))
              low = min(low, sources[source].first + shift)
              high = max(high, sources[source].first + shift + sources[source].values.count + terms[j].values.count - 1)
            }
          }
        }
      }
      guard !isFar else { return nil }
      guard low < high else { return Part() }
      binCount.wrappingAdd(high - low, ordering: .relaxed)
      guard high - low <= HistogramPropagation.mostBins else { return nil }
      var sum = [Double](repeating: 0, count: high - low)
      sum.withUnsafeMutableBufferPointer { sum in
        for (source, shift, term, weight) in incoming {
          sources[source].values.withUnsafeBufferPointer { values in
            let base = sources[source].first + shift - low
            let own = terms[term].values
            for k in own.indices {
              let w = own.count == 1 ? weight : weight * own[k]
              let target = sum.baseAddress! + base + k
              for i in 0..<values.count { target[i] += w * values[i] }
            }
          }
        }
      }
      return Part(first: low, values: sum).trimmed(least)
    }
    if parts.contains(where: { $0 == nil }) || binCount.load(ordering: .relaxed) > HistogramPropagation.mostBinsInAll { budget.left = -1 }
    return parts.map { $0 ?? Part() }
  }
}
