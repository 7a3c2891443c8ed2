// SPDX-License-Identifier: Apache-2.0
// Known sums: witnesses of worst cases, order dependence, running error bounds (theory T2.2, T2.6).

import Accumulation
import Formats
import TestSupport
import Testing

@Suite struct SumTheoryTests {
  /// |computed − exact| / Σ|xᵢ|, as a fraction, of a sequential sum of p = 3 with a range that never ends.
  private func ratio(_ terms: [Int], _ mode: Rounding) throws -> (error: Dyadic, sum: Dyadic) {
    let plan = Plan.sequential(try Rounder(to: try Format("e15m2"), mode))
    let computed = try #require(plan.sum(terms.map { Value(Double($0)) }).dyadic)
    let exact = Dyadic(Int128(terms.reduce(0, +)))
    return ((computed - exact).magnitude, Dyadic(Int128(terms.reduce(0) { $0 + abs($1) })))
  }

  @Test(arguments: [
    (Rounding.nearestEven, [10, 64, 8, 10, 8, 20, 16, -16], 9, 19), (.nearestAway, [8, 64, 8, 8, 8, 16], 3, 7), (.up, [1, 64, 1, 1, 1, 1], 91, 69),
  ])
  func worstCaseWitnessesAttainTheirRatio(_ mode: Rounding, _ terms: [Int], _ numerator: Int, _ denominator: Int) throws {
    let (error, sum) = try ratio(terms, mode)
    #expect(error * Dyadic(Int128(denominator)) == Dyadic(Int128(numerator)) * sum, "fl sum of \(terms), \(mode): error \(error) of \(sum)")
  }

  /// Each witness is an input of its format: the sums do not start with roundings of the terms.
  @Test func witnessesAreNumbersOfThreeBits() throws {
    for x in [10, 64, 8, 20, 16, 1] as [Dyadic] { #expect(try Format("e15m2").contains(x)) }
  }

  /// The computed partial sums and the running bound u Σ|ŝ| of a sum in e4m3.
  @Test func partialSumsAndRunningBoundAreTheWorkedExample() throws {
    let terms = [1, 0.5625, 0.3125, 2.25, -1.125, 0.6875]
    for format in [Format.e4m3, .e4m3fn] {
      var partial: [Double] = []
      let result = Plan.sequential(try Rounder(to: format)).sum(terms.map { Value($0) }) { partial.append($0.rounded.value.double) }
      #expect(partial == [1, 1.5, 1.75, 4, 3, 3.75])
      #expect(result == Value(3.75) && terms.reduce(0, +) == 3.6875)
      let (u, total) = (0x1p-4, terms.reduce(0) { $0 + abs($1) })
      #expect(u * partial.dropFirst().reduce(0, +) == 0.875)
      #expect(abs(5 * u * total - 1.855) < 0.0005)
    }
  }

  /// |ŝ − s| ≤ (n − 1) u Σ|xᵢ| to nearest, for any n and whatever the data.
  @Test(arguments: [Rounding.nearestEven, .nearestAway, .nearestZero])
  func sequentialSumsObeyTheUnrestrictedBound(_ mode: Rounding) throws {
    var random = SplitMix64(seed: 141)
    for p in 2...5 {
      let plan = Plan.sequential(try Rounder(to: try Format("e15m\(p - 1)"), mode))
      for n in [2, 3, 5, 8, 13, 40, 100] {
        for _ in 0..<effort(200) {
          let terms = (0..<n).map { _ in
            Dyadic(Int128(Int.random(in: 1..<(1 << p), using: &random)) * (Int.random(in: 0..<4, using: &random) == 0 ? -1 : 1), exponent: Int.random(in: 0...5, using: &random))
          }
          let computed = try #require(plan.sum(terms.map { .finite($0) }).dyadic)
          let error = (computed - terms.reduce(.zero, +)).magnitude
          let bound = Dyadic(Int128(n - 1), exponent: -p) * terms.reduce(.zero) { $0 + $1.magnitude }
          guard error <= bound else {
            Issue.record("\(mode), p = \(p), terms \(terms): error \(error) above \(bound)")
            return
          }
        }
      }
    }
  }

  @Test func saturatingSumsDependOnTheOrder() throws {
    let plan = try Plan(text: "e4m3@saturate")
    #expect(plan.sum([Value(240), Value(240), Value(-240)]) == .zero)
    #expect(plan.sum([Value(240), Value(-240), Value(240)]) == Value(240))
    #expect(try Plan(text: "e4m3").sum([Value(240), Value(240), Value(-240)]) == .infinity(negative: false))
    #expect(try Plan(text: "q4.4@wrap").sum([7, 7, -7, -7].map { Value($0) }) == .zero)
    #expect(try Plan(text: "q4.4").sum([7, 7, -7, -7].map { Value($0) }) == Value(7.9375 - 14))
  }

  /// p = 4 stagnates at 16 when ones are added, a hierarchy of 16 and 16 does not.
  @Test func onesStagnateWhereTheirHalfPlaceIs() throws {
    let ones = Array(repeating: Value(1), count: 256)
    #expect(try Plan(text: "e15m3").sum(ones) == Value(16))
    #expect(try Plan(text: "e15m3@rna").sum(ones) == Value(32))
    #expect(try Plan(text: "e15m3:16,e15m3").sum(ones) == Value(256))
    #expect(try Plan(text: "pairwise/e15m3").sum(ones) == Value(256))
  }

  /// Running sums with rd and ru enclose the exact sum.
  @Test func directedSumsEncloseTheExactSum() throws {
    var random = SplitMix64(seed: 142)
    let (down, up) = (try Plan(text: "e8m3@rd"), try Plan(text: "e8m3@ru"))
    for _ in 0..<effort(2000) {
      let terms = (0..<30).map { _ in Dyadic(Int128(Int.random(in: -99...99, using: &random)), exponent: Int.random(in: -5...5, using: &random)) }
      let (low, high) = (try #require(down.sum(terms.map { .finite($0) }).dyadic), try #require(up.sum(terms.map { .finite($0) }).dyadic))
      let exact = terms.reduce(.zero, +)
      #expect(low <= exact && exact <= high, "\(terms)")
    }
  }
}
