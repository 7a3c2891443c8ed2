// SPDX-License-Identifier: Apache-2.0
// Stochastic gradient descent whose weights are numbers of a format.

package import Accumulation
package import Formats
internal import Glibc

/// How the learning rate changes during a run.
public enum RateSchedule: String, Sendable, Codable, CaseIterable {
  /// The same throughout.
  case constant
  /// η (1 + cos π t) / 2 at the share t of the run.
  case cosine
  /// A tenth from half of the run on, a hundredth from three quarters on.
  case steps

  package func factor(at t: Double) -> Double {
    switch self {
    case .constant: 1
    case .cosine: (1 + cos(Double.pi * t)) / 2
    case .steps: t < 0.5 ? 1 : t < 0.75 ? 0.1 : 0.01
    }
  }
}

/// v ← o(μ v + g + λ w), w ← o(w − η v): a step with momentum and weight decay, g being the gradient of SGD or of SVRG.
package struct Optimiser: Sendable {
  package let momentum, decay: Double
  package let update: WeightUpdate
  private let elementwise: TensorRounder
  private let stored: TensorRounder
  private let weights: TensorRounder
  private let arithmetic: DoubleArithmetic?
  /// To the integers of the offsets' bits: saturating, since they are fixed point.
  private let offsets: ArrayRounder<Double>?

  /// - Throws: `PolicyError.field` where the update cannot be carried out in the stored format.
  package init(_ policy: PrecisionPolicy, momentum: Double, decay: Double) throws(PolicyError) {
    (self.momentum, self.decay, update) = (momentum, decay, policy.update)
    (elementwise, stored, weights) = (TensorRounder(policy.elementwise), TensorRounder(policy.storedWeights), TensorRounder(policy.weights))
    var arithmetic: DoubleArithmetic?
    if case .plain(let rounder) = policy.storedWeights, rounder.rounding.isNearest { arithmetic = DoubleArithmetic(rounder) }
    self.arithmetic = arithmetic
    offsets = policy.offsetBits.map { ArrayRounder<Double>(try! Rounder(to: Format("q\($0).0"), .stochastic)) }  // validated: 2 to 32
    if (policy.update == .kahan || policy.update == .expansion2) && arithmetic == nil {
      throw .field("update", "\(policy.update.rawValue) needs storedWeights in a floating-point format of at most 24 bits, rounded to nearest; it is \(policy.storedWeights).")
    }
    if policy.update == .hysteresis {
      guard case .plain(let rounder) = policy.weights, rounder.format != policy.storedWeights.element else {
        throw .field("update", "hysteresis needs storedWeights wider than weights, which are single numbers; they are \(policy.storedWeights) and \(policy.weights).")
      }
    }
  }

  /// Gives a parameter numbers of the stored format to begin with.
  package func prepare(_ parameter: Parameter, _ random: RandomStream, _ parallelism: Parallelism) {
    let start = rounded(parameter.values, parameter, random.child(parameter.name), parallelism)
    parameter.values = start
    parameter.momentum = Array(repeating: 0, count: start.count)
    if (update == .kahan || update == .expansion2) && parameter.decays { parameter.low = Array(repeating: 0, count: start.count) }
    if update == .bitCentring && parameter.decays { parameter.offset = Array(repeating: 0, count: start.count) }
    if update == .hysteresis && parameter.decays {
      parameter.stored = start
      parameter.values = weights(start, random.child(parameter.name).child("held"), parallelism)
    }
  }

  /// One step with the parameter's gradient.
  ///
  /// - Parameters:
  ///   - scale: by which gradients are too large.
  ///   - spacing: of the grid of the offsets, for bit centring.
  package func step(_ parameter: Parameter, rate: Double, scale: Double, spacing: Double = 0, _ random: RandomStream, _ parallelism: Parallelism) {
    let random = random.child(parameter.name)
    let (mu, lambda, inverse) = (momentum, parameter.decays ? decay : 0, 1 / scale)
    let held = parameter.stored.isEmpty ? parameter.values : parameter.stored
    let velocity = each(parameter.gradient, held, parameter.momentum, parallelism) { g, w, v in mu * v + (g * inverse + lambda * w) }
    parameter.momentum = elementwise(velocity, random.child("momentum"), parallelism)
    // (Only weights have a second number or a held copy.)
    switch parameter.decays ? update : .plain {
    case .plain: parameter.values = rounded(moved(held, parameter.momentum, rate, parallelism), parameter, random, parallelism)
    case .hysteresis:
      parameter.stored = rounded(moved(held, parameter.momentum, rate, parallelism), parameter, random, parallelism)
      parameter.values = withHysteresis(parameter.stored, parameter.values)
    case .bitCentring:
      guard spacing > 0 else { break }  // the centre is a minimum
      let moved = each(parameter.offset, parameter.momentum, parallelism) { z, v in z - rate * (v / spacing) }
      parameter.offset = offsets!(moved, random: random.child("offset"), parallelism)
      let values = each(parameter.centre, parameter.offset, parallelism) { w, z in w + spacing * z }
      parameter.values = rounded(values, parameter, random, parallelism)
    case .kahan, .expansion2:
      var a = arithmetic!
      for i in held.indices {
        let d = a.round(-rate * parameter.momentum[i], 0)
        if update == .kahan {
          let y = a.minus(d, parameter.low[i])
          let t = a.plus(held[i], y)
          parameter.low[i] = a.minus(a.minus(t, held[i]), y)
          parameter.values[i] = t
        } else {
          let z: DoubleWord<Double> = a.sum(DoubleWord(held[i], parameter.low[i]), d)
          (parameter.values[i], parameter.low[i]) = (z.high, z.low)
        }
      }
    }
  }

  private func moved(_ w: [Double], _ v: [Double], _ rate: Double, _ parallelism: Parallelism) -> [Double] {
    each(w, v, parallelism) { w, v in w - rate * v }
  }

  /// Numbers in the stored format. Only weights are small in it: biases and batch norm have the elementwise format.
  private func rounded(_ x: [Double], _ parameter: Parameter, _ random: RandomStream, _ parallelism: Parallelism) -> [Double] {
    parameter.decays ? stored(x, random, parallelism) : elementwise(x, random, parallelism)
  }

  /// q stays while the stored weight is within its gap: rounded down from above, up from below.
  private func withHysteresis(_ w: [Double], _ q: [Double]) -> [Double] {
    guard case .plain(let rounder) = weights.format else { return w }
    let down = ArrayRounder<Double>(try! Rounder(to: rounder.format, .down, overflow: .saturate))  // every format saturates
    let up = ArrayRounder<Double>(try! Rounder(to: rounder.format, .up, overflow: .saturate))
    let (below, above) = (down(w), up(w))
    return q.indices.map { w[$0] > q[$0] ? below[$0] : w[$0] < q[$0] ? above[$0] : q[$0] }
  }
}
