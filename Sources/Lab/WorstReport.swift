// SPDX-License-Identifier: Apache-2.0
// The worst case of an accumulator over all inputs: numbers, witnesses, the bound beside them.

public import Accumulation
public import ErrorAnalysis
public import Formats

/// The worst case of one accumulator, at several lengths.
public struct WorstQuestion: Sendable {
  /// The format of x and y.
  public let format: Format
  /// How they are multiplied and summed.
  public let dot: DotProduct
  /// The largest magnitude of an input; `nil`: that of the format.
  public let range: Dyadic?
  /// What an overflow means.
  public let treatment: OverflowTreatment
  private let laws: [Terms]
  private let lastLevel: WideLastLevel?
  private let analysis: ExactAnalysis?

  /// - Parameters:
  ///   - range: only inputs |x|, |y| up to this number; by default all finite values.
  ///   - weights: given y, finite numbers of the format; x alone varies, and the one length is their number.
  ///   - treatment: what an overflow means.
  public init(
    _ format: Format, _ dot: DotProduct, within range: Dyadic? = nil, weights: [Dyadic]? = nil, onOverflow treatment: OverflowTreatment = .exclude
  ) throws(ExactAnalysisError) {
    (self.format, self.dot, self.range, self.treatment) = (format, dot, range, treatment)
    let law = try DiscreteLaw(format, within: range)
    laws = try Terms.products(of: law, law, weights: weights)
    lastLevel = weights == nil ? WideLastLevel(dot.plan) : nil
    guard lastLevel == nil || treatment == .exclude else { throw .lastLevel(treatment) }
    analysis = lastLevel == nil ? try ExactAnalysis(dot, laws, areGiven: weights != nil, onOverflow: treatment) : nil
  }

  /// The largest |error| / A of dot products of n terms, A = Σ|x y|, and inputs that attain it. A stochastic rounding may go either way.
  ///
  /// - Complexity: as of ``ExactAnalysis/worst(_:_:progress:)``.
  public func answer(_ n: Int, _ threads: Parallelism = .allCores, progress: Progress = .silent) throws(ExactAnalysisError) -> WorstResult {
    if let lastLevel {
      let worst = try lastLevel.worst(n, product: dot.product, laws[0], threads, progress: progress)
      return WorstResult(n, format, dot, witness: worst.witness, atMost: worst.atMost, lastLevel: worst.lastLevel)
    }
    let analysis = analysis!
    let inputs = treatment == .absorb ? try analysis.overflowingInputs(n) : nil
    return WorstResult(n, format, analysis, try analysis.worst(n, threads, progress: progress), overflowing: inputs)
  }

  /// How the largest error grows with n.
  public func growth(_ threads: Parallelism = .allCores) throws(ExactAnalysisError) -> ErrorGrowth {
    guard let analysis else { throw .narrowOnly(option: "--rate", "the growth of the error") }
    return try analysis.growth(threads)
  }
}

extension Terms {
  /// Products of x and y, the same for every term; or of x and given y, one law for each.
  static func products(of x: DiscreteLaw, _ y: DiscreteLaw, weights: [Dyadic]?) throws(ExactAnalysisError) -> [Terms] {
    guard let weights else { return [try Terms(products: x, y)] }
    var laws: [Terms] = []
    for weight in weights { laws.append(try Terms(products: x, DiscreteLaw([weight]))) }
    return laws
  }
}

extension ExactAnalysis {
  /// The analysis of an accumulator: of alike terms, or of terms with given weights.
  init(_ dot: DotProduct, _ laws: [Terms], areGiven: Bool, onOverflow treatment: OverflowTreatment) throws(ExactAnalysisError) {
    self =
      areGiven
      ? try ExactAnalysis(dot.plan, product: dot.product, weighted: laws, onOverflow: treatment)
      : try ExactAnalysis(dot.plan, product: dot.product, laws[0], onOverflow: treatment)
  }
}

