// SPDX-License-Identifier: Apache-2.0
// Stochastic rounding: exact probabilities, exact relation to the random bits, and statistics of the outcome.

import Formats
import TestSupport
import Testing

@Suite struct StochasticTests {
  /// Two neighbours of a format.
  struct Gap: Sendable, CustomStringConvertible {
    let format: Format
    let lower, upper: Double
    var description: String { "\(format) from \(lower) to \(upper)" }

    /// Lower + f (upper − lower), with f = m / 2^64.
    func at(_ m: UInt64) -> Dyadic { Dyadic(lower)! + Dyadic(upper - lower)! * Dyadic(Int128(m), exponent: -64) }
  }

  static let gaps = [
    Gap(format: .e4m3, lower: 1, upper: 1.125), Gap(format: .e4m3, lower: 224, upper: 240), Gap(format: .e4m3, lower: 0, upper: 0x1p-9),
    Gap(format: .e4m3fn, lower: 15, upper: 16), Gap(format: format("q4.4"), lower: 1, upper: 1.0625), Gap(format: format("e5m0"), lower: 2, upper: 4),
    Gap(format: format("e8m0fnu"), lower: 2, upper: 4), Gap(format: .fp16, lower: 2048, upper: 2050), Gap(format: format("e5m2:nosub"), lower: 0, upper: 0x1p-14),
  ]

  @Test(arguments: gaps)
  func srGoesUpExactlyWhenItsBitsAreBelowTheFraction(_ gap: Gap) throws {
    let rounder = try Rounder(to: gap.format, .stochastic)
    let stream = RandomStream(seed: 51)
    var random = SplitMix64(seed: 51)
    for i in 0..<20_000 {
      // Random fractions, tiny ones, and ones next to the draw itself.
      let bits = stream.draw(i).bits()
      let fraction = max([random.next(), random.next() >> 40, bits, bits &+ 1, bits &- 1][i % 5], 1)
      let goesUp = bits < fraction
      let x = gap.at(fraction)
      for sign in [1, -1] where gap.format.isSigned || sign > 0 {
        let signed = sign > 0 ? x : -x
        let found = rounder.round(Unrounded(signed), draw: stream.draw(i)).value.double
        guard found == Double(sign) * (goesUp ? gap.upper : gap.lower) else {
          Issue.record("draw \(i) of seed 51, \(signed.hexDescription) in \(gap.format): \(found); goes out: \(goesUp)")
          return
        }
      }
    }
  }

  @Test func srReadsFurtherWordsForLongFractions() throws {
    // A fraction that agrees with the first random word and is decided by the second.
    let (rounder, stream) = (try Rounder(to: .e4m3, .stochastic), RandomStream(seed: 52))
    for i in 0..<1000 {
      let (first, second) = (stream.draw(i).bits(), stream.draw(i).bits(1))
      for (low, goesUp) in [(second >> 8 &+ 1, true), (second >> 8, false), (second >> 8 &- 1, false)] where low > 0 && first >> 63 == 0 {
        // f = first word, then the 56 bits of `low`: below the draw unless low exceeds its leading 56 bits.
        let fraction = UInt128(first) << 56 | UInt128(low)
        let x = Unrounded(isNegative: false, magnitude: 8 << 120 | fraction, exponent: -123)
        #expect(rounder.round(x, draw: stream.draw(i)).value == .finite(goesUp ? Dyadic(9, exponent: -3) : 1), "draw \(i) of seed 52")
      }
    }
  }

  @Test(arguments: [1, 2, 3, 5, 8, 11, 16, 24, 32, 53, 63, 64])
  func srNGoesUpExactlyWhenItsBitsAreBelowTheCutFraction(_ count: Int) throws {
    let stream = RandomStream(seed: 53)
    var random = SplitMix64(seed: 53)
    for gap in StochasticTests.gaps {
      let rounder = try Rounder(to: gap.format, .stochasticBits(count))
      for i in 0..<4000 {
        let shift = UInt64(64 - count)
        let bits = stream.draw(i).bits()
        let fraction = max([random.next(), random.next() >> 40, bits, bits &+ (1 << shift), (bits >> shift) << shift][i % 5], 1)
        let goesUp = bits >> shift < fraction >> shift
        let found = rounder.round(Unrounded(gap.at(fraction)), draw: stream.draw(i)).value
        guard found == Value(goesUp ? gap.upper : gap.lower) else {
          Issue.record("sr\(count), draw \(i) of seed 53, fraction 0x\(String(fraction, radix: 16)), \(gap): \(found)")
          return
        }
      }
    }
  }

