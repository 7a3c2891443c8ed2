// SPDX-License-Identifier: Apache-2.0
// Training runs: epochs of steps of stochastic gradient descent under a precision policy.

public import Formats
package import Accumulation
package import Lab

/// What a run is: everything that decides its numbers.
public struct TrainingPlan: Hashable, Sendable, Codable {
  /// The network.
  public var model: Model
  /// What of it is chosen.
  public var options: ModelOptions
  /// The name of the data, for people; a run is given the data themselves.
  public var data: String
  /// What it is computed in.
  public var policy: PrecisionPolicy
  /// How gradients are formed.
  public var method: Method
  /// Passes over the images, and images of a step.
  public var epochs, batch: Int
  /// The step α at the start, momentum μ and weight decay λ: v ← o(μv + g + λw), w ← o(w − αv).
  public var rate, momentum, decay: Double
  /// How α changes.
  public var schedule: RateSchedule
  /// Of weights, order of images and random roundings.
  public var seed: UInt64

  /// Where steps go.
  public enum Method: String, CaseIterable, Sendable, Codable {
    /// Down the gradient of a minibatch.
    case sgd
    /// Down that gradient, less its own at the start of the epoch, plus the full gradient there.
    case svrg
  }

  /// - Parameters:
  ///   - method: by default SVRG where the policy's update is bit centring, which is a form of it; otherwise SGD.
  ///   - momentum: by default 0.9, of SVRG 0: its theory has none, and gradients without noise need no averaging.
  public init(
    model: Model, options: ModelOptions = ModelOptions(), data: String, policy: PrecisionPolicy, method: Method? = nil, epochs: Int = 5,
    batch: Int = 64, rate: Double = 0.05, momentum: Double? = nil, decay: Double = 1e-4, schedule: RateSchedule = .cosine, seed: UInt64 = 1
  ) {
    (self.model, self.options, self.data, self.policy, self.epochs, self.batch) = (model, options, data, policy, epochs, batch)
    self.method = method ?? (policy.update == .bitCentring ? .svrg : .sgd)
    self.momentum = momentum ?? (self.method == .sgd ? 0.9 : 0)
    (self.rate, self.decay, self.schedule, self.seed) = (rate, decay, schedule, seed)
  }
}

extension KeyedDecodingContainer {
  /// Checkpoints of before there was a choice are of SGD.
  func decode(_ type: TrainingPlan.Method.Type, forKey key: Key) throws -> TrainingPlan.Method { try decodeIfPresent(type, forKey: key) ?? .sgd }
}

/// What an epoch came to.
public struct EpochRecord: Hashable, Sendable, Codable {
  /// From 1 on.
  public let epoch: Int
  /// Mean cross-entropy and share classified right: over the minibatches as they were trained on, and over the test images after them.
  public let loss, accuracy, testLoss, testAccuracy: Double
  /// log₂ of the loss scale at the end, and steps left out because numbers overflowed.
  public let lossScale, skipped: Int
  /// Multiplications and additions in products, and the time they and everything else took.
  public let macs: Int
  /// Time that it took.
  public var seconds: Double

  /// 10⁹ emulated multiply-adds a second over the whole epoch.
  public var gmacs: Double { Double(macs) / seconds / 1e9 }
}

/// A run in progress.
public final class Trainer {
  /// What the run is.
  public let plan: TrainingPlan
  /// What it trains with.
  public let data: DataSet
  package let network: Network
  package let parallelism: Parallelism
  package let optimiser: Optimiser
  package let root: RandomStream
  private var arithmetic: (epoch: Int, layers: [String: LayerArithmetic])?

  // MARK: State, all of which a checkpoint holds
  package var state: State
  /// One record a finished epoch.
  public internal(set) var history: [EpochRecord] = []

  package struct State: Hashable, Codable {
    /// Epochs finished, and steps of the next.
    package var epoch = 0, step = 0
    var scale: LossScaler
    /// Sums over the steps of the epoch.
    package var loss = 0.0, correct = 0, seen = 0, skipped = 0, macs = 0
    /// Of the steps of the epoch, before the run was last stopped.
    package var seconds = 0.0
    /// Averages of weights taken so far.
    var averages = 0
  }

