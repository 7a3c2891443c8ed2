// SPDX-License-Identifier: Apache-2.0
// The exact worst case and moments beside what an analysis measured.

internal import Accumulation
public import ErrorAnalysis
public import Formats

/// What exact analysis says of one length.
public struct ExactMeasurement: Codable, Hashable, Sendable {
  /// Of computed − exact, for independent terms with the frequencies of the data.
  public let rms: Double
  /// E[computed − exact].
  public let mean: Double
  /// E Σ|xᵢyᵢ|, and rms over it.
  public let meanMagnitudes: Double
  /// rms / E Σ|xᵢyᵢ|.
  public let ratioRms: Double
  /// Probability.
  public let overflow: Double
  /// max |error| / Σ|xᵢyᵢ| over all inputs of the format without overflow, as a number and as a fraction.
  public let worstRatio: Double
  /// The same as numerator/denominator.
  public let worstFraction: String
}

extension Analysis {
  /// Which lengths get an exact analysis beside the measured one.
  public enum ExactPolicy: String, CaseIterable, Sendable {
    /// Lengths that take about a second together, shortest first.
    case automatic
    /// All lengths, or none.
    case always, never
  }

  static let automaticSeconds = 1.0

  /// The exact results of each length, and why some are missing.
  ///
  /// - Throws: with `always`, what makes an exact analysis impossible.
  public func exact(
    _ policy: ExactPolicy, _ parallelism: Parallelism = .allCores, progress: Progress = .silent
  ) throws(ExactAnalysisError) -> (results: [ExactMeasurement?], missing: String?) {
    guard policy != .never else { return (counts.map { _ in nil }, nil) }
    do throws(ExactAnalysisError) {
      // Wide input formats have too many products to be quick.
      if policy == .automatic && format.width > 10 { return (counts.map { _ in nil }, "exact analysis of \(format) takes longer than a second (--exact)") }
      return try exactResults(policy, parallelism, progress)
    } catch {
      if policy == .always { throw error }
      return (counts.map { _ in nil }, "no exact analysis: \(error)")
    }
  }

  private func exactResults(
    _ policy: ExactPolicy, _ parallelism: Parallelism, _ progress: Progress
  ) throws(ExactAnalysisError) -> (results: [ExactMeasurement?], missing: String?) {
    let all = try DiscreteLaw(format)
    let worst = try ExactAnalysis(dot.plan, product: dot.product, Terms(products: all, all))
    let (x, y) = data.laws(in: format)
    let saturates = dot.plan.rounders.allSatisfy { $0.overflow == .saturate }
    let law = try ExactAnalysis(dot.plan, product: dot.product, Terms(products: x, y), onOverflow: saturates ? .saturate : .absorb)
    var (results, left, missing) = ([Int: ExactMeasurement](), Analysis.automaticSeconds, false)
    let total = Double(Set(counts).reduce(0, +))
    var done = 0.0
    for n in Set(counts).sorted() {
      if policy == .automatic {
        left -= try worst.estimatedSeconds(n)
        guard left > 0 else {
          missing = true
          break
        }
      }
      let part = progress.part(from: done / total, share: Double(n) / total)
      done += Double(n)
      let (moments, extreme) = (try law.moments(n, parallelism), try worst.worst(n, parallelism, progress: part))
      results[n] = ExactMeasurement(
        rms: moments.rms, mean: moments.mean, meanMagnitudes: moments.meanMagnitudes, ratioRms: moments.rms / moments.meanMagnitudes,
        overflow: moments.overflow, worstRatio: extreme.ratio.double, worstFraction: "\(extreme.ratio)")
    }
    return (counts.map { results[$0] }, missing ? "the exact results of longer sums take more than a second together (--exact)" : nil)
  }
}
