// SPDX-License-Identifier: Apache-2.0
// Least-squares ternary approximation, and sums of several.

/// One ternary approximation: what is at least `threshold` in magnitude becomes ±`factor`, the rest 0.
public struct TernaryTerm: Hashable, Sendable {
  /// a: what the large numbers become, up to sign.
  public let factor: Dyadic
  /// The least magnitude that does not become 0.
  public let threshold: Double
  private let value: Double

  /// The term with the least Σ (x − a t)², t in {−1, 0, 1}, for numbers of these magnitudes, which are sorted, largest first.
  ///
  /// For numbers that become ±a the best a is the mean S/k of their magnitudes, and the error is Σx² − S²/k: so they are the k
  /// largest, and k makes S²/k largest; the smallest such k. a is rounded to fp32. A group of zeros has a = 0.
  public init(leastSquares magnitudes: [Float]) { self.init(magnitudes.count) { Double(magnitudes[$0]) } }

  /// The threshold and factor with the least Σ (x − x̂)², for magnitudes in descending order.
  public init(leastSquares magnitudes: [Double]) { self.init(magnitudes.count) { magnitudes[$0] } }

  private init(_ count: Int, _ magnitude: (Int) -> Double) {
    let largest = count == 0 ? 0 : magnitude(0)
    var (sum, carry, best, chosen) = (0.0, 0.0, 0.0, 0)
    // A power of two in front keeps the squares in range.
    let unit = largest == 0 ? 1 : Double.power(min(max(-Dyadic(largest)!.floorLog2, -1022), 1023))
    for i in 0..<count where magnitude(i) > 0 {
      // Fast2Sum: the sum so far is not less than the next magnitude.
      let next = magnitude(i) * unit + carry
      let total = sum + next
      carry = next - (total - sum)
      sum = total
      let gain = sum * sum / Double(i + 1)
      if gain > best { (best, chosen) = (gain, i + 1) }
    }
    // Equal magnitudes go together.
    while chosen > 0, chosen < count, magnitude(chosen) == magnitude(chosen - 1) { chosen += 1 }
    var exact = ExactSum(of: .fp64)
    for i in 0..<chosen { exact += Dyadic(magnitude(i))! }
    let mean = chosen == 0 ? Unrounded(.zero) : Unrounded.quotient(exact.unrounded.roundedToOdd, Dyadic(Int128(chosen)))
    factor = Rounder(grid: .fp32, .nearestEven).round(mean).value.dyadic ?? .zero
    threshold = chosen == 0 ? .infinity : magnitude(chosen - 1)
    value = Double(exactly: factor)!
  }

  /// −1, 0 or 1; NaN of NaN.
  func sign(of x: Double) -> Double {
    x.isNaN ? x : x.magnitude >= threshold && x != 0 ? Double(signOf: x, magnitudeOf: 1) : 0
  }

  /// What the term leaves of a finite number, in binary64.
  public func rest(of x: Double) -> Double { x - value * sign(of: x) }

  /// a t of x.
  func approximation(of x: Double) -> Double { value * sign(of: x) }
}

extension BlockQuantizer {
  /// Replaces numbers by the sum of ternary approximations, each of what the ones before it leave. Infinities become ±(a₁ + a₂ + …).
  ///
  /// - Complexity: O(n) a term.
  @discardableResult
  public func quantize(
    _ x: UnsafePointer<Double>, into y: UnsafeMutablePointer<Double>, count: Int, stride: Int = 1, terms: [TernaryTerm], at index: Int = 0
  ) throws(QuantizationError) -> QuantizationTally {
    var tally = QuantizationTally()
    try quantize(Run(x: x, y: y, count: count, stride: stride, start: index), terms, &tally)
    return tally
  }

  /// The same for a group whose terms follow from it.
  ///
  /// - Complexity: O(n log n) a term.
  func quantizeTernary(_ run: Run, terms: Int, _ tally: inout QuantizationTally) throws(QuantizationError) -> GroupScale {
    var rest = (0..<run.count).map { run[$0] }.filter(\.isFinite)
    var found: [TernaryTerm] = []
    for _ in 0..<terms {
      let term = TernaryTerm(leastSquares: rest.map(\.magnitude).sorted(by: >))
      found.append(term)
      for i in rest.indices { rest[i] = term.rest(of: rest[i]) }
    }
    try quantize(run, found, &tally)
    return .ternary(found.map(\.factor))
  }

  private func quantize(_ run: Run, _ terms: [TernaryTerm], _ tally: inout QuantizationTally) throws(QuantizationError) {
    tally.count += run.count
    for i in 0..<run.count {
      let x = run[i]
      guard x.isFinite || nonFinite == .propagate else { throw .notFinite(x, index: run.index(i)) }
      var (rest, approximation, isUsed) = (x, 0.0, false)
      for (j, term) in terms.enumerated() {
        let part = term.approximation(of: rest)
        approximation += part
        isUsed = isUsed || part != 0
        run.elements?[j * run.count + i] = term.sign(of: rest)
        if x.isFinite { rest -= part }
      }
      run.y?[i * run.stride] = approximation
      guard x.isFinite else {
        tally.notFinite += 1
        continue
      }
      if x != 0 && !isUsed { tally.underflowed += 1 }
      tally.note(x, approximation)
    }
  }
}
