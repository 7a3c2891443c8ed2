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

extension NPYWriter {
  func write(_ elements: [Double]) throws(TensorError) { try elements.withBuffer { buffer throws(TensorError) in try write(buffer) } }

  func write(_ elements: [Double], at position: Int) throws(TensorError) {
    try elements.withBuffer { buffer throws(TensorError) in try write(buffer, at: position) }
  }
}

extension [Double] {
  fileprivate func withBuffer(_ body: (UnsafeBufferPointer<Double>) throws(TensorError) -> Void) throws(TensorError) {
    let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: count)
    defer { buffer.deallocate() }
    _ = buffer.initialize(from: self)
    try body(UnsafeBufferPointer(buffer))
  }
}

/// An IDX file: two zeros, the type's code, the rank, the extents and the data, big-endian.
func idxFile(_ code: UInt8, _ shape: [UInt32], _ data: [UInt8]) -> Data {
  Data([0, 0, code, UInt8(shape.count)] + shape.flatMap { littleEndian($0.byteSwapped) } + data)
}

/// CRC-32, bit by bit: the remainder of the message as a polynomial over two elements, reflected, with reflected 0x04c11db7.
func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
  ~bytes.reduce(UInt32.max) { crc, byte in
    (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
  }
}

/// A zip archive of stored members, without extra fields.
func zipFile(_ members: [(name: String, data: Data)], method: UInt16 = 0, flags: UInt16 = 0) -> Data {
  var (file, directory) = (Data(), Data())
  for (name, data) in members {
    let sizes = littleEndian(crc32(data)) + littleEndian(UInt32(data.count)) + littleEndian(UInt32(data.count))
    let common = [20, 0] + littleEndian(flags) + littleEndian(method) + [0, 0, 0x21, 0] + sizes
      + littleEndian(UInt16(name.utf8.count)) + [0, 0]
    directory += [0x50, 0x4b, 1, 2, 20, 3] + common + Array(repeating: 0, count: 10) + littleEndian(UInt32(file.count)) + name.utf8
    file += [0x50, 0x4b, 3, 4] + common + name.utf8 + data
  }
  let count = littleEndian(UInt16(members.count))
  let end = [0x50, 0x4b, 5, 6, 0, 0, 0, 0] + count + count + littleEndian(UInt32(directory.count))
    + littleEndian(UInt32(file.count)) + [0, 0]
  return file + directory + end
}

/// `data` as gzip with stored blocks, of which one holds at most 65,535 bytes.
func gzipFile(_ data: Data) -> Data {
  let length = UInt16(data.count)
  return Data([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1]) + littleEndian(length) + littleEndian(~length) + data
    + littleEndian(crc32(data)) + littleEndian(UInt32(data.count))
}

extension TensorSource {
  /// The elements of `range`, as they are stored.
  func elements(_ range: Range<Int>) throws -> [Double] {
    try Array(unsafeUninitializedCapacity: range.count) { buffer, count in
      try read(range, into: buffer)
      count = range.count
    }
  }
}

extension Tensor {
  /// The encodings of the elements: equal where `==` is not, for NaN, and unequal for +0 and -0.
  var bits: [UInt64] { elements.map(\.bitPattern) }
}

/// Writes a file without waiting for the disk, for which Data's own method takes milliseconds.
func write(_ data: Data, to path: String) throws {
  guard let file = fopen(path, "wb") else { throw CocoaError(.fileWriteUnknown) }
  data.withUnsafeBytes { _ = fwrite($0.baseAddress, 1, $0.count, file) }
  fclose(file)
}

/// A directory that `body` may fill, removed afterwards.
func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
  try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: directory) }
  return try body(directory)
}
