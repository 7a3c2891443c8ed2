// SPDX-License-Identifier: Apache-2.0
// How much work an exact analysis is, before it is done.

internal import Accumulation
internal import Formats

extension ExactAnalysis {
  /// About how many seconds of one core the moments and the worst case of n terms take.
  ///
  /// An estimate from the sizes of the automata, so that what is decided by it is the same on every machine.
  public func estimatedSeconds(_ n: Int) throws(ExactAnalysisError) -> Double {
    let machine = machine(.allCores)
    let terms = runs(try addends(n, machine).map(\.support), n)
    let count = WorkCount(machine: machine)
    _ = try count.evaluate(plan, terms, roundsLeaves: roundsLeaves)
    // A visit to a cell takes some 2 ns; moments take one or two visits, the worst case six rounds for each sign, to make a cell 30 ns.
    return 2e-9 * Double(count.total.visits) * (isOdd ? 8 : 14) + 30e-9 * Double(count.total.cells)
  }
}

/// The algebra that only counts.
private struct WorkCount: SumAlgebra {
  let machine: Machine
  let total = Total()

  final class Total {
    var visits = 0
    var cells = 0
  }

  func accumulate(_ rounder: Rounder, _ terms: Runs<Support>) throws(ExactAnalysisError) -> Support {
    let automaton = try machine.automaton(rounder, summing: terms.runs.map { ($0.law, $0.count) })
    for (term, count) in terms.runs { note(automaton, automaton.states, term, times: count) }
    return automaton.states
  }

  func add(_ rounder: Rounder, _ a: Support, _ b: Support) throws(ExactAnalysisError) -> Support {
    let automaton = try machine.automaton(rounder, adding: a, b)
    note(automaton, a, b, times: 1)
    return automaton.states
  }

  private func note(_ automaton: Automaton, _ sources: Support, _ terms: Support, times count: Int) {
    let pairs = sources.count * terms.count
    // Where they are few the cells are counted.
    let isSmall = pairs <= 1 << 23
    let cells = isSmall ? machine.transitions(automaton, from: sources, adding: terms).cellCount ?? pairs : pairs
    total.cells += pairs
    total.visits += cells * count
  }
}
