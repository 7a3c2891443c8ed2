// SPDX-License-Identifier: Apache-2.0
// An analysis with its results, as the JSON document of `fmtlab analyze`.

internal import Accumulation
internal import ErrorAnalysis
internal import Formats

/// The document `fmtlab.analyze/1`.
public struct AnalysisReport: Codable, Hashable, Sendable {
  /// `fmtlab.analyze/1`.
  public let schema: String
  /// The format of x and y.
  public let format: String
  /// The plan as text.
  public let accumulator: String
  /// What happens to products, as text.
  public let product: String
  /// The name of the data.
  public let data: String
  /// Of all random bits.
  public let seed: UInt64
  /// Dot products for each length.
  public let trials: Int
  /// One for each length, in order.
  public let results: [Result]
  /// The conclusion.
  public let verdict: Verdict

  /// What was found at one length.
  public struct Result: Codable, Hashable, Sendable {
    /// The length.
    public let n: Int
    /// Over the trials.
    public let measured: Measured
    /// The exact moments and the worst case over all inputs; null where they were not computed.
    @Nullable public var exact: ExactMeasurement?
    public let model: ModelMeasurement
    /// Tightest first.
    public let bounds: [Bound]
    /// Bounds that do not apply, and why.
    public let inapplicable: [Inapplicable]
  }

  /// Errors over the trials: `ratio` is error / Σ|xᵢyᵢ|, `relative` error / |Σxᵢyᵢ|, the others are shares between 0 and 1.
  public struct Measured: Codable, Hashable, Sendable {
    /// Of error / Σ|xᵢyᵢ|.
    public let ratio: Spread
    /// Of error / |Σxᵢyᵢ|.
    public let relative: Spread
    /// Share of the trials.
    public let overflow: Double
    /// Share of the additions of nonzero terms that changed nothing.
    public let stagnated: Double
  }

  /// A bound beside the errors: its largest value / Σ|xᵢyᵢ| over the trials, how many errors exceeded it, and its ratio to the largest error.
  public struct Bound: Codable, Hashable, Sendable {
    /// As ``Bound/id``.
    public let id: String
    /// As ``Bound/Kind-swift.enum``, in a word.
    public let kind: String
    /// The largest bound / Σ|xᵢyᵢ| over the trials.
    @Nullable public var confidence: Double?
    public let value: Double
    /// Errors that exceeded their bound.
    public let violations: Int
    /// Whether they are more than chance allows.
    public let isRefuted: Bool
    /// Bound over the largest error.
    public let tightness: Double
  }

  /// A bound whose hypotheses fail, and why.
  public struct Inapplicable: Codable, Hashable, Sendable {
    /// As ``Bound/id``.
    public let id: String
    /// One for each hypothesis that fails, with numbers.
    public let reasons: [String]
  }

  /// The document of an analysis, its measurements and its verdict; `exact` has one element a length, `nil` where there is no exact result.
  public init(_ analysis: Analysis, _ results: [Measurement], _ verdict: Verdict, exact: [ExactMeasurement?]) {
    schema = "fmtlab.analyze/1"
    format = analysis.format.name
    accumulator = "\(analysis.dot.plan)"
    product = "\(analysis.dot.product)"
    data = analysis.data.name
    seed = analysis.seed
    trials = analysis.trials
    self.results = zip(results, exact).map { result, exact in
      Result(
        n: result.n,
        measured: Measured(ratio: result.ratio, relative: result.relative, overflow: result.overflow, stagnated: result.stagnated),
        exact: exact, model: result.model,
        bounds: result.bounds.sorted { $0.value < $1.value }.map {
          Bound(
            id: $0.bound.id, kind: $0.bound.kind.rawValue, confidence: $0.confidence, value: $0.value,
            violations: $0.violations, isRefuted: $0.isRefuted, tightness: $0.tightness)
        },
        inapplicable: result.inapplicable.map { Inapplicable(id: $0.id, reasons: $0.reasons) })
    }
    self.verdict = verdict
  }
}
