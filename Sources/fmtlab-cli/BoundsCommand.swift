// SPDX-License-Identifier: Apache-2.0
// fmtlab bounds: the catalogue of error bounds.

import ArgumentParser
import FmtLab

struct BoundsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bounds", abstract: "List the error bounds with hypotheses, sources and proofs.",
    discussion: "In the statements A is the sum of |x y|, u the unit roundoff of the mode, k the number of roundings in sequence.")

  enum Subject: String, CaseIterable, ExpressibleByArgument { case dot, sum }

  @Option(name: .customLong("for"), help: "Only bounds for dot products or for sums.") var subject: Subject?
  @OptionGroup var output: OutputOptions

  private struct Row: Encodable {
    let id, statement, kind: String
    let hypotheses: [String]
    let source, proof: String
  }

  private struct Document: Encodable {
    let schema = "fmtlab.bounds/1"
    let bounds: [Row]
  }

  func run() throws {
    // A sum of given terms has no products to round.
    let chosen = Bound.catalogue.filter { subject != .sum || !$0.hypotheses.contains(.productsInTheSameFormat) }
    let rows = chosen.map {
      Row(
        id: $0.id, statement: $0.statement, kind: $0.kind.rawValue, hypotheses: $0.hypotheses.map(\.statement), source: $0.source,
        proof: $0.proof)
    }
    if output.json { return try Output.json(Document(bounds: rows)) }
    if output.csv {
      Output.csv(["id", "statement", "kind", "hypotheses", "source", "proof"])
      for row in rows { Output.csv([row.id, row.statement, row.kind, row.hypotheses.joined(separator: "; "), row.source, row.proof]) }
      return
    }
    for row in rows {
      Output.print("\(row.id)  (\(row.kind))")
      Output.print("  \(row.statement)")
      for (label, text) in [("if", row.hypotheses.joined(separator: "; ")), ("source", row.source), ("proof", row.proof)] {
        for (i, line) in wrap(text, 88).enumerated() { Output.print("  " + (i == 0 ? label : "") + String(repeating: " ", count: i == 0 ? 8 - label.count : 8) + line) }
      }
    }
  }
}

/// Lines of at most `width` characters, broken at spaces.
func wrap(_ text: String, _ width: Int) -> [String] {
  var lines: [String] = [""]
  for word in text.split(separator: " ") {
    if lines[lines.count - 1].isEmpty {
      lines[lines.count - 1] = String(word)
    } else if lines[lines.count - 1].count + 1 + word.count <= width {
      lines[lines.count - 1] += " " + word
    } else {
      lines.append(String(word))
    }
  }
  return lines
}
