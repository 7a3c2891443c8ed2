// SPDX-License-Identifier: Apache-2.0
// Numbers as text are rounded once, from all their digits.

import CMPFR
import Formats
import Multiprecision
import TestSupport
import Testing

@Suite struct DecimalTests {
  private func double(_ text: String) throws -> Double { try Rounder(to: .fp64).round(Extended(text: text)).value.double }

  @Test(arguments: [
    ("0", 0.0), ("-0", -0.0), ("+0.0e5", 0), ("-.0", -0.0), ("1", 1), ("1.", 1), (".5", 0.5), ("00012.50", 12.5), ("1e3", 1000), ("1E+3", 1000), ("12e-1", 1.2),
    ("-1.5e-05", -1.5e-5), ("−2.5", -2.5), ("0x1p3", 8), ("0X1.8P-3", 0.1875), ("-0x.8p0", -0.5), ("0x1e5", 0x1e5), ("0xf.fp-4", 0.99609375), ("inf", .infinity),
    ("-Infinity", -.infinity), ("+INF", .infinity), ("1e308", 1e308), ("1e309", .infinity), ("-1e400", -.infinity), ("1e-400", 0), ("-1e-400", -0.0),
    ("4.9406564584124654e-324", 0x1p-1074), ("2.4703282292062327208e-324", 0), ("2.4703282292062327209e-324", 0x1p-1074),
    ("9007199254740993", 9_007_199_254_740_992), ("9007199254740993.0000000000000000000000001", 9_007_199_254_740_994),
  ])
  func textsAreTheNumbersTheySay(_ text: String, _ expected: Double) throws {
    let found = try double(text)
    #expect(found == expected && found.sign == expected.sign, "fmtlab round --to fp64 '\(text)'")
  }

  /// 2^1024 − 2^970, the middle between the largest double and what would follow it, and the integer below.
  @Test func theOverflowThresholdOfDoublesIsReadToItsLastDigit() throws {
    let middle =
      "1797693134862315807937289714053034150799341327100378269361737789804449682927647509466490179775872070963302864166928879109465555478519404026306574886715058"
      + "20681908902000708383676273854845817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792"
    let below = middle.dropLast() + "1"
    #expect(try double(middle) == .infinity && double(String(below)) == .greatestFiniteMagnitude)
    #expect(try double(below + ".99999999999999999999999999999999") == .greatestFiniteMagnitude)
  }

