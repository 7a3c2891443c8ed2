// SPDX-License-Identifier: Apache-2.0
// Quantised groups, against a search of every element with exact comparisons, and scales against fp32 hardware.

import Formats
import TestSupport
import Testing

@Suite struct BlockQuantizerTests {
  /// Every element with its code; −0 and what is not a number are left out, and the most negative integer where it is not used.
  struct Oracle {
    let entries: [(value: Dyadic, code: UInt64)]

    init(_ format: ScaledFormat) {
      var seen: Set<Dyadic> = []
      entries = format.element.codes.compactMap { code in
        guard let value = format.element.decode(UInt128(code)).dyadic, seen.insert(value).inserted else { return nil }
        return format.isSymmetric && value < -format.element.maxFinite ? nil : (value, code)
      }
    }

    /// The element nearest to x / s for s > 0, from a tie the one of even code; beyond the ends the end.
    func nearest(_ x: Dyadic, over s: Dyadic) -> Dyadic {
      var best = entries[0]
      var error = (x - best.value * s).magnitude
      for entry in entries.dropFirst() {
        let other = (x - entry.value * s).magnitude
        if other < error || other == error && entry.code & 1 == 0 { (best, error) = (entry, other) }
      }
      return best.value
    }
  }

  /// Groups in fp32: Gaussian-like, of many binades, halfway between multiples of a step, and with one number just at a power of two.
  static func groups(_ count: Int, seed: UInt64) -> [[Double]] {
    var random = SplitMix64(seed: seed)
    func uniform() -> Double { Double(random.next() >> 11) * 0x1p-52 - 1 }
    return (0..<count).map { index in
      let x = (0..<16).map { _ in
        switch index % 4 {
        case 0: return uniform() + uniform() + uniform()
        case 1: return uniform() * Double(sign: .plus, exponent: Int(random.next() % 20) - 10, significand: 1)
        case 2: return Double(Int(random.next() % 49) - 24) * 0.25
        default: return Double(Int(random.next() % 33) - 16) * 0.125 + uniform() * 0x1p-40
        }
      }
      let tops = [1, 2, 0.9999999, 1.9999999, 6, 7, 3.5, 448, 127, 120]
      return (index % 3 == 0 ? x + [tops[index % tops.count]] : x).map { Double(Float($0)) }
    }
  }

  /// S of a group by definition, with fp32 division where a real scale is asked for.
  private func scale(_ format: ScaledFormat, _ x: [Double], _ tensor: Double) -> Dyadic? {
    let m = x.map(\.magnitude).max()!
    let omega = Float(format.element.maxFinite.description)!
    switch format.scale {
    case .power:
      var e = -300
      while Dyadic.power(e + 1) <= Dyadic(m)! { e += 1 }
      var emax = -300
      while Dyadic.power(emax + 1) <= format.element.maxFinite { emax += 1 }
      return .power(e - emax)
    case .real: return Dyadic(Double(Float(m) / omega))
    case .twoLevel(let block, _, _):
      let g = Dyadic(Double(Float(tensor) / (omega * 448)))!
      let scales = block.codes.compactMap { code in block.decode(UInt128(code)).dyadic.map { ($0, code) } }
      // |s − M / (6 g)| = |6 g s − M| / (6 g)
      var best = (error: Dyadic(Int128(1) << 100), value: Dyadic.zero, code: UInt64(0))
      for (s, code) in scales {
        let error = (s * 6 * g - Dyadic(m)!).magnitude
        if error < best.error || error == best.error && code & 1 == 0 { best = (error, s, code) }
      }
      return best.value * g
    default: return nil
    }
  }

