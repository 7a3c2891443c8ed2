// SPDX-License-Identifier: Apache-2.0
// Which accumulator is the cheapest that is accurate enough?

public import Accumulation
internal import ErrorAnalysis
public import Formats

/// A search for accumulators of dot products of length n whose errors stay within a target.
///
/// Families of designs (one format in sequence, in chunks of 8 to 256, to nearest, cut or with few random bits; fixed point) are tried with
/// more and more fraction bits, each measured as ``Analysis`` does.
public struct AccumulatorSearch: Sendable {
  /// The format of x and y.
  public let format: Format
  /// n.
  public let count: Int
  /// Where the vectors come from.
  public let data: DataSource
  /// The error ratio that 99 % of the dot products shall not exceed.
  public let target: Double
  /// Dot products for each accumulator.
  public let trials: Int
  /// Of all random bits.
  public let seed: UInt64

  /// A search over dot products of `count` pairs from `data`, rounded to `format`; each accumulator is measured on the same `trials` pairs of
  /// vectors.
  public init(format: Format, count: Int, data: DataSource, target: Double = 0.01, trials: Int = 100, seed: UInt64 = 1) {
    (self.format, self.count, self.data, self.target, self.trials, self.seed) = (format, count, data, target, trials, seed)
  }

  /// One accumulator and what was found of it.
  public struct Candidate: Codable, Hashable, Sendable {
    /// The plan as text.
    public let accumulator: String
    /// What it has in common with the candidates that differ only in precision.
    public let family: String
    /// Bits of all its formats.
    public let bits: Int
    /// An estimate; compare, do not trust.
    public let cost: AccumulatorCost
    /// 99th percentile of |error| / Σ|xᵢyᵢ|, +∞ where sums overflow.
    public let measured: Double
    /// The same if errors were independent, evenly spread and normally distributed in sum.
    public let model: Double
    /// The tightest bound that holds for every dot product, or for 99 % by a theorem; its largest value over the trials.
    public let bound: Double
    /// The id of that bound; `nil` if none holds.
    @Nullable public var boundedBy: String?
  }

  /// How it is known that a target is met.
  public enum Criterion: String, CaseIterable, Codable, Sendable {
    /// By a bound; by the model of independent errors; as measured.
    case bound, model, measured
  }

  /// Every candidate that was tried, cheapest first.
  ///
  /// - Complexity: some hundreds of candidates, trials · n roundings each.
  public func run(_ parallelism: Parallelism = .allCores, progress: Progress = .silent) -> [Candidate] {
    let families = families(parallelism)
    var found: [Candidate] = []
    for (i, family) in families.enumerated() {
      for (j, plan) in family.plans.enumerated() {
        progress.report?((Double(i) + Double(j) / Double(family.plans.count)) / Double(families.count))
        guard let candidate = measure(plan, family.name, parallelism) else { continue }
        found.append(candidate)
        // With more bits nothing but the cost would grow.
        if max(candidate.bound, candidate.measured) <= target { break }
      }
    }
    progress.report?(1)
    return found.sorted { ($0.cost.luts, $0.accumulator) < ($1.cost.luts, $1.accumulator) }
  }

  /// The cheapest candidates that meet the target by a criterion, one of each family, at most `limit`.
  public func cheapest(_ candidates: [Candidate], by criterion: Criterion, limit: Int = 6) -> [Candidate] {
    var seen: Set<String> = []
    return Array(candidates.filter { $0.error(by: criterion) <= target && seen.insert($0.family).inserted }.prefix(limit))
  }

  /// The candidates that no other one beats in both cost and measured error, cheapest first.
  public static func front(_ candidates: [Candidate]) -> [Candidate] {
    var best = Double.infinity
    return candidates.filter { candidate in
      guard candidate.measured < best else { return false }
      best = candidate.measured
      return true
    }
  }

  // MARK: Designs

  private static let largestFraction = 20

