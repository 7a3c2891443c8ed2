// SPDX-License-Identifier: Apache-2.0
// Exact integers of three widths for the weights of paths.

/// An integer that sums of weights fit, with a value for what cannot be reached that additions do not make reachable.
protocol Score: Comparable, Sendable {
  static var zero: Self { get }
  /// Below every score by more than any score: sums with it, or of two of it, stay below `reachable`.
  static var unreachable: Self { get }
  var isReachable: Bool { get }
  static func + (a: Self, b: Self) -> Self
  /// a · b of which it is known that it fits.
  static func product(_ a: Int128, _ b: Int128) -> Self
  /// Bits of the largest score.
  static var bits: Int { get }
}

extension Int64: Score {
  static let unreachable: Int64 = -1 << 62
  static let bits = 60
  @inline(__always) var isReachable: Bool { self > -1 << 61 }
  static func product(_ a: Int128, _ b: Int128) -> Int64 { Int64(a * b) }
}

extension Int128: Score {
  static let unreachable: Int128 = -1 << 126
  static let bits = 124
  @inline(__always) var isReachable: Bool { self > -1 << 125 }
  static func product(_ a: Int128, _ b: Int128) -> Int128 { a * b }
}

/// Two's complement of 256 bits.
struct Int256: Score, Hashable {
  let high: Int128
  let low: UInt128

  static let zero = Int256(high: 0, low: 0)
  static let unreachable = Int256(high: -1 << 126, low: 0)
  static let bits = 252
  @inline(__always) var isReachable: Bool { high > -1 << 125 }

  @inline(__always)
  static func < (a: Int256, b: Int256) -> Bool { a.high != b.high ? a.high < b.high : a.low < b.low }

  @inline(__always)
  static func + (a: Int256, b: Int256) -> Int256 {
    let (low, carry) = a.low.addingReportingOverflow(b.low)
    return Int256(high: a.high &+ b.high &+ (carry ? 1 : 0), low: low)
  }

  static func product(_ a: Int128, _ b: Int128) -> Int256 {
    let (high, low) = a.multipliedFullWidth(by: b)
    return Int256(high: high, low: low)
  }
}
