// SPDX-License-Identifier: Apache-2.0
// Reading a tensor from a path, whatever the format of the file.

extension Tensor {
  /// The tensor in the file at `path`, read by its extension: .npy, .csv, .txt (as .csv) or .safetensors.
  ///
  /// One tensor of a .safetensors file is given as `file.safetensors:name`, split at the last
  /// `.safetensors:`; the name may be left out where the file holds exactly one.
  ///
  /// - Errors: ``TensorError/unreadable(path:reason:)``, ``TensorError/unknownExtension(path:)``;
  ///   ``TensorError/file(path:problem:)`` around everything that is wrong with the data.
  public static func read(_ path: String) throws(TensorError) -> Tensor {
    if let colon = path.ranges(of: ".safetensors:").last?.upperBound {
      return try read(safetensors: String(path[..<colon].dropLast()), name: String(path[colon...]))
    }
    let file = path.split(separator: "/").last ?? ""
    switch file.split(separator: ".", omittingEmptySubsequences: false).dropFirst().last?.lowercased() {
    case "npy": return try read(npy: path)
    case "csv", "txt": return try read(csv: path)
    case "safetensors": return try read(safetensors: path, name: nil)
    default: throw .unknownExtension(path: path)
    }
  }

  /// The array in the .npy file at `path`; see ``init(npy:)``.
  public static func read(npy path: String) throws(TensorError) -> Tensor {
    let data = try readFile(path)
    return try inFile(path) { () throws(TensorError) in try Tensor(npy: data) }
  }

  /// The array in the text file at `path`; see ``init(csv:)``.
  public static func read(csv path: String) throws(TensorError) -> Tensor {
    let data = try readFile(path)
    return try inFile(path) { () throws(TensorError) in try Tensor(csv: data) }
  }

  private static func read(safetensors path: String, name: String?) throws(TensorError) -> Tensor {
    let file = try Safetensors(path: path)
    return try inFile(path) { () throws(TensorError) in try file.tensor(name) }
  }
}
