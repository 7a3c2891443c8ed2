// SPDX-License-Identifier: Apache-2.0
// Summaries of measured errors.

internal import Formats

/// Root mean square, mean, 99th percentile and maximum of a sample.
public struct Spread: Codable, Hashable, Sendable {
  public let rms: Double
  public let mean: Double
  public let p99: Double
  public let max: Double

  /// - Parameter signed: errors with their sign; rms, percentile and maximum are of their magnitudes.
  ///   The percentile is the smallest magnitude that at least 99 % of the sample do not exceed. An empty sample gives NaN.
  public init(signed sample: [Double]) {
    let sorted = sample.map(abs).sorted()
    let n = Double(sorted.count)
    rms = (sorted.reduce(0) { $0 + $1 * $1 } / n).squareRoot()
    mean = sample.reduce(0, +) / n
    p99 = sorted.isEmpty ? .nan : sorted[(sorted.count * 99 + 99) / 100 - 1]
    max = sorted.last ?? .nan
  }
}
