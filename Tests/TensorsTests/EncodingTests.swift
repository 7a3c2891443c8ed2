// SPDX-License-Identifier: Apache-2.0
// Every pattern of the 16-bit formats against the definition of their value.

import Foundation
import Tensors
import Testing

@Suite struct EncodingTests {
  static let patterns = (0...UInt16.max).map { $0 }

  /// The value of a 16-bit pattern with 1 sign bit, `exponentBits` and the rest fraction bits, by the definition
  /// of IEEE 754: (-1)^s 2^(max(e, 1) - bias) (f / 2^t + [e > 0]); NaN where the top exponent has a fraction.
  static func value(_ pattern: UInt16, exponentBits: Int) -> Double {
    let t = 15 - exponentBits
    let fraction = Int(pattern) % (1 << t)
    let exponent = Int(pattern) >> t % (1 << exponentBits)
    let sign: Double = pattern >> 15 == 1 ? -1 : 1
    let top = (1 << exponentBits) - 1
    if exponent == top { return fraction == 0 ? sign * .infinity : .nan }
    let integer = Double(fraction + (exponent > 0 ? 1 << t : 0))
    return sign * integer * Double(sign: .plus, exponent: max(exponent, 1) - top / 2 - t, significand: 1)
  }

  static func agree(_ elements: [Double], exponentBits: Int) -> Bool {
    zip(elements, patterns).allSatisfy { element, pattern in
      let expected = value(pattern, exponentBits: exponentBits)
      return expected.isNaN ? element.isNaN : element.bitPattern == expected.bitPattern
    }
  }

  @Test func halfPrecisionIsItsDefinitionOnEveryPattern() throws {
    let little = Self.patterns.flatMap(littleEndian)
    for (type, bytes) in [("<f2", little), (">f2", swapped(little, size: 2))] {
      let tensor = try Tensor(npy: npyFile(npyHeader(type, "(65536,)"), bytes))
      #expect(tensor.elements.count == 65_536)
      #expect(Self.agree(tensor.elements, exponentBits: 5))
    }
    let header = #"{"h":{"dtype":"F16","shape":[65536],"data_offsets":[0,131072]}}"#
    #expect(Self.agree(try Safetensors(safetensorsFile(header, little)).tensor("h").elements, exponentBits: 5))
  }

  @Test func bfloat16IsItsDefinitionOnEveryPattern() throws {
    let header = #"{"b":{"dtype":"BF16","shape":[256,256],"data_offsets":[0,131072]}}"#
    let tensor = try Safetensors(safetensorsFile(header, Self.patterns.flatMap(littleEndian))).tensor()
    #expect(tensor.shape == [256, 256])
    #expect(Self.agree(tensor.elements, exponentBits: 8))
  }

  /// The magnitudes of the codes 0x00 to 0x7f, by adding up spacings, which double from binade to binade.
  static func magnitudes(fractionBits: Int, minExponent: Int) -> [Double] {
    let perBinade = 1 << fractionBits
    var magnitudes = [0.0]
    var spacing = Double(sign: .plus, exponent: minExponent - fractionBits, significand: 1)
    while magnitudes.count < 128 {
      magnitudes.append(magnitudes.last! + spacing)
      // The subnormal numbers and the first binade share their spacing.
      if magnitudes.count > 2 * perBinade, magnitudes.count % perBinade == 1 { spacing *= 2 }
    }
    return magnitudes
  }

  @Test func eightBitFormatsAreTheirDefinitionsOnEveryCode() throws {
    let text = #"{"d":{"dtype":"DTYPE","shape":[256],"data_offsets":[0,256]}}"#
    func read(_ dtype: String) throws -> [Double] {
      try Safetensors(safetensorsFile(text.replacing("DTYPE", with: dtype), Array(0...255))).tensor().elements
    }
    func agree(_ elements: [Double], _ magnitudes: [Double]) -> Bool {
      let expected = magnitudes + magnitudes.map { -$0 }
      return zip(elements, expected).allSatisfy { $1.isNaN ? $0.isNaN : $0.bitPattern == $1.bitPattern }
    }
    #expect(agree(try read("F8_E4M3"), Array(Self.magnitudes(fractionBits: 3, minExponent: -6).dropLast()) + [.nan]))
    let e5m2 = Array(Self.magnitudes(fractionBits: 2, minExponent: -14).dropLast(4)) + [.infinity, .nan, .nan, .nan]
    #expect(agree(try read("F8_E5M2"), e5m2))
    let e8m0 = try read("F8_E8M0")
    #expect(e8m0[0] == 0x1p-127 && e8m0[255].isNaN)
    #expect((1..<255).allSatisfy { e8m0[$0] == 2 * e8m0[$0 - 1] })
  }
}
