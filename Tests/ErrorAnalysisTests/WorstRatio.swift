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

  /// max |computed - exact| / sum |x| over balanced trees of the given height with terms of some binades, to within 2^-40.
  ///
  /// For each lambda, the largest weight error - lambda sum |x| of a subtree, by its computed value.
  func worstTree(height: Int, binades: Int) -> Double {
    func reaches(_ lambda: Double, _ sign: Double) -> Bool {
      var weights = Dictionary(uniqueKeysWithValues: terms(binades: binades).map { ($0, -lambda * Double(abs($0))) })
      for _ in 0..<height {
        var next: [Int: Double] = [:]
        for (a, left) in weights {
          for (b, right) in weights where a <= b {
            let t = round(a + b)
            next[t] = max(next[t] ?? -.infinity, left + right + sign * Double(t - a - b))
          }
        }
        weights = next
      }
      return weights.values.contains { $0 > 0 }
    }
    var (low, high) = (0.0, 16.0)
    while high - low > 0x1p-40 {
      let lambda = (low + high) / 2
      if reaches(lambda, 1) || reaches(lambda, -1) { low = lambda } else { high = lambda }
    }
    return low
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
