// SPDX-License-Identifier: Apache-2.0
// Sums in narrow accumulators without sampling: what is asked, and whether it can be answered.

public import Accumulation
public import Formats

/// The exact analysis of a sum whose accumulators have at most 2^16 values.
///
/// Such an accumulator is a finite automaton. Its state is the running sum; the exact sum need not be part of it, because the total error is
/// the sum of the local errors fl(s + x) − (s + x) along the way. So the worst error over *all* inputs is a longest path (``worst(_:_:progress:)``),
/// and the mean and variance of the error of independent random terms follow from three numbers for each state (``moments(_:_:progress:)``).
///
/// Source: recurrences as in the docs of the two; to our knowledge new for rounding errors (nothing was found in a search of November 2026). Near
/// to it: Dahlqvist, Salvia and Constantinides, arXiv:1912.00867 (error distributions of single operations); Natesh and Kung,
/// arXiv:2504.09072 (a Markov chain for the time to overflow).
public struct ExactAnalysis: Sendable {
  public let plan: Plan
  public let product: Product
  public let treatment: OverflowTreatment
  private let laws: [Terms]

  /// Sums of independent terms that are all alike.
  ///
  /// - Throws: `ExactAnalysisError` for schemes whose state is not one number, for wrapping accumulators, and for those of more than 16 bits.
  public init(_ plan: Plan, product: Product = .exact, _ terms: Terms, onOverflow treatment: OverflowTreatment = .exclude) throws(ExactAnalysisError) {
    try self.init(plan, product: product, weighted: [terms], onOverflow: treatment)
  }

  /// Sums whose i-th term is of the i-th kind: dot products with a given vector.
  public init(_ plan: Plan, product: Product = .exact, weighted terms: [Terms], onOverflow treatment: OverflowTreatment = .exclude) throws(ExactAnalysisError) {
    (self.plan, self.product, self.treatment, laws) = (plan, product, treatment, terms)
    try ExactAnalysis.check(plan)
    var rounders = plan.rounders
    if case .rounded(let rounder) = product { rounders.append(rounder) }
    for rounder in rounders {
      if rounder.overflow == .wrap { throw .wraps("\(rounder)") }
      if rounder.rounding.isStochastic && rounder.subnormals == .flush { throw .scheme("\(rounder)") }
      guard rounder.format.width <= Automaton.largestWidth else { throw .states(rounder.format.name, bits: rounder.format.width) }
    }
  }

  private static func check(_ plan: Plan) throws(ExactAnalysisError) {
    switch plan {
    case .sequential, .pairwise: return
    case .chunked(_, let inner, let outer), .strided(_, let inner, let outer):
      try check(inner)
      try check(outer)
    case .compensated, .block, .exact: throw .scheme("\(plan)")
    }
  }

  /// Kinds of terms.
  var kinds: Int { laws.count }

  /// The same with another treatment of overflow, which changes nothing that was checked.
  func withTreatment(_ treatment: OverflowTreatment) -> ExactAnalysis { try! ExactAnalysis(plan, product: product, weighted: laws, onOverflow: treatment) }

  /// Whether all terms are of one kind.
  public var isAlike: Bool { kinds == 1 }

  /// The kind of term k.
  public func terms(at k: Int) -> Terms { laws.count == 1 ? laws[0] : laws[k] }

  /// The largest unit in which every number that comes up is an integer.
  ///
  /// Sums of multiples of 2^q round to multiples of 2^q in every format whose gaps are powers of two and do not widen towards zero; posits have
  /// values of their own between.
  func machine(_ parallelism: Parallelism) -> Machine {
    var unit = laws.flatMap(\.terms).filter { !$0.value.isZero }.map(\.value.exponent).min() ?? 0
    var rounders = plan.rounders
    if case .rounded(let rounder) = product { rounders.append(rounder) }
    for rounder in rounders where !rounder.format.isFloating && !rounder.format.isFixed { unit = min(unit, rounder.format.quantumExponent) }
    // What overflows is clamped to the ends of the range, odd multiples of a small unit: e2m4 ends at 3.875.
    for end in rounders.flatMap({ [$0.format.maxFinite, $0.format.minFinite] }) where !end.isZero { unit = min(unit, end.exponent) }
    return Machine(unit: unit, treatment, parallelism)
  }

  /// The addends of n terms: one for all of them, or one for each.
  func addends(_ n: Int, _ machine: Machine) throws(ExactAnalysisError) -> [Addends] {
    if laws.count > 1, laws.count != n { throw .weights(laws.count, count: n) }
    return try laws.map { terms throws(ExactAnalysisError) in try Addends(terms, product, machine) }
  }

  var roundsLeaves: Bool { product == .fused }

  /// Whether roundings take −x to the opposite of what they take x to; ends of the range aside.
  var isOdd: Bool {
    var rounders = plan.rounders
    if case .rounded(let rounder) = product { rounders.append(rounder) }
    return rounders.allSatisfy { $0.rounding != .up && $0.rounding != .down && $0.format.isSigned && $0.format.minFinite == -$0.format.maxFinite }
  }

  /// Additions in accumulators for a sum of n terms, those of equal chunks counted once: what progress is measured in.
  func additions(_ n: Int) -> Int {
    func count(_ plan: Plan, _ n: Int) -> Int {
      switch plan {
      case .chunked(let size, let inner, let outer): count(inner, min(size, n)) + count(outer, (n + size - 1) / size)
      case .strided(let lanes, let inner, let outer): count(inner, (n + lanes - 1) / lanes) + count(outer, min(lanes, n))
      case .pairwise(_, let leaf): leaf
      case .sequential, .compensated, .block, .exact: n
      }
    }
    return count(plan, n)
  }
}

extension Addends {
  /// Whether −x is an addend where x is, with ways that mirror its own.
  var isSymmetric: Bool {
    support.isSymmetric
      && (0..<support.count).allSatisfy { i in
        let j = support.count - 1 - i
        let (a, b) = (ways[offsets[i]..<offsets[i + 1]], ways[offsets[j]..<offsets[j + 1]].reversed())
        return a.count == b.count && zip(a, b).allSatisfy { $0.exact == -$1.exact && $0.probability == $1.probability }
      }
  }
}
