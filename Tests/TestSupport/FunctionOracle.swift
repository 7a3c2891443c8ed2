// SPDX-License-Identifier: Apache-2.0
// The elementary functions a second time: other formulas, 400 bits, and a check that the remaining doubt decides nothing.

internal import CMPFR
public import Formats

/// A function of one number, by name.
public enum FunctionOracle: String, CaseIterable, Sendable {
  case exp, exp2, log, log2, tanh, sigmoid, gelu, swish, erf

  public enum Result {
    /// A result that needs no rounding, or NaN.
    case special(Value)
    /// A finite nonzero number: exact when both bounds are equal.
    case between(Real, Real)

    public var isNegative: Bool {
      switch self {
      case .special(let value): value.isNegative
      case .between(let low, _): low.isNegative
      }
    }

    /// Where the number lies among the values of a format; `nil` for a special value, or if its two bounds lie apart.
    public func bracket(_ oracle: BracketOracle) -> BracketOracle.Bracket? {
      guard case .between(let low, let high) = self else { return nil }
      let (a, b) = (oracle.bracket { -low.compare($0).signum() }, oracle.bracket { -high.compare($0).signum() })
      return a == b ? a : nil
    }
  }

  private static let precision = 400

  /// The value at x, as an interval of relative width 2^-390 around an evaluation to nearest.
  public func evaluate(_ x: Value) -> Result {
    if let special = special(x) { return .special(special) }
    let operand = Real(x)
    let y: Real
    switch self {
    case .exp: y = rounded(0) { mpfr_exp($0, operand.raw, $1) }
    case .exp2: y = rounded(0) { mpfr_exp2($0, operand.raw, $1) }
    case .log: y = rounded(0) { mpfr_log($0, operand.raw, $1) }
    case .log2: y = rounded(0) { mpfr_log2($0, operand.raw, $1) }
    case .tanh: y = rounded(0) { mpfr_tanh($0, operand.raw, $1) }
    case .erf: y = rounded(0) { mpfr_erf($0, operand.raw, $1) }
    case .sigmoid: y = logistic(operand)
    case .swish:
      let s = logistic(operand)
      y = rounded(0) { mpfr_mul($0, s.raw, operand.raw, $1) }
    case .gelu: y = weightedNormal(operand)
    }
    // Beyond MPFR's range, any number beyond every format's does.
    if y.isInfinite { return .between(Real(Dyadic.power(100_000)), Real(Dyadic.power(100_001))) }
    if y.isZero {
      let tiny = x.isNegative && (self == .gelu || self == .swish) ? -Dyadic.power(-100_000) : .power(-100_000)
      return .between(Real(tiny), Real(tiny))
    }
    return isExact(x) ? .between(y, y) : interval(around: y, below: limit(operand))
  }

  /// A number that the function never reaches from below in magnitude, where it comes near to one.
  private func limit(_ x: Real) -> Real? {
    switch self {
    case .tanh, .erf, .sigmoid: Real(Dyadic(1))
    case .gelu, .swish: x.isNegative ? nil : x
    default: nil
    }
  }

  private func rounded(_ extra: Int, _ function: MPFROracle.Function) -> Real { Real(precision: FunctionOracle.precision + extra, function) }

  /// e^x / (1 + e^x), and beyond |x| = 10^6 the numbers next to its limits, which lie within 2^-10^6 of it.
  private func logistic(_ x: Real) -> Real {
    if mpfr_cmp_si(x.raw, 1_000_000) > 0 {
      let one = rounded(0) { mpfr_set_ui($0, 1, $1) }
      mpfr_nextbelow(one.raw)
      return one
    }
    if mpfr_cmp_si(x.raw, -1_000_000) < 0 { return Real(Dyadic.power(-1_000_000)) }
    let power = rounded(100) { mpfr_exp($0, x.raw, $1) }
    let sum = rounded(400) { mpfr_add_ui($0, power.raw, 1, $1) }
    return rounded(0) { mpfr_div($0, power.raw, sum.raw, $1) }
  }

  /// x/2 (1 + erf(x/√2)), with bits to spare for the cancellation: 1 + erf(−40/√2) is 2^-1160.
  private func weightedNormal(_ x: Real) -> Real {
    if mpfr_cmp_si(x.raw, -40) < 0 { return rounded(0) { mpfr_set_si_2exp($0, -1, -1150, $1) } }
    let extra = mpfr_cmp_si(x.raw, -1) < 0 ? 1300 : 100
    let root = rounded(extra) { mpfr_sqrt_ui($0, 2, $1) }
    let argument = rounded(extra) { mpfr_div($0, x.raw, root.raw, $1) }
    let erf = rounded(extra) { mpfr_erf($0, argument.raw, $1) }
    let sum = rounded(extra + 200) { mpfr_add_ui($0, erf.raw, 1, $1) }
    let product = rounded(0) { mpfr_mul($0, sum.raw, x.raw, $1) }
    return rounded(0) { mpfr_div_ui($0, product.raw, 2, $1) }
  }

  private func interval(around y: Real, below limit: Real?) -> Result {
    func scaled(_ x: Real, by terms: Int) -> Real {
      // x (1 + terms · 2^-400), terms positive or negative.
      let part = rounded(0) { mpfr_mul_si($0, x.raw, terms, $1) }
      let shifted = rounded(0) { mpfr_mul_2si($0, part.raw, -400, $1) }
      return rounded(20) { mpfr_add($0, x.raw, shifted.raw, $1) }
    }
    var (inner, outer) = (scaled(y, by: -1024), scaled(y, by: 1024))
    if let limit, outer.compareMagnitude(limit) >= 0 {
      let signed = rounded(0) { mpfr_copysign($0, limit.raw, y.raw, $1) }
      outer = scaled(signed, by: -1)
      if inner.compareMagnitude(outer) > 0 { inner = outer }
    }
    return .between(inner, outer)
  }

  /// Arguments of floating-point numbers with results that are numbers of finitely many bits.
  private func isExact(_ x: Value) -> Bool {
    guard let number = x.dyadic else { return false }
    switch self {
    case .exp2: return number.exponent >= 0
    case .log2: return number.significand == 1
    case .exp, .sigmoid: return number.isZero
    default: return false
    }
  }

  /// Limits, zeros and poles.
  private func special(_ x: Value) -> Value? {
    if x == .nan { return .nan }
    let isLogarithm = self == .log || self == .log2
    if isLogarithm && x.isNegative && !x.isZero { return .nan }
    switch x {
    case .infinity(let negative):
      switch self {
      case .exp, .exp2, .sigmoid: return negative ? .zero : self == .sigmoid ? Value(1) : x
      case .log, .log2: return x
      case .tanh, .erf: return Value(negative ? -1 : 1)
      case .gelu, .swish: return negative ? .negativeZero : x
      }
    default:
      if isLogarithm { return x.isZero ? .infinity(negative: true) : x == Value(1) ? .zero : nil }
      let isOdd = self != .exp && self != .exp2 && self != .sigmoid
      return x.isZero && isOdd ? x : nil
    }
  }
}
