// SPDX-License-Identifier: Apache-2.0
// Files of named tensors in the .safetensors format.

public import FoundationEssentials

/// The tensors of one .safetensors file, read one at a time.
///
/// A file is an 8-byte little-endian length, a JSON header of that many bytes, and the elements of
/// all tensors one after the other, little-endian and in row-major order.
///
/// - Source: https://github.com/huggingface/safetensors, "Format".
public struct Safetensors: Sendable {
  /// What the header says about one tensor.
  public struct Entry: Hashable, Sendable {
    /// The key in the header.
    public let name: String
    /// The element type as the file spells it, such as `BF16`; it need not be one that can be read.
    public let dtype: String
    /// The extents.
    public let shape: [Int]
    /// The bytes of the elements, counted from the beginning of the file.
    let bytes: Range<Int>
  }

  /// The tensors in the order of their bytes.
  public let entries: [Entry]
  private let bytes: Bytes

  /// The longest header that is read, in bytes: 100 MB, as in the reference implementation.
  static let longestHeader = 100_000_000

  /// The element types that can be read, by the names of the format.
  static let elementTypes: [String: ElementType] = [
    "F64": .f8, "F32": .f4, "F16": .f2, "BF16": .bf16,
    "I64": .i8, "I32": .i4, "I16": .i2, "I8": .i1,
    "U64": .u8, "U32": .u4, "U16": .u2, "U8": .u1, "BOOL": .b1,
    "F8_E4M3": .e4m3fn, "F8_E5M2": .e5m2, "F8_E8M0": .e8m0fnu,
  ]

  /// The file at `path`, of which only the header is read now.
  ///
  /// - Errors: ``TensorError/unreadable(path:reason:)``; ``TensorError/file(path:problem:)`` around those of ``init(_:)``.
  public init(path: String) throws(TensorError) {
    let bytes = try Bytes(path: path)
    self = try inFile(path) { () throws(TensorError) in try Safetensors(bytes) }
  }

  /// The file that consists of these bytes.
  ///
  /// - Errors: ``TensorError`` if the header is not valid, if the tensors do not fill the rest of the file without
  ///   gap or overlap, or if one is not as long as its shape and type require.
  /// - Complexity: O(h) time and memory for a header of h bytes.
  public init(_ data: Data) throws(TensorError) {
    try self.init(.memory(data))
  }

  private init(_ bytes: Bytes) throws(TensorError) {
    let length = try bytes.bytes(at: 0, atMost: 8)
    guard length.count == 8 else { throw .truncated(part: "header length", needed: 8, present: length.count) }
    let claimed = length.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    guard claimed <= Safetensors.longestHeader else { throw .headerTooLong(bytes: claimed, limit: Safetensors.longestHeader) }
    guard claimed <= bytes.count - 8 else { throw .truncated(part: "header", needed: claimed, present: bytes.count - 8) }

    let header = try SafetensorsHeader(parsing: Data(bytes.bytes(at: 8, atMost: Int(claimed))))
    entries = try Safetensors.entries(header, in: (8 + Int(claimed))..<bytes.count)
    self.bytes = bytes
  }

  /// The tensor called `name`; `nil` is allowed where the file holds exactly one.
  ///
  /// - Errors: ``TensorError/unknownTensor(name:nearest:available:)``, ``TensorError/nameNeeded(available:)``,
  ///   ``TensorError/unsupportedType(name:supported:)``, ``TensorError/inexactInteger(position:value:)``.
  /// - Complexity: O(n) for its n elements, and O(count) to find it.
  public func tensor(_ name: String? = nil) throws(TensorError) -> Tensor {
    try source(entries[indexOfTensor(name, among: entries.map(\.name))], path: nil).tensor()
  }

  /// The tensor of `entry`, to be read in pieces.
  ///
  /// - Errors: ``TensorError/unsupportedType(name:supported:)``.
  func source(_ entry: Entry, path: String?) throws(TensorError) -> TensorSource {
    guard let type = Safetensors.elementTypes[entry.dtype] else {
      throw .unsupportedType(name: entry.dtype, supported: Safetensors.elementTypes.keys.sorted())
    }
    let header = ArrayHeader(
      elementType: type, elementName: entry.dtype, isBigEndian: false, isFortranOrder: false,
      shape: entry.shape, count: entry.bytes.count / type.size, dataOffset: 0)
    return try TensorSource(name: entry.name, header, bytes.slice(entry.bytes), path: path)
  }

  /// The entries of `header`, whose byte ranges must tile `file` in order.
  private static func entries(_ header: SafetensorsHeader, in file: Range<Int>) throws(TensorError) -> [Entry] {
    let sorted = header.fields.sorted { ($0.value.begin, $0.value.end, $0.key) < ($1.value.begin, $1.value.end, $1.key) }
    var entries: [Entry] = []
    var next = 0
    for (name, field) in sorted {
      guard field.begin == next, field.begin <= field.end, field.end <= file.count else {
        throw .badOffsets(tensor: name, begin: field.begin, end: field.end, expectedBegin: next)
      }
      guard let count = Tensor.count(of: field.shape) else { throw .badShape(field.shape) }
      if let size = elementTypes[field.dtype]?.size {
        let (needed, overflow) = count.multipliedReportingOverflow(by: size)
        guard !overflow, needed == field.end - field.begin else {
          throw .wrongByteCount(tensor: name, bytes: field.end - field.begin, dtype: field.dtype, shape: field.shape)
        }
      }
      let bytes = (file.lowerBound + field.begin)..<(file.lowerBound + field.end)
      entries.append(Entry(name: name, dtype: field.dtype, shape: field.shape, bytes: bytes))
      next = field.end
    }
    guard next == file.count else { throw .trailingBytes(count: file.count - next) }
    return entries
  }
}
