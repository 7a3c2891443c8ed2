// SPDX-License-Identifier: Apache-2.0
// Error-free transforms: what they promise and what they say about their hypotheses.

import Accumulation
import Formats
import TestSupport
import Testing

@Suite struct ErrorFreeTests {
  private func transform(_ name: String, _ operands: [Double], _ format: String, _ rounding: Rounding = .nearestEven, split: Int? = nil) throws -> Transformed {
    let rounder = try Rounder(to: Format(format), rounding)
    let transform = try #require(ErrorFreeTransform(name, precision: rounder.format.precision, splitPoint: split))
    return operands.count == 1 ? transform(Value(operands[0]), in: rounder) : transform(Value(operands[0]), Value(operands[1]), in: rounder)
  }

  /// Known results with values and errors, and the hypotheses that failed.
  @Test func knownResults() throws {
    let lost = try transform("twosum", [-0.5625, 0x1p-9], "e4m3fn", .towardZero)
    #expect(lost.value.double == -0.5 && lost.error.double == -0.05859375 && lost.failed == [.nearest])
    let swallowed = try transform("twosum", [-0x1p-9, 0.5], "e4m3fn", .up)
    #expect(swallowed.value.double == 0.5 && swallowed.error.isZero)
    let spurious = try transform("2sum", [-12288, 57344], "e5m2")
    #expect(spurious.value.double == 49152 && spurious.failed == [.noOverflow])
    // The wrong order: 5 + 10 and 9 + 18 with 3 and 4 bits, 3 + 4 with 2.
    for (format, a, b, s, t) in [("e8m2", 5.0, 10.0, 16.0, -2.0), ("e8m3", 9, 18, 28, -2), ("e8m1", 3, 4, 8, 0)] {
      let unordered = try transform("fast2sum", [a, b], format)
      #expect(unordered.value.double == s && unordered.error.double == t && unordered.failed == [.ordered])
      let ordered = try transform("fast2sum", [b, a], format)
      #expect(ordered.value.double == s && ordered.error.double == a + b - s && ordered.failed.isEmpty)
    }
    let tiny = try transform("twoprodfma", [-7.5, -0.029296875], "e4m3fn")
    #expect(tiny.failed == [.notTiny] && tiny.value.double + tiny.error.double != 0.2197265625)
    let product = try transform("twoprodfma", [1.125, 1.875], "e4m3fn", .up)
    #expect(product.value.double == 2.25 && product.error.double == 2.109375 - 2.25 && product.failed.isEmpty)
    // Dekker with a wrong split point: 6 · 6 with 3 bits at 1, 19 · 27 with 5 bits at 2.
    let wrong = try transform("dekker", [6, 6], "e8m2", split: 1)
    #expect(wrong.value.double == 32 && wrong.error.isZero && wrong.failed == [.splitPoint])
    #expect(try transform("dekker", [6, 6], "e8m2").error.double == 4)
    let narrow = try transform("dekker", [19, 27], "e8m4", split: 2)
    #expect(narrow.value.double == 512 && narrow.error.double == 17 && narrow.failed == [.splitPoint])
    let halves = try transform("split", [215], "e8m7")
    #expect(halves.value.double == 208 && halves.error.double == 7)
  }

  @Test func namesAndAliases() {
    for name in ErrorFreeTransform.names { #expect(ErrorFreeTransform(name, precision: 8)?.name == name) }
    #expect(ErrorFreeTransform("TwoProd-FMA", precision: 4) == .twoProductFMA && ErrorFreeTransform("veltkamp", precision: 5) == .split(at: 3))
    #expect(ErrorFreeTransform("bogus", precision: 4) == nil)
  }

  /// To nearest with any tie rule, the theorems at p = 2 … 11, for numbers many binades apart and near, with exact sums as the oracle.
  @Test(arguments: 2...11) func theoremsHoldToNearest(_ p: Int) throws {
    let format = try Format("e9m\(p - 1)")
    var random = SplitMix64(seed: UInt64(620 + p))
    for rounding in [Rounding.nearestEven, .nearestAway, .nearestZero] {
      let rounder = try Rounder(to: format, rounding)
      for _ in 0..<effort(3000) {
        func number() -> Dyadic {
          let sign: Int128 = Bool.random(using: &random) ? 1 : -1
          return Dyadic(sign * Int128(Int.random(in: 1..<1 << p, using: &random)), exponent: Int.random(in: -p - 3...p + 3, using: &random))
        }
        let (a, b) = (number(), number())
        let (large, small) = a.magnitude < b.magnitude ? (b, a) : (a, b)
        for (transform, x, y, exact) in [
          (ErrorFreeTransform.twoSum, a, b, a + b), (.fast2Sum, large, small, a + b), (.twoProductFMA, a, b, a * b),
          (.dekkerProduct(at: (p + 1) / 2), a, b, a * b),
        ] {
          let result = transform(.finite(x), .finite(y), in: rounder)
          // Dekker's proof is for ties to even.
          if case .dekkerProduct = transform, rounding != .nearestEven { continue }
          guard result.failed.isEmpty, result.value.dyadic! + result.error.dyadic! == exact else {
            Issue.record("\(transform) of \(x), \(y) at p = \(p), \(rounding): \(result)")
            return
          }
        }
        let (high, low) = { ($0.value.dyadic!, $0.error.dyadic!) }(ErrorFreeTransform.split(at: (p + 1) / 2)(.finite(a), in: rounder))
        func bits(_ x: Dyadic) -> Int { x.isZero ? 0 : x.floorLog2 - x.exponent + 1 }
        #expect(high + low == a && bits(high) <= p - (p + 1) / 2 && bits(low) <= (p + 1) / 2)
      }
    }
  }

  /// In the other modes Fast2Sum's error is the true one, rounded, or for sr one of its two neighbours.
  @Test(arguments: [Rounding.towardZero, .up, .down, .toOdd, .stochastic]) func fast2SumRoundsTheErrorInFaithfulModes(_ rounding: Rounding) throws {
    let rounder = try Rounder(to: Format("e9m4"), rounding)
    var random = SplitMix64(seed: 631)
    for i in 0..<effort(5000) {
      let a = Dyadic(Int128(Int.random(in: -31...31, using: &random)), exponent: Int.random(in: 0...12, using: &random))
      let b = Dyadic(Int128(Int.random(in: -31...31, using: &random)), exponent: Int.random(in: -12...12, using: &random))
      guard a.magnitude >= b.magnitude else { continue }
      let stream = rounding == .stochastic ? RandomStream(seed: 632, "sum \(i)") : nil
      let result = ErrorFreeTransform.fast2Sum(.finite(a), .finite(b), in: rounder, random: stream)
      let exact = a + b - result.value.dyadic!
      let neighbours = try [Rounding.down, .up].map { try Rounder(to: rounder.format, $0).round(.finite(exact)).value.dyadic! }
      let expected = rounding == .stochastic ? neighbours : [rounder.round(.finite(exact)).value.dyadic!]
      #expect(expected.contains(result.error.dyadic!) && result.failed == [.nearest])
    }
  }
}
