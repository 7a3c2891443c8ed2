// SPDX-License-Identifier: Apache-2.0
// What an observer of an evaluation sees: every rounding, in order, as it happened.

import Accumulation
import Formats
import TestSupport
import Testing

@Suite struct StepTests {
  @Test(arguments: EvaluateTests.plans.filter { !$0.contains("sr") })
  func everyStepIsTheRoundingItSays(_ text: String) throws {
    let dot = DotProduct(try Plan(text: text), product: try Product(text: "e5m2@rz"))
    let x = (0..<37).map { Value(Double($0 * 7 % 11) - 4) }
    let y = (0..<37).map { Value(Double($0 * 5 % 13) / 8) }
    // Lanes and interleaved steps take their products out of order; the last operation of some compensated sums is a correction.
    let isInOrder = !text.contains("strided") && !text.contains("dealt") && !text.contains("h100-fp8-fp16")
    let endsInResult = !text.hasPrefix("kahan") && !text.hasPrefix("expansion")
    var steps: [Step] = []
    let result = dot.evaluate(x, y) { steps.append($0) }
    var products = 0
    for step in steps {
      switch step.kind {
      case .product:
        #expect(step.before == .zero)
        if isInOrder { #expect(step.term == Extended.product(x[products], y[products])) }
        #expect(step.rounded == step.rounder.round(step.term) && !step.isSwallowed)
        products += 1
      case .block, .exact: #expect(step.rounded.value.isFinite)
      case .addition, .correction:
        #expect(step.rounded == step.rounder.round(Extended.sum(step.before, step.term, rounding: step.rounder.rounding)))
      }
    }
    #expect(products == 37)
    if endsInResult { #expect(steps.last?.rounded.value == result) }
    #expect(steps.last?.rounder == dot.plan.output || steps.last?.kind == .block)
  }

  /// n additions one after another; n − 1 in a tree of bare terms; both levels of a hierarchy.
  @Test(arguments: [
    ("fp32", 1, 1), ("fp32", 10, 10), ("pairwise/fp32", 1, 1), ("pairwise/fp32", 2, 1), ("pairwise/fp32", 10, 9), ("pairwise4/fp32", 10, 12), ("pairwise16/fp32", 10, 10),
    ("fp16:4,fp32", 10, 13), ("fp16:4,pairwise/fp32", 10, 12), ("pairwise/fp16:4,fp32", 10, 10), ("fp16:2,fp16:2,fp32", 10, 18),
  ])
  func additionsAreAsManyAsThePlanNeeds(_ text: String, _ n: Int, _ count: Int) throws {
    var additions = 0
    let result = try Plan(text: text).sum(Array(repeating: Value(1), count: n)) { _ in additions += 1 }
    #expect(additions == count)
    #expect(result == Value(Double(n)))
  }

  @Test func fusedTreesRoundTheirLeaves() throws {
    let plan = try Plan(text: "pairwise/e5m2")
    let (x, y) = ([Value(1.25), Value(1.25)], [Value(1.25), Value(1.25)])
    var additions = 0
    // 1.5625 becomes 1.5 in a leaf of its own; 3.125 becomes 3.
    #expect(DotProduct(plan, product: .fused).evaluate(x, y) { _ in additions += 1 } == Value(3))
    #expect(additions == 3)
    let (u, v) = ([Value(1.5), Value(1.25)], [Value(1.75), Value(1.75)])
    // 2.625 + 2.1875 = 4.8125 becomes 5; the leaves become 2.5 and 2, and 4.5 becomes 4.
    #expect(DotProduct(plan, product: .exact).evaluate(u, v) == Value(5))
    #expect(DotProduct(plan, product: .fused).evaluate(u, v) == Value(4))
  }

  @Test func aTermIsSwallowedWhenTheAccumulatorStaysAsItWas() throws {
    func swallowed(_ text: String, _ terms: [Double]) throws -> [Bool] {
      var found: [Bool] = []
      _ = try Plan(text: text).sum(terms.map { Value($0) }) { found.append($0.isSwallowed) }
      return found
    }
    #expect(try swallowed("e4m3", [16, 1, 1.5, -0.25, 0, -1]) == [false, true, false, true, false, false])
    #expect(try swallowed("e4m3", [0, 0, 0x1p-10, 0x3p-10]) == [false, false, true, false])
    #expect(try swallowed("e4m3@saturate", [240, 240, -240]) == [false, true, false])
    #expect(try swallowed("e4m3", [240, 240, 1]) == [false, false, false])
    #expect(try swallowed("e4m3@rz", [.infinity, 1, .nan, 1]) == [false, false, false, false])
    #expect(try swallowed("e4m3@flush", [0x1p-7, 1]) == [true, false])
  }
}
