// SPDX-License-Identifier: Apache-2.0
// Evaluation of plans against a slow evaluator on MPFR, special values and random bits included.

import Accumulation
import Formats
import TestSupport
import Testing

@Suite struct EvaluateTests {
  static let plans = [
    "fp32", "e6m5", "e6m5@rz", "e4m3", "e4m3@ru", "e4m3@rd", "e4m3@rna", "e4m3@rnz", "e4m3@ro", "e4m3@saturate", "e4m3fn@infinity", "e4m3fnuz", "e4m3@flush", "e5m2:nosub",
    "e3m0u@saturate", "q8.8", "q4.4@wrap", "q8.13@rd", "uq6.4", "bf16@sr8", "e5m2@sr", "q8.4@sr", "q8.4@sr5", "fp128", "pairwise/e5m2", "pairwise/e4m3@sr", "pairwise3/fp16@ru",
    "pairwise8/bf16", "pairwise64/fp32", "e4m3:16,fp16:8,fp32", "e4m3:1,fp16", "e5m2@ro:3,pairwise2/fp16@rd:5,fp32", "(e4m3@rna:2,e5m2@rnz):6,fp16",
    "(pairwise/e5m2@sr:4,e6m5@sr3):8,fp16@sr", "pairwise/e5m2:5,pairwise/fp16", "e6m5:7,pairwise/e8m3@ro",
    "strided3/e5m2", "strided8/bf16@sr,pairwise/fp32", "(strided4/e4m3):16,fp16", "exact/e5m2", "exact/e4m3@rd", "exact/e5m2@sr", "bf16:8,exact/fp16@rz",
    "kahan/e5m2", "kahan/e4m3@sr", "kahan/fp16@rd", "neumaier/e4m3", "neumaier/bf16@rz", "sum2/e5m2", "sum3/e4m3", "sum4/fp16@sr", "dot2/e5m2", "dot2/fp16",
    "dot3/e4m3@rd", "expansion2/e4m3", "expansion3/e5m2@sr", "fabsum4/e5m2", "kahan/q6.6", "sum2/q8.4@wrap",
    "fused4f6/e5m2@rz", "fused4/fp16", "fused8f10/fp32@rz", "fused8f13-apart/fp32@rz@infinity", "fused4f7-late/bf16", "fused5f4-down-normalised/e5m2@rd",
    "fused2f9-dealt2/fp16", "fused4f8-dealt3-late/e6m5@sr", "fused4f60/fp32", "fused4f3/e4m3@ru",
    "tensorcore/v100-fp16", "tensorcore/h100-fp8", "tensorcore/h100-fp8-fp16", "tensorcore/h100-fp8:8,fp32", "tensorcore/b200-fp8",
  ]
  static let products = ["exact", "fused", "e5m2", "e4m3fn@rz", "bf16@sr", "e4m3@saturate@ru", "q6.6@rd"]

  /// Vectors of a format: its codes at random, infinities and NaN rarely or not at all; or sums that cancel and tie.
  private func vector(_ format: Format, _ n: Int, _ random: inout SplitMix64, allowsSpecials: Bool) -> [Value] {
    (0..<n).map { _ in
      if Int.random(in: 0..<8, using: &random) == 0 { return [.zero, .negativeZero, Value(1), Value(-1)].randomElement(using: &random)! }
      let value = format.decode(Format.Code(random.next() & ((1 << UInt64(format.width)) - 1)))
      return value.isFinite || (allowsSpecials && Int.random(in: 0..<10, using: &random) == 0) ? value : .finite(format.maxFinite)
    }
  }

  @Test(arguments: plans)
  func evaluationIsThatOfMPFR(_ text: String) throws {
    let plan = try Plan(text: text)
    var random = SplitMix64(seed: 121)
    for product in EvaluateTests.products {
      let product = try Product(text: product)
      for n in [0, 1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33, 64, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 100] {
        for (i, format) in [Format.e4m3, .e5m2, .fp16, format("e2m1fn"), .e4m3fn].enumerated() {
          let allowsSpecials = i % 2 == 0
          let dot = DotProduct(plan, product: product, factors: i > 2 ? nil : format)
          let (x, y) = (vector(format, n, &random, allowsSpecials: allowsSpecials), vector(format, n, &random, allowsSpecials: allowsSpecials))
          let stream = RandomStream(seed: 122).child(n)
          let (found, expected) = (dot.evaluate(x, y, random: stream), SlowEvaluator(random: stream).dot(dot, x, y))
          guard found == expected else {
            Issue.record("plan \(text), product \(product), x = \(x), y = \(y): \(found), not \(expected)")
            return
          }
        }
      }
    }
  }

