// SPDX-License-Identifier: Apache-2.0
// Comparisons and recognised conversions as text, JSON and CSV.

import FmtLab

/// What both sides make of inputs, grouped by kind.
struct ComparisonReport: Encodable {
  private let schema = "fmtlab.compare/1"
  private let comparisons: [Entry]

  private struct Entry: Encodable {
    let format: String
    let conversion: ConversionRow
    let inputs: Int
    let differences: [Row]
  }

  private struct Row: Encodable {
    let kind: String
    let count: Int
    let input: Double
    let inputHex: String
    let fmtlab: Double
    let fmtlabHex: String
    let peer: Double?
    let peerHex: String?
    let explanation: String
    let texts: [String]

    private enum CodingKeys: String, CodingKey { case kind, count, input, inputHex, fmtlab, fmtlabHex, peer, peerHex, explanation }
  }

  init(_ comparisons: [SemanticsComparison]) {
    self.comparisons = comparisons.map { comparison in
      Entry(
        format: comparison.rounder.format.name, conversion: ConversionRow(comparison.semantics), inputs: comparison.count,
        differences: comparison.differences.map { d in
          Row(
            kind: d.kind.rawValue, count: d.count, input: d.input.double, inputHex: d.input.hexDescription, fmtlab: d.ours.double,
            fmtlabHex: d.ours.hexDescription, peer: d.theirs?.double, peerHex: d.theirs?.hexDescription,
            explanation: comparison.explanation(of: d),
            texts: [d.input.text(digits: 17), d.ours.text(digits: 17), d.theirs?.text(digits: 17) ?? "none"])
        })
    }
  }

  func print(_ output: OutputOptions) throws {
    if output.json { return try Output.json(self) }
    if output.csv {
      Output.csv(["format", "peer", "name", "kind", "count", "input", "fmtlabValue", "peerValue", "explanation"])
      for entry in comparisons {
        for row in entry.differences {
          Output.csv([entry.format, entry.conversion.peer, entry.conversion.name, row.kind, "\(row.count)"] + row.texts + [row.explanation])
        }
      }
      return
    }
    for (i, entry) in comparisons.enumerated() {
      if i > 0 { Output.print("") }
      printText(entry)
    }
  }

  private func printText(_ entry: Entry) {
    let peer = entry.conversion.peer
    Output.print("fmtlab \(entry.format) (rne) against \(peer) \(entry.conversion.name)")
    Output.print("  \(entry.conversion.evidence)")
    if let remark = entry.conversion.remark { Output.print(wrap(remark, 98).map { "  " + $0 }) }
    guard !entry.differences.isEmpty else {
      Output.print("  no difference in \(entry.inputs) inputs")
      return
    }
    var table = Table(["kind", "inputs", "example", "fmtlab", peer], leftAligned: [0])
    for row in entry.differences { table.add([row.kind, "\(row.count)"] + row.texts) }
    Output.print("  \(entry.differences.reduce(0) { $0 + $1.count }) of \(entry.inputs) inputs differ")
    Output.print("")
    Output.print(table.lines())
    Output.print("")
    Output.facts(entry.differences.map { ($0.kind, $0.explanation) })
  }
}

/// The conversions that reproduce all rows of a file, and those that come next.
struct SearchReport: Encodable {
  private let schema = "fmtlab.compare/1"
  private let rows: Int
  let found: [Row]
  private let nearest: [Row]

  struct Row: Encodable {
    let tool, conversion: String
    let count: Int
    /// The first row that differs, from 1.
    let row: Int?
    let input, result, value: String?
  }

  init(_ rows: [SemanticsSearch.Row], _ matches: [SemanticsSearch.Match]) {
    self.rows = rows.count
    let all = matches.map { match in
      let (tool, name) = match.candidate.names
      return Row(
        tool: tool, conversion: name, count: match.count, row: match.first.map { $0.row + 1 },
        input: match.first.map { SearchReport.text(rows[$0.row].input) },
        result: match.first.map { rows[$0.row].results[0].text(digits: 17) },
        value: match.first.map { $0.value?.text(digits: 17) ?? "none" })
    }
    found = all.filter { $0.row == nil }
    nearest = Array(all.filter { $0.row != nil }.prefix(5))
  }

  /// The nearest binary64 number.
  private static func text(_ x: Extended) -> String {
    (try? Rounder(to: .fp64).round(x).value.text()) ?? ""
  }

  func print(_ output: OutputOptions) throws {
    if output.json { return try Output.json(self) }
    if output.csv {
      Output.csv(["tool", "conversion", "rows", "of", "firstDifferingRow", "input", "result", "value"])
      for row in found + nearest {
        let differing = [row.row.map { "\($0)" }, row.input, row.result, row.value].map { $0 ?? "" }
        Output.csv([row.tool, row.conversion, "\(row.count)", "\(rows)"] + differing)
      }
      return
    }
    let shown = found.prefix(20)
    Output.print(found.isEmpty ? "no known conversion reproduces all \(rows) rows" : "all \(rows) rows are reproduced by")
    for row in shown { Output.print("  \(row.tool) \(row.conversion)") }
    if found.count > shown.count { Output.print("  and \(found.count - shown.count) more (--json lists them)") }
    guard !nearest.isEmpty else { return }
    Output.print("")
    var table = Table(["next best", "rows", "differs in row", "x", "result", "it gives"], leftAligned: [0])
    for row in nearest {
      for (i, line) in wrap("\(row.tool) \(row.conversion)", 42).enumerated() {
        table.add([line] + (i == 0 ? ["\(row.count)", "\(row.row!)", row.input!, row.result!, row.value!] : ["", "", "", "", ""]))
      }
    }
    Output.print(table.lines(indent: 0))
  }
}

extension SemanticsSearch.Candidate {
  /// The tool, and the conversion as one would ask it for.
  fileprivate var names: (tool: String, conversion: String) {
    switch self {
    case .peer(let semantics): return (semantics.peer.rawValue, semantics.name)
    case .fmtlab(let rounder):
      let flush = rounder.subnormals == .flush ? " --subnormals flush" : ""
      return ("fmtlab", "round --to \(rounder.format) --rounding \(rounder.rounding) --overflow \(rounder.overflow.rawValue)\(flush)")
    }
  }
}
