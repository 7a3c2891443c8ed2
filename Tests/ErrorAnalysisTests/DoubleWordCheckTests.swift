// SPDX-License-Identifier: Apache-2.0
// Double words: bounds never exceeded, largest errors, known worst cases, and counts by another way.

import Accumulation
import ErrorAnalysis
import Formats
import TestSupport
import Testing

@Suite struct DoubleWordCheckTests {
  private func check(_ operation: DoubleWordOperation, p: Int, binades: Int) throws -> DoubleWordCheck {
    try DoubleWordCheck(operation, Rounder(to: Format("e8m\(p - 1)")), binades: binades)
  }

  /// The largest errors that the catalogue lists, no bound exceeded, and results that are double words even at p = 2.
  @Test(arguments: DoubleWordOperation.allCases) func largestErrorsAreThoseOfTheCatalogue(_ operation: DoubleWordOperation) throws {
    let bound = OperationBound.of(operation)
    for (p, largest) in zip(2..., bound.largest) {
      let result = try check(operation, p: p, binades: OperationBound.windows[p]!)
      #expect((result.worstInSquares * 1000).rounded(.down) / 1000 == largest, "p = \(p): \(result.worstInSquares)")
      #expect(result.counts.violations == 0 && result.counts.notNormalised == 0 && result.counts.overflow == 0 && result.counts.underflow == 0)
      let unit = Double(sign: .plus, exponent: -2 * p, significand: 1)
      if let limit = bound.relativeError(precision: p) { #expect(result.worstInSquares * unit <= limit.value && result.counts.guaranteed > 0) }
    }
  }

  @Test(arguments: DoubleWordOperation.allCases) func boundsHoldAtFiveBitsAndMore(_ operation: DoubleWordOperation) throws {
    for p in operation.secondOperand == .doubleWord ? 5...5 : 5...7 {
      let result = try check(operation, p: p, binades: operation.secondOperand == .doubleWord || p > 6 ? 1 : 2)
      #expect(result.counts.violations == 0 && result.counts.notNormalised == 0)
      #expect((OperationBound.of(operation).relativeError(precision: p) == nil) == (result.counts.guaranteed == 0))
    }
  }

  /// Worst cases by hand: operands of the format, the result, and the error.
  @Test func knownWorstCases() throws {
    var four = DoubleArithmetic(try Rounder(to: Format("e8m3")))!
    let product = four.product1(DoubleWord(1.125, 0.0546875), DoubleWord(1.875, 0.05859375))
    let exact = 1.1796875 * 1.93359375
    #expect(abs(abs(product.high + product.low - exact) / exact * 256 - 3.4832) < 1e-4)
    var three = DoubleArithmetic(try Rounder(to: Format("e8m2")))!
    let sum: DoubleWord<Double> = three.sum(DoubleWord(1, 0.109375), DoubleWord(-0.4375, -0.0068359375))
    #expect(abs(abs(sum.high + sum.low - 0.6650390625) / 0.6650390625 * 64 - 2.1615) < 1e-3)
    // Total cancellation: the exact sum is −1/64, and the sloppy one is wrong by all of it.
    let sloppy = three.sloppySum(DoubleWord(1, 0.125), DoubleWord(-1.25, 0.109375))
    #expect(abs(sloppy.high + sloppy.low + 0.015625) == 0.015625)
  }

  /// Sloppy addition with opposite signs loses everything at every p.
  @Test(arguments: 2...4) func sloppyAdditionHasNoBoundForOppositeSigns(_ p: Int) throws {
    let result = try DoubleWordCheck(.sloppyPlus, Rounder(to: Format("e8m\(p - 1)")), binades: p + 1)
    #expect(result.counts.beyond > 0 && result.counts.violations == 0)
    #expect(result.counterexamples.contains { $0.kind == .beyond && $0.x.high * $0.y.high < 0 })
  }

  /// All double words of a format, by values and exact fractions: the same counts, and the same largest error.
  @Test(arguments: [DoubleWordOperation.plusFP, .timesFP1, .timesFP3, .sloppyPlus]) func countsAreThoseOfValues(_ operation: DoubleWordOperation) throws {
    let format = try Format("e3m2fn")
    let rounder = try Rounder(to: format)
    let numbers = Set(format.codes.compactMap { format.decode(UInt128($0)).dyadic }).sorted()
    func overflows(_ x: Dyadic) -> Bool { rounder.round(.finite(x)).flags.contains(.overflow) }
    let words = numbers.flatMap { h in
      numbers.filter { rounder.round(.finite(h + $0)).value.dyadic == h && !overflows(h + $0) }.map { DoubleWord(Value.finite(h), Value.finite($0)) }
    }
    let seconds = operation.secondOperand == .doubleWord ? words.filter { $0.low.dyadic!.magnitude > 1 } : numbers.map { DoubleWord(Value.finite($0), .zero) }
    // As it would be at p = 3, whether or not it is claimed there.
    let bound = [DoubleWordOperation.plusFP: 2.0 / 64, .timesFP3: 2.0 / 64, .timesFP1: 1.5 / 64 + 4.0 / 512][operation] ?? 3.25 / 64
    var (cases, exact, overflow, underflow, beyond, worst) = (0, 0, 0, 0, 0, 0.0)
    for x in words {
      for y in seconds {
        let (a, b) = (x.high.dyadic! + x.low.dyadic!, y.high.dyadic! + y.low.dyadic!)
        let truth = operation.function == .sum ? a + b : a * b
        if overflows(truth) { continue }
        cases += 1
        var arithmetic = ValueArithmetic(rounder)
        let z = operation.apply(x, y, in: &arithmetic)
        if arithmetic.flags.contains(.overflow) {
          overflow += 1
          continue
        }
        let error = (z.high.dyadic! + z.low.dyadic! - truth).magnitude
        if error.isZero {
          exact += 1
          continue
        }
        let isUnderflow = arithmetic.flags.contains(.underflow)
        if isUnderflow { underflow += 1 }
        let ratio = Value.finite(error).double / Value.finite(truth.magnitude).double
        if ratio > bound { beyond += 1 }
        let isSloppy = operation == .sloppyPlus && x.high.dyadic!.isNegative != y.high.dyadic!.isNegative && !x.high.isZero && !y.high.isZero
        if !isUnderflow && !isSloppy { worst = max(worst, ratio) }
      }
    }
    let found = try DoubleWordCheck(operation, rounder)
    if operation.secondOperand == .number {
      #expect(found.counts.cases == cases && found.counts.exact == exact && found.counts.overflow == overflow && found.counts.underflow == underflow)
      #expect(found.counts.beyond == beyond && abs(found.worstInSquares / 64 - worst) < 1e-15)
    } else {
      // (Only some of the second operands were taken.)
      #expect(found.worstInSquares / 64 >= worst - 1e-15 && found.counts.cases > cases)
    }
  }
}
