// SPDX-License-Identifier: Apache-2.0
// The picture of an analysis: data and script always, the picture itself where there is gnuplot; each file whole or not at all.

import ArgumentParser
import FmtLab
import FoundationEssentials
import Glibc

struct AnalysisPicture {
  private let plot: LinePlot
  private let picture: String
  /// The directory with its slash, or nothing, and the name of the picture without extension.
  private let directory: String
  private let stem: String
  private let type: String

  /// The path of a picture, as an option.
  static func path(_ text: String) throws -> String {
    let path = Input.plain(text)
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    guard [".svg", ".png", ".pdf"].contains(where: { name.hasSuffix($0) && name.count > 4 }) else {
      throw ValidationError("give a file that ends in .svg, .png or .pdf.")
    }
    return path
  }

  init(_ report: AnalysisReport, _ picture: String) {
    plot = report.plot
    self.picture = picture
    directory = picture.lastIndex(of: "/").map { String(picture[...$0]) } ?? ""
    let name = picture.dropFirst(directory.count)
    (stem, type) = (String(name.dropLast(4)), String(name.suffix(3)))
  }

  /// Writes the data and the script, which gnuplot finds in their directory, and runs the script.
  func draw(_ output: OutputOptions) throws {
    let (data, script) = ("\(stem).tsv", "\(stem).gp")
    try write(plot.data, to: directory + data)
    try write(plot.script(dataFile: data, picture: "\(stem).\(type)"), to: directory + script)
    guard !plot.series.isEmpty else {
      return output.note("no picture: no error and no bound is positive and finite, as a logarithmic axis needs; \(directory)\(data) is empty")
    }
    // An interruption waits until no half-drawn picture is left.
    var (signals, previous) = (sigset_t(), sigset_t())
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&signals, number) }
    sigprocmask(SIG_BLOCK, &signals, &previous)
    defer { sigprocmask(SIG_SETMASK, &previous, nil) }
    let temporary = ".\(stem).\(getpid()).\(type)"
    let place = directory.isEmpty ? "" : "cd '\(directory.replacing("'", with: "''"))'\n"
    let isDrawn = LinePlot.run(script: place + plot.script(dataFile: data, picture: temporary))
    if isDrawn, rename(directory + temporary, picture) == 0 { return }
    unlink(directory + temporary)
    output.note("no picture: gnuplot is missing or failed; \(directory)\(data) and \(directory)\(script) hold the data and the script")
  }

  private func write(_ text: String, to path: String) throws {
    do {
      try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    } catch {
      throw Failure.file("cannot write \(path); give --plot a path in an existing, writable directory.")
    }
  }
}

extension AnalysisReport {
  /// Errors and bounds against n.
  fileprivate var plot: LinePlot {
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
