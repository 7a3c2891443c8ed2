// SPDX-License-Identifier: Apache-2.0
// The numbers of a format on lines, each the left end of the one below it, magnified.

public import Formats

extension Figure {
  /// Formats of more bits have too many numbers for a line.
  public static let widestNumberLine = 10

  /// The positive numbers of a format as strokes: from 0 to the largest, then from 0 to a power of two less, and so on until a line has few.
  ///
  /// - Precondition: at most ``widestNumberLine`` bits.
  public static func numberLine(_ format: Format) -> Figure {
    precondition(format.width <= widestNumberLine, "too many numbers for a line")
    let numbers = Set(format.codes.compactMap { format.decode(Format.Code($0)).dyadic }).filter { $0 > .zero }.sorted()
    guard let least = numbers.first, let largest = numbers.last else {
      return Figure(title: "\(format) has no positive number", x: Axis(""), y: Axis(""), series: [])
    }
    func double(_ x: Dyadic) -> Double { Value.finite(x).double }
    let range = double(largest) / double(least)
    // At most seven lines, the last with the four smallest numbers or more.
    let step = max(2, (range.exponentOfTwo - 2 + 5) / 6)
    var ends = [double(largest)]
    while ends.count < 7, let end = ends.last, end / double(.power(step)) >= 2 * double(least) { ends.append(end / double(.power(step))) }
    let leastNormal = format.minNormal.map(double) ?? 0
    func strokes(_ isAsked: (Double) -> Bool) -> [(Double, Double)] {
      ends.enumerated().flatMap { line, end in numbers.map(double).filter { $0 <= end && isAsked($0) }.map { ($0 / end, Double(line)) } }
    }
    return Figure(
      title: "the \(numbers.count) positive numbers of \(format): each line is the first \(ordinal(1 << step)) of the one below",
      x: Axis("place on the line, in parts of its length", from: 0, to: 1.01), y: Axis("", .categories(ends.map { "0 to \($0.significant(4))" })),
      series: [Series("normal numbers", strokes { $0 >= leastNormal }, .ticks(isLight: false)), Series("subnormal numbers", strokes { $0 < leastNormal }, .ticks(isLight: true))])
  }
}

/// 4th, 8th.
private func ordinal(_ power: Int) -> String { "\(power)\(power % 10 == 2 && power % 100 != 12 ? "nd" : "th")" }

extension Double {
  /// ⌊log₂ x⌋.
  fileprivate var exponentOfTwo: Int { Int(exponent) }
}
