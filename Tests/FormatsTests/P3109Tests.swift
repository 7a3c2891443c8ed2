// SPDX-License-Identifier: Apache-2.0
// The formats of IEEE P3109 against the report's rules, written down a second time in doubles, which hold all their numbers.

import Formats
import TestSupport
import Testing

/// A format BinaryKpP{s|u}{e|f} and what the report says about it.
struct P3109: Sendable, CustomStringConvertible {
  let (k, p): (Int, Int)
  let (isSigned, isExtended): (Bool, Bool)

  /// Every format of at most this width.
  static func all(upTo width: Int) -> [P3109] {
    (3...width).flatMap { k in
      [true, false].flatMap { isSigned in
        (1...(isSigned ? k - 1 : k)).flatMap { p in [true, false].map { P3109(k: k, p: p, isSigned: isSigned, isExtended: $0) } }
      }
    }
  }

  var description: String { "k\(k)p\(p)\(isSigned ? "s" : "u")\(isExtended ? "e" : "f")" }
  var bias: Int { 1 << (isSigned ? k - p - 1 : k - p) }
  var nanCode: Int { isSigned ? 1 << (k - 1) : (1 << k) - 1 }
  var infinityCode: Int? { isExtended ? nanCode - 1 : nil }
  var minusInfinityCode: Int? { isExtended && isSigned ? (1 << k) - 1 : nil }
  var largest: Double { magnitude(isExtended ? nanCode - 2 : nanCode - 1) }
  var smallest: Double { isSigned ? -largest : 0 }

  func magnitude(_ code: Int) -> Double {
    let (e, t) = (code >> (p - 1), code & ((1 << (p - 1)) - 1))
    return e == 0 ? scaled(Double(t), 2 - bias - p) : scaled(1 + scaled(Double(t), 1 - p), e - bias)
  }

  func value(_ code: Int) -> Double {
    if code == nanCode { return .nan }
    if code == infinityCode { return .infinity }
    if code == minusInfinityCode { return -.infinity }
    return isSigned && code > nanCode ? -magnitude(code - nanCode) : magnitude(code)
  }

  enum Saturation: String, CaseIterable { case satFinite, satPropagate, satNone }
  enum Mode: String, CaseIterable { case towardZero, towardPositive, towardNegative, nearestTiesToAway, nearestTiesToEven, toOdd }

  /// S, Q and δ of the report, and whether the code of ⌊S⌋ 2^Q is odd, had the format no end.
  func split(_ x: Double) -> (floor: Double, q: Int, delta: Double, isOdd: Bool) {
    let q = max(Int(x.magnitude.exponent), 1 - bias) - p + 1
    let s = scaled(x.magnitude, -q)
    let floor = s.rounded(.down)
    let hidden = 1 << (p - 1)
    let code = Int(floor) < hidden ? Int(floor) : (q + p - 1 + bias) * hidden + Int(floor) - hidden
    return (floor, q, s - floor, code % 2 != 0)
  }

  func project(_ x: Double, _ mode: Mode, _ saturation: Saturation) -> Double {
    if x.isNaN { return .nan }
    if x.isInfinite || x == 0 { return saturated(x, mode, saturation) }
    let (floor, q, delta, isOdd) = split(x)
    let goesUp =
      switch mode {
      case .towardZero: false
      case .towardPositive: delta > 0 && x > 0
      case .towardNegative: delta > 0 && x < 0
      case .nearestTiesToAway: delta >= 0.5
      case .nearestTiesToEven: delta > 0.5 || delta == 0.5 && isOdd
      case .toOdd: delta > 0 && !isOdd
      }
    let magnitude = scaled(goesUp ? floor + 1 : floor, q)
    return saturated(x < 0 ? -magnitude : magnitude, mode, saturation)
  }

  func saturated(_ x: Double, _ mode: Mode, _ saturation: Saturation) -> Double {
    if smallest <= x && x <= largest { return x == 0 ? 0 : x }
    let isHigh = x > 0
    let end = isHigh ? largest : smallest
    let infinity: Double? = isExtended && (isHigh || isSigned) ? x.sign == .minus ? -.infinity : .infinity : nil
    switch saturation {
    case .satFinite: return end
    case .satPropagate: return x.isInfinite ? infinity ?? end : end
    case .satNone:
      if x.isInfinite { return infinity ?? (isHigh || isSigned ? end : .nan) }
      if isHigh {
        if mode == .towardZero || mode == .towardNegative || mode == .toOdd && !isSigned && isExtended { return end }
        return infinity ?? end
      }
      if mode == .towardZero || mode == .towardPositive { return end }
      return infinity ?? (isSigned ? end : .nan)
    }
  }

