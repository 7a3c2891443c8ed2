// SPDX-License-Identifier: Apache-2.0
// An analysis as text for reading: cards, measured errors, bounds, verdict.

import FmtLab

struct AnalysisText {
  private let analysis: Analysis
  private let report: AnalysisReport
  private let largest: AnalysisReport.Result

  /// Why some exact results are missing.
  private let missing: String?

  init(_ analysis: Analysis, _ report: AnalysisReport, missing: String?) {
    (self.analysis, self.report, self.missing) = (analysis, report, missing)
    largest = report.results.max { $0.n < $1.n }!
  }

  var lines: [String] { header + [""] + measured + [""] + model + [""] + exact + bounds + [""] + verdict }

  // MARK: Question

  private var header: [String] {
    let rounders = analysis.dot.plan.rounders
    var facts = [("inputs", card(analysis.format))]
    for (i, rounder) in rounders.enumerated() {
      let u = rounder.format.isFloating ? ", u = 2^\((rounder.rounding.isNearest ? 0 : 1) - rounder.format.precision)" : ""
      let flush = rounder.subnormals == .flush ? ", subnormals flushed" : ""
      let text = "\(card(rounder.format, u)), \(rounder.rounding), overflow \(rounder.overflow.rawValue)\(flush)"
      facts.append((i == 0 ? rounders.count > 1 ? "accumulators" : "accumulator" : "", text))
    }
    let isPlain = if case .sequential = analysis.dot.plan { true } else { false }
    if !isPlain { facts.append(("summation", report.accumulator)) }
    facts += [
      ("products", report.product), ("data", "\(report.data): \(analysis.data.note), rounded to \(analysis.format)"),
      ("trials", "\(report.trials) for each n, seed \(report.seed)"),
    ]
    return facts.flatMap { label, text in
      wrap(text, 86).enumerated().map { ($0 == 0 ? label : "").padding(to: 14) + $1 }
    }
  }

  private func card(_ format: Format, _ unitRoundoff: String? = nil) -> String {
    let range = format.maxFinite.isZero ? "no finite number but 0" : "2^\(format.minPositive.floorLog2) to \(format.maxText)"
    let u = unitRoundoff ?? format.unitRoundoff.map { ", u = 2^\($0.exponent)" } ?? ""
    return "\(format): \(format.width) bits, p = \(format.precision), \(range)\(u)"
  }

  // MARK: Answers

  private var measured: [String] {
    var table = Table(["n", "rms/A", "p99/A", "max/A", "rms/|s|", "p99/|s|", "max/|s|", "overflow", "swallowed"])
    for result in report.results {
      let (r, s) = (result.measured.ratio, result.measured.relative)
      table.add(
        ["\(result.n)"] + [r.rms, r.p99, r.max, s.rms, s.p99, s.max].map { $0.isNaN ? "-" : $0.threeDigits }
          + [percent(result.measured.overflow), percent(result.measured.stagnated)])
    }
    return ["measured |error| over A = sum |x y| and over |s| = |sum x y|"] + table.lines()
      + ["  (p99: 99 % of the errors are not larger; swallowed: nonzero terms that changed nothing)"]
  }

  /// Mean errors with their signs, and what the model of independent errors makes of both mean and rms.
  private var model: [String] {
    var table = Table(["n", "mean/A", "mean/|s|", "model's mean/A", "model's rms/A"])
    for result in report.results {
      let numbers = [result.measured.ratio.mean, result.measured.relative.mean, result.model.mean, result.model.rms]
      table.add(["\(result.n)"] + numbers.map { $0.isNaN ? "-" : $0.threeDigits })
    }
    return ["mean of computed - exact, beside a model: independent errors, evenly spread over their gaps"] + table.lines() + levelShares
  }

