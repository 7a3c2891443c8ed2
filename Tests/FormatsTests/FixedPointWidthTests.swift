// SPDX-License-Identifier: Apache-2.0
// Accumulator widths: against enumerated extremes, and the published numbers (theory T3.9).

import Formats
import TestSupport
import Testing

@Suite struct FixedPointWidthTests {
  /// The float formats without infinities, except e5m2, which has them.
  @Test(arguments: [("e2m1fn", 8, 21), ("e2m3fn", 12, 25), ("e3m2fn", 18, 31), ("e3m4fn", 22, 35), ("e4m3fn", 36, 49), ("e5m2", 64, 77)])
  func exactAccumulatorsOfSmallFloatsHaveTheKnownWidths(_ name: String, _ product: Int, _ width: Int) throws {
    let format = try Format(name)
    let accumulator = ExactAccumulator(products: format, format, count: 4096)
    #expect(accumulator.productMagnitudeBits == product)
    #expect(accumulator.width == width && accumulator.isSigned)
    #expect(accumulator.quantumExponent == 2 * format.quantumExponent)
  }

  /// Without special codes 2^E_a + M_a + 2^E_b + M_b + ⌈log₂ n⌉ − 1 bits; it is the width at powers of two and may exceed it
  /// elsewhere, and at M = 0, where a significand of M + 1 = 1 bit has a square of one bit and not two.
  @Test(arguments: ["e2m1fn", "e2m3fn", "e3m2fn", "e3m4fn", "e4m3fn"])
  func theClosedFormHoldsAtPowersOfTwo(_ name: String) throws {
    let format = try Format(name)
    guard case .floating(let f) = format.encoding else { return }
    let fields = 2 * ((1 << f.exponentBits) + f.fractionBits)
    for k in 0..<40 {
      #expect(ExactAccumulator(products: format, format, count: 1 << k).width == fields + k - 1)
      #expect(ExactAccumulator(products: format, format, count: 1 << k + 1).width <= fields + k)
    }
  }

  @Test func theClosedFormExceedsTheWidthAtThreeTerms() {
    let closedForm = 2 * (4 + 1) + 2 - 1
    let width = ExactAccumulator(products: .e2m1fn, .e2m1fn, count: 3).width
    #expect(closedForm == 11 && width == 10)  // 3 · 144 < 2^9
  }

  /// The fewest bits by trying, from products of all pairs of values.
  @Test(arguments: FormatLists.small)
  func noNarrowerAccumulatorHoldsTheExtremes(_ a: Format) {
    let others = [a, format("q4.4"), format("uq3.2"), .e2m1fn, format("e3m0u"), format("e4m0fnu")]
    for b in others {
      let unit = a.quantumExponent + b.quantumExponent
      func values(_ format: Format) -> [Dyadic] { format.codes.compactMap { format.decode(Format.Code($0)).dyadic } }
      let right = values(b)
      var (low, high) = (Dyadic.zero, Dyadic.zero)
      for x in values(a) {
        for y in right {
          let product = x * y
          if product < low { low = product }
          if product > high { high = product }
        }
      }
      // 40-bit bias formats would need more than 127 bits for the sums below.
      guard max(low.isZero ? unit : low.floorLog2, high.isZero ? unit : high.floorLog2) - unit < 110 else { continue }
      for n in [1, 2, 3, 4, 5, 7, 8, 1000, 1024] {
        let (least, most) = (low.integer(inUnitsOf: unit) * Int128(n), high.integer(inUnitsOf: unit) * Int128(n))
        var width = 1
        while least < 0
          ? least < -(1 << Int128(width - 1)) || most > (1 << Int128(width - 1)) - 1
          : most > (1 << Int128(width)) - 1 { width += 1 }
        let found = ExactAccumulator(products: a, b, count: n)
        guard found.width == width, found.isSigned == (least < 0), found.quantumExponent == unit else {
          Issue.record("\(found) for \(n) products of \(a) and \(b), not \(width) bits")
          return
        }
      }
    }
  }

  @Test func formatsOfManyBitsAreCountedExactly() {
    // Ω/η = (2^53 − 1) 2^2045 and (2^113 − 1) 2^32765.
    let (double, quad) = (2 * (53 + 2045), 2 * (113 + 32765))
    let binary128 = format("fp128")
    #expect(ExactAccumulator(products: .fp64, .fp64, count: 1).width == double + 1)
    #expect(ExactAccumulator(products: .fp64, .fp64, count: 1).productMagnitudeBits == double)
    #expect(ExactAccumulator(products: binary128, binary128, count: 1 << 61).width == quad + 62)
    #expect(ExactAccumulator(products: binary128, binary128, count: 1 << 61).format == nil)
    // (2^113 − 1)² (2^62 − 1) lies between 2^287 and 2^288.
    #expect(ExactAccumulator(products: binary128, binary128, count: (1 << 62) - 1).width == quad + 63)
  }

  /// A + B + ⌊log₂ n⌋ integer bits, because of the most negative values.
  @Test(arguments: [
    ("q4.4", "q4.4", 1, "q8.8"), ("q4.4", "q4.4", 3, "q9.8"), ("q4.4", "q4.4", 4, "q10.8"), ("q8.0", "q4.0", 1024, "q22.0"), ("q1.7", "q1.7", 16, "q6.14"),
    ("q1.15", "q1.15", 1, "q2.30"), ("uq8.0", "q8.0", 1, "q16.0"), ("uq8.0", "uq8.0", 2, "uq17.0"), ("uq0.4", "uq0.4", 1, "uq0.8"),
    ("e2m1fn", "e2m1fn", 4096, "q19.2"),
  ])
  func exactDotProductsHaveAFormat(_ a: String, _ b: String, _ count: Int, _ expected: String) throws {
    let accumulator = ExactAccumulator(products: try Format(a), try Format(b), count: count)
    #expect(accumulator.format?.name == expected)
  }

