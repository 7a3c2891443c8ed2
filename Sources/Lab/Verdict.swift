// SPDX-License-Identifier: Apache-2.0
// What the measurements mean: which bound explains them, where the accumulator gives up, what would help.

internal import Accumulation
internal import ErrorAnalysis
public import Formats

/// The conclusion of an analysis.
public struct Verdict: Codable, Hashable, Sendable {
  /// The error ratio asked for.
  public let target: Double
  /// 99th percentile of the error ratio at the largest n.
  public let error: Double
  /// Whether 99 % of the errors are no larger at the longest length.
  public let meetsTarget: Bool
  /// The tightest bound at the largest n where one applies.
  @Nullable public var explainedBy: String?
  /// Its ratio to the largest error there.
  @Nullable public var tightness: Double?
  /// The smallest n at which at least ``stagnationThreshold`` of the nonzero terms were swallowed.
  @Nullable public var stagnatesFrom: Int?
  /// The smallest n at which a trial overflowed.
  @Nullable public var overflowsFrom: Int?
  /// Trials in which an error exceeded a bound that holds for every evaluation, or a stochastic one more often than chance allows; anything
  /// but 0 is a bug.
  public let violations: Int
  /// Bounds of a model that failed more often than the model allows.
  public let failedModels: [String]
  /// The level with the largest share of the modelled variance at the largest n, where there are several levels.
  @Nullable public var dominatedBy: Domination?
  /// The smallest changes that meet the target, one of each kind that can.
  public let suggestions: [Suggestion]
  /// Kinds of change that were tried without reaching the target.
  public let failed: [Suggestion]

  /// A changed accumulator and its measured error (99th percentile of the ratio at the largest n).
  public struct Suggestion: Codable, Hashable, Sendable {
    /// What is changed.
    public let change: Change
    /// The changed plan as text.
    public let accumulator: String
    /// Its error ratio for 99 % of the sums.
    public let error: Double
  }

  /// The place of a level in ``ModelMeasurement/levels``, from 1 on, its accumulator, and its share of the variance.
  public struct Domination: Codable, Hashable, Sendable {
    /// Its place among the levels, innermost first.
    public let level: Int
    /// The rounder as text.
    public let accumulator: String
    /// Of the variance, by the model.
    public let share: Double
  }

  /// What of an accumulator is changed so that the target is met.
  public enum Change: String, Codable, Hashable, Sendable {
    /// Bits of fraction or exponent, chunks, or stochastic rounding.
    case fractionBits, exponentBits, chunks, stochasticRounding
  }

  /// The share of swallowed terms from which a sum is said to stagnate.
  public static let stagnationThreshold = 0.5
}

extension Analysis {
  /// The verdict on measurements of this analysis.
  ///
  /// Suggestions are measured on the largest n with at most 400 trials each.
  public func verdict(_ results: [Measurement], _ parallelism: Parallelism = .allCores) -> Verdict {
    guard let last = results.max(by: { $0.n < $1.n }) else { preconditionFailure("an analysis of no lengths") }
    let error = last.overflow > 0.01 ? Double.infinity : last.ratio.p99
    // A bound explains an error that it is close to; overflow leaves nothing to explain.
    let tightest = last.bounds.filter { $0.value.isFinite && $0.bound.kind != .probabilistic }.min { $0.value < $1.value }
    let all = results.flatMap(\.bounds)
    var (suggestions, failed): ([Verdict.Suggestion], [Verdict.Suggestion]) = ([], [])
    let meetsTarget = error <= target
    // Without an error ratio (every product 0) there is nothing to improve.
    if !meetsTarget && !error.isNaN {
      for (change, candidates) in alternatives(overflows: last.overflow > 0) {
        let tried = firstMeeting(change, candidates, n: last.n, parallelism)
        guard let tried else { continue }
        if tried.error <= target { suggestions.append(tried) } else { failed.append(tried) }
      }
    }
    return Verdict(
      target: target, error: error, meetsTarget: meetsTarget, explainedBy: tightest?.bound.id, tightness: tightest?.tightness,
      stagnatesFrom: results.filter { $0.stagnated >= Verdict.stagnationThreshold }.map(\.n).min(),
      overflowsFrom: results.filter { $0.overflow > 0 }.map(\.n).min(),
      violations: all.filter { $0.isRefuted && $0.bound.kind != .probabilistic }.reduce(0) { $0 + $1.violations },
      failedModels: Set(all.filter { $0.isRefuted && $0.bound.kind == .probabilistic }.map(\.bound.id)).sorted(),
      dominatedBy: domination(last.model.levels), suggestions: suggestions,
      failed: failed)
  }

  private func domination(_ levels: [ModelMeasurement.Level]) -> Verdict.Domination? {
    guard levels.count > 1, let (i, level) = levels.enumerated().max(by: { $0.element.share < $1.element.share }), level.share > 0 else {
      return nil
    }
    return Verdict.Domination(level: i + 1, accumulator: level.accumulator, share: level.share)
  }

  /// Changed plans, the smallest change of each kind first.
  private func alternatives(overflows: Bool) -> [(Verdict.Change, [Plan])] {
    guard case .sequential(let rounder) = dot.plan, case .floating(let f) = rounder.format.encoding else { return [] }
    func widened(exponent: Int, fraction: Int) -> Plan? {
      guard let format = try? Format("e\(f.exponentBits + exponent)m\(f.fractionBits + fraction)") else { return nil }
      return (try? Rounder(to: format, rounder.rounding)).map { .sequential($0) }
    }
    var all: [(Verdict.Change, [Plan])] = []
    if overflows {
      all.append((.exponentBits, (1...3).flatMap { e in (0...12).compactMap { widened(exponent: e, fraction: $0) } }))
    } else {
      all.append((.fractionBits, (1...16).compactMap { widened(exponent: 0, fraction: $0) }))
    }
    // The largest chunk first: it hands over least often.
    all.append((.chunks, (1...8).reversed().map { .chunked(1 << $0, inner: dot.plan, outer: dot.plan) }))
    if !rounder.rounding.isStochastic, let stochastic = try? Rounder(to: rounder.format, .stochastic, overflow: rounder.overflow) {
      all.append((.stochasticRounding, [.sequential(stochastic)]))
    }
    return all
  }

  /// The first plan that meets the target, otherwise the best one.
  private func firstMeeting(_ change: Verdict.Change, _ plans: [Plan], n: Int, _ parallelism: Parallelism) -> Verdict.Suggestion? {
    var best: Verdict.Suggestion?
    for plan in plans {
      var changed = self
      changed.dot = DotProduct(plan, product: dot.product, factors: format)
      changed.counts = [n]
      changed.trials = min(trials, 400)
      let result = changed.run(parallelism)[0]
      let error = result.overflow > 0.01 || result.ratio.p99.isNaN ? Double.infinity : result.ratio.p99
      let suggestion = Verdict.Suggestion(change: change, accumulator: "\(plan)", error: error)
      if error <= target { return suggestion }
      if best.map({ error < $0.error }) ?? true { best = suggestion }
    }
    return best
  }
}

/// An optional that is written as null rather than left out.
@propertyWrapper
public struct Nullable<Wrapped: Codable & Hashable & Sendable>: Codable, Hashable, Sendable {
  /// The value, or nil.
  public var wrappedValue: Wrapped?

  /// An optional that is written as null when it is nil.
  public init(wrappedValue: Wrapped?) { self.wrappedValue = wrappedValue }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    wrappedValue = container.decodeNil() ? nil : try container.decode(Wrapped.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let wrappedValue { try container.encode(wrappedValue) } else { try container.encodeNil() }
  }
}
