// SPDX-License-Identifier: Apache-2.0
// Worst cases as text and as a picture.

import FmtLab

extension WorstReport {
  func print() {
    let inputs = range.map { "inputs up to \($0.shortDescription)" } ?? "all inputs"
    Output.print(wrap("worst |error| / A over \(inputs), A = sum |x y|: \(format) in \(accumulator), products \(product)", 100))
    let isExact = results.allSatisfy(\.isExact)
    var table = Table(["n", isExact ? "exact" : "attained", isExact ? "" : "at most", "max |error|", "tightest bound", ""], leftAligned: [5])
    for r in results {
      let isAttained = r.isExact && r.boundRatio.map { abs($0 / r.ratio - 1) <= 0x1p-40 } ?? false
      table.add([
        "\(r.n)", r.isExact ? r.fractionText : r.ratio.figure(6), r.isExact ? r.ratio.figure(6) : r.ratioAtMost.roundedUp(6),
        r.maxAbsError?.figure(7) ?? "-", r.boundRatio?.roundedUp(6) ?? "-", (r.bound ?? "none") + (isAttained ? ", attained" : ""),
      ])
    }
    Output.print(table.lines())
    Output.print(treatment)
    if let bound = results.first?.lastLevelBound {
      Output.print("  (chunks exactly; the errors of the last level are held by \(bound))")
    }
    if let growth {
      Output.print("as n grows the largest |error| tends to \(growth.errorPerTerm.figure(6)) n (\(growth.states) states)")
      if let sum = growth.swallowingSum, let term = growth.swallowedTerm {
        Output.print(wrap("  \(sum.figure(6)) can be reached and swallows \(term.figure(6)), so the worst ratio tends to 1 at least", 98))
      }
    }
    let last = results[results.count - 1]
    Output.print(last.ratio.isFinite ? "a witness at n = \(last.n):" : "inputs that overflow at n = \(last.n):")
    Output.print(wrap("x  " + WorstReport.runs(last.witness.x), 96).enumerated().map { ($0 == 0 ? "  " : "     ") + $1 })
    Output.print(wrap("y  " + WorstReport.runs(last.witness.y), 96).enumerated().map { ($0 == 0 ? "  " : "     ") + $1 })
    Output.print("  error \(last.error?.figure(7) ?? "unbounded"), A = \(last.magnitudes.figure(7))\(last.n > 1 ? "; 15*3 is 3, fifteen times (--json lists all)" : "")")
  }

  private var treatment: String {
    switch OverflowTreatment(rawValue: onOverflow)! {
    case .exclude: "  (inputs whose running sum overflows are left out)"
    case .saturate: "  (sums that overflow stay at the largest number)"
    case .absorb: "  (a sum that overflows is lost: its error has no bound)"
    }
  }

  /// Numbers with repetitions counted: 240, 15*0.5.
  static func runs(_ numbers: [Double]) -> String {
    var runs: [(number: Double, count: Int)] = []
    for x in numbers {
      if let last = runs.last, last.number == x { runs[runs.count - 1].count += 1 } else { runs.append((x, 1)) }
    }
    return runs.map { ($0.count == 1 ? "" : "\($0.count)*") + $0.number.shortDescription }.joined(separator: ", ")
  }

  // MARK: Picture

  var figure: Figure {
    func points(_ y: (WorstResult) -> Double?) -> [(x: Double, y: Double)] { results.compactMap { r in y(r).map { (Double(r.n), $0) } } }
    let isExact = results.allSatisfy(\.isExact)
    return Figure(
      title: "worst case of \(format) in \(accumulator), products \(product)", x: .init("n, terms of the dot product", .log2),
      y: .init("|error| / sum |x y|", .log10, to: 10),
      series: [
        Figure.Series(isExact ? "exact worst case" : "attained", points(\.ratio), .measured),
        Figure.Series("tightest bound", points(\.boundRatio), .bound),
      ] + (isExact ? [] : [Figure.Series("at most", points(\.ratioAtMost), .bound)]))
  }
}

extension WorstResult {
  /// The fraction, if it is short enough to read.
  fileprivate var fractionText: String { ratioFraction.count <= 24 ? ratioFraction : "-" }
}
