// SPDX-License-Identifier: Apache-2.0
// What a code of a format stands for.

/// A value of a format: a finite number, a negative zero, an infinity, or NaN.
///
/// Positive zero is `.finite(.zero)`. NaN payloads are not told apart here; they are facts of codes.
public enum Value: Hashable, Sendable {
  /// A number other than −0.
  case finite(Dyadic)
  /// −0; equal to 0 as a number, not as a value.
  case negativeZero
  /// ±∞.
  case infinity(negative: Bool)
  /// No number; payloads are not told apart.
  case nan

  /// +0.
  public static let zero = Value.finite(.zero)

  /// The exact value of a double.
  public init(_ x: Double) {
    if let dyadic = Dyadic(x) {
      self = dyadic.isZero && x.sign == .minus ? .negativeZero : .finite(dyadic)
    } else {
      self = x.isNaN ? .nan : .infinity(negative: x < 0)
    }
  }

  /// The number, with both zeros as 0; `nil` for infinities and NaN.
  @inlinable
  public var dyadic: Dyadic? {
    switch self {
    case .finite(let x): x
    case .negativeZero: .zero
    case .infinity, .nan: nil
    }
  }

  /// Whether it is a number, zeros included.
  @inlinable public var isFinite: Bool { dyadic != nil }
  /// Whether it is 0 or −0.
  @inlinable public var isZero: Bool { self == .zero || self == .negativeZero }

  /// The sign bit: true for −0 and −∞; false for NaN.
  @inlinable
  public var isNegative: Bool {
    switch self {
    case .finite(let x): x.isNegative
    case .negativeZero: true
    case .infinity(let negative): negative
    case .nan: false
    }
  }

  /// −x, exactly: zeros and infinities change their sign, NaN stays NaN.
  public static prefix func - (x: Value) -> Value {
    switch x {
    case .finite(let number): number.isZero ? .negativeZero : .finite(-number)
    case .negativeZero: .zero
    case .infinity(let negative): .infinity(negative: !negative)
    case .nan: .nan
    }
  }

  /// The nearest double (ties to even); exact for every format that binary64 contains.
  public var double: Double {
    switch self {
    case .finite(let x): Double(exactly: x) ?? Rounder.toDouble.round(Unrounded(x)).value.double
    case .negativeZero: -0.0
    case .infinity(let negative): negative ? -.infinity : .infinity
    case .nan: .nan
    }
  }

  /// C99 hexadecimal form: `0x1.8p-3`, `-0x0p+0`, `inf`, `-inf`, `nan`.
  public var hexDescription: String {
    switch self {
    case .finite(let x): x.hexDescription
    case .negativeZero: "-0x0p+0"
    case .infinity(let negative): negative ? "-inf" : "inf"
    case .nan: "nan"
    }
  }
}

extension Value: CustomStringConvertible {
  public var description: String {
    switch self {
    case .finite(let x): x.description
    case .negativeZero: "-0"
    case .infinity, .nan: hexDescription
    }
  }
}
