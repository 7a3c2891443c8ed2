// SPDX-License-Identifier: Apache-2.0
// The four operations as the oracles see them: MPFR functions, exact comparisons, and IEEE 754's special cases.

internal import CMPFR
public import Formats

/// + − × ÷ on values of formats.
public enum Arithmetic: String, CaseIterable, Sendable {
  case add, sub, mul, div

  /// The operation as a function of MPFR.
  public func function(_ x: Real, _ y: Real) -> MPFROracle.Function {
    switch self {
    case .add: { mpfr_add($0, x.raw, y.raw, $1) }
    case .sub: { mpfr_sub($0, x.raw, y.raw, $1) }
    case .mul: { mpfr_mul($0, x.raw, y.raw, $1) }
    case .div: { mpfr_div($0, x.raw, y.raw, $1) }
    }
  }

  /// A result that needs no rounding (infinity, NaN or zero, by IEEE 754 section 6), or `nil` for a finite nonzero one.
  public func special(_ x: Value, _ y: Value, _ rounding: Rounding) -> Value? {
    if x == .nan || y == .nan { return .nan }
    let isNegative = x.isNegative != y.isNegative
    switch self {
    case .sub: return Arithmetic.add.special(x, -y, rounding)
    case .add:
      if !x.isFinite && !y.isFinite { return x == y ? x : .nan }
      if !x.isFinite { return x }
      if !y.isFinite { return y }
      guard let a = x.dyadic, let b = y.dyadic, a == -b else { return nil }
      // Like-signed zeros keep their sign; every other zero sum is +0, or −0 when rounding down.
      if a.isZero && x.isNegative == y.isNegative { return x }
      return rounding == .down ? .negativeZero : .zero
    case .mul:
      if !x.isFinite || !y.isFinite { return x.isZero || y.isZero ? .nan : .infinity(negative: isNegative) }
      return x.isZero || y.isZero ? (isNegative ? .negativeZero : .zero) : nil
    case .div:
      if !x.isFinite { return y.isFinite ? .infinity(negative: isNegative) : .nan }
      if !y.isFinite { return isNegative ? .negativeZero : .zero }
      if y.isZero { return x.isZero ? .nan : .infinity(negative: isNegative) }
      return x.isZero ? (isNegative ? .negativeZero : .zero) : nil
    }
  }

  /// The sign of a finite nonzero result, and v ↦ the sign of (v − result), by exact comparisons.
  public func exact(_ x: Dyadic, _ y: Dyadic) -> (isNegative: Bool, compare: (Dyadic) -> Int) {
    switch self {
    case .add, .sub, .mul:
      let result = self == .add ? x + y : self == .sub ? x - y : x * y
      return (result.isNegative, { $0 < result ? -1 : $0 == result ? 0 : 1 })
    case .div:
      // v − x/y has the sign of v y − x, turned round when y is negative.
      return (x.isNegative != y.isNegative, { v in
        let product = v * y
        let sign = product < x ? -1 : product == x ? 0 : 1
        return y.isNegative ? -sign : sign
      })
    }
  }
}
