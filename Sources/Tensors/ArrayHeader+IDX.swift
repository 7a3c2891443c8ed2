// SPDX-License-Identifier: Apache-2.0
// The header of an IDX file, the format in which MNIST is distributed.

extension ArrayHeader {
  /// The element types by their code, with the names that the format gives them.
  private static let idxTypes: [UInt8: (type: ElementType, name: String)] = [
    0x08: (.u1, "unsigned byte"), 0x09: (.i1, "signed byte"), 0x0b: (.i2, "short"),
    0x0c: (.i4, "int"), 0x0d: (.f4, "float"), 0x0e: (.f8, "double"),
  ]

  /// Whether a file begins with two zeros and the code of an element type.
  static func isIDX(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 3 && bytes[0] == 0 && bytes[1] == 0 && idxTypes[bytes[2]] != nil
  }

  /// The header of an IDX file: two zeros, the code of the element type, the rank r, and r extents of 4 bytes; all big-endian.
  ///
  /// - Errors: ``TensorError/notIDX``, ``TensorError/unsupportedType(name:supported:)``,
  ///   ``TensorError/truncated(part:needed:present:)``, ``TensorError/badShape(_:)``.
  /// - Source: http://yann.lecun.com/exdb/mnist, "The IDX file format".
  init(idx prefix: Prefix) throws(TensorError) {
    let magic = try prefix(4)
    guard magic.starts(with: [0, 0]) else { throw .notIDX }
    guard magic.count == 4 else { throw .truncated(part: "magic number", needed: 4, present: magic.count) }
    guard let (type, name) = ArrayHeader.idxTypes[magic[2]] else {
      let supported = ArrayHeader.idxTypes.sorted { $0.key < $1.key }.map(\.value.name)
      throw .unsupportedType(name: "code \(magic[2])", supported: supported)
    }
    let size = 4 * Int(magic[3])
    let extents = try prefix(4 + size).dropFirst(4)
    guard extents.count == size else { throw .truncated(part: "shape", needed: UInt64(size), present: extents.count) }
    let shape = stride(from: 4, to: 4 + size, by: 4).map { i in extents[i..<(i + 4)].reduce(0) { $0 << 8 | Int($1) } }
    guard let count = Tensor.count(of: shape) else { throw .badShape(shape) }
    self.init(
      elementType: type, elementName: name, isBigEndian: true, isFortranOrder: false, shape: shape, count: count,
      dataOffset: 4 + size)
  }
}