  /// The exact results, if there are any, or why there are none.
  private var exact: [String] {
    let rows = report.results.compactMap { r in r.exact.map { (r, $0) } }
    let reason = missing.map(paragraph) ?? []
    guard !rows.isEmpty else { return reason.isEmpty ? [] : ["exact results"] + reason + [""] }
    var table = Table(["n", "mean", "rms", "rms/A", "worst/A", "", "tightest bound / worst"], leftAligned: [5])
    for (result, exact) in rows {
      let bound = result.bounds.filter { $0.confidence == nil && !$0.id.contains("running") }.map(\.value).min()
      let mean = abs(exact.mean) < 1e-13 * exact.rms ? "0" : exact.mean.threeDigits
      table.add([
        "\(result.n)", mean, exact.rms.significant(4), exact.ratioRms.threeDigits, exact.worstRatio.threeDigits,
        exact.worstFraction.count <= 16 ? exact.worstFraction : "", bound.map { ($0 / exact.worstRatio).significant(3) } ?? "-",
      ])
    }
    return ["exact, for independent terms with the data's frequencies; worst: |error| / A over all inputs"] + table.lines()
      + ["  (A in rms/A: the mean of sum |x y|; inputs that overflow are left out)"] + reason + [""]
  }

  /// The share of each level in the model's variance, where there are several.
  private var levelShares: [String] {
    let levels = largest.model.levels
    guard levels.count > 1 else { return [] }
    let shares = levels.map { "\($0.accumulator) \(percent($0.share))" }.joined(separator: ", ")
    return paragraph("variance of the model at n = \(largest.n) by levels: \(shares)")
  }

  /// A row for each bound, tightest first at the largest n, a column for each n: value and tightness.
  private var bounds: [String] {
    var ids = largest.bounds.map(\.id)
    for result in report.results { ids += result.bounds.map(\.id).filter { !ids.contains($0) } }
    var lines = ["no bound applies"]
    if !ids.isEmpty {
      let columns = report.results.map { result in ["n = \(result.n)"] + ids.map { cell($0, result) } }
      lines = ["bounds of |error| / A, rounded up; in brackets bound / largest measured error"] + blocks([""] + ids.map(label), columns)
    }
    lines += exceedances
    for id in Bound.catalogue.map(\.id) {
      guard let (n, reasons) = firstFailure(of: id) else { continue }
      let reach = n == report.results.map(\.n).min() ? "" : " from n = \(n) on"
      lines += paragraph("\(id) does not apply\(reach): \(reasons[0])")
    }
    return lines
  }

  /// A bound's name, with the confidence that it has and whether that rests on a model.
  private func label(_ id: String) -> String {
    guard let bound = report.results.flatMap(\.bounds).first(where: { $0.id == id }), let confidence = bound.confidence else { return id }
    return "\(id), \(percent(confidence))\(bound.kind == Bound.Kind.probabilistic.rawValue ? " in a model" : "")"
  }

  /// How often bounds that may fail did.
  private var exceedances: [String] {
    report.results.flatMap { result in
      result.bounds.filter { $0.confidence != nil && $0.violations > 0 }.flatMap { bound -> [String] in
        let expected = (1 - (bound.confidence ?? 1)) * Double(report.trials)
        let verdict = bound.isRefuted ? ", more than chance allows: the errors are not random with mean zero" : ""
        return paragraph(
          "\(bound.id) was exceeded in \(bound.violations) trials at n = \(result.n), expected in \(expected.figure(3)) at most\(verdict)")
      }
    }
  }

  private func cell(_ id: String, _ result: AnalysisReport.Result) -> String {
    guard let bound = result.bounds.first(where: { $0.id == id }) else { return "-" }
    if bound.value.isNaN { return result.measured.overflow == 1 ? "overflow" : "-" }
    return "\(bound.value.roundedUp(3)) (\(bound.tightness.isFinite ? bound.tightness.significant(2) : "-"))"
  }

