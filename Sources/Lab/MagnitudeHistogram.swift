// SPDX-License-Identifier: Apache-2.0
// How large the numbers of an array are: counts for each binade.

/// Counts of doubles by binade ⌊log₂|x|⌋, with zeros and non-finite ones apart.
///
/// Histograms of parts merge into the histogram of the whole.
public struct MagnitudeHistogram: Hashable, Sendable {
  /// ±0.
  public private(set) var zeros = 0
  /// Infinities and NaN.
  public private(set) var nonFinite = 0
  /// Counts by exponent field 1 to 2046, the normal numbers.
  private var normals = [Int](repeating: 0, count: 2047)
  /// Counts by the top set bit of the fraction, the subnormal numbers.
  private var subnormals = [Int](repeating: 0, count: 52)

  /// The counts of these numbers.
  public init(_ values: [Double] = []) { self = values.withUnsafeBufferPointer(MagnitudeHistogram.init) }

  /// - Complexity: about 2 ns a number: the binade of a normal one is its exponent field.
  public init(_ values: UnsafeBufferPointer<Double>) {
    var (zeros, nonFinite) = (0, 0)
    normals.withUnsafeMutableBufferPointer { normals in
      for x in values {
        let field = Int(x.exponentBitPattern)
        if field == 2047 {
          nonFinite += 1
        } else if field > 0 {
          normals[field] += 1
        } else if x.significandBitPattern == 0 {
          zeros += 1
        } else {
          subnormals[63 - x.significandBitPattern.leadingZeroBitCount] += 1
        }
      }
    }
    (self.zeros, self.nonFinite) = (zeros, nonFinite)
  }

  /// Adds the counts of other numbers; the order does not matter.
  public mutating func merge(_ other: MagnitudeHistogram) {
    zeros += other.zeros
    nonFinite += other.nonFinite
    for i in normals.indices { normals[i] += other.normals[i] }
    for i in subnormals.indices { subnormals[i] += other.subnormals[i] }
  }

  /// How many numbers have ⌊log₂|x|⌋ = `binade`.
  public func count(in binade: Int) -> Int {
    switch binade {
    case -1074 ..< -1022: subnormals[binade + 1074]
    case -1022...1023: normals[binade + 1023]
    default: 0
    }
  }

  /// From the smallest to the largest binade that is not empty; `nil` without finite nonzero numbers.
  public var binades: ClosedRange<Int>? {
    guard let first = (-1074...1023).first(where: { count(in: $0) > 0 }) else { return nil }
    return first...(-1074...1023).last { count(in: $0) > 0 }!
  }

  /// How many finite numbers other than 0 there are.
  public var nonzero: Int { normals.reduce(0, +) + subnormals.reduce(0, +) }

  /// How many numbers there are.
  public var count: Int { zeros + nonFinite + nonzero }
}
