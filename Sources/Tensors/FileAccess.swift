// SPDX-License-Identifier: Apache-2.0
// The only place where this module touches files, and where the system's refusals become words.

import FoundationEssentials

/// The bytes of a file; `mapped` ones are read from disk only where they are used.
func readFile(_ path: String, mapped: Bool = false) throws(TensorError) -> Data {
  do {
    return try Data(contentsOf: URL(filePath: path), options: mapped ? .mappedIfSafe : [])
  } catch {
    throw .unreadable(path: path, reason: reason(error))
  }
}

/// Writes a file whole or not at all: beside it under a temporary name, then renamed.
///
/// What exists and is not a regular file (`/dev/null`, `/dev/stdout`) is written in place: renaming would replace the device.
func writeFile(_ data: Data, to path: String) throws(TensorError) {
  let url = URL(filePath: path).resolvingSymlinksInPath()
  let type = try? FileManager.default.attributesOfItem(atPath: url.path)[.type] as? FileAttributeType
  do {
    try data.write(to: url, options: type == nil || type == .typeRegular ? .atomic : [])
  } catch {
    throw .unwritable(path: path, reason: reason(error))
  }
}

/// `body()`, where a problem with the data names the file that they come from.
func inFile<Result>(_ path: String, _ body: () throws(TensorError) -> Result) throws(TensorError) -> Result {
  do {
    return try body()
  } catch {
    throw .file(path: path, problem: error)
  }
}

private func reason(_ error: any Error) -> String {
  let cause = ((error as? CocoaError)?.userInfo["NSUnderlyingError"] as? POSIXError).map { "\($0.code)" }
  return switch cause {
  case "ENOENT": "there is no such file or directory"
  case "EACCES", "EPERM": "permission is denied, or it is not a regular file"
  case "EISDIR": "it is a directory"
  case "ENOTDIR": "a part of the path is not a directory"
  case "ENOSPC", "EDQUOT": "the disk is full"
  case "EROFS": "the file system is read-only"
  default: "the system reports \(cause ?? "an unknown error")"
  }
}
