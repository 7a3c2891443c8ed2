// SPDX-License-Identifier: Apache-2.0
// What of a model may be chosen: its activation function, its softmax, circulant blocks.

/// What of a model may be chosen.
public struct ModelOptions: Hashable, Sendable, Codable {
  /// Of hidden layers.
  public var activation: ActivationFunction
  /// Of the last layer.
  public var softmax: Softmax
  /// The size of the circulant blocks of the hidden dense layers, which then have no biases; `nil` for full matrices.
  public var circulant: Int?

  /// `circulant` is the size of the blocks of hidden layers; without it they are dense.
  public init(activation: ActivationFunction = .relu, softmax: Softmax = .exponential, circulant: Int? = nil) {
    (self.activation, self.softmax, self.circulant) = (activation, softmax, circulant)
  }

  /// What differs from every model's own: `tanh`, `taylor2 softmax`, `circulant blocks of 8`.
  public var summary: [String] {
    let own = ModelOptions()
    return (activation == own.activation ? [] : [activation.rawValue]) + (softmax == own.softmax ? [] : ["\(softmax) softmax"])
      + (circulant.map { ["circulant blocks of \($0)"] } ?? [])
  }
}

extension Model {
  /// - Throws: `TrainingError.options` where options, model and images do not go together.
  func validate(_ options: ModelOptions, _ input: ImageShape) throws(TrainingError) {
    if self == .logistic && options.activation != .relu {
      throw .options("--activation \(options.activation.rawValue): logistic has no hidden layer; give another --model.")
    }
    guard let block = options.circulant else { return }
    guard self == .mlp else { throw .options("--circulant \(block): \(rawValue) has no blocks; give --model mlp.") }
    let least = min(input.count, Model.widths.min()!)
    guard block >= 2 && block <= least else {
      throw .options("--circulant \(block): a hidden layer of mlp has \(least) inputs or outputs; give a block of 2 to \(least).")
    }
  }
}

extension Softmax: Codable, CustomStringConvertible {
  /// - Parameter text: `exponential`, or `taylorN` for an even order N from 2 to 20.
  public init?(text: String) {
    if text == "exponential" {
      self = .exponential
    } else if text.hasPrefix("taylor"), let order = Int(text.dropFirst(6)), (2...20).contains(order), order % 2 == 0, text == "taylor\(order)" {
      self = .taylor(order: order)
    } else {
      return nil
    }
  }

  public var description: String {
    switch self {
    case .exponential: "exponential"
    case .taylor(let order): "taylor\(order)"
    }
  }

  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let softmax = Softmax(text: text) else {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "the softmax '\(text)'"))
    }
    self = softmax
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

// Options are left out of documents where they are every model's own: runs that were written before there were any go on.

extension KeyedDecodingContainer {
  func decode(_ type: ModelOptions.Type, forKey key: Key) throws -> ModelOptions { try decodeIfPresent(type, forKey: key) ?? ModelOptions() }
}

extension KeyedEncodingContainer {
  mutating func encode(_ options: ModelOptions, forKey key: Key) throws {
    try encodeIfPresent(options == ModelOptions() ? nil : options, forKey: key)
  }
}
