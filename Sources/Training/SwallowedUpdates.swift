// SPDX-License-Identifier: Apache-2.0
// Which updates a weight swallows, told from exponents alone.

internal import Formats
internal import Lab

/// To nearest, w − d = w iff |d| is below half the gap at w: |d| < 2^(⌊log₂|w|⌋ − p), powers of two and ties aside.
///
/// So a histogram of (⌊log₂|w|⌋, ⌊log₂|d|⌋) tells how many updates are lost; and |d/w| is always lost below 2^-(p+1), never above 2^-p.
enum SwallowedUpdates {
  static let id = "sgd.swallowed"
  static let formats = ["bf16", "fp16", "e4m3fn", "e5m2"]
  /// Logistic regression of the digits with weights in bf16.
  static let (step, batch, epochs, shown) = (0.5, 32, 20, [1, 5, 10, 20])

  @Sendable static func findings(_ seed: UInt64, _ parallelism: Parallelism, _ progress: Progress) -> [Finding] {
    let thresholds = formats.flatMap { name -> [Finding] in
      let format = try! Format(name)  // names of the catalogue
      let (smallest, largest) = swallowed(format)
      let unit = Double(sign: .plus, exponent: -format.precision, significand: 1)
      // Ends of open sets, found to the precision of binary64.
      return [
        Finding(id, "\(name): |d/w| below which all is lost", predicted: unit / 2, measured: smallest, .within(1e-12)),
        Finding(id, "\(name): |d/w| above which nothing is", predicted: unit, measured: largest, .within(1e-12)),
      ]
    }
    let training = epochLosses(RandomStream(seed: seed, id), parallelism, progress)
    return thresholds + shown.flatMap { epoch -> [Finding] in
      let losses = training[epoch - 1]
      return [
        Finding(id, "bf16 digits, epoch \(epoch): updates lost", predicted: losses.predicted.count, measured: losses.measured.count, .within(0.02)),
        Finding(id, "bf16 digits, epoch \(epoch): way lost", predicted: losses.predicted.way, measured: losses.measured.way, .distance(0.005)),
      ]
    }
  }

  /// Over the weights of the binade of 1 and both signs of d: the smallest |d/w| that is not lost, and the largest that is, by bisection.
  static func swallowed(_ format: Format) -> (smallestKept: Double, largestLost: Double) {
    let round = try! Rounder(to: format)  // every format rounds to nearest
    let count = 1 << (format.precision - 1)
    var (smallest, largest) = (Double.infinity, 0.0)
    for w in (0..<count).map({ 1 + Double($0) / Double(count) }) {
      for sign in [-1.0, 1] {
        var (lost, kept) = (0.0, w)
        for _ in 0..<60 {
          let d = (lost + kept) / 2
          if round(w + sign * d) == w { lost = d } else { kept = d }
        }
        (smallest, largest) = (min(smallest, kept / w), max(largest, lost / w))
      }
    }
    return (smallest, largest)
  }

  /// Shares of the updates, and of the way Σ|d| that they would go.
  struct Losses: Sendable {
    var predicted = (count: 0.0, way: 0.0)
    var measured = (count: 0.0, way: 0.0)
  }

  /// The losses of each epoch of multinomial logistic regression, W from 0, gradients in binary64 at the rounded weights.
  ///
  /// - Random: the order of the images.
  static func epochLosses(_ random: RandomStream, _ parallelism: Parallelism, _ progress: Progress) -> [Losses] {
    let meter = Meter(total: epochs, progress)
    let problem = ConvexProblem.digits()
    let round = ArrayRounder<Double>(try! Rounder(to: .bf16))  // every format rounds to nearest
    var weights = [Double](repeating: 0, count: 640)
    return (0..<epochs).map { epoch in
      let keys = random.child(epoch)
      let order = Digits.labels.indices.map { ($0, keys.bits(at: UInt64($0))) }.sorted { $0.1 < $1.1 }.map(\.0)
      var (measured, total) = ((count: 0.0, way: 0.0), (count: 0.0, way: 0.0))
      var histogram: [Exponents: (count: Double, way: Double)] = [:]
      for start in stride(from: 0, to: order.count, by: batch) {
        let gradient = problem.gradient(weights, over: order[start..<min(start + batch, order.count)])
        let exact = zip(weights, gradient).map { $0 - step * $1 }
        let next = round(exact, .oneThread)
        for k in weights.indices where gradient[k] != 0 {
          let d = abs(step * gradient[k])
          (total.count, total.way) = (total.count + 1, total.way + d)
          if next[k] == weights[k] { (measured.count, measured.way) = (measured.count + 1, measured.way + d) }
          let place = Exponents(weight: weights[k] == 0 ? nil : Int(weights[k].exponent), update: Int(d.exponent))
          histogram[place, default: (0, 0)].count += 1
          histogram[place, default: (0, 0)].way += d
        }
        weights = next
      }
      // Weights of 0 keep every update; counts are integers, and ways are added in one order, for a dictionary has none.
      let lost = histogram.filter { place, _ in place.weight.map { place.update < $0 - Format.bf16.precision } ?? false }
        .sorted { ($0.key.weight!, $0.key.update) < ($1.key.weight!, $1.key.update) }
      meter.advance()
      return Losses(
        predicted: (lost.reduce(0) { $0 + $1.value.count } / total.count, lost.reduce(0) { $0 + $1.value.way } / total.way),
        measured: (measured.count / total.count, measured.way / total.way))
    }
  }

  private struct Exponents: Hashable {
    let weight: Int?
    let update: Int
  }
}
