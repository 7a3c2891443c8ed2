// SPDX-License-Identifier: Apache-2.0
// Many replicas of one weight that descends a noisy slope on the values of a format.

internal import Formats
internal import Glibc

/// Replicas of w ← Q(w − α (f′(w) + ξ)), one weight each, Q being a rounder and ξ fresh noise with a symmetric law.
///
/// They come in antithetic pairs, the noise of one being −ξ: half the work for noise, and averages that are the better for it. Pairs are
/// independent, and roundings are so in all of them.
struct StochasticDescent: Sendable {
  let rounder: Rounder
  /// α.
  let step: Double
  /// w*, and where all replicas start: a value of the format.
  let target: Double
  var start = 0.0
  /// f′(w* + e).
  let slope: @Sendable (_ e: Double) -> Double
  let noise: Noise
  /// Steps that are not measured, and those that are.
  var settling: Int
  var steps: Int
  var batches = 8

  /// Fills an array with the noise of one step, a number for each pair.
  typealias Noise = @Sendable (_ noise: inout [Double], _ random: RandomStream, _ step: Int) -> Void

  /// Replicas that one thread carries along: few enough for the first cache, and a whole number of the random bits' runs.
  static let batch = 512

  /// What was seen of all replicas after settling.
  struct Outcome: Sendable {
    /// E[e²] over replicas and steps.
    let square: Estimate
    /// E[e] over replicas and steps.
    let mean: Estimate
    /// E[ē²] over replicas, ē the average over all steps of one.
    let squareOfAverage: Estimate
  }

  /// The outcomes of several descents.
  ///
  /// - Random: descent i takes child i of `random`, batch j of replicas child j of that, so that threads do not matter.
  /// - Complexity: about 30 ns for each step of each replica, half of them for the noise.
  static func outcomes(
    of descents: [StochasticDescent], _ random: RandomStream, _ parallelism: Parallelism, progress: Progress
  ) -> [Outcome] {
    let parts = descents.indices.flatMap { i in (0..<descents[i].batches).map { (descent: i, batch: $0) } }
    let averages = parallelMap(parts.count, parallelism, progress: progress) { k in
      descents[parts[k].descent].averages(random.child(parts[k].descent).child(parts[k].batch))
    }
    return descents.indices.map { i in
      let all = parts.indices.filter { parts[$0].descent == i }.flatMap { averages[$0] }
      return Outcome(
        square: Estimate(all.map(\.square)), mean: Estimate(all.map(\.mean)), squareOfAverage: Estimate(all.map(\.squareOfAverage)))
    }
  }

  /// What one pair of replicas saw.
  private typealias Pair = (mean: Double, square: Double, squareOfAverage: Double)

  /// The averages of each pair of a batch.
  private func averages(_ random: RandomStream) -> [Pair] {
    let (count, pairs) = (StochasticDescent.batch, StochasticDescent.batch / 2)
    let (round, noises, roundings) = (ArrayRounder<Double>(rounder), random.child("noise"), random.child("rounding"))
    var weights = [Double](repeating: start, count: count)
    var (sums, squares) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
    var xi = [Double](repeating: 0, count: pairs)
    for t in 0..<settling + steps {
      noise(&xi, noises, t)
      for i in 0..<pairs {
        weights[i] -= step * (slope(weights[i] - target) + xi[i])
        weights[pairs + i] -= step * (slope(weights[pairs + i] - target) - xi[i])
      }
      round.round(&weights, random: roundings, first: t * count, .oneThread)
      guard t >= settling else { continue }
      for i in 0..<count {
        let e = weights[i] - target
        sums[i] += e
        squares[i] += e * e
      }
    }
    let n = 2 * Double(steps)
    return (0..<pairs).map { i in
      let (a, b) = (sums[i], sums[pairs + i])
      return ((a + b) / n, (squares[i] + squares[pairs + i]) / n, 2 * (a * a + b * b) / (n * n))
    }
  }

  /// Independent N(0, σ²).
  static func normal(_ sigma: Double) -> Noise {
    { noise, random, step in random.fillWithNormals(&noise, scale: sigma, first: step * noise.count) }
  }
}

/// The mean of a sample of independent numbers, and its standard error.
package struct Estimate: Sendable {
  package let value: Double
  package let standardError: Double

  package init(_ sample: [Double]) {
    let n = Double(sample.count)
    let mean = sample.reduce(0, +) / n
    value = mean
    standardError = (sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n * (n - 1))).squareRoot()
  }
}

extension RandomStream {
  /// Fills an array with independent N(0, scale²).
  ///
  /// Box and Muller: 64 bits make two numbers, 32 bits for the radius, which so ends at 6.8, and 32 for the angle.
  ///
  /// - Random: elements 2i and 2i + 1 take the bits at index first / 2 + i; `first` and the count are even.
  func fillWithNormals(_ x: inout [Double], scale: Double = 1, first: Int = 0) {
    precondition(x.count % 2 == 0 && first % 2 == 0, "normal numbers come in pairs")
    for i in 0..<x.count / 2 {
      let bits = bits(at: UInt64(first / 2 + i))
      let radius = scale * (-2 * log((Double(bits >> 32) + 0.5) * 0x1p-32)).squareRoot()
      let angle = Double(bits & 0xFFFF_FFFF) * (2 * Double.pi * 0x1p-32)
      (x[2 * i], x[2 * i + 1]) = (radius * cos(angle), radius * sin(angle))
    }
  }
}
