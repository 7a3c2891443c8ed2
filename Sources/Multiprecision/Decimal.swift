// SPDX-License-Identifier: Apache-2.0
// Numbers as text: decimal of any length or C99 hexadecimal, kept exact until the one rounding.

internal import CMPFR
public import Formats

/// A text that is not a number.
public struct NumberError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was given.
  public let text: String

  public var description: String {
    let shown = text.count > 60 ? text.prefix(57) + "..." : text[...]
    return "'\(shown)' is not a number; write a decimal (-1.5e-05), a C99 hexadecimal (0x1.8p-3), inf or nan."
  }
}

extension Extended {
  /// The number that a text says: decimal with any number of digits, C99 hexadecimal, `inf` or `nan`, signed with `+`, `-` or
  /// the typographic `−`.
  ///
  /// Rounding: none; the text is cut to 128 bits with a sticky bit, so a rounding into any format is correct.
  /// Complexity: that of MPFR's reader, quasi-linear in the digits.
  public init(text: String) throws(NumberError) {
    let (number, ternary) = try BigFloat.read(text, precision: 128)
    self = number.extended(ternary: ternary)
  }
}

extension BigFloat {
  /// The number that a text says (see `Extended(text:)`), at a precision at which the difference from any value of a format
  /// keeps 64 good bits unless the text itself was built to come closer.
  public init(text: String) throws(NumberError) {
    // In steps, so that two spellings of one number mostly give one result.
    self = try BigFloat.read(text, precision: min(1 << 20, 512 * (2 + text.utf8.count / 128))).number
  }

  /// The number cut towards zero, with MPFR's ternary value.
  fileprivate static func read(_ text: String, precision: Int) throws(NumberError) -> (number: BigFloat, ternary: Int) {
    guard let ascii = normalized(text) else { throw NumberError(text: text) }
    let body = ascii.drop { $0 == "-" }
    let isNegative = ascii.hasPrefix("-")
    switch body {
    case "inf", "infinity": return (BigFloat(.infinity(negative: isNegative)), 0)
    case "nan": return (BigFloat(.nan), 0)
    default:
      guard isNumber(body) else { throw NumberError(text: text) }
      let (number, ternary) = BigFloat.compute(precision: precision, .towardZero) { x, mode in
        ascii.withCString { mpfr_strtofr(x, $0, nil, 0, mode) }
      }
      return (number, ternary)
    }
  }

  /// Lower case, one ASCII sign at most, which is dropped when it is `+`.
  private static func normalized(_ text: String) -> String? {
    var rest = text.lowercased()[...]
    var isNegative = false
    if let sign = rest.first, "+-−".contains(sign) {
      isNegative = sign != "+"
      rest = rest.dropFirst()
    }
    guard let first = rest.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else { return nil }
    return (isNegative ? "-" : "") + rest
  }

  /// digits[.digits][e±digits] or 0xdigits[.digits][p±digits], at least one digit before the exponent.
  private static func isNumber(_ text: Substring) -> Bool {
    var bytes = Substring(text).utf8
    let isHexadecimal = text.hasPrefix("0x")
    if isHexadecimal { bytes = bytes.dropFirst(2) }
    func takeDigits(hexadecimal: Bool) -> Int {
      let digits = bytes.prefix {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || hexadecimal && (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
      bytes = bytes.dropFirst(digits.count)
      return digits.count
    }
    var digits = takeDigits(hexadecimal: isHexadecimal)
    if bytes.first == UInt8(ascii: ".") {
      bytes = bytes.dropFirst()
      digits += takeDigits(hexadecimal: isHexadecimal)
    }
    guard digits > 0 else { return false }
    if bytes.first == UInt8(ascii: isHexadecimal ? "p" : "e") {
      bytes = bytes.dropFirst()
      if bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
      guard takeDigits(hexadecimal: false) > 0 else { return false }
    }
    return bytes.isEmpty
  }
}

extension Value {
  /// The shortest decimal of an exactly representable double; otherwise `digits` significant digits, rounded to nearest.
  public func decimal(digits: Int = 40) -> String {
    if case .finite(let x) = self, Double(exactly: x) == nil { return BigFloat(self).decimal(digits: digits) }
    return description
  }
}
