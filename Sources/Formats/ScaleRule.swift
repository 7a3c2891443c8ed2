// SPDX-License-Identifier: Apache-2.0
// How the common scale of a group of numbers follows from the group.

/// How a group's scale S follows from its numbers; a number x is then stored as the element nearest to x / S.
///
/// Below, M is the largest magnitude of the group and Ω the largest finite element. Where a scale is "rounded", the exact real
/// number that is named is rounded once. The scale of a group of zeros is what 0 rounds to: 0, or the smallest power of two
/// in a scale format without zero. A scale of 0 makes every element 0.
public enum ScaleRule: Hashable, Sendable {
  /// S = 2^e, with e from ``ExponentRule`` clamped to the exponents of a scale format, such as −127...127 of `e8m0fnu`.
  ///
  /// Source: OCP Microscaling Formats (MX) v1.0, section 6.3; Das et al., ICLR 2018 (dynamic fixed point).
  case power(ExponentRule, in: Format)
  /// S = M / Ω, rounded to a floating-point format. Where S is rounded up, no element saturates.
  case real(in: Format, Rounding)
  /// S = s g: one g = M_tensor / (Ω Ω_s) for the tensor, rounded to nearest in the tensor's scale format, and s = M / (Ω g) for each
  /// block, rounded to the block's scale format, whose largest value is Ω_s.
  ///
  /// In NVFP4 Ω = 6 and Ω_s = 448; the sign bit of its e4m3 scale is not used.
  case twoLevel(block: Format, tensor: Format, Rounding)
  /// S = (hi − lo) / (q_max − q_min), rounded, where [lo, hi] is the smallest interval that holds 0 and the group; an integer zero point
  /// z = q_min + rne(−lo / S), clamped to the codes; x is stored as the code of x / S rounded, plus z, clamped.
  case affine(in: Format, Rounding)
  /// S is given: numbers that have a format but share no scale have S = 1.
  case fixed(Dyadic)
  /// Shift and squeeze: the element is nearest to Y = ±2^β |x|^α, with α = emax / (m − µ) and β = −α µ, where m and µ are the maximum
  /// and the mean of log₂|x| over the nonzero x: log₂|Y| has mean 0 and maximum emax (15 in `e5m2`).
  ///
  /// Where m − µ < 2^-20, α = 1 and β = −m. The logarithms and powers are the C library's, in binary64, on both ways: the one scheme
  /// whose values depend on that library. µ is known to 2^-40.
  ///
  /// Source: Cambier et al., "Shifted and squeezed 8-bit floating point format", ICLR 2020.
  case squeeze
  /// A sum of `terms` least-squares ternary approximations a·{−1, 0, 1}, each of what the ones before it leave.
  ///
  /// Setting the k largest magnitudes to ±a leaves the least error when a is their mean; k is the one with the largest
  /// (their sum)² / k. The sums are carried in two doubles and compared in binary64, so the error's square is within 2^-50 ‖x‖² of
  /// the least. Then a, from the exact sum, is rounded to fp32. What is left is carried in binary64.
  ///
  /// Source: Li, Zhang, Liu, "Ternary weight networks", 2016, with the exact optimum in place of their estimate.
  case ternary(terms: Int)
}

/// Which power of two scales a group of largest magnitude M, for elements of largest value Ω, precision p and emax = ⌊log₂ Ω⌋.
public enum ExponentRule: String, Hashable, Sendable, CaseIterable {
  /// ⌊log₂ M⌋ − emax, the rule of OCP MX: M / S is in the binade of Ω, and saturates where it is above Ω.
  case floor
  /// ⌈log₂ M⌉ − emax: nothing saturates, at the cost of up to one bit.
  case ceil
  /// ⌊log₂ M'⌋ − emax, where M' is M rounded to p bits, ties away from 0.
  case even
  /// ⌈log₂ (M / Ω)⌉: the smallest power of two with which nothing saturates.
  case roundCeil

  /// The exponent for M > 0, from the exact M: a logarithm in floating point is wrong just below a power of two.
  func exponent(of m: Dyadic, largest: Dyadic, precision: Int) -> Int {
    let (top, emax) = (m.floorLog2, largest.floorLog2)
    return switch self {
    case .floor: top - emax
    case .ceil: (m == .power(top) ? top : top + 1) - emax
    case .even: (m + .power(top - precision)).floorLog2 - emax
    case .roundCeil: (m > largest.scaled(by: top - emax) ? top + 1 : top) - emax
    }
  }
}

/// How x / S is worked out before it is rounded to an element; S is exact here also where it is a product s g.
public enum QuotientArithmetic: String, Hashable, Sendable, CaseIterable {
  /// The exact quotient, rounded once.
  case exact
  /// S rounded to fp32, the quotient rounded to fp32, then rounded to an element: fp32 division.
  case divide
  /// S rounded to fp32, 1 / S rounded to fp32, its product with x rounded to fp32, then rounded to an element. An fp32 overflow saturates.
  case reciprocal
}

/// The scale of one group: what turns its elements back into numbers.
public enum GroupScale: Hashable, Sendable {
  /// Element · 2^e.
  case power(Int)
  /// Element · S.
  case real(Dyadic)
  /// Element · s · g.
  case twoLevel(block: Dyadic, tensor: Dyadic)
  /// (Code − z) · S.
  case affine(scale: Dyadic, zeroPoint: Int)
  /// ±2^((log₂|element| − β) / α).
  case squeeze(alpha: Double, beta: Double)
  /// The sum of a_j · element_j.
  case ternary([Dyadic])

  /// S as a double, exactly; `nil` where the numbers are not multiples of one scale.
  public var factor: Double? {
    switch self {
    case .power(let e): Double.power(e)
    case .real(let s), .affine(let s, _): Double(exactly: s)
    case .twoLevel(let s, let g): Double(exactly: s * g)
    case .squeeze, .ternary: nil
    }
  }
}
