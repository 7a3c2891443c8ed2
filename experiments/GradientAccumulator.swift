// SPDX-License-Identifier: Apache-2.0
// What a narrow accumulator of the gradient does to the noise floor of SGD: its variance, its bias, and the slope that stagnation takes away.

import FmtLab
import Glibc

/// Question: the gradient of a minibatch is a dot product, summed in a narrow accumulator. How far from the minimum does SGD with stochastically
/// rounded weights then stay, and do the exact moments of the accumulator's error say so beforehand?
///
/// Method: one weight, f(w) = E (x w - t)^2 / 2, t = x w* + z, w* = 0.3: g = (1/n) sum x_i o(x_i e - z_i), e = w - w*. x is the law of the digits' pixels
/// over 8, z is normal, or exponential less its mean (skewed), of deviation tau; residuals are rounded to e4m3fn, products are exact, sums in sequence
/// in A. w <- SR(w - step g) on a grid of spacing delta. At any e the terms have a finite law, so that the mean and the variance of the computed g are
/// exact (an automaton, no sampling). Two models of E e^2, by the self-consistent noise floor of fmtlab theory, plus the square of the mean:
/// - first: mean and variance of g at e = 0; curvature E x^2; mean of e = -mean / curvature.
/// - second: mean and variance at the first model's mean of e plus and minus its deviation; curvature their difference quotient.
///
/// Prediction, made before measuring (u = 2^-p, V = E x^2 tau^2 = 0.94 for tau = 1):
/// - variance: RN adds at most 0.09 u^2 V to that of g, whatever n, beside V / n of the data; pixels of 0 add nothing, so about half to all of it:
///   n = 64: fp16 0, e6m5 0.1 %, e4m3 1 to 2 %, e5m2 5 to 9 %, e5m1 20 to 36 %; n = 1024: e6m5 2 %, e4m3 20 to 36 %, e5m2 as much as the data or more.
///   q10.0 to nearest: 1/12 a nonzero term, 4 % for tau = 1. tau = 1/4: most terms are below 1/2 and lost; the error is as large as the data.
/// - the floor goes with the variance where updates span gaps (step 0.1, delta 2^-10) and with its root where they are short (step 1/64, delta 2^-5).
/// - mean: symmetric data have none, stagnation or not. q10.0 and q10.4 rounded down lose half a gap a nonzero term: e shifts by +0.27 and by +0.017,
///   which for q10.0 is nearly all of E e^2. Skewed data in e5m2: a shift of a few hundredths, in e4m3 a quarter of it.
/// - slope: stagnation scales the mean of sums that are not about 0 too, so that the curvature falls: by less than 3 % at n = 64 with p >= 3, by 10 to 30 %
///   in e4m3 and e5m2 at n = 1024, by 20 % in q10.0 with tau = 1/4. So the first model is within 10 % of what is measured at n = 64 with p >= 3 and 10 % or
///   more too low elsewhere, and the second is within 10 % everywhere.
///
/// Result: the second model is within 3 % of E e^2 in 22 of 24 beds; in e5m2 at n = 1024 it is 4 % too low for symmetric data, 8 % for skewed ones.
/// Added variance: 0.08, 1.1, 4.0, 13 % in e6m5, e4m3, e5m2, e5m1 at n = 64; 1.1, 13, 36 % in the first three at n = 1024; 4.2 and 47 % in q10.0.
/// Slopes 0.95 (e5m2) and 0.82 (e5m1) at n = 64, 0.83 (e4m3) and 0.54 (e5m2) at n = 1024. Rounded down, q10.0 shifts e by 0.261 (E e^2 84 times larger),
/// q10.4 by 0.0106; skewed data in e5m2 by 0.006 at n = 64 and by 0.064 at n = 1024, which there is 98 % of E e^2.
///
/// Verdict: the exact moments say the floor beforehand, within 10 %, mean included, if the mean of g is asked at two places. The error is no added noise:
/// taken as independent of g it makes the floor 18 % too high in e5m1, 19 % in e4m3 and 61 % in e5m2 at n = 1024, for it is opposite to the sum (what
/// is swallowed), so that the variance of g falls, and its slope with it: the first model, which knows the variance only, is 15 to 47 % too low there. The
/// two nearly cancel: no accumulator that rounds to nearest raises the floor of symmetric data by more than 5 %, but for
/// q10.0 with small terms (38 %).
/// Failed: added variance, by a factor 1.3 to 3: half the pixels are 0, the 0.09 u^2 is of terms far below the sum, and what is swallowed errs by the term,
/// not by half a gap. Failed: the shift of q10.4: products of few bits often need no rounding. Failed: skewed data shift e5m2 at n = 64 by a fifth of what was
/// guessed. Failed: slopes of e5m2, thought nearer 1. Failed: "10 % or more too low elsewhere": e6m5 at n = 1024 is wide enough, and where bias
/// is all, the variance does not matter.
enum GradientAccumulator {
  enum Noise: String, Sendable { case normal, skewed }

