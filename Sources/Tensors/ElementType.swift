// SPDX-License-Identifier: Apache-2.0
// The number formats found in files, and their exact conversion to binary64.

/// A number format of fixed size; its raw value is NumPy's name, kind and size in bytes.
enum ElementType: String, CaseIterable, Sendable {
  case f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8
  /// One byte, 0 for false and anything else for true.
  case b1
  /// bfloat16, for which NumPy has no name.
  case bf16

  /// Bytes an element.
  var size: Int {
    switch self {
    case .i1, .u1, .b1: 1
    case .f2, .bf16, .i2, .u2: 2
    case .f4, .i4, .u4: 4
    case .f8, .i8, .u8: 8
    }
  }

  /// The numbers encoded by `bytes`, each exactly; a NaN becomes a NaN.
  ///
  /// - Precondition: `bytes.byteCount` is a multiple of ``size``.
  /// - Errors: ``TensorError/inexactInteger(position:value:)``, for `i8` and `u8` only.
  /// - Complexity: O(n).
  func decode(_ bytes: RawSpan, bigEndian: Bool = false) throws(TensorError) -> [Double] {
    switch self {
    case .f2: try map(bytes, bigEndian) { (word: UInt16) in Double(Float16(bitPattern: word)) }
    case .bf16: try map(bytes, bigEndian) { (word: UInt16) in Double(Float(bitPattern: UInt32(word) << 16)) }
    case .f4: try map(bytes, bigEndian) { (word: UInt32) in Double(Float(bitPattern: word)) }
    case .f8: try map(bytes, bigEndian) { (word: UInt64) in Double(bitPattern: word) }
    case .i1: try map(bytes, bigEndian) { (word: Int8) in Double(word) }
    case .i2: try map(bytes, bigEndian) { (word: Int16) in Double(word) }
    case .i4: try map(bytes, bigEndian) { (word: Int32) in Double(word) }
    case .i8: try map(bytes, bigEndian) { (word: Int64) in Double(exactly: word) }
    case .u1: try map(bytes, bigEndian) { (word: UInt8) in Double(word) }
    case .u2: try map(bytes, bigEndian) { (word: UInt16) in Double(word) }
    case .u4: try map(bytes, bigEndian) { (word: UInt32) in Double(word) }
    case .u8: try map(bytes, bigEndian) { (word: UInt64) in Double(exactly: word) }
    case .b1: try map(bytes, bigEndian) { (word: UInt8) in word == 0 ? 0 : 1 }
    }
  }
}

/// `value` of each word of `bytes`, where `nil` means that binary64 cannot represent the word.
private func map<Word: FixedWidthInteger & BitwiseCopyable>(
  _ bytes: RawSpan, _ bigEndian: Bool, _ value: (Word) -> Double?
) throws(TensorError) -> [Double] {
  let size = MemoryLayout<Word>.size
  var result: [Double] = []
  result.reserveCapacity(bytes.byteCount / size)
  for offset in stride(from: 0, to: bytes.byteCount, by: size) {
    let stored = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Word.self)
    let word = bigEndian ? Word(bigEndian: stored) : Word(littleEndian: stored)
    guard let number = value(word) else {
      throw .inexactInteger(position: offset / size, value: "\(word)")
    }
    result.append(number)
  }
  return result
}
