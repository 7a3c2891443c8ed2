// SPDX-License-Identifier: Apache-2.0
// Compensated sums: worst cases and rankings at low precision, and their papers' properties.

import Accumulation
import Formats
import TestSupport
import Testing

@Suite struct CompensatedSumTests {
  private func sum(_ scheme: String, _ terms: [Double]) throws -> Double { try Plan(text: scheme).sum(terms.map { Value($0) }).double }

  /// The largest |error| / Σ|x| of sums of n terms, each 0 or one of the p-bit numbers of the first `binades` binades from 2^(p−1) on.
  private func worst(_ scheme: String, p: Int, _ n: Int, binades: Int) throws -> Double {
    let plan = try Plan(text: scheme)
    let magnitudes = (0..<binades).flatMap { e in (1 << (p - 1)..<1 << p).map { Double($0 << e) } }
    let numbers = [0] + magnitudes + magnitudes.map { -$0 }
    var (worst, indices) = (0.0, [Int](repeating: 0, count: n))
    while true {
      let terms = indices.map { numbers[$0] }
      let total = terms.reduce(0) { $0 + abs($1) }
      // The first term is positive: all schemes are symmetric.
      if terms[0] > 0 {
        let ratio = abs(plan.sum(terms.map { Value($0) }).double - terms.reduce(0, +)) / total
        worst = max(worst, ratio)
      }
      var i = 0
      while i < n {
        indices[i] += 1
        if indices[i] < numbers.count { break }
        indices[i] = 0
        i += 1
      }
      if i == n { return worst }
    }
  }

  /// Exhaustive worst cases at p = 3 and n = 3: 1/5 in sequence, 9/73 by Sum2; by Kahan 7/39 among numbers of four binades, 9/47 among those of
  /// five, and no more among six.
  @Test(arguments: [("e8m2", 6, [1, 5]), ("kahan/e8m2", 4, [7, 39]), ("kahan/e8m2", 5, [9, 47]), ("kahan/e8m2", 6, [9, 47]), ("sum2/e8m2", 6, [9, 73]), ("neumaier/e8m2", 6, [9, 73])])
  func worstCasesOfThreeTerms(_ scheme: String, _ binades: Int, _ expected: [Double]) throws {
    #expect(try worst(scheme, p: 3, 3, binades: binades) == expected[0] / expected[1])
  }

  /// Witnesses at p = 3.
  @Test func witnesses() throws {
    #expect(try sum("kahan/e8m2", [-5, -14, 20]) == 4)
    #expect(try sum("sum2/e8m2", [-5, -12, -56]) == -64)
  }

  /// Neumaier's sum and Sum2 add the same numbers in the same order.
  @Test(arguments: ["e8m1", "e8m2", "e8m3", "fp16", "bf16"]) func neumaierIsSum2(_ format: String) throws {
    let (a, b) = (try Plan(text: "neumaier/\(format)"), try Plan(text: "sum2/\(format)"))
    let rounder = try Rounder(text: format)
    var random = SplitMix64(seed: 141)
    for _ in 0..<effort(2000) {
      let n = Int.random(in: 1...40, using: &random)
      let terms = (0..<n).map { _ in
        rounder.round(Value(Double.random(in: -1...1, using: &random) * Double(1 << Int.random(in: 0...5, using: &random)))).value
      }
      guard a.sum(terms) == b.sum(terms) else {
        Issue.record("\(format): \(terms)")
        return
      }
    }
  }

