// SPDX-License-Identifier: Apache-2.0
// The best range of a uniform quantiser for bell-shaped data, and what rounding costs at best, by formula.

internal import Glibc

/// A bell-shaped distribution of unit scale: N(0, 1), or the density e^-|x| / 2 with variance 2.
public enum BellCurve: Sendable, CaseIterable {
  /// The two densities.
  case normal, laplace

  var variance: Double { self == .normal ? 1 : 2 }

  /// E max(|x| − a, 0)², the noise of clipping to [−a, a].
  func clippingNoise(at a: Double) -> Double {
    switch self {
    case .normal: 2 * ((1 + a * a) * normalTail(a) - a * normalDensity(a))
    case .laplace: 2 * exp(-a)
    }
  }
}

/// The best range of a quantiser.
public struct OptimalRange: Hashable, Sendable {
  /// In units of the scale of the distribution.
  public let value: Double
  /// Signal over noise in dB.
  public let signalToNoise: Double
}

/// The clip a that minimises the noise E max(|x| − a, 0)² + (2a / 2^b)² / 12 of 2^b cells over [−a, a].
///
/// The second term takes the error as uniform in each cell, which is good from b = 3 on.
/// - Errors: a to 6 digits.
/// - Source: Banner, Nahshan, Soudry, "Post training 4-bit quantization of convolutional networks for rapid-deployment", NeurIPS
///   2019, section 2.
public func optimalClip(bits: Int, distribution: BellCurve) -> OptimalRange {
  precondition((1...24).contains(bits), "1 to 24 bits")
  return minimise(from: 0.01, to: 100, signal: distribution.variance) { a in
    let cell = 2 * a / Double(1 << bits)
    return distribution.clippingNoise(at: a) + cell * cell / 12
  }
}

/// The step D that minimises the exact noise of rounding N(0, 1) to the nearest of −L·D, …, L·D, where L = 2^(bits−1) − 1:
/// symmetric two's-complement integers and a scale.
///
/// With the decision points t = (k − ½)D, k = 1 … L: E(x − Q)² = 1 − 4D Σ φ(t) + 2D² Σ (2k − 1) P(x > t).
/// - Errors: D to 6 digits up to 8 bits, 4 digits beyond.
/// - Complexity: about 60 · L evaluations of erfc.
public func optimalStep(bits: Int) -> OptimalRange {
  precondition((2...16).contains(bits), "2 to 16 bits")
  let largest = 1 << (bits - 1) - 1
  return minimise(from: 1 / Double(largest), to: 40 / Double(largest + 1), signal: 1) { step in
    var noise = 1.0
    for k in 1...largest {
      let t = (Double(k) - 0.5) * step
      noise -= 4 * step * normalDensity(t) - 2 * step * step * Double(2 * k - 1) * normalTail(t)
    }
    return noise
  }
}

/// Signal over noise in dB of rounding to nearest with p bits, overflow and underflow apart, when significands follow Benford's
/// law: −10 log₁₀ ((2^(2−2p) / 12) · (2 ln 2 / 3)) = 6.02 p + 8.12.
///
/// In a binade the noise is ulp² / 12, and the mean square of a significand with density 1 / (m ln 2) is 3 / (2 ln 2).
public func signalToNoisePlateau(precision p: Int) -> Double {
  -10 * log10(exp2(Double(2 - 2 * p)) / 12 * (2 * log(2) / 3))
}

/// The minimum of a function with one valley, by golden section in the logarithm.
private func minimise(from lower: Double, to upper: Double, signal: Double, _ noise: (Double) -> Double) -> OptimalRange {
  let golden = (5.0.squareRoot() - 1) / 2
  var (a, b) = (log(lower), log(upper))
  var (c, d) = (b - golden * (b - a), a + golden * (b - a))
  var (atC, atD) = (noise(exp(c)), noise(exp(d)))
  // Below a width of 10^-7 the noise no longer tells points apart.
  while b - a > 1e-7 {
    if atC < atD {
      (b, d, atD) = (d, c, atC)
      c = b - golden * (b - a)
      atC = noise(exp(c))
    } else {
      (a, c, atC) = (c, d, atD)
      d = a + golden * (b - a)
      atD = noise(exp(d))
    }
  }
  let best = exp((a + b) / 2)
  return OptimalRange(value: best, signalToNoise: 10 * log10(signal / noise(best)))
}

private func normalDensity(_ x: Double) -> Double { exp(-x * x / 2) / (2 * Double.pi).squareRoot() }

private func normalTail(_ x: Double) -> Double { erfc(x / 2.0.squareRoot()) / 2 }
