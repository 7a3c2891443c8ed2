// SPDX-License-Identifier: Apache-2.0
// A number format: the facts of its encoding, and what follows from them.

/// A finite set of real numbers with a code for each, as data.
///
/// Only facts of the encoding are stored; range, precision, spacing and counts are derived, so that an inconsistent format
/// cannot be built. Get one by name, `Format("e4m3")`, or from ``catalogue``.
///
/// Names: `eXmY` is the IEEE-754-style format with X exponent and Y fraction bits. Suffixes change that, as in ml_dtypes and
/// MLIR: `bN` sets the exponent bias, `fn` drops the infinities and leaves one NaN per sign (none at all up to 6 bits, as
/// in OCP FP4 and FP6), `fnuz` has one NaN in the place of −0, `u` drops the sign. `eXm0fnu` is a scale: powers of two
/// without zero. `qM.N` is two's-complement fixed point with M integer bits *including* the sign; `uqM.N` is unsigned.
/// `:nosub` removes the subnormals.
public struct Format: Hashable, Sendable {
  public let encoding: Encoding

  public enum Encoding: Hashable, Sendable {
    case floating(Floating)
    case fixed(Fixed)
  }

  /// Sign, exponent field and fraction field, from the top bit down.
  public struct Floating: Hashable, Sendable {
    public let exponentBits: Int
    public let fractionBits: Int
    public let bias: Int
    public let isSigned: Bool
    public let hasSubnormals: Bool
    /// Whether exponent field 0 holds zero and the subnormals. Only the scale formats `eXm0fnu` have no zero.
    public let hasZero: Bool
    public let specials: Specials
  }

  /// Which codes are not finite numbers.
  public enum Specials: Hashable, Sendable {
    /// The top exponent holds infinity (fraction 0) and NaN (all others).
    case ieee
    /// The code of all ones, of each sign, is NaN; no infinity.
    case allOnesNaN
    /// The code of negative zero is NaN; no infinity, no negative zero.
    case negativeZeroNaN
    /// Every code is a finite number.
    case none
  }

  /// An integer of `integerBits + fractionBits` bits in units of `2^-fractionBits`; two's complement when signed.
  public struct Fixed: Hashable, Sendable {
    public let integerBits: Int
    public let fractionBits: Int
    public let isSigned: Bool
  }
}

// MARK: - Width, precision and range

extension Format {
  /// Bits of a code.
  public var width: Int {
    switch encoding {
    case .floating(let f): f.exponentBits + f.fractionBits + (f.isSigned ? 1 : 0)
    case .fixed(let f): f.integerBits + f.fractionBits
    }
  }

  /// p: bits of the significand with its leading bit; for fixed point, bits of the largest magnitude.
  public var precision: Int {
    switch encoding {
    case .floating(let f): f.fractionBits + 1
    case .fixed(let f): f.integerBits + f.fractionBits - (f.isSigned ? 1 : 0)
    }
  }

  public var isSigned: Bool {
    switch encoding {
    case .floating(let f): f.isSigned
    case .fixed(let f): f.isSigned
    }
  }

  public var isFloating: Bool {
    if case .floating = encoding { true } else { false }
  }

  /// u = 2^-p, the largest relative error of rounding a number of the normal range to nearest is u / (1 + u); `nil` for
  /// fixed point.
  public var unitRoundoff: Dyadic? { isFloating ? .power(-precision) : nil }

  /// 2^(1-p), the distance from 1 to the next larger number of this precision; `nil` for fixed point.
  public var ulpOfOne: Dyadic? { isFloating ? .power(1 - precision) : nil }

  /// ⌊log₂⌋ of the smallest normal number: 1 − bias, whether or not such a number exists; `nil` for fixed point.
  public var emin: Int? {
    guard case .floating(let f) = encoding else { return nil }
    return f.hasZero ? 1 - f.bias : -f.bias
  }

  /// ⌊log₂⌋ of the largest finite number; `nil` for fixed point and for a format without nonzero finite numbers.
  public var emax: Int? { isFloating && !maxFinite.isZero ? maxFinite.floorLog2 : nil }

