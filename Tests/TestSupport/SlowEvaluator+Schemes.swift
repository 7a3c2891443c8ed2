// SPDX-License-Identifier: Apache-2.0
// Steps of matrix units and compensated sums by MPFR.

internal import Accumulation
internal import CMPFR
internal import Formats

extension SlowEvaluator {
  /// A step of a matrix unit in real arithmetic: every addend divided by the unit, cut to an integer by MPFR, and all summed.
  func block(_ unit: BlockFMA, _ s: Real, _ products: [Real], _ exponents: [Int?]) -> Real {
    guard let f = unit.fractionBits, (products + [s]).allSatisfy(\.isNumber) else {
      let addends = [s] + products
      return round(unit.rounder, random, next()) { SlowEvaluator.sum(addends, $0, $1) }
    }
    var tops = [-133]
    for (product, exponent) in zip(products, exponents) where !product.isZero {
      let own = Int(mpfr_get_exp(product.raw)) - 1
      tops.append(unit.isNormalised ? own : exponent ?? own)
    }
    if unit.addend != .late && !s.isZero {
      tops.append(max(Int(mpfr_get_exp(s.raw)) - 1, unit.output.format.minNormal!.floorLog2))
    }
    let grid = tops.max()! - f
    func cut(_ x: Real) -> Real {
      Real(precision: 600) { result, _ in
        mpfr_mul_2si(result, x.raw, -grid, MPFR_RNDN)
        mpfr_rint(result, result, unit.cut == .down ? MPFR_RNDD : MPFR_RNDZ)
        return mpfr_mul_2si(result, result, grid, MPFR_RNDN)
      }
    }
    let addends = products.map(cut) + [unit.addend == .late ? s : cut(s)]
    let sum = Real(precision: 2000) { SlowEvaluator.sum(addends, $0, $1) }
    // Sums of aligned integers have one zero; a late addition has those of IEEE 754.
    if sum.isZero && unit.addend != .late {
      _ = next()
      return Real(Value.zero)
    }
    if unit.addend == .late {
      let products = Real(precision: 1000) { SlowEvaluator.sum(addends.dropLast(), $0, $1) }
      if products.isZero { mpfr_set_zero(products.raw, 1) }
      return add(unit.rounder, s, products)
    }
    return round(unit.rounder, random, next(), sum.copy)
  }

  // MARK: - Compensated sums, from their papers

  private func twoSum(_ rounder: Rounder, _ a: Real, _ b: Real) -> (Real, Real) {
    let x = add(rounder, a, b)
    let z = subtract(rounder, x, a)
    let w = subtract(rounder, x, z)
    let left = subtract(rounder, a, w)
    return (x, add(rounder, left, subtract(rounder, b, z)))
  }

  func compensated(_ compensation: Compensation, _ rounder: Rounder, _ start: Real, _ terms: some Sequence<Real>) -> Real {
    let zero = Real(Value.zero)
    switch compensation {
    case .kahan:
      var (sum, correction) = (start, zero)
      for x in terms {
        let y = subtract(rounder, x, correction)
        let t = add(rounder, sum, y)
        let difference = subtract(rounder, t, sum)
        correction = subtract(rounder, difference, y)
        sum = t
      }
      return sum
    case .neumaier:
      var (sum, correction) = (start, zero)
      for x in terms {
        let t = add(rounder, sum, x)
        let isSmaller = sum.isNumber && x.isNumber && mpfr_cmpabs(sum.raw, x.raw) < 0
        let (large, small) = isSmaller ? (x, sum) : (sum, x)
        let rest = subtract(rounder, large, t)
        correction = add(rounder, correction, add(rounder, rest, small))
        sum = t
      }
      return add(rounder, sum, correction)
    case .cascaded(let k): return vectorSums(rounder, start, Array(terms), k)
    case .cascadedProducts(let k):
      var (sum, correction, first, second) = (start, zero, [Real](), [Real]())
      for x in terms {
        let high = add(rounder, zero, x)
        let low = subtract(rounder, x, high)
        let (p, q) = twoSum(rounder, sum, high)
        sum = p
        if k == 2 { correction = add(rounder, correction, add(rounder, q, low)) }
        first.append(low)
        second.append(q)
      }
      return k == 2 ? add(rounder, sum, correction) : vectorSums(rounder, zero, first + second + [sum], k - 1)
    case .expansion(let k):
      var limbs = Array(repeating: zero, count: k)
      limbs[0] = start
      for x in terms {
        for part in isNumber(x, of: rounder.format) ? [x] : parts(rounder, x) {
          var rest = part
          for i in 0..<(k - 1) { (limbs[i], rest) = twoSum(rounder, limbs[i], rest) }
          limbs[k - 1] = add(rounder, limbs[k - 1], rest)
          for i in stride(from: k - 2, through: 0, by: -1) { (limbs[i], limbs[i + 1]) = twoSum(rounder, limbs[i], limbs[i + 1]) }
        }
      }
      return settled(rounder, limbs).first ?? zero
    }
  }

