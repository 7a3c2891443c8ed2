// SPDX-License-Identifier: Apache-2.0
// Statements that are known only in part: listed, so that nobody misses them, and never evaluated.

/// A statement about the error of a sum whose higher-order terms, constants or restriction are not known here.
///
/// It has no formula: nothing can print it as a bound. One that is proved or confirmed becomes a ``Bound``.
public struct QuotedBound: Sendable {
  /// A stable name, such as `sum.kahan`.
  public let id: String
  /// To first order, or without its restriction; letters as in ``Bound/statement``.
  public let statement: String
  /// What keeps it from being a bound.
  public let missing: String
  /// Where it is stated.
  public let source: String

  /// Statements that are listed and never evaluated.
  public static let catalogue: [QuotedBound] = [
    QuotedBound(
      id: "sum.tree", statement: "|ŝ − s| ≤ h u A for a binary tree of height h, to nearest",
      missing: "holds up to some h of order 1/u, whose constant is not known here; false for p = 2, ties away, h = 5",
      source: "Lange and Rump, Math. Comp. 88 (2019)"),
    QuotedBound(
      id: "sum.directed", statement: "|ŝ − s| ≤ k u A for k u ≤ 1, u = 2^(1-p), in directed modes",
      missing: "seen in exhaustive searches, not proved; false for k u = 1.5 rounding up", source: "exhaustive search"),
    QuotedBound(
      id: "sum.cascaded", statement: "|ŝ − s| ≤ u (1 + 3 γ²_(n−1)) |s| + γ_(2n−2)^K A for sumK",
      missing: "attribution to be checked, not proved here for K > 2",
      source: "Ogita, Rump and Oishi, SIAM J. Sci. Comput. 26 (2005)"),
    QuotedBound(
      id: "sum.kahan", statement: "|ŝ − s| ≤ (2u + O(n u²)) A for Kahan's sum",
      missing: "the term in n u²",
      source: "Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, sec. 4.3"),
    QuotedBound(
      id: "sum.random-data",
      statement: "|ŝ − s| ≤ (λ |μ| n^(3/2) + (λ² + 1) C n) u + O(u²) for independent data of mean μ and |x| ≤ C, with probability ≥ 1 − 2(n + 1) exp(−λ²/2)",
      missing: "the term in u²; attribution to be checked", source: "Higham and Mary, SIAM J. Sci. Comput. 42(5) (2020)"),
    QuotedBound(
      id: "sum.precision-aware", statement: "|ŝ − s| ≤ √(2 ln(2/ζ)) u √(Σ s_v²) (1 + φ) over the partial sums s_v of a tree",
      missing: "φ, of order u √h; attribution to be checked. dot.martingale says the same of stochastic rounding, with everything in it",
      source: "Hallman and Ipsen, arXiv:2203.15928"),
  ]
}
