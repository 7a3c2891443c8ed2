// SPDX-License-Identifier: Apache-2.0
// Reading a tensor from a path, whatever the format of the file.

import FoundationEssentials

extension Tensor {
  /// The tensor in the file at `path`, in any of the formats of ``TensorSource/open(_:)``.
  ///
  /// The name in `file.safetensors:name` or `file.npz:name` may be left out where the file holds exactly one tensor.
  ///
  /// - Errors: ``TensorError/unreadable(path:reason:)``, ``TensorError/unknownExtension(path:)``;
  ///   ``TensorError/file(path:problem:)`` around everything that is wrong with the data.
  public static func read(_ path: String) throws(TensorError) -> Tensor {
    try TensorSource.openOne(path).tensor()
  }

  /// The array in the .npy file at `path`; see ``init(npy:)``.
  public static func read(npy path: String) throws(TensorError) -> Tensor {
    try inFile(path) { () throws(TensorError) in try TensorSource(name: "", npy: Bytes(path: path), path: path).tensor() }
  }

  /// The array in the text file at `path`; see ``init(csv:)``.
  public static func read(csv path: String) throws(TensorError) -> Tensor {
    let bytes = try Bytes(path: path)
    return try inFile(path) { () throws(TensorError) in try Tensor(csv: Data(bytes.bytes(at: 0, atMost: bytes.count))) }
  }
}
