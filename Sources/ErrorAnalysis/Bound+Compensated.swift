// SPDX-License-Identifier: Apache-2.0
// Bounds of sums that make up for their errors, and of exact ones.

internal import Accumulation
internal import Formats

extension Bound {
  static let compensated: [Bound] = [
    Bound(
      id: "dot.exact", statement: "|ŝ − s| ≤ u' |s| + h, u' = u/(1 + u) to nearest and u otherwise, h half the subnormal spacing or all of it",
      kind: .deterministic, hypotheses: [.noOverflow, .notTapered, .oneLevel, .exactSum, .productsNotRounded],
      source: "one rounding", proof: "proofs/compensated-sums.md#exact", theorems: ["RoundingError.error_mixed", "RoundingError.directed_error_mixed"],
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
      proof: "proofs/compensated-sums.md#sum2", theorems: ["Sum2.sum2_bound"], formula: .apriori(\.compensatedRadius)),
    Bound(
      id: "dot.dot2", statement: "|ŝ − s| ≤ u|s| + (1 + u)(1 + (n − 1)(1 + u)) (1 + k (1 + u)) u² A, for every n", kind: .deterministic,
      hypotheses: [.noOverflow, .notTapered, .floatingPoint, .oneLevel, .nearest, .dot2, .noUnderflow, .splitsTerms],
      source: "proved here; after Ogita, Rump and Oishi, SIAM J. Sci. Comput. 26 (2005), whose bound needs n u < 1",
      proof: "proofs/compensated-sums.md#dot2", theorems: ["Dot2.dot2_bound", "Dot2.rounding_splits"], formula: .apriori(\.compensatedRadius)),
    Bound(
      id: "dot.expansion",
      statement: "|ŝ − s| ≤ f|s| + (1 + f) D, D = ((1 + c)^k − 1) A; for two numbers f = v, c = (2 + v) v², v = u/(1 + u); for K numbers "
        + "f = q/(1 − 2q), q = (K − 1) u, c is 2^(K−1) v^K and higher powers, and (2q)^64 times what the others can hold is added; of terms added "
        + "as two numbers (1 + v) A and 2n; nη/2 more, times 1 and higher powers, for terms with bits below η",
      kind: .deterministic,
      hypotheses: [.noOverflow, .notTapered, .floatingPoint, .oneLevel, .nearest, .expansion, .splitsTerms],
      source: "proved here; for two numbers after Joldes, Muller and Popescu, ACM Trans. Math. Softw. 44(2) (2017)",
      proof: "proofs/expansions.md#sums",
      theorems: ["Expansion.expansion_of_two", "Passes.expansion_of_many", "Expansion.expansion_drift", "Expansion.within_magnitude", "Expansion.within_split"],
      formula: .apriori { problem in
        // Products that are rounded first reach the sum with their errors.
        guard problem.levels.count == 1 else { return problem.compose(\.best) }
        guard let radius = problem.levels[0].expansionRadius else { preconditionFailure("checked by the hypotheses") }
        return radius
      }),
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
    case .expansion: return expansionRadius
    default: return nil
    }
  }

  /// The radius of a sum in an expansion of K numbers, as proofs/expansions.md derives it; `nil` where its recurrence has no solution.
  ///
  /// L_j bounds number j of the accumulator, x_j what arrives there, both as multiples of the largest sum so far.
  var expansionRadius: Radius? {
    guard case .compensated(.expansion(let count)) = kind, rounder.isNearest, rounder.keepsSubnormals,
      termBits <= 2 * rounder.format.precision
    else { return nil }
    let (u, v) = (rounder.relativeError, rounder.relativeError.overOnePlusItself)
    let (one, last) = (Upward(1), count - 1)
    func next(_ l: [Upward]) -> (limbs: [Upward], lost: Upward) {
      func rest(from j: Int) -> Upward { l.dropFirst(j).reduce(.zero, +) }
      var (arriving, limbs) = ([Upward](repeating: .zero, count: count), l)
      arriving[1] = v * (one + rest(from: 1))
      for j in 1..<last { arriving[j + 1] = v * (l[j] + arriving[j]) }
      func sum(_ j: Int) -> Upward { (one + v) * (l[j] + arriving[j]) }
      var carried = sum(last)
      for j in (1..<last).reversed() {
        let total = sum(j) + carried
        limbs[j + 1] = v * total
        carried = (one + v) * total
      }
      limbs[1] = v * (one + rest(from: 2))
      return (limbs, v * (l[last] + arriving[last]))
    }
    // A little above the limit of the increasing sequence from zero, and held to be an upper bound: next(L) ≤ L.
    var limbs = [Upward](repeating: .zero, count: count)
    for _ in 0..<200 { limbs = next(limbs).limbs }
    limbs = limbs.map { $0 * Upward(1 + 0x1p-30) }
    let (stable, lost) = next(limbs)
    guard zip(stable, limbs).allSatisfy({ $0 <= $1 }) else { return nil }
    let additions = holdsTerms ? depth : 2 * terms
    let drift = (holdsTerms ? one : one + v) * lost.compounded(additions)
    // The leading number of a settled expansion, or of one that 64 passes have not settled.
    var (ofSum, unsettled) = (v, Upward.zero)
    if count > 2 {
      let q = Upward(last) * u
      let twice = q + q
      guard twice < one else { return nil }
      ofSum = q.divided(byAtLeast: (1 - twice.value).nextDown)
      unsettled = (0..<6).reduce(twice) { power, _ in power * power } * limbs.reduce(.zero, +)
    }
    // The rest of a term that has bits below the smallest number is rounded once.
    let absolute = isFree ? .zero : Upward(terms) * rounder.absoluteError * (one + drift) * (one + ofSum + unsettled)
    return Radius(ofSum: ofSum, relative: (one + ofSum) * drift + unsettled * (one + v + drift), absolute: absolute)
  }
}
