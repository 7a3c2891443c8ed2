// SPDX-License-Identifier: Apache-2.0
// The elementary functions by other formulas than the functions of MPFR under test, in 1400 bits.

import CMPFR
import Formats
import Multiprecision
import TestSupport

// Numbers live as long as their names: `raw` of an expression would outlive it.

/// A function of one operand as an interval of relative width 2^-600 around another formula's value, or a result known exactly.
///
/// Formulas: sine, cosine by the tangent of half the angle, the tangent by sine and cosine, inverse functions by each other or by
/// logarithms, hyperbolic ones by e^x. Cancellation costs at most some 300 bits of 1400 for bf16 operands.
struct ElementaryOracle {
  let operation: Operation

  /// An exact result or NaN; otherwise nil.
  func special(_ x: Value) -> Value? {
    if x.isNaN { return .nan }
    let (zero, one, infinity) = (Value.zero, Value(1), Value.infinity(negative: false))
    let signed = x.isNegative ? -one : one
    switch operation {
    case .sin, .tan: return x.isInfinite ? .nan : x.isZero ? x : nil
    case .cos: return x.isInfinite ? .nan : x.isZero ? one : nil
    case .asin: return x.isZero ? x : isBeyondOne(x) ? .nan : nil
    case .acos: return isBeyondOne(x) ? .nan : x == one ? zero : nil
    case .atan, .asinh, .sinh: return x.isZero || x.isInfinite && operation != .atan ? x : nil
    case .acosh: return x.isLess(than: one) ? .nan : x == one ? zero : x.isInfinite ? x : nil
    case .atanh: return x.isZero ? x : isBeyondOne(x) ? .nan : x == signed ? (x.isNegative ? -infinity : infinity) : nil
    case .cosh: return x.isZero ? one : x.isInfinite ? infinity : nil
    case .expm1: return x.isZero ? x : x.isInfinite ? (x.isNegative ? -one : x) : nil
    case .log1p: return x.isZero ? x : x == -one ? -infinity : x.isLess(than: -one) ? .nan : x.isInfinite ? x : nil
    case .softplus: return x.isInfinite ? (x.isNegative ? zero : x) : nil
    case .sinpi, .cospi, .tanpi: return piMultiple(x)
    case .asinpi: return x.isZero ? x : isBeyondOne(x) ? .nan : x == signed ? half(signed) : nil
    case .acospi: return isBeyondOne(x) ? .nan : x.isZero ? Value(0.5) : x == one ? zero : x == -one ? one : nil
    case .atanpi: return x.isZero ? x : x.isInfinite ? half(signed) : x == signed ? half(half(signed)) : nil
    default: fatalError("no formula for \(operation)")
    }
  }

  private func isBeyondOne(_ x: Value) -> Bool { x.isGreater(than: Value(1)) || x.isLess(than: Value(-1)) }
  private func half(_ x: Value) -> Value { .finite(x.dyadic!.scaled(by: -1)) }

  /// Sine, cosine and tangent of multiples of π/2, and the tangent of odd multiples of π/4, with the signs of IEEE 754.
  private func piMultiple(_ x: Value) -> Value? {
    guard let number = x.dyadic else { return .nan }
    let isOdd = operation != .cospi
    if number.isZero { return isOdd ? x : Value(1) }
    // Twice and four times |x| modulo 8, if they are integers.
    func integer(_ scale: Int) -> Int? {
      let exponent = number.exponent + scale
      guard exponent >= 0 else { return nil }
      return exponent > 3 ? 0 : Int(number.significand.magnitude & 0xff) << exponent & 7
    }
    let magnitude: Double?
    switch operation {
    case .sinpi: magnitude = integer(1).map { [0, 1, 0, -1, 0, 1, 0, -1][$0] }
    case .cospi: magnitude = integer(1).map { [1, 0, -1, 0, 1, 0, -1, 0][$0] }
    default: magnitude = integer(2).map { [0, 1, .infinity, -1, -0.0, 1, -.infinity, -1][$0] }
    }
    return magnitude.map { x.isNegative && isOdd ? -Value($0) : Value($0) }
  }

  /// The value at a finite x without an exact result.
  func interval(_ x: Value) -> FunctionOracle.Result {
    let y = formula(Real(x))
    if y.isInfinite { return .between(Real(Dyadic(y.isNegative ? -1 : 1, exponent: 100_000)), Real(Dyadic(y.isNegative ? -1 : 1, exponent: 100_001))) }
    if y.isZero { return .between(Real(Dyadic.power(-100_000)), Real(Dyadic.power(-100_000))) }
    let part = r { mpfr_mul_2si($0, y.raw, -600, $1) }
    let (inner, outer) = (r { mpfr_sub($0, y.raw, part.raw, $1) }, r { mpfr_add($0, y.raw, part.raw, $1) })
    return .between(inner, outer)
  }

