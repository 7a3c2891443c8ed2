// SPDX-License-Identifier: Apache-2.0
// The main job: measured rounding errors of dot products beside the bounds that apply to them.

public import Accumulation
public import ErrorAnalysis
public import Formats

/// A question about an accumulator: how wrong are dot products of these lengths on these data?
///
/// The data are rounded to `format` first, to nearest; errors are those of the dot product of the rounded data, so they are
/// the accumulator's own. Exact values come from ``ExactSum``.
public struct Analysis: Sendable {
  /// The format that x and y are rounded to.
  public var format: Format
  /// How they are multiplied and summed.
  public var dot: DotProduct
  /// The lengths n.
  public var counts: [Int]
  /// Where x and y come from.
  public var data: DataSource
  /// Dot products for each length.
  public var trials: Int
  /// Of data and random roundings.
  public var seed: UInt64
  /// Confidence of probabilistic bounds.
  public var confidence: Double
  /// The error ratio that the verdict looks for.
  public var target: Double

  /// `trials` dot products of each length; `confidence` is that of bounds that may fail, `target` the |error| / Σ|xᵢyᵢ| that the verdict asks for.
  public init(
    format: Format, dot: DotProduct, counts: [Int] = [16, 64, 256, 1024], data: DataSource = .digits, trials: Int = 2000,
    seed: UInt64 = 1, confidence: Double = 0.99, target: Double = 0.01
  ) {
    self.format = format
    self.dot = dot
    self.counts = counts
    self.data = data
    self.trials = trials
    self.seed = seed
    self.confidence = confidence
    self.target = target
  }

  /// The largest n.
  public static let largestCount = 1 << 24
}

/// What the trials of one length showed.
public struct Measurement: Sendable {
  /// The length.
  public let n: Int
  /// Error / Σ|xᵢyᵢ| over the trials that did not overflow and whose sum of magnitudes is not 0 and within the normal range of doubles.
  public let ratio: Spread
  /// Error / |Σxᵢyᵢ|, over those with a nonzero sum.
  public let relative: Spread
  /// Share of trials in which a result overflowed.
  public let overflow: Double
  /// Share of the additions of nonzero terms that left the accumulator unchanged.
  public let stagnated: Double
  /// What independent errors would be.
  public let model: ModelMeasurement
  /// The bounds that apply.
  public let bounds: [BoundMeasurement]
  /// Those that do not, and why.
  public let inapplicable: [Inapplicable]
}

/// What independent rounding errors, evenly spread over their gaps, would amount to: a model, to be held against the measurement. It says
/// nothing (NaN) of compensated sums, whose errors are made up for.
public struct ModelMeasurement: Codable, Hashable, Sendable {
  /// Of error / Σ|xᵢyᵢ|.
  public let rms: Double
  /// From directed roundings and from what alignment cuts.
  public let mean: Double
  /// The share of each level in the variance, products first where they are rounded.
  public let levels: [Level]

  /// The share of one accumulator in the variance.
  public struct Level: Codable, Hashable, Sendable {
    /// The rounder as text.
    public let accumulator: String
    /// Between 0 and 1; all add up to 1.
    public let share: Double
  }
}

/// A bound beside what was measured.
public struct BoundMeasurement: Sendable {
  /// The bound that applies.
  public let bound: Bound
  /// The largest bound / Σ|xᵢyᵢ| over the trials.
  public let value: Double
  /// Of a bound that may fail in some evaluations; `nil` for others.
  public let confidence: Double?
  /// Trials whose error exceeded their bound, compared exactly.
  public let violations: Int
  /// Whether they are more than chance allows (among all trials: bounds that may fail speak of sums that neither overflow nor obey): any of a certain bound, or so many that a bound that fails with probability 1 − confidence
  /// would show them once in a million analyses.
  public let isRefuted: Bool
  /// value / the largest measured ratio; +∞ if no error was seen.
  public let tightness: Double
}

extension Analysis {
  /// Runs the trials of every length, and measures.
  ///
  /// - Random: trial t of length n uses the stream (seed, "trials", n, t); the same bits for any `parallelism`.
  /// - Complexity: trials · Σ counts roundings, about a microsecond each with the data, the exact sum and the bounds.
  public func run(_ parallelism: Parallelism = .allCores, progress: Progress = .silent) -> [Measurement] {
    let sampler = Sampler(data, format)
    let total = Double(counts.reduce(0, +))
    var finished = 0
    return counts.map { n in
      let (base, share) = (Double(finished) / total, Double(n) / total)
      finished += n
      let inner = progress.report.map { report in Progress { fraction in report(base + share * fraction) } } ?? .silent
      return measure(n, sampler, parallelism, inner)
    }
  }

