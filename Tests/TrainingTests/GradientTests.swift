// SPDX-License-Identifier: Apache-2.0
// The gradients of every kind of layer against differences in binary64.

import Formats
import Testing
import Training

@Suite struct GradientTests {
  /// Relative to the largest component; differences are good to 10⁻⁸.
  static let tolerance = 1e-6

  static func expectGradients(of layer: any Layer, _ shape: ImageShape, count: Int = 3, seed: UInt64, products: [String] = ["layer"]) {
    for (name, error) in GradientCheck(layer, shape, count: count, seed: seed, products: products).errors() where !(error <= tolerance) {
      Issue.record("the gradient of \(name) of \(layer) for \(count) images of \(shape), seed \(seed), is off by \(error) of its largest component")
    }
  }

  static func linear(
    _ shape: ImageShape, _ outputs: Int, kernel: (Int, Int)? = nil, stride: Int = 1, padding: Int = 0, name: String = "layer", hasBias: Bool = true
  ) -> LinearLayer {
    let (height, width) = kernel ?? (shape.height, shape.width)
    return LinearLayer(
      name, Geometry(input: shape, outputs: outputs, kernelHeight: height, kernelWidth: width, stride: stride, padding: padding), hasBias: hasBias,
      random: RandomStream(seed: 31, "layers"))
  }

  /// (Batch norm takes away a bias before it, whose gradient is 0.)
  static func chain(_ shape: ImageShape, _ channels: Int, stride: Int) -> ChainLayer {
    let first = linear(shape, channels, kernel: (3, 3), stride: stride, padding: 1, name: "1", hasBias: false)
    let inner = first.output(shape)
    return ChainLayer([
      first, BatchNormLayer("norm", channels: channels), ActivationLayer("relu", .relu),
      linear(inner, channels, kernel: (3, 3), padding: 1, name: "2"),
    ])
  }

  @Test(arguments: [ImageShape(7), ImageShape(3, 4, 5), ImageShape(1, 1, 6)])
  func denseLayers(shape: ImageShape) {
    for outputs in [1, 4] { Self.expectGradients(of: Self.linear(shape, outputs), shape, seed: 1) }
  }

  @Test(arguments: Convolution.all)
  func convolutions(_ convolution: Convolution) {
    Self.expectGradients(of: convolution.layer(), convolution.input, count: 2, seed: 2)
  }

  @Test(arguments: [ActivationFunction.relu, .tanh, .gelu])
  func activationFunctions(function: ActivationFunction) {
    Self.expectGradients(of: ActivationLayer("layer", function), ImageShape(2, 5, 3), seed: 3)
  }

  /// Planes of 7 × 5 leave a rest beside windows of 2 and of 3.
  @Test(arguments: [PoolingLayer.Kind.largest, .mean], [1, 2, 3, nil])
  func pooling(kind: PoolingLayer.Kind, size: Int?) {
    Self.expectGradients(of: PoolingLayer("layer", kind, size: size), ImageShape(3, 7, 5), seed: 4)
  }

  @Test func batchNorm() {
    let layer = BatchNormLayer("layer", channels: 3)
    layer.scale.values = [0.5, -1.25, 2]
    layer.shift.values = [0.25, 0, -1]
    Self.expectGradients(of: layer, ImageShape(3, 2, 3), count: 4, seed: 5)
    Self.expectGradients(of: BatchNormLayer("layer", channels: 5), ImageShape(5), count: 6, seed: 6)
  }

  @Test func chains() {
    let shape = ImageShape(2, 6, 5)
    Self.expectGradients(of: Self.chain(shape, 3, stride: 1), shape, seed: 7, products: ["1", "2"])
  }

  /// With as many channels and with more, at every place and at every second of odd and of even extents.
  @Test(arguments: [(2, 1, ImageShape(2, 4, 5)), (4, 1, ImageShape(2, 3, 3)), (4, 2, ImageShape(2, 6, 4)), (3, 2, ImageShape(3, 5, 7))])
  func residualBlocks(channels: Int, stride: Int, shape: ImageShape) {
    let layer = ResidualLayer("layer", Self.chain(shape, channels, stride: stride), stride: stride)
    Self.expectGradients(of: layer, shape, seed: 8, products: ["1", "2"])
  }

