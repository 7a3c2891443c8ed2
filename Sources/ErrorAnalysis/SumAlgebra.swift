// SPDX-License-Identifier: Apache-2.0
// A plan carried out on sets of possible sums instead of on numbers.

internal import Accumulation
internal import Formats

/// What is known of all the values that a sum can have, and how that changes when two sums are added: best errors of a worst case, or moments.
///
/// Sums that are added have no inputs in common, so that they are independent.
protocol SumAlgebra {
  associatedtype Law: AnyObject

  /// The law of s ← fl(s + x), from s = 0, over terms.
  func accumulate(_ rounder: Rounder, _ terms: Runs<Law>) throws(ExactAnalysisError) -> Law
  /// The law of fl(a + b).
  func add(_ rounder: Rounder, _ a: Law, _ b: Law) throws(ExactAnalysisError) -> Law
}

/// Terms in a row, those that have the same law counted.
struct Runs<Law: AnyObject> {
  private(set) var runs: [(law: Law, count: Int)] = []

  init() {}
  init(_ law: Law, _ count: Int) { append(law, count) }

  var count: Int { runs.reduce(0) { $0 + $1.count } }

  mutating func append(_ law: Law, _ count: Int = 1) {
    guard count > 0 else { return }
    if let last = runs.last, last.law === law { runs[runs.count - 1].count += count } else { runs.append((law, count)) }
  }

  /// Terms `range.lowerBound` up to `range.upperBound`.
  subscript(range: Range<Int>) -> Runs {
    var (part, start) = (Runs(), 0)
    for (law, count) in runs {
      part.append(law, min(start + count, range.upperBound) - max(start, range.lowerBound))
      start += count
    }
    return part
  }

  /// Terms `first`, `first + step`, ….
  func every(_ step: Int, from first: Int) -> Runs {
    var (part, start) = (Runs(), 0)
    for (law, count) in runs {
      // The first of them at or after the start of this run.
      let from = start <= first ? first : first + (start - first + step - 1) / step * step
      part.append(law, (start + count - from + step - 1) / step)
      start += count
    }
    return part
  }

  /// Sums of as many terms of one law are alike.
  fileprivate var key: Key? { runs.count == 1 ? Key(law: ObjectIdentifier(runs[0].law), count: runs[0].count) : nil }

  fileprivate struct Key: Hashable {
    let law: ObjectIdentifier
    let count: Int
  }
}

/// Laws of parts of a sum that were found already.
private final class Memory<Law: AnyObject> {
  private var known: [Runs<Law>.Key: Law] = [:]

  func law(of part: Runs<Law>, _ make: () throws(ExactAnalysisError) -> Law) throws(ExactAnalysisError) -> Law {
    guard let key = part.key else { return try make() }
    if let law = known[key] { return law }
    let law = try make()
    known[key] = law
    return law
  }
}

extension SumAlgebra {
  /// The law of the sum of the terms by a plan; `roundsLeaves` as in ``Product/fused``.
  func evaluate(_ plan: Plan, _ terms: Runs<Law>, roundsLeaves: Bool) throws(ExactAnalysisError) -> Law {
    let n = terms.count
    switch plan {
    case .sequential(let rounder): return try accumulate(rounder, terms)
    case .pairwise(let rounder, let leaf):
      if leaf == 1 && n == 1 { return try accumulate(rounder, terms) }
      return try pairwise(rounder, leaf, terms, roundsLeaves, Memory())
    case .chunked(let count, let inner, let outer):
      return try nested(inner, outer, roundsLeaves, (0..<(n + count - 1) / count).map { terms[$0 * count..<min(n, ($0 + 1) * count)] })
    case .strided(let lanes, let inner, let outer):
      return try nested(inner, outer, roundsLeaves, (0..<min(lanes, n)).map { terms.every(lanes, from: $0) })
    case .compensated, .block, .exact: throw .scheme("\(plan)")
    }
  }

  private func nested(_ inner: Plan, _ outer: Plan, _ roundsLeaves: Bool, _ parts: [Runs<Law>]) throws(ExactAnalysisError) -> Law {
    let memory = Memory<Law>()
    var sums = Runs<Law>()
    for part in parts {
      sums.append(try memory.law(of: part) { () throws(ExactAnalysisError) in try evaluate(inner, part, roundsLeaves: roundsLeaves) })
    }
    return try evaluate(outer, sums, roundsLeaves: false)
  }

  private func pairwise(
    _ rounder: Rounder, _ leaf: Int, _ terms: Runs<Law>, _ roundsLeaves: Bool, _ memory: Memory<Law>
  ) throws(ExactAnalysisError) -> Law {
    try memory.law(of: terms) { () throws(ExactAnalysisError) in
      let n = terms.count
      let leaves = (n + leaf - 1) / leaf
      // A bare term meets its first rounding in the tree.
      if leaves <= 1 { return leaf == 1 && !roundsLeaves ? terms.runs[0].law : try accumulate(rounder, terms) }
      let middle = (leaves + 1) / 2 * leaf
      let left = try pairwise(rounder, leaf, terms[0..<middle], roundsLeaves, memory)
      return try add(rounder, left, try pairwise(rounder, leaf, terms[middle..<n], roundsLeaves, memory))
    }
  }
}

/// The algebra that only finds which values there are.
struct SupportSearch: SumAlgebra {
  let machine: Machine

  func accumulate(_ rounder: Rounder, _ terms: Runs<Support>) throws(ExactAnalysisError) -> Support {
    try machine.automaton(rounder, summing: terms.runs.map { ($0.law, $0.count) }).states
  }

  func add(_ rounder: Rounder, _ a: Support, _ b: Support) throws(ExactAnalysisError) -> Support {
    try machine.automaton(rounder, adding: a, b).states
  }
}

extension Plan {
  /// The order in which a plan adds terms: their places, from left to right in its tree.
  func order(_ n: Int) -> [Int] { order((0..<n).map { [$0] }) }

  private func order(_ parts: [[Int]]) -> [Int] {
    let n = parts.count
    return switch self {
    case .sequential, .pairwise, .compensated, .block, .exact: parts.flatMap { $0 }
    case .chunked(let count, let inner, let outer):
      outer.order(stride(from: 0, to: n, by: count).map { inner.order(Array(parts[$0..<min(n, $0 + count)])) })
    case .strided(let lanes, let inner, let outer):
      outer.order((0..<min(lanes, n)).map { lane in inner.order(stride(from: lane, to: n, by: lanes).map { parts[$0] }) })
    }
  }
}
