// SPDX-License-Identifier: Apache-2.0
// fmtlab formats, info: what formats there are, and the card of one.

import ArgumentParser
import FmtLab

struct FormatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "formats", abstract: "List the named formats and other tools' names for them.",
    usage: "fmtlab formats [--json] [--csv]",
    discussion: """
      Besides these, all formats of the following forms exist; upper and lower case are one.

        eXmY        X exponent bits (1 to 15), Y fraction bits (0 to 112), as in IEEE 754:
                    bias 2^(X-1) - 1, infinities and NaN in the top exponent, subnormals
        eXmYbN      the same with exponent bias N
        eXmYfn      finite: no infinity, one NaN for each sign (none up to 6 bits)
        eXmYfnuz    finite, unsigned zero: one NaN, in the place of -0
        eXmYu       no sign; eXmYfnu likewise; eXm0fnu is a scale, powers of two only
        ...:nosub   no subnormals
        qM.N        two's-complement fixed point, M integer bits with the sign, N fraction
                    bits, 2 to 64 in all; uqM.N unsigned

        fmtlab formats --csv
      """)

  @OptionGroup var output: OutputOptions

  private struct Row: Encodable {
    let name: String
    let aliases: [String]
    let family: String
    let bits: Int
  }

  private struct Document: Encodable {
    let schema = "fmtlab.formats/1"
    let formats: [Row]
  }

  func run() throws {
    let rows = Format.catalogue.map { Row(name: $0.format.name, aliases: $0.aliases, family: $0.family, bits: $0.format.width) }
    if output.json { return try Output.json(Document(formats: rows)) }
    if output.csv {
      Output.csv(["name", "family", "bits", "aliases"])
      for row in rows { Output.csv([row.name, row.family, "\(row.bits)", row.aliases.joined(separator: " ")]) }
      return
    }
    var table = Table(["name", "bits", "p", "max", "family", "also called"], leftAligned: [0, 4, 5])
    for entry in Format.catalogue {
      let format = entry.format
      let cells = [format.name, "\(format.width)", "\(format.precision)", format.maxText, entry.family]
      for (i, line) in wrap(entry.aliases.joined(separator: " "), 43).enumerated() {
        table.add((i == 0 ? cells : cells.map { _ in "" }) + [line])
      }
    }
    Output.print(table.lines(indent: 0))
  }
}

struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Print a format's card.", usage: "fmtlab info <format> [--json] [--csv]",
    discussion: """
      Precision p counts the leading bit; emin and emax are the exponents of the smallest
      normal and the largest finite number, 2^emin and 2^emax up to 2^(emax + 1);
      unitRoundoff is 2^-p. finiteCount counts codes, distinctFiniteValues takes both zeros
      as one. In brackets, and in JSON and CSV in fields that end in Hex: the exact value.

        fmtlab info e4m3fn
      """)

  @Argument(help: ArgumentHelp("The format.", valueName: "format"), transform: { try Format($0) }) var format: Format
  @OptionGroup var output: OutputOptions

  func run() throws {
    output.noteMeaning(of: format)
    let card = Card(format)
    if output.json { return try Output.json(card) }
    let lines = card.lines
    if output.csv {
      Output.csv(lines.flatMap { $0.hex == nil ? [$0.label] : [$0.label, $0.label + "Hex"] })
      Output.csv(lines.flatMap { $0.hex == nil ? [$0.text] : [$0.text, $0.hex!] })
      return
    }
    Output.print(format.name)
    Output.facts(lines.dropFirst().map { line in
      (line.label, line.text.isEmpty ? "-" : line.hex.map { "\(line.text)  (\($0))" } ?? line.text)
    })
  }
}

extension Format {
  /// What a format without a family of the catalogue is.
  fileprivate var kind: String {
    switch encoding {
    case .floating(let f): if case .p3109 = f.specials { "P3109" } else { f.multiplier == nil ? "floating point" : "multiplier" }
    case .fixed: "fixed point"
    case .tapered: "tapered"
    }
  }

  /// The smallest positive value; `e1m0` has none.
  fileprivate var leastPositive: Dyadic? { maxFinite > .zero ? minPositive : nil }
}

