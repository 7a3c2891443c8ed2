// SPDX-License-Identifier: Apache-2.0
// What the algebras of sums share: the unit, the automata, and their transitions, each made once.

internal import Accumulation
internal import Formats

/// The terms of a dot product as integers in units of `2^unit`, and the automata that add them.
final class Machine {
  let unit: Int
  let treatment: OverflowTreatment
  let parallelism: Parallelism
  /// The largest magnitude of a state so far.
  private(set) var largestState: Int128 = 0
  /// Cells that are kept so far.
  private var keptCells = 0
  private var automata: [AutomatonKey: Automaton] = [:]
  private var transitions: [TransitionsKey: Transitions] = [:]

  private struct AutomatonKey: Hashable {
    let rounder: Rounder
    let range: ClosedRange<Int128>
    let grain: Int
  }

  private struct TransitionsKey: Hashable {
    let automaton, sources, terms: ObjectIdentifier
    let rows: Range<Int>
  }

  init(unit: Int, _ treatment: OverflowTreatment, _ parallelism: Parallelism) {
    (self.unit, self.treatment, self.parallelism) = (unit, treatment, parallelism)
  }

  /// The automaton of s ← fl(s + x) over terms, from s = 0: its states lie between the sums of the largest and of the smallest terms.
  func automaton(_ rounder: Rounder, summing terms: [(support: Support, count: Int)]) throws(ExactAnalysisError) -> Automaton {
    let steps = Steps(rounder, unit: unit)
    var (low, high, least, most) = (Int128(0), Int128(0), Int128(0), Int128(0))
    for (support, count) in terms {
      for _ in 0..<count {
        let next = (steps.rounded(low + support.values[0], .down), steps.rounded(high + support.values[support.count - 1], .up))
        if next == (low, high) { break }
        (low, high) = next
        (least, most) = (min(least, low), max(most, high))
        try checkBits(max(-low, high))
      }
    }
    return try automaton(rounder, least...most, grain: terms.map(\.support.grain).min() ?? 0)
  }

  /// The automaton of one addition fl(a + b).
  func automaton(_ rounder: Rounder, adding a: Support, _ b: Support) throws(ExactAnalysisError) -> Automaton {
    let steps = Steps(rounder, unit: unit)
    let low = steps.rounded(a.values[0] + b.values[0], .down)
    let high = steps.rounded(a.values[a.count - 1] + b.values[b.count - 1], .up)
    return try automaton(rounder, min(low, 0)...max(high, 0), grain: min(a.grain, b.grain))
  }

  func automaton(_ rounder: Rounder, _ range: ClosedRange<Int128>, grain: Int) throws(ExactAnalysisError) -> Automaton {
    // (Where all terms are 0 nothing has to be held.)
    let grain = min(grain, Automaton.largestBits)
    let key = AutomatonKey(rounder: rounder, range: range, grain: grain)
    if let automaton = automata[key] { return automaton }
    let automaton = try Automaton(rounder, unit: unit, grain: grain, range: range, saturates: treatment == .saturate)
    automata[key] = automaton
    largestState = max(largestState, -range.lowerBound, range.upperBound)
    return automaton
  }

  func transitions(_ automaton: Automaton, from sources: Support, adding terms: Support, rows: Range<Int>? = nil) -> Transitions {
    let rows = rows ?? 0..<automaton.states.count
    let key = TransitionsKey(
      automaton: ObjectIdentifier(automaton), sources: ObjectIdentifier(sources), terms: ObjectIdentifier(terms), rows: rows)
    if let transitions = transitions[key] { return transitions }
    // (Given weights have transitions of their own each.)
    let made = Transitions(automaton, from: sources, adding: terms, rows: rows, parallelism, storing: keptCells <= 2 * Transitions.largestStored)
    keptCells += made.cellCount ?? 0
    transitions[key] = made
    return made
  }

  private func checkBits(_ x: Int128) throws(ExactAnalysisError) {
    let bits = 128 - x.leadingZeroBitCount
    if bits > Automaton.largestBits - 4 { throw .range(bits: bits, allowed: Automaton.largestBits - 4) }
  }
}

/// The terms of a sum as it adds them: products rounded, if they are, each with the exact products that it stands for.
final class Addends {
  /// What is added.
  let support: Support
  /// For each of them its ways, `ways[offsets[i]..<offsets[i + 1]]`.
  let offsets: [Int]
  let ways: [Way]
  /// The probability that a product overflows in rounding.
  let overflow: Double

  struct Way {
    /// The exact product, in units.
    let exact: Int128
    let term: Int
    let probability: Double
  }

  init(_ terms: Terms, _ product: Product, _ machine: Machine) throws(ExactAnalysisError) {
    let bits = terms.terms.reduce(0) { max($0, $1.value.isZero ? 0 : $1.value.floorLog2 - machine.unit + 1) }
    guard bits <= Automaton.largestBits - 4 else { throw .range(bits: bits, allowed: Automaton.largestBits - 4) }
    let exact = terms.terms.map { $0.value.integer(inUnitsOf: machine.unit) }
    guard case .rounded(let rounder) = product else {
      support = Support(exact)
      offsets = Array(0...exact.count)
      ways = exact.indices.map { Way(exact: exact[$0], term: $0, probability: terms.terms[$0].probability) }
      overflow = 0
      return
    }
    let steps = Steps(rounder, unit: machine.unit)
    let range = min(steps.rounded(exact[0], .down), 0)...max(steps.rounded(exact[exact.count - 1], .up), 0)
    let products = Support(exact)
    let automaton = try machine.automaton(rounder, range, grain: products.grain)
    var (rounded, all, offsets, overflow) = ([Int128](), [Way](), [0], 0.0)
    for i in 0..<automaton.states.count {
      let interval = automaton.interval(of: i)
      var j = products.firstIndex(notBelow: interval.lowerBound)
      let before = all.count
      while j < exact.count && exact[j] <= interval.upperBound {
        all.append(Way(exact: exact[j], term: j, probability: terms.terms[j].probability * automaton.probability(of: i, from: exact[j])))
        j += 1
      }
      if all.count > before {
        rounded.append(automaton.states.values[i])
        offsets.append(all.count)
      }
    }
    for (j, y) in exact.enumerated() { overflow += terms.terms[j].probability * automaton.probabilityOfOverflow(y) }
    guard !rounded.isEmpty else { throw .nothingLeft("\(rounder)") }
    (support, self.offsets, ways, self.overflow) = (Support(rounded), offsets, all, overflow)
  }
}

extension Int128 {
  /// The nearest double, or one next to it: exact below 2^53.
  var double: Double {
    let m = magnitude
    let value = Double(UInt64(truncatingIfNeeded: m >> 64)) * 0x1p64 + Double(UInt64(truncatingIfNeeded: m))
    return self < 0 ? -value : value
  }
}
