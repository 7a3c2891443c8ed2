// SPDX-License-Identifier: Apache-2.0
// Quotients and square roots of exact numbers, on their way to the rounder.

extension Unrounded {
  /// `a / b`, cut towards zero to its leading 127 or 128 bits; the remainder is in the sticky bit. b must not be 0.
  ///
  /// - Complexity: two division instructions for significands of at most 64 bits, such as those of doubles.
  public static func quotient(_ a: Dyadic, _ b: Dyadic) -> Unrounded {
    precondition(!b.isZero, "a quotient by zero")
    if a.isZero { return Unrounded(a) }
    let (m, d) = (a.significand.magnitude, b.significand.magnitude)
    let isNegative = a.isNegative != b.isNegative
    // With m and d shifted until their leading bits are in front, m · 2^127 / d is in (2^126, 2^128).
    let exponent = a.exponent - m.leadingZeroBitCount - (b.exponent - d.leadingZeroBitCount) - 127
    let (q, r): (UInt128, UInt128)
    if let m = UInt64(exactly: m), let d = UInt64(exactly: d) {
      let (m, d) = (m << UInt64(m.leadingZeroBitCount), d << UInt64(d.leadingZeroBitCount))
      let first = d.dividingFullWidth((m >> 1, m << 63))
      let second = d.dividingFullWidth((first.remainder, 0))
      (q, r) = (UInt128(first.quotient) << 64 | UInt128(second.quotient), UInt128(second.remainder))
    } else {
      let (m, d) = (m << UInt128(m.leadingZeroBitCount), d << UInt128(d.leadingZeroBitCount))
      (q, r) = d.dividingFullWidth((m >> 1, m << 127))
    }
    return Unrounded(isNegative: isNegative, magnitude: q, exponent: exponent, isSticky: r != 0)
  }

  /// `√a`, cut towards zero to 63 or 64 bits; the remainder is in the sticky bit. a must not be negative.
  ///
  /// Enough for formats of at most 61 bits of precision. Complexity: a double's root and a correction.
  public static func squareRoot(_ a: Dyadic) -> Unrounded {
    precondition(!a.isNegative, "the root of a negative number")
    if a.isZero { return Unrounded(a) }
    // m · 2^exponent with an even exponent and 126 or 127 bits, of which the root has 63 or 64.
    let shift = a.significand.magnitude.leadingZeroBitCount - 1
    let isOdd = (a.exponent - shift) & 1 != 0
    let m = a.significand.magnitude << UInt128(isOdd ? shift - 1 : shift)
    let exponent = a.exponent - (isOdd ? shift - 1 : shift)
    var root = UInt128(Double(m).squareRoot())
    // One step of Newton's iteration, from a root with 52 good bits, is a unit off at most.
    root = (root + m / root) >> 1
    while root * root > m { root -= 1 }
    while (root + 1) * (root + 1) <= m { root += 1 }
    return Unrounded(isNegative: false, magnitude: root, exponent: exponent / 2, isSticky: root * root != m)
  }

  /// The number rounded to odd as a dyadic: itself where it is exact and fits, otherwise at least its 62 leading bits with the last
  /// of them set.
  ///
  /// Rounding `x / n` to p bits gives the same from here as from the number itself, if p bits and those of the integer n
  /// together are 60 or fewer: between x and the result no multiple of `n · 2^k` that decides the rounding can lie.
  var roundedToOdd: Dyadic {
    dyadic ?? {
      let odd = Int128(magnitude >> 2) | 1
      return Dyadic(isNegative ? -odd : odd, exponent: exponent + 2)
    }()
  }
}
