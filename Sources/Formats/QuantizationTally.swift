// SPDX-License-Identifier: Apache-2.0
// What quantising did to the numbers.

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Counts and errors of quantised numbers.
///
/// Differences, squares and sums are binary64, in the order of the numbers: for results that do not depend on threads, merge
/// tallies of fixed parts in the order of the parts.
public struct QuantizationTally: Hashable, Sendable {
  /// How many numbers were quantised.
  public internal(set) var count = 0
  /// Numbers beyond the largest element after rounding.
  public internal(set) var saturated = 0
  /// Nonzero numbers whose element is zero.
  public internal(set) var underflowed = 0
  /// Numbers whose element is subnormal, not zero.
  public internal(set) var subnormal = 0
  /// NaN and infinities; they are counted nowhere else, except in `count`.
  public internal(set) var notFinite = 0
  /// The largest |x − x̂|.
  public internal(set) var maxError = 0.0
  /// Σ (x − x̂)² and Σ x².
  private var errors = SquareSum()
  private var numbers = SquareSum()

  /// Nothing counted.
  public init() {}

  /// Σ (x − x̂)², which may be beyond binary64; ``nrmse`` and ``sqnr`` never are because of it.
  public var squaredErrors: Double { errors.value }
  /// Σ x².
  public var squares: Double { numbers.value }

  /// ‖x − x̂‖ / ‖x‖ over the finite numbers; 0 if all of them are 0.
  public var nrmse: Double { numbers.isZero ? 0 : errors.rootOfRatio(to: numbers) }

  /// −20 log₁₀ NRMSE, the ratio of signal to quantisation noise in decibels; infinite without any error, `nil` if all numbers are 0.
  public var sqnr: Double? { numbers.isZero ? nil : -20 * log10(nrmse) }

  /// √(Σ x² / n) over the n finite numbers; 0 if there are none.
  public var rms: Double { count == notFinite ? 0 : numbers.rootOfMean(count - notFinite) }

  /// Adds the counts and the sums of squares of numbers that come after these. The result depends on the order in its last bits.
  public mutating func merge(_ next: QuantizationTally) {
    count += next.count
    saturated += next.saturated
    underflowed += next.underflowed
    subnormal += next.subnormal
    notFinite += next.notFinite
    maxError = max(maxError, next.maxError)
    errors.merge(next.errors)
    numbers.merge(next.numbers)
  }

  /// Notes a finite x and its x̂.
  @inline(__always)
  mutating func note(_ x: Double, _ y: Double) {
    let error = x - y
    maxError = max(maxError, error.magnitude)
    errors.add(error)
    numbers.add(x)
  }
}

/// A number that cannot be quantised.
public enum QuantizationError: Error, Hashable, Sendable {
  /// NaN or an infinity, and where it stands.
  case notFinite(Double, index: Int)
}

extension QuantizationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notFinite(let x, let index):
      "the number at index \(index) is \(x); a scale needs finite numbers: remove it, or let NaN stay and infinity saturate."
    }
  }
}

/// What becomes of NaN and infinities. In both cases scales follow from the finite numbers alone.
public enum NonFinitePolicy: String, Hashable, Sendable, CaseIterable {
  /// An error that says where the first one is.
  case reject
  /// NaN stays NaN; an infinity becomes the outermost element of its sign.
  case propagate
}
