// SPDX-License-Identifier: Apache-2.0
// No error ever exceeds a bound that applies: exhaustively for short sums of small formats, adversarially elsewhere.

import Accumulation
import ErrorAnalysis
import Formats
import TestSupport
import Testing

@Suite struct NeverViolatedTests {
  /// Every IEEE-style format of 6 bits or fewer that has a nonzero number, and some of every other kind.
  static let small =
    (1...5).flatMap { x in (0...(5 - x)).map { "e\(x)m\($0)" } }.filter { $0 != "e1m0" }
    + ["e2m1fn", "e2m3fn", "e3m2fn", "e2m3fnuz", "e3m2b5", "e3m2u", "e3m2:nosub", "q3.3", "q2.2", "uq2.3"]

  /// The exact error of a sum of finite values against every applicable bound; returns how many were checked.
  private func check(_ bounds: [ApplicableBound], _ terms: [Value], _ plan: Plan, _ random: RandomStream? = nil) -> Int {
    let numbers = terms.map { $0.dyadic! }
    var observation = Observation(magnitudes: Upward(numbers.reduce(.zero) { $0 + $1.magnitude }))
    let computed = plan.sum(terms, random: random) { observation.note($0) }
    guard !observation.overflowed, let result = computed.dyadic else { return 0 }
    let error = (result - numbers.reduce(.zero, +)).magnitude
    for bound in bounds where bound.bound.isCertain {
      guard let certificate = try? bound.certify(observation) else { return 0 }
      guard let limit = Dyadic(certificate.value.value), error > limit else { continue }
      Issue.record("\(bound.bound.id): error \(error) > \(limit) for \(terms) in \(plan)")
    }
    return bounds.count
  }

  @Test(arguments: small) func allSumsOfUpToThreeTerms(_ name: String) throws {
    let format = try Format(name)
    var seen: Set<Dyadic> = []
    let values = format.codes.compactMap { format.decode(UInt128($0)).dyadic }.filter { seen.insert($0).inserted }.map { Value.finite($0) }
    var checked = 0
    for rounding in Rounding.deterministic {
      // The largest formats at length 3 only in the modes that differ most, unless there is time.
      let isQuick = values.count < 40 || rounding == .nearestEven || rounding == .nearestAway || rounding == .up
      let longest = isQuick || effort(1) > 1 ? 3 : 2
      let plan = Plan.sequential(try Rounder(to: format, rounding))
      for n in 1...longest {
        let problem = Problem.sum(format, plan, count: n)
        let bounds = Bound.applicable(to: problem)
        var indices = [Int](repeating: 0, count: n)
        repeat {
          checked += check(bounds, indices.map { values[$0] }, plan)
        } while advance(&indices, values.count)
      }
    }
    #expect(checked > 0)
  }

  /// Two products of all values of a format in a narrower and a wider accumulator, products exact and rounded.
  @Test(arguments: ["e2m1fn", "e3m1", "e2m2", "q2.2"]) func allDotProductsOfTwoTerms(_ name: String) throws {
    let format = try Format(name)
    var seen: Set<Dyadic> = []
    let values = format.codes.compactMap { format.decode(UInt128($0)).dyadic }.filter { seen.insert($0).inserted }.map { Value.finite($0) }
    var checked = 0
    for accumulator in ["e3m1", "e2m3", "e3m2fn", "e4m1:nosub", "e3m2@flush", "e3m2@rz", "q3.1@ru", "q3.2"] {
      for product in ["exact", "fused", accumulator, "e3m0"] {
        let dot = DotProduct(.sequential(try Rounder(text: accumulator)), product: try Product(text: product))
        let problem = Problem.dot(format, format, dot, count: 2)
        let bounds = Bound.applicable(to: problem)
        var indices = [0, 0, 0, 0]
        repeat {
          checked += check(bounds, dot, indices[0..<2].map { values[$0] }, indices[2..<4].map { values[$0] })
        } while advance(&indices, values.count)
      }
    }
    #expect(checked > 100_000)
  }

