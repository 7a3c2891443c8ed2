// SPDX-License-Identifier: Apache-2.0
// Error-free transforms by name, with what must hold for each of them to be one.

public import Formats

/// An algorithm that turns one or two numbers into a rounded result and its error.
public enum ErrorFreeTransform: Hashable, Sendable {
  /// s = o(a + b) and e = a + b − s: by six additions for any a and b, by three for |a| ≥ |b|; p = o(a b) and e = a b − p by a fused multiply-add.
  case twoSum, fast2Sum, twoProductFMA
  /// Veltkamp's split with C = 2^s + 1.
  case split(at: Int)
  /// Dekker's product, of halves split so.
  case dekkerProduct(at: Int)

  /// Something that must hold for the error to be exact.
  public enum Hypothesis: String, CaseIterable, Sendable {
    /// What must hold so that value and error together are exactly the true result; ``statement`` has each in words. η is the smallest positive
    /// number.
    case nearest, ordered, noOverflow, notTiny, splitPoint

    /// The condition as a formula.
    public var statement: String {
      switch self {
      case .nearest: "to nearest, subnormals kept"
      case .ordered: "|a| ≥ |b|"
      case .noOverflow: "no operation overflows"
      case .notTiny: "ab = 0 or |ab| ≥ 2^(2p−1) η"
      case .splitPoint: "s = ⌈p/2⌉, or p/2 + 1 for even p"
      }
    }
  }

  /// What the theorem on this transform asks for.
  public var hypotheses: [Hypothesis] {
    switch self {
    case .twoSum: [.nearest, .noOverflow]
    case .fast2Sum: [.nearest, .ordered, .noOverflow]
    case .twoProductFMA: [.notTiny, .noOverflow]
    case .split: [.nearest, .noOverflow]
    case .dekkerProduct: [.nearest, .splitPoint, .notTiny, .noOverflow]
    }
  }

  /// The names that the command line knows.
  public static let names = ["twosum", "fast2sum", "twoprodfma", "split", "dekker"]

  /// The name on the command line, split point included.
  public var name: String {
    switch self {
    case .twoSum: "twosum"
    case .fast2Sum: "fast2sum"
    case .twoProductFMA: "twoprodfma"
    case .split: "split"
    case .dekkerProduct: "dekker"
    }
  }

  /// What it is, in one line.
  public var summary: String {
    switch self {
    case .twoSum: "2Sum: s = o(a + b) and its error, six additions"
    case .fast2Sum: "Fast2Sum: the same for |a| ≥ |b|, three additions"
    case .twoProductFMA: "2Prod: h = o(ab) and its error by one fma"
    case .split(let s): "Veltkamp's split of x at s = \(s): h of p − s bits and l of s bits, h + l = x"
    case .dekkerProduct(let s): "Dekker's product: o(ab) and its error without fma, operands split at s = \(s)"
    }
  }

  /// 1 for a split, 2 for all others.
  public var operandCount: Int {
    if case .split = self { 1 } else { 2 }
  }

  /// ⌈p/2⌉.
  public static func defaultSplitPoint(precision p: Int) -> Int { (p + 1) / 2 }

  /// The transform of a name (or of the field's other names) in a format of precision p; `nil` if there is none. `splitPoint` in 1 … p − 1.
  public init?(_ name: String, precision p: Int, splitPoint: Int? = nil) {
    let s = splitPoint ?? ErrorFreeTransform.defaultSplitPoint(precision: p)
    switch name.lowercased().filter({ $0 != "-" && $0 != "_" }) {
    case "twosum", "2sum": self = .twoSum
    case "fast2sum", "fasttwosum", "quicktwosum": self = .fast2Sum
    case "twoprodfma", "twoproductfma", "2prodfma", "2prod", "twoprod": self = .twoProductFMA
    case "split", "veltkamp": self = .split(at: s)
    case "dekker", "twoproddekker", "dekkerproduct": self = .dekkerProduct(at: s)
    default: return nil
    }
  }

  /// s, if the transform splits.
  public var splitPoint: Int? {
    switch self {
    case .split(let s), .dekkerProduct(let s): s
    case .twoSum, .fast2Sum, .twoProductFMA: nil
    }
  }

  /// 2^s + 1, likewise.
  public var splitter: Dyadic? { splitPoint.map { .power($0) + 1 } }
}

// MARK: - Carrying one out

/// What a transform gave, and whether it had to be exact.
public struct Transformed: Hashable, Sendable {
  /// The rounded result; of a split, the high part.
  public let value: Value
  /// What is meant to be the exact result minus the value.
  public let error: Value
  /// The hypotheses that did not hold. If there is none, value + error is the exact result.
  public let failed: [ErrorFreeTransform.Hypothesis]
}

extension ErrorFreeTransform {
  /// The transform of one (`split`) or two numbers of the rounder's format.
  ///
  /// - Random: as ``ValueArithmetic``.
  /// - Complexity: 3 to 17 roundings.
  public func callAsFunction(_ operands: Value..., in rounder: Rounder, random: RandomStream? = nil) -> Transformed {
    precondition(operands.count == operandCount, "\(name) takes \(operandCount) operands")
    var arithmetic = ValueArithmetic(rounder, random: random)
    let (a, b) = (operands[0], operands.last!)
    let (value, error) = apply(a, b, splitter: splitter.map { .finite($0) } ?? .zero, in: &arithmetic)
    let failed = hypotheses.filter { hypothesis in
      switch hypothesis {
      case .nearest: !rounder.rounding.isNearest || rounder.subnormals != .keep
      case .ordered: a.isBelow(b)
      case .noOverflow: !arithmetic.flags.isDisjoint(with: [.overflow, .invalid]) || !value.isFinite
      case .notTiny: isTiny(a, b, rounder.format)
      case .splitPoint: !hasProvenSplitPoint(precision: rounder.format.precision)
      }
    }
    return Transformed(value: value, error: error, failed: failed)
  }

  /// Value and error in any arithmetic; `splitter` is 2^s + 1 where the transform splits.
  @inlinable
  public func apply<A: RoundedArithmetic>(
    _ a: A.Number, _ b: A.Number, splitter c: A.Number, in arithmetic: inout A
  ) -> (value: A.Number, error: A.Number) {
    switch self {
    case .twoSum: return arithmetic.twoSum(a, b)
    case .fast2Sum: return arithmetic.fast2Sum(a, b)
    case .twoProductFMA: return arithmetic.twoProductFMA(a, b)
    case .split:
      let (high, low) = arithmetic.split(a, by: c)
      return (high, low)
    case .dekkerProduct: return arithmetic.dekkerProduct(a, b, by: c)
    }
  }

  /// Whether 0 < |ab| < 2^(2p−1) η.
  private func isTiny(_ a: Value, _ b: Value, _ format: Format) -> Bool {
    guard let x = a.dyadic, let y = b.dyadic, !x.isZero, !y.isZero else { return false }
    return (x * y).floorLog2 < format.quantumExponent + 2 * format.precision - 1
  }

  /// Whether the transform cuts, if it does, where its theorem says.
  public func hasProvenSplitPoint(precision p: Int) -> Bool {
    switch self {
    case .twoSum, .fast2Sum, .twoProductFMA: true
    case .split(let s): (1..<p).contains(s)
    case .dekkerProduct(let s): s == (p + 1) / 2 || p % 2 == 0 && s == p / 2 + 1
    }
  }
}

extension Value {
  /// |a| < |b|; false if one of them is not finite.
  func isBelow(_ b: Value) -> Bool {
    guard let x = dyadic, let y = b.dyadic else { return false }
    return x.magnitude < y.magnitude
  }
}
