// SPDX-License-Identifier: Apache-2.0
// Bytes in a file, in memory or in a compressed stream, read alike.

import FoundationEssentials

/// Bytes that can be read from any offset, from any thread.
enum Bytes: Sendable {
  case file(InputFile, Range<Int>)
  case memory(Data)
  case numbers([Double])
  case inflated(InflatedBytes)

  /// The whole file at `path`.
  init(path: String) throws(TensorError) {
    let file = try InputFile(path)
    self = .file(file, 0..<file.count)
  }

  var count: Int {
    switch self {
    case .file(_, let range): range.count
    case .memory(let data): data.count
    case .numbers(let numbers): numbers.count * MemoryLayout<Double>.size
    case .inflated(let bytes): bytes.count
    }
  }

  /// The CRC-32 of all of them, read in pieces.
  func checksum() throws(TensorError) -> UInt32 {
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: min(count, 1 << 18), alignment: 16)
    defer { piece.deallocate() }
    var sum = CRC32.of(UnsafeRawBufferPointer(rebasing: piece.prefix(0)))
    for begin in stride(from: 0, to: count, by: 1 << 18) {
      let part = UnsafeMutableRawBufferPointer(rebasing: piece.prefix(min(1 << 18, count - begin)))
      try read(at: begin, into: part)
      sum = CRC32.joining(sum, CRC32.of(UnsafeRawBufferPointer(part)), count: part.count)
    }
    return sum
  }

  /// Fills `buffer` with the bytes from `offset`.
  ///
  /// - Precondition: there are so many.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(TensorError) {
    precondition(offset >= 0 && buffer.count <= count - offset, "reading beyond the end")
    func copy(_ bytes: UnsafeRawBufferPointer) {
      buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + buffer.count)]))
    }
    switch self {
    case .file(let file, let range): try file.read(at: range.lowerBound + offset, into: buffer)
    case .memory(let data): data.withUnsafeBytes(copy)
    case .numbers(let numbers): numbers.withUnsafeBytes(copy)
    case .inflated(let bytes): try bytes.all().withUnsafeBytes(copy)
    }
  }

  /// The bytes from `offset`, at most `count`, fewer where they end.
  func bytes(at offset: Int, atMost count: Int) throws(TensorError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: max(0, min(count, self.count - offset)))
    var problem: TensorError?
    bytes.withUnsafeMutableBytes { buffer in
      do throws(TensorError) { try read(at: offset, into: buffer) } catch { problem = error }
    }
    if let problem { throw problem }
    return bytes
  }

  /// The bytes in `range` of a file or of memory.
  func slice(_ range: Range<Int>) -> Bytes {
    switch self {
    case .file(let file, let whole): .file(file, (whole.lowerBound + range.lowerBound)..<(whole.lowerBound + range.upperBound))
    case .memory(let data): .memory(data.dropFirst(range.lowerBound).prefix(range.count))
    case .numbers, .inflated: preconditionFailure("only bytes that can be addressed have slices")
    }
  }
}
