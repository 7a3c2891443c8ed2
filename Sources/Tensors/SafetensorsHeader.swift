// SPDX-License-Identifier: Apache-2.0
// The JSON object at the head of a .safetensors file.

import FoundationEssentials

/// One field a tensor; the optional `__metadata__` is passed over.
struct SafetensorsHeader: Decodable {
  /// Where a tensor lies, in bytes after the header, and what it is; nothing is checked yet.
  struct Field: Decodable {
    let dtype: String
    let shape: [Int]
    let begin: Int
    let end: Int

    private enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      dtype = try container.decode(String.self, forKey: .dtype)
      shape = try container.decode([Int].self, forKey: .shape)
      let offsets = try container.decode([Int].self, forKey: .offsets)
      guard offsets.count == 2 else {
        let context = DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "not two offsets")
        throw DecodingError.typeMismatch([Int].self, context)
      }
      (begin, end) = (offsets[0], offsets[1])
    }
  }

  let fields: [String: Field]

  private struct Name: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    var fields: [String: Field] = [:]
    for name in container.allKeys where name.stringValue != "__metadata__" {
      fields[name.stringValue] = try container.decode(Field.self, forKey: name)
    }
    self.fields = fields
  }

  /// The header in UTF-8 JSON.
  ///
  /// - Errors: ``TensorError/malformedHeader(reason:)``.
  init(parsing json: Data) throws(TensorError) {
    do {
      self = try JSONDecoder().decode(SafetensorsHeader.self, from: json)
    } catch {
      throw .malformedHeader(reason: reason(error))
    }
  }
}

private func reason(_ error: any Error) -> String {
  func place(_ context: DecodingError.Context) -> String {
    context.codingPath.first.map { "tensor \(quoted($0.stringValue)): " } ?? ""
  }
  return switch error {
  case DecodingError.keyNotFound(let key, let context): place(context) + "\(key.stringValue) is missing"
  case DecodingError.typeMismatch(_, let context): place(context) + "a value is of the wrong kind"
  case DecodingError.valueNotFound(_, let context): place(context) + "a value is null"
  case DecodingError.dataCorrupted(let context): place(context) + "not valid JSON, or a number is no 64-bit integer"
  default: "not a JSON object of tensors"
  }
}
