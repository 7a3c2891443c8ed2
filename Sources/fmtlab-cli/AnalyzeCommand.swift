// SPDX-License-Identifier: Apache-2.0
// fmtlab analyze: the main job.

import ArgumentParser
import FmtLab

struct AnalyzeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "analyze", abstract: "Measure the rounding errors of dot products beside the bounds that hold for them.",
    usage: "fmtlab analyze --format <format> --acc <acc> [<options>]",
    discussion: """
      Measures |error| / A, A = sum |x y|, over random trials of each length n, puts every
      bound that applies beside it, and says what explains the error and what would help.
      Data are rounded to the input format first (beyond its range to its largest value), so
      the errors are the accumulator's own. Results depend on the seed, not on the number of
      processor cores.

      Data are real and embedded by default: images of handwritten digits and the weights of
      a linear classifier. --x and --y take matrices (.npy, .csv, .safetensors:NAME; one of
      them may be -, CSV on standard input): a random row of x meets a random row of y, both
      from a random place if they are longer than n; if they are shorter, the rows after them
      follow.

        fmtlab analyze --format e4m3 --acc e6m5
        fmtlab analyze --format bf16 --acc bf16:64,fp32 --n 256,4096 --data normal --json
        fmtlab analyze --format e5m2 --acc e5m10@sr --x a.npy --y b.npy --plot errors.svg

      Exit status 1: a bound was exceeded, which is a bug of fmtlab.
      """)

  @OptionGroup var accumulator: AccumulatorOptions
  @Option(
    help: ArgumentHelp("Lengths of the dot products, separated by commas. (default: 16,64,256,1024)", valueName: "lengths"),
    transform: Parse.counts)
  var n: [Int] = [16, 64, 256, 1024]
  @OptionGroup var data: DataOptions
  @Option(
    help: ArgumentHelp("Trials for each length. (default: 2000)", valueName: "count"),
    transform: { try Parse.integer($0, in: 1...10_000_000) })
  var trials = 2000
  @OptionGroup var random: SeedOption
  @Option(
    help: ArgumentHelp("Confidence of probabilistic bounds. (default: 0.99)", valueName: "share"),
    transform: { try Parse.number($0, "a number between 0 and 1") { $0 > 0 && $0 < 1 && 1 - $0 < 1 } })
  var confidence = 0.99
  @Option(
    help: ArgumentHelp("|error| / A that the verdict looks for in 99 % of the trials. (default: 0.01)", valueName: "ratio"),
    transform: { try Parse.number($0, "a positive error ratio") { $0 > 0 && $0.isFinite } })
  var target = 0.01
  @OptionGroup var picture: PlotOptions
  @Flag(
    inversion: .prefixedNo,
    help: "Exact worst case and moments, however long they take, or none. (default: those that take a second together)")
  var exact: Bool?
  @OptionGroup var output: OutputOptions

  func run() throws {
    try picture.check(output)
    try accumulator.prepare(output)
    let analysis = Analysis(
      format: accumulator.format, dot: accumulator.dot, counts: n, data: try data.source(accumulator.format, output), trials: trials, seed: random.seed,
      confidence: confidence, target: target)
    Output.showNotes()
    let results = analysis.run(progress: ProgressLine("analyze", output).progress)
    let (exact, missing) = try analysis.exact(policy, progress: ProgressLine("exact", output).progress)
    let report = AnalysisReport(analysis, results, analysis.verdict(results), exact: exact)
    try picture.draw(report.figure, output)
    if output.json {
      try Output.json(report)
    } else if output.csv {
      report.csvRows.forEach(Output.csv)
    } else {
      Output.print(AnalysisText(analysis, report, missing: missing).lines)
    }
    if report.verdict.violations > 0 {
      throw Failure.no(
        "\(report.verdict.violations) errors exceed a bound that should hold: a bug of fmtlab; please report it with the command line.")
    }
  }
}

extension AnalyzeCommand {
  private var policy: Analysis.ExactPolicy { exact.map { $0 ? .always : .never } ?? .automatic }
}

extension AnalysisReport {
  /// One row for each length and bound.
  var csvRows: [[String]] {
    let header = [
      "n", "ratio_rms", "ratio_p99", "ratio_max", "relative_rms", "relative_p99", "relative_max", "overflow", "stagnated", "bound", "kind",
      "value", "violations", "tightness", "ratio_mean", "relative_mean", "model_rms", "model_mean", "confidence", "exact_rms", "exact_mean",
      "exact_worst_ratio",
    ]
    return [header] + results.flatMap { result -> [[String]] in
      let (r, s) = (result.measured.ratio, result.measured.relative)
      let numbers = [r.rms, r.p99, r.max, s.rms, s.p99, s.max, result.measured.overflow, result.measured.stagnated]
      let common = ["\(result.n)"] + numbers.map(\.shortDescription)
      let more = [r.mean, s.mean, result.model.rms, result.model.mean].map(\.shortDescription)
      let exact = [result.exact?.rms, result.exact?.mean, result.exact?.worstRatio].map { $0?.shortDescription ?? "" }
      if result.bounds.isEmpty { return [common + ["", "", "", "", ""] + more + [""] + exact] }
      return result.bounds.map {
        common + [$0.id, $0.kind, $0.value.shortDescription, "\($0.violations)", $0.tightness.shortDescription] + more
          + [$0.confidence?.shortDescription ?? ""] + exact
      }
    }
  }
}
