// SPDX-License-Identifier: Apache-2.0
// Laws of the errors of random sums: moments and histograms, exactly.

public import Accumulation
public import ErrorAnalysis
public import Formats

/// The laws of the errors of one accumulator, at several lengths.
public struct DistributionQuestion: Sendable {
  /// The format of x and y.
  public let format: Format
  /// How they are multiplied and summed.
  public let dot: DotProduct
  /// Of which independent numbers are drawn.
  public let data: DataSource
  /// What they are multiplied by before they are rounded.
  public let scale: Double
  /// What an overflow means.
  public let treatment: OverflowTreatment
  private let laws: [Terms]
  private let lastLevel: WideLastLevel?
  private let analysis: ExactAnalysis?

  /// - Parameters:
  ///   - data: x and y are drawn from it, times `scale`, rounded to the format.
  ///   - range: x and y given that |x|, |y| are at most this number.
  ///   - weights: given y, finite numbers of the format; x alone is drawn, and the one length is their number.
  ///   - treatment: what an overflow means; by default `saturate` if every rounding of the accumulator does, otherwise `absorb`.
  public init(
    _ format: Format, _ dot: DotProduct, _ data: DataSource = .distribution(.normal), scale: Double = 1, within range: Dyadic? = nil,
    weights: [Dyadic]? = nil, onOverflow treatment: OverflowTreatment? = nil
  ) throws(ExactAnalysisError) {
    guard format.width <= 16 else { throw .inputs(format.name) }
    (self.format, self.dot, self.data, self.scale) = (format, dot, data, scale)
    self.treatment = treatment ?? (dot.plan.rounders.allSatisfy { $0.overflow == .saturate } ? .saturate : .absorb)
    var (x, y) = data.laws(in: format, scale: scale)
    if let range { (x, y) = (try x.within(range), try y.within(range)) }
    laws = try Terms.products(of: x, y, weights: weights)
    lastLevel = weights == nil ? WideLastLevel(dot.plan) : nil
    analysis = lastLevel == nil ? try ExactAnalysis(dot, laws, areGiven: weights != nil, onOverflow: self.treatment) : nil
  }

  /// The moments of the error of n terms.
  public func answer(_ n: Int, _ threads: Parallelism = .allCores, progress: Progress = .silent) throws(ExactAnalysisError) -> DistributionResult {
    if let lastLevel {
      return DistributionResult(n, try lastLevel.moments(n, product: dot.product, laws[0], onOverflow: treatment, threads, progress: progress))
    }
    return DistributionResult(try analysis!.moments(n, threads, progress: progress))
  }

  /// The law of the error of n terms.
  public func histogram(_ n: Int, _ threads: Parallelism = .allCores) throws(ExactAnalysisError) -> HistogramResult {
    guard let analysis else { throw .narrowOnly(option: "--histogram", "the law of the error") }
    return HistogramResult(try analysis.histogram(n, threads))
  }

  /// Errors of sums of n terms drawn from the same laws, without those that overflow.
  ///
  /// - Precondition: ``histogram(_:_:)`` of the question does not throw.
  package func sample(_ n: Int, _ trials: Int, _ stream: RandomStream, _ threads: Parallelism) -> [Double] {
    analysis!.sample(n, trials: trials, stream, threads)
  }
}

extension DiscreteLaw {
  /// The law given that |x| ≤ range.
  fileprivate func within(_ range: Dyadic) throws(ExactAnalysisError) -> DiscreteLaw {
    let kept = values.indices.filter { values[$0].magnitude <= range }
    guard !kept.isEmpty else { throw .noData("\(range)") }
    return DiscreteLaw(kept.map { values[$0] }, weights: kept.map { probabilities[$0] })
  }
}

/// The moments at one length.
public struct DistributionResult: Encodable, Sendable {
  /// The length.
  public let n: Int
  /// E[computed − exact].
  public let mean: Double
  /// √E[(computed − exact)²].
  public let rms: Double
  /// What the last level, where it is too wide for an automaton, can change of mean and rms; 0 where they are exact.
  public let uncertainty: Double
  /// E Σ|xᵢyᵢ|.
  public let meanMagnitudes: Double
  /// Null where all terms are 0.
  @Nullable public private(set) var ratioRms: Double?
  public let overflow: Double
  /// As ``ErrorMoments/stagnated``; null where it is not known.
  @Nullable public private(set) var stagnated: Double?
  /// As ``ErrorMoments/varianceRetention``; null where it is not known.
  @Nullable public private(set) var varianceRetention: Double?
  /// As ``ErrorMoments/change``; null where it is not known.
  @Nullable public private(set) var change: Double?
  /// The id of the bound of a last level that is too wide for exact analysis; null without one.
  @Nullable public private(set) var lastLevelBound: String?

