// SPDX-License-Identifier: Apache-2.0
// The exact analysis against brute force over all inputs, and against worked examples.

import Accumulation
import ErrorAnalysis
import Formats
import Testing

@Suite struct ExactAnalysisTests {
  // MARK: Brute force

  static let plans = [
    "e3m2", "e3m2@rna", "e3m2@rnz", "e3m2@rz", "e3m2@ru", "e3m2@rd", "e3m2@ro", "e2m1fn", "q4.1", "uq3.2", "e3m2:nosub", "e3m2@flush", "posit6es1",
    "k5p3se", "e2m3fn@rd", "e3m2:2,e4m3", "e3m2@rz:2,e2m3fn@ru:2,e5m2", "pairwise/e3m2", "pairwise2/e3m2@ru", "strided2/e3m2,e4m3", "e3m0",
  ]

  /// With and without symmetry; products of two sets of numbers.
  static let sets: [(x: [Dyadic], y: [Dyadic])] = [
    ([-1.5, -0.375, 0.25, 1, 1.75].map { Dyadic($0)! }, [1]),
    ([-6, -1.25, 0, 1.25, 6].map { Dyadic($0)! }, [1]),
    ([-1.5, 0.5, 3].map { Dyadic($0)! }, [0.75, 2].map { Dyadic($0)! }),
  ]

  /// What comes of every sequence of n terms.
  struct Outcome {
    let error: Dyadic
    let magnitudes: Dyadic
    let overflowed: Bool
    let probability: Double
    let swallowed: Int
    let additions: Int
  }

  static func all(_ dot: DotProduct, _ terms: [Terms.Term], _ n: Int) -> [Outcome] {
    var count = 1
    for _ in 0..<n { count *= terms.count }
    return (0..<count).map { code in
      var rest = code
      let chosen = (0..<n).map { _ in
        defer { rest /= terms.count }
        return terms[rest % terms.count]
      }
      var (overflowed, swallowed, additions) = (false, 0, 0)
      let result = dot.evaluate(chosen.map { .finite($0.x) }, chosen.map { .finite($0.y) }) { step in
        if step.rounded.flags.contains(.overflow) || !step.rounded.value.isFinite { overflowed = true }
        if step.kind == .addition && !step.term.isZero { additions += 1 }
        if step.isSwallowed { swallowed += 1 }
      }
      let sum = chosen.reduce(Dyadic.zero) { $0 + $1.value }
      return Outcome(
        error: result.dyadic.map { $0 - sum } ?? .zero, magnitudes: chosen.reduce(.zero) { $0 + $1.value.magnitude }, overflowed: overflowed,
        probability: chosen.reduce(1) { $0 * $1.probability }, swallowed: swallowed, additions: additions)
    }
  }

  static func saturating(_ plan: Plan) throws -> Plan {
    func changed(_ r: Rounder) throws -> Rounder { try Rounder(to: r.format, r.rounding, overflow: .saturate, subnormals: r.subnormals) }
    return switch plan {
    case .sequential(let r): .sequential(try changed(r))
    case .pairwise(let r, let leaf): .pairwise(try changed(r), leaf: leaf)
    case .chunked(let n, let inner, let outer): .chunked(n, inner: try saturating(inner), outer: try saturating(outer))
    case .strided(let n, let inner, let outer): .strided(n, inner: try saturating(inner), outer: try saturating(outer))
    case .compensated, .block, .exact: plan
    }
  }

  @Test(arguments: plans, [Product.exact, .fused, .rounded(try! Rounder(text: "e2m1fn"))])
  func recurrencesEqualBruteForce(_ text: String, _ product: Product) throws {
    let plan = try ExactAnalysisTests.saturating(Plan(text: text))
    for (x, y) in ExactAnalysisTests.sets {
      let terms = try Terms(products: DiscreteLaw(x, weights: x.indices.map { Double(1 + $0 % 2) }), DiscreteLaw(y))
      for n in 1...(terms.terms.count > 5 ? 4 : 5) {
        let outcomes = ExactAnalysisTests.all(DotProduct(plan, product: product), terms.terms, n)
        for treatment in OverflowTreatment.allCases {
          let kept = treatment == .saturate ? outcomes : outcomes.filter { !$0.overflowed }
          let analysis = try ExactAnalysis(plan, product: product, terms, onOverflow: treatment)
          let context: Comment = "\(plan) \(product) n=\(n) \(treatment) x=\(x) y=\(y)"
          if kept.isEmpty {
            #expect(throws: ExactAnalysisError.self, context) { try analysis.worst(n) }
            continue
          }
          try compare(try analysis.worst(n), kept, DotProduct(plan, product: product), context)
          compare(try analysis.moments(n), kept, outcomes, context)
        }
      }
    }
  }

