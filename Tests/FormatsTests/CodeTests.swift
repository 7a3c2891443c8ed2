// SPDX-License-Identifier: Apache-2.0
// Every code of every format of at most 16 bits: its value, and the way back.

import Formats
import TestSupport
import Testing

@Suite struct CodeTests {
  @Test(arguments: FormatLists.exhaustive)
  func codesDecodeToTheValuesOfTheirFields(_ format: Format) throws {
    let fields = try #require(FieldOracle(name: format.name))
    #expect(format.width == fields.width)
    for code in format.codes {
      let (found, expected) = (format.decode(Format.Code(code)), fields.value(of: code))
      guard found == expected else {
        Issue.record("\(found), not \(expected): fmtlab values \(format), code 0x\(String(code, radix: 16))")
        return
      }
    }
  }

  @Test(arguments: FormatLists.exhaustive)
  func encodingInvertsDecoding(_ format: Format) {
    for code in format.codes {
      let value = format.decode(Format.Code(code))
      guard let again = format.encode(value) else {
        Issue.record("\(value) has no code: fmtlab values \(format), code 0x\(String(code, radix: 16))")
        return
      }
      // Codes of NaN share one value, and so do those that `:nosub` and `:cfg6` read as zero.
      let isRedundant = value == .nan || (value.isZero && format.lacksSubnormals)
      guard isRedundant ? format.decode(again) == value : again == Format.Code(code) else {
        Issue.record("\(value) becomes 0x\(String(again, radix: 16)): fmtlab values \(format), code 0x\(String(code, radix: 16))")
        return
      }
    }
  }

  @Test(arguments: FormatLists.exhaustive)
  func onlyValuesOfTheFormatHaveCodes(_ format: Format) {
    let values = BracketOracle(format).values
    for (lower, upper) in zip(values, values.dropFirst()) {
      let middle = (lower + upper).scaled(by: -1)
      guard !format.contains(middle) else {
        Issue.record("\(middle) lies between two values of \(format)")
        return
      }
    }
    #expect(format.encode(.finite(format.minFinite - format.ulp(format.minFinite).scaled(by: -1))) == nil)
    #expect(format.encode(.finite(format.maxFinite + format.ulp(format.maxFinite))) == nil)
    #expect((format.encode(.nan) != nil) == format.hasNaN)
    #expect((format.encode(.infinity(negative: false)) != nil) == format.hasInfinity)
    #expect((format.encode(.infinity(negative: true)) != nil) == (format.hasInfinity && format.isSigned))
    let hasZero = values.contains(.zero)
    #expect(format.encode(.zero) == (hasZero ? 0 : nil))
    #expect(format.encode(.negativeZero).map(format.decode) == (hasZero ? (format.hasNegativeZero ? .negativeZero : .zero) : nil))
  }

  @Test func theNaNCodeIsQuietAndPositive() throws {
    #expect(Format.fp16.encode(.nan) == 0x7e00)
    #expect(Format.fp32.encode(.nan) == 0x7fc0_0000)
    #expect(Format.e4m3.encode(.nan) == 0x7c)
    #expect(Format.e5m2.encode(.nan) == 0x7e)
    #expect(Format.e4m3fn.encode(.nan) == 0x7f)
    #expect(format("e4m3fnuz").encode(.nan) == 0x80)
    #expect(format("e8m0fnu").encode(.nan) == 0xff)
  }

  @Test(arguments: FormatLists.exhaustive)
  func hexadecimalTextOfAValueIsTheValue(_ format: Format) {
    for code in format.codes {
      let value = format.decode(Format.Code(code))
      let read = Real(text: value.hexDescription).value
      guard read == value else {
        Issue.record("\(value.hexDescription) reads as \(read): fmtlab values \(format), code 0x\(String(code, radix: 16))")
        return
      }
    }
  }
}
