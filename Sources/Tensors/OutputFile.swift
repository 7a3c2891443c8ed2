// SPDX-License-Identifier: Apache-2.0
// Files that appear whole or not at all.

import FoundationEssentials
import Glibc
import Synchronization

/// A file that is written beside `path`, without a name where the file system allows that, and takes its place when it is whole: a
/// process that is killed leaves nothing.
///
/// What exists and is not a regular file (`/dev/null`, `/dev/stdout`, a pipe) cannot be replaced: it receives the bytes, in order,
/// when they are whole; until then they are in a file without a name.
package final class OutputFile: Sendable {
  package let path: String
  private let descriptor: Int32
  /// The name to be taken, and a name beside it for the moment before; `nil` where the bytes are to be copied into `path`.
  private let names: (target: String, temporary: String)?
  /// Whether the file has its temporary name from the beginning.
  private let isNamed: Bool
  private let isCommitted = Mutex(false)

  /// - Errors: ``TensorError/unwritable(path:reason:)``.
  package init(_ path: String) throws(TensorError) {
    var status = stat()
    let exists = stat(path, &status) == 0
    if exists, status.st_mode & S_IFMT == S_IFDIR { throw .unwritable(path: path, reason: reason(EISDIR)) }
    // /dev/stdout may lead to a regular file, which is nevertheless not to be replaced.
    let isInPlace = path.hasPrefix("/dev/") || exists && status.st_mode & S_IFMT != S_IFREG

    let target = OutputFile.target(of: path)
    let directory = isInPlace ? FileManager.default.temporaryDirectory : target.deletingLastPathComponent()
    let temporary = directory.appending(path: ".\(UUID().uuidString).tmp").path
    let mode = exists && !isInPlace ? status.st_mode & 0o777 : 0o666
    // O_TMPFILE, which the headers define by a macro that Swift does not see.
    let nameless = open(directory.path, O_RDWR | 0o20000000 | O_DIRECTORY | O_CLOEXEC, mode)
    isNamed = nameless < 0
    descriptor = isNamed ? open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode) : nameless
    if descriptor < 0 { throw .unwritable(path: path, reason: reason(errno)) }
    if isInPlace && isNamed { unlink(temporary) }
    self.path = path
    names = isInPlace ? nil : (target.path, temporary)
  }

  /// Where a chain of symbolic links ends, whether or not there is a file.
  private static func target(of path: String) -> URL {
    var target = URL(filePath: path)
    for _ in 0..<40 {
      guard let destination = try? FileManager.default.destinationOfSymbolicLink(atPath: target.path) else { break }
      target = URL(filePath: destination, relativeTo: target.deletingLastPathComponent())
    }
    return target
  }

  deinit {
    if let names, isNamed, !isCommitted.withLock({ $0 }) { unlink(names.temporary) }
    close(descriptor)
  }

  /// Writes `bytes` from `offset`; from any thread.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(TensorError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
      if count < 0, errno != EINTR { throw .unwritable(path: path, reason: reason(errno)) }
      done += max(count, 0)
    }
  }

  package func write(_ bytes: [UInt8], at offset: Int) throws(TensorError) {
    var problem: TensorError?
    bytes.withUnsafeBytes { bytes in
      do throws(TensorError) { try write(bytes, at: offset) } catch { problem = error }
    }
    if let problem { throw problem }
  }

  /// Puts the file in its place.
  package func commit() throws(TensorError) {
    if let names {
      if !isNamed, linkat(AT_FDCWD, "/proc/self/fd/\(descriptor)", AT_FDCWD, names.temporary, AT_SYMLINK_FOLLOW) != 0 {
        throw .unwritable(path: path, reason: reason(errno))
      }
      guard rename(names.temporary, names.target) == 0 else {
        let error = errno
        unlink(names.temporary)
        throw .unwritable(path: path, reason: reason(error))
      }
    } else {
      try copy()
    }
    isCommitted.withLock { $0 = true }
  }

  private func copy() throws(TensorError) {
    let output = open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
    if output < 0 { throw .unwritable(path: path, reason: reason(errno)) }
    defer { close(output) }
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    var offset = 0
    while true {
      let count = pread(descriptor, &chunk, chunk.count, off_t(offset))
      if count == 0 { return }
      var done = 0
      while done < count {
        let written = chunk.withUnsafeBytes { Glibc.write(output, $0.baseAddress! + done, count - done) }
        if written < 0, errno != EINTR { throw .unwritable(path: path, reason: reason(errno)) }
        done += max(written, 0)
      }
      if count < 0, errno != EINTR { throw .unwritable(path: path, reason: reason(errno)) }
      offset += max(count, 0)
    }
  }
}
