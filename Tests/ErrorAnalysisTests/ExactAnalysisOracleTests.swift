// SPDX-License-Identifier: Apache-2.0
// The exact analysis against other algorithms: integers alone, all pairs of products, moments by dictionaries, samples.

import Accumulation
import ErrorAnalysis
import Formats
import Testing

@Suite struct ExactAnalysisOracleTests {
  // MARK: Worst cases

  /// The tables of worst ratios of p-bit sums, by a search over plain integers that shares no code.
  @Test(arguments: [
    (2, WorstRatio.Mode.nearestEven, "rne"), (2, .nearestAway, "rna"), (2, .towardZero, "rz"), (2, .up, "ru"), (3, .nearestEven, "rne"),
    (3, .nearestAway, "rna"), (3, .towardZero, "rz"), (3, .up, "ru"),
  ])
  func worstRatiosEqualThoseOfTheSearchOverIntegers(_ p: Int, _ mode: WorstRatio.Mode, _ rounding: String) throws {
    let search = WorstRatio(p: p, mode: mode)
    let terms = search.terms(binades: 7)
    let analysis = try ExactAnalysis(Plan(text: "e8m\(p - 1)@\(rounding)"), Terms(DiscreteLaw(terms.map { Dyadic(Int128($0)) })))
    // (The search multiplies fractions that are not reduced: in directed modes longer sums leave 64 bits.)
    for n in mode == .nearestEven || mode == .nearestAway ? [2, 3, 4, 5, 6, 8] : [2, 3, 4] {
      let (expected, found) = (search.worst(n, steps: terms.map { ($0, $0) }), try analysis.worst(n).ratio)
      #expect(found.numerator * Int128(expected.denominator) == Int128(expected.numerator) * found.denominator, "p = \(p), \(rounding), n = \(n)")
    }
  }

  /// Products of e5m2 have up to 64 bits: weights of 256 bits.
  @Test func wideWeightsFindTheWorstOfAllPairs() throws {
    let law = DiscreteLaw([-57344, -3, -0x1p-16, 0, 0x1.8p-15, 1, 40960].map { Dyadic($0)! })
    let terms = try Terms(products: law, law)
    let plan = try Plan(text: "e8m7")
    let worst = try ExactAnalysis(plan, terms).worst(3)
    var best = (error: Dyadic.zero, magnitudes: Dyadic(1))
    for a in terms.terms {
      for b in terms.terms {
        for c in terms.terms {
          let sum = a.value + b.value + c.value
          let computed = plan.sum([.finite(a.value), .finite(b.value), .finite(c.value)]).dyadic!
          let (error, magnitudes) = ((computed - sum).magnitude, a.value.magnitude + b.value.magnitude + c.value.magnitude)
          // (Ratios are compared in leading bits first: the products of exact ones need 256 of them.)
          let (left, right) = (Value.finite(error).double / Value.finite(magnitudes).double, Value.finite(best.error).double / Value.finite(best.magnitudes).double)
          if left > right * (1 + 1e-14) { best = (error, magnitudes) }
        }
      }
    }
    #expect(abs(worst.ratio.double / (Value.finite(best.error).double / Value.finite(best.magnitudes).double) - 1) < 1e-13)
  }

  /// fp16 has too many cells to keep.
  @Test func largeAutomataEqualAllPairs() throws {
    let format = try Format("e4m3fn")
    let values = try DiscreteLaw(format, within: 8).values
    let law = DiscreteLaw(values, weights: values.map { 1 / (1 + Value.finite($0.magnitude).double) })
    let terms = try Terms(products: law, law)
    let rounder = try Rounder(to: .fp16)
    let analysis = try ExactAnalysis(.sequential(rounder), terms)
    let (worst, moments) = (try analysis.worst(2), try analysis.moments(2))
    let doubles = terms.terms.map { Value.finite($0.value).double }
    let first = terms.terms.map { rounder.round(.finite($0.value)) }
    var (mass, square, mean, largest, ratio) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for i in doubles.indices where !first[i].flags.contains(.overflow) {
      let s = first[i].value.double
      for j in doubles.indices {
        // Exact in binary64: 34 bits at most.
        let rounded = rounder.round(Value(s + doubles[j]))
        if rounded.flags.contains(.overflow) { continue }
        let (e, a, p) = (rounded.value.double - doubles[i] - doubles[j], abs(doubles[i]) + abs(doubles[j]), terms.terms[i].probability * terms.terms[j].probability)
        (mass, mean, square) = (mass + p, mean + p * e, square + p * e * e)
        largest = max(largest, abs(e))
        if a > 0 { ratio = max(ratio, abs(e) / a) }
      }
    }
    #expect(Value.finite(worst.maxAbsError).double == largest)
    #expect(worst.ratio.double == ratio)
    #expect(abs(moments.rms / (square / mass).squareRoot() - 1) < 1e-12)
    #expect(abs(1 - moments.overflow - mass) < 1e-12)
  }

