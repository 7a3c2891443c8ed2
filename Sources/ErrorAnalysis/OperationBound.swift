// SPDX-License-Identifier: Apache-2.0
// Bounds of the double-word algorithms, with what exhaustion found at few bits.

public import Accumulation
public import Formats

/// A bound of the relative error of one double-word operation.
///
/// Like ``Bound``, it is given only where its hypotheses hold. Beside it stand the largest errors at p = 2, 3 and 4, exact maxima over all
/// double words within a window of binades (`DoubleWordCheck` with `binades: window`); a wider window may hold larger ones.
public struct OperationBound: Sendable {
  /// The algorithm that it bounds.
  public let operation: DoubleWordOperation
  /// The bound from each precision on, the largest precision last.
  public let forms: [Form]
  /// Whether x and y must not have opposite signs.
  public let needsSameSigns: Bool
  /// Who proved it.
  public let source: String
  /// Where the proof is written down, relative to the root of the package.
  public let proof: String
  /// The theorem of proofs/coq that a machine has checked, as File.theorem; none for what is cited only.
  public let theorems: [String]
  /// The largest |z − r| / |r| in u² at p = 2, 3 and 4, cut to three decimals.
  public let largest: [Double]

  /// |z − r| ≤ factor · |r| for p ≥ precision, u = 2^-p.
  public struct Form: Sendable {
    /// The least p that it holds for.
    public let precision: Int
    /// The bound as a formula in u.
    public let text: String
    let factor: @Sendable (_ u: Upward) -> Upward
  }

  /// Binades of the windows in which ``largest`` was found, by p.
  public static let windows = [2: 8, 3: 8, 4: 5]

  /// A stable name, such as `dw.plusfp`.
  public var id: String { "dw.\(operation.rawValue.hasPrefix("dw") ? String(operation.rawValue.dropFirst(2)) : operation.rawValue)" }

  /// The inequality for each precision.
  public var statement: String {
    "|z − r| ≤ c |r|, r the exact result; " + forms.map { "c = \($0.text) for p ≥ \($0.precision)" }.joined(separator: ", ")
  }

  /// What must hold of operands and format, in words.
  public var hypotheses: [String] {
    ["rne", "p ≥ \(forms[0].precision)", "x and y are double words", "no operation overflows or loses bits below η"]
      + (needsSameSigns ? ["x and y do not have opposite signs"] : [])
  }

  /// The bound in a precision; `nil` for one that it does not cover.
  public func relativeError(precision p: Int) -> Upward? {
    forms.last { $0.precision <= p }.map { $0.factor(Upward(Dyadic.power(-p))) }
  }

  /// The bound in a format and mode; `nil` where it is not known to hold whatever the operands are: of other modes, and of formats that are not
  /// F(p, emin).
  public func relativeError(in rounder: Rounder) -> Upward? {
    let format = rounder.format
    guard rounder.rounding == .nearestEven, rounder.subnormals == .keep, format.isFloating, !format.isTapered, format.isSigned,
      format.minPositive == .power(format.quantumExponent)
    else { return nil }
    return relativeError(precision: format.precision)
  }

  /// The bound of an algorithm; there is one of each.
  public static func of(_ operation: DoubleWordOperation) -> OperationBound { catalogue.first { $0.operation == operation }! }

