// SPDX-License-Identifier: Apache-2.0
// fmtlab bounds: the catalogue of error bounds.

import ArgumentParser
import FmtLab

struct BoundsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bounds", abstract: "List the error bounds with hypotheses, sources and proofs.",
    usage: "fmtlab bounds [--for dot|sum|doubleword] [--proofs] [--json] [--csv]",
    discussion: """
      In the statements s is the exact sum and ŝ the computed one; A is the sum of |x y| (of a
      dot product) or |x| (of a sum), u the unit roundoff of the rounding mode, η the smallest
      subnormal number, k the number of roundings that a term passes through, n the number
      of terms. Of double words, z is the result, r the exact one, and the largest errors at
      p = 2, 3, 4 are those of exhaustion. Asymptotic statements leave something out: they are listed, never evaluated.
      Theorems are those of proofs/coq that Coq has checked (`make -C proofs`); `unproved` is what
      is proved by hand only, or cited.

        fmtlab bounds --for sum
        fmtlab bounds --proofs
      """)

  enum Subject: String, CaseIterable { case dot, sum, doubleword }

  @Option(name: .customLong("for"), help: ArgumentHelp("Only bounds for dot (products), sum, or doubleword.", valueName: "subject"), transform: subject)
  var subject: Subject?
  @Flag(help: "Only which bounds rest on theorems that Coq has checked.")
  var proofs = false
  @OptionGroup var output: OutputOptions

  private static func subject(_ text: String) throws -> Subject {
    guard let subject = Subject(rawValue: text) else { throw ValidationError("use dot, sum or doubleword.") }
    return subject
  }

  private struct Row: Encodable {
    let id, statement, kind: String
    let hypotheses: [String]
    let source, proof: String
    var theorems: [String] = []
    /// Of a double-word operation: the largest errors in u² at p = 2, 3, 4.
    @Nullable var largestInSquares: [Double]?
  }

  private struct Document: Encodable {
    let schema = "fmtlab.bounds/1"
    let bounds: [Row]
  }

  private var sums: [Row] {
    // A sum of given terms has no products to round.
    let chosen = Bound.catalogue.filter { subject != .sum || !$0.hypotheses.contains(.productsInTheSameFormat) }
    return chosen.map {
      Row(
        id: $0.id, statement: $0.statement, kind: $0.kind.rawValue, hypotheses: $0.hypotheses.map(\.statement), source: $0.source,
        proof: $0.proof, theorems: $0.theorems)
    } + QuotedBound.catalogue.map {
      Row(
        id: $0.id, statement: $0.statement, kind: Bound.Kind.asymptotic.rawValue, hypotheses: ["never evaluated: \($0.missing)"],
        source: $0.source, proof: "none")
    }
  }

  private var operations: [Row] {
    OperationBound.catalogue.map {
      Row(
        id: $0.id, statement: $0.statement, kind: Bound.Kind.deterministic.rawValue, hypotheses: $0.hypotheses, source: $0.source, proof: $0.proof,
        theorems: $0.theorems, largestInSquares: $0.largest)
    }
  }

  func run() throws {
    let rows = (subject == .doubleword ? [] : sums) + (subject == nil || subject == .doubleword ? operations : [])
    if output.json { return try Output.json(Document(bounds: rows)) }
    if proofs { return printProofs(rows) }
    if output.csv {
      Output.csv(["id", "statement", "kind", "hypotheses", "source", "proof"])
      for row in rows { Output.csv([row.id, row.statement, row.kind, row.hypotheses.joined(separator: "; "), row.source, row.proof]) }
      return
    }
    for (i, row) in rows.enumerated() {
      if i > 0 { Output.print("") }
      Output.print("\(row.id)  (\(row.kind))")
      Output.print(wrap(row.statement, 98).map { "  " + $0 })
      let largest = row.largestInSquares.map { [("largest", BoundsCommand.text(largest: $0))] } ?? []
      Output.facts([("if", row.hypotheses.joined(separator: "; "))] + largest + [("source", row.source), ("proof", row.proof)]
        + [("theorems", row.theorems.isEmpty ? "unproved" : row.theorems.joined(separator: ", "))])
    }
  }

  private func printProofs(_ rows: [Row]) {
    func status(_ row: Row) -> String { row.theorems.isEmpty ? "unproved" : "proved" }
    if output.csv {
      Output.csv(["id", "kind", "status", "theorems"])
      for row in rows { Output.csv([row.id, row.kind, status(row), row.theorems.joined(separator: "; ")]) }
      return
    }
    var table = Table(["bound", "kind", "status", "theorems"], leftAligned: [0, 1, 2, 3])
    for row in rows {
      for (i, theorem) in (row.theorems.isEmpty ? [""] : row.theorems).enumerated() {
        table.add(i == 0 ? [row.id, row.kind, status(row), theorem] : ["", "", "", theorem])
      }
    }
    table.lines().forEach { Output.print($0) }
    let certain = rows.filter { $0.kind == Bound.Kind.deterministic.rawValue }
    Output.print("\n\(certain.count { !$0.theorems.isEmpty }) of \(certain.count) deterministic bounds rest on theorems that Coq has checked")
  }

  /// The largest errors of an operation at p = 2, 3, 4, and where they were looked for.
  private static func text(largest: [Double]) -> String {
    let found = zip(2..., largest).map { "\($1.shortDescription) u² at p = \($0)" }.joined(separator: ", ")
    return "\(found) (within \((2...4).map { "\(OperationBound.windows[$0]!)" }.joined(separator: ", ")) binades)"
  }
}
