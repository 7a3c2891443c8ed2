// SPDX-License-Identifier: Apache-2.0
// Correct rounding by MPFR with the format's own precision and exponent range: the second oracle.

public import CMPFR
public import Formats

/// Rounds the result of an MPFR function to a format.
///
/// The function is evaluated at the format's precision with MPFR's usual, wide range; then MPFR's exponent range becomes the
/// format's, and `mpfr_check_range` and `mpfr_subnormalize` finish with the ternary value, as MPFR's manual prescribes.
/// MPFR writes significands in [1/2, 1): its exponents are greater by one than ⌊log₂⌋, and 2^emin-p+1, the smallest
/// subnormal number, has the exponent emin − p + 2.
///
/// MPFR itself rounds rne, rz, ru, rd. The other modes choose between the results of rz and of rounding away from zero, by the
/// exact side of their middle. With one bit MPFR breaks ties by another rule than the parity of codes; that takes this way too.
///
/// MPFR's own overflow is IEEE's and is used as it is in IEEE-style formats under the policy `ieee`. All others get one binade
/// more than they have, and what then lies beyond their largest value overflows as the policy says.
public struct MPFROracle: Sendable {
  public typealias Function = (UnsafeMutablePointer<__mpfr_struct>, mpfr_rnd_t) -> Int32

  public let format: Format
  let floating: Format.Floating
  let subnormals: Subnormals
  private let maxFinite: Dyadic
  private let top: Int

  /// An oracle for a floating-point format; fixed point has ``FixedOracle``.
  public init(_ format: Format, subnormals: Subnormals = .keep) {
    guard case .floating(let f) = format.encoding else { preconditionFailure("\(format) is not floating-point") }
    self.format = format
    floating = f
    self.subnormals = subnormals
    maxFinite = format.maxFinite
    top = maxFinite.isZero ? 1 - f.bias : maxFinite.floorLog2
  }

  private var precision: Int { floating.fractionBits + 1 }
  private var emin: Int { (floating.hasZero ? 1 : 0) - floating.bias }

  public func round(_ rounding: Rounding, _ overflow: Overflow, _ function: Function) -> Value {
    let isNative = overflow == .ieee && floating.specials == .ieee && floating.isSigned && floating.exponentBits > 1
    let chosen: Result
    switch rounding {
    case .nearestEven where precision > 1: chosen = evaluate(MPFR_RNDN, isNative, function)
    case .towardZero: chosen = evaluate(MPFR_RNDZ, isNative, function)
    case .up: chosen = evaluate(MPFR_RNDU, isNative, function)
    case .down: chosen = evaluate(MPFR_RNDD, isNative, function)
    default:
      let inner = evaluate(MPFR_RNDZ, false, function)
      let outer = evaluate(MPFR_RNDA, false, function)
      let isExact = mpfr_equal_p(inner.number.raw, outer.number.raw) != 0 || inner.number.isNaN
      chosen = isExact || !goesOut(rounding, inner.number, outer.number, function) ? inner : outer
    }
    return settle(chosen, rounding, overflow)
  }

  /// The result of a stochastic mode: the neighbour away from zero exactly when `isBelow(f)`, where f is the exact fraction of
  /// the gap, so that a test decides by its own reading of the random bits.
  public func roundStochastically(_ rounding: Rounding, _ overflow: Overflow, isBelow: (Real) -> Bool, _ function: Function) -> Value {
    let inner = evaluate(MPFR_RNDZ, false, function)
    let outer = evaluate(MPFR_RNDA, false, function)
    if mpfr_equal_p(inner.number.raw, outer.number.raw) != 0 || inner.number.isNaN || outer.number.isInfinite {
      return settle(inner, rounding, overflow)
    }
    let exact = Real(precision: 2000, function)
    let part = Real(precision: 2000) { mpfr_sub($0, exact.raw, inner.number.raw, $1) }
    let gap = Real(precision: 2000) { mpfr_sub($0, outer.number.raw, inner.number.raw, $1) }
    let fraction = Real(precision: 2000) { mpfr_div($0, part.raw, gap.raw, $1) }
    return settle(isBelow(fraction) ? outer : inner, rounding, overflow)
  }

