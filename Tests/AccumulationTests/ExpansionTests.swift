// SPDX-License-Identifier: Apache-2.0
// Expansions: exact sums, renormalisation that settles, capacity, and a sum's operations seen from outside.

import Accumulation
import Formats
import TestSupport
import Testing

@Suite struct ExpansionTests {
  private func random(_ rounder: Rounder, terms k: Int, _ random: inout SplitMix64) -> Expansion {
    Expansion(Dyadic(Int128(Int64.random(in: -1 << 40...1 << 40, using: &random)), exponent: -30), terms: k, in: rounder)
  }

  private func isNonoverlapping(_ x: Expansion) -> Bool {
    zip(x.terms, x.terms.dropFirst()).allSatisfy { x.rounder.round(.finite($0.dyadic! + $1.dyadic!)).value == $0 }
  }

  /// Sums, differences, scalings and full products are exact at p = 2 … 8, and their terms do not overlap.
  @Test(arguments: ["e8m1", "e8m2", "e8m3", "e8m4", "bf16", "e8m2@rna", "e8m3@rnz"]) func operationsAreExact(_ name: String) throws {
    let rounder = try Rounder(text: name)
    var generator = SplitMix64(seed: 641)
    for _ in 0..<effort(300) {
      for k in 1...4 {
        let (x, y) = (random(rounder, terms: k, &generator), random(rounder, terms: k, &generator))
        let (a, b) = (x.dyadic!, y.dyadic!)
        let one = y.terms.last ?? .zero
        for (result, exact) in [(x + y, a + b), (x - y, a - b), (x.plus(one), a + one.dyadic!), (x.times(one), a * one.dyadic!), (x * y, a * b), (-x, -a)] {
          guard result.dyadic == exact, isNonoverlapping(result), result.flags.isEmpty else {
            Issue.record("\(name): \(x.terms) and \(y.terms) give \(result.terms), not \(exact)")
            return
          }
        }
        #expect(x.comparison(to: y) == (a < b ? -1 : a == b ? 0 : 1))
        #expect(x.comparison(to: x) == 0)
      }
    }
  }

  /// One pass of VecSum leaves neighbours overlapping, more passes settle it, and the sum never changes.
  @Test(arguments: [(2, 1), (3, 1), (3, 2), (4, 2), (8, 3)]) func renormalisationSettles(_ p: Int, _ gap: Int) throws {
    var arithmetic = DoubleArithmetic(try Rounder(to: Format("e8m\(p - 1)")))!
    var generator = SplitMix64(seed: 651)
    let trials = effort(4000)
    var (afterOne, afterFive) = (0, 0)
    for _ in 0..<trials {
      var terms = (0..<4).map { i -> Double in
        let significand = Double(Int.random(in: 1 << (p - 1)..<1 << p, using: &generator))
        return significand * Double(sign: .plus, exponent: -i * gap, significand: 1) * (Bool.random(using: &generator) ? 1 : -1)
      }
      let sum = terms.reduce(0, +)
      func overlaps() -> Bool {
        let rest = terms.filter { $0 != 0 }
        return zip(rest, rest.dropFirst()).contains { $1.magnitude >= $0.binade.magnitude * Double(sign: .plus, exponent: 1 - p, significand: 1) }
      }
      for pass in 1...5 {
        arithmetic.vecSum(&terms)
        #expect(terms.reduce(0, +) == sum)
        if pass == 1 && overlaps() { afterOne += 1 }
      }
      if overlaps() { afterFive += 1 }
      arithmetic.renormalise(&terms)
      #expect(terms.reduce(0, +) == sum && !terms.contains(0) && !overlaps())
      for (a, b) in zip(terms, terms.dropFirst()) { #expect(arithmetic.plus(a, b) == a) }
    }
    #expect(afterFive == 0 && afterOne > trials / 100)
  }

  /// Every number of k (p + 1) − 1 bits is held, to the last one; some of one bit more are not.
  @Test(arguments: [("e4m1", 2), ("e4m2", 2), ("e4m3fn", 2), ("e5m1", 3), ("e5m2", 3)]) func capacityIsExact(_ name: String, _ k: Int) throws {
    let rounder = try Rounder(to: Format(name), overflow: .saturate)
    let capacity = ExpansionCapacity(rounder.format, terms: k)
    let q = rounder.format.quantumExponent
    func held(_ n: Int) -> Bool { Expansion(Dyadic(Int128(n), exponent: q), terms: k, in: rounder).dyadic == Dyadic(Int128(n), exponent: q) }
    #expect(capacity.bits == k * (rounder.format.precision + 1) - 1 && !capacity.isRangeLimited)
    let (full, beyond) = (1 << capacity.bits, 2 << capacity.bits)
    #expect((0..<full).allSatisfy(held))
    #expect(!(full..<beyond).allSatisfy(held))
    #expect(capacity.smallestFullExponent == q + capacity.bits - 1 && capacity.bits(atExponent: q) == 1 && capacity.usefulTerms(atExponent: q) == 1)
  }

  /// e4m3fn has 18 binades: three terms of 5 bits from the top, and one at the smallest number.
  @Test func rangeLimits() throws {
    let e4m3fn = try Format("e4m3fn")
    #expect(ExpansionCapacity(e4m3fn, terms: 1).binades == 18)
    #expect(!ExpansionCapacity(e4m3fn, terms: 3).isRangeLimited && ExpansionCapacity(e4m3fn, terms: 4).isRangeLimited)
    #expect(ExpansionCapacity(e4m3fn, terms: 9).usefulTerms(atExponent: 8) == 4 && ExpansionCapacity(e4m3fn, terms: 9).usefulTerms(atExponent: -9) == 1)
    for name in ["e2m1fn", "e3m4"] {
      let format = try Format(name)
      #expect(ExpansionCapacity(format, terms: 3).isRangeLimited)
    }
    let e5m2 = try Format("e5m2")
    #expect(!ExpansionCapacity(e5m2, terms: 8).isRangeLimited && ExpansionCapacity(e5m2, terms: 9).isRangeLimited)
  }

  @Test func overflowAndUnderflowAreSaid() throws {
    let rounder = try Rounder(to: Format("e4m3fn"))
    let large = Expansion(448, terms: 2, in: rounder)
    #expect((large + large).flags.contains(.overflow))
    let small = Expansion(.power(-5), terms: 1, in: rounder)
    #expect((small * Expansion(Dyadic(3, exponent: -9), terms: 1, in: rounder)).flags.contains(.underflow))
    #expect(Expansion(Dyadic(1, exponent: -20), terms: 3, in: rounder).isZero)
  }

  /// A term that the format does not hold is added in two parts: sums of two products of 8 bits in p = 4 are exact but for the last rounding.
  @Test func sumsTakeTermsOfTwiceThePrecision() throws {
    let plan = try Plan(text: "expansion4/e8m3")
    let terms = [Dyadic(255), Dyadic(-253), Dyadic(1, exponent: -3)]
    // 17/8, a tie.
    #expect(plan.sum(terms.map { .finite($0) }).double == 2)
    #expect(try Plan(text: "expansion2/bf16").sum([Value(65281), Value(-65280), Value(0.5)]).double == 1.5)
  }
}
