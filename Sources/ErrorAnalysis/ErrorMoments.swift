// SPDX-License-Identifier: Apache-2.0
// The exact mean, variance and probabilities of the error of a random sum.

internal import Accumulation
public import Formats

/// What the error of a sum of n independent random terms is like, computed − exact. Where sums can be lost by overflow, moments are those of
/// the sums that are not.
public struct ErrorMoments: Sendable {
  /// Terms of a sum.
  public let n: Int
  /// E[computed − exact].
  public let mean: Double
  /// √E[error²].
  public let rms: Double
  /// Var(error).
  public let variance: Double
  /// Var(computed) / Var(exact): how much of the spread of a sum the accumulator keeps.
  public let varianceRetention: Double
  /// E Σ|xᵢ|.
  public let meanMagnitudes: Double
  /// The probability that some addition overflows.
  public let overflow: Double
  /// The share of the additions of nonzero terms that leave the accumulator as it is.
  public let stagnated: Double
  /// ½ Σ |P_n(s) − P_(n−1)(s)| over the values of the last accumulator: 0 when its law has become stationary.
  public let change: Double
  /// E|computed| and E[computed²].
  let computedMagnitude: Double
  let computedSquare: Double
}

extension ExactAnalysis {
  /// The exact moments of the error of sums of n independent terms with the probabilities that they were given.
  ///
  /// Three numbers for each state, P(s), E[e; s] and E[e²; s], obey a linear recurrence. Exact means without sampling: the arithmetic is
  /// binary64, with rounding errors that are far below the twelfth digit.
  ///
  /// - Complexity: n steps of O(cells).
  public func moments(_ n: Int, _ parallelism: Parallelism = .allCores, progress: Progress = .silent) throws(ExactAnalysisError) -> ErrorMoments {
    let meter = Meter(total: additions(n), progress)
    let law = try law(n, parallelism) { meter.advance(by: $0) }
    var overflow = law.overflow
    if treatment == .saturate, overflow > 0 {
      // Expected overflows are no probability: sums go on after the first.
      overflow = try withTreatment(.absorb).law(n, parallelism) { _ in }.overflow
    }
    let mass = law.mass.reduce(0, +)
    guard mass > 0 else { throw .nothingLeft("\(plan)") }
    let machine = machine(parallelism)
    let unit = Double(sign: .plus, exponent: machine.unit, significand: 1)
    let (mean, square) = (law.first.reduce(0, +) / mass, law.second.reduce(0, +) / mass)
    let values = law.support.values.map(\.double)
    let average = zip(values, law.mass).reduce(0) { $0 + $1.0 * $1.1 } / mass
    let spread = zip(values, law.mass).reduce(0) { $0 + ($1.0 - average) * ($1.0 - average) * $1.1 } / mass
    var (exactVariance, magnitudes) = (0.0, 0.0)
    for (terms, count) in kinds(n) {
      let (terms, share) = (terms.terms, Double(count))
      let numbers = terms.map { (value: $0.value.integer(inUnitsOf: machine.unit).double, probability: $0.probability) }
      let mean = numbers.reduce(0) { $0 + $1.value * $1.probability }
      exactVariance += share * numbers.reduce(0) { $0 + ($1.value - mean) * ($1.value - mean) * $1.probability }
      magnitudes += share * numbers.reduce(0) { $0 + abs($1.value) * $1.probability }
    }
    return ErrorMoments(
      n: n, mean: mean * unit, rms: square.squareRoot() * unit, variance: (square - mean * mean) * unit * unit,
      varianceRetention: spread / exactVariance, meanMagnitudes: magnitudes * unit, overflow: overflow,
      stagnated: law.additions == 0 ? 0 : law.swallowed / law.additions, change: law.change,
      computedMagnitude: zip(values, law.mass).reduce(0) { $0 + abs($1.0) * $1.1 } / mass * unit,
      computedSquare: zip(values, law.mass).reduce(0) { $0 + $1.0 * $1.0 * $1.1 } / mass * unit * unit)
  }

  private func law(_ n: Int, _ parallelism: Parallelism, _ progress: @escaping (Int) -> Void) throws(ExactAnalysisError) -> ErrorLaw {
    let machine = machine(parallelism)
    let terms = runs(try addends(n, machine).map { ErrorLaw($0) }, n)
    return try ErrorPropagation(machine: machine, progress: progress).evaluate(plan, terms, roundsLeaves: roundsLeaves)
  }
}
