// SPDX-License-Identifier: Apache-2.0
// Ternary approximations, against a search over all thresholds.

import Formats
import TestSupport
import Testing

@Suite struct TernaryTests {
  private let one: BlockQuantizer
  init() throws { one = try BlockQuantizer(ScaledFormat("ternary")) }

  /// The least Σ (x − a t)² over all thresholds, each with its best a, times the count n of numbers that become ±a: an integer for integers x.
  private func best(_ x: [Int]) -> (sum: Int, count: Int) {
    var best = (sum: 0, count: 1)
    for threshold in Set(x.map(\.magnitude)) where threshold > 0 {
      let chosen = x.map(\.magnitude).filter { $0 >= threshold }
      let sum = Int(chosen.reduce(0, +))
      // S²/k larger, in integers.
      if sum * sum * best.count > best.sum * best.sum * chosen.count { best = (sum, chosen.count) }
    }
    return best
  }

  @Test func factorIsOptimalOverAllThresholds() throws {
    var random = SplitMix64(seed: 86)
    for _ in 0..<effort(2000) {
      let bound = 1 << (random.next() % 12 + 1)
      let x = (0..<Int(random.next() % 24 + 1)).map { _ in Int(random.next() % UInt64(2 * bound)) - bound }
      let group = try one.quantize(group: x.map(Double.init))
      let used = group.elements.indices.filter { !group.elements[$0].isZero }
      let sum = used.reduce(0) { $0 + Int(x[$1].magnitude) }
      let expected = best(x)
      let a = Float(sum) / Float(max(used.count, 1))
      // The same objective, not the same set: ties are possible.
      guard sum * sum * expected.count == expected.sum * expected.sum * max(used.count, 1), group.scale == .ternary([Dyadic(Double(a))!]),
        used.allSatisfy({ group.elements[$0].isNegative == (x[$0] < 0) })
      else {
        Issue.record("\(x): \(used.count) numbers of sum \(sum), but \(expected.count) of sum \(expected.sum) are better")
        return
      }
    }
  }

  @Test func magnitudeOfNumbersDoesNotMatter() throws {
    let x = [3.0, -1, 0.5, 2, -2.5, 0.25, 0]
    let plain = try one.quantize(group: x)
    for shift in [-500, -100, 100] {
      // Powers of two beyond fp32 round its factor to 0 or to the end of its range, but leave the elements.
      let scaled = try one.quantize(group: x.map { $0 * Double(sign: .plus, exponent: shift, significand: 1) })
      #expect(scaled.elements == plain.elements)
    }
    #expect(plain.elements.map { $0.double } == [1, 0, 0, 1, -1, 0, 0])
    #expect(plain.scale == .ternary([Dyadic(2.5)!]))
  }

  @Test func laterTermsApproximateWhatIsLeft() throws {
    var random = SplitMix64(seed: 87)
    let x = (0..<64).map { _ in Double(Int(random.next() % 4001) - 2000) * 0.125 }
    let three = try BlockQuantizer(ScaledFormat("ternary3/64")).quantize(group: x)
    guard case .ternary(let factors) = three.scale else { return #expect(Bool(false)) }
    var rest = x
    for (term, factor) in factors.enumerated() {
      let group = try one.quantize(group: rest)
      #expect(group.scale == .ternary([factor]))
      #expect(group.elements == Array(three.elements[term * 64..<(term + 1) * 64]))
      let before = rest.reduce(0) { $0 + $1 * $1 }
      rest = zip(rest, group.values).map { $0 - $1 }
      #expect(rest.reduce(0) { $0 + $1 * $1 } < before)
    }
    #expect(zip(x, three.values).map { $0 - $1 }.map(\.magnitude).max()! <= x.map(\.magnitude).max()!)
  }
}
