// SPDX-License-Identifier: Apache-2.0
// Cholesky's factorisation with every operation in a format.

internal import Accumulation
internal import Formats

/// L, lower triangular, with L Lᵀ = H + ΔH: if every operation is rounded with unit roundoff u, |ΔH| ≤ γ_{n+1} |L||Lᵀ|, γ_k = k u/(1 − k u)
/// (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., 2002, theorem 10.3).
struct CholeskyFactor: Sendable {
  let size: Int
  /// Row after row, with zeros above the diagonal.
  let lower: [Double]

  /// In binary64; `nil` where a pivot is not positive.
  init?(_ h: [Double], size: Int) {
    var arithmetic = Binary64()
    self.init(h, size: size, &arithmetic)
  }

  /// In another arithmetic: each product, difference, root and quotient is rounded once.
  ///
  /// - Returns: `nil` where a pivot is not positive, or not finite.
  /// - Complexity: n³/3 operations.
  init?<Arithmetic: RoundedArithmetic>(_ h: [Double], size: Int, _ arithmetic: inout Arithmetic) where Arithmetic.Number == Double {
    var l = [Double](repeating: 0, count: size * size)
    for i in 0..<size {
      for j in 0...i {
        var sum = h[i * size + j]
        for k in 0..<j { sum = arithmetic.minus(sum, arithmetic.times(l[i * size + k], l[j * size + k])) }
        guard i != j || sum > 0 && sum.isFinite else { return nil }
        l[i * size + j] = i == j ? arithmetic.squareRoot(sum) : arithmetic.quotient(sum, l[j * size + j])
        guard i != j || l[i * size + j] > 0 else { return nil }
      }
    }
    (self.size, lower) = (size, l)
  }

  /// L⁻¹ b, in binary64.
  func forward(_ b: [Double]) -> [Double] {
    var x = b
    for i in 0..<size {
      for k in 0..<i { x[i] -= lower[i * size + k] * x[k] }
      x[i] /= lower[i * size + i]
    }
    return x
  }

  /// (L Lᵀ)⁻¹ b, in binary64.
  func solve(_ b: [Double]) -> [Double] {
    var x = forward(b)
    for i in (0..<size).reversed() {
      x[i] /= lower[i * size + i]
      for k in 0..<i { x[k] -= lower[i * size + k] * x[i] }
    }
    return x
  }
}

/// Doubles as they are.
struct Binary64: RoundedArithmetic {
  func plus(_ a: Double, _ b: Double) -> Double { a + b }
  func negated(_ a: Double) -> Double { -a }
  func isZero(_ a: Double) -> Bool { a == 0 }
  func times(_ a: Double, _ b: Double) -> Double { a * b }
  func fusedMultiplyAdd(_ a: Double, _ b: Double, _ c: Double) -> Double { c.addingProduct(a, b) }
  func quotient(_ a: Double, _ b: Double) -> Double { a / b }
  func squareRoot(_ a: Double) -> Double { a.squareRoot() }
}
