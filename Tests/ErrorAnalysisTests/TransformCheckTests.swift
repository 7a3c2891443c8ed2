// SPDX-License-Identifier: Apache-2.0
// Checks over all operands: the known counts, an oracle in integers that shares no code with them, and threads.

import Accumulation
import ErrorAnalysis
import Formats
import TestSupport
import Testing

@Suite struct TransformCheckTests {
  private func check(_ name: String, _ format: Format, _ rounding: Rounding = .nearestEven, split: Int? = nil, anyOrder: Bool = false) throws -> TransformCheck {
    let transform = try #require(ErrorFreeTransform(name, precision: format.precision, splitPoint: split))
    return try TransformCheck(transform, Rounder(to: format, rounding), anyOrder: anyOrder)
  }

  @Test(arguments: ["e2m1fn", "e2m3fn", "e3m2fn", "e4m3fn", "e4m3", "e5m2", "e3m4fn", "e3m4", "e4m3fnuz", "e2m1", "e2m5", "e5m1"])
  func twoSumIsExactToNearest(_ name: String) throws {
    let format = try Format(name)
    for rounding in [Rounding.nearestEven, .nearestAway, .nearestZero] {
      for transform in ["twosum", "fast2sum"] {
        let counts = try check(transform, format, rounding).counts
        #expect(counts.inexact == 0 && counts.violations == 0 && counts.exact + counts.overflow == counts.cases)
        #expect(counts.guaranteed == counts.exact && (transform == "twosum" || counts.overflow == 0))
      }
    }
  }

  /// Spurious overflows of 2Sum, ties to even, with one of the pairs.
  @Test(arguments: [("e3m2fn", 2, [-6.0, 28.0]), ("e2m3fn", 6, [-0.75, 7.5]), ("e5m2", 2, [-12288, 57344]), ("e4m3fn", 0, [])])
  func spuriousOverflow(_ name: String, _ count: Int, _ pair: [Double]) throws {
    let result = try check("twosum", Format(name))
    #expect(result.counts.overflow == count)
    // Of a pair and its negative the smallest counterexample is the one with the positive first number.
    #expect(result.counterexamples.first?.operands == (pair.isEmpty ? nil : pair.map { -$0 }))
  }

  /// Failures of 2Sum, of these with an error that is no number, and of Fast2Sum, in the directed modes.
  @Test(arguments: [
    ("e2m1fn", 0, 0, 0), ("e2m3fn", 0, 0, 0), ("e3m2fn", 504, 336, 168), ("e4m3fn", 20160, 13440, 6720), ("e5m2", 33072, 22048, 11024), ("e3m4fn", 1344, 896, 448),
  ])
  func directedModesLoseErrors(_ name: String, _ failures: Int, _ unrepresentable: Int, _ fast: Int) throws {
    for rounding in [Rounding.towardZero, .up, .down] {
      let two = try check("twosum", Format(name), rounding).counts
      #expect(two.inexact == failures && two.unrepresentable == unrepresentable && two.underflow == 0)
      let one = try check("fast2sum", Format(name), rounding).counts
      // Fast2Sum never misses an error that is a number, and rounds the others.
      #expect(one.inexact == fast && one.unrepresentable == fast && one.errorRounded == fast)
    }
    let odd = try check("fast2sum", Format(name), .toOdd).counts
    #expect(odd.inexact == odd.unrepresentable && odd.errorRounded == odd.inexact)
    let stochastic = try check("fast2sum", Format(name), .stochastic).counts
    #expect(stochastic.inexact == stochastic.unrepresentable)
  }

  /// Shares of pairs that 2Prod misses, the largest products among them, and the condition: none from 2^(2p−1) η on, in any mode.
  @Test(arguments: [
    ("e2m1fn", 0.097, 2.25), ("e3m2fn", 0.202, 1.53125), ("e4m3fn", 0.214, 0.2197265625), ("e5m2", 0.165, 3.738403e-4), ("e3m4fn", 0.4195, 7.5078125),
    ("e2m3fn", 0.507, 7.5625),
  ])
  func productsAreExactAboveTheThreshold(_ name: String, _ share: Double, _ largest: Double) throws {
    let format = try Format(name)
    let result = try check("twoprodfma", format).counts
    #expect(abs(Double(result.inexact) / Double(result.cases) - share) < 5e-4)
    #expect(abs(result.largestResult / largest - 1) < 1e-6)
    let smallest = Value.finite(format.minPositive).double
    #expect(result.largestMiss <= smallest / 2 && result.underflow == result.inexact)
    for rounding in Rounding.deterministic {
      let counts = try check("twoprodfma", format, rounding).counts
      #expect(counts.violations == 0 && counts.overflow == 0 && counts.guaranteed > 0)
    }
    #expect(try check("dekker", format).counts.violations == 0)
  }

