// SPDX-License-Identifier: Apache-2.0
// Dynamic fixed point against integer formulas, and its error bounds (theory T7.5).

import Formats
import TestSupport
import Testing

@Suite struct DynamicFixedPointTests {
  private static func element(_ width: Int, _ rounding: Rounding = .nearestEven) -> Rounder {
    do { return try Rounder(to: Format("q\(width).0"), rounding) } catch { fatalError("\(error)") }
  }

  private func dyadics(_ numbers: [Double]) -> [Dyadic] { numbers.map { Dyadic($0)! } }

  /// Numbers of widely different sizes with 53-bit significands.
  private func numbers(_ count: Int, _ random: inout SplitMix64) -> [Dyadic] {
    (0..<count).map { _ in
      let significand = Int128(Int64(bitPattern: random.next()) >> 11)
      return Dyadic(significand, exponent: -60 - Int(random.next() % 20))
    }
  }

  @Test func quantisingMatchesTheWorkedExample() throws {
    let f = dyadics([0.75, -3.1, 0.001, 2.9999])
    let x = DynamicFixedPoint(quantizing: f, Self.element(16))
    #expect(x.exponent == -13 && x.width == 16)
    #expect(x.integers == [6144, -25395, 8, 24575])
    let errors = zip(x.values, f).map { Value.finite($0 - $1).double }
    for (error, expected) in zip(errors, [0, 2.441e-5, -2.344e-5, -2.207e-5]) { #expect(abs(error - expected) < 0.001e-5) }
    let bound = DynamicFixedPoint.elementErrorBound(f, exponent: x.exponent, Self.element(16))
    #expect(bound == .power(-14))  // 6.104e-5
  }

  /// Floor, ceiling and the nearest integer of significands shifted right, as integers.
  @Test func quantisingIsAShiftWithRounding() {
    var random = SplitMix64(seed: 751)
    for width in [2, 3, 8, 16, 31] {
      let modes: [Rounding] = [.nearestEven, .towardZero, .down, .up]
      for _ in 0..<200 {
        let f = (0..<9).map { _ in Dyadic(Int128(Int64(bitPattern: random.next()) >> (20 + Int64(random.next() % 30))), exponent: -7) }
        let largest = f.map(\.magnitude).max()!
        if largest.isZero { continue }
        let shift = largest.floorLog2 - (width - 2)
        for mode in modes {
          let x = DynamicFixedPoint(quantizing: f, Self.element(width, mode))
          #expect(x.exponent == shift)
          for (found, number) in zip(x.integers, f) {
            let integer = Int64(number.integer(inUnitsOf: -7))
            let places = shift + 7
            if places <= 0 {
              #expect(found == integer << Int64(-places))
              continue
            }
            let floor = integer >> Int64(places)
            let rest = integer - floor << Int64(places)
            let half = Int64(1) << Int64(places - 1)
            let rounded =
              switch mode {
              case .down: floor
              case .up: rest > 0 ? floor + 1 : floor
              case .towardZero: rest > 0 && integer < 0 ? floor + 1 : floor
              default: rest > half || rest == half && floor & 1 == 1 ? floor + 1 : floor
              }
            let expected = min(rounded, Int64(1) << Int64(width - 1) - 1)
            guard found == expected else {
              Issue.record("\(number) in \(width) bits, \(mode): \(found), not \(expected)")
              return
            }
          }
        }
      }
    }
  }

  @Test func smallNumbersFlushAndTheLargestSaturates() {
    let step = Dyadic.power(-14)
    let f = [1, step.scaled(by: -1), step.scaled(by: -1) + .power(-60), Dyadic(2) - .power(-40), -(Dyadic(2) - .power(-40))]
    let x = DynamicFixedPoint(quantizing: f, Self.element(16))
    #expect(x.exponent == -14)
    #expect(x.integers == [1 << 14, 0, 1, 1 << 15 - 1, -1 << 15])
    // The fourth number is nearly a whole step away from its value.
    #expect(DynamicFixedPoint.elementErrorBound(f, exponent: -14, Self.element(16)) == step)
    #expect(DynamicFixedPoint.elementErrorBound([f[4]], exponent: -14, Self.element(16)) == step.scaled(by: -1))
    #expect(DynamicFixedPoint(quantizing: [0, 0], Self.element(8)).isZero)
  }

  @Test func stochasticQuantisingTakesOneDrawANumber() throws {
    let f = dyadics([1, 0.001, 0.002, 0.0035, -0.0011])
    let element = try Rounder(to: Format("q8.0"), .stochastic)
    let stream = RandomStream(seed: 752)
    let x = DynamicFixedPoint(quantizing: f, element, random: stream)
    for (k, number) in f.enumerated() {
      let alone = element.round(Unrounded(number.scaled(by: -x.exponent)), draw: stream.draw(k)).value.dyadic!
      #expect(x.values[k] == alone.scaled(by: x.exponent))
    }
  }

  @Test func productsAreIntegerProducts() {
    var random = SplitMix64(seed: 753)
    for width in [2, 8, 16, 32] {
      let draw = { (_: Int) in Int64(bitPattern: random.next()) >> Int64(64 - width) }
      let least = -Int64(1) << Int64(width - 1)
      let a = DynamicFixedPoint(integers: (0..<100).map(draw) + [least, least, -(least + 1)], exponent: -5, width: width)
      let b = DynamicFixedPoint(integers: (0..<100).map(draw) + [least, -(least + 1), -(least + 1)], exponent: 9, width: width)
      let product = a * b
      #expect(product.exponent == 4 && product.width == 2 * width)
      #expect(product.integers == zip(a.integers, b.integers).map { $0 * $1 })
      #expect(product.values == zip(a.values, b.values).map { $0 * $1 })
      // 2P − 1 bits hold every product but that of the two most negative integers.
      let limit = Int64(1) << Int64(2 * width - 2)
      for (k, i) in product.integers.enumerated() {
        #expect((i >= limit) == (a.integers[k] == least && b.integers[k] == least))
      }
    }
  }

  @Test(arguments: [0, 1, 3, 15, 16, 40, 70])
  func sumsShiftAndAdd(_ gap: Int) {
    var random = SplitMix64(seed: 754)
    let draw = { (_: Int) in Int64(bitPattern: random.next()) >> 48 }
    let a = DynamicFixedPoint(integers: (0..<300).map(draw) + [32767, -32768], exponent: gap - 20, width: 16)
    let b = DynamicFixedPoint(integers: (0..<300).map(draw) + [32767, -32768], exponent: -20, width: 16)
    let expected = zip(a.integers, b.integers).map { $0 + ($1 >> Int64(gap)) }
    for sum in [a + b, b + a] {
      #expect(sum.integers == expected && sum.exponent == gap - 20 && sum.width == 17)
      for (s, (x, y)) in zip(sum.values, zip(a.values, b.values)) {
        let error = x + y - s
        #expect(error >= 0 && error < .power(gap - 20))
      }
    }
    let zero = DynamicFixedPoint(integers: Array(repeating: 0, count: b.integers.count), exponent: 100, width: 16)
    #expect((zero + b).values == b.values && (b + zero).values == b.values)
  }

  /// R = max(0, b − (P − 1)) with b the bits of max|i|, and round to nearest even by integers.
  @Test func narrowingShiftsByTheFewestPlaces() {
    var random = SplitMix64(seed: 755)
    for _ in 0..<2000 {
      let size = Int64(random.next() % 32)
      let wide = (0..<5).map { _ in Int64(bitPattern: random.next()) >> (32 + size) }
      let x = DynamicFixedPoint(integers: wide, exponent: 3, width: 32)
      let narrow = x.narrowed(Self.element(16))
      let largest = wide.map(abs).max()!
      var shift = 0
      while largest >> Int64(shift) > 32767 { shift += 1 }
      #expect(narrow.exponent == 3 + shift && narrow.width == 16)
      let expected = wide.map { i in
        let floor = i >> Int64(shift)
        let rest = i - floor << Int64(shift)
        let half = shift == 0 ? 1 : Int64(1) << Int64(shift - 1)
        return min(rest > half || rest == half && floor & 1 == 1 ? floor + 1 : floor, 32767)
      }
      guard narrow.integers == expected else {
        Issue.record("\(wide) >> \(shift): \(narrow.integers), not \(expected)")
        return
      }
    }
  }

  /// The rule R = P − LZC(max|i|) would not shift 2^15, which 16 bits with a sign do not hold.
  @Test func narrowingMakesRoomForTheSign() {
    let largest = Int64(1) << 15
    let x = DynamicFixedPoint(integers: [largest, 3, 5], exponent: 0, width: 32)
    #expect(16 - UInt32(largest).leadingZeroBitCount == 0)
    let narrow = x.narrowed(Self.element(16))
    #expect(narrow.exponent == 1 && narrow.integers == [1 << 14, 2, 2])  // 1.5 and 2.5 to even
    #expect(DynamicFixedPoint(integers: [largest - 1], exponent: 0, width: 32).narrowed(Self.element(16)).exponent == 0)
    // Rounding may reach 2^15 after the shift, which saturates.
    #expect(DynamicFixedPoint(integers: [0x1ffff], exponent: 0, width: 32).narrowed(Self.element(16)).integers == [32767])
    #expect(DynamicFixedPoint(integers: [0x1ffff], exponent: 0, width: 32).narrowed(Self.element(16, .towardZero)).integers == [32767])
  }

  // MARK: Dot products

  @Test func thirtyTwoBitsHoldOneOrTwoFullScaleProducts() throws {
    #expect(DynamicFixedPoint.safeTerms(largest: 32767, accumulatorWidth: 32) == 2)
    #expect(DynamicFixedPoint.safeTerms(largest: -32768, accumulatorWidth: 32) == 1)
    for (largest, safe) in [(Int64(32767), 2), (-32768, 1)] {
      for n in 1...5 {
        let x = DynamicFixedPoint(integers: Array(repeating: largest, count: n), exponent: -3, width: 16)
        let dot = DynamicFixedPoint.dot(x, x, accumulator: Self.element(32))
        #expect(dot.firstOverflow == (n > safe ? safe : nil) && dot.isExact == (n <= safe) && dot.exponent == -6)
        #expect(dot.exactInteger == Int128(n) * Int128(largest) * Int128(largest))
      }
    }
  }

  /// 2P − 1 + ⌈log₂ n⌉ bits without the most negative integer; with it, the exact accumulator's.
  @Test(arguments: [2, 4, 8, 16])
  func theExactWidthsHoldEveryDotProduct(_ width: Int) throws {
    let least = -Int64(1) << Int64(width - 1)
    for n in 1...40 {
      let ceiling = (n - 1).bitWidth - (n - 1).leadingZeroBitCount
      let exact = try #require(ExactAccumulator(products: Format("q\(width).0"), Format("q\(width).0"), count: n).format)
      for (integer, bits) in [(-(least + 1), 2 * width - 1 + ceiling), (least, exact.width)] {
        let x = DynamicFixedPoint(integers: Array(repeating: integer, count: n), exponent: 0, width: width)
        let dot = DynamicFixedPoint.dot(x, x, accumulator: Self.element(bits))
        #expect(dot.isExact && dot.firstOverflow == nil)
        if integer == least { #expect(!DynamicFixedPoint.dot(x, x, accumulator: Self.element(bits - 1)).isExact) }
      }
    }
  }

  /// Wrapping is exact when the sum is in range, whatever happens on the way; saturating only when every partial sum is.
  @Test func accumulatorsOverflowAsIntegersDo() throws {
    var random = SplitMix64(seed: 756)
    let (wrap, saturate) = (try Rounder(to: Format("q16.0"), overflow: .wrap), try Rounder(to: Format("q16.0"), overflow: .saturate))
    var counts = [0, 0, 0]
    for _ in 0..<2000 {
      let n = Int(random.next() % 12)
      let draw = { (_: Int) in Int64(Int8(truncatingIfNeeded: random.next())) }
      let a = DynamicFixedPoint(integers: (0..<n).map(draw), exponent: 1, width: 8)
      let b = DynamicFixedPoint(integers: (0..<n).map(draw), exponent: 2, width: 8)
      var (wrapped, clamped, exact, first) = (Int16(0), 0, 0, Int?.none)
      for (k, (i, j)) in zip(a.integers, b.integers).enumerated() {
        wrapped &+= Int16(i * j)
        exact += Int(i * j)
        let sum = clamped + Int(i * j)
        clamped = min(max(sum, -32768), 32767)
        if clamped != sum && first == nil { first = k }
      }
      let (x, y) = (DynamicFixedPoint.dot(a, b, accumulator: wrap), DynamicFixedPoint.dot(a, b, accumulator: saturate))
      guard x.integer == Int64(wrapped), y.integer == Int64(clamped), x.firstOverflow == first, y.firstOverflow == first,
        x.exactInteger == Int128(exact), x.isExact == (Int16(exactly: exact) != nil), x.exponent == 3, y.value == Dyadic(Int128(clamped), exponent: 3)
      else {
        Issue.record("\(a.integers) · \(b.integers): \(x), \(y)")
        return
      }
      counts[first == nil ? 0 : x.isExact ? 1 : 2] += 1
    }
    #expect(counts.allSatisfy { $0 > 10 }, "\(counts)")
  }

  @Test(arguments: [Rounding.nearestEven, .nearestAway, .towardZero, .up, .down, .stochastic], [4, 8, 16])
  func errorsNeverExceedTheirBounds(_ mode: Rounding, _ width: Int) throws {
    var random = SplitMix64(seed: 757)
    let element = try Rounder(to: Format("q\(width).0"), mode)
    var largest = 0.0
    for trial in 0..<effort(150) {
      let n = 1 + Int(random.next() % 30)
      let stream = RandomStream(seed: 758).child(trial)
      let (f, g) = (numbers(n, &random), numbers(n, &random))
      let a = DynamicFixedPoint(quantizing: f, element, random: stream)
      let b = DynamicFixedPoint(quantizing: g, element, random: stream.child(1))
      let (errorA, errorB) = (
        DynamicFixedPoint.elementErrorBound(f, exponent: a.exponent, element), DynamicFixedPoint.elementErrorBound(g, exponent: b.exponent, element)
      )
      for (x, y) in zip(a.values, f) where (x - y).magnitude > errorA { Issue.record("\(y) became \(x), with an error above \(errorA)") }
      var exact = ExactSum(products: .fp64, .fp64)
      for (x, y) in zip(f, g) { exact += x * y }
      let dot = DynamicFixedPoint.dot(a, b, accumulator: Self.element(64))
      #expect(dot.isExact)
      let bound = DynamicFixedPoint.dotErrorBound(a, b, elementErrors: (errorA, errorB))
      exact -= dot.value
      // Rounded up, the error must not exceed the bound rounded up.
      let (error, limit) = (exact.magnitudeRoundedUp, try Rounder(to: .fp64, .up).round(Unrounded(bound)).value.double)
      guard error <= limit else {
        Issue.record("dot error \(error) above \(limit) in trial \(trial)")
        return
      }
      largest = max(largest, error / limit)
    }
    // The bound is not idle: some short dot product comes near it.
    #expect(largest > 0.3, "\(largest)")
  }
}
