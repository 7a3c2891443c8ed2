// SPDX-License-Identifier: Apache-2.0
// Sums and dot products of scaled blocks, exact up to one rounding.

public import Formats

extension Block {
  /// The dot product Σ (s xᵢ)(t yᵢ) of two blocks (BlockDotProduct of P3109), where every product and the sum are exact.
  ///
  /// - Shape: blocks of equal length n ≥ 0; n = 0 gives +0. Significands of at most ``DotProduct/largestPrecision`` bits.
  /// - Rounding: one, by `rounder`. A NaN among the terms makes the result NaN, and so do infinities of both signs; a sum that is
  ///   exactly zero is +0, or −0 if all terms are, or if they are not all +0 and the rounding is towards −∞.
  /// - Random: `draw` for a stochastic mode.
  /// - Complexity: O(n) additions to a window of exact bits that spans the terms.
  /// - Source: IEEE P3109, block operations.
  public static func dotProduct(_ x: Block, _ y: Block, _ rounder: Rounder, draw: Draw? = nil) -> Rounded {
    precondition(x.elements.count == y.elements.count, "blocks of lengths \(x.elements.count) and \(y.elements.count)")
    // The special values are those of the blocks' own values; the numbers need only one multiplication by both scales.
    let terms = zip(x.elements, y.elements).map { a, b in
      Term(kind: Extended.product(special(x.scale, a), special(y.scale, b)), Extended.product(a, b))
    }
    let scale = Extended.product(x.scale, y.scale).dyadic ?? .zero
    return rounder.round(sum(terms, scale: scale, rounder.rounding), draw: draw)
  }

  /// The sum Σ s xᵢ of a block's values (BlockReduceAdd of P3109). Rounding, zeros and special values as in
  /// ``dotProduct(_:_:_:draw:)``.
  public func reduceAdd(_ rounder: Rounder, draw: Draw? = nil) -> Rounded {
    let terms = elements.map { Block.Term(kind: Block.special(scale, $0), $0) }
    return rounder.round(Block.sum(terms, scale: scale.dyadic ?? .zero, rounder.rounding), draw: draw)
  }

  /// A term of a sum: its sign and class, as the kind of number it is, and its value over the common scale.
  private struct Term {
    let kind: Value
    let number: Dyadic

    init(kind: Value, _ value: Value) { (self.kind, number) = (kind, value.dyadic ?? .zero) }
  }

  /// s·x with the magnitude of a finite nonzero product left out: NaN, ±∞, ±0 or ±1. Small enough for any number of products.
  private static func special(_ scale: Value, _ x: Value) -> Value { Extended.product(scale.sign, x.sign) }

  /// scale · Σ numbers, where the kinds say what is not finite or is zero.
  private static func sum(_ terms: [Term], scale: Dyadic, _ rounding: Rounding) -> Extended {
    let kinds = Set(terms.map(\.kind))
    if let special = Extended.special(kinds) { return special }
    let numbers = terms.map(\.number).filter { !$0.isZero }
    let zero = Extended.zeroSum(kinds, rounding)
    guard !scale.isZero, let lowest = numbers.map(\.exponent).min(), let highest = numbers.map(\.floorLog2).max() else { return zero }
    var sum = ExactSum(lowest: lowest + scale.exponent, highest: highest + scale.floorLog2 + 2)
    for number in numbers { sum.add(number, times: scale) }
    return sum.isZero ? zero : .finite(sum.unrounded)
  }
}

extension ExactSum {
  /// Adds a·b: factors of up to 127 bits are cut in halves until their products fit.
  fileprivate mutating func add(_ a: Dyadic, times b: Dyadic) {
    if a.width + b.width <= 127 {
      self += a * b
    } else if a.width < b.width {
      add(b, times: a)
    } else {
      let half = Int128(a.width / 2)
      let low = a.significand & ((1 << half) - 1)
      add(Dyadic(a.significand >> half, exponent: a.exponent + Int(half)), times: b)
      if low != 0 { add(Dyadic(low, exponent: a.exponent), times: b) }
    }
  }
}

extension Dyadic {
  /// Bits of the significand.
  fileprivate var width: Int { 128 - significand.magnitude.leadingZeroBitCount }
}
