// SPDX-License-Identifier: Apache-2.0
// Laws of errors as text and as a picture.

import FmtLab

extension DistributionReport {
  func print() {
    Output.print(wrap("error of sums of n independent products: \(format) in \(accumulator), products \(product)", 100))
    let factor = scale == 1 ? "" : ", times \(scale.shortDescription)"
    Output.print(wrap("data \(data): \(note)\(factor), rounded to \(format); exact probabilities, no sampling", 98).map { "  " + $0 })
    let isExact = results.allSatisfy { $0.lastLevelBound == nil }
    var table = Table(["n", "mean", "rms", isExact ? "" : "+-", "rms/A", "retained", "overflow", "swallowed", "change"])
    for r in results {
      table.add([
        "\(r.n)", abs(r.mean) < 1e-13 * r.rms ? "0" : r.mean.significant(6), r.rms.significant(7), isExact ? "" : r.uncertainty.roundedUp(2),
        r.ratioRms?.threeDigits ?? "-", r.varianceRetention?.significant(5) ?? "-", DistributionReport.percent(r.overflow),
        r.stagnated.map(DistributionReport.percent) ?? "-", r.change?.significant(2) ?? "-",
      ])
    }
    Output.print(table.lines())
    switch OverflowTreatment(rawValue: onOverflow)! {
    case .saturate: Output.print("  (sums that overflow stay at the largest number)")
    case .exclude, .absorb: Output.print("  (mean and rms are those of sums that do not overflow)")
    }
    if let bound = results.first?.lastLevelBound {
      Output.print("  (chunks exactly; +-: what the errors of the last level, held by \(bound), can change)")
    }
    histogram?.print()
  }

  static func percent(_ share: Double) -> String { share == 0 ? "0 %" : "\((100 * share).figure(3)) %" }
}

extension HistogramResult {
  func print() {
    let width = blur == 0 ? "exactly" : "in bins of \(binWidth.figure(3)), blurred by noise of rms \(blur.figure(2)) at most"
    Output.print("law of the error at n = \(n), \(width): \(errors.count) values")
    var table = Table(["P(error <= e)"] + HistogramResult.shares.map(\.name))
    table.add(["e"] + HistogramResult.shares.map { quantiles[$0.name]!.threeDigits })
    Output.print(table.lines())
    if omitted > 1e-11 { Output.print("  (sums that overflow are left out: probability \(omitted.figure(3)))") }
  }

  /// The histogram, and beside it that of a sample in bins as wide as an eightieth of its range.
  func figure(_ title: String, sample: [Double]) -> Figure {
    let (low, high) = (quantiles["0.001"]!, quantiles["0.999"]!)
    // Bins for the eye: the same for both, whole multiples of the exact ones.
    let width = max(binWidth, ((high - low) / 80 / binWidth).rounded(.up) * binWidth)
    func density(_ numbers: [(error: Double, weight: Double)]) -> [(x: Double, y: Double)] {
      var bins: [Int: Double] = [:]
      for (error, weight) in numbers { bins[Int((error / width).rounded()), default: 0] += weight }
      return bins.sorted { $0.key < $1.key }.map { (Double($0.key) * width, $0.value / width) }
    }
    let share = 1 / Double(sample.count)
    // (A single error is no range.)
    let ends = low < high ? (1.5 * low - 0.5 * high, 1.5 * high - 0.5 * low) : (low - width, high + width)
    return Figure(
      title: title, x: .init("error, computed - exact", from: ends.0, to: ends.1), y: .init("probability density", .log10),
      series: [
        Figure.Series("exact\(blur == 0 ? "" : ", blurred by \(blur.figure(2))")", density(Array(zip(errors, probabilities))), .curve),
        Figure.Series("\(sample.count) sums, Monte Carlo", density(sample.map { ($0, share) }), .dots),
      ])
  }
}
