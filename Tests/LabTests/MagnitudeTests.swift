// SPDX-License-Identifier: Apache-2.0
// Histograms of magnitudes, and their picture.

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
  }

  @Test func figureMarksTheRangeOfTheFormat() throws {
    let x = [0.0005, 0.25, 1, 1.5, 300, 0]
    let tally = try BlockQuantizer(ScaledFormat("fixed(e4m3,1)")).quantize(x).tally
    let figure = Figure.magnitudes(MagnitudeHistogram(x), in: try Format("e4m3"), tally: tally, title: "")
    let shares = ["become zero: 16.7 %", "saturate: 16.7 %", "6 numbers; zeros: 16.7 %"]
    #expect(figure.series.map(\.name) == shares + ["e4m3 smallest 2^-9", "smallest normal 2^-6", "largest 240"])
    #expect(figure.series[3...].map { $0.points[0].x } == [0x1p-9, 0x1p-6, 240])
    #expect(figure.series[2].points.first { $0.x == 1 }?.y == 100.0 / 3)
    // No axis ends at 0 or at infinity, whatever the format.
    let wide = Figure.magnitudes(MagnitudeHistogram([0x1p-1074, 0x1p1023]), in: try Format("e15m112"), tally: QuantizationTally(), title: "")
    #expect(wide.x.lower == 0x1p-1022 && wide.x.upper == 0x1p1022)
  }
}
