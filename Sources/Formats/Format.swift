// SPDX-License-Identifier: Apache-2.0
// A number format: the facts of its encoding, and what follows from them.

/// A finite set of real numbers with a code for each, as data.
///
/// Only facts of the encoding are stored; range, precision, spacing and counts are derived, so that an inconsistent format
/// cannot be built. Get one by name, `Format("e4m3")`, or from ``catalogue``.
///
/// Names: `eXmY` is the IEEE-754-style format with X exponent and Y fraction bits. Suffixes change that, as in ml_dtypes and
/// MLIR: `bN` sets the exponent bias, `fn` drops the infinities and leaves one NaN per sign (none at all up to 6 bits, as
/// in OCP FP4 and FP6), `f` leaves finite numbers only, `fnuz` has one NaN in the place of −0, `u` drops the sign.
/// `eXm0fnu` is a scale: powers of two without zero. `:nosub` removes the subnormals, `:cfg1` to `:cfg6` are variants of
/// multipliers. `k8p4se` is IEEE P3109's Binary8p4se. `qM.N` is two's-complement fixed point with M integer bits *including*
/// the sign; `uqM.N` is unsigned. `posit16` and `takum16` have tapered precision.
public struct Format: Hashable, Sendable {
  /// The stored facts, from which all else follows.
  public let encoding: Encoding

  /// How codes stand for numbers: in fields, as a scaled integer, or with a run of bits that gives the exponent.
  public enum Encoding: Hashable, Sendable {
    /// Sign, exponent field, fraction field.
    case floating(Floating)
    /// A scaled integer.
    case fixed(Fixed)
    /// A posit or takum: the length of the exponent varies.
    case tapered(Tapered)
  }

  /// Sign, exponent field and fraction field, from the top bit down.
  public struct Floating: Hashable, Sendable {
    /// Width of the exponent field.
    public let exponentBits: Int
    /// Width of the fraction field, p − 1.
    public let fractionBits: Int
    /// What is subtracted from the exponent field.
    public let bias: Int
    /// Whether the top bit is a sign.
    public let isSigned: Bool
    /// What the codes with exponent field 0 mean.
    public let zeroField: ZeroField
    /// Which codes are infinities and NaN.
    public let specials: Specials
    /// The multiplier that the name asks for, `e5m2:cfg3`.
    public let multiplier: Multiplier?

    /// The facts of an encoding, which are not checked: ``Format/init(_:)`` reads names of formats that make sense.
    public init(
      exponentBits: Int, fractionBits: Int, bias: Int, isSigned: Bool = true, zeroField: ZeroField = .subnormals,
      specials: Specials = .ieee, multiplier: Multiplier? = nil
    ) {
      (self.exponentBits, self.fractionBits, self.bias, self.isSigned) = (exponentBits, fractionBits, bias, isSigned)
      (self.zeroField, self.specials, self.multiplier) = (zeroField, specials, multiplier)
    }

    /// Whether exponent field 0 holds subnormal numbers.
    public var hasSubnormals: Bool { zeroField == .subnormals }
    /// Whether zero is a value.
    public var hasZero: Bool { zeroField != .power }
    /// Whether exponent field 0 holds numbers with a leading bit, in a binade of their own.
    var hasBinadeOfFieldZero: Bool { zeroField == .binade || zeroField == .power }
  }

  /// What the codes mean whose exponent field is 0.
  public enum ZeroField: Hashable, Sendable {
    /// Zero and the subnormal numbers.
    case subnormals
    /// All of them are zero.
    case zeros
    /// Fraction 0 is zero; the others are normal numbers, one binade further down.
    case binade
    /// A power of two: the scale formats `eXm0fnu` have no zero.
    case power
  }

  /// Which codes are not finite numbers.
  public enum Specials: Hashable, Sendable {
    /// The top exponent holds infinity (fraction 0) and NaN (all others).
    case ieee
    /// The code of all ones, of each sign, is NaN; no infinity.
    case allOnesNaN
    /// The code of all ones, of each sign, is infinity; no NaN.
    case allOnesInfinity
    /// The code of negative zero is NaN; no infinity, no negative zero.
    case negativeZeroNaN
    /// IEEE P3109: one NaN, which is the code of negative zero or, without a sign, of all ones; no negative zero. Extended
    /// formats have infinity in the last code below it (of each sign).
    case p3109(isExtended: Bool)
    /// Every code is a finite number.
    case none
  }

