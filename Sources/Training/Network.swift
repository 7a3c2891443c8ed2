// SPDX-License-Identifier: Apache-2.0
// Networks by name, and the loss that they are trained with.

package import Formats
internal import Glibc

/// A network that can be trained.
public enum Model: String, CaseIterable, Sendable, Codable {
  /// One dense layer: multinomial logistic regression.
  case logistic
  /// Dense layers of 128, 96 and as many numbers as there are classes.
  case mlp
  /// Two convolutions of 6 and 16 channels, 5 × 5, each with max pooling, and dense layers of 120 and 84: LeNet-5's.
  case lenet
  /// Residual networks of 3 × 3 convolutions with batch norm; 16, 32 and 64 channels, one or three blocks each.
  case resnet8, resnet20

  /// Its layers in a line.
  public var summary: String {
    switch self {
    case .logistic: "softmax regression"
    case .mlp: "dense 128-96"
    case .lenet: "convolutions 6-16, dense 120-84"
    case .resnet8: "residual network of 8 layers"
    case .resnet20: "residual network of 20 layers"
    }
  }
}

extension Model {
  /// Outputs of the hidden layers of `mlp`.
  static let widths = [128, 96]
  /// The smallest height and width of images: two poolings leave a place of four.
  var smallestSide: Int { self == .lenet ? 4 : 1 }
}

/// Layers from images to one number a class.
package final class Network {
  package let body: ChainLayer
  package let input: ImageShape
  /// The layers with products, first to last.
  package let linear: [any ProductLayer]

  package init(_ model: Model, _ options: ModelOptions = ModelOptions(), input: ImageShape, classes: Int, random: RandomStream) {
    self.input = input
    var shape = input
    var layers: [any Layer] = []
    func add(_ layer: any Layer) {
      layers.append(layer)
      shape = layer.output(shape)
    }
    func linear(_ name: String, _ outputs: Int, kernel: Int? = nil, padding: Int = 0, stride: Int = 1, on shape: ImageShape, hasBias: Bool = true) -> LinearLayer {
      let geometry = Geometry(
        input: shape, outputs: outputs, kernelHeight: kernel ?? shape.height, kernelWidth: kernel ?? shape.width, stride: stride, padding: padding)
      return LinearLayer(name, geometry, hasBias: hasBias, random: random)
    }
    func activation(_ name: String) -> ActivationLayer { ActivationLayer("\(name).\(options.activation.rawValue)", options.activation) }

    switch model {
    case .logistic: break
    case .mlp:
      for (i, width) in Model.widths.enumerated() {
        let name = "dense\(i + 1)"
        add(options.circulant.map { BlockCirculantLayer(name, input: shape, outputs: width, block: $0, random: random) } ?? linear(name, width, on: shape))
        add(activation(name))
      }
    case .lenet:
      for (i, channels) in [6, 16].enumerated() {
        // The second convolution takes no border, where there is room.
        let padding = i == 0 || min(shape.height, shape.width) < 8 ? 2 : 0
        add(linear("conv\(i + 1)", channels, kernel: 5, padding: padding, on: shape))
        add(activation("conv\(i + 1)"))
        add(PoolingLayer("pool\(i + 1)", .largest, size: 2))
      }
      for (i, width) in [120, 84].enumerated() {
        add(linear("dense\(i + 1)", width, on: shape))
        add(activation("dense\(i + 1)"))
      }
    case .resnet8, .resnet20:
      func convolution(_ name: String, _ channels: Int, stride: Int, on shape: ImageShape) -> [any Layer] {
        [linear(name, channels, kernel: 3, padding: 1, stride: stride, on: shape, hasBias: false), BatchNormLayer("\(name).norm", channels: channels)]
      }
      convolution("conv1", 16, stride: 1, on: shape).forEach(add)
      add(activation("conv1"))
      for (group, channels) in [16, 32, 64].enumerated() {
        for block in 0..<(model == .resnet8 ? 1 : 3) {
          let (name, stride) = ("block\(group + 1)\(["a", "b", "c"][block])", group > 0 && block == 0 ? 2 : 1)
          let first = convolution("\(name).conv1", channels, stride: stride, on: shape)
          let inner = first.reduce(shape) { $1.output($0) }
          let body = ChainLayer(first + [activation("\(name).conv1")] + convolution("\(name).conv2", channels, stride: 1, on: inner))
          add(ResidualLayer(name, body, stride: stride))
          add(activation(name))
        }
      }
      add(PoolingLayer("pool", .mean, size: nil))
    }
    add(linear("classes", classes, on: shape))
    body = ChainLayer(layers)
    func linearLayers(_ layer: any Layer) -> [any ProductLayer] { (layer as? any ProductLayer).map { [$0] } ?? layer.parts.flatMap(linearLayers) }
    self.linear = linearLayers(body)
    self.linear[0].isFirst = true
  }

  /// Multiplications and additions of one image in a passage forwards.
  package var macs: Int { linear.reduce(0) { $0 + $1.geometry.macs } }
}