  /// rms of error / Σ|x| of sums of terms of 5 binades, in sequence, by Kahan and by Sum2: of many positive terms at p ≤ 4 Kahan's is smaller
  /// than that of Sum2, whose corrections stagnate.
  @Test(arguments: [
    (2, 64, false, [0.740, 0.222, 0.490]), (3, 64, false, [0.532, 0.068, 0.186]), (4, 64, false, [0.248, 0.031, 0.050]),
    (5, 64, false, [0.120, 0.0150, 0.0163]), (3, 16, false, [0.168, 0.059, 0.060]), (3, 16, true, [0.054, 0.024, 0.020]), (4, 64, true, [0.026, 0.0060, 0.0056]),
  ])
  func errorsOfCompensatedSumsAreThoseOfTheTable(_ p: Int, _ n: Int, _ isMixed: Bool, _ expected: [Double]) throws {
    var squares = [0.0, 0.0, 0.0]
    let plans = try ["", "kahan/", "sum2/"].map { try Plan(text: "\($0)e10m\(p - 1)") }
    var random = SplitMix64(seed: 142)
    let trials = effort(2000)
    for _ in 0..<trials {
      let terms = (0..<n).map { _ in
        let magnitude = Double(Int.random(in: 1 << (p - 1)..<1 << p, using: &random) << Int.random(in: 0..<5, using: &random))
        return isMixed && Bool.random(using: &random) ? -magnitude : magnitude
      }
      let (exact, magnitudes) = (terms.reduce(0, +), terms.reduce(0) { $0 + abs($1) })
      for (i, plan) in plans.enumerated() {
        let error = (plan.sum(terms.map { Value($0) }).double - exact) / magnitudes
        squares[i] += error * error
      }
    }
    let rms = squares.map { ($0 / Double(trials)).squareRoot() }
    for (found, expected) in zip(rms, expected) { #expect(abs(found / expected - 1) < 0.1, "p = \(p), n = \(n): rms \(rms)") }
    #expect(rms[0] > max(rms[1], rms[2]) && (rms[1] < rms[2]) == !isMixed)
  }

  /// Each output of a matrix product has a compensation of its own.
  @Test func everyOutputOfAKahanProductIsKahans() throws {
    let dot = DotProduct(try Plan(text: "kahan/fp16"), product: try Product(text: "fp16"))
    var random = SplitMix64(seed: 143)
    let (m, k, n) = (3, 257, 5)
    let toHalf = try Rounder(to: .fp16)
    func matrix(_ rows: Int, _ columns: Int) -> Matrix<Float> {
      let numbers = (0..<rows * columns).map { _ in Float(toHalf.round(Value(Double.random(in: 0...1, using: &random))).value.double) }
      return Matrix(rows: rows, columns: columns, numbers)
    }
    let (a, b) = (matrix(m, k), matrix(k, n))
    let product = MatrixProduct(dot)(a, b)
    for i in 0..<m {
      for j in 0..<n {
        let (x, y) = ((0..<k).map { Value(Double(a[i, $0])) }, (0..<k).map { Value(Double(b[$0, j])) })
        #expect(Double(product[i, j]) == dot.evaluate(x, y).double)
        let exact = (0..<k).reduce(0.0) { $0 + Double(a[i, $1]) * Double(b[$1, j]) }
        #expect(abs(Double(product[i, j]) - exact) / exact < 2e-3)
      }
    }
  }

  /// Dot2 of exact products is as if computed in twice the precision and rounded.
  @Test func dot2IsNearlyCorrectlyRounded() throws {
    let (dot2, exact) = (DotProduct(try Plan(text: "dot2/e8m7")), DotProduct(try Plan(text: "exact/e8m7")))
    var random = SplitMix64(seed: 144)
    let rounder = try Rounder(to: .bf16)
    let trials = effort(2000)
    var same = 0
    for _ in 0..<trials {
      func vector() -> [Value] { (0..<20).map { _ in rounder.round(Value(Double.random(in: -1...1, using: &random))).value } }
      let (x, y) = (vector(), vector())
      if dot2.evaluate(x, y) == exact.evaluate(x, y) { same += 1 }
    }
    #expect(Double(same) / Double(trials) > 0.97, "\(same) of \(trials)")
  }

  /// An expansion of k numbers holds what one of k times the precision would, nearly.
  @Test func expansionsHoldMoreThanOneNumber() throws {
    #expect(try sum("e8m3", [16, 1, 1, 1, 1]) == 16)
    #expect(try sum("expansion2/e8m3", [16, 1, 1, 1, 1]) == 20)
    // Its second number is 16, and 17 has five bits.
    #expect(try sum("expansion2/e8m3", [256, 16, 1, -256, -16]) == 0)
    #expect(try sum("expansion3/e8m3", [256, 16, 1, -256, -16]) == 1)
    #expect(try sum("expansion2/e8m3", [4096, 256, 16, 1, -4096, -256, -16]) != 1)
    #expect(try sum("expansion4/e8m3", [4096, 256, 16, 1, -4096, -256, -16]) == 1)
  }

  /// Neumaier's own example, and a block sum whose outer sum is compensated.
  @Test func cancellationIsSurvived() throws {
    #expect(try sum("fp64", [1, 1e100, 1, -1e100]) == 0)
    #expect(try sum("kahan/fp64", [1, 1e100, 1, -1e100]) == 0)
    for scheme in ["neumaier/fp64", "sum2/fp64", "sum3/fp64", "dot2/fp64", "dot3/fp64", "expansion2/fp64", "exact/fp64"] {
      #expect(try sum(scheme, [1, 1e100, 1, -1e100]) == 2, "\(scheme)")
    }
    #expect(try sum("fabsum2/e8m7", [256, 1, -256, 1]) == (try Plan(text: "e8m7:2,sum2/e8m7").sum([256, 1, -256, 1].map { Value($0) }).double))
  }
}
