// SPDX-License-Identifier: Apache-2.0
// Rounding to logarithmic formats by integer powers and square roots: no logarithm and no exponential function.

import CMPFR
import Formats
import Multiprecision
import TestSupport

/// Rounds x = m·2^e, by t = ⌊2^(N+1) log₂|x|⌋: the bit length of the integer m^(2^(N+1)), which repeated squaring gives.
struct LogarithmicOracle {
  let format: LogarithmicFormat

  private var limit: Int { (1 << (format.integerBits + format.fractionBits - 1)) - 1 }

  /// The sign and the steps of the result, `nil` for zero; and whether it is exact.
  struct Result: Equatable {
    let isNegative: Bool
    let steps: Int?
    let isExact: Bool
  }

  func round(_ x: Dyadic, _ rounding: LogarithmicRounding) -> Result {
    if x.isZero { return Result(isNegative: false, steps: nil, isExact: true) }
    let n = format.fractionBits
    var power = [UInt32(x.significand.magnitude)]
    for _ in 0...n { power = square(power) }
    let halfSteps = bitLength(power) - 1 + x.exponent << (n + 1)
    let isPower = x.significand.magnitude == 1
    let below = halfSteps >> 1
    let isValue = isPower && abs(below) <= limit
    var steps: Int?
    switch rounding {
    case _ where isValue: steps = below
    case .nearestLogarithm:
      // An odd number of half steps is a boundary, and never reached exactly.
      precondition(!isPower || halfSteps & 1 == 0, "a tie in the logarithm")
      steps = (halfSteps + 1) >> 1
      if steps! < -limit { steps = nil }
    case .nearestValue: steps = nearestInValue(x.magnitude, below: below)
    case .towardZero: steps = below < -limit ? nil : below
    case .up, .down:
      let goesOut = (rounding == .up) != x.isNegative
      steps = goesOut ? max(below + 1, -limit) : below < -limit ? nil : below
    }
    return Result(isNegative: x.isNegative && steps != nil, steps: steps.map { min($0, limit) }, isExact: isValue)
  }

  private func nearestInValue(_ x: Dyadic, below: Int) -> Int? {
    let number = Real(x)
    let lower = below < -limit ? Real(Dyadic.zero) : power(below)
    let upperSteps = max(below + 1, -limit)
    let upper = power(upperSteps)
    // Within 2^-700 of the exact distances, which differ by more, or are equal where no root was taken.
    let under = Real(precision: 900) { mpfr_sub($0, number.raw, lower.raw, $1) }
    let over = Real(precision: 900) { mpfr_sub($0, upper.raw, number.raw, $1) }
    let side = under.compare(over)
    let difference = Real(precision: 900) { mpfr_sub($0, under.raw, over.raw, $1) }
    precondition(side == 0 || difference.floorLog2 > -600, "the oracle's roots are not close enough")
    let goesUp = side > 0 || side == 0 && below >= -limit && below & 1 != 0
    return goesUp ? upperSteps : below < -limit ? nil : below
  }

  /// 2^(steps / 2^N) by N square roots.
  func power(_ steps: Int) -> Real {
    let x = Real(precision: 900)
    mpfr_set_si_2exp(x.raw, 1, steps, MPFR_RNDN)
    for _ in 0..<format.fractionBits { mpfr_sqrt(x.raw, x.raw, MPFR_RNDN) }
    return x
  }

  // MARK: Integers in 32-bit words, least significant first

  private func square(_ a: [UInt32]) -> [UInt32] {
    var product = [UInt32](repeating: 0, count: 2 * a.count)
    for i in a.indices {
      var carry: UInt64 = 0
      for j in a.indices {
        let sum = UInt64(a[i]) * UInt64(a[j]) + UInt64(product[i + j]) + carry
        product[i + j] = UInt32(truncatingIfNeeded: sum)
        carry = sum >> 32
      }
      product[i + a.count] = UInt32(carry)
    }
    while product.last == 0 { product.removeLast() }
    return product
  }

  private func bitLength(_ a: [UInt32]) -> Int { 32 * a.count - a[a.count - 1].leadingZeroBitCount }
}
