// SPDX-License-Identifier: Apache-2.0
// A-priori bounds of sums and dot products: gamma, (1+u)^k - 1, ku, ku/(1+ku), and their composition over levels.

extension Bound {
  /// Bounds that hold for every input. A new one is one element.
  static let recursive: [Bound] = [
    Bound(
      id: "dot.gamma", statement: "|ŝ − s| ≤ γ_k A, γ_k = k u / (1 − k u)", kind: .deterministic,
      hypotheses: [.noOverflow, .notTapered, .floatingPoint, .oneLevel, .ordinary, .gammaDefined],
      source: "Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, ch. 3-4",
      proof: "proofs/recursive-sums.md#compounding", theorems: ["Compounding.power_le_gamma", "Compounding.compounding_uniform"],
      formula: .apriori { $0.compose { $0.growth.overOneMinusItself } }),
    Bound(
      id: "dot.power", statement: "|ŝ − s| ≤ ((1 + v)^k − 1) A, v = u / (1 + u) to nearest, v = u otherwise", kind: .deterministic,
      hypotheses: [.noOverflow, .notTapered, .floatingPoint, .oneLevel, .ordinary],
      source: "Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, ch. 3",
      proof: "proofs/recursive-sums.md#compounding", theorems: ["Compounding.compounding_uniform", "RoundingError.error_mixed", "RoundingError.directed_error_mixed"],
      formula: .apriori { $0.compose(\.compounded) }),
    Bound(
      id: "dot.nu", statement: "|ŝ − s| ≤ k u A, for every k", kind: .deterministic,
      hypotheses: [.noOverflow, .notTapered, .floatingPoint, .oneLevel, .ordinary, .nearest, .treeOfHeldTerms],
      source: "Jeannerod and Rump, SIAM J. Matrix Anal. Appl. 34 (2013); Rump, BIT 52 (2012), doi:10.1007/s10543-011-0342-4",
      proof: "proofs/recursive-sums.md#ku", theorems: ["RecursiveSum.recursive_sum_nu", "RecursiveSum.recursive_sum_nu_format", "TreeSum.any_order_nu"],
      formula: .apriori { $0.compose(\.linear) }),
    Bound(
      id: "dot.nu-rounded", statement: "|ŝ − s| ≤ n u A + n (1 + n u) η/2, products and sums rounded to one format (n + 1 for n in u's factors with a starting value)", kind: .deterministic,
      hypotheses: [.noOverflow, .notTapered, .floatingPoint, .oneLevel, .nearest, .sequential, .productsInTheSameFormat],
      source: "Jeannerod and Rump, SIAM J. Matrix Anal. Appl. 34 (2013)", proof: "proofs/recursive-sums.md#rounded-products",
      theorems: ["RoundedProducts.rounded_products_nu"],
      formula: .apriori { problem in
        let level = problem.levels[0]
        // One more than the additions that can be inexact: n, or n + 1 with a starting value, which counts as a product.
        let nu = Upward(problem.count == 0 ? 0 : problem.levels[1].depth + 1) * level.rounder.relativeError
        let underflow = level.isFree ? Upward.zero : Upward(problem.count) * level.rounder.absoluteError
        return Radius(relative: nu, absolute: underflow + underflow * nu)
      }),
    Bound(
      id: "dot.sharp", statement: "|ŝ − s| ≤ k u / (1 + k u) A, for k ≤ 1/(2u)", kind: .deterministic,
      hypotheses: [.noOverflow, .notTapered, .floatingPoint, .oneLevel, .nearest, .sequential, .withinHalfReciprocal, .noUnderflow],
      source: "Lange and Rump, Math. Comp. 88 (2019), for floating-point terms; for real terms proved here",
      proof: "proofs/recursive-sums.md#sharp", theorems: ["SharpSum.sharp_sum"],
      formula: .apriori { $0.compose { $0.growth.overOnePlusItself } }),
    Bound(
      id: "dot.hierarchy", statement: "|ŝ − s| ≤ B A, 1 + B = Π (1 + a_j), a_j the best of the factors above at level j",
      kind: .deterministic,
      hypotheses: [.noOverflow, .notTapered, .provenLevels, .severalLevels],
      source: "proved here", proof: "proofs/recursive-sums.md#hierarchy", theorems: ["Hierarchy.hierarchy_bound"], formula: .apriori { $0.compose(\.best) }),
    Bound(
      id: "dot.fixed", statement: "|ŝ − s| ≤ h per rounding, h half a step to nearest and a step otherwise", kind: .deterministic,
      hypotheses: [.noOverflow, .notTapered, .fixedPoint, .oneLevel, .ordinary],
      source: "definition of rounding to a uniform grid", proof: "proofs/recursive-sums.md#fixed-point",
      theorems: ["FixedPoint.fixed_sum", "FixedPoint.fixed_error_nearest", "FixedPoint.fixed_error"],
      formula: .apriori { $0.compose(\.best) }),
  ]
}

extension Problem {
  /// Composes one factor a_j a level: with E the error so far, level j makes it E + a_j (A + E) plus its underflow.
  func compose(_ factor: (Level) -> Upward) -> Radius {
    levels.reduce(Radius(relative: .zero)) { inner, level in
      let a = level.kind == .products ? level.oneRounding : factor(level)
      return Radius(
        relative: inner.relative + a + a * inner.relative,
        absolute: inner.absolute + a * inner.absolute + level.underflow)
    }
  }
}

extension Level {
  /// u/(1 + u) to nearest, u otherwise: the relative error of one rounding.
  fileprivate var oneRounding: Upward {
    rounder.isNearest ? rounder.relativeError.overOnePlusItself : rounder.relativeError
  }

  /// (1 + v)^k − 1, v the relative error of one rounding.
  fileprivate var compounded: Upward { oneRounding.compounded(depth) }

  /// k u, where it holds: to nearest, and in a tree only for terms that the accumulator holds, once for each rounding.
  fileprivate var linear: Upward { kind == .pairwise ? Upward(roundings) * rounder.relativeError : growth }

  /// In sequence; an exact sum has one rounding.
  private var isInSequence: Bool { kind == .sequential || kind == .exact }

  /// The smallest factor whose hypotheses hold.
  var best: Upward {
    if case .block(let unit) = kind { return steps(of: unit).relative }
    if let radius = compensatedRadius { return radius.ofSum + radius.relative }
    guard rounder.isNearest && isInSequence else { return compounded }
    let isSharp = isFree && !(Upward(0.5) < growth)
    return isSharp ? growth.overOnePlusItself : growth
  }

  /// The absolute errors of this level: one h for each rounding that can underflow, grown by what follows in its sum (a
  /// sequential sum to nearest needs no growth).
  var underflow: Upward {
    if case .block(let unit) = kind { return steps(of: unit).absolute }
    if isFree { return .zero }
    let sum = Upward(roundings) * rounder.absoluteError
    return kind == .products || rounder.isNearest && isInSequence ? sum : sum + sum * compounded
  }
}