  private func formula(_ x: Real) -> Real {
    let one = r { mpfr_set_ui($0, 1, $1) }
    switch operation {
    case .sin, .cos, .tan: return circular(x, operation)
    case .sinpi, .cospi, .tanpi:
      let two = r { mpfr_set_ui($0, 2, $1) }
      let rest = r { mpfr_fmod($0, x.raw, two.raw, $1) }
      return circular(times(rest, pi), operation == .sinpi ? .sin : operation == .cospi ? .cos : .tan)
    case .asin: return arcsine(x)
    case .acos: return arccosine(x)
    case .atan: return arctangent(x)
    case .asinpi: return divide(arcsine(x), pi)
    case .acospi: return divide(arccosine(x), pi)
    case .atanpi: return divide(arctangent(x), pi)
    case .sinh, .cosh:
      let (grown, shrunk) = (exp(x), exp(negative(x)))
      let sum = operation == .cosh ? plus(grown, shrunk) : minus(grown, shrunk)
      return r { mpfr_div_2ui($0, sum.raw, 1, $1) }
    case .asinh:
      let magnitude = x.magnitude
      let log = log(plus(magnitude, root(plus(times(x, x), one))))
      return x.isNegative ? negative(log) : log
    case .acosh: return log(plus(x, root(minus(times(x, x), one))))
    case .atanh:
      let log = log(divide(plus(one, x), minus(one, x)))
      return r { mpfr_div_2ui($0, log.raw, 1, $1) }
    case .expm1: return mpfr_cmp_si(x.raw, -200) < 0 ? minus(r { mpfr_set_ui_2exp($0, 1, -280, $1) }, one) : minus(exp(x), one)
    case .log1p: return log(plus(one, x))
    case .softplus:
      // Far from 0, e^x and the number next to x come nearer to the value than any format can tell.
      if mpfr_cmp_si(x.raw, -200) < 0 { return exp(x) }
      if mpfr_cmp_si(x.raw, 200) > 0 { return plus(x, r { mpfr_set_ui_2exp($0, 1, -280, $1) }) }
      return log(plus(one, exp(x)))
    default: fatalError("no formula for \(operation)")
    }
  }

  private func circular(_ x: Real, _ operation: Operation) -> Real {
    let half = Real(precision: 1400) { mpfr_div_2ui($0, x.raw, 1, $1) }
    let t = r { mpfr_tan($0, half.raw, $1) }
    let (square, one) = (times(t, t), r { mpfr_set_ui($0, 1, $1) })
    let (sine, cosine) = (r { mpfr_mul_2ui($0, t.raw, 1, $1) }, minus(one, square))
    switch operation {
    case .sin: return divide(sine, plus(one, square))
    case .cos: return divide(cosine, plus(one, square))
    default: return divide(sine, cosine)
    }
  }

  private func arcsine(_ x: Real) -> Real {
    // arctan(x / √((1 − x)(1 + x))) by the two-argument arctangent, which takes x = ±1 too.
    let one = r { mpfr_set_ui($0, 1, $1) }
    let adjacent = root(times(minus(one, x), plus(one, x)))
    return r { mpfr_atan2($0, x.raw, adjacent.raw, $1) }
  }

  private func arccosine(_ x: Real) -> Real {
    let one = r { mpfr_set_ui($0, 1, $1) }
    let opposite = root(times(minus(one, x), plus(one, x)))
    return r { mpfr_atan2($0, opposite.raw, x.raw, $1) }
  }

  private func arctangent(_ x: Real) -> Real {
    if x.isInfinite {
      let circle = pi
      let quarter = r { mpfr_div_2ui($0, circle.raw, 1, $1) }
      return x.isNegative ? negative(quarter) : quarter
    }
    let one = r { mpfr_set_ui($0, 1, $1) }
    let sine = divide(x, root(plus(times(x, x), one)))
    // arcsin loses half the bits near ±1; there the arccosine of the other side does not.
    guard mpfr_cmpabs(x.raw, one.raw) > 0 else { return r { mpfr_asin($0, sine.raw, $1) } }
    let cosine = divide(one, root(plus(times(x, x), one)))
    let angle = r { mpfr_acos($0, cosine.raw, $1) }
    return x.isNegative ? negative(angle) : angle
  }

  // MARK: Arithmetic

  private func r(_ function: MPFROracle.Function) -> Real { Real(precision: 1400, function) }
  private var pi: Real { r { mpfr_const_pi($0, $1) } }
  private func plus(_ a: Real, _ b: Real) -> Real { r { mpfr_add($0, a.raw, b.raw, $1) } }
  private func minus(_ a: Real, _ b: Real) -> Real { r { mpfr_sub($0, a.raw, b.raw, $1) } }
  private func times(_ a: Real, _ b: Real) -> Real { r { mpfr_mul($0, a.raw, b.raw, $1) } }
  private func divide(_ a: Real, _ b: Real) -> Real { r { mpfr_div($0, a.raw, b.raw, $1) } }
  private func root(_ a: Real) -> Real { r { mpfr_sqrt($0, a.raw, $1) } }
  private func exp(_ a: Real) -> Real { r { mpfr_exp($0, a.raw, $1) } }
  private func log(_ a: Real) -> Real { r { mpfr_log($0, a.raw, $1) } }
  private func negative(_ a: Real) -> Real { r { mpfr_neg($0, a.raw, $1) } }
}
