// SPDX-License-Identifier: Apache-2.0
// Arrays from NumPy's .npy format, versions 1.0, 2.0 and 3.0.

public import FoundationEssentials

extension Tensor {
  /// The longest .npy header that is read, in bytes: 1 MiB. NumPy's own are 118 bytes or a little more.
  static let longestNPYHeader = 1 << 20

  /// The array in the bytes of a .npy file, every element exactly.
  ///
  /// Elements are f2 f4 f8, i1 i2 i4 i8, u1 u2 u4 u8 or b1 (false is 0, true is 1), little- or
  /// big-endian, in C or Fortran order.
  ///
  /// - Errors: ``TensorError``: anything that is not exactly one such array, and 64-bit integers that binary64
  ///   cannot represent.
  /// - Complexity: O(n) time and memory; nothing is allocated for a claim that the bytes do not back.
  /// - Source: NumPy Enhancement Proposal 1 and `numpy.lib.format`.
  public init(npy data: Data) throws(TensorError) {
    let start = try Tensor.npyHeaderRange(data)
    let header = try NPYHeader(parsing: Array(data.dropFirst(start.lowerBound).prefix(start.count)))

    let present = data.count - start.upperBound
    let (needed, overflow) = UInt64(header.count).multipliedReportingOverflow(by: UInt64(header.elementType.size))
    if overflow { throw .badShape(header.shape) }
    if needed > present { throw .truncated(part: "data", needed: needed, present: present) }
    if needed < present { throw .trailingBytes(count: present - Int(needed)) }

    let bytes = data.bytes.extracting(droppingFirst: start.upperBound)
    let elements = try header.elementType.decode(bytes, bigEndian: header.bigEndian)
    self.init(
      shape: header.shape,
      elements: header.fortranOrder ? Tensor.rowMajor(elements, shape: header.shape) : elements)
  }

  /// Where the header's dictionary lies: after 6 bytes of magic, 2 of version, and its length in 2 or 4.
  private static func npyHeaderRange(_ data: Data) throws(TensorError) -> Range<Int> {
    guard data.starts(with: [0x93] + "NUMPY".utf8) else { throw .notNPY }
    let bytes = data.bytes
    guard bytes.byteCount >= 8 else { throw .truncated(part: "version", needed: 2, present: bytes.byteCount - 6) }
    let major = bytes.unsafeLoad(fromByteOffset: 6, as: UInt8.self)
    let minor = bytes.unsafeLoad(fromByteOffset: 7, as: UInt8.self)
    guard (1...3).contains(major), minor == 0 else { throw .unknownVersion(major: major, minor: minor) }

    let begin = major == 1 ? 10 : 12
    guard bytes.byteCount >= begin else {
      throw .truncated(part: "header length", needed: UInt64(begin - 8), present: bytes.byteCount - 8)
    }
    let length = major == 1
      ? Int(UInt16(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt16.self)))
      : Int(UInt32(littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: 8, as: UInt32.self)))
    guard length <= longestNPYHeader else { throw .headerTooLong(bytes: UInt64(length), limit: longestNPYHeader) }
    guard length <= bytes.byteCount - begin else {
      throw .truncated(part: "header", needed: UInt64(length), present: bytes.byteCount - begin)
    }
    return begin..<(begin + length)
  }

  /// The elements of a column-major array (first index fastest) in row-major order.
  ///
  /// Element (i_1, ..., i_r) lies at offset sum i_k n_1 ⋯ n_(k-1); the offsets are listed in row-major
  /// order by extending the list one index at a time.
  private static func rowMajor(_ elements: [Double], shape: [Int]) -> [Double] {
    guard elements.count > 1 else { return elements }
    var offsets = [0]
    var stride = 1
    for extent in shape where extent > 1 {
      var extended: [Int] = []
      extended.reserveCapacity(offsets.count * extent)
      for offset in offsets {
        for i in 0..<extent { extended.append(offset + i * stride) }
      }
      offsets = extended
      stride *= extent
    }
    return offsets.map { elements[$0] }
  }
}
