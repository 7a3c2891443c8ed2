// SPDX-License-Identifier: Apache-2.0
// Exact sums on their way to the rounder, and IEEE 754's rules for what is not finite or not nonzero.

import Formats
import TestSupport
import Testing

@Suite struct UnroundedTests {
  /// Whether `x` is `exact`, or its leading bits with a sticky end.
  static func stands(_ x: Unrounded, for exact: Real, bits: Int) -> Bool {
    let kept = Real(Unrounded(isNegative: false, magnitude: x.magnitude, exponent: x.exponent))
    let low = kept.compareMagnitude(exact)
    if !x.isSticky { return low == 0 && (exact.isZero || x.isNegative == exact.isNegative) }
    let unit = Real(Dyadic.power(x.exponent))
    let next = Real(precision: 1000, Arithmetic.add.function(kept, unit))
    let hasBits = 128 - x.magnitude.leadingZeroBitCount >= bits
    return hasBits && low < 0 && next.compareMagnitude(exact) > 0 && x.isNegative == exact.isNegative
  }

  @Test func sumsOfAnyDistanceAreExactOrCutWithASticky() {
    var random = SplitMix64(seed: 71)
    for i in 0..<effort(50_000) {
      let bits = [53, 63, 106, 126][i % 4]
      func operand(_ exponent: Int) -> Dyadic {
        let wide = Int128(truncatingIfNeeded: UInt128(random.next()) << 64 | UInt128(random.next()))
        let m = wide >> Int128(128 - bits)
        return Dyadic([m, 1, -1, (1 << Int128(bits - 1)) - 1][Int.random(in: 0..<4, using: &random)], exponent: exponent)
      }
      let distance = Int.random(in: -300...300, using: &random)
      let (a, b) = (operand(0), operand(distance))
      let sum = Unrounded.sum(a, b)
      let (x, y) = (Real(a), Real(b))
      let exact = Real(precision: 1000, Arithmetic.add.function(x, y))
      guard UnroundedTests.stands(sum, for: exact, bits: 125) else {
        Issue.record("\(a.hexDescription) + \(b.hexDescription) gives \(sum)")
        return
      }
    }
  }

  @Test func sumsAtTheEdgeOfTheFastPathAreExact() {
    // Distances around 126, where the aligned operands stop fitting, with all carries and borrows.
    for distance in 100...140 {
      for m in [1, 3, (1 << 62) - 1, -1, -(1 << 62) + 1] as [Int128] {
        for n in [1, -1, 3, -3, (1 << 126) - 1, -(1 << 126) + 1, (1 << 125) - 1] as [Int128] {
          let (a, b) = (Dyadic(m, exponent: distance), Dyadic(n))
          let (x, y) = (Real(a), Real(b))
          let exact = Real(precision: 1000, Arithmetic.add.function(x, y))
          for sum in [Unrounded.sum(a, b), Unrounded.sum(b, a)] {
            #expect(UnroundedTests.stands(sum, for: exact, bits: 125), "\(a.hexDescription) + \(b.hexDescription) gives \(sum)")
          }
        }
      }
    }
  }

  @Test(arguments: ["e4m3", "e5m2", "e3m0u", "e2m0", "q2.1", "e4m3fnuz"].map(format))
  func sumsAndProductsFollowIEEE(_ format: Format) {
    let values = format.codes.map { format.decode(Format.Code($0)) } + [.negativeZero, .infinity(negative: false), .infinity(negative: true), .nan]
    for x in values {
      for y in values {
        for rounding in [Rounding.nearestEven, .down, .up] {
          let expected = Arithmetic.add.special(x, y, rounding).map { Extended($0) } ?? .finite(Unrounded(x.dyadic! + y.dyadic!))
          let found = Extended.sum(x, y, rounding: rounding)
          guard equal(found, expected) else {
            Issue.record("\(x) + \(y), \(rounding): \(found)")
            return
          }
        }
        let product = Arithmetic.mul.special(x, y, .nearestEven) ?? .finite(x.dyadic! * y.dyadic!)
        guard Extended.product(x, y) == product else {
          Issue.record("\(x) * \(y): \(Extended.product(x, y)), not \(product)")
          return
        }
      }
    }
  }

  /// Equality of the numbers, with the sign of zeros.
  private func equal(_ a: Extended, _ b: Extended) -> Bool {
    guard case .finite(let x) = a, case .finite(let y) = b else { return a == b }
    return x.dyadic == y.dyadic && x.isNegative == y.isNegative && x.isSticky == y.isSticky
  }

  @Test func zeroSumsHaveTheirIEEESign() {
    #expect(Extended.sum(.zero, .negativeZero, rounding: .nearestEven) == Extended(.zero))
    #expect(Extended.sum(.zero, .negativeZero, rounding: .down) == Extended(.negativeZero))
    #expect(Extended.sum(.negativeZero, .negativeZero, rounding: .up) == Extended(.negativeZero))
    #expect(Extended.sum(.zero, .zero, rounding: .down) == Extended(.zero))
    #expect(Extended.sum(Value(3), Value(-3), rounding: .towardZero) == Extended(.zero))
    #expect(equal(Extended.sum(Value(3), Value(-3), rounding: .down), Extended(.negativeZero)))
  }
}
