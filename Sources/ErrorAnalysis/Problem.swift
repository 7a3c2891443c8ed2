// SPDX-License-Identifier: Apache-2.0
// What a bound is asked about: a sum or dot product as a list of levels, and what was seen of one evaluation.

public import Accumulation
public import Formats

/// Numbers as bounds see them: multiples of `2^quantum` with at most `precision` significant bits.
public struct Grain: Hashable, Sendable {
  /// Significant bits at most.
  public let precision: Int
  /// q, the numbers being multiples of 2^q.
  public let quantum: Int
  /// Matrix units take a product's exponent from its factors, where a subnormal factor counts as if it had the smallest exponent: no larger
  /// than the product's own, or 2^exponent is at most this.
  let alignmentFloor: Dyadic
  /// Whether they are exact products.
  let areProducts: Bool

  /// The multiples of 2^quantum of at most `precision` significant bits.
  public init(precision: Int, quantum: Int) {
    self.init(precision: precision, quantum: quantum, alignmentFloor: .zero, areProducts: false)
  }

  private init(precision: Int, quantum: Int, alignmentFloor: Dyadic, areProducts: Bool) {
    (self.precision, self.quantum, self.alignmentFloor, self.areProducts) = (precision, quantum, alignmentFloor, areProducts)
  }

  /// The values of a format.
  public init(_ format: Format) { self.init(precision: format.precision, quantum: format.quantumExponent) }

  /// Exact products of the values of two formats.
  public static func products(_ a: Format, _ b: Format) -> Grain {
    func floor(_ a: Format, _ b: Format) -> Dyadic {
      a.minSubnormal == nil ? .zero : a.minNormal.map { .power($0.floorLog2 + max(b.maxFinite, b.minFinite.magnitude).floorLog2) } ?? .zero
    }
    return Grain(
      precision: a.precision + b.precision, quantum: a.quantumExponent + b.quantumExponent, alignmentFloor: max(floor(a, b), floor(b, a)),
      areProducts: true)
  }
}

/// One level of a summation, or the rounding of the products (level 0).
public struct Level: Hashable, Sendable {
  /// How the terms of a level are added: one by one, in a tree, exactly, with compensation, or in steps of a matrix unit. `products` stands for the
  /// rounding of products before any addition.
  public enum Kind: Hashable, Sendable {
    /// Products, rounded before they are added.
    case products
    /// Term by term.
    case sequential
    /// A balanced tree.
    case pairwise
    /// An exact sum that is rounded once.
    case exact
    /// A sum that makes up for its errors.
    case compensated(Compensation)
    /// Steps of a matrix unit.
    case block(BlockFMA)
  }

  /// How its terms are added.
  public let kind: Kind
  /// The rounding of its results.
  public let rounder: Rounder
  /// k: the most inexact roundings that a term of one sum passes through at this level.
  public let depth: Int
  /// Roundings at this level in the whole problem.
  public let roundings: Int
  /// Sums at this level in the whole problem; for rounded products, the products.
  public let sums: Int
  /// Terms of one sum at most.
  public let terms: Int
  /// Whether every number that is rounded here is a multiple of the format's quantum, subnormals kept: then nothing underflows.
  public let isFree: Bool
  /// Whether every term of a sum is itself a value of the level's format (range aside).
  public let holdsTerms: Bool
  /// Significant bits of a term.
  public let termBits: Int
  let alignmentFloor: Dyadic
  let areProducts: Bool

  init(
    _ kind: Kind, _ rounder: Rounder, _ grain: Grain, depth: Int, roundings: Int, sums: Int, terms: Int, holdsTerms: Bool? = nil,
    startsOffGrid: Bool = false
  ) {
    (self.kind, self.rounder, self.depth, self.roundings, self.sums, self.terms) = (kind, rounder, depth, roundings, sums, terms)
    isFree = grain.isFree(in: rounder) && !startsOffGrid
    self.holdsTerms = holdsTerms ?? grain.isHeld(by: rounder)
    (termBits, alignmentFloor, areProducts) = (grain.precision, grain.alignmentFloor, grain.areProducts)
  }
}

/// A sum of n terms, or a dot product of n pairs, carried out by a plan.
public struct Problem: Hashable, Sendable {
  /// n.
  public let count: Int
  /// Innermost first; rounded products are level 0.
  public let levels: [Level]
  /// Whether terms are products.
  public let isDotProduct: Bool
  /// The form of the problem as text, for messages.
  public let summary: String

  /// Σ xᵢyᵢ with x and y from formats; with `hasInitial`, c + Σ xᵢyᵢ with c from the plan's output format, and |c| part of A.
  public static func dot(_ x: Format, _ y: Format, _ dot: DotProduct, count: Int, hasInitial: Bool = false) -> Problem {
    var levels: [Level] = []
    var grain = Grain.products(x, y)
    if case .rounded(let rounder) = dot.product {
      levels.append(Level(.products, rounder, grain, depth: 1, roundings: count, sums: count, terms: 1, holdsTerms: false))
      grain = Grain(rounder.format)
    }
    append(dot.plan, count, sums: 1, grain, roundsLeaves: dot.product == .fused, hasInitial: hasInitial, to: &levels)
    return Problem(count: count, levels: levels, isDotProduct: true, summary: "\(count) products of \(x) and \(y) in \(dot.plan)")
  }