  /// The trials of one length in batches, merged in order.
  private func measure(_ n: Int, _ sampler: Sampler, _ parallelism: Parallelism, _ progress: Progress) -> Measurement {
    let problem = Problem.dot(format, format, dot, count: n)
    let bounds = Bound.applicable(to: problem, failure: 1 - confidence)
    let stream = RandomStream(seed: seed, "trials").child(n)
    let batch = 20
    let results = parallelMap((trials + batch - 1) / batch, parallelism, progress: progress) { b in
      (b * batch..<min(trials, (b + 1) * batch)).map { trial(n, sampler, bounds, stream.child($0)) }
    }.flatMap { $0 }
    let valid = results.filter { !$0.overflowed }
    let ratio = Spread(signed: valid.compactMap(\.ratio))
    let additions = results.reduce(0) { $0 + $1.additions }
    return Measurement(
      n: n, ratio: ratio, relative: Spread(signed: valid.compactMap(\.relative)),
      overflow: Double(results.count - valid.count) / Double(results.count),
      stagnated: additions == 0 ? 0 : Double(results.reduce(0) { $0 + $1.swallowed }) / Double(additions),
      model: model(valid),
      bounds: bounds.enumerated().map { i, bound in
        let value = valid.compactMap { $0.bounds[i].ratio }.max() ?? .nan
        let violations = valid.count { $0.bounds[i].isViolated }
        let isCertain = bound.bound.isCertain
        return BoundMeasurement(
          bound: bound.bound, value: value, confidence: isCertain ? nil : confidence, violations: violations,
          isRefuted: violations > 0 && (isCertain || binomialTail(violations, of: results.count, 1 - confidence) < 1e-6),
          tightness: ratio.max == 0 && value == 0 ? 1 : value / ratio.max)
      },
      inapplicable: Bound.catalogue.compactMap { $0.inapplicability(to: problem) })
  }

  /// The mean of what the model says of each trial.
  private func model(_ trials: [Trial]) -> ModelMeasurement {
    let seen = trials.filter { $0.ratio != nil }
    let count = Double(seen.count)
    var variances = [Double](repeating: 0, count: dot.plan.levelCount + 1)
    for trial in seen {
      for (i, variance) in trial.variances.enumerated() { variances[i] += variance }
    }
    let total = variances.reduce(0, +)
    var names = dot.plan.rounders.map { "\($0)" }
    if case .rounded(let rounder) = dot.product { names.insert("products in \(rounder)", at: 0) } else { variances.removeFirst() }
    return ModelMeasurement(
      rms: dot.plan.isCompensated ? .nan : (seen.reduce(0) { $0 + $1.drift * $1.drift + $1.variances.reduce(0, +) } / count).squareRoot(),
      mean: dot.plan.isCompensated ? .nan : seen.reduce(0) { $0 + $1.drift } / count,
      levels: dot.plan.isCompensated ? [] : zip(names, variances).map { ModelMeasurement.Level(accumulator: $0, share: total == 0 ? 0 : $1 / total) })
  }

  private func trial(_ n: Int, _ sampler: Sampler, _ bounds: [ApplicableBound], _ stream: RandomStream) -> Trial {
    let (x, y) = sampler.pair(count: n, stream)
    var exact = ExactSum(products: format, format, and: dot.plan.output.format)
    var magnitudes = exact
    for i in 0..<n {
      // Sampled values are finite.
      let product = x[i].dyadic! * y[i].dyadic!
      exact += product
      magnitudes += product.magnitude
    }
    var observation = Observation(magnitudes: Upward(magnitudes.magnitudeRoundedUp), sum: Upward(exact.magnitudeRoundedUp))
    let computed = dot.evaluate(x, y, random: dot.isStochastic ? stream.child("rounding") : nil) { observation.note($0) }
    guard !observation.overflowed, let result = computed.dyadic else { return Trial(observation) }
    var error = exact
    error -= result
    let (sum, a, e) = (exact.double, magnitudes.double, -error.double)
    let errorAbove = error.magnitudeRoundedUp
    return Trial(
      ratio: a.isNormal ? e / a : nil, relative: sum.isNormal ? e / abs(sum) : nil, magnitudes: a, observation,
      bounds: bounds.map { bound in
        // Nothing overflowed, so every hypothesis holds.
        let certificate = try! bound.certify(observation)
        return (certificate.ratio?.value, errorAbove > certificate.value.value)
      })
  }
}

/// The outcome of one trial.
private struct Trial: Sendable {
  let ratio: Double?
  let relative: Double?
  let overflowed: Bool
  let additions: Int
  let swallowed: Int
  /// The model's mean error and its variances at each level, over Σ|xᵢyᵢ| and its square.
  let drift: Double
  let variances: [Double]
  /// In the order of the bounds asked for; empty after an overflow.
  let bounds: [(ratio: Double?, isViolated: Bool)]

  init(
    ratio: Double? = nil, relative: Double? = nil, magnitudes: Double = 1, _ observation: Observation,
    bounds: [(ratio: Double?, isViolated: Bool)]? = nil
  ) {
    drift = observation.model.drift / magnitudes
    variances = observation.model.variances.map { $0 / magnitudes / magnitudes }
    self.ratio = ratio
    self.relative = relative
    overflowed = bounds == nil
    additions = observation.nonzeroAdditions
    swallowed = observation.swallowed
    self.bounds = bounds ?? []
  }
}
