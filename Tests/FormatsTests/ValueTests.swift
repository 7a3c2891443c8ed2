// SPDX-License-Identifier: Apache-2.0
// Signs, zeros and texts of values.

import Formats
import TestSupport
import Testing

@Suite struct ValueTests {
  @Test(arguments: ["e4m3", "e4m3fnuz", "q4.4", "e8m0fnu", "e2m0"].map(format))
  func negationTurnsTheSignAndComesBack(_ format: Format) {
    for code in format.codes {
      let value = format.decode(Format.Code(code))
      #expect(-(-value) == value)
      #expect(value == .nan || (-value).isNegative != value.isNegative)
      #expect((-value).isZero == value.isZero && (-value).isFinite == value.isFinite)
      #expect(value == .nan || (-value).double == -value.double)
    }
  }

  @Test(arguments: [
    (0.0, "0", "0x0p+0"), (-0.0, "-0", "-0x0p+0"), (1, "1", "0x1p+0"), (-1.5, "-1.5", "-0x1.8p+0"), (0.1, "0.1", "0x1.999999999999ap-4"),
    (.infinity, "inf", "inf"), (-.infinity, "-inf", "-inf"), (.nan, "nan", "nan"), (1e22, "1e+22", "0x1.0f0cf064dd592p+73"), (448, "448", "0x1.cp+8"),
    (.leastNonzeroMagnitude, "5e-324", "0x1p-1074"), (65536, "65536", "0x1p+16"),
  ])
  func textsAreShortestAndExact(_ x: Double, _ decimal: String, _ hexadecimal: String) {
    #expect(Value(x).description == decimal)
    #expect(Value(x).hexDescription == hexadecimal)
    #expect(Value(x).double == x || x.isNaN)
  }

  @Test func zerosAreTwoValuesOfOneNumber() {
    #expect(Value(0.0) == .zero && Value(-0.0) == .negativeZero && Value.zero != .negativeZero)
    #expect(Value.zero.dyadic == .zero && Value.negativeZero.dyadic == .zero)
    #expect(!Value.zero.isNegative && Value.negativeZero.isNegative && !Value.nan.isNegative)
    #expect(Value.nan.dyadic == nil && Value.infinity(negative: false).dyadic == nil)
    #expect(-Value.zero == .negativeZero && -Value.negativeZero == .zero)
  }

  /// Values of formats wider than binary64 become the nearest double, or infinity.
  @Test func doublesOfWideValuesAreTheNearest() {
    #expect(Value.finite(Dyadic(1) + .power(-53)).double == 1)
    #expect(Value.finite(Dyadic(1) + .power(-53) + .power(-100)).double == 1 + 0x1p-52)
    #expect(Value.finite(.power(1024)).double == .infinity && Value.finite(-.power(16_000)).double == -.infinity)
    #expect(Value.finite(.power(-1075)).double == 0 && Value.finite(-Dyadic(3, exponent: -1076)).double == -0x1p-1074)
    #expect(Value.finite(-.power(-2000)).double.sign == .minus)
  }
}
