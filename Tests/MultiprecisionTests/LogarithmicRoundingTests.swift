// SPDX-License-Identifier: Apache-2.0
// Rounding to logarithmic formats against integer powers, and of numbers that were cut.

import CMPFR
import Formats
import Multiprecision
import TestSupport
import Testing

@Suite struct LogarithmicRoundingTests {
  private static func named(_ name: String) -> LogarithmicFormat { LogarithmicFormatTests.named(name) }

  /// Every finite number of a format wide enough to overflow and underflow, in every mode.
  @Test(arguments: [
    ("lns1.0", "e4m3"), ("lns2.0", "e4m3"), ("lns4.0", "e6m4"), ("lns1.1", "e4m5"), ("lns2.2", "e4m6"), ("lns4.3", "e5m6"), ("lns3.5", "e4m6"),
    ("lns8.0", "e9m2"), ("lns8.2", "e9m2"), ("lns6.4", "e7m3"),
  ])
  func everyModeIsCorrectByIntegerPowers(_ name: String, _ source: String) throws {
    let (format, numbers) = (Self.named(name), try Format(source))
    let oracle = LogarithmicOracle(format: format)
    for rounding in LogarithmicRounding.allCases {
      let rounder = LogarithmicRounder(to: format, rounding)
      for code in numbers.codes {
        let x = numbers.decode(Format.Code(code))
        guard let number = x.dyadic else { continue }
        let (expected, found) = (oracle.round(number, rounding), rounder.round(x))
        let value: LogarithmicValue =
          expected.steps.map { .power(isNegative: expected.isNegative, log2: Dyadic(Int128($0), exponent: -format.fractionBits)) } ?? .zero
        guard found.value == value, format.decode(found.code) == value, found.flags.contains(.inexact) != expected.isExact else {
          Issue.record("\(x.hexDescription) to \(format) \(rounding.rawValue): \(found.value) with \(found.flags), not \(value)")
          return
        }
      }
    }
  }

  /// A format's own numbers, as nearly as doubles have them, come back; so do the powers of two exactly.
  @Test(arguments: LogarithmicFormatTests.small + [named("lns8.7")])
  func valuesRoundToThemselves(_ format: LogarithmicFormat) {
    for code in format.codes {
      let value = format.decode(Format.Code(code))
      for rounding in [LogarithmicRounding.nearestLogarithm, .nearestValue] {
        let found = LogarithmicRounder(to: format, rounding).round(Value(value.double))
        guard found.value == value, found.code == Format.Code(code) else {
          Issue.record("\(value) of \(format) becomes \(found.value) under \(rounding.rawValue)")
          return
        }
        let isDyadic = value.log2?.isMultiple(ofPower: 0) ?? true
        // (The double of the smallest value may be below it, and then underflows.)
        #expect(isDyadic ? found.flags == [] : found.flags.contains(.inexact) && !found.flags.contains(.overflow))
      }
    }
  }

  @Test(arguments: LogarithmicRounding.allCases, ["lns4.3", "lns3.0"])
  func roundingIsMonotonic(_ rounding: LogarithmicRounding, _ name: String) throws {
    let rounder = LogarithmicRounder(to: Self.named(name), rounding)
    let source = try Format("e5m5")
    let sorted = source.codes.compactMap { source.decode(Format.Code($0)).dyadic }.sorted()
    var last = -Double.infinity
    for x in sorted {
      let next = rounder.round(.finite(x)).double
      guard next >= last else {
        Issue.record("\(x) becomes \(next), below \(last)")
        return
      }
      last = next
    }
  }

  /// Without fraction bits the middle of 2^a and 2^(a+1) in value is 1.5 · 2^a; in the logarithm it is irrational.
  @Test func tiesGoToTheEvenCode() {
    let format = Self.named("lns4.0")
    for a in -7..<7 {
      let middle = Value(1.5 * Double(sign: .plus, exponent: a, significand: 1))
      let even = a & 1 == 0 ? a : a + 1
      let inValue = LogarithmicRounder(to: format, .nearestValue)
      #expect(inValue.round(middle).log2 == Dyadic(Int128(even)))
      #expect(inValue.round(Extended(middle).cut)?.log2 == Dyadic(Int128(a + 1)), "beyond the middle")
      // √2 < 1.5
      #expect(LogarithmicRounder(to: format).round(middle).log2 == Dyadic(Int128(a + 1)))
    }
  }