  private func check(
    _ bounds: [ApplicableBound], _ dot: DotProduct, _ x: [Value], _ y: [Value], _ random: RandomStream? = nil
  ) -> Int {
    let products = zip(x, y).map { $0.dyadic! * $1.dyadic! }
    var observation = Observation(magnitudes: Upward(products.reduce(.zero) { $0 + $1.magnitude }))
    let computed = dot.evaluate(x, y, random: random) { observation.note($0) }
    guard !observation.overflowed, let result = computed.dyadic else { return 0 }
    let error = (result - products.reduce(.zero, +)).magnitude
    for bound in bounds where bound.bound.isCertain {
      guard let certificate = try? bound.certify(observation) else { return 0 }
      guard let limit = Dyadic(certificate.value.value), error > limit else { continue }
      Issue.record("\(bound.bound.id): error \(error) > \(limit) for x = \(x), y = \(y) in \(dot.plan), products \(dot.product)")
    }
    return bounds.count
  }

  private func advance(_ indices: inout [Int], _ base: Int) -> Bool {
    for i in indices.indices {
      indices[i] += 1
      if indices[i] < base { return true }
      indices[i] = 0
    }
    return false
  }

  static let accumulators = [
    "e6m5", "e4m3", "e5m2", "e4m3fn", "bf16", "fp16", "e6m5@rz", "e6m5@ru", "e6m5@rd", "e6m5@ro", "e6m5@rna", "e6m5@sr", "e6m5@sr2", "e5m2:nosub",
    "e5m3@flush", "e4m3:8,e5m5:4,fp32", "e5m2@sr:4,e6m5", "pairwise/e5m3", "pairwise4/e4m3", "e4m3:3,pairwise/fp16", "(e4m3:2,e5m3):8,fp16",
    "q12.4", "q12.9@rz", "q10.6:8,fp16", "fp32", "fp64", "strided4/e6m5", "strided3/e5m3@rz,pairwise/fp16", "exact/e4m3", "exact/e6m5@ru", "e5m3:4,exact/e5m5",
    "sum2/e6m9", "neumaier/e6m9", "sum2/fp32", "expansion2/e6m5", "expansion3/e6m5", "dot2/e5m6", "dot2/fp16", "fabsum4/e6m9", "e6m9:4,dot2/e6m9", "kahan/e6m5",
    "fused4f6/e6m5@rz", "fused4f3/e6m5", "fused8f9-late/e6m5@ru", "fused4f4-down-normalised/e5m3@rd", "fused2f5-dealt2/bf16", "fused4/e4m3", "fused4f7/e5m2@sr",
    "tensorcore/h100-fp8", "tensorcore/h100-fp8:8,fp32", "tensorcore/h100-fp8-fp16", "tensorcore/b200-fp8", "(fused4f5/e5m10:8,e5m10@rz):24,fp32",
  ]

  /// Dot products built to hurt: one large term and many at the edge of being swallowed, ties, cancellation, subnormals.
  @Test(arguments: accumulators) func adversarialDotProducts(_ accumulator: String) throws {
    let plan = try Plan(text: accumulator)
    let stream = RandomStream(seed: 7, accumulator)
    var checked = 0
    for (f, name) in ["e4m3", "e5m2", "e4m3fn", "e2m1fn", "e3m4"].enumerated() {
      let format = try Format(name)
      for (p, product) in ["exact", "fused", "e5m3", plan.rounders[0].description].enumerated() {
        let dot = DotProduct(plan, product: try Product(text: product), factors: format)
        for trial in 0..<150 {
          let draws = stream.child(f).child(p).child(trial)
          let n = 1 + draws.integer(below: trial % 3 == 0 ? 64 : 9, at: 0)
          let problem = Problem.dot(format, format, dot, count: n)
          let (x, y) = hardVectors(format, n, draws)
          checked += check(Bound.applicable(to: problem), dot, x, y, draws.child("rounding"))
        }
      }
    }
    #expect(checked > 1000 || accumulator.hasPrefix("kahan"), "\(checked) bounds")
  }

