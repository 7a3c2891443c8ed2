// SPDX-License-Identifier: Apache-2.0
// Roundings that widely used tools have got wrong, each against plain integer or double arithmetic.

import Formats
import TestSupport
import Testing

@Suite struct PeerBugTests {
  /// "E4M3" is the name of six sets of numbers, and of three answers to an overflow.
  @Test(arguments: [
    ("e4m3fn", 448, Double.nan), ("e4m3", 240, .infinity), ("cpfloat:e4m3", 480, 480), ("qtorch:e4m3", 480, 480),
    ("k8p4se", 224, .infinity),
    ("k8p4sf", 240, 240), ("e4m3fnuz", 240, .nan),
  ])
  func everyE4M3HasItsOwnMaximum(_ name: String, _ largest: Double, _ beyond: Double) throws {
    let rounder = try Rounder(to: try Format(name))
    #expect(rounder(largest) == largest)
    let found = rounder(1000)
    #expect(found == beyond || found.isNaN && beyond.isNaN)
  }

  /// One tool gives 0 in the first binade above the maximum.
  @Test(arguments: FormatLists.small) func nothingAboveTheMaximumBecomesSmall(_ format: Format) throws {
    for mode in Rounding.deterministic {
      for overflow in Rounder.overflowPolicies(of: format) where overflow != .wrap {
        let rounder = try Rounder(to: format, mode, overflow: overflow)
        for eighths in 9...40 {
          let x = format.maxFinite * Dyadic(Int128(eighths), exponent: -3)
          let value = rounder.round(Unrounded(x)).value
          guard !x.isZero, let result = value.dyadic, result != format.maxFinite else { continue }
          Issue.record("\(value): \(Repro.round(rounder, x.hexDescription))")
        }
      }
    }
  }

  /// One tool turns some payloads into infinities; another turns NaN into the largest number.
  @Test(arguments: [Format.fp16, .bf16]) func everyNaNCodeStaysNaN(_ source: Format) throws {
    let payloads = source.codes.map { Format.Code($0) }.filter { source.decode($0) == .nan }
    #expect(UInt128(payloads.count) == source.nanCodeCount && payloads.count == (source == .fp16 ? 2046 : 254))
    for target in FormatLists.small + [.fp16, .bf16, .fp32, format("posit8"), format("takum16")] where target.hasNaN {
      for mode in [Rounding.nearestEven, .up, .toOdd] {
        for overflow in Rounder.overflowPolicies(of: target) {
          let rounder = try Rounder(to: target, mode, overflow: overflow)
          for code in payloads {
            guard rounder.round(source.decode(code)) == Rounded(.nan), target.encode(.nan).map({ target.decode($0) }) == .nan else {
              Issue.record("NaN code 0x\(String(code, radix: 16)) of \(source): \(Repro.round(rounder, "nan"))")
              return
            }
          }
        }
      }
    }
    for payload in [1, 0xbad, 0x8_0000_0000_0001, 0xf_ffff_ffff_ffff] as [UInt64] {
      for sign in [0x7ff0_0000_0000_0000, 0xfff0_0000_0000_0000] as [UInt64] {
        #expect(Value(Double(bitPattern: sign | payload)) == .nan)
      }
    }
  }

  @Test func nearestIsNotTiesAway() throws {
    for (x, even, away) in [(1.0625, 1, 1.125), (1.1875, 1.25, 1.25), (17, 16, 18), (-17, -16, -18), (0x1p-10, 0, 0x1p-9)] {
      #expect(try Rounder(to: .e4m3)(x) == even)
      #expect(try Rounder(to: .e4m3, .nearestAway)(x) == away)
    }
  }

  /// Adding a half in fp32 is off by a unit for one in ten numbers of this size.
  @Test func q16Point16IsExactWhereFP32WouldRoundTwice() throws {
    let rounder = try Rounder(to: try Format("q16.16"))
    let floor = try Rounder(to: try Format("q16.16"), .down)
    var random = SplitMix64(seed: 101)
    for _ in 0..<effort(20_000) {
      // Near enough to a normal variable of standard deviation 100, in fp32.
      let x = Double(Float((0..<12).reduce(-600) { sum, _ in sum + Double.random(in: 0..<100, using: &random) }))
      // Products by a power of two are exact, and integers below 2^53 are.
      let steps = x * 65536
      guard rounder(x) * 65536 == steps.rounded(.toNearestOrEven), floor(x) * 65536 == steps.rounded(.down) else {
        Issue.record("\(rounder(x)): \(Repro.round(rounder, "\(x)"))")
        return
      }
    }
  }

  /// bf16 is fp32 without its last 16 bits, so rounding is integer arithmetic on codes, for subnormal numbers as for others.
  @Test func subnormalNumbersOfFP32RoundToE8M7ByTheirCodes() throws {
    let (nearest, zero) = (try Rounder(to: .bf16), try Rounder(to: .bf16, .towardZero))
    for base in [0, 0x0040_0000, 0x007f_0000, 0x0080_0000] as [UInt32] {
      for low in stride(from: UInt32(0), to: 0x3_0000, by: 37) {
        let bits = base + low
        let x = Double(Float(bitPattern: bits))
        let even = (bits + 0x7fff + (bits >> 16 & 1)) >> 16
        let found = (Format.bf16.encode(nearest.round(Value(x)).value), Format.bf16.encode(zero.round(Value(-x)).value))
        guard found == (UInt128(even), UInt128(bits >> 16 | 0x8000)) else {
          Issue.record("fp32 code 0x\(String(bits, radix: 16)): \(Repro.round(nearest, "\(x)"))")
          return
        }
      }
    }
  }

  /// Without subnormals the middle of the gap below 2^emin is half of it; flushing, half an ulp below it; three quarters in neither.
  @Test(arguments: ["e5m2", "e4m3", "fp16"]) func withoutSubnormalsTheThresholdIsHalfTheSmallestNormal(_ name: String) throws {
    let least = try #require(try Format(name).minNormal).magnitude
    let (missing, flushing) = (try Rounder(to: try Format("\(name):nosub")), try Rounder(to: try Format(name), subnormals: .flush))
    for (numerator, isKept) in [(511, false), (512, false), (513, true), (767, true), (769, true)] {
      let x = least * Dyadic(Int128(numerator), exponent: -10)
      #expect(missing.round(Unrounded(x)).value == (isKept ? .finite(least) : .zero))
      #expect(flushing.round(Unrounded(x)).value == .zero)
    }
  }

  /// A library of an earlier version of P3109 gives −1 for −1, and NaN where SatNone now has the largest number.
  @Test(arguments: ["k8p4ue", "k8p4uf", "k8p3ue", "k5p5uf"]) func unsignedFormatsHaveNoPlaceForMinusOne(_ name: String) throws {
    let format = try Format(name)
    for mode in Rounding.deterministic {
      let found = try Rounder(to: format, mode, overflow: Overflow("SatNone")!).round(Value(-1))
      #expect(found.value == (mode == .towardZero || mode == .up ? .zero : .nan), "\(mode)")
      #expect(try Rounder(to: format, mode, overflow: Overflow("SatFinite")!)(-1) == 0)
    }
    let above = try Rounder(to: format, overflow: Overflow("SatNone")!).round(Value(0x1p100)).value
    #expect(above == (format.hasInfinity ? .infinity(negative: false) : .finite(format.maxFinite)))
  }
}
