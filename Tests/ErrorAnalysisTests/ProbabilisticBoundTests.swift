// SPDX-License-Identifier: Apache-2.0
// Bounds that may fail: their worked numbers, and how often they do fail.

import Accumulation
import ErrorAnalysis
import Formats
import TestSupport
import Testing

@Suite struct ProbabilisticBoundTests {
  private func bound(_ id: String) throws -> Bound { try #require(Bound.catalogue.first { $0.id == id }) }

  /// About half of what the papers' constants give, which take |δ| ≤ u where the range of δ is u: 0.200 and 0.198 at p = 8, n = 64, 90 %.
  @Test(arguments: [(64, 0.099766, 0.098845), (1024, 220.61, 0.39683), (4096, 5.3234e12, 0.80308)])
  func workedNumbersOfStochasticSums(_ n: Int, _ azuma: Double, _ chebyshev: Double) throws {
    let problem = Problem.sum(.bf16, try Plan(text: "bf16@sr"), count: n + 1)
    func relative(_ id: String) throws -> Double { try bound(id).applied(to: problem, failure: 0.1).radius!.relative.value }
    #expect(abs(try relative("dot.azuma") / azuma - 1) < 1e-4)
    #expect(abs(try relative("dot.chebyshev") / chebyshev - 1) < 1e-4)
    #expect(try relative("dot.mean-independent") > relative("dot.chebyshev"))
  }

  /// Monte-Carlo: the error exceeds a stochastic bound at most as often as that says, with 99.9 % confidence; and not never at ζ = 1/2, where that
  /// would mean that it is far too large.
  @Test(arguments: ["bf16@sr", "e4m3@sr", "e5m2@sr4", "e5m2@sr2", "q8.4@sr", "e4m3@sr:8,bf16@sr", "e5m3@sr:16,fp16", "pairwise/e5m3@sr", "strided4/e5m2@sr"])
  func stochasticBoundsFailAsRarelyAsTheySay(_ text: String) throws {
    let plan = try Plan(text: text)
    let trials = effort(400)
    var largestShare = 0.0
    for (s, style) in ["positive", "mixed", "large first"].enumerated() {
      for n in [8, 100] {
        var terms: [Value] = []
        let draws = RandomStream(seed: 51, style).child(n)
        for i in 0..<n {
          let u = 0.5 + draws.uniform(at: UInt64(i)) / 2
          let number = s == 0 ? u : s == 1 ? (draws.bits(at: UInt64(i), word: 1) & 1 == 0 ? u : -u) : i == 0 ? 16 : u / 8
          terms.append(try Rounder(to: .e5m2).round(Value(number)).value)
        }
        let numbers = terms.map { $0.dyadic! }
        let (exact, magnitudes) = (numbers.reduce(.zero, +), numbers.reduce(.zero) { $0 + $1.magnitude })
        let problem = Problem.sum(.e5m2, plan, count: n)
        for failure in [0.5, 0.1, 0.01] {
          let bounds = Bound.applicable(to: problem, failure: failure).filter { $0.bound.kind == .stochastic }
          #expect(bounds.contains { $0.bound.id == "dot.martingale" })
          var failures = [String: Int]()
          for trial in 0..<trials {
            var seen = Observation(magnitudes: Upward(magnitudes), sum: Upward(exact.magnitude))
            let result = plan.sum(terms, random: RandomStream(seed: 52).child(trial)) { seen.note($0) }
            let error = Value.finite((result.dyadic! - exact).magnitude).double
            for bound in bounds where error > (try bound.certify(seen).value.value) { failures[bound.bound.id, default: 0] += 1 }
          }
          let most = failure * Double(trials) + 3.1 * (failure * (1 - failure) * Double(trials)).squareRoot() + 1
          for (id, count) in failures {
            #expect(Double(count) <= most, "\(id) failed in \(count) of \(trials) at \(failure): \(text), \(style), n = \(n)")
            if failure == 0.5 { largestShare = max(largestShare, Double(count) / Double(trials)) }
          }
        }
      }
    }
    #expect(largestShare > 0.002 || text.contains("fp16") || text.contains("sr2") || text.contains("q8"), "never exceeded even at ζ = 1/2")
  }

  /// The range of an error given the past, which the proof rests on: stochastic rounding of t errs by t − a or b − t, in the mean by 0.
  @Test func localErrorsHaveMeanZeroAndTheRangeOfAGap() throws {
    let rounder = try Rounder(to: .e4m3, .stochastic)
    for k in 1..<64 {
      let t = 1 + Double(k) / 512
      let results = (0..<2000).map { rounder.round(Value(t), draw: RandomStream(seed: 53).child(k).draw($0)).value.double }
      #expect(Set(results).isSubset(of: [1, 1.125]))
      let mean = results.reduce(0, +) / 2000
      #expect(abs(mean - t) < 4 * 0.0625 / 2000.0.squareRoot())
    }
  }

  @Test func reasonsAreGiven() throws {
    let nearest = Problem.sum(.bf16, try Plan(text: "bf16"), count: 10)
    #expect(try bound("dot.martingale").inapplicability(to: nearest)?.reasons == ["no rounding is stochastic"])
    #expect(try bound("dot.azuma").inapplicability(to: nearest)?.reasons == ["bf16 does not round stochastically with unlimited bits"])
    let limited = Problem.sum(.bf16, try Plan(text: "bf16@sr8"), count: 10)
    #expect(try bound("dot.chebyshev").inapplicability(to: limited)?.reasons == ["bf16@sr8 does not round stochastically with unlimited bits"])
    #expect(try bound("dot.martingale").inapplicability(to: limited) == nil)
    let kahan = Problem.sum(.bf16, try Plan(text: "kahan/bf16@sr"), count: 10)
    #expect(try bound("dot.martingale").inapplicability(to: kahan)?.reasons == ["kahan sum in bf16"])
  }
}
