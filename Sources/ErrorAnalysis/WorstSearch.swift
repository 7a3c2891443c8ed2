// SPDX-License-Identifier: Apache-2.0
// The inputs with the largest weight error − λ Σ|x|, by dynamic programming over the states of an accumulator.

internal import Accumulation
internal import Formats

/// What is maximised: sign · denominator · error − numerator · Σ|xᵢ|, all in units.
///
/// The error is t − Σxᵢ for the result t. So inputs compete for each state by −(sign · denominator · Σxᵢ + numerator · Σ|xᵢ|), and the
/// result enters once, at the end: the local errors of a path telescope.
struct Objective {
  let sign: Int128
  let numerator: Int128
  let denominator: Int128

  func weight<S: Score>(ofTerm x: Int128) -> S {
    S.product(-sign * denominator, x) + S.product(-numerator, x < 0 ? -x : x)
  }

  func weight<S: Score>(ofResult t: Int128) -> S { S.product(sign * denominator, t) }

  /// Bits of the weights of sums of magnitude below 2^sumBits.
  func bits(sumBits: Int) -> Int { sumBits + 130 - max(numerator, denominator).leadingZeroBitCount }
}

/// For each value that a sum can have, the best weight of inputs that lead to it.
final class BestInputs<S: Score> {
  let support: Support
  let best: [S]
  private let origin: Origin

  enum Origin {
    /// The term that each value stands for.
    case terms([Int])
    case chain(Chain<S>)
    case sum(BestInputs, BestInputs, Transitions)
  }

  init(_ support: Support, _ best: [S], _ origin: Origin) { (self.support, self.best, self.origin) = (support, best, origin) }

  /// The addends with the best way of each.
  convenience init(_ addends: Addends, _ objective: Objective) {
    var (best, terms) = ([S](), [Int]())
    for i in 0..<addends.support.count {
      let ways = addends.ways[addends.offsets[i]..<addends.offsets[i + 1]].map { (weight: objective.weight(ofTerm: $0.exact) as S, term: $0.term) }
      let way = ways.max { $0.weight < $1.weight }!  // every addend has a way
      best.append(way.weight)
      terms.append(way.term)
    }
    self.init(addends.support, best, .terms(terms))
  }

  /// Inputs, as indices of terms in order, that lead to value i with its best weight.
  func inputs(of i: Int) -> [Int] {
    switch origin {
    case .terms(let terms): return [terms[i]]
    case .chain(let chain): return chain.inputs(of: i)
    case .sum(let a, let b, let transitions):
      let (source, term) = transitions.predecessor(of: i, weight: best[i], a.best, b.best)
      return a.inputs(of: source) + b.inputs(of: term)
    }
  }
}

/// The algebra of best inputs.
struct WorstSearch<S: Score>: SumAlgebra {
  let machine: Machine
  let progress: () -> Void

  func accumulate(_ rounder: Rounder, _ terms: Runs<BestInputs<S>>) throws(ExactAnalysisError) -> BestInputs<S> {
    let automaton = try machine.automaton(rounder, summing: terms.runs.map { ($0.law.support, $0.count) })
    let chain = Chain(automaton, terms.runs.map { (law: $0.law, count: $0.count, transitions: machine.transitions(automaton, from: automaton.states, adding: $0.law.support)) }, machine.parallelism)
    return BestInputs(automaton.states, chain.run(progress), .chain(chain))
  }

  func add(_ rounder: Rounder, _ a: BestInputs<S>, _ b: BestInputs<S>) throws(ExactAnalysisError) -> BestInputs<S> {
    let automaton = try machine.automaton(rounder, adding: a.support, b.support)
    let transitions = machine.transitions(automaton, from: a.support, adding: b.support)
    let best = transitions.best(a.best, RangeMaximum(b.best), machine.parallelism)
    return BestInputs(automaton.states, best, .sum(a, b, transitions))
  }
}

/// A sum in sequence: its layers, or some of them.
final class Chain<S: Score> {
  private let automaton: Automaton
  private let runs: [(law: BestInputs<S>, count: Int, transitions: Transitions)]
  private let parallelism: Parallelism
  private let count: Int
  /// Layers 0, interval, 2 interval, …; those between are found again when inputs are asked for.
  private var saved: [[S]] = []
  private let interval: Int

  /// Scores that are kept.
  private static var largestKept: Int { 1 << 25 }

  init(_ automaton: Automaton, _ runs: [(law: BestInputs<S>, count: Int, transitions: Transitions)], _ parallelism: Parallelism) {
    (self.automaton, self.runs, self.parallelism) = (automaton, runs, parallelism)
    count = runs.reduce(0) { $0 + $1.count }
    let isSmall = count * automaton.states.count <= Chain.largestKept
    interval = isSmall ? 1 : max(1, Int(Double(count).squareRoot()))
  }

