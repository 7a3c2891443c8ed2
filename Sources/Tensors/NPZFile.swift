// SPDX-License-Identifier: Apache-2.0
// Files of named arrays in NumPy's .npz format: zip archives with a .npy file a member.

/// The arrays in a .npz file, as numpy.savez and numpy.savez_compressed write it.
///
/// The checksum of a deflated member is verified when it is inflated; that of a stored one is not, because its elements are
/// read in ranges.
struct NPZFile: Sendable {
  /// The names of the arrays: those of the members without `.npy`.
  let names: [String]
  private let members: [ZIPMember]
  private let file: InputFile
  /// Where the members end and the directory begins.
  private let directoryOffset: Int
  private let memory = InflatedMemory()

  /// The longest directory that is read, in bytes: 100 MB.
  private static let longestDirectory = 100_000_000
  /// The longest comment that may follow the directory.
  private static let longestComment = 0xffff

  /// - Errors: ``TensorError/badArchive(reason:)``, ``TensorError/unreadable(path:reason:)``.
  init(_ file: InputFile) throws(TensorError) {
    let bytes = Bytes.file(file, 0..<file.count)
    let (range, count) = try NPZFile.directory(bytes)
    var reader = ZIPReader(try bytes.bytes(at: range.lowerBound, atMost: range.count))
    var members: [ZIPMember] = []
    for _ in 0..<count {
      let member = try ZIPMember(readingFrom: &reader)
      if member.name.hasSuffix(".npy") { members.append(member) }
    }
    guard reader.isAtEnd else { throw .badArchive(reason: "the directory is longer than its \(count) entries") }
    (self.file, self.members, directoryOffset) = (file, members, range.lowerBound)
    names = members.map { String($0.name.dropLast(4)) }
  }

  /// The array at `index`.
  ///
  /// - Errors: ``TensorError/badArchive(reason:)``, ``TensorError/damagedStream(reason:)``, those of ``Tensor/init(npy:)``.
  func source(at index: Int) throws(TensorError) -> TensorSource {
    let member = members[index]
    guard !member.isEncrypted else { throw .badArchive(reason: "it is encrypted") }
    let data = try data(of: member)
    switch member.method {
    case 0:
      guard member.size == member.compressedSize else { throw .badArchive(reason: "a stored member has two sizes") }
      guard try data.checksum() == member.checksum else {
        throw .badArchive(reason: "the checksum of '\(names[index])' is not that of its bytes")
      }
      return try TensorSource(name: names[index], npy: data, path: file.path)
    case 8:
      let stream = DeflatedStream(compressed: data, isGzip: false)
      let header = try ArrayHeader(npy: { count throws(TensorError) in try stream.prefix(count) })
      let bytes = InflatedBytes(stream, count: member.size, checksum: member.checksum, memory: memory)
      return try TensorSource(name: names[index], header, .inflated(bytes), path: file.path)
    default:
      throw .badArchive(reason: "compression method \(member.method) is neither stored (0) nor deflated (8)")
    }
  }

  /// The bytes of `member` as they lie in the archive, after its local header.
  private func data(of member: ZIPMember) throws(TensorError) -> Bytes {
    let bytes = Bytes.file(file, 0..<directoryOffset)
    var reader = ZIPReader(try bytes.bytes(at: min(member.headerOffset, directoryOffset), atMost: ZIP.localHeaderSize))
    try reader.expect(ZIP.localHeader, "local header")
    try reader.skip(22)
    let begin = member.headerOffset + ZIP.localHeaderSize + (try reader.integer(2)) + (try reader.integer(2))
    guard begin <= directoryOffset, member.compressedSize <= directoryOffset - begin else {
      throw .badArchive(reason: "a member reaches into the directory")
    }
    return bytes.slice(begin..<(begin + member.compressedSize))
  }

  /// Where the directory lies, and the number of its entries, from the record at the end of the archive.
  private static func directory(_ bytes: Bytes) throws(TensorError) -> (Range<Int>, count: Int) {
    let tail = try bytes.bytes(
      at: max(0, bytes.count - ZIP.endSize - longestComment), atMost: ZIP.endSize + longestComment)
    let signature = withUnsafeBytes(of: ZIP.end.littleEndian) { Array($0) }
    let position = stride(from: tail.count - ZIP.endSize, through: 0, by: -1).first { tail[$0...].starts(with: signature) }
    guard let position else { throw .badArchive(reason: "it has no directory at its end, so it is cut short or not a zip archive") }

    let endOffset = bytes.count - tail.count + position
    var reader = ZIPReader(Array(tail[position...]))
    try reader.skip(10)
    var (count, size, offset) = (try reader.integer(2), try reader.integer(4), try reader.integer(4))
    var limit = endOffset
    if count == 0xffff || size == ZIP.large || offset == ZIP.large, endOffset >= ZIP.end64LocatorSize {
      var locator = ZIPReader(try bytes.bytes(at: endOffset - ZIP.end64LocatorSize, atMost: ZIP.end64LocatorSize))
      if try locator.integer(4) == Int(ZIP.end64Locator) {
        try locator.skip(4)
        limit = try locator.integer(8)
        var end = ZIPReader(try bytes.bytes(at: min(limit, bytes.count), atMost: ZIP.end64Size))
        try end.expect(ZIP.end64, "zip64 record")
        try end.skip(28)
        (count, size, offset) = (try end.integer(8), try end.integer(8), try end.integer(8))
      }
    }
    guard size <= longestDirectory else { throw .headerTooLong(bytes: UInt64(size), limit: longestDirectory) }
    guard offset <= limit, size == limit - offset else {
      throw .badArchive(reason: "the directory does not end where its end is recorded")
    }
    return (offset..<limit, count)
  }
}

extension ZIPMember {
  /// The next entry of a directory.
  fileprivate init(readingFrom reader: inout ZIPReader) throws(TensorError) {
    try reader.expect(ZIP.directoryEntry, "directory entry")
    try reader.skip(4)
    let flags = try reader.integer(2)
    let method = try reader.integer(2)
    try reader.skip(4)
    let checksum = UInt32(try reader.integer(4))
    var numbers = [try reader.integer(4), try reader.integer(4)]
    let (nameLength, extraLength, commentLength) = (try reader.integer(2), try reader.integer(2), try reader.integer(2))
    try reader.skip(8)
    numbers.append(try reader.integer(4))
    let name = try reader.bytes(nameLength)
    var extra = ZIPReader(try reader.bytes(extraLength))
    try reader.skip(commentLength)

    // Those of uncompressed size, compressed size and offset that do not fit are in the extra field, in this order.
    var order = [1, 0, 2].filter { numbers[$0] == ZIP.large }
    while !order.isEmpty, !extra.isAtEnd {
      let kind = try extra.integer(2)
      var field = ZIPReader(try extra.bytes(try extra.integer(2)))
      guard kind == Int(ZIP.extra64) else { continue }
      for index in order { numbers[index] = try field.integer(8) }
      order = []
    }
    self.init(
      name: String(decoding: name, as: UTF8.self), method: method, isEncrypted: flags & 1 == 1, checksum: checksum,
      compressedSize: numbers[0], size: numbers[1], headerOffset: numbers[2])
  }
}
