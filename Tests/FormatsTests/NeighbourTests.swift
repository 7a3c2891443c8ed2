// SPDX-License-Identifier: Apache-2.0
// Neighbours and spacing against the sorted list of values.

import Formats
import TestSupport
import Testing

@Suite struct NeighbourTests {
  @Test(arguments: FormatLists.exhaustive)
  func neighboursAreThoseOfTheSortedList(_ format: Format) {
    let values = BracketOracle(format).values
    for (lower, upper) in zip(values, values.dropFirst()) {
      let middle = (lower + upper).scaled(by: -1)
      let near = (upper - lower).scaled(by: -20)
      let pairs: [(Dyadic, Dyadic?, Dyadic?)] = [
        (lower, upper, nil), (upper, nil, lower), (middle, upper, lower), (lower + near, upper, lower), (upper - near, upper, lower),
      ]
      for (x, above, below) in pairs {
        let isRight = (above == nil || format.next(above: x) == .finite(above!)) && (below == nil || format.next(below: x) == .finite(below!))
        guard isRight else {
          Issue.record("\(x) of \(format) has neighbours \(String(describing: format.next(below: x))), \(String(describing: format.next(above: x)))")
          return
        }
      }
    }
  }

  @Test(arguments: FormatLists.exhaustive)
  func beyondTheRangeStandsInfinityOrNothing(_ format: Format) {
    let (least, largest) = (format.minFinite, format.maxFinite)
    let (above, below) = (largest + format.ulp(largest).scaled(by: -9), least - format.ulp(least).scaled(by: -9))
    let far = Dyadic.power(20_000)
    let positive: Value? = format.hasInfinity ? .infinity(negative: false) : nil
    let negative: Value? = format.hasInfinity && format.isSigned ? .infinity(negative: true) : nil
    for x in [largest, above, far] { #expect(format.next(above: x) == positive) }
    for x in [least, below, -far] { #expect(format.next(below: x) == negative) }
    for x in [above, far] { #expect(format.next(below: x) == .finite(largest)) }
    for x in [below, -far] { #expect(format.next(above: x) == .finite(least)) }
  }

  @Test(arguments: FormatLists.exhaustive)
  func spacingIsTheGapAboveEachMagnitude(_ format: Format) {
    let values = BracketOracle(format).values.filter { !$0.isNegative }
    let eta = Dyadic.power(format.quantumExponent)
    #expect(format.ulp(.zero) == eta)
    for (x, above) in zip(values, values.dropFirst()) where !x.isZero {
      guard format.ulp(x) == above - x, format.ulp(-x) == format.ulp(x) else {
        Issue.record("ulp(\(x)) = \(format.ulp(x)) in \(format), not \(above - x)")
        return
      }
    }
  }

  @Test func firstPlaceIsTheLargestPowerOfTwoNotAbove() {
    var random = SplitMix64(seed: 1)
    #expect(Format.ufp(.zero) == .zero)
    for _ in 0..<10_000 {
      let x = Dyadic(Int128(Int.random(in: .min ... .max, using: &random) >> Int.random(in: 0..<63, using: &random)), exponent: Int.random(in: -99...99, using: &random))
      if x.isZero { continue }
      let first = Format.ufp(x)
      #expect(first.significand == 1 && first <= x.magnitude && x.magnitude < first.scaled(by: 1))
    }
  }
}
