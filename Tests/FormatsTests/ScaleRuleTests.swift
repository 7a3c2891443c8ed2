// SPDX-License-Identifier: Apache-2.0
// Shared exponents, against their definitions by comparisons of integers.

import Formats
import TestSupport
import Testing

@Suite struct ScaleRuleTests {
  /// Powers of two, Ω and the ties that decide, in binades from subnormal to large, and their neighbours on both sides.
  private func adversaries(_ element: Format) -> [Double] {
    let significands = [1.0, 1.25, 1.5, 1.75, 1.875, 1.9375, 1.96875, 1.984375, 1.9921875, 1.99609375, 1.998046875]
    let exponents = [-1074, -1022, -149, -127, -126, -20, -1, 0, 1, 6, 7, 100, 127, 128, 1023]
    let omega = element.maxFinite.description
    let all = exponents.flatMap { e in (significands + [Double(omega)!]).map { $0 * Double(sign: .plus, exponent: e, significand: 1) } }
    let near = all.flatMap { [$0.nextDown, $0, $0.nextUp, $0 * (1 - 0x1p-24), $0 * (1 - 0x1p-30)] }
    return near.filter { $0 > 0 && $0.isFinite }
  }

  /// The least e with `holds(e)`, which is false below some number and true from there on.
  private func least(_ holds: (Int) -> Bool) -> Int {
    var (low, high) = (-3000, 3000)
    while low < high {
      let middle = (low + high) >> 1
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// e by definition, with comparisons only.
  private func oracle(_ rule: ExponentRule, _ m: Dyadic, _ element: Format) -> Int {
    let emax = least { Dyadic.power($0 + 1) > element.maxFinite }
    switch rule {
    case .floor: return least { Dyadic.power($0 + 1) > m } - emax
    case .ceil: return least { Dyadic.power($0) >= m } - emax
    case .roundCeil: return least { element.maxFinite.scaled(by: $0) >= m }
    case .even:
      // The p-bit number above M's binade is 2^(t+1), the last one in it 2^(t+1) − 2^(t+1−p); M becomes the upper one from the middle on.
      let t = least { Dyadic.power($0 + 1) > m }
      let middle = (Dyadic.power(element.precision + 1) - 1).scaled(by: t - element.precision)
      return (m >= middle ? t + 1 : t) - emax
    }
  }

  @Test(arguments: ["e2m1fn", "e4m3fn", "e5m2", "e3m2fn", "e2m3fn", "e3m0fn", "q8.0", "q2.6", "q4.0", "q2.0", "q32.0", "bf16"])
  func exponentsAreExactForEveryAdversary(_ name: String) throws {
    let element = format(name)
    for rule in ExponentRule.allCases {
      // e11m0fnu covers more exponents than e8m0fnu.
      for (scale, range) in [("e8m0fnu", -127...127), ("e11m0fnu", -1023...1023)] {
        let quantizer = try BlockQuantizer(ScaledFormat("pow2(\(name),\(scale))@\(rule.rawValue)"))
        for m in adversaries(element) {
          let expected = min(max(oracle(rule, Dyadic(m)!, element), range.lowerBound), range.upperBound)
          let found = quantizer.scale(of: quantizer.summary(of: [m / 2, -m, 0]))
          guard found == .power(expected) else {
            Issue.record("\(name) \(rule) of \(m): \(found), not 2^\(expected)")
            return
          }
        }
      }
    }
  }

  @Test func justBelowAPowerOfTwoIsStillBelow() throws {
    // A floating-point log₂ gives 1 for 2 − 2^-52, and for 2 − 2^-23 in fp32.
    let floor = try BlockQuantizer(ScaledFormat("mxfp4"))
    for m in [Double(2).nextDown, 2 - 0x1p-23] { #expect(floor.scale(of: floor.summary(of: [m])) == .power(-2)) }
    #expect(floor.scale(of: floor.summary(of: [2])) == .power(-1))
  }

  @Test func ruleNeverSaturatesWherePromised() throws {
    for name in ["mxfp4@ceil", "mxfp4@roundceil", "mxfp8_e4m3@ceil", "mxfp8_e4m3@roundceil", "int8_pow2", "int8_symmetric@ru", "nvfp4@ru"] {
      let quantizer = try BlockQuantizer(ScaledFormat(name))
      var random = SplitMix64(seed: 72)
      for _ in 0..<2000 {
        let x = (0..<16).map { _ in Double(Int64(bitPattern: random.next())) * 0x1p-40 }
        #expect(try quantizer.quantize(x).tally.saturated == 0, "\(name) saturates \(x)")
      }
    }
  }

  @Test func zeroGroupsHaveTheScaleThatZeroRoundsTo() throws {
    for (name, scale) in [
      ("mxfp4", GroupScale.power(-127)), ("nvfp4", .twoLevel(block: 0, tensor: 0)), ("int8_symmetric", .real(0)), ("int8_affine", .affine(scale: 0, zeroPoint: 0)),
      ("s2fp8", .squeeze(alpha: 1, beta: 0)), ("ternary2", .ternary([0, 0])), ("pow2(q4.0,e5m0fnu)", .power(-15)),
    ] {
      let group = try BlockQuantizer(ScaledFormat(name)).quantize(group: [0, -0.0, 0])
      #expect(group.scale == scale)
      #expect(group.values == [0, 0, 0])
      #expect(group.tally.underflowed == 0 && group.tally.sqnr == nil)
    }
  }
}
