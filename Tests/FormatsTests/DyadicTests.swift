// SPDX-License-Identifier: Apache-2.0
// Exact dyadic arithmetic, comparison and text against MPFR.

import Formats
import TestSupport
import Testing

@Suite struct DyadicTests {
  /// Numbers of 1 to `bits` bits around exponents of every size.
  private struct Source {
    var random: SplitMix64

    mutating func next(bits: Int, exponents: ClosedRange<Int>) -> Dyadic {
      let wide = Int128(truncatingIfNeeded: UInt128(random.next()) << 64 | UInt128(random.next()))
      let shift = Int128(128 - Int.random(in: 1...bits, using: &random))
      var m = wide >> shift
      // Runs of ones and powers of two, where carries are longest.
      switch Int.random(in: 0..<4, using: &random) {
      case 0: m = (1 << Int128(Int.random(in: 0..<bits, using: &random))) - 1
      case 1: m = -(1 << Int128(Int.random(in: 0..<bits, using: &random)))
      default: break
      }
      return Dyadic(m, exponent: Int.random(in: exponents, using: &random))
    }
  }

  @Test func arithmeticIsExact() {
    var source = Source(random: SplitMix64(seed: 61))
    for _ in 0..<effort(20_000) {
      let (a, b) = (source.next(bits: 63, exponents: -30...30), source.next(bits: 63, exponents: -30...30))
      let (x, y) = (Real(a), Real(b))
      for arithmetic in [Arithmetic.add, .sub, .mul] {
        let found = arithmetic == .add ? a + b : arithmetic == .sub ? a - b : a * b
        let expected = Real(precision: 300, arithmetic.function(x, y)).value
        guard Value.finite(found) == (expected == .negativeZero ? .zero : expected) else {
          Issue.record("\(a.hexDescription) \(arithmetic.rawValue) \(b.hexDescription) gives \(found.hexDescription), not \(expected.hexDescription)")
          return
        }
      }
    }
  }

  @Test func lowestTermsAreUnique() {
    for m in -70...70 as ClosedRange<Int128> {
      for e in -5...5 {
        let x = Dyadic(m, exponent: e)
        #expect(x.isZero ? x.significand == 0 && x.exponent == 0 : x.significand & 1 == 1)
        #expect(x == Dyadic(m * 8, exponent: e - 3) && x.hashValue == Dyadic(m * 8, exponent: e - 3).hashValue)
      }
    }
    #expect(Dyadic(.min) == -.power(127) && Dyadic(.max) < .power(127))
  }

  @Test func comparisonIsThatOfTheNumbers() {
    var source = Source(random: SplitMix64(seed: 62))
    for i in 0..<effort(50_000) {
      let range = [-3...3, -200...200, -1_000_000...1_000_000][i % 3]
      let (a, b) = (source.next(bits: 127, exponents: range), source.next(bits: 127, exponents: range))
      for (x, y) in [(a, b), (a, a), (a, -a), (a, .zero)] {
        let expected = Real(x).compare(Real(y))
        guard (x < y) == (expected < 0), (x == y) == (expected == 0), (x > y) == (expected > 0), (x <= y) == (expected <= 0) else {
          Issue.record("\(x.hexDescription) against \(y.hexDescription): expected \(expected)")
          return
        }
      }
    }
  }

  @Test func floorOfTheLogarithmIsTheFirstPlace() {
    var source = Source(random: SplitMix64(seed: 63))
    for _ in 0..<10_000 {
      let x = source.next(bits: 127, exponents: -500...500)
      if !x.isZero { #expect(x.floorLog2 == Real(x).floorLog2, "\(x.hexDescription)") }
    }
  }

  @Test func hexadecimalTextReadsBack() {
    var source = Source(random: SplitMix64(seed: 64))
    for _ in 0..<effort(20_000) {
      let x = source.next(bits: 127, exponents: -2000...2000)
      let text = x.hexDescription
      // C99's form with leading digit 1 and no superfluous zeros.
      let isNormal = text.wholeMatch(of: /-?0x(0p\+0|1(\.[0-9a-f]*[1-9a-f])?p[+-]\d+)/) != nil
      guard isNormal, Real(text: text).value == .finite(x) else {
        Issue.record("\(text) is not \(x.significand) * 2^\(x.exponent)")
        return
      }
    }
    #expect(Dyadic(0.1).map(\.hexDescription) == "0x1.999999999999ap-4")
    #expect(Dyadic(-1.5).map(\.hexDescription) == "-0x1.8p+0")
    #expect(Dyadic(Double.leastNonzeroMagnitude).map(\.hexDescription) == "0x1p-1074")
  }

  @Test func doublesComeBackExactly() {
    var random = SplitMix64(seed: 65)
    for i in 0..<effort(100_000) {
      let x = Double(bitPattern: i % 4 == 0 ? random.next() & 0x800f_ffff_ffff_ffff : random.next())
      guard let exact = Dyadic(x) else {
        #expect(!x.isFinite)
        continue
      }
      guard Double(exactly: exact) == x, Real(exact).double == x else {
        Issue.record("\(x) becomes \(exact.hexDescription)")
        return
      }
      #expect(Value(x).double.bitPattern == x.bitPattern)
    }
  }

  @Test func numbersThatAreNoDoublesAreSaidToBeNone() {
    let largest = Dyadic(Double.greatestFiniteMagnitude)!
    #expect(Double(exactly: largest) == .greatestFiniteMagnitude)
    #expect(Double(exactly: .power(-1074)) == .leastNonzeroMagnitude)
    for x in [Dyadic.power(1024), .power(-1075), largest + .power(970), .power(53) + 1, .power(-1070) + .power(-1075), Dyadic(.max)] {
      #expect(Double(exactly: x) == nil, "\(x.hexDescription)")
      #expect(Double(exactly: -x) == nil, "\(x.hexDescription)")
    }
  }

  @Test func nearestDoubleIsMPFRs() {
    var source = Source(random: SplitMix64(seed: 66))
    for i in 0..<effort(20_000) {
      let x = source.next(bits: 127, exponents: i % 2 == 0 ? -1200 ... -1050 : 880...1024)
      guard Value.finite(x).double == Real(x).double else {
        Issue.record("\(x.hexDescription) becomes \(Value.finite(x).double), not \(Real(x).double)")
        return
      }
    }
  }
}
