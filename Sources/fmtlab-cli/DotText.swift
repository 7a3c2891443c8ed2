// SPDX-License-Identifier: Apache-2.0
// Dot products as text for reading: a card for one, a table for several.

import FmtLab

struct DotText {
  private let title: String
  private let results: [DotResult]
  private let isTable: Bool

  init(_ accumulator: AccumulatorOptions, _ results: [DotResult], isTable: Bool) {
    let one = "dot product of n = \(results[0].n)"
    let count = isTable ? "\(results.count) dot product\(results.count == 1 ? "" : "s") of n = \(results[0].n)" : one
    title = "\(count), \(accumulator.format) in \(accumulator.acc), products \(accumulator.product)"
    (self.results, self.isTable) = (results, isTable)
  }

  func print() {
    Output.print(wrap(title, 100))
    isTable ? printTable() : printCard(results[0])
  }

  private func text(_ x: Double?, _ digits: Int = 6) -> String { x?.figure(digits) ?? "-" }

  private func printTable() {
    var table = Table(["row", "exact", "result", "ulps", "|error|/A", "A/|exact|", "bound/A", "tightest bound"], leftAligned: [7])
    for (i, r) in results.enumerated() {
      table.add([
        "\(i)", r.exact.figure(7), r.result.figure(7), text(r.ulps, 4), text(r.ratio, 4), text(r.condition, 4),
        r.bounds.first?.ratio?.roundedUp(4) ?? "-",
        r.bounds.first?.id ?? (r.overflow ? "overflow" : "-"),
      ])
    }
    Output.print(table.lines())
    Output.print("  (A = sum |x y|; --csv and --json print all digits and all bounds)")
  }

  private func printCard(_ r: DotResult) {
    Output.facts([
      ("exact", r.exactDecimal + (r.exactIsRounded ? "  (rounded to 40 digits)" : "")),
      ("result", "\(r.value.text())  (\(r.hex))"), ("error", r.errorText), ("ulps", text(r.ulps)),
      ("|error| / A", text(r.ratio) + "  with A = sum |x y|"), ("A / |exact|", r.conditionText + "  the condition number"),
      ("enclosure", r.enclosure.map { "[\($0[0].shortDescription), \($0[1].shortDescription)]  by rounding down, and up" } ?? "-"),
      ("swallowed", "\(r.swallowed) nonzero term\(r.swallowed == 1 ? "" : "s") left the accumulator unchanged"),
      ("overflow", r.overflow ? "yes" : "no"),
    ])
    if r.bounds.isEmpty {
      Output.print(r.overflow ? "no bound applies: a result overflowed or was not finite" : "no bound applies")
    } else {
      Output.print("bounds of |error|, rounded up, tightest first")
      var table = Table(["bound", "value", "value / A", "value / |error|"], leftAligned: [0])
      for bound in r.bounds {
        let slack = r.error.map { $0 == 0 ? "-" : (bound.value / abs($0)).significant(4) } ?? "-"
        let certainty = bound.confidence.map { ", \((100 * $0).figure(3)) %\(bound.kind == "probabilistic" ? " in a model" : "")" } ?? ""
        table.add([bound.id + certainty, bound.value.roundedUp(6), bound.ratio?.roundedUp(6) ?? "-", slack])
      }
      Output.print(table.lines())
    }
    guard !r.overflow else { return }
    for other in r.inapplicable {
      let lines = wrap("\(other.id) does not apply: \(other.reasons[0])", 96)
      Output.print(lines.enumerated().map { ($0 == 0 ? "  " : "    ") + $1 })
    }
  }
}
