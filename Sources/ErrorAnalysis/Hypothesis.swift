// SPDX-License-Identifier: Apache-2.0
// What must hold for a bound to be true, in words and as a check.

internal import Accumulation
internal import Formats

/// Something that must hold of a problem for a bound to be true.
public enum Hypothesis: String, Sendable, CaseIterable {
  case noOverflow
  case notTapered
  case floatingPoint
  case fixedPoint
  case nearest
  case sequential
  case ordinary
  case uncompensated
  case block
  case treeOfHeldTerms
  case oneLevel
  case severalLevels
  case gammaDefined
  case withinHalfReciprocal
  case noUnderflow
  case productsInTheSameFormat
  case productsNotRounded

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
    case .sequential: return first({ $0.kind != .sequential }) { "\($0.order) in \($0.rounder.format)" }
    case .ordinary:
      return first({ $0.kind != .sequential && $0.kind != .pairwise }) { "\($0.order) in \($0.rounder.format)" }
    case .block:
      return first({ if case .block = $0.kind { false } else { true } }) { "\($0.order) in \($0.rounder.format)" }
    case .uncompensated:
      return first({ if case .compensated = $0.kind { true } else { false } }) { "\($0.order) in \($0.rounder.format)" }
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
    case .pairwise: "pairwise sum"
    case .compensated(let compensation): "\(compensation) sum"
    case .block(let unit): "steps of \(unit.width) products"
    }
  }

  /// k u.
  var growth: Upward { Upward(depth) * rounder.relativeError }
}