  /// Numbers with three bits more than the format has, in every binade from below the smallest number to beyond the largest.
  var grid: [Double] {
    let emin = 1 - bias - (p - 1)
    let subnormal = (0..<(8 << p)).map { scaled(Double($0), emin - 3) }
    let normal = (emin - 4...Int(largest.exponent) + 2).flatMap { e in ((4 << p)..<(8 << p)).map { scaled(Double($0), e - p - 2) } }
    let all = subnormal + normal
    return all + all.map { -$0 } + [.infinity, -.infinity, .nan, 0x1p300, -0x1p300, 0x1p-300, -0x1p-300]
  }
}

/// x 2^n, exactly.
private func scaled(_ x: Double, _ n: Int) -> Double { Double(sign: .plus, exponent: n, significand: 1) * x }

@Suite struct P3109Tests {
  @Test func everyCodeOfUpToEightBitsDecodesAsTheRulesSay() throws {
    for rules in P3109.all(upTo: 8) {
      let format = try Format("\(rules)")
      #expect(format.name == "\(rules)" && format.width == rules.k && format.precision == rules.p)
      #expect(format.maxFinite == Dyadic(rules.largest) && format.minFinite == Dyadic(rules.smallest))
      #expect(format.hasInfinity == rules.isExtended && format.nanCodeCount == 1 && !format.hasNegativeZero)
      var values: [Value] = []
      for code in 0..<(1 << rules.k) {
        let value = format.decode(Format.Code(code))
        values.append(value)
        guard value == Value(rules.value(code)), format.encode(value) == Format.Code(code) else {
          Issue.record("code \(code) is \(value) and not \(rules.value(code)): fmtlab values \(rules)")
          break
        }
      }
      let infinities = rules.isExtended ? rules.isSigned ? 2 : 1 : 0
      #expect(values.count { $0 == .nan } == 1 && values.count { $0 != .nan && !$0.isFinite } == infinities)
      #expect(Set(values).count == 1 << rules.k, "\(rules): one code a value")
      #expect(format.encode(.negativeZero) == 0)
    }
  }

  @Test func namesOutsideTheReportAreRefusedByField() {
    for (name, field, given) in [
      ("k2p1se", "width", "2"), ("k17p4se", "width", "17"), ("k8p8se", "precision", "8"), ("k8p9ue", "precision", "9"),
      ("k8p0se", "precision", "0"),
    ] {
      let error = #expect(throws: FormatError.self) { try Format(name) }
      guard case .fieldOutOfRange(name, field, given, _) = error else {
        Issue.record("\(name) gives \(String(describing: error))")
        continue
      }
    }
    for name in ["k8p4", "k8p4s", "k8p4es", "k8p4sef", "k8p4e", "k8p4se:nosub", "k08p4se", "k8p4xe"] {
      let error = #expect(throws: FormatError.self) { try Format(name) }
      if case .unknownFormat = error {} else { Issue.record("\(name) gives \(String(describing: error))") }
    }
  }

