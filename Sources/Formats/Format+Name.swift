// SPDX-License-Identifier: Apache-2.0
// Reading and printing the names of formats.

extension Format {
  /// The format's name, which ``init(_:)`` reads back.
  public var name: String {
    switch encoding {
    case .fixed(let f): return "\(f.isSigned ? "" : "u")q\(f.integerBits).\(f.fractionBits)"
    case .tapered(let f):
      switch f.exponent {
      case .posit(let es): return "posit\(f.width)\(es == 2 ? "" : "es\(es)")"
      case .takum: return "takum\(f.width)"
      }
    case .floating(let f):
      let suffix = f.multiplier.map { ":\($0)" } ?? (f.zeroField == .zeros ? ":nosub" : "")
      let short = Format.shortNames.first { $0.value == f.structuralName }?.key
      return (short ?? f.structuralName) + suffix
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
    } else if let canonical = Format.canonicalName(ofForeign: text) {
      guard let format = try Format(parsing: canonical, asWritten: name) else { throw .unknownFormat(name, nearest: []) }
      self = format
    } else {
      throw .unknownFormat(name, nearest: nearestNames(to: text, among: Format.catalogue.flatMap { [$0.format.name] + $0.aliases }))
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
    } else if scanner.take("k") {
      format = try Format.p3109(&scanner, name: name)
    } else if scanner.take("posit") {
      format = try Format.tapered(&scanner, isPosit: true, name: name)
    } else if scanner.take("takum") {
      format = try Format.tapered(&scanner, isPosit: false, name: name)
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

  private static func p3109(_ scanner: inout NameScanner, name: String) throws(FormatError) -> Format? {
    guard let k = scanner.number(), scanner.take("p"), let p = scanner.number() else { return nil }
    let isSigned = scanner.take("s")
    guard isSigned || scanner.take("u") else { return nil }
    let isExtended = scanner.take("e")
    guard isExtended || scanner.take("f") else { return nil }
    guard (3...16).contains(k) else { throw .fieldOutOfRange(name, field: "width", given: "\(k)", allowed: "3 to 16 bits") }
    let largest = isSigned ? k - 1 : k
    guard (1...largest).contains(p) else { throw .fieldOutOfRange(name, field: "precision", given: "\(p)", allowed: "1 to \(largest)") }
    return Format(encoding: .floating(Floating(
      exponentBits: k - p + (isSigned ? 0 : 1), fractionBits: p - 1, bias: 1 << (k - p - (isSigned ? 1 : 0)), isSigned: isSigned,
      specials: .p3109(isExtended: isExtended))))
  }

  private static func tapered(_ scanner: inout NameScanner, isPosit: Bool, name: String) throws(FormatError) -> Format? {
    guard let width = scanner.number() else { return nil }
    var es = 2
    if isPosit && scanner.take("es") {
      guard let number = scanner.number() else { return nil }
      es = number
    }
    guard scanner.isAtEnd else { return nil }
    guard (3...64).contains(width) else { throw .fieldOutOfRange(name, field: "width", given: "\(width)", allowed: "3 to 64 bits") }
    guard (0...4).contains(es) else { throw .fieldOutOfRange(name, field: "exponent bits es", given: "\(es)", allowed: "0 to 4") }
    return Format(encoding: .tapered(Tapered(width: width, exponent: isPosit ? .posit(es: es) : .takum)))
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
    var specials: Specials, isSigned: Bool
    switch true {
    case scanner.take("fnuz"): (specials, isSigned) = (.negativeZeroNaN, true)
    case scanner.take("fnu"): (specials, isSigned) = (.allOnesNaN, false)
    case scanner.take("fn"): (specials, isSigned) = (.allOnesNaN, true)
    case scanner.take("f"): (specials, isSigned) = (.none, true)
    default: (specials, isSigned) = (.ieee, !scanner.take("u"))
    }
    var zeroField = scanner.take(":nosub") ? ZeroField.zeros : .subnormals
    var multiplier: Multiplier?
    if specials == .ieee, isSigned, zeroField == .subnormals, scanner.take(":cfg") {
      multiplier = scanner.number().flatMap { Multiplier(rawValue: $0) }
      guard let multiplier else {
        throw .fieldOutOfRange(name, field: "a multiplier", given: String(scanner.rest), allowed: "cfg1 to cfg6")
      }
      (specials, zeroField) = (multiplier.specials, multiplier.zeroField)
    }
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
    let width = exponentBits + fractionBits + (isSigned ? 1 : 0)
    if fractionBits == 0 && specials == .allOnesNaN && !isSigned {
      zeroField = .power
    } else if specials == .allOnesNaN && width <= 6 {
      specials = .none
    }
    guard multiplier == nil || exponentBits > 1 && fractionBits > 0 else {
      throw .fieldOutOfRange(name, field: "a multiplier of", given: "\(exponentBits) exponent and \(fractionBits) fraction bits",
        allowed: "2 exponent bits or more, 1 fraction bit or more")
    }
    let format = Format(encoding: .floating(Floating(
      exponentBits: exponentBits, fractionBits: fractionBits, bias: bias, isSigned: isSigned, zeroField: zeroField, specials: specials,
      multiplier: multiplier)))
    guard format.minNormal != nil || zeroField == .subnormals else {
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

extension Format.Floating {
  /// The name without the suffixes that begin with a colon.
  fileprivate var structuralName: String {
    if case .p3109(let isExtended) = specials {
      let precision = fractionBits + 1
      return "k\(exponentBits + fractionBits + (isSigned ? 1 : 0))p\(precision)\(isSigned ? "s" : "u")\(isExtended ? "e" : "f")"
    }
    let ieeeBias = (1 << (exponentBits - 1)) - 1
    let isDefault = bias == (specials == .negativeZeroNaN ? ieeeBias + 1 : ieeeBias)
    let ending =
      switch specials {
      case .ieee, .allOnesInfinity, .p3109: isSigned ? "" : "u"
      case .allOnesNaN: isSigned ? "fn" : "fnu"
      // Up to 6 bits `fn` says the same.
      case .none: isSigned ? (exponentBits + fractionBits < 6 ? "fn" : "f") : "fnu"
      case .negativeZeroNaN: "fnuz"
      }
    return "e\(exponentBits)m\(fractionBits)\(isDefault ? "" : "b\(bias)")\(ending)"
  }
}
