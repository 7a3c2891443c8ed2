// SPDX-License-Identifier: Apache-2.0
// Histograms of magnitudes and the use of a format's range, against exact comparison.

import Formats
import Lab
import Testing

@Suite struct MagnitudeTests {
  /// Bit patterns of every kind, and the ends of every binade kind.
  private let data: [Double] = {
    let stream = RandomStream(seed: 1, "magnitudes")
    let random = (0..<4000).map { Double(bitPattern: stream.bits(at: $0)) }
    let tiny = (0..<400).map { Double(bitPattern: stream.bits(at: $0, word: 1) >> (12 + $0 % 52)) }
    let near = (0..<4000).map { (stream.uniform(at: $0, word: 2) - 0.5) * Double(1 << ($0 % 20)) / 512 }
    let special = [0, -0.0, .infinity, -.infinity, .nan, 0x1p-1074, 0x1p-1022, -0x1p-1022, (0x1p-1022).nextDown, 1, -2]
    return random + tiny + near + special
  }()

  @Test func everyNumberIsCountedInItsBinade() {
    var counts: [Int: Int] = [:]
    for x in data { if let number = Dyadic(x), !number.isZero { counts[number.floorLog2, default: 0] += 1 } }
    let histogram = MagnitudeHistogram(data)
    for binade in -1100...1100 where histogram.count(in: binade) != counts[binade, default: 0] {
      Issue.record("binade \(binade): \(histogram.count(in: binade)), not \(counts[binade, default: 0])")
      return
    }
    #expect(histogram.zeros == data.count { $0 == 0 } && histogram.nonFinite == data.count { !$0.isFinite })
    #expect(histogram.binades == counts.keys.min()!...counts.keys.max()! && histogram.count == data.count)
    #expect(MagnitudeHistogram().binades == nil && MagnitudeHistogram([0]).count == 1)
  }

  @Test func partsMergeIntoTheWhole() throws {
    var histogram = MagnitudeHistogram(Array(data[..<1234]))
    histogram.merge(MagnitudeHistogram(Array(data[1234...])))
    #expect(histogram == MagnitudeHistogram(data))
    let format = try Format("e4m3fn")
    var use = RangeUse(Array(data[..<1234]), in: format)
    use.merge(RangeUse(Array(data[1234...]), in: format))
    #expect(use == RangeUse(data, in: format))
  }

  @Test(arguments: ["e4m3", "e4m3fn", "e2m1fn", "bf16", "fp16", "fp64", "e15m112", "q4.4", "q8.0", "uq4.4", "e8m0fnu", "e4m3:nosub", "e3m2b9"])
  func rangeUseComparesExactly(_ name: String) throws {
    let format = try Format(name)
    let limits = [format.minPositive, format.minNormal, format.maxFinite, format.minFinite].compactMap { $0 }
    var ends = limits.map { Value.finite($0).double }
    ends += ends.flatMap { [$0.nextUp, $0.nextDown, -$0] }
    let values = data + ends
    // In the order of the cases: zeros, below, subnormal, normal, above, NaN.
    var expected = [Int](repeating: 0, count: 6)
    for x in values {
      let number = Dyadic(x)
      let place =
        if x.isNaN { 5 } else if x == 0 { 0 } else if x.isInfinite { 4 } else if number! > format.maxFinite { 4 }
        else if number!.isNegative && number! < format.minFinite { 4 } else if number!.magnitude < format.minPositive { 1 }
        else if format.isFloating && number!.magnitude < format.minNormal! { 2 } else { 3 }
      expected[place] += 1
    }
    let use = RangeUse(values, in: format)
    #expect([use.zeros, use.below, use.subnormal, use.normal, use.above, use.nan] == expected && use.count == values.count)
  }

  @Test func figureMarksTheRangeOfTheFormat() throws {
    let x = [0.001, 0.25, 1, 1.5, 300, 0]
    let figure = Figure.magnitudes(MagnitudeHistogram(x), in: RangeUse(x, in: try Format("e4m3")), title: "")
    let shares = ["below the range: 16.7 %", "beyond it: 16.7 %", "6 numbers; zeros: 16.7 %"]
    #expect(figure.series.map(\.name) == shares + ["e4m3 smallest 2^-9", "smallest normal 2^-6", "largest 240"])
    #expect(figure.series[3...].map { $0.points[0].x } == [0x1p-9, 0x1p-6, 240])
    #expect(figure.series[2].points.first { $0.x == 1 }?.y == 100.0 / 3)
    // No axis ends at 0 or at infinity, whatever the format.
    let wide = Figure.magnitudes(MagnitudeHistogram([0x1p-1074, 0x1p1023]), in: RangeUse(in: try Format("e15m112")), title: "")
    #expect(wide.x.lower == 0x1p-1022 && wide.x.upper == 0x1p1022)
  }
}