  @Test func nanIsReadInEveryCase() throws {
    for text in ["nan", "NaN", "-nan", "+NAN"] { #expect(try Extended(text: text) == .nan) }
  }

  /// A tail of 48 digits decides against the tie that the leading digits are.
  @Test func theLastDigitDecidesATie() throws {
    let bf16 = try Rounder(to: .bf16)
    #expect(bf16.round(try Extended(text: "1.00390625")).value == Value(1))
    #expect(bf16.round(try Extended(text: "1.00390625000000000000000000000000000000000000001")).value == Value(1.0078125))
    #expect(bf16.round(try Extended(text: "1.00390624999999999999999999999999999999999999999")).value == Value(1))
    #expect(bf16.round(try Extended(text: "1.01171875" + String(repeating: "0", count: 3000))).value == Value(1.015625))
    #expect(bf16.round(try Extended(text: "1.01171874" + String(repeating: "9", count: 3000))).value == Value(1.0078125))
    #expect(bf16.round(try Extended(text: "1.00390625" + String(repeating: "0", count: 3000) + "1")).value == Value(1.0078125))
  }

  @Test(arguments: [
    "1e1000000000", "1e999999999999999999", "1e99999999999999999999999999", "0x1p1000000000", "0x1p4611686018427387904", "0x1p9223372036854775807",
    "0x1p99999999999999999999999", "9" + String(repeating: "9", count: 5000), "0x1" + String(repeating: "0", count: 400) + "p-5",
  ])
  func hugeNumbersOverflow(_ text: String) throws {
    for (sign, isNegative) in [("", false), ("-", true)] {
      let x = try Extended(text: sign + text)
      #expect(try Rounder(to: .e5m2).round(x).value == .infinity(negative: isNegative), "fmtlab round --to e5m2 \(sign)\(text)")
      #expect(try Rounder(to: .e5m2, overflow: .saturate).round(x) == Rounded(Value(isNegative ? -57344 : 57344), [.inexact, .overflow]))
      #expect(try Rounder(to: format("fp128"), .towardZero).round(x).value != .zero)
    }
  }

  @Test(arguments: [
    "1e-1000000000", "1e-999999999999999999", "1e-99999999999999999999999999", "0x1p-1000000000", "0x1p-4611686018427387904", "0x1p-9223372036854775808",
    "0x1p-99999999999999999999999", "0." + String(repeating: "0", count: 6000) + "1",
  ])
  func tinyNumbersUnderflow(_ text: String) throws {
    let x = try Extended(text: text)
    #expect(try Rounder(to: format("fp128")).round(x) == Rounded(.zero, [.inexact, .underflow]), "fmtlab round --to fp128 \(text)")
    #expect(try Rounder(to: format("fp128"), .up).round(x).value == .finite(.power(-16494)))
    #expect(try Rounder(to: .e4m3).round(Extended(text: "-" + text)).value == .negativeZero)
    #expect(try Rounder(to: .e4m3, .down).round(Extended(text: "-" + text)).value == Value(-0x1p-9))
  }

  @Test func zerosWithHugeExponentsAreZero() throws {
    for text in ["0e999999999999999999999", "0.000e-99999999999999999999", "0x0p99999999999999999999", "0x0.0p-5"] {
      #expect(try Rounder(to: .fp64).round(Extended(text: text)) == Rounded(.zero), "fmtlab round --to fp64 \(text)")
    }
  }

  @Test(arguments: [
    "", " ", "1 ", " 1", "+", "-", "--1", "+-1", "-−1", "−+1", ".", "e5", "1e", "1e+", "1e5.0", "1.2.3", "0x", "0x.", "0xg", "0x1p", "0x1p+", "0x1.8p1.0", "1p3", "0b101",
    "0x1p0x3", "1e0x3", "1_000", "1,5", "1/3", "infin", "infinityy", "nanx", "nan(1)", "٣", "1٣", "1\u{301}", "é", "1\0", "\0", "1e5\0", "½", "1@3", "@", "0x1@3", "∞", "1e−5",
  ])
  func otherTextsAreRefused(_ text: String) {
    let error = #expect(throws: NumberError.self) { try Extended(text: text) }
    #expect(error?.text == text && error?.description.contains("is not a number") == true)
    #expect(throws: NumberError.self) { try BigFloat(text: text) }
  }

  @Test func longTextsAreShortenedInTheMessage() {
    let error = #expect(throws: NumberError.self) { try Extended(text: String(repeating: "x", count: 100_000)) }
    #expect((error?.description.count ?? .max) < 200)
  }

  /// Decimals of 1 to 60 digits around values, middles and the ends of the range, against MPFR's reader at 4000 bits.
  @Test(arguments: ["e4m3", "e4m3fn", "e5m2", "bf16", "fp16", "fp32", "fp64", "fp128", "e5m2:nosub"].map(format))
  func decimalsAreRoundedOnce(_ format: Format) throws {
    let oracle = MPFROracle(format)
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0) }
    var cases = HardCases(format, seed: 111)
    var random = SplitMix64(seed: 111)
    for _ in 0..<effort(1500) {
      let exact = Value.finite(cases.next())
      // All digits of the number itself, or a few of them, or all with one more.
      let digits = [9000, Int.random(in: 1...60, using: &random)].randomElement(using: &random)!
      var text = BigFloat(exact).decimal(digits: digits)
      if !text.contains("e") { text += (text.contains(".") ? "" : ".") + ["", "0", "00001"].randomElement(using: &random)! }
      let x = try Extended(text: text)
      let number = Real(text: text, precision: 40_000)
      for rounder in rounders {
        let expected = oracle.round(rounder.rounding, rounder.overflow, number.copy)
        guard rounder.round(x).value == expected else {
          Issue.record("\(rounder.round(x).value), not \(expected): \(Repro.round(rounder, text))")
          return
        }
      }
    }
  }

  @Test func doublesReadFromTextAreTheStandardLibrarys() throws {
    var random = SplitMix64(seed: 112)
    let fp64 = try Rounder(to: .fp64)
    for _ in 0..<effort(50_000) {
      let digits = String((0..<Int.random(in: 1...25, using: &random)).map { _ in "0123456789".randomElement(using: &random)! })
      let point = Int.random(in: 0...digits.count, using: &random)
      let text = "\(digits.prefix(point)).\(digits.dropFirst(point))e\(Int.random(in: -345...310, using: &random))"
      guard fp64.round(try Extended(text: text)).value.double == Double(text) else {
        Issue.record("fmtlab round --to fp64 \(text)")
        return
      }
    }
  }

  @Test func shortestTextOfADoubleReadsBack() throws {
    var random = SplitMix64(seed: 113)
    let fp64 = try Rounder(to: .fp64)
    for _ in 0..<effort(20_000) {
      let x = Double(bitPattern: random.next())
      if !x.isFinite { continue }
      for text in [Value(x).description, Value(x).decimal(), Value(x).hexDescription, x.shortDescription] {
        guard fp64.round(try Extended(text: text)).value == Value(x) else {
          Issue.record("\(x) is written \(text): fmtlab round --to fp64 \(text)")
          return
        }
      }
    }
  }

  /// A text at a working precision: within 2^-500 of the number, and two spellings of one number alike.
  @Test func numbersOfTextsKeepFiveHundredBits() throws {
    for (text, numerator, denominator) in [("0.1", 1, 10), ("-1.25e1", -25, 2), ("0x1.8p-3", 3, 16), ("3.333e-2", 3333, 100_000), ("1e5", 100_000, 1)] {
      let read = try BigFloat(text: text)
      // |read · denominator − numerator| is below 2^-500 |numerator|.
      let scaled = read.withRaw { raw in BigFloat.compute(precision: 4000, .nearestEven) { mpfr_mul_ui($0, raw, UInt(denominator), $1) }.result }
      let difference = scaled.minus(BigFloat(Value(Double(numerator)))).double.magnitude
      #expect(difference <= 0x1p-500 * Double(abs(numerator)), "\(text)")
      #expect(try BigFloat(text: text + (text.contains("e") || text.contains("x") ? "" : "000")).minus(read).isZero, "\(text)")
    }
    #expect(try BigFloat(text: "nan").isNaN && BigFloat(text: "-inf").isInfinite && BigFloat(text: "-0").isNegative)
  }

  @Test func valuesThatAreNoDoublesAreWrittenWithTheDigitsAskedFor() {
    let x = Value.finite(Dyadic(1) + .power(-100))
    #expect(x.decimal(digits: 40) == "1.000000000000000000000000000000788860905")
    #expect(x.decimal(digits: 5) == "1")
    #expect(Value.finite(.power(2000)).decimal(digits: 6) == "1.14813e+602")
    #expect(Value(0.1).decimal() == "0.1" && Value.nan.decimal() == "nan" && Value.negativeZero.decimal() == "-0")
  }

  @Test func damagedNumbersNeverCrash() throws {
    let corpus = [
      "1.5e-05", "-0x1.8p-3", "inf", "-nan", "+3.14159265358979323846264338327950288", "9007199254740993", "4.9406564584124654e-324", "0x1.fffffffffffffp1023", ".5", "1e400",
    ]
    var mutator = TextMutator(seed: 114, corpus: corpus, tokens: ["e", "p", "0x", ".", "-", "+", "inf", "nan", "_", ",", "@", "e99999999999", "p-99999999999", "(", "i"])
    let fp64 = try Rounder(to: .fp64)
    var (accepted, compared) = (0, 0)
    for _ in 0..<effort(100_000) {
      let text = mutator.next()
      guard let x = try? Extended(text: text) else { continue }
      accepted += 1
      let found = fp64.round(x).value
      guard !text.hasPrefix("−"), let expected = Double(text) else { continue }
      compared += 1
      guard found == Value(expected) else {
        Issue.record("'\(text)' is read as \(found), not \(expected): fmtlab round --to fp64 '\(text)'")
        return
      }
    }
    #expect(accepted > effort(10_000) && accepted < effort(90_000) && compared > accepted / 2)
  }
}
