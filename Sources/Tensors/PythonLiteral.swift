// SPDX-License-Identifier: Apache-2.0
// The small part of Python's literals in which .npy files describe themselves.

/// A Python literal made of strings, integers, `True`, `False`, `None`, tuples, lists and dictionaries.
enum PythonLiteral: Hashable, Sendable {
  case string(String)
  case integer(Int)
  case bool(Bool)
  case none
  /// A tuple or a list; parentheses around one item without a comma count as a tuple too.
  case sequence([PythonLiteral])
  case dictionary([String: PythonLiteral])

  /// The literal that `text` is, with white space around it.
  ///
  /// - Errors: ``TensorError/malformedHeader(reason:)`` with the byte at which reading stopped.
  /// - Complexity: O(n) time, stack for at most 16 nested brackets.
  init(parsing text: [UInt8]) throws(TensorError) {
    var parser = PythonLiteralParser(text: text)
    self = try parser.value(depth: 0)
    if parser.next() != nil { throw parser.failure("expected nothing more") }
  }
}

extension PythonLiteral: CustomStringConvertible {
  /// The literal as Python source, lists for tuples.
  var description: String {
    switch self {
    case .string(let text): "'\(text)'"
    case .integer(let number): "\(number)"
    case .bool(let truth): truth ? "True" : "False"
    case .none: "None"
    case .sequence(let items): "[" + items.map(\.description).joined(separator: ", ") + "]"
    case .dictionary(let items):
      "{" + items.sorted { $0.key < $1.key }.map { "'\($0.key)': \($0.value)" }.joined(separator: ", ") + "}"
    }
  }
}

/// Recursive descent; `position` is the next unread byte.
private struct PythonLiteralParser {
  let text: [UInt8]
  var position = 0

  func failure(_ reason: String) -> TensorError {
    .malformedHeader(reason: "\(reason) at byte \(position)")
  }

  /// The next byte that is not white space, left unread; `nil` at the end.
  mutating func next() -> UInt8? {
    while position < text.count {
      switch text[position] {
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): position += 1
      default: return text[position]
      }
    }
    return nil
  }

  /// Reads `byte` if it comes next.
  mutating func skip(_ byte: Unicode.Scalar) -> Bool {
    guard next() == UInt8(ascii: byte) else { return false }
    position += 1
    return true
  }

  /// Reads the bytes up to the first that `isIncluded` refuses.
  mutating func take(while isIncluded: (UInt8) -> Bool) -> String {
    let start = position
    while position < text.count, isIncluded(text[position]) { position += 1 }
    return String(decoding: text[start..<position], as: UTF8.self)
  }

  mutating func value(depth: Int) throws(TensorError) -> PythonLiteral {
    guard depth < 16 else { throw failure("too many brackets") }
    switch next() {
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "("): return .sequence(try sequence(closedBy: ")", depth: depth))
    case UInt8(ascii: "["): return .sequence(try sequence(closedBy: "]", depth: depth))
    case UInt8(ascii: "{"): return .dictionary(try dictionary(depth: depth))
    case .some(let byte) where isDigitOrSign(byte): return .integer(try integer())
    default: return try word()
    }
  }

  mutating func sequence(closedBy close: Unicode.Scalar, depth: Int) throws(TensorError) -> [PythonLiteral] {
    position += 1
    var items: [PythonLiteral] = []
    while !skip(close) {
      items.append(try value(depth: depth + 1))
      if skip(",") { continue }
      guard next() == UInt8(ascii: close) else { throw failure("expected , or \(close)") }
    }
    return items
  }

  mutating func dictionary(depth: Int) throws(TensorError) -> [String: PythonLiteral] {
    position += 1
    var items: [String: PythonLiteral] = [:]
    while !skip("}") {
      guard case .string(let key) = try value(depth: depth + 1) else { throw failure("expected a string as key") }
      guard skip(":") else { throw failure("expected :") }
      let item = try value(depth: depth + 1)
      guard items.updateValue(item, forKey: key) == nil else { throw failure("expected no key twice") }
      if skip(",") { continue }
      guard next() == UInt8(ascii: "}") else { throw failure("expected , or }") }
    }
    return items
  }

  /// A quoted string with its escapes left as they are: no name that matters here contains one.
  mutating func string() throws(TensorError) -> String {
    let quote = text[position]
    position += 1
    var escaped = false
    let content = take { byte in
      if escaped { escaped = false; return true }
      escaped = byte == UInt8(ascii: "\\")
      return byte != quote
    }
    guard position < text.count else { throw failure("string without end") }
    position += 1
    return content
  }

  mutating func integer() throws(TensorError) -> Int {
    guard let number = Int(take(while: isDigitOrSign)) else { throw failure("expected an integer of at most 64 bits") }
    return number
  }

  mutating func word() throws(TensorError) -> PythonLiteral {
    switch take(while: { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20) }) {
    case "True": return .bool(true)
    case "False": return .bool(false)
    case "None": return .none
    default: throw failure("expected a string, an integer, True, False, None or a bracket")
    }
  }
}

private func isDigitOrSign(_ byte: UInt8) -> Bool {
  byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}
