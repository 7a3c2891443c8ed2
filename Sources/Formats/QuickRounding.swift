// SPDX-License-Identifier: Apache-2.0
// Rounding to nearest even in two additions, where a double decides it.

/// Round to nearest even on the grid of a format without an upper end, bit for bit as ``Rounder`` does it.
///
/// Adding 2^(q + 52) to a smaller magnitude rounds it to a multiple of 2^q, ties to even, and subtracting that again is exact.
/// Only for formats whose subnormals have the spacing of the lowest binade, and in which an even significand is an even code: not
/// for `:nosub`, not with one bit of precision, and not with precision that varies.
struct QuickRounding: Hashable, Sendable {
  private let precision: Int
  private let quantum: Int
  /// Magnitudes of 2^limit and more are left to the rounder.
  private let limit: Int

  init?(_ rounder: Rounder) {
    let format = rounder.format
    let isEven = format.isFixed || format.precision > 1 && format.minPositive == .power(format.quantumExponent)
    let isInRange = format.precision <= 40 && format.quantumExponent >= -400 && format.top <= 400
    guard rounder.rounding == .nearestEven, format.hasDyadicGaps, isEven, isInRange else { return nil }
    precision = format.isFixed ? 64 : format.precision
    quantum = format.quantumExponent
    limit = format.top + 1
  }

  /// The number nearest to y, or `nil` where y is too large, or is a rounded number and does not decide.
  ///
  /// - Parameter isExact: whether y is the number itself. Otherwise it is the double nearest to it: both lie between the same two
  ///   multiples of 2^(q−1), and so are rounded alike, unless y is such a multiple.
  @inline(__always)
  func round(_ y: Double, isExact: Bool) -> Double? {
    let m = y.magnitude
    let top = Int(m.exponentBitPattern) - 1023
    guard top < limit else { return nil }
    let anchor = Double.power(max(top - precision + 1, quantum) + 52)
    if !isExact && (m + anchor / 2) - anchor / 2 == m { return nil }
    return Double(signOf: y, magnitudeOf: (m + anchor) - anchor)
  }
}
