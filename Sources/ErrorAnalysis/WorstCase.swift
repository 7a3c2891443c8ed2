// SPDX-License-Identifier: Apache-2.0
// The exact worst error of a sum over all inputs.

internal import Accumulation
public import Formats

/// A rational in lowest terms, its denominator positive.
public struct Fraction: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// In lowest terms, with the sign.
  public let numerator: Int128
  /// Positive.
  public let denominator: Int128

  init(_ numerator: Int128, _ denominator: Int128) {
    var (a, b) = (numerator.magnitude, denominator.magnitude)
    while b != 0 { (a, b) = (b, a % b) }
    let divisor = Int128(a)
    (self.numerator, self.denominator) = (numerator / divisor, denominator / divisor)
  }

  public static func < (a: Fraction, b: Fraction) -> Bool {
    Int256.product(a.numerator, b.denominator) < Int256.product(b.numerator, a.denominator)
  }

  /// The quotient in binary64, rounded a few times.
  public var double: Double { numerator.double / denominator.double }
  public var description: String { "\(numerator)/\(denominator)" }
}

/// The worst case of sums of n terms over all inputs, with inputs that attain it.
public struct WorstCase: Sendable {
  /// Terms of a sum.
  public let n: Int
  /// max |computed − exact| / Σ|xᵢ| over all inputs, Σ|xᵢ| > 0; 0 where there is no error.
  public let ratio: Fraction
  /// computed − exact for the witness.
  public let error: Dyadic
  /// Σ|xᵢ| for the witness.
  public let magnitudes: Dyadic
  /// Inputs that attain the ratio: x and y of the terms in order.
  public let witness: (x: [Dyadic], y: [Dyadic])
  /// The largest and the smallest computed − exact over all inputs.
  public let largestError: Dyadic
  /// min (computed − exact), negative or 0.
  public let smallestError: Dyadic

  /// max |computed − exact| over all inputs.
  public var maxAbsError: Dyadic { max(largestError.magnitude, smallestError.magnitude) }
}

extension ExactAnalysis {
  /// The exact worst case of sums of n terms.
  ///
  /// The largest weight error − λ Σ|xᵢ| over all inputs follows from a recurrence over the states of the accumulator; λ is the ratio of
  /// the best inputs so far, until no inputs have a positive weight (Dinkelbach). All in integers: the result is exact. With a stochastic
  /// rounding it is the worst over inputs and random bits.
  ///
  /// - Complexity: n steps of O(cells) for each of some six rounds and, unless positive and negative inputs are alike, both signs.
  /// - Source: Dinkelbach 1967; that accumulators are automata with max-plus recurrences is, to our knowledge, new.
  public func worst(_ n: Int, _ parallelism: Parallelism = .allCores, progress: Progress = .silent) throws(ExactAnalysisError) -> WorstCase {
    let search = try Search(self, n, parallelism, progress)
    let up = try search.best(Objective(sign: 1, numerator: 0, denominator: 1))
    let down = search.isSymmetric ? up.negated : try search.best(Objective(sign: -1, numerator: 0, denominator: 1))
    var worst = down.isWorse(than: up) ? down : up
    for start in search.isSymmetric ? [up] : [up, down] {
      while true {
        let next = try search.best(Objective(sign: start.sign, numerator: worst.ratio.numerator, denominator: worst.ratio.denominator))
        guard next.isWorse(than: worst) else { break }
        worst = next
      }
    }
    let terms = worst.inputs
    func exact(_ integer: Int128) -> Dyadic { Dyadic(integer, exponent: search.unit) }
    return WorstCase(
      n: n, ratio: worst.ratio, error: exact(worst.error), magnitudes: exact(worst.magnitudes),
      witness: (terms.enumerated().map { self.terms(at: $0).terms[$1].x }, terms.enumerated().map { self.terms(at: $0).terms[$1].y }),
      largestError: exact(up.error), smallestError: exact(down.error))
  }
}

