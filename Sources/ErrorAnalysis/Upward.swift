// SPDX-License-Identifier: Apache-2.0
// Nonnegative numbers whose operations round up, so that a bound written in them is a bound.

public import Formats
internal import Glibc

/// A nonnegative real, represented by a double that is not below it.
///
/// Every operation returns the smallest double that is not below the exact result for its operands (exact results stay
/// exact), with +∞ beyond the range of doubles. Formulas that increase in each operand are therefore rigorous.
public struct Upward: Hashable, Comparable, Sendable {
  /// The double that is not below the number.
  public let value: Double

  /// 0, exactly.
  public static let zero = Upward(0)

  /// - Precondition: `value` is not negative and not NaN.
  public init(_ value: Double) {
    precondition(value >= 0, "an upper bound of a magnitude is not \(value)")
    self.value = value
  }

  /// n ≥ 0, rounded up.
  public init(_ value: Int) {
    let nearest = Double(value)
    // 2^63 is no Int, and more than any.
    self.init(nearest < 0x1p63 && Int(nearest) < value ? nearest.nextUp : nearest)
  }

  /// A nonnegative dyadic number, rounded up.
  public init(_ x: Dyadic) {
    precondition(!x.isNegative, "an upper bound of a magnitude is not \(x)")
    var up = Double(exactly: x) ?? Value.finite(x).double
    if let rounded = Dyadic(up), rounded < x { up = up.nextUp }
    self.init(up)
  }

  public static func < (a: Upward, b: Upward) -> Bool { a.value < b.value }

  /// Not below a + b, and less than one double above it; the sum itself where that is a double.
  public static func + (a: Upward, b: Upward) -> Upward {
    let sum = a.value + b.value
    guard sum.isFinite else { return Upward(.infinity) }
    // The exact error of the sum (2Sum), whose sign says on which side of it the double lies.
    let b1 = sum - a.value
    let error = (a.value - (sum - b1)) + (b.value - b1)
    return Upward(error > 0 ? sum.nextUp : sum)
  }

  /// Not below a b, and within two doubles of it; the product itself where that is a double of 2^-900 or more.
  public static func * (a: Upward, b: Upward) -> Upward {
    if a.value == 0 || b.value == 0 { return .zero }
    let product = a.value * b.value
    guard product.isFinite else { return Upward(.infinity) }
    // Below this the error of the product may itself underflow.
    if product < 0x1p-900 { return Upward(product.nextUp) }
    let error = (-product).addingProduct(a.value, b.value)
    return Upward(error > 0 ? product.nextUp : product)
  }

  /// x / d for a divisor given by a **lower** bound `d` > 0.
  public func divided(byAtLeast d: Double) -> Upward {
    precondition(d > 0, "a lower bound of a divisor is not \(d)")
    let quotient = value / d
    guard quotient.isFinite, quotient > 0x1p-900 else { return value == 0 ? .zero : Upward(quotient.nextUp) }
    let remainder = value.addingProduct(-quotient, d)
    return Upward(remainder > 0 ? quotient.nextUp : quotient)
  }


  /// x / (1 + x).
  public var overOnePlusItself: Upward {
    guard value.isFinite else { return Upward(1) }
    let sum = 1 + value
    let rest = sum - 1
    let error = (1 - (sum - rest)) + (value - rest)
    return divided(byAtLeast: error < 0 ? sum.nextDown : sum)
  }

  /// x / (1 − x); +∞ from x = 1 on.
  public var overOneMinusItself: Upward {
    guard value < 1 else { return Upward(.infinity) }
    return divided(byAtLeast: (1 - value).nextDown)
  }

  /// √x.
  public var squareRoot: Upward {
    let root = value.squareRoot()
    guard root.isFinite, value > 0x1p-900 else { return Upward(root == 0 || root.isInfinite ? root : root.nextUp) }
    return Upward(value.addingProduct(-root, root) > 0 ? root.nextUp : root)
  }

  /// ln x for x ≥ 1. (The C library's error is below one unit in the last place; two are added.)
  public var logarithm: Upward { value <= 1 ? .zero : value.isFinite ? Upward(log(value).nextUp.nextUp) : self }

  /// e^x − 1, likewise.
  public var exponentialLessOne: Upward {
    let y = expm1(value)
    return Upward(y.isFinite && y > 0 ? y.nextUp.nextUp : y)
  }

  /// (1 + x)^k − 1, without the cancellation of its formula. Complexity: O(log k).
  public func compounded(_ k: Int) -> Upward {
    precondition(k >= 0, "a power of \(k)")
    if k == 0 { return .zero }
    let half = compounded(k / 2)
    let even = half + half + half * half
    return k % 2 == 0 ? even : even + self + even * self
  }
}
