// SPDX-License-Identifier: Apache-2.0
// Which products of narrow operands a wider format holds exactly, by counting (theory T1.4).

import Formats
import TestSupport
import Testing

@Suite struct ExactProductTests {
  private func positives(_ format: Format) -> [Dyadic] { BracketOracle(format).values.filter { $0 > 0 } }

  /// Fractions of ordered pairs of nonzero operands, to three or four decimals: exact, and beyond the largest value.
  @Test(arguments: [
    ("e2m1fn", "fp16", 1.0, 0.0), ("e2m1fn", "bf16", 1, 0), ("e2m1fn", "tf32", 1, 0), ("e2m1fn", "e4m3fn", 1, 0),
    ("e3m2fn", "fp16", 1, 0), ("e3m2fn", "bf16", 1, 0), ("e3m2fn", "tf32", 1, 0), ("e3m2fn", "e4m3fn", 0.676, 0.008),
    ("e2m3fn", "fp16", 1, 0), ("e2m3fn", "bf16", 1, 0), ("e2m3fn", "tf32", 1, 0), ("e2m3fn", "e4m3fn", 0.417, 0),
    ("e4m3fn", "fp16", 0.9938, 0.0062), ("e4m3fn", "bf16", 1, 0), ("e4m3fn", "tf32", 1, 0), ("e4m3fn", "e4m3fn", 0.224, 0.160),
    ("e5m2", "fp16", 0.829, 0.133), ("e5m2", "bf16", 1, 0), ("e5m2", "tf32", 1, 0), ("e5m2", "e4m3fn", 0.285, nil),
    ("e3m4fn", "fp16", 1, 0), ("e3m4fn", "bf16", 0.679, 0), ("e3m4fn", "tf32", 1, 0), ("e3m4fn", "e4m3fn", 0.101, nil),
  ] as [(String, String, Double, Double?)])
  func fractionOfExactProductsIsAsCounted(_ operand: String, _ target: String, _ exact: Double, _ beyond: Double?) throws {
    let (values, wide) = (positives(try Format(operand)), try Format(target))
    var (held, above) = (0, 0)
    for x in values {
      for y in values {
        held += wide.contains(x * y) ? 1 : 0
        above += x * y > wide.maxFinite ? 1 : 0
      }
    }
    let pairs = Double(values.count * values.count)
    let tolerance = exact == 0.9938 ? 0.00005 : 0.0005
    #expect(exact == 1 ? held == values.count * values.count : abs(Double(held) / pairs - exact) <= tolerance, "\(Double(held) / pairs)")
    if let beyond { #expect(abs(Double(above) / pairs - beyond) <= tolerance, "\(Double(above) / pairs)") }
  }

  @Test(arguments: [("e2m1fn", 18), ("e3m2fn", 145), ("e2m3fn", 221), ("e4m3fn", 1005), ("e5m2", 605), ("e3m4fn", 1798)])
  func numberOfDistinctProductsIsAsCounted(_ name: String, _ count: Int) throws {
    let format = try Format(name)
    let values = positives(format)
    #expect(Set(values.flatMap { x in values.map { x * $0 } }).count == count)
    let all = BracketOracle(format).values
    #expect(Set(all.flatMap { x in all.map { x * $0 } }).count == 2 * count + 1)
  }

  @Test func theLargestProductOfE4M3FNIsBeyondFP16() throws {
    let largest = Format.e4m3fn.maxFinite * Format.e4m3fn.maxFinite
    #expect(largest == 200_704)
    #expect(try Rounder(to: .fp16).round(Unrounded(largest)).value == .infinity(negative: false))
  }
}
