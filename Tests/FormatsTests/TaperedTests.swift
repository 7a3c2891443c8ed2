// SPDX-License-Identifier: Apache-2.0
// Posits and takums against decoders of bit strings, and rounding as what it is there: cutting bits off a longer code.

import Formats
import TestSupport
import Testing

/// A posit or takum of any width, read from the bits of its code as the definitions have them, without a step through the magnitude.
struct BitString: Sendable, CustomStringConvertible {
  let width: Int
  /// `nil` for a takum.
  let es: Int?

  var description: String { es.map { "posit\(width)\($0 == 2 ? "" : "es\($0)")" } ?? "takum\(width)" }

  /// The bits of a code, from the sign on.
  private func bits(_ code: UInt128) -> [Int] { (0..<width).reversed().map { Int(code >> UInt128($0) & 1) } }

  private func integer(_ bits: some Sequence<Int>) -> Int { bits.reduce(0) { 2 * $0 + $1 } }

  /// `nil` for NaR.
  func value(_ code: UInt128) -> Dyadic? {
    let all = bits(code)
    let s = all[0]
    if !all.dropFirst().contains(1) { return s == 0 ? .zero : nil }
    return es.map { posit(s, Array(all.dropFirst()), $0) } ?? takum(s, Array(all.dropFirst()))
  }

  /// ((1 − 3s) + f) 2^((1 − 2s)(2^es r + e + s)): the standard of 2022, section 3, for any es.
  private func posit(_ s: Int, _ bits: [Int], _ es: Int) -> Dyadic {
    let run = bits.prefix { $0 == bits[0] }.count
    let r = bits[0] == 1 ? run - 1 : -run
    let rest = bits.dropFirst(run + 1)
    let e = integer((Array(rest.prefix(es)) + Array(repeating: 0, count: es)).prefix(es))
    return number(s, Array(rest.dropFirst(es)), (1 - 2 * s) * (r << es + e + s))
  }

  /// ((1 − 3S) + f) 2^((−1)^S (c + S)) with the characteristic c = −2^(r+1) + 1 + C or 2^r − 1 + C: Hunhold 2024, definition 2.
  private func takum(_ s: Int, _ bits: [Int]) -> Dyadic {
    let padded = bits + Array(repeating: 0, count: 11)
    let (d, regime) = (padded[0], integer(padded[1...3]))
    let r = d == 1 ? regime : 7 - regime
    let c = integer(padded[4..<(4 + r)]) + (d == 1 ? 1 << r - 1 : 1 - 1 << (r + 1))
    return number(s, Array(bits.dropFirst(4 + r)), (s == 1 ? -1 : 1) * (c + s))
  }

  private func number(_ s: Int, _ fraction: [Int], _ exponent: Int) -> Dyadic {
    let f = fraction.reduce(Int128(0)) { 2 * $0 + Int128($1) }
    return Dyadic(Int128(1 - 3 * s) << Int128(fraction.count) + f, exponent: exponent - fraction.count)
  }

  /// The code that a number between code `long >> 3` and the next becomes, where `long` is its code with three bits more.
  func rounded(_ long: UInt128, isNegative: Bool, _ mode: Rounding) -> UInt128 {
    let (below, rest, last) = (long >> 3, long & 7, UInt128(1) << UInt128(width - 1) - 1)
    if rest == 0 || below == last { return below }
    switch mode {
    case .towardZero: return below
    case .up: return isNegative ? below : below + 1
    case .down: return isNegative ? below + 1 : below
    case .toOdd: return below | 1
    case .nearestEven, .nearestAway, .nearestZero:
      if below == 0 || rest > 4 { return below + 1 }
      return rest == 4 && (mode == .nearestAway || mode == .nearestEven && below & 1 == 1) ? below + 1 : below
    case .stochastic, .stochasticBits: preconditionFailure("refused at construction")
    }
  }
}

