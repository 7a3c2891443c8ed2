// SPDX-License-Identifier: Apache-2.0
// Files built byte by byte, and the few tools that the tests share.

import Foundation
import Tensors

/// Steele, Lea and Flood's SplitMix64.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

/// The bytes of hexadecimal digits; spaces are for the reader.
func hex(_ digits: String) -> [UInt8] {
  let digits = digits.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}

func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: number.littleEndian) { Array($0) }
}

/// Every group of `size` bytes reversed: big-endian words made little-endian.
func swapped(_ bytes: [UInt8], size: Int) -> [UInt8] {
  stride(from: 0, to: bytes.count, by: size).flatMap { bytes[$0..<($0 + size)].reversed() }
}

/// A .npy file with this header text and data, of format version `major`.0.
func npyFile(_ header: String, _ data: [UInt8] = [], major: UInt8 = 1) -> Data {
  let length = major == 1 ? littleEndian(UInt16(header.utf8.count)) : littleEndian(UInt32(header.utf8.count))
  return Data([0x93] + "NUMPY".utf8 + [major, 0] + length + header.utf8 + data)
}

/// A .npy header as NumPy spells it, without the padding.
func npyHeader(_ descr: String, _ shape: String, fortran: Bool = false) -> String {
  "{'descr': '\(descr)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }"
}

/// A .safetensors file with this header text and data.
func safetensorsFile(_ header: String, _ data: [UInt8] = []) -> Data {
  Data(littleEndian(UInt64(header.utf8.count)) + header.utf8 + data)
}

extension Tensor {
  /// The encodings of the elements: equal where `==` is not, for NaN, and unequal for +0 and -0.
  var bits: [UInt64] { elements.map(\.bitPattern) }
}

/// A directory that `body` may fill, removed afterwards.
func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
  try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: directory) }
  return try body(directory)
}