  @Test(arguments: plans)
  func sumsAreThoseOfMPFR(_ text: String) throws {
    let plan = try Plan(text: text)
    var random = SplitMix64(seed: 123)
    for trial in 0..<effort(200) {
      let terms = vector(.e5m2, trial % 50, &random, allowsSpecials: trial % 3 == 0)
      let stream = RandomStream(seed: 124).child(trial)
      let (found, expected) = (plan.sum(terms, random: stream), SlowEvaluator(random: stream).sum(plan, terms))
      guard found == expected else {
        Issue.record("plan \(text), terms \(terms): \(found), not \(expected)")
        return
      }
    }
  }

  /// A starting value is what the last level's accumulator holds; a tree adds it at the end.
  @Test(arguments: plans)
  func startingValuesAreThoseOfTheLastAccumulator(_ text: String) throws {
    let plan = try Plan(text: text)
    let start = plan.output
    var random = SplitMix64(seed: 126)
    for product in ["exact", "fused", "fp16@sr"] {
      let dot = DotProduct(plan, product: try Product(text: product))
      for trial in 0..<effort(60) {
        let (x, y) = (vector(.e5m2, trial % 20, &random, allowsSpecials: false), vector(.e5m2, trial % 20, &random, allowsSpecials: false))
        let stream = RandomStream(seed: 127).child(trial)
        let c = start.round(vector(.fp16, 1, &random, allowsSpecials: false)[0], draw: stream.draw(1 << 40)).value
        let found = dot.evaluate(x, y, initial: c, random: stream)
        let expected = SlowEvaluator(random: stream).dot(dot, x, y, initial: c)
        guard found == expected else {
          Issue.record("plan \(text), product \(product), c = \(c), x = \(x), y = \(y): \(found), not \(expected)")
          return
        }
        #expect(trial % 20 > 0 || found == c)
      }
    }
  }

  @Test(arguments: plans)
  func emptySumsArePositiveZero(_ text: String) throws {
    let plan = try Plan(text: text)
    var steps = 0
    #expect(plan.sum([], random: RandomStream(seed: 1)) == .zero)
    #expect(DotProduct(plan, product: .fused).evaluate([], [], random: RandomStream(seed: 1)) { _ in steps += 1 } == .zero)
    #expect(steps == 0)
  }

  @Test(arguments: ["e5m2@sr", "bf16@sr8", "pairwise/e4m3@sr", "(pairwise/e5m2@sr:4,e6m5@sr3):8,fp16@sr"])
  func sameSeedSameBitsAndAnotherSeedOthers(_ text: String) throws {
    let dot = DotProduct(try Plan(text: text), product: try Product(text: "e4m3@sr"))
    var random = SplitMix64(seed: 125)
    let (x, y) = (vector(.fp16, 300, &random, allowsSpecials: false).map(bounded), vector(.fp16, 300, &random, allowsSpecials: false).map(bounded))
    func result(_ seed: UInt64) -> Value { dot.evaluate(x, y, random: RandomStream(seed: seed)) }
    for seed in 0..<20 as Range<UInt64> { #expect(result(seed) == result(seed)) }
    #expect(Set((0..<20).map { result($0) }).count > 1)
  }

  /// Into [1/2, 1), so that no sum of 300 overflows.
  private func bounded(_ x: Value) -> Value {
    guard let number = x.dyadic, !number.isZero else { return Value(0.75) }
    return .finite(number.magnitude.scaled(by: -number.floorLog2 - 1))
  }

  @Test func randomBitsAreIgnoredByDeterministicPlans() throws {
    let plan = try Plan(text: "e4m3:4,fp16")
    let terms = (1...20).map { Value(Double($0)) }
    #expect(plan.sum(terms) == plan.sum(terms, random: RandomStream(seed: 1)))
  }

  /// A rounded product takes its bits from a stream of its own: the sums of a stochastic plan do not move when it starts to round.
  @Test func productsAndAdditionsDoNotShareRandomBits() throws {
    let plan = try Plan(text: "e5m2@sr")
    let (x, y) = (Array(repeating: Value(1.1875), count: 50), Array(repeating: Value(1), count: 50))
    let exact = DotProduct(plan).evaluate(x, y, random: RandomStream(seed: 5))
    let held = DotProduct(plan, product: try Product(text: "fp16@sr")).evaluate(x, y, random: RandomStream(seed: 5))
    #expect(exact == held)
  }
}
