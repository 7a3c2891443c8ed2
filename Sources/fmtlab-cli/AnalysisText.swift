// SPDX-License-Identifier: Apache-2.0
// An analysis as text for reading: cards, measured errors, bounds, verdict.

import FmtLab

struct AnalysisText {
  private let analysis: Analysis
  private let report: AnalysisReport

  init(_ analysis: Analysis, _ report: AnalysisReport) { (self.analysis, self.report) = (analysis, report) }

  var lines: [String] { header + [""] + measured + [""] + bounds + [""] + verdict }

  private func card(_ format: Format) -> String {
    let range = "\(Value.finite(format.minPositive).double.significant(4)) to \(Value.finite(format.maxFinite).double.significant(6))"
    let roundoff = format.unitRoundoff.map { ", u = 2^\($0.exponent)" } ?? ""
    return "\(format): \(format.width) bits, p = \(format.precision), \(range)\(roundoff)"
  }

  private var header: [String] {
    let rounders = analysis.dot.plan.rounders
    var lines = ["inputs       \(card(analysis.format))"]
    for (i, rounder) in rounders.enumerated() {
      lines.append((i == 0 ? "accumulator  " : "             ") + card(rounder.format) + ", \(rounder.rounding), overflow \(rounder.overflow.rawValue)")
    }
    if rounders.count > 1 { lines.append("             levels \(report.accumulator)") }
    lines.append("products     \(report.product)")
    lines.append("data         \(report.data): \(analysis.data.note), rounded to \(analysis.format) first")
    lines.append("trials       \(report.trials) for each n, seed \(report.seed)")
    return lines
  }

  private var measured: [String] {
    var table = Table(["n", "rms/A", "p99/A", "max/A", "rms/|s|", "p99/|s|", "max/|s|", "overflow", "swallowed"])
    for result in report.results {
      let (r, s) = (result.measured.ratio, result.measured.relative)
      table.add(
        ["\(result.n)"] + [r.rms, r.p99, r.max, s.rms, s.p99, s.max].map(\.threeDigits)
          + [percent(result.measured.overflow), percent(result.measured.stagnated)])
    }
    return ["measured |error| against A = sum |x y| and against |s| = |sum x y|; swallowed: nonzero terms that changed nothing"]
      + table.lines()
  }

  /// A row for each bound, tightest first at the largest n, a column for each n: value and tightness.
  private var bounds: [String] {
    let last = report.results.max { $0.n < $1.n }!
    var ids = last.bounds.map(\.id)
    for result in report.results { ids += result.bounds.map(\.id).filter { !ids.contains($0) } }
    guard !ids.isEmpty else { return ["no bound applies"] }
    var table = Table(["bound on |error| / A"] + report.results.map { "n = \($0.n)" }, leftAligned: [0])
    for id in ids {
      table.add([id] + report.results.map { result in
        guard let bound = result.bounds.first(where: { $0.id == id }) else { return "-" }
        return bound.value.isNaN ? "overflow" : "\(bound.value.threeDigits) (\(bound.tightness.significant(2))x)"
      })
    }
    var lines = table.lines() + ["  (in brackets: bound / largest measured; running bounds: the largest over the trials)"]
    for id in Bound.catalogue.map(\.id) {
      guard let (n, reasons) = firstFailure(of: id) else { continue }
      let reach = n == report.results.map(\.n).min() ? "" : " from n = \(n) on"
      lines += wrap("\(id) does not apply\(reach): \(reasons.joined(separator: "; "))", 96).enumerated().map { ($0 == 0 ? "  " : "    ") + $1 }
    }
    return lines
  }

  /// The smallest n at which a bound does not apply, with the reasons.
  private func firstFailure(of id: String) -> (n: Int, reasons: [String])? {
    report.results.sorted { $0.n < $1.n }.lazy.compactMap { result in
      result.inapplicable.first { $0.id == id }.map { (result.n, $0.reasons) }
    }.first
  }

  // MARK: Verdict

  private var verdict: [String] {
    let verdict = report.verdict
    let n = report.results.map(\.n).max()!
    var sentences: [String] = []
    if verdict.violations > 0 { sentences.append("\(verdict.violations) errors exceed a bound that should hold: a bug of fmtlab.") }
    if let id = verdict.explainedBy, let tightness = verdict.tightness {
      let closeness = tightness.isFinite ? "\(tightness.significant(2)) times the largest measured error" : "no error was seen"
      sentences.append("At n = \(n) the tightest bound is \(id), \(closeness); no bound was exceeded.")
    } else {
      sentences.append("At n = \(n) no bound applies to any trial.")
    }
    if let from = verdict.overflowsFrom { sentences.append("From n = \(from) on, sums overflow.") }
    if let from = verdict.stagnatesFrom {
      sentences.append("From n = \(from) on, the accumulator stagnates: it swallows at least \(percent(Verdict.stagnationThreshold)) of the nonzero terms.")
    } else {
      sentences.append("The accumulator does not stagnate at these lengths.")
    }
    let error = verdict.error.isFinite ? verdict.error.threeDigits : "unbounded (overflow)"
    sentences.append("99 % of errors at n = \(n) are at most \(error) of A; the target is \(verdict.target.shortDescription)\(verdict.meetsTarget ? ", met." : ".")")
    var lines = ["verdict"] + sentences.flatMap { wrap($0, 96).enumerated().map { ($0 == 0 ? "  " : "    ") + $1 } }
    if !verdict.meetsTarget {
      lines.append(verdict.suggestions.isEmpty ? "  No single change of bits, chunks or rounding that was tried meets it." : "  The smallest single changes that meet it:")
      for s in verdict.suggestions { lines.append("    \(label(s.change)): --acc \(s.accumulator)  (error \(s.error.threeDigits))") }
      for s in verdict.failed { lines.append("    \(label(s.change)) not enough: best \(s.accumulator), error \(s.error.threeDigits)") }
    }
    return lines
  }

  private func label(_ change: Verdict.Change) -> String {
    switch change {
    case .fractionBits: "more fraction bits"
    case .exponentBits: "more exponent bits"
    case .chunks: "chunks"
    case .stochasticRounding: "stochastic rounding"
    }
  }

  private func percent(_ share: Double) -> String { share == 0 ? "0 %" : "\((100 * share).significant(share < 0.0995 ? 2 : 3)) %" }
}
