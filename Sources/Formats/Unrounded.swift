// SPDX-License-Identifier: Apache-2.0
// An exact result on its way to the rounder.

/// The real number `±(magnitude + t) · 2^exponent` with `0 ≤ t < 1`, where `t ≠ 0` exactly when `isSticky`.
///
/// Enough to round once, correctly, in any mode to any format of precision p, provided that a sticky magnitude has at
/// least p + 2 bits: this is rounding to odd, carried as a separate bit. A zero keeps its sign.
public struct Unrounded: Hashable, Sendable {
  /// The sign, also of a zero.
  public let isNegative: Bool
  /// The integer part of the significand, in units of 2^exponent.
  public let magnitude: UInt128
  /// The exponent of a unit.
  public let exponent: Int
  /// Whether something between 0 and 1 unit was cut off.
  public let isSticky: Bool

  /// ±(magnitude + t) · 2^exponent, where t is 0, or some number between 0 and 1 if the sticky bit is set.
  @inlinable
  public init(isNegative: Bool, magnitude: UInt128, exponent: Int, isSticky: Bool = false) {
    self.isNegative = isNegative
    self.magnitude = magnitude
    self.exponent = exponent
    self.isSticky = isSticky
  }

  /// x, exactly: no bit was dropped.
  @inlinable
  public init(_ x: Dyadic) {
    self.init(isNegative: x.isNegative, magnitude: x.significand.magnitude, exponent: x.exponent)
  }

  /// Whether it is exactly 0.
  @inlinable public var isZero: Bool { magnitude == 0 && !isSticky }

  /// The exact number, or `nil` when bits were dropped or it has more than 127 bits.
  @inlinable
  public var dyadic: Dyadic? {
    // MPFR's results arrive with their leading bit in front, and so with trailing zeros.
    let shift = magnitude.trailingZeroBitCount
    guard !isSticky, let m = Int128(exactly: magnitude >> UInt128(shift)) else { return nil }
    return Dyadic(isNegative ? -m : m, exponent: exponent + shift)
  }

  /// ⌊log₂ of the magnitude⌋; the magnitude must not be 0.
  @inlinable public var floorLog2: Int { exponent + 127 - magnitude.leadingZeroBitCount }

  /// `a + b`, exact or with at least 125 leading bits, for operands of at most 126 bits (each product and each value of
  /// the formats whose dot products fmtlab takes).
  ///
  /// A zero sum of nonzero numbers is +0; the sign rules of zeros are ``Extended``'s.
  @inlinable
  public static func sum(_ a: Dyadic, _ b: Dyadic) -> Unrounded {
    if a.isZero { return Unrounded(b) }
    if b.isZero { return Unrounded(a) }
    let unit = min(a.exponent, b.exponent)
    let top = max(a.floorLog2, b.floorLog2)
    if top - unit < 126 {
      return Unrounded(Dyadic(a.integer(inUnitsOf: unit) + b.integer(inUnitsOf: unit), exponent: unit))
    }
    // Too far apart for 127 bits. The larger operand is widened to 127 bits and the smaller one is cut there; whatever is
    // cut makes the result sticky, and borrows one unit when the signs differ, because then t is counted downwards.
    let (large, small) = a.floorLog2 >= b.floorLog2 ? (a, b) : (b, a)
    let quantum = large.floorLog2 - 126
    let m = large.significand.magnitude << UInt128(large.exponent - quantum)
    let drop = quantum - small.exponent
    let cut = drop < 128 ? small.significand.magnitude >> UInt128(drop) : 0
    let isSticky = drop >= 128 || cut << UInt128(drop) != small.significand.magnitude
    let sum = large.isNegative == small.isNegative ? m + cut : m - cut - (isSticky ? 1 : 0)
    return Unrounded(isNegative: large.isNegative, magnitude: sum, exponent: quantum, isSticky: isSticky)
  }
}

/// An extended real: a finite real on its way to the rounder, an infinity, or NaN.
public enum Extended: Hashable, Sendable {
  /// A real number.
  case finite(Unrounded)
  /// ±∞.
  case infinity(negative: Bool)
  /// No number.
  case nan

  /// The same number; −0 keeps its sign.
  public init(_ x: Value) {
    switch x {
    case .finite(let number): self = .finite(Unrounded(number))
    case .negativeZero: self = .finite(Unrounded(isNegative: true, magnitude: 0, exponent: 0))
    case .infinity(let negative): self = .infinity(negative: negative)
    case .nan: self = .nan
    }
  }

  /// `a · b` by the rules of IEEE 754 for signs, zeros and infinities; `0 · ∞` is NaN. Traps above 127 bits.
  @inlinable
  public static func product(_ a: Value, _ b: Value) -> Value {
    if case .finite(let x) = a, case .finite(let y) = b, !x.isZero, !y.isZero { return .finite(x * y) }
    if a == .nan || b == .nan { return .nan }
    let isNegative = a.isNegative != b.isNegative
    if a.isFinite && b.isFinite { return isNegative ? .negativeZero : .zero }
    return a.isZero || b.isZero ? .nan : .infinity(negative: isNegative)
  }

  /// `a + b` by the rules of IEEE 754: `∞ − ∞` is NaN; a sum that is exactly zero is +0, or −0 when `rounding` is
  /// towards −∞ or both operands are −0.
  @inlinable
  public static func sum(_ a: Value, _ b: Value, rounding: Rounding) -> Extended {
    if case .finite(let x) = a, case .finite(let y) = b {
      let sum = Unrounded.sum(x, y)
      if sum.isZero, rounding == .down, !x.isZero {
        return .finite(Unrounded(isNegative: true, magnitude: 0, exponent: 0))
      }
      return .finite(sum)
    }
    if a == .nan || b == .nan { return .nan }
    switch (a, b) {
    case (.infinity(let p), .infinity(let q)): return p == q ? .infinity(negative: p) : .nan
    case (.infinity(let p), _), (_, .infinity(let p)): return .infinity(negative: p)
    default: break
    }
    // At least one operand is −0.
    if a == .negativeZero, b == .negativeZero { return Extended(.negativeZero) }
    let other = a == .negativeZero ? b : a
    return other.isZero && rounding == .down ? Extended(.negativeZero) : Extended(other)
  }
}
