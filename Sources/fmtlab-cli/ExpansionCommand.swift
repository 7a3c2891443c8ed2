// SPDX-License-Identifier: Apache-2.0
// fmtlab expansion: error-free transforms and expansions in narrow formats.

import ArgumentParser
import FmtLab

struct ExpansionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "expansion", abstract: "Check error-free transforms and double words over all operands; compute with expansions.",
    usage: "fmtlab expansion check|truth|eval ...",
    discussion: """
      An error-free transform turns two numbers into a rounded result and its error, both of
      the format. With it a number can be held as a sum of several narrow ones, an expansion,
      and a unit of 8 bits can compute with numbers of 9, 14 or more.

        fmtlab expansion check twosum --format e4m3fn --rounding rz
        fmtlab expansion truth --plot truth.svg
        fmtlab expansion eval mul 3.14159 2.71828 --format e4m3fn --terms 2
      """,
    subcommands: [ExpansionCheckCommand.self, ExpansionTruthCommand.self, ExpansionEvalCommand.self])
}

/// The format and mode that expansions are computed in.
struct ExpansionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Format of every number.", valueName: "format"), transform: Parse.format) var format: Format
  @Option(
    help: ArgumentHelp("rne, rna, rnz, rz, ru, rd, ro or sr. (default: rne)", valueName: "mode"), transform: { try Rounding($0) })
  var rounding: Rounding = .nearestEven

  func rounder() throws -> Rounder { try Rounder(to: format, rounding) }
}

struct ExpansionCheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check", abstract: "Run an algorithm over all operands of a format and count what fails.",
    usage: "fmtlab expansion check <algorithm> --format <format> [--rounding <mode>] [<options>]",
    discussion: """
      Transforms, over all pairs (split: numbers) whose result does not overflow:
      \(ErrorFreeTransform.names.map { "  " + $0.padding(to: 18) + ErrorFreeTransform($0, precision: 4)!.summary.replacing("s = 2", with: "s") }.joined(separator: "\n"))

      Double words, over all (h, l) with h = o(h + l):
      \(DoubleWordOperation.allCases.map { "  " + $0.rawValue.padding(to: 18) + $0.summary }.joined(separator: "\n"))

      exact          value + error is the result
      inexact        it is not: the true error is not a number of the format (of which some
                     have bits below the smallest number), or it is one and was missed
      overflow       a step overflows though the result does not
      guaranteed     cases in which every hypothesis of the theorem holds; exit status 1 if
                     one of them fails
      In mode sr both ways of every inexact step are taken, and the worst outcome counts.

        fmtlab expansion check twosum --format e4m3fn
        fmtlab expansion check fast2sum --format e5m2 --rounding ru --json
        fmtlab expansion check dwplusfp --format e8m2 --binades 6
      """)

  @Argument(help: ArgumentHelp("One of the algorithms above.", valueName: "algorithm")) var algorithm: String
  @OptionGroup var options: ExpansionOptions
  @Option(
    help: ArgumentHelp("Where split and dekker cut, 1 to p - 1. (default: p/2, rounded up)", valueName: "s"),
    transform: { try Parse.integer($0, in: 1...63) })
  var split: Int?
  @Flag(name: .customLong("any-order"), help: "fast2sum: pairs with |a| < |b| too.") var anyOrder = false
  @Option(
    help: ArgumentHelp(
      "Double words: x in [1, 2), y and low words within so many binades, instead of all. For formats of a wide range.", valueName: "count"),
    transform: { try Parse.integer($0, in: 1...20) })
  var binades: Int?
  @Option(help: ArgumentHelp("Threads. (default: all cores)", valueName: "threads"), transform: Parse.threads) var threads: Parallelism = .allCores
  @OptionGroup var output: OutputOptions

  func run() throws {
    let rounder = try options.rounder()
    output.noteMeaning(of: rounder.format)
    let report: ExpansionCheckReport
    let line = ProgressLine("check", output)
    if let transform = ErrorFreeTransform(algorithm, precision: rounder.format.precision, splitPoint: split) {
      guard binades == nil else { throw Failure.usage("--binades: \(transform.name) takes all numbers; leave it out.") }
      guard split == nil || transform.splitter != nil else { throw Failure.usage("--split is for split and dekker; leave it out.") }
      guard !anyOrder || transform == .fast2Sum else { throw Failure.usage("--any-order is for fast2sum; leave it out.") }
      Output.showNotes()
      report = .init(try TransformCheck(transform, rounder, anyOrder: anyOrder, threads, progress: line.progress))
    } else if let operation = DoubleWordOperation(rawValue: algorithm.lowercased()) {
      guard split == nil && !anyOrder else { throw Failure.usage("--split and --any-order are for transforms; leave them out.") }
      Output.showNotes()
      report = .init(try DoubleWordCheck(operation, rounder, binades: binades, threads, progress: line.progress), binades)
    } else {
      let names = ErrorFreeTransform.names + DoubleWordOperation.allCases.map(\.rawValue)
      throw Failure.usage("unknown algorithm '\(algorithm)'; use one of \(names.joined(separator: " ")).")
    }
    line.end()
    if output.json {
      try Output.json(report)
    } else if output.csv {
      Output.csv(ExpansionCheckReport.columns)
      Output.csv(report.fields)
    } else {
      report.print()
    }
    if report.violations > 0 { throw Failure.no("\(report.violations) guaranteed cases failed: a theorem, or fmtlab, is wrong.") }
  }
}
