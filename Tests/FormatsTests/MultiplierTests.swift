// SPDX-License-Identifier: Apache-2.0
// The variants of multipliers against the published table of what their codes mean.

import Formats
import TestSupport
import Testing

@Suite struct MultiplierTests {
  private static let (infinity, nan) = (Double.infinity, Double.nan)

  /// Fractions 0, 1, 2, 3 under the top exponent and under exponent 0.
  @Test(arguments: [
    ("e5m2", 1...3, [infinity, nan, nan, nan], [0, 1, 2, 3].map { $0 * 0x1p-16 }),
    ("e5m2", 4...4, [65536, 81920, 98304, infinity], [0, 1, 2, 3].map { $0 * 0x1p-16 }),
    ("e5m2", 5...5, [65536, 81920, 98304, infinity], [0, 5, 6, 7].map { $0 * 0x1p-17 }),
    ("e5m2", 6...6, [65536, 81920, 98304, infinity], [0, 0, 0, 0]),
    ("e4m2", 1...3, [infinity, nan, nan, nan], [0, 1, 2, 3].map { $0 * 0x1p-8 }),
    ("e4m2", 4...4, [256, 320, 384, infinity], [0, 1, 2, 3].map { $0 * 0x1p-8 }),
    ("e4m2", 5...5, [256, 320, 384, infinity], [0, 5, 6, 7].map { $0 * 0x1p-9 }), ("e4m2", 6...6, [256, 320, 384, infinity], [0, 0, 0, 0]),
  ])
  func codesMeanWhatTheTableSays(_ base: String, _ variants: ClosedRange<Int>, _ top: [Double], _ zero: [Double]) throws {
    let plain = try Format(base)
    for i in variants {
      let format = try Format("\(base):cfg\(i)")
      #expect(format.name == "\(base):cfg\(i)" && format.multiplier == Format.Multiplier(rawValue: i) && format.width == plain.width)
      let sign = Format.Code(1) << Format.Code(plain.width - 1)
      for code in 0..<sign {
        let expected = code < 4 ? Value(zero[Int(code)]) : code >= sign - 4 ? Value(top[Int(code & 3)]) : plain.decode(code)
        #expect(format.decode(code) == expected, "code \(code): fmtlab values \(format)")
        #expect(format.decode(code | sign) == (expected == .nan ? .nan : -expected), "code \(code | sign): fmtlab values \(format)")
      }
    }
  }

  @Test func theTablesDecimalsAreTheseNumbers() throws {
    let (four, five) = (try Format("e5m2:cfg4"), try Format("e5m2:cfg5"))
    for (code, fourth, fifth) in [(Format.Code(1), 1.53e-5, 3.81e-5), (2, 3.05e-5, 4.58e-5), (3, 4.58e-5, 5.34e-5)] {
      #expect(abs(four.decode(code).double - fourth) < 5e-8 && abs(five.decode(code).double - fifth) < 5e-8)
    }
  }

  @Test(arguments: ["e5m2:cfg0", "e5m2:cfg7", "e5m2:cfg16", "e5m2:cfg", "e1m2:cfg4", "e5m0:cfg5"])
  func otherVariantsAreRefused(_ name: String) {
    #expect(throws: FormatError.self) { try Format(name) }
  }

  @Test(arguments: ["e5m2fn:cfg5", "e5m2u:cfg5", "e5m2:nosub:cfg5", "e5m2:cfg5:nosub", "q4.4:cfg1", "k8p4se:cfg1"])
  func variantsAreOfIEEEStyleFormatsOnly(_ name: String) {
    let error = #expect(throws: FormatError.self) { try Format(name) }
    guard case .unknownFormat = error else {
      Issue.record("\(name) gives \(String(describing: error))")
      return
    }
  }

  /// The smallest number of e5m2:cfg5 is 1.25 2^-15; no code lies between it and 0, so the middle is 0.625 2^-15, next to the even code 0.
  @Test(arguments: [
    (Rounding.nearestEven, [0, 0, 1, 1.0]), (.nearestAway, [0, 1, 1, 1]), (.nearestZero, [0, 0, 1, 1]), (.towardZero, [0, 0, 0, 0]),
    (.up, [1, 1, 1, 1]), (.down, [0, 0, 0, 0]), (.toOdd, [1, 1, 1, 1]),
  ])
  func belowTheSmallestNumberOfCFG5LiesOnlyZero(_ mode: Rounding, _ expected: [Double]) throws {
    let rounder = try Rounder(to: try Format("e5m2:cfg5"), mode)
    let mirrored = try Rounder(to: try Format("e5m2:cfg5"), mode == .up ? .down : mode == .down ? .up : mode)
    for (x, result) in zip([0x1p-40, 0.625 * 0x1p-15, 0.625 * 0x1p-15 + 0x1p-60, 1.25 * 0x1p-15 - 0x1p-60], expected) {
      #expect(rounder.round(Value(x)) == Rounded(Value(result * 1.25 * 0x1p-15), [.inexact, .underflow]), "\(mode) of \(x)")
      #expect(mirrored.round(Value(-x)) == Rounded(Value(-result * 1.25 * 0x1p-15), [.inexact, .underflow]), "\(mode) of -\(x)")
    }
    #expect(rounder.round(Value(1.25 * 0x1p-15)) == Rounded(Value(1.25 * 0x1p-15)))
    // From there on the spacing is a quarter of the binade's power of two: 1.375 lies in the middle of codes 1 and 2.
    let middle = rounder.round(Value(1.375 * 0x1p-15)).value.double * 0x1p15
    let isUp = mode == .nearestEven || mode == .nearestAway || mode == .up
    #expect(middle == (isUp ? 1.5 : 1.25))
  }

  @Test func largestNumbersOfCFG4AreRoundedBeforeTheyOverflow() throws {
    let rounder = try Rounder(to: try Format("e5m2:cfg4"))
    #expect(rounder(106_496) == 98_304)
    #expect(rounder(106_496.001) == .infinity && rounder(-106_497) == -.infinity)
    #expect(rounder.round(Value.nan) == Rounded(.nan, [.invalid]))
    #expect(try Rounder(to: try Format("e5m2:cfg6"), overflow: .saturate)(1e9) == 98_304)
    #expect(try Rounder(to: try Format("e5m2:cfg6"))(0x1p-15) == 0)
    #expect(try Rounder(to: try Format("e5m2:cfg6"))(0x1.8p-15) == 0x1p-14)
  }
}
