// SPDX-License-Identifier: Apache-2.0
// How often a weight that jitters about a decision boundary flips, rounded to nearest and with hysteresis.

internal import Formats
internal import Glibc

/// A master weight w that is an AR(1) process with the mean on a boundary of round-to-nearest, and its copy q on a grid of spacing 1.
///
/// With hysteresis q becomes ⌊w⌋ where w > q and ⌈w⌉ where w < q: it moves only after w has travelled a full spacing.
enum Hysteresis {
  static let id = "sgd.hysteresis"
  /// 1 − the lag-1 correlation.
  static let theta = 0.02
  /// Standard deviations of w, in spacings.
  static let deviations = [0.1, 0.25, 0.3, 0.5]
  private static let (batches, batch, settling, steps) = (8, 512, 500, 1000)

  /// The probability that a step of a stationary normal AR(1) process of correlation ρ crosses the level u, in standard deviations from the
  /// mean: (1/π) ∫₀^arccos ρ exp(−u²/(1 + cos φ)) dφ, by the midpoint rule; arccos(ρ)/π at the mean.
  static func crossing(_ u: Double, correlation rho: Double) -> Double {
    let (end, cells) = (acos(rho), 256)
    let width = end / Double(cells)
    return (0..<cells).reduce(0) { $0 + exp(-u * u / (1 + cos((Double($1) + 0.5) * width))) } * width / Double.pi
  }

  /// The flips a step of the copy that is rounded to nearest: crossings of every boundary, for none is so wide that two are crossed at once.
  static func rate(deviation: Double) -> Double {
    (-20...20).reduce(0) { $0 + crossing(Double($1) / deviation, correlation: 1 - theta) }
  }

  @Sendable static func findings(_ seed: UInt64, _ parallelism: Parallelism, _ progress: Progress) -> [Finding] {
    let random = RandomStream(seed: seed, id)
    let rates = parallelMap(deviations.count * batches, parallelism, progress: progress) { k in
      flips(deviations[k / batches], random.child(k / batches).child(k % batches))
    }
    return deviations.indices.flatMap { i in
      let all = rates[i * batches..<(i + 1) * batches].flatMap { $0 }
      let (nearest, sticky) = (Estimate(all.map(\.nearest)), Estimate(all.map(\.sticky)))
      let predicted = rate(deviation: deviations[i])
      let setting = "sd \(deviations[i].shortDescription)"
      return [
        Finding(
          id, setting + ", to nearest: flips a step", predicted: predicted, measured: nearest.value, standardError: nearest.standardError,
          references: [.init("one boundary", crossing(0, correlation: 1 - theta))], .within(0.02)),
        // A tenth is claimed of one boundary; farther out several are in play.
        Finding(
          id, setting + ", hysteresis: flips a step", predicted: predicted / 10, measured: sticky.value, standardError: sticky.standardError, .atMost),
      ]
    }
  }

  /// Flips a step of each replica.
  private static func flips(_ deviation: Double, _ random: RandomStream) -> [(nearest: Double, sticky: Double)] {
    // Fixed point rounds in every mode.
    func rounder(_ rounding: Rounding) -> ArrayRounder<Double> { ArrayRounder(try! Rounder(to: Format("q8.0"), rounding)) }
    let (nearest, down, up) = (rounder(.nearestEven), rounder(.down), rounder(.up))
    let (rho, boundary) = (1 - theta, 0.5)
    var x = [Double](repeating: 0, count: batch)
    random.fillWithNormals(&x, scale: deviation)
    var noise = x
    var q = nearest(x.map { $0 + boundary }, .oneThread)
    var sticky = q
    var counts = [(nearest: Int, sticky: Int)](repeating: (0, 0), count: batch)
    for t in 1...settling + steps {
      random.fillWithNormals(&noise, scale: deviation * (1 - rho * rho).squareRoot(), first: t * batch)
      for i in 0..<batch { x[i] = rho * x[i] + noise[i] }
      let w = x.map { $0 + boundary }
      let (next, floors, ceilings) = (nearest(w, .oneThread), down(w, .oneThread), up(w, .oneThread))
      for i in 0..<batch {
        let moved = w[i] > sticky[i] ? floors[i] : w[i] < sticky[i] ? ceilings[i] : sticky[i]
        if t > settling {
          if next[i] != q[i] { counts[i].nearest += 1 }
          if moved != sticky[i] { counts[i].sticky += 1 }
        }
        (q[i], sticky[i]) = (next[i], moved)
      }
    }
    return counts.map { (Double($0.nearest) / Double(steps), Double($0.sticky) / Double(steps)) }
  }
}