  @Test func theEndsOfTheRangeAreAsDocumented() throws {
    for name in ["lns4.3", "lns4.0", "lns1.0", "lns8.23"] {
      let format = Self.named(name)
      let least = format.minPositive.log2!
      // log2 = least − step/2 is irrational: numbers a little to both sides of it.
      let line = LogarithmicValue.power(isNegative: false, log2: least - format.step.scaled(by: -1)).double
      let rounder = LogarithmicRounder(to: format)
      let (above, below) = (rounder.round(Value(line * (1 + 0x1p-40))), rounder.round(Value(-line * (1 - 0x1p-40))))
      #expect(above.value == format.minPositive && above.flags == [.inexact, .underflow])
      #expect(below.value == .zero && below.flags == [.inexact, .underflow] && format.decode(below.code) == .zero)
      let tiny = Value(0x1p-300)
      for (rounding, positive, negative) in [
        (LogarithmicRounding.up, format.minPositive, .zero), (.down, .zero, -format.minPositive), (.towardZero, .zero, .zero),
        (.nearestValue, .zero, .zero), (.nearestLogarithm, .zero, .zero),
      ] as [(LogarithmicRounding, LogarithmicValue, LogarithmicValue)] {
        let rounder = LogarithmicRounder(to: format, rounding)
        #expect(rounder.round(tiny).value == positive && rounder.round(-tiny).value == negative)
        #expect(rounder.round(tiny).flags == [.inexact, .underflow])
        #expect(rounder.round(Value(-0x1p300)).value == -format.maximum && rounder.round(Value(0x1p300)).value == format.maximum)
        #expect(rounder.round(Value.infinity(negative: true)).value == -format.maximum)
        #expect(rounder.round(Value.infinity(negative: false)).flags == [.inexact, .overflow])
        #expect(rounder.round(Value.nan).value == .nan && rounder.round(Value.nan).flags == [])
        #expect(rounder.round(Value.zero).flags == [] && rounder.round(Value.negativeZero).value == .zero)
        // Overflow is decided after rounding, as if the range went on.
        let overshoot = rounder.round(Value(format.maximum.double * (1 + 0x1p-25)))
        #expect(overshoot.value == format.maximum && overshoot.flags == (rounding == .up ? [.inexact, .overflow] : [.inexact]))
      }
    }
    // Half the smallest positive value becomes 0.
    for name in ["lns4.0", "lns1.0"] {
      let half = Value(Self.named(name).minPositive.double / 2)
      let rounder = LogarithmicRounder(to: Self.named(name), .nearestValue)
      #expect(rounder.round(half).value == .zero && rounder.round(Extended(half).cut)?.value == Self.named(name).minPositive)
    }
    // 2^-8 is where the zero of lns4.2 would be, and more than half of the smallest value, 2^-7.75.
    #expect(LogarithmicRounder(to: Self.named("lns4.2"), .nearestValue).round(Value(0x1p-8)).value == Self.named("lns4.2").minPositive)
    #expect(LogarithmicRounder(to: Self.named("lns4.2")).round(Value(0x1p-8)).value == .zero)
  }

  // MARK: Numbers that were cut

  @Test func cutNumbersLieStrictlyAboveTheirBits() {
    let format = Self.named("lns4.3")
    for a in -7...7 {
      // Just above and just below 2^a.
      let above = Extended.finite(Unrounded(isNegative: false, magnitude: 1 << 127, exponent: a - 127, isSticky: true))
      let below = Extended.finite(Unrounded(isNegative: false, magnitude: .max, exponent: a - 128, isSticky: true))
      let (low, here, high) = (Dyadic(Int128(a)) - .power(-3), Dyadic(Int128(a)), Dyadic(Int128(a)) + .power(-3))
      for (rounding, expected) in [
        (LogarithmicRounding.nearestLogarithm, (here, here)), (.nearestValue, (here, here)), (.towardZero, (low, here)), (.down, (low, here)),
        (.up, (here, high)),
      ] as [(LogarithmicRounding, (Dyadic, Dyadic))] {
        let rounder = LogarithmicRounder(to: format, rounding)
        #expect(rounder.round(below)?.log2 == expected.0 && rounder.round(above)?.log2 == expected.1, "2^\(a), \(rounding.rawValue)")
        #expect(rounder.round(below)?.flags == [.inexact] && rounder.round(above)?.flags == [.inexact])
      }
    }
  }

