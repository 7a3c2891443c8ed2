// SPDX-License-Identifier: Apache-2.0
// fmtlab analyze: the main job.

import ArgumentParser
import FmtLab
import FoundationEssentials

struct AnalyzeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "analyze", abstract: "Measure the rounding errors of dot products beside the bounds that hold for them.",
    discussion: """
      By default x and y are embedded real data: images of digits and the weights of a linear classifier. --x and --y take matrices whose
      rows are paired at random, shorter rows being chained. Data are rounded to the format first, so errors are the accumulator's own.
      """)

  @OptionGroup var accumulator: AccumulatorOptions
  @Option(help: "Lengths of the dot products, separated by commas.", transform: Input.counts)
  var n: [Int] = [16, 64, 256, 1024]
  @Option(help: "Data: digits, normal, uniform or lognormal.", transform: Input.dataSource) var data: DataSource?
  @Option(help: "File of x, instead of --data.") var x: String?
  @Option(help: "File of y, instead of --data.") var y: String?
  @Option(help: "Trials for each length.") var trials = 2000
  @Option(help: "Seed of data and stochastic rounding.") var seed: UInt64 = 1
  @Option(help: "Confidence of probabilistic bounds.") var confidence = 0.99
  @Option(help: "Error ratio that the verdict looks for.") var target = 0.01
  @Option(help: "Write a picture (.svg, .png or .pdf) and beside it its data and gnuplot script.") var plot: String?
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (x == nil) == (y == nil) else { throw ValidationError("--x and --y go together; give both files.") }
    guard data == nil || x == nil else { throw ValidationError("--data and --x, --y exclude each other; choose one.") }
    guard (1...1_000_000_000).contains(trials) else { throw ValidationError("--trials \(trials): give 1 to 1000000000.") }
    guard confidence > 0, confidence < 1 else { throw ValidationError("--confidence \(confidence): give a number between 0 and 1.") }
    guard target > 0, target.isFinite else { throw ValidationError("--target \(target): give a positive error ratio.") }
    if let plot, !["svg", "png", "pdf"].contains(plot.split(separator: ".").last.map(String.init)) {
      throw ValidationError("--plot \(plot): give a file that ends in .svg, .png or .pdf.")
    }
  }

  func run() throws {
    try accumulator.prepare(output)
    let analysis = Analysis(
      format: accumulator.format, dot: accumulator.dot, counts: n, data: try source(), trials: trials, seed: seed, confidence: confidence,
      target: target)
    let results = analysis.run(progress: ProgressLine("analyze", output).progress)
    let report = AnalysisReport(analysis, results, analysis.verdict(results))
    if let plot { try draw(report, to: plot) }
    if output.json {
      try Output.json(report)
    } else if output.csv {
      report.csvRows.forEach(Output.csv)
    } else {
      AnalysisText(analysis, report).lines.forEach(Output.print)
    }
    if report.verdict.violations > 0 { throw Failure.no("\(report.verdict.violations) errors exceed a bound: this is a bug of fmtlab, please report it") }
  }

  private func source() throws -> DataSource {
    guard let x, let y else { return data ?? .digits }
    let (a, b) = (try Input.rows(Tensor.read(x), x), try Input.rows(Tensor.read(y), y))
    guard a[0].count == b[0].count else {
      throw Failure.badData("rows of \(x) have \(a[0].count) elements, those of \(y) \(b[0].count); they must have the same length.")
    }
    return .rows(Rows(name: "files", note: "\(a.count) rows of \(x) against \(b.count) rows of \(y)", x: a, y: b))
  }

  /// The picture, its data and its script; the last two remain when there is no gnuplot.
  private func draw(_ report: AnalysisReport, to picture: String) throws {
    let stem = picture.split(separator: ".", omittingEmptySubsequences: false).dropLast().joined(separator: ".")
    let plot = report.plot
    let script = plot.script(dataFile: stem + ".tsv", picture: picture)
    do {
      try Data(plot.data.utf8).write(to: URL(filePath: stem + ".tsv"), options: .atomic)
      try Data(script.utf8).write(to: URL(filePath: stem + ".gp"), options: .atomic)
    } catch {
      throw Failure.badData("cannot write \(stem).tsv and \(stem).gp; give --plot a path in a writable directory.")
    }
    if !LinePlot.run(script: script) {
      output.note("no picture: gnuplot is missing or failed; \(stem).tsv and \(stem).gp hold the data and the script")
    }
  }
}

extension AnalysisReport {
  /// One row for each length and bound.
  var csvRows: [[String]] {
    let header = [
      "n", "ratio_rms", "ratio_p99", "ratio_max", "relative_rms", "relative_p99", "relative_max", "overflow", "stagnated", "bound", "kind",
      "value", "violations", "tightness",
    ]
    return [header] + results.flatMap { result -> [[String]] in
      let (r, s) = (result.measured.ratio, result.measured.relative)
      let numbers = [r.rms, r.p99, r.max, s.rms, s.p99, s.max, result.measured.overflow, result.measured.stagnated]
      let common = ["\(result.n)"] + numbers.map(\.shortDescription)
      if result.bounds.isEmpty { return [common + ["", "", "", "", ""]] }
      return result.bounds.map { common + [$0.id, $0.kind, $0.value.shortDescription, "\($0.violations)", $0.tightness.shortDescription] }
    }
  }

  /// Errors and bounds against n.
  var plot: LinePlot {
    func series(_ name: String, measured: Bool, _ y: (Result) -> Double?) -> LinePlot.Series {
      LinePlot.Series(name, results.compactMap { r in y(r).map { (Double(r.n), $0) } }, isMeasured: measured)
    }
    let ids = results.flatMap { $0.bounds.map(\.id) }.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    return LinePlot(
      title: "\(format) in \(accumulator), products \(product), data \(data)", xLabel: "n, terms of the dot product",
      yLabel: "|error| / sum |x y|",
      series: [
        series("measured maximum", measured: true) { $0.measured.ratio.max },
        series("measured 99th percentile", measured: true) { $0.measured.ratio.p99 },
        series("measured rms", measured: true) { $0.measured.ratio.rms },
      ] + ids.map { id in series(id, measured: false) { r in r.bounds.first { $0.id == id }?.value } },
      yLimit: 10)  // a bound of more than 1000 % says nothing
  }
}
