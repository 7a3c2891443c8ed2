// SPDX-License-Identifier: Apache-2.0
// The value of a random sum together with the moments of its error, and what an addition makes of them.

internal import Accumulation
internal import Formats

/// For each value t of a sum: P(t), E[e; t] and E[e²; t], where e is the error so far in units.
final class ErrorLaw {
  let support: Support
  let mass: [Double]
  let first: [Double]
  let second: [Double]
  /// The probability that an addition on the way overflowed.
  let overflow: Double
  /// The expected number of additions of nonzero terms, and of those that changed nothing.
  let additions: Double
  let swallowed: Double
  /// ½ Σ |P(t) − P'(t)|, P' being the law one term earlier.
  let change: Double

  init(
    _ support: Support, _ moments: Moments, overflow: Double, additions: Double = 0, swallowed: Double = 0, change: Double = 1
  ) {
    // Values that do not come up would only be in the way where these are terms themselves.
    let isPossible = moments.mass.map { $0 > 0 }
    func possible<T>(_ numbers: [T]) -> [T] { numbers.indices.filter { isPossible[$0] }.map { numbers[$0] } }
    self.support = isPossible.contains(false) ? Support(possible(support.values)) : support
    (mass, first, second) = (possible(moments.mass), possible(moments.first), possible(moments.second))
    (self.overflow, self.additions, self.swallowed, self.change) = (overflow, additions, swallowed, change)
  }

  /// The addends of a sum; their error is that of rounding a product.
  convenience init(_ addends: Addends) {
    var moments = Moments(count: addends.support.count)
    for i in 0..<addends.support.count {
      for way in addends.ways[addends.offsets[i]..<addends.offsets[i + 1]] {
        let error = (addends.support.values[i] - way.exact).double
        moments.mass[i] += way.probability
        moments.first[i] += way.probability * error
        moments.second[i] += way.probability * error * error
      }
    }
    self.init(addends.support, moments, overflow: addends.overflow)
  }

  /// The moments alone.
  struct Numbers: Sendable {
    let mass, first, second: [Double]
    /// Whether some value has an error of its own.
    let hasErrors: Bool
  }

  var numbers: Numbers { Numbers(mass: mass, first: first, second: second, hasErrors: second.contains { $0 != 0 }) }

  /// Whether (−t, −e) is as probable as (t, e).
  var isSymmetric: Bool {
    let n = support.count
    return support.isSymmetric
      && (0..<n).allSatisfy { mass[$0] == mass[n - 1 - $0] && first[$0] == -first[n - 1 - $0] && second[$0] == second[n - 1 - $0] }
  }
}

/// Three numbers for each value.
struct Moments {
  var mass: [Double]
  var first: [Double]
  var second: [Double]

  init(count: Int) {
    mass = [Double](repeating: 0, count: count)
    (first, second) = (mass, mass)
  }
}

/// The algebra of error laws.
struct ErrorPropagation: SumAlgebra {
  let machine: Machine
  /// Takes finished additions.
  let progress: (Int) -> Void

  func accumulate(_ rounder: Rounder, _ terms: Runs<ErrorLaw>) throws(ExactAnalysisError) -> ErrorLaw {
    let automaton = try machine.automaton(rounder, summing: terms.runs.map { ($0.law.support, $0.count) })
    let states = automaton.states
    let zero = states.index(of: 0)!  // every automaton has it
    var moments = Moments(count: states.count)
    moments.mass[zero] = 1
    var (overflow, additions, swallowed, change) = (0.0, 0.0, 0.0, 1.0)
    let isSymmetric = automaton.isOdd && terms.runs.allSatisfy(\.law.isSymmetric)
    for (term, count) in terms.runs {
      // By symmetry the states from 0 up say what the others are.
      let rows = (isSymmetric ? zero : 0)..<states.count
      let transitions = machine.transitions(automaton, from: states, adding: term.support, rows: rows)
      let step = TransitionMoments(transitions, term, isSymmetric: isSymmetric, machine.parallelism)
      var left = count
      (additions, swallowed) = (additions + Double(count) * term.additions, swallowed + Double(count) * term.swallowed)
      // All but the last one, which shows how far the law still changes.
      if let doublings = MomentPowers.doublings(for: count - 1, step) {
        var powers = MomentPowers(step, isSymmetric: isSymmetric)
        var counts = [0.0, 0.0, 0.0]
        for k in 0..<doublings where powers.isFast {
          if (count - 1) >> k & 1 == 1 { moments = powers.apply(moments, &counts) }
          powers.double(machine.parallelism)
        }
        if powers.additions == 1 << doublings {
          for _ in 0..<(count - 1) >> doublings { moments = powers.apply(moments, &counts) }
          (overflow, swallowed, additions) = (overflow + counts[0], swallowed + counts[1], additions + counts[2])
          left = 1
        }
      }
      for _ in 0..<left {
        additions += moments.mass.dot(step.nonzero)
        swallowed += moments.mass.dot(step.stay)
        overflow += moments.mass.dot(step.overflow)
        let next = step.apply(moments)
        change = zip(next.mass, moments.mass).reduce(0) { $0 + abs($1.0 - $1.1) } / 2
        moments = next
        progress(1)
      }
      if left < count { progress(count - left) }
    }
    guard moments.mass.contains(where: { $0 > 0 }) else { throw .nothingLeft("\(rounder)") }
    return ErrorLaw(states, moments, overflow: overflow, additions: additions, swallowed: swallowed, change: change)
  }

  func add(_ rounder: Rounder, _ a: ErrorLaw, _ b: ErrorLaw) throws(ExactAnalysisError) -> ErrorLaw {
    let automaton = try machine.automaton(rounder, adding: a.support, b.support)
    let transitions = machine.transitions(automaton, from: a.support, adding: b.support)
    let step = TransitionMoments(transitions, b, isSymmetric: false, machine.parallelism)
    var moments = Moments(count: a.support.count)
    (moments.mass, moments.first, moments.second) = (a.mass, a.first, a.second)
    let next = step.apply(moments)
    guard next.mass.contains(where: { $0 > 0 }) else { throw .nothingLeft("\(rounder)") }
    return ErrorLaw(
      automaton.states, next, overflow: a.overflow + a.mass.dot(step.overflow),
      additions: a.additions + b.additions + a.mass.dot(step.nonzero), swallowed: a.swallowed + b.swallowed + a.mass.dot(step.stay))
  }
}

extension [Double] {
  fileprivate func dot(_ other: [Double]) -> Double { zip(self, other).reduce(0) { $0 + $1.0 * $1.1 } }
}

extension Automaton {
  /// Whether −y becomes −t where y becomes t.
  var isOdd: Bool {
    let n = states.count
    return states.isSymmetric
      && (0..<n).allSatisfy {
        let (a, b) = (interval(of: $0), interval(of: n - 1 - $0))
        return a.lowerBound == -b.upperBound && a.upperBound == -b.lowerBound
      }
  }
}
