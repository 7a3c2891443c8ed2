// SPDX-License-Identifier: Apache-2.0
// The records of a zip archive, as far as .npz files need them.

/// What the directory of a zip archive says about one member.
///
/// - Source: PKWARE, APPNOTE.TXT, version 6.3, section 4.
struct ZIPMember: Hashable, Sendable {
  var name: String
  /// 0 for stored, 8 for deflated.
  var method = 0
  var isEncrypted = false
  /// CRC-32 of the bytes before compression.
  var checksum: UInt32 = 0
  var compressedSize: Int
  var size: Int
  /// Where the local header begins, counted from the beginning of the archive.
  var headerOffset: Int
}

/// The numbers by which the records are recognised, and their lengths without names and extra fields.
enum ZIP {
  static let localHeader: UInt32 = 0x0403_4b50
  static let directoryEntry: UInt32 = 0x0201_4b50
  static let end: UInt32 = 0x0605_4b50
  static let end64: UInt32 = 0x0606_4b50
  static let end64Locator: UInt32 = 0x0706_4b50
  static let localHeaderSize = 30
  static let endSize = 22
  static let end64Size = 56
  static let end64LocatorSize = 20
  /// The extra field with the numbers that do not fit into 32 bits; these are written as ``large``.
  static let extra64: UInt16 = 1
  static let large = 0xffff_ffff
}

/// Reads little-endian integers one after the other.
struct ZIPReader {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  /// - Errors: ``TensorError/badArchive(reason:)`` where fewer than `count` bytes are left.
  mutating func bytes(_ count: Int) throws(TensorError) -> [UInt8] {
    guard count <= bytes.count - position else { throw .badArchive(reason: "a record is cut short") }
    defer { position += count }
    return Array(bytes[position..<(position + count)])
  }

  /// The next integer of `size` bytes.
  mutating func integer(_ size: Int) throws(TensorError) -> Int {
    let value = try bytes(size).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    guard let value = Int(exactly: value) else { throw .badArchive(reason: "a number is above 2^63") }
    return value
  }

  mutating func skip(_ count: Int) throws(TensorError) { _ = try bytes(count) }

  mutating func expect(_ signature: UInt32, _ record: String) throws(TensorError) {
    guard try integer(4) == Int(signature) else { throw .badArchive(reason: "there is no \(record) where one should be") }
  }
}

/// Writes little-endian integers one after the other.
struct ZIPWriter {
  private(set) var bytes: [UInt8] = []

  mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
  }

  /// `value` in 32 bits, or the sign that it is in the extra field.
  mutating func append32(_ value: Int) {
    append(UInt32(min(value, ZIP.large)))
  }

  mutating func append(_ text: [UInt8]) { bytes += text }
}
