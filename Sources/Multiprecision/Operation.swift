// SPDX-License-Identifier: Apache-2.0
// Elementary operations, exact or cut towards zero with a sticky bit, ready for one rounding into any format.

internal import CMPFR
public import Formats

/// An operation on values of formats, evaluated through MPFR.
///
/// A result is either exact or cut towards zero at a precision with the information that something was cut: rounding to odd.
/// One rounding into a format then gives the correctly rounded operation, in every mode (Boldo and Melquiond,
/// "Emulation of FMA and correctly rounded sums", IEEE Trans. Comput. 57(4), 2008).
public enum Operation: String, CaseIterable, Sendable {
  case add, sub, mul, div, sqrt, fma
  case exp, exp2, log, log2, tanh, sigmoid, gelu, swish, erf

  public var arity: Int {
    switch self {
    case .add, .sub, .mul, .div: 2
    case .fma: 3
    default: 1
    }
  }

  /// What is computed, as a formula.
  public var formula: String {
    switch self {
    case .add: "x + y"
    case .sub: "x - y"
    case .mul: "x y"
    case .div: "x / y"
    case .sqrt: "√x"
    case .fma: "x y + z, one rounding"
    case .exp: "e^x"
    case .exp2: "2^x"
    case .log: "ln x"
    case .log2: "log₂ x"
    case .tanh: "tanh x"
    case .sigmoid: "1 / (1 + e^-x)"
    case .gelu: "x Φ(x), Φ the normal distribution function"
    case .swish: "x / (1 + e^-x)"
    case .erf: "erf x"
    }
  }

  /// The result cut towards zero to `precision` bits, and whether anything was cut.
  ///
  /// Zeros, infinities and NaN follow IEEE 754; the functions take their limits at infinity, with the sign of the side they
  /// come from: gelu(−∞) = swish(−∞) = −0.
  ///
  /// - Parameter rounding: the mode of the rounding to come, which decides the sign of an exact zero sum.
  public func evaluate(_ x: [Value], precision: Int, rounding: Rounding = .nearestEven) -> (result: BigFloat, isInexact: Bool) {
    precondition(x.count == arity, "\(self) takes \(arity) operands")
    let operands = x.map { BigFloat($0) }
    if let composite { return composite(x[0], precision) }
    let (result, ternary) = BigFloat.compute(precision: precision, .towardZero) { apply($0, operands, $1) }
    if result.isZero && ternary == 0 && rounding == .down && (self == .add || self == .sub || self == .fma) {
      // Only here does the sign of a zero depend on the direction.
      return (BigFloat.compute(precision: 2, .down) { apply($0, operands, $1) }.result, false)
    }
    return (result, ternary != 0)
  }

  /// The result as the rounder takes it.
  public func extended(_ x: [Value], rounding: Rounding = .nearestEven) -> Extended {
    let (result, isInexact) = evaluate(x, precision: 128, rounding: rounding)
    return result.extended(ternary: isInexact ? 1 : 0)
  }

  /// The correctly rounded operation.
  public func callAsFunction(_ x: [Value], _ rounder: Rounder, draw: Draw? = nil) -> Rounded {
    rounder.round(extended(x, rounding: rounder.rounding), draw: draw)
  }

  private func apply(_ z: UnsafeMutablePointer<__mpfr_struct>, _ x: [BigFloat], _ mode: mpfr_rnd_t) -> Int32 {
    x[0].withRaw { a in
      switch self {
      case .add: x[1].withRaw { mpfr_add(z, a, $0, mode) }
      case .sub: x[1].withRaw { mpfr_sub(z, a, $0, mode) }
      case .mul: x[1].withRaw { mpfr_mul(z, a, $0, mode) }
      case .div: x[1].withRaw { mpfr_div(z, a, $0, mode) }
      case .fma: x[1].withRaw { b in x[2].withRaw { mpfr_fma(z, a, b, $0, mode) } }
      case .sqrt: mpfr_sqrt(z, a, mode)
      case .exp: mpfr_exp(z, a, mode)
      case .exp2: mpfr_exp2(z, a, mode)
      case .log: mpfr_log(z, a, mode)
      case .log2: mpfr_log2(z, a, mode)
      case .tanh: mpfr_tanh(z, a, mode)
      case .erf: mpfr_erf(z, a, mode)
      case .sigmoid, .gelu, .swish: preconditionFailure("not a function of MPFR")
      }
    }
  }
}
