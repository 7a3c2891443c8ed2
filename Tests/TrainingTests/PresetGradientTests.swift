// SPDX-License-Identifier: Apache-2.0
// Every preset's gradients beside those of binary64.

import Accumulation
import Formats
import Testing
import Training

@Suite struct PresetGradientTests {
  static let labels = (0..<16).map { $0 * 7 % 10 }

  /// Two convolutions and a dense layer, with functions that have no kinks: a maximum that is taken elsewhere, or a number that changes its sign
  /// before ReLU, is not an error of the size of u.
  static func network() -> (body: ChainLayer, linear: [LinearLayer]) {
    let conv1 = GradientTests.linear(ImageShape(1, 12, 12), 8, kernel: (3, 3), stride: 2, padding: 1, name: "conv1")
    let conv2 = GradientTests.linear(ImageShape(8, 6, 6), 16, kernel: (3, 3), padding: 1, name: "conv2")
    let classes = GradientTests.linear(ImageShape(16, 3, 3), 10, name: "classes")
    let layers: [any Layer] = [
      conv1, ActivationLayer("tanh1", .tanh), conv2, ActivationLayer("tanh2", .tanh), PoolingLayer("pool", .mean, size: 2), classes,
    ]
    return (ChainLayer(layers), [conv1, conv2, classes])
  }

  /// The gradients of all weights in one step on 16 images, at the first loss scale of the policy's that leaves them finite.
  static func gradients(_ policy: PrecisionPolicy) -> [[Double]] {
    let (body, linear) = network()
    let optimiser = try! Optimiser(policy, momentum: 0, decay: 0)  // presets can be carried out
    for parameter in body.parameters { optimiser.prepare(parameter, RandomStream(seed: 42), .oneThread) }
    let arithmetic = Dictionary(uniqueKeysWithValues: linear.enumerated().map { i, layer in
      (layer.name, LayerArithmetic(policy.resolved(layer: layer.name, isFirst: i == 0, isLast: i == linear.count - 1, epoch: 0)))
    })
    let images = Planes(ImageShape(1, 12, 12), count: labels.count, numbers(144 * labels.count, RandomStream(seed: 43, "images")).map { 2 * $0 })
    var scaler = LossScaler(policy.lossScale)
    while true {
      let pass = Pass(arithmetic, elementwise: TensorRounder(policy.elementwise), isTraining: true, RandomStream(seed: 44, "step"), .oneThread)
      let logits = body.forward(images, pass)
      let scale = scaler.factor
      let gradient = CrossEntropy.evaluate(logits, labels[...]).gradient.map { $0 * scale }
      _ = body.backward(Planes(logits.shape, count: logits.count, gradient), pass)
      let weights = linear.map { $0.weights.gradient.map { $0 / scale } }
      if weights.allSatisfy({ $0.allSatisfy(\.isFinite) }) || !scaler.advance(isFinite: false) { return weights }
    }
  }

  static let twin = gradients(policy("fp64"))

  static func distance(_ g: [Double], _ h: [Double]) -> Double {
    zip(g, h).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot() / h.reduce(0) { $0 + $1 * $1 }.squareRoot()
  }

  /// The size of the errors that formats and sums let one expect, relative to the norm of a gradient.
  ///
  /// Rounding to nearest with unit roundoff u moves a number by a relative error of variance about u²/6. At most 4 L = 12 tensors are rounded on the
  /// way to a gradient of L = 3 layers, and each moves it as much: √2 u together, u being that of the coarsest factor. Stochastic rounding
  /// doubles u; numbers of a fixed point are as fine as the largest of them, which is about four times the usual one. A sum of n terms adds
  /// u √(n/12) for partial sums that grow as √k, with n ≤ 576 here, and nothing in fixed point, whose step is far below the terms.
  static func expected(_ policy: PrecisionPolicy) -> Double {
    func u(_ format: TensorFormat) -> Double {
      .init(sign: .plus, exponent: -format.element.precision, significand: (format.isStochastic ? 2 : 1) * (format.element.isFixed ? 4 : 1))
    }
    let factors = [policy.weights, policy.activations, policy.errors, policy.weightErrors ?? policy.errors].map(u).max()!
    let sums = [policy.forward, policy.backwardData, policy.backwardWeights].map { accumulator -> Double in
      let lowest = accumulator.plan.rounders[0].format
      return lowest.isFixed ? 0 : .init(sign: .plus, exponent: -lowest.precision, significand: 1)
    }.max()!
    return 2.0.squareRoot() * factors + (576.0 / 12).squareRoot() * sums
  }

