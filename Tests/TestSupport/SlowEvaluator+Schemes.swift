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
        var rest = x
        for i in 0..<(k - 1) { (limbs[i], rest) = twoSum(rounder, limbs[i], rest) }
        limbs[k - 1] = add(rounder, limbs[k - 1], rest)
        for i in stride(from: k - 2, through: 0, by: -1) { (limbs[i], limbs[i + 1]) = twoSum(rounder, limbs[i], limbs[i + 1]) }
      }
      return limbs[0]
    }
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
