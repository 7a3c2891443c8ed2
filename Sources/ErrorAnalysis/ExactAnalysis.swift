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
  /// How the terms are summed.
  public let plan: Plan
  /// What happens to products before.
  public let product: Product
  /// What an overflow means.
  public let treatment: OverflowTreatment
  /// The kinds of terms, and the kind of each term where these are given.
  private let laws: [Terms]
  private let order: [Int]?

  /// Sums of independent terms that are all alike.
  ///
  /// - Throws: `ExactAnalysisError` for schemes whose state is not one number, for wrapping accumulators, and for those of more than 16 bits.
  public init(_ plan: Plan, product: Product = .exact, _ terms: Terms, onOverflow treatment: OverflowTreatment = .exclude) throws(ExactAnalysisError) {
    try self.init(plan, product, [terms], order: nil, treatment)
  }

  /// Sums whose i-th term is of the i-th kind: dot products with a given vector.
  public init(_ plan: Plan, product: Product = .exact, weighted terms: [Terms], onOverflow treatment: OverflowTreatment = .exclude) throws(ExactAnalysisError) {
    var (laws, places) = ([Terms](), [Terms: Int]())
    let order = terms.map { kind in
      if let place = places[kind] { return place }
      places[kind] = laws.count
      laws.append(kind)
      return laws.count - 1
    }
    try self.init(plan, product, laws, order: order, treatment)
  }

  private init(_ plan: Plan, _ product: Product, _ laws: [Terms], order: [Int]?, _ treatment: OverflowTreatment) throws(ExactAnalysisError) {
    (self.plan, self.product, self.treatment, self.laws, self.order) = (plan, product, treatment, laws, order)
    try ExactAnalysis.check(plan)
    var rounders = plan.rounders
    if case .rounded(let rounder) = product { rounders.append(rounder) }
    for rounder in rounders {
      if rounder.overflow == .wrap { throw .wraps("\(rounder)") }
      guard rounder.format.contains(.zero) else { throw .noZero(rounder.format.name) }
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

  /// The same with another treatment of overflow, which changes nothing that was checked.
  func withTreatment(_ treatment: OverflowTreatment) -> ExactAnalysis { try! ExactAnalysis(plan, product, laws, order: order, treatment) }

  /// Whether all terms are of one kind.
  public var isAlike: Bool { order == nil }

  /// The kind of term k.
  public func terms(at k: Int) -> Terms { laws[order?[k] ?? 0] }

  /// The kinds of n terms, and how many there are of each.
  func kinds(_ n: Int) -> [(terms: Terms, count: Int)] {
    guard let order else { return [(laws[0], n)] }
    return laws.indices.map { kind in (laws[kind], order.count { $0 == kind }) }
  }

  /// n terms in order, from what stands for each kind.
  func runs<Law: AnyObject>(_ kinds: [Law], _ n: Int) -> Runs<Law> {
    guard let order else { return Runs(kinds[0], n) }
    var runs = Runs<Law>()
    for kind in order { runs.append(kinds[kind]) }
    return runs
  }

  /// The largest unit in which every number that comes up is an integer.
  ///
  /// Sums of multiples of 2^q round to multiples of 2^q in every format whose gaps are powers of two and do not widen towards zero; posits have
  /// values of their own between.
  func machine(_ parallelism: Parallelism) -> Machine {
    var unit = laws.flatMap(\.terms).filter { !$0.value.isZero }.map(\.value.exponent).min() ?? 0
    var rounders = plan.rounders
    if case .rounded(let rounder) = product { rounders.append(rounder) }
    for rounder in rounders where !rounder.format.isFloating && !rounder.format.isFixed { unit = min(unit, rounder.format.quantumExponent) }
    // The smallest number, to which what lies below it may round, is an odd multiple of a small unit where zero takes the place of a larger one (:cfg5).
    for least in rounders.map(\.format.minPositive) where least.exponent != least.floorLog2 { unit = min(unit, least.exponent) }
    // What overflows is clamped to the ends of the range, odd multiples of a small unit: e2m4 ends at 3.875.
    for end in rounders.flatMap({ [$0.format.maxFinite, $0.format.minFinite] }) where !end.isZero { unit = min(unit, end.exponent) }
    return Machine(unit: unit, treatment, parallelism)
  }

  /// The addends of each kind.
  func addends(_ n: Int, _ machine: Machine) throws(ExactAnalysisError) -> [Addends] {
    if let order, order.count != n { throw .weights(order.count, count: n) }
    // The smallest number of an accumulator, which directed roundings lead to from next to nothing.
    for rounder in plan.rounders {
      let bits = rounder.format.minPositive.floorLog2 - machine.unit + 1
      if bits > Automaton.largestBits - 4 { throw .range(bits: bits, allowed: Automaton.largestBits - 4) }
    }
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
