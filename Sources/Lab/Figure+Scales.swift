// SPDX-License-Identifier: Apache-2.0
// The two pictures of data in a format: magnitudes against its range, and errors against the scale.

public import Formats

extension Figure {
  /// Bars of a histogram of magnitudes, in percent of all numbers, and the range over them of a format whose 1 stands for `unit`;
  /// `tally` says how many numbers left that range.
  public static func magnitudes(
    _ histogram: MagnitudeHistogram, in format: Format, unit: Double = 1, tally: QuantizationTally, title: String
  ) -> Figure {
    let binades = histogram.binades ?? 0...0
    func percent(_ count: Int) -> Double { 100 * Double(count) / Double(max(histogram.count, 1)) }
    func share(_ count: Int) -> String { percent(count).threeDigits + " %" }
    func power(_ e: Int) -> Double { Value.finite(.power(min(max(e, -1074), 1023))).double }
    let bars = binades.map { (power($0), percent(histogram.count(in: $0))) }
    let top = 1.05 * (histogram.nonzero > 0 ? bars.map(\.1).max()! : 1)
    func scaled(_ x: Dyadic) -> Double { Value.finite(x).double * unit }
    let (smallest, largest) = (scaled(format.minPositive), scaled(format.maxFinite))
    // A binade of room on both sides, of the data and of the range, as far as gnuplot's axes go.
    let left = max(min(power(binades.lowerBound - 1), smallest / 2), 0x1p-1022)
    let right = min(max(power(binades.upperBound + 2), largest * 2), 0x1p1022)

    func rule(_ name: String, _ x: Dyadic?) -> Series? {
      x.map { Series("\(name) \($0.label)\(unit == 1 ? "" : " S")", [(scaled($0), 0), (scaled($0), top)], .rule) }
    }
    let isNormalFirst = format.minSubnormal == nil
    return Figure(
      title: title, x: Axis(unit == 1 ? "|x|" : "|x|, S = \(unit.threeDigits)", .powersOfTwo, from: left, to: right),
      y: Axis("numbers in a binade, %", from: 0, to: top),
      series: [
        Series("become zero: \(share(tally.underflowed))", [(left, top), (smallest, top)], .range),
        Series("saturate: \(share(tally.saturated))", [(largest, top), (right, top)], .range),
        Series("\(histogram.count) numbers; zeros: \(share(histogram.zeros))", bars, .bars),
        rule("\(format) smallest", isNormalFirst ? format.minPositive : format.minSubnormal),
        isNormalFirst ? nil : rule("smallest normal", format.minNormal),
        rule("largest", format.maxFinite),
      ].compactMap { $0 })
  }

  /// Signal over noise against the scale, with the best scale of each scan.
  public static func signalToNoise(_ scans: [ScaleScan], title: String) -> Figure {
    curves(scans, title, Axis("signal / noise, dB", from: 0), \.signalToNoise) { $0.threeDigits + " dB" }
  }

  private static func curves(
    _ scans: [ScaleScan], _ title: String, _ y: Axis, _ value: (ScaleScan.Point) -> Double, _ text: (Double) -> String
  ) -> Figure {
    let series = scans.flatMap { scan in
      let (best, sampled) = (scan.best, scan.stride > 1 ? ", 1 in \(scan.stride) numbers" : "")
      return [
        Series("\(scan.format) \(scan.rounding)\(sampled)", scan.points.map { ($0.scale, value($0)) }, .curve),
        Series("\(scan.format) best at \(best.scale.threeDigits): \(text(value(best)))", [(best.scale, value(best))], .ring),
      ]
    }
    return Figure(title: title, x: Axis("scale", .powersOfTwo), y: y, series: series)
  }
}

extension Dyadic {
  /// 2^-9 or 448.
  fileprivate var label: String {
    significand == 1 && abs(exponent) > 3 ? "2^\(exponent)" : Value.finite(self).double.significant(6).trimmed
  }
}

extension String {
  /// Without zeros at the end of a fraction.
  fileprivate var trimmed: String {
    guard contains("."), !contains("e") else { return self }
    let digits = reversed().drop { $0 == "0" }
    return String((digits.first == "." ? digits.dropFirst() : digits).reversed())
  }
}
