// SPDX-License-Identifier: Apache-2.0
// A .npy array that is written in pieces, so that it need not fit into memory.

import CZlib
import Synchronization

/// An array being written to a .npy file, or to a member of a .npz file, in pieces that may come from any thread in any order.
///
/// Nothing appears at the path before ``finish()``.
public final class NPYWriter: Sendable {
  /// The extents of the whole array.
  public let shape: [Int]
  /// The product of the extents.
  public let count: Int
  /// How elements are stored.
  public let elementType: Tensor.StoredType
  /// Whether the elements are stored with the first index running fastest.
  public let isFortranOrder: Bool

  /// Elements that were written, and the checksum of their bytes.
  private struct Piece {
    let range: Range<Int>
    var checksum: UInt32 = 0
  }
  private struct Progress {
    var pieces: [Piece] = []
    /// Where the next piece without position goes.
    var next = 0
    var isFinished = false
  }
  private let progress = Mutex(Progress())
  private let file: OutputFile
  /// Where the elements begin in the file.
  private let offset: Int
  /// The checksum of the header where checksums are kept.
  private let headerChecksum: UInt32?
  private let completion: @Sendable (_ checksum: UInt32) throws(TensorError) -> Void

  /// A new .npy file, version 1.0.
  ///
  /// - Precondition: `shape` has at most ``Tensor/maximumRank`` extents, none negative, and a product below 2^63 bytes.
  /// - Errors: ``TensorError/unwritable(path:reason:)``.
  public convenience init(
    _ path: String, shape: [Int], elementType: Tensor.StoredType = .f4, isFortranOrder: Bool = false
  ) throws(TensorError) {
    let file = try OutputFile(path)
    try self.init(file, at: 0, shape, elementType, isFortranOrder, isChecked: false) { _ throws(TensorError) in try file.commit() }
  }

  /// An array whose .npy form begins at `start` of `file`.
  init(
    _ file: OutputFile, at start: Int, _ shape: [Int], _ elementType: Tensor.StoredType, _ isFortranOrder: Bool, isChecked: Bool,
    completion: @escaping @Sendable (UInt32) throws(TensorError) -> Void
  ) throws(TensorError) {
    guard let count = Tensor.count(of: shape) else { preconditionFailure("\(shape) is not a shape") }
    let header = npyHeader(shape, elementType, isFortranOrder: isFortranOrder)
    (self.shape, self.count, self.elementType, self.isFortranOrder) = (shape, count, elementType, isFortranOrder)
    (self.file, offset, self.completion) = (file, start + header.count, completion)
    headerChecksum = isChecked ? CRC32.of(header) : nil
    try file.write(header, at: start)
  }

  /// Writes `elements` after those that were written without a position, in storage order; see ``write(_:at:)``.
  public func write(_ elements: UnsafeBufferPointer<Double>) throws(TensorError) {
    let position = progress.withLock { progress in
      defer { progress.next += elements.count }
      return progress.next
    }
    try write(elements, at: position)
  }

  /// The most bytes that a call to `write` holds.
  private static let chunkSize = 1 << 17

  /// Writes `elements` from element `position` in storage order.
  ///
  /// - Rounding: to f2 and f4 once, to nearest, ties to even; integer types take integers only.
  /// - Precondition: they lie within the shape.
  /// - Errors: ``TensorError/inexactElement(position:value:type:)``, ``TensorError/unwritable(path:reason:)``.
  /// - Complexity: O(n) time, 128 KiB of memory.
  public func write(_ elements: UnsafeBufferPointer<Double>, at position: Int) throws(TensorError) {
    precondition(position >= 0 && elements.count <= count - position, "\(elements.count) elements at \(position) of \(count)")
    if elements.isEmpty { return }
    let size = elementType.size
    let step = min(elements.count, NPYWriter.chunkSize / size)
    let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: step * size, alignment: 16)
    defer { chunk.deallocate() }
    var piece = Piece(range: position..<(position + elements.count))
    for begin in stride(from: 0, to: elements.count, by: step) {
      let end = min(begin + step, elements.count)
      let part = UnsafeBufferPointer(rebasing: elements[begin..<end])
      let bytes = UnsafeMutableRawBufferPointer(rebasing: chunk.prefix(part.count * size))
      if let index = elementType.encode(part, to: bytes) {
        throw .inexactElement(position: position + begin + index, value: part[index], type: elementType.rawValue)
      }
      if headerChecksum != nil {
        piece.checksum = CRC32.joining(piece.checksum, CRC32.of(UnsafeRawBufferPointer(bytes)), count: bytes.count)
      }
      try file.write(UnsafeRawBufferPointer(bytes), at: offset + (position + begin) * size)
    }
    progress.withLock { [piece] in $0.pieces.append(piece) }
  }

  /// Completes the array: a file of its own takes its name, a member of an archive its checksum.
  ///
  /// - Precondition: every element was written exactly once, and the array is not finished.
  /// - Errors: ``TensorError/unwritable(path:reason:)``.
  /// - Complexity: O(p log p) for p pieces.
  public func finish() throws(TensorError) {
    let pieces = progress.withLock { progress in
      precondition(!progress.isFinished, "an array can be finished once")
      progress.isFinished = true
      return progress.pieces
    }
    var checksum = headerChecksum ?? 0
    var next = 0
    for piece in pieces.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      precondition(piece.range.lowerBound == next, "elements \(next) and up were written never, or twice")
      next = piece.range.upperBound
      if headerChecksum != nil {
        checksum = CRC32.joining(checksum, piece.checksum, count: piece.range.count * elementType.size)
      }
    }
    precondition(next == count, "\(count - next) elements at the end were not written")
    try completion(checksum)
  }
}
