// SPDX-License-Identifier: Apache-2.0
// What each bound comes to, against the formula that its theorem in proofs/coq states, in plain doubles.

import Accumulation
import ErrorAnalysis
import Formats
import Foundation
import Testing

@Suite struct BoundFormulaTests {
  /// ofSum |s| + relative A + absolute, and how near the bound must be to it.
  struct Formula {
    var ofSum = 0.0
    var relative: Double
    var absolute = 0.0
    var tolerance = 0x1p-40
  }

  /// (1 + x)^k − 1.
  private static func compounded(_ x: Double, _ k: Int) -> Double { expm1(Double(k) * log1p(x)) }

  /// The formulas by bound, of n products of e4m3 or e5m2. In e6m5 (u = 2⁻⁶) products of e4m3 are rounded as they are added and do not underflow; in
  /// fp16 (u = 2⁻¹¹, η/2 = 2⁻²⁵) products of e5m2, of 6 bits, may.
  private static let formulas: [String: [(format: String, plan: String, product: String, n: Int, formula: Formula)]] = {
    let u = 0x1p-6, v = u / (1 + u), uh = 0x1p-11, vh = uh / (1 + uh), half = 0x1p-25, w = 0x1p-24
    return [
      "dot.gamma": [("e4m3", "e6m5", "exact", 20, Formula(relative: 20 * u / (1 - 20 * u)))],
      "dot.power": [
        ("e4m3", "e6m5", "exact", 20, Formula(relative: compounded(v, 20))),
        ("e4m3", "e6m5@rz", "exact", 20, Formula(relative: compounded(2 * u, 20))),
        ("e4m3", "pairwise/e6m5", "exact", 20, Formula(relative: compounded(v, 5))),
        ("e5m2", "pairwise/fp16", "exact", 10, Formula(relative: compounded(vh, 4), absolute: pow(1 + vh, 4) * 9 * half)),
        ("e5m2", "fp16@rz", "exact", 10, Formula(relative: compounded(2 * uh, 10), absolute: pow(1 + 2 * uh, 10) * 20 * half)),
      ],
      "dot.nu": [
        ("e4m3", "e6m5", "exact", 100, Formula(relative: 100 * u)), ("e5m2", "fp16", "exact", 10, Formula(relative: 10 * uh, absolute: 10 * half)),
      ],
      "dot.nu-rounded": [("e5m2", "fp16", "fp16", 10, Formula(relative: 10 * uh, absolute: 10 * (1 + 10 * uh) * half))],
      "dot.sharp": [("e4m3", "e6m5", "exact", 20, Formula(relative: 20 * u / (1 + 20 * u)))],
      "dot.hierarchy": [
        ("e4m3", "e6m5:16,fp32", "exact", 160, Formula(relative: (1 + 16 * u / (1 + 16 * u)) * (1 + 9 * w / (1 + 9 * w)) - 1)),
        // Products that fp16 rounds err by v and η/2.
        ("e5m2", "e6m5:5,fp32", "fp16", 10, Formula(
          relative: (1 + vh) * (1 + 5 * u / (1 + 5 * u)) * (1 + w / (1 + w)) - 1, absolute: 10 * half * (1 + 5 * u / (1 + 5 * u)) * (1 + w / (1 + w)))),
      ],
      "dot.fixed": [
        ("e4m3", "q8.4", "exact", 100, Formula(relative: 0, absolute: 100 * 0x1p-5)),
        ("e4m3", "q8.4@rz", "exact", 100, Formula(relative: 0, absolute: 100 * 0x1p-4)),
      ],
      // Steps err by (1 + r)(1 + m c) − 1: r = c = 2⁻¹³, m = 32; r = 2⁻¹¹, m = 4, c = 2⁻¹⁰. All m + 1 addends of a step may be small and cut
      // at c F, since factors' exponents say what they are aligned to: F is 2⁻⁶ 2⁸ and 2⁻¹⁴ 2¹⁵.
      "dot.block": [
        ("e4m3fn", "tensorcore/h100-fp8", "exact", 128, steps(4, 0x1p-13, 32, 0x1p-13, lowest: 4)),
        ("e5m2", "fused4f10/fp16", "exact", 10, steps(3, uh, 4, 0x1p-10, lowest: 2, half)),
      ],
      "dot.exact": [
        ("e5m2", "exact/fp16", "exact", 10, Formula(ofSum: vh, relative: 0, absolute: half)),
        ("e5m2", "exact/fp16@rz", "exact", 10, Formula(ofSum: 2 * uh, relative: 0, absolute: 2 * half)),
      ],
      "dot.sum2": [("e4m3", "sum2/fp16", "exact", 100, Formula(ofSum: uh, relative: (1 + uh) * 99 * 98 * uh * uh))],
      "dot.dot2": [
        ("e4m3", "dot2/e6m5", "exact", 20, Formula(ofSum: u, relative: (1 + u) * ((u + 19 * u * (1 + u)) * ((20 * (1 + u) + 1) * u))))
      ],
      "dot.expansion": [
        ("e4m3", "expansion2/fp16", "exact", 100, Formula(ofSum: vh, relative: (1 + vh) * compounded(vh * vh * (2 + vh), 99), tolerance: 1e-8)),
        ("e4m3", "expansion3/fp16", "exact", 100, ofMany(uh, 3, additions: 99, split: false)),
        // Products of 8 bits are added to numbers of 6 as two numbers each.
        ("e4m3", "expansion2/e6m5", "exact", 20, Formula(ofSum: v, relative: (1 + v) * (1 + v) * compounded(v * v * (2 + v), 40), tolerance: 1e-8)),
        ("e4m3", "expansion4/e6m5", "exact", 20, ofMany(u, 4, additions: 40, split: true)),
        // Where 64 passes need not settle them: 2 q = 7/8.
        ("e4m3", "expansion8/e6m3", "exact", 20, ofMany(0x1p-4, 8, additions: 40, split: true)),
      ],
      // Of stochastic rounding u is twice that of rounding to nearest; the theorem has W with half of it.
      "dot.azuma": [("e4m3", "fp16@sr", "exact", 30, Formula(relative: (2 * uh * compounded(2 * uh, 58) / (4 * (1 + uh)) * log(2 / 0.1)).squareRoot()))],
      "dot.chebyshev": [("e4m3", "fp16@sr", "exact", 30, Formula(relative: (compounded(uh * uh, 29) / 0.1).squareRoot()))],
    ]
  }()

