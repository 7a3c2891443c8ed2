// SPDX-License-Identifier: Apache-2.0
// From a path to the tensors in the file, whatever its format.

import FoundationEssentials
import Glibc

extension TensorSource {
  /// The tensors in the file at `path`, in the order of the file.
  ///
  /// The extension tells the format: .npy, .npz, .safetensors, .csv, .txt (as .csv), and .npy.gz, .csv.gz, .txt.gz. Any other
  /// file, or .gz of one, must begin like an IDX file. `file.safetensors:name` and `file.npz:name`, split at the last such
  /// colon, give one tensor.
  ///
  /// - Errors: ``TensorError/unreadable(path:reason:)``, ``TensorError/unknownExtension(path:)``;
  ///   ``TensorError/file(path:problem:)`` around everything that is wrong with the data.
  /// - Complexity: only headers are read, but CSV as a whole.
  public static func open(_ path: String) throws(TensorError) -> [TensorSource] {
    let (path, name) = split(path)
    return try inFile(path) { () throws(TensorError) in
      let file = try TensorFile(path)
      if let name { return [try file.source(named: name)] }
      var sources: [TensorSource] = []
      for index in file.names.indices { sources.append(try file.source(at: index)) }
      return sources
    }
  }

  /// The tensor that `path` means, which holds exactly one unless it names one; see ``open(_:)``.
  public static func openOne(_ path: String) throws(TensorError) -> TensorSource {
    let (path, name) = split(path)
    return try inFile(path) { () throws(TensorError) in try TensorFile(path).source(named: name) }
  }

  /// Path and name of `file.safetensors:name` or `file.npz:name`.
  private static func split(_ path: String) -> (path: String, name: String?) {
    let colons = [".safetensors:", ".npz:"].compactMap { path.ranges(of: $0).last?.upperBound }
    guard let colon = colons.max() else { return (path, nil) }
    return (String(path[..<colon].dropLast()), String(path[colon...]))
  }
}

/// A file of named tensors.
private enum TensorFile {
  case one(TensorSource)
  case safetensors(Safetensors, path: String)
  case npz(NPZFile)

  init(_ path: String) throws(TensorError) {
    let parts = (path.split(separator: "/").last ?? "").split(separator: ".", omittingEmptySubsequences: false)
    let name = String(parts.first ?? "")
    let isGzip = parts.count > 1 && parts.last?.lowercased() == "gz"
    let format = parts.dropFirst().dropLast(isGzip ? 1 : 0).last?.lowercased()
    switch (format, isGzip) {
    case ("npy", false): self = .one(try TensorSource(name: name, npy: Bytes(path: path), path: path))
    case ("csv", false), ("txt", false): self = .one(TensorSource(name: name, try Tensor.read(csv: path)))
    case ("safetensors", false): self = .safetensors(try Safetensors(path: path), path: path)
    case ("npz", false): self = .npz(try NPZFile(InputFile(path)))
    case ("csv", true), ("txt", true):
      let stream = DeflatedStream(compressed: try Bytes(path: path), isGzip: true)
      self = .one(TensorSource(name: name, try Tensor(csv: Data(try stream.bytes()))))
    case ("npy", true): self = .one(try TensorFile.inflated(path, name) { prefix throws(TensorError) in try ArrayHeader(npy: prefix) })
    case ("safetensors", true), ("npz", true): throw .unknownExtension(path: path)
    default: self = .one(try TensorFile.idx(path, name, format, isGzip))
    }
  }

  /// The array in an IDX file, whose name may be anything, such as `train-images-idx3-ubyte`.
  private static func idx(_ path: String, _ name: String, _ format: String?, _ isGzip: Bool) throws(TensorError) -> TensorSource {
    if format != "idx" {
      // Whoever mistypes an extension should learn about it even where there is no such file.
      guard let bytes = try? Bytes(path: path) else {
        var isDirectory = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory { throw .unreadable(path: path, reason: reason(EISDIR)) }
        throw .unknownExtension(path: path)
      }
      let magic = isGzip ? try DeflatedStream(compressed: bytes, isGzip: true).prefix(3) : try bytes.bytes(at: 0, atMost: 3)
      guard ArrayHeader.isIDX(magic) else { throw .unknownExtension(path: path) }
    }
    if !isGzip { return try TensorSource(name: name, idx: Bytes(path: path), path: path) }
    return try inflated(path, name) { prefix throws(TensorError) in try ArrayHeader(idx: prefix) }
  }

  /// The array in a gzip file, inflated when it is read.
  private static func inflated(
    _ path: String, _ name: String, _ header: (ArrayHeader.Prefix) throws(TensorError) -> ArrayHeader
  ) throws(TensorError) -> TensorSource {
    let stream = DeflatedStream(compressed: try Bytes(path: path), isGzip: true)
    let header = try header { count throws(TensorError) in try stream.prefix(count) }
    guard let count = Int(exactly: try header.totalSize()) else { throw .badShape(header.shape) }
    let bytes = InflatedBytes(stream, count: count, checksum: nil, memory: InflatedMemory())
    return try TensorSource(name: name, header, .inflated(bytes), path: path)
  }

  var names: [String] {
    switch self {
    case .one(let source): [source.name]
    case .safetensors(let file, _): file.entries.map(\.name)
    case .npz(let file): file.names
    }
  }

  /// - Errors: ``TensorError/tensor(name:problem:)`` around what is wrong with one of several.
  func source(at index: Int) throws(TensorError) -> TensorSource {
    do {
      switch self {
      case .one(let source): return source
      case .safetensors(let file, let path): return try file.source(file.entries[index], path: path)
      case .npz(let file): return try file.source(at: index)
      }
    } catch {
      if case .unreadable = error { throw error }
      throw .tensor(name: names[index], problem: error)
    }
  }

  func source(named name: String?) throws(TensorError) -> TensorSource {
    try source(at: indexOfTensor(name, among: names))
  }
}

/// Which of `names` is meant; `nil` is allowed where there is exactly one.
///
/// - Errors: ``TensorError/unknownTensor(name:nearest:available:)``, ``TensorError/nameNeeded(available:)``.
func indexOfTensor(_ name: String?, among names: [String]) throws(TensorError) -> Int {
  guard let name else {
    guard names.count == 1 else { throw .nameNeeded(available: names) }
    return 0
  }
  guard let index = names.firstIndex(of: name) else {
    throw .unknownTensor(name: name, nearest: nearestName(to: name, among: names), available: names)
  }
  return index
}
