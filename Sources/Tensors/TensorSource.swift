// SPDX-License-Identifier: Apache-2.0
// A tensor in a file, read in pieces, so that it need not fit into memory.

/// A tensor in a file whose elements are read in ranges, from any thread.
///
/// The elements of most files are read from where they lie. Deflated members of a .npz file and .gz files are inflated into
/// memory when they are first read, and a file keeps only the member that was read last; CSV is in memory from the start.
public struct TensorSource: Sendable {
  /// The name that the file gives the tensor; the name of the file, without extensions, where it holds only one.
  public let name: String
  /// The extents, slowest-running index first unless ``isFortranOrder``.
  public let shape: [Int]
  /// The number of elements.
  public let count: Int
  /// The element type as the file spells it: `<f4`, `BF16`, `unsigned byte`; `text` for CSV.
  public let elementName: String
  /// The bytes that an element takes in the file; for CSV the 8 that it takes in memory.
  public var bytesPerElement: Int { elementType.size }
  /// Whether the elements are stored as integers: in a model, indices and masks rather than weights.
  public var isInteger: Bool { elementType.isInteger }
  /// Whether binary32 holds every number of the element type.
  public var isBinary32: Bool { elementType.size < 4 || elementType == .f4 }
  /// Whether the elements are stored with the first index running fastest.
  public let isFortranOrder: Bool

  private let elementType: ElementType
  private let isBigEndian: Bool
  private let bytes: Bytes
  private let offset: Int
  /// The file that is named when something is wrong with it.
  private let path: String?

  /// The array that `header` describes at the head of `bytes`.
  ///
  /// - Errors: ``TensorError/truncated(part:needed:present:)``, ``TensorError/trailingBytes(count:)``,
  ///   ``TensorError/badShape(_:)``.
  init(name: String, _ header: ArrayHeader, _ bytes: Bytes, path: String? = nil) throws(TensorError) {
    try header.check(length: bytes.count)
    (self.name, self.bytes, self.path) = (name, bytes, path)
    (shape, count, offset) = (header.shape, header.count, header.dataOffset)
    (elementType, elementName, isBigEndian) = (header.elementType, header.elementName, header.isBigEndian)
    isFortranOrder = header.isFortranOrder
  }

  init(name: String, npy bytes: Bytes, path: String? = nil) throws(TensorError) {
    let header = try ArrayHeader(npy: { count throws(TensorError) in try bytes.bytes(at: 0, atMost: count) })
    try self.init(name: name, header, bytes, path: path)
  }

  init(name: String, idx bytes: Bytes, path: String? = nil) throws(TensorError) {
    let header = try ArrayHeader(idx: { count throws(TensorError) in try bytes.bytes(at: 0, atMost: count) })
    try self.init(name: name, header, bytes, path: path)
  }

  /// The tensor itself, in memory.
  public init(name: String, _ tensor: Tensor) {
    (self.name, shape, count) = (name, tensor.shape, tensor.elements.count)
    (elementType, elementName, isBigEndian, isFortranOrder) = (.f8, "text", 1.bigEndian == 1, false)
    (bytes, offset, path) = (.numbers(tensor.elements), 0, nil)
  }

  /// The most bytes of the file that a call to `read` holds.
  private static let chunkSize = 1 << 17

  /// Reads elements `range`, in the order in which they are stored, each exactly.
  ///
  /// - Precondition: `range` lies within 0 ..< ``count``, and `elements` has room for it.
  /// - Errors: ``TensorError/inexactInteger(position:value:)``; ``TensorError/truncated(part:needed:present:)``,
  ///   ``TensorError/unreadable(path:reason:)`` for a file that changed; ``TensorError/damagedStream(reason:)`` and
  ///   ``TensorError/tooLarge(bytes:limit:)`` for compressed ones.
  /// - Complexity: O(range.count) time, 128 KiB of memory.
  public func read(_ range: Range<Int>, into elements: UnsafeMutableBufferPointer<Double>) throws(TensorError) {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "elements \(range) of \(count)")
    precondition(elements.count >= range.count, "room for \(elements.count) of \(range.count) elements")
    guard !range.isEmpty, let first = elements.baseAddress else { return }

    let size = elementType.size
    if elementType == .f8, isBigEndian == (1.bigEndian == 1) {
      let words = UnsafeMutableRawBufferPointer(start: first, count: range.count * size)
      return try inFile(path) { () throws(TensorError) in try bytes.read(at: offset + range.lowerBound * size, into: words) }
    }
    let step = min(range.count, TensorSource.chunkSize / size)
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: step * size, alignment: 16)
    defer { chunk.deallocate() }
    try inFile(path) { () throws(TensorError) in
      for begin in stride(from: range.lowerBound, to: range.upperBound, by: step) {
        let words = UnsafeMutableRawBufferPointer(rebasing: chunk.prefix(min(step, range.upperBound - begin) * size))
        try bytes.read(at: offset + begin * size, into: words)
        let inexact = elementType.decode(words, bigEndian: isBigEndian, to: first + (begin - range.lowerBound))
        if let inexact { throw .inexactInteger(position: begin + inexact.index, value: inexact.text) }
      }
    }
  }

  /// The whole tensor, in row-major order.
  ///
  /// - Errors: those of ``read(_:into:)``.
  /// - Complexity: O(count) time and memory.
  public func tensor() throws(TensorError) -> Tensor {
    if case .inflated(let bytes) = bytes {
      // What is announced must be there before as much memory is asked for.
      _ = try inFile(path) { () throws(TensorError) in try bytes.all() }
    }
    var problem: TensorError?
    let elements = [Double](unsafeUninitializedCapacity: count) { buffer, initializedCount in
      do throws(TensorError) {
        try read(0..<count, into: buffer)
        initializedCount = count
      } catch {
        problem = error
      }
    }
    if let problem { throw problem }
    return Tensor(shape: shape, elements: isFortranOrder ? Tensor.rowMajor(elements, shape: shape) : elements)
  }
}
