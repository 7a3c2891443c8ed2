// SPDX-License-Identifier: Apache-2.0
// Arrays into NumPy's .npy format, byte for byte as numpy.save writes them.

public import FoundationEssentials

extension Tensor {
  /// The bytes of a .npy file, version 1.0, C order, that holds this tensor.
  ///
  /// - Rounding: none. Every element must be a number of the type, an infinity or a NaN:
  ///   which way to round is the caller's decision.
  /// - Errors: ``TensorError/inexactElement(position:value:type:)``.
  /// - Complexity: O(n).
  public func npy(elementType: StoredType = .f8) throws(TensorError) -> Data {
    var words = [UInt64](repeating: 0, count: (elements.count * elementType.size + 7) / 8)
    let unrepresentable = elements.withUnsafeBufferPointer { elements in
      words.withUnsafeMutableBytes { elementType.encode(elements, to: $0) }
    }
    if let position = elementType.firstRounded(elements) ?? unrepresentable {
      throw .inexactElement(position: position, value: elements[position], type: elementType.rawValue)
    }
    var data = Data(npyHeader(shape, elementType, isFortranOrder: false))
    words.withUnsafeBytes { data.append(contentsOf: $0.prefix(elements.count * elementType.size)) }
    return data
  }

  /// Writes this tensor as a .npy file, whole or not at all.
  ///
  /// - Errors: ``TensorError/inexactElement(position:value:type:)``, ``TensorError/unwritable(path:reason:)``;
  ///   a file that was there before is then still there unchanged.
  public func write(npy path: String, elementType: StoredType = .f8) throws(TensorError) {
    let data = try npy(elementType: elementType)
    let file = try OutputFile(path)
    try file.write(Array(data), at: 0)
    try file.commit()
  }
}

/// Magic, version, length and dictionary, filled with spaces so that the data begin at a multiple of 64 bytes.
///
/// NumPy leaves room for the first extent, or the last in Fortran order, to grow to 21 digits, and adds 64 spaces where none are
/// needed.
func npyHeader(_ shape: [Int], _ elementType: Tensor.StoredType, isFortranOrder: Bool) -> [UInt8] {
  let extents = shape.map(String.init)
  let tuple = extents.count == 1 ? "(\(extents[0]),)" : "(\(extents.joined(separator: ", ")))"
  let type = (elementType.size == 1 ? "|" : "<") + elementType.rawValue
  var header = "{'descr': '\(type)', 'fortran_order': \(isFortranOrder ? "True" : "False"), 'shape': \(tuple), }"
  if let growing = isFortranOrder ? extents.last : extents.first {
    header += String(repeating: " ", count: 21 - growing.utf8.count)
  }
  let used = 10 + header.utf8.count + 1
  header += String(repeating: " ", count: 64 - used % 64) + "\n"

  // At most 64 extents of 19 digits: far below the 65,535 bytes that version 1.0 allows.
  let length = header.utf8.count
  return [0x93] + "NUMPY".utf8 + [1, 0, UInt8(length % 256), UInt8(length / 256)] + header.utf8
}
