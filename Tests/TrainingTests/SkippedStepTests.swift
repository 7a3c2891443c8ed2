// SPDX-License-Identifier: Apache-2.0
// Steps that are left out because numbers overflowed.

import Formats
import Testing
import Training

@Suite struct SkippedStepTests {
  /// A first step that is far too long makes weights that binary16 does not hold; the next steps are left out, statistics and all.
  @Test func skippedStepsLeaveNoTrace() throws {
    let plan = TrainingPlan(model: .resnet8, data: "digits", policy: policy("amp-fp16"), epochs: 1, batch: 16, rate: 1e8, seed: 1)
    let trainer = try Trainer(plan, .digits, .oneThread)
    var steps = 0
    func train(_ count: Int) throws {
      steps = 0
      _ = try trainer.runEpoch(mayStop: {
        steps += 1
        return steps == count
      })
    }
    try train(1)
    let before = trainer.network.body.statistics.map(\.values)
    try train(2)
    #expect(trainer.state.skipped == 2)
    #expect(trainer.network.body.statistics.map(\.values) == before)
    #expect(before.allSatisfy { $0.allSatisfy(\.isFinite) })
  }
}
