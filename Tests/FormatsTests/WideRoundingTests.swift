// SPDX-License-Identifier: Apache-2.0
// Hard cases of formats too wide to enumerate, with and without a sticky end, against MPFR.

import Formats
import TestSupport
import Testing

@Suite struct WideRoundingTests {
  static let floating = [
    "fp16", "bf16", "tf32", "fp32", "fp64", "fp128", "e6m5", "e6m9", "e7m16", "e15m0", "e15m2", "e15m112fnuz", "e2m20", "e1m30", "e11m52fnuz", "e8m23fn",
    "e5m20u", "e8m23u", "fp16:nosub", "fp32:nosub", "e5m30fn:nosub", "e12m0fnu", "e8m3b200", "e8m3b0",
  ].map(format)
  static let fixed = ["q8.8", "q8.13", "q16.16", "q1.31", "q32.32", "q1.63", "q64.0", "uq64.0", "uq0.64", "uq20.1"].map(format)

  /// A hard case exactly, or widened to 128 bits with a sticky end after them.
  private static func inputs(_ format: Format, seed: UInt64, count: Int) -> [Unrounded] {
    var cases = HardCases(format, seed: seed)
    return (0..<count).flatMap { _ -> [Unrounded] in
      let exact = Unrounded(cases.next())
      if exact.isZero { return [exact] }
      let room = exact.magnitude.leadingZeroBitCount
      let wide = (magnitude: exact.magnitude << UInt128(room), exponent: exact.exponent - room)
      let above = Unrounded(isNegative: exact.isNegative, magnitude: wide.magnitude, exponent: wide.exponent, isSticky: true)
      // Just below: the next smaller 128-bit number and a sticky end.
      let below = Unrounded(isNegative: exact.isNegative, magnitude: wide.magnitude - 1, exponent: wide.exponent, isSticky: true)
      return [exact, above, below]
    }
  }

  @Test(arguments: floating)
  func floatingRoundingIsCorrectByMPFR(_ format: Format) throws {
    let flushes: [Subnormals] = format.minSubnormal != nil && format.minNormal != nil ? [.keep, .flush] : [.keep]
    for subnormals in flushes {
      let oracle = MPFROracle(format, subnormals: subnormals)
      let rounders = try Rounding.deterministic.flatMap { mode in
        try Rounder.overflowPolicies(of: format).map { try Rounder(to: format, mode, overflow: $0, subnormals: subnormals) }
      }
      for x in WideRoundingTests.inputs(format, seed: 21, count: effort(2000)) {
        let number = Real(x)
        for rounder in rounders {
          let expected = oracle.round(rounder.rounding, rounder.overflow, number.copy)
          let found = rounder.round(x).value
          guard found == expected else {
            Issue.record("\(found), not \(expected), from \(x): \(Repro.round(rounder, x.dyadic?.hexDescription ?? "\(x)"))")
            return
          }
        }
      }
    }
  }

  @Test(arguments: fixed)
  func fixedPointRoundingIsCorrectByMPFR(_ format: Format) throws {
    let oracle = FixedOracle(format)
    let rounders: [Rounder] = try Rounding.deterministic.flatMap { mode in
      try Rounder.overflowPolicies(of: format).map { try Rounder(to: format, mode, overflow: $0) }
    }
    for x in WideRoundingTests.inputs(format, seed: 22, count: effort(3000)) {
      let number = Real(x)
      for rounder in rounders {
        let expected = oracle.round(rounder.rounding, rounder.overflow, number.copy)
        let found = rounder.round(x).value
        guard found == expected else {
          Issue.record("\(found), not \(expected), from \(x): \(Repro.round(rounder, x.dyadic?.hexDescription ?? "\(x)"))")
          return
        }
      }
    }
  }

  @Test func numbersFarBeyondAnyFormatAreRoundedToo() throws {
    for name in ["e4m3", "e4m3fn", "fp128", "e8m0fnu", "q8.8", "e4m3u"] {
      let format = try Format(name)
      for exponent in [1_000_000, 1 << 40, -1_000_000, -1 << 40] {
        let big = exponent > 0
        for mode in Rounding.deterministic {
          let rounder = try Rounder(to: format, mode, overflow: .saturate)
          for isSticky in [false, true] {
            let x = Unrounded(isNegative: false, magnitude: 1 << 127, exponent: exponent, isSticky: isSticky)
            let expected: Dyadic = big ? format.maxFinite : mode == .up || mode == .toOdd || format.minFinite > 0 ? format.minPositive : .zero
            #expect(rounder.round(x).value == .finite(expected), "\(Repro.round(rounder, "0x1p\(exponent + 127)"))")
            #expect(rounder.round(x).flags.contains(.inexact))
          }
        }
      }
    }
  }
}
