// SPDX-License-Identifier: Apache-2.0
// The header of a .npy file: magic, version, and a Python dictionary.

extension ArrayHeader {
  /// The longest .npy header that is read, in bytes: 1 MiB. NumPy's own are 118 bytes or a little more.
  static let longestNPYHeader = 1 << 20

  /// The header of a .npy file: 6 bytes of magic, 2 of version, its length in 2 or 4, and a dictionary.
  ///
  /// - Errors: ``TensorError``: anything that does not begin like a .npy file.
  /// - Source: NumPy Enhancement Proposal 1 and `numpy.lib.format`.
  init(npy prefix: Prefix) throws(TensorError) {
    let head = try prefix(12)
    guard head.starts(with: [0x93] + "NUMPY".utf8) else { throw .notNPY }
    guard head.count >= 8 else { throw .truncated(part: "version", needed: 2, present: head.count - 6) }
    let (major, minor) = (head[6], head[7])
    guard (1...3).contains(major), minor == 0 else { throw .unknownVersion(major: major, minor: minor) }

    let begin = major == 1 ? 10 : 12
    guard head.count >= begin else {
      throw .truncated(part: "header length", needed: UInt64(begin - 8), present: head.count - 8)
    }
    let length = head[8..<begin].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= ArrayHeader.longestNPYHeader else {
      throw .headerTooLong(bytes: UInt64(length), limit: ArrayHeader.longestNPYHeader)
    }
    let text = try prefix(begin + length).dropFirst(begin)
    guard text.count == length else { throw .truncated(part: "header", needed: UInt64(length), present: text.count) }
    try self.init(npyDictionary: Array(text), dataOffset: begin + length)
  }

  /// The header in `text`, a Python dictionary with the keys `descr`, `fortran_order` and `shape` in any order.
  ///
  /// - Errors: ``TensorError/malformedHeader(reason:)``, ``TensorError/unsupportedType(name:supported:)``,
  ///   ``TensorError/badShape(_:)``.
  private init(npyDictionary text: [UInt8], dataOffset: Int) throws(TensorError) {
    guard case .dictionary(let fields) = try PythonLiteral(parsing: text) else {
      throw .malformedHeader(reason: "expected a dictionary")
    }
    guard fields.count == 3, let descr = fields["descr"], let order = fields["fortran_order"], let extents = fields["shape"]
    else {
      throw .malformedHeader(reason: "expected exactly the keys descr, fortran_order and shape")
    }
    let (type, name, isBigEndian) = try ArrayHeader.storage(descr)
    guard case .bool(let isFortranOrder) = order else {
      throw .malformedHeader(reason: "expected True or False as fortran_order")
    }
    let shape = try ArrayHeader.shape(extents)
    guard let count = Tensor.count(of: shape) else { throw .badShape(shape) }
    self.init(
      elementType: type, elementName: name, isBigEndian: isBigEndian, isFortranOrder: isFortranOrder, shape: shape, count: count,
      dataOffset: dataOffset)
  }

  /// The element type and byte order of a type string such as `<f8`.
  ///
  /// `=` (native) and `|` (irrelevant) are read as little-endian, as is a string without any mark.
  private static func storage(_ descr: PythonLiteral) throws(TensorError) -> (ElementType, name: String, isBigEndian: Bool) {
    var given = descr.description
    if case .string(let text) = descr {
      given = text
      let name = text.first.map("<>|=".contains) == true ? text.dropFirst() : text[...]
      if let type = ElementType(rawValue: String(name)), ElementType.numPy.contains(type) {
        return (type, text, text.first == ">")
      }
    }
    throw .unsupportedType(name: given, supported: ElementType.numPy.map(\.rawValue))
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
