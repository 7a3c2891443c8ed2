// SPDX-License-Identifier: Apache-2.0
// Files that are read, and where the system's refusals become words.

import FoundationEssentials
import Glibc

/// A regular file, open for reading at any offset from any thread.
///
/// It is read, not mapped: the pages of a mapped file that were touched count as memory of the process.
final class InputFile: Sendable {
  let path: String
  /// The length in bytes when the file was opened.
  let count: Int
  private let descriptor: Int32

  /// - Errors: ``TensorError/unreadable(path:reason:)``.
  init(_ path: String) throws(TensorError) {
    // Without O_NONBLOCK a pipe without writer would be waited for.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    if descriptor < 0 { throw .unreadable(path: path, reason: reason(errno)) }
    var status = stat()
    let isKnown = fstat(descriptor, &status) == 0
    guard isKnown, status.st_mode & S_IFMT == S_IFREG else {
      let isDirectory = isKnown && status.st_mode & S_IFMT == S_IFDIR
      close(descriptor)
      throw .unreadable(path: path, reason: isDirectory ? reason(EISDIR) : "it is not a regular file")
    }
    (self.path, self.descriptor, count) = (path, descriptor, Int(status.st_size))
  }

  deinit { close(descriptor) }

  /// Fills `buffer` with the bytes from `offset`.
  ///
  /// - Errors: ``TensorError/unreadable(path:reason:)``; ``TensorError/truncated(part:needed:present:)`` if the file was cut since.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(TensorError) {
    var done = 0
    while done < buffer.count {
      let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
      if count == 0 { throw .truncated(part: "data", needed: UInt64(buffer.count), present: done) }
      if count < 0, errno != EINTR { throw .unreadable(path: path, reason: reason(errno)) }
      done += max(count, 0)
    }
  }
}

/// `body()`, where a problem with the data names the file that they come from.
func inFile<Result>(_ path: String?, _ body: () throws(TensorError) -> Result) throws(TensorError) -> Result {
  do {
    return try body()
  } catch {
    switch error {
    case .unreadable, .unwritable, .unknownExtension, .file: throw error
    default: throw path.map { .file(path: $0, problem: error) } ?? error
    }
  }
}

/// What the system means by an error number.
func reason(_ error: Int32) -> String {
  switch error {
  case ENOENT: "there is no such file or directory"
  case EACCES, EPERM: "permission is denied"
  case EISDIR: "it is a directory"
  case ENOTDIR: "a part of the path is not a directory"
  case ENOSPC, EDQUOT: "the disk is full"
  case EROFS: "the file system is read-only"
  default: String(cString: strerror(error))
  }
}
