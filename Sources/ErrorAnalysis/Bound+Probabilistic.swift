// SPDX-License-Identifier: Apache-2.0
// Bounds that may fail with a small probability: theorems for stochastic rounding, models for rounding to nearest.

internal import Formats

extension Bound {
  private static let unchecked = "attribution to be checked"

  static let probabilistic: [Bound] = [
    Bound(
      id: "dot.martingale",
      statement: "|ŝ − s| ≤ R + b + √((V/4 + ρ) ln((V/4 + ρ)/(ρ ζ²))), V = Σ gap² and b = Σ bias over the stochastic roundings, R the largest "
        + "errors of the others, ρ = Σ (2^-p A)²/(8 sums) over levels; no more than dot.running-ulp; fails with probability ζ at most",
      kind: .stochastic, hypotheses: [.noOverflow, .notTapered, .uncompensated, .someStochastic],
      source: "proved here by the method of mixtures (Robbins, Ann. Math. Statist. 41 (1970))", proof: "proofs/stochastic-sums.md#martingale",
      formula: martingale { $0.rounding.isStochastic } of: { ($0.stochastic.squares, others: $0.others + $0.nearest.errors) }),
    Bound(
      id: "dot.martingale-model", statement: "the same with the roundings to nearest counted among the stochastic ones", kind: .probabilistic,
      hypotheses: [.noOverflow, .notTapered, .uncompensated, .someNearest],
      source: "the model of Higham and Mary, SIAM J. Sci. Comput. 41 (2019), with the bound of dot.martingale",
      proof: "proofs/stochastic-sums.md#martingale",
      formula: martingale { $0.rounding.isStochastic || $0.isNearest } of: { ($0.stochastic.squares + $0.nearest.squares, others: $0.others) }),
    Bound(
      id: "dot.azuma", statement: "|ŝ − s| ≤ √(½ ln(2/ζ) u ((1 + u)^2k − 1)/(2 + u)) A; fails with probability ζ at most", kind: .stochastic,
      hypotheses: [.noOverflow, .notTapered, .floatingPoint, .oneLevel, .ordinary, .allStochastic, .productsNotRounded, .noUnderflow],
      source: "after Ipsen and Zhou, SIAM J. Matrix Anal. Appl. 41 (2020), arXiv:1906.10465; constants proved here",
      proof: "proofs/stochastic-sums.md#azuma", theorems: ["StochasticSum.azuma", "Hoeffding.hoeffding"],
      formula: .aprioriBut { problem, failure in
        let (u, k) = problem.onlySum
        let growth = (u * u.compounded(2 * k)).divided(byAtLeast: 2 + u.value)
        return Radius(relative: (Upward(0.5) * Upward(2).divided(byAtLeast: failure).logarithm * growth).squareRoot)
      }),
    Bound(
      id: "dot.chebyshev", statement: "|ŝ − s| ≤ √(((1 + u²/4)^k − 1)/ζ) A; fails with probability ζ at most", kind: .stochastic,
      hypotheses: [.noOverflow, .notTapered, .floatingPoint, .oneLevel, .ordinary, .allStochastic, .productsNotRounded, .noUnderflow],
      source: "after El Arar, Sohier, de Oliveira Castro and Petit, SIAM J. Sci. Comput. (2023), arXiv:2207.10321; constants proved here",
      proof: "proofs/stochastic-sums.md#chebyshev", theorems: ["StochasticSum.chebyshev", "StochasticSum.mean_square_error"],
      formula: .aprioriBut { problem, failure in
        let (u, k) = problem.onlySum
        return Radius(relative: (Upward(0.25) * u * u).compounded(k).divided(byAtLeast: failure).squareRoot)
      }),
    Bound(
      id: "dot.mean-independent",
      statement: "|ŝ − s| ≤ (exp((λ√n u + n u²)/(1 − u)) − 1) A, λ = √(2 ln(2n/ζ)); fails with probability ζ at most", kind: .stochastic,
      hypotheses: [.noOverflow, .notTapered, .floatingPoint, .oneLevel, .sequential, .allStochastic, .productsNotRounded, .noUnderflow],
      source: "Connolly, Higham and Mary, SIAM J. Sci. Comput. 43 (2021), doi:10.1137/20M1334796; \(unchecked)",
      proof: "proofs/stochastic-sums.md#cited",
      formula: .aprioriBut { problem, failure in
        let (u, n) = (problem.onlySum.u, Upward(problem.count))
        let lambda = (Upward(2) * (Upward(2) * n).divided(byAtLeast: failure).logarithm).squareRoot
        return Radius(relative: problem.exponential(lambda * n.squareRoot * u + n * u * u))
      }),
    Bound(
      id: "dot.independent",
      statement: "|ŝ − s| ≤ (exp(λ√n u + n u²/(1 − u)) − 1) A, λ = √(2 ln(2n/ζ))/(1 − u); fails with probability ζ at most",
      kind: .probabilistic,
      hypotheses: [.noOverflow, .notTapered, .floatingPoint, .oneLevel, .sequential, .nearest, .productsNotRounded, .noUnderflow, .someNearest],
      source: "Higham and Mary, SIAM J. Sci. Comput. 41 (2019); \(unchecked)", proof: "proofs/stochastic-sums.md#cited",
      formula: .aprioriBut { problem, failure in
        let (u, n) = (problem.onlySum.u, Upward(problem.count))
        let lambda = (Upward(2) * (Upward(2) * n).divided(byAtLeast: failure).logarithm).squareRoot
        return Radius(relative: problem.exponential(lambda * n.squareRoot * u + n * u * u))
      }),
  ]
}

