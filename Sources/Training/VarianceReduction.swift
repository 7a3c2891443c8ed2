// SPDX-License-Identifier: Apache-2.0
// SVRG: stochastic gradients whose noise vanishes with the distance to the minimum.

package import Formats

/// SVRG. An epoch begins with the full gradient ∇f(w̃) at its centre w̃, the weights so far; its steps go along ∇fᵢ(w) − ∇fᵢ(w̃) + ∇f(w̃), i being a
/// minibatch. The mean of that over minibatches is ∇f(w), and its variance at most the mean of |∇fᵢ(w) − ∇fᵢ(w̃)|² ≤ L²|w − w̃|² for fᵢ of
/// curvature up to L: unlike SGD it converges at a constant rate.
///
/// - Rounding: both gradients of a minibatch in the arithmetic of the policy, and with the same random bits, so that what rounding does to the numbers
///   that they share cancels, and a weight of stochastic rounding differs from its centre's by w − w̃ in the mean. The full gradient too, except
///   with bit centring, where it is in binary64, as residuals are in iterative refinement. What is left is the noise of factors in few bits: of variance gap ·
///   |w − w̃| for each weight, of first order in the distance, it keeps a floor where that of the minibatches vanishes.
/// - Complexity: an epoch takes three gradients of each image in place of one.
/// - Source: Johnson and Zhang, Accelerating stochastic gradient descent using predictive variance reduction, NIPS 2013; bit centring: De Sa et al.,
///   High-accuracy low-precision training, arXiv:1803.03383 (2018), algorithm HALP.
extension Trainer {
  /// Moves the centre to the weights, and takes the full gradient there: the mean over the minibatches of the epoch in their order, which are those
  /// of batch norm.
  ///
  /// - Throws: `TrainingError.diverged` where it overflows, at every loss scale if that is dynamic.
  package func takeCentre(_ order: [Int]) throws(TrainingError) {
    let parameters = network.body.parameters
    let isWide = plan.policy.update == .bitCentring
    let random = root.child("centre").child(state.epoch)
    while true {
      let scale = isWide ? 1 : state.scale.factor
      var sums = parameters.map { [Double](repeating: 0, count: $0.values.count) }
      var overflow: String?
      keepingStatistics {
        for first in stride(from: 0, to: order.count, by: plan.batch) {
          let part = order[first..<min(first + plan.batch, order.count)]
          let pass = isWide ? twinPass(random.child(first)) : pass(isTraining: true, random.child(first))
          _ = gradient(part, scale: scale, pass)
          let share = Double(part.count) / (Double(order.count) * scale)
          for (k, parameter) in parameters.enumerated() { sums[k] = each(sums[k], parameter.gradient, parallelism) { $0 + share * $1 } }
          state.macs += pass.macs
          overflow = overflow ?? pass.overflow
        }
      }
      guard !sums.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
        for (parameter, sum) in zip(parameters, sums) {
          (parameter.centre, parameter.centreGradient) = (parameter.values, sum)
          for i in parameter.offset.indices { parameter.offset[i] = 0 }
        }
        return
      }
      guard !isWide && state.scale.advance(isFinite: false) else {
        throw .diverged(epoch: state.epoch + 1, step: 0, cause: overflow ?? "the full gradient is not finite")
      }
    }
  }

  /// Makes of the gradients of some images at w, in the parameters, those of SVRG.
  ///
  /// - Parameter random: that of the gradients at w.
  /// - Returns: the passage at the centre.
  package func reduceVariance(_ indices: ArraySlice<Int>, scale: Double, _ random: RandomStream) -> Pass {
    let parameters = network.body.parameters
    let (values, gradients) = (parameters.map(\.values), parameters.map(\.gradient))
    for parameter in parameters { parameter.values = parameter.centre }
    let pass = pass(isTraining: true, random)
    keepingStatistics { _ = gradient(indices, scale: scale, pass) }
    for (k, parameter) in parameters.enumerated() {
      parameter.gradient = each(gradients[k], parameter.gradient, parameter.centreGradient, parallelism) { $0 - $1 + scale * $2 }
      parameter.values = values[k]
    }
    return pass
  }

  /// The spacing δ = |g|/(μ(2^(b−1) − 1)) of the offsets' grid, g the full gradient at the centre with that of weight decay, over all parameters; 0
  /// without bit centring, and at a minimum.
  package var spacing: Double {
    guard let bits = plan.policy.offsetBits, let mu = plan.policy.strongConvexity else { return 0 }
    let square = network.body.parameters.reduce(0.0) { sum, p in
      let decay = p.decays ? plan.decay : 0
      return p.centre.indices.reduce(sum) { $0 + (p.centreGradient[$1] + decay * p.centre[$1]) * (p.centreGradient[$1] + decay * p.centre[$1]) }
    }
    return square.squareRoot() / (mu * Double(1 << (bits - 1) - 1))
  }

  /// Running statistics stay as they are, whatever images `body` shows to the network.
  func keepingStatistics(_ body: () -> Void) {
    let statistics = network.body.statistics.map(\.values)
    body()
    for (parameter, values) in zip(network.body.statistics, statistics) { parameter.values = values }
  }
}
