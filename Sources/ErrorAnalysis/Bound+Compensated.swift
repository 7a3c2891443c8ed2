// SPDX-License-Identifier: Apache-2.0
// Bounds of sums that make up for their errors, and of exact ones.

internal import Accumulation
internal import Formats

extension Bound {
  static let compensated: [Bound] = [
    Bound(
      id: "dot.exact", statement: "|ŝ − s| ≤ u' |s| + h, u' = u/(1 + u) to nearest and u otherwise, h half the subnormal spacing or all of it",
      kind: .deterministic, hypotheses: [.noOverflow, .notTapered, .oneLevel, .exactSum, .productsNotRounded],
      source: "one rounding", proof: "proofs/compensated-sums.md#exact",
      formula: .apriori { problem in
        let level = problem.levels[0]
        let u = level.rounder.relativeError
        return Radius(
          ofSum: level.rounder.isNearest ? u.overOnePlusItself : u, relative: .zero, absolute: level.isFree ? .zero : level.rounder.absoluteError)
      }),
    Bound(
      id: "dot.sum2", statement: "|ŝ − s| ≤ u|s| + (1 + u) k (k − 1) u² A, for every k", kind: .deterministic,
      hypotheses: [.noOverflow, .notTapered, .floatingPoint, .oneLevel, .nearest, .sum2, .holdsTerms],
      source: "proved here; after Ogita, Rump and Oishi, SIAM J. Sci. Comput. 26 (2005), whose bound needs k u < 1",
      proof: "proofs/compensated-sums.md#sum2", formula: .apriori(\.compensatedRadius)),
    Bound(
      id: "dot.dot2", statement: "|ŝ − s| ≤ u|s| + (1 + u)(1 + (n − 1)(1 + u)) (1 + k (1 + u)) u² A, for every n", kind: .deterministic,
      hypotheses: [.noOverflow, .notTapered, .floatingPoint, .oneLevel, .nearest, .dot2, .noUnderflow, .splitsTerms],
      source: "proved here; after Ogita, Rump and Oishi, SIAM J. Sci. Comput. 26 (2005), whose bound needs n u < 1",
      proof: "proofs/compensated-sums.md#dot2", formula: .apriori(\.compensatedRadius)),
  ]
}

extension Problem {
  /// The radius of the one compensated sum.
  fileprivate var compensatedRadius: Radius {
    guard let level = levels.last, let radius = level.compensatedRadius else { preconditionFailure("a compensated sum") }
    // Products that are rounded first reach the sum with their errors.
    return levels.count == 1 ? radius : compose(\.best)
  }
}

extension Level {
  /// The radius of a compensated sum that a bound is proved of.
  var compensatedRadius: Radius? {
    guard case .compensated(let compensation) = kind, rounder.isNearest, rounder.format.isFloating, isFree else { return nil }
    let u = rounder.relativeError
    let final = Upward(1) + u
    switch compensation {
    case .cascaded(2), .neumaier:
      guard holdsTerms else { return nil }
      return Radius(ofSum: u, relative: final * Upward(depth) * Upward(max(0, depth - 1)) * u * u)
    case .cascadedProducts(2):
      guard termBits <= 2 * rounder.format.precision else { return nil }
      let corrections = (Upward(1) + Upward(depth) * final) * u
      return Radius(ofSum: u, relative: final * (u + Upward(max(0, terms - 1)) * u * final) * corrections)
    default: return nil
    }
  }
}
