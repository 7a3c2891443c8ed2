// SPDX-License-Identifier: Apache-2.0
// Activation functions that MPFR lacks, enclosed between two directed evaluations until the cut is certain.

internal import CMPFR
internal import Formats

extension Operation {
  /// An operation that is not a function of MPFR, at a number or an infinity.
  func enclosure(_ x: Value, _ p: Int) -> (result: BigFloat, isInexact: Bool) {
    switch self {
    case .sigmoid:
      switch x {
      case .infinity(let negative): exact(negative ? .zero : .finite(1))
      default: x.isZero ? exact(.finite(Dyadic(1, exponent: -1))) : cut(x, p, magnitude: Operation.logistic)
      }
    case .softplus: x.isInfinite ? exact(x.isNegative ? .zero : x) : cut(x, p, magnitude: Operation.logOnePlusExp)
    case .swish: limits(x) ?? cut(x, p, magnitude: Operation.weightedLogistic)
    case .gelu: limits(x) ?? cut(x, p, magnitude: Operation.weightedNormal)
    default: preconditionFailure("\(self) is a function of MPFR")
    }
  }

  /// x Φ(x) and x / (1 + e^-x) where they need no computation.
  private func limits(_ x: Value) -> (result: BigFloat, isInexact: Bool)? {
    switch x {
    case .infinity(let negative): exact(negative ? .negativeZero : x)
    default: x.isZero ? exact(x) : nil
    }
  }

  private func exact(_ value: Value) -> (result: BigFloat, isInexact: Bool) { (BigFloat(value), false) }

  /// The value of a function at a finite x (≠ 0 but for softplus) whose magnitude lies above the lower and strictly below the
  /// upper of the two ends that `magnitude` computes, and is never a dyadic number: then an upper end that is one may be lowered
  /// by the smallest step.
  ///
  /// The values are transcendental by Lindemann's theorem (e^x) and Siegel's and Shidlovskii's (erf), so the loop ends; for
  /// softplus, e^d = 1 + e^x with d ≠ 0 dyadic contradicts the linear independence of e^0, e^x, e^d.
  private func cut(
    _ x: Value, _ precision: Int, magnitude: (Raw, _ precision: Int, _ rounding: BigRounding) -> BigFloat
  ) -> (result: BigFloat, isInexact: Bool) {
    let isNegative = (self == .swish || self == .gelu) && x.isNegative
    let operand = BigFloat(x)
    var working = precision + 32
    while true {
      let low = operand.withRaw { magnitude($0, working, .down) }
      let high = operand.withRaw { magnitude($0, working, .up) }
      // Below 2^-2^20 every format has only its smallest value to offer; MPFR's own range ends at 2^-2^30.
      let isTiny = high.withRaw { mpfr_zero_p($0) != 0 || mpfr_get_exp($0) < -(1 << 20) }
      let a = low.cut(to: precision, below: false, isNegative: isNegative)
      let b = high.cut(to: precision, below: true, isNegative: isNegative)
      if isTiny || a.withRaw({ u in b.withRaw { mpfr_equal_p(u, $0) != 0 } }) { return (b, true) }
      working *= 2
    }
  }

  /// 1 / (1 + e^-x), a bound from the side that `rounding` names.
  private static func logistic(_ x: Raw, _ p: Int, _ rounding: BigRounding) -> BigFloat {
    let opposite: BigRounding = rounding == .up ? .down : .up
    let denominator = onePlusExpOfMinus(x, p, opposite)
    return denominator.withRaw { d in BigFloat.compute(precision: p, rounding) { mpfr_ui_div($0, 1, d, $1) }.result }
  }

  /// |x| / (1 + e^-x).
  private static func weightedLogistic(_ x: Raw, _ p: Int, _ rounding: BigRounding) -> BigFloat {
    let opposite: BigRounding = rounding == .up ? .down : .up
    let denominator = onePlusExpOfMinus(x, p, opposite)
    let magnitude = absolute(x)
    return denominator.withRaw { d in
      magnitude.withRaw { m in BigFloat.compute(precision: p, rounding) { mpfr_div($0, m, d, $1) }.result }
    }
  }

  /// ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|), whose last term never cancels and may be as small as it likes: a sum that it does
  /// not reach is bounded by x itself.
  private static func logOnePlusExp(_ x: Raw, _ p: Int, _ rounding: BigRounding) -> BigFloat {
    var y = BigRegister(precision: max(p, mpfr_get_prec(x)))
    y.apply(rounding) { mpfr_abs($0, x, $1) }
    y.apply(rounding) { mpfr_neg($0, $0, $1) }
    y.apply(rounding) { mpfr_exp($0, $0, $1) }
    y.apply(rounding) { mpfr_log1p($0, $0, $1) }
    if mpfr_sgn(x) > 0 { y.apply(rounding) { mpfr_add($0, $0, x, $1) } }
    return BigFloat(y)
  }

  private static func onePlusExpOfMinus(_ x: Raw, _ p: Int, _ rounding: BigRounding) -> BigFloat {
    var y = BigRegister(precision: max(p, mpfr_get_prec(x)))
    y.apply(rounding) { mpfr_neg($0, x, $1) }
    y.apply(rounding) { mpfr_exp($0, $0, $1) }
    y.apply(rounding) { mpfr_add_ui($0, $0, 1, $1) }
    return BigFloat(y)
  }

  /// |x| erfc(−x / √2) / 2: erfc decreases, so its argument is bounded from the other side.
  private static func weightedNormal(_ x: Raw, _ p: Int, _ rounding: BigRounding) -> BigFloat {
    let magnitude = absolute(x)
    var y = BigRegister(precision: p)
    // An upper bound needs a lower one of −x/√2, an upper one of x/√2, and so a lower one of √2 when x is positive.
    let opposite: BigRounding = rounding == .up ? .down : .up
    y.apply(mpfr_signbit(x) == 0 ? opposite : rounding) { mpfr_sqrt_ui($0, 2, $1) }
    y.apply(rounding) { mpfr_div($0, x, $0, $1) }
    y.apply(opposite) { mpfr_neg($0, $0, $1) }
    y.apply(rounding) { mpfr_erfc($0, $0, $1) }
    y.apply(rounding) { z, mode in magnitude.withRaw { mpfr_mul(z, z, $0, mode) } }
    y.apply(rounding) { mpfr_div_2ui($0, $0, 1, $1) }
    return BigFloat(y)
  }

  private static func absolute(_ x: Raw) -> BigFloat {
    BigFloat.compute(precision: mpfr_get_prec(x), .nearestEven) { mpfr_abs($0, x, $1) }.result
  }
}

extension BigFloat {
  /// This positive number cut to `precision` bits, with a sign; with `below`, the largest number of its own precision below
  /// it is cut instead.
  fileprivate func cut(to precision: Int, below: Bool, isNegative: Bool) -> BigFloat {
    var x = BigRegister(precision: withRaw { mpfr_get_prec($0) })
    withRaw { raw in _ = x.apply(.towardZero) { mpfr_set($0, raw, $1) } }
    if below { x.apply(.towardZero) { z, _ in mpfr_nextbelow(z); return 0 } }
    if isNegative { x.apply(.towardZero) { mpfr_neg($0, $0, $1) } }
    x.apply(.towardZero) { mpfr_prec_round($0, precision, $1) }
    return BigFloat(x)
  }
}
