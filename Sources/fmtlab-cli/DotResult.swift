// SPDX-License-Identifier: Apache-2.0
// One dot product: its computed and exact values, their difference, and what bounds it.

import FmtLab

/// One dot product beside the exact one.
struct DotResult: Encodable {
  let n: Int
  /// The exact value, as the nearest double and in decimal.
  let exact: Double
  let exactDecimal: String
  let exactIsRounded: Bool
  let result: Double
  let hex: String
  @Nullable var error: Double?
  @Nullable var ratio: Double?
  @Nullable var ulps: Double?
  @Nullable var condition: Double?
  /// Two numbers with the exact value between them, from rounding down and up throughout, where that encloses it.
  @Nullable var enclosure: [Double]?
  let overflow: Bool
  let swallowed: Int
  /// Tightest first.
  let bounds: [BoundRow]
  let inapplicable: [InapplicableRow]
  /// The result itself, which a double may not hold.
  let value: Value
  /// error and condition in at most 6 digits, also beyond the range of doubles.
  let errorText, conditionText: String

  struct BoundRow: Encodable {
    let id, kind: String
    /// Of |error|.
    let value: Double
    @Nullable var ratio: Double?
    /// Of a bound that may fail in some evaluations.
    @Nullable var confidence: Double?
    let violated: Bool
  }

  struct InapplicableRow: Encodable {
    let id: String
    let reasons: [String]
  }

  private enum CodingKeys: String, CodingKey {
    case n, exact, exactDecimal, exactIsRounded, result, hex, error, ratio, ulps, condition, enclosure, overflow, swallowed, bounds, inapplicable
  }

  init(_ format: Format, _ dot: DotProduct, _ x: [Value], _ y: [Value], from start: Value, _ random: RandomStream) {
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

  static let columns = [
    "n", "exact", "result", "hex", "error", "ratio", "ulps", "condition", "overflow", "swallowed", "bound", "bound_value", "bound_ratio",
  ]

  /// The columns as CSV, with the tightest bound.
  var fields: [String] {
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
