// SPDX-License-Identifier: Apache-2.0
// How far from the minimum SGD stays that rounds its weights stochastically.

internal import Formats
internal import Glibc

/// The stationary E[e²] of w ← SR(w − α(λe + ξ)), ξ of variance σ².
///
/// The rounding has mean 0 given the past, so the balance of second moments is exact:
/// E[e²] αλ(2 − αλ) = α²σ² + V, V the mean of gap² r(1 − r), r being the fraction of a gap that is rounded. Only the law of the update that
/// makes r is a model: normal. V itself depends on E[e²], through the gradient's variance.
package struct NoiseFloor: Sendable {
  /// α, λ and σ.
  package let step, curvature, sigma: Double

  package init(step: Double, curvature: Double, sigma: Double) { (self.step, self.curvature, self.sigma) = (step, curvature, sigma) }

  /// On a grid of spacing δ: the fixed point of E[e²] = (α²σ² + V(E[e²])) / (αλ(2 − αλ)).
  ///
  /// - Complexity: some ten evaluations of ``uncertainty(_:)``.
  package func meanSquare(spacing: Double) -> Double {
    var square = limit(spacing: spacing)
    // V grows at most like the root of E[e²], which makes the iteration a contraction about the floor.
    for _ in 0..<200 {
      let deviation = (sigma * sigma + curvature * curvature * square).squareRoot()
      let rounding = spacing * spacing * NoiseFloor.uncertainty(step * deviation / spacing)
      let next = (step * step * sigma * sigma + rounding) * gain
      if abs(next - square) <= 1e-12 * next { return next }
      square = next
    }
    return square
  }

  /// The limit of E[e²] as α → 0, of first order in δ: δσ√(2/π)/(2λ), which no smaller step goes below.
  func limit(spacing: Double) -> Double { spacing * sigma * (2 / Double.pi).squareRoot() / (2 * curvature) }

  /// E[e²] if every step cost δ²/6, the mean over all positions in a gap: true of updates of many gaps, ten times too much of short ones.
  func naive(spacing: Double) -> Double { (step * step * sigma * sigma + spacing * spacing / 6) * gain }

  private var gain: Double { 1 / (step * curvature * (2 - step * curvature)) }

  /// E[r(1 − r)], r = frac(x), x ~ N(0, t²).
  ///
  /// r(1 − r) = 1/6 − Σ cos(2πkx)/(π²k²), and E cos(2πkx) = exp(−2π²k²t²). Where |x| < 1 but for 10^-15 of all x the series is slow, but
  /// r(1 − r) = |x| − x².
  static func uncertainty(_ t: Double) -> Double {
    if t < 0.125 { return t * (2 / Double.pi).squareRoot() - t * t }
    return (1...20).reduce(1.0 / 6) { sum, k in
      let frequency = Double.pi * Double(k)
      return sum - exp(-2 * frequency * frequency * t * t) / (frequency * frequency)
    }
  }
}

// MARK: - Test bed

extension NoiseFloor {
  static let id = "sgd.noise-floor"

  /// −log₂δ, σ and α; λ = 1.
  static let cases: [(bits: Int, sigma: Double, step: Double)] = [
    (3, 1, 0.2), (3, 1, 0.0125), (3, 1, 0.003125), (4, 1, 0.05), (4, 1, 0.003125), (4, 0.25, 0.0125), (6, 1, 0.003125), (6, 0.25, 0.003125),
  ]

  @Sendable static func findings(_ seed: UInt64, _ parallelism: Parallelism, _ progress: Progress) -> [Finding] {
    let descents = cases.map { NoiseFloor(step: $0.step, curvature: 1, sigma: $0.sigma).descent(bits: $0.bits) }
    let outcomes = StochasticDescent.outcomes(of: descents, RandomStream(seed: seed, id), parallelism, progress: progress)
    let floors = zip(cases, outcomes).map { bed, outcome in
      let (model, spacing) = (NoiseFloor(step: bed.step, curvature: 1, sigma: bed.sigma), 1 / Double(1 << bed.bits))
      return Finding(
        id, "\(setting(bed.bits, bed.sigma)) alpha \(bed.step.shortDescription)", predicted: model.meanSquare(spacing: spacing),
        measured: outcome.square.value, standardError: outcome.square.standardError,
        references: [.init("naive", model.naive(spacing: spacing)), .init("limit", model.limit(spacing: spacing))], .within(0.05))
    }
    let plateaus = zip(cases, outcomes).filter { $0.0.step < 0.01 }.map { bed, outcome in
      let limit = NoiseFloor(step: bed.step, curvature: 1, sigma: bed.sigma).limit(spacing: 1 / Double(1 << bed.bits))
      return Finding(
        id, "\(setting(bed.bits, bed.sigma)) alpha to 0", predicted: limit, measured: outcome.square.value,
        standardError: outcome.square.standardError, .ratio(0.97...1.08))
    }
    return floors + plateaus
  }

  /// The descent to w* = 0.3 on a grid of spacing 2^-bits; it is settled after 6/(αλ) steps.
  func descent(bits: Int, from start: Double = 0, noise: StochasticDescent.Noise? = nil) -> StochasticDescent {
    let (curvature, settling) = (curvature, Int((6 / (step * curvature)).rounded()))
    return StochasticDescent(
      rounder: try! Rounder(to: Format("q8.\(bits)"), .stochastic),  // a name that makes sense, and fixed point rounds in every mode
      step: step, target: 0.3, start: start, slope: { curvature * $0 }, noise: noise ?? StochasticDescent.normal(sigma),
      settling: settling, steps: settling)
  }

  private static func setting(_ bits: Int, _ sigma: Double) -> String { "delta 1/\(1 << bits) sigma \(sigma.shortDescription)" }
}
