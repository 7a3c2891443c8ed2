// SPDX-License-Identifier: Apache-2.0
// Least-squares ternary approximation, and sums of several.

extension BlockQuantizer {
  /// Replaces a group by the sum of `terms` ternary approximations, each of what the ones before it leave.
  ///
  /// - Complexity: O(n log n) a term.
  func quantizeTernary(_ run: Run, terms: Int, _ tally: inout QuantizationTally) throws(QuantizationError) -> GroupScale {
    let count = run.count
    let x = (0..<count).map { run[$0] }
    if nonFinite == .reject, let i = x.firstIndex(where: { !$0.isFinite }) { throw .notFinite(x[i], index: run.index(i)) }
    // Infinities become ±(a₁ + a₂ + …), and have no part in the scales.
    var rest = x.map { $0.isFinite ? $0 : 0 }
    var approximation = Array(repeating: 0.0, count: count)
    var factors: [Dyadic] = []
    var isUsed = Array(repeating: false, count: count)
    for term in 0..<terms {
      let (factor, threshold) = Ternary.leastSquares(rest)
      factors.append(factor)
      let a = Double(exactly: factor)!
      for i in 0..<count {
        let source = x[i].isFinite ? rest[i] : x[i]
        let t = source.isNaN ? source : source.magnitude >= threshold && source != 0 ? Double(signOf: source, magnitudeOf: 1) : 0
        isUsed[i] = isUsed[i] || t != 0
        approximation[i] += a * t
        rest[i] -= x[i].isFinite ? a * t : 0
        run.elements?[term * count + i] = t
      }
    }
    tally.count += count
    for i in 0..<count {
      run.y?[i * run.stride] = approximation[i]
      guard x[i].isFinite else {
        tally.notFinite += 1
        continue
      }
      if x[i] != 0 && !isUsed[i] { tally.underflowed += 1 }
      tally.note(x[i], approximation[i])
    }
    return .ternary(factors)
  }
}

enum Ternary {
  /// The a, rounded to fp32, and the least magnitude that becomes ±a, which leave the least Σ (x − a t)² with t in {−1, 0, 1}.
  ///
  /// For numbers that become ±a the best a is the mean S/k of their magnitudes, and the error is Σx² − S²/k: so they are
  /// the k largest, and k makes S²/k largest; the smallest such k. A group of zeros has a = 0.
  static func leastSquares(_ x: [Double]) -> (factor: Dyadic, threshold: Double) {
    let magnitudes = x.map(\.magnitude).sorted(by: >)
    var (sum, carry, best, threshold) = (0.0, 0.0, 0.0, Double.infinity)
    // A power of two in front keeps the squares in range.
    let unit = magnitudes.first.flatMap(Dyadic.init).map { $0.isZero ? 1 : Double.power(max(-$0.floorLog2, -1022)) } ?? 1
    for (index, magnitude) in magnitudes.enumerated() where magnitude > 0 {
      // Fast2Sum: the sum so far is not less than the next magnitude.
      let next = magnitude * unit + carry
      let total = sum + next
      carry = next - (total - sum)
      sum = total
      let gain = sum * sum / Double(index + 1)
      if gain > best { (best, threshold) = (gain, magnitude) }
    }
    let chosen = magnitudes.prefix { $0 >= threshold }
    if chosen.isEmpty { return (.zero, .infinity) }
    var exact = ExactSum(of: .fp64)
    for magnitude in chosen { exact += Dyadic(magnitude)! }
    let mean = Unrounded.quotient(exact.unrounded.roundedToOdd, Dyadic(Int128(chosen.count)))
    return (Rounder(grid: .fp32, .nearestEven).round(mean).value.dyadic ?? .zero, threshold)
  }
}
