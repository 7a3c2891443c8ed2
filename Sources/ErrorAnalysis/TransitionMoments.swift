// SPDX-License-Identifier: Apache-2.0
// One addition of a random term, as a linear map of the moments of the states.

internal import Formats

/// For a cell (s, t) with terms x of probability π(x), whose own error has the moments β(x) and γ(x) (times π), and δ = t − s − x:
/// w₀ = Σ π, w₁ = Σ πδ + β, w₂ = Σ πδ² + 2δβ + γ. An addition takes the moments (a, b, c) of the sources to
///
///     a′(t) = Σ a w₀,   b′(t) = Σ b w₀ + a w₁,   c′(t) = Σ c w₀ + 2 b w₁ + a w₂.
///
/// All sums are in an order of their own, so that results are the same bits on any number of threads.
final class TransitionMoments: Sendable {
  private let transitions: Transitions
  private let narrow: DirectMoments<Int64>?
  private let wide: DirectMoments<Int128>?
  private let isSymmetric: Bool
  private let parallelism: Parallelism
  /// The weights of the cells, where these are kept.
  private let weights: Weights
  /// For each source: the probabilities that a nonzero term is added, that it changes nothing, that the sum overflows.
  let nonzero: [Double]
  let stay: [Double]
  let overflow: [Double]

  struct Weights: Sendable {
    var w0: [Double] = []
    var w1: [Double] = []
    var w2: [Double] = []
  }

  init(_ transitions: Transitions, _ law: ErrorLaw, isSymmetric: Bool, _ parallelism: Parallelism) {
    let (term, values) = (law.numbers, law.support.values)
    (self.transitions, self.isSymmetric, self.parallelism) = (transitions, isSymmetric, parallelism)
    narrow = transitions.isStored ? nil : DirectMoments(transitions, term)
    wide = transitions.isStored || narrow != nil ? nil : DirectMoments(transitions, term)
    let automaton = transitions.automaton
    let sources = transitions.sources.values
    let zeroMass = law.support.index(of: 0).map { law.mass[$0] } ?? 0
    nonzero = [Double](repeating: law.mass.reduce(0, +) - zeroMass, count: sources.count)

    // Rows in parts, each with its weights and the probabilities of staying.
    let rows = transitions.rows
    let grain = 32
    let parts = parallelMap(transitions.isStored ? (rows.count + grain - 1) / grain : 0, parallelism) { part in
      var (weights, scratch) = (Weights(), Transitions.Row())
      for t in rows[rows.lowerBound + part * grain..<min(rows.upperBound, rows.lowerBound + (part + 1) * grain)] {
        transitions.withRow(t, &scratch) { cells, _ in TransitionMoments.append(automaton, sources, values, term, t, cells, &weights) }
      }
      return weights
    }
    var weights = Weights()
    for part in parts {
      weights.w0 += part.w0
      weights.w1 += part.w1
      weights.w2 += part.w2
    }
    self.weights = weights
    stay = sources.map { s in
      guard let t = automaton.states.index(of: s) else { return 0 }
      let interval = automaton.interval(of: t)
      let terms = law.support.firstIndex(notBelow: interval.lowerBound - s)..<law.support.firstIndex(notBelow: interval.upperBound - s + 1)
      return terms.reduce(0.0) { $0 + (values[$1] == 0 ? 0 : law.mass[$1] * automaton.probability(of: t, from: s + values[$1])) }
    }
    overflow = TransitionMoments.overflow(automaton, sources, law)
  }

  /// The probability that a sum of each source with a term overflows, or that the term did.
  private static func overflow(_ automaton: Automaton, _ sources: [Int128], _ law: ErrorLaw) -> [Double] {
    let (x, n) = (law.support.values, law.support.count)
    // Sums of tails, so that small probabilities are not lost.
    var (below, above) = ([Double](repeating: 0, count: n + 1), [Double](repeating: 0, count: n + 1))
    for i in 0..<n { below[i + 1] = below[i] + law.mass[i] }
    for i in (0..<n).reversed() { above[i] = above[i + 1] + law.mass[i] }
    let (low, high) = automaton.range
    let (bottom, top) = (automaton.states.values[0], automaton.states.values[automaton.states.count - 1])
    return sources.map { s in
      var probability = law.overflow + below[law.support.firstIndex(notBelow: low - s)] + above[law.support.firstIndex(notBelow: high - s + 1)]
      guard automaton.rounder.rounding.isStochastic else { return probability }
      for i in law.support.firstIndex(notBelow: top - s + 1)..<law.support.firstIndex(notBelow: high - s + 1) {
        probability += law.mass[i] * automaton.probabilityOfOverflow(s + x[i])
      }
      for i in law.support.firstIndex(notBelow: low - s)..<law.support.firstIndex(notBelow: bottom - s) {
        probability += law.mass[i] * automaton.probabilityOfOverflow(s + x[i])
      }
      return probability
    }
  }

