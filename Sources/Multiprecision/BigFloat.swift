// SPDX-License-Identifier: Apache-2.0
// MPFR numbers as Swift values: BigFloat to read, BigRegister for loops.

public import CMPFR
public import Formats

/// Which neighbour a multiprecision result becomes, when the exact one does not fit its precision.
public enum BigRounding: Sendable {
  /// MPFR's five modes.
  case nearestEven, towardZero, up, down, awayFromZero

  /// MPFR's constant for it.
  @inlinable
  public var mpfr: mpfr_rnd_t {
    switch self {
    case .nearestEven: MPFR_RNDN
    case .towardZero: MPFR_RNDZ
    case .up: MPFR_RNDU
    case .down: MPFR_RNDD
    case .awayFromZero: MPFR_RNDA
    }
  }
}

/// A mutable MPFR number of a fixed precision in bits, owned by one place: for loops that must not allocate.
///
/// Every operation returns MPFR's ternary value: the sign of (stored − exact), 0 exactly when the result is exact.
/// MPFR's exponent range and flags belong to the thread; fmtlab leaves them at their defaults.
public struct BigRegister: ~Copyable {
  /// The MPFR number; its precision must not be changed.
  public var raw = __mpfr_struct()

  /// A NaN of 1 to 2^24 bits, as MPFR begins.
  public init(precision: Int) {
    precondition(precision >= 1 && precision <= 1 << 24, "a precision of 1 to 2^24 bits")
    mpfr_init2(&raw, precision)
  }

  deinit {
    withUnsafePointer(to: raw) { mpfr_clear(UnsafeMutablePointer(mutating: $0)) }
  }

  /// In bits.
  public var precision: Int { withRaw { mpfr_get_prec($0) } }

  /// The MPFR number, for reading.
  @inlinable
  public borrowing func withRaw<R>(_ body: (UnsafePointer<__mpfr_struct>) throws -> R) rethrows -> R {
    try withUnsafePointer(to: raw, body)
  }

  /// Sets the register to a value: NaN, infinities and signed zeros included.
  @discardableResult
  public mutating func set(_ value: Value, _ rounding: BigRounding = .nearestEven) -> Int {
    switch value {
    case .finite(let x):
      if x.isZero {
        mpfr_set_zero(&raw, 1)
        return 0
      }
      let m = x.significand.magnitude
      return Int(fmtlab_mpfr_set(
        &raw, x.isNegative ? 1 : 0, UInt64(m >> 64), UInt64(truncatingIfNeeded: m), x.exponent, rounding.mpfr))
    case .negativeZero: mpfr_set_zero(&raw, -1)
    case .infinity(let negative): mpfr_set_inf(&raw, negative ? -1 : 1)
    case .nan: mpfr_set_nan(&raw)
    }
    return 0
  }

  /// Applies an MPFR function of the form `f(result, rounding)`, in place where the function allows it.
  @inlinable @discardableResult
  public mutating func apply(
    _ rounding: BigRounding, _ function: (UnsafeMutablePointer<__mpfr_struct>, mpfr_rnd_t) -> Int32
  ) -> Int {
    let mode = rounding.mpfr
    return withUnsafeMutablePointer(to: &raw) { Int(function($0, mode)) }
  }
}

/// An immutable MPFR number.
///
/// Precision of a result is always explicit, and inexactness is always returned.
public struct BigFloat: Sendable {
  /// Never changed after it is made, hence safe to share.
  final class Storage: @unchecked Sendable {
    let register: BigRegister
    init(_ register: consuming BigRegister) { self.register = register }
  }

  let storage: Storage

  /// The number, exactly.
  public init(_ register: consuming BigRegister) { storage = Storage(register) }

  /// The exact value.
  public init(_ value: Value) {
    let bits = value.dyadic.map { 128 - $0.significand.magnitude.leadingZeroBitCount } ?? 2
    var register = BigRegister(precision: max(bits, 2))
    register.set(value)
    self.init(register)
  }

  /// The number, exactly.
  public init(_ x: Dyadic) { self.init(Value.finite(x)) }

  /// The MPFR number, for reading.
  public func withRaw<R>(_ body: (UnsafePointer<__mpfr_struct>) throws -> R) rethrows -> R {
    try storage.register.withRaw(body)
  }

  /// The result of an MPFR function at a precision, and its ternary value.
  public static func compute(
    precision: Int, _ rounding: BigRounding, _ function: (UnsafeMutablePointer<__mpfr_struct>, mpfr_rnd_t) -> Int32
  ) -> (result: BigFloat, ternary: Int) {
    var register = BigRegister(precision: precision)
    let ternary = register.apply(rounding, function)
    return (BigFloat(register), ternary)
  }

  /// Bits of its significand.
  public var precision: Int { withRaw { mpfr_get_prec($0) } }

