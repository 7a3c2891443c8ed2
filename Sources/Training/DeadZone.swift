// SPDX-License-Identifier: Apache-2.0
// Where gradient descent stops whose weights are rounded to nearest.

internal import Formats

/// w ← RN(w − αλ(w − w*)): w stays as it is iff αλ|e| is below half the gap on the way to w*, so the smaller the step, the larger the final error.
enum DeadZone {
  static let id = "sgd.dead-zone"

  struct Case {
    let format: Format
    let step, start, target: Double
  }

  static let cases = [
    Case(format: try! Format("q8.7"), step: 0.5, start: 0, target: 0.7),
    Case(format: try! Format("q8.7"), step: 0.1, start: 0, target: 0.7),
    Case(format: try! Format("q8.7"), step: 0.02, start: 0, target: 0.7),
    Case(format: try! Format("q8.7"), step: 0.02, start: 0.75, target: 0.7),
    Case(format: .bf16, step: 0.01, start: 1, target: 1.7),
    Case(format: .bf16, step: 0.01, start: 1.875, target: 1.2),
    // Below a power of two the gap is half as wide.
    Case(format: .bf16, step: 0.01, start: 1, target: 0.7),
  ]

  /// The first value on the way from the start to w* that αλ|e| does not take half the gap ahead, and that gap / (2αλ); λ = 1.
  ///
  /// For αλ ≤ 1/2, across binades 1/5, the descent steps over no such value, so that it is where it stops.
  static func stop(_ bed: Case) -> (weight: Double, edge: Double) {
    var w = Dyadic(bed.start)!
    while true {
      let isBelow = w < Dyadic(bed.target)!
      // Inside the range every value has finite neighbours.
      let next = (isBelow ? bed.format.next(above: w) : bed.format.next(below: w))!.dyadic!
      let edge = Double(exactly: (next - w).magnitude)! / (2 * bed.step)
      let weight = Double(exactly: w)!
      if abs(weight - bed.target) < edge { return (weight, edge) }
      w = next
    }
  }

  @Sendable static func findings(_ seed: UInt64, _ parallelism: Parallelism, _ progress: Progress) -> [Finding] {
    cases.map { bed in
      let round = try! Rounder(to: bed.format)  // every format rounds to nearest
      let (predicted, edge) = stop(bed)
      var (w, before) = (bed.start, Double.nan)
      while w != before { (w, before) = (round(w - bed.step * (w - bed.target)), w) }
      return Finding(
        id, "\(bed.format), \(bed.start.shortDescription) to \(bed.target.shortDescription), alpha \(bed.step.shortDescription)",
        predicted: abs(predicted - bed.target), measured: abs(w - bed.target), references: [.init("edge", edge)], .distance(0))
    }
  }
}
