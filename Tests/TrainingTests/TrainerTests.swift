// SPDX-License-Identifier: Apache-2.0
// Runs: against a plain implementation, on any number of threads, and through interruptions.

import Foundation
import Formats
import Testing
import Training

@Suite struct TrainerTests {
  static func plan(_ model: Model, _ policy: String, epochs: Int = 2, batch: Int = 64) throws -> TrainingPlan {
    TrainingPlan(model: model, data: "digits", policy: try PrecisionPolicy(name: policy), epochs: epochs, batch: batch, seed: 3)
  }

  /// The bits of all that is learned.
  static func bits(_ trainer: Trainer) -> [UInt64] {
    let parameters: [Parameter] = trainer.network.body.parameters + trainer.network.body.statistics
    let numbers = parameters.flatMap { p -> [Double] in [p.values, p.momentum, p.stored, p.low, p.average].flatMap { $0 } }
    return numbers.map(\.bitPattern)
  }

  static func finish(_ trainer: Trainer) throws -> [UInt64] {
    while !trainer.isFinished { _ = try trainer.runEpoch() }
    return bits(trainer)
  }

  /// The mean loss after each step.
  static func losses(_ trainer: Trainer, steps: Int) throws -> [Double] {
    var losses: [Double] = []
    while losses.count < steps {
      var (sum, seen) = (0.0, 0)
      _ = try trainer.runEpoch(
        progress: { _, mean in
          let now = trainer.state.seen
          losses.append((mean * Double(now) - sum) / Double(now - seen))
          (sum, seen) = (mean * Double(now), now)
        }, mayStop: { losses.count >= steps })
    }
    return losses
  }

  @Test func testingChangesNothing() throws {
    let (tested, untested) = (try Trainer(try Self.plan(.logistic, "bf16-sr"), .digits), try Trainer(try Self.plan(.logistic, "bf16-sr"), .digits))
    while !tested.isFinished { _ = try tested.runEpoch() }
    while !untested.isFinished { _ = try untested.runEpoch(testing: untested.epochsDone == 1) }
    #expect(Self.bits(tested) == Self.bits(untested) && tested.history[1].testLoss == untested.history[1].testLoss)
    #expect(untested.history[0].testAccuracy.isNaN && untested.history[0].loss == tested.history[0].loss)
  }

  /// 50 steps of the dense network in binary32 written out, without layers, policies or matrices.
  @Test func binary32RunIsAPlainImplementations() throws {
    let trainer = try Trainer(try Self.plan(.mlp, "fp32", epochs: 3), .digits)
    var weights = trainer.network.linear.map { $0.weights.values.map { Float($0) } }
    var biases = trainer.network.linear.map { $0.bias!.values.map { Float($0) } }
    let sizes = [64, 128, 96, 10]
    var velocity = (weights.map { $0.map { _ in Float(0) } }, biases.map { $0.map { _ in Float(0) } })
    let images = DataSet.digits.training
    var expected: [Double] = []
    let (steps, batch) = (23, 64)
    for step in 0..<50 {
      let (epoch, place) = (step / steps, step % steps)
      let order = images.order(trainer.root.child("order").child(epoch))
      let part = order[place * batch..<min((place + 1) * batch, order.count)]
      var (dw, db) = (weights.map { $0.map { _ in Float(0) } }, biases.map { $0.map { _ in Float(0) } })
      var loss = 0.0
      for image in part {
        var layers = [Array(images.pixels[64 * image..<64 * image + 64])]
        for l in 0..<3 {
          layers.append((0..<sizes[l + 1]).map { o in
            var sum: Float = 0
            for i in 0..<sizes[l] { sum += weights[l][o * sizes[l] + i] * layers[l][i] }
            sum += biases[l][o]
            return l < 2 ? max(sum, 0) : sum
          })
        }
        let top = layers[3].max()!, powers = layers[3].map { exp($0 - top) }, total = powers.reduce(0, +), label = images.labels[image]
        loss += Double(log(total) + top - layers[3][label])
        var delta = powers.indices.map { (powers[$0] / total - ($0 == label ? 1 : 0)) / Float(part.count) }
        for l in (0..<3).reversed() {
          var before = [Float](repeating: 0, count: sizes[l])
          for o in 0..<sizes[l + 1] {
            db[l][o] += delta[o]
            for i in 0..<sizes[l] {
              dw[l][o * sizes[l] + i] += delta[o] * layers[l][i]
              before[i] += delta[o] * weights[l][o * sizes[l] + i]
            }
          }
          delta = before.indices.map { layers[l][$0] > 0 ? before[$0] : 0 }
        }
      }
      expected.append(loss / Double(part.count))
      let rate = Float(0.05 * (1 + cos(Double.pi * Double(step) / Double(3 * steps))) / 2)
      for l in 0..<3 {
        for i in weights[l].indices {
          velocity.0[l][i] = 0.9 * velocity.0[l][i] + dw[l][i] + 1e-4 * weights[l][i]
          weights[l][i] -= rate * velocity.0[l][i]
        }
        for i in biases[l].indices {
          velocity.1[l][i] = 0.9 * velocity.1[l][i] + db[l][i]
          biases[l][i] -= rate * velocity.1[l][i]
        }
      }
    }
    let measured = try Self.losses(trainer, steps: 50)
    let largest = zip(measured, expected).map { abs($0 - $1) }.max()!
    #expect(measured.count == 50 && largest < 1e-5, "largest difference \(largest)")
    #expect(expected[49] < expected[0] / 4)
  }

