// SPDX-License-Identifier: Apache-2.0
// Compressed data through zlib, in steps and with limits, so that a small file cannot fill the memory.

import CZlib
import Synchronization

/// A deflated stream: a gzip file, or the data of a member of a zip archive.
struct DeflatedStream: Sendable {
  let compressed: Bytes
  let isGzip: Bool

  /// The most that is inflated into memory: 4 GiB.
  static let limit = 1 << 32

  /// No deflated byte stands for more than 1032 bytes: 258 of them take at least two bits.
  static let maximumRatio = 1032

  /// The first `count` bytes, fewer where the stream ends before.
  func prefix(_ count: Int) throws(TensorError) -> [UInt8] {
    try inflate(count).bytes
  }

  /// The stream, all of it, which is `count` bytes long.
  ///
  /// - Errors: ``TensorError/damagedStream(reason:)`` if it is longer or shorter; ``TensorError/tooLarge(bytes:limit:)``.
  func bytes(count: Int) throws(TensorError) -> [UInt8] {
    guard count <= DeflatedStream.limit else { throw .tooLarge(bytes: count, limit: DeflatedStream.limit) }
    guard count / DeflatedStream.maximumRatio <= compressed.count else {
      throw .damagedStream(reason: "its \(compressed.count) bytes cannot hold the \(count) that are announced")
    }
    let (bytes, isWhole) = try inflate(count + 1)
    guard bytes.count == count, isWhole else {
      let found = bytes.count > count ? "more" : "\(bytes.count)"
      throw .damagedStream(reason: "\(count) bytes are announced, and it holds \(found)")
    }
    return bytes
  }

  /// The stream, all of it, up to ``limit``.
  func bytes() throws(TensorError) -> [UInt8] {
    let (bytes, isWhole) = try inflate(DeflatedStream.limit)
    guard isWhole else { throw .tooLarge(bytes: bytes.count, limit: DeflatedStream.limit) }
    return bytes
  }

  /// At most `limit` bytes, and whether the stream ends there. zlib checks gzip's checksums at the end of each of its members.
  private func inflate(_ limit: Int) throws(TensorError) -> (bytes: [UInt8], isWhole: Bool) {
    var stream = z_stream()
    guard fmtlab_inflate_init(&stream, isGzip ? 1 : 0) == Z_OK else { throw .damagedStream(reason: "zlib does not start") }
    defer { inflateEnd(&stream) }

    var bytes: [UInt8] = []
    var output = [UInt8](repeating: 0, count: min(max(limit, 1), 1 << 18))
    var offset = 0
    while offset < compressed.count {
      var input = try compressed.bytes(at: offset, atMost: 1 << 18)
      offset += input.count
      var status = Z_OK
      var left = input.count
      while left > 0 || status == Z_OK && stream.avail_out == 0 {
        if status == Z_STREAM_END {
          // gzip files may be joined; zip members may not.
          guard isGzip, inflateReset(&stream) == Z_OK else { throw .damagedStream(reason: "\(left) bytes follow its end") }
        }
        let used = input.count - left
        input.withUnsafeMutableBufferPointer { input in
          output.withUnsafeMutableBufferPointer { output in
            (stream.next_in, stream.avail_in) = (input.baseAddress! + used, UInt32(left))
            (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
            status = CZlib.inflate(&stream, Z_NO_FLUSH)
          }
        }
        left = Int(stream.avail_in)
        bytes += output.prefix(min(output.count - Int(stream.avail_out), limit - bytes.count))
        if bytes.count == limit { return (bytes, false) }
        if status == Z_BUF_ERROR { break }
        guard status == Z_OK || status == Z_STREAM_END else {
          throw .damagedStream(reason: stream.msg.map { String(cString: $0) } ?? "zlib reports \(status)")
        }
      }
      if offset == compressed.count, status == Z_STREAM_END { return (bytes, true) }
    }
    throw .damagedStream(reason: "it is cut short after \(bytes.count) bytes")
  }
}

/// The inflated bytes of a stream, which come into being when they are first read.
final class InflatedBytes: Sendable {
  let count: Int
  private let stream: DeflatedStream
  private let checksum: UInt32?
  private let memory: InflatedMemory

  /// - Parameters:
  ///   - count: the length that the file announces.
  ///   - checksum: CRC-32 of the bytes, where it is not part of the stream.
  init(_ stream: DeflatedStream, count: Int, checksum: UInt32?, memory: InflatedMemory) {
    (self.stream, self.count, self.checksum, self.memory) = (stream, count, checksum, memory)
  }

  func all() throws(TensorError) -> [UInt8] {
    try memory.bytes(of: self) { () throws(TensorError) in
      let bytes = try stream.bytes(count: count)
      if let checksum, checksum != CRC32.of(bytes) { throw .damagedStream(reason: "the checksum is wrong") }
      return bytes
    }
  }
}

/// Holds the inflated bytes of one stream of a file, that read last, so that a file of many takes the memory of the largest.
final class InflatedMemory: Sendable {
  private struct Content {
    weak var owner: InflatedBytes?
    var bytes: [UInt8] = []
  }
  private let content = Mutex(Content())

  func bytes(of owner: InflatedBytes, _ inflate: () throws(TensorError) -> [UInt8]) throws(TensorError) -> [UInt8] {
    try content.withLock { (content) throws(TensorError) in
      if content.owner !== owner {
        content = Content()
        content = Content(owner: owner, bytes: try inflate())
      }
      return content.bytes
    }
  }
}

/// CRC-32 as in gzip and zip.
enum CRC32 {
  static func of(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { of($0) } }

  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    UInt32(crc32_z(0, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count))
  }

  /// The checksum of bytes of checksum `first` and `count` bytes of checksum `second` after them.
  static func joining(_ first: UInt32, _ second: UInt32, count: Int) -> UInt32 {
    UInt32(crc32_combine(UInt(first), UInt(second), count))
  }
}
