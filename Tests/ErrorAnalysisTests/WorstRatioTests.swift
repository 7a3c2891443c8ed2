// SPDX-License-Identifier: Apache-2.0
// The known worst error ratios of short sums, and the bounds beside them.

import Accumulation
import ErrorAnalysis
import Formats
import Testing

@Suite struct WorstRatioTests {
  /// Worst |error| / sum |x| for n = 2, 3, 4, 5, 6, 8, 10, to four digits; to nearest they do not depend on the range.
  static let nearest: [(p: Int, mode: WorstRatio.Mode, ratios: [Double])] = [
    (2, .nearestEven, [0.2, 0.3333, 0.4286, 0.5, 0.5556, 0.6364, 0.6923]),
    (2, .nearestAway, [0.2, 0.3333, 0.5, 0.6, 0.7143, 0.8462, 0.92]),
    (3, .nearestEven, [0.1111, 0.2, 0.2727, 0.3333, 0.3846, 0.4737, 0.5652]),
    (3, .nearestAway, [0.1111, 0.2, 0.2727, 0.3333, 0.4286, 0.5556]),
  ]
  static let lengths = [2, 3, 4, 5, 6, 8, 10]

  private func bound(_ id: String, p: Int, _ rounding: Rounding, n: Int) throws -> Double? {
    let format = try Format("e8m\(p - 1)")
    let problem = Problem.sum(format, .sequential(try Rounder(to: format, rounding)), count: n)
    return try? Bound.catalogue.first { $0.id == id }!.applied(to: problem).radius?.relative.value
  }

  @Test(arguments: nearest.indices) func worstRatiosToNearest(_ row: Int) throws {
    let (p, mode, ratios) = Self.nearest[row]
    let search = WorstRatio(p: p, mode: mode)
    let rounding: Rounding = mode == .nearestEven ? .nearestEven : .nearestAway
    for (n, expected) in zip(Self.lengths, ratios) {
      let worst = search.worst(n, steps: search.terms(binades: 7).map { ($0, $0) })
      let ratio = Double(worst.numerator) / Double(worst.denominator)
      #expect(abs(ratio - expected) < 5.1e-5, "p = \(p), \(rounding), n = \(n): \(ratio)")
      let nu = try #require(try bound("dot.nu", p: p, rounding, n: n))
      #expect(ratio <= nu, "p = \(p), \(rounding), n = \(n)")
      if let sharp = try bound("dot.sharp", p: p, rounding, n: n) {
        // Attained wherever it applies, exactly.
        #expect(worst.numerator * ((1 << p) + n - 1) == worst.denominator * (n - 1), "p = \(p), \(rounding), n = \(n): \(ratio), \(sharp)")
      } else {
        #expect(n - 1 > 1 << (p - 1))
      }
    }
  }

  /// The restriction k <= 1/(2u) is needed: one rounding more, and ties away exceed k u / (1 + k u).
  @Test(arguments: [2, 3, 4]) func sharpBoundIsFalseBeyondItsRestriction(_ p: Int) {
    let search = WorstRatio(p: p, mode: .nearestAway)
    let k = (1 << (p - 1)) + 1
    let last = search.worst(k, steps: search.terms(binades: p + 2).map { ($0, $0) })
    #expect(last.numerator * ((1 << p) + k - 1) == last.denominator * (k - 1), "attained at k = \(k - 1)")
    let beyond = search.worst(k + 1, steps: search.terms(binades: p + 2).map { ($0, $0) })
    #expect(beyond.numerator * ((1 << p) + k) > beyond.denominator * k, "p = \(p), k = \(k)")
  }

  /// Directed modes depend on the number of binades, so their rows are checked as what was reached with it, or more.
  @Test func directedModesExceedTheirLinearForm() {
    let rows: [(Int, WorstRatio.Mode, [Double])] = [
      (2, .towardZero, [0.3196, 0.4694, 0.6162, 0.6911, 0.7426, 0.8286]), (2, .up, [0.4769, 0.92, 1.7429, 2.4286, 3.5714, 5.4]),
      (3, .towardZero, [0.1852, 0.3061, 0.3962, 0.4667]), (3, .up, [0.2308, 0.4545, 0.6716, 0.9310]),
    ]
    for (p, mode, ratios) in rows {
      let search = WorstRatio(p: p, mode: mode)
      for (n, expected) in zip(Self.lengths, ratios) {
        let worst = search.worst(n, steps: search.terms(binades: 7).map { ($0, $0) })
        let ratio = Double(worst.numerator) / Double(worst.denominator)
        let u = Upward(Dyadic.power(1 - p))
        #expect(ratio > expected - 5.1e-5 && ratio <= u.compounded(n - 1).value, "p = \(p), \(mode), n = \(n): \(ratio)")
      }
    }
    // n (2u) A is false for rounding up as soon as n 2u > 1.
    let up = WorstRatio(p: 2, mode: .up)
    let worst = up.worst(4, steps: up.terms(binades: 7).map { ($0, $0) })
    #expect(2 * worst.numerator > 3 * worst.denominator)
  }

