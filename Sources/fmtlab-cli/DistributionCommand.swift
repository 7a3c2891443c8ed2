// SPDX-License-Identifier: Apache-2.0
// fmtlab distribution: the exact law of the error of random sums.

import ArgumentParser
import FmtLab

struct DistributionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "distribution", abstract: "Find the exact mean, rms and probabilities of the error of random sums, without sampling.",
    usage: "fmtlab distribution --format <format> --acc <acc> [--n <n>] [<options>]",
    discussion: """
      Sums of n independent products, x and y with exactly known probabilities: those of a
      distribution rounded to the format, or how often each value comes up in a file. Three
      numbers for each value of the accumulator are propagated, term by term or, for large n,
      by squaring the step. Accumulators have at most 16 bits; the last of several levels may
      be wider and is then held by a bound.

        fmtlab distribution --format e4m3 --acc e6m5 --n 1,16,256,4096
        fmtlab distribution --format e5m2 --acc fp16@rz --data uniform --scale 4 --json
        fmtlab distribution --format e2m1fn --acc e4m3fn --n 32 --histogram --csv
        fmtlab distribution --format e4m3 --acc e6m5 --n 16 --plot law.svg

      mean, rms   of computed - exact; of the sums that do not overflow, where such are lost
      rms/A       rms over the mean of A = sum |x y|
      retained    Var(computed) / Var(exact): what is left of the spread of the sums
      overflow    probability that some addition overflows
      swallowed   share of the additions of nonzero terms that change nothing
      change      distance of the accumulator's law from that of one term less: 0 when stationary

      --histogram adds the law of the error at the last n: exactly, error by error, where that
      is affordable, otherwise in bins, and says by how much these blur it. --plot draws it
      beside a Monte-Carlo sample.
      """)

  @OptionGroup var accumulator: AccumulatorOptions
  @Option(
    help: ArgumentHelp("Lengths, separated by commas, up to 10^6. (default: 16,64,256,1024)", valueName: "lengths"),
    transform: { try ExactOptions.lengths($0, upTo: 1_000_000) })
  var n: [Int]?
  @OptionGroup var data: DataOptions
  @Option(
    help: ArgumentHelp("Factor of x and y before they are rounded. (default: 1)", valueName: "number"),
    transform: { try Parse.number($0, "a positive number") { $0 > 0 && $0.isFinite } })
  var scale = 1.0
  @OptionGroup var exact: ExactOptions
  @Flag(help: "Find the whole law of the error at the last length.") var histogram = false
  @OptionGroup var picture: PlotOptions
  @Option(
    help: ArgumentHelp("Sums of the sample that --plot draws. (default: 100000)", valueName: "count"),
    transform: { try Parse.integer($0, in: 1...10_000_000) })
  var trials = 100_000
  @OptionGroup var random: SeedOption
  @OptionGroup var output: OutputOptions

  func run() throws {
    try picture.check(output)
    try accumulator.prepare(output)
    let weights = try exact.weights(in: accumulator.format, output)
    let counts = try ExactOptions.counts(n, weights: weights, upTo: 1_000_000, default: [16, 64, 256, 1024])
    let source = try data.source(accumulator.format, output, default: .distribution(.normal))
    let question = try DistributionQuestion(
      accumulator.format, accumulator.dot, source, scale: scale, within: exact.range, weights: weights, onOverflow: exact.onOverflow)
    Output.showNotes()
    let line = ProgressLine("distribution", output)
    let total = Double(counts.reduce(0, +))
    var (results, done) = ([DistributionResult](), 0.0)
    for n in counts {
      let share = line.progress.part(from: done / total, share: Double(n) / total)
      do throws(ExactAnalysisError) {
        results.append(try question.answer(n, exact.threads, progress: share))
      } catch {
        guard case .nothingLeft = error, counts.count > 1 else { throw error }
        throw Failure.usage("at n = \(n) \(error) Leave out \(n) to see the other lengths.")
      }
      done += Double(n)
    }
    let law = try histogram || picture.isAsked ? question.histogram(counts[counts.count - 1], exact.threads) : nil
    line.end()
    if picture.isAsked, let law {
      let title = "error of \(law.n) products of \(accumulator.format) in \(accumulator.acc), data \(source.name)"
      let sample = question.sample(law.n, trials, RandomStream(seed: random.seed, "distribution"), exact.threads)
      try picture.draw(law.figure(title, sample: sample), output)
    }
    let report = DistributionReport(question, results, histogram: histogram ? law : nil, seed: random.seed)
    if output.json {
      try Output.json(report)
    } else if output.csv, histogram, let law {
      Output.csv(["error", "probability"])
      for (error, probability) in zip(law.errors, law.probabilities) { Output.csv([error.shortDescription, probability.shortDescription]) }
    } else if output.csv {
      Output.csv(DistributionResult.columns)
      results.forEach { Output.csv($0.fields) }
    } else {
      report.print()
    }
  }
}