  /// Whether it is 0 of either sign.
  public var isZero: Bool { withRaw { mpfr_zero_p($0) != 0 } }
  /// Whether it is no number.
  public var isNaN: Bool { withRaw { mpfr_nan_p($0) != 0 } }
  /// Whether it is an infinity.
  public var isInfinite: Bool { withRaw { mpfr_inf_p($0) != 0 } }
  /// The sign bit, also of −0.
  public var isNegative: Bool { withRaw { mpfr_signbit($0) != 0 } }

  /// ⌊log₂|x|⌋; `nil` for 0, infinities and NaN.
  public var exponent: Int? { withRaw { mpfr_regular_p($0) != 0 ? mpfr_get_exp($0) - 1 : nil } }

  /// The nearest double, ties to even.
  public var double: Double { withRaw { mpfr_get_d($0, MPFR_RNDN) } }

  /// The number as the rounder takes it. `ternary ≠ 0` says that this is the exact result cut towards zero.
  public func extended(ternary: Int = 0) -> Extended {
    if isNaN { return .nan }
    if isInfinite { return .infinity(negative: isNegative) }
    if isZero {
      // A nonzero result below MPFR's range is below every format's too.
      return ternary == 0
        ? .finite(Unrounded(isNegative: isNegative, magnitude: 0, exponent: 0))
        : .finite(Unrounded(isNegative: isNegative, magnitude: 1 << 127, exponent: -1 << 40, isSticky: true))
    }
    var (high, low): (UInt64, UInt64) = (0, 0)
    let (hasMore, exponent) = withRaw { (fmtlab_mpfr_leading($0, &high, &low) != 0, mpfr_get_exp($0)) }
    return .finite(Unrounded(
      isNegative: isNegative, magnitude: UInt128(high) << 64 | UInt128(low), exponent: exponent - 128,
      isSticky: hasMore || ternary != 0))
  }

  /// Decimal with `digits` significant digits, rounded to nearest; trailing zeros dropped.
  public func decimal(digits: Int) -> String {
    if isNaN { return "nan" }
    if isInfinite { return isNegative ? "-inf" : "inf" }
    return withRaw { raw in
      withUnsafeTemporaryAllocation(of: CChar.self, capacity: digits + 40) { buffer in
        fmtlab_mpfr_format(buffer.baseAddress!, buffer.count, Int32(digits), raw)
        return String(cString: buffer.baseAddress!)
      }
    }
  }
}

extension BigFloat {
  /// `self − other` at a precision, to nearest: for measuring errors.
  public func minus(_ other: BigFloat, precision: Int = 128) -> BigFloat { combined(other, precision) { mpfr_sub($0, $1, $2, $3) } }

  /// `self + other` at a precision, to nearest.
  public func plus(_ other: BigFloat, precision: Int) -> BigFloat { combined(other, precision) { mpfr_add($0, $1, $2, $3) } }

  /// `self · other` at a precision, to nearest.
  public func times(_ other: BigFloat, precision: Int) -> BigFloat { combined(other, precision) { mpfr_mul($0, $1, $2, $3) } }

  /// `self / other` at a precision, to nearest.
  public func divided(by other: BigFloat, precision: Int) -> BigFloat { combined(other, precision) { mpfr_div($0, $1, $2, $3) } }

  /// √self at a precision, to nearest.
  public func squareRoot(precision: Int) -> BigFloat {
    withRaw { a in BigFloat.compute(precision: precision, .nearestEven) { mpfr_sqrt($0, a, $1) }.result }
  }

  private func combined(
    _ other: BigFloat, _ precision: Int,
    _ function: (UnsafeMutablePointer<__mpfr_struct>, UnsafePointer<__mpfr_struct>, UnsafePointer<__mpfr_struct>, mpfr_rnd_t) -> Int32
  ) -> BigFloat {
    withRaw { a in other.withRaw { b in BigFloat.compute(precision: precision, .nearestEven) { function($0, a, b, $1) }.result } }
  }

  /// `self · 2^n`, exactly.
  public func scaled(by n: Int) -> BigFloat {
    withRaw { a in
      BigFloat.compute(precision: mpfr_get_prec(a), .nearestEven) { mpfr_mul_2si($0, a, n, $1) }.result
    }
  }
}

extension BigFloat {
  /// An exact sum, at a precision that holds its leading 128 bits (all of it, unless the terms lie far apart).
  public init(_ sum: ExactSum) {
    let x = sum.unrounded
    var register = BigRegister(precision: 128)
    register.apply(.towardZero) {
      fmtlab_mpfr_set($0, x.isNegative ? 1 : 0, UInt64(x.magnitude >> 64), UInt64(truncatingIfNeeded: x.magnitude), x.exponent, $1)
    }
    self.init(register)
  }
}
