// SPDX-License-Identifier: Apache-2.0
// A strict reader of JSON and one of CSV, independent of the encoders under test.

import Testing

/// A JSON value as it is written: numbers keep their text.
enum JSON: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([String: JSON])

  struct Problem: Error, CustomStringConvertible {
    let description: String
  }

  init(parsing text: String) throws {
    var reader = Reader(bytes: Array(text.utf8))
    self = try reader.value()
    reader.skipSpace()
    guard reader.isAtEnd else { throw Problem(description: "something follows the document") }
  }

  subscript(key: String) -> JSON? {
    if case .object(let fields) = self { fields[key] } else { nil }
  }

  subscript(index: Int) -> JSON? {
    if case .array(let items) = self, items.indices.contains(index) { items[index] } else { nil }
  }

  var items: [JSON] { if case .array(let items) = self { items } else { [] } }
  var keys: Set<String> { if case .object(let fields) = self { Set(fields.keys) } else { [] } }
  var text: String? { if case .string(let text) = self { text } else { nil } }

  /// A number, also one of the strings "inf", "-inf" and "nan".
  var double: Double? {
    switch self {
    case .number(let x): x
    case .string("inf"): .infinity
    case .string("-inf"): -.infinity
    case .string("nan"): .nan
    default: nil
    }
  }

  // MARK: Shape

  /// What a field may be.
  enum Kind: Sendable {
    case number, count, text, flag, hex, texts, list, record
    indirect case optional(Kind)
  }

  /// Whether the value is of a kind. Numbers are finite or one of the three strings.
  func isA(_ kind: Kind) -> Bool {
    switch (kind, self) {
    case (.optional, .null): true
    case (.optional(let kind), _): isA(kind)
    case (.number, _): double != nil
    case (.count, .number(let x)): x >= 0 && x == x.rounded()
    case (.text, .string), (.flag, .bool), (.list, .array), (.record, .object): true
    case (.hex, .string(let text)): ["inf", "-inf", "nan"].contains(text) || text.contains("0x")
    case (.texts, .array(let items)): items.allSatisfy { $0.text != nil }
    default: false
    }
  }

  /// Records every field that is missing or of another kind.
  func check(_ fields: [String: Kind], _ name: String, _ location: SourceLocation = #_sourceLocation) {
    for (key, kind) in fields {
      guard let value = self[key] else {
        Issue.record("\(name) lacks \(key)", sourceLocation: location)
        continue
      }
      #expect(value.isA(kind), "\(name).\(key) is \(value), not \(kind)", sourceLocation: location)
    }
  }

  private struct Reader {
    let bytes: [UInt8]
    var position = 0

    var isAtEnd: Bool { position == bytes.count }

    mutating func skipSpace() {
      while position < bytes.count, [32, 9, 10, 13].contains(bytes[position]) { position += 1 }
    }

    func problem(_ text: String) -> Problem { Problem(description: "\(text) at byte \(position)") }

    mutating func take(_ text: String) -> Bool {
      guard bytes[position...].starts(with: text.utf8) else { return false }
      position += text.utf8.count
      return true
    }

    mutating func value() throws -> JSON {
      skipSpace()
      if take("null") { return .null }
      if take("true") { return .bool(true) }
      if take("false") { return .bool(false) }
      if take("\"") { return .string(try string()) }
      if take("[") { return .array(try sequence("]") { try $0.value() }) }
      if take("{") {
        let pairs = try sequence("}") { reader -> (String, JSON) in
          guard reader.take("\"") else { throw reader.problem("no key") }
          let key = try reader.string()
          reader.skipSpace()
          guard reader.take(":") else { throw reader.problem("no colon") }
          return (key, try reader.value())
        }
        return .object(try Dictionary(pairs) { _, _ in throw problem("a key twice") })
      }
      let start = position
      while position < bytes.count, "+-.0123456789eE".utf8.contains(bytes[position]) { position += 1 }
      let text = String(decoding: bytes[start..<position], as: UTF8.self)
      guard Reader.isNumber(bytes[start..<position]), let number = Double(text) else { throw problem("no value") }
      return .number(number)
    }

    /// -?(0|[1-9]d*)(.d+)?([eE][+-]?d+)?
    private static func isNumber(_ text: ArraySlice<UInt8>) -> Bool {
      var rest = text
      func takeDigits() -> Int {
        let digits = rest.prefix { (48...57).contains($0) }.count
        rest = rest.dropFirst(digits)
        return digits
      }
      func take(_ allowed: String) -> Bool {
        guard let first = rest.first, allowed.utf8.contains(first) else { return false }
        rest = rest.dropFirst()
        return true
      }
      _ = take("-")
      let startsWithZero = rest.first == 48
      let whole = takeDigits()
      guard whole == 1 || whole > 1 && !startsWithZero else { return false }
      if take("."), takeDigits() == 0 { return false }
      if take("eE") {
        _ = take("+-")
        if takeDigits() == 0 { return false }
      }
      return rest.isEmpty
    }

    private mutating func sequence<T>(_ end: String, _ item: (inout Reader) throws -> T) throws -> [T] {
      var items: [T] = []
      skipSpace()
      if take(end) { return [] }
      repeat {
        skipSpace()
        items.append(try item(&self))
        skipSpace()
      } while take(",")
      guard take(end) else { throw problem("no \(end)") }
      return items
    }

    private mutating func string() throws -> String {
      var text: [UInt8] = []
      while position < bytes.count {
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
        case UInt8(ascii: "\\"):
          guard position < bytes.count, let i = "\"\\/bfnrt".utf8.firstIndex(of: bytes[position]) else { throw problem("an escape") }
          text.append([34, 92, 47, 8, 12, 10, 13, 9]["\"\\/bfnrt".utf8.distance(from: "\"\\/bfnrt".utf8.startIndex, to: i)])
          position += 1
        case 0..<32: throw problem("a control character")
        default: text.append(byte)
        }
      }
      throw problem("an unfinished string")
    }
  }
}

/// The records of CSV text (RFC 4180), header included.
func csv(_ text: String) -> [[String]] {
  var (records, record, field) = ([[String]](), [String](), [UInt8]())
  var isQuoted = false
  let bytes = Array(text.utf8)
  var i = 0
  func finish() { record.append(String(decoding: field, as: UTF8.self)) }
  while i < bytes.count {
    switch bytes[i] {
    case UInt8(ascii: "\"") where isQuoted && i + 1 < bytes.count && bytes[i + 1] == UInt8(ascii: "\""):
      field.append(bytes[i])
      i += 1
    case UInt8(ascii: "\""): isQuoted.toggle()
    case UInt8(ascii: ",") where !isQuoted:
      finish()
      field = []
    case UInt8(ascii: "\n") where !isQuoted:
      finish()
      records.append(record)
      (record, field) = ([], [])
    default: field.append(bytes[i])
    }
    i += 1
  }
  return records
}