  init(_ moments: ErrorMoments) {
    (n, mean, rms, uncertainty, meanMagnitudes) = (moments.n, moments.mean, moments.rms, 0, moments.meanMagnitudes)
    overflow = moments.overflow
    ratioRms = moments.meanMagnitudes == 0 ? nil : moments.rms / moments.meanMagnitudes
    (stagnated, varianceRetention, change) = (moments.stagnated, moments.varianceRetention.isFinite ? moments.varianceRetention : nil, moments.change)
  }

  init(_ n: Int, _ moments: WideLastLevel.Moments) {
    (self.n, mean, rms, uncertainty, meanMagnitudes) = (n, moments.mean, moments.rms, moments.uncertainty, moments.meanMagnitudes)
    (overflow, lastLevelBound) = (moments.overflow, moments.lastLevel)
    ratioRms = moments.meanMagnitudes == 0 ? nil : moments.rms / moments.meanMagnitudes
  }

  package static let columns = [
    "n", "mean", "rms", "uncertainty", "mean_magnitudes", "ratio_rms", "overflow", "stagnated", "variance_retention", "change",
  ]

  package var fields: [String] {
    ["\(n)"] + [mean, rms, uncertainty, meanMagnitudes].map(\.shortDescription) + [ratioRms, overflow].map { $0?.shortDescription ?? "" }
      + [stagnated, varianceRetention, change].map { $0?.shortDescription ?? "" }
  }
}

/// The document `fmtlab.distribution/1`.
public struct DistributionReport: Encodable, Sendable {
  /// `fmtlab.distribution/1`.
  public let schema = "fmtlab.distribution/1"
  /// Format, plan, products and data as text.
  public let format, accumulator, product, data, note: String
  /// What the data are multiplied by.
  public let scale: Double
  /// What an overflow means, in a word.
  public let onOverflow: String
  /// One for each length, in order.
  public let results: [DistributionResult]
  /// Of the last length, where it was asked for.
  @Nullable public private(set) var histogram: HistogramResult?
  public let seed: UInt64

  /// The document of a question and its results; the seed is that of data that are drawn.
  public init(_ question: DistributionQuestion, _ results: [DistributionResult], histogram: HistogramResult? = nil, seed: UInt64 = 1) {
    (format, accumulator, product) = (question.format.name, "\(question.dot.plan)", "\(question.dot.product)")
    (data, note, scale, onOverflow) = (question.data.name, question.data.note, question.scale, question.treatment.rawValue)
    (self.results, self.histogram, self.seed) = (results, histogram, seed)
  }
}

/// The law of the error at one length.
public struct HistogramResult: Codable, Hashable, Sendable {
  /// The length.
  public let n: Int
  /// Width of a bin.
  public let binWidth: Double
  /// The rms, at most, of the noise of mean 0 that bins add to the errors; 0 where the histogram is exact.
  public let blur: Double
  /// Probability that is in no bin.
  public let omitted: Double
  /// The error of each bin, and its probability.
  public let errors: [Double]
  /// Of the errors, in order.
  public let probabilities: [Double]
  /// Errors by their probability, such as `0.99`.
  public let quantiles: [String: Double]

  package static let shares: [(name: String, p: Double)] = [
    ("0.001", 0.001), ("0.01", 0.01), ("0.05", 0.05), ("0.25", 0.25), ("0.5", 0.5), ("0.75", 0.75), ("0.95", 0.95), ("0.99", 0.99), ("0.999", 0.999),
  ]

  init(_ histogram: ErrorHistogram) {
    (n, binWidth, blur, omitted) = (
      histogram.n, Value.finite(histogram.binWidth).double, histogram.blur, histogram.omitted
    )
    let kept = histogram.probabilities.indices.filter { histogram.probabilities[$0] > 0 }
    let errors = histogram.errors
    (self.errors, probabilities) = (kept.map { errors[$0] }, kept.map { histogram.probabilities[$0] })
    quantiles = Dictionary(uniqueKeysWithValues: HistogramResult.shares.map { ($0.name, histogram.quantile($0.p)) })
  }
}
