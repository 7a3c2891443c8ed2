// SPDX-License-Identifier: Apache-2.0
// Predictions about runs: they agree where theory applies, see a wrong accumulator, and leave the run as it was.

import Formats
import Testing
import Training

@Suite struct RunCheckTests {
  static func trained(_ policy: String, _ model: Model = .mlp) throws -> Trainer {
    let trainer = try Trainer(TrainingPlan(model: model, data: "digits", policy: try PrecisionPolicy(name: policy), epochs: 2, seed: 7), .digits)
    while !trainer.isFinished { _ = try trainer.runEpoch() }
    return trainer
  }

  static func findings(_ trainer: Trainer, _ id: String) -> [Finding] { trainer.check().filter { $0.prediction == id } }

  /// (With 4 bits, e6m3, errors of dX are a little more than twice those predicted: the numbers of dY of one image are large together.)
  @Test(arguments: ["e5m2cfg5+e6m5", "e4m3fn+e5m4", "e4m3fn+e5m4:16,e6m5"])
  func predictionsOfNarrowRunsAgree(policy: String) throws {
    let findings = try Self.trained(policy).check()
    for finding in findings where finding.verdict == .disagrees { Issue.record("\(policy), seed 7: \(finding)") }
    #expect(findings.count { $0.prediction == "train.product-error" && $0.verdict == .agrees } >= 3)
    #expect(findings.count { $0.prediction == "train.bound" && $0.verdict == .agrees } >= 3)
    #expect(findings.contains { $0.prediction == "train.swallowed" && $0.verdict == .agrees })
  }

  /// The errors of an accumulator with two bits fewer are not those predicted for the wider one.
  @Test func aWrongAccumulatorIsSeen() throws {
    let (wide, narrow) = (try Self.findings(Self.trained("e4m3fn+e6m5"), "train.product-error"), try Self.findings(Self.trained("e4m3fn+e6m3"), "train.product-error"))
    let pairs = wide.compactMap { a in narrow.first { $0.setting == a.setting && $0.verdict == .agrees && a.verdict == .agrees }.map { (a, $0) } }
    let wrong = pairs.map { Finding("train.product-error", $0.0.setting, predicted: $0.0.predicted, measured: $0.1.measured, $0.0.acceptance) }
    #expect(wrong.count >= 3 && wrong.allSatisfy { $0.verdict == .disagrees }, "\(wrong)")
  }

  /// Weights in bf16 swallow what fp32 keeps.
  @Test func swallowedUpdatesAreForetold() throws {
    var policy = try PrecisionPolicy(name: "bf16")
    policy.storedWeights = try TensorFormat(text: "bf16")
    let trainer = try Trainer(TrainingPlan(model: .logistic, data: "digits", policy: policy, epochs: 3, seed: 7), .digits)
    while !trainer.isFinished { _ = try trainer.runEpoch() }
    let finding = try #require(Self.findings(trainer, "train.swallowed").first)
    #expect(finding.verdict == .agrees && finding.measured > 0.02, "\(finding)")
  }

  @Test func whatCannotBeSaidIsNotSaid() throws {
    let findings = try Self.trained("fp32", .logistic).check()
    #expect(findings.filter { $0.prediction == "train.product-error" }.allSatisfy { if case .notApplicable = $0.verdict { true } else { false } })
    #expect(findings.contains { $0.prediction == "train.bound" && $0.verdict == .agrees })
  }

  @Test func checkingLeavesTheRunAsItWas() throws {
    let trainer = try Trainer(TrainingPlan(model: .resnet8, data: "digits", policy: try PrecisionPolicy(name: "e5m2cfg5+e6m5"), epochs: 1, batch: 128, seed: 7), .digits)
    var steps = 0
    _ = try trainer.runEpoch(mayStop: {
      steps += 1
      return steps >= 2
    })
    let before = TrainerTests.bits(trainer)
    let findings = trainer.check()
    #expect(TrainerTests.bits(trainer) == before && !findings.isEmpty)
    #expect(findings.filter { ["train.bound", "train.overflow"].contains($0.prediction) }.allSatisfy { $0.verdict != .disagrees })
  }
}