  /// The last layer.
  func run(_ progress: () -> Void) -> [S] {
    var layer = [S](repeating: .unreachable, count: automaton.states.count)
    layer[automaton.states.index(of: 0)!] = .zero
    saved = [layer]
    var k = 0
    for run in runs {
      let maximum = RangeMaximum(run.law.best)
      for _ in 0..<run.count {
        layer = run.transitions.best(layer, maximum, parallelism)
        k += 1
        if k % interval == 0 { saved.append(layer) }
        progress()
      }
    }
    return layer
  }

  func inputs(of state: Int) -> [Int] {
    var parts: [[Int]] = []
    var (t, k, weight) = (state, count, S?.none)
    while k > 0 {
      // Layers from the last saved one below k on.
      let base = (k - 1) / interval
      var layers = [saved[base]]
      for step in base * interval..<k { layers.append(run(at: step).transitions.best(layers.last!, RangeMaximum(run(at: step).law.best), parallelism)) }
      while k > base * interval {
        let run = run(at: k - 1)
        let target = weight ?? layers.last![t]
        layers.removeLast()
        let (source, term) = run.transitions.predecessor(of: t, weight: target, layers.last!, run.law.best)
        parts.append(run.law.inputs(of: term))
        (t, weight) = (source, layers.last![source])
        k -= 1
      }
    }
    return parts.reversed().flatMap { $0 }
  }

  /// The run of term k.
  private func run(at k: Int) -> (law: BestInputs<S>, count: Int, transitions: Transitions) {
    var start = 0
    for run in runs {
      start += run.count
      if k < start { return run }
    }
    preconditionFailure("term \(k) of \(count)")
  }
}

/// Maxima over ranges of an array.
///
/// Weights of single products fall or rise with the product while λ ≤ 1, and then the maximum is at an end; otherwise a table of maxima over
/// ranges of 2^k answers in two looks.
struct RangeMaximum<S: Score>: Sendable {
  enum Kind { case falling, rising, neither }

  let kind: Kind
  let values: [S]
  /// Level k − 1: the maximum of 2^k values from each place on.
  private(set) var levels: [[S]] = []

  init(_ values: [S]) {
    self.values = values
    let pairs = zip(values, values.dropFirst())
    kind = pairs.allSatisfy { $0 >= $1 } ? .falling : pairs.allSatisfy { $0 <= $1 } ? .rising : .neither
    guard kind == .neither else { return }
    var (last, width) = (values, 1)
    while 2 * width <= values.count {
      last = (0...values.count - 2 * width).map { max(last[$0], last[$0 + width]) }
      levels.append(last)
      width *= 2
    }
  }

  @inline(__always)
  func maximum(_ first: Int, _ end: Int) -> S {
    if end - first == 1 { return values[first] }
    let k = Int.bitWidth - 1 - (end - first).leadingZeroBitCount
    let level = levels[k - 1]
    return max(level[first], level[end - 1 << k])
  }
}

extension Transitions {
  /// For each state the best of source + term over its cells.
  func best<S: Score>(_ sources: [S], _ terms: RangeMaximum<S>, _ parallelism: Parallelism) -> [S] {
    [S](unsafeUninitializedCapacity: automaton.states.count) { buffer, initialized in
      initialized = buffer.count
      nonisolated(unsafe) let result = buffer
      // (Little work is done on one core: starting another takes longer.)
      let isSmall = sources.count + self.terms.count < 1 << 8
      parallelParts(result.count, grain: 64, isSmall ? .oneThread : parallelism) { part in
        var scratch = Row()
        sources.withUnsafeBufferPointer { u in
          terms.values.withUnsafeBufferPointer { v in
            for t in part {
              var best = S.unreachable
              withRow(t, &scratch) { cells, _ in
                switch terms.kind {
                case .falling:
                  for i in 0..<cells.count { best = max(best, u[Int(cells.source[i])] + v[Int(cells.first[i])]) }
                case .rising:
                  for i in 0..<cells.count { best = max(best, u[Int(cells.source[i])] + v[Int(cells.end[i]) - 1]) }
                case .neither:
                  for i in 0..<cells.count {
                    best = max(best, u[Int(cells.source[i])] + terms.maximum(Int(cells.first[i]), Int(cells.end[i])))
                  }
                }
              }
              result.initializeElement(at: t, to: best.isReachable ? best : .unreachable)
            }
          }
        }
      }
    }
  }

  /// A source and a term that lead to state t with the given weight.
  func predecessor<S: Score>(of t: Int, weight: S, _ sources: [S], _ terms: [S]) -> (source: Int, term: Int) {
    var (scratch, found) = (Row(), (source: -1, term: -1))
    withRow(t, &scratch) { cells, _ in
      for i in 0..<cells.count where found.source < 0 {
        let source = Int(cells.source[i])
        for j in Int(cells.first[i])..<Int(cells.end[i]) where sources[source] + terms[j] == weight {
          found = (source, j)
          break
        }
      }
    }
    precondition(found.source >= 0, "a state without a way to it")
    return found
  }
}