  /// Tables of as many columns as fit in 100 characters, each with the labels on its left.
  private func blocks(_ labels: [String], _ columns: [[String]]) -> [String] {
    var (lines, rest) = ([String](), columns[...])
    while !rest.isEmpty {
      var count = rest.count
      var block: [String]
      repeat {
        let shown = Array(rest.prefix(count))
        var table = Table([labels[0]] + shown.map { $0[0] }, leftAligned: [0])
        for row in labels.indices.dropFirst() { table.add([labels[row]] + shown.map { $0[row] }) }
        block = table.lines()
        count -= 1
      } while count > 0 && block.contains { $0.count > 100 }
      lines += (lines.isEmpty ? [] : [""]) + block
      rest = rest.dropFirst(count + 1)
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
    let n = largest.n
    var sentences: [String] = []
    if verdict.violations > 0 { sentences.append("\(verdict.violations) errors exceed a bound that should hold: a bug of fmtlab.") }
    if verdict.error.isNaN {
      sentences.append("Every sum of magnitudes at n = \(n) is 0 or beyond binary64, so there is no error ratio.")
      return ["verdict"] + sentences.flatMap(paragraph)
    }
    if let id = verdict.explainedBy, let tightness = verdict.tightness {
      let closeness = tightness.isFinite ? "\(tightness.significant(2)) times the largest measured error" : "and no error was seen"
      let certainty = largest.bounds.first { $0.id == id }?.confidence.map { " (with probability \($0.shortDescription))" } ?? ""
      sentences.append(
        "At n = \(n) the tightest bound is \(id)\(certainty), \(closeness)\(verdict.violations > 0 ? "." : "; no bound was exceeded.")")
    } else {
      sentences.append("At n = \(n) no bound applies to any trial.")
    }
    if let level = verdict.dominatedBy {
      let place = largest.model.levels.count { $0.accumulator == level.accumulator } > 1 ? " (level \(level.level))" : ""
      sentences.append("The level \(level.accumulator)\(place) dominates: the model gives it \(percent(level.share)) of the variance.")
    }
    if let from = verdict.overflowsFrom { sentences.append("From n = \(from) on, sums overflow.") }
    if let from = verdict.stagnatesFrom {
      let share = percent(Verdict.stagnationThreshold)
      sentences.append("From n = \(from) on, the accumulator stagnates: it swallows at least \(share) of the nonzero terms.")
    } else {
      sentences.append("The accumulator does not stagnate at these lengths.")
    }
    let errors =
      verdict.error.isFinite
      ? "99 % of the errors at n = \(n) are at most \(verdict.error.threeDigits) of A" : "More than 1 % of the sums at n = \(n) overflow"
    sentences.append("\(errors); the target is \(verdict.target.shortDescription)\(verdict.meetsTarget ? ", met." : ".")")
    let lines = ["verdict"] + sentences.flatMap(paragraph)
    return verdict.meetsTarget ? lines : lines + advice
  }

  private var advice: [String] {
    let verdict = report.verdict
    guard !(verdict.suggestions + verdict.failed).isEmpty else {
      return ["  (Changes are tried only with one floating-point accumulator in sequence.)"]
    }
    var table = Table(["change", "accumulator", "99 % of errors"], leftAligned: [0, 1])
    for s in verdict.suggestions + verdict.failed {
      let isEnough = s.error <= verdict.target
      table.add([label(s.change), (isEnough ? "--acc " : "best: ") + s.accumulator, s.error.isFinite ? s.error.threeDigits : "overflow"])
    }
    let heading = verdict.suggestions.isEmpty ? "No single change that was tried meets it:" : "The smallest single changes that meet it:"
    let hasBoth = !verdict.failed.isEmpty && !verdict.suggestions.isEmpty
    let short = hasBoth ? "The smallest single changes that meet it, and those that fall short:" : heading
    let lines = table.lines(indent: 4)
    let isWide = lines.contains { $0.count > 100 }
    return ["  \(short)"]
      + (isWide
        ? (verdict.suggestions + verdict.failed).flatMap {
          paragraph("\(label($0.change)): \($0.accumulator), error \($0.error.threeDigits)")
        } : lines)
  }

  private func label(_ change: Verdict.Change) -> String {
    switch change {
    case .fractionBits: "more fraction bits"
    case .exponentBits: "more exponent bits"
    case .chunks: "chunks"
    case .stochasticRounding: "stochastic rounding"
    }
  }

  private func paragraph(_ text: String) -> [String] { wrap(text, 96).enumerated().map { ($0 == 0 ? "  " : "    ") + $1 } }

  private func percent(_ share: Double) -> String { "\((100 * share).figure(share < 0.0995 ? 2 : 3)) %" }
}