  @Test func aHierarchyWithAWideLastLevelContainsItsWorstCase() throws {
    let law = DiscreteLaw([-1.5, 0.25, 1, 1.75].map { Dyadic($0)! })
    let terms = Terms(law)
    // Once with the last level taken exactly, once by a bound.
    let exact = try ExactAnalysis(Plan(text: "e3m2:3,fp16"), terms)
    let level = try #require(WideLastLevel(try Plan(text: "e3m2:3,e8m9")))
    for n in [3, 6, 8] {
      let (inside, outside) = (try exact.worst(n), try level.worst(n, product: .exact, terms))
      #expect(inside.ratio.double <= outside.atMost.value)
      #expect(outside.atMost.value <= inside.ratio.double * 1.2)
      let (law, moments) = (try exact.moments(n), try level.moments(n, product: .exact, terms, onOverflow: .absorb))
      #expect(abs(law.rms - moments.rms) <= moments.uncertainty + 1e-12)
    }
    let nested = try #require(WideLastLevel(try Plan(text: "e4m3:16,fp16:8,fp32")))
    #expect(nested.count == 128 && "\(nested.inner)" == "e4m3:16,fp16" && "\(nested.outer)" == "fp32")
    #expect(WideLastLevel(try Plan(text: "e4m3:16,fp16")) == nil)
  }

  @Test func growthIsTheLargestCycleMean() throws {
    let growth = try ExactAnalysis(Plan(text: "e3m2fn@saturate"), ExactAnalysisTests.exampleTerms, onOverflow: .saturate).growth()
    #expect(growth.perTerm == 1.75)
    #expect(growth.stagnation?.term == Dyadic(1.75))
    // Without stagnation: sums of ones towards zero keep their value until 2^p.
    let ones = try ExactAnalysis(Plan(text: "e3m2fn"), Terms(DiscreteLaw([1]))).growth()
    #expect(ones.stagnation?.sum == Dyadic(8) && ones.perTerm == 1)
  }

  /// A term of less than half a gap leaves a sum as it is, and so does one of half a gap if the sum is even.
  @Test func stagnationPointsAreSelfLoops() throws {
    for (rounding, sum, steps) in [("rne", 16, 16), ("rz", 16, 16), ("rna", 32, 24)] {
      let analysis = try ExactAnalysis(Plan(text: "e5m3@\(rounding)"), Terms(DiscreteLaw([1])))
      #expect(try analysis.growth().stagnation?.sum == Dyadic(Int128(sum)))
      #expect(try analysis.moments(steps).rms == Double(abs(sum - steps)))
      #expect(try analysis.moments(100).mean == Double(sum - 100))
    }
  }

  @Test func inputsThatOverflowAreFound() throws {
    let terms = Terms(DiscreteLaw([-6, -1, 2].map { Dyadic($0)! }))
    for plan in ["e3m2", "e3m2:2,e3m1", "e3m2@sr", "pairwise/e3m2"] {
      let analysis = try ExactAnalysis(Plan(text: plan), terms, onOverflow: .absorb)
      #expect(try analysis.overflowingInputs(2) == nil, "\(plan)")
      #expect(try analysis.overflowingInputs(4)?.x == [-6, -6, -6, -6], "\(plan)")
      #expect(try analysis.moments(4).overflow > 0 && analysis.moments(2).overflow == 0, "\(plan)")
    }
  }

  /// A stochastic rounding with one random bit cuts fractions below a half: it goes up less far than a directed one.
  @Test func fewRandomBitsDoNotOverflowWhereADirectedRoundingWould() throws {
    let law = try DiscreteLaw(Format("e1m2"), within: 2)
    let analysis = try ExactAnalysis(Plan(text: "e3m1@sr1"), Terms(products: law, law), onOverflow: .absorb)
    #expect(try analysis.overflowingInputs(5) == nil)
    #expect(try analysis.overflowingInputs(9) != nil)
  }

  /// Rounding up leads far beyond the sum: 2^64 from terms that sum to 33.
  @Test func statesBeyondTheSumFitTheWeights() throws {
    let law = try DiscreteLaw(Format("e2m1fn"))
    let plan = try Plan(text: "e7m0@ru")
    let worst = try ExactAnalysis(plan, Terms(products: law, law)).worst(100)
    let computed = DotProduct(plan).evaluate(worst.witness.x.map { .finite($0) }, worst.witness.y.map { .finite($0) })
    #expect(computed.dyadic! - zip(worst.witness.x, worst.witness.y).reduce(.zero) { $0 + $1.0 * $1.1 } == worst.error)
    #expect(worst.error >= .power(60))
  }

