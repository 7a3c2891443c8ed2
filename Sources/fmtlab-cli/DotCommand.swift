// SPDX-License-Identifier: Apache-2.0
// fmtlab dot: dot products with their exact values, errors and bounds.

import ArgumentParser
import FmtLab

struct DotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dot", abstract: "Carry out a dot product; print its exact value, its error and every bound that applies.",
    usage: """
      fmtlab dot <x> <y> --format <format> --acc <acc> [<options>]
      fmtlab dot <X> <Y> --rows --format <format> --acc <acc> [<options>]
      """,
    discussion: """
      x and y are files (.npy, .csv, .safetensors:NAME), - (CSV on standard input) or numbers
      separated by commas. Each element is rounded once, to nearest, to the input format; the
      exact value is that of the rounded elements. An array of several dimensions is one
      vector, unless --rows takes a matrix row by row.

        fmtlab dot 1,2,3 -4,5,6 --format e4m3 --acc e6m5
        fmtlab dot 256,1,1,1 1,1,1,1 --format bf16 --acc bf16 --trace
        fmtlab dot x.npy y.npy --rows --format bf16 --acc bf16:32,fp32 -o results.npy

      With A = sum |x y| (and |c| for a starting value c):
      error      computed - exact
      ulps       error in units of the accumulator's spacing at the exact value
      ratio      |error| / A
      condition  A / |exact|
      enclosure  results of rounding down and up throughout: the exact value lies between them
      swallowed  additions of a nonzero term that left the accumulator unchanged
      bounds     upper bounds of |error|, checked against it: exit status 1 if one fails that
                 holds for every sum; those with 99 % may fail in 1 % of the sums

      A dot product of row i takes stream i of the seed.

      --trace prints every rounding: what is added, the accumulator before it, their exact sum
      and the rounded one, its error in ulps of it, the error so far, and a mark: swallowed (a
      nonzero term changed nothing), cancelled (at most half of the larger operand is left),
      saturated or overflowed. --csv, --json and --plot have all steps; the text has the first
      and the last ones.

      --tolerance takes x for the weights of a layer, a row for each output, and y for its
      input: which outputs phi(x_i y + c_i) may be accumulated in --acc, and which take a
      --wider one, so that their relative error stays within the tolerance? Exit status 1 if
      an output finds none.

        fmtlab dot w.npy x.npy --rows --format e4m3 --acc e6m5 --wider fp32 --tolerance 0.1
      """)

  @Argument(help: ArgumentHelp("The first vector.", valueName: "x")) var x: String
  @Argument(help: ArgumentHelp("The second vector.", valueName: "y")) var y: String
  @OptionGroup var accumulator: AccumulatorOptions
  @Flag(help: "One dot product for each row of two matrices; a second one of one row meets every row.") var rows = false
  @Option(
    name: .customLong("init"),
    help: ArgumentHelp(
      "Starting values of the accumulators: a number, or a list or file with one for each row. (default: 0)", valueName: "c"))
  var initial: String?
  @Flag(help: "Print each step of the one dot product.") var trace = false
  @OptionGroup var picture: PlotOptions
  @OptionGroup var choice: ToleranceOptions
  @Option(name: [.customShort("o")], help: ArgumentHelp("Write the results to this .npy file, as binary64.", valueName: "file"))
  var out: String?
  @OptionGroup var random: SeedOption
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard !trace || !rows else { throw ValidationError("--trace shows one dot product; leave out --rows.") }
    guard !picture.isAsked || trace else { throw ValidationError("--plot draws the steps of --trace; add --trace.") }
    guard choice.tolerance == nil || !trace && out == nil else {
      throw ValidationError("--tolerance chooses accumulators; leave out --trace and -o.")
    }
  }

  func run() throws {
    try picture.check(output)
    let outPath = out.map(Input.plain)
    if let outPath { try Output.checkWritable(outPath, "-o") }
    try accumulator.prepare(output)
    let (xs, ys) = try vectors()
    let starts = try startingValues(count: xs.count)
    if let report = try choice.report(accumulator, xs, ys, starts, random.seed, output) { return try report.print(output, seed: random.seed) }
    if accumulator.dot.isStochastic { output.note("seed \(random.seed)") }
    let stream = RandomStream(seed: random.seed, "dot")
    let results = zip(xs, ys).enumerated().map { i, pair in
      DotResult(accumulator.format, accumulator.dot, pair.0, pair.1, from: starts[i], stream.child(i))
    }
    if let outPath {
      let rounded = results.count { Value($0.result) != $0.value && $0.value.isFinite }
      if rounded > 0 { output.note("\(outPath) holds binary64 numbers: \(rounded) of \(results.count) results were rounded again") }
      try Tensor(shape: rows ? [results.count] : [], elements: results.map(\.result)).write(npy: outPath)
    }
    let steps = trace ? Trace(accumulator.dot, accumulator.format, xs[0], ys[0], initial: starts[0], random: stream.child(0)) : nil
    if let steps { try picture.draw(steps.figure(title: "\(accumulator.format) in \(accumulator.acc), step by step"), output) }
    if output.json {
      try Output.json(DotReport(accumulator.format, accumulator.dot, seed: random.seed, results, trace: steps))
    } else if output.csv, let steps {
      Output.csv(TraceRow.columns)
      for row in steps.steps { Output.csv(TraceRow(row).fields) }
    } else if output.csv {
      Output.csv(["row"] + DotResult.columns)
      for (i, result) in results.enumerated() { Output.csv(["\(i)"] + result.fields) }
    } else {
      if let steps { TraceText(steps).print() }
      DotText(accumulator, results, isTable: rows).print()
    }
    if results.contains(where: { $0.bounds.contains { $0.violated && $0.confidence == nil } }) {
      throw Failure.no("an error exceeds a bound that should hold: a bug of fmtlab; please report it with the command line.")
    }
  }

  /// Rows of values of the format, pairwise of one length.
  private func vectors() throws -> ([[Value]], [[Value]]) {
    let (a, b) = (try NumberArray(x), try NumberArray(y))
    let rounder = try Rounder(to: accumulator.format)
    var inexact = 0
    func values(_ row: [Extended]) -> [Value] {
      row.map {
        let rounded = rounder.round($0)
        if !rounded.flags.isEmpty { inexact += 1 }
        return rounded.value
      }
    }
    let xs = (rows ? a.rows : [a.elements]).map(values)
    var ys = (rows ? b.rows : [b.elements]).map(values)
    if let only = ys.first, ys.count == 1 { ys = Array(repeating: only, count: xs.count) }
    guard xs.count == ys.count, zip(xs, ys).allSatisfy({ $0.count == $1.count }) else {
      throw Failure.badData(
        "\(a.name) has shape \(a.shape), \(b.name) has shape \(b.shape); give vectors of one length\(rows ? ", and as many rows" : "").")
    }
    if inexact > 0 {
      let words = inexact == 1 ? "is not a value of \(accumulator.format) and was" : "are not values of \(accumulator.format) and were"
      output.note("\(inexact) of \(a.elements.count + b.elements.count) elements \(words) rounded to it")
    }
    return (xs, ys)
  }

  private func startingValues(count: Int) throws -> [Value] {
    guard let initial else { return Array(repeating: .zero, count: count) }
    let array = try NumberArray(initial)
    guard array.elements.count == 1 || array.elements.count == count else {
      let allowed = count == 1 ? "1" : "1 or \(count)"
      throw Failure.badData(
        "--init \(array.name) has \(array.elements.count) starting values for \(count) dot product\(count == 1 ? "" : "s"); "
          + "give \(allowed).")
    }
    let rounder = try Rounder(to: accumulator.acc.output.format)
    let values = array.elements.map { rounder.round($0) }
    if values.contains(where: { !$0.flags.isEmpty }) { output.note("starting values were rounded to \(rounder.format)") }
    return values.count == count ? values.map(\.value) : Array(repeating: values[0].value, count: count)
  }
}