extension Bound {
  /// The bound of a martingale: `counts` says to which rounders chance applies, `seen` gives V and the largest errors of all others.
  private static func martingale(
    _ counts: @escaping @Sendable (Rounder) -> Bool, of seen: @escaping @Sendable (Observation) -> (squares: Upward, others: Upward)
  ) -> Formula {
    .runningBut { problem, failure in
      { observation in
        let (squares, others) = seen(observation)
        let scale = problem.mixtureScale(observation.magnitudes, counts)
        return min(observation.ulps, others + observation.stochastic.bias + squares.mixed(scale, failure))
      }
    }
  }
}

extension Problem {
  /// u and k of the only sum.
  fileprivate var onlySum: (u: Upward, k: Int) {
    guard let level = levels.last else { preconditionFailure("a problem without a sum") }
    return (level.rounder.relativeError, level.depth)
  }

  /// exp(x / (1 − u)) − 1.
  fileprivate func exponential(_ x: Upward) -> Upward {
    let (u, k) = (onlySum.u.value, onlySum.k)
    if k == 0 { return .zero }
    return u < 1 ? x.divided(byAtLeast: 1 - u).exponentialLessOne : Upward(.infinity)
  }

  /// ρ: of the order that V/4 can be expected to have. Any number that does not depend on the random bits is right; a good one makes the
  /// bound small.
  fileprivate func mixtureScale(_ magnitudes: Upward, _ counts: (Rounder) -> Bool) -> Double {
    levels.filter { counts($0.rounder) }.reduce(0) { sum, level in
      let format = level.rounder.format
      let step = Value.finite(.power(format.isFloating ? -format.precision : format.quantumExponent)).double
      let unit = format.isFloating ? step * magnitudes.value : step
      return sum + unit * unit * (format.isFloating ? 1 / Double(max(1, level.sums)) : Double(level.roundings)) / 8
    }
  }
}

extension Upward {
  /// √((V/4 + ρ) ln((V/4 + ρ)/(ρ ζ²))) of V = self.
  fileprivate func mixed(_ scale: Double, _ failure: Double) -> Upward {
    if self == .zero { return .zero }
    guard scale > 0x1p-1000, scale.isFinite else { return Upward(.infinity) }
    let variance = Upward(0.25) * self + Upward(scale)
    return (variance * variance.divided(byAtLeast: scale).divided(byAtLeast: (failure * failure).nextDown).logarithm).squareRoot
  }
}
