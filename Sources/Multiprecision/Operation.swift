// SPDX-License-Identifier: Apache-2.0
// Elementary operations, exact or cut towards zero with a sticky bit, ready for one rounding into any format.

internal import CMPFR
public import Formats

/// An operation on values of formats, evaluated through MPFR.
///
/// A result is either exact or cut towards zero at a precision with the information that something was cut: rounding to odd.
/// One rounding into a format then gives the correctly rounded operation, in every mode (Boldo and Melquiond,
/// "Emulation of FMA and correctly rounded sums", IEEE Trans. Comput. 57(4), 2008).
///
/// These are the scalar operations of IEEE P3109, and activation functions. Operand counts, formulas and other names stand in one
/// table, the entries of `Operation+Names.swift`.
public enum Operation: String, CaseIterable, Sendable {
  /// x + y, x − y, x y, x / y, √x, x y + z, x + y + z, 1/x, 1/√x, √(x² + y²).
  case add, sub, mul, div, sqrt, fma, faa, recip, rsqrt, hypot
  /// −x, |x|, |x| with the sign of y, x itself.
  case neg, abs, copysign, convert
  /// e^x, 2^x, e^x − 1, log x, log₂ x, log(1 + x).
  case exp, exp2, expm1, log, log2, log1p
  /// Angles in radians; `atan2` is the angle of (y, x).
  case sin, cos, tan, asin, acos, atan, atan2
  /// The same with angles in units of π.
  case sinpi, cospi, tanpi, asinpi, acospi, atanpi, atan2pi
  /// Hyperbolic functions and their inverses.
  case sinh, cosh, tanh, asinh, acosh, atanh
  /// 1/(1 + e^-x), log(1 + e^x), x Φ(x), x/(1 + e^-x), and the error function.
  case sigmoid, softplus, gelu, swish, erf
  /// The smaller or larger operand: NaN wins; a number wins over NaN (`Number`); a finite one over all others (`Finite`).
  case minimum, maximum, minimumNumber, maximumNumber, minimumFinite, maximumFinite
  /// The operand of smaller or larger magnitude, NaN as above; x limited to the range from y to z.
  case minimumMagnitude, maximumMagnitude, minimumMagnitudeNumber, maximumMagnitudeNumber, clamp

  /// The result cut towards zero to `precision` bits, and whether anything was cut. Operations that select an operand give it whole.
  ///
  /// Zeros, infinities and NaN follow IEEE 754, with one exception: an operand that is NaN makes every result NaN, also
  /// hypot(∞, NaN), as in P3109, but for the `Number` and `Finite` minima and maxima. Functions take their limits at infinity,
  /// with the sign of the side they come from: gelu(−∞) = swish(−∞) = −0.
  ///
  /// - Parameter rounding: the mode of the rounding to come, which decides the sign of an exact zero sum.
  /// - Parameter convention: whose rules hold at poles.
  public func evaluate(
    _ x: [Value], precision: Int, rounding: Rounding = .nearestEven, convention: Convention = .ieee754
  ) -> (result: BigFloat, isInexact: Bool) {
    precondition(x.count == arity, "\(self) takes \(arity) operands")
    if let special = special(x, convention) { return (BigFloat(special), false) }
    let method = method
    switch method {
    case .selection(let select): return (BigFloat(select(x)), false)
    case .enclosure(let evaluate): return evaluate(x[0], precision)
    case .unary, .binary, .ternary: break
    }
    let operands = x.map { BigFloat($0) }
    let (result, ternary) = BigFloat.compute(precision: precision, .towardZero) { method.apply($0, operands, $1) }
    if result.isZero && ternary == 0 && rounding == .down && [.add, .sub, .fma, .faa].contains(self) {
      // Only here does the sign of a zero depend on the direction.
      return (BigFloat.compute(precision: 2, .down) { method.apply($0, operands, $1) }.result, false)
    }
    return (result, ternary != 0)
  }

  /// The result as the rounder takes it.
  public func extended(_ x: [Value], rounding: Rounding = .nearestEven, convention: Convention = .ieee754) -> Extended {
    let (result, isInexact) = evaluate(x, precision: 128, rounding: rounding, convention: convention)
    return result.extended(ternary: isInexact ? 1 : 0)
  }

  /// The correctly rounded operation.
  public func callAsFunction(_ x: [Value], _ rounder: Rounder, draw: Draw? = nil, convention: Convention = .ieee754) -> Rounded {
    rounder.round(extended(x, rounding: rounder.rounding, convention: convention), draw: draw)
  }
}