  /// The largest finite value.
  public var maxFinite: Dyadic {
    switch encoding {
    case .floating: magnitude(ofMagnitudeCode: maxMagnitudeCode)
    case .fixed(let f): Dyadic((Int128(1) << Int128(precision)) - 1, exponent: -f.fractionBits)
    }
  }

  /// The smallest (most negative) finite value; 0 or the smallest positive value when unsigned.
  public var minFinite: Dyadic {
    switch encoding {
    case .floating(let f): f.isSigned ? -maxFinite : magnitude(ofMagnitudeCode: 0)
    case .fixed(let f): f.isSigned ? -Dyadic.power(f.integerBits - 1) : .zero
    }
  }

  /// The smallest positive normal number, `nil` if there is none (`e1mY`, fixed point).
  public var minNormal: Dyadic? {
    guard let emin, Dyadic.power(emin) <= maxFinite else { return nil }
    return .power(emin)
  }

  /// η, the smallest positive subnormal number, `nil` if there is none.
  public var minSubnormal: Dyadic? {
    guard case .floating(let f) = encoding, f.hasSubnormals, f.fractionBits > 0 else { return nil }
    return .power(quantumExponent)
  }

  /// The smallest positive value. (`e1m0`, which has only zeros and infinities, gives its spacing instead.)
  public var minPositive: Dyadic {
    guard case .floating(let f) = encoding, !f.hasSubnormals else { return .power(quantumExponent) }
    return minNormal ?? .power(quantumExponent)
  }

  /// q such that every finite value is a multiple of `2^q`, the largest such q: `2^q` is η, or the step of fixed point.
  public var quantumExponent: Int {
    switch encoding {
    case .floating(let f): (f.hasZero ? 1 : 0) - f.bias - f.fractionBits
    case .fixed(let f): -f.fractionBits
    }
  }
}

// MARK: - Special values and counts

extension Format {
  public var hasInfinity: Bool {
    guard case .floating(let f) = encoding else { return false }
    return f.specials == .ieee
  }

  public var hasNaN: Bool { nanCodeCount > 0 }

  public var hasNegativeZero: Bool {
    guard case .floating(let f) = encoding else { return false }
    return f.isSigned && f.specials != .negativeZeroNaN
  }

  /// Number of codes that are NaN.
  public var nanCodeCount: UInt128 {
    guard case .floating(let f) = encoding else { return 0 }
    let signs: UInt128 = f.isSigned ? 2 : 1
    return switch f.specials {
    case .ieee: signs * ((1 << UInt128(f.fractionBits)) - 1)
    case .allOnesNaN: signs
    case .negativeZeroNaN: 1
    case .none: 0
    }
  }

  /// Number of codes that are finite numbers; both zeros count.
  ///
  /// A format of 128 bits without special values would not fit: there is none.
  public var finiteCodeCount: UInt128 {
    switch encoding {
    case .fixed: return 1 << UInt128(width)
    case .floating(let f):
      // In this order nothing overflows: e15m112fnuz has 2^128 − 1 of them.
      let withoutZeros = f.isSigned ? 2 * maxMagnitudeCode : maxMagnitudeCode
      return withoutZeros + (hasNegativeZero ? 2 : 1)
    }
  }

  /// Number of distinct finite values: the codes, with −0 = +0 and, in `:nosub` formats, one code for each value.
  public var finiteValueCount: UInt128 {
    guard case .floating(let f) = encoding else { return finiteCodeCount }
    var magnitudes = maxMagnitudeCode + 1
    if !f.hasSubnormals { magnitudes -= min(maxMagnitudeCode, (1 << UInt128(f.fractionBits)) - 1) }
    return f.isSigned ? magnitudes + (magnitudes - 1) : magnitudes
  }

  /// The largest code, sign bit clear, that is a finite number of a floating-point format.
  var maxMagnitudeCode: UInt128 {
    guard case .floating(let f) = encoding else { preconditionFailure("fixed point has no sign bit") }
    let all = (UInt128(1) << UInt128(f.exponentBits + f.fractionBits)) - 1
    return switch f.specials {
    case .ieee: all - (1 << UInt128(f.fractionBits))
    case .allOnesNaN: all - 1
    case .negativeZeroNaN, .none: all
    }
  }
}
