// SPDX-License-Identifier: Apache-2.0
// Quotients, against multiplication.

import Formats
import TestSupport
import Testing

@Suite struct QuotientTests {
  /// Random odd numbers of every width up to `bits`.
  private func number(_ random: inout SplitMix64, bits: Int) -> Dyadic {
    let width = Int(random.next() % UInt64(bits)) + 1
    let wide = UInt128(random.next()) << 64 | UInt128(random.next())
    let significand = Int128(wide >> UInt128(128 - width)) | 1
    return Dyadic(random.next() & 1 == 0 ? significand : -significand, exponent: Int(random.next() % 400) - 200)
  }

  @Test(arguments: [1, 20, 53, 64, 65, 100, 127])
  func quotientIsCutWithARemainder(_ bits: Int) {
    var random = SplitMix64(seed: 71)
    for _ in 0..<effort(20_000) {
      let (a, b) = (number(&random, bits: bits), number(&random, bits: Int(random.next() % 127) + 1))
      let q = Unrounded.quotient(a, b)
      // In units of b's last place times the quotient's: q b <= a < (q + 1) b, all as integers of 256 bits.
      let low = q.magnitude.multipliedFullWidth(by: b.significand.magnitude)
      let shift = a.exponent - (q.exponent + b.exponent)
      let a256 = shifted(a.significand.magnitude, by: shift)
      let (difference, borrow) = subtract(a256, (low.high, low.low))
      guard q.magnitude >> 126 != 0, q.isNegative == (a.isNegative != b.isNegative), !borrow, difference.high == 0,
        difference.low < b.significand.magnitude, q.isSticky == (difference.low != 0)
      else {
        Issue.record("\(a.hexDescription) / \(b.hexDescription) gives \(q)")
        return
      }
    }
  }

  @Test func zeroOverAnythingIsZero() { #expect(Unrounded.quotient(0, 7).isZero) }

  private func shifted(_ m: UInt128, by n: Int) -> (high: UInt128, low: UInt128) {
    n >= 128 ? (m << UInt128(n - 128), 0) : (n == 0 ? 0 : m >> UInt128(128 - n), m << UInt128(n))
  }

  private func subtract(_ a: (high: UInt128, low: UInt128), _ b: (high: UInt128, low: UInt128)) -> ((high: UInt128, low: UInt128), Bool) {
    let (low, borrow) = a.low.subtractingReportingOverflow(b.low)
    let (high, first) = a.high.subtractingReportingOverflow(b.high)
    let (rest, second) = high.subtractingReportingOverflow(borrow ? 1 : 0)
    return ((rest, low), first || second)
  }
}