/// The worst case of one length.
public struct WorstResult: Encodable, Sendable {
  /// The length.
  public let n: Int
  /// Infinite where a sum that overflows is lost.
  public let ratio: Double
  /// The ratio as numerator/denominator.
  public let ratioFraction: String
  /// Whether `ratio` is the worst; otherwise inputs attain it, and the worst is at most `ratioAtMost`.
  public let isExact: Bool
  /// An upper bound of the ratio where only that is known.
  public let ratioAtMost: Double
  /// What holds the last level's errors, where that is too wide.
  @Nullable public private(set) var lastLevelBound: String?
  /// max |computed − exact| over all inputs.
  @Nullable public private(set) var maxAbsError: Double?
  /// The same in C99 hexadecimal.
  @Nullable public private(set) var maxAbsErrorHex: String?
  /// max (computed − exact).
  @Nullable public private(set) var largestError: Double?
  /// min (computed − exact).
  @Nullable public private(set) var smallestError: Double?
  /// Of the witness, and Σ |x y| of it.
  @Nullable public private(set) var error: Double?
  public let magnitudes: Double
  /// Inputs that attain it.
  public let witness: Witness
  /// The tightest bound that holds for every input, as a multiple of Σ |x y|.
  @Nullable public private(set) var bound: String?
  /// Its factor.
  @Nullable public private(set) var boundRatio: Double?

  /// Vectors x and y that attain the worst error.
  public struct Witness: Encodable, Sendable {
    /// Of equal length.
    public let x, y: [Double]
  }

  /// The exact worst case; `overflowing` are inputs that overflow where such a sum is lost.
  fileprivate init(
    _ n: Int, _ format: Format, _ analysis: ExactAnalysis, _ worst: WorstCase, overflowing: (x: [Dyadic], y: [Dyadic])?
  ) {
    // (Its sums saturate where that is asked for.)
    let dot = analysis.dot
    let (x, y) = overflowing ?? worst.witness
    let isLost = overflowing != nil
    self.n = n
    ratio = isLost ? .infinity : worst.ratio.double
    ratioFraction = isLost ? "1/0" : "\(worst.ratio)"
    (isExact, ratioAtMost) = (true, ratio)
    maxAbsError = isLost ? .infinity : worst.maxAbsError.double
    maxAbsErrorHex = isLost ? nil : worst.maxAbsError.hexDescription
    (largestError, smallestError) = (worst.largestError.double, worst.smallestError.double)
    error = isLost ? nil : worst.error.double
    magnitudes = zip(x, y).reduce(Dyadic.zero) { $0 + ($1.0 * $1.1).magnitude }.double
    witness = Witness(x: x.map(\.double), y: y.map(\.double))
    if !isLost { (bound, boundRatio) = WorstResult.bound(format, dot, n, x, y) }
    // The witness is carried out by other code than found it.
    guard !isLost, !dot.isStochastic else { return }
    let result = dot.evaluate(x.map { .finite($0) }, y.map { .finite($0) })
    let exact = zip(x, y).reduce(Dyadic.zero) { $0 + $1.0 * $1.1 }
    precondition(result.dyadic.map { $0 - exact } == worst.error, "the witness of the worst case has another error than the recurrence found")
  }

  /// A hierarchy whose last level is bounded: what inputs attain, and what holds for all.
  fileprivate init(
    _ n: Int, _ format: Format, _ dot: DotProduct, witness inputs: (x: [Dyadic], y: [Dyadic]), atMost: Upward, lastLevel: String
  ) {
    let (x, y) = inputs
    let exact = zip(x, y).reduce(Dyadic.zero) { $0 + $1.0 * $1.1 }
    let sum = zip(x, y).reduce(Dyadic.zero) { $0 + ($1.0 * $1.1).magnitude }
    let random = dot.isStochastic ? RandomStream(seed: 1, "witness") : nil
    let difference = dot.evaluate(x.map { .finite($0) }, y.map { .finite($0) }, random: random).dyadic.map { $0 - exact }
    self.n = n
    (error, magnitudes) = (difference?.double, sum.double)
    ratio = sum.isZero ? 0 : (difference?.magnitude.double ?? .infinity) / sum.double
    ratioFraction = ""
    (isExact, ratioAtMost, lastLevelBound) = (false, atMost.value, lastLevel)
    witness = Witness(x: x.map(\.double), y: y.map(\.double))
    (bound, boundRatio) = WorstResult.bound(format, dot, n, x, y)
  }