  @Test func dotProductsInTheirFormatNeitherRoundNorOverflow() throws {
    var random = SplitMix64(seed: 391)
    for (a, b) in [("q4.4", "q4.4"), ("uq4.4", "q2.5"), ("uq3.0", "uq0.8"), ("q1.7", "e2m1fn")].map({ (format($0), format($1)) }) {
      for n in [1, 2, 3, 4, 7, 8] {
        let rounder = try Rounder(to: try #require(ExactAccumulator(products: a, b, count: n).format))
        for _ in 0..<200 {
          let isExtreme = random.next() & 1 == 0
          var sum = Dyadic.zero
          for _ in 0..<n {
            let x = isExtreme ? a.minFinite : a.decode(Format.Code(random.next() & ((1 << UInt64(a.width)) - 1))).dyadic!
            let y = isExtreme ? b.minFinite : b.decode(Format.Code(random.next() & ((1 << UInt64(b.width)) - 1))).dyadic!
            sum = sum + x * y
            #expect(rounder.round(Unrounded(sum)) == Rounded(.finite(sum)))
          }
        }
      }
    }
  }

  // MARK: A2Q

  /// K, N, M, then the widths for signed and unsigned inputs.
  @Test(arguments: [[4608, 8, 8, 28, 29], [1024, 8, 4, 22, 23], [4096, 4, 4, 20, 21]])
  func dataTypeBoundsAreThePublishedOnes(_ row: [Int]) {
    for (isSigned, width) in [(true, row[3]), (false, row[4])] {
      #expect(OverflowFreeWidth.dataType(terms: row[0], inputBits: row[1], inputIsSigned: isSigned, weightBits: row[2]) == width)
      let norm = UInt64(row[0]) << UInt64(row[2] - 1)
      #expect(OverflowFreeWidth.weightNorm(norm, inputBits: row[1], inputIsSigned: isSigned) == width)
    }
  }

  /// The published bounds take 2^N for the largest unsigned input, which is 2^N − 1.
  @Test(arguments: [(4608, 8, 8, 29), (1024, 8, 4, 22), (4096, 4, 4, 20)])
  func unsignedInputsMayNeedOneBitLess(_ terms: Int, _ inputBits: Int, _ weightBits: Int, _ width: Int) throws {
    #expect(ExactAccumulator(products: try Format("uq\(inputBits).0"), try Format("q\(weightBits).0"), count: terms).width == width)
    let signed = ExactAccumulator(products: try Format("q\(inputBits).0"), try Format("q\(weightBits).0"), count: terms).width
    #expect(signed == OverflowFreeWidth.dataType(terms: terms, inputBits: inputBits, inputIsSigned: true, weightBits: weightBits))
  }

  /// ⌈t + log₂(1 + 2^-t) + 1⌉ by its defining inequality, tried from below.
  @Test func weightNormBoundsAreTheLeastSufficientWidths() {
    for norm in UInt64(1)...1100 {
      for inputBits in 1...9 {
        for isSigned in [false, true] {
          let largest = Int(norm) << (inputBits - (isSigned ? 1 : 0))
          var width = 1
          while (1 << (width - 1)) - 1 < largest { width += 1 }
          guard OverflowFreeWidth.weightNorm(norm, inputBits: inputBits, inputIsSigned: isSigned) == width else {
            Issue.record("norm \(norm), \(inputBits) bits, signed \(isSigned): not \(width) bits")
            return
          }
          let limit = OverflowFreeWidth.normLimit(accumulatorBits: width, inputBits: inputBits, inputIsSigned: isSigned)
          let less = OverflowFreeWidth.normLimit(accumulatorBits: width - 1, inputBits: inputBits, inputIsSigned: isSigned)
          #expect(less < norm && norm <= limit)
        }
      }
    }
  }

  @Test func zeroCentredNormsAreLimitedAsPublished() {
    #expect(OverflowFreeWidth.zeroCentredNormLimit(accumulatorBits: 16, inputBits: 8) == 256)  // 65534 / 255 = 256.996
    #expect(OverflowFreeWidth.normLimit(accumulatorBits: 16, inputBits: 8, inputIsSigned: false) == 127)
  }

  /// The largest sums of weights that add up to 0, by choosing the extreme input for each sign: the limit is safe, and one more pair
  /// of weights is not.
  @Test func zeroCentredLimitsAreSharp() {
    for accumulatorBits in 2...12 {
      for inputBits in 1...6 {
        let limit = Int(OverflowFreeWidth.zeroCentredNormLimit(accumulatorBits: accumulatorBits, inputBits: inputBits))
        let most = 1 << (accumulatorBits - 1) - 1
        // Norms of zero-centred integer weights are even.
        for (half, fits) in [(limit / 2, true), (limit / 2 + 1, false)] {
          let top = 1 << (inputBits - 1)
          let unsigned = half * (2 * top - 1)
          // Inputs from −2^(N−1) to 2^(N−1) − 1 reach the same sum.
          let signed = half * (top - 1) + half * top
          #expect((unsigned <= most) == fits && signed == unsigned)
        }
      }
    }
  }
}
