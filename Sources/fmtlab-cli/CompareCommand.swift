// SPDX-License-Identifier: Apache-2.0
// fmtlab compare: other tools' conversions against fmtlab's, and which one made a file of results.

import ArgumentParser
import FmtLab

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare", abstract: "Show where other tools convert numbers differently.",
    usage: "fmtlab compare [--peer <tool> [--format <format>]] [--file <file>] [--json] [--csv]",
    discussion: """
      With --peer and --format: every input that can tell the two conversions apart (values,
      middles and their neighbourhoods, both ends of the range, zeros, infinities, NaN) goes
      through fmtlab's rounding to the format (rne) and the tool's conversion to its format of
      the nearest name; differences are grouped by kind, each with an example.
      With --peer alone: the conversions known of it. Without options: the tools.

        fmtlab compare --peer cpfloat --format e4m3
        fmtlab compare --file results.csv --format e4m3fn,e4m3

      With --file: rows x,result (header optional; - for standard input) as a tool made them;
      which of the known conversions, fmtlab's and all tools', reproduce every row. Without
      --format, of the formats of 16 bits or less that have all the results. Write x with all
      its digits or in hexadecimal; results may be the short decimals of binary64 or binary32.
      Exit status 1: none does.

      ml_dtypes, mptorch and qtorch round to binary32 first ("double rounding"). With inputs
      that binary32 has, this makes a difference only among the subnormals of qtorch.
      """)

  @Option(help: ArgumentHelp("ml_dtypes, gfloat, cpfloat, mptorch, qtorch, pychop, ocp, p3109.", valueName: "tool"), transform: peer)
  var peer: Semantics.Peer?
  @Option(help: ArgumentHelp("A format, by fmtlab's or the tool's name; with --file several, separated by commas.", valueName: "format"))
  var format: String?
  @Option(help: ArgumentHelp("Rows x,result to recognise.", valueName: "file")) var file: String?
  @OptionGroup var output: OutputOptions

  private static func peer(_ text: String) throws -> Semantics.Peer {
    guard let peer = Semantics.Peer(rawValue: text.lowercased()) else {
      throw ValidationError("use one of \(Semantics.Peer.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return peer
  }

  func run() throws {
    if let file { return try recognise(file) }
    guard let peer else {
      guard format == nil else { throw Failure.usage("--format needs --peer or --file.", help: "fmtlab compare --help") }
      return try printPeers()
    }
    guard let format else { return try printConversions(of: peer) }
    let known = peer.conversions(named: format)
    guard !known.isEmpty else { throw unknown(format, of: peer) }
    let comparisons = try known.map { semantics in
      // A name that is only the tool's own means the format with its values.
      let rounder = try Rounder(to: (try? Format(format)) ?? semantics.values)
      guard max(rounder.format.width, semantics.values.width) <= SemanticsComparison.largestWidth else {
        throw Failure.usage("\(rounder.format) has more than 16 bits; compare tries every code of formats of at most 16 bits.")
      }
      return try SemanticsComparison(rounder, semantics)
    }
    try ComparisonReport(comparisons).print(output)
  }

  private func unknown(_ name: String, of peer: Semantics.Peer) -> Failure {
    let names = peer.conversions.prefix(6).map(\.name).joined(separator: "; ")
    return Failure.usage(
      "no conversion of \(peer.rawValue) is known by '\(name)'; it has \(names), ...; `fmtlab compare --peer \(peer.rawValue)` lists all.")
  }

  // MARK: Lists

  private struct PeerRow: Encodable { let peer, title: String }
  private struct PeerDocument: Encodable {
    let schema = "fmtlab.compare/1"
    let peers: [PeerRow]
  }

  private func printPeers() throws {
    let rows = Semantics.Peer.allCases.map { PeerRow(peer: $0.rawValue, title: $0.title) }
    if output.json { return try Output.json(PeerDocument(peers: rows)) }
    if output.csv {
      Output.csv(["peer", "title"])
      for row in rows { Output.csv([row.peer, row.title]) }
      return
    }
    Output.facts(rows.map { ($0.peer, $0.title) }, indent: 0)
  }

  private struct ConversionDocument: Encodable {
    let schema = "fmtlab.compare/1"
    let peer: String
    let conversions: [ConversionRow]
  }

  private func printConversions(of peer: Semantics.Peer) throws {
    let rows = peer.conversions.map(ConversionRow.init)
    if output.json { return try Output.json(ConversionDocument(peer: peer.rawValue, conversions: rows)) }
    if output.csv {
      Output.csv(ConversionRow.columns)
      for row in rows { Output.csv(row.fields) }
      return
    }
    var table = Table(["name", "values of", "max", "ties", "overflow", "evidence"], leftAligned: [0, 1, 3, 4, 5])
    for (row, semantics) in zip(rows, peer.conversions) {
      for (i, line) in wrap(row.name, 32).enumerated() {
        let facts = [row.values, semantics.values.maxText, row.rounding, semantics.overflow.shortName, semantics.evidence.shortName]
        table.add([line] + (i == 0 ? facts : facts.map { _ in "" }))
      }
    }
    Output.print(table.lines(indent: 0))
  }

  // MARK: Recognition

  /// The parts of a list between its commas, those in brackets aside.
  private static func names(_ list: String) -> [String] {
    var (names, depth) = ([""], 0)
    for character in list {
      if "([{<".contains(character) { depth += 1 }
      if ")]}>".contains(character) { depth -= 1 }
      if character == ",", depth == 0 { names.append("") } else { names[names.count - 1].append(character) }
    }
    return names
  }

  private func recognise(_ file: String) throws {
    let rows = try VectorFile(file).rows
    let formats: [Format]
    let tools = peer.map { [$0] } ?? Semantics.Peer.allCases
    var peers: [Semantics]
    if let format {
      let names = CompareCommand.names(format)
      peers = tools.flatMap { tool in names.flatMap(tool.conversions(named:)) }
      // A name may be known to a tool alone.
      formats = try names.compactMap { name in
        do { return try Format(name) } catch { if peers.isEmpty { throw error } else { return nil } }
      }
    } else {
      // Tools with parameters are tried with the formats that have a name.
      peers = tools.flatMap { tool in tool.conversions + Format.catalogue.flatMap { Semantics.family(tool, $0.format) } }
      formats = SemanticsSearch.formats(of: rows)
      if formats.isEmpty { output.note("no format of fmtlab's catalogue of 16 bits or less has all the results as values") }
    }
    var seen: Set<Semantics> = []
    peers.removeAll { !seen.insert($0).inserted }
    let candidates = SemanticsSearch.candidates(for: peer == nil ? formats : [], peers: peers)
    let matches = try SemanticsSearch.matches(rows, candidates)
    let report = SearchReport(rows, matches)
    try report.print(output)
    if report.found.isEmpty {
      throw Failure.no("none of \(candidates.count) known conversions reproduces all \(rows.count) rows.")
    }
  }
}

struct ConversionRow: Encodable {
  let peer, name, values, rounding: String
  let through: [String]
  let overflow, infinity, nan, evidence: String
  let remark: String?

  init(_ s: Semantics) {
    (peer, name, values, rounding) = (s.peer.rawValue, s.name, s.values.name, "\(s.rounding)")
    through = s.through.map(\.name)
    (overflow, infinity, nan) = (s.overflow.description, s.infinity.description, s.nan.description)
    (evidence, remark) = (s.evidence.description, s.remark)
  }

  static let columns = ["peer", "name", "values", "rounding", "through", "overflow", "infinity", "nan", "evidence", "remark"]
  var fields: [String] {
    [peer, name, values, rounding, through.joined(separator: " "), overflow, infinity, nan, evidence, remark ?? ""]
  }
}

extension Semantics.Outcome {
  /// A word for narrow columns.
  fileprivate var shortName: String {
    switch self {
    case .maximum: "maximum"
    case .zeroThenInfinity: "0, infinity"
    case .unbounded: "unbounded"
    case .none: "error"
    case .infinity, .nan, .negativeZero, .zero, .wrapped: description
    }
  }
}

extension Semantics.Evidence {
  fileprivate var shortName: String {
    switch self {
    case .measured(let version): "measured, \(version)"
    case .documented: "documented"
    }
  }
}