  /// The tightest bound that holds for every input, at these; none where sums saturate.
  private static func bound(
    _ format: Format, _ dot: DotProduct, _ n: Int, _ x: [Dyadic], _ y: [Dyadic]
  ) -> (id: String?, ratio: Double?) {
    var overflowed = false
    let random = dot.isStochastic ? RandomStream(seed: 1, "witness") : nil
    _ = dot.evaluate(x.map { .finite($0) }, y.map { .finite($0) }, random: random) { if $0.rounded.flags.contains(.overflow) { overflowed = true } }
    if overflowed { return (nil, nil) }
    let products = zip(x, y).map { $0 * $1 }
    let (sum, magnitudes) = (products.reduce(Dyadic.zero, +), products.reduce(.zero) { $0 + $1.magnitude })
    let observation = Observation(magnitudes: Upward(magnitudes), sum: Upward(sum.magnitude))
    let problem = Problem.dot(format, format, dot, count: n)
    let certificates = Bound.applicable(to: problem).filter { $0.bound.isCertain && $0.radius != nil }.compactMap { try? $0.certify(observation) }
    let best = certificates.filter { $0.ratio != nil }.min { $0.ratio! < $1.ratio! }
    return (best?.bound.id, best?.ratio?.value)
  }

  package static let columns = [
    "n", "ratio", "ratio_fraction", "is_exact", "ratio_at_most", "max_abs_error", "largest_error", "smallest_error", "error", "magnitudes", "bound",
    "bound_ratio",
  ]

  package var fields: [String] {
    func text(_ x: Double?) -> String { x?.shortDescription ?? "" }
    return ["\(n)", ratio.shortDescription, ratioFraction, "\(isExact)", ratioAtMost.shortDescription] + [maxAbsError, largestError, smallestError, error].map(text)
      + [magnitudes.shortDescription, bound ?? "", text(boundRatio)]
  }
}

extension Dyadic {
  /// The nearest double.
  package var double: Double { Value.finite(self).double }
}

/// The document `fmtlab.worst/1`.
public struct WorstReport: Encodable, Sendable {
  /// `fmtlab.worst/1`.
  public let schema = "fmtlab.worst/1"
  /// Format, plan, products, and what an overflow means, as text.
  public let format, accumulator, product, onOverflow: String
  /// One for each length, in order.
  @Nullable public private(set) var range: Double?
  public let results: [WorstResult]
  /// Where it was asked for.
  @Nullable public private(set) var growth: Growth?

  /// What the largest error tends to for long sums.
  public struct Growth: Codable, Hashable, Sendable {
    /// lim (largest error) / n.
    public let errorPerTerm: Double
    /// A reachable sum, and the largest term that it swallows.
    @Nullable public private(set) var swallowingSum: Double?
    @Nullable public private(set) var swallowedTerm: Double?
    public let states: Int
  }

  private enum CodingKeys: String, CodingKey { case schema, format, accumulator, product, onOverflow, range, results, growth }

  /// The document of a question and its results, with the growth where it was asked for.
  public init(_ question: WorstQuestion, _ results: [WorstResult], _ growth: ErrorGrowth? = nil) {
    (format, accumulator, product) = (question.format.name, "\(question.dot.plan)", "\(question.dot.product)")
    (onOverflow, range, self.results) = (question.treatment.rawValue, question.range?.double, results)
    self.growth = growth.map {
      Growth(
        errorPerTerm: $0.perTerm, swallowingSum: $0.stagnation?.sum.double, swallowedTerm: $0.stagnation?.term.double, states: $0.states)
    }
  }

  /// With one length, its fields also stand at the top of the document.
  public func encode(to encoder: any Encoder) throws {
    if results.count == 1 { try results[0].encode(to: encoder) }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(schema, forKey: .schema)
    try container.encode(format, forKey: .format)
    try container.encode(accumulator, forKey: .accumulator)
    try container.encode(product, forKey: .product)
    try container.encode(onOverflow, forKey: .onOverflow)
    try container.encode(_range, forKey: .range)
    try container.encode(results, forKey: .results)
    try container.encode(_growth, forKey: .growth)
  }
}