  /// All sums of three terms in every scheme, terms and accumulator of one small format, and all dot products of two in matrix units.
  @Test(arguments: ["e2m1", "e2m2", "e3m2", "e2m3", "e3m1"]) func allSumsOfThreeTermsInEveryScheme(_ name: String) throws {
    let format = try Format(name)
    var seen: Set<Dyadic> = []
    let values = format.codes.compactMap { format.decode(UInt128($0)).dyadic }.filter { seen.insert($0).inserted }.map { Value.finite($0) }
    var checked = 0
    for scheme in ["pairwise/", "strided2/", "exact/", "sum2/", "neumaier/", "dot2/", "expansion2/", "fused2f1/", "fused2f2/", "fused3f2-late/", "fused2f1-down/", "blocked2/", "fabsum2/"] {
      for rounding in scheme.hasPrefix("fused") || scheme.hasPrefix("exact") ? ["", "@rz", "@ru"] : [""] {
        guard let plan = try? Plan(text: "\(scheme)\(name)\(rounding)") else { continue }
        let bounds = Bound.applicable(to: Problem.sum(format, plan, count: 3))
        var indices = [0, 0, 0]
        repeat { checked += check(bounds, indices.map { values[$0] }, plan) } while advance(&indices, values.count)
      }
    }
    #expect(checked > 10_000)
  }

  /// Vectors whose products cluster around half an ulp of the running sum.
  private func hardVectors(_ format: Format, _ n: Int, _ draws: RandomStream) -> ([Value], [Value]) {
    let style = draws.integer(below: 4, at: 1)
    let rounder = try! Rounder(to: format, overflow: .saturate)
    let large = Double(1 << draws.integer(below: 5, at: 2))
    func value(_ i: Int, _ which: UInt64) -> Value {
      let u = draws.bits(at: UInt64(10 + i), word: which)
      switch style {
      case 0: return format.decode(UInt128(u >> 8) & ((1 << UInt128(format.width)) - 1)).dyadic.map { .finite($0) } ?? .zero
      case 1: return rounder.round(Value(i == 0 ? large : which == 0 ? 1 / large : [0.5, 0.75, 1, 1.25][Int(u % 4)])).value
      case 2: return rounder.round(Value((u & 1 == 0 ? -1 : 1) * large * [1, 1.125, 1.5, 0.125][Int(u >> 8 & 3)])).value
      default: return .finite(format.minPositive.scaled(by: Int(u % 12)))
      }
    }
    let clean = { (v: Value) in rounder.round(v).value }
    return ((0..<n).map { clean(value($0, 0)) }, (0..<n).map { clean(value($0, 1)) })
  }

  /// A climber that changes a few terms at a time must come close to the sharp bound where that is sharp: the search works.
  @Test func searchReachesTheSharpBound() throws {
    let format = try Format("e6m5")
    let plan = Plan.sequential(try Rounder(to: format))
    let problem = Problem.sum(format, plan, count: 9)
    let sharp = try #require(try Bound.catalogue.first { $0.id == "dot.sharp" }!.applied(to: problem).radius).relative.value
    var best = 0.0
    let stream = RandomStream(seed: 3, "climb")
    for start in 0..<20 {
      let draws = stream.child(start)
      var terms = (0..<9).map { draws.uniform(at: UInt64($0)) }
      var reached = 0.0
      for step in 0..<10000 {
        var changed = terms
        // One to three terms, log-uniform over the binades in which they can matter.
        let move = draws.child(step)
        for change in 0...move.integer(below: 3, at: 0) {
          let exponent = -move.integer(below: 9, at: UInt64(change), word: 2)
          changed[move.integer(below: 9, at: UInt64(change), word: 1)] =
            (1 + move.uniform(at: UInt64(change), word: 3)) * Double(sign: .plus, exponent: exponent, significand: 1)
        }
        let values = changed.map { rounded($0, format) }
        let exact = values.reduce(Dyadic.zero) { $0 + $1.dyadic! }
        guard let computed = plan.sum(values).dyadic, !exact.isZero else { continue }
        let ratio = Double(exactly: (computed - exact).magnitude)! / Double(exactly: exact)!
        if ratio >= reached { (reached, terms) = (ratio, changed) }
      }
      best = max(best, reached)
    }
    #expect(best <= sharp && best > 0.95 * sharp, "reached \(best) of \(sharp)")
  }
}

/// A double rounded to a format.
private func rounded(_ value: Double, _ format: Format) -> Value { try! Rounder(to: format).round(Value(value)).value }
