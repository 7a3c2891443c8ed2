// SPDX-License-Identifier: Apache-2.0
// The standard model of rounding errors, with its constants attained (theory T1.1, T1.2, T1.3, T1.7).

import Formats
import TestSupport
import Testing

@Suite struct ErrorModelTests {
  static let formats = ["e4m3", "e4m3fn", "e5m2", "e3m4", "e2m3fn", "e3m2fn", "e4m3fnuz"].map(format)

  /// Numbers of 16 bits around the range of a format, and the exact result of rounding them.
  private func forEachNumber(_ format: Format, _ mode: Rounding, _ body: (_ x: Dyadic, _ rounded: Dyadic) -> Bool) throws {
    let rounder = try Rounder(to: format, mode, overflow: .saturate)
    for code in Format.fp16.codes {
      guard let x = Format.fp16.decode(Format.Code(code)).dyadic, !x.isZero, x.magnitude <= format.maxFinite else { continue }
      guard let y = rounder.round(Unrounded(x)).value.dyadic, body(x, y) else {
        Issue.record("\(Repro.round(rounder, x.hexDescription))")
        return
      }
    }
  }

  @Test(arguments: formats)
  func relativeErrorToNearestIsAtMostUOverOnePlusUAndAttainsIt(_ format: Format) throws {
    // u/(1+u) = 1/(2^p + 1) and u = 2^-p.
    let scale = Dyadic.power(format.precision) + 1
    let least = try #require(format.minNormal)
    for mode in [Rounding.nearestEven, .nearestAway, .nearestZero] {
      var isAttained = false
      try forEachNumber(format, mode) { x, y in
        if x.magnitude < least { return (y - x).magnitude <= .power(format.quantumExponent - 1) }
        isAttained = isAttained || (y - x).magnitude * scale == x.magnitude
        return (y - x).magnitude * scale <= x.magnitude && (y - x).magnitude.scaled(by: format.precision) <= y.magnitude
      }
      #expect(isAttained, "\(mode) in \(format)")
    }
  }

  @Test(arguments: formats)
  func relativeErrorOfOtherModesIsBelowTwoU(_ format: Format) throws {
    let least = try #require(format.minNormal)
    for mode in [Rounding.towardZero, .up, .down, .toOdd] {
      try forEachNumber(format, mode) { x, y in
        if x.magnitude < least { return (y - x).magnitude < .power(format.quantumExponent) }
        let error = (y - x).magnitude.scaled(by: format.precision - 1)
        return error < x.magnitude && error <= y.magnitude
      }
    }
  }

  @Test func workedExamplesHold() throws {
    let (p4, p3) = (try Rounder(to: .e4m3fn), try Rounder(to: .e5m2))
    // δ = −1/17 and −1/9: fl(x) = 16/17 x, 8/9 x.
    #expect(p4(1.0625) == 1 && p3(1.125) == 1)
    #expect(p4(0x1p-10) == 0, "η/2 ties to even")
    #expect(p4(0x3p-10) == 0x1p-8, "3η/2 ties to even")
  }

  /// E[δ²] over log-uniform significands is 0.1803 u² to nearest and twice that for stochastic rounding.
  @Test func meanSquareErrorOfBenfordSignificandsIsTheKnownConstant() throws {
    let format = Format.bf16
    let (nearest, down, up) = (try Rounder(to: format), try Rounder(to: format, .down), try Rounder(to: format, .up))
    let (n, u) = (200_000, 0x1p-8)
    var (squares, stochastic) = (0.0, 0.0)
    var random = SplitMix64(seed: 91)
    for _ in 0..<n {
      // 1/x has the density of log-uniform x: accept uniform numbers with probability 1/x.
      var x = 0.0
      repeat { x = Double.random(in: 1..<2, using: &random) } while Double.random(in: 0..<1, using: &random) * x > 1
      let error = (nearest(x) - x) / x
      squares += error * error
      stochastic += (x - down(x)) * (up(x) - x) / (x * x)
    }
    #expect(abs(squares / Double(n) / (u * u) - 0.1803) < 0.003)
    #expect(abs(stochastic / Double(n) / (u * u) - 0.3607) < 0.006)
  }

  /// Sums of two numbers of a format below its smallest normal number are numbers of the format, in every mode.
  @Test(arguments: formats)
  func additionNeverUnderflows(_ format: Format) throws {
    let values = BracketOracle(format).values
    let least = try #require(format.minNormal)
    for x in values {
      for y in values where (x + y).magnitude < least {
        guard format.contains(x + y) else {
          Issue.record("\(x) + \(y) is not a value: fmtlab op add --in \(format) \(x) \(y)")
          return
        }
      }
    }
  }

  /// Sterbenz: y/2 ≤ x ≤ 2y makes x − y exact; more generally |x + y| ≤ min(|x|, |y|) does.
  @Test(arguments: formats)
  func differencesOfNearNumbersAreExact(_ format: Format) {
    let values = BracketOracle(format).values
    for x in values {
      for y in values where (x + y).magnitude <= min(x.magnitude, y.magnitude) {
        guard format.contains(x + y) else {
          Issue.record("\(x) + \(y) is not a value: fmtlab op add --in \(format) \(x) \(y)")
          return
        }
      }
    }
  }

  @Test(arguments: [(1.125, 0.5625, 0.5625), (1.125, 0.5, 0.625), (1.875, 0.875, 1.0)])
  func sterbenzExamplesAreExact(_ x: Double, _ y: Double, _ difference: Double) throws {
    let rounded = try Rounder(to: .e4m3fn).round(Value(x - y))
    #expect(rounded == Rounded(Value(difference)))
  }

  /// Multiplying by a power of two loses bits where it enters the subnormal numbers, all of them at η/2.
  @Test(arguments: formats)
  func scalingDownIsInexactInTheSubnormalRange(_ format: Format) throws {
    let rounder = try Rounder(to: format)
    let least = try #require(format.minNormal)
    let odd = least + .power(format.quantumExponent)
    #expect(rounder.round(Unrounded(odd.scaled(by: -1))).flags == [.inexact, .underflow])
    #expect(rounder.round(Unrounded(format.minPositive.scaled(by: -1))).value == .zero)
    #expect(!format.contains(format.minPositive.scaled(by: -1)))
  }

  /// With flush to zero, x ≠ y no longer implies fl(x − y) ≠ 0.
  @Test func flushingLosesDifferences() throws {
    let format = Format.e4m3
    let (x, y) = (Dyadic(9, exponent: -9), Dyadic.power(-6))
    #expect(format.contains(x) && format.contains(y) && x != y)
    #expect(try Rounder(to: format).round(Unrounded(x - y)) == Rounded(.finite(.power(-9))))
    #expect(try Rounder(to: format, subnormals: .flush).round(Unrounded(x - y)) == Rounded(.zero, [.inexact, .underflow]))
  }
}
