// SPDX-License-Identifier: Apache-2.0
// Logarithmic formats: names, codes, values and order.

import CMPFR
import Formats
import Multiprecision
import TestSupport
import Testing

@Suite struct LogarithmicFormatTests {
  static let small = ["lns1.0", "lns1.1", "lns2.0", "lns3.0", "lns2.2", "lns4.3", "lns1.6", "lns8.0", "lns5.4"].map(named)

  static func named(_ name: String) -> LogarithmicFormat {
    do { return try LogarithmicFormat(name) } catch { fatalError("\(error)") }
  }

  @Test func everyFormatIsCalledByItsName() throws {
    for m in 1...8 {
      for n in 0...23 {
        let format = try LogarithmicFormat(integerBits: m, fractionBits: n)
        #expect(format.name == "lns\(m).\(n)" && format.width == 1 + m + n && format.step == .power(-n))
        for name in ["lns\(m).\(n)", "log\(m).\(n)", "LNS\(m).\(n)"] { #expect(try LogarithmicFormat(name) == format) }
      }
    }
  }

  @Test(arguments: ["", "lns", "lns4", "lns4.", "lns.4", "lns04.3", "lns4.3.1", "lns-4.3", "lns4,3", "ln4.3", " lns4.3", "lns4.٣", "lns4.03", "q4.3"])
  func otherNamesAreUnknown(_ name: String) {
    #expect(throws: FormatError.unknownFormat(name, nearest: [])) { try LogarithmicFormat(name) }
  }

  @Test func fieldsOutOfRangeAreRefused() {
    for (name, field, given, allowed) in [
      ("lns0.4", "integer bits", "0", "1 to 8, the sign included"), ("log9.4", "integer bits", "9", "1 to 8, the sign included"),
      ("lns4.24", "fraction bits", "24", "0 to 23"),
    ] {
      #expect(throws: FormatError.fieldOutOfRange(name, field: field, given: given, allowed: allowed)) { try LogarithmicFormat(name) }
    }
  }

  @Test(arguments: small + ["lns4.10", "lns8.7"].map(named))
  func codesAndValuesAreOneToOne(_ format: LogarithmicFormat) {
    var (zeros, nans, seen) = (0, 0, Set<LogarithmicValue>())
    let field = format.width - 1
    for code in format.codes {
      let value = format.decode(Format.Code(code))
      guard format.encode(value) == Format.Code(code), seen.insert(value).inserted else {
        Issue.record("code \(code) of \(format) is \(value), whose code is not \(code)")
        return
      }
      // Two's complement by its weights: the top bit of the field counts −2^(field−1).
      let bits = Int128(code & (1 << UInt64(field) - 1))
      let steps = bits - (code >> UInt64(field - 1) & 1 == 1 ? 1 << Int128(field) : 0)
      switch value {
      case .zero: zeros += 1
      case .nan: nans += 1
      case .power(let isNegative, let log2):
        #expect(log2 == Dyadic(steps, exponent: -format.fractionBits) && isNegative == (code >> UInt64(field) == 1))
        #expect(format.contains(-value) && format.contains(.power(isNegative: isNegative, log2: -log2)))
      }
    }
    #expect(zeros == 1 && nans == 1)
    #expect(format.decode(1 << Format.Code(field - 1)) == .zero && format.decode(3 << Format.Code(field - 1)) == .nan)
    #expect(format.encode(.power(isNegative: false, log2: format.step.scaled(by: -1))) == nil)
    #expect(format.encode(.power(isNegative: false, log2: .power(format.integerBits - 1))) == nil)
    #expect(format.encode(.power(isNegative: true, log2: -.power(format.integerBits - 1))) == nil)
  }

  @Test(arguments: small) func neighboursRunThroughAllValuesInOrder(_ format: LogarithmicFormat) {
    var (value, count) = (-format.maximum, 1)
    while let next = format.next(above: value) {
      guard next.double > value.double, format.next(below: next) == value else {
        Issue.record("\(next) comes after \(value) in \(format)")
        return
      }
      (value, count) = (next, count + 1)
    }
    #expect(value == format.maximum && count == 1 << format.width - 1)
    #expect(format.next(below: -format.maximum) == nil && format.next(above: .nan) == nil)
    #expect(format.next(above: .zero) == format.minPositive && format.next(below: .zero) == -format.minPositive)
  }

  /// Values by repeated square roots of powers of two.
  @Test(arguments: small + [named("lns8.7")]) func valuesAreRootsOfPowersOfTwo(_ format: LogarithmicFormat) {
    let oracle = LogarithmicOracle(format: format)
    for code in format.codes {
      let value = format.decode(Format.Code(code))
      guard case .power(let isNegative, let log2) = value else { continue }
      let root = oracle.power(Int(log2.integer(inUnitsOf: -format.fractionBits)))
      if isNegative { mpfr_neg(root.raw, root.raw, MPFR_RNDN) }
      let isDyadic = log2.isMultiple(ofPower: 0)
      for precision in [2, 53, 200] {
        let (low, high) = value.enclosure(precision: precision)
        let sides = (low.withRaw { mpfr_cmp($0, root.raw) }, high.withRaw { mpfr_cmp($0, root.raw) })
        guard isDyadic ? sides == (0, 0) : sides.0 < 0 && sides.1 > 0 else {
          Issue.record("\(value) is not in its enclosure at \(precision) bits")
          return
        }
      }
      #expect(value.double == root.double)
    }
  }

  @Test func valuesHaveTheirSpecials() {
    #expect(LogarithmicValue.zero.double == 0 && LogarithmicValue.nan.double.isNaN)
    #expect(LogarithmicValue.zero.log2 == nil && -LogarithmicValue.nan == .nan && -LogarithmicValue.zero == .zero)
    #expect(LogarithmicValue.power(isNegative: true, log2: Dyadic(-3, exponent: -1)).description == "-2^-1.5")
    #expect(LogarithmicValue.zero.enclosure(precision: 10).upper.isZero && LogarithmicValue.nan.enclosure(precision: 10).lower.isNaN)
    // Beyond the range of doubles only for logarithms that no format has.
    #expect(LogarithmicValue.power(isNegative: false, log2: 2000).double == .infinity)
  }

  @Test func theFormatsOfTheFieldHaveTheirRanges() {
    // Sign, 8 bits before and 23 after the point: about the range of binary32.
    let wide = Self.named("lns8.23")
    #expect(wide.width == 32 && wide.maximum.log2 == Dyadic(128) - .power(-23) && wide.minPositive.log2 == .power(-23) - Dyadic(128))
    #expect(Self.named("lns1.0").maximum.double == 1)  // 0, 1, −1 and NaN
    #expect(Self.named("lns4.3").relativeErrorBound == Self.boundOfSixteenth)
  }

  /// 2^(1/16) − 1 rounded up, from the square roots.
  private static let boundOfSixteenth: Double = {
    let x = Real(text: "2", precision: 300)
    for _ in 0..<4 { mpfr_sqrt(x.raw, x.raw, MPFR_RNDN) }
    return x.doubleRoundedUp - 1
  }()
}
