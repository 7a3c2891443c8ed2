// SPDX-License-Identifier: Apache-2.0
// The fused multiply-add: every triple of a small format, adversarial triples of larger ones, known double roundings.

import CMPFR
import Formats
import Multiprecision
import TestSupport
import Testing

@Suite struct FMATests {
  /// x y + z as one correctly rounded sum of an exact product.
  private func check(_ x: Value, _ y: Value, _ z: Value, _ oracle: MPFROracle, _ rounders: [Rounder]) -> String? {
    let (a, b, c) = (Real(x), Real(y), Real(z))
    let product = Real(precision: 300) { mpfr_mul($0, a.raw, b.raw, $1) }
    for rounder in rounders {
      let expected = oracle.round(rounder.rounding, rounder.overflow) { mpfr_add($0, product.raw, c.raw, $1) }
      let found = Operation.fma([x, y, z], rounder).value
      if found != expected {
        let codes = [x, y, z].map { UInt64(rounder.format.encode($0) ?? 0) }
        return "\(found), not \(expected): \(Repro.op("fma", rounder.format, rounder, codes: codes))"
      }
    }
    return nil
  }

  @Test(arguments: ["e3m2", "e2m2", "e2m3fn", "e3m1fnuz"].map(format))
  func everyTripleIsCorrectlyRounded(_ format: Format) throws {
    let oracle = MPFROracle(format)
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0) }
    let values = format.codes.map { format.decode(Format.Code($0)) }
    for x in values {
      for y in values {
        for z in values {
          guard let message = check(x, y, z, oracle, rounders) else { continue }
          Issue.record(Comment(rawValue: message))
          return
        }
      }
    }
  }

  /// The same by comparisons: the exact x y + z fits a dyadic number.
  @Test func everyTripleIsCorrectlyRoundedByComparison() throws {
    let format = format("e3m2")
    let oracle = BracketOracle(format)
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0) }
    let values = format.codes.compactMap { format.decode(Format.Code($0)).dyadic }
    for x in values {
      for y in values {
        for z in values where !(x * y + z).isZero {
          let exact = x * y + z
          let bracket = oracle.bracket { $0 < exact ? -1 : $0 == exact ? 0 : 1 }
          let extended = Operation.fma.extended([x, y, z].map { .finite($0) })
          for rounder in rounders {
            let expected = oracle.round(rounder.rounding, rounder.overflow, isNegative: exact.isNegative, bracket)
            guard rounder.round(extended).value == expected else {
              Issue.record("\(rounder.round(extended).value), not \(expected): fmtlab op fma --in e3m2 --rounding \(rounder.rounding) \(x) \(y) \(z)")
              return
            }
          }
        }
      }
    }
  }

  /// Products in the middle between two values, with addends that are tiny, cancel, or come near.
  @Test(arguments: [Format.e5m2, .bf16, .fp16, .e4m3fn, .fp32, .fp64])
  func adversarialTriplesAreCorrectlyRounded(_ format: Format) throws {
    let oracle = MPFROracle(format)
    let nearest = try Rounder(to: format)
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0) }
    var random = SplitMix64(seed: 101)
    let limit: UInt128 = (1 << UInt128(format.width)) - 1
    func value() -> Value { format.decode((UInt128(random.next()) << 64 | UInt128(random.next())) & limit) }
    func moderate() -> Value {
      // Significands with few bits meet in the middle more often.
      let m = Dyadic(Int128(Int.random(in: 1..<(1 << min(format.precision, 40)), using: &random)), exponent: Int.random(in: -9...2, using: &random))
      return nearest.round(Unrounded(m)).value
    }
    for i in 0..<effort(6000) {
      let (x, y) = i % 3 == 0 ? (value(), value()) : (moderate(), moderate())
      let product = Extended.product(x, y)
      let tiny = Value.finite(format.minPositive)
      let rounded = nearest.round(product).value
      for z in [value(), tiny, -tiny, -rounded, .finite(format.minNormal ?? 1), rounded, .zero, .negativeZero] {
        guard let message = check(x, y, z, oracle, rounders) else { continue }
        Issue.record(Comment(rawValue: message))
        return
      }
    }
  }

  /// Where a second rounding goes wrong (theory T1.5; bf16's example is a known failure of other emulators).
  @Test func knownDoubleRoundingsAreAvoided() throws {
    let e5m2 = try Rounder(to: .e5m2)
    #expect(Operation.fma([Value(20), Value(24), Value(-0x1p-16)], e5m2).value == Value(448))
    let fp32 = try Rounder(to: .fp32)
    #expect(e5m2.round(Operation.fma([Value(20), Value(24), Value(-0x1p-16)], fp32).value).value == Value(512))

    let bf16 = try Rounder(to: .bf16)
    let tiny = bf16.round(Value(1e-30)).value
    #expect(Operation.fma([Value(1.0625), Value(1.0625), tiny], bf16).value == Value(1.1328125))
    #expect(bf16.round(Operation.fma([Value(1.0625), Value(1.0625), tiny], fp32).value).value == Value(1.125))
  }
}
