// SPDX-License-Identifier: Apache-2.0
// Numbers on which rounding goes wrong: values, middles, their surroundings, and both ends of the range.

public import Formats

/// A seeded generator of exact numbers near the decisions of a format, each of at most p + 9 bits.
public struct HardCases {
  private var random: SplitMix64
  private let format: Format
  private let largestCode: UInt128
  private let top: Int

  public init(_ format: Format, seed: UInt64) {
    random = SplitMix64(seed: seed)
    self.format = format
    top = format.maxFinite.isZero ? format.quantumExponent : format.maxFinite.floorLog2
    largestCode = format.width == 128 ? .max : (1 << UInt128(format.width)) - 1
  }

  public mutating func next() -> Dyadic {
    let x = anchor()
    let ulp = format.ulp(x)
    // Multiples of ulp/2, so that middles occur, and a nudge that is far below ulp/2 or absent.
    let halves = Dyadic(Int128(Int.random(in: -2...2, using: &random))).scaled(by: -1)
    let nudge = [Dyadic.zero, .power(-6), -.power(-6), .power(-3), -.power(-3)].randomElement(using: &random)!
    return x + halves * ulp + nudge * ulp
  }

  /// A value of the format, or a place of its own: a power of two, the smallest normal number, an end of the range.
  private mutating func anchor() -> Dyadic {
    let sign: Dyadic = Bool.random(using: &random) ? 1 : -1
    switch Int.random(in: 0..<8, using: &random) {
    case 0: return sign * format.maxFinite
    case 1: return sign * .power(top + 1)
    case 2: return sign * (format.minNormal ?? format.minPositive)
    case 3: return sign * format.minPositive
    case 4: return format.minFinite
    case 5:
      return sign * .power(Int.random(in: min(format.quantumExponent, top)...top, using: &random))
    default:
      let words = (UInt128(random.next()) << 64) | UInt128(random.next())
      return format.decode(words & largestCode).dyadic ?? format.maxFinite
    }
  }
}
