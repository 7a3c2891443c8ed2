// SPDX-License-Identifier: Apache-2.0
// Random sums by Monte Carlo, to be held against their exact law.

internal import Accumulation
public import ErrorAnalysis
public import Formats

extension ExactAnalysis {
  /// Errors, computed − exact, of sums of n terms drawn from the laws of the analysis and carried out by the plan; sums that overflow are left
  /// out unless they saturate.
  ///
  /// - Random: trial t draws from child t of the stream: term i from number i of its child "terms", roundings from "rounding". The same numbers
  ///   for any `parallelism`.
  public func sample(_ n: Int, trials: Int, _ stream: RandomStream, _ parallelism: Parallelism = .allCores) -> [Double] {
    let dot = dot
    let tables = (0..<(isAlike ? 1 : n)).map { k -> (cumulative: [Double], terms: [Terms.Term]) in
      let terms = terms(at: k).terms
      var (sum, cumulative) = (0.0, [Double]())
      for term in terms {
        sum += term.probability
        cumulative.append(sum)
      }
      return (cumulative, terms)
    }
    let batch = 500
    return parallelMap((trials + batch - 1) / batch, parallelism) { b in
      (b * batch..<min(trials, (b + 1) * batch)).compactMap { trial -> Double? in
        let (draws, roundings) = (stream.child(trial).child("terms"), stream.child(trial).child("rounding"))
        let chosen = (0..<n).map { i -> Terms.Term in
          let (cumulative, terms) = tables[tables.count == 1 ? 0 : i]
          let u = draws.uniform(at: UInt64(i)) * cumulative[cumulative.count - 1]
          var (low, high) = (0, cumulative.count - 1)
          while low < high {
            let middle = (low + high) / 2
            if cumulative[middle] <= u { low = middle + 1 } else { high = middle }
          }
          return terms[low]
        }
        var overflowed = false
        let result = dot.evaluate(chosen.map { .finite($0.x) }, chosen.map { .finite($0.y) }, random: dot.isStochastic ? roundings : nil) {
          if $0.rounded.flags.contains(.overflow) { overflowed = true }
        }
        guard treatment == .saturate || !overflowed, let computed = result.dyadic else { return nil }
        return Value.finite(chosen.reduce(computed) { $0 - $1.value }).double
      }
    }.flatMap { $0 }
  }
}
