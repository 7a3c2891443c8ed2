// SPDX-License-Identifier: Apache-2.0
// Reading and printing the names of formats.

extension Format {
  /// The format's name, which ``init(_:)`` reads back.
  public var name: String {
    let suffix = encoding.lacksSubnormals ? ":nosub" : ""
    switch encoding {
    case .fixed(let f): return "\(f.isSigned ? "" : "u")q\(f.integerBits).\(f.fractionBits)"
    case .floating(let f):
      if let short = Format.shortNames.first(where: { $0.value == f.structuralName })?.key { return short + suffix }
      return f.structuralName + suffix
    }
  }

  /// Names that say more to users than exponent and fraction bits do.
  static let shortNames = [
    "fp16": "e5m10", "bf16": "e8m7", "tf32": "e8m10", "fp32": "e8m23", "fp64": "e11m52", "fp128": "e15m112",
  ]

  /// The format of a name or of another tool's alias for it; case does not matter.
  public init(_ name: String) throws(FormatError) {
    let text = name.lowercased()
    if let format = try Format(parsing: text, asWritten: name) {
      self = format
    } else if let format = Format.aliases[text] {
      self = format
    } else {
      throw .unknownFormat(name, nearest: Format.namesNearest(to: text))
    }
  }

  /// A format by its own name, for the catalogue, which the aliases come from.
  init?(canonical name: String) {
    guard let format = try? Format(parsing: name, asWritten: name) else { return nil }
    self = format
  }

  /// Reads a canonical name; `nil` if the text does not have the shape of one.
  private init?(parsing text: String, asWritten name: String) throws(FormatError) {
    var scanner = NameScanner(text)
    let format: Format?
    if scanner.take("uq") {
      format = try Format.fixed(&scanner, isSigned: false, name: name)
    } else if scanner.take("q") {
      format = try Format.fixed(&scanner, isSigned: true, name: name)
    } else {
      format = try Format.floating(&scanner, name: name)
    }
    guard let format, scanner.isAtEnd else { return nil }
    self = format
  }

  private static func fixed(_ scanner: inout NameScanner, isSigned: Bool, name: String) throws(FormatError) -> Format? {
    guard let m = scanner.number(), scanner.take("."), let n = scanner.number() else { return nil }
    guard isSigned ? m >= 1 : m >= 0 else {
      throw .fieldOutOfRange(name, field: "integer bits", given: "\(m)", allowed: "1 or more, the sign included")
    }
    // A sign alone would leave only −1 and 0: a format without a positive number has no largest binade.
    let widths = isSigned ? 2...64 : 1...64
    guard widths.contains(m + n) else {
      throw .fieldOutOfRange(name, field: "width", given: "\(m + n)", allowed: "\(widths.lowerBound) to 64 bits")
    }
    return Format(encoding: .fixed(Fixed(integerBits: m, fractionBits: n, isSigned: isSigned)))
  }