  /// Updates of many gaps, or of a part of one.
  enum Grid: String, Sendable, CaseIterable {
    case fine, coarse
    var step: Double { self == .fine ? 0.1 : 1.0 / 64 }
    var bits: Int { self == .fine ? 10 : 5 }
    var spacing: Double { exp2(Double(-bits)) }
  }

  struct Bed: Equatable, Sendable {
    let accumulator: String
    let n: Int
    var noise = Noise.normal
    var tau = 1.0
    var grid = Grid.fine

    func rounder() throws -> Rounder { try Plan(text: accumulator).rounders[0] }
    /// Batches of replicas.
    var batches: Int { n > 64 ? 2 : grid == .coarse ? 4 : 8 }
  }

  static let seed: UInt64 = 1
  static let target = 0.3
  static let replicas = 512

  static let all: [Bed] = {
    let short = ["fp16", "e6m5", "e4m3", "e5m2", "e5m1", "q10.0", "q10.4@down", "q10.0@down"].map { Bed(accumulator: $0, n: 64) }
    let others = ["e6m5", "e4m3", "e5m2"].map { Bed(accumulator: $0, n: 1024) } + [Bed(accumulator: "q10.0", n: 64, tau: 0.25)]
    let skewed = [("e6m5", 64), ("e4m3", 64), ("e5m2", 64), ("e5m2", 1024)].map { Bed(accumulator: $0.0, n: $0.1, noise: .skewed) }
    let coarse = short.map { bed in
      var bed = bed
      bed.grid = .coarse
      return bed
    }
    return short + coarse + others + skewed
  }()

  // MARK: Data

  /// 2^12 equally likely numbers each: the simulated law is exactly the analysed one.
  static let tableBits = 12
  static let pixels: [Double] = {
    let all = Digits.images.flatMap { $0 }.sorted()
    return quantiles.map { all[Int($0 * Double(all.count))] / 8 }
  }()
  private static let quantiles = (0..<1 << tableBits).map { (Double($0) + 0.5) / Double(1 << tableBits) }
  static let curvature = pixels.reduce(0) { $0 + $1 * $1 } / Double(pixels.count)

  static func noises(_ bed: Bed) -> [Double] {
    let z: [Double] =
      switch bed.noise {
      case .skewed: quantiles.map { -log1p(-$0) }
      case .normal: quantiles.map { q in
        var (low, high) = (-8.0, 8.0)
        for _ in 0..<60 {
          let middle = (low + high) / 2
          if erfc(-middle / 2.0.squareRoot()) / 2 < q { low = middle } else { high = middle }
        }
        return (low + high) / 2
      }
      }
    let mean = bed.noise == .normal ? 0 : z.reduce(0, +) / Double(z.count)
    return z.map { bed.tau * ($0 - mean) }
  }

  // MARK: Exact moments and models

  /// Of the computed g, and of its error alone.
  struct Moments: Sendable {
    let mean, variance, exactVariance, errorMean, errorVariance: Double
  }