@Suite struct TaperedTests {
  private static let small = [
    BitString(width: 8, es: 2), BitString(width: 8, es: 0), BitString(width: 6, es: 1), BitString(width: 5, es: 2),
    BitString(width: 3, es: 2), BitString(width: 3, es: 0), BitString(width: 4, es: 4), BitString(width: 10, es: 3),
    BitString(width: 3, es: nil), BitString(width: 5, es: nil), BitString(width: 8, es: nil), BitString(width: 11, es: nil),
    BitString(width: 12, es: nil), BitString(width: 13, es: nil),
  ]
  private static let middling = [BitString(width: 16, es: 2), BitString(width: 16, es: 1), BitString(width: 16, es: nil)]
  private static let wide = [
    BitString(width: 32, es: 2), BitString(width: 64, es: 2), BitString(width: 32, es: 4), BitString(width: 64, es: 0),
    BitString(width: 63, es: 3), BitString(width: 32, es: nil), BitString(width: 64, es: nil), BitString(width: 47, es: nil),
  ]

  @Test(arguments: small + middling) func everyCodeIsTheBitStrings(_ bits: BitString) throws {
    let format = try Format("\(bits)")
    #expect(format.name == "\(bits)" && format.width == bits.width)
    #expect(format.nanCodeCount == 1 && !format.hasInfinity && !format.hasNegativeZero)
    #expect(format.finiteValueCount == (1 << UInt128(bits.width)) - 1)
    var previous: Dyadic?
    // Ascending as two's-complement integers, from the one after NaR on.
    for i in 1..<(UInt128(1) << UInt128(bits.width)) {
      let code = (i + 1 << UInt128(bits.width - 1)) & ((1 << UInt128(bits.width)) - 1)
      let (value, expected) = (format.decode(code), bits.value(code)!)
      guard value == .finite(expected), format.encode(value) == code, previous.map({ $0 < expected }) ?? true else {
        Issue.record("code \(code) is \(value), not \(expected), or out of order: fmtlab values \(bits)")
        return
      }
      previous = expected
    }
    let nan = UInt128(1) << UInt128(bits.width - 1)
    #expect(format.decode(nan) == .nan && format.encode(.nan) == nan && bits.value(nan) == nil)
    #expect(format.encode(.infinity(negative: false)) == nil && format.encode(.negativeZero) == 0)
  }

  @Test(arguments: wide) func randomCodesAreTheBitStrings(_ bits: BitString) throws {
    let format = try Format("\(bits)")
    var random = SplitMix64(seed: 81)
    for _ in 0..<effort(3_000) {
      let code = self.code(bits.width, &random)
      guard let expected = bits.value(code) else { continue }
      guard format.decode(code) == .finite(expected), format.encode(.finite(expected)) == code else {
        Issue.record("code 0x\(String(code, radix: 16)) of \(bits) is \(format.decode(code)), not \(expected)")
        return
      }
    }
  }

  /// A code with long and short runs of equal bits after the sign.
  private func code(_ width: Int, _ random: inout SplitMix64) -> UInt128 {
    let bits = (UInt128(random.next()) << 64 | UInt128(random.next())) & ((1 << UInt128(width)) - 1)
    let run = Int.random(in: 0..<width, using: &random)
    return Bool.random(using: &random) ? bits >> UInt128(run) : bits | ((1 << UInt128(run)) - 1) << UInt128(width - 1 - run)
  }

  @Test(arguments: [
    ("posit8", "40", "1"), ("posit8", "7f", "0x1p+24"), ("posit8", "1", "0x1p-24"), ("posit8", "c0", "-1"), ("posit8", "81", "-0x1p+24"),
    ("posit8", "48", "2"), ("posit8", "44", "1.5"), ("posit8es0", "7f", "64"), ("posit8es0", "60", "2"), ("posit8es0", "1", "0.015625"),
    ("posit6es1", "1f", "256"), ("posit16", "7fff", "0x1p+56"), ("posit16", "4000", "1"), ("posit32", "7fffffff", "0x1p+120"),
    ("posit32", "1", "0x1p-120"),
    ("posit64", "7fffffffffffffff", "0x1p+248"), ("takum16", "4000", "1"), ("takum16", "c000", "-1"), ("takum16", "7fff", "0x1.fp+254"),
    ("takum16", "1", "0x1.1p-255"), ("takum8", "40", "1"), ("takum8", "7f", "0x1p+239"), ("takum8", "1", "0x1p-239"),
    ("takum12", "7ff", "0x1p+254"),
    ("takum12", "1", "0x1p-254"), ("takum16", "4800", "2"), ("takum16", "4400", "1.5"), ("takum16", "8001", "-0x1.fp+254"),
  ])
  func knownCodes(_ name: String, _ code: String, _ value: String) throws {
    let found = try Format(name).decode(UInt128(code, radix: 16)!)
    #expect(found.description == value || found.hexDescription == value, "fmtlab values \(name)")
  }

