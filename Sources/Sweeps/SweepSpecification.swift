// SPDX-License-Identifier: Apache-2.0
// What a sweep measures: a grid of parameters, from a JSON document.

public import FoundationEssentials
internal import Formats

/// A sweep over the products of axes: every combination of their values is a cell.
public struct SweepSpecification: Hashable, Sendable, Codable {
  /// What is done in a cell.
  public enum Kind: String, Hashable, Sendable, Codable, CaseIterable {
    /// Rounding errors of dot products, as `fmtlab analyze` measures them.
    case analyze
    /// A training run, as of `fmtlab train`.
    case train
    /// Errors of a layer's outputs, of which a format and an accumulator make what they do: ``LayerSample``.
    case layer

    /// The axes that a grid may have, in the order in which cells are numbered: the last runs fastest.
    public var axes: [String] {
      switch self {
      case .analyze: ["format", "acc", "rounding", "chunk", "outer", "product", "n", "data", "trials", "confidence", "exact", "seed"]
      case .train: ["model", "data", "images", "policy", "lossScale", "epochs", "batch", "rate", "momentum", "decay", "schedule", "seed"]
      case .layer: ["weights", "inputs", "format", "acc", "rounding", "chunk", "outer", "product", "scale", "seed"]
      }
    }

    /// Axes that every grid has.
    var required: [String] {
      switch self {
      case .analyze: ["format", "acc", "n"]
      case .train: ["policy"]
      case .layer: ["weights", "format", "acc"]
      }
    }
  }

  /// What a cell is: an analysis or a training run.
  public let kind: Kind
  /// Of all random bits: a cell's own seed comes from this one and from the cell's parameters, unless `seed` is an axis.
  public let seed: UInt64
  /// Axes with the texts of their values. Several grids are one sweep of all their cells.
  public let grids: [[String: [String]]]

  static let schema = "fmtlab.sweep/1"

  enum Field: String, CodingKey, CaseIterable {
    case schema, kind, seed, grid
  }

  /// Reads `{"schema", "kind", "seed", "grid"}`: `grid` is an object, or an array of objects, of axes; a value is a text or a number, an axis one
  /// value or an array of them. Without `kind` it is `analyze`, without `seed` 1.
  ///
  /// - Throws: `SweepError.specification`.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: AnyKey.self)
    for key in fields.allKeys where Field(rawValue: key.stringValue) == nil {
      throw SweepError.unknown("field", key.stringValue, Field.allCases.map(\.rawValue))
    }
    let known = try decoder.container(keyedBy: Field.self)
    if let schema = try known.decodeIfPresent(String.self, forKey: .schema), schema != SweepSpecification.schema {
      throw SweepError.specification("its schema is '\(schema)'; this program reads \(SweepSpecification.schema).")
    }
    let name = try known.decodeIfPresent(String.self, forKey: .kind) ?? Kind.analyze.rawValue
    guard let kind = Kind(rawValue: name) else {
      throw SweepError.unknown("kind", name, Kind.allCases.map(\.rawValue))
    }
    let grids = try (try? known.decode([[String: Axis]].self, forKey: .grid)) ?? [known.decode([String: Axis].self, forKey: .grid)]
    let seed = try known.decodeIfPresent(Axis.self, forKey: .seed)?.texts ?? ["1"]
    guard seed.count == 1, let seed = UInt64(seed[0]) else {
      throw SweepError.specification("the seed is \(seed.joined(separator: ", ")); give a whole number from 0 to \(UInt64.max).")
    }
    (self.kind, self.seed) = (kind, seed)
    self.grids = grids.map { $0.mapValues(\.texts) }
    for grid in self.grids {
      if let stranger = grid.keys.sorted().first(where: { !kind.axes.contains($0) }) { throw SweepError.unknown("axis", stranger, kind.axes) }
      if let missing = kind.required.first(where: { grid[$0] == nil }) { throw SweepError.specification("a grid has no axis '\(missing)'.") }
      if let empty = grid.keys.sorted().first(where: { grid[$0]!.isEmpty }) { throw SweepError.specification("the axis '\(empty)' has no value.") }
    }
    guard !self.grids.isEmpty else { throw SweepError.specification("it has no grid.") }
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode(SweepSpecification.schema, forKey: .schema)
    try fields.encode(kind, forKey: .kind)
    try fields.encode(seed, forKey: .seed)
    try fields.encode(grids, forKey: .grid)
  }

  /// - Throws: `SweepError.specification`, in words.
  public init(json: Data) throws(SweepError) {
    do {
      self = try JSONDecoder().decode(SweepSpecification.self, from: json)
    } catch let error as SweepError {
      throw error
    } catch DecodingError.keyNotFound(let key, _) {
      throw .specification("the field '\(key.stringValue)' is missing.")
    } catch DecodingError.dataCorrupted(let context) where context.codingPath.isEmpty {
      throw .specification("it is not JSON.")
    } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context), DecodingError.dataCorrupted(let context) {
      let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
      throw .specification(path.isEmpty ? "it is no JSON object." : "'\(path)' is of another kind: an axis is a text, a number, or an array of them.")
    } catch {
      throw .specification("it cannot be read as JSON.")
    }
  }

  /// - Precondition: each grid has the axes that the kind requires, no others than it knows, and a value on each.
  public init(_ kind: Kind, seed: UInt64, grids: [[String: [String]]]) {
    for grid in grids {
      precondition(kind.required.allSatisfy { grid[$0] != nil } && grid.keys.allSatisfy(kind.axes.contains), "a grid of other axes")
      precondition(grid.values.allSatisfy { !$0.isEmpty }, "an axis without values")
    }
    (self.kind, self.seed, self.grids) = (kind, seed, grids)
  }

  /// With other texts for the values of an axis.
  func replacing(_ axis: String, _ change: (String) throws(SweepError) -> String) throws(SweepError) -> SweepSpecification {
    var grids = grids
    for i in grids.indices {
      guard let values = grids[i][axis] else { continue }
      var texts: [String] = []
      for value in values { texts.append(try change(value)) }
      grids[i][axis] = texts
    }
    return SweepSpecification(kind, seed: seed, grids: grids)
  }
}

/// The values of an axis as texts: numbers as they are written shortest.
private struct Axis: Decodable {
  let texts: [String]

  init(from decoder: any Decoder) throws {
    if var list = try? decoder.unkeyedContainer() {
      var texts: [String] = []
      while !list.isAtEnd { texts.append(try list.decode(Scalar.self).text) }
      self.texts = texts
    } else {
      texts = [try Scalar(from: decoder).text]
    }
  }

  struct Scalar: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let text = try? value.decode(String.self) {
        self.text = text
      } else if let whole = try? value.decode(UInt64.self) {
        text = "\(whole)"
      } else if let whole = try? value.decode(Int64.self) {
        text = "\(whole)"
      } else {
        text = "\(try value.decode(Double.self))"
      }
    }
  }
}

/// Any name of a field.
struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
