// SPDX-License-Identifier: Apache-2.0
// Activation functions with their derivatives.

internal import Glibc
package import Lab

/// A function that a layer applies to each number.
public enum ActivationFunction: String, Sendable, Codable, CaseIterable {
  /// max(z, 0).
  case relu
  /// tanh z.
  case tanh
  /// z Φ(z), Φ the normal distribution function.
  case gelu
  /// tanh by a small table; see `KTanh`.
  case ktanh

  package func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .relu: Activation.relu(x)
    case .tanh: Activation.tanh(x)
    case .gelu: Activation.gelu(x)
    case .ktanh: KTanh.value(x)
    }
  }

  package func derivative(_ x: Double) -> Double {
    switch self {
    case .relu: return x > 0 ? 1 : 0
    case .tanh:
      let t = Glibc.tanh(x)
      return (1 - t) * (1 + t)
    case .gelu: return erfc(-x * 0.5.squareRoot()) / 2 + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
    // That of the function which the table stands for; its own is that of a staircase.
    case .ktanh:
      let y = KTanh.value(x)
      return (1 - y) * (1 + y)
    }
  }
}
