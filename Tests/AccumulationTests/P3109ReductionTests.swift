// SPDX-License-Identifier: Apache-2.0
// The accuracy that P3109's annex states for reductions of 8 terms of Binary8p4se in binary16.

import Accumulation
import Formats
import TestSupport
import Testing

@Suite struct P3109ReductionTests {
  private static let narrow = try! Rounder(to: try! Format("k8p4se"))
  private static let wide = try! Rounder(to: .fp16)
  private static let values = (0..<Format.Code(256)).map { narrow.format.decode($0) }.filter(\.isFinite)

  /// (1 + 1/16)(1 + 2^-11)^7 − 1, and 1/16 less, both rounded up to four digits: as integers over 16 · 2^77.
  @Test func theConstantsAreRoundedUp() {
    let power = (0..<7).reduce(Int128(1)) { x, _ in x * 2049 }
    let unit = Int128(1) << 77
    for (scaled, exact) in [(3637, 17 * power - 17 * unit), (66140, 17 * power - 16 * unit)] as [(Int128, Int128)] {
      let million = exact * 1_000_000 / (16 * unit)
      #expect(million < scaled && scaled - million <= 10)
    }
  }

  /// |Ŝ − S| ≤ |S|/16 + 3.637·10^-3 Σ|X|, times 16·10^6.
  private func check(_ terms: [Value]) -> Bool {
    let numbers = terms.map { $0.dyadic! }
    let (sum, magnitudes) = (numbers.reduce(.zero, +), numbers.reduce(.zero) { $0 + $1.magnitude })
    let computed = Plan.sequential(P3109ReductionTests.wide).sum(terms)
    guard let result = P3109ReductionTests.narrow.round(computed).value.dyadic else { return true }
    return (result - sum).magnitude * 16_000_000 <= sum.magnitude * 1_000_000 + magnitudes * Dyadic(16 * 3637)
  }

  @Test func sumsOfEightTermsStayWithinTheAnnexesBound() {
    var random = SplitMix64(seed: 111)
    let values = P3109ReductionTests.values
    for trial in 0..<effort(40_000) {
      // Any values; or values of two neighbouring sizes, which tie; or sums that cancel.
      var terms = (0..<8).map { _ in values.randomElement(using: &random)! }
      if trial % 3 == 1 {
        let (large, small) = (values.randomElement(using: &random)!, values.randomElement(using: &random)!)
        terms = terms.map { _ in Bool.random(using: &random) ? large : small }
      } else if trial % 3 == 2 {
        terms = terms.prefix(4).flatMap { [$0, -$0] }.map { $0.isZero ? .zero : $0 }.shuffled(using: &random)
        terms[Int.random(in: 0..<8, using: &random)] = values.randomElement(using: &random)!
      }
      guard check(terms) else {
        Issue.record("the bound does not hold for \(terms)")
        return
      }
    }
  }

  /// The largest ratio that a climb from random sums finds stays below 1 as well.
  @Test func climbingFindsNoSumBeyondTheBound() {
    var random = SplitMix64(seed: 112)
    let values = P3109ReductionTests.values
    func ratio(_ terms: [Value]) -> Double {
      let numbers = terms.map { $0.dyadic! }
      let (sum, magnitudes) = (numbers.reduce(.zero, +), numbers.reduce(.zero) { $0 + $1.magnitude })
      let computed = Plan.sequential(P3109ReductionTests.wide).sum(terms)
      guard let result = P3109ReductionTests.narrow.round(computed).value.dyadic, !magnitudes.isZero else { return 0 }
      let allowed = Value.finite(sum.magnitude).double / 16 + 3.637e-3 * Value.finite(magnitudes).double
      return Value.finite((result - sum).magnitude).double / allowed
    }
    for _ in 0..<effort(20) {
      var terms = (0..<8).map { _ in values.randomElement(using: &random)! }
      var best = ratio(terms)
      for _ in 0..<1_000 {
        var next = terms
        next[Int.random(in: 0..<8, using: &random)] = values.randomElement(using: &random)!
        let found = ratio(next)
        if found >= best { (terms, best) = (next, found) }
      }
      #expect(best < 1 && best > 0.5, "\(terms) attains \(best)")
    }
  }

  /// |P̂ − P| ≤ 6.614·10^-2 |P| for products, away from both ends of both ranges.
  @Test func productsOfEightFactorsStayWithinTheAnnexesBound() {
    var random = SplitMix64(seed: 113)
    let factors = P3109ReductionTests.values.filter { (0.5...2).contains($0.double.magnitude) }
    for _ in 0..<effort(20_000) {
      let terms = (0..<8).map { _ in factors.randomElement(using: &random)! }
      let exact: Dyadic = terms.reduce(Dyadic(1)) { $0 * $1.dyadic! }
      let product = terms.dropFirst().reduce(terms[0]) { P3109ReductionTests.wide.round(Extended.product($0, $1)).value }
      let rounded = P3109ReductionTests.narrow.round(product).value
      guard (Dyadic.power(-6)...200).contains(exact.magnitude), let result = rounded.dyadic else { continue }
      guard (result - exact).magnitude * 100_000 <= exact.magnitude * 6614 else {
        Issue.record("the bound does not hold for \(terms)")
        return
      }
    }
  }
}
