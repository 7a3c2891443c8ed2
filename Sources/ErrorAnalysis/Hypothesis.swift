// SPDX-License-Identifier: Apache-2.0
// What must hold for a bound to be true, in words and as a check.

internal import Accumulation
internal import Formats

/// Something that must hold of a problem for a bound to be true.
public enum Hypothesis: String, Sendable, CaseIterable {
  /// Ω is never exceeded; seen only in an evaluation.
  case noOverflow
  /// p does not vary over the range.
  case notTapered
  /// Errors are relative to the results.
  case floatingPoint
  /// Errors are absolute: a step, or half of one.
  case fixedPoint
  /// |fl(x) − x| ≤ u|x| with u = 2^-p.
  case nearest
  /// s ← fl(s + x), term by term.
  case sequential
  /// Additions of two numbers, in any order.
  case ordinary
  /// No correction term.
  case uncompensated
  /// Every compensated level has a bound of its own.
  case provenLevels
  /// Steps align and cut their addends.
  case block
  /// One rounding at the end.
  case exactSum
  /// One pass of 2Sum, and the sum of its errors.
  case sum2
  /// The same with the errors of the products.
  case dot2
  /// The accumulator is K numbers.
  case expansion
  /// x = fl(x) for every term.
  case holdsTerms
  /// x − fl(x) is a number of the format.
  case splitsTerms
  /// Some rounding draws random bits.
  case someStochastic
  /// E fl(x) = x at every rounding.
  case allStochastic
  /// A model takes the errors of roundings to nearest for random ones.
  case someNearest
  /// In a tree both operands of an addition are numbers of the format.
  case treeOfHeldTerms
  /// There is one u.
  case oneLevel
  /// There is a u for each level.
  case severalLevels
  /// γ_k = k u/(1 − k u) exists.
  case gammaDefined
  /// k u ≤ 1/2.
  case withinHalfReciprocal
  /// η/2 need not be added.
  case noUnderflow
  /// Products and sums have one u and one η.
  case productsInTheSameFormat
  /// Terms are the exact xᵢyᵢ.
  case productsNotRounded

  /// The hypothesis in words.
  public var statement: String {
    switch self {
    case .noOverflow: "no result overflows"
    case .notTapered: "no sum or product is rounded to a format of tapered precision"
    case .floatingPoint: "every accumulator is floating point"
    case .fixedPoint: "every accumulator is fixed point"
    case .nearest: "every rounding is to nearest, subnormals not flushed"
    case .sequential: "every sum is carried out in sequence"
    case .ordinary: "terms are added one by one, and errors are not made up for"
    case .block: "a matrix unit adds groups of terms"
    case .uncompensated: "errors are not made up for"
    case .provenLevels: "compensated levels are sum2 or neumaier of terms that they hold, dot2 or expansions, to nearest"
    case .exactSum: "the sum is exact but for one rounding"
    case .sum2: "the sum is sum2 or neumaier"
    case .dot2: "the sum is dot2"
    case .expansion: "the sum is in an expansion"
    case .holdsTerms: "the accumulator holds every term"
    case .splitsTerms: "terms have at most 2p bits"
    case .someStochastic: "some rounding is stochastic"
    case .allStochastic: "every rounding is stochastic with unlimited random bits"
    case .someNearest: "some rounding is to nearest; rounding errors have zero mean given those before them (a model)"
    case .treeOfHeldTerms: "in sequence, or in any order if the terms are values of the accumulator"
    case .oneLevel: "one accumulator"
    case .severalLevels: "two or more levels of accumulators"
    case .gammaDefined: "k u < 1 at every level"
    case .withinHalfReciprocal: "k ≤ 1/(2u) at every level"
    case .noUnderflow: "every term is a multiple of the accumulator's smallest subnormal number"
    case .productsInTheSameFormat: "products are rounded to the accumulator's format"
    case .productsNotRounded: "products enter the accumulator exactly"
    }
  }

