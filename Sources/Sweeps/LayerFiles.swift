// SPDX-License-Identifier: Apache-2.0
// The files behind the outputs of a layer, which are those that a sweep was planned with.

internal import Formats
internal import FoundationEssentials
internal import Glibc
internal import Lab
internal import Tensors

/// Weights and inputs of a layer as a sweep names them: `PATH#FINGERPRINT`, or a distribution of inputs.
struct LayerFiles: Hashable, Sendable {
  let weights, inputs: String
  let seed: UInt64

  var stream: RandomStream { RandomStream(seed: seed, "layer") }

  /// - Throws: `SweepError.file`.
  func sample() throws(SweepError) -> LayerSample {
    let weights = try LayerFiles.open(weights), inputs: LayerSample.Inputs
    if let law = Distribution(rawValue: self.inputs) { inputs = .distribution(law) } else { inputs = .matrix(try LayerFiles.open(self.inputs)) }
    do {
      return try LayerSample(weights: weights, inputs: inputs, stream.child("inputs"))
    } catch let error as LayerSampleError {
      throw .data("\(error)")
    } catch {
      throw LayerFiles.failure(error)
    }
  }

  /// The text of the axis `inputs`: a distribution, or as ``marked(_:)``.
  static func markedInputs(_ text: String) throws(SweepError) -> String {
    if Distribution(rawValue: text) != nil { return text }
    guard text.contains(where: { "./:".contains($0) }) || access(text, F_OK) == 0 else {
      throw .specification("inputs '\(text)' are neither a file nor a distribution (\(Distribution.allCases.map(\.rawValue).joined(separator: ", "))).")
    }
    return try marked(text)
  }

  /// The text of an axis with the whole path of a tensor, and a fingerprint of its numbers.
  static func marked(_ text: String) throws(SweepError) -> String {
    if parts(text).mark != nil { return text }
    let path = text.hasPrefix("/") ? text : "\(FileManager.default.currentDirectoryPath)/\(text)"
    return "\(path)#\(try fingerprint(of: tensor(path)))"
  }

  /// What a text says without the directory and the fingerprint: for people.
  static func shortName(_ text: String) -> String {
    let path = parts(text).path
    if let name = nameOfTensor(path) { return String(name) }
    return String(path.split(separator: "/").last ?? path[...])
  }

  /// Whether a text is that of one of the tensors in a file.
  static func isNamedTensor(_ text: String) -> Bool { nameOfTensor(text) != nil }

  private static func nameOfTensor(_ path: String) -> Substring? {
    [".safetensors:", ".npz:"].compactMap { path.ranges(of: $0).last?.upperBound }.max().map { path[$0...] }
  }

  /// What the numbers are, wherever their file lies.
  static func identity(_ text: String) -> String { parts(text).mark.map(String.init) ?? text }

  /// A text without the fingerprint.
  static func path(_ text: String) -> String { parts(text).path }

  private static func parts(_ text: String) -> (path: String, mark: Substring?) {
    guard let hash = text.lastIndex(of: "#"), text[hash...].count == 17, text[hash...].dropFirst().allSatisfy(\.isHexDigit) else { return (text, nil) }
    return (String(text[..<hash]), text[hash...].dropFirst())
  }

  private static func open(_ text: String) throws(SweepError) -> TensorSource {
    let (path, mark) = parts(text)
    let source = try tensor(path)
    if let mark {
      let found = try fingerprint(of: source)
      guard mark == found else { throw .file("\(path) has changed since the sweep was planned; plan a new one.") }
    }
    return source
  }

  private static func tensor(_ path: String) throws(SweepError) -> TensorSource {
    do { return try TensorSource.openOne(path) } catch { throw failure(error) }
  }

  private static func failure(_ error: any Error) -> SweepError {
    if case .unreadable = error as? TensorError { .file("\(error).") } else { .data("\(error).") }
  }

  /// Of the shape and every number (FNV-1a over their bits): it tells versions of a file apart.
  private static func fingerprint(of source: TensorSource) throws(SweepError) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    func add(_ word: UInt64) { hash = (hash ^ word) &* 0x0000_0100_0000_01b3 &+ hash >> 47 }
    source.shape.forEach { add(UInt64($0)) }
    do {
      var buffer = [Double](repeating: 0, count: 1 << 16)
      for start in stride(from: 0, to: source.count, by: buffer.count) {
        let range = start..<min(start + buffer.count, source.count)
        try buffer.withUnsafeMutableBufferPointer { try source.read(range, into: $0) }
        for i in 0..<range.count { add(buffer[i].bitPattern) }
      }
    } catch {
      throw failure(error)
    }
    return Sweeps.fingerprint("\(hash)")
  }
}
