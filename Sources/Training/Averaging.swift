// SPDX-License-Identifier: Apache-2.0
// What averaging the iterates of low-precision SGD gains, on a parabola and on a curve that is none.

internal import Formats
internal import Glibc

/// On a parabola the error of iterates is a linear recursion of mean 0, and so averages out; on a curve their spread shifts them by
/// −f‴ E[e²] / (2f″), of order δ, so that the squared error of the average is of order δ² where that of an iterate is of order δ.
enum Averaging {
  static let id = "sgd.averaging"

  /// f′ = s(w) − a, s the logistic function: f″ = a(1 − a) and f‴ = a(1 − a)(1 − 2a) at w*.
  static let (level, sigma, step) = (0.9, 0.2, 0.05)
  static var curvature: Double { level * (1 - level) }
  static var third: Double { curvature * (1 - 2 * level) }
  static var target: Double { log(level / (1 - level)) }
  /// −log₂δ.
  static let spacings = [1, 2, 3, 4, 5]
  /// Steps over which a parabola's iterates are averaged.
  static let windows = [200, 1600]

  /// E[ē²] of the average of T iterates of e ← (1 − αλ)e + noise: their correlations are ρ^k, ρ = 1 − αλ, whatever the noise's law.
  static func squareOfAverage(_ square: Double, decay rho: Double, count: Int) -> Double {
    let n = Double(count)
    return square / n * ((1 + rho) / (1 - rho) - 2 * rho * (1 - pow(rho, n)) / (n * (1 - rho) * (1 - rho)))
  }

  @Sendable static func findings(_ seed: UInt64, _ parallelism: Parallelism, _ progress: Progress) -> [Finding] {
    let parabola = NoiseFloor(step: step, curvature: 1, sigma: 1)
    let lines = windows.map { window in
      var descent = parabola.descent(bits: 3)
      (descent.steps, descent.batches) = (window, 32)
      return descent
    }
    let outcomes = StochasticDescent.outcomes(of: lines + spacings.map(curve), RandomStream(seed: seed, id), parallelism, progress: progress)
    let square = parabola.meanSquare(spacing: 0.125)
    let averages = zip(windows, outcomes).map { window, outcome in
      Finding(
        id, "parabola, mean of \(window): squared error", predicted: squareOfAverage(square, decay: 1 - step, count: window),
        measured: outcome.squareOfAverage.value, standardError: outcome.squareOfAverage.standardError, references: [.init("iterate", square)],
        .within(0.05))
    }
    let curves = outcomes.dropFirst(windows.count)
    let biases = zip(spacings, curves).map { bits, outcome in
      Finding(
        id, "logistic, delta 1/\(1 << bits): mean error", predicted: -third * outcome.square.value / (2 * curvature),
        measured: outcome.mean.value, standardError: outcome.mean.standardError, references: [.init("iterate", outcome.square.value)],
        .ratio(0.8...1.05))
    }
    // At 1/2 the spread of w, 0.8, is that of the curve itself: no limit of small δ.
    let (logarithms, fine) = (spacings.dropFirst().map { -Double($0) }, curves.dropFirst())
    let orders = [
      Finding(
        id, "logistic: order of the squared error", predicted: 1,
        measured: slope(logarithms, fine.map { log2($0.square.value) }), .distance(0.1)),
      Finding(
        id, "logistic: order of the mean error squared", predicted: 2,
        measured: slope(logarithms, fine.map { 2 * log2(abs($0.mean.value)) }), .distance(0.25)),
    ]
    return averages + biases + orders
  }

  /// The descent of the curve. The bias is the smaller against the spread the finer the grid, so that finer ones are measured for longer.
  static func curve(bits: Int) -> StochasticDescent {
    let (level, target) = (level, target)
    return StochasticDescent(
      rounder: try! Rounder(to: Format("q8.\(bits)"), .stochastic),  // fixed point rounds in every mode
      step: step, target: target, start: 2, slope: { 1 / (1 + exp(-target - $0)) - level }, noise: StochasticDescent.normal(sigma),
      settling: Int(6 / (step * curvature)), steps: max(8000, 1500 << bits))
  }

  /// The slope of the least-squares line.
  static func slope(_ x: [Double], _ y: [Double]) -> Double {
    let n = Double(x.count)
    let (meanX, meanY) = (x.reduce(0, +) / n, y.reduce(0, +) / n)
    return zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) } / x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
  }
}
