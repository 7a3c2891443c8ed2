// SPDX-License-Identifier: Apache-2.0
// Summaries of measured errors.

internal import Formats
internal import Glibc

/// Root mean square, mean, 99th percentile and maximum of a sample.
public struct Spread: Codable, Hashable, Sendable {
  /// √(Σ e²/n), signs lost.
  public let rms: Double
  /// Σ e/n, signs kept.
  public let mean: Double
  /// The least number that 99 % of the |e| do not exceed.
  public let p99: Double
  /// The largest |e|.
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

/// The probability of `k` or more successes in `n` independent trials that succeed with probability p, or 1 if `k` is no more than n p.
///
/// - Complexity: O(n).
func binomialTail(_ k: Int, of n: Int, _ p: Double) -> Double {
  // Below the mean the tail is no small number; 1 is enough to know.
  if Double(k) <= Double(n) * p { return 1 }
  if k > n { return 0 }
  // The first term by its logarithm, the others by their ratios.
  var logarithm = Double(k) * log(p) + Double(n - k) * log1p(-p)
  for i in 0..<k { logarithm += log(Double(n - i) / Double(i + 1)) }
  let odds = p / (1 - p)
  var (term, sum) = (exp(logarithm), 0.0)
  for i in k...n {
    sum += term
    term *= odds * Double(n - i) / Double(i + 1)
  }
  return min(1, sum)
}