  /// A boundary cut at its own 128 bits: the cut number may be on either side of it.
  @Test func aBoundaryWithinTheCutIsReported() throws {
    func cut(_ function: (UnsafeMutablePointer<__mpfr_struct>, mpfr_rnd_t) -> Int32) -> Extended {
      let (number, ternary) = BigFloat.compute(precision: 128, .towardZero, function)
      return number.extended(ternary: ternary)
    }
    let root = cut { mpfr_sqrt_ui($0, 2, $1) }
    guard case .finite(let number) = root else { return }
    let format = Self.named("lns4.0")
    #expect(LogarithmicRounder(to: format).round(root) == nil)
    #expect(LogarithmicRounder(to: format, .nearestValue).round(root)?.log2 == 0)
    #expect(LogarithmicRounder(to: format, .up).round(root)?.log2 == 1)
    // The same bits as an exact number are below √2, and one unit more is above.
    for (magnitude, expected) in [(number.magnitude, Dyadic(0)), (number.magnitude + 1, 1)] {
      let exact = Extended.finite(Unrounded(isNegative: false, magnitude: magnitude, exponent: number.exponent))
      #expect(LogarithmicRounder(to: format).round(exact)?.log2 == expected)
    }
    // √2 is a value of lns4.1: only the directed modes need to know the side.
    #expect(LogarithmicRounder(to: Self.named("lns4.1")).round(root)?.log2 == .power(-1))
    #expect(LogarithmicRounder(to: Self.named("lns4.1"), .nearestValue).round(root)?.log2 == .power(-1))
    #expect(LogarithmicRounder(to: Self.named("lns4.1"), .down).round(root) == nil)
    // 2^-7.5, the smallest value: whether there was an underflow is not known.
    let least = Extended.finite(Unrounded(isNegative: false, magnitude: number.magnitude, exponent: number.exponent - 8, isSticky: true))
    #expect(LogarithmicRounder(to: Self.named("lns4.1")).round(least) == nil)
    // (1 + √2) / 2, the middle in value between 1 and √2; that sum is cut exactly.
    let middle = cut { z, mode in
      let x = Real(precision: 400)
      mpfr_sqrt_ui(x.raw, 2, MPFR_RNDN)
      mpfr_add_ui(x.raw, x.raw, 1, MPFR_RNDN)
      mpfr_div_2ui(x.raw, x.raw, 1, MPFR_RNDN)
      return mpfr_set(z, x.raw, mode)
    }
    #expect(LogarithmicRounder(to: Self.named("lns4.1"), .nearestValue).round(middle) == nil)
    #expect(LogarithmicRounder(to: Self.named("lns4.1")).round(middle)?.log2 == .power(-1))
  }

  @Test func decimalsAreRoundedOnce() throws {
    let rounder = LogarithmicRounder(to: Self.named("lns4.3"))
    #expect(rounder.round(try Extended(text: "0.1"))?.log2 == Dyadic(-27, exponent: -3))  // log₂ 0.1 = −3.3219
    #expect(rounder.round(try Extended(text: "-1e-3"))?.value == .zero)
    #expect(rounder.round(try Extended(text: "3"))?.log2 == Dyadic(13, exponent: -3))  // log₂ 3 = 1.5850
  }

  // MARK: Errors

  /// value − x to 64 bits, from roots at 900 bits; relative errors stay within their bound, and come near it.
  @Test(arguments: ["lns4.3", "lns5.0", "lns5.6"]) func errorsAreCorrectAndBounded(_ name: String) throws {
    let format = Self.named(name)
    let (oracle, rounder, source) = (LogarithmicOracle(format: format), LogarithmicRounder(to: format), try Format("e3m6"))
    var largest = 0.0
    for code in source.codes {
      let x = source.decode(Format.Code(code))
      guard let number = x.dyadic, !number.isZero else { continue }
      let rounded = rounder.round(x)
      guard case .power(let isNegative, let log2) = rounded.value else { continue }
      let value = oracle.power(Int(log2.integer(inUnitsOf: -format.fractionBits)))
      if isNegative { mpfr_neg(value.raw, value.raw, MPFR_RNDN) }
      let operand = Real(x)
      let expected = Real(precision: 64) { mpfr_sub($0, value.raw, operand.raw, $1) }
      guard rounded.error.withRaw({ mpfr_equal_p($0, expected.raw) }) != 0 else {
        Issue.record("the error of \(x) is \(rounded.error.double), not \(expected.double)")
        return
      }
      largest = max(largest, abs(expected.double / operand.double))
    }
    let bound = format.relativeErrorBound
    #expect(largest <= bound && largest > 0.9 * bound, "\(largest) of \(bound)")
    #expect(rounder.round(Value.infinity(negative: false)).error.isNaN && rounder.round(Value(2)).error.isZero)
  }
}

extension Extended {
  /// A number slightly larger in magnitude, of which these bits are known.
  fileprivate var cut: Extended {
    guard case .finite(let x) = self else { return self }
    let shift = UInt128(x.magnitude.leadingZeroBitCount)
    return .finite(Unrounded(isNegative: x.isNegative, magnitude: x.magnitude << shift, exponent: x.exponent - Int(shift), isSticky: true))
  }
}
