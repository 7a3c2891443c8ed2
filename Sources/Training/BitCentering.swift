// SPDX-License-Identifier: Apache-2.0
// Linear convergence in few bits: weights as offsets from a full-precision centre, on a grid that shrinks with the gradient.

internal import Formats
internal import Glibc

/// Bit centring. An epoch takes the full gradient g at the centre w̃, descends with the offset z = w − w̃ on a grid of b bits and spacing
/// |g|/(μ(2^(b−1) − 1)), whose range holds the minimum, and moves the centre by z.
///
/// For a quadratic of curvatures λᵢ in [μ, L], T inner steps 1/L and stochastic rounding, E|e|² falls by at least the factor
/// ρ^2T + κ²/(2^(b−1) − 1)² Σ 1/(4(λᵢ/L)(2 − λᵢ/L)) an epoch, κ = L/μ and ρ = 1 − 1/κ.
enum BitCentering {
  static let id = "sgd.bit-centering"
  static let curvatures = (0..<20).map { 0.1 + 0.9 * Double($0) / 19 }
  static let (steps, epochs, widths) = (60, 6, Array(3...10))
  private static let (batches, batch) = (8, 64)

  static func factor(bits: Int) -> Double {
    let (mu, l) = (curvatures.min()!, curvatures.max()!)
    let cells = Double(1 << (bits - 1) - 1)
    let noise = curvatures.reduce(0) { $0 + 1 / (4 * ($1 / l) * (2 - $1 / l)) }
    return pow(1 - mu / l, 2 * Double(steps)) + (l / mu) * (l / mu) / (cells * cells) * noise
  }

  @Sendable static func findings(_ seed: UInt64, _ parallelism: Parallelism, _ progress: Progress) -> [Finding] {
    let random = RandomStream(seed: seed, id)
    let parts = widths.flatMap { bits in (0..<batches).map { (bits: bits, batch: $0) } }
    let squares = parallelMap(parts.count, parallelism, progress: progress) { k in
      run(parts[k].bits, random.child(parts[k].bits).child(parts[k].batch))
    }
    let factors = widths.map { bits -> Estimate in
      let all = parts.indices.filter { parts[$0].bits == bits }.flatMap { squares[$0] }
      return Estimate(all.flatMap { errors in (1...epochs).filter { errors[$0 - 1] > 0 }.map { errors[$0] / errors[$0 - 1] } })
    }
    let bounds = zip(widths, factors).map { bits, factor in
      Finding(
        id, "\(bits) bits: factor of an epoch", predicted: BitCentering.factor(bits: bits), measured: factor.value,
        standardError: factor.standardError, .atMost)
    }
    // Fewer bits leave no convergence whose rate could have a slope.
    let linear = widths.indices.filter { widths[$0] >= 5 }
    let slope = Averaging.slope(linear.map { Double(widths[$0]) }, linear.map { log2(factors[$0].value) })
    return bounds + [Finding(id, "binary logarithm of the factor, per bit", predicted: -2, measured: slope, .distance(0.25))]
  }

  /// |e|² before the first epoch and after each, for each replica. Weights are counted from w*, so that binary64 has all their digits.
  private static func run(_ bits: Int, _ random: RandomStream) -> [[Double]] {
    let (d, l, mu) = (curvatures.count, curvatures.max()!, curvatures.min()!)
    let round = ArrayRounder<Double>(try! Rounder(to: Format("q\(bits).0"), .stochastic))  // saturates: the range's ends are z's
    var centre = [Double](repeating: 0, count: batch * d)
    random.child("start").fillWithNormals(&centre)
    let roundings = random.child("rounding")
    func squares() -> [Double] { (0..<batch).map { r in (0..<d).reduce(0) { $0 + centre[r * d + $1] * centre[r * d + $1] } } }
    var history = [squares()]
    for epoch in 0..<epochs {
      let spacing = (0..<batch).map { r in
        (0..<d).reduce(0) { $0 + curvatures[$1] * curvatures[$1] * centre[r * d + $1] * centre[r * d + $1] }.squareRoot()
          / (mu * Double(1 << (bits - 1) - 1))
      }
      // In units of the spacing; where the gradient is 0 there is neither a grid nor anything to do.
      var z = [Double](repeating: 0, count: batch * d)
      for t in 0..<steps {
        for r in 0..<batch where spacing[r] > 0 {
          for i in 0..<d { z[r * d + i] -= curvatures[i] / l * (centre[r * d + i] / spacing[r] + z[r * d + i]) }
        }
        round.round(&z, random: roundings, first: (epoch * steps + t) * z.count, .oneThread)
      }
      for k in centre.indices { centre[k] += spacing[k / d] * z[k] }
      history.append(squares())
    }
    return (0..<batch).map { r in history.map { $0[r] } }
  }
}