  @Test(arguments: [
    "mxfp4", "mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e3m2", "mxfp6_e2m3", "mxint8", "nvfp4", "bm8", "bm3.4", "seb_e4m3", "bfp8", "bfp4",
    "bfp4_b", "bfp8_b", "dfp8", "int8_symmetric", "int4_symmetric", "real(e4m3fn)", "real(e2m1fn)", "pow2(e4m3fn:nosub)", "pow2(e3m0fn)",
  ])
  func everyElementIsTheNearest(_ name: String) throws {
    let format = try ScaledFormat(name)
    let oracle = Oracle(format)
    let quantizer = try BlockQuantizer(format)
    for x in Self.groups(effort(200), seed: 73) {
      var tensor = quantizer.summary(of: x)
      tensor.merge(quantizer.summary(of: [-9]))
      let group = try quantizer.quantize(group: x, within: format.scale.isTwoLevel ? tensor : nil)
      let s = scale(format, x, tensor.maxMagnitude)!
      guard group.scale.factor.flatMap(Dyadic.init) == s else {
        Issue.record("\(name): scale \(group.scale), not \(s), for \(x)")
        return
      }
      for (i, x) in x.enumerated() {
        let expected = s.isZero ? .zero : oracle.nearest(Dyadic(x)!, over: s)
        let value = Double(exactly: expected * s)!
        let decoded = group.codes[i].map { format.element.decode($0) }
        guard group.elements[i].dyadic == expected, group.values[i] == value, decoded == group.elements[i] else {
          Issue.record("\(name): \(x) / \(s) gives \(group.elements[i]), not \(expected)")
          return
        }
      }
    }
  }

  @Test(arguments: ["nvfp4", "int8_symmetric", "real(e4m3fn)"])
  func singlePrecisionArithmeticIsThatOfHardware(_ name: String) throws {
    let exact = try ScaledFormat(name)
    let oracle = Oracle(exact)
    for arithmetic in [QuotientArithmetic.divide, .reciprocal] {
      let quantizer = try BlockQuantizer(ScaledFormat("\(name)@\(arithmetic.rawValue)"))
      for x in Self.groups(effort(400), seed: 74) {
        let group = try quantizer.quantize(group: x)
        guard let s = group.scale.factor.map({ Float($0) }), s != 0 else { continue }
        for (i, x) in x.enumerated() {
          let quotient = arithmetic == .divide ? Float(x) / s : Float(x) * (1 / s)
          let expected = oracle.nearest(Dyadic(Double(quotient))!, over: 1)
          guard group.elements[i].dyadic == expected else {
            Issue.record("\(name)@\(arithmetic.rawValue): \(x) / \(s) gives \(group.elements[i]), not \(expected)")
            return
          }
        }
      }
    }
  }

  /// Arithmetic in fp32 moves a quotient by less than 2^-22 of it, so it can change only elements that near to a tie: on data that lie as
  /// near to ties as fp32 allows, a third of the quotients are rounded onto the tie, and a reciprocal changes a tenth of those again.
  @Test func arithmeticMattersOnlyAtTies() throws {
    let formats = try ["nvfp4", "nvfp4@divide", "nvfp4@reciprocal"].map { try BlockQuantizer(ScaledFormat($0)) }
    var random = SplitMix64(seed: 75)
    var (count, byDivision, byReciprocal) = (0, 0, 0)
    for _ in 0..<effort(4000) {
      let m = Float(1 + Double(random.next() >> 11) * 0x1p-53)
      let s = formats[0].scale(of: formats[0].summary(of: [Double(m)]), within: formats[0].summary(of: [Double(m) * 2])).factor!
      let ties = [0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5].map { Double(Float($0 * s)) }
      let results = try formats.map { try $0.quantize(group: ties + [Double(m)], within: formats[0].summary(of: [Double(m) * 2])).elements }
      count += ties.count
      byDivision += zip(results[0], results[1]).count { $0 != $1 }
      byReciprocal += zip(results[1], results[2]).count { $0 != $1 }
      // The same numbers, further from the ties than fp32 arithmetic reaches.
      let moved = ties.map { $0 * (1 + 0x1p-21) } + [Double(m)]
      let off = try formats.map { try $0.quantize(group: moved, within: formats[0].summary(of: [Double(m) * 2])).elements }
      #expect(off[0] == off[1] && off[1] == off[2])
    }
    #expect(abs(Double(byDivision) / Double(count) - 0.364) < 0.01)
    #expect(abs(Double(byReciprocal) / Double(count) - 0.110) < 0.01)
  }

