// SPDX-License-Identifier: Apache-2.0
// A .npz file that is written in pieces.

import Synchronization

/// A .npz file being written: a zip archive of stored .npy files, as numpy.savez writes it.
///
/// Several members may be written at the same time, each from several threads. Nothing appears at the path before ``finish()``.
public final class NPZWriter: Sendable {
  private struct Archive {
    var members: [ZIPMember] = []
    var names: Set<String> = []
    var unfinished = 0
    /// Where the next member goes.
    var end = 0
  }
  private let archive = Mutex(Archive())
  private let file: OutputFile

  /// - Errors: ``TensorError/unwritable(path:reason:)``.
  public init(_ path: String) throws(TensorError) {
    file = try OutputFile(path)
  }

  /// The new member `name`.npy, to be written and finished.
  ///
  /// - Precondition: `shape` has at most ``Tensor/maximumRank`` extents, none negative, and a product below 2^63 bytes.
  /// - Errors: ``TensorError/badName(name:reason:)`` for a name that is taken, or that would unpack outside of its directory;
  ///   ``TensorError/unwritable(path:reason:)``.
  public func add(
    _ name: String, shape: [Int], elementType: Tensor.StoredType = .f4, isFortranOrder: Bool = false
  ) throws(TensorError) -> NPYWriter {
    if let reason = NPZWriter.objection(to: name) { throw .badName(name: name, reason: reason) }
    guard let count = Tensor.count(of: shape) else { preconditionFailure("\(shape) is not a shape") }
    let size = npyHeader(shape, elementType, isFortranOrder: isFortranOrder).count + count * elementType.size
    let (index, member) = try archive.withLock { (archive) throws(TensorError) in
      guard archive.names.insert(name).inserted else { throw .badName(name: name, reason: "it is taken") }
      let member = ZIPMember(name: name + ".npy", compressedSize: size, size: size, headerOffset: archive.end)
      archive.end += member.localHeader.count + size
      archive.members.append(member)
      archive.unfinished += 1
      return (archive.members.count - 1, member)
    }
    let start = member.headerOffset + member.localHeader.count
    return try NPYWriter(file, at: start, shape, elementType, isFortranOrder, isChecked: true) { checksum throws(TensorError) in
      let member = self.archive.withLock { archive in
        archive.members[index].checksum = checksum
        archive.unfinished -= 1
        return archive.members[index]
      }
      try self.file.write(member.localHeader, at: member.headerOffset)
    }
  }

  /// Completes the archive, which takes its name.
  ///
  /// - Precondition: every member is finished.
  /// - Errors: ``TensorError/unwritable(path:reason:)``.
  public func finish() throws(TensorError) {
    let (members, begin) = archive.withLock { archive in
      precondition(archive.unfinished == 0, "\(archive.unfinished) members are not finished")
      return (archive.members, archive.end)
    }
    var directory = ZIPWriter()
    for member in members { member.appendDirectoryEntry(to: &directory) }
    let size = directory.bytes.count
    directory.appendEnd(count: members.count, size: size, offset: begin)
    try file.write(directory.bytes, at: begin)
    try file.commit()
  }

  /// What makes `name` unfit for an archive; `nil` if nothing does.
  private static func objection(to name: String) -> String? {
    if name.isEmpty { return "it is empty" }
    if name.utf8.count > 1000 { return "it has more than 1000 bytes" }
    if name.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 }) { return "it contains a control character" }
    if name.contains("\\") || name.contains(":") { return "it contains \\ or :, which are parts of paths on some systems" }
    if name.hasPrefix("/") { return "it is an absolute path" }
    if name.split(separator: "/", omittingEmptySubsequences: false).contains(where: { ["", ".", ".."].contains($0) }) {
      return "a part of it is empty, . or .."
    }
    return nil
  }
}

extension ZIPMember {
  /// The version of the format that a reader needs: 2.0, or 4.5 for 64-bit numbers.
  private var version: UInt16 { size >= ZIP.large || headerOffset >= ZIP.large ? 45 : 20 }

  /// The fields that the local header and the directory have in common: no compression, names in UTF-8, the first of January 1980.
  private func appendCommon(to record: inout ZIPWriter) {
    record.append(version)
    record.append(UInt16(1 << 11))
    record.append(UInt16(method))
    record.append(UInt16(0))
    record.append(UInt16(0x21))
    record.append(checksum)
    record.append32(compressedSize)
    record.append32(size)
    record.append(UInt16(name.utf8.count))
  }

  private func extra(_ numbers: [Int]) -> [UInt8] {
    let large = numbers.filter { $0 >= ZIP.large }
    if large.isEmpty { return [] }
    var extra = ZIPWriter()
    extra.append(ZIP.extra64)
    extra.append(UInt16(8 * large.count))
    for number in large { extra.append(UInt64(number)) }
    return extra.bytes
  }

  /// The record before the data; its length does not depend on the checksum.
  fileprivate var localHeader: [UInt8] {
    var record = ZIPWriter()
    let extra = extra([size, compressedSize])
    record.append(ZIP.localHeader)
    appendCommon(to: &record)
    record.append(UInt16(extra.count))
    record.append(Array(name.utf8))
    record.append(extra)
    return record.bytes
  }

  fileprivate func appendDirectoryEntry(to record: inout ZIPWriter) {
    let extra = extra([size, compressedSize, headerOffset])
    record.append(ZIP.directoryEntry)
    record.append(UInt16(3 << 8) | version)
    appendCommon(to: &record)
    record.append(UInt16(extra.count))
    // No comment, first volume, no internal attributes; a regular file that its owner may write and everyone read.
    for _ in 0..<3 { record.append(UInt16(0)) }
    record.append(UInt32(0o100644 << 16))
    record.append32(headerOffset)
    record.append(Array(name.utf8))
    record.append(extra)
  }
}

extension ZIPWriter {
  /// The records after the directory: that with 64-bit numbers, and where it lies, only where they are needed.
  fileprivate mutating func appendEnd(count: Int, size: Int, offset: Int) {
    if count >= 0xffff || size >= ZIP.large || offset >= ZIP.large {
      append(ZIP.end64)
      append(UInt64(ZIP.end64Size - 12))
      append(UInt16(3 << 8 | 45))
      append(UInt16(45))
      for _ in 0..<2 { append(UInt32(0)) }
      for number in [count, count, size, offset] { append(UInt64(number)) }
      append(ZIP.end64Locator)
      append(UInt32(0))
      append(UInt64(offset + size))
      append(UInt32(1))
    }
    append(ZIP.end)
    for _ in 0..<2 { append(UInt16(0)) }
    for _ in 0..<2 { append(UInt16(min(count, 0xffff))) }
    append32(size)
    append32(offset)
    append(UInt16(0))
  }
}
