// SPDX-License-Identifier: Apache-2.0
// fmtlab theory: what theory predicts about training in low precision, and whether it is so.

import ArgumentParser
import FmtLab

struct TheoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "theory", abstract: "List what theory predicts about training in low precision; test it.",
    usage: "fmtlab theory [--json] [--csv]\nfmtlab theory check [<id> ...] [<options>]",
    discussion: """
      Each prediction is a formula that a measurement can refute, with the rule by which it
      does. α is the step, λ the curvature, σ the standard deviation of the gradient's noise,
      δ the spacing of the weights' grid, e = w - w* the distance to the minimum; all of them
      are derived in \(Prediction.proof).

        fmtlab theory
        fmtlab theory check
        fmtlab theory check sgd.noise-floor --seed 7 --json
      """,
    subcommands: [TheoryCheckCommand.self, TheoryListCommand.self], defaultSubcommand: TheoryListCommand.self)
}

/// The catalogue, which plain `fmtlab theory` prints.
struct TheoryListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the predictions.", usage: "fmtlab theory [--json] [--csv]", shouldDisplay: false)

  @OptionGroup var output: OutputOptions

  private struct Row: Encodable {
    let id, statement, measures, rule, source, proof: String

    init(_ prediction: Prediction) {
      (id, statement, measures) = (prediction.id, prediction.statement, prediction.measures)
      (rule, source, proof) = (prediction.rule, prediction.source, Prediction.proof)
    }
  }

  private struct Document: Encodable {
    let schema = "fmtlab.theory/1"
    let predictions: [Row]
  }

  func run() throws {
    let rows = Prediction.catalogue.map(Row.init)
    if output.json { return try Output.json(Document(predictions: rows)) }
    if output.csv {
      Output.csv(["id", "statement", "measures", "rule", "source", "proof"])
      for row in rows { Output.csv([row.id, row.statement, row.measures, row.rule, row.source, row.proof]) }
      return
    }
    for (i, row) in rows.enumerated() {
      if i > 0 { Output.print("") }
      Output.print(row.id)
      Output.print(wrap(row.statement, 98).map { "  " + $0 })
      Output.facts([("measured", row.measures), ("agrees", row.rule), ("source", row.source), ("proof", row.proof)])
    }
  }
}

struct TheoryCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Test predictions by experiment.",
    usage: "fmtlab theory check [<id> ...] [--seed <seed>] [--threads <threads>] [--json] [--csv]",
    discussion: """
      Exit status 1 if a prediction disagrees with its measurement. +- is the standard error
      of the measurement; accepted says which measured / predicted agree (+-5 %, 0.97..1.08),
      or which |measured - predicted| (+-0.1), or that at most what is predicted may be measured.

        fmtlab theory check
        fmtlab theory check sgd.dead-zone sgd.hysteresis --csv
      """)

  @Argument(help: ArgumentHelp("Predictions, as `fmtlab theory` lists them. (default: all)", valueName: "id"), transform: prediction)
  var predictions: [Prediction] = []
  @OptionGroup var random: SeedOption
  @Option(help: ArgumentHelp("Threads; the results are the same. (default: all cores)", valueName: "threads"), transform: Parse.threads)
  var threads: Parallelism = .allCores
  @OptionGroup var output: OutputOptions

  private static func prediction(_ id: String) throws -> Prediction {
    if let prediction = Prediction.catalogue.first(where: { $0.id == id.lowercased() }) { return prediction }
    let nearest = Prediction.names(near: id)
    let all = "use one of \(Prediction.catalogue.map(\.id).joined(separator: " "))."
    let hint = nearest.isEmpty ? all : "did you mean \(nearest.joined(separator: " or "))?"
    throw ValidationError("unknown prediction '\(id)'; \(hint)")
  }

  func run() throws {
    let chosen = predictions.isEmpty ? Prediction.catalogue : predictions
    let line = ProgressLine("theory", output)
    let reports = chosen.enumerated().map { i, prediction in
      let progress = line.progress.part(from: Double(i) / Double(chosen.count), share: 1 / Double(chosen.count))
      return TheoryReport(prediction.id, prediction.testBed(random.seed, threads, progress))
    }
    line.end()
    if output.json {
      try Output.json(Document(seed: random.seed, predictions: reports))
    } else if output.csv {
      Output.csv(TheoryReport.columns)
      for report in reports { report.rows.forEach(Output.csv) }
    } else {
      Output.print("predictions against measurements, seed \(random.seed)")
      for report in reports { Output.print([""] + report.lines) }
      Output.print("")
      Output.print(reports.map(\.summary))
      Output.print("\(reports.count(where: \.agrees)) of \(reports.count) agree")
    }
    let wrong = reports.filter { !$0.agrees }.map(\.id)
    if !wrong.isEmpty { throw Failure.no("\(wrong.joined(separator: ", ")): the measurement disagrees with the prediction.") }
  }

  private struct Document: Encodable {
    let schema = "fmtlab.theory/1"
    let seed: UInt64
    let predictions: [TheoryReport]
  }
}