  /// Σ xᵢ with terms from a format.
  public static func sum(_ format: Format, _ plan: Plan, count: Int) -> Problem {
    var levels: [Level] = []
    append(plan, count, sums: 1, Grain(format), roundsLeaves: false, hasInitial: false, to: &levels)
    return Problem(count: count, levels: levels, isDotProduct: false, summary: "\(count) terms of \(format) in \(plan)")
  }

  /// Appends the levels of `sums` sums of up to n terms each and returns the grain of their results.
  @discardableResult
  private static func append(
    _ plan: Plan, _ n: Int, sums: Int, _ terms: Grain, roundsLeaves: Bool, hasInitial: Bool, to levels: inout [Level]
  ) -> Grain {
    switch plan {
    case .sequential(let rounder):
      // From +0 the first addition only rounds the first term.
      let isHeld = terms.isHeld(by: rounder)
      let depth = max(0, isHeld && !hasInitial ? n - 1 : n)
      levels.append(Level(.sequential, rounder, terms, depth: depth, roundings: sums * depth, sums: sums, terms: n))
      return Grain(rounder.format)
    case .pairwise(let rounder, let leaf):
      let isHeld = terms.isHeld(by: rounder)
      let leaves = (n + leaf - 1) / leaf
      let height = leaves < 2 ? 0 : Int.bitWidth - (leaves - 1).leadingZeroBitCount
      // Bare terms meet their first rounding in the tree itself, unless there is no tree.
      let isBare = leaf == 1 && !roundsLeaves && n != 1
      let leafDepth = isBare ? 0 : max(0, min(leaf, n) - (isHeld ? 1 : 0))
      let inLeaves = isBare ? 0 : max(0, isHeld ? n - leaves : n)
      levels.append(Level(
        .pairwise, rounder, terms, depth: leafDepth + height + (hasInitial ? 1 : 0),
        roundings: sums * (inLeaves + max(0, leaves - 1)) + (hasInitial ? 1 : 0), sums: sums, terms: n))
      return Grain(rounder.format)
    case .chunked(let count, let inner, let outer):
      let chunks = (n + count - 1) / count
      let grain = append(inner, min(count, n), sums: sums * chunks, terms, roundsLeaves: roundsLeaves, hasInitial: false, to: &levels)
      return append(outer, chunks, sums: sums, grain, roundsLeaves: false, hasInitial: hasInitial, to: &levels)
    case .strided(let lanes, let inner, let outer):
      let count = min(lanes, n)
      let grain = append(
        inner, count == 0 ? 0 : (n + lanes - 1) / lanes, sums: sums * count, terms, roundsLeaves: roundsLeaves, hasInitial: false, to: &levels)
      return append(outer, count, sums: sums, grain, roundsLeaves: false, hasInitial: hasInitial, to: &levels)
    case .exact(let rounder):
      let depth = n == 0 || n == 1 && !hasInitial && terms.isHeld(by: rounder) ? 0 : 1
      levels.append(Level(.exact, rounder, terms, depth: depth, roundings: sums * depth, sums: sums, terms: n))
      return Grain(rounder.format)
    case .compensated(let compensation, let rounder):
      // Additions to the leading sum that can be inexact.
      let depth = terms.isHeld(by: rounder) && !hasInitial ? max(0, n - 1) : n
      levels.append(Level(.compensated(compensation), rounder, terms, depth: depth, roundings: sums * depth, sums: sums, terms: n))
      return Grain(rounder.format)
    case .block(let unit):
      let spans = n / (unit.width * unit.interleaving), rest = n % (unit.width * unit.interleaving)
      let steps = spans * unit.interleaving + min(unit.interleaving, rest)
      // A starting value comes from the output's format, which can be finer than a step's; only alignment cuts it to the step's grid.
      let startsOffGrid = hasInitial && unit.addend == .late && unit.rounder != unit.output
      levels.append(Level(
        .block(unit), unit.rounder, terms, depth: steps, roundings: sums * steps, sums: sums, terms: n, startsOffGrid: startsOffGrid))
      if unit.addend == .apart && hasInitial {
        levels.append(Level(.sequential, unit.separate, Grain(unit.output.format), depth: 1, roundings: 1, sums: 1, terms: 2))
      }
      return Grain(unit.output.format)
    }
  }
}

extension Grain {
  /// Whether every number of this grain is a value of the rounder's format, range aside.
  func isHeld(by rounder: Rounder) -> Bool {
    isFree(in: rounder) && (!rounder.format.isFloating || precision <= rounder.format.precision)
  }

  /// Whether sums of numbers of this grain and values of the format never have bits below the format's quantum.
  func isFree(in rounder: Rounder) -> Bool { quantum >= rounder.format.quantumExponent && rounder.keepsSubnormals }
}