  @Test func theReportsExampleAndTheBestKnownMaxima() throws {
    let format = try Format("Binary4p2se")
    let codes: [(Format.Code, Value)] = [
      (0, .zero), (1, Value(0.25)), (4, Value(1)), (7, .infinity(negative: false)), (8, .nan), (9, Value(-0.25)),
      (15, .infinity(negative: true)),
    ]
    for (code, value) in codes { #expect(format.decode(code) == value) }
    #expect(try Format("Binary8p4se").maxFinite == 224)
    #expect(try Format("k8p4sf").maxFinite == 240)
  }

  private static let modes: [(P3109.Mode, Rounding)] = P3109.Mode.allCases.map { mode in (mode, try! Rounding(mode.rawValue)) }
  private static let policies: [(P3109.Saturation, Overflow)] = P3109.Saturation.allCases.map { ($0, Overflow($0.rawValue)!) }

  private func check(_ rules: P3109, _ numbers: [Double]) throws {
    let format = try Format("\(rules)")
    let inputs = numbers.map { Value($0) }
    for (mode, rounding) in P3109Tests.modes {
      for (saturation, overflow) in P3109Tests.policies where Rounder.overflowPolicies(of: format).contains(overflow) {
        let rounder = try Rounder(to: format, rounding, overflow: overflow)
        for (x, input) in zip(numbers, inputs) {
          let (expected, found) = (rules.project(x, mode, saturation), rounder.round(input).value)
          guard found == Value(expected) else {
            Issue.record("\(found), not \(expected): \(Repro.round(rounder, "\(x)"))")
            return
          }
        }
      }
    }
  }

  @Test(arguments: P3109.all(upTo: 6))
  func projectionIsTheReports(_ rules: P3109) throws { try check(rules, rules.grid) }

  @Test(arguments: P3109.all(upTo: 8).filter { ["k8p4se", "k8p3uf", "k8p1se", "k4p2sf", "k7p1ue"].contains("\($0)") })
  func projectionOfEveryBinary16NumberIsTheReports(_ rules: P3109) throws {
    try check(rules, Format.fp16.codes.map { Format.fp16.decode(Format.Code($0)).double } + rules.grid)
  }

  /// With P = 1 the codes of neighbouring powers of two differ in the last bit of the exponent.
  @Test func evennessWithoutTrailingBitsIsThatOfTheExponent() throws {
    let format = try Format("k5p1se")
    for code in 1..<Format.Code(13) {
      let (below, above) = (format.decode(code).double, format.decode(code + 1).double)
      let middle = (below + above) / 2
      #expect(try Rounder(to: format)(middle) == (code % 2 == 0 ? below : above))
      #expect(try Rounder(to: format, .toOdd)(middle) == (code % 2 == 0 ? above : below))
    }
    #expect(try Rounder(to: format)(Value.finite(format.minPositive).double / 2) == 0)
  }
}

// MARK: - Stochastic rounding

/// floor(δ 2^N) + R ≥ 2^N and its two variants, for δ = m / 2^l, in integers.
private func goesUp(_ rule: Rounding.BitRule, _ m: Int, over l: Int, bits n: Int, _ r: Int) -> Bool {
  switch rule {
  case .cut: return (m << n) >> l + r >= 1 << n
  case .nearestUp: return (m << (n + 1)) >> l + 2 * r + 1 >= 1 << (n + 1)
  case .nearestEven:
    let (whole, rest, half) = ((m << n) >> l, (m << n) & ((1 << l) - 1), 1 << (l - 1))
    return whole + (rest > half || rest == half && whole % 2 == 1 ? 1 : 0) + r >= 1 << n
  }
}

@Suite struct P3109StochasticTests {
  private static let stream = RandomStream(seed: 71)

  /// For each value of n random bits, the first draw that has it.
  private static func draws(_ n: Int) -> [Draw] {
    (0..<UInt64(1 << n)).map { word in
      stream.draw((0..<10_000).first { stream.draw($0).bits() >> UInt64(64 - n) == word }!)
    }
  }

  /// 1 + m / 2^l gaps of e4m3, and a little more if sticky.
  private static func number(_ m: UInt128, over l: Int, isSticky: Bool = false) -> Unrounded {
    Unrounded(isNegative: false, magnitude: 8 << UInt128(l) | m, exponent: -3 - l, isSticky: isSticky)
  }

  @Test(arguments: Rounding.BitRule.allCases, [1, 2, 3, 4, 5])
  func theNumberOfDrawsThatGoUpIsTheFormulas(_ rule: Rounding.BitRule, _ n: Int) throws {
    let (rounder, draws) = (try Rounder(to: .e4m3, .stochasticBits(n, rule)), P3109StochasticTests.draws(n))
    func ups(_ x: Unrounded) -> Int { draws.count { rounder.round(x, draw: $0).value != Value(1) } }
    for l in [n, n + 1, 9] {
      for m in 1..<(1 << l) {
        let expected = (0..<(1 << n)).count { goesUp(rule, m, over: l, bits: n, $0) }
        #expect(ups(P3109StochasticTests.number(UInt128(m), over: l)) == expected, "\(rule) \(n), \(m)/2^\(l)")
        // Something more than m / 2^l, once the bits that decide are known.
        guard l > n else { continue }
        let more = (0..<(1 << n)).count { goesUp(rule, 4 * m + 1, over: l + 2, bits: n, $0) }
        #expect(ups(P3109StochasticTests.number(UInt128(m), over: l, isSticky: true)) == more, "\(rule) \(n), above \(m)/2^\(l)")
      }
    }
  }

