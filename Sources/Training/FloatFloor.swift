// SPDX-License-Identifier: Apache-2.0
// The noise floor of stochastic rounding where the gaps depend on the weight.

internal import Formats
internal import Glibc

/// w ← SR(w − α(λe + ξ)) on the values of a format, for steps so small that a weight moves to a neighbour or stays.
///
/// It moves up with probability αE[g⁻]/gap, down with αE[g⁺]/gap, g = λe + ξ: a birth-and-death chain. In its detailed balance steps and gaps
/// cancel, π(w′)/π(w) = E[g⁻ at w]/E[g⁺ at w′] for neighbours w < w′. The gaps only say where the values are, and rounding, which is
/// unbiased whatever they are, leaves E[e] = 0.
enum FloatFloor {
  static let id = "sgd.float-floor"
  static let targets = [1.4, 1.5, 1.0, 1.9]
  /// p = 4.
  static let format = Format.e4m3fn
  static let model = NoiseFloor(step: 0.003125, curvature: 1, sigma: 0.25)

  /// E[e²] in the law of the chain, ξ normal.
  ///
  /// - Complexity: O(N log N) for a format of N values.
  static func meanSquare(_ format: Format, target: Double, curvature: Double, sigma: Double) -> Double {
    let values = Set(format.codes.compactMap { format.decode(UInt128($0)).dyadic.flatMap { Double(exactly: $0) } }).sorted()
    /// E[max(g, 0)], g ~ N(m, σ²); far out, where it is 0 in binary64, the smallest number that has a logarithm.
    func positive(_ m: Double) -> Double {
      let z = m / sigma
      return max(sigma * (exp(-z * z / 2) / (2 * Double.pi).squareRoot() + z * erfc(-z / 2.0.squareRoot()) / 2), .leastNormalMagnitude)
    }
    var logarithms = [0.0]
    for (w, next) in zip(values, values.dropFirst()) {
      logarithms.append(logarithms.last! + log(positive(-curvature * (w - target))) - log(positive(curvature * (next - target))))
    }
    let top = logarithms.max()!
    let weights = logarithms.map { exp($0 - top) }
    return zip(values, weights).reduce(0) { $0 + ($1.0 - target) * ($1.0 - target) * $1.1 } / weights.reduce(0, +)
  }

  /// The gaps just below and just above a number.
  static func gaps(at w: Double) -> (below: Double, above: Double) {
    func gap(_ w: Double) -> Double { Double(exactly: format.ulp(Dyadic(w)!))! }
    return (gap(w.nextDown), gap(w))
  }

  @Sendable static func findings(_ seed: UInt64, _ parallelism: Parallelism, _ progress: Progress) -> [Finding] {
    let rounder = try! Rounder(to: format, .stochastic)  // floats round in every mode
    let settling = Int(6 / model.step)
    let descents = targets.map {
      StochasticDescent(
        rounder: rounder, step: model.step, target: $0, start: 1.5, slope: { $0 }, noise: StochasticDescent.normal(model.sigma), settling: settling,
        steps: 2 * settling)
    }
    let outcomes = StochasticDescent.outcomes(of: descents, RandomStream(seed: seed, id), parallelism, progress: progress)
    return zip(targets, outcomes).flatMap { target, outcome in
      let gaps = gaps(at: target)
      let references = [
        Finding.Reference("one ulp", model.meanSquare(spacing: gaps.above)),
        Finding.Reference("first order", model.limit(spacing: (gaps.below + gaps.above) / 2)),
      ]
      return [
        Finding(
          id, "w* \(target): squared error", predicted: meanSquare(format, target: target, curvature: model.curvature, sigma: model.sigma),
          measured: outcome.square.value, standardError: outcome.square.standardError, references: references, .within(0.05)),
        Finding(
          id, "w* \(target): error", predicted: 0, measured: outcome.mean.value, standardError: outcome.mean.standardError, .distance(0.0025)),
      ]
    }
  }
}
