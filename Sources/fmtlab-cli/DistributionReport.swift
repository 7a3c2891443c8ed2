// SPDX-License-Identifier: Apache-2.0
// Laws of errors as results: moments, histograms; text, rows and a picture.

import FmtLab

/// The moments at one length.
struct DistributionResult: Encodable {
  let n: Int
  let mean: Double
  let rms: Double
  /// What the last level, where it is too wide for an automaton, can change of mean and rms; 0 where they are exact.
  let uncertainty: Double
  let meanMagnitudes: Double
  /// Null where all terms are 0.
  @Nullable var ratioRms: Double?
  let overflow: Double
  @Nullable var stagnated: Double?
  @Nullable var varianceRetention: Double?
  @Nullable var change: Double?
  @Nullable var lastLevelBound: String?

  init(_ moments: ErrorMoments) {
    (n, mean, rms, uncertainty, meanMagnitudes) = (moments.n, moments.mean, moments.rms, 0, moments.meanMagnitudes)
    overflow = moments.overflow
    ratioRms = moments.meanMagnitudes == 0 ? nil : moments.rms / moments.meanMagnitudes
    (stagnated, varianceRetention, change) = (moments.stagnated, moments.varianceRetention.isFinite ? moments.varianceRetention : nil, moments.change)
  }

  init(_ n: Int, _ moments: WideLastLevel.Moments) {
    (self.n, mean, rms, uncertainty, meanMagnitudes) = (n, moments.mean, moments.rms, moments.uncertainty, moments.meanMagnitudes)
    (overflow, lastLevelBound) = (moments.overflow, moments.lastLevel)
    ratioRms = moments.meanMagnitudes == 0 ? nil : moments.rms / moments.meanMagnitudes
  }

  static let columns = [
    "n", "mean", "rms", "uncertainty", "mean_magnitudes", "ratio_rms", "overflow", "stagnated", "variance_retention", "change",
  ]

  var fields: [String] {
    ["\(n)"] + [mean, rms, uncertainty, meanMagnitudes].map(\.shortDescription) + [ratioRms, overflow].map { $0?.shortDescription ?? "" }
      + [stagnated, varianceRetention, change].map { $0?.shortDescription ?? "" }
  }
}

/// The document `fmtlab.distribution/1`.
struct DistributionReport: Encodable {
  let schema = "fmtlab.distribution/1"
  let format, accumulator, product, data, note: String
  let scale: Double
  let onOverflow: String
  let results: [DistributionResult]
  /// Of the last length, where it was asked for.
  @Nullable var histogram: HistogramResult?
  let seed: UInt64

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

/// The law of the error at one length.
struct HistogramResult: Codable, Hashable {
  let n: Int
  let binWidth: Double
  /// The rms, at most, of the noise of mean 0 that bins add to the errors; 0 where the histogram is exact.
  let blur: Double
  let omitted: Double
  let errors: [Double]
  let probabilities: [Double]
  let quantiles: [String: Double]

  private static let shares: [(name: String, p: Double)] = [
    ("0.001", 0.001), ("0.01", 0.01), ("0.05", 0.05), ("0.25", 0.25), ("0.5", 0.5), ("0.75", 0.75), ("0.95", 0.95), ("0.99", 0.99), ("0.999", 0.999),
  ]

  init(_ histogram: ErrorHistogram) {
    (n, binWidth, blur, omitted) = (
      histogram.n, Value.finite(histogram.binWidth).double, histogram.blur, histogram.omitted
    )
    let kept = histogram.probabilities.indices.filter { histogram.probabilities[$0] > 0 }
    let errors = histogram.errors
    (self.errors, probabilities) = (kept.map { errors[$0] }, kept.map { histogram.probabilities[$0] })
    quantiles = Dictionary(uniqueKeysWithValues: HistogramResult.shares.map { ($0.name, histogram.quantile($0.p)) })
  }

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
    return Figure(
      title: title, x: .init("error, computed - exact", from: 1.5 * low - 0.5 * high, to: 1.5 * high - 0.5 * low), y: .init("probability density", .log10),
      series: [
        Figure.Series("exact\(blur == 0 ? "" : ", blurred by \(blur.figure(2))")", density(Array(zip(errors, probabilities))), .curve),
        Figure.Series("\(sample.count) sums, Monte Carlo", density(sample.map { ($0, share) }), .dots),
      ])
  }
}
