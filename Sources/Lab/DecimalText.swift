// SPDX-License-Identifier: Apache-2.0
// Exact numbers in decimal: all their digits if there are few, otherwise rounded ones that look rounded.

package import Formats
internal import Glibc
package import Multiprecision

/// A number in decimal with at most a given count of significant digits.
///
/// A decimal that *is* the number has no trailing zeros; one that was rounded has exactly that many digits, trailing zeros
/// included, and says so in `isRounded`: 1.00390625 is that number, 1.003906250000000000000000000000000000000 is close to it.
package struct DecimalText {
  package let text: String
  package let isRounded: Bool
  /// Whether the number is only known to be beyond 10^±100000000, in words.
  package let isBeyond: Bool

  private init(_ text: String, isRounded: Bool, isBeyond: Bool = false) {
    (self.text, self.isRounded, self.isBeyond) = (text, isRounded, isBeyond)
  }

  /// The number; with `isCut`, the number of which `x` is the leading part.
  package init(_ x: BigFloat, isCut: Bool = false, digits: Int = 40) {
    guard case .finite(let number) = x.extended() else {
      self.init(x.decimal(digits: digits), isRounded: false)
      return
    }
    if isCut, number.isZero || abs(number.floorLog2) > DecimalText.largestExponent {
      let beyond = DecimalText.beyond(isHuge: !number.isZero && number.floorLog2 > 0, isNegative: number.isNegative)
      self.init(beyond, isRounded: true, isBeyond: true)
      return
    }
    let text = x.decimal(digits: digits)
    let isSame = !isCut && ((try? BigFloat(text: text)).map { x.minus($0).isZero } ?? false)
    self.init(isSame ? text : DecimalText.padded(text, digits), isRounded: !isSame)
  }

  package init(_ x: Dyadic, digits: Int) { self.init(BigFloat(x), digits: digits) }

  /// The number that a text says.
  package init(literal text: String) throws {
    // Not asked of the BigFloat, which takes a number below its range for 0.
    let isCut =
      if case .finite(let x) = try Extended(text: text) { !x.isZero && abs(x.floorLog2) > DecimalText.largestExponent } else { false }
    self.init(try BigFloat(text: text), isCut: isCut)
  }

  // MARK: Layout

  /// Beyond 2^±this, digits of a number that was cut mean nothing: the arithmetic below ends not far from there.
  private static let largestExponent = 1 << 29

  private static func beyond(isHuge: Bool, isNegative: Bool) -> String {
    switch (isHuge, isNegative) {
    case (true, false): "above 1e+100000000"
    case (true, true): "below -1e+100000000"
    case (false, false): "between 0 and 1e-100000000"
    case (false, true): "between -1e-100000000 and 0"
    }
  }

  /// The text with trailing zeros up to `digits` significant digits.
  private static func padded(_ text: String, _ digits: Int) -> String {
    let mantissa = text.prefix { $0 != "e" }
    let missing = digits - mantissa.drop { !("1"..."9").contains($0) }.count { $0 != "." }
    guard missing > 0 else { return text }
    return mantissa + (mantissa.contains(".") ? "" : ".") + String(repeating: "0", count: missing) + text.dropFirst(mantissa.count)
  }
}

extension Double {
  /// At most `digits` significant digits: the shortest decimal if it has no more, otherwise rounded to that many.
  package func figure(_ digits: Int) -> String {
    let short = (self + 0).shortDescription
    let mantissa = short.prefix { $0 != "e" }
    let count = mantissa.drop { !("1"..."9").contains($0) }.count { $0 != "." }
    return !isFinite || count <= digits && short.count <= digits + 6 ? short : significant(digits)
  }

  /// `digits` significant digits, rounded up: a bound remains one when it is printed.
  package func roundedUp(_ digits: Int) -> String {
    var text = significant(digits)
    guard isFinite, self > 0,
      let exponent = text.split(separator: "e").last.flatMap({ text.contains("e") ? Int($0) : Int(log10(self).rounded(.down)) })
    else { return text }
    var step = pow(10, Double(exponent - digits + 1)) / 2
    while Double(text)! < self {
      text = (self + step).significant(digits)
      step *= 2
    }
    return text
  }
}

extension Value {
  /// The shortest decimal of a value that doubles have, otherwise at most `digits` significant digits.
  package func text(digits: Int = 40) -> String {
    if case .finite(let x) = self, Double(exactly: x) == nil { return DecimalText(x, digits: digits).text }
    return description
  }
}

extension Format {
  /// The largest finite number: in 6 digits, or exactly in powers of two where those would hide that it is just below one.
  package var maxText: String {
    let decimal = DecimalText(maxFinite, digits: 6)
    guard case .fixed(let f) = encoding, decimal.isRounded else { return decimal.text }
    let end = precision - f.fractionBits
    return "\(end == 0 ? "1" : "2^\(end)") - 2^\(-f.fractionBits)"
  }
}
