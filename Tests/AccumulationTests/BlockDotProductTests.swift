// SPDX-License-Identifier: Apache-2.0
// Sums and dot products of blocks against MPFR's exact arithmetic, and their special values against doubles.

import Accumulation
import CMPFR
import Formats
import TestSupport
import Testing

@Suite struct BlockDotProductTests {
  private static let modes = Rounding.deterministic

  private func random(_ format: Format, _ generator: inout SplitMix64) -> Value {
    let limit: UInt64 = format.width == 64 ? .max : (1 << UInt64(format.width)) - 1
    return format.decode(Format.Code(generator.next() & limit))
  }

  private func finite(_ format: Format, _ generator: inout SplitMix64) -> Value {
    while true {
      let value = random(format, &generator)
      if value.isFinite { return value }
    }
  }

  /// The exact Σ Π of factors, with more bits than any of the sums here has.
  private func exactSum(_ terms: [[Value]]) -> Real {
    let sum = Real(precision: 12_000) { z, _ in mpfr_set_zero(z, 1); return 0 }
    for term in terms {
      let product = Real(precision: 600) { mpfr_set_ui($0, 1, $1) }
      for factor in term {
        let x = Real(factor)
        #expect(mpfr_mul(product.raw, product.raw, x.raw, MPFR_RNDN) == 0)
      }
      #expect(mpfr_add(sum.raw, sum.raw, product.raw, MPFR_RNDN) == 0)
    }
    return sum
  }

  @Test(arguments: [
    ("e2m1fn", "e4m3fn", "bf16"), ("e4m3", "e8m0fnu", "fp16"), ("e5m2", "fp16", "e4m3"), ("q4.4", "e4m3", "fp32"), ("fp64", "fp64", "fp64"),
    ("fp32", "fp64", "fp128"), ("bf16", "e8m0fnu", "e4m3fnuz"),
  ])
  func finiteBlocksAreSummedExactlyAndRoundedOnce(_ names: (String, String, String)) throws {
    let (element, scaleFormat, target) = (format(names.0), format(names.1), format(names.2))
    let oracle = MPFROracle(target)
    var generator = SplitMix64(seed: 401)
    for trial in 0..<effort(40) {
      let count = 1 + trial % 7
      var x = (0..<count).map { _ in finite(element, &generator) }
      let y = (0..<count).map { _ in finite(element, &generator) }
      // Some cancel: the last term is the negative of the first.
      if count > 2, trial % 3 == 0, element.isSigned, element.encode(-x[0]) == nil { x[0] = .zero }
      var (a, b) = (x, y)
      if count > 2, trial % 3 == 0 {
        (a[count - 1], b[count - 1]) = (-x[0], y[0])
      }
      let (s, t) = (finite(scaleFormat, &generator), finite(scaleFormat, &generator))
      let dot = exactSum(zip(a, b).map { [s, $0, t, $1] })
      let sum = exactSum(a.map { [s, $0] })
      for mode in Self.modes {
        let rounder = try Rounder(to: target, mode)
        for (found, exact) in [(Block.dotProduct(Block(scale: s, a), Block(scale: t, b), rounder), dot), (Block(scale: s, a).reduceAdd(rounder), sum)] {
          let expected = exact.isZero ? .zero : oracle.round(mode, rounder.overflow, exact.copy)
          guard found.value.isEqual(to: expected) || found.value == expected else {
            Issue.record("\(found.value), not \(expected): \(mode) into \(target), \(s) · \(a), \(t) · \(b)")
            return
          }
        }
      }
    }
  }

  /// Zeros, infinities and NaN: the sums of doubles have the same ones, whatever their rounding errors.
  @Test func specialValuesAreThoseOfSumsOfProducts() throws {
    let numbers: [Double] = [0, -0.0, 1, -1, .infinity, -.infinity, .nan]
    let rounder = try Rounder(to: .fp64)
    for s in numbers {
      for t in numbers {
        for x in numbers {
          for y in numbers {
            for z in numbers {
              let blocks = (Block(scale: Value(s), [Value(x), Value(y)]), Block(scale: Value(t), [Value(z), Value(1)]))
              let dot = (s * x) * (t * z) + (s * y) * (t * 1)
              guard Block.dotProduct(blocks.0, blocks.1, rounder).value == Value(dot), blocks.0.reduceAdd(rounder).value == Value(s * x + s * y) else {
                Issue.record("\(s) · (\(x), \(y)) with \(t) · (\(z), 1) is not \(dot)")
                return
              }
            }
          }
        }
      }
    }
  }

  @Test func exactZeroSumsHaveTheSignOfIEEE754() throws {
    let (nearest, down) = (try Rounder(to: .fp64), try Rounder(to: .fp64, .down))
    func sum(_ x: [Double]) -> Value { Block(scale: Value(1), x.map { Value($0) }).reduceAdd(down).value }
    #expect(sum([]) == .zero && sum([0, 0]) == .zero && sum([0, -0.0]) == .negativeZero && sum([1, -1]) == .negativeZero)
    #expect(sum([-0.0, -0.0]) == .negativeZero && Block(scale: Value(-1), [.zero]).reduceAdd(nearest).value == .negativeZero)
  }

  /// One pair with unit scales is a multiplication.
  @Test func singlePairIsAProduct() throws {
    let (input, rounder) = (format("e3m2"), try Rounder(to: format("e2m3fn"), .up))
    for i in input.codes {
      for j in input.codes {
        let (x, y) = (input.decode(Format.Code(i)), input.decode(Format.Code(j)))
        let found = Block.dotProduct(Block(scale: Value(1), [x]), Block(scale: Value(1), [y]), rounder)
        #expect(found == rounder.round(Extended.product(x, y)), "\(x) · \(y)")
      }
    }
  }

  @Test func sumIsRoundedOnceWhereTwoRoundingsDiffer() throws {
    // 1 + 2^-8 is in the middle between 1 and 1 + 2^-7, and would become 1.
    let rounder = try Rounder(to: .bf16)
    let x = [Value(1), Value(0x1p-8), Value(0x1p-30)]
    #expect(Block(scale: Value(1), x).reduceAdd(rounder).value == Value(1 + 0x1p-7))
    #expect(Block.dotProduct(Block(scale: Value(4), x), Block(scale: Value(0.25), [1, 1, 1].map { Value($0) }), rounder).value == Value(1 + 0x1p-7))
  }
}
