// SPDX-License-Identifier: Apache-2.0
// fmtlab info: the card of one format.

import ArgumentParser
import FmtLab

struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info", abstract: "Print a format's card.", usage: "fmtlab info <format> [--plot <file>] [--json] [--csv]",
    discussion: """
      Precision p counts the leading bit; emin and emax are the exponents of the smallest
      normal and the largest finite number, 2^emin and 2^emax up to 2^(emax + 1);
      unitRoundoff is 2^-p. finiteCount counts codes, distinctFiniteValues takes both zeros
      as one. In brackets, and in JSON and CSV in fields that end in Hex: the exact value.
      --plot draws the positive numbers of a plain format of at most 10 bits.

        fmtlab info e4m3fn --plot numbers.svg
      """)

  @Argument(help: ArgumentHelp("The format.", valueName: "format"), transform: { try NamedFormat($0) }) var format: NamedFormat
  @OptionGroup var picture: PlotOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    try picture.check(output)
    if picture.isAsked {
      guard case .plain(let format) = format, format.width <= Figure.widestNumberLine else {
        throw Failure.usage("--plot draws the numbers of plain formats of at most \(Figure.widestNumberLine) bits, such as e4m3fn.")
      }
      try picture.draw(.numberLine(format), output)
    }
    switch format {
    case .plain(let format):
      output.noteMeaning(of: format)
      let card = Card(format)
      try output.json ? Output.json(card) : print(card.lines)
    case .scaled(let format):
      let card = ScaledCard(format)
      try output.json ? Output.json(card) : print(card.lines)
    case .logarithmic(let format):
      let card = LogarithmicCard(format)
      try output.json ? Output.json(card) : print(card.lines)
    }
  }

  /// A card as CSV, or as text whose first line is the name.
  private func print(_ lines: [CardLine]) {
    if output.csv {
      Output.csv(lines.flatMap { $0.hex == nil ? [$0.label] : [$0.label, $0.label + "Hex"] })
      Output.csv(lines.flatMap { $0.hex == nil ? [$0.text] : [$0.text, $0.hex!] })
      return
    }
    Output.print(lines[0].text)
    Output.facts(lines.dropFirst().map { line in
      (line.label, line.text.isEmpty ? "-" : line.hex.map { "\(line.text)  (\($0))" } ?? line.text)
    })
  }
}

/// A line of a card: empty where the format has no such number; numbers with an exact hexadecimal form have it beside them.
typealias CardLine = (label: String, text: String, hex: String?)

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

  var lines: [CardLine] {
    func number(_ label: String, _ x: Dyadic?) -> (String, String, String?) {
      (label, x.map { Value.finite($0).text(digits: 17) } ?? "", x?.hexDescription ?? "")
    }
    func fact(_ label: String, _ value: (some CustomStringConvertible)?) -> (String, String, String?) {
      (label, value.map { "\($0)" } ?? "", nil)
    }
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
