// SPDX-License-Identifier: Apache-2.0
// Expansions against MPFR to the last bit, and to k terms as near as their capacity lets them.

import Accumulation
import Formats
import Lab
import Multiprecision
import Testing

@Suite struct ExpansionReferenceTests {
  private func operands(_ name: String, _ k: Int, _ i: Int) throws -> (Expansion, Expansion) {
    let rounder = try Rounder(text: name)
    let stream = RandomStream(seed: 701, "\(name) \(k)")
    func number(_ j: Int) -> BigFloat {
      let bits = Int128(Int64(bitPattern: stream.bits(at: UInt64(4 * i + j))) >> 8)
      // From one binade to hundreds of them.
      return BigFloat(Dyadic(bits, exponent: -60 + Int(stream.bits(at: UInt64(4 * i + j + 2)) % 20)))
    }
    return (Expansion(number(0), terms: k, in: rounder), Expansion(number(1), terms: k, in: rounder))
  }

  @Test(arguments: ["e8m1", "e8m2", "e9m3", "bf16", "fp32", "fp64"]) func sumsAndProductsAreExact(_ name: String) throws {
    for k in 1...5 {
      for i in 0..<60 {
        let (x, y) = try operands(name, k, i)
        let (a, b) = (BigFloat(x), BigFloat(y))
        func isEqual(_ e: Expansion, _ exact: BigFloat) -> Bool { BigFloat(e).minus(exact, precision: 4000).isZero }
        #expect(isEqual(x + y, a.plus(b, precision: 4000)) && isEqual(x - y, a.minus(b, precision: 4000)))
        let product = x * y
        #expect(product.flags.contains(.underflow) || isEqual(product, a.times(b, precision: 4000)), "\(name): \(x.terms) · \(y.terms)")
        #expect(x.comparison(to: y) == (a.minus(b, precision: 4000).isZero ? 0 : a.minus(b, precision: 4000).isNegative ? -1 : 1))
      }
    }
  }

  /// To k terms the relative error of products, quotients and roots is a small multiple of 2^(−k (p + 1)), also at 2 and 3 bits.
  @Test(arguments: ["e9m1", "e9m2", "e9m3", "e9m5", "e9m7"]) func longResultsAreAsGoodAsTheirTerms(_ name: String) throws {
    for k in 1...4 {
      for i in 0..<150 {
        let (x, y) = try operands(name, k, i)
        guard !x.isZero, !y.isZero else { continue }
        let (a, b) = (BigFloat(x), BigFloat(y))
        let unit = Double(sign: .plus, exponent: -k * (x.rounder.format.precision + 1), significand: 1)
        func error(_ e: Expansion, _ exact: BigFloat) -> Double {
          abs(BigFloat(e).minus(exact, precision: 1000).divided(by: exact, precision: 64).double) / unit
        }
        let positive = x.comparison(to: Expansion(.zero, terms: 1, in: x.rounder)) == -1 ? -x : x
        let errors = [
          error(x.times(y, terms: k), a.times(b, precision: 1000)), error(x.divided(by: y, terms: k), a.divided(by: b, precision: 1000)),
          error(positive.squareRoot(terms: k), BigFloat(positive).squareRoot(precision: 1000)),
        ]
        #expect(errors.allSatisfy { $0 <= 16 }, "\(name), \(k) terms: \(errors) of 2^-\(k * (x.rounder.format.precision + 1)) for \(x.terms), \(y.terms)")
        let terms = [x.times(y, terms: k), x.divided(by: y, terms: k), positive.squareRoot(terms: k)]
        #expect(terms.allSatisfy { $0.terms.count <= k })
      }
    }
  }

  /// Decimals are cut into terms from their exact value.
  @Test func longDecimals() throws {
    let tenth = Expansion(try BigFloat(text: "0.1"), terms: 3, in: try Rounder(to: Format("bf16")))
    #expect(tenth.terms.map(\.double) == [0.10009765625, -9.775161743164062e-05, 9.546056389808655e-08])
    let exact = Expansion(try BigFloat(text: "0x1.8p-3"), terms: 3, in: try Rounder(to: Format("e4m3")))
    #expect(exact.terms == [.finite(Dyadic(3, exponent: -4))])
  }
}