  /// e2m4 ends at 3.875, no multiple of the terms.
  @Test func theEndsOfTheRangeAreStates() throws {
    let terms = Terms(DiscreteLaw([-1, 1]))
    #expect("\(try ExactAnalysis(Plan(text: "e2m4"), terms).worst(4).ratio)" == "0/1")
    #expect("\(try ExactAnalysis(Plan(text: "e2m4"), terms, onOverflow: .saturate).worst(4).ratio)" == "1/32")
  }

  // MARK: Moments

  /// P, E[e; s] and E[e²; s] by state in a dictionary, each sum rounded by the rounder.
  private func moments(_ rounder: Rounder, _ terms: Terms, _ n: Int) -> (mean: Double, square: Double, mass: Double) {
    var states: [Dyadic: (a: Double, b: Double, c: Double)] = [.zero: (1, 0, 0)]
    for _ in 0..<n {
      var next: [Dyadic: (a: Double, b: Double, c: Double)] = [:]
      for (s, m) in states {
        for term in terms.terms {
          let rounded = rounder.round(Unrounded.sum(s, term.value))
          if rounded.flags.contains(.overflow) && rounder.overflow != .saturate { continue }
          let t = rounded.value.dyadic!
          let (e, p) = (Value.finite(t - (s + term.value)).double, term.probability)
          let old = next[t] ?? (0, 0, 0)
          next[t] = (old.a + p * m.a, old.b + p * (m.b + e * m.a), old.c + p * (m.c + 2 * e * m.b + e * e * m.a))
        }
      }
      states = next
    }
    let sum = states.values.reduce((0.0, 0.0, 0.0)) { ($0.0 + $1.a, $0.1 + $1.b, $0.2 + $1.c) }
    return (sum.1, sum.2, sum.0)
  }

  @Test(arguments: ["e3m2fn@saturate", "e3m2", "e3m2fn@rz@saturate", "e5m2@ru@saturate"], [[-1.5, -0.375, 0.25, 1, 1.75], [-2, -0.25, 0.25, 2]])
  func longSumsBySquaringEqualStepByStep(_ plan: String, _ values: [Double]) throws {
    let plan = try Plan(text: plan)
    let terms = Terms(DiscreteLaw(values.map { Dyadic($0)! }))
    let analysis = try ExactAnalysis(plan, terms, onOverflow: plan.output.overflow == .saturate ? .saturate : .absorb)
    for n in [255, 1000, 3001] {
      let (found, expected) = (try analysis.moments(n), moments(plan.output, terms, n))
      guard expected.mass > 1e-250 else { continue }
      #expect(abs(found.mean - expected.mean / expected.mass) <= 1e-10 * found.rms, "n = \(n)")
      #expect(abs(found.rms / (expected.square / expected.mass).squareRoot() - 1) <= 1e-10, "n = \(n)")
    }
  }

  @Test func resultsDoNotDependOnThreads() throws {
    let law = try DiscreteLaw(Format("e4m3fn"), within: 16)
    let analysis = try ExactAnalysis(Plan(text: "e5m5"), Terms(products: law, law))
    for n in [5, 700] {
      let (one, all) = (try analysis.moments(n, .oneThread), try analysis.moments(n, .threads(3)))
      #expect((one.rms, one.mean, one.stagnated) == (all.rms, all.mean, all.stagnated))
    }
    let (one, all) = (try analysis.worst(7, .oneThread), try analysis.worst(7, .threads(3)))
    #expect(one.ratio == all.ratio && one.witness == all.witness)
  }