  @Test func blockCirculantLayers() {
    for (shape, outputs, block) in [(ImageShape(8), 8, 4), (ImageShape(7), 5, 3), (ImageShape(2, 3, 2), 6, 5), (ImageShape(4), 3, 1), (ImageShape(3), 2, 8)] {
      let layer = BlockCirculantLayer("layer", input: shape, outputs: outputs, block: block, random: RandomStream(seed: 32, "layers"))
      Self.expectGradients(of: layer, shape, seed: 9)
    }
  }

  @Test(arguments: [Softmax.exponential, .taylor(order: 2), .taylor(order: 4), .taylor(order: 6)])
  func softmaxes(softmax: Softmax) {
    let (classes, labels) = (5, [0, 3, 4, 3])
    let z = numbers(classes * labels.count, RandomStream(seed: 10, "logits")).map { 3 * $0 }
    func result(_ z: [Double]) -> (loss: Double, correct: Int, gradient: [Double]) {
      CrossEntropy.evaluate(Planes(ImageShape(classes), count: labels.count, z), labels[...], softmax)
    }
    let error = largestError(result(z).gradient, at: z) { result($0).loss / Double(labels.count) }
    #expect(error <= Self.tolerance)
  }

  /// 1 + z + z²/2 at 0, 1, −1 and 2 is 1, 5/2, 1/2 and 5: the probabilities are ninths and halves of them.
  @Test func taylorSoftmaxOfOrderTwoIsThatOfItsFormula() {
    let loss = Softmax.taylor(order: 2).loss([0, 1, -1, 2], 1)
    #expect(abs(loss.value - 1.28093384546206) < 1e-14)  // log(9 / 2.5)
    #expect(loss.answer == 3)
    // The least number need not have the least probability.
    #expect(Softmax.taylor(order: 2).loss([-1, -4], 1).answer == 1)
  }

  static let networks: [(Model, ModelOptions)] = Model.allCases.map { ($0, ModelOptions()) } + [
    (.mlp, ModelOptions(circulant: 8)), (.mlp, ModelOptions(activation: .tanh, softmax: .taylor(order: 2), circulant: 5)),
    (.lenet, ModelOptions(activation: .gelu)), (.resnet8, ModelOptions(activation: .tanh, softmax: .taylor(order: 4))),
  ]

  /// Each model on few small images: some weights of every parameter, and the loss itself.
  @Test(arguments: networks)
  func wholeNetworks(model: Model, options: ModelOptions) {
    let (shape, labels) = (ImageShape(1, 12, 12), [2, 0, 3])
    let network = Network(model, options, input: shape, classes: 4, random: RandomStream(seed: 33, "networks"))
    let images = Planes(shape, count: labels.count, numbers(shape.count * labels.count, RandomStream(seed: 34, "images")))
    let names = network.linear.map(\.name)
    func result() -> (loss: Double, correct: Int, gradient: [Double]) {
      CrossEntropy.evaluate(network.body.forward(images, trainingPass(policy("fp64"), names)), labels[...], options.softmax)
    }
    let pass = trainingPass(policy("fp64"), names)
    let logits = network.body.forward(images, pass)
    _ = network.body.backward(Planes(logits.shape, count: logits.count, CrossEntropy.evaluate(logits, labels[...], options.softmax).gradient), pass)
    for (number, parameter) in network.body.parameters.enumerated() {
      let (own, random) = (parameter.values, RandomStream(seed: 35, "weights").child(number))
      let indices = (0..<2).map { random.integer(below: own.count, at: $0) }
      let error = largestError(parameter.gradient, at: own, indices: indices) { moved in
        parameter.values = moved
        defer { parameter.values = own }
        return result().loss / Double(labels.count)
      }
      #expect(error <= Self.tolerance, "\(model) \(options.summary), \(parameter.name)\(indices)")
    }
  }
}
