// SPDX-License-Identifier: Apache-2.0
// fmtlab kappa: how far an implementation of an operation strays from the correctly rounded one.

import ArgumentParser
import FmtLab

struct KappaCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kappa", abstract: "Measure how far an implementation of an operation strays, as IEEE P3109's kappa.",
    usage: "fmtlab kappa --op <operation> --in <format> --to <format> --impl <file.csv> [<options>]",
    discussion: """
      kappa is the largest number of values of the result's format from the implementation's
      result to the correctly rounded one, counting one end only: 0 identical, 1 at most a
      neighbour. It is inf if the two differ on infinities, nan if they differ on NaN.

      The file holds what `fmtlab op NAME --in F --to G --all --csv` prints: a header x,result
      or x,y,result or x,y,z,result, and a line an input. Entries are codes (0x3f) or numbers
      that are values of the format; an empty result is NaN. A further column subset names
      parts of the inputs that get a kappa each. Every input must be there, except with
      --partial; the codes of NaN count as one input, and so do other codes of one value.

        fmtlab op exp --in e4m3 --to e4m3 --all --csv > table.csv
        fmtlab kappa --op exp --in e4m3 --to e4m3 --impl table.csv
      """)

  @Option(help: ArgumentHelp("The operation (fmtlab op --help lists them).", valueName: "operation"), transform: Parse.operation)
  var op: Operation
  @Option(name: .customLong("in"), help: ArgumentHelp("Format of the operands.", valueName: "format"), transform: Parse.format)
  var input: Format
  @Option(help: ArgumentHelp("Format of the result.", valueName: "format"), transform: Parse.format) var to: Format
  @Option(help: ArgumentHelp("The implementation's results, a CSV file, or - for standard input.", valueName: "file")) var impl: String
  @Flag(help: "Accept that inputs are missing.") var partial = false
  @OptionGroup var options: RoundingOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let rounder = try options.rounder(to: to)
    guard !rounder.rounding.isStochastic else {
      throw Failure.usage(
        "--rounding \(rounder.rounding) has no single correct result to compare with; use rne, rna, rnz, rz, ru, rd or ro.")
    }
    var coverage = try Coverage(op, input, partial: partial)
    output.noteMeaning(of: input, to)
    let table = try ResultTable(impl, op, input, to)
    let progress = ProgressLine("kappa", output)
    var measure = ApproximationMeasure(of: op, rounder, convention: Operation.Convention(of: input))
    for (index, line) in table.lines.enumerated() {
      guard let row = try table.row(line) else { continue }
      if rounder.overflow == .wrap {
        let text = "\(op.rawValue) \(row.operands.map(\.description).joined(separator: " "))"
        try rounder.checkWrapping(op.extended(row.operands, rounding: rounder.rounding), text)
      }
      measure.add(row.operands, given: row.result, subset: row.subset)
      coverage.add(row.operands)
      if index & 0xfff == 0 { progress.report?(Double(index) / Double(table.lines.count)) }
    }
    progress.report?(1)
    guard measure.all.cases > 0 else { throw Failure.badData("\(table.name) holds no results; give a line an input.") }
    if let missing = coverage.missing, missing > 0 {
      let text = "\(missing) of \(coverage.total) inputs of \(op.rawValue) over \(input) are missing"
      guard partial else { throw Failure.badData("\(table.name): \(text); add them, or accept that with --partial.") }
      output.note(text)
    }
    try KappaReport(measure, input).print(output)
  }
}

/// Which inputs were seen, a bit for each; codes of one value are one input.
private struct Coverage {
  private let format: Format
  private var isSeen: [Bool]
  private var seen = 0
  let total: Int

  private static let largestWidth = 26

  /// Watches nothing where there are too many inputs, which only `partial` allows.
  init(_ operation: Operation, _ format: Format, partial: Bool) throws {
    let width = operation.arity * format.width
    guard partial || width <= Coverage.largestWidth else {
      throw Failure.usage(
        "\(operation.rawValue) over \(format) has 2^\(width) inputs; "
          + "give some of them with --partial, or take at most 2^\(Coverage.largestWidth).")
    }
    self.format = format
    let isWatched = width <= Coverage.largestWidth
    isSeen = Array(repeating: false, count: isWatched ? 1 << width : 0)
    let infinities = format.hasInfinity ? (format.isSigned ? 2 : 1) : 0
    let values = isWatched ? Int(format.finiteValueCount) + infinities + (format.hasNegativeZero ? 1 : 0) + (format.hasNaN ? 1 : 0) : 0
    total = (0..<operation.arity).reduce(1) { product, _ in product * values }
  }

  mutating func add(_ operands: [Value]) {
    guard !isSeen.isEmpty else { return }
    var index = 0
    for operand in operands {
      guard let code = format.encode(operand) else { return }
      index = index << format.width | Int(code)
    }
    if !isSeen[index] { seen += 1 }
    isSeen[index] = true
  }

  var missing: Int? { isSeen.isEmpty ? nil : total - seen }
}