  // MARK: Rounding

  /// Rounds the number of a code with three bits more, of both signs, in every mode.
  private func check(_ bits: BitString, _ rounders: [Rounder], _ long: UInt128) -> String? {
    guard let x = BitString(width: bits.width + 3, es: bits.es).value(long), !x.isZero else { return nil }
    for rounder in rounders {
      for isNegative in [false, true] {
        let magnitude = bits.value(bits.rounded(long, isNegative: isNegative, rounder.rounding))!
        let (signed, expected) = (isNegative ? -x : x, isNegative ? -magnitude : magnitude)
        let found = rounder.round(Unrounded(signed))
        var flags: Rounded.Flags = expected == signed ? [] : [.inexact]
        if long >> 3 == 0 { flags.insert(.underflow) }
        if long >> UInt128(3) == UInt128(1) << UInt128(bits.width - 1) - 1, !flags.isEmpty { flags.insert(.overflow) }
        guard found == Rounded(.finite(expected), flags), rounder.round(found.value) == Rounded(found.value) else {
          return "\(found), not \(expected) with \(flags): \(Repro.round(rounder, signed.hexDescription))"
        }
      }
    }
    return nil
  }

  private func rounders(_ bits: BitString) throws -> [Rounder] {
    try Rounding.deterministic.map { try Rounder(to: try Format("\(bits)"), $0) }
  }

  @Test(arguments: small) func everyCodeWithThreeMoreBitsRoundsByCuttingThem(_ bits: BitString) throws {
    let rounders = try rounders(bits)
    for long in 1..<(UInt128(1) << UInt128(bits.width + 2)) {
      guard let message = check(bits, rounders, long) else { continue }
      Issue.record(Comment(rawValue: message))
      return
    }
  }

  @Test(arguments: middling + wide) func longerCodesRoundByCuttingThem(_ bits: BitString) throws {
    let rounders = try rounders(bits)
    var random = SplitMix64(seed: 82)
    let end = UInt128(1) << UInt128(bits.width + 2)
    for trial in 0..<effort(1_500) {
      let near = UInt128(Int.random(in: 1...40, using: &random))
      let long = [code(bits.width + 3, &random) & (end - 1), near, end - near][trial % 8 == 0 ? 1 : trial % 8 == 1 ? 2 : 0]
      guard let message = check(bits, rounders, long) else { continue }
      Issue.record(Comment(rawValue: message))
      return
    }
  }

  /// A sticky middle lies above the middle; a sticky value lies above the value.
  @Test(arguments: [BitString(width: 8, es: 2), BitString(width: 8, es: nil), BitString(width: 16, es: 2), BitString(width: 32, es: nil)])
  func stickyBitsAreSeen(_ bits: BitString) throws {
    let rounders = try rounders(bits)
    var random = SplitMix64(seed: 83)
    let longer = BitString(width: bits.width + 3, es: bits.es)
    for _ in 0..<effort(1_000) {
      let long = code(bits.width + 3, &random) & (1 << UInt128(bits.width + 2) - 1) & ~1
      guard let x = longer.value(long), !x.isZero else { continue }
      let shift = x.significand.magnitude.leadingZeroBitCount
      for (rounder, isNegative) in rounders.flatMap({ [($0, false), ($0, true)] }) {
        let padded = x.significand.magnitude << UInt128(shift)
        let sticky = Unrounded(isNegative: isNegative, magnitude: padded, exponent: x.exponent - shift, isSticky: true)
        let magnitude = bits.value(bits.rounded(long | 1, isNegative: isNegative, rounder.rounding))!
        let found = rounder.round(sticky).value
        guard found == .finite(isNegative ? -magnitude : magnitude) else {
          Issue.record("\(found), not ±\(magnitude), in \(bits) \(rounder.rounding) for a little more than \(x)")
          return
        }
      }
    }
  }