/// Inputs with their error.
private struct Candidate {
  let inputs: [Int]
  let sign: Int128
  /// With its sign.
  let error: Int128
  let magnitudes: Int128

  /// |error| / Σ|x|, 0 where both are.
  var ratio: Fraction { magnitudes == 0 ? Fraction(0, 1) : Fraction(error * sign, magnitudes) }

  /// What it is for −x.
  var negated: Candidate { Candidate(inputs: inputs, sign: -sign, error: -error, magnitudes: magnitudes) }

  func isWorse(than other: Candidate) -> Bool { other.ratio < ratio }
}

/// The search for the worst inputs of one length.
private struct Search {
  let analysis: ExactAnalysis
  let n: Int
  let machine: Machine
  let addends: [Addends]
  let unit: Int
  /// Whether −x has the opposite error of x.
  let isSymmetric: Bool
  let report: () -> Void

  init(_ analysis: ExactAnalysis, _ n: Int, _ parallelism: Parallelism, _ progress: Progress) throws(ExactAnalysisError) {
    (self.analysis, self.n) = (analysis, n)
    machine = analysis.machine(parallelism)
    unit = machine.unit
    addends = try analysis.addends(n, machine)
    _ = try SupportSearch(machine: machine).evaluate(analysis.plan, analysis.runs(addends.map(\.support), n), roundsLeaves: analysis.roundsLeaves)
    isSymmetric = analysis.isOdd && addends.allSatisfy(\.isSymmetric)
    // Six rounds for each sign, as a rule; the line waits at the end rather than start again.
    let meter = Meter(total: analysis.additions(n) * (isSymmetric ? 6 : 11), progress)
    report = { meter.advance() }
  }

  /// The best inputs for an objective, by the narrowest integers that hold its weights.
  func best(_ objective: Objective) throws(ExactAnalysisError) -> Candidate {
    let largest = addends.flatMap(\.ways).reduce(Int128(1)) { max($0, $1.exact < 0 ? -$1.exact : $1.exact) }
    // Σ|x|, and the states: rounding up can lead far beyond the sum.
    let sumBits = max(
      128 - largest.leadingZeroBitCount + Int.bitWidth - n.leadingZeroBitCount, 128 - machine.largestState.leadingZeroBitCount) + 1
    guard sumBits <= Automaton.largestBits else { throw .range(bits: sumBits, allowed: Automaton.largestBits) }
    let bits = objective.bits(sumBits: sumBits)
    if bits <= Int64.bits { return try best(objective, Int64.self) }
    return bits <= Int128.bits ? try best(objective, Int128.self) : try best(objective, Int256.self)
  }

  private func best<S: Score>(_ objective: Objective, _: S.Type) throws(ExactAnalysisError) -> Candidate {
    let terms = analysis.runs(addends.map { BestInputs<S>($0, objective) }, n)
    let algebra = WorstSearch<S>(machine: machine, progress: report)
    let sums = try algebra.evaluate(analysis.plan, terms, roundsLeaves: analysis.roundsLeaves)
    let weights = sums.best.indices.map { sums.best[$0].isReachable ? sums.best[$0] + objective.weight(ofResult: sums.support.values[$0]) : .unreachable }
    let i = weights.indices.max { weights[$0] < weights[$1] }!  // 0 is a state
    guard weights[i].isReachable else { throw .nothingLeft("\(analysis.plan)") }
    // From the order of the tree to that of the terms.
    var inputs = [Int](repeating: 0, count: n)
    for (place, input) in zip(analysis.plan.order(n), sums.inputs(of: i)) { inputs[place] = input }
    var (sum, magnitudes) = (Int128(0), Int128(0))
    for (k, term) in inputs.enumerated() {
      let x = analysis.terms(at: k).terms[term].value.integer(inUnitsOf: unit)
      sum += x
      magnitudes += x < 0 ? -x : x
    }
    return Candidate(inputs: inputs, sign: objective.sign, error: sums.support.values[i] - sum, magnitudes: magnitudes)
  }
}
