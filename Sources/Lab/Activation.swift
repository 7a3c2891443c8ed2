// SPDX-License-Identifier: Apache-2.0
// Activation functions of a layer, their condition numbers, and what an uncertain argument does to them.

internal import ErrorAnalysis
internal import Glibc

/// A function φ that a layer applies to each dot product.
public enum Activation: String, CaseIterable, Codable, Sendable {
  /// φ(z) = z.
  case identity
  /// φ(z) = max(z, 0).
  case relu
  /// φ(z) = 1 / (1 + exp(−z)).
  case sigmoid
  /// (e^z − e^-z)/(e^z + e^-z).
  case tanh
  /// φ(z) = log(1 + exp(z)).
  case softplus
  /// φ(z) = z / (1 + exp(−z)).
  case silu
  /// φ(z) = z Φ(z), Φ the normal distribution function.
  case gelu

  /// φ(z), with a relative error of a few units in the last place of binary64.
  public func callAsFunction(_ z: Double) -> Double {
    switch self {
    case .identity: z
    case .relu: z > 0 ? z : 0
    case .sigmoid: 1 / (1 + exp(-z))
    case .tanh: Glibc.tanh(z)
    case .softplus: z > 0 ? z + log1p(exp(-z)) : log1p(exp(z))
    case .silu: z / (1 + exp(-z))
    case .gelu: z / 2 * erfc(-z * 0.5.squareRoot())
    }
  }

  /// κ = |z φ′(z) / φ(z)|: relative errors of z reach φ(z) multiplied by it, to first order. Where φ is constant (relu below 0) it is 0.
  public func condition(at z: Double) -> Double {
    if self == .relu { return z > 0 ? 1 : 0 }
    guard z != 0 else { return self == .sigmoid || self == .softplus ? 0 : 1 }
    let above = 1 / (1 + exp(-z)), below = 1 / (1 + exp(z))
    switch self {
    case .identity, .relu: return 1
    case .sigmoid: return abs(z) * below
    case .tanh: return 2 * z / sinh(2 * z)
    case .softplus: return abs(z) * above / self(z)
    case .silu: return abs(1 + z * below)
    case .gelu: return abs(1 + z * exp(-z * z / 2) / (2 * Double.pi).squareRoot() / (erfc(-z * 0.5.squareRoot()) / 2))
    }
  }

  /// The largest |φ(ẑ) − φ(z)| / |φ(z)| of any z with |z − ẑ| ≤ `radius`, rounded up by 2^-40; +∞ where φ may vanish alone.
  ///
  /// φ is monotonic but for one minimum, so the extremes lie at the ends of the interval or at the minimum.
  public func relativeError(at computed: Double, radius: Double) -> Double {
    if radius == 0 { return 0 }
    let (low, high) = ((computed - radius).nextDown, (computed + radius).nextUp)
    if self == .relu && high <= 0 { return 0 }
    guard low.isFinite, high.isFinite, !vanishesAtZero || low > 0 || high < 0 else { return .infinity }
    let value = self(computed)
    var largest = 0.0
    for z in [low, high] + (minimum.map { low < $0 && $0 < high ? [$0] : [] } ?? []) {
      let error = abs(value / self(z) - 1)
      // Where φ underflows nothing is known.
      largest = error.isNaN ? .infinity : max(largest, error)
    }
    return largest + Self.slack * (1 + largest)
  }

  /// More than all that evaluating φ in binary64 adds to a relative error.
  private static let slack = 0x1p-40

  private var vanishesAtZero: Bool { self != .sigmoid && self != .softplus }

  /// Where φ′ = 0 with φ < 0.
  private var minimum: Double? {
    switch self {
    case .silu: -1.2784645427610738
    case .gelu: -0.7517915246935645
    default: nil
    }
  }
}
