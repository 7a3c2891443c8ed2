// SPDX-License-Identifier: Apache-2.0
// fmtlab expansion truth: which error-free transforms survive in which formats and modes.

import ArgumentParser
import FmtLab

struct ExpansionTruthCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "truth", abstract: "Print which transforms are exact, by format and rounding mode, over all operands.",
    usage: "fmtlab expansion truth [--format <formats>] [--plot <file>] [--json] [--csv]",
    discussion: """
      Every transform over all pairs of numbers whose result does not overflow, in every mode,
      and the double-word algorithms with at most one double word, to nearest even. A cell is
      the share of cases that are not exact; + marks that in others a step overflows.

        fmtlab expansion truth --plot truth.svg
        fmtlab expansion truth --format e4m3fn,e5m2 --csv
      """)

  @Option(
    help: ArgumentHelp("Formats of at most 9 bits, separated by commas. (default: \(TruthMap.formats.joined(separator: ",")))", valueName: "formats"),
    transform: { text in try text.split(separator: ",").map { try Parse.format(String($0)) } })
  var format: [Format]?
  @Option(help: ArgumentHelp("Threads. (default: all cores)", valueName: "threads"), transform: Parse.threads) var threads: Parallelism = .allCores
  @OptionGroup var picture: PlotOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    try picture.check(output)
    let formats = try (format ?? TruthMap.formats.map { try Format($0) }).reduce(into: [Format]()) { if !$0.contains($1) { $0.append($1) } }
    guard !formats.isEmpty, formats.count <= 20, let widest = formats.max(by: { $0.width < $1.width }), widest.width <= 9 else {
      throw Failure.usage("--format: give 1 to 20 formats of at most 9 bits, separated by commas.")
    }
    if format != nil { output.noteMeaning(of: formats) }
    Output.showNotes()
    let line = ProgressLine("truth", output)
    let map = try TruthMap(formats, threads, progress: line.progress)
    line.end()
    try picture.draw(map.figure, output)
    if output.json {
      try Output.json(Document(map))
    } else if output.csv {
      Output.csv(ExpansionCheckReport.columns)
      map.transforms.map(ExpansionCheckReport.init).forEach { Output.csv($0.fields) }
      map.doubleWords.map { ExpansionCheckReport($0, nil) }.forEach { Output.csv($0.fields) }
    } else {
      print(map)
    }
    let violations = map.transforms.reduce(0) { $0 + $1.counts.violations } + map.doubleWords.reduce(0) { $0 + $1.counts.violations }
    if violations > 0 { throw Failure.no("\(violations) guaranteed cases failed: a theorem, or fmtlab, is wrong.") }
  }

  private struct Document: Encodable {
    let schema = "fmtlab.expansion/1"
    let transforms, doubleWords: [ExpansionCheckReport]

    init(_ map: TruthMap) {
      transforms = map.transforms.map(ExpansionCheckReport.init)
      doubleWords = map.doubleWords.map { ExpansionCheckReport($0, nil) }
    }
  }

  private func print(_ map: TruthMap) {
    Output.print("inexact cases of error-free transforms, over all operands whose result does not overflow")
    var table = Table(["transform", "format"] + map.roundings.map { "\($0)" }, leftAligned: [0, 1])
    for transform in ErrorFreeTransform.names {
      for (i, format) in map.formats.enumerated() {
        let checks = map.transforms.filter { $0.transform.name == transform && $0.rounder.format == format }
        table.add([i == 0 ? transform : "", format.name] + checks.map(cell))
      }
    }
    Output.print(table.lines())
    Output.print("  (+: a step overflows in some cases though the result does not; those count apart)")
    Output.print("")
    Output.print("double words, rne: largest error where no step overflows or underflows, in u^2, and shares of cases")
    var words = Table(["algorithm", "format", "largest", "bound", "exact", "underflow", "overflow", "beyond bound"], leftAligned: [0, 1])
    for operation in TruthMap.operations {
      for (i, check) in map.doubleWords.filter({ $0.operation == operation }).enumerated() {
        let (c, p) = (check.counts, check.rounder.format.precision)
        let u2 = Double(sign: .plus, exponent: -2 * p, significand: 1)
        let bound = OperationBound.of(operation).relativeError(in: check.rounder).map { ($0.value / u2).figure(3) }
        words.add(
          [i == 0 ? operation.rawValue : "", check.rounder.format.name, check.worst == nil ? "-" : check.worstInSquares.figure(4), bound ?? "-"]
            + [c.exact, c.underflow, c.overflow, c.beyond].map { percent(Double($0) / Double(max(c.cases, 1))) })
      }
    }
    Output.print(words.lines())
  }

  private func cell(_ check: TransformCheck) -> String {
    let share = Double(check.counts.inexact) / Double(max(check.counts.cases, 1))
    return percent(share) + (check.counts.overflow > 0 ? "+" : " ")
  }

  private func percent(_ share: Double) -> String { share == 0 ? "0" : (100 * share).significant(share >= 0.1 ? 3 : 2) + "%" }
}
