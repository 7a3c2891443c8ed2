// SPDX-License-Identifier: Apache-2.0
// MPFR numbers hold the values they are made from, and hand them to the rounder whole.

import CMPFR
import Formats
import Multiprecision
import TestSupport
import Testing

@Suite struct BigFloatTests {
  @Test(arguments: ["e4m3", "e5m2fnuz", "fp16", "bf16", "q1.15", "e8m0fnu", "e5m2:nosub"].map(format))
  func valuesComeBackUnchanged(_ format: Format) {
    for code in format.codes {
      let value = format.decode(Format.Code(code))
      let big = BigFloat(value)
      guard equal(big.extended(), Extended(value)), big.isZero == value.isZero, big.isNaN == (value == .nan),
        value == .nan || big.isNegative == value.isNegative, Value(big.double) == value
      else {
        Issue.record("\(value) becomes \(big.extended()): fmtlab values \(format), code 0x\(String(code, radix: 16))")
        return
      }
    }
  }

  private func equal(_ a: Extended, _ b: Extended) -> Bool {
    guard case .finite(let x) = a, case .finite(let y) = b else { return a == b }
    return x.dyadic == y.dyadic && x.isNegative == y.isNegative && !x.isSticky && !y.isSticky
  }

  @Test func significandsOf127BitsFit() {
    for x in [Dyadic(.max), Dyadic(.min), Dyadic(.max, exponent: -16_494), -Dyadic(.max, exponent: 16_000), .power(-1_000_000)] {
      #expect(equal(BigFloat(x).extended(), .finite(Unrounded(x))), "\(x.hexDescription)")
      #expect(Real(x).value == .finite(x))
    }
  }

  /// Bits below the leading 128 become the sticky bit, and so does a nonzero ternary value.
  @Test func whatIsCutBecomesSticky() {
    for precision in [129, 192, 193, 256, 1000] {
      let third = BigFloat.compute(precision: precision, .towardZero) { mpfr_set_ui($0, 1, $1) | mpfr_div_ui($0, $0, 3, $1) }
      #expect(third.ternary < 0)
      for ternary in [0, -1, 1] {
        guard case .finite(let x) = third.result.extended(ternary: ternary) else {
          Issue.record("1/3 at \(precision) bits is not finite")
          return
        }
        #expect(x.isSticky && x.exponent == -129 && x.magnitude == UInt128.max / 3 * 2, "1/3 at \(precision) bits")
      }
    }
    for precision in [1, 2, 63, 64, 65, 127, 128] {
      let third = BigFloat.compute(precision: precision, .towardZero) { mpfr_set_ui($0, 1, $1) | mpfr_div_ui($0, $0, 3, $1) }
      guard case .finite(let exact) = third.result.extended(), case .finite(let cut) = third.result.extended(ternary: third.ternary) else {
        Issue.record("1/3 at \(precision) bits is not finite")
        return
      }
      #expect(!exact.isSticky && cut.isSticky && exact.magnitude == cut.magnitude)
      #expect(exact.magnitude == UInt128.max / 3 * 2 & ~(UInt128.max >> UInt128(precision)))
    }
  }

  @Test func resultsBelowMPFRsRangeAreTinyAndNotZero() throws {
    let power = Operation.exp.extended([.finite(-.power(60))])
    for (rounder, expected) in [(try Rounder(to: .fp64), Value.zero), (try Rounder(to: .fp64, .up), .finite(.power(-1074)))] {
      #expect(rounder.round(power) == Rounded(expected, [.inexact, .underflow]))
    }
    #expect(try Rounder(to: .fp64, .down).round(Operation.exp.extended([.finite(.power(60))])) == Rounded(Value(Double.greatestFiniteMagnitude), [.inexact, .overflow]))
  }

  @Test(arguments: [BigRounding.nearestEven, .towardZero, .up, .down, .awayFromZero])
  func registersRoundAsTheyAreTold(_ rounding: BigRounding) {
    var register = BigRegister(precision: 8)
    for sign in [1, -1] as [Int128] {
      for (m, nearest) in [(0x101, 0x100), (0x103, 0x104), (0x1ff, 0x200)] as [(Int128, Int128)] {
        let ternary = register.set(.finite(Dyadic(sign * m)), rounding)
        let (low, high) = (m - 1, m + 1)
        let magnitude: Int128 =
          switch rounding {
          case .nearestEven: nearest
          case .towardZero: low
          case .awayFromZero: high
          case .up: sign > 0 ? high : low
          case .down: sign > 0 ? low : high
          }
        #expect(register.withRaw { mpfr_cmp_si($0, Int(sign * magnitude)) } == 0)
        #expect(ternary.signum() == Int(sign * (magnitude - m)).signum())
      }
    }
    #expect(register.precision == 8)
  }

  @Test func decimalTextIsRoundedToNearest() {
    let third = BigFloat.compute(precision: 200, .nearestEven) { mpfr_set_ui($0, 2, $1) | mpfr_div_ui($0, $0, 3, $1) }.result
    #expect(third.decimal(digits: 10) == "0.6666666667")
    #expect(third.decimal(digits: 1) == "0.7")
    #expect(third.decimal(digits: 50) == "0." + String(repeating: "6", count: 49) + "7")
    #expect(BigFloat(Value(1e300)).decimal(digits: 3) == "1e+300" && BigFloat(Value.nan).decimal(digits: 3) == "nan")
    #expect(BigFloat(Value.infinity(negative: true)).decimal(digits: 3) == "-inf")
    #expect(BigFloat(Dyadic.power(-16_494)).decimal(digits: 5) == "6.4752e-4966")
    #expect(BigFloat(Value.negativeZero).decimal(digits: 3) == "-0")
  }

  @Test func differencesAreRoundedAtThePrecisionAskedFor() {
    let (a, b) = (BigFloat(Dyadic(1) + .power(-100)), BigFloat(Dyadic(1)))
    #expect(equal(a.minus(b).extended(), .finite(Unrounded(.power(-100)))))
    #expect(a.minus(BigFloat(.power(-200)), precision: 101).double == 1)
  }
}
