// SPDX-License-Identifier: Apache-2.0
// Overflow and flush policies: which ones a format allows, their thresholds, and their names and the modes'.

import Formats
import TestSupport
import Testing

@Suite struct PolicyTests {
  @Test(arguments: FormatLists.exhaustive)
  func impossiblePoliciesAreRefusedWithTheAllowedOnes(_ format: Format) throws {
    let allowed: [Overflow] =
      if !format.isFloating { [.saturate, .wrap] }
      else if format.hasInfinity || format.isP3109 { [.ieee, .infinity, .saturate, .propagate] }
      else { format.hasNaN ? [.ieee, .infinity, .saturate] : [.saturate] }
    #expect(Rounder.overflowPolicies(of: format) == allowed)
    #expect(try Rounder(to: format).overflow == allowed[0])
    for policy in Overflow.allCases {
      if allowed.contains(policy) {
        #expect(try Rounder(to: format, overflow: policy).overflow == policy)
      } else {
        #expect(throws: FormatError.overflow(policy, format: format.name, allowed: allowed)) { try Rounder(to: format, overflow: policy) }
      }
    }
    let hasBoth = format.minSubnormal != nil && format.minNormal != nil
    #expect(((try? Rounder(to: format, subnormals: .flush)) != nil) == hasBoth)
    if !hasBoth { #expect(throws: FormatError.flush(format: format.name)) { try Rounder(to: format, subnormals: .flush) } }
  }

  @Test(arguments: [0, -1, 65, .min, .max]) func randomBitCountsOutsideOneTo64AreRefused(_ count: Int) {
    #expect(throws: FormatError.randomBits(count)) { try Rounder(to: .e4m3, .stochasticBits(count)) }
    #expect(throws: FormatError.randomBits(count)) { try Rounding("sr\(count)") }
  }

  /// Ω + ulp(Ω)/2 overflows exactly when the next code would be even (theory T1.2).
  @Test(arguments: [
    ("e4m3fn", 464.0, 448.0), ("e4m3fn", 464.0000001, .nan), ("e4m3fn", 465, .nan), ("e4m3fn", -464, -448), ("e5m2", 61440, .infinity),
    ("e5m2", 61439.99, 57344), ("e4m3", 248, .infinity), ("e4m3", 247.9, 240), ("e4m3fnuz", 248, .nan), ("fp16", 65520, .infinity), ("fp16", 65519.99, 65504),
    ("bf16", 0x1.ffp127, .infinity), ("bf16", 0x1.fefffffffp127, 0x1.fep127), ("fp32", 0x1.ffffffp127, .infinity), ("e2m1fn", 7, 6), ("e2m1fn", 1e30, 6),
    ("e8m0fnu", 0x1.8p127, 0x1p127), ("e8m0fnu", 0x1.80001p127, .nan), ("e2m0", 3, 2), ("e2m0", 3.01, .infinity), ("e1m2", 1.75, .infinity),
  ])
  func nearestOverflowsFromTheMiddleBeyondTheMaximum(_ name: String, _ x: Double, _ expected: Double) throws {
    let found = try Rounder(to: try Format(name))(x)
    #expect(found == expected || (found.isNaN && expected.isNaN), "fmtlab round --to \(name) \(x)")
  }

  @Test func theThresholdOfFlushingIsTakenAfterRounding() throws {
    // Half a unit of p bits below 2^emin: the middle rounds to even, which is 2^emin.
    for format in [Format.e4m3, .e5m2, .fp16, .bf16, .fp32] {
      let (least, p) = (try #require(format.minNormal), format.precision)
      let middle = least - least.scaled(by: -p - 1)
      let rounder = try Rounder(to: format, subnormals: .flush)
      #expect(rounder.round(Unrounded(middle)).value == .finite(least))
      #expect(rounder.round(Unrounded(middle - least.scaled(by: -40))).value == .zero)
      #expect(rounder.round(Unrounded(-(middle - least.scaled(by: -40)))).value == .negativeZero)
      #expect(try Rounder(to: format, .up, subnormals: .flush).round(Unrounded(format.minPositive)).value == .zero)
      #expect(try Rounder(to: format, .up, subnormals: .flush).round(Unrounded(middle)).value == .finite(least))
    }
  }

  @Test func zerosKeepTheirSignWhereTheFormatHasOne() throws {
    for format in FormatLists.exhaustive where format.minFinite <= 0 {
      for mode in Rounding.deterministic {
        let rounder = try Rounder(to: format, mode)
        #expect(rounder.round(Value.zero) == Rounded(.zero))
        #expect(rounder.round(Value.negativeZero) == Rounded(format.hasNegativeZero ? .negativeZero : .zero))
      }
    }
  }

  @Test(arguments: [
    ("rne", Rounding.nearestEven), ("rna", .nearestAway), ("rnz", .nearestZero), ("rz", .towardZero), ("ru", .up), ("rd", .down), ("ro", .toOdd),
    ("sr", .stochastic), ("sr1", .stochasticBits(1)), ("sr64", .stochasticBits(64)),
  ])
  func modesAreCalledByTheirNames(_ name: String, _ mode: Rounding) throws {
    #expect(mode.description == name)
    #expect(try Rounding(name) == mode)
    #expect(try Rounding(name.uppercased()) == mode)
  }

  @Test(arguments: [
    ("RNE", "rne"), ("RN", "rne"), ("ne", "rne"), ("nearest", "rne"), ("TiesToEven", "rne"), ("TIES_EVEN", "rne"), ("RMM", "rna"), ("near_maxMag", "rna"),
    ("TiesToAway", "rna"), ("RTZ", "rz"), ("minMag", "rz"), ("TRN_ZERO", "rz"), ("truncate", "rz"), ("RTP", "ru"), ("RUP", "ru"), ("up", "ru"), ("RTN", "rd"),
    ("RDN", "rd"), ("down", "rd"), ("rodd", "ro"), ("ToOdd", "ro"), ("JAM", "ro"), ("stochastic", "sr"), ("STOCH_WEIGHTED", "sr"), ("dither", "sr"),
  ])
  func modesHaveTheAliasesOfTheField(_ alias: String, _ name: String) throws {
    #expect(try Rounding(alias).description == name)
  }

  @Test(arguments: ["", "rx", "s", "srx", "sr ", " rne", "sr1.5", "sr+5", "sr0x5", "sr٣", "stochastic8"])
  func otherModesAreUnknown(_ text: String) {
    #expect(throws: FormatError.unknownRounding(text)) { try Rounding(text) }
  }
}
