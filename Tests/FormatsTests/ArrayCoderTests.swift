// SPDX-License-Identifier: Apache-2.0
// Codes of arrays against those of single values.

import Formats
import TestSupport
import Testing

@Suite struct ArrayCoderTests {
  @Test(arguments: FormatLists.exhaustive + ["posit8", "posit16", "takum8"].compactMap { try? Format($0) })
  func everyCodeIsThatOfTheReference(_ format: Format) {
    check(format, Array(format.codes), Float.self)
    check(format, Array(format.codes), Double.self)
  }

  /// Wide formats, of which some codes are tried: those next to where something changes, and random ones.
  @Test(arguments: ["fp32", "tf32", "e8m12", "e5m26", "q8.13", "q1.23", "q24.0", "q11.42", "uq0.23", "uq0.24", "e6m20fn", "e9m18", "fp64", "e11m40", "q40.13", "e10m40fnuz"])
  func codesOfWideFormatsAreThoseOfTheReference(_ name: String) throws {
    let format = try Format(name)
    var random = SplitMix64(seed: 7)
    let mask = format.width == 64 ? UInt64.max : (1 << UInt64(format.width)) - 1
    var codes = [0, 1, 2, mask, mask - 1, mask >> 1, (mask >> 1) + 1, (mask >> 1) + 2].map { $0 & mask }
    for value in [format.maxFinite, format.minFinite, format.minNormal, format.minPositive].compactMap({ $0 }) {
      let code = UInt64(truncatingIfNeeded: format.encode(.finite(value))!)
      codes += [code &- 1, code, code &+ 1].map { $0 & mask }
    }
    for _ in 0..<20_000 { codes.append(random.next() & mask) }
    check(format, codes, Float.self)
    check(format, codes, Double.self)
  }

  private func check<Number: CarrierNumber>(_ format: Format, _ codes: [UInt64], _: Number.Type) {
    guard Number.carrier.holdsForTest(format), Number.carrier == .binary64 || Carrier.binary32.holds(format) else { return }
    for set in InstructionSet.available {
      let coder = ArrayCoder<Number>(format, set)
      switch format.width {
      case ...8: check(coder, codes.map { UInt8($0) }, set)
      case ...16: check(coder, codes.map { UInt16($0) }, set)
      case ...32: check(coder, codes.map { UInt32($0) }, set)
      default: break
      }
      check(coder, codes, set)
    }
  }

  private func check<Number: CarrierNumber, Code: FixedWidthInteger & UnsignedInteger & Sendable>(
    _ coder: ArrayCoder<Number>, _ codes: [Code], _ set: InstructionSet
  ) {
    let format = coder.format
    let numbers = [Number](unsafeUninitializedCapacity: codes.count) { y, count in
      codes.withUnsafeBufferPointer { coder.decode($0, into: y.baseAddress!) }
      count = codes.count
    }
    let again = [Code](unsafeUninitializedCapacity: codes.count) { y, count in
      numbers.withUnsafeBufferPointer { coder.encode($0, into: y.baseAddress!) }
      count = codes.count
    }
    for (i, code) in codes.enumerated() {
      let value = format.decode(Format.Code(code))
      let (number, expected) = (Double(numbers[i]), Code(truncatingIfNeeded: format.encode(value)!))
      let isSame = value == .nan ? number.isNaN : Value(number) == value
      guard isSame, again[i] == expected else {
        Issue.record("\(format), \(Number.self), \(set), code 0x\(String(code, radix: 16)): \(number) for \(value), then 0x\(String(again[i], radix: 16)) for 0x\(String(expected, radix: 16))")
        return
      }
    }
  }

  @Test func vectorsDoFormatsThatHaveNormalNumbers() {
    let slow = FormatLists.exhaustive.filter { Carrier.binary64.holds($0) && !ArrayCoder<Double>($0).isVector }.map(\.name)
    #expect(slow == ["e1m0", "e1m0u", "e1m1", "e1m2", "e1m6"])  // infinity takes their normal numbers' place
    #expect(["bf16", "fp16", "fp32", "tf32", "e4m3fn", "q8.13"].allSatisfy { ArrayCoder<Float>(format($0)).isVector })
  }
}
