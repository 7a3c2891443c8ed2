// SPDX-License-Identifier: Apache-2.0
// What a code of a logarithmic format stands for: zero, NaN, or a signed power of two with a rational exponent.

internal import CMPFR
public import Formats

/// 0, NaN, or ±2^log2, kept as its exact logarithm.
public enum LogarithmicValue: Hashable, Sendable {
  /// 0, which has a code of its own.
  case zero
  /// No number.
  case nan
  /// ±2^log2.
  case power(isNegative: Bool, log2: Dyadic)

  /// −x; 0 and NaN stay what they are.
  public static prefix func - (x: LogarithmicValue) -> LogarithmicValue {
    guard case .power(let isNegative, let log2) = x else { return x }
    return .power(isNegative: !isNegative, log2: log2)
  }

  /// log₂|x|; `nil` for 0 and NaN.
  public var log2: Dyadic? {
    if case .power(_, let log2) = self { log2 } else { nil }
  }

  /// The nearest double.
  ///
  /// Rounding: once, of a value that is a power of two or irrational and so never in the middle of two doubles.
  public var double: Double {
    switch self {
    case .zero: 0
    case .nan: .nan
    case .power(let isNegative, let log2):
      (isNegative ? -1 : 1) * Operation.exp2([.finite(log2)], .toNearestDouble).value.double
    }
  }

  /// MPFR numbers a ≤ value ≤ b, neighbours at a precision in bits, or equal where the value is a dyadic number; NaN for NaN.
  public func enclosure(precision: Int) -> (lower: BigFloat, upper: BigFloat) {
    switch self {
    case .zero: return (BigFloat(Value.zero), BigFloat(Value.zero))
    case .nan: return (BigFloat(.nan), BigFloat(.nan))
    case .power(let isNegative, let log2):
      let exponent = BigFloat(log2)
      func end(_ rounding: BigRounding) -> BigFloat {
        var x = BigRegister(precision: precision)
        x.apply(rounding) { z, mode in exponent.withRaw { mpfr_exp2(z, $0, mode) } }
        if isNegative { x.apply(rounding) { mpfr_neg($0, $0, $1) } }
        return BigFloat(x)
      }
      return isNegative ? (end(.up), end(.down)) : (end(.down), end(.up))
    }
  }

  /// The difference of this value from a real number, correctly rounded to a precision in bits; NaN for infinities and NaN.
  ///
  /// A number that was cut counts with the 128 bits that are known of it.
  ///
  /// - Complexity: enclosures of twice the precision until both ends round to one number. They do: either the value is a power of
  ///   two, and then both are it, or the difference is irrational and neither 0 nor in the middle of two MPFR numbers.
  public func minus(_ x: Extended, precision: Int = 64) -> BigFloat {
    guard case .finite(let number) = x, self != .nan else { return BigFloat(.nan) }
    let other = BigFloat(leading: number)
    var working = precision + 128
    while true {
      let (a, b) = enclosure(precision: working)
      let (low, high) = (a.minus(other, precision: precision), b.minus(other, precision: precision))
      if low.withRaw({ u in high.withRaw { mpfr_equal_p(u, $0) != 0 } }) { return low }
      working *= 2
    }
  }
}

extension LogarithmicValue: CustomStringConvertible {
  /// `0`, `nan`, `2^-1.5`, `-2^3`.
  public var description: String {
    switch self {
    case .zero: "0"
    case .nan: "nan"
    case .power(let isNegative, let log2): "\(isNegative ? "-" : "")2^\(log2)"
    }
  }
}

extension Rounder {
  static let toNearestDouble = Rounder(toDouble: .nearestEven)
  static let upToDouble = Rounder(toDouble: .up)

  private init(toDouble rounding: Rounding) {
    do { try self.init(to: .fp64, rounding) } catch { preconditionFailure(error.description) }
  }
}

extension BigFloat {
  /// `±(magnitude + units) · 2^exponent`, exactly: the end of what is known of a number that was cut.
  init(leading x: Unrounded, plus units: UInt = 0) {
    var register = BigRegister(precision: 130)
    register.apply(.nearestEven) { z, mode in
      fmtlab_mpfr_set(z, 0, UInt64(x.magnitude >> 64), UInt64(truncatingIfNeeded: x.magnitude), 0, mode)
        | mpfr_add_ui(z, z, units, mode) | mpfr_mul_2si(z, z, x.exponent, mode)
    }
    if x.isNegative { register.apply(.nearestEven) { mpfr_neg($0, $0, $1) } }
    self.init(register)
  }
}