  @Test(arguments: ["posit8", "posit8es0", "posit32", "takum8", "takum16", "takum64"])
  func theEndsOfTheRangeAreNumbers(_ name: String) throws {
    let format = try Format(name)
    let (largest, smallest) = (Value.finite(format.maxFinite), Value.finite(format.minPositive))
    for mode in Rounding.deterministic {
      for overflow in [Overflow.ieee, .saturate] {
        let rounder = try Rounder(to: format, mode, overflow: overflow)
        for x in [format.maxFinite + format.maxFinite.scaled(by: -60), format.maxFinite.scaled(by: 1), .power(20_000)] {
          #expect(rounder.round(Unrounded(x)) == Rounded(largest, [.inexact, .overflow]))
          #expect(rounder.round(Unrounded(-x)) == Rounded(-largest, [.inexact, .overflow]))
        }
        for x in [format.minPositive.scaled(by: -1), format.minPositive.scaled(by: -60), .power(-20_000)] {
          let (above, below) = (rounder.round(Unrounded(x)), rounder.round(Unrounded(-x)))
          #expect(above == Rounded(mode == .down || mode == .towardZero ? .zero : smallest, [.inexact, .underflow]), "\(mode)")
          #expect(below == Rounded(mode == .up || mode == .towardZero ? .zero : -smallest, [.inexact, .underflow]), "\(mode)")
        }
        for isNegative in [false, true] {
          let expected = overflow == .ieee ? Rounded(.nan, [.invalid]) : Rounded(isNegative ? -largest : largest, [.inexact, .overflow])
          #expect(rounder.round(Value.infinity(negative: isNegative)) == expected)
        }
        #expect(rounder.round(Value.nan) == Rounded(.nan) && rounder.round(Value.negativeZero) == Rounded(.zero))
      }
    }
  }

  @Test(arguments: ["posit8", "takum16", "e5m2:cfg5"]) func stochasticRoundingIsRefused(_ name: String) throws {
    let format = try Format(name)
    for mode in [Rounding.stochastic, .stochasticBits(4), .stochasticBits(8, .nearestEven)] {
      let error = #expect(throws: FormatError.stochastic(format: name)) { try Rounder(to: format, mode) }
      #expect(error?.description.contains(name) == true)
    }
  }

  @Test(arguments: [
    ("posit2", "width", "2"), ("posit65", "width", "65"), ("takum2", "width", "2"), ("takum65", "width", "65"),
    ("posit8es5", "exponent bits es", "5"),
    ("linear_takum99", "width", "99"), ("posit<99,2>", "width", "99"),
  ])
  func fieldsOutOfRangeAreNamed(_ name: String, _ field: String, _ given: String) {
    let error = #expect(throws: FormatError.self) { try Format(name) }
    guard case .fieldOutOfRange(name, field, given, _) = error else {
      Issue.record("\(name) gives \(String(describing: error))")
      return
    }
  }

  /// The quick way of the quantiser is not theirs: it rounds to steps that are equal within a binade.
  @Test(arguments: ["posit8", "posit8es0", "posit16", "takum12"]) func quantisedNumbersAreRoundedToTheFormat(_ name: String) throws {
    let rounder = try Rounder(to: try Format(name), overflow: .saturate)
    let quantizer = try BlockQuantizer(try ScaledFormat("fixed(\(name),0.25)"))
    var random = SplitMix64(seed: 84)
    let x = (0..<500).map { _ in Double.random(in: -1...1, using: &random) }
    let group = try quantizer.quantize(group: x)
    for (number, element) in zip(x, group.elements) {
      let expected = rounder.round(Unrounded(Dyadic(number)!.scaled(by: 2))).value
      #expect(element == expected, "4 · \(number): \(Repro.round(rounder, "\(number)"))")
    }
  }

  @Test(arguments: ["posit6", "posit8", "posit8es4", "posit8es0", "takum6", "takum8", "posit16", "takum12"])
  func neighboursAreThoseOfTheSortedList(_ name: String) throws {
    let format = try Format(name)
    let values = format.codes.compactMap { format.decode(Format.Code($0)).dyadic }.sorted()
    for (lower, upper) in zip(values, values.dropFirst()) {
      // From one to the other, and from between them to both.
      let between = (lower + upper).scaled(by: -1)
      let found = [format.next(above: lower), format.next(below: upper), format.next(above: between), format.next(below: between)]
      guard found == [upper, lower, upper, lower].map(Value.finite) else {
        Issue.record("\(lower) and \(upper) of \(name): \(found.map { $0.map { "\($0)" } ?? "nothing" })")
        return
      }
    }
    #expect(format.next(above: values.last!) == nil && format.next(below: values.first!) == nil)
  }
}