  /// BlockSum.block_sum.
  private static func steps(_ q: Int, _ r: Double, _ m: Double, _ c: Double, lowest: Double, _ h: Double = 0) -> Formula {
    let w = (1 + r) * (1 + m * c) - 1
    return Formula(relative: compounded(w, q), absolute: Double(q) * (h + (1 + r) * (m + 1) * c * lowest) * pow(1 + w, Double(q)))
  }

  /// Passes.expansion_of_many after 64 passes: L the least that a step keeps, c what it loses.
  private static func ofMany(_ u: Double, _ count: Int, additions: Int, split: Bool) -> Formula {
    let v = u / (1 + u)
    /// (what a step makes of L, what it loses)
    func step(_ l: [Double]) -> ([Double], Double) {
      var x = v * (1 + l.reduce(0, +)), descended: [Double] = []
      for number in l { (descended, x) = (descended + [(1 + v) * (number + x)], v * (number + x)) }
      var carry = descended.last!, next: [Double] = []
      for number in descended.dropLast().reversed() { (carry, next) = ((1 + v) * (number + carry), [v * (number + carry)] + next) }
      return ([v * (1 + l.dropFirst().reduce(0, +))] + next, x)
    }
    var l = [Double](repeating: 0, count: count - 1)
    for _ in 0..<1000 { l = step(l).0 }
    let q = Double(count - 1) * u, f = q / (1 - 2 * q), largest = split ? 1 + v : 1
    let drift = largest * compounded(step(l).1, additions)
    return Formula(ofSum: f, relative: (1 + f) * drift + pow(2 * q, 64) * l.reduce(0, +) * (largest + drift), tolerance: 1e-8)
  }

  @Test func boundsAreTheFormulasOfTheirTheorems() throws {
    for (id, cases) in Self.formulas {
      let bound = try #require(Bound.catalogue.first { $0.id == id })
      for (name, plan, product, n, formula) in cases {
        let format = try Format(name)
        let problem = Problem.dot(format, format, DotProduct(try Plan(text: plan), product: try Product(text: product), factors: format), count: n)
        let radius = try #require(try bound.applied(to: problem, failure: 0.1).radius)
        for (bound, expected) in [(radius.ofSum, formula.ofSum), (radius.relative, formula.relative), (radius.absolute, formula.absolute)] {
          let value = bound.value
          #expect(value >= expected * (1 - 0x1p-48) && value <= expected * (1 + formula.tolerance), "\(id), \(plan): \(value), not \(expected)")
        }
      }
    }
  }

  /// (Of running bounds a worked sum is in BoundTests.)
  @Test func everyProvedBoundIsHere() throws {
    let running: Set = ["dot.running", "dot.running-ulp"]
    #expect(Set(Self.formulas.keys) == Set(Bound.catalogue.filter { !$0.theorems.isEmpty }.map(\.id)).subtracting(running))
  }
}
