// SPDX-License-Identifier: Apache-2.0
// fmtlab formats, info, values: what formats there are and what is in them.

import ArgumentParser
import FmtLab

struct FormatsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "formats", abstract: "List the named formats and other tools' names for them.",
    discussion: "Besides these, any eXmY (X 1 to 15, Y 0 to 112) with suffixes bN, fn, fnuz, u, :nosub, and any qM.N or uqM.N to 64 bits.")

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
      let aliases = entry.aliases.joined(separator: " ")
      table.add([
        entry.format.name, "\(entry.format.width)", "\(entry.format.precision)", Value.finite(entry.format.maxFinite).double.significant(4),
        entry.family, aliases.count > 44 ? aliases.prefix(41) + "..." : aliases,
      ])
    }
    table.lines(indent: 0).forEach(Output.print)
  }
}

struct InfoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "info", abstract: "Print a format's card.")

  @Argument(help: "The format.", transform: { try Format($0) }) var format: Format
  @OptionGroup var output: OutputOptions

  func run() throws {
    output.noteMeaning(of: format)
    let card = Card(format)
    if output.json { return try Output.json(card) }
    let lines = card.lines
    if output.csv {
      Output.csv(lines.map(\.0))
      Output.csv(lines.map(\.1))
      return
    }
    Output.print(format.name)
    var table = Table(["", ""], leftAligned: [0, 1])
    for (label, text) in lines.dropFirst() { table.add([label, text]) }
    table.lines().dropFirst().forEach(Output.print)
  }
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
  let minPositive: Double
  let minPositiveHex: String
  @Nullable var unitRoundoff: Double?
  @Nullable var unitRoundoffHex: String?
  let finiteCount: Double
  let distinctFiniteValues: Double
  let hasInfinity: Bool
  let nanCodes: Double
  let hasNegativeZero: Bool
  let isSigned: Bool
  let aliases: [String]

  init(_ format: Format) {
    let entry = Format.catalogue.first { $0.format == format }
    func number(_ x: Dyadic?) -> Double? { x.map { Value.finite($0).double } }
    name = format.name
    family = entry?.family ?? (format.isFloating ? "floating point" : "fixed point")
    bits = format.width
    precision = format.precision
    switch format.encoding {
    case .floating(let f): (exponentBits, fractionBits, bias) = (f.exponentBits, f.fractionBits, f.bias)
    case .fixed(let f): (exponentBits, fractionBits, bias) = (nil, f.fractionBits, nil)
    }
    (emin, emax) = (format.emin, format.emax)
    (maxFinite, maxFiniteHex) = (number(format.maxFinite)!, format.maxFinite.hexDescription)
    (minFinite, minFiniteHex) = (number(format.minFinite)!, format.minFinite.hexDescription)
    (minNormal, minNormalHex) = (number(format.minNormal), format.minNormal?.hexDescription)
    (minSubnormal, minSubnormalHex) = (number(format.minSubnormal), format.minSubnormal?.hexDescription)
    (minPositive, minPositiveHex) = (number(format.minPositive)!, format.minPositive.hexDescription)
    (unitRoundoff, unitRoundoffHex) = (number(format.unitRoundoff), format.unitRoundoff?.hexDescription)
    finiteCount = Double(format.finiteCodeCount)
    distinctFiniteValues = Double(format.finiteValueCount)
    hasInfinity = format.hasInfinity
    nanCodes = Double(format.nanCodeCount)
    hasNegativeZero = format.hasNegativeZero
    isSigned = format.isSigned
    aliases = entry?.aliases ?? []
  }

  /// The card as labelled text.
  var lines: [(String, String)] {
    func text(_ x: Double?, _ hex: String?) -> String { x.map { "\($0.shortDescription)  (\(hex ?? ""))" } ?? "-" }
    func text(_ x: Int?) -> String { x.map { "\($0)" } ?? "-" }
    return [
      ("name", name), ("family", family), ("bits", "\(bits)"), ("precision", "\(precision)"), ("exponentBits", text(exponentBits)),
      ("fractionBits", "\(fractionBits)"), ("bias", text(bias)), ("emin", text(emin)), ("emax", text(emax)),
      ("maxFinite", text(maxFinite, maxFiniteHex)), ("minFinite", text(minFinite, minFiniteHex)),
      ("minNormal", text(minNormal, minNormalHex)), ("minSubnormal", text(minSubnormal, minSubnormalHex)),
      ("minPositive", text(minPositive, minPositiveHex)), ("unitRoundoff", text(unitRoundoff, unitRoundoffHex)),
      ("finiteCount", finiteCount.shortDescription), ("distinctFiniteValues", distinctFiniteValues.shortDescription),
      ("hasInfinity", "\(hasInfinity)"), ("nanCodes", nanCodes.shortDescription), ("hasNegativeZero", "\(hasNegativeZero)"),
      ("isSigned", "\(isSigned)"), ("aliases", aliases.joined(separator: " ")),
    ]
  }
}

struct ValuesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "values", abstract: "List every code of a format with its value.")

  @Argument(help: "The format, of at most 24 bits.", transform: { try Format($0) }) var format: Format
  @OptionGroup var output: OutputOptions

  private struct Row: Encodable {
    let code: String
    let `class`: String
    let value: Double
    let hex: String
  }

  private struct Document: Encodable {
    let schema = "fmtlab.values/1"
    let name: String
    let values: [Row]
  }

  func run() throws {
    guard format.width <= 24 else {
      throw Failure.usage("\(format) has 2^\(format.width) codes; values lists formats of at most 24 bits.")
    }
    output.noteMeaning(of: format)
    if output.json {
      let rows = format.codes.map { code in
        let value = format.decode(Format.Code(code))
        return Row(code: Output.hex(Format.Code(code)), class: format.classify(value).rawValue, value: value.double, hex: value.hexDescription)
      }
      return try Output.json(Document(name: format.name, values: rows))
    }
    let digits = (format.width + 3) / 4 + 2
    func row(_ code: UInt64) -> [String] {
      let value = format.decode(Format.Code(code))
      return [Output.hex(Format.Code(code)), format.classify(value).rawValue, value.decimal(), value.hexDescription]
    }
    if output.csv {
      Output.print("code,class,value,hex")
      for code in format.codes { Output.print(row(code).joined(separator: ",")) }
      return
    }
    func pad(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
    Output.print(pad("code", digits) + "  class      " + pad("value", 25) + " hex")
    for code in format.codes {
      let fields = row(code)
      Output.print(pad(fields[0], digits) + "  " + pad(fields[1], 10) + " " + pad(fields[2], 25) + " " + fields[3])
    }
  }
}
