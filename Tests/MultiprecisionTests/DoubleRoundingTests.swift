// SPDX-License-Identifier: Apache-2.0
// Rounding twice: the fewest bits that make it innocent, and the exact number of failures below (theory T1.5, T1.6).

import Formats
import Multiprecision
import TestSupport
import Testing

@Suite struct DoubleRoundingTests {
  /// Unrounded results of an operation on p-bit numbers whose exponents differ by every distance that matters, with an exponent
  /// range that never ends.
  static func results(_ operation: Operation, p: Int) -> [Extended] {
    let significands = (1 << (p - 1)..<(1 << p)).map { Int128($0) }
    let distances = 0...(3 * p + 6)
    var results: [Extended] = []
    func add(_ operands: [Dyadic]) { results.append(operation.extended(operands.map { .finite($0) })) }
    for m in significands {
      switch operation {
      case .sqrt: for e in 0...1 { add([Dyadic(m, exponent: e)]) }
      case .mul, .div: for n in significands { add([Dyadic(m), Dyadic(n)]) }
      case .add:
        for n in significands { for e in distances { for s in [1, -1] as [Int128] { add([Dyadic(m, exponent: e), Dyadic(s * n)]) } } }
      default:
        for n in significands { for c in significands { for e in distances { for s in [1, -1] as [Int128] {
          add([Dyadic(m), Dyadic(n), Dyadic(s * c, exponent: p - e)])
        } } } }
      }
    }
    return results
  }

  private func failures(_ results: [Extended], through first: Rounder, to second: Rounder) -> Int {
    results.count { second.round(first.round($0).value).value != second.round($0).value }
  }

  /// The smallest q > p from which on no result fails, over q up to 2p + 4.
  private func smallest(_ operation: Operation, p: Int, _ firstMode: Rounding) throws -> Int {
    let results = DoubleRoundingTests.results(operation, p: p)
    let second = try Rounder(to: try Format("e15m\(p - 1)"))
    var q = 2 * p + 4
    while q > p + 1, failures(results, through: try Rounder(to: try Format("e15m\(q - 2)"), firstMode), to: second) == 0 { q -= 1 }
    return q
  }

  @Test(arguments: [
    (2, [5, 3, 4, 6]), (3, [7, 4, 6, 8]), (4, [9, 8, 8, 10]), (5, [11, 10, 10, 12]),
  ])
  func fewestBitsOfAFirstRoundingToNearestAreTheTabulatedOnes(_ p: Int, _ expected: [Int]) throws {
    let found = try [Operation.add, .mul, .div, .sqrt].map { try smallest($0, p: p, .nearestEven) }
    #expect(found == expected, "p = \(p): + * / sqrt")
  }

  @Test(arguments: [(2, [4, 3, 4, 4, 4]), (3, [5, 5, 5, 5, 5]), (4, [6, 6, 6, 6, 6])])
  func fewestBitsOfAFirstRoundingToOddArePPlusTwo(_ p: Int, _ expected: [Int]) throws {
    let found = try [Operation.add, .mul, .div, .sqrt, .fma].map { try smallest($0, p: p, .toOdd) }
    #expect(found == expected, "p = \(p): + * / sqrt fma")
  }

  /// From three bits on a product can be a middle, and then no first precision is enough; with two bits none is, and p + 3 are.
  @Test func noFirstPrecisionMakesFMAInnocent() throws {
    for p in 3...6 {
      let second = try Rounder(to: try Format("e15m\(p - 1)"))
      // A product of p + 1 bits, the last of them set, above an odd number: from the middle, ties to even go up.
      let significands: Range<Int> = (1 << (p - 1))..<(1 << p)
      var middle = Dyadic.zero
      for m in significands {
        for n in significands {
          let x = Dyadic(Int128(m * n))
          if x.floorLog2 - x.exponent == p && x.significand & 3 == 3 { middle = x }
        }
      }
      #expect(!middle.isZero)
      for q in p + 1...90 {
        let first = try Rounder(to: try Format("e15m\(q - 1)"))
        let exact = Unrounded.sum(middle, -Dyadic.power(middle.floorLog2 - q - 2))
        #expect(second.round(first.round(exact).value).value != second.round(exact).value, "p = \(p), q = \(q), \(middle)")
      }
    }
    #expect(try smallest(.fma, p: 2, .nearestEven) == 5)
  }

  /// Ordered pairs of finite operands whose result, overflow included, differs after a first rounding to a wider format.
  private func failures(_ operation: Operation, _ format: Format, through wide: Format) throws -> Int {
    let (first, second) = (try Rounder(to: wide), try Rounder(to: format))
    let values = BracketOracle(format).values
    var count = 0
    for x in values {
      for y in values {
        let exact = operation.extended([.finite(x), .finite(y)])
        if second.round(first.round(exact).value).value != second.round(exact).value { count += 1 }
      }
    }
    return count
  }

  @Test(arguments: [
    (Operation.add, "e4m3fn", "bf16", 312), (.add, "e4m3fn", "fp32", 0), (.mul, "e4m3fn", "fp32", 0), (.div, "e4m3fn", "fp32", 0), (.add, "e4m3fn", "fp16", 0),
    (.mul, "e4m3fn", "fp16", 0), (.div, "e4m3fn", "fp16", 0), (.add, "e3m4fn", "bf16", 1112), (.mul, "e3m4fn", "bf16", 1496), (.div, "e3m4fn", "bf16", 2040),
  ])
  func failuresOfDoubleRoundingAreAsCounted(_ operation: Operation, _ name: String, _ wide: String, _ count: Int) throws {
    #expect(try failures(operation, try Format(name), through: try Format(wide)) == count)
  }

  @Test(arguments: [(-15.0, -416.0, -416.0, -448.0), (30, -0.9375, 30, 28)])
  func sumsThroughBF16FailAsDescribed(_ x: Double, _ y: Double, _ direct: Double, _ twice: Double) throws {
    let (e4m3fn, bf16) = (try Rounder(to: .e4m3fn), try Rounder(to: .bf16))
    let exact = Operation.add.extended([Value(x), Value(y)])
    #expect(e4m3fn.round(exact).value == Value(direct))
    #expect(e4m3fn.round(bf16.round(exact).value).value == Value(twice))
  }

  /// Distinct products of e4m3fn with every addend: fma through fp32 never fails, through fp16 536 times.
  @Test func failuresOfFMAThroughFP16AreAsCounted() throws {
    let values = BracketOracle(.e4m3fn).values
    let products = Set(values.flatMap { x in values.map { x * $0 } })
    let (fp16, fp32, second) = (try Rounder(to: .fp16), try Rounder(to: .fp32), try Rounder(to: .e4m3fn))
    var (pairs, throughFP16, throughFP32) = (0, 0, 0)
    for product in products {
      for c in values {
        let exact = Unrounded.sum(product, c)
        let direct = second.round(exact).value
        pairs += 1
        if second.round(fp16.round(exact).value).value != direct { throughFP16 += 1 }
        if second.round(fp32.round(exact).value).value != direct { throughFP32 += 1 }
      }
    }
    #expect(pairs == 508_783)
    #expect(throughFP32 == 0)
    #expect(throughFP16 == 536)
    let exact = Unrounded.sum(338, Dyadic(-15, exponent: -3))
    #expect(second.round(exact).value == Value(352))
    #expect(second.round(fp16.round(exact).value).value == Value(320))
  }
}
