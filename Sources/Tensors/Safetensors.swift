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
    public let name: String
    /// The element type as the file spells it, such as `BF16`; it need not be one that can be read.
    public let dtype: String
    public let shape: [Int]
    /// The bytes of the elements, counted from the beginning of the file.
    let bytes: Range<Int>
  }

  /// The tensors in the order of their bytes.
  public let entries: [Entry]
  private let data: Data

  /// The longest header that is read, in bytes: 100 MB, as in the reference implementation.
  static let longestHeader = 100_000_000

  /// The element types that can be read, by the names of the format.
  static let elementTypes: [String: ElementType] = [
    "F64": .f8, "F32": .f4, "F16": .f2, "BF16": .bf16,
    "I64": .i8, "I32": .i4, "I16": .i2, "I8": .i1,
    "U64": .u8, "U32": .u4, "U16": .u2, "U8": .u1, "BOOL": .b1,
  ]

  /// The file at `path`, of which only the header is read now.
  ///
  /// - Errors: ``TensorError/unreadable(path:reason:)``; ``TensorError/file(path:problem:)`` around those of ``init(_:)``.
  public init(path: String) throws(TensorError) {
    let data = try readFile(path, mapped: true)
    self = try inFile(path) { () throws(TensorError) in try Safetensors(data) }
  }

  /// The file that consists of these bytes.
  ///
  /// - Errors: ``TensorError`` if the header is not valid, if the tensors do not fill the rest of the file without
  ///   gap or overlap, or if one is not as long as its shape and type require.
  /// - Complexity: O(h) time and memory for a header of h bytes.
  public init(_ data: Data) throws(TensorError) {
    guard data.count >= 8 else { throw .truncated(part: "header length", needed: 8, present: data.count) }
    let claimed = UInt64(littleEndian: data.bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: UInt64.self))
    guard claimed <= Safetensors.longestHeader else { throw .headerTooLong(bytes: claimed, limit: Safetensors.longestHeader) }
    guard claimed <= data.count - 8 else { throw .truncated(part: "header", needed: claimed, present: data.count - 8) }

    let start = 8 + Int(claimed)
    let header = try SafetensorsHeader(parsing: data.dropFirst(8).prefix(Int(claimed)))
    entries = try Safetensors.entries(header, in: start..<data.count)
    self.data = data
  }

  /// The tensor called `name`; `nil` is allowed where the file holds exactly one.
  ///
  /// - Errors: ``TensorError/unknownTensor(name:nearest:available:)``, ``TensorError/nameNeeded(available:)``,
  ///   ``TensorError/unsupportedType(name:supported:)``, ``TensorError/inexactInteger(position:value:)``.
  /// - Complexity: O(n) for its n elements, and O(count) to find it.
  public func tensor(_ name: String? = nil) throws(TensorError) -> Tensor {
    let entry = try entry(name)
    guard let type = Safetensors.elementTypes[entry.dtype] else {
      throw .unsupportedType(name: entry.dtype, supported: Safetensors.elementTypes.keys.sorted())
    }
    return Tensor(shape: entry.shape, elements: try type.decode(data.bytes.extracting(entry.bytes)))
  }

  private func entry(_ name: String?) throws(TensorError) -> Entry {
    let names = entries.map(\.name)
    guard let name else {
      guard entries.count == 1 else { throw .nameNeeded(available: names) }
      return entries[0]
    }
    guard let index = names.firstIndex(of: name) else {
      throw .unknownTensor(name: name, nearest: nearestName(to: name, among: names), available: names)
    }
    return entries[index]
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
