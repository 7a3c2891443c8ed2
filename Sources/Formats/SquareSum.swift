// SPDX-License-Identifier: Apache-2.0
// Sums of squares that neither overflow nor underflow.

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Σ x² of doubles in three parts, squares of large, middling and small numbers, each scaled so that they stay in range.
///
/// Source: Blue, "A portable Fortran program to find the Euclidean norm of a vector", ACM TOMS 4(1), 1978.
struct SquareSum: Hashable, Sendable {
  /// Σ (x / 2^600)² of |x| ≥ 2^480, Σ x², and Σ (x · 2^600)² of |x| < 2^-480.
  private var large = 0.0
  private var middle = 0.0
  private var small = 0.0

  @inline(__always)
  mutating func add(_ x: Double) {
    let m = x.magnitude
    if m < 0x1p480 && m >= 0x1p-480 {
      middle += m * m
    } else if m < 0x1p-480 {
      small += (m * 0x1p600) * (m * 0x1p600)
    } else {
      large += (m * 0x1p-600) * (m * 0x1p-600)
    }
  }

  mutating func merge(_ other: SquareSum) {
    large += other.large
    middle += other.middle
    small += other.small
  }

  var isZero: Bool { large == 0 && middle == 0 && small == 0 }

  /// The sum, as far as binary64 reaches.
  var value: Double { large * 0x1p600 * 0x1p600 + (middle + small * 0x1p-600 * 0x1p-600) }

  /// The sum as s · 2^(2k) with s in range; parts far below the largest do not count.
  private var scaled: (s: Double, k: Int) {
    if large > 0 { return (large + middle * 0x1p-600 * 0x1p-600, 600) }
    if middle > 0 { return (middle + small * 0x1p-600 * 0x1p-600, 0) }
    return (small, -600)
  }

  /// √(sum / other); infinite where other is 0.
  func rootOfRatio(to other: SquareSum) -> Double {
    let (a, b) = (scaled, other.scaled)
    return scalbn((a.s / b.s).squareRoot(), Int32(a.k - b.k))
  }

  /// √(sum / n).
  func rootOfMean(_ n: Int) -> Double { scalbn((scaled.s / Double(n)).squareRoot(), Int32(scaled.k)) }
}
