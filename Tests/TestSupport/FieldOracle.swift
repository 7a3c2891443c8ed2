// SPDX-License-Identifier: Apache-2.0
// What a code means, written down a second time: from a format's name to sign, exponent and fraction fields.

internal import CMPFR
public import Formats

/// The fields of a format of at most 16 bits, read from its name alone, and the values of its codes by MPFR.
public struct FieldOracle {
  public let width: Int
  private let exponentBits: Int, fractionBits: Int, bias: Int
  private let isSigned: Bool, isFixed: Bool, hasSubnormals: Bool, hasZero: Bool
  private let suffix: String
  /// The multiplier variant, 0 for none.
  private var variant = 0

  /// The fields of `eXmY[bN][f|fn|fnu|fnuz|u][:nosub|:cfgN]`, `kXpY[su][ef]`, `fp16`, `bf16`, `qM.N` or `uqM.N`.
  public init?(name: String) {
    hasSubnormals = !name.hasSuffix(":nosub") && !name.hasSuffix(":cfg6")
    var text = String(name.prefix { $0 != ":" })
    if let match = name.wholeMatch(of: /.*:cfg(\d)/) { variant = Int(match.1) ?? 0 }
    if let match = text.wholeMatch(of: /k(\d+)p(\d+)([su][ef])/), let k = Int(match.1), let p = Int(match.2) {
      // Bits above the trailing significand, the sign among them; the bias is the code of 1.0, half way up the magnitudes.
      isSigned = match.3.hasPrefix("s")
      (exponentBits, fractionBits, suffix) = (isSigned ? k - p : k - p + 1, p - 1, String(match.3))
      (bias, isFixed, hasZero, width) = (isSigned ? 1 << (k - p - 1) : 1 << (k - p), false, true, k)
      return
    }
    text = ["fp16": "e5m10", "bf16": "e8m7"][text] ?? text
    if let match = text.wholeMatch(of: /(u?)q(\d+)\.(\d+)/) {
      guard let m = Int(match.2), let n = Int(match.3) else { return nil }
      (exponentBits, fractionBits, bias, suffix) = (0, n, 0, "")
      (isSigned, isFixed, hasZero, width) = (match.1.isEmpty, true, true, m + n)
      return
    }
    guard let match = text.wholeMatch(of: /e(\d+)m(\d+)(?:b(\d+))?(fnuz|fnu|fn|f|u|)/), let x = Int(match.1), let y = Int(match.2) else { return nil }
    (exponentBits, fractionBits, suffix, isFixed) = (x, y, String(match.4), false)
    bias = match.3.flatMap { Int($0) } ?? (1 << (x - 1)) - (suffix == "fnuz" ? 0 : 1)
    isSigned = suffix != "u" && suffix != "fnu"
    hasZero = !(y == 0 && suffix == "fnu")
    width = x + y + (isSigned ? 1 : 0)
  }

  public func value(of code: UInt64) -> Value {
    if isFixed {
      let isNegative = isSigned && code >> UInt64(width - 1) == 1
      return scaled(Int(code) - (isNegative ? 1 << width : 0), by: -fractionBits, isNegative: false)
    }
    let fraction = Int(code & ((1 << UInt64(fractionBits)) - 1))
    let exponent = Int((code >> UInt64(fractionBits)) & ((1 << UInt64(exponentBits)) - 1))
    let isNegative = isSigned && code >> UInt64(width - 1) == 1
    let (topExponent, topFraction) = ((1 << exponentBits) - 1, (1 << fractionBits) - 1)
    switch suffix {
    case "fnuz": if isNegative && exponent == 0 && fraction == 0 { return .nan }
    case "fn", "fnu":
      // OCP's formats of 4 and 6 bits spend no code on NaN; a scale format of any width does.
      if exponent == topExponent && fraction == topFraction && (width > 6 || !hasZero) { return .nan }
    case "f": break
    case "se", "sf", "ue", "uf":
      let last = suffix.hasPrefix("s") ? (1 << (width - 1)) - 1 : (1 << width) - 2
      if Int(code) == (isSigned ? 1 << (width - 1) : (1 << width) - 1) { return .nan }
      if suffix.hasSuffix("e") && Int(code) & (isSigned ? (1 << (width - 1)) - 1 : -1) == last { return .infinity(negative: isNegative) }
    case "" where variant >= 4:
      if exponent == topExponent && fraction == topFraction { return .infinity(negative: isNegative) }
      if variant == 5 && exponent == 0 && fraction > 0 { return scaled(1 << fractionBits + fraction, by: -bias - fractionBits, isNegative: isNegative) }
      if variant == 5 && exponent == 0 { return scaled(0, by: 0, isNegative: isNegative) }
    default: if exponent == topExponent { return fraction == 0 ? .infinity(negative: isNegative) : .nan }
    }
    if exponent == 0 && hasZero {
      let integer = hasSubnormals ? fraction : 0
      return scaled(integer, by: 1 - bias - fractionBits, isNegative: isNegative && (integer > 0 || !["fnuz", "se", "sf"].contains(suffix)))
    }
    return scaled(1 << fractionBits + fraction, by: exponent - bias - fractionBits, isNegative: isNegative)
  }

  private func scaled(_ integer: Int, by exponent: Int, isNegative: Bool) -> Value {
    let x = Real(precision: 64)
    mpfr_set_si(x.raw, integer, MPFR_RNDN)
    mpfr_mul_2si(x.raw, x.raw, exponent, MPFR_RNDN)
    if isNegative { mpfr_neg(x.raw, x.raw, MPFR_RNDN) }
    return x.value
  }
}
