// SPDX-License-Identifier: Apache-2.0
// Counts, ranges and classes against plain counting.

import Formats
import TestSupport
import Testing

@Suite struct CountTests {
  @Test(arguments: FormatLists.exhaustive)
  func countsAreWhatCountingGives(_ format: Format) {
    var (nan, finite, infinite, negativeZero) = (0, 0, 0, 0)
    for code in format.codes {
      switch format.decode(Format.Code(code)) {
      case .nan: nan += 1
      case .infinity: infinite += 1
      case .negativeZero: (finite, negativeZero) = (finite + 1, negativeZero + 1)
      case .finite: finite += 1
      }
    }
    #expect(format.nanCodeCount == UInt128(nan))
    #expect(format.hasNaN == (nan > 0))
    #expect(format.finiteCodeCount == UInt128(finite))
    #expect(format.hasInfinity == (infinite > 0))
    #expect(format.hasNegativeZero == (negativeZero > 0))
    #expect(format.finiteValueCount == UInt128(BracketOracle(format).values.count))
  }

  @Test(arguments: FormatLists.exhaustive)
  func rangeIsThatOfTheSortedValues(_ format: Format) throws {
    let values = BracketOracle(format).values
    #expect(format.minFinite == values.first)
    #expect(format.maxFinite == values.last)
    // `e1m0` has no positive number: its spacing takes the place of one.
    #expect(format.minPositive == values.first { $0 > 0 } ?? .power(format.quantumExponent))
    let quantum = values.filter { !$0.isZero }.map(\.exponent).min()
    #expect(format.quantumExponent == quantum ?? 1)
    guard format.isFloating else {
      #expect(format.minNormal == nil && format.minSubnormal == nil && format.emin == nil && format.emax == nil)
      return
    }
    let emin = try #require(format.emin)
    #expect(format.emax == values.last { !$0.isZero }?.floorLog2)
    #expect(format.minNormal == values.first { $0 >= .power(emin) })
    #expect(format.minSubnormal == values.first { $0 > 0 && $0 < .power(emin) })
  }

  @Test(arguments: FormatLists.exhaustive)
  func classesFollowTheSmallestNormalNumber(_ format: Format) {
    for code in format.codes {
      let value = format.decode(Format.Code(code))
      let expected: Format.Class
      switch value {
      case .nan: expected = .nan
      case .infinity: expected = .infinity
      case .negativeZero: expected = .zero
      case .finite(let x):
        let isBelow = format.emin.map { x.magnitude < .power($0) } ?? false
        expected = x.isZero ? .zero : isBelow ? .subnormal : .normal
      }
      guard format.classify(value) == expected else {
        Issue.record("\(value) of \(format) is called \(format.classify(value)): fmtlab values \(format)")
        return
      }
    }
  }

  @Test func finiteInfiniteAndNaNCodesAreAllCodes() throws {
    for x in 1...15 {
      for y in 0...112 {
        for suffix in ["", "u", "fn", "fnu", "fnuz", ":nosub", "fn:nosub"] {
          guard let format = try? Format("e\(x)m\(y)\(suffix)") else { continue }
          let infinite: UInt128 = format.hasInfinity ? (format.isSigned ? 2 : 1) : 0
          let all: UInt128 = format.width == 128 ? 0 : 1 << UInt128(format.width)
          guard format.finiteCodeCount &+ format.nanCodeCount &+ infinite == all, format.finiteValueCount <= format.finiteCodeCount else {
            Issue.record("the counts of \(format) do not add up: fmtlab info \(format)")
            return
          }
        }
      }
    }
  }

  /// The tables of theory.md 0.2: p, emin, η, Ω, distinct finite magnitudes.
  @Test(arguments: [
    ("e2m1fn", 2, 0, -1, 6.0, 8), ("e2m3fn", 4, 0, -3, 7.5, 32), ("e3m2fn", 3, -2, -4, 28, 32), ("e4m3fn", 4, -6, -9, 448, 127),
    ("e5m2", 3, -14, -16, 57344, 124), ("e3m4fn", 5, -2, -6, 30, 127), ("bf16", 8, -126, -133, 0x1.fep127, 0x7f80),
    ("fp16", 11, -14, -24, 65504, 0x7c00), ("tf32", 11, -126, -136, 0x1.ffcp127, 0x3fc00), ("fp32", 24, -126, -149, 0x1.fffffep127, 0x7f80_0000),
    ("e4m3", 4, -6, -9, 240, 120), ("e4m3fnuz", 4, -7, -10, 240, 128), ("e5m2fnuz", 3, -15, -17, 57344, 128),
    ("e4m3b11fnuz", 4, -10, -13, 30, 128),
  ])
  func parametersAreThoseOfTheField(_ name: String, _ p: Int, _ emin: Int, _ eta: Int, _ max: Double, _ count: Int) throws {
    let format = try Format(name)
    #expect(format.precision == p)
    #expect(format.unitRoundoff == .power(-p))
    #expect(format.ulpOfOne == .power(1 - p))
    #expect(format.emin == emin)
    #expect(format.minSubnormal == .power(eta))
    #expect(format.maxFinite == Dyadic(max))
    #expect(format.finiteValueCount == UInt128(2 * count - 1))
  }
}