  /// Exact, at one e.
  static func moments(_ bed: Bed, _ noises: [Double], at e: Double) throws -> Moments {
    let toResidual = ArrayRounder<Double>(try Rounder(to: .e4m3fn, overflow: .saturate))
    var weights: [Double: Double] = [:]
    for (x, copies) in Dictionary(grouping: pixels, by: { $0 }).sorted(by: { $0.key < $1.key }) {
      // (+ 0: of two zeros one.)
      for r in toResidual(noises.map { x * e - $0 }, .oneThread) { weights[x * r + 0, default: 0] += Double(copies.count) }
    }
    let values = weights.keys.sorted(), total = weights.values.reduce(0, +)
    let terms = Terms(DiscreteLaw(values.map { Dyadic($0)! }, weights: values.map { weights[$0]! }))  // finite numbers
    let moments = try ExactAnalysis(Plan(text: bed.accumulator), terms).moments(bed.n, .oneThread)
    let n = Double(bed.n)
    let mean = values.reduce(0) { $0 + $1 * weights[$1]! } / total
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) * weights[$1]! } / total
    return Moments(
      mean: mean + moments.mean / n, variance: moments.varianceRetention * variance / n, exactVariance: variance / n,
      errorMean: moments.mean / n, errorVariance: moments.variance / (n * n))
  }

  struct Model: Sendable {
    let mean, square, curvature: Double

    init(_ bed: Bed, mean: Double, variance: Double, curvature: Double) {
      (self.mean, self.curvature) = (mean, curvature)
      let floor = NoiseFloor(step: bed.grid.step, curvature: curvature, sigma: variance.squareRoot())
      square = mean * mean + floor.meanSquare(spacing: bed.grid.spacing)
    }
  }

  struct Forecast: Sendable {
    /// At e = 0.
    let moments: Moments
    /// An accumulator without error, one with independent errors, the first and the second model.
    let ideal, added, first, second: Model

    init(_ bed: Bed) throws {
      let noises = noises(bed), zero = try GradientAccumulator.moments(bed, noises, at: 0)
      let curvature = GradientAccumulator.curvature
      moments = zero
      ideal = Model(bed, mean: -(zero.mean - zero.errorMean) / curvature, variance: zero.exactVariance, curvature: curvature)
      added = Model(bed, mean: -zero.mean / curvature, variance: zero.exactVariance + zero.errorVariance, curvature: curvature)
      first = Model(bed, mean: -zero.mean / curvature, variance: zero.variance, curvature: curvature)
      let reach = (first.square - first.mean * first.mean).squareRoot()
      let (below, above) = (
        try GradientAccumulator.moments(bed, noises, at: first.mean - reach), try GradientAccumulator.moments(bed, noises, at: first.mean + reach))
      let slope = (above.mean - below.mean) / (2 * reach)
      second = Model(
        bed, mean: first.mean - (above.mean + below.mean) / 2 / slope, variance: (above.variance + below.variance) / 2, curvature: slope)
    }
  }

  // MARK: Simulation

  /// g of many replicas.
  struct Gradients {
    let n: Int
    private let noises, pixels: [Double]
    private var draws = [UInt64](repeating: 0, count: replicas)
    private var x, r: [Double]
    private let toResidual, toSum: ArrayRounder<Double>
    private let random: RandomStream
    private(set) var sums: [Double]
    /// The sums without error: multiples of 2^-12, which binary64 adds exactly.
    private(set) var exact: [Double]

    init(_ bed: Bed, _ random: RandomStream) throws {
      (n, noises, pixels, self.random) = (bed.n, GradientAccumulator.noises(bed), GradientAccumulator.pixels, random)
      (toResidual, toSum) = (ArrayRounder(try Rounder(to: .e4m3fn, overflow: .saturate)), ArrayRounder(try bed.rounder()))
      sums = Array(repeating: 0, count: replicas)
      (exact, x, r) = (sums, sums, sums)
    }

    /// - Random: replica i takes the bits at (t n + k) / 2 replicas + i for terms k and k + 1.
    mutating func next(_ e: [Double], _ t: Int) {
      for i in sums.indices { (sums[i], exact[i]) = (0, 0) }
      for k in stride(from: 0, to: n, by: 2) {
        let first = UInt64((t * n + k) / 2 * replicas)
        for i in draws.indices { draws[i] = random.bits(at: first + UInt64(i)) }
        add(e, shift: 0)
        add(e, shift: UInt64(2 * tableBits))
      }
    }

    /// The term that some bits of each draw choose.
    private mutating func add(_ e: [Double], shift: UInt64) {
      let mask: UInt64 = 1 << UInt64(tableBits) - 1
      for i in draws.indices {
        x[i] = pixels[Int(draws[i] >> shift & mask)]
        r[i] = x[i] * e[i] - noises[Int(draws[i] >> (shift + UInt64(tableBits)) & mask)]
      }
      toResidual.round(&r, .oneThread)
      for i in x.indices {
        let product = x[i] * r[i]
        sums[i] += product
        exact[i] += product
      }
      toSum.round(&sums, .oneThread)
    }
  }

  /// What one replica, or one sum at e = 0, came to.
  struct Sample: Sendable {
    /// Averages of e and e^2 over the steps after settling; of the first step at e = 0 the error of g.
    var mean, square, error: Double
  }

  static func descend(_ bed: Bed, _ random: RandomStream) throws -> [Sample] {
    let grid = bed.grid
    let settling = Int((6 / (grid.step * curvature)).rounded())
    let round = ArrayRounder<Double>(try Rounder(to: Format("q8.\(grid.bits)"), .stochastic))
    var gradients = try Gradients(bed, random.child("data"))
    gradients.next(Array(repeating: 0, count: replicas), 0)
    let errors = zip(gradients.sums, gradients.exact).map { ($0 - $1) / Double(bed.n) }
    var w = [Double](repeating: (target / grid.spacing).rounded() * grid.spacing, count: replicas)
    var samples = errors.map { Sample(mean: 0, square: 0, error: $0) }
    for t in 1...2 * settling {
      gradients.next(w.map { $0 - target }, t)
      for i in w.indices { w[i] -= grid.step * gradients.sums[i] / Double(bed.n) }
      round.round(&w, random: random.child("rounding"), first: t * replicas, .oneThread)
      guard t > settling else { continue }
      for i in w.indices {
        let e = w[i] - target
        samples[i].mean += e / Double(settling)
        samples[i].square += e * e / Double(settling)
      }
    }
    return samples
  }
}