  /// - Throws: `PolicyError` where the policy cannot be carried out, `TrainingError.options` where the model cannot be had, `.data` where the images are too small for the model.
  public init(_ plan: TrainingPlan, _ data: DataSet, _ parallelism: Parallelism = .allCores) throws {
    try plan.policy.validate()
    guard plan.method == .svrg || plan.policy.update != .bitCentring else {
      throw PolicyError.field("update", "bitCentring is a form of SVRG; give the method svrg, or none.")
    }
    try plan.model.validate(plan.options, data.shape)
    let side = plan.model.smallestSide
    guard min(data.shape.height, data.shape.width) >= side else {
      throw TrainingError.data("--model \(plan.model.rawValue) needs images of at least \(side) x \(side); these are \(data.shape.height) x \(data.shape.width).")
    }
    (self.plan, self.data, self.parallelism) = (plan, data, parallelism)
    root = RandomStream(seed: plan.seed, "training")
    network = Network(plan.model, plan.options, input: data.shape, classes: data.classes, random: root.child("weights"))
    optimiser = try Optimiser(plan.policy, momentum: plan.momentum, decay: plan.decay)
    state = State(scale: LossScaler(plan.policy.lossScale))
    for parameter in network.body.parameters {
      optimiser.prepare(parameter, root.child("start"), parallelism)
      if plan.method == .svrg { (parameter.centre, parameter.centreGradient) = (parameter.values, Array(repeating: 0, count: parameter.values.count)) }
    }
  }

  /// ⌈images / batch⌉.
  public var stepsPerEpoch: Int { (data.training.count + plan.batch - 1) / plan.batch }
  /// Whether all epochs are done.
  public var isFinished: Bool { state.epoch >= plan.epochs }
  /// Epochs that are done.
  public var epochsDone: Int { state.epoch }
  /// Numbers that are learned.
  public var weightCount: Int { network.body.parameters.reduce(0) { $0 + $1.values.count } }
  /// Multiplications and additions of one image in a passage forwards.
  public var macsPerImage: Int { network.macs }
  /// `2 epochs and 30 steps`.
  public var progressText: String { "\(state.epoch) epochs and \(state.step) of \(stepsPerEpoch) steps" }

  /// The policy of a layer in this epoch.
  package func resolved(_ layer: any ProductLayer) -> PrecisionPolicy {
    plan.policy.resolved(layer: layer.name, isFirst: layer === network.linear[0], isLast: layer === network.linear.last!, epoch: state.epoch)
  }

  /// A passage in the policy's arithmetic.
  package func pass(isTraining: Bool, _ random: RandomStream) -> Pass {
    if arithmetic?.epoch != state.epoch {
      arithmetic = (state.epoch, Dictionary(uniqueKeysWithValues: network.linear.map { ($0.name, LayerArithmetic(resolved($0))) }))
    }
    return Pass(arithmetic!.layers, elementwise: TensorRounder(plan.policy.elementwise), isTraining: isTraining, random, parallelism)
  }

  /// A passage of the same weights in binary64.
  package func twinPass(_ random: RandomStream) -> Pass {
    let twin = LayerArithmetic(.binary64)
    return Pass(
      Dictionary(uniqueKeysWithValues: network.linear.map { ($0.name, twin) }), elementwise: TensorRounder(twin.policy.elementwise), isTraining: true, random,
      parallelism)
  }

  // MARK: Training

  /// Trains until the run or the epoch is finished, or `mayStop()` says so after a step.
  ///
  /// - Parameter testing: without it the test images are not looked at, and their results are NaN.
  /// - Returns: the record of the epoch, `nil` if it was stopped.
  /// - Throws: `TrainingError.diverged`.
  /// - Complexity: three times the multiply-adds of the network for an image, with SVRG nine times, and once for a test image.
  public func runEpoch(
    testing: Bool = true, progress: (_ step: Int, _ loss: Double) -> Void = { _, _ in }, mayStop: () -> Bool = { false }
  ) throws(TrainingError) -> EpochRecord? {
    let clock = ContinuousClock(), start = clock.now
    let order = data.training.order(root.child("order").child(state.epoch))
    if state.step == 0 {
      if plan.policy.lossScale == .automatic { state.scale.exponent = bestScale(order.prefix(plan.batch)) }
      if plan.method == .svrg { try takeCentre(order) }
    }
    while state.step < stepsPerEpoch {
      let first = state.step * plan.batch
      try step(order[first..<min(first + plan.batch, order.count)])
      progress(state.step, state.loss / Double(max(state.seen, 1)))
      if mayStop() {
        state.seconds += (clock.now - start) / .seconds(1)
        return nil
      }
    }
    average()
    let test = testing ? evaluate(data.test) : (loss: .nan, accuracy: .nan, macs: 0)
    // (NaN where every step was left out.)
    let n = Double(state.seen)
    let record = EpochRecord(
      epoch: state.epoch + 1, loss: state.loss / n, accuracy: Double(state.correct) / n, testLoss: test.loss, testAccuracy: test.accuracy,
      lossScale: state.scale.exponent, skipped: state.skipped, macs: state.macs + test.macs,
      seconds: state.seconds + (clock.now - start) / .seconds(1))
    history.append(record)
    state.epoch += 1
    (state.step, state.loss, state.correct, state.seen, state.skipped, state.macs, state.seconds) = (0, 0, 0, 0, 0, 0, 0)
    return record
  }

