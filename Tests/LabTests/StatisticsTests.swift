// SPDX-License-Identifier: Apache-2.0
// Summaries, number formatting, tables, distributions and the embedded data.

import Formats
import Foundation
import Lab
import Testing

@Suite struct StatisticsTests {
  @Test func spreadOfAKnownSample() {
    let spread = Spread(signed: (1...200).map { $0 % 2 == 0 ? Double($0) : -Double($0) })
    #expect(spread.max == 200 && spread.p99 == 198 && spread.mean == 0.5)
    #expect(abs(spread.rms - (Double(200 * 201 * 401) / 6 / 200).squareRoot()) < 1e-12)
    #expect(Spread(signed: [-3]).p99 == 3 && Spread(signed: []).max.isNaN)
  }

  @Test func significantDigitsAreRoundedAndPlaced() {
    let cases: [(Double, Int, String)] = [
      (0.0123456, 3, "0.0123"), (1.5, 3, "1.50"), (0.00099999, 3, "0.00100"), (12345.6, 3, "12300"), (1e6, 3, "1.00e+06"), (-0.25, 2, "-0.25"),
      (0, 3, "0"), (.infinity, 3, "inf"), (-.infinity, 3, "-inf"), (.nan, 3, "nan"), (9.995, 3, "9.99"), (99.96, 3, "100"), (0x1p-1074, 2, "4.9e-324"),
      (0.001, 3, "0.00100"),
    ]
    for (x, digits, text) in cases { #expect(x.significant(digits) == text, "\(x)") }
  }

  @Test func tablesAlignTheirColumns() {
    var table = Table(["name", "n"], leftAligned: [0])
    table.add(["a", "1024"])
    table.add(["längere", "7"])
    #expect(table.lines() == ["  name        n", "  a        1024", "  längere     7"])
  }

  @Test func digitsAreTheKnownSet() {
    #expect(Digits.images.count == 1797 && Digits.labels.count == 1797 && Digits.images.allSatisfy { $0.count == 64 })
    #expect(Digits.images.joined().allSatisfy { (0...16).contains($0) && $0 == $0.rounded() })
    // The sum of all pixels, and the counts of the ten digits, of the published file.
    #expect(Digits.images.joined().reduce(0, +) == 561718)
    #expect((0..<10).map { c in Digits.labels.count { $0 == c } } == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    #expect(Digits.weights.count == 10 && Digits.weights.allSatisfy { $0.count == 64 })
    let correct = zip(Digits.images, Digits.labels).count { Digits.classify($0) == $1 }
    #expect(correct == 1796)
  }
}
