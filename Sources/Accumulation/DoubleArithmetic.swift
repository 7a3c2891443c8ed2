// SPDX-License-Identifier: Apache-2.0
// The arithmetic of a narrow format carried out on doubles, bit for bit that of the rounder.

public import Formats

/// Arithmetic of a narrow floating-point format, its numbers being doubles.
///
/// A double operation and its error (by 2Sum, or from a fused residual) give the exact result rounded to odd to 53 bits, from which
/// rounding to p ≤ 24 bits is rounding once. Equal to ``ValueArithmetic`` but for the signs of zeros; beyond the largest number it
/// gives that number, and ``overflowed`` says so.
///
/// - Complexity: 2 to 10 ns an operation.
public struct DoubleArithmetic: RoundedArithmetic, Sendable {
  @usableFromInline let rounding: Rounding
  @usableFromInline let precision: Int
  /// No bit below 2^quantum is kept.
  @usableFromInline let quantum: Int
  /// Ω, the largest number.
  public let maxFinite: Double
  /// Whether some result was beyond the largest number.
  public var overflowed = false
  /// Whether some result lost bits below the format's smallest number.
  public var underflowed = false
  /// Which way the inexact operations of mode `sr` go: bit i, if set, makes operation i (of the inexact ones) the larger magnitude.
  public var choices: UInt64 = 0
  /// Inexact operations of mode `sr` so far.
  public var choicesMade = 0

  /// `nil` for a format whose arithmetic is not decided so: fixed point, tapered, `:nosub`, p = 1, p > 24, unsigned, a range beyond
  /// 2^±300; and for roundings that flush or have few random bits.
  public init?(_ rounder: Rounder) {
    let format = rounder.format
    guard format.isFloating, format.isSigned, rounder.subnormals == .keep, (2...24).contains(format.precision),
      format.minPositive == .power(format.quantumExponent), format.quantumExponent >= -300, format.maxFinite.floorLog2 <= 300
    else { return nil }
    if case .stochasticBits = rounder.rounding { return nil }
    (rounding, precision, quantum) = (rounder.rounding, format.precision, format.quantumExponent)
    maxFinite = Double(exactly: format.maxFinite)!
  }

  @inlinable public func negated(_ a: Double) -> Double { -a }
  @inlinable public func isZero(_ a: Double) -> Bool { a == 0 }

  @inlinable
  public mutating func plus(_ a: Double, _ b: Double) -> Double {
    let (y, rest) = DoubleArithmetic.exactSum(a, b)
    return round(y, rest)
  }

  @inlinable public mutating func times(_ a: Double, _ b: Double) -> Double { round(a * b, 0) }

  @inlinable
  public mutating func fusedMultiplyAdd(_ a: Double, _ b: Double, _ c: Double) -> Double {
    let (y, rest) = DoubleArithmetic.exactSum(a * b, c)
    return round(y, rest)
  }

  /// b must not be 0.
  @inlinable
  public mutating func quotient(_ a: Double, _ b: Double) -> Double {
    let y = a / b
    let residual = a.addingProduct(-y, b)
    return round(y, b < 0 ? -residual : residual)
  }

  /// a must not be negative.
  @inlinable
  public mutating func squareRoot(_ a: Double) -> Double {
    let y = a.squareRoot()
    return round(y, a.addingProduct(-y, y))
  }

  /// a + b in doubles, as the nearest one and the rest, exactly, barring overflow.
  @inlinable
  public static func exactSum(_ a: Double, _ b: Double) -> (sum: Double, rest: Double) {
    let s = a + b
    let bb = s - a
    return (s, (a - (s - bb)) + (b - bb))
  }

  /// Forgets what happened, before the next computation.
  @inlinable
  public mutating func reset() { (overflowed, underflowed, choicesMade) = (false, false, 0) }

  /// Whether a double is a number of the format.
  @inlinable
  public func holds(_ x: Double) -> Bool {
    let anchor = anchor(x.magnitude)
    return x.magnitude <= maxFinite && (x.magnitude + anchor) - anchor == x.magnitude
  }

  /// The number 2^52 units in the last place that the format has at m: adding it rounds m to them.
  @inlinable
  func anchor(_ m: Double) -> Double {
    let top = Int(m.exponentBitPattern) - 1023
    let unit = max(top - precision + 1, quantum)
    return Double(sign: .plus, exponentBitPattern: UInt(unit + 52 + 1023), significandBitPattern: 0)
  }

  /// A real number, rounded: y is the double nearest to it, and `rest` has the sign of what is left.
  @inlinable
  public mutating func round(_ y: Double, _ rest: Double) -> Double {
    var m = y.magnitude
    if rest != 0 {
      // To odd: of the two doubles around the exact number the one with odd code.
      let isOutward = (rest > 0) == (y > 0)
      if m.bitPattern & 1 == 0 { m = Double(bitPattern: isOutward ? m.bitPattern + 1 : m.bitPattern - 1) }
    }
    let anchor = anchor(m)
    var r = (m + anchor) - anchor
    if r != m {
      if m < Double(sign: .plus, exponentBitPattern: UInt(quantum + precision - 1 + 1023), significandBitPattern: 0) { underflowed = true }
      if rounding != .nearestEven { r = directed(m, nearest: r, unit: anchor * 0x1p-52, isNegative: y < 0) }
    }
    if r > maxFinite {
      overflowed = true
      r = maxFinite
    }
    return y < 0 ? -r : r
  }

  /// A magnitude between two numbers, rounded in the other modes.
  @usableFromInline
  mutating func directed(_ m: Double, nearest: Double, unit: Double, isNegative: Bool) -> Double {
    let low = nearest > m ? nearest - unit : nearest
    let goesUp: Bool
    switch rounding {
    case .nearestEven: return nearest
    case .nearestAway: goesUp = m - low >= unit / 2
    case .nearestZero: goesUp = m - low > unit / 2
    case .towardZero: goesUp = false
    case .up: goesUp = !isNegative
    case .down: goesUp = isNegative
    case .toOdd: goesUp = (low / unit).truncatingRemainder(dividingBy: 2) == 0
    case .stochastic, .stochasticBits:
      goesUp = choicesMade < 64 && choices >> UInt64(choicesMade) & 1 == 1
      choicesMade += 1
    }
    return goesUp ? low + unit : low
  }
}
