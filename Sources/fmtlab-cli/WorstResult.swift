// SPDX-License-Identifier: Apache-2.0
// Worst cases as results: numbers, witnesses, the bound beside them; text, rows and a picture.

import FmtLab

/// The worst case of one length.
struct WorstResult: Encodable {
  let n: Int
  /// Infinite where a sum that overflows is lost.
  let ratio: Double
  let ratioFraction: String
  /// Whether `ratio` is the worst; otherwise inputs attain it, and the worst is at most `ratioAtMost`.
  let isExact: Bool
  let ratioAtMost: Double
  /// What holds the last level's errors, where that is too wide.
  @Nullable var lastLevelBound: String?
  @Nullable var maxAbsError: Double?
  @Nullable var maxAbsErrorHex: String?
  @Nullable var largestError: Double?
  @Nullable var smallestError: Double?
  /// Of the witness, and Σ |x y| of it.
  @Nullable var error: Double?
  let magnitudes: Double
  let witness: Witness
  /// The tightest bound that holds for every input, as a multiple of Σ |x y|.
  @Nullable var bound: String?
  @Nullable var boundRatio: Double?

  struct Witness: Encodable {
    let x, y: [Double]
  }

  /// The exact worst case; `overflowing` are inputs that overflow where such a sum is lost.
  init(_ n: Int, _ accumulator: AccumulatorOptions, _ analysis: ExactAnalysis, _ worst: WorstCase, overflowing: (x: [Dyadic], y: [Dyadic])?) {
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
    if !isLost { (bound, boundRatio) = WorstResult.bound(accumulator, analysis.dot, n, x, y) }
    // The witness is carried out by other code than found it.
    guard !isLost, !analysis.dot.isStochastic else { return }
    let result = analysis.dot.evaluate(x.map { .finite($0) }, y.map { .finite($0) })
    let exact = zip(x, y).reduce(Dyadic.zero) { $0 + $1.0 * $1.1 }
    precondition(result.dyadic.map { $0 - exact } == worst.error, "the witness of the worst case has another error than the recurrence found")
  }

  /// A hierarchy whose last level is bounded: what inputs attain, and what holds for all.
  init(_ n: Int, _ accumulator: AccumulatorOptions, witness inputs: (x: [Dyadic], y: [Dyadic]), atMost: Upward, lastLevel: String) {
    let (x, y) = inputs
    let exact = zip(x, y).reduce(Dyadic.zero) { $0 + $1.0 * $1.1 }
    let sum = zip(x, y).reduce(Dyadic.zero) { $0 + ($1.0 * $1.1).magnitude }
    let dot = accumulator.dot
    let random = dot.isStochastic ? RandomStream(seed: 1, "witness") : nil
    let difference = dot.evaluate(x.map { .finite($0) }, y.map { .finite($0) }, random: random).dyadic.map { $0 - exact }
    self.n = n
    (error, magnitudes) = (difference?.double, sum.double)
    ratio = sum.isZero ? 0 : (difference?.magnitude.double ?? .infinity) / sum.double
    ratioFraction = ""
    (isExact, ratioAtMost, lastLevelBound) = (false, atMost.value, lastLevel)
    witness = Witness(x: x.map(\.double), y: y.map(\.double))
    (bound, boundRatio) = WorstResult.bound(accumulator, dot, n, x, y)
  }

  /// The tightest bound that holds for every input, at these; none where sums saturate.
  private static func bound(
    _ accumulator: AccumulatorOptions, _ dot: DotProduct, _ n: Int, _ x: [Dyadic], _ y: [Dyadic]
  ) -> (id: String?, ratio: Double?) {
    var overflowed = false
    let random = dot.isStochastic ? RandomStream(seed: 1, "witness") : nil
    _ = dot.evaluate(x.map { .finite($0) }, y.map { .finite($0) }, random: random) { if $0.rounded.flags.contains(.overflow) { overflowed = true } }
    if overflowed { return (nil, nil) }
    let products = zip(x, y).map { $0 * $1 }
    let (sum, magnitudes) = (products.reduce(Dyadic.zero, +), products.reduce(.zero) { $0 + $1.magnitude })
    let observation = Observation(magnitudes: Upward(magnitudes), sum: Upward(sum.magnitude))
    let problem = Problem.dot(accumulator.format, accumulator.format, accumulator.dot, count: n)
    let certificates = Bound.applicable(to: problem).filter { $0.bound.isCertain && $0.radius != nil }.compactMap { try? $0.certify(observation) }
    let best = certificates.filter { $0.ratio != nil }.min { $0.ratio! < $1.ratio! }
    return (best?.bound.id, best?.ratio?.value)
  }

  static let columns = [
    "n", "ratio", "ratio_fraction", "is_exact", "ratio_at_most", "max_abs_error", "largest_error", "smallest_error", "error", "magnitudes", "bound",
    "bound_ratio",
  ]

  var fields: [String] {
    func text(_ x: Double?) -> String { x?.shortDescription ?? "" }
    return ["\(n)", ratio.shortDescription, ratioFraction, "\(isExact)", ratioAtMost.shortDescription] + [maxAbsError, largestError, smallestError, error].map(text)
      + [magnitudes.shortDescription, bound ?? "", text(boundRatio)]
  }
}

extension Dyadic {
  var double: Double { Value.finite(self).double }
}

