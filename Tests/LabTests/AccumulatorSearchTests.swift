// SPDX-License-Identifier: Apache-2.0
// The search for accumulators: what it lists is so, and does not depend on threads.

import Accumulation
import Formats
import Lab
import Testing

@Suite struct AccumulatorSearchTests {
  private let search = AccumulatorSearch(format: .e4m3, count: 200, data: .distribution(.normal), target: 0.01, trials: 20)

  @Test func candidatesAreWhatTheyAreSaidToBe() throws {
    let candidates = search.run()
    #expect(candidates == search.run(.oneThread))
    #expect(candidates.count > 50 && zip(candidates, candidates.dropFirst()).allSatisfy { $0.cost.luts <= $1.cost.luts })
    for criterion in AccumulatorSearch.Criterion.allCases {
      let cheapest = search.cheapest(candidates, by: criterion)
      #expect(!cheapest.isEmpty && Set(cheapest.map(\.family)).count == cheapest.count)
      for c in cheapest {
        #expect(c.error(by: criterion) <= 0.01)
        // No other one of its family is cheaper and meets the target.
        #expect(!candidates.contains { $0.family == c.family && $0.cost.luts < c.cost.luts && $0.error(by: criterion) <= 0.01 })
      }
    }
    // A bound that holds says at least what was measured.
    for c in candidates where c.boundedBy != nil && !c.accumulator.contains("sr") { #expect(c.bound >= c.measured) }
    // Measured again, as an analysis of its own.
    let some = try #require(candidates.first { $0.family == "chunks of 16" && $0.measured.isFinite })
    let dot = DotProduct(try Plan(text: some.accumulator), factors: .e4m3)
    let result = Analysis(format: .e4m3, dot: dot, counts: [200], data: .distribution(.normal), trials: 20).run()[0]
    #expect(result.ratio.p99 == some.measured)
  }

  @Test func theFrontHasWhatNoneBeats() {
    let candidates = search.run()
    let front = AccumulatorSearch.front(candidates)
    #expect(!front.isEmpty && zip(front, front.dropFirst()).allSatisfy { $0.measured > $1.measured && $0.cost.luts <= $1.cost.luts })
    for c in candidates { #expect(!front.contains { $0.cost.luts > c.cost.luts && $0.measured >= c.measured } ) }
  }

  /// The published designs themselves, to within what a plane leaves of six points and a line of five.
  static let published = [
    ("e7m7", 255), ("e7m5", 185), ("e7m3", 187), ("e6m7", 242), ("e6m5", 187), ("e6m3", 165), ("q16.16", 205), ("q8.13", 171), ("q8.8", 159), ("q7.7", 151), ("q6.6", 148),
  ]

  @Test(arguments: published) func costsAreNearThePublishedOnes(_ accumulator: String, _ luts: Int) throws {
    let cost = try #require(AccumulatorCost(try Plan(text: accumulator)))
    #expect(abs(cost.luts - Double(luts)) < 27, "\(accumulator): \(cost.luts)")
  }

  @Test func costsOfLevelsAddUp() throws {
    func cost(_ text: String) throws -> AccumulatorCost { try #require(AccumulatorCost(try Plan(text: text))) }
    let (a, b, both) = (try cost("e6m5"), try cost("e6m9"), try cost("e6m5:16,e6m9"))
    #expect(both.luts == a.luts + b.luts && both.picojoules == a.picojoules + b.picojoules / 16)
    #expect(try cost("e6m5@sr8").luts == a.luts + 16)
    #expect(AccumulatorCost(try Plan(text: "kahan/e6m5")) == nil)
  }
}
