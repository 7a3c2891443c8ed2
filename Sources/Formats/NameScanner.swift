// SPDX-License-Identifier: Apache-2.0
// Reads a name from the left.

struct NameScanner {
  private(set) var rest: Substring

  init(_ text: some StringProtocol) { rest = Substring(text) }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ prefix: String) -> Bool {
    guard rest.hasPrefix(prefix) else { return false }
    rest = rest.dropFirst(prefix.count)
    return true
  }

  /// An unsigned decimal of at most 6 digits, without superfluous zeros, so that every format has one spelling.
  mutating func number() -> Int? {
    let digits = rest.prefix { $0.isASCII && $0.isNumber }
    guard (1...6).contains(digits.count), digits == "0" || digits.first != "0" else { return nil }
    rest = rest.dropFirst(digits.count)
    return Int(digits)
  }

  /// The characters up to the first that `isIncluded` refuses.
  mutating func take(while isIncluded: (Character) -> Bool) -> String {
    let taken = rest.prefix(while: isIncluded)
    rest = rest[taken.endIndex...]
    return String(taken)
  }
}
