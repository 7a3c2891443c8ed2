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
    let laws = try addends(n, machine).map(\.support)
    var terms = Runs<Support>()
    if laws.count == 1 { terms.append(laws[0], n) } else { laws.forEach { terms.append($0) } }
    let count = WorkCount(machine: machine)
    _ = try count.evaluate(plan, terms, roundsLeaves: roundsLeaves)
    // A pass over a cell takes some 1.5 ns; moments take one or two, the worst case six rounds for each sign, to make a cell 30 ns.
    return 1.5e-9 * Double(count.total.visits) * (isOdd ? 8 : 14) + 30e-9 * Double(count.total.cells)
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
    for (term, count) in terms.runs { note(automaton.states.count, term.count, automaton, times: count) }
    return automaton.states
  }

  func add(_ rounder: Rounder, _ a: Support, _ b: Support) throws(ExactAnalysisError) -> Support {
    let automaton = try machine.automaton(rounder, adding: a, b)
    note(a.count, b.count, automaton, times: 1)
    return automaton.states
  }

  /// Neighbouring terms share a cell where a rounding takes several of them to one state; a third of the pairs is what is left, as a rule.
  private func note(_ sources: Int, _ terms: Int, _ automaton: Automaton, times count: Int) {
    let pairs = sources * min(terms, automaton.states.count)
    total.cells += pairs
    total.visits += pairs / 3 * count
  }
}
