// SPDX-License-Identifier: Apache-2.0
// Convex problems: derivatives against differences, prescribed curvature, minima.

import Formats
import Testing
import Training

@Suite struct ConvexProblemTests {
  static let curvatures = ConvexProblem.curvatures(12, condition: 1000)

  static func made(_ loss: ConvexProblem.Loss, decay: Double = 0) -> ConvexProblem {
    ConvexProblem(loss, curvatures: curvatures, rows: 40, decay: decay, random: RandomStream(seed: 11))
  }

  /// Softmax of 3 classes on 5 numbers.
  static let softmax = ConvexProblem(
    .softmax(classes: 3), terms: 5, features: numbers(100, RandomStream(seed: 12)), targets: (0..<20).map { Double($0 * 7 % 3) }, decay: 0.01)

  static func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  @Test(arguments: [made(.squares, decay: 0.1), made(.logistic), made(.logistic, decay: 0.01), softmax])
  func derivativesAreThoseOfDifferences(problem: ConvexProblem) {
    let n = problem.weightCount
    let w = numbers(n, RandomStream(seed: 13)), h = 1e-5
    let (g, hessian, root) = (problem.gradient(w), problem.hessian(w), problem.hessianRoot(w))
    for i in 0..<n {
      var (up, down) = (w, w)
      up[i] += h
      down[i] -= h
      #expect(abs((problem.value(up) - problem.value(down)) / (2 * h) - g[i]) < 1e-8)
      let slopes = zip(problem.gradient(up), problem.gradient(down)).map { ($0 - $1) / (2 * h) }
      for j in 0..<n {
        #expect(abs(slopes[j] - hessian[i * n + j]) < 1e-8)
        let product = stride(from: 0, to: root.count, by: n).reduce(i == j ? problem.decay : 0) { $0 + root[$1 + i] * root[$1 + j] }
        #expect(abs(product - hessian[i * n + j]) < 1e-13)
      }
    }
  }

  @Test func curvatureIsAsPrescribed() {
    let problem = Self.made(.squares)
    let h = problem.hessian([Double](repeating: 0, count: 12))
    let eigenvalues = Self.eigenvalues(h, 12)
    for (found, wanted) in zip(eigenvalues, Self.curvatures) { #expect(abs(found - wanted) < 1e-14, "\(found), \(wanted)") }
    #expect(h.indices.count { $0 % 13 != 0 && abs(h[$0]) > 0.01 } > 60)
  }

  @Test(arguments: [made(.squares), made(.squares, decay: 0.1), made(.logistic, decay: 0.01), softmax])
  func gradientVanishesAtTheMinimum(problem: ConvexProblem) {
    let w = problem.minimiser()
    #expect(Self.norm(problem.gradient(w)) < 1e-14 * max(1, Self.norm(w)), "\(Self.norm(problem.gradient(w)))")
    for k in 0..<10 {
      let other = zip(w, numbers(w.count, RandomStream(seed: 14).child(k))).map { $0 + 0.01 * $1 }
      #expect(problem.value(other) > problem.value(w))
    }
  }

  @Test func quadraticsHaveTheirMinimumAndNoise() {
    let f = Quadratic(curvatures: [1, 0.25], minimiser: [2, -1], noise: 0.5)
    #expect(f.value([2, -1]) == 0 && f.value([3, 1]) == 1)
    let noise = (0..<20_000).map { f.gradient([3, -1], RandomStream(seed: 15).child($0)) }
    let mean = noise.reduce(0) { $0 + $1[0] } / 20_000
    let variance = noise.reduce(0) { $0 + $1[1] * $1[1] } / 20_000
    #expect(abs(mean - 1) < 0.015 && abs(variance - 0.25) < 0.015, "\(mean), \(variance)")
  }

  /// Largest first.
  static func eigenvalues(_ matrix: [Double], _ n: Int) -> [Double] { ConvexProblem.eigenvalues(of: matrix, size: n).sorted(by: >) }

  @Test func eigenvaluesAreThoseOfTheMatrix() {
    let wanted = [3, 2, 2, 0.5, 1e-3, -1]
    let found = Self.eigenvalues(ConvexProblem.matrix(eigenvalues: wanted, random: RandomStream(seed: 21)), 6)
    for (x, y) in zip(found, wanted) { #expect(abs(x - y) < 1e-14) }
  }
}
