// SPDX-License-Identifier: Apache-2.0
// Exact sums against MPFR's, in windows of 1 to 40 words, with carries and borrows through all of them.

import Formats
import TestSupport
import Testing

@Suite struct ExactSumTests {
  /// The window of exactly `words` words from 2^lowest, and the bits that a term of it may have.
  private func window(_ words: Int, _ lowest: Int) -> (sum: ExactSum, bits: Int) {
    let bits = 64 * words - 64
    return (ExactSum(lowest: lowest, highest: lowest + max(bits - 63, 0)), max(bits - 63, 1))
  }

  private func check(_ sum: ExactSum, _ terms: [Dyadic], _ label: String) -> Bool {
    let exact = Real(sumOf: terms, precision: 4400)
    let magnitude = exact.magnitude
    guard sum.isZero == exact.isZero, sum.isNegative == (exact.isNegative && !exact.isZero), sum.double == exact.double,
      sum.magnitudeRoundedUp == magnitude.doubleRoundedUp, UnroundedTests.stands(sum.unrounded, for: exact, bits: 65)
    else {
      Issue.record("\(label): \(terms.count) terms give \(sum.double), not \(exact.double); \(sum.unrounded)")
      return false
    }
    return true
  }

  @Test(arguments: 2...40)
  func randomSumsAreExact(_ words: Int) {
    var random = SplitMix64(seed: UInt64(words))
    for lowest in [-600, -1, 3] {
      var (sum, bits) = window(words, lowest)
      var terms: [Dyadic] = []
      for i in 0..<40 {
        let width = Int.random(in: 1...min(bits, 127), using: &random)
        let wide = UInt128(random.next()) << 64 | UInt128(random.next())
        let m = Int128(wide >> UInt128(128 - width))
        let place = Int.random(in: 0...(bits - width), using: &random)
        let term = Dyadic(Bool.random(using: &random) ? m : -m, exponent: lowest + place)
        terms.append(term)
        if i % 2 == 0 { sum += term } else { sum -= -term }
        guard check(sum, terms, "random, \(words) words from 2^\(lowest)") else { return }
      }
    }
  }

  @Test(arguments: 2...40)
  func carriesRunThroughAllWords(_ words: Int) {
    var (sum, bits) = window(words, -100)
    var terms: [Dyadic] = []
    func add(_ m: Int128, _ place: Int) {
      let term = Dyadic(m, exponent: -100 + place)
      terms.append(term)
      sum += term
    }
    let unit: Int128 = 1
    // −1, then +1: all ones becomes zero and back; then 2^k − 1, 2^k and 2^k + 1 of both signs for every k.
    for m in [-unit, unit, unit, -unit, -unit] {
      add(m, 0)
      guard check(sum, terms, "unit steps, \(words) words") else { return }
    }
    add(1, 0)
    for k in stride(from: 0, to: bits, by: 23) {
      for (m, place) in [(unit, k), (unit, 0), (-unit, 0), (-unit, 0), (unit, 0), (-unit, k), (-unit, k), (-unit, 0), (unit, 0), (unit, 0), (-unit, 0), (unit, k)] {
        add(m, place)
        guard check(sum, terms, "around 2^\(k), \(words) words") else { return }
      }
    }
    #expect(sum.isZero)
  }

  @Test func oneWordHoldsSmallSums() {
    // 64 bits of room for sums over a window of no bits.
    var sum = ExactSum(lowest: 5, highest: 5)
    var terms: [Dyadic] = []
    for m in [1, -1, -1, -(1 << 40), 1 << 41, 1 << 61, -(1 << 62)] as [Int128] {
      sum += Dyadic(m, exponent: 5)
      terms.append(Dyadic(m, exponent: 5))
      guard check(sum, terms, "one word") else { return }
    }
  }

  @Test(arguments: ["e4m3", "e5m2", "fp16", "bf16", "fp32", "fp64", "q8.8", "q1.15", "e8m0fnu", "e5m2:nosub"].map(format))
  func everyProductOfAFormatFits(_ format: Format) {
    let largest = max(format.maxFinite, format.minFinite.magnitude)
    let (greatest, least) = (largest * largest, format.minPositive * format.minPositive)
    var sum = ExactSum(products: format, format)
    var terms: [Dyadic] = []
    for term in [greatest, greatest, least, -greatest, -greatest, -least, -least, -greatest] {
      sum += term
      terms.append(term)
      guard check(sum, terms, "products of \(format)") else { return }
    }
    var values = ExactSum(of: format)
    values += format.maxFinite
    values -= format.minPositive
    #expect(check(values, [format.maxFinite, -format.minPositive], "values of \(format)"))
    var mixed = ExactSum(products: format, format, and: .e5m2)
    for x in [greatest, least, Format.e5m2.maxFinite, Format.e5m2.minPositive] { mixed += x }
    #expect(check(mixed, [greatest, least, Format.e5m2.maxFinite, Format.e5m2.minPositive], "products of \(format) and e5m2"))
  }

  @Test func equalSumsAreEqualWhateverTheOrder() {
    var random = SplitMix64(seed: 81)
    let terms = (0..<500).map { _ in Dyadic(Double.random(in: -1e10...1e10, using: &random))! }
    var (forward, backward) = (ExactSum(of: .fp64), ExactSum(of: .fp64))
    for x in terms { forward += x }
    for x in terms.reversed() { backward += x }
    #expect(forward == backward && forward.hashValue == backward.hashValue)
    #expect(check(forward, terms, "doubles"))
  }
}
