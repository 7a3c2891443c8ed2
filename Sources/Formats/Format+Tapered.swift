// SPDX-License-Identifier: Apache-2.0
// Formats of tapered precision, posits and takums: the exponent has a variable length, the fraction what it leaves.

extension Format {
  /// Codes in the order of their values: two's complement of the magnitude for negative numbers, zero is 0, and 100…0 is
  /// NaN ("not a real").
  public struct Tapered: Hashable, Sendable {
    /// Bits of a code.
    public let width: Int
    /// How the exponent is written.
    public let exponent: Exponent

    /// How the exponent is written, from the bit after the sign on.
    public enum Exponent: Hashable, Sendable {
      /// A run of equal bits (k of them: regime k − 1 for ones, −k for zeros) and its end, then `es` bits e: the exponent
      /// is 2^es · regime + e. The standard of 2022 has es = 2.
      ///
      /// Source: Posit Working Group, "Standard for Posit Arithmetic (2022)".
      case posit(es: Int)
      /// A direction bit D, 3 bits R, and r bits C with r = R if D else 7 − R: the exponent is 2^r − 1 + C if D, else
      /// −2^(r + 1) + 1 + C. Shorter widths lack the last bits, which count as 0. The linear takum; the logarithmic one is
      /// another format.
      ///
      /// Source: Hunhold, "Beating posits at their own game: takum arithmetic", CoNGA 2024.
      case takum
    }
  }
}

extension Format.Tapered {
  /// The most significand bits that a value has.
  var precision: Int {
    switch exponent {
    case .posit(let es): max(width - 3 - es, 0) + 1
    case .takum: max(width - 5, 0) + 1
    }
  }

  /// The value of a code with sign bit 0.
  func magnitude(ofCode code: UInt128) -> Dyadic {
    if code == 0 { return .zero }
    // The bits after the sign, from the top of a word on.
    var bits = code << UInt128(129 - width)
    var count = width - 1
    func leading(_ n: Int) -> Int { n == 0 ? 0 : Int(bits >> UInt128(128 - n)) }
    func drop(_ n: Int) { (bits, count) = (n < 128 ? bits << UInt128(n) : 0, max(count - n, 0)) }
    let e: Int
    switch exponent {
    case .posit(let es):
      let isLarge = leading(1) == 1
      let run = min(isLarge ? (~bits).leadingZeroBitCount : bits.leadingZeroBitCount, count)
      drop(run + 1)
      e = (isLarge ? run - 1 : -run) << es + leading(es)
      drop(es)
    case .takum:
      let (isUp, regime) = (leading(1) == 1, leading(4) & 7)
      let r = isUp ? regime : 7 - regime
      drop(4)
      e = (isUp ? 1 << r - 1 : 1 - 2 << r) + leading(r)
      drop(r)
    }
    // `count` bits of the fraction are left.
    let fraction = count == 0 ? 0 : bits >> UInt128(128 - count)
    return Dyadic(Int128(fraction | 1 << UInt128(count)), exponent: e - count)
  }

  /// The code with one bit more whose value lies between those of `code` and `code + 1`: where rounding to nearest changes over.
  func midpoint(above code: UInt128) -> Dyadic {
    Format.Tapered(width: width + 1, exponent: exponent).magnitude(ofCode: 2 * code + 1)
  }

  /// The largest code with sign bit 0 whose value does not exceed a magnitude that compares to a number as `comparison` says.
  ///
  /// - Complexity: O(width) comparisons.
  func floorCode(_ comparison: (Dyadic) -> Int) -> UInt128 {
    var code: UInt128 = 0
    for bit in (0..<(width - 1)).reversed() {
      let candidate = code | 1 << UInt128(bit)
      if comparison(magnitude(ofCode: candidate)) >= 0 { code = candidate }
    }
    return code
  }

  /// The code of a magnitude, `nil` if it is not a value.
  func code(ofMagnitude x: Dyadic) -> UInt128? {
    let code = floorCode { x < $0 ? -1 : 1 }
    return magnitude(ofCode: code) == x ? code : nil
  }

  /// The nearest value above or below x, which is within the range on that side.
  func neighbour(of x: Dyadic, isUp: Bool) -> Dyadic {
    let away = x.isZero || x.isNegative != isUp
    let floor = floorCode { x.magnitude < $0 ? -1 : 1 }
    let isValue = magnitude(ofCode: floor) == x.magnitude
    let code = away ? floor + 1 : isValue ? floor - 1 : floor
    let neighbour = magnitude(ofCode: code)
    return x.isNegative || x.isZero && !isUp ? -neighbour : neighbour
  }

  /// ⌊log₂⌋ of the gap above 2^e, of the last gap for larger numbers.
  func gapExponent(floorLog2 e: Int) -> Int {
    let last = UInt128(1) << UInt128(width - 1) - 1
    let code = min(floorCode { Dyadic.power(e) < $0 ? -1 : 1 }, last - 1)
    return (magnitude(ofCode: code + 1) - magnitude(ofCode: code)).floorLog2
  }
}
