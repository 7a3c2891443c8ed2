// SPDX-License-Identifier: Apache-2.0
// Which numbers a training run is carried out in: formats of tensors, accumulators of products, the update, the scale of the loss.

public import Accumulation
package import Formats

/// A precision policy, as data and as JSON.
///
/// The three products of a layer with inputs X, weights W and output gradient dY are Y = W X, dX = Wᵀ dY and dW = dY Xᵀ; each has an accumulator of
/// its own. Factors are rounded to their tensor's format where they enter a product; results leave in the accumulator's last format. All else
/// (bias, batch norm, activation functions, softmax, momentum) is computed in binary64 and rounded once an operation to `elementwise`.
public struct PrecisionPolicy: Hashable, Sendable, Codable {
  /// What it is called.
  public var name: String
  /// W as it enters products.
  public var weights: TensorFormat
  /// X.
  public var activations: TensorFormat
  /// dY.
  public var errors: TensorFormat
  /// dY in the product that makes dW, where it differs.
  public var weightErrors: TensorFormat?
  /// Sums of W X.
  public var forward: Accumulator
  /// Sums of Wᵀ dY.
  public var backwardData: Accumulator
  /// Sums of dY Xᵀ.
  public var backwardWeights: Accumulator
  /// Of everything that is no product of matrices.
  public var elementwise: TensorFormat
  /// W between steps: wider than `weights` if there are master weights.
  public var storedWeights: TensorFormat
  /// How weights take an update.
  public var update: WeightUpdate
  /// The bits b of the offsets of `update` bit centring, 2 to 32, and the constant μ of strong convexity by which their grid is spaced.
  public var offsetBits: Int?, strongConvexity: Double?
  /// By how much gradients are enlarged.
  public var lossScale: LossScale
  /// From this share of the run on, weights are averaged over epochs and the average is tested.
  public var averageFrom: Double?
  /// What differs in some layers; later elements win.
  public var layers: [Override]
  /// What differs from some epoch on; later elements win.
  public var schedule: [Override]

  /// An accumulator with what happens to the products before: `ACC` or `ACC; product P`, as text.
  public struct Accumulator: Hashable, Sendable {
    /// How the products are summed.
    public var plan: Plan
    /// Without it, what the multiplier of the factors' format says, which is to keep products exact unless it is `:cfg1` or `:cfg2`.
    public var product: Product?

    /// Sums by a plan; without `product`, what happens to products follows from their format.
    public init(_ plan: Plan, product: Product? = nil) { (self.plan, self.product) = (plan, product) }
  }

  /// A change to the policy for layers, or from an epoch on.
  public struct Override: Hashable, Sendable, Codable {
    /// A layer's name, `first`, `last`, or a beginning of names with `*`. Only in `layers`.
    public var match: String?
    /// Epochs finished before it applies. Only in `schedule`.
    public var fromEpoch: Int?
    /// As in the policy, where they change.
    public var weights, activations, errors, weightErrors: TensorFormat?
    /// As in the policy, where they change.
    public var forward, backwardData, backwardWeights: Accumulator?

    /// A change that changes nothing yet, of the layers that match, or from an epoch on.
    public init(match: String? = nil, fromEpoch: Int? = nil) { (self.match, self.fromEpoch) = (match, fromEpoch) }
  }

  /// A policy with one accumulator for all three products, plain updates, and no changes by layer or epoch.
  public init(
    name: String, weights: TensorFormat, activations: TensorFormat, errors: TensorFormat, accumulator: Accumulator,
    elementwise: TensorFormat, storedWeights: TensorFormat, lossScale: LossScale = .none
  ) {
    (self.name, self.weights, self.activations, self.errors) = (name, weights, activations, errors)
    (forward, backwardData, backwardWeights) = (accumulator, accumulator, accumulator)
    (self.elementwise, self.storedWeights, self.lossScale) = (elementwise, storedWeights, lossScale)
    (update, layers, schedule) = (.plain, [], [])
  }

  /// The policy of one layer in one epoch, with no exceptions left.
  ///
  /// - Parameters:
  ///   - isFirst, isLast: of the layers with weights.
  package func resolved(layer: String, isFirst: Bool, isLast: Bool, epoch: Int) -> PrecisionPolicy {
    var policy = self
    for change in schedule where epoch >= change.fromEpoch ?? 0 { policy.apply(change) }
    for change in layers {
      let match = change.match ?? ""
      let isMet = match == layer || match == "first" && isFirst || match == "last" && isLast || match.hasSuffix("*") && layer.hasPrefix(match.dropLast())
      if isMet { policy.apply(change) }
    }
    return policy
  }

  private mutating func apply(_ change: Override) {
    weights = change.weights ?? weights
    activations = change.activations ?? activations
    errors = change.errors ?? errors
    weightErrors = change.weightErrors ?? weightErrors
    forward = change.forward ?? forward
    backwardData = change.backwardData ?? backwardData
    backwardWeights = change.backwardWeights ?? backwardWeights
  }
}

/// How weights take an update d: W ← o(W + d).
public enum WeightUpdate: String, Hashable, Sendable, Codable, CaseIterable {
  /// One rounding, in the mode of the stored format.
  case plain
  /// The weight carries the error of its last update in a second number of the stored format (Kahan).
  case kahan
  /// The weight is the unevaluated sum of two numbers of the stored format.
  case expansion2
  /// Plain, and products see a copy that moves only when the stored weight has passed its next value.
  case hysteresis
  /// The weight is w̃ + δz: the centre w̃ of the stored format is moved once an epoch, and z is a number of few bits, rounded stochastically, on a grid whose
  /// spacing δ = |∇f(w̃)|/(μ(2^(b−1) − 1)) shrinks with the gradient. Its range ±|∇f(w̃)|/μ holds the minimum of a loss of curvature μ or more.
  case bitCentring
}

extension PrecisionPolicy.Accumulator: Codable, CustomStringConvertible {
  private static let separator = "; product "

  /// - Throws: `PolicyError.accumulator`.
  public init(text: String) throws(PolicyError) {
    let end = text.firstRange(of: PrecisionPolicy.Accumulator.separator)
    do throws(PlanError) {
      plan = try Plan(text: end.map { String(text[..<$0.lowerBound]) } ?? text)
      product = try end.map { range throws(PlanError) in try Product(text: String(text[range.upperBound...])) }
    } catch { throw .accumulator(text, "\(error)") }
  }

  public var description: String { "\(plan)" + (product.map { "\(PrecisionPolicy.Accumulator.separator)\($0)" } ?? "") }

  public init(from decoder: any Decoder) throws { self = try Self(text: decoder.singleValueContainer().decode(String.self)) }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
