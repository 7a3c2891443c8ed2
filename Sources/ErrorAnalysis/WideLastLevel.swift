// SPDX-License-Identifier: Apache-2.0
// Hierarchies whose last accumulator is too wide for an automaton: the chunks exactly, their sum by a bound.

public import Accumulation
public import Formats
internal import Glibc

/// A hierarchy such as e4m3:16,fp16:8,fp32, the last level of which has more than 16 bits.
///
/// A chunk of the levels before is analysed exactly. If the errors of m chunks are at most λ of their magnitudes and the last level adds at
/// most β of the magnitudes that it is given, then |error| ≤ (λ + β (1 + λ)) Σ|xᵢ|: the results of the chunks have magnitudes of at most (1 + λ) Σ|xᵢ|.
public struct WideLastLevel: Sendable {
  /// The levels before the last, which are analysed exactly.
  public let inner: Plan
  /// Terms of a chunk.
  public let count: Int
  /// The last level, of which a bound is taken.
  public let outer: Plan

  /// The last level of a plan, if that is a hierarchy with a last level of more than 16 bits.
  public init?(_ plan: Plan) {
    guard case .chunked(let size, let first, let rest) = plan else { return nil }
    if let deeper = WideLastLevel(rest) {
      (inner, count, outer) = (.chunked(size, inner: first, outer: deeper.inner), size * deeper.count, deeper.outer)
    } else {
      let isOrdinary = if case .sequential = rest { true } else if case .pairwise = rest { true } else { false }
      guard isOrdinary, rest.output.format.width > Automaton.largestWidth, rest.output.overflow != .wrap else { return nil }
      (inner, count, outer) = (first, size, rest)
    }
  }

  /// β for n terms with the bound's name; `nil` if no bound is proportional to the magnitudes.
  private func bound(_ n: Int) -> (relative: Upward, id: String)? {
    let problem = Problem.sum(inner.output.format, outer, count: (n + count - 1) / count)
    let bounds = Bound.applicable(to: problem).compactMap { bound -> (relative: Upward, id: String)? in
      guard bound.bound.isCertain, let radius = bound.radius, radius.absolute == .zero else { return nil }
      return (radius.relative + radius.ofSum, bound.bound.id)
    }
    return bounds.min { $0.relative < $1.relative }
  }

  /// The chunks of n terms: their lengths, and how many there are of each.
  private func chunks(_ n: Int) -> [(length: Int, count: Int)] {
    [(count, n / count), (n % count, 1)].filter { $0.length > 0 && $0.count > 0 }
  }

  /// A bound of the worst ratio over all inputs without overflow at any level, and inputs that have a chunk's worst ratio in every whole chunk.
  public func worst(
    _ n: Int, product: Product, _ terms: Terms, _ parallelism: Parallelism = .allCores, progress: Progress = .silent
  ) throws(ExactAnalysisError) -> (atMost: Upward, lastLevel: String, witness: (x: [Dyadic], y: [Dyadic])) {
    guard let bound = bound(n) else { throw .states(outer.output.format.name, bits: outer.output.format.width) }
    let analysis = try ExactAnalysis(inner, product: product, terms)
    var (largest, witness) = (Upward.zero, (x: [Dyadic](), y: [Dyadic]()))
    for chunk in chunks(n) {
      let worst = try analysis.worst(chunk.length, parallelism, progress: progress)
      let ratio = worst.ratio
      largest = max(largest, Upward(Dyadic(ratio.numerator)).divided(byAtLeast: Value.finite(Dyadic(ratio.denominator)).double.nextDown))
      for _ in 0..<chunk.count {
        witness.x += worst.witness.x
        witness.y += worst.witness.y
      }
    }
    return (largest + bound.relative * (Upward(1) + largest), bound.id, witness)
  }

  /// Mean and rms of the sum of the chunks' errors, which are independent, and the most that the last level can change of either.
  public struct Moments: Sendable {
    /// E[computed − exact] of the chunks.
    public let mean: Double
    /// √E[(computed − exact)²] of the chunks.
    public let rms: Double
    /// What the last level can change of either, at most.
    public let uncertainty: Double
    /// E Σ|xᵢ|.
    public let meanMagnitudes: Double
    /// The probability that a chunk overflows.
    public let overflow: Double
    /// The bound that the last level's errors are held by.
    public let lastLevel: String
  }

  /// The moments of sums of n independent products or terms: those of the chunks exactly, those of the last level within its bound.
  ///
  /// - Throws: `ExactAnalysisError` if no chunk can be analysed, or no bound of the last level is proportional to the magnitudes.
  public func moments(
    _ n: Int, product: Product, _ terms: Terms, onOverflow treatment: OverflowTreatment, _ parallelism: Parallelism = .allCores,
    progress: Progress = .silent
  ) throws(ExactAnalysisError) -> Moments {
    guard let bound = bound(n) else { throw .states(outer.output.format.name, bits: outer.output.format.width) }
    let analysis = try ExactAnalysis(inner, product: product, terms, onOverflow: treatment)
    var (mean, variance, magnitudes, logSurvival, results, spread) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for chunk in chunks(n) {
      let (moments, m) = (try analysis.moments(chunk.length, parallelism, progress: progress), Double(chunk.count))
      mean += m * moments.mean
      variance += m * moments.variance
      magnitudes += m * moments.meanMagnitudes
      logSurvival += m * log1p(-moments.overflow)
      results += m * moments.computedMagnitude
      spread += m * (moments.computedSquare - moments.computedMagnitude * moments.computedMagnitude)
    }
    // The last level errs by at most β Σ|r|, r the chunks' results: its rms is at most β √E(Σ|r|)².
    return Moments(
      mean: mean, rms: (mean * mean + variance).squareRoot(), uncertainty: bound.relative.value * (results * results + spread).squareRoot(),
      meanMagnitudes: magnitudes, overflow: -expm1(logSurvival), lastLevel: bound.id)
  }
}