/// The document `fmtlab.worst/1`.
struct WorstReport: Encodable {
  let schema = "fmtlab.worst/1"
  let format, accumulator, product, onOverflow: String
  @Nullable var range: Double?
  let results: [WorstResult]
  @Nullable var growth: Growth?

  struct Growth: Codable, Hashable, Sendable {
    /// lim (largest error) / n.
    let errorPerTerm: Double
    /// A reachable sum, and the largest term that it swallows.
    @Nullable var swallowingSum: Double?
    @Nullable var swallowedTerm: Double?
    let states: Int
  }

  private enum CodingKeys: String, CodingKey { case schema, format, accumulator, product, onOverflow, range, results, growth }

  init(_ accumulator: AccumulatorOptions, _ exact: ExactOptions, _ results: [WorstResult], _ growth: ErrorGrowth?) {
    (format, self.accumulator, product) = (accumulator.format.name, "\(accumulator.acc)", "\(accumulator.product)")
    (onOverflow, range, self.results) = ((exact.onOverflow ?? .exclude).rawValue, exact.range?.double, results)
    self.growth = growth.map {
      Growth(
        errorPerTerm: $0.perTerm, swallowingSum: $0.stagnation?.sum.double, swallowedTerm: $0.stagnation?.term.double, states: $0.states)
    }
  }

  /// With one length, its fields also stand at the top of the document.
  func encode(to encoder: any Encoder) throws {
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

  // MARK: Text

  func print() {
    let inputs = range.map { "inputs up to \($0.shortDescription)" } ?? "all inputs"
    Output.print(wrap("worst |error| / A over \(inputs), A = sum |x y|: \(format) in \(accumulator), products \(product)", 100))
    let isExact = results.allSatisfy(\.isExact)
    var table = Table(["n", isExact ? "exact" : "attained", isExact ? "" : "at most", "max |error|", "tightest bound", ""], leftAligned: [5])
    for r in results {
      let isAttained = r.isExact && r.boundRatio.map { abs($0 / r.ratio - 1) <= 0x1p-40 } ?? false
      table.add([
        "\(r.n)", r.isExact ? r.fractionText : r.ratio.figure(6), r.isExact ? r.ratio.figure(6) : r.ratioAtMost.roundedUp(6),
        r.maxAbsError?.figure(7) ?? "-", r.boundRatio?.roundedUp(6) ?? "-", (r.bound ?? "none") + (isAttained ? ", attained" : ""),
      ])
    }
    Output.print(table.lines())
    Output.print(treatment)
    if let bound = results.first?.lastLevelBound {
      Output.print("  (chunks exactly; the errors of the last level are held by \(bound))")
    }
    if let growth {
      Output.print("as n grows the largest |error| tends to \(growth.errorPerTerm.figure(6)) n (\(growth.states) states)")
      if let sum = growth.swallowingSum, let term = growth.swallowedTerm {
        Output.print(wrap("  \(sum.figure(6)) can be reached and swallows \(term.figure(6)), so the worst ratio tends to 1 at least", 98))
      }
    }
    let last = results[results.count - 1]
    Output.print(last.ratio.isFinite ? "a witness at n = \(last.n):" : "inputs that overflow at n = \(last.n):")
    Output.print(wrap("x  " + WorstReport.runs(last.witness.x), 96).enumerated().map { ($0 == 0 ? "  " : "     ") + $1 })
    Output.print(wrap("y  " + WorstReport.runs(last.witness.y), 96).enumerated().map { ($0 == 0 ? "  " : "     ") + $1 })
    Output.print("  error \(last.error?.figure(7) ?? "unbounded"), A = \(last.magnitudes.figure(7))\(last.n > 1 ? "; 15*3 is 3, fifteen times (--json lists all)" : "")")
  }

  private var treatment: String {
    switch OverflowTreatment(rawValue: onOverflow)! {
    case .exclude: "  (inputs whose running sum overflows are left out)"
    case .saturate: "  (sums that overflow stay at the largest number)"
    case .absorb: "  (a sum that overflows is lost: its error has no bound)"
    }
  }

  /// Numbers with repetitions counted: 240, 15*0.5.
  static func runs(_ numbers: [Double]) -> String {
    var runs: [(number: Double, count: Int)] = []
    for x in numbers {
      if let last = runs.last, last.number == x { runs[runs.count - 1].count += 1 } else { runs.append((x, 1)) }
    }
    return runs.map { ($0.count == 1 ? "" : "\($0.count)*") + $0.number.shortDescription }.joined(separator: ", ")
  }

  // MARK: Picture

  func figure(_ question: WorstQuestion) -> Figure {
    func points(_ y: (WorstResult) -> Double?) -> [(x: Double, y: Double)] { results.compactMap { r in y(r).map { (Double(r.n), $0) } } }
    let isExact = results.allSatisfy(\.isExact)
    return Figure(
      title: "worst case of \(format) in \(accumulator), products \(product)", x: .init("n, terms of the dot product", .log2),
      y: .init("|error| / sum |x y|", .log10, to: 10),
      series: [
        Figure.Series(isExact ? "exact worst case" : "attained", points(\.ratio), .measured),
        Figure.Series("tightest bound", points(\.boundRatio), .bound),
      ] + (isExact ? [] : [Figure.Series("at most", points(\.ratioAtMost), .bound)]))
  }
}

extension WorstResult {
  /// The fraction, if it is short enough to read.
  fileprivate var fractionText: String { ratioFraction.count <= 24 ? ratioFraction : "-" }
}