  /// One step on some training images.
  private func step(_ indices: ArraySlice<Int>) throws(TrainingError) {
    let random = root.child("step").child(state.epoch * stepsPerEpoch + state.step)
    let pass = pass(isTraining: true, random)
    let scale = state.scale.factor
    let statistics = network.body.statistics.map(\.values)
    let (loss, correct) = gradient(indices, scale: scale, pass)
    let centred = plan.method == .svrg ? reduceVariance(indices, scale: scale, random) : nil
    let parameters = network.body.parameters
    let isFinite = loss.isFinite && parameters.allSatisfy { $0.gradient.allSatisfy(\.isFinite) }
    if isFinite {
      let t = (Double(state.epoch) + Double(state.step) / Double(stepsPerEpoch)) / Double(plan.epochs)
      let rate = plan.rate * plan.schedule.factor(at: t)
      let spacing = spacing
      for parameter in parameters { optimiser.step(parameter, rate: rate, scale: scale, spacing: spacing, random.child("update"), parallelism) }
      (state.loss, state.correct, state.seen) = (state.loss + loss, state.correct + correct, state.seen + indices.count)
    } else {
      // What is not finite would stay in running statistics.
      for (statistic, values) in zip(network.body.statistics, statistics) { statistic.values = values }
      state.skipped += 1
    }
    state.step += 1
    state.macs += pass.macs + (centred?.macs ?? 0)
    guard state.scale.advance(isFinite: isFinite) else {
      throw .diverged(epoch: state.epoch + 1, step: state.step, cause: pass.overflow ?? centred?.overflow ?? "the loss is \(loss)")
    }
  }

  /// Leaves the gradients of the mean loss over some training images, times `scale`, in the parameters.
  ///
  /// - Returns: the sum of the losses, and how many images are classified right.
  package func gradient(_ indices: ArraySlice<Int>, scale: Double, _ pass: Pass) -> (loss: Double, correct: Int) {
    let logits = network.body.forward(data.training.planes(indices, data.shape), pass)
    var (loss, correct, gradient) = CrossEntropy.evaluate(logits, indices.map { data.training.labels[$0] }[...], plan.options.softmax)
    if scale != 1 { gradient = gradient.map { $0 * scale } }
    _ = network.body.backward(pass.rounded(Planes(logits.shape, count: logits.count, gradient), "loss.gradient"), pass)
    return (loss, correct)
  }

  /// From the policy's share of the run on, the average of the weights after each epoch.
  private func average() {
    guard let from = plan.policy.averageFrom, Double(state.epoch + 1) > from * Double(plan.epochs) else { return }
    state.averages += 1
    for parameter in network.body.parameters {
      if parameter.average.isEmpty { parameter.average = Array(repeating: 0, count: parameter.values.count) }
      for i in parameter.values.indices { parameter.average[i] += (parameter.values[i] - parameter.average[i]) / Double(state.averages) }
    }
  }

  // MARK: Testing

  /// Loss and accuracy over images, with the average of the weights where there is one.
  package func evaluate(_ images: DataSet.Images) -> (loss: Double, accuracy: Double, macs: Int) {
    let parameters = network.body.parameters
    let own = parameters.map(\.values)
    for parameter in parameters where !parameter.average.isEmpty { parameter.values = parameter.average }
    defer { for (parameter, values) in zip(parameters, own) { parameter.values = values } }
    var (loss, correct, macs) = (0.0, 0, 0)
    let all = Array(0..<images.count)
    for first in stride(from: 0, to: all.count, by: 250) {
      let part = all[first..<min(first + 250, all.count)]
      let pass = pass(isTraining: false, root.child("test").child(state.epoch).child(first))
      let logits = network.body.forward(images.planes(part, data.shape), pass)
      let result = CrossEntropy.evaluate(logits, part.map { images.labels[$0] }[...], plan.options.softmax)
      (loss, correct, macs) = (loss + result.loss, correct + result.correct, macs + pass.macs)
    }
    let n = Double(max(images.count, 1))
    return (loss / n, Double(correct) / n, macs)
  }
}
