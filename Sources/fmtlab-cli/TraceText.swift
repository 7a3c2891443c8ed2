// SPDX-License-Identifier: Apache-2.0
// The steps of a dot product as text.

import FmtLab

struct TraceText {
  /// Steps that are shown at either end of a long sum.
  private static let shown = 24

  private let trace: Trace

  init(_ trace: Trace) { self.trace = trace }

  func print() {
    let rows = trace.steps
    let isLong = rows.count > 2 * TraceText.shown
    let chosen = isLong ? rows.prefix(TraceText.shown) + rows.suffix(TraceText.shown) : rows[...]
    var table = Table(["step", "in", "before", "term", "exact sum", "rounded", "ulps", "error so far", ""], leftAligned: [1, 8])
    for row in chosen {
      table.add([
        "\(row.number)", row.kind == .product ? "product" : "\(row.accumulator.format)", row.kind == .product ? "" : figure(row.before.double),
        figure(row.term.double), figure(row.exact), figure(row.rounded.double), row.ulps.map { $0.figure(3) } ?? "-",
        row.error.map { $0.figure(4) } ?? "-", row.mark?.rawValue ?? "",
      ])
    }
    var lines = table.lines()
    if isLong { lines.insert("  ... \(rows.count - 2 * TraceText.shown) more steps (--csv prints all) ...", at: 1 + TraceText.shown) }
    Output.print(lines)
    let marks = [Trace.Mark.swallowed, .cancelled, .saturated, .overflowed].compactMap { mark -> String? in
      let count = rows.count { $0.mark == mark }
      return count == 0 ? nil : "\(count) \(mark.rawValue)"
    }
    Output.print("\(rows.count) step\(rows.count == 1 ? "" : "s")\(marks.isEmpty ? "" : ": " + marks.joined(separator: ", "))")
    if let step = trace.lostFrom {
      Output.print("from step \(step) on no digit of the result is correct: the error so far exceeds half the exact result")
    }
    Output.print("")
  }

  private func figure(_ x: Double) -> String { x.figure(6) }
}
