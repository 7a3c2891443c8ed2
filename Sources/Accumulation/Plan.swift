// SPDX-License-Identifier: Apache-2.0
// How a long sum is carried out: order, formats and roundings, as one tree.

public import Formats

/// The way a sum of n terms is carried out.
///
/// One tree with many readers: evaluation, counting, text, bounds. Their switches are exhaustive, so that the compiler lists
/// what a new scheme still needs.
public indirect enum Plan: Hashable, Sendable {
  /// s ← fl(s + xᵢ), i = 1 … n, from s = +0.
  case sequential(Rounder)

  /// A balanced binary tree over leaves of `leaf` terms each, every leaf summed sequentially. Ranges are halved with the
  /// larger half, in whole leaves, on the left.
  case pairwise(Rounder, leaf: Int)

  /// Chunks of `count` consecutive terms (the last may be shorter), each summed by `inner`; their results are the terms of
  /// `outer`. Nested chunks are a hierarchical accumulator such as FP8 → FP16 → FP32.
  case chunked(Int, inner: Plan, outer: Plan)

  /// Lanes side by side: lane j sums terms j, j + lanes, j + 2 lanes, … by `inner`; the results of those that have terms are the terms of
  /// `outer`. So vector units add.
  case strided(Int, inner: Plan, outer: Plan)

  /// A sum that makes up for its rounding errors.
  case compensated(Compensation, Rounder)

  /// Groups of products added in one step, as matrix units do.
  case block(BlockFMA)

  /// The exact sum, rounded once (Kulisch).
  case exact(Rounder)
}

extension Plan {
  /// The rounder that the result comes from.
  public var output: Rounder {
    switch self {
    case .sequential(let rounder), .pairwise(let rounder, _), .compensated(_, let rounder), .exact(let rounder): rounder
    case .chunked(_, _, let outer), .strided(_, _, let outer): outer.output
    case .block(let unit): unit.output
    }
  }

  /// Every rounder, innermost level first.
  public var rounders: [Rounder] {
    switch self {
    case .sequential(let rounder), .pairwise(let rounder, _), .compensated(_, let rounder), .exact(let rounder): [rounder]
    case .chunked(_, let inner, let outer), .strided(_, let inner, let outer): inner.rounders + outer.rounders
    case .block(let unit): [unit.rounder]
    }
  }

  /// Whether some sum of it makes up for its errors.
  public var isCompensated: Bool {
    switch self {
    case .sequential, .pairwise, .block, .exact: false
    case .compensated: true
    case .chunked(_, let inner, let outer), .strided(_, let inner, let outer): inner.isCompensated || outer.isCompensated
    }
  }

  /// The matrix units in it.
  public var matrixUnits: [MatrixUnit] {
    if let unit = MatrixUnit.catalogue.first(where: { $0.plan == self }) { return [unit] }
    switch self {
    case .sequential, .pairwise, .block, .exact, .compensated: return []
    case .chunked(_, let inner, let outer), .strided(_, let inner, let outer): return inner.matrixUnits + outer.matrixUnits
    }
  }

  /// Whether some rounding of it draws random bits.
  public var isStochastic: Bool { rounders.contains { $0.rounding.isStochastic } }

  /// Levels at which terms are summed.
  public var levelCount: Int { rounders.count }
}

/// What happens to each product xᵢyᵢ before it is added.
public enum Product: Hashable, Sendable {
  /// Products enter their first addition exactly.
  case exact
  /// Products are rounded to a format of their own.
  case rounded(Rounder)
  /// Every accumulation is fl(xᵢyᵢ + s). The same numbers as `exact` in a sequential sum; a leaf of one term of a pairwise sum is
  /// rounded first, since the accumulator can hold nothing else.
  case fused
}

/// A dot product Σ xᵢyᵢ: what happens to the products, and how they are summed.
public struct DotProduct: Hashable, Sendable {
  /// What happens to xᵢyᵢ before it is added.
  public let product: Product
  /// How the products are summed.
  public let plan: Plan
  /// The smallest exponent of a factor: subnormal numbers have it too. Only the alignment of matrix units asks for it.
  public let lowestFactorExponent: Int

  /// - Parameter factors: the format of x and y; without it, matrix units take every number for a normal one.
  public init(_ plan: Plan, product: Product = .exact, factors: Format? = nil) {
    self.plan = plan
    self.product = product
    lowestFactorExponent = factors?.minNormal?.floorLog2 ?? Int.min / 2
  }

  /// Whether some rounding, of products or sums, draws random bits.
  public var isStochastic: Bool {
    if case .rounded(let rounder) = product, rounder.rounding.isStochastic { return true }
    return plan.isStochastic
  }

  /// Bits of a significand up to which exact products stay within ``Dyadic``.
  public static let largestPrecision = 63
}

extension Product {
  /// What the multiplier that a format's name asks for does with the product of two of its values: `cfg1` rounds it to nearest in the
  /// format, `cfg2` also flushes subnormal products, and all others, or none, have an output long enough for all its bits.
  public init(multiplierOf format: Format) {
    guard let multiplier = format.multiplier, multiplier.roundsProducts else {
      self = .exact
      return
    }
    do {
      self = .rounded(try Rounder(to: format.withoutMultiplier, subnormals: multiplier == .cfg2 ? .flush : .keep))
    } catch { preconditionFailure("a format with a multiplier has subnormals: \(error)") }
  }
}
