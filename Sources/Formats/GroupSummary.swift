// SPDX-License-Identifier: Apache-2.0
// What a group's scale depends on.

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The extremes of a run of numbers, and the sum of their logarithms where a format needs it.
///
/// Merging is exact and associative: a tensor gives the same summary in parts of any size, on any number of threads.
public struct GroupSummary: Hashable, Sendable {
  /// n.
  public private(set) var count = 0
  /// The smallest of 0 and the finite numbers.
  public private(set) var minimum = 0.0
  /// The largest of 0 and the finite numbers.
  public private(set) var maximum = 0.0
  /// How many of them are not 0.
  public private(set) var nonzeroCount = 0
  /// The sum of log₂|x| over the nonzero x, each rounded to a multiple of 2^-40, in units of 2^-40.
  private var logarithms: Int128 = 0

  /// The summary of no numbers.
  public init() {}

  init(_ run: Run, logarithms: Bool) {
    count = run.count
    for i in 0..<run.count {
      let x = run[i]
      guard x.isFinite else { continue }
      if x < minimum { minimum = x }
      if x > maximum { maximum = x }
      if x != 0 { nonzeroCount += 1 }
      if logarithms && x != 0 { self.logarithms += Int128(Int64((log2(x.magnitude) * 0x1p40).rounded())) }
    }
  }

  /// M, the largest finite magnitude.
  public var maxMagnitude: Double { max(-minimum, maximum) }

  /// µ, the mean of log₂|x| over the nonzero x, to 2^-40 or so; `nil` if there are none.
  var meanLogarithm: Double? {
    nonzeroCount == 0 ? nil : Double(Int64(logarithms / Int128(nonzeroCount))) * 0x1p-40
  }

  /// The summary of these numbers and of those of `next`.
  public mutating func merge(_ next: GroupSummary) {
    count += next.count
    minimum = min(minimum, next.minimum)
    maximum = max(maximum, next.maximum)
    nonzeroCount += next.nonzeroCount
    logarithms += next.logarithms
  }
}

/// A run of doubles in memory, every `stride`-th from `x` on, and where to put what becomes of them.
struct Run {
  let x: UnsafePointer<Double>
  var y: UnsafeMutablePointer<Double>?
  /// Where the elements go, one after the other, when they are asked for.
  var elements: UnsafeMutablePointer<Double>?
  let count: Int
  let stride: Int
  /// Position of the first number in its tensor.
  let start: Int

  subscript(_ i: Int) -> Double { x[i * stride] }

  func index(_ i: Int) -> Int { start + i * stride }

  /// Numbers `range` of this run.
  func part(_ range: Range<Int>) -> Run {
    let offset = range.lowerBound * stride
    return Run(
      x: x + offset, y: y.map { $0 + offset }, elements: elements.map { $0 + range.lowerBound }, count: range.count, stride: stride,
      start: start + offset)
  }
}
