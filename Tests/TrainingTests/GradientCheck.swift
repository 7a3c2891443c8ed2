// SPDX-License-Identifier: Apache-2.0
// Passes for tests, and gradients held against differences of the function that they belong to.

import Formats
import Training

/// Numbers of (−1, 1), apart by more than what differences move them.
func numbers(_ count: Int, _ random: RandomStream) -> [Double] { (0..<count).map { 2 * random.uniform(at: UInt64($0)) - 1 } }

/// Integers from −4 to 4: sums of a few thousand products are exact in binary32.
func integers(_ count: Int, _ random: RandomStream) -> [Double] { (0..<count).map { Double(random.integer(below: 9, at: UInt64($0)) - 4) } }

func policy(_ name: String) -> PrecisionPolicy { try! PrecisionPolicy(name: name) }  // a literal of a test

/// A passage for training on one thread in which every layer with products has the policy's arithmetic.
func trainingPass(_ policy: PrecisionPolicy, _ layers: [String] = ["layer"], isTraining: Bool = true) -> Pass {
  let arithmetic = LayerArithmetic(policy)
  return Pass(
    Dictionary(uniqueKeysWithValues: layers.map { ($0, arithmetic) }), elementwise: TensorRounder(policy.elementwise), isTraining: isTraining,
    RandomStream(seed: 5, "pass"), .oneThread)
}

/// A function of layers in binary64, its analytic gradient, and differences of it.
struct GradientCheck {
  let layer: any Layer
  let input: Planes
  /// The function is Σ cᵢ yᵢ: its gradient by y is c.
  let c: Planes
  let products: [String]

  init(_ layer: any Layer, _ shape: ImageShape, count: Int, seed: UInt64, products: [String] = ["layer"]) {
    let random = RandomStream(seed: seed, "gradients")
    let output = layer.output(shape)
    (self.layer, self.products) = (layer, products)
    input = Planes(shape, count: count, numbers(shape.count * count, random.child("input")))
    c = Planes(output, count: count, numbers(output.count * count, random.child("functional")))
  }

  private func value(_ x: Planes) -> Double {
    zip(layer.forward(x, trainingPass(policy("fp64"), products)).values, c.values).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// The largest error of each gradient, relative to its largest component: of the input, and of every parameter.
  func errors() -> [(name: String, error: Double)] {
    let pass = trainingPass(policy("fp64"), products)
    _ = layer.forward(input, pass)
    var results = [("input", largestError(layer.backward(c, pass).values, at: input.values) { value(Planes(input.shape, count: input.count, $0)) })]
    let gradients = layer.parameters.map(\.gradient)
    for (parameter, gradient) in zip(layer.parameters, gradients) {
      let own = parameter.values
      results.append((parameter.name, largestError(gradient, at: own) { moved in
        parameter.values = moved
        defer { parameter.values = own }
        return value(input)
      }))
    }
    return results
  }
}

/// Where a component of a gradient is not the central difference of f, how far, relative to the largest component.
///
/// The difference over 2h has a relative error of about h² from third derivatives and of 2⁻⁵³/h from rounding, which is below 10⁻⁸ for
/// h = 2⁻²⁴ and 2⁻²⁰. A kink of ReLU or of a maximum that lies within h spoils one of them, and then the other counts.
func largestError(_ gradient: [Double], at x: [Double], indices: [Int]? = nil, _ f: ([Double]) -> Double) -> Double {
  guard gradient.count == x.count else { return .infinity }
  let scale = max(gradient.reduce(0) { max($0, abs($1)) }, 1e-300)
  return (indices ?? Array(x.indices)).reduce(0) { largest, i in
    let errors = [0x1p-20, 0x1p-24].map { h in
      var (up, down) = (x, x)
      up[i] += h
      down[i] -= h
      return abs((f(up) - f(down)) / (up[i] - down[i]) - gradient[i]) / scale
    }
    return max(largest, errors.min()!)
  }
}
