// SPDX-License-Identifier: Apache-2.0
// Rows of moments of automata too large for their cells to be kept: found again in every step.

internal import Formats

/// What ``TransitionMoments`` needs of sources, terms and states, in integers that hold them.
///
/// Row t asks for each term x which sources s have s + x in the interval of t; in the formats of hardware that takes no search.
struct DirectMoments<I: FixedWidthInteger & SignedInteger & Sendable>: Sendable {
  private let automaton: Automaton
  private let sources: [I]
  private let places: Places<I>
  private let terms: [I]
  private let law: ErrorLaw.Numbers
  /// The interval of each state, cut to the sums that there are.
  private let low: [I]
  private let high: [I]

  /// `nil` if some number, or a sum of two, does not fit in I.
  init?(_ transitions: Transitions, _ law: ErrorLaw.Numbers) {
    let (sources, terms) = (transitions.sources.values, transitions.terms.values)
    let largest = max(-sources[0], sources[sources.count - 1], -terms[0], terms[terms.count - 1])
    guard largest < Int128(1) << Int128(I.bitWidth - 4) else { return nil }
    automaton = transitions.automaton
    self.sources = sources.map { I(truncatingIfNeeded: $0) }
    places = Places(self.sources)
    self.terms = terms.map { I(truncatingIfNeeded: $0) }
    self.law = law
    let end = 4 * largest
    let intervals = (0..<automaton.states.count).map { [automaton] in automaton.interval(of: $0) }
    low = intervals.map { I(truncatingIfNeeded: max($0.lowerBound, -end)) }
    high = intervals.map { I(truncatingIfNeeded: min($0.upperBound, end)) }
  }

  /// (a′, b′, c′) of state t.
  func row(_ t: Int, _ moments: Moments) -> (Double, Double, Double) {
    let (low, high, state) = (low[t], high[t], automaton.states.values[t])
    let isStochastic = automaton.rounder.rounding.isStochastic
    var (sumA, sumB, sumC) = (0.0, 0.0, 0.0)
    sources.withUnsafeBufferPointer { s in
      terms.withUnsafeBufferPointer { x in
        moments.mass.withUnsafeBufferPointer { a in
          moments.first.withUnsafeBufferPointer { b in
            moments.second.withUnsafeBufferPointer { c in
              let target = I(truncatingIfNeeded: state)
              for j in x.indices {
                var i = places.firstIndex(notBelow: low &- x[j])
                let (last, distance) = (high &- x[j], target &- x[j])
                while i < s.count && s[i] <= last {
                  let d = I.bitWidth == 64 ? Double(Int64(truncatingIfNeeded: distance &- s[i])) : Int128(distance &- s[i]).double
                  let p = isStochastic ? automaton.probability(of: t, from: Int128(s[i] &+ x[j])) : 1
                  let w0 = p * law.mass[j]
                  var (w1, w2) = (w0 * d, w0 * d * d)
                  if law.hasErrors {
                    w1 += p * law.first[j]
                    w2 += p * (2 * d * law.first[j] + law.second[j])
                  }
                  sumA += a[i] * w0
                  sumB += b[i] * w0 + a[i] * w1
                  sumC += c[i] * w0 + 2 * b[i] * w1 + a[i] * w2
                  i += 1
                }
              }
            }
          }
        }
      }
    }
    return (sumA, sumB, sumC)
  }
}