  /// Smallest pairs that violate Fast2Sum's order, in units of the smallest number.
  @Test(arguments: [("e4m1", 3.0, 4.0), ("e4m2", 3, 8), ("e4m3fn", 3, 16)]) func fast2SumNeedsItsOrder(_ name: String, _ a: Double, _ b: Double) throws {
    let format = try Format(name)
    let unit = Value.finite(format.minPositive).double
    let result = try check("fast2sum", format, anyOrder: true)
    #expect(result.counterexamples.first?.operands == [a * unit, b * unit] && result.counts.violations == 0)
    #expect(try check("fast2sum", format).counts.inexact == 0)
  }

  /// Dekker's product of all pairs of significands, by split point, ties to even: failures.
  @Test(arguments: [
    (2, [0]), (3, [1, 0]), (4, [10, 0, 0]), (5, [109, 27, 0, 12]), (6, [616, 294, 0, 0, 144]), (7, [3088, 2086, 490, 0, 160, 1168]),
    (8, [13948, 11214, 5530, 0, 0, 2240]),
  ])
  func splitPointsOfDekkersProduct(_ p: Int, _ expected: [Int]) throws {
    for (s, failures) in zip(1..., expected) {
      #expect(try failing(p, s, .nearestEven) == failures)
      let isProven = ErrorFreeTransform.dekkerProduct(at: s).hasProvenSplitPoint(precision: p)
      #expect(!isProven || failures == 0)
    }
    // Towards zero only even p at p/2 works.
    for s in 1..<p where p < 8 || s == 4 { #expect((try failing(p, s, .towardZero) == 0) == (p % 2 == 0 && s == p / 2), "p = \(p), s = \(s)") }
  }

  private func failing(_ p: Int, _ s: Int, _ rounding: Rounding) throws -> Int {
    var arithmetic = try #require(DoubleArithmetic(try Rounder(to: Format("e8m\(p - 1)"), rounding)))
    let significands = (1 << (p - 1)..<1 << p).map(Double.init)
    return significands.reduce(0) { count, a in
      count + significands.count { b in
        let (r, t) = arithmetic.dekkerProduct(a, b, by: Double(1 << s + 1))
        return r + t != a * b
      }
    }
  }

  /// 2Sum, Fast2Sum and 2Prod in integers: numbers are multiples of η, rounding is a division, and nothing is shared with the check.
  @Test(arguments: [("e3m2fn", Rounding.nearestEven), ("e3m2fn", .towardZero), ("e3m2fn", .up), ("e4m3fn", .nearestEven), ("e4m3fn", .towardZero), ("e4m2", .up)])
  func countsAreThoseOfAnIntegerOracle(_ name: String, _ rounding: Rounding) throws {
    let format = try Format(name)
    let (p, q) = (format.precision, -format.quantumExponent)
    let largest = Int(format.maxFinite.integer(inUnitsOf: -q))
    let numbers = Set(format.codes.compactMap { format.decode(UInt128($0)).dyadic.map { Int($0.integer(inUnitsOf: -q)) } }).sorted()
    /// x / 2^k rounded to a multiple of η; nil beyond the largest number.
    func round(_ x: Int, over k: Int) -> Int? {
      let m = abs(x)
      let bits = Int.bitWidth - m.leadingZeroBitCount
      let shift = max(k, bits - p)
      let (low, rest) = (m >> shift, m & (1 << shift - 1))
      let half = shift == 0 ? 0 : 1 << (shift - 1)
      let goesUp =
        switch rounding {
        case .nearestEven: rest > half || rest == half && shift > 0 && low & 1 == 1
        case .up: rest > 0 && x > 0
        default: false
        }
      let rounded = (low + (goesUp ? 1 : 0)) << (shift - k)
      return rounded > largest ? nil : x < 0 ? -rounded : rounded
    }
    func plus(_ a: Int?, _ b: Int?) -> Int? { a.flatMap { a in b.flatMap { round(a + $0, over: 0) } } }
    func negated(_ a: Int?) -> Int? { a.map { -$0 } }
    var two = Tally(), fast = Tally(), product = Tally()
    func note(_ counts: inout Tally, value: Int?, error: Int?, exact: Int, over k: Int) {
      counts.operands += 1
      guard let value else { return counts.resultOverflow += 1 }
      guard let error else { return counts.overflow += 1 }
      let truth = exact - value << k
      if error << k == truth { return counts.exact += 1 }
      counts.inexact += 1
      let isMultiple = truth & (1 << k - 1) == 0
      if !isMultiple || round(truth, over: k).map({ $0 << k }) != truth { counts.unrepresentable += 1 }
      if !isMultiple { counts.underflow += 1 }
    }
    for a in numbers {
      for b in numbers {
        let s = plus(a, b)
        let b1 = plus(s, -a), a1 = plus(s, negated(plus(s, -a)))
        note(&two, value: s, error: plus(plus(a, negated(a1)), plus(b, negated(b1))), exact: a + b, over: 0)
        if abs(a) >= abs(b) { note(&fast, value: s, error: plus(b, negated(plus(s, -a))), exact: a + b, over: 0) }
        let h = round(a * b, over: q)
        note(&product, value: h, error: h.flatMap { round(a * b - $0 << q, over: q) }, exact: a * b, over: q)
      }
    }
    for (transform, expected) in [("twosum", two), ("fast2sum", fast), ("twoprodfma", product)] {
      let c = try check(transform, format, rounding).counts
      let found = Tally(
        operands: c.operands, resultOverflow: c.resultOverflow, exact: c.exact, inexact: c.inexact, unrepresentable: c.unrepresentable,
        underflow: c.underflow, overflow: c.overflow)
      #expect(found == expected, "\(transform)")
    }
  }

  private struct Tally: Equatable {
    var operands = 0, resultOverflow = 0, exact = 0, inexact = 0, unrepresentable = 0, underflow = 0, overflow = 0
  }

  /// The halves of a split have p − s and s bits: to odd and stochastically not always.
  @Test(arguments: [("e4m3fn", Rounding.stochastic, 191, 24), ("e4m1", .toOdd, 29, 24), ("e3m1", .stochastic, 13, 8), ("e2m1fn", .toOdd, 7, 2), ("e4m3fn", .up, 215, 0)])
  func halvesOfASplit(_ name: String, _ rounding: Rounding, _ exact: Int, _ missed: Int) throws {
    let counts = try check("split", Format(name), rounding).counts
    #expect(counts.exact == exact && counts.inexact == missed)
  }

  /// Whatever the random bits are, a pair that counts as exact in mode sr is exact, and the counterexamples can be drawn.
  @Test(arguments: ["twosum", "fast2sum", "dekker"]) func stochasticVerdictsHoldForDraws(_ name: String) throws {
    let format = try Format("e3m2fn")
    let rounder = try Rounder(to: format, .stochastic)
    let transform = try #require(ErrorFreeTransform(name, precision: 3))
    let numbers = Set(format.codes.compactMap { format.decode(UInt128($0)).dyadic }).sorted()
    var failing = 0
    for a in numbers {
      for b in numbers where transform != .fast2Sum || a.magnitude >= b.magnitude {
        var (isCase, isInexact) = (true, false)
        for draw in 0..<60 {
          var arithmetic = ValueArithmetic(rounder, random: RandomStream(seed: 660, "draw \(draw)"))
          let c = transform.splitter.map { Value.finite($0) } ?? .zero
          let (value, error) = transform.apply(.finite(a), .finite(b), splitter: c, in: &arithmetic)
          // (Of pairs that overflow on the way nothing is asked.)
          if arithmetic.flags.contains(.overflow) { isCase = false }
          if value.dyadic! + error.dyadic! != (name == "dekker" ? a * b : a + b) { isInexact = true }
        }
        if isCase && isInexact { failing += 1 }
      }
    }
    let counts = try check(name, format, .stochastic).counts
    // Sixty draws find nearly all of what some draw finds, and never more.
    #expect(failing <= counts.inexact && Double(failing) > 0.95 * Double(counts.inexact))
  }

  @Test func resultsAreTheSameOnAnyNumberOfThreads() throws {
    let rounder = try Rounder(to: Format("e3m2fn"), .up)
    let (one, two) = (try TransformCheck(.twoSum, rounder, .oneThread), try TransformCheck(.twoSum, rounder, .threads(2)))
    #expect(one.counts == two.counts && one.counterexamples == two.counterexamples)
    let (a, b) = (try DoubleWordCheck(.plusFP, Rounder(to: Format("e3m2fn")), .oneThread), try DoubleWordCheck(.plusFP, Rounder(to: Format("e3m2fn")), .threads(2)))
    #expect(a.counts == b.counts && a.worst == b.worst && a.counterexamples == b.counterexamples)
  }

  @Test func whatCannotBeCheckedIsRefused() throws {
    #expect(throws: ExhaustiveCheckError.self) { try TransformCheck(.twoSum, Rounder(to: Format("fp16"))) }
    #expect(throws: ExhaustiveCheckError.self) { try TransformCheck(.twoSum, Rounder(to: Format("q4.4"))) }
    #expect(throws: ExhaustiveCheckError.self) { try TransformCheck(.split(at: 4), Rounder(to: Format("e4m3"))) }
    #expect(throws: ExhaustiveCheckError.self) { try DoubleWordCheck(.plusFP, Rounder(to: Format("fp16"))) }
    #expect(throws: ExhaustiveCheckError.self) { try DoubleWordCheck(.times1, Rounder(to: Format("e5m3"))) }
  }
}