  private func compare(_ worst: WorstCase, _ outcomes: [Outcome], _ dot: DotProduct, _ context: Comment) throws {
    #expect(worst.largestError == outcomes.map(\.error).max(), context)
    #expect(worst.smallestError == outcomes.map(\.error).min(), context)
    // No ratio is larger, and the witness has this one.
    let ratio = worst.ratio
    for o in outcomes where o.error.magnitude * Dyadic(ratio.denominator) > o.magnitudes * Dyadic(ratio.numerator) {
      Issue.record("\(context): \(o.error) of \(o.magnitudes) is more than \(ratio)")
    }
    let result = dot.evaluate(worst.witness.x.map { .finite($0) }, worst.witness.y.map { .finite($0) })
    let products = zip(worst.witness.x, worst.witness.y).map { $0 * $1 }
    let (sum, magnitudes) = (products.reduce(.zero, +), products.reduce(.zero) { $0 + $1.magnitude })
    #expect(result.dyadic! - sum == worst.error, context)
    #expect(magnitudes == worst.magnitudes, context)
    #expect(worst.error.magnitude * Dyadic(ratio.denominator) == magnitudes * Dyadic(ratio.numerator), context)
  }

  private func compare(_ moments: ErrorMoments, _ kept: [Outcome], _ all: [Outcome], _ context: Comment) {
    func mean(_ list: [Outcome], _ f: (Outcome) -> Double) -> Double { list.reduce(0) { $0 + f($1) * $1.probability } }
    let mass = mean(kept) { _ in 1 }
    let error = mean(kept) { Double(exactly: $0.error)! } / mass
    let square = mean(kept) { Double(exactly: $0.error * $0.error)! } / mass
    func isNear(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-13 * max(1, abs(b)) }
    #expect(isNear(moments.mean, error), context)
    #expect(isNear(moments.rms, square.squareRoot()), context)
    #expect(isNear(moments.overflow, mean(all) { $0.overflowed ? 1 : 0 }), context)
    #expect(isNear(moments.meanMagnitudes, mean(all) { Double(exactly: $0.magnitudes)! }), context)
    // (After an overflow there are no additions to count.)
    if kept.count == all.count && mean(all, { Double($0.additions) }) > 0 {
      #expect(isNear(moments.stagnated, mean(all) { Double($0.swallowed) } / mean(all) { Double($0.additions) }), context)
    }
  }

  @Test func givenWeightsEqualBruteForce() throws {
    let plan = try Plan(text: "e3m2:2,e4m3")
    let data = DiscreteLaw([-1.25, 0.5, 3].map { Dyadic($0)! })
    let weights = [0.75, -2, 1.5, 0.25].map { Dyadic($0)! }
    let kinds = try weights.map { try Terms(products: data, DiscreteLaw([$0])) }
    let worst = try ExactAnalysis(plan, weighted: kinds).worst(4)
    var best = (error: Dyadic.zero, magnitudes: Dyadic(1))
    for code in 0..<81 {
      let x = [code % 3, code / 3 % 3, code / 9 % 3, code / 27].map { data.values[$0] }
      let sum = zip(x, weights).reduce(Dyadic.zero) { $0 + $1.0 * $1.1 }
      let magnitudes = zip(x, weights).reduce(Dyadic.zero) { $0 + ($1.0 * $1.1).magnitude }
      let error = (DotProduct(plan).evaluate(x.map { .finite($0) }, weights.map { .finite($0) }).dyadic! - sum).magnitude
      if error * best.magnitudes > best.error * magnitudes { best = (error, magnitudes) }
    }
    #expect(best.error * worst.magnitudes == worst.error.magnitude * best.magnitudes)
    #expect(worst.witness.y == weights)
    #expect(throws: ExactAnalysisError.weights(4, count: 5)) { try ExactAnalysis(plan, weighted: kinds).worst(5) }
  }

  // MARK: Worked examples

  static let exampleTerms = Terms(DiscreteLaw([-1.5, -0.375, 0.25, 1.0, 1.75].map { Dyadic($0)! }))