  /// N up to 64 and fractions of up to 120 bits, most of them next to the draw: by shifts of the whole numerator.
  @Test(arguments: Rounding.BitRule.allCases) func longFractionsAreComparedAlike(_ rule: Rounding.BitRule) throws {
    let stream = P3109StochasticTests.stream
    var random = SplitMix64(seed: 73)
    for trial in 0..<effort(20_000) {
      let n = [64, 63, 1, 33, Int.random(in: 1...64, using: &random)][trial % 5]
      let l = Int.random(in: n + 1...120, using: &random)
      let rounder = try Rounder(to: .e4m3, .stochasticBits(n, rule))
      let drawn = UInt128(stream.draw(trial).bits() >> UInt64(64 - n))
      let (unit, half) = (UInt128(1) << UInt128(l - n), UInt128(1) << UInt128(l - n - 1))
      // The draw or its neighbour, and less than half a unit of it more, exactly half, or more than that.
      let rest = [0, half, half - 1, half + (unit > 2 ? 1 : 0), UInt128(random.next()) & (unit - 1)].randomElement(using: &random)!
      let whole = trial % 2 == 0 ? drawn : max(drawn, 1) - 1
      let m = whole * unit + rest
      guard m > 0 else { continue }
      let isNext = rule == .nearestUp ? rest >= half : rule == .nearestEven && (rest > half || rest == half && whole & 1 == 1)
      let expected = drawn < whole + (isNext ? 1 : 0)
      guard (rounder.round(P3109StochasticTests.number(m, over: l), draw: stream.draw(trial)).value != Value(1)) == expected else {
        Issue.record("\(rounder.rounding) of \(m)/2^\(l), draw \(trial) of seed 71")
        return
      }
    }
  }

  @Test(arguments: ["k6p3se", "k5p1sf", "k6p4ue"], Rounding.BitRule.allCases)
  func drawsGoUpAsOftenAsTheFormulaSays(_ name: String, _ rule: Rounding.BitRule) throws {
    let (format, stream, l) = (try Format(name), RandomStream(seed: 72), 4)
    let last = Value.finite(format.maxFinite).double
    let codes = [0, 1, 2, 5, Int(format.encode(.finite(format.maxFinite))!)]
    for n in 1...3 {
      let rounder = try Rounder(to: format, .stochasticBits(n, rule))
      #expect(rounder.rounding == (try Rounding("Stochastic\(rule.rawValue.uppercased())[\(n)]")))
      for code in codes {
        let below = format.decode(Format.Code(code)).double
        // Beyond the largest number follows what overflow makes of the next one.
        let next = below == last ? below + Value.finite(format.ulp(format.maxFinite)).double : format.decode(Format.Code(code + 1)).double
        let above = below < last ? next : format.hasInfinity ? .infinity : last
        for m in 1..<(1 << l) {
          let x = below + (next - below) * Double(m) / Double(1 << l)
          for sign in format.isSigned ? [1.0, -1] : [1] {
            var seen: [UInt64: Bool] = [:]
            for i in 0..<200 {
              let found = rounder(sign * x, draw: stream.draw(i))
              let word = stream.draw(i).bits() >> UInt64(64 - n)
              guard found == sign * below || found == sign * above, seen[word] ?? (found == sign * above) == (found == sign * above) else {
                Issue.record("\(found) of \(sign * x) is neither, or depends on more than \(n) bits: draw \(i) of seed 72 in \(name)")
                return
              }
              seen[word] = found == sign * above
            }
            // Where the largest number stays, up and down are the same.
            guard above != below else { continue }
            #expect(seen.count == 1 << n)
            let ups = (0..<(1 << n)).count { goesUp(rule, m, over: l, bits: n, $0) }
            #expect(seen.values.count { $0 } == ups, "\(name), \(rounder.rounding), \(sign * x)")
          }
        }
      }
    }
  }
}
