// SPDX-License-Identifier: Apache-2.0
// Arrays into NumPy's .npy format, byte for byte as numpy.save writes them.

public import FoundationEssentials

extension Tensor {
  /// The element types that are written: little-endian binary32 and binary64.
  public enum StoredType: String, Hashable, Sendable, CaseIterable {
    case f4, f8
  }

  /// The bytes of a .npy file, version 1.0, C order, that holds this tensor.
  ///
  /// - Rounding: none. `.f4` requires every element to be a binary32 number, an infinity or a NaN:
  ///   which way to round is the caller's decision.
  /// - Errors: ``TensorError/inexactFloat(position:value:)``.
  /// - Complexity: O(n).
  public func npy(elementType: StoredType = .f8) throws(TensorError) -> Data {
    var data = npyHead(elementType)
    switch elementType {
    case .f8:
      elements.map { $0.bitPattern.littleEndian }.withUnsafeBytes { data.append(contentsOf: $0) }
    case .f4:
      let inexact = elements.firstIndex { Double(Float($0)) != $0 && !$0.isNaN }
      if let inexact { throw .inexactFloat(position: inexact, value: elements[inexact]) }
      elements.map { Float($0).bitPattern.littleEndian }.withUnsafeBytes { data.append(contentsOf: $0) }
    }
    return data
  }

  /// Writes this tensor as a .npy file, whole or not at all.
  ///
  /// - Errors: ``TensorError/inexactFloat(position:value:)``, ``TensorError/unwritable(path:reason:)``;
  ///   a file that was there before is then still there unchanged.
  public func write(npy path: String, elementType: StoredType = .f8) throws(TensorError) {
    try writeFile(npy(elementType: elementType), to: path)
  }

  /// Magic, version, length and dictionary, filled with spaces so that the data begin at a multiple of 64 bytes.
  ///
  /// NumPy leaves room for the first extent to grow to 21 digits, and adds 64 spaces where none are needed.
  private func npyHead(_ elementType: StoredType) -> Data {
    let extents = shape.map(String.init)
    let tuple = extents.count == 1 ? "(\(extents[0]),)" : "(\(extents.joined(separator: ", ")))"
    var header = "{'descr': '<\(elementType.rawValue)', 'fortran_order': False, 'shape': \(tuple), }"
    if let first = extents.first { header += String(repeating: " ", count: 21 - first.utf8.count) }
    let used = 10 + header.utf8.count + 1
    header += String(repeating: " ", count: 64 - used % 64) + "\n"

    // At most 64 extents of 19 digits: far below the 65,535 bytes that version 1.0 allows.
    let length = header.utf8.count
    return Data([0x93] + "NUMPY".utf8 + [1, 0, UInt8(length % 256), UInt8(length / 256)] + header.utf8)
  }
}
