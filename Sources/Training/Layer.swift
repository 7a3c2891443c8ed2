// SPDX-License-Identifier: Apache-2.0
// What a layer is: a function of planes, its gradient, and the weights that it learns.

package import Accumulation
package import Formats
package import Lab

/// A layer keeps what `backward` needs of the last `forward` while training.
package protocol Layer: AnyObject {
  var parameters: [Parameter] { get }
  /// Statistics that are learned without gradients.
  var statistics: [Parameter] { get }
  func output(_ input: ImageShape) -> ImageShape
  func forward(_ x: Planes, _ pass: Pass) -> Planes
  /// The gradient of the input; gradients of parameters are stored in them.
  func backward(_ dy: Planes, _ pass: Pass) -> Planes
  /// The layers inside, for those that have some.
  var parts: [any Layer] { get }
}

/// A layer with products: Y = W X, where W's numbers are `weights` or some of them many times.
package protocol ProductLayer: Layer {
  var name: String { get }
  var geometry: Geometry { get }
  var weights: Parameter { get }
  var bias: Parameter? { get }
  /// The first layer needs no gradient of its input.
  var isFirst: Bool { get set }
}

extension Layer {
  package var parameters: [Parameter] { parts.flatMap(\.parameters) }
  package var statistics: [Parameter] { parts.flatMap(\.statistics) }
  package var parts: [any Layer] { [] }
  package func output(_ input: ImageShape) -> ImageShape { input }
}

/// Numbers that are learned, and what an optimiser keeps beside them.
package final class Parameter {
  package let name: String
  /// Whether weight decay applies.
  package let decays: Bool
  /// The numbers that the layer computes with.
  package var values: [Double]
  package var gradient: [Double]
  package var momentum: [Double] = []
  /// The stored numbers, where they are not `values`.
  package var stored: [Double] = []
  /// The second number of a weight, for updates that have one.
  package var low: [Double] = []
  /// The values at the start of the epoch, and the full gradient there, for methods that reduce variance.
  package var centre: [Double] = [], centreGradient: [Double] = []
  /// With bit centring, `values` − `centre` in units of their grid: integers.
  package var offset: [Double] = []
  /// The average of the values, once averaging has begun.
  package var average: [Double] = []

  package init(_ name: String, _ values: [Double], decays: Bool = false) {
    (self.name, self.values, self.decays) = (name, values, decays)
    gradient = []
  }
}

/// One passage through a network, forwards or back.
package final class Pass {
  package let isTraining: Bool
  package let parallelism: Parallelism
  package let random: RandomStream
  package let arithmetic: [String: LayerArithmetic]
  package let elementwise: TensorRounder
  /// Multiplications and additions in products so far.
  package var macs = 0
  /// The first tensor that was not finite, in words.
  package var overflow: String?
  /// Binades of dY by layer, collected where it is not nil.
  package var errors: [String: MagnitudeHistogram]?
  /// Sees the factors and results of products; for checks.
  package var observer: ((Observed) -> Void)?

  /// A product as it was carried out.
  package struct Observed {
    package let layer: String
    package let product: LayerArithmetic.Kind
    package let left: Operand, leftOffsets: Offsets
    package let right: Operand, rightOffsets: Offsets
    package let result: [Double]
  }

  package init(_ arithmetic: [String: LayerArithmetic], elementwise: TensorRounder, isTraining: Bool, _ random: RandomStream, _ parallelism: Parallelism) {
    (self.arithmetic, self.elementwise, self.isTraining, self.random, self.parallelism) = (arithmetic, elementwise, isTraining, random, parallelism)
  }

  /// Numbers rounded once to the elementwise format.
  package func rounded(_ x: consuming Planes, _ name: String) -> Planes {
    elementwise.round(&x.values, random.child(name), parallelism)
    return x
  }

  /// One of a layer's products.
  package func product(
    _ layer: String, _ kind: LayerArithmetic.Kind, _ a: Operand, _ i: Offsets, _ b: Operand, _ j: Offsets, nominal: Int
  ) -> [Double] {
    let multiply = arithmetic[layer]!.products[kind]!
    let result = multiply(a, i, b, j, random: random.child(layer).child(kind.rawValue), parallelism)
    macs += nominal
    observer?(Observed(layer: layer, product: kind, left: a, leftOffsets: i, right: b, rightOffsets: j, result: result))
    return result
  }

  /// Keeps the first of the operands that are not finite, in words.
  package func noteOverflow(_ operand: Operand, _ words: @autoclosure () -> String) {
    if overflow == nil && !operand.isFinite { overflow = words() }
  }
}

/// The formats and products of one layer.
package struct LayerArithmetic: Sendable {
  package enum Kind: String, CaseIterable, Sendable, Codable { case forward, backwardData, backwardWeights }

  package let policy: PrecisionPolicy
  package let weights, activations, errors, weightErrors: TensorRounder
  package let products: [Kind: MatrixProduct]

  package init(_ policy: PrecisionPolicy) {
    self.policy = policy
    (weights, activations, errors) = (TensorRounder(policy.weights), TensorRounder(policy.activations), TensorRounder(policy.errors))
    weightErrors = TensorRounder(policy.weightErrors ?? policy.errors)
    func product(_ accumulator: PrecisionPolicy.Accumulator, _ a: TensorFormat, _ b: TensorFormat) -> MatrixProduct {
      // One multiplier for both factors: the one that rounds, if one does.
      let factors = a.element.multiplier?.roundsProducts != true && b.element.multiplier?.roundsProducts == true ? b.element : a.element
      return MatrixProduct(DotProduct(accumulator.plan, product: accumulator.product ?? Product(multiplierOf: factors), factors: factors))
    }
    products = [
      .forward: product(policy.forward, policy.weights, policy.activations),
      .backwardData: product(policy.backwardData, policy.errors, policy.weights),
      .backwardWeights: product(policy.backwardWeights, policy.activations, policy.weightErrors ?? policy.errors),
    ]
  }
}
