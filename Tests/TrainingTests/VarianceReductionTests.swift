// SPDX-License-Identifier: Apache-2.0
// SVRG and bit centring: their noise, their interruptions, and how far they come.

import Foundation
import Formats
import Testing
import Training

@Suite struct VarianceReductionTests {
  static func plan(
    _ policy: PrecisionPolicy, _ method: TrainingPlan.Method? = nil, model: Model = .logistic, epochs: Int = 2, batch: Int = 64
  ) -> TrainingPlan {
    TrainingPlan(
      model: model, data: "digits", policy: policy, method: method, epochs: epochs, batch: batch, rate: 0.2, decay: 0.1, schedule: .constant, seed: 3)
  }

  /// The gradients of all parameters for some images: of SGD, or of SVRG.
  static func gradient(_ trainer: Trainer, _ part: ArraySlice<Int>, reduced: Bool) -> [Double] {
    _ = trainer.gradient(part, scale: 1, trainer.pass(isTraining: true, RandomStream(seed: 5)))
    if reduced { _ = trainer.reduceVariance(part, scale: 1, RandomStream(seed: 5)) }
    return trainer.network.body.parameters.flatMap(\.gradient)
  }

  /// Mean and variance, |g − mean|² on average, over the minibatches of an epoch.
  static func moments(_ trainer: Trainer, _ order: [Int], reduced: Bool) -> (mean: [Double], variance: Double) {
    let parts = stride(from: 0, to: order.count, by: 64).map { order[$0..<min($0 + 64, order.count)] }
    let gradients = parts.map { gradient(trainer, $0, reduced: reduced) }
    let shares = parts.map { Double($0.count) / Double(order.count) }
    let mean = gradients[0].indices.map { i in zip(gradients, shares).reduce(0) { $0 + $1.0[i] * $1.1 } }
    let variance = zip(gradients, shares).reduce(0) { sum, pair in
      sum + pair.1 * zip(pair.0, mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    return (mean, variance)
  }

  /// Unbiased wherever the weights are; without noise at the centre; and with little near it, by the square of the distance.
  @Test func innerGradientsAreUnbiasedAndTheirNoiseVanishesAtTheCentre() throws {
    let trainer = try Trainer(Self.plan(policy("fp64"), .svrg), .digits)
    let order = trainer.data.training.order(RandomStream(seed: 6))
    try trainer.takeCentre(order)
    let weights = trainer.network.linear[0].weights
    let (start, shift) = (weights.values, numbers(640, RandomStream(seed: 7, "shift")))
    let atCentre = Self.moments(trainer, order, reduced: true)
    #expect(atCentre.variance < 1e-28)
    var variances: [Double] = []
    for distance in [0.01, 0.1] {
      weights.values = zip(start, shift).map { $0 + distance * $1 }
      let (plain, reduced) = (Self.moments(trainer, order, reduced: false), Self.moments(trainer, order, reduced: true))
      // Both means are the full gradient.
      let largest = zip(plain.mean, reduced.mean).map { abs($0 - $1) }.max()!
      #expect(largest < 1e-13, "\(distance): \(largest)")
      #expect(reduced.variance < plain.variance * (distance == 0.01 ? 1e-3 : 0.2), "\(distance): \(reduced.variance), \(plain.variance)")
      variances.append(reduced.variance)
    }
    #expect((50...200).contains(variances[1] / variances[0]), "\(variances)")
  }

  /// At the minimum SGD's gradients keep their noise, and SVRG's have none left.
  @Test func noiseVanishesAtTheMinimum() throws {
    let trainer = try Trainer(Self.plan(policy("fp64"), .svrg, epochs: 40), .digits)
    while !trainer.isFinished { _ = try trainer.runEpoch() }
    let order = trainer.data.training.order(RandomStream(seed: 6))
    let (plain, reduced) = (Self.moments(trainer, order, reduced: false), Self.moments(trainer, order, reduced: true))
    #expect(plain.variance > 0.01 && reduced.variance < 1e-4 * plain.variance, "\(plain.variance), \(reduced.variance)")
  }

  static let runs: [(model: Model, policy: String, method: TrainingPlan.Method)] = [
    (.logistic, "halp", .svrg), (.mlp, "e5m2cfg5+e6m5", .svrg), (.mlp, "fp134", .svrg), (.resnet8, "bf16-sr", .svrg),
  ]

  @Test(arguments: runs)
  func threadsDoNotMatter(model: Model, name: String, method: TrainingPlan.Method) throws {
    let plan = Self.plan(policy(name), method, model: model, epochs: 1, batch: 400)
    let trainers = try [Parallelism.oneThread, .threads(2)].map { try Trainer(plan, .digits, $0) }
    let bits = try trainers.map { trainer -> [UInt64] in
      var steps = 0
      _ = try trainer.runEpoch(mayStop: {
        steps += 1
        return steps == 2
      })
      return Self.bits(trainer)
    }
    #expect(bits[0] == bits[1])
  }

  static func bits(_ trainer: Trainer) -> [UInt64] {
    TrainerTests.bits(trainer) + trainer.network.body.parameters.flatMap { p in (p.centre + p.centreGradient + p.offset).map(\.bitPattern) }
  }

  /// Stopped within an epoch, and between two, each time gone on with by a new run.
  @Test(arguments: runs.prefix(3))
  func aCheckpointGoesOnBitForBit(model: Model, name: String, method: TrainingPlan.Method) throws {
    let plan = Self.plan(policy(name), method, model: model, batch: 256)
    let whole = try Trainer(plan, .digits)
    while !whole.isFinished { _ = try whole.runEpoch() }
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).npz").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    var trainer = try Trainer(plan, .digits)
    while !trainer.isFinished {
      var steps = 0
      _ = try trainer.runEpoch(mayStop: {
        steps += 1
        return steps == 2
      })
      try trainer.save(path)
      trainer = try Trainer(plan, .digits)
      try trainer.restore(path)
    }
    #expect(Self.bits(trainer) == Self.bits(whole))
    #expect(zip(trainer.history, whole.history).allSatisfy { a, b in a.loss == b.loss && a.testLoss == b.testLoss && a.macs == b.macs })
    var other = plan
    other.method = name == "halp" ? .svrg : .sgd
    other.seed = name == "halp" ? 4 : 3
    let error = try #require(throws: TrainingError.self) { try Trainer(other, .digits).restore(path) }
    #expect("\(error)".contains(name == "halp" ? "seed 3 there, 4 here" : "method svrg there, sgd here"), "\(error)")
  }

  /// F over the training images in binary64.
  static func objective(_ trainer: Trainer) -> Double {
    let all = Array(trainer.data.training.labels.indices)
    let loss = trainer.gradient(all[...], scale: 1, trainer.twinPass(RandomStream(seed: 0))).loss / Double(all.count)
    return loss + trainer.plan.decay / 2 * trainer.network.linear[0].weights.values.reduce(0) { $0 + $1 * $1 }
  }

  static func finished(_ policy: PrecisionPolicy, _ method: TrainingPlan.Method?, epochs: Int, momentum: Double? = nil) throws -> Double {
    var plan = Self.plan(policy, method, epochs: epochs)
    if let momentum { plan.momentum = momentum }
    let trainer = try Trainer(plan, .digits)
    while !trainer.isFinished { _ = try trainer.runEpoch() }
    return objective(trainer)
  }

  /// Weights on a fixed grid of 8 bits that fits them end far above the minimum, with SGD and with SVRG. As 8-bit offsets they reach it where products are in
  /// binary64; products in 8 bits leave a floor of their own, below both.
  @Test func offsetsOfEightBitsGoFarBelowAGridOfEightBits() throws {
    let minimum = try Self.finished(policy("fp64"), .svrg, epochs: 150, momentum: 0.9)
    var (grid, offsets) = (policy("fp64"), policy("fp64"))
    grid.storedWeights = try TensorFormat(text: "q1.7@sr")
    offsets.update = .bitCentring
    (offsets.offsetBits, offsets.strongConvexity) = (8, 1)
    let descent = try Self.finished(grid, .sgd, epochs: 30, momentum: 0) - minimum
    let reduced = try Self.finished(grid, .svrg, epochs: 100, momentum: 0.8) - minimum
    let wide = try Self.finished(offsets, nil, epochs: 100, momentum: 0.8) - minimum
    let narrow = try Self.finished(policy("halp"), nil, epochs: 60) - minimum
    #expect(descent > 0.01 && reduced > 5e-4 && abs(wide) < 1e-6 && narrow < descent / 20, "\(descent), \(reduced), \(wide), \(narrow)")
  }

  /// The centre is the minimum: nothing is divided by the gradient there.
  @Test func aGradientOfZeroEndsTheEpoch() throws {
    let trainer = try Trainer(Self.plan(policy("halp")), .digits)
    let before = trainer.network.linear[0].weights
    for parameter in trainer.network.body.parameters { (parameter.momentum, parameter.gradient) = (parameter.values, parameter.values) }
    let values = before.values
    trainer.optimiser.step(before, rate: 1, scale: 1, spacing: 0, RandomStream(seed: 1), .oneThread)
    #expect(before.values == values && before.offset.allSatisfy { $0 == 0 })
  }

  @Test func theMethodFollowsThePolicy() throws {
    #expect(Self.plan(policy("halp")).method == .svrg && Self.plan(policy("fp32")).method == .sgd)
    #expect(Self.plan(policy("halp")).momentum == 0 && Self.plan(policy("fp32")).momentum == 0.9)
    let error = try #require(throws: PolicyError.self) { try Trainer(Self.plan(policy("halp"), .sgd), .digits) }
    #expect("\(error)".contains("give the method svrg"), "\(error)")
  }

  @Test(arguments: [
    (#""update": "bitCentring""#, "'strongConvexity': it is missing"),
    (#""update": "bitCentring", "strongConvexity": 0"#, "'strongConvexity': it is 0.0"),
    (#""update": "bitCentring", "strongConvexity": 1, "offsetBits": 1"#, "'offsetBits': it is 1; bitCentring needs 2 to 32"),
    (#""update": "bitCentring", "strongConvexity": 1, "offsetBits": 33"#, "'offsetBits': it is 33"),
    (#""offsetBits": 8"#, "'offsetBits': it belongs to the update bitCentring"), (#""strongConvexity": 1"#, "'strongConvexity': it belongs"),
  ])
  func badOffsetsAreRefused(fields: String, reason: String) throws {
    let text = #"{"name": "a", "weights": "e4m3", "accumulator": "fp32", \#(fields)}"#
    let error = try #require(throws: PolicyError.self) { try PrecisionPolicy(json: Data(text.utf8), path: "p.json") }
    #expect("\(error)".contains(reason), "\(error)")
  }

  @Test func offsetsHaveEightBitsByDefault() throws {
    let text = #"{"name": "a", "weights": "e4m3", "accumulator": "fp32", "update": "bitCentring", "strongConvexity": 0.5}"#
    let policy = try PrecisionPolicy(json: Data(text.utf8), path: "p.json")
    #expect(policy.offsetBits == 8 && policy.strongConvexity == 0.5)
  }
}