  /// Appends the weights of the cells of state t.
  private static func append(
    _ automaton: Automaton, _ sources: [Int128], _ values: [Int128], _ term: ErrorLaw.Numbers, _ t: Int, _ cells: Transitions.Cells, _ weights: inout Weights
  ) {
    let state = automaton.states.values[t]
    let isStochastic = automaton.rounder.rounding.isStochastic
    values.withUnsafeBufferPointer { x in
      term.mass.withUnsafeBufferPointer { mass in
        for i in 0..<cells.count {
          let distance = state - sources[Int(cells.source[i])]
          var (w0, w1, w2) = (0.0, 0.0, 0.0)
          for j in Int(cells.first[i])..<Int(cells.end[i]) {
            let local = distance - x[j]
            let (p, d) = (isStochastic ? automaton.probability(of: t, from: state - local) : 1, local.double)
            let m = p * mass[j]
            w0 += m
            w1 += m * d
            w2 += m * d * d
            if term.hasErrors {
              w1 += p * term.first[j]
              w2 += p * (2 * d * term.first[j] + term.second[j])
            }
          }
          weights.w0.append(w0)
          weights.w1.append(w1)
          weights.w2.append(w2)
        }
      }
    }
  }

  var rows: Range<Int> { transitions.rows }

  /// Cells; `nil` where they are not kept.
  var cellCount: Int? { transitions.cellCount }

  /// The sources of state t with their weights, where these are kept.
  func withWeights(_ t: Int, _ body: (_ source: Int, _ w0: Double, _ w1: Double, _ w2: Double) -> Void) {
    var scratch = Transitions.Row()
    transitions.withRow(t, &scratch) { cells, offset in
      for i in 0..<cells.count { body(Int(cells.source[i]), weights.w0[offset + i], weights.w1[offset + i], weights.w2[offset + i]) }
    }
  }

  /// The moments after one addition.
  func apply(_ moments: Moments) -> Moments {
    let states = transitions.automaton.states.count
    var next = Moments(count: states)
    next.mass.withUnsafeMutableBufferPointer { a in
      next.first.withUnsafeMutableBufferPointer { b in
        next.second.withUnsafeMutableBufferPointer { c in
          nonisolated(unsafe) let (a, b, c) = (a, b, c)
          let rows = transitions.rows
          // (Little work is done on one core: starting another takes longer.)
          let isSmall = (transitions.cellCount ?? .max) < 1 << 14
          parallelParts(rows.count, grain: 32, isSmall ? .oneThread : parallelism) { part in
            var scratch = Transitions.Row()
            for t in rows.lowerBound + part.lowerBound..<rows.lowerBound + part.upperBound {
              if let narrow {
                (a[t], b[t], c[t]) = narrow.row(t, moments)
              } else if let wide {
                (a[t], b[t], c[t]) = wide.row(t, moments)
              } else {
                transitions.withRow(t, &scratch) { (a[t], b[t], c[t]) = TransitionMoments.sum($0, self.weights, $1, moments) }
              }
            }
          }
          guard isSymmetric else { return }
          let zero = rows.lowerBound
          b[zero] = 0
          for t in 0..<zero { (a[t], b[t], c[t]) = (a[states - 1 - t], -b[states - 1 - t], c[states - 1 - t]) }
        }
      }
    }
    return next
  }

  /// The three sums of a row, in four lanes.
  @inline(__always)
  private static func sum(
    _ cells: Transitions.Cells, _ weights: Weights, _ offset: Int, _ moments: Moments
  ) -> (Double, Double, Double) {
    typealias Lanes = SIMD4<Double>
    return moments.mass.withUnsafeBufferPointer { a in
      moments.first.withUnsafeBufferPointer { b in
        moments.second.withUnsafeBufferPointer { c in
          weights.w0.withUnsafeBytes { w0 in
            weights.w1.withUnsafeBytes { w1 in
              weights.w2.withUnsafeBytes { w2 in
                var (sumA, sumB, sumC) = (Lanes.zero, Lanes.zero, Lanes.zero)
                let source = cells.source
                @inline(__always)
                func load(_ w: UnsafeRawBufferPointer, _ i: Int) -> Lanes { w.loadUnaligned(fromByteOffset: 8 * (offset + i), as: Lanes.self) }
                @inline(__always)
                func add(_ s: (Int, Int, Int, Int), _ v0: Lanes, _ v1: Lanes, _ v2: Lanes) {
                  let va = Lanes(a[s.0], a[s.1], a[s.2], a[s.3])
                  let vb = Lanes(b[s.0], b[s.1], b[s.2], b[s.3])
                  let vc = Lanes(c[s.0], c[s.1], c[s.2], c[s.3])
                  sumA += va * v0
                  sumB += vb * v0 + va * v1
                  sumC += vc * v0 + (vb + vb) * v1 + va * v2
                }
                var i = 0
                while i + 4 <= source.count {
                  add((Int(source[i]), Int(source[i + 1]), Int(source[i + 2]), Int(source[i + 3])), load(w0, i), load(w1, i), load(w2, i))
                  i += 4
                }
                while i < source.count {
                  let s = Int(source[i])
                  func only(_ w: UnsafeRawBufferPointer) -> Lanes {
                    Lanes(w.loadUnaligned(fromByteOffset: 8 * (offset + i), as: Double.self), 0, 0, 0)
                  }
                  add((s, s, s, s), only(w0), only(w1), only(w2))
                  i += 1
                }
                return (sumA.sum(), sumB.sum(), sumC.sum())
              }
            }
          }
        }
      }
    }
  }
}