  @Test func affineIntegersAreThoseOfTheirDefinition() throws {
    for (name, first, last) in [("int8_affine", -128, 127), ("uint8_affine", 0, 255), ("int4_affine", -8, 7), ("uint4_affine", 0, 15)] {
      let quantizer = try BlockQuantizer(ScaledFormat(name))
      for x in Self.groups(effort(200), seed: 76) {
        let group = try quantizer.quantize(group: x)
        let (low, high) = (min(0, x.min()!), max(0, x.max()!))
        // The span of these numbers is exact in a double, and the fp32 quotient of the double one is not rounded twice for all but ties.
        let s = Double(Float((high - low) / Double(last - first)))
        let z = min(first + Int((-low / s).rounded(.toNearestOrEven)), last)
        guard group.scale == .affine(scale: Dyadic(s)!, zeroPoint: z) else {
          Issue.record("\(name): \(group.scale), not \(s), \(z), for \(x)")
          return
        }
        for (i, x) in x.enumerated() {
          let code = min(max(Int((x / s).rounded(.toNearestOrEven)) + z, first), last)
          let found = group.codes[i].map { quantizer.format.element.decode($0) }
          guard found == .finite(Dyadic(Int128(code))), group.values[i] == Double(code - z) * s else {
            Issue.record("\(name): \(x) has code \(String(describing: found)), not \(code)")
            return
          }
        }
      }
    }
  }

  @Test func zeroPointsStayInRange() throws {
    // A scale rounded down makes −lo / S larger than the number of steps.
    let group = try BlockQuantizer(ScaledFormat("affine(q8.0,bf16)@rz")).quantize(group: [-1.999, -1, 0])
    guard case .affine(_, let z) = group.scale else { return #expect(Bool(false)) }
    #expect(z == 127)
    #expect(group.tally.saturated == 1 && !group.codes.contains(nil) && group.values[2] == 0)
  }

  /// Where a tie times the scale has more than 53 bits, the double nearest to the quotient may be the tie although the quotient is not.
  @Test func doubleThatLooksLikeATieIsNotTrusted() throws {
    let quantizer = try BlockQuantizer(ScaledFormat("int32_symmetric"))
    let rounder = try Rounder(to: Format("q32.0"))
    var (deceptive, random) = (0, SplitMix64(seed: 79))
    for _ in 0..<effort(200) {
      let m = 1 + Double(random.next() >> 11) * 0x1p-53
      let s = quantizer.scale(of: quantizer.summary(of: [m])).factor!
      let x = (0..<16).map { _ in (Double(random.next() >> 34) + 0.5) * s }
      let group = try quantizer.quantize(group: x + [m])
      for (x, element) in zip(x, group.elements) {
        let exact = rounder.round(Unrounded.quotient(Dyadic(x)!, Dyadic(s)!)).value
        if exact.double != (x / s).rounded(.toNearestOrEven) { deceptive += 1 }
        #expect(element == exact, "\(x) / \(s)")
      }
    }
    #expect(deceptive > 100)
  }

  static let given = ["fixed(posit8,0.5)", "fixed(takum16,1)", "fixed(e5m2:cfg5,3)", "fixed(uq4.4,0.75)", "fixed(fp16,7)", "fixed(fp64,1)", "fixed(k8p4se,1)"]

  /// Other modes take the exact path; nearest even takes it where a double does not decide.
  @Test(arguments: ["mxfp4", "nvfp4", "int8_symmetric", "int8_affine", "mxfp8_e4m3", "pow2(q32.0)", "int32_symmetric"] + given)
  func quickRoundingIsTheRounders(_ name: String) throws {
    let format = try ScaledFormat(name)
    let rounder = try Rounder(to: Format(format.scale.isAffine ? "q12.0" : format.element.name), overflow: .saturate)
    let quantizer = try BlockQuantizer(format)
    for x in Self.groups(effort(400), seed: 77) + Self.groups(effort(100), seed: 78).map({ $0.map { $0 * 0x1p-1060 } }) {
      let group = try quantizer.quantize(group: x)
      guard let s = group.scale.factor.flatMap(Dyadic.init), !s.isZero else { continue }
      for (i, x) in x.enumerated() {
        let expected = rounder.round(Unrounded.quotient(Dyadic(x)!, s)).value.dyadic!
        let limit = format.element.maxFinite
        let isClamped = format.isSymmetric && expected < -limit || format.scale.isAffine && group.tally.saturated > 0
        guard isClamped || group.elements[i].dyadic == expected else {
          Issue.record("\(name): \(x) / \(s) gives \(group.elements[i]), not \(expected)")
          return
        }
      }
    }
  }
}

extension ScaleRule {
  var isTwoLevel: Bool { if case .twoLevel = self { true } else { false } }
  var isAffine: Bool { if case .affine = self { true } else { false } }
}
