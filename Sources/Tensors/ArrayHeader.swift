// SPDX-License-Identifier: Apache-2.0
// What the head of a file says about the one array after it.

/// How an array is stored: the type, order and number of its elements, and where they begin.
struct ArrayHeader: Hashable, Sendable {
  let elementType: ElementType
  /// The element type as the file spells it.
  let elementName: String
  let isBigEndian: Bool
  /// Whether the first index runs fastest.
  let isFortranOrder: Bool
  let shape: [Int]
  /// The product of `shape`.
  let count: Int
  /// The bytes before the first element.
  var dataOffset: Int

  /// Reads at most so many bytes of the file, from its beginning.
  typealias Prefix = (_ count: Int) throws(TensorError) -> [UInt8]

  /// The bytes of header and elements.
  ///
  /// - Errors: ``TensorError/badShape(_:)`` if a 64-bit integer does not hold them.
  func totalSize() throws(TensorError) -> UInt64 {
    let (size, overflow) = UInt64(count).multipliedReportingOverflow(by: UInt64(elementType.size))
    let (total, overflows) = size.addingReportingOverflow(UInt64(dataOffset))
    if overflow || overflows { throw .badShape(shape) }
    return total
  }

  /// Checks that the elements, and nothing else, follow the header in a file of `length` bytes.
  func check(length: Int) throws(TensorError) {
    let (needed, present) = (try totalSize() - UInt64(dataOffset), length - dataOffset)
    if needed > present { throw .truncated(part: "data", needed: needed, present: present) }
    if needed < present { throw .trailingBytes(count: present - Int(needed)) }
  }
}
