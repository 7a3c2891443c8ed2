// SPDX-License-Identifier: Apache-2.0
// Comparisons, the total order, and classes of values, as IEEE 754 and IEEE P3109 define them.

// MARK: - Comparisons

extension Value {
  /// How two values stand to each other; exactly one holds.
  public enum Relation: Hashable, Sendable {
    /// Exactly as on the extended real line.
    case less, equal, greater
    /// One of the two is NaN.
    case unordered
  }

  /// The relation of x to y as numbers: −∞ < every finite value < +∞, −0 = +0, and NaN is unordered with everything, itself
  /// included.
  public func relation(to y: Value) -> Relation {
    switch (self, y) {
    case (.nan, _), (_, .nan): .unordered
    case (.infinity(let p), .infinity(let q)): p == q ? .equal : p ? .less : .greater
    case (.infinity(let negative), _): negative ? .less : .greater
    case (_, .infinity(let negative)): negative ? .greater : .less
    default: dyadic! < y.dyadic! ? .less : dyadic! == y.dyadic! ? .equal : .greater
    }
  }

  /// x < y (CompareLess of P3109); false when unordered, like all five comparisons.
  public func isLess(than y: Value) -> Bool { relation(to: y) == .less }

  /// x ≤ y (CompareLessEqual).
  public func isLessThanOrEqual(to y: Value) -> Bool { [.less, .equal].contains(relation(to: y)) }

  /// x = y as numbers (CompareEqual): other than with `==`, the zeros are equal, and NaN is not equal to itself.
  public func isEqual(to y: Value) -> Bool { relation(to: y) == .equal }

  /// x > y (CompareGreater).
  public func isGreater(than y: Value) -> Bool { relation(to: y) == .greater }

  /// x ≥ y (CompareGreaterEqual).
  public func isGreaterThanOrEqual(to y: Value) -> Bool { [.greater, .equal].contains(relation(to: y)) }

  /// Whether x comes before y, or is y, in the total order NaN, −∞, negative numbers, −0, +0, positive numbers, +∞.
  ///
  /// This is TotalOrder of P3109, whose NaN has no sign and comes first, with the zeros in the order of IEEE 754. (IEEE 754
  /// puts a NaN with sign bit 0 last; a sign of NaN is a fact of codes, not of values.)
  public func isTotallyOrdered(belowOrEqualTo y: Value) -> Bool {
    switch relation(to: y) {
    case .less: true
    case .greater: false
    case .equal: isNegative || !y.isNegative
    case .unordered: self == .nan
    }
  }
}

// MARK: - Classes

extension Value {
  /// Whether it is no number.
  public var isNaN: Bool { self == .nan }

  /// Whether it is an infinity of either sign.
  public var isInfinite: Bool {
    if case .infinity = self { true } else { false }
  }

  /// Whether it is 1.
  public var isOne: Bool { self == .finite(1) }

  /// The classes of IEEE 754's `class` without the signaling NaN; P3109 has no `negativeZero`.
  public enum SignedClass: String, Hashable, Sendable, CaseIterable {
    /// NaN, then from −∞ up to −0.
    case nan, negativeInfinity, negativeNormal, negativeSubnormal, negativeZero
    /// From +0 up to +∞.
    case positiveZero, positiveSubnormal, positiveNormal, positiveInfinity
  }

  /// The class of this value of a format, by `Format.classify` and the sign.
  public func signedClass(in format: Format) -> SignedClass {
    switch format.classify(self) {
    case .nan: .nan
    case .infinity: isNegative ? .negativeInfinity : .positiveInfinity
    case .normal: isNegative ? .negativeNormal : .positiveNormal
    case .subnormal: isNegative ? .negativeSubnormal : .positiveSubnormal
    case .zero: isNegative ? .negativeZero : .positiveZero
    }
  }

  /// Whether this is a normal number of a format: finite, and no smaller than the smallest normal number.
  public func isNormal(in format: Format) -> Bool { format.classify(self) == .normal }

  /// Whether this is a subnormal number of a format; zero is not.
  public func isSubnormal(in format: Format) -> Bool { format.classify(self) == .subnormal }
}
