// SPDX-License-Identifier: Apache-2.0
// The element types that are written, and the conversion to them.

extension Tensor {
  /// An element type of .npy files, little-endian, by NumPy's name.
  public enum StoredType: String, Hashable, Sendable, CaseIterable {
    /// Floating point, signed and unsigned integers, with their size in bytes.
    case f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8

    /// Bytes an element.
    public var size: Int {
      switch self {
      case .i1, .u1: 1
      case .f2, .i2, .u2: 2
      case .f4, .i4, .u4: 4
      case .f8, .i8, .u8: 8
      }
    }

    /// Whether elements that are not of this type are rounded to it: integers are not.
    var rounds: Bool {
      switch self {
      case .f2, .f4, .f8: true
      default: false
      }
    }

    /// Encodes `elements` into `bytes`: floating point rounded once, to nearest, ties to even.
    ///
    /// - Returns: the index of the first element that is not a number of an integer type; `nil` if there is none.
    /// - Precondition: `bytes` is aligned to 8 and has room.
    func encode(_ elements: UnsafeBufferPointer<Double>, to bytes: UnsafeMutableRawBufferPointer) -> Int? {
      switch self {
      case .f2: map(elements, bytes) { Float16($0).bitPattern }
      case .f4: map(elements, bytes) { Float($0).bitPattern }
      case .f8: map(elements, bytes) { $0.bitPattern }
      case .i1: return mapExactly(elements, bytes) { Int8(exactly: $0) }
      case .i2: return mapExactly(elements, bytes) { Int16(exactly: $0) }
      case .i4: return mapExactly(elements, bytes) { Int32(exactly: $0) }
      case .i8: return mapExactly(elements, bytes) { Int64(exactly: $0) }
      case .u1: return mapExactly(elements, bytes) { UInt8(exactly: $0) }
      case .u2: return mapExactly(elements, bytes) { UInt16(exactly: $0) }
      case .u4: return mapExactly(elements, bytes) { UInt32(exactly: $0) }
      case .u8: return mapExactly(elements, bytes) { UInt64(exactly: $0) }
      }
      return nil
    }

    /// The index of the first element that rounding would change; integers do not round.
    func firstRounded(_ elements: [Double]) -> Int? {
      switch self {
      case .f2: elements.firstIndex { Double(Float16($0)) != $0 && !$0.isNaN }
      case .f4: elements.firstIndex { Double(Float($0)) != $0 && !$0.isNaN }
      default: nil
      }
    }
  }
}

@inline(__always)
private func map<Word: FixedWidthInteger>(
  _ elements: UnsafeBufferPointer<Double>, _ bytes: UnsafeMutableRawBufferPointer, _ word: (Double) -> Word
) {
  let words = bytes.bindMemory(to: Word.self)
  for i in elements.indices { words[i] = word(elements[i]).littleEndian }
}

@inline(__always)
private func mapExactly<Word: FixedWidthInteger>(
  _ elements: UnsafeBufferPointer<Double>, _ bytes: UnsafeMutableRawBufferPointer, _ word: (Double) -> Word?
) -> Int? {
  let words = bytes.bindMemory(to: Word.self)
  for i in elements.indices {
    guard let word = word(elements[i]) else { return i }
    words[i] = word.littleEndian
  }
  return nil
}