  /// A term as its rounded value and what is left.
  private func parts(_ rounder: Rounder, _ x: Real) -> [Real] {
    let high = add(rounder, Real(Value.zero), x)
    return [high, subtract(rounder, x, high)]
  }

  /// Whether rounding a finite number to a format's precision and range by MPFR changes nothing; infinities and NaN pass.
  private func isNumber(_ x: Real, of format: Format) -> Bool {
    guard x.isNumber, !x.isZero else { return true }
    let quantum = max(Int(mpfr_get_exp(x.raw)) - format.precision, format.quantumExponent)
    let scaled = Real(precision: 600) { result, _ in mpfr_mul_2si(result, x.raw, -quantum, MPFR_RNDN) }
    let largest = Real(Value.finite(format.maxFinite))
    return withExtendedLifetime((x, scaled, largest)) { mpfr_integer_p(scaled.raw) != 0 && mpfr_cmpabs(x.raw, largest.raw) <= 0 }
  }

  /// Passes of 2Sum until no leading one of two neighbours would change; at most as many as the reference makes.
  private func settled(_ rounder: Rounder, _ limbs: [Real]) -> [Real] {
    var limbs = limbs
    for _ in 0..<2 * limbs.count + 64 {
      limbs.removeAll(where: \.isZero)
      var isDone = true
      for i in limbs.indices.dropLast() where isDone {
        let (limb, sum) = (limbs[i], add(rounder, limbs[i], limbs[i + 1]))
        isDone = withExtendedLifetime((limb, sum)) {
          mpfr_equal_p(sum.raw, limb.raw) != 0 || mpfr_nan_p(sum.raw) != 0 && mpfr_nan_p(limb.raw) != 0
        }
      }
      if isDone { return limbs }
      for i in stride(from: limbs.count - 2, through: 0, by: -1) { (limbs[i], limbs[i + 1]) = twoSum(rounder, limbs[i], limbs[i + 1]) }
    }
    return limbs
  }

  /// SumK of a vector that is given with what its first pass starts from.
  private func vectorSums(_ rounder: Rounder, _ start: Real, _ vector: [Real], _ k: Int) -> Real {
    var (vector, start) = (vector, start)
    for _ in 1..<k {
      var sum = start
      for i in vector.indices { (sum, vector[i]) = twoSum(rounder, sum, vector[i]) }
      vector.append(sum)
      start = Real(Value.zero)
    }
    let last = vector.removeLast()
    return add(rounder, vector.reduce(start) { add(rounder, $0, $1) }, last)
  }

  /// The correctly rounded sum of numbers, as MPFR adds them.
  static func sum(_ addends: some Sequence<Real>, _ result: UnsafeMutablePointer<__mpfr_struct>, _ mode: mpfr_rnd_t) -> Int32 {
    let addends = Array(addends)
    var pointers = addends.map { Optional($0.raw) }
    return withExtendedLifetime(addends) { mpfr_sum(result, &pointers, UInt(pointers.count), mode) }
  }
}