  @Test(arguments: [
    (Model.mlp, "e5m2cfg5+e6m5"), (.lenet, "bf16-sr"), (.resnet8, "e4m3fn+e6m5@sr8"), (.logistic, "swalp"), (.mlp, "fp134"), (.logistic, "bf16-kahan"),
  ])
  func threadsDoNotMatter(model: Model, policy: String) throws {
    let plan = try Self.plan(model, policy, epochs: 1, batch: model == .resnet8 ? 300 : 64)
    let (one, two) = (try Trainer(plan, .digits, .oneThread), try Trainer(plan, .digits, .threads(2)))
    let limit = 4
    for trainer in [one, two] {
      var steps = 0
      _ = try trainer.runEpoch(mayStop: {
        steps += 1
        return steps >= limit
      })
    }
    #expect(Self.bits(one) == Self.bits(two) && one.state.step == limit)
  }

  @Test(arguments: [(Model.mlp, "e5m2cfg5+e6m5"), (.logistic, "swalp"), (.mlp, "fp134"), (.logistic, "bf16-kahan"), (.lenet, "e4m3+fp16@sr")])
  func aCheckpointGoesOnBitForBit(model: Model, policy: String) throws {
    let plan = try Self.plan(model, policy, epochs: 2, batch: 256)
    let whole = try Trainer(plan, .digits)
    let expected = try Self.finish(whole)
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).npz").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    // Stopped after three steps, and again after the first epoch, each time by a new run.
    for stops in [3, 6] {
      let trainer = try Trainer(plan, .digits)
      if stops > 3 { try trainer.restore(path) }
      var steps = trainer.state.step
      _ = try trainer.runEpoch(mayStop: {
        steps += 1
        return steps >= stops
      })
      try trainer.save(path)
    }
    let last = try Trainer(plan, .digits)
    try last.restore(path)
    #expect(try Self.finish(last) == expected)
    #expect(zip(last.history, whole.history).allSatisfy { a, b in a.loss == b.loss && a.testLoss == b.testLoss && a.testAccuracy == b.testAccuracy && a.macs == b.macs })
    #expect(last.history.count == 2 && whole.history.count == 2)
  }

  @Test(arguments: [
    ModelOptions(activation: .tanh), ModelOptions(activation: .gelu), ModelOptions(activation: .ktanh), ModelOptions(softmax: .taylor(order: 2)),
    ModelOptions(softmax: .taylor(order: 4)), ModelOptions(circulant: 4), ModelOptions(activation: .ktanh, softmax: .taylor(order: 2), circulant: 8),
  ])
  func modelsWithOptionsLearn(options: ModelOptions) throws {
    var plan = try Self.plan(.mlp, "e5m2cfg5+e6m5", epochs: 5)
    let usual = try Trainer(plan, .digits).weightCount
    plan.options = options
    let trainer = try Trainer(plan, .digits)
    _ = try Self.finish(trainer)
    #expect(trainer.history[4].testAccuracy > 0.85, "\(options.summary): \(trainer.history)")
    // Of a block of b rows and columns b weights stay, and no biases.
    if let b = options.circulant { #expect(trainer.weightCount == usual - (64 * 128 + 128 * 96) * (b - 1) / b - 128 - 96) }
  }

  @Test func checkpointsOfOtherRunsAreRefused() throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).npz").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let trainer = try Trainer(try Self.plan(.logistic, "fp32"), .digits)
    try trainer.save(path)
    var other = try Self.plan(.logistic, "fp32")
    other.seed = 4
    let error = try #require(throws: TrainingError.self) { try Trainer(other, .digits).restore(path) }
    #expect("\(error)".contains("seed 3 there, 4 here"))
    let model = try #require(throws: TrainingError.self) { try Trainer(try Self.plan(.mlp, "bf16"), .digits).restore(path) }
    #expect("\(model)".contains("model logistic there, mlp here, policy fp32 there, bf16 here"))
    // What every model has by default is not written, so that runs without options are those of before.
    #expect(!String(decoding: try JSONEncoder().encode(trainer.plan), as: UTF8.self).contains("options"))
    other = trainer.plan
    other.options = ModelOptions(activation: .gelu, softmax: .taylor(order: 6), circulant: 3)
    #expect(try JSONDecoder().decode(TrainingPlan.self, from: try JSONEncoder().encode(other)) == other)
    try Data(FileManager.default.contents(atPath: path)!.dropLast(2000)).write(to: URL(fileURLWithPath: path))
    #expect(throws: TrainingError.self) { try trainer.restore(path) }
  }

  @Test func overflowEndsWithWhatOverflowedWhere() throws {
    var plan = try Self.plan(.mlp, "fp16+fp32")
    plan.policy.lossScale = .fixed(40)
    let error = try #require(throws: TrainingError.self) { try Trainer(plan, .digits).runEpoch() }
    #expect("\(error)".contains("diverged in epoch 1, step 1: errors of classes in fp16: largest before rounding"), "\(error)")
  }

  @Test(arguments: ["dynamic", "automatic"])
  func lossScalesFindTheRange(rule: String) throws {
    var plan = try Self.plan(.mlp, "e4m3fn+fp32", epochs: 3)
    plan.policy.lossScale = try LossScale(text: rule)
    let trainer = try Trainer(plan, .digits)
    _ = try Self.finish(trainer)
    // The largest gradients of the loss are 1/64, and the largest number is 448.
    #expect((3...17).contains(trainer.history[2].lossScale) && trainer.history[2].testAccuracy > 0.9, "\(trainer.history)")
  }

  /// A format of few binades gives up the smallest gradients and cuts none of the largest.
  @Test func automaticScaleKeepsTheLargestGradients() throws {
    let trainer = try Trainer(try Self.plan(.mlp, "fp134", epochs: 4), .digits)
    let batch = Array(0..<64)[...], scale = trainer.bestScale(batch)
    let pass = trainer.twinPass(RandomStream(seed: 0))
    var largest = 0.0
    pass.observer = { one in if one.product == .backwardWeights { largest = one.left.doubles.reduce(largest) { max($0, abs($1)) } } }
    _ = trainer.gradient(batch, scale: 1, pass)
    // Of 15.5 the last binade is kept free.
    #expect((4..<8).contains(largest * Double(sign: .plus, exponent: scale, significand: 1)), "2^\(scale), \(largest)")
    _ = try Self.finish(trainer)
    #expect(trainer.history[3].testAccuracy > 0.85, "\(trainer.history)")
  }
}
