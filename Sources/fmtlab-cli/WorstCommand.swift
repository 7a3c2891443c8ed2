// SPDX-License-Identifier: Apache-2.0
// fmtlab worst: the exact worst case over all inputs.

import ArgumentParser
import FmtLab

struct WorstCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worst", abstract: "Find the exact worst error over all inputs, with inputs that attain it.",
    usage: "fmtlab worst --format <format> --acc <acc> [--n <n>] [<options>]",
    discussion: """
      A narrow accumulator is a finite automaton: the largest |error| / A, A = sum |x y|, over
      all x and y of length n is a longest path, found exactly, as a fraction, with a witness
      that fmtlab dot replays. Accumulators have at most 16 bits, in sequence, in levels,
      pairwise or strided; the last of several levels may be wider and is then held by a bound.
      Inputs whose running sum overflows are left out unless --on-overflow says otherwise. A
      stochastic rounding may go either way: the worst is over inputs and random bits.

        fmtlab worst --format e4m3 --acc e6m5 --n 16
        fmtlab worst --format e2m1fn --acc e4m3fn:16,fp16 --n 64,256 --json
        fmtlab worst --format e4m3 --acc bf16@rz --n 1,2,4,8,16,32 --plot worst.svg
        fmtlab worst --format e5m2 --acc fp16 --weights 1,-2,0.5 --range 8

      --rate: lim (largest error) / n as n grows, and the largest term that some reachable sum
      swallows. Where there is one, the worst |error| / A tends to 1 at least: finite n say more.
      """)

  @OptionGroup var accumulator: AccumulatorOptions
  @Option(
    help: ArgumentHelp("Lengths, separated by commas, up to 4096. (default: 16)", valueName: "lengths"),
    transform: { try ExactOptions.lengths($0, upTo: 4096) })
  var n: [Int]?
  @OptionGroup var exact: ExactOptions
  @Flag(help: "Find the growth of the largest error per term, too.") var rate = false
  @OptionGroup var picture: PlotOptions
  @Option(
    help: ArgumentHelp("Write the results as theorems that Coq checks by computing them anew (proofs/README.md).", valueName: "file.v"),
    transform: {
      // (Coq takes it for the name of a module.)
      guard $0.wholeMatch(of: /(.*\/)?[A-Za-z][A-Za-z0-9_]*\.v/) != nil else {
        throw ValidationError("give a file NAME.v, the name of letters, digits and _, as Coq needs.")
      }
      return $0
    })
  var certificate: String?
  @OptionGroup var output: OutputOptions

  func run() throws {
    try picture.check(output)
    if let certificate { try Output.checkWritable(certificate, "--certificate") }
    try accumulator.prepare(output)
    let theorems = try certificate.map { _ in try WorstCertificate(accumulator, exact) }
    let weights = try exact.weights(in: accumulator.format, output)
    let counts = try ExactOptions.counts(n, weights: weights, upTo: 4096, default: [16])
    let question = try WorstQuestion(
      accumulator.format, accumulator.dot, within: exact.range, weights: weights, onOverflow: exact.onOverflow ?? .exclude)
    Output.showNotes()
    let line = ProgressLine("worst", output)
    let total = Double(counts.reduce(0, +))
    var (results, done) = ([WorstResult](), 0.0)
    for n in counts {
      results.append(try question.answer(n, exact.threads, progress: line.progress.part(from: done / total, share: Double(n) / total)))
      done += Double(n)
    }
    line.end()
    let growth = rate ? try question.growth(exact.threads) : nil
    if let certificate { try theorems?.write(results, to: certificate) }
    let report = WorstReport(question, results, growth)
    try picture.draw(report.figure, output)
    if output.json {
      try Output.json(report)
    } else if output.csv {
      Output.csv(WorstResult.columns)
      results.forEach { Output.csv($0.fields) }
    } else {
      report.print()
    }
  }
}
