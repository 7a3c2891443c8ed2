// SPDX-License-Identifier: Apache-2.0
// Policies as JSON documents: what may be left out, and what is refused.

public import FoundationEssentials
internal import Accumulation
internal import Formats

extension PrecisionPolicy {
  /// The fields of the document, in the order in which they are explained.
  enum Field: String, CodingKey, CaseIterable {
    case schema, name, weights, activations, errors, weightErrors, accumulator, forward, backwardData, backwardWeights, elementwise
    case storedWeights, update, offsetBits, strongConvexity, lossScale, averageFrom, layers, schedule
  }

  static let schema = "fmtlab.policy/1"

  /// Reads a document; every field but `name`, `weights` and an accumulator has a default: activations as `weights`, errors as `activations`,
  /// `forward`, `backwardData` and `backwardWeights` as `accumulator`, the rest binary32, plain and without loss scale; of bit centring 8 bits, but its
  /// `strongConvexity` has none.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Field.self)
    if let schema = try fields.decodeIfPresent(String.self, forKey: .schema), schema != PrecisionPolicy.schema {
      throw PolicyError.field("schema", "it is '\(schema)'; this program reads \(PrecisionPolicy.schema).")
    }
    let fp32 = TensorFormat.binary32
    name = try fields.decode(String.self, forKey: .name)
    weights = try fields.decode(TensorFormat.self, forKey: .weights)
    activations = try fields.decodeIfPresent(TensorFormat.self, forKey: .activations) ?? weights
    errors = try fields.decodeIfPresent(TensorFormat.self, forKey: .errors) ?? activations
    weightErrors = try fields.decodeIfPresent(TensorFormat.self, forKey: .weightErrors)
    let common = try fields.decodeIfPresent(Accumulator.self, forKey: .accumulator)
    func accumulator(_ field: Field) throws -> Accumulator {
      if let own = try fields.decodeIfPresent(Accumulator.self, forKey: field) ?? common { return own }
      throw PolicyError.field(field.rawValue, "it is missing; give it, or \"accumulator\" for all three products.")
    }
    (forward, backwardData, backwardWeights) = (try accumulator(.forward), try accumulator(.backwardData), try accumulator(.backwardWeights))
    elementwise = try fields.decodeIfPresent(TensorFormat.self, forKey: .elementwise) ?? fp32
    storedWeights = try fields.decodeIfPresent(TensorFormat.self, forKey: .storedWeights) ?? fp32
    update = try fields.decodeIfPresent(String.self, forKey: .update).map { text in
      guard let update = WeightUpdate(rawValue: text) else { throw PolicyError.update(text) }
      return update
    } ?? .plain
    offsetBits = try fields.decodeIfPresent(Int.self, forKey: .offsetBits) ?? (update == .bitCentring ? 8 : nil)
    strongConvexity = try fields.decodeIfPresent(Double.self, forKey: .strongConvexity)
    lossScale = try fields.decodeIfPresent(LossScale.self, forKey: .lossScale) ?? .none
    averageFrom = try fields.decodeIfPresent(Double.self, forKey: .averageFrom)
    layers = try fields.decodeIfPresent([Override].self, forKey: .layers) ?? []
    schedule = try fields.decodeIfPresent([Override].self, forKey: .schedule) ?? []
    try validate()
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Field.self)
    try fields.encode(PrecisionPolicy.schema, forKey: .schema)
    try fields.encode(name, forKey: .name)
    try fields.encode(weights, forKey: .weights)
    try fields.encode(activations, forKey: .activations)
    try fields.encode(errors, forKey: .errors)
    try fields.encodeIfPresent(weightErrors, forKey: .weightErrors)
    try fields.encode(forward, forKey: .forward)
    try fields.encode(backwardData, forKey: .backwardData)
    try fields.encode(backwardWeights, forKey: .backwardWeights)
    try fields.encode(elementwise, forKey: .elementwise)
    try fields.encode(storedWeights, forKey: .storedWeights)
    try fields.encode(update.rawValue, forKey: .update)
    try fields.encodeIfPresent(offsetBits, forKey: .offsetBits)
    try fields.encodeIfPresent(strongConvexity, forKey: .strongConvexity)
    try fields.encode(lossScale, forKey: .lossScale)
    try fields.encodeIfPresent(averageFrom, forKey: .averageFrom)
    if !layers.isEmpty { try fields.encode(layers, forKey: .layers) }
    if !schedule.isEmpty { try fields.encode(schedule, forKey: .schedule) }
  }

  /// What fits together.
  ///
  /// - Throws: `PolicyError.format`, `.accumulator` for numbers that binary64, in which runs keep them, does not hold, or that have no zero; `.field`.
  func validate() throws(PolicyError) {
    let changes = layers + schedule
    for format in [weights, activations, errors, elementwise, storedWeights] + [weightErrors].compactMap({ $0 })
      + changes.flatMap({ [$0.weights, $0.activations, $0.errors, $0.weightErrors].compactMap { $0 } })
    {
      guard case .plain(let rounder) = format else { continue }
      guard Carrier.binary64.holds(rounder.format) else { throw .format("\(format)", "training needs formats within fp64, such as fp64 itself.") }
      guard rounder.format.contains(.zero) else { throw .format("\(format)", "training needs a format with zero.") }
    }
    for accumulator in [forward, backwardData, backwardWeights] + changes.flatMap({ [$0.forward, $0.backwardData, $0.backwardWeights].compactMap { $0 } }) {
      var rounders = accumulator.plan.rounders
      if case .rounded(let product) = accumulator.product { rounders.append(product) }
      if let wide = rounders.first(where: { !Carrier.binary64.holds($0.format) }) {
        throw .accumulator("\(accumulator)", "\(wide.format) is wider than fp64; training needs accumulators within it.")
      }
      guard rounders.allSatisfy({ $0.format.contains(.zero) }) else { throw .accumulator("\(accumulator)", "training needs accumulators with zero.") }
    }
    try validateOffsets()
    if let averageFrom, !(averageFrom >= 0 && averageFrom < 1) { throw .field("averageFrom", "it is \(averageFrom); give a share of the run from 0 to below 1.") }
    for (i, change) in layers.enumerated() {
      guard change.match != nil else { throw .field("layers[\(i)]", "it has no \"match\"; give a layer's name, \"first\", \"last\" or a beginning with *.") }
      guard change.fromEpoch == nil else { throw .field("layers[\(i)]", "\"fromEpoch\" belongs into \"schedule\".") }
    }
    for (i, change) in schedule.enumerated() {
      guard let epoch = change.fromEpoch, epoch >= 0 else { throw .field("schedule[\(i)]", "give \"fromEpoch\", the epochs finished before it applies, 0 or more.") }
      guard change.match == nil else { throw .field("schedule[\(i)]", "\"match\" belongs into \"layers\".") }
    }
    guard case .plain = elementwise else { throw .field("elementwise", "\(elementwise) has scales; give a format of single numbers.") }
  }

  private func validateOffsets() throws(PolicyError) {
    guard update == .bitCentring else {
      if offsetBits != nil { throw .field("offsetBits", "it belongs to the update bitCentring; this one is \(update.rawValue).") }
      if strongConvexity != nil { throw .field("strongConvexity", "it belongs to the update bitCentring; this one is \(update.rawValue).") }
      return
    }
    guard let offsetBits, (2...32).contains(offsetBits) else {
      throw .field("offsetBits", "it is \(offsetBits.map { "\($0)" } ?? "missing"); bitCentring needs 2 to 32 bits.")
    }
    guard let strongConvexity, strongConvexity > 0, strongConvexity.isFinite else {
      throw .field("strongConvexity", "it is \(strongConvexity.map { "\($0)" } ?? "missing"); bitCentring needs a positive number, the least curvature of the loss.")
    }
  }

  /// The policy in a JSON document.
  ///
  /// - Parameter path: the file, for errors.
  /// - Throws: `PolicyError.file` with the field that is wrong, what it may be, and for an unknown field the nearest known one.
  public init(json: Data, path: String) throws(PolicyError) {
    do {
      try PrecisionPolicy.refuseUnknownFields(json)
      self = try JSONDecoder().decode(PrecisionPolicy.self, from: json)
    } catch let error as PolicyError {
      throw .file(path, "\(error)")
    } catch let error as DecodingError {
      throw .file(path, PrecisionPolicy.words(error))
    } catch {
      throw .file(path, "it cannot be read as JSON.")
    }
  }

  /// The document that reads back as the same policy.
  public var json: Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try! encoder.encode(self)  // texts and finite numbers
  }

  /// Names that a document may have, apart from what they mean.
  private struct AnyField: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  private struct Names: Decodable {
    let names: [String]
    let inside: [String: [[String]]]

    init(from decoder: any Decoder) throws {
      let fields = try decoder.container(keyedBy: AnyField.self)
      names = fields.allKeys.map(\.stringValue).sorted()
      var inside: [String: [[String]]] = [:]
      for key in fields.allKeys where ["layers", "schedule"].contains(key.stringValue) {
        inside[key.stringValue] = try fields.decode([Flat].self, forKey: key).map(\.names)
      }
      self.inside = inside
    }
  }

  private struct Flat: Decodable {
    let names: [String]
    init(from decoder: any Decoder) throws { names = try decoder.container(keyedBy: AnyField.self).allKeys.map(\.stringValue).sorted() }
  }

  private static let changeable = [
    "match", "fromEpoch", "weights", "activations", "errors", "weightErrors", "forward", "backwardData", "backwardWeights",
  ]

  private static func refuseUnknownFields(_ json: Data) throws {
    let names = try JSONDecoder().decode(Names.self, from: json)
    func check(_ given: [String], _ known: [String], _ place: String) throws(PolicyError) {
      guard let stranger = given.first(where: { !known.contains($0) }) else { return }
      let near = nearestNames(to: stranger.lowercased(), among: known)
      throw .field("\(place)\(stranger)", "it is unknown; " + (near.isEmpty ? "the fields are \(known.joined(separator: ", "))." : "did you mean \(near.joined(separator: " or "))?"))
    }
    try check(names.names, Field.allCases.map(\.rawValue), "")
    for (list, elements) in names.inside.sorted(by: { $0.key < $1.key }) {
      for (i, given) in elements.enumerated() { try check(given, changeable, "\(list)[\(i)].") }
    }
  }

  private static func words(_ error: DecodingError) -> String {
    func path(_ context: DecodingError.Context) -> String { context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".") }
    return switch error {
    case .keyNotFound(let key, _): "the field '\(key.stringValue)' is missing."
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      context.codingPath.isEmpty ? "it is no JSON object of fields." : "the field '\(path(context))' is of another kind: formats and accumulators are texts."
    case .dataCorrupted(let context): context.codingPath.isEmpty ? "it is not JSON." : "the field '\(path(context))' cannot be read."
    @unknown default: "it cannot be read."
    }
  }
}

extension TensorFormat {
  static let binary32 = try! TensorFormat(text: "fp32")  // a name of the catalogue
}