  /// The bound of each double-word algorithm.
  public static let catalogue: [OperationBound] = [
    entry(.plusFP, [1.230, 1.560, 1.765], [Form(precision: 2, text: "2u²") { two * $0 * $0 }], theorem: "DoubleWordSums.plus_number_bound"),
    entry(
      .sloppyPlus, [1.029, 1.461, 2.015], [Form(precision: 2, text: "3u² + 2u³") { (three + two * $0) * $0 * $0 }], needsSameSigns: true,
      source: "proved here", theorem: "DoubleWordSums.sloppy_plus_bound"),
    entry(
      .accuratePlus, [1.267, 2.161, 2.497], [Form(precision: 3, text: "3u²/(1 − 5u/2)") { three * $0 * $0 * reciprocal(oneMinus: Upward(2.5) * $0) }],
      source: "proved here; after \(published)", theorem: "DoubleWordAccurateSum.accurate_plus_bound"),
    entry(
      .timesFP1, [0.484, 1.198, 1.300], [Form(precision: 2, text: "3/2 u² + 4u³") { (Upward(1.5) + Upward(4) * $0) * $0 * $0 }],
      theorem: "DoubleWordTimesNumber.times_number_1_bound"),
    entry(
      .timesFP2, [0.484, 1.461, 1.681], [Form(precision: 2, text: "3u²") { three * $0 * $0 }], theorem: "DoubleWordTimesNumber.times_number_2_bound"),
    entry(
      .timesFP3, [0.410, 1.163, 1.236], [Form(precision: 2, text: "2u²") { two * $0 * $0 }], theorem: "DoubleWordTimesNumber.times_number_3_bound"),
    entry(
      .times1, [1.127, 2.226, 3.483],
      [Form(precision: 2, text: "7u²") { Upward(7) * $0 * $0 }, Form(precision: 4, text: "5u²") { Upward(5) * $0 * $0 }],
      source: "proved here; after \(published)", theorem: "DoubleWordTimesPlain.times_1_constants"),
    entry(
      .times2, [1.127, 2.226, 3.062],
      [Form(precision: 2, text: "7u²") { Upward(7) * $0 * $0 }, Form(precision: 3, text: "5u²") { Upward(5) * $0 * $0 }],
      source: "proved here; after \(published)", theorem: "DoubleWordTimesFused.times_2_constants"),
    entry(
      .times3, [1.127, 2.220, 2.781],
      [
        Form(precision: 2, text: "6u²") { Upward(6) * $0 * $0 }, Form(precision: 3, text: "5u²") { Upward(5) * $0 * $0 },
        Form(precision: 4, text: "4u²") { Upward(4) * $0 * $0 },
      ], source: "proved here; after \(published)", theorem: "DoubleWordTimesFused.times_3_constants"),
    entry(.dividedByFP, [1.103, 1.391, 1.709], [Form(precision: 4, text: "3u²") { three * $0 * $0 }]),
    entry(
      .divided, [2.236, 4.164, 4.823], [Form(precision: 3, text: "25/2 u² + 56u³") { (Upward(12.5) + Upward(56) * $0) * $0 * $0 }],
      source: "proved here; after \(published)", theorem: "DoubleWordQuotient.quotient_bound"),
    entry(
      .squareRoot, [0.935, 1.562, 1.795], [Form(precision: 3, text: "33/8 u² and higher powers (in the proof)", factor: squareRoot)],
      source: "proved here", theorem: "DoubleWordRoot.root_bound"),
  ]

  private static let (two, three) = (Upward(2), Upward(3))
  private static let published =
    "Joldes, Muller and Popescu, ACM Trans. Math. Softw. 44(2) (2017); Muller and Rideau, ACM Trans. Math. Softw. 48(1) (2022), in Coq"

  /// 1 / (1 − x).
  private static func reciprocal(oneMinus x: Upward) -> Upward { Upward(1) + x.overOneMinusItself }

  /// The bound of proofs/expansions.md#double-words for the root.
  @Sendable private static func squareRoot(_ u: Upward) -> Upward {
    let (one, v) = (Upward(1), u.overOnePlusItself)
    let inverse = reciprocal(oneMinus: v)
    let d = (two * v + v * v + u) * inverse * inverse
    let curvature = reciprocal(oneMinus: d)
    let newton = d * d * Upward(0.125) * curvature * curvature
    return (newton + (two * v + v * v) * d * Upward(0.5)) * (one + v) * reciprocal(oneMinus: u)
  }

  private static func entry(
    _ operation: DoubleWordOperation, _ largest: [Double], _ forms: [Form], needsSameSigns: Bool = false, source: String = published,
    theorem: String? = nil
  ) -> OperationBound {
    OperationBound(
      operation: operation, forms: forms, needsSameSigns: needsSameSigns, source: source, proof: "proofs/expansions.md#double-words",
      theorems: theorem.map { [$0] } ?? [], largest: largest)
  }
}
