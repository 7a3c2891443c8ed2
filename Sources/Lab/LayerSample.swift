// SPDX-License-Identifier: Apache-2.0
// A sample of the outputs of a layer, and what a multiply-accumulate unit does to them.

public import Formats
public import Tensors

/// Rows of a layer's weights against vectors of inputs: at most 32 × 32 outputs Σ w x of the layer's full length.
///
/// One row is that with the largest weight, so that a scale for all of the tensor is one for the sample; the others are evenly spaced.
public struct LayerSample: Sendable {
  /// The length n of the dot products: all indices of the tensor but the first.
  public let terms: Int
  /// Rows of weights and vectors of inputs, which meet in rows × columns outputs.
  public let rows, columns: Int
  /// rows × terms, row after row.
  let weights: [Double]
  /// terms × columns, row after row.
  let inputs: [Double]
  /// Σ w x and Σ|w x| of each output.
  let exact: [OutputSum]

  /// Rows and columns of a sample, at most.
  public static let side = 32

  /// Where inputs come from.
  public enum Inputs: Sendable {
    /// Independent numbers of a law.
    case distribution(Distribution)
    /// A matrix, each row a vector of inputs.
    case matrix(TensorSource)
  }

  /// - Random: input j is child j of the stream.
  /// - Throws: `TensorError` for what cannot be read; `LayerSampleError`.
  public init(weights source: TensorSource, inputs: Inputs, _ stream: RandomStream) throws {
    let matrix = try RowSample(source)
    (terms, rows, weights) = (matrix.length, matrix.rows.count, matrix.rows.flatMap { $0 })
    let vectors: [[Double]]
    switch inputs {
    case .distribution(let law):
      let length = terms
      vectors = (0..<LayerSample.side).map { j in (0..<length).map { law.sample(stream.child(j), at: $0) } }
    case .matrix(let source):
      let matrix = try RowSample(source)
      guard matrix.length == terms else { throw LayerSampleError.lengths(weights: terms, inputs: matrix.length) }
      vectors = matrix.rows
    }
    columns = vectors.count
    let numbers = (0..<terms).flatMap { k in vectors.map { $0[k] } }
    self.inputs = numbers
    exact = OutputSum.all(weights, numbers, rows: rows, columns: columns, terms: terms, .fp64)
  }
}

/// Why there are no outputs to be sampled.
public enum LayerSampleError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A tensor without rows of two numbers or more.
  case notMatrix(name: String, shape: [Int])
  /// A tensor whose numbers' products, or squares of sums of these, may leave the range of binary64.
  case outOfRange(name: String, largest: Double)
  /// A tensor with an infinity or a NaN.
  case notFinite(name: String)
  /// Rows of weights and of inputs that cannot meet.
  case lengths(weights: Int, inputs: Int)

  public var description: String {
    switch self {
    case .notMatrix(let name, let shape): "\(name) has shape \(shape); give a matrix with rows of two numbers or more."
    case .outOfRange(let name, let largest): "the largest number of \(name) is \(largest.shortDescription); scale it to between 1e-60 and 1e60."
    case .notFinite(let name): "\(name) holds infinities or NaN; give finite numbers, or leave it out."
    case .lengths(let weights, let inputs): "rows of weights have \(weights) numbers, rows of inputs \(inputs); give rows of one length."
    }
  }
}

/// At most 32 rows of a tensor whose first index counts rows.
private struct RowSample {
  let length: Int
  let rows: [[Double]]

  init(_ source: TensorSource) throws {
    guard LayerSample.isMatrix(source) else { throw LayerSampleError.notMatrix(name: source.name, shape: source.shape) }
    let (count, length) = (source.shape[0], source.count / source.shape[0])
    self.length = length
    // Fortran order has the first index fastest: then the tensor is read as a whole.
    let whole = source.isFortranOrder ? try source.tensor().elements : nil
    func row(_ i: Int) throws -> [Double] {
      if let whole { return Array(whole[(i * length)..<((i + 1) * length)]) }
      var numbers = [Double](repeating: 0, count: length)
      try numbers.withUnsafeMutableBufferPointer { try source.read((i * length)..<((i + 1) * length), into: $0) }
      return numbers
    }
    var (largest, place) = (-1.0, 0)
    for i in 0..<count {
      let top = try row(i).reduce(0) { $1.isFinite ? max($0, abs($1)) : .infinity }
      guard top.isFinite else { throw LayerSampleError.notFinite(name: source.name) }
      if top > largest { (largest, place) = (top, i) }
    }
    guard largest == 0 || (1e-60...1e60).contains(largest) else { throw LayerSampleError.outOfRange(name: source.name, largest: largest) }
    let others = count <= LayerSample.side ? Array(0..<count) : (0..<LayerSample.side).map { $0 * count / LayerSample.side }
    let chosen = others.contains(place) ? others : [place] + others.dropFirst()
    rows = try chosen.map(row)
  }
}

extension LayerSample {
  /// Whether a tensor has rows: two indices or more, and two numbers or more behind the first.
  public static func isMatrix(_ source: TensorSource) -> Bool {
    source.shape.count >= 2 && source.shape[0] > 0 && source.count / source.shape[0] >= 2
  }
}
