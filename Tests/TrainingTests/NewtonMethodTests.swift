// SPDX-License-Identifier: Apache-2.0
// Newton's method with factors of few bits: minima of binary64, breakdowns, refusals.

import Formats
import Testing
import Training

@Suite struct NewtonMethodTests {
  /// `elementwise` is what factors.
  static func method(_ factors: String, _ rounding: String) throws -> NewtonMethod {
    var policy = policy(factors)
    policy.elementwise = try TensorFormat(text: rounding)
    return try NewtonMethod(policy)
  }

  @Test(arguments: [("fp64", "fp64"), ("bf16", "fp32"), ("fp16+fp32", "bf16"), ("fp16+fp32", "fp16")])
  func narrowFactorsReachTheMinimumOfBinary64(factors: String, rounding: String) throws {
    for problem in [ConvexProblemTests.made(.logistic, decay: 0.1), ConvexProblemTests.softmax] {
      let iterates = try Self.method(factors, rounding).minimise(problem, random: RandomStream(seed: 16))
      let (last, w) = (iterates.last!, problem.minimiser())
      let distance = ConvexProblemTests.norm(zip(last.weights, w).map { $0 - $1 })
      #expect(distance < 1e-8 * ConvexProblemTests.norm(w) && iterates.count <= 9, "\(iterates.map(\.slope)), \(distance)")
      for step in iterates.compactMap(\.step) { #expect(step.residuals.last! < 0x1p-40 && step.shift == 0, "\(step)") }
      if rounding != "fp64" { #expect(iterates[1].step!.residuals.count > 1, "\(iterates[1].step!)") }
    }
  }

  /// A condition number of 10^6 in 8 bits: negative pivots, a shift of a few d u, and a direction that still goes down.
  @Test func aBreakdownIsShiftedAndSaysSo() throws {
    let problem = ConvexProblem(
      .squares, curvatures: ConvexProblem.curvatures(12, condition: 1e6), rows: 40, random: RandomStream(seed: 17))
    let w = [Double](repeating: 0, count: 12)
    let step = try Self.method("bf16", "bf16").step(problem, at: w, random: RandomStream(seed: 18))
    #expect(step.shift >= 12 * 0x1p-8 && step.shift < 1, "\(step.shift)")
    #expect(zip(step.direction, problem.gradient(w)).reduce(0) { $0 + $1.0 * $1.1 } < 0)
    #expect(zip(step.residuals, step.residuals.dropFirst()).allSatisfy { $0 > $1 })
  }

  @Test func formatsThatCannotFactorAreRefused() throws {
    for text in ["q8.8", "fp32@sr", "fp32@rz"] { #expect(throws: PolicyError.self) { try Self.method("bf16", text) } }
  }

  @Test func numbersThatOverflowAreABreakdown() throws {
    let problem = ConvexProblem(.squares, terms: 1, features: [1e200, 1], targets: [1, 1])
    #expect(throws: TrainingError.self) { try NewtonMethod(policy("fp64")).step(problem, at: [0], random: RandomStream(seed: 19)) }
  }

  /// 300 of them, to be quick.
  @Test func theDigitsAreDoneInTenSteps() throws {
    let digits = ConvexProblem.digits()
    let problem = ConvexProblem(
      digits.loss, terms: 64, features: Array(digits.features.prefix(64 * 300)), targets: Array(digits.targets.prefix(300)), decay: 1e-2)
    let iterates = try Self.method("bf16", "fp32").minimise(problem, steps: 10, accuracy: 1e-8, random: RandomStream(seed: 20))
    #expect(iterates.last!.slope < 1e-8 * iterates[0].slope && iterates.count <= 11, "\(iterates.map(\.slope))")
  }
}
