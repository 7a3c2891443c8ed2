// SPDX-License-Identifier: Apache-2.0
// Dot products: their computed and exact values, the differences, and what bounds these.

public import Accumulation
internal import ErrorAnalysis
public import Formats
internal import Multiprecision

/// The document `fmtlab.dot/1`: dot products carried out in one way.
public struct DotReport: Encodable, Sendable {
  /// `fmtlab.dot/1`.
  public let schema = "fmtlab.dot/1"
  /// Format, plan and products as text.
  public let format, accumulator, product: String
  /// Of all random bits.
  public let seed: UInt64
  /// One for each dot product, in order.
  public let results: [DotResult]
  /// The steps of the one dot product, where they were asked for.
  public var trace: Trace?

  /// The document of dot products that were carried out by `dot` on vectors of `format`.
  public init(_ format: Format, _ dot: DotProduct, seed: UInt64, _ results: [DotResult], trace: Trace? = nil) {
    (self.format, accumulator, product) = (format.name, "\(dot.plan)", "\(dot.product)")
    (self.seed, self.results, self.trace) = (seed, results, trace)
  }

  private enum CodingKeys: String, CodingKey { case schema, format, accumulator, product, seed, results, trace, lostFrom }

  /// With one dot product, its fields also stand at the top of the document.
  public func encode(to encoder: any Encoder) throws {
    if results.count == 1 { try results[0].encode(to: encoder) }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(schema, forKey: .schema)
    try container.encode(format, forKey: .format)
    try container.encode(accumulator, forKey: .accumulator)
    try container.encode(product, forKey: .product)
    try container.encode(seed, forKey: .seed)
    try container.encode(results, forKey: .results)
    guard let trace else { return }
    try container.encode(trace.steps.map(TraceRow.init), forKey: .trace)
    try container.encode(Nullable(wrappedValue: trace.lostFrom), forKey: .lostFrom)
  }
}

/// One dot product beside the exact one. With A = Σ|x y| (and |c| for a starting value c):
public struct DotResult: Encodable, Sendable {
  /// The length.
  public let n: Int
  /// The exact value, as the nearest double and in decimal, at most 40 digits.
  public let exact: Double
  /// The exact value in decimal, all digits unless `exactIsRounded`.
  public let exactDecimal: String
  /// Whether the decimal has too many digits to print.
  public let exactIsRounded: Bool
  /// The computed one, as the nearest double and exactly.
  public let result: Double
  /// The result in C99 hexadecimal.
  public let hex: String
  /// computed − exact; null where either is not finite.
  @Nullable public private(set) var error: Double?
  /// |error| / A.
  @Nullable public private(set) var ratio: Double?
  /// The error in units of the accumulator's spacing at the exact value.
  @Nullable public private(set) var ulps: Double?
  /// A / |exact|.
  @Nullable public private(set) var condition: Double?
  /// Two numbers with the exact value between them, from rounding down and up throughout, where that encloses it.
  @Nullable public private(set) var enclosure: [Double]?
  /// Whether a rounding overflowed.
  public let overflow: Bool
  /// Additions of a nonzero term that left the accumulator unchanged.
  public let swallowed: Int
  /// Those whose hypotheses hold, tightest first.
  public let bounds: [BoundRow]
  /// Bounds that do not apply, and why.
  public let inapplicable: [InapplicableRow]
  /// The result itself, which a double may not hold.
  public let value: Value
  /// error and condition in at most 6 digits, also beyond the range of doubles.
  package let errorText, conditionText: String

  /// A bound that applies, evaluated for this dot product.
  public struct BoundRow: Encodable, Sendable {
    /// As ``Bound/id``, and its kind in a word.
    public let id, kind: String
    /// Of |error|, rounded up.
    public let value: Double
    /// value / A.
    @Nullable public private(set) var ratio: Double?
    /// Of a bound that may fail in some evaluations.
    @Nullable public private(set) var confidence: Double?
    public let violated: Bool
  }

  /// A bound that does not apply.
  public struct InapplicableRow: Encodable, Sendable {
    /// As ``Bound/id``.
    public let id: String
    /// The hypotheses that do not hold.
    public let reasons: [String]
  }

  private enum CodingKeys: String, CodingKey {
    case n, exact, exactDecimal, exactIsRounded, result, hex, error, ratio, ulps, condition, enclosure, overflow, swallowed, bounds, inapplicable
  }

