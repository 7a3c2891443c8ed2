// SPDX-License-Identifier: Apache-2.0
// The loss that networks are trained with: cross-entropy of probabilities that a softmax makes of numbers.

package import Formats
internal import Glibc

/// How numbers z become probabilities: p_c = f(z_c) / Σ f(z_j).
public enum Softmax: Hashable, Sendable {
  /// f = exp.
  case exponential
  /// f(z) = Σ zᵏ/k! for k ≤ order: positive, since the order is even, but not monotonic: it has one minimum, at a negative z.
  ///
  /// - Source: de Brébisson and Vincent, "An exploration of softmax alternatives belonging to the spherical loss family", ICLR 2016.
  case taylor(order: Int)

  /// − log p_label and its derivatives by z, and the first class of the largest probability.
  ///
  /// - Rounding: that of a few operations in binary64; f of order n loses up to about n/2 more bits at its minimum. Where zⁿ overflows the loss is NaN.
  package func loss(_ z: [Double], _ label: Int) -> (value: Double, answer: Int?, gradient: [Double]) {
    switch self {
    case .exponential:
      // The largest number is taken off before, so that nothing overflows.
      let top = z.max()!
      let powers = z.map { exp($0 - top) }
      let total = powers.reduce(0, +)
      let gradient = z.indices.map { powers[$0] / total - ($0 == label ? 1 : 0) }
      return (log(total) + top - z[label], total.isFinite ? z.firstIndex(of: top) : nil, gradient)
    case .taylor(let order):
      precondition(order >= 2 && order % 2 == 0, "a Taylor softmax of order \(order), which is not even and positive")
      let (f, slopes) = (z.map { Softmax.partialSum($0, order) }, z.map { Softmax.partialSum($0, order - 1) })
      let total = f.reduce(0, +)
      let gradient = z.indices.map { slopes[$0] / total - ($0 == label ? slopes[$0] / f[$0] : 0) }
      return (log(total / f[label]), total.isFinite ? f.firstIndex(of: f.max()!) : nil, gradient)
    }
  }

  /// Σ zᵏ/k! for k ≤ n, by Horner's rule; its derivative is the sum to n − 1.
  private static func partialSum(_ z: Double, _ n: Int) -> Double { (1...n).reversed().reduce(1) { 1 + z / Double($1) * $0 } }
}

/// The cross-entropy of softmax and its gradient.
package enum CrossEntropy {
  /// - Returns: the sum of the losses, how many images are classified right, and for each number of `logits` (classes × images) the
  ///   derivative of the mean loss.
  package static func evaluate(_ logits: Planes, _ labels: ArraySlice<Int>, _ softmax: Softmax = .exponential) -> (loss: Double, correct: Int, gradient: [Double]) {
    let (classes, count) = (logits.shape.channels, logits.count)
    var gradient = [Double](repeating: 0, count: logits.values.count)
    var (loss, correct) = (0.0, 0)
    for (n, label) in labels.enumerated() {
      let one = softmax.loss((0..<classes).map { logits.values[$0 * count + n] }, label)
      loss += one.value
      // Of equal numbers the first is the answer; NaN is never right.
      if one.answer == label { correct += 1 }
      for c in 0..<classes { gradient[c * count + n] = one.gradient[c] / Double(count) }
    }
    return (loss, correct, gradient)
  }
}