  /// Counts over all 2^N values of the random bits: exactly ⌊2^N f⌋ of them go up.
  @Test(arguments: [1, 2, 3, 4, 6, 8])
  func srNCountsAreExact(_ count: Int) throws {
    let (rounder, stream) = (try Rounder(to: .e4m3, .stochasticBits(count)), RandomStream(seed: 54))
    for numerator in 1..<64 {
      let x = Unrounded(Dyadic(1) + Dyadic(Int128(numerator), exponent: -3 - 6))
      var goesUp: [UInt64: Bool] = [:]
      var i = 0
      while goesUp.count < 1 << count && i < 100_000 {
        let word = stream.draw(i).bits() >> UInt64(64 - count)
        let isUp = rounder.round(x, draw: stream.draw(i)).value != Value(1)
        #expect(goesUp[word] == nil || goesUp[word] == isUp, "sr\(count) depends on more than \(count) bits, draw \(i) of seed 54")
        goesUp[word] = isUp
        i += 1
      }
      #expect(goesUp.values.count { $0 } == (numerator << count) >> 6, "sr\(count), fraction \(numerator)/64")
      #expect(goesUp.count == 1 << count)
    }
  }

  @Test func srNMovesNothingNearerThanItsResolution() throws {
    let stream = RandomStream(seed: 55)
    for count in [1, 4, 8, 16] {
      let rounder = try Rounder(to: .e4m3, .stochasticBits(count))
      for i in 0..<2000 {
        let x = Dyadic(1) + Dyadic((1 << Int128(40 - count)) - 1, exponent: -43)
        #expect(rounder.round(Unrounded(x), draw: stream.draw(i)).value == Value(1))
      }
    }
  }

  /// Chi-squared with one degree of freedom at each of 32 fractions; the sum of 32 has a 5-sigma bound of 32 + 5·8.
  @Test func srFrequenciesAreTheFractions() throws {
    let (rounder, n) = (try Rounder(to: .e5m2, .stochastic), 20_000)
    var chiSquared = 0.0
    for k in 1...32 {
      let stream = RandomStream(seed: 56).child(k)
      let f = Double(k) / 33 // not a dyadic number; the value rounded is its double
      let x = 1 + f / 4
      let exact = (x - 1) * 4
      let ups = (0..<n).count { rounder(x, draw: stream.draw($0)) == 1.25 }
      let deviation = Double(ups) - Double(n) * exact
      chiSquared += deviation * deviation / (Double(n) * exact * (1 - exact))
    }
    #expect(chiSquared < 72, "32 fractions in e5m2, seed 56")
    #expect(chiSquared > 5, "too regular to be random: seed 56")
  }

  @Test(arguments: [Rounding.stochastic, .stochasticBits(1), .stochasticBits(64)])
  func valuesOfTheFormatNeverMove(_ mode: Rounding) throws {
    for format in [Format.e4m3, .e4m3fn, .e5m2, format("q4.4"), format("e3m0u"), format("e5m2:nosub")] {
      let rounder = try Rounder(to: format, mode)
      for code in format.codes {
        let value = format.decode(Format.Code(code))
        let draw = RandomStream(seed: 57).draw(Int(code))
        #expect(rounder.round(value, draw: draw) == Rounded(value), "\(Repro.round(rounder, "\(value)"))")
      }
    }
  }

  @Test func overflowTakesTheFractionOfTheNextCode() throws {
    // Beyond 240 stands 256, as if the range had no end.
    let stream = RandomStream(seed: 58)
    for (overflow, up) in [(Overflow.ieee, Value.infinity(negative: false)), (.infinity, .infinity(negative: false)), (.saturate, Value(240))] {
      let rounder = try Rounder(to: .e4m3, .stochastic, overflow: overflow)
      for i in 0..<2000 {
        let rounded = rounder.round(Value(244), draw: stream.draw(i))
        let goesUp = stream.draw(i).bits() < 1 << 62
        #expect(rounded.value == (goesUp ? up : Value(240)))
        #expect(rounded.flags == (goesUp ? [.inexact, .overflow] : [.inexact]))
      }
    }
  }

  @Test func stickyFractionsStayBetweenTheirBounds() throws {
    // 1 + (1/2 + t) gap with unknown t: at least the draws below 1/2 go up, and none above 1/2 + 2^-119.
    let (rounder, stream) = (try Rounder(to: .e4m3, .stochastic), RandomStream(seed: 59))
    for i in 0..<2000 {
      let x = Unrounded(isNegative: false, magnitude: 17 << 120, exponent: -124, isSticky: true)
      let goesUp = rounder.round(x, draw: stream.draw(i)).value != Value(1)
      #expect(goesUp == (stream.draw(i).bits() < 1 << 63), "draw \(i) of seed 59")
    }
  }

  @Test func sameDrawSameResult() throws {
    let (stream, again) = (RandomStream(seed: 60, "x"), RandomStream(seed: 60, "x"))
    let rounder = try Rounder(to: .e5m2, .stochastic)
    let results = (0..<1000).map { rounder(1.1, draw: stream.draw($0)) }
    #expect(results == (0..<1000).reversed().map { rounder(1.1, draw: again.draw($0)) }.reversed())
    #expect(Set(results) == [1, 1.25])
  }
}