/// The document `fmtlab.info/1`. Numbers are the nearest doubles, with their exact value as hexadecimal beside them.
private struct Card: Encodable {
  let schema = "fmtlab.info/1"
  let name: String
  let family: String
  let bits: Int
  let precision: Int
  @Nullable var exponentBits: Int?
  let fractionBits: Int
  @Nullable var bias: Int?
  @Nullable var emin: Int?
  @Nullable var emax: Int?
  let maxFinite, minFinite: Double
  let maxFiniteHex, minFiniteHex: String
  @Nullable var minNormal: Double?
  @Nullable var minNormalHex: String?
  @Nullable var minSubnormal: Double?
  @Nullable var minSubnormalHex: String?
  @Nullable var minPositive: Double?
  @Nullable var minPositiveHex: String?
  @Nullable var unitRoundoff: Double?
  @Nullable var unitRoundoffHex: String?
  let finiteCount: Double
  let distinctFiniteValues: Double
  let hasInfinity: Bool
  let nanCodes: Double
  let hasNegativeZero: Bool
  let isSigned: Bool
  let aliases: [String]
  private let format: Format

  private enum CodingKeys: String, CodingKey {
    case schema, name, family, bits, precision, exponentBits, fractionBits, bias, emin, emax, maxFinite, minFinite, maxFiniteHex,
      minFiniteHex, minNormal, minNormalHex, minSubnormal, minSubnormalHex, minPositive, minPositiveHex, unitRoundoff, unitRoundoffHex,
      finiteCount, distinctFiniteValues, hasInfinity, nanCodes, hasNegativeZero, isSigned, aliases
  }

  init(_ format: Format) {
    self.format = format
    let entry = Format.catalogue.first { $0.format == format }
    func number(_ x: Dyadic?) -> Double? { x.map { Value.finite($0).double } }
    name = format.name
    family = entry?.family ?? format.kind
    bits = format.width
    precision = format.precision
    switch format.encoding {
    case .floating(let f): (exponentBits, fractionBits, bias) = (f.exponentBits, f.fractionBits, f.bias)
    case .fixed(let f): (exponentBits, fractionBits, bias) = (nil, f.fractionBits, nil)
    case .tapered: (exponentBits, fractionBits, bias) = (nil, format.precision - 1, nil)
    }
    (emin, emax) = (format.emin, format.emax)
    (maxFinite, maxFiniteHex) = (number(format.maxFinite)!, format.maxFinite.hexDescription)
    (minFinite, minFiniteHex) = (number(format.minFinite)!, format.minFinite.hexDescription)
    (minNormal, minNormalHex) = (number(format.minNormal), format.minNormal?.hexDescription)
    (minSubnormal, minSubnormalHex) = (number(format.minSubnormal), format.minSubnormal?.hexDescription)
    (minPositive, minPositiveHex) = (number(format.leastPositive), format.leastPositive?.hexDescription)
    (unitRoundoff, unitRoundoffHex) = (number(format.unitRoundoff), format.unitRoundoff?.hexDescription)
    finiteCount = Double(format.finiteCodeCount)
    distinctFiniteValues = Double(format.finiteValueCount)
    hasInfinity = format.hasInfinity
    nanCodes = Double(format.nanCodeCount)
    hasNegativeZero = format.hasNegativeZero
    isSigned = format.isSigned
    aliases = entry?.aliases ?? []
  }

  /// The card as text: empty where the format has no such number; numbers with an exact hexadecimal form have it beside them.
  var lines: [(label: String, text: String, hex: String?)] {
    func number(_ label: String, _ x: Dyadic?) -> (String, String, String?) {
      (label, x.map { Value.finite($0).text(digits: 17) } ?? "", x?.hexDescription ?? "")
    }
    func fact(_ label: String, _ value: (some CustomStringConvertible)?) -> (String, String, String?) { (label, value.map { "\($0)" } ?? "", nil) }
    return [
      fact("name", name), fact("family", family), fact("bits", bits), fact("precision", precision), fact("exponentBits", exponentBits),
      fact("fractionBits", fractionBits), fact("bias", bias), fact("emin", emin), fact("emax", emax),
      number("maxFinite", format.maxFinite), number("minFinite", format.minFinite), number("minNormal", format.minNormal),
      number("minSubnormal", format.minSubnormal), number("minPositive", format.leastPositive), number("unitRoundoff", format.unitRoundoff),
      fact("finiteCount", format.finiteCodeCount), fact("distinctFiniteValues", format.finiteValueCount), fact("hasInfinity", hasInfinity),
      fact("nanCodes", format.nanCodeCount), fact("hasNegativeZero", hasNegativeZero), fact("isSigned", isSigned),
      fact("aliases", aliases.joined(separator: " ")),
    ]
  }
}
