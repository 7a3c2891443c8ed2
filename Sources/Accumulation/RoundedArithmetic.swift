// SPDX-License-Identifier: Apache-2.0
// What error-free transforms, double words and expansions are written in: operations of which each is rounded once.

public import Formats

/// Additions of one format and rounding mode, each the exact sum rounded once, o(·).
///
/// The algorithms stand in extensions of this protocol and of ``RoundedArithmetic``, once; the conformers differ in what a number is: a
/// ``Value`` of any format (``ValueArithmetic``), a double where speed counts (``DoubleArithmetic``), or a step of a sum that is watched.
public protocol RoundedAddition {
  /// What stands for a number of the format.
  associatedtype Number: Equatable
  /// o(a + b).
  mutating func plus(_ a: Number, _ b: Number) -> Number
  /// −a, exactly.
  func negated(_ a: Number) -> Number
  /// Whether a is ±0.
  func isZero(_ a: Number) -> Bool
}

/// The other operations of the format too.
public protocol RoundedArithmetic: RoundedAddition {
  /// o(a b).
  mutating func times(_ a: Number, _ b: Number) -> Number
  /// o(a b + c).
  mutating func fusedMultiplyAdd(_ a: Number, _ b: Number, _ c: Number) -> Number
  /// o(a / b).
  mutating func quotient(_ a: Number, _ b: Number) -> Number
  /// o(√a).
  mutating func squareRoot(_ a: Number) -> Number
}

extension RoundedAddition {
  /// o(a − b).
  @inlinable
  public mutating func minus(_ a: Number, _ b: Number) -> Number { plus(a, negated(b)) }
}

/// Arithmetic on values of a format through the rounder: the reference, for every format and mode.
///
/// - Random: operation i takes draw i of `random`, which stochastic modes need.
/// - Complexity: about 50 ns an operation.
public struct ValueArithmetic: RoundedArithmetic, Sendable {
  /// o(·).
  public let rounder: Rounder
  /// What happened in the operations so far.
  public private(set) var flags: Rounded.Flags = []
  private let random: RandomStream?
  private var operations = 0

  /// Arithmetic that rounds by `rounder`. Operation i takes draw i of `random`, which a stochastic mode needs; without it that traps.
  public init(_ rounder: Rounder, random: RandomStream? = nil) {
    precondition(random != nil || !rounder.rounding.isStochastic, "stochastic rounding needs random bits: pass a stream")
    (self.rounder, self.random) = (rounder, random)
  }

  public mutating func plus(_ a: Value, _ b: Value) -> Value { round(Extended.sum(a, b, rounding: rounder.rounding)) }
  public mutating func times(_ a: Value, _ b: Value) -> Value { round(Extended(Extended.product(a, b))) }

  public mutating func fusedMultiplyAdd(_ a: Value, _ b: Value, _ c: Value) -> Value {
    round(Extended.sum(Extended.product(a, b), c, rounding: rounder.rounding))
  }

  /// Quotients of, and by, zeros and infinities are those of IEEE 754.
  public mutating func quotient(_ a: Value, _ b: Value) -> Value {
    if let x = a.dyadic, let y = b.dyadic, !x.isZero, !y.isZero { return round(.finite(.quotient(x, y))) }
    if a == .nan || b == .nan || a.isZero && b.isZero || !a.isFinite && !b.isFinite { return round(.nan) }
    let isNegative = a.isNegative != b.isNegative
    return round(a.isZero || !b.isFinite ? Extended(isNegative ? .negativeZero : .zero) : .infinity(negative: isNegative))
  }

  /// The root of a negative number is NaN.
  public mutating func squareRoot(_ a: Value) -> Value {
    guard !a.isZero, a != .infinity(negative: false) else { return round(Extended(a)) }
    guard let x = a.dyadic, !x.isNegative else { return round(.nan) }
    return round(.finite(.squareRoot(x)))
  }

  public func negated(_ a: Value) -> Value { -a }
  public func isZero(_ a: Value) -> Bool { a.isZero }

  private mutating func round(_ exact: Extended) -> Value {
    defer { operations += 1 }
    let rounded = rounder.round(exact, draw: random?.draw(operations))
    flags.formUnion(rounded.flags)
    return rounded.value
  }
}
