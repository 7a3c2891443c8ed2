// SPDX-License-Identifier: Apache-2.0
// Upward arithmetic never falls below the exact result and stays within one rounding of it.

import ErrorAnalysis
import Formats
import Testing

@Suite struct UpwardTests {
  /// Doubles of widely spread magnitude, many of them short.
  private func sample(_ stream: RandomStream, _ i: Int) -> Double {
    let bits = stream.bits(at: UInt64(i))
    let exponent = Int(bits % 200) - 100
    let width = Int(stream.bits(at: UInt64(i), word: 1) % 53) + 1
    let significand = (stream.bits(at: UInt64(i), word: 2) | 1 << 63) >> UInt64(64 - width)
    return Double(exactly: Dyadic(Int128(significand), exponent: exponent - width))!
  }

  @Test func sumsAndProductsAreTheSmallestDoublesNotBelowTheExactOnes() {
    let stream = RandomStream(seed: 1, "upward")
    for i in 0..<100_000 {
      let (a, b) = (sample(stream, 2 * i), sample(stream, 2 * i + 1))
      let (x, y) = (Dyadic(a)!, Dyadic(b)!)
      // The exact product has at most 106 bits; the exact sum may be too long, then its comparison is left to shorter operands.
      let product = (Upward(a) * Upward(b)).value
      guard Dyadic(product)! >= x * y, Dyadic(product.nextDown)! < x * y else {
        Issue.record("\(a) * \(b) gave \(product)")
        return
      }
      guard abs(x.floorLog2 - y.floorLog2) < 60 else { continue }
      let sum = (Upward(a) + Upward(b)).value
      guard Dyadic(sum)! >= x + y, Dyadic(sum.nextDown)! < x + y else {
        Issue.record("\(a) + \(b) gave \(sum)")
        return
      }
      // q d >= a and (q-) d < a is q being the smallest double not below a / d.
      let quotient = Upward(a).divided(byAtLeast: b).value
      guard Dyadic(quotient)! * y >= x, Dyadic(quotient.nextDown)! * y < x else {
        Issue.record("\(a) / \(b) gave \(quotient)")
        return
      }
    }
  }

  @Test func exactResultsStayExact() {
    #expect((Upward(0.25) + Upward(0.5)).value == 0.75)
    #expect((Upward(3) * Upward(0.125)).value == 0.375)
    #expect((Upward(16) * Upward(Dyadic.power(-6))).value == 0.25)
    #expect(Upward(0.25).overOnePlusItself.value == 0.2)
    #expect(Upward(1).overOnePlusItself.value == 0.5)
  }

  @Test func zeroAndInfinityAreAbsorbedAsTheyShould() {
    #expect((Upward.zero * Upward(.infinity)).value == 0)
    #expect((Upward(1) + Upward(.infinity)).value == .infinity)
    #expect((Upward(1e308) * Upward(1e308)).value == .infinity)
    #expect(Upward(.infinity).overOnePlusItself.value == 1)
    #expect(Upward(1).overOneMinusItself.value == .infinity)
    // Beyond 2^53 the nearest double of an integer may be below it.
    for n in [0, 1, 1 << 53, 1 << 53 + 1, 1 << 60 + 1, Int.max - 1, Int.max] {
      #expect(Dyadic(Upward(n).value)! >= Dyadic(Int128(n)) && Upward(n).value <= Double(n).nextUp)
    }
    #expect(Upward(0x1p-1074) * Upward(0x1p-1074) > .zero)
  }

  @Test func compoundingHasNoCancellationAndIsNotBelowTheBinomialSum() {
    // (1 + 2^-113)^k - 1 is k 2^-113 (1 + (k-1) 2^-114 + ...): lost entirely by the formula as written.
    let tiny = Upward(Dyadic.power(-113)).compounded(1000).value
    #expect(tiny > 1000 * 0x1p-113 && tiny < 1000 * 0x1p-113 * (1 + 0x1p-40))
    // (1 + 1/16)^15 - 1 = (17^15 - 16^15) / 16^15 exactly.
    var (a, b): (Int128, Int128) = (1, 1)
    for _ in 0..<15 { (a, b) = (a * 17, b * 16) }
    let exact = Dyadic(a - b, exponent: -60)
    let bound = Dyadic(Upward(0.0625).compounded(15).value)!
    #expect(bound >= exact && bound < exact + Dyadic.power(-45))
    #expect(Upward(0.5).compounded(0).value == 0 && Upward(0.5).compounded(1).value == 0.5 && Upward(0.5).compounded(2).value == 1.25)
  }
}