  /// Balanced trees of heights 1, 2, ... over terms of 7 binades: below the compound bound, and h u is false for h > 1/u, sooner when rounding up.
  @Test func worstRatiosOfBalancedTrees() throws {
    let rows: [(p: Int, rounding: Rounding, mode: WorstRatio.Mode, ratios: [Double], above: Int?)] = [
      (2, .nearestEven, .nearestEven, [0.2, 0.36, 0.488, 0.6151, 0.8140], nil), (2, .nearestAway, .nearestAway, [0.2, 0.4118, 0.6696, 0.9718, 1.3290], 5),
      (3, .nearestAway, .nearestAway, [0.1111, 0.2121, 0.3417, 0.4662, 0.6203], nil), (2, .up, .up, [0.4769, 0.9592, 1.8657], 3),
      (3, .up, .up, [0.2308, 0.4572, 0.6842, 1.0157], 4),
    ]
    for (p, rounding, mode, ratios, above) in rows {
      let format = try Format("e8m\(p - 1)")
      let u = rounding == .up ? 2 / Double(1 << p) : 1 / Double(1 << p)
      for (h, expected) in zip(1..., ratios) {
        let ratio = WorstRatio(p: p, mode: mode).worstTree(height: h, binades: 7)
        let problem = Problem.sum(format, .pairwise(try Rounder(to: format, rounding), leaf: 1), count: 1 << h)
        let power = try Bound.catalogue.first { $0.id == "dot.power" }!.applied(to: problem).radius!.relative.value
        #expect(abs(ratio - expected) < 5.1e-5 && ratio <= power, "p = \(p), \(rounding), h = \(h): \(ratio), \(power)")
        #expect((ratio > Double(h) * u) == (h == above), "p = \(p), \(rounding), h = \(h): \(ratio) against h u")
      }
    }
  }

  /// Products rounded to p bits, then added: above n u / (1 + n u), never above n u.
  @Test func worstRatiosOfRoundedDotProducts() {
    let rows = [(2, [0.1111, 0.2889, 0.4074, 0.4921, 0.5556, 0.6049]), (3, [0.1111, 0.2099, 0.2889, 0.3535, 0.4074, 0.4530])]
    for (p, ratios) in rows {
      let search = WorstRatio(p: p, mode: .nearestEven)
      let factors = (0..<4).flatMap { e in ((1 << (p - 1))..<(1 << p)).map { $0 << e } }
      let products = Set(factors.flatMap { a in factors.map { a * $0 } })
      let steps = products.flatMap { [(r: search.round($0), q: $0), (r: -search.round($0), q: -$0)] }
      for (n, expected) in zip(1...6, ratios) {
        let worst = search.worst(n, steps: steps)
        let ratio = Double(worst.numerator) / Double(worst.denominator)
        #expect(abs(ratio - expected) < 5.1e-5, "p = \(p), n = \(n): \(ratio)")
        #expect(worst.numerator << p <= worst.denominator * n)
      }
    }
  }

  /// Published witnesses, carried out by the library, in units of the quantum at p = 3.
  @Test func witnessesReachTheirRatios() throws {
    let format = try Format("e8m2")
    let cases: [(Rounding, [Int], numerator: Int, denominator: Int)] = [
      (.nearestEven, [10, 64, 8, 10, 8, 20, 16, -16], 9, 19), (.nearestAway, [8, 64, 8, 8, 8, 16], 3, 7),
      (.up, [1, 64, 1, 1, 1, 1], 91, 69),
    ]
    for (rounding, terms, numerator, denominator) in cases {
      let plan = Plan.sequential(try Rounder(to: format, rounding))
      let computed = plan.sum(terms.map { .finite(Dyadic(Int128($0))) }).dyadic!
      let error = (computed - Dyadic(Int128(terms.reduce(0, +)))).magnitude
      let magnitudes = Dyadic(Int128(terms.reduce(0) { $0 + abs($1) }))
      #expect(error * Dyadic(Int128(denominator)) == magnitudes * Dyadic(Int128(numerator)), "\(rounding) \(terms)")
    }
  }
}