  /// Carries out a dot product, and measures it.
  ///
  /// - Parameters:
  ///   - format: the format of x and y, which are of one length.
  ///   - start: where the accumulator starts, a number of its format.
  ///   - random: the bits of stochastic roundings.
  /// - Complexity: O(n); all numbers but the printed ones are exact, bounds are rounded up.
  public init(
    _ format: Format, _ dot: DotProduct, _ x: [Value], _ y: [Value], from start: Value = .zero, _ random: RandomStream = RandomStream(seed: 1, "dot").child(0)
  ) {
    let output = dot.plan.output.format
    var sum = ExactSum(products: format, format, and: output)
    var magnitudes = sum
    // Infinities and NaN among the terms, added as IEEE 754 does.
    var special = Value.zero
    for term in zip(x, y).map(Extended.product) + [start] {
      if let number = term.dyadic {
        sum += number
        magnitudes += number.magnitude
      } else if special.isZero || special == term {
        special = term
      } else {
        special = .nan
      }
    }
    var observation = Observation(magnitudes: Upward(magnitudes.magnitudeRoundedUp), sum: Upward(sum.magnitudeRoundedUp))
    value = dot.evaluate(x, y, initial: start, random: random) { observation.note($0) }
    var difference: ExactSum?
    if special.isZero, let number = value.dyadic {
      difference = sum
      difference! -= number
    }

    n = x.count
    (result, hex) = (value.double, value.hexDescription)
    let decimal = special.isZero ? DecimalText(sum) : DecimalText(BigFloat(special))
    exact = special.isZero ? sum.double + 0 : special.double
    (exactDecimal, exactIsRounded) = (decimal.text, decimal.isRounded)
    error = difference.map { 0 - $0.double }
    errorText = difference.map { BigFloat($0).negated.figure(6) } ?? "-"
    ratio = difference.flatMap { $0.quotient(by: magnitudes) }.map { abs($0.double) }
    ulps = difference.map {
      let ulp = sum.isZero ? output.quantumExponent : output.ulpExponent(floorLog2: sum.unrounded.floorLog2)
      return 0 - BigFloat($0).scaled(by: -ulp).double
    }
    let quotient = special.isZero ? magnitudes.quotient(by: sum) : nil
    condition = quotient.map { abs($0.double) }
    conditionText = quotient.map { $0.isNegative ? $0.negated.figure(6) : $0.figure(6) } ?? "-"
    enclosure = special.isZero && value.isFinite ? dot.enclosure(x, y, initial: start).map { [below($0.low), -below(-$0.high)] } : nil
    (overflow, swallowed) = (observation.overflowed, observation.swallowed)

    let problem = Problem.dot(format, format, dot, count: x.count, hasInitial: !start.isZero)
    bounds = Bound.applicable(to: problem).compactMap { bound in
      guard let difference, let certificate = try? bound.certify(observation) else { return nil }
      return BoundRow(
        id: bound.bound.id, kind: bound.bound.kind.rawValue, value: certificate.value.value, ratio: certificate.ratio?.value,
        confidence: bound.bound.isCertain ? nil : 1 - Bound.defaultFailure, violated: difference.magnitudeRoundedUp > certificate.value.value)
    }.sorted { $0.value < $1.value }
    inapplicable = Bound.catalogue.compactMap { $0.inapplicability(to: problem) }.map { InapplicableRow(id: $0.id, reasons: $0.reasons) }
  }

  package static let columns = [
    "n", "exact", "result", "hex", "error", "ratio", "ulps", "condition", "overflow", "swallowed", "bound", "bound_value", "bound_ratio",
  ]

  /// The columns as CSV, with the tightest bound.
  package var fields: [String] {
    func text(_ x: Double?) -> String { x?.shortDescription ?? "" }
    return ["\(n)", exactDecimal, value.text(), hex, text(error), text(ratio), text(ulps), text(condition), "\(overflow)", "\(swallowed)"]
      + [bounds.first?.id ?? "", text(bounds.first?.value), text(bounds.first?.ratio)]
  }
}

/// The largest double that is not above a number.
private func below(_ x: Dyadic) -> Double {
  let nearest = Value.finite(x).double
  return Dyadic(nearest).map { $0 > x } ?? (nearest > 0) ? nearest.nextDown : nearest
}

extension BigFloat {
  fileprivate var negated: BigFloat { BigFloat(Value.zero).minus(self) }

  /// At most `digits` significant digits, also beyond the range of doubles.
  fileprivate func figure(_ digits: Int) -> String {
    let isBeyond = double.isInfinite && !isInfinite || double == 0 && !isZero
    return isBeyond ? DecimalText(self, digits: digits).text : double.figure(digits)
  }
}

extension DecimalText {
  /// An exact sum in decimal.
  init(_ sum: ExactSum) {
    // Its leading 128 bits at a time, as many as 40 decimal digits can need.
    var (rest, head) = (sum, BigFloat(Value.zero))
    for _ in 0..<4 where !rest.isZero {
      let x = rest.unrounded
      // The last bits are left to the next round, so that each part is a dyadic number.
      let part = Dyadic(Int128(x.magnitude >> 2), exponent: x.exponent + 2)
      let last = !x.isSticky && x.magnitude & 3 != 0 ? Dyadic(Int128(x.magnitude & 3), exponent: x.exponent) : .zero
      for piece in [part, last] where !piece.isZero {
        let signed = x.isNegative ? -piece : piece
        rest -= signed
        head = head.minus(BigFloat(-signed), precision: 1024)
      }
    }
    self.init(head, isCut: !rest.isZero)
  }
}

extension ExactSum {
  /// The quotient of two sums of any size to within a few units in the last place; nil by zero.
  func quotient(by divisor: ExactSum) -> BigFloat? {
    guard !divisor.isZero else { return nil }
    if isZero { return BigFloat(Value.zero) }
    let (a, b) = (unrounded.floorLog2, divisor.unrounded.floorLog2)
    let significands = BigFloat(self).scaled(by: -a).double / BigFloat(divisor).scaled(by: -b).double
    return BigFloat(Value(significands)).scaled(by: a - b)
  }
}
