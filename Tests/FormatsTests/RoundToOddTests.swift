// SPDX-License-Identifier: Apache-2.0
// Double rounding through round to odd: harmless with p + 2 bits, harmful with p + 1 (theory T1.6).

import Formats
import TestSupport
import Testing

@Suite struct RoundToOddTests {
  /// Targets with the bits of a first rounding that has a wider range.
  static let targets = ["e4m3", "e4m3fn", "e5m2", "e2m1fn", "e3m0u", "e4m3fnuz", "e5m2:nosub", "fp16", "bf16", "fp32", "fp64", "e4m3b11fnuz"].map(format)

  private func firstDifference(_ target: Format, extraBits: Int, _ modes: [Rounding]) throws -> String? {
    let wide = try Format("e15m\(target.precision - 1 + extraBits)")
    let first = try Rounder(to: wide, .toOdd)
    for mode in modes {
      let rounder = try Rounder(to: target, mode)
      var cases = HardCases(target, seed: 41)
      for _ in 0..<effort(5000) {
        let x = Unrounded(cases.next())
        let (direct, twice) = (rounder.round(x).value, rounder.round(first.round(x).value).value)
        if direct != twice { return "\(x.dyadic!.hexDescription) becomes \(twice), not \(direct): \(Repro.round(rounder, x.dyadic!.hexDescription))" }
      }
    }
    return nil
  }

  @Test(arguments: targets)
  func twoMoreBitsMakeDoubleRoundingHarmless(_ target: Format) throws {
    let difference = try firstDifference(target, extraBits: 2, Rounding.deterministic)
    #expect(difference == nil)
  }

  @Test(arguments: targets)
  func oneMoreBitIsNotEnough(_ target: Format) throws {
    #expect(try firstDifference(target, extraBits: 1, [.nearestEven]) != nil)
  }

  /// The same through nearest rounding, the mistake that round to odd avoids: with p = 8, 1 + 2^-8 + 2^-40 is above the middle.
  @Test func roundingToNearestTwiceIsNot() throws {
    let x = Dyadic(1) + .power(-8) + .power(-40)
    let (bf16, fp32) = (try Rounder(to: .bf16), try Rounder(to: .fp32))
    #expect(bf16.round(Unrounded(x)).value == Value(1.0078125))
    #expect(bf16.round(fp32.round(Unrounded(x)).value).value == Value(1))
  }

  /// Unrounded's sticky bit is a round to odd of its own: cutting any number to p + 2 bits with it changes no result.
  @Test(arguments: targets)
  func cuttingWithAStickyBitChangesNothing(_ target: Format) throws {
    var cases = HardCases(target, seed: 42)
    for _ in 0..<effort(5000) {
      let exact = Unrounded(cases.next())
      let excess = 128 - exact.magnitude.leadingZeroBitCount - (target.precision + 2)
      if excess <= 0 { continue }
      let kept = exact.magnitude >> UInt128(excess)
      let cut = Unrounded(
        isNegative: exact.isNegative, magnitude: kept, exponent: exact.exponent + excess, isSticky: kept << UInt128(excess) != exact.magnitude)
      for mode in Rounding.deterministic {
        let rounder = try Rounder(to: target, mode)
        guard rounder.round(cut) == rounder.round(exact) else {
          Issue.record("\(rounder.round(cut)), not \(rounder.round(exact)): \(Repro.round(rounder, exact.dyadic!.hexDescription))")
          return
        }
      }
    }
  }
}
