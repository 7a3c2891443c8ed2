// SPDX-License-Identifier: Apache-2.0
// The exact worst error ratio of a short sum by dynamic programming over plain integers, for comparison.

/// Sums of p-bit numbers of a few binades, the range of partial sums unbounded: everything is an integer in units of the quantum.
///
/// It shares no code with the library: its own rounding, on integers, in the modes the tables need.
struct WorstRatio {
  enum Mode { case nearestEven, nearestAway, towardZero, up }

  let p: Int
  let mode: Mode

  func round(_ t: Int) -> Int {
    let a = abs(t)
    let bits = Int.bitWidth - a.leadingZeroBitCount
    let k = max(bits - p, 0)
    let low = a >> k
    let rest = a - (low << k)
    guard rest != 0 else { return t }
    let up =
      switch mode {
      case .nearestEven: 2 * rest > 1 << k || 2 * rest == 1 << k && low & 1 == 1
      case .nearestAway: 2 * rest >= 1 << k
      case .towardZero: false
      case .up: t > 0
      }
    return t.signum() * ((low + (up ? 1 : 0)) << k)
  }

  /// The p-bit integers below 2^(p - 1 + binades) from 2^(p - 1) on, with both signs and 0.
  func terms(binades: Int) -> [Int] {
    let positive = (0..<binades).flatMap { e in ((1 << (p - 1))..<(1 << p)).map { $0 << e } }
    return positive.map { -$0 } + [0] + positive
  }

  /// max |computed - exact| / sum |q| over sums of n steps s <- round(s + r), a step being a pair (r added, q meant), as a fraction.
  ///
  /// Dinkelbach: for lambda, the longest path under the weight error - lambda |q|; its ratio is the next lambda.
  func worst(_ n: Int, steps: [(r: Int, q: Int)]) -> (numerator: Int, denominator: Int) {
    var best = (numerator: 0, denominator: 1)
    for sign in [1, -1] {
      while let (error, magnitude) = path(n, steps, sign, best), error * best.denominator > best.numerator * magnitude {
        best = (error, magnitude)
      }
    }
    return best
  }

  /// Error and magnitude of the path of largest weight.
  private func path(
    _ n: Int, _ steps: [(r: Int, q: Int)], _ sign: Int, _ lambda: (numerator: Int, denominator: Int)
  ) -> (Int, Int)? {
    // By state: best weight, and the error and magnitude of a path that has it.
    var front: [Int: (weight: Int, error: Int, magnitude: Int)] = [0: (0, 0, 0)]
    for _ in 0..<n {
      var next: [Int: (weight: Int, error: Int, magnitude: Int)] = [:]
      for (s, path) in front {
        for (r, q) in steps {
          let t = round(s + r)
          let error = sign * (t - s - q)
          let weight = path.weight + lambda.denominator * error - lambda.numerator * abs(q)
          if weight > next[t]?.weight ?? .min { next[t] = (weight, path.error + error, path.magnitude + abs(q)) }
        }
      }
      front = next
    }
    return front.values.max { $0.weight < $1.weight }.map { ($0.error, $0.magnitude) }
  }
}