  /// No gradient is farther from its twin than twice what is to be expected, and one of them is at least a quarter of it away: three bits
  /// more or fewer in the coarsest factors would show.
  @Test(arguments: PrecisionPolicy.presets.map(\.policy.name).filter { $0 != "fp64" })
  func gradientsAreAsFarFromTheTwinAsTheirFormatsSay(name: String) {
    var policy = policy(name)
    // What is chosen from the data is given here: gradients are too small for e3m4 without.
    if policy.lossScale == .automatic { policy.lossScale = .fixed(8) }
    let distances = zip(Self.gradients(policy), Self.twin).map { Self.distance($0, $1) }
    #expect(Self.isAsExpected(distances, policy), "\(name): \(distances), expected about \(Self.expected(policy))")
  }

  static func isAsExpected(_ distances: [Double], _ policy: PrecisionPolicy) -> Bool {
    let expected = expected(policy)
    return distances.allSatisfy { $0 <= 2 * expected } && distances.max()! >= expected / 4
  }

  /// What the test before is worth: another format's gradients do not pass.
  @Test func wrongFormatsShow() {
    let pairs = [
      ("bf16", "amp-fp16"), ("amp-fp16", "bf16"), ("bf16", "e4m3+fp32"), ("fp8-hybrid", "amp-fp16"), ("mxfp8", "bf16"), ("e5m2cfg5+e6m5", "e5m2cfg5+e6m2"),
    ]
    for (name, other) in pairs {
      let distances = zip(Self.gradients(policy(other)), Self.twin).map { Self.distance($0, $1) }
      #expect(!Self.isAsExpected(distances, policy(name)), "\(other) for \(name): \(distances)")
    }
  }

  /// Loss scales that accumulators in fixed point bear silently, and one by which they saturate silently.
  @Test func sumsInFixedPointNeedTheRightScale() {
    for (name, scales) in [("e5m2cfg5+q8.13", 4...10), ("e5m2cfg5+q11.13", 4...13)] {
      var policy = policy(name)
      for scale in [scales.lowerBound, 8, scales.upperBound, 16] {
        policy.lossScale = .fixed(scale)
        let distance = Self.distance(Self.gradients(policy)[0], Self.twin[0])
        #expect((distance < 0.25) == scales.contains(scale), "\(name) with 2^\(scale): \(distance)")
      }
    }
    for name in ["e5m2cfg5+q8.13", "e5m2cfg5+q11.13", "e5m2+q9.12"] { #expect(policy(name).lossScale == .fixed(8)) }
    #expect(policy("e5m2+e6m5").lossScale == .dynamic)
  }

  /// Groups with a common scale lie along the sums of every product: weights are quantised anew for dX.
  @Test(arguments: ["mxfp8", "bm8", "deepseek-fp8"])
  func groupsOfWeightsLieAlongTheSums(name: String) {
    let layer = GradientTests.linear(ImageShape(40), 48)
    let x = Planes(ImageShape(40), count: 2, numbers(80, RandomStream(seed: 45, "x")))
    let dy = Planes(ImageShape(48), count: 2, numbers(96, RandomStream(seed: 46, "dy")))
    let pass = trainingPass(policy(name))
    var seen: [LayerArithmetic.Kind: Operand] = [:]
    pass.observer = { seen[$0.product] = $0.left }
    _ = layer.forward(x, pass)
    _ = layer.backward(dy, pass)
    let rounder = TensorRounder(policy(name).weights)
    for (product, axis) in [(LayerArithmetic.Kind.forward, 1), (.backwardData, 0)] {
      guard case .single(let w, _) = seen[product] else { Issue.record("\(product)"); continue }
      #expect(w.map(Double.init) == rounder(layer.weights.values, rows: 48, axis: axis, RandomStream(seed: 0), .oneThread), "\(product)")
    }
  }
}