  /// Why the hypothesis fails, with numbers; `nil` if it holds or can only be seen in an evaluation.
  func failure(in problem: Problem) -> String? {
    let sums = problem.levels.filter { $0.kind != .products }
    let products = problem.levels.first { $0.kind == .products }
    /// The first level that a condition fails at, described.
    func first(_ fails: (Level) -> Bool, _ reason: (Level) -> String) -> String? { sums.first(where: fails).map(reason) }
    switch self {
    case .noOverflow: return nil
    case .notTapered:
      return problem.levels.first(where: \.rounder.format.isTapered).map { "\($0.rounder.format) has tapered precision" }
    case .floatingPoint: return first({ $0.rounder.format.isFixed }) { "\($0.rounder.format) is fixed point" }
    case .fixedPoint: return first({ $0.rounder.format.isFloating }) { "\($0.rounder.format) is floating point" }
    case .nearest: return problem.levels.first { !$0.rounder.isNearest }.map { "\($0.rounder) does not round to nearest" }
    case .sequential: return first({ $0.kind != .sequential && $0.kind != .exact }) { "\($0.order) in \($0.rounder.format)" }
    case .ordinary:
      return first({ ![.sequential, .pairwise, .exact].contains($0.kind) }) { "\($0.order) in \($0.rounder.format)" }
    case .block:
      return first({ if case .block = $0.kind { false } else { true } }) { "\($0.order) in \($0.rounder.format)" }
    case .uncompensated:
      return first({ if case .compensated = $0.kind { true } else { false } }) { "\($0.order) in \($0.rounder.format)" }
    case .provenLevels:
      return first({ if case .compensated = $0.kind { $0.compensatedRadius == nil } else { false } }) {
        "no bound is proved of a \($0.order) of these terms in \($0.rounder)"
      }
    case .exactSum: return first({ $0.kind != .exact }) { "\($0.order) in \($0.rounder.format)" }
    case .sum2: return first({ $0.kind != .compensated(.cascaded(2)) && $0.kind != .compensated(.neumaier) }) { "\($0.order)" }
    case .dot2: return first({ $0.kind != .compensated(.cascadedProducts(2)) }) { "\($0.order)" }
    case .expansion:
      return first({ if case .compensated(.expansion) = $0.kind { false } else { true } }) { "\($0.order) in \($0.rounder.format)" }
        ?? first({ $0.rounder.isNearest && !$0.rounder.keepsSubnormals }) { "\($0.rounder.format) has no subnormal numbers" }
        ?? first({ $0.rounder.isNearest && $0.termBits <= 2 * $0.rounder.format.precision && $0.expansionRadius == nil }) {
          "\($0.rounder.format) has too few bits for an expansion of so many numbers"
        }
        ?? first({ products != nil && !$0.isFree }) { "rounded products can be smaller than the subnormal spacing of \($0.rounder.format)" }
    case .holdsTerms: return first({ !$0.holdsTerms }) { "terms of \($0.termBits) bits that \($0.rounder.format) cannot hold" }
    case .splitsTerms:
      return first({ $0.termBits > 2 * $0.rounder.format.precision }) {
        "terms of \($0.termBits) bits, more than 2p = \(2 * $0.rounder.format.precision)"
      }
    case .someStochastic:
      return problem.levels.contains { $0.rounder.rounding.isStochastic } ? nil : "no rounding is stochastic"
    case .allStochastic:
      return problem.levels.first { $0.rounder.rounding != .stochastic || $0.rounder.subnormals == .flush }.map {
        "\($0.rounder) does not round stochastically with unlimited bits"
      }
    case .someNearest: return problem.levels.contains { $0.rounder.isNearest } ? nil : "no rounding is to nearest"
    case .treeOfHeldTerms:
      return first({ $0.kind == .pairwise && !$0.holdsTerms }) { "pairwise sum of terms that \($0.rounder.format) cannot hold" }
    case .oneLevel: return sums.count == 1 ? nil : "\(sums.count) levels"
    case .severalLevels: return sums.count > 1 ? nil : "one level"
    case .gammaDefined:
      return first({ !($0.growth < Upward(1)) }) {
        "k u = \($0.depth) · \($0.rounder.relativeError.value.shortDescription) ≥ 1 in \($0.rounder.format)"
      }
    case .withinHalfReciprocal:
      return first({ Upward(0.5) < $0.growth }) {
        "k = \($0.depth) > 1/(2u) = \((0.5 / $0.rounder.relativeError.value).shortDescription) in \($0.rounder.format)"
      }
    case .noUnderflow: return first({ !$0.isFree }) { "terms can be smaller than the subnormal spacing of \($0.rounder.format)" }
    case .productsInTheSameFormat:
      guard let products else { return "products are not rounded" }
      return first({ $0.rounder.format != products.rounder.format }) {
        "products in \(products.rounder.format), sum in \($0.rounder.format)"
      }
    case .productsNotRounded: return products.map { "products are rounded to \($0.rounder.format)" }
    }
  }
}

extension Level {
  /// What kind of sum it is, in words.
  fileprivate var order: String {
    switch kind {
    case .products: "products"
    case .sequential: "sum in sequence"
    case .exact: "exact sum"
    case .pairwise: "pairwise sum"
    case .compensated(let compensation): "\(compensation) sum"
    case .block(let unit): "steps of \(unit.width) products"
    }
  }

  /// k u.
  var growth: Upward { Upward(depth) * rounder.relativeError }
}