  /// An integer of `integerBits + fractionBits` bits in units of `2^-fractionBits`; two's complement when signed.
  public struct Fixed: Hashable, Sendable {
    /// Bits before the point, the sign among them.
    public let integerBits: Int
    /// Bits after the point: the step is 2 to the minus this.
    public let fractionBits: Int
    /// Two's complement, or without negative numbers.
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
    case .tapered(let f): f.width
    }
  }

  /// p: bits of the significand with its leading bit, the largest number of them where precision is tapered; for fixed
  /// point, bits of the largest magnitude.
  public var precision: Int {
    switch encoding {
    case .floating(let f): f.fractionBits + 1
    case .fixed(let f): f.integerBits + f.fractionBits - (f.isSigned ? 1 : 0)
    case .tapered(let f): f.precision
    }
  }

  /// Whether it has negative numbers.
  public var isSigned: Bool {
    switch encoding {
    case .floating(let f): f.isSigned
    case .fixed(let f): f.isSigned
    case .tapered: true
    }
  }

  /// Whether it has the fields of ``Encoding-swift.enum/floating(_:)``; false for tapered formats, whose precision varies.
  public var isFloating: Bool {
    if case .floating = encoding { true } else { false }
  }

  /// Whether the format is an integer in units of a fixed step.
  public var isFixed: Bool {
    if case .fixed = encoding { true } else { false }
  }

  /// Whether the number of significand bits depends on the exponent: posits and takums.
  public var isTapered: Bool {
    if case .tapered = encoding { true } else { false }
  }

  /// u = 2^-p, the largest relative error of rounding a number of the normal range to nearest is u / (1 + u); `nil` for
  /// fixed point and tapered precision.
  public var unitRoundoff: Dyadic? { isFloating ? .power(-precision) : nil }

  /// 2^(1-p), the distance from 1 to the next larger number of this precision; `nil` likewise.
  public var ulpOfOne: Dyadic? { isFloating ? .power(1 - precision) : nil }

  /// ⌊log₂⌋ of the smallest normal number: 1 − bias, whether or not such a number exists; of the smallest positive number
  /// where precision is tapered; `nil` for fixed point.
  public var emin: Int? {
    switch encoding {
    case .floating(let f): f.hasBinadeOfFieldZero ? -f.bias : 1 - f.bias
    case .fixed: nil
    case .tapered: minPositive.floorLog2
    }
  }

  /// ⌊log₂⌋ of the largest finite number; `nil` for fixed point and for a format without nonzero finite numbers.
  public var emax: Int? { !isFixed && !maxFinite.isZero ? maxFinite.floorLog2 : nil }

  /// The largest finite value.
  public var maxFinite: Dyadic {
    switch encoding {
    case .floating, .tapered: magnitude(ofMagnitudeCode: maxMagnitudeCode)
    case .fixed(let f): Dyadic((Int128(1) << Int128(precision)) - 1, exponent: -f.fractionBits)
    }
  }

  /// The smallest (most negative) finite value; 0 or the smallest positive value when unsigned.
  public var minFinite: Dyadic {
    switch encoding {
    case .floating(let f): f.isSigned ? -maxFinite : magnitude(ofMagnitudeCode: 0)
    case .fixed(let f): f.isSigned ? -Dyadic.power(f.integerBits - 1) : .zero
    case .tapered: -maxFinite
    }
  }

  /// The smallest positive normal number, `nil` if there is none (`e1mY`, fixed point).
  public var minNormal: Dyadic? {
    switch encoding {
    case .fixed: nil
    case .tapered: minPositive
    case .floating(let f):
      // The first code of the binade, or the one after it where that is zero.
      if f.zeroField == .binade { magnitude(ofMagnitudeCode: 1) }
      else if let emin, Dyadic.power(emin) <= maxFinite { .power(emin) }
      else { nil }
    }
  }

  /// η, the smallest positive subnormal number, `nil` if there is none.
  public var minSubnormal: Dyadic? {
    guard case .floating(let f) = encoding, f.hasSubnormals, f.fractionBits > 0 else { return nil }
    return .power(quantumExponent)
  }

  /// The smallest positive value. (`e1m0`, which has only zeros and infinities, gives its spacing instead.)
  public var minPositive: Dyadic {
    switch encoding {
    case .tapered: magnitude(ofMagnitudeCode: 1)
    case .floating(let f) where !f.hasSubnormals: minNormal ?? .power(quantumExponent)
    case .floating, .fixed: .power(quantumExponent)
    }
  }

  /// q such that every finite value is a multiple of `2^q`, the largest such q: `2^q` is η, or the step of fixed point.
  public var quantumExponent: Int {
    switch encoding {
    case .floating(let f): (f.hasBinadeOfFieldZero ? 0 : 1) - f.bias - f.fractionBits
    case .fixed(let f): -f.fractionBits
    // Towards zero bits of the fraction give way one by one as the exponent falls, never faster.
    case .tapered: minPositive.exponent
    }
  }
}