  private struct Result {
    let number: Real
    /// An infinity that the function returned, and not an overflow.
    let isExactInfinity: Bool
  }

  /// The result at the format's precision and in its range, with one binade more at the top unless `isNative`.
  private func evaluate(_ mode: mpfr_rnd_t, _ isNative: Bool, _ function: Function) -> Result {
    let z = Real(precision: precision)
    let ternary = function(z.raw, mode)
    if z.isInfinite && ternary == 0 { return Result(number: z, isExactInfinity: true) }
    let (low, high) = (mpfr_get_emin(), mpfr_get_emax())
    defer {
      mpfr_set_emin(low)
      mpfr_set_emax(high)
    }
    let keeps = floating.hasSubnormals && subnormals == .keep
    if subnormals == .keep { mpfr_set_emin(keeps ? emin - precision + 2 : emin + 1) }
    mpfr_set_emax(max(top, emin) + (isNative ? 1 : 2))
    let checked = mpfr_check_range(z.raw, ternary, mode)
    if keeps { mpfr_subnormalize(z.raw, checked, mode) }
    return Result(number: z, isExactInfinity: false)
  }

  private func goesOut(_ rounding: Rounding, _ inner: Real, _ outer: Real, _ function: Function) -> Bool {
    // Both are beyond the range: the choice makes no difference.
    if outer.isInfinite { return true }
    if rounding == .toOdd { return !isOdd(inner) }
    let middle = Real(precision: 256) { mpfr_add($0, inner.raw, outer.raw, $1) }
    mpfr_div_2ui(middle.raw, middle.raw, 1, MPFR_RNDN)
    // Cut towards zero, the result is below a number of fewer bits exactly when the exact one is.
    let cut = Real(precision: 256)
    let ternary = function(cut.raw, MPFR_RNDZ)
    var side = Int(mpfr_cmpabs(cut.raw, middle.raw))
    if side == 0 && ternary != 0 { side = 1 }
    if side != 0 { return side > 0 }
    switch rounding {
    case .nearestAway: return true
    case .nearestZero: return false
    default: return isOdd(inner)
    }
  }

  /// The parity of the code: of the significand in units of its last place; with one bit, of the exponent field.
  private func isOdd(_ x: Real) -> Bool {
    if x.isZero { return false }
    if precision == 1 { return (x.floorLog2 + floating.bias) & 1 != 0 }
    let isSubnormal = floating.hasSubnormals && subnormals == .keep && x.floorLog2 < emin
    let unit = (isSubnormal ? emin : x.floorLog2) - precision + 1
    let half = Real(precision: precision)
    mpfr_mul_2si(half.raw, x.raw, -unit - 1, MPFR_RNDN)
    return mpfr_integer_p(half.raw) == 0
  }

  private func settle(_ result: Result, _ rounding: Rounding, _ overflow: Overflow) -> Value {
    switch result.number.value {
    case .nan: return .nan
    case .infinity(let negative):
      return result.isExactInfinity
        ? infiniteResult(format, overflow, isNegative: negative)
        : overflowResult(format, rounding, overflow, isNegative: negative)
    case .finite(let x) where !x.isZero:
      if subnormals == .flush && x.floorLog2 < emin { return zero(x.isNegative) }
      if x.magnitude > maxFinite || (x.isNegative && !floating.isSigned) {
        return overflowResult(format, rounding, overflow, isNegative: x.isNegative)
      }
      return .finite(x)
    case let zeroValue: return zero(zeroValue.isNegative)
    }
  }

  private func zero(_ isNegative: Bool) -> Value {
    guard floating.hasZero else { return .finite(format.minFinite) }
    return isNegative && format.hasNegativeZero ? .negativeZero : .zero
  }
}
