// SPDX-License-Identifier: Apache-2.0
// Correct rounding of MPFR results to fixed point: integers of a scaled number, saturated or wrapped.

public import CMPFR
public import Formats

/// Rounds the result of an MPFR function to a fixed-point format of at most 64 bits.
///
/// The result, cut towards zero at 320 bits, is scaled to units of the last place; its integer part, the side of its fraction
/// against one half, and whether anything was cut decide. Wrapping takes the integer modulo 2^width.
public struct FixedOracle: Sendable {
  public let format: Format
  private let fixed: Format.Fixed

  public init(_ format: Format) {
    guard case .fixed(let f) = format.encoding else { preconditionFailure("\(format) is not fixed-point") }
    self.format = format
    fixed = f
  }

  public func round(_ rounding: Rounding, _ overflow: Overflow, _ function: MPFROracle.Function) -> Value {
    precondition(!rounding.isStochastic, "a stochastic mode has no single correct result")
    return roundStochastically(rounding, overflow, isBelow: { _ in false }, function)
  }

  /// As ``MPFROracle/roundStochastically(_:_:isBelow:_:)``.
  public func roundStochastically(_ rounding: Rounding, _ overflow: Overflow, isBelow: (Real) -> Bool, _ function: MPFROracle.Function) -> Value {
    let x = Real(precision: 320)
    let wasCut = function(x.raw, MPFR_RNDZ) != 0
    if x.isNaN { return .nan }
    if x.isInfinite { return infiniteResult(format, overflow, isNegative: x.isNegative) }
    mpfr_mul_2si(x.raw, x.raw, fixed.fractionBits, MPFR_RNDN)
    let (whole, rest) = (Real(precision: 320), Real(precision: 320))
    mpfr_trunc(whole.raw, x.raw)
    mpfr_sub(rest.raw, x.raw, whole.raw, MPFR_RNDN)
    mpfr_abs(rest.raw, rest.raw, MPFR_RNDN)
    guard let inner = whole.value.dyadic?.integer(inUnitsOf: 0) else { return .nan }
    var integer = inner
    if wasCut || !rest.isZero {
      let side = mpfr_cmp_d(rest.raw, 0.5) == 0 ? (wasCut ? 1 : 0) : Int(mpfr_cmp_d(rest.raw, 0.5))
      let isOdd = inner & 1 == 1
      let goesOut =
        switch rounding {
        case .nearestEven: side > 0 || side == 0 && isOdd
        case .nearestAway: side >= 0
        case .nearestZero: side > 0
        case .towardZero: false
        case .up: !x.isNegative
        case .down: x.isNegative
        case .toOdd: !isOdd
        case .stochastic, .stochasticBits: isBelow(rest)
        }
      if goesOut { integer += x.isNegative ? -1 : 1 }
    }
    return .finite(Dyadic(inRange(integer, overflow), exponent: -fixed.fractionBits))
  }

  private func inRange(_ integer: Int128, _ overflow: Overflow) -> Int128 {
    let count: Int128 = 1 << Int128(format.width)
    let least = fixed.isSigned ? -count / 2 : 0
    if overflow == .wrap {
      let residue = (integer - least) % count
      return least + (residue < 0 ? residue + count : residue)
    }
    return min(max(integer, least), least + count - 1)
  }
}
