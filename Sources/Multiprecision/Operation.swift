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
  /// x + y.
  case add
  /// x - y.
  case sub
  /// x y.
  case mul
  /// x / y.
  case div
  /// √x.
  case sqrt
  /// x y + z, one rounding.
  case fma
  /// x + y + z, one rounding.
  case faa
  /// 1 / x.
  case recip
  /// 1 / √x.
  case rsqrt
  /// √(x² + y²).
  case hypot
  /// -x.
  case neg
  /// |x|.
  case abs
  /// |x| with the sign of y.
  case copysign
  /// x.
  case convert
  /// e^x.
  case exp
  /// 2^x.
  case exp2
  /// e^x - 1.
  case expm1
  /// ln x.
  case log
  /// log₂ x.
  case log2
  /// ln(1 + x).
  case log1p
  /// sin x.
  case sin
  /// cos x.
  case cos
  /// tan x.
  case tan
  /// arcsin x.
  case asin
  /// arccos x.
  case acos
  /// arctan x.
  case atan
  /// angle of the point (y, x): arctan(x / y) for y > 0.
  case atan2
  /// sin πx.
  case sinpi
  /// cos πx.
  case cospi
  /// tan πx.
  case tanpi
  /// arcsin(x) / π.
  case asinpi
  /// arccos(x) / π.
  case acospi
  /// arctan(x) / π.
  case atanpi
  /// atan2 / π.
  case atan2pi
  /// sinh x.
  case sinh
  /// cosh x.
  case cosh
  /// tanh x.
  case tanh
  /// arsinh x.
  case asinh
  /// arcosh x.
  case acosh
  /// artanh x.
  case atanh
  /// 1 / (1 + e^-x).
  case sigmoid
  /// ln(1 + e^x).
  case softplus
  /// x Φ(x), Φ the normal distribution function.
  case gelu
  /// x / (1 + e^-x).
  case swish
  /// erf x.
  case erf
  /// The smaller; NaN if one is.
  case minimum
  /// The larger; NaN if one is.
  case maximum
  /// The smaller that is not NaN.
  case minimumNumber
  /// The larger that is not NaN.
  case maximumNumber
  /// The smaller that is finite.
  case minimumFinite
  /// The larger that is finite.
  case maximumFinite
  /// The one of smaller magnitude; NaN if one is.
  case minimumMagnitude
  /// The one of larger magnitude; NaN if one is.
  case maximumMagnitude
  /// that of smaller magnitude that is not NaN.
  case minimumMagnitudeNumber
  /// that of larger magnitude that is not NaN.
  case maximumMagnitudeNumber
  /// The value nearest to x from y to z; NaN if y > z.
  case clamp

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
