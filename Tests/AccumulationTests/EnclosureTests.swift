// SPDX-License-Identifier: Apache-2.0
// The exact value lies between the results of rounding down and up; wrapped sums are exact whenever the result fits.

import Accumulation
import Formats
import TestSupport
import Testing

@Suite struct EnclosureTests {
  private func exact(_ x: [Value], _ y: [Value], _ initial: Value) -> Dyadic {
    zip(x, y).reduce(initial.dyadic!) { $0 + $1.0.dyadic! * $1.1.dyadic! }
  }

  /// All dot products of two terms of a small format from three starting values.
  @Test(arguments: ["e2m1fn", "e3m1", "q2.2"]) func everySmallDotProductIsEnclosed(_ name: String) throws {
    let format = try Format(name)
    let values = format.codes.map { format.decode(UInt128($0)) }.filter { $0.dyadic != nil }
    for (accumulator, product) in [("e3m1", "exact"), ("e4m2@ru", "e3m0"), ("e4m1:nosub", "exact"), ("q3.1@rz", "e4m2"), ("pairwise/e4m1", "fused")] {
      let dot = DotProduct(try Plan(text: accumulator), product: try Product(text: product))
      var enclosed = 0
      for a in values { for b in values { for c in values where !c.dyadic!.isNegative { for d in values {
        for start in [Value.zero, Value(1), Value(-2)] {
          guard let (low, high) = dot.enclosure([a, c], [b, d], initial: start) else { continue }
          let s = exact([a, c], [b, d], start)
          enclosed += 1
          guard low > s || s > high else { continue }
          Issue.record("\(s) outside [\(low), \(high)]: \([a, c]), \([b, d]) from \(start) in \(accumulator), products \(product)")
        }
      } } } }
      #expect(enclosed > 3000, "\(accumulator): \(enclosed)")
    }
  }

  /// Long sums, in every scheme that encloses; the ends are results of one accumulator and never farther than its bound.
  @Test(arguments: ["e6m5", "e6m5@sr", "e5m3:8,fp16", "strided4/bf16,fp32", "pairwise4/e5m6", "exact/e4m3", "q16.2", "(e4m3:2,e5m3):8,fp16"])
  func longDotProductsAreEnclosed(_ accumulator: String) throws {
    let dot = DotProduct(try Plan(text: accumulator))
    let rounder = try Rounder(to: .e4m3fn)
    var random = SplitMix64(seed: 3)
    for n in 0..<120 {
      let x = (0..<n).map { _ in rounder.round(Value(Double.random(in: -2...2, using: &random))).value }
      let y = (0..<n).map { _ in rounder.round(Value(Double.random(in: -2...2, using: &random))).value }
      let (low, high) = try #require(dot.enclosure(x, y), "\(accumulator), n = \(n)")
      let s = exact(x, y, .zero)
      #expect(low <= s && s <= high, "\(accumulator), n = \(n): \(s) outside [\(low), \(high)]")
      if n <= 1 && accumulator == "q16.2" { #expect((high - low) <= Dyadic.power(-2)) }
    }
  }

  @Test(arguments: ["kahan/fp16", "tensorcore/h100-fp8", "e4m3@flush", "posit8", "ue8m0", "e4m3:8,sum2/fp16"])
  func whatDoesNotRoundOneWayEnclosesNothing(_ accumulator: String) throws {
    #expect(DotProduct(try Plan(text: accumulator)).enclosure([Value(1)], [Value(1)]) == nil)
  }

  @Test func overflowEnclosesNothing() throws {
    #expect(DotProduct(try Plan(text: "e4m3")).enclosure([Value(240), Value(240)], [Value(1), Value(1)]) == nil)
  }

  /// Two's complement: whatever the prefixes do, a sum that fits is exact; saturation needs every prefix to fit.
  @Test func wrappedSumsAreExactIfTheResultFits() throws {
    let format = try Format("q4.2")
    let values = stride(from: -32, to: 32, by: 5).map { Value(Double($0) / 4) }
    let wrap = Plan.sequential(try Rounder(to: format, overflow: .wrap))
    let saturate = Plan.sequential(try Rounder(to: format, overflow: .saturate))
    var (fitting, broken) = (0, 0)
    for a in values { for b in values { for c in values { for d in values {
      let terms = [a, b, c, d]
      let s = terms.reduce(Dyadic.zero) { $0 + $1.dyadic! }
      guard format.minFinite <= s && s <= format.maxFinite else { continue }
      fitting += 1
      #expect(wrap.sum(terms).dyadic == s)
      let prefixes = terms.indices.map { terms[...$0].reduce(Dyadic.zero) { $0 + $1.dyadic! } }
      let allFit = prefixes.allSatisfy { format.minFinite <= $0 && $0 <= format.maxFinite }
      if allFit { #expect(saturate.sum(terms).dyadic == s) } else { broken += saturate.sum(terms).dyadic == s ? 0 : 1 }
    } } } }
    #expect(fitting > 10_000 && broken > 1000)
  }
}