// MARK: - Special values and counts

extension Format {
  /// Whether some code is an infinity.
  public var hasInfinity: Bool {
    guard case .floating(let f) = encoding else { return false }
    return switch f.specials {
    case .ieee, .allOnesInfinity, .p3109(isExtended: true): true
    case .allOnesNaN, .negativeZeroNaN, .p3109(isExtended: false), .none: false
    }
  }

  /// Whether some code is NaN.
  public var hasNaN: Bool { nanCodeCount > 0 }

  /// Whether zero has two codes.
  public var hasNegativeZero: Bool {
    guard case .floating(let f) = encoding else { return false }
    return switch f.specials {
    case .negativeZeroNaN, .p3109: false
    case .ieee, .allOnesNaN, .allOnesInfinity, .none: f.isSigned
    }
  }

  /// Number of codes that are NaN.
  public var nanCodeCount: UInt128 {
    switch encoding {
    case .fixed: return 0
    case .tapered: return 1
    case .floating(let f):
      let signs: UInt128 = f.isSigned ? 2 : 1
      return switch f.specials {
      case .ieee: signs * ((1 << UInt128(f.fractionBits)) - 1)
      case .allOnesNaN: signs
      case .negativeZeroNaN, .p3109: 1
      case .allOnesInfinity, .none: 0
      }
    }
  }

  /// Number of codes that are finite numbers; both zeros count.
  ///
  /// A format of 128 bits without special values would not fit: there is none.
  public var finiteCodeCount: UInt128 {
    if isFixed { return 1 << UInt128(width) }
    // In this order nothing overflows: e15m112fnuz has 2^128 − 1 of them.
    let withoutZeros = isSigned ? 2 * maxMagnitudeCode : maxMagnitudeCode
    return withoutZeros + (hasNegativeZero ? 2 : 1)
  }

  /// Number of distinct finite values: the codes, with −0 = +0 and, in `:nosub` formats, one code for each value.
  public var finiteValueCount: UInt128 {
    if isFixed { return finiteCodeCount }
    var magnitudes = maxMagnitudeCode + 1
    if case .floating(let f) = encoding, f.zeroField == .zeros { magnitudes -= min(maxMagnitudeCode, (1 << UInt128(f.fractionBits)) - 1) }
    return isSigned ? magnitudes + (magnitudes - 1) : magnitudes
  }

  /// The largest code of a positive or zero number that is finite, where negative numbers have codes of their own.
  var maxMagnitudeCode: UInt128 {
    switch encoding {
    case .fixed: preconditionFailure("fixed point has no sign bit")
    case .tapered(let f): return (UInt128(1) << UInt128(f.width - 1)) - 1
    case .floating(let f):
      let all = (UInt128(1) << UInt128(f.exponentBits + f.fractionBits)) - 1
      return switch f.specials {
      case .ieee: all - (1 << UInt128(f.fractionBits))
      case .allOnesNaN, .allOnesInfinity: all - 1
      case .negativeZeroNaN, .none: all
      case .p3109(let isExtended): all - (f.isSigned ? 0 : 1) - (isExtended ? 1 : 0)
      }
    }
  }
}
