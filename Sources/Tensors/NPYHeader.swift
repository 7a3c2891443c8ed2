// SPDX-License-Identifier: Apache-2.0
// What the dictionary at the head of a .npy file says about the data after it.

/// The three facts of a .npy header: how an element is stored, in which order, and how many.
struct NPYHeader: Hashable, Sendable {
  let elementType: ElementType
  let bigEndian: Bool
  /// Whether the first index runs fastest.
  let fortranOrder: Bool
  let shape: [Int]
  /// The product of `shape`.
  let count: Int

  /// The header in `text`, a Python dictionary with the keys `descr`, `fortran_order` and `shape` in any order.
  ///
  /// - Errors: ``TensorError/malformedHeader(reason:)``, ``TensorError/unsupportedType(name:supported:)``,
  ///   ``TensorError/badShape(_:)``.
  init(parsing text: [UInt8]) throws(TensorError) {
    guard case .dictionary(let fields) = try PythonLiteral(parsing: text) else {
      throw .malformedHeader(reason: "expected a dictionary")
    }
    guard fields.count == 3, let type = fields["descr"], let order = fields["fortran_order"], let extents = fields["shape"]
    else {
      throw .malformedHeader(reason: "expected exactly the keys descr, fortran_order and shape")
    }
    (elementType, bigEndian) = try NPYHeader.storage(type)
    guard case .bool(let fortranOrder) = order else {
      throw .malformedHeader(reason: "expected True or False as fortran_order")
    }
    self.fortranOrder = fortranOrder
    shape = try NPYHeader.shape(extents)
    guard let count = Tensor.count(of: shape) else { throw .badShape(shape) }
    self.count = count
  }

  /// The element type and byte order of a type string such as `<f8`.
  ///
  /// `=` (native) and `|` (irrelevant) are read as little-endian, as is a string without any mark.
  private static func storage(_ type: PythonLiteral) throws(TensorError) -> (ElementType, bigEndian: Bool) {
    var given = type.description
    if case .string(let text) = type {
      given = text
      let name = text.first.map("<>|=".contains) == true ? text.dropFirst() : text[...]
      if let elementType = ElementType(rawValue: String(name)), elementType != .bf16 {
        return (elementType, text.first == ">")
      }
    }
    let supported = ElementType.allCases.filter { $0 != .bf16 }.map(\.rawValue)
    throw .unsupportedType(name: given, supported: supported)
  }

  private static func shape(_ extents: PythonLiteral) throws(TensorError) -> [Int] {
    var shape: [Int] = []
    guard case .sequence(let items) = extents else { throw .malformedHeader(reason: "expected a tuple as shape") }
    for item in items {
      guard case .integer(let extent) = item else { throw .malformedHeader(reason: "expected integers in shape") }
      shape.append(extent)
    }
    return shape
  }
}