  private static func floating(_ scanner: inout NameScanner, name: String) throws(FormatError) -> Format? {
    let start = scanner
    var (exponentBits, fractionBits) = (0, 0)
    if scanner.take("e"), let x = scanner.number(), scanner.take("m"), let y = scanner.number() {
      (exponentBits, fractionBits) = (x, y)
    } else {
      // A short name, before a suffix such as ":nosub".
      scanner = start
      guard let structural = shortNames.first(where: { scanner.take($0.key) })?.value else { return nil }
      var inner = NameScanner(structural)
      _ = inner.take("e")
      exponentBits = inner.number() ?? 0
      _ = inner.take("m")
      fractionBits = inner.number() ?? 0
    }
    var writtenBias: Int?
    if scanner.take("b") {
      guard let number = scanner.number() else { return nil }
      writtenBias = number
    }
    let specials: Specials, isSigned: Bool
    switch true {
    case scanner.take("fnuz"): (specials, isSigned) = (.negativeZeroNaN, true)
    case scanner.take("fnu"): (specials, isSigned) = (.allOnesNaN, false)
    case scanner.take("fn"): (specials, isSigned) = (.allOnesNaN, true)
    default: (specials, isSigned) = (.ieee, !scanner.take("u"))
    }
    let hasSubnormals = !scanner.take(":nosub")
    guard scanner.isAtEnd else { return nil }
    guard (1...15).contains(exponentBits) else {
      throw .fieldOutOfRange(name, field: "exponent bits", given: "\(exponentBits)", allowed: "1 to 15")
    }
    guard (0...112).contains(fractionBits) else {
      throw .fieldOutOfRange(name, field: "fraction bits", given: "\(fractionBits)", allowed: "0 to 112")
    }
    let bias = writtenBias ?? defaultBias(exponentBits, specials)
    guard (0...32767).contains(bias) else {
      throw .fieldOutOfRange(name, field: "exponent bias", given: "\(bias)", allowed: "0 to 32767")
    }
    let isScale = fractionBits == 0 && specials == .allOnesNaN && !isSigned
    let width = exponentBits + fractionBits + (isSigned ? 1 : 0)
    let format = Format(encoding: .floating(Floating(
      exponentBits: exponentBits, fractionBits: fractionBits, bias: bias, isSigned: isSigned,
      hasSubnormals: hasSubnormals && !isScale, hasZero: !isScale,
      specials: specials == .allOnesNaN && width <= 6 && !isScale ? .none : specials)))
    guard format.minNormal != nil || hasSubnormals else {
      throw .fieldOutOfRange(name, field: "normal numbers", given: "none to keep without subnormals", allowed: "2 or more exponent bits")
    }
    return format
  }

  private static func defaultBias(_ exponentBits: Int, _ specials: Specials) -> Int {
    let ieee = (1 << (exponentBits - 1)) - 1
    return specials == .negativeZeroNaN ? ieee + 1 : ieee
  }
}

extension Format: CustomStringConvertible {
  public var description: String { name }
}

extension Format.Encoding {
  fileprivate var lacksSubnormals: Bool {
    guard case .floating(let f) = self else { return false }
    return !f.hasSubnormals && f.hasZero
  }
}

extension Format.Floating {
  fileprivate var structuralName: String {
    let ieeeBias = (1 << (exponentBits - 1)) - 1
    let isDefault = bias == (specials == .negativeZeroNaN ? ieeeBias + 1 : ieeeBias)
    let ending =
      switch specials {
      case .ieee: isSigned ? "" : "u"
      case .allOnesNaN, .none: isSigned ? "fn" : "fnu"
      case .negativeZeroNaN: "fnuz"
      }
    return "e\(exponentBits)m\(fractionBits)\(isDefault ? "" : "b\(bias)")\(ending)"
  }
}

/// Reads a name from the left.
private struct NameScanner {
  private var rest: Substring

  init(_ text: String) { rest = text[...] }

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
}

// MARK: - Suggestions

extension Format {
  /// Up to three known names close to a misspelt one.
  static func namesNearest(to text: String) -> [String] {
    // At least one character must be right.
    let limit = min(max(2, text.count / 3), text.count - 1)
    let known = catalogue.flatMap { [$0.format.name] + $0.aliases }
    return known.map { (distance(text, $0.lowercased()), $0) }
      .filter { $0.0 <= limit }
      .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
      .prefix(3).map(\.1)
  }

  /// Levenshtein distance. Complexity: O(mn).
  private static func distance(_ a: String, _ b: String) -> Int {
    let (a, b) = (Array(a.utf8.prefix(64)), Array(b.utf8))
    var row = Array(0...b.count)
    for (i, x) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, y) in b.enumerated() {
        (diagonal, row[j + 1]) = (row[j + 1], min(diagonal + (x == y ? 0 : 1), row[j] + 1, row[j + 1] + 1))
      }
    }
    return row[b.count]
  }
}
