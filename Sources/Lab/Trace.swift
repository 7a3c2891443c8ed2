// SPDX-License-Identifier: Apache-2.0
// A dot product, rounding by rounding: what happened, and from where on the result is lost.

public import Accumulation
public import Formats

/// The roundings of one dot product in the order in which they were carried out, each with its error and the error so far.
///
/// The error so far is Σ of the local errors, which at the end is computed − exact; it is not known within a compensated sum, whose
/// operations make up for one another.
public struct Trace: Sendable {
  /// In the order in which they were taken.
  public let steps: [Row]
  /// The number of the first step from which on the error so far exceeds half the exact result: from there no digit of it is correct.
  public let lostFrom: Int?

  /// One rounding.
  public struct Row: Sendable {
    /// From 1 on.
    public let number: Int
    /// The rounder that took the step.
    public let accumulator: Rounder
    /// What was rounded.
    public let kind: Step.Kind
    /// What is added, the accumulator before it, their exact sum and that sum rounded. A block's term is the exact sum of its products.
    public let term, before: Value
    /// before + term.
    public let exact: Double
    /// What the accumulator holds after the step.
    public let rounded: Value
    /// rounded − exact in units in the last place of `rounded`; `nil` where either is not finite.
    public let ulps: Double?
    /// The error so far.
    public let error: Double?
    /// What is remarkable, if anything.
    public let mark: Mark?
  }

  /// What is remarkable about a rounding.
  public enum Mark: String, Sendable {
    /// A nonzero term left the accumulator as it was.
    case swallowed
    /// Operands of opposite signs of which at most half of the larger is left.
    case cancelled
    /// The result is the largest number, or wraps around.
    case saturated
    /// The result is not a number of the format.
    case overflowed
  }

  /// Carries the dot product out. Shape, rounding and random bits as in ``DotProduct/evaluate(_:_:initial:random:observe:)``.
  ///
  /// - Parameter format: the format of x and y.
  /// - Complexity: O(n) roundings and exact additions.
  public init(
    _ dot: DotProduct, _ format: Format, _ x: [Value], _ y: [Value], initial: Value = .zero, random: RandomStream? = nil
  ) {
    var tracer = Tracer(dot, format)
    _ = dot.evaluate(x, y, initial: initial, random: random) { tracer.note($0) }
    steps = tracer.rows
    var result = tracer.window
    for term in zip(x, y).map(Extended.product) + [initial] {
      if let number = term.dyadic { result += number }
    }
    let half = abs(result.double) / 2
    let isLost = steps.map { $0.error.map { abs($0) > half } ?? false }
    let first = isLost.lastIndex(of: false).map { $0 + 1 } ?? 0
    lostFrom = first < steps.count ? steps[first].number : nil
  }
}

/// Makes rows of steps.
private struct Tracer {
  /// An empty sum for every number of the evaluation.
  let window: ExactSum
  private(set) var rows: [Trace.Row] = []
  private var error: ExactSum
  /// Whether the error so far is the sum of the local errors.
  private var isKnown: Bool

  init(_ dot: DotProduct, _ format: Format) {
    var formats = dot.plan.rounders.map(\.format) + [dot.plan.output.format]
    if case .rounded(let rounder) = dot.product { formats.append(rounder.format) }
    // Wide enough for products, sums of many values, and their differences.
    let lowest = formats.map(\.quantumExponent) + [2 * format.quantumExponent]
    let highest = (formats + [format]).map { max($0.maxFinite, $0.minFinite.magnitude) }.filter { !$0.isZero }.map { 2 * abs($0.floorLog2) + 3 }
    window = ExactSum(lowest: lowest.min()!, highest: (highest.max() ?? 0) + 1)
    error = window
    isKnown = !dot.plan.isCompensated
  }

  mutating func note(_ step: Step) {
    let terms = step.kind == .block ? step.addends : [step.term]
    var exact = window
    for value in [step.before] + terms {
      if let number = value.dyadic { exact += number } else { isKnown = false }
    }
    let isFinite = ([step.before, step.rounded.value] + terms).allSatisfy(\.isFinite)
    var local = exact
    var ulps: Double?
    if isFinite, let result = step.rounded.value.dyadic {
      local -= result
      ulps = 0 - local.double / Value.finite(step.rounder.format.ulp(result)).double
      error += result
      for value in [step.before] + terms { value.dyadic.map { error -= $0 } }
    } else {
      isKnown = false
    }
    var ofTerms = window
    for value in terms { value.dyadic.map { ofTerms += $0 } }
    let term = step.kind == .block ? Value(ofTerms.double) : step.term
    rows.append(Trace.Row(
      number: rows.count + 1, accumulator: step.rounder, kind: step.kind, term: term, before: step.before,
      exact: isFinite ? exact.double : step.rounded.value.double, rounded: step.rounded.value, ulps: ulps,
      error: isKnown ? error.double : nil, mark: mark(step, term, exact, isFinite)))
  }

  private func mark(_ step: Step, _ term: Value, _ exact: ExactSum, _ isFinite: Bool) -> Trace.Mark? {
    if step.rounded.flags.contains(.overflow) { return step.rounded.value.isFinite ? .saturated : .overflowed }
    guard isFinite, step.kind != .product else { return nil }
    if step.isSwallowed { return .swallowed }
    let (a, b) = (step.before.double, term.double)
    return a * b < 0 && abs(exact.double) <= max(abs(a), abs(b)) / 2 ? .cancelled : nil
  }
}

// MARK: - Picture

extension Trace {
  /// The accumulator, the error so far and the terms that were swallowed, against the steps.
  public func figure(title: String) -> Figure {
    let points = { (value: (Row) -> Double?) in steps.compactMap { row in value(row).map { (Double(row.number), abs($0)) } } }
    return Figure(
      title: title, x: .init("step"), y: .init("magnitude", .log10),
      series: [
        .init("accumulator", points { $0.rounded.double }, .curve),
        .init("error so far", points { $0.error }, .curve),
        .init("swallowed terms", points { $0.mark == .swallowed ? $0.term.double : nil }, .ring),
      ])
  }
}

/// A step as JSON and CSV.
package struct TraceRow: Encodable {
  let step: Int
  let kind, accumulator: String
  let before, term, exact, rounded: Double
  let hex: String
  @Nullable var ulps: Double?
  @Nullable var error: Double?
  @Nullable var mark: String?

  package init(_ row: Trace.Row) {
    (step, kind, accumulator) = (row.number, TraceRow.name(row.kind), "\(row.accumulator)")
    (before, term, exact, rounded) = (row.before.double, row.term.double, row.exact, row.rounded.double)
    (hex, ulps, error, mark) = (row.rounded.hexDescription, row.ulps, row.error, row.mark?.rawValue)
  }

  private static func name(_ kind: Step.Kind) -> String {
    switch kind {
    case .product: "product"
    case .addition: "addition"
    case .correction: "correction"
    case .block: "block"
    case .exact: "exact"
    }
  }

  package static let columns = ["step", "kind", "accumulator", "before", "term", "exact", "rounded", "hex", "ulps", "error", "mark"]

  package var fields: [String] {
    ["\(step)", kind, accumulator, before.shortDescription, term.shortDescription, exact.shortDescription, rounded.shortDescription, hex]
      + [ulps?.shortDescription ?? "", error?.shortDescription ?? "", mark ?? ""]
  }
}
