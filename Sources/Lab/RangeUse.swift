// SPDX-License-Identifier: Apache-2.0
// Where the numbers of an array lie in the range of a format.

public import Formats
internal import Glibc

/// Counts of doubles by their place in the range of a format, compared exactly, before any rounding.
public struct RangeUse: Hashable, Sendable {
  public let format: Format
  public private(set) var zeros = 0
  /// Nonzero, and smaller in magnitude than the smallest positive value.
  public private(set) var below = 0
  /// From the smallest positive value up to the smallest normal number.
  public private(set) var subnormal = 0
  /// From the smallest normal number (of fixed point: the step) to the end of the range.
  public private(set) var normal = 0
  /// Beyond the largest or the smallest finite value, infinities included.
  public private(set) var above = 0
  public private(set) var nan = 0

  public init(_ values: [Double] = [], in format: Format) {
    self.format = format
    // A double is below a number exactly if it is below that number rounded up to a double; likewise above.
    let smallest = Double(format.minPositive, rounded: .up)
    let smallestNormal = format.minNormal.map { Double($0, rounded: .up) } ?? (format.isFloating ? .infinity : smallest)
    let (largest, lowest) = (Double(format.maxFinite, rounded: .down), Double(format.minFinite, rounded: .up))
    for x in values {
      if x.isNaN {
        nan += 1
      } else if x == 0 {
        zeros += 1
      } else if x > largest || x < lowest && x < 0 {
        above += 1
      } else if abs(x) < smallest {
        below += 1
      } else if abs(x) < smallestNormal {
        subnormal += 1
      } else {
        normal += 1
      }
    }
  }

  public mutating func merge(_ other: RangeUse) {
    precondition(other.format == format, "counts of one format")
    zeros += other.zeros
    below += other.below
    subnormal += other.subnormal
    normal += other.normal
    above += other.above
    nan += other.nan
  }

  public var count: Int { zeros + below + subnormal + normal + above + nan }
}

extension Double {
  fileprivate init(_ x: Dyadic, rounded rounding: Rounding) {
    self = try! Rounder(to: .fp64, rounding).round(Unrounded(x)).value.double  // every mode rounds to fp64
  }
}