  /// Plans by family, each with growing precision.
  private func families(_ parallelism: Parallelism) -> [(name: String, plans: [Plan])] {
    let exponent = exponentBits(parallelism)
    let fractions = 1...AccumulatorSearch.largestFraction
    func floating(_ suffix: String, extra: Int = 0) -> [Rounder?] {
      fractions.map { try? Rounder(text: "e\(exponent)m\($0 + extra)\(suffix)") }
    }
    let (nearest, wide, cut) = (floating(""), floating("", extra: 4), floating("@rz"))
    func plans(_ rounders: [Rounder?]) -> [Plan] { rounders.compactMap { $0.map { .sequential($0) } } }
    var families = [("in sequence", plans(nearest)), ("in sequence, cut", plans(cut))]
    // Random bits by rule: half of log₂ n, and enough that a term can move the sum; two more.
    families.append(("in sequence, stochastic", fractions.compactMap { m in
      let length = Int(Double(count).logarithmOfTwo.rounded(.up))
      let bits = max(max((length + 1) / 2, length - m) + 2, 2)
      return (try? Rounder(text: "e\(exponent)m\(m)@sr\(bits)")).map { .sequential($0) }
    }))
    for chunk in [8, 16, 32, 64, 128, 256] where chunk < count {
      for (outer, name) in [(nearest, "chunks of \(chunk)"), (wide, "chunks of \(chunk), wider sums")] {
        families.append((name, zip(nearest, outer).compactMap { a, b in
          a.flatMap { a in b.map { .chunked(chunk, inner: .sequential(a), outer: .sequential($0)) } }
        }))
      }
    }
    let integer = max(1, largestSum(parallelism).exponentAbove + 1)
    families.append(("fixed point", (0...24).compactMap { fraction in (try? Rounder(text: "q\(integer).\(fraction)")).map { .sequential($0) } }))
    return families
  }

  /// The fewest exponent bits with which no sum overflows and the error is that of many.
  private func exponentBits(_ parallelism: Parallelism) -> Int {
    func error(_ bits: Int) -> Double { (try? Rounder(text: "e\(bits)m10")).flatMap { measure(.sequential($0), "", parallelism)?.measured } ?? .infinity }
    let best = error(8)
    return (3...7).first { error($0) <= 1.05 * best } ?? 8
  }

  /// The largest |sum| or |partial sum| that was seen.
  private func largestSum(_ parallelism: Parallelism) -> Double {
    let sampler = Sampler(data, format)
    let stream = RandomStream(seed: seed, "trials").child(count)
    return parallelMap(trials, parallelism) { trial in
      let (x, y) = sampler.pair(count: count, stream.child(trial))
      var (sum, largest) = (0.0, 0.0)
      for (a, b) in zip(x, y) {
        sum += a.double * b.double
        largest = max(largest, abs(sum))
      }
      return largest
    }.max() ?? 0
  }

  // MARK: Measuring

  private func measure(_ plan: Plan, _ family: String, _ parallelism: Parallelism) -> Candidate? {
    guard let cost = AccumulatorCost(plan) else { return nil }
    let analysis = Analysis(
      format: format, dot: DotProduct(plan, factors: format), counts: [count], data: data, trials: trials, seed: seed, target: target)
    let result = analysis.run(parallelism)[0]
    let isLost = result.overflow > 0.01 || result.ratio.p99.isNaN
    let tightest = result.bounds.filter { $0.value.isFinite && $0.bound.kind != .probabilistic }.min { $0.value < $1.value }
    let spread = max(0, result.model.rms * result.model.rms - result.model.mean * result.model.mean).squareRoot()
    return Candidate(
      accumulator: "\(plan)", family: family, bits: plan.rounders.reduce(0) { $0 + $1.format.width }, cost: cost, measured: isLost ? .infinity : result.ratio.p99,
      model: isLost ? .infinity : abs(result.model.mean) + 2.576 * spread, bound: isLost ? .infinity : tightest?.value ?? .infinity,
      boundedBy: isLost ? nil : tightest?.bound.id)
  }
}

extension AccumulatorSearch.Candidate {
  /// The error by which a criterion judges.
  public func error(by criterion: AccumulatorSearch.Criterion) -> Double {
    switch criterion {
    case .bound: bound
    case .model: model
    case .measured: measured
    }
  }
}

extension AccumulatorSearch {
  /// Measured error against cost: all candidates, those that none beats, and the target.
  public func figure(_ candidates: [Candidate]) -> Figure {
    let points = { (all: [Candidate]) in all.map { ($0.cost.luts, $0.measured) } }
    let costs = candidates.map(\.cost.luts)
    return Figure(
      title: "accumulators of \(count) products of \(format), data \(data.name)", x: .init("LUTs (estimate)"),
      y: .init("|error| / sum |x y|, 99th percentile", .log10),
      series: [
        .init("tried", points(candidates), .dots), .init("none better and cheaper", points(AccumulatorSearch.front(candidates)), .measured),
        .init("target", [costs.min(), costs.max()].compactMap { $0.map { ($0, target) } }, .rule),
      ])
  }
}

extension Double {
  fileprivate var logarithmOfTwo: Double { self <= 1 ? 0 : Double(exponent) + (significand > 1 ? 1 : 0) }
  /// The smallest n with |x| < 2^n.
  fileprivate var exponentAbove: Int { self == 0 ? 0 : Int(exponent) + 1 }
}