  /// Sums in a hierarchy with stochastic roundings: the sample's moments are those of the law to within five standard errors.
  @Test(arguments: ["e4m2@sr", "e4m2@sr2", "e3m2@sr4c:4,e5m3@sr", "pairwise2/e4m2@sr3b", "e4m3"])
  func samplesAgreeWithTheLaw(_ plan: String) throws {
    let law = DiscreteLaw([-3, -0.625, 0.5, 1.25, 2.5].map { Dyadic($0)! }, weights: [1, 2, 3, 2, 1])
    let analysis = try ExactAnalysis(Plan(text: plan), Terms(products: law, law), onOverflow: .absorb)
    let dot = analysis.dot
    let (n, trials) = (12, 40_000)
    let terms = analysis.terms(at: 0).terms
    var sample: [Double] = []
    let stream = RandomStream(seed: 7, "sample")
    for t in 0..<trials {
      let draws = stream.child(t)
      let chosen = (0..<n).map { i -> Terms.Term in
        var u = draws.uniform(at: UInt64(i))
        return terms.first { u -= $0.probability; return u < 0 } ?? terms[terms.count - 1]
      }
      var overflowed = false
      let result = dot.evaluate(chosen.map { .finite($0.x) }, chosen.map { .finite($0.y) }, random: draws.child("rounding")) {
        if $0.rounded.flags.contains(.overflow) { overflowed = true }
      }
      if !overflowed { sample.append(Value.finite(chosen.reduce(result.dyadic!) { $0 - $1.value }).double) }
    }
    let moments = try analysis.moments(n)
    let count = Double(sample.count)
    let (mean, square) = (sample.reduce(0, +) / count, sample.reduce(0) { $0 + $1 * $1 } / count)
    let fourth = sample.reduce(0) { $0 + $1 * $1 * $1 * $1 } / count
    #expect(abs(mean - moments.mean) < 5 * (square / count).squareRoot())
    #expect(abs(square - moments.rms * moments.rms) < 5 * ((fourth - square * square) / count).squareRoot())
    #expect(abs(1 - count / Double(trials) - moments.overflow) < 5 * (moments.overflow / Double(trials)).squareRoot() + 1e-9)
    // The histogram is exact here, and has the same moments.
    let histogram = try analysis.histogram(n)
    #expect(histogram.blur == 0)
    let pairs = zip(histogram.errors, histogram.probabilities)
    let mass = histogram.probabilities.reduce(0, +)
    #expect(abs(pairs.reduce(0) { $0 + $1.0 * $1.1 } / mass - moments.mean) < 1e-9)
    #expect(abs((pairs.reduce(0) { $0 + $1.0 * $1.0 * $1.1 } / mass).squareRoot() / moments.rms - 1) < 1e-6)
  }

  /// Bins keep the mean, and add no more to the variance than they say.
  @Test func binsBlurAsMuchAsTheySay() throws {
    let values = try DiscreteLaw(Format("e4m3"), within: 4).values
    let law = DiscreteLaw(values, weights: values.map { 1 / (1 + Value.finite($0.magnitude).double) })
    let analysis = try ExactAnalysis(Plan(text: "e6m3"), Terms(products: law, law))
    let (moments, histogram) = (try analysis.moments(6), try analysis.histogram(6))
    #expect(histogram.blur > 0)
    let mass = histogram.probabilities.reduce(0, +)
    let square = zip(histogram.errors, histogram.probabilities).reduce(0) { $0 + $1.0 * $1.0 * $1.1 } / mass
    let mean = zip(histogram.errors, histogram.probabilities).reduce(0) { $0 + $1.0 * $1.1 } / mass
    #expect(abs(mean - moments.mean) < 1e-9 && abs(mass - 1) < 1e-11)
    #expect(square >= moments.rms * moments.rms * (1 - 1e-9))
    #expect(square <= moments.rms * moments.rms + histogram.blur * histogram.blur)
  }

  // MARK: What is refused

  @Test func whatHasNoAutomatonIsRefused() throws {
    let terms = Terms(DiscreteLaw([1]))
    #expect(throws: ExactAnalysisError.scheme("kahan/e4m3")) { try ExactAnalysis(Plan(text: "kahan/e4m3"), terms) }
    #expect(throws: ExactAnalysisError.states("fp32", bits: 32)) { try ExactAnalysis(Plan(text: "fp32"), terms) }
    #expect(throws: ExactAnalysisError.wraps("q4.4@wrap")) { try ExactAnalysis(Plan(text: "q4.4@wrap"), terms) }
    #expect(throws: ExactAnalysisError.self) { try ExactAnalysis(Plan(text: "e8m7"), Terms(DiscreteLaw([.power(-100), .power(100)]))).worst(3) }
    #expect(throws: ExactAnalysisError.self) { try ExactAnalysis(Plan(text: "e3m2"), Terms(DiscreteLaw([100]))).worst(1) }
    for plan in ["e3m2:2,fp16", "pairwise/e3m2"] {
      #expect(throws: ExactAnalysisError.nothingLeft("e3m2")) { try ExactAnalysis(Plan(text: plan), Terms(DiscreteLaw([14]))).moments(4) }
    }
    #expect(throws: ExactAnalysisError.noInputs("e8m0fnu")) { try DiscreteLaw(Format("e8m0fnu"), within: .power(-130)) }
  }
}
