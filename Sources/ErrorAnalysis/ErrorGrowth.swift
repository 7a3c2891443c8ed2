// SPDX-License-Identifier: Apache-2.0
// How fast the worst error of a sum in sequence grows, as the number of terms does.

internal import Accumulation
public import Formats

/// What the largest error tends to.
public struct ErrorGrowth: Sendable {
  /// lim (largest error of n terms) / n, as an exact rational in units of 2^`unit`: the largest mean of the local errors around a cycle of states.
  public let rate: Fraction
  /// q, every number being a multiple of 2^q.
  public let unit: Int
  /// A sum that can be reached and the largest term x that it swallows, fl(s + x) = s: x alone, for ever, has the error ratio 1.
  public let stagnation: (sum: Dyadic, term: Dyadic)?
  /// Additions after which every cycle has been closed: the number of states.
  public let states: Int

  /// The rate as a double.
  public var perTerm: Double { rate.double * Double(sign: .plus, exponent: unit, significand: 1) }
}

extension ExactAnalysis {
  /// The growth of the largest |error| of a sum in sequence of alike terms.
  ///
  /// Karp's theorem: with D_k(v) the largest weight of a path of k additions from 0 to state v, the maximum cycle mean is
  /// max_v min_k (D_N(v) − D_k(v)) / (N − k), N the number of states. With saturation the largest number stays and loses a whole
  /// term each time; exclude overflow for the growth before it.
  ///
  /// - Complexity: N steps of O(cells) and N² numbers: accumulators of at most 2^12 states.
  /// - Source: R. M. Karp, A characterization of the minimum cycle mean in a digraph, Discrete Mathematics 23, 1978.
  public func growth(_ parallelism: Parallelism = .allCores) throws(ExactAnalysisError) -> ErrorGrowth {
    guard case .sequential(let rounder) = plan, isAlike else { throw .scheme("\(plan)") }
    let machine = machine(parallelism)
    let addends = try addends(1, machine)[0]
    let automaton = try machine.automaton(rounder, summing: [(addends.support, .max)])
    let n = automaton.states.count
    guard n <= 1 << 12 else { throw .states(rounder.format.name, bits: Int.bitWidth - n.leadingZeroBitCount) }
    let transitions = machine.transitions(automaton, from: automaton.states, adding: addends.support)
    var rate = Fraction(0, 1)
    for sign: Int128 in isOdd && addends.isSymmetric ? [1] : [1, -1] {
      let terms = RangeMaximum(BestInputs<Int128>(addends, Objective(sign: sign, numerator: 0, denominator: 1)).best)
      var layers = [[Int128](repeating: .unreachable, count: n)]
      layers[0][automaton.states.index(of: 0)!] = 0
      for _ in 0..<n { layers.append(transitions.best(layers.last!, terms, parallelism)) }
      guard layers[n].contains(where: \.isReachable) else { throw .nothingLeft("\(plan)") }
      // Weights around a cycle are −Σx, whichever state it starts from: the states themselves cancel.
      for v in 0..<n where layers[n][v].isReachable {
        var least: Fraction?
        for k in 0..<n where layers[k][v].isReachable {
          let mean = Fraction(layers[n][v] - layers[k][v], Int128(n - k))
          if least.map({ mean < $0 }) ?? true { least = mean }
        }
        if let least, rate < least { rate = least }
      }
    }
    return ErrorGrowth(rate: rate, unit: machine.unit, stagnation: stagnation(transitions, addends, n, parallelism), states: n)
  }

  /// The largest term that a reachable state swallows.
  private func stagnation(_ transitions: Transitions, _ addends: Addends, _ n: Int, _ parallelism: Parallelism) -> (sum: Dyadic, term: Dyadic)? {
    let (states, terms) = (transitions.automaton.states.values, addends.support.values)
    var reached = [Int64](repeating: .unreachable, count: n)
    reached[transitions.automaton.states.index(of: 0)!] = 0
    let nothing = RangeMaximum([Int64](repeating: 0, count: terms.count))
    for _ in 0..<n {
      let next = transitions.best(reached, nothing, parallelism)
      let union = zip(reached, next).map { max($0, $1) }
      if union == reached { break }
      reached = union
    }
    var best: (sum: Int128, term: Int128)?
    for i in 0..<n where reached[i].isReachable {
      let interval = transitions.automaton.interval(of: i)
      let inside = addends.support.firstIndex(notBelow: interval.lowerBound - states[i])..<addends.support.firstIndex(notBelow: interval.upperBound - states[i] + 1)
      for j in [inside.lowerBound, inside.upperBound - 1] where inside.contains(j) && terms[j] != 0 {
        if terms[j].magnitude > best?.term.magnitude ?? 0 { best = (states[i], terms[j]) }
      }
    }
    return best.map { (Dyadic($0.sum, exponent: transitions.automaton.unit), Dyadic($0.term, exponent: transitions.automaton.unit)) }
  }
}
