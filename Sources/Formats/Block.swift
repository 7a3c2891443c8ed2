// SPDX-License-Identifier: Apache-2.0
// Numbers that share one scale, one by one exact: the blocks of IEEE P3109.

/// A block of numbers: the values s·x₁, …, s·x_n of one scale s and elements xᵢ, products in the extended reals.
///
/// A NaN among scale and element makes a value NaN, and so does 0 · ∞; −0 counts as 0 with a sign, as in IEEE 754. So a block whose
/// scale is NaN is NaN throughout, and one whose scale is ∞ is so at its zeros.
public struct Block: Hashable, Sendable {
  /// s.
  public let scale: Value
  /// x₁ … x_n.
  public let elements: [Value]

  /// The block of scale s and elements x₁ … x_n; it stands for the numbers s·xᵢ.
  public init(scale: Value, _ elements: [Value]) { (self.scale, self.elements) = (scale, elements) }
}

extension Block {
  /// The values s·xᵢ, exact. Traps above 127 bits.
  public var values: [Value] { elements.map { Extended.product(scale, $0) } }

  /// The block of scale s whose elements are xᵢ / s, each rounded once (ConvertToBlock).
  ///
  /// A scale of 0 or NaN makes every element NaN; a quotient of infinities is NaN.
  ///
  /// - Random: element i takes draw i of `random` in a stochastic mode.
  public init(of values: [Value], scale: Value, _ rounder: Rounder, random: RandomStream? = nil) {
    self.init(scale: scale, values.enumerated().map { i, x in rounder.round(Extended(x).divided(by: scale), draw: random?.draw(i)).value })
  }

  /// The block whose scale follows from the largest finite magnitude M of the values: M / Ω rounded by `scaling`, where Ω is the
  /// largest element (after ConvertToBlockMaxAbsFinite; of values that are all 0 or not finite, what 0 is rounded to).
  public init(of values: [Value], scaling: Rounder, _ rounder: Rounder, random: RandomStream? = nil) {
    let largest = values.compactMap(\.dyadic?.magnitude).max() ?? .zero
    let quotient = largest.isZero ? Unrounded(.zero) : Unrounded.quotient(largest, rounder.format.maxFinite)
    self.init(of: values, scale: scaling.round(quotient).value, rounder, random: random)
  }

  /// The values s·xᵢ, each rounded once (ConvertFromBlock).
  public func rounded(_ rounder: Rounder, random: RandomStream? = nil) -> [Rounded] {
    values.enumerated().map { i, x in rounder.round(x, draw: random?.draw(i)) }
  }
}

extension Extended {
  /// The quotient by a scale, exact or cut with a sticky bit; NaN where the scale is 0 or NaN, and for ∞/∞.
  ///
  /// A number that was cut must have two bits more than the product of the scale and a value of the format that the quotient is
  /// rounded to: then it lies on the same side of every such product as the number that it was cut from.
  public func divided(by scale: Value) -> Extended {
    switch (self, scale) {
    case (.nan, _), (_, .nan), (.infinity, .infinity): return .nan
    case (_, .finite(let s)) where s.isZero: return .nan
    case (_, .negativeZero): return .nan
    case (.infinity(let negative), .finite(let s)): return .infinity(negative: negative != s.isNegative)
    case (.finite(let x), .infinity(let negative)):
      return .finite(Unrounded(isNegative: x.isNegative != negative, magnitude: 0, exponent: 0))
    case (.finite(let x), .finite(let s)):
      if x.magnitude == 0 {
        return .finite(Unrounded(isNegative: x.isNegative != s.isNegative, magnitude: 0, exponent: 0, isSticky: x.isSticky))
      }
      let shift = x.magnitude.leadingZeroBitCount == 0 ? 1 : 0
      let isCut = x.isSticky || shift == 1 && x.magnitude & 1 == 1
      let number = Dyadic(Int128(x.magnitude >> UInt128(shift)), exponent: x.exponent + shift)
      let q = Unrounded.quotient(x.isNegative ? -number : number, s)
      return .finite(Unrounded(isNegative: q.isNegative, magnitude: q.magnitude, exponent: q.exponent, isSticky: q.isSticky || isCut))
    }
  }
}
