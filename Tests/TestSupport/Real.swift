// SPDX-License-Identifier: Apache-2.0
// A bare MPFR number for the oracles: it shares nothing with BigFloat and BigRegister.

public import CMPFR
public import Formats

/// An MPFR number of a fixed precision, for functions that take `raw`, which lives as long as the object: bind it to a name.
public final class Real {
  public let raw: UnsafeMutablePointer<__mpfr_struct>

  public init(precision: Int) {
    raw = .allocate(capacity: 1)
    mpfr_init2(raw, precision)
  }

  deinit {
    mpfr_clear(raw)
    raw.deallocate()
  }

  /// The exact number, from its two halves.
  public convenience init(_ x: Dyadic) {
    self.init(precision: 136)
    let (high, low) = (Int(truncatingIfNeeded: x.significand >> 64), UInt(truncatingIfNeeded: x.significand))
    mpfr_set_si_2exp(raw, high, 64, MPFR_RNDN)
    mpfr_add_ui(raw, raw, low, MPFR_RNDN)
    mpfr_mul_2si(raw, raw, x.exponent, MPFR_RNDN)
  }

  public convenience init(_ x: Value) {
    switch x {
    case .finite(let number): self.init(number)
    case .negativeZero:
      self.init(precision: 2)
      mpfr_set_zero(raw, -1)
    case .infinity(let negative):
      self.init(precision: 2)
      mpfr_set_inf(raw, negative ? -1 : 1)
    case .nan: self.init(precision: 2)
    }
  }

  /// The number that a result on its way to the rounder stands for, with t = 2^-300 after a sticky magnitude.
  public convenience init(_ x: Unrounded) {
    self.init(precision: 600)
    mpfr_set_ui_2exp(raw, UInt(x.magnitude >> 64), 64, MPFR_RNDN)
    mpfr_add_ui(raw, raw, UInt(truncatingIfNeeded: x.magnitude), MPFR_RNDN)
    if x.isSticky {
      let end = Real(Dyadic.power(-300))
      mpfr_add(raw, raw, end.raw, MPFR_RNDN)
    }
    mpfr_mul_2si(raw, raw, x.exponent, MPFR_RNDN)
    if x.isNegative { mpfr_neg(raw, raw, MPFR_RNDN) }
  }

  /// The sum of the terms by `mpfr_sum`.
  public convenience init(sumOf terms: [Dyadic], precision: Int) {
    self.init(precision: precision)
    let numbers = terms.map { Real($0) }
    var pointers = numbers.map { Optional($0.raw) }
    withExtendedLifetime(numbers) { _ = mpfr_sum(raw, &pointers, UInt(pointers.count), MPFR_RNDN) }
  }

  /// The number of a hexadecimal or decimal text that MPFR reads, rounded to nearest.
  public convenience init(text: String, precision: Int = 136) {
    self.init(precision: precision)
    mpfr_strtofr(raw, text, nil, 0, MPFR_RNDN)
  }

  /// The result of an MPFR function at a precision, to nearest.
  public convenience init(precision: Int, _ function: (UnsafeMutablePointer<__mpfr_struct>, mpfr_rnd_t) -> Int32) {
    self.init(precision: precision)
    _ = function(raw, MPFR_RNDN)
  }

  /// This number as a function of MPFR, for oracles that round it.
  public var copy: MPFROracle.Function { { mpfr_set($0, self.raw, $1) } }

  public var isZero: Bool { mpfr_zero_p(raw) != 0 }
  public var isNumber: Bool { mpfr_number_p(raw) != 0 }
  public var isNaN: Bool { mpfr_nan_p(raw) != 0 }
  public var isInfinite: Bool { mpfr_inf_p(raw) != 0 }
  public var isNegative: Bool { mpfr_signbit(raw) != 0 }

  /// ⌊log₂|x|⌋ of a regular number: MPFR's significands lie in [1/2, 1).
  public var floorLog2: Int { mpfr_get_exp(raw) - 1 }

  /// The nearest double, ties to even.
  public var double: Double { mpfr_get_d(raw, MPFR_RNDN) }

  /// The smallest double that is not below.
  public var doubleRoundedUp: Double { mpfr_get_d(raw, MPFR_RNDU) }

  public var magnitude: Real { Real(precision: mpfr_get_prec(raw)) { mpfr_abs($0, self.raw, $1) } }

  /// The sign of (self − other).
  public func compare(_ other: Real) -> Int { Int(mpfr_cmp(raw, other.raw)) }

  /// The sign of (|self| − |other|).
  public func compareMagnitude(_ other: Real) -> Int { Int(mpfr_cmpabs(raw, other.raw)) }

  /// The sign of (self − x), for numbers of at most 62 bits.
  public func compare(_ x: Dyadic) -> Int { Int(mpfr_cmp_si_2exp(raw, Int(x.significand), x.exponent)) }

  /// The number, if its significand has at most 127 bits.
  public var value: Value {
    if isNaN { return .nan }
    if isInfinite { return .infinity(negative: isNegative) }
    if isZero { return isNegative ? .negativeZero : .zero }
    let z = UnsafeMutablePointer<__mpz_struct>.allocate(capacity: 1)
    __gmpz_init(z)
    defer {
      __gmpz_clear(z)
      z.deallocate()
    }
    let exponent = mpfr_get_z_2exp(z, raw)
    let shift = __gmpz_scan1(z, 0)
    __gmpz_tdiv_q_2exp(z, z, shift)
    let count = abs(z.pointee._mp_size)
    precondition(count <= 2, "a significand of more than 127 bits")
    let magnitude = UInt128(z.pointee._mp_d[0]) | (count > 1 ? UInt128(z.pointee._mp_d[1]) << 64 : 0)
    let significand = Int128(magnitude)
    return .finite(Dyadic(isNegative ? -significand : significand, exponent: exponent + Int(shift)))
  }
}