  @Test func worstCasesOfExampleA() throws {
    let analysis = try ExactAnalysis(Plan(text: "e3m2fn@saturate"), ExactAnalysisTests.exampleTerms, onOverflow: .saturate)
    let rows: [(n: Int, up: Double, down: Double, ratio: String?)] = [
      (2, 1 / 4, -1 / 8, "1/11"), (3, 1 / 2, -1 / 2, "1/9"), (4, 7 / 8, -3 / 4, "1/5"), (5, 5 / 4, -9 / 8, "3/11"),
      (6, 13 / 8, -7 / 4, "1/3"), (8, 11 / 4, -15 / 4, "3/7"), (16, 8, -12, "7/11"), (32, 32, -40, "15/19"), (64, 80, -96, nil),
    ]
    for row in rows {
      let worst = try analysis.worst(row.n)
      #expect(worst.largestError == Dyadic(row.up), "n = \(row.n)")
      #expect(worst.smallestError == Dyadic(row.down), "n = \(row.n)")
      if let ratio = row.ratio { #expect("\(worst.ratio)" == ratio, "n = \(row.n)") }
    }
  }

  typealias Moments = (plan: String, n: Int, mean: Double, variance: Double, tolerance: Double)
  static let momentRows: [Moments] = [
    ("e3m2fn", 2, 1.0 / 50, 71.0 / 10000, 1e-15), ("e3m2fn", 3, -1.0 / 500, 11373.0 / 500_000, 1e-15), ("e3m2fn", 4, -1.0 / 50, 787.0 / 20000, 1e-15),
    ("e3m2fn", 8, -0.06795648, 0.16760928, 5e-9), ("e3m2fn", 16, -0.26634958, 0.75783011, 5e-9), ("e3m2fn", 32, -1.16069539, 3.64898220, 5e-9),
    ("e3m2fn", 64, -5.12292270, 23.68761299, 5e-9), ("e3m2fn@sr", 2, 0, 3.0 / 400, 1e-15), ("e3m2fn@sr", 3, 0, 241.0 / 8000, 1e-15),
    ("e3m2fn@sr", 4, 0, 4671.0 / 80000, 1e-15), ("e3m2fn@sr", 8, 0, 0.27372113, 5e-9), ("e3m2fn@sr", 16, -1.28e-5, 1.33050841, 5e-8),
    ("e3m2fn@sr", 32, -0.0216642, 6.49151117, 5e-8), ("e3m2fn@sr", 64, -0.9970250, 23.84974955, 5e-8),
    ("e3m2fn@sr1", 3, -1.0 / 125, 29061.0 / 1_000_000, 1e-15), ("e3m2fn@sr1", 4, -47.0 / 2000, 217791.0 / 4_000_000, 1e-15),
    ("e3m2fn@sr2", 4, -3.0 / 10000, 5_816_241.0 / 1e8, 1e-15), ("e3m2fn@sr1c", 4, -153.0 / 10000, 4_496_591.0 / 1e8, 1e-15),
  ]

  @Test func momentsOfExampleA() throws {
    for row in ExactAnalysisTests.momentRows {
      let analysis = try ExactAnalysis(Plan(text: row.plan + "@saturate"), ExactAnalysisTests.exampleTerms, onOverflow: .saturate)
      let moments = try analysis.moments(row.n)
      #expect(abs(moments.mean - row.mean) <= row.tolerance, "\(row)")
      #expect(abs(moments.variance - row.variance) <= row.tolerance, "\(row)")
    }
  }

  @Test func hierarchyOfExampleA() throws {
    let analysis = try ExactAnalysis(Plan(text: "e3m2fn@saturate:2,e3m3f@saturate"), ExactAnalysisTests.exampleTerms, onOverflow: .saturate)
    let (worst, moments) = (try analysis.worst(4), try analysis.moments(4))
    #expect((worst.largestError, worst.smallestError) == (Dyadic(0.5), Dyadic(-0.25)))
    #expect(abs(moments.mean - 47.0 / 1250) <= 1e-15 && abs(moments.variance - 94289.0 / 6_250_000) <= 1e-15)
  }

  static let exampleB: [(String, Int, Double, Double, Double, Double)] = [
    ("e3m2fn", 1, 8.0, 2.0, 1.343333, 0.982222), ("e3m2fn", 2, 44, 4, 6.135911, 0.952277), ("e3m2fn", 4, 116, 8, 28.340377, 0.869907),
    ("e3m2fn", 8, 260, 16, 125.608918, 0.680268), ("e3m2fn", 16, 548, 32, 490.407337, 0.389169), ("e4m3fn", 2, 2, 2, 0.098963, 1),
    ("e4m3fn", 4, 10, 10, 0.521126, 1), ("e4m3fn", 8, 40, 40, 2.101190, 1), ("e4m3fn", 16, 166, 166, 8.044458, 1),
    ("e4m3fn", 32, 704, 422, 30.131825, 1), ("e4m3fn", 64, 1856, 934, 111.301441, 1),
  ]

  @Test func productsOfFP4() throws {
    for row in ExactAnalysisTests.exampleB { try check(row) }
  }

  private func check(_ row: (format: String, n: Int, saturated: Double, largest: Double, variance: Double, kept: Double)) throws {
    let (format, n) = (row.format, row.n)
    let law = try DiscreteLaw(Format("e2m1fn"))
    let terms = try Terms(products: law, law)
    #expect(terms.terms.count == 37)
    let plan = try Plan(text: format + "@saturate")
    let (saturating, excluding) = (
      try ExactAnalysis(plan, terms, onOverflow: .saturate), try ExactAnalysis(plan, terms, onOverflow: .exclude)
    )
    #expect(try saturating.worst(n).maxAbsError == Dyadic(row.saturated))
    #expect(try excluding.worst(n).maxAbsError == Dyadic(row.largest))
    let moments = try saturating.moments(n)
    #expect(abs(moments.mean) <= 1e-12 && abs(moments.variance - row.variance) <= 5e-7 && abs(1 - moments.overflow - row.kept) <= 5e-7)
  }
}
