// SPDX-License-Identifier: Apache-2.0
// Arithmetic on doubles is that of the rounder, over all operands of small formats and at hard ones of wide formats.

import Accumulation
import Formats
import TestSupport
import Testing

@Suite struct DoubleArithmeticTests {
  /// Whether a result on doubles is that of the reference, a number or an overflow of both.
  private func agrees(
    _ rounder: Rounder, _ what: String, _ fast: (inout DoubleArithmetic) -> Double, _ slow: (inout ValueArithmetic) -> Value
  ) -> Bool {
    var (a, b) = (DoubleArithmetic(rounder)!, ValueArithmetic(rounder))
    let (x, y) = (fast(&a), slow(&b))
    let isOverflow = b.flags.contains(.overflow)
    let isUnderflow = b.flags.contains(.underflow) && b.flags.contains(.inexact)
    guard a.overflowed == isOverflow, isOverflow || y.double == x, isOverflow || a.underflowed == isUnderflow else {
      Issue.record("\(what) in \(rounder): \(x) (\(a.overflowed), \(a.underflowed)), reference \(y) \(b.flags)")
      return false
    }
    return true
  }

  @Test(arguments: ["e2m1fn", "e2m3fn", "e3m2fn", "e4m3fn", "e4m3", "e5m2", "e3m4", "e4m3fnuz"])
  func allPairsInAllModes(_ name: String) throws {
    let format = try Format(name)
    let values = Set(format.codes.compactMap { format.decode(UInt128($0)).dyadic }).sorted()
    // The widest modes on every second operand of the large formats, unless there is time.
    for rounding in Rounding.deterministic {
      let rounder = try Rounder(to: format, rounding, overflow: .saturate)
      let step = values.count > 100 && rounding != .nearestEven && effort(1) == 1 ? 3 : 1
      for i in stride(from: 0, to: values.count, by: 1) {
        let (a, x) = (Value.finite(values[i]).double, Value.finite(values[i]))
        if a >= 0, !agrees(rounder, "√\(a)", { $0.squareRoot(a) }, { $0.squareRoot(x) }) { return }
        for j in stride(from: i % step, to: values.count, by: step) {
          let (b, y) = (Value.finite(values[j]).double, Value.finite(values[j]))
          // A third operand that cancels most of the product.
          let near = Rounder.nearest(rounder, a * b)
          let isGood =
            agrees(rounder, "\(a) + \(b)", { $0.plus(a, b) }, { $0.plus(x, y) })
            && agrees(rounder, "\(a) · \(b)", { $0.times(a, b) }, { $0.times(x, y) })
            && agrees(rounder, "\(a) · \(b) - \(near)", { $0.fusedMultiplyAdd(a, b, -near) }, { $0.fusedMultiplyAdd(x, y, -Value(near)) })
            && (b == 0 || agrees(rounder, "\(a) / \(b)", { $0.quotient(a, b) }, { $0.quotient(x, y) }))
          if !isGood { return }
        }
      }
    }
  }

  /// Operands whose exponents are near and far apart, with few and many bits, so that sums have ties and tails beyond 53 bits.
  @Test(arguments: ["e6m5", "fp16", "bf16", "tf32", "e8m1", "e8m2", "e8m15", "e7m23"]) func hardOperandsOfWideFormats(_ name: String) throws {
    let format = try Format(name)
    let span = min(120, format.maxFinite.floorLog2)
    var random = SplitMix64(seed: 611)
    for rounding in Rounding.deterministic {
      let rounder = try Rounder(to: format, rounding, overflow: .saturate)
      func operand() -> Double {
        let bits = Int.random(in: 1...format.precision, using: &random)
        let significand = Double(Int.random(in: 0..<1 << bits, using: &random) | 1 << (bits - 1) | 1)
        let exponent = Bool.random(using: &random) ? Int.random(in: -4...4, using: &random) : Int.random(in: -span...span, using: &random)
        let number = significand * Double(sign: .plus, exponent: exponent - bits, significand: 1) * (Bool.random(using: &random) ? 1 : -1)
        return Rounder.nearest(rounder, number)
      }
      for _ in 0..<effort(4000) {
        let (a, b, c) = (operand(), operand(), operand())
        let (x, y, z) = (Value(a), Value(b), Value(c))
        let isGood =
          agrees(rounder, "\(a) + \(b)", { $0.plus(a, b) }, { $0.plus(x, y) })
          && agrees(rounder, "\(a) · \(b)", { $0.times(a, b) }, { $0.times(x, y) })
          && agrees(rounder, "\(a) · \(b) + \(c)", { $0.fusedMultiplyAdd(a, b, c) }, { $0.fusedMultiplyAdd(x, y, z) })
          && (b == 0 || agrees(rounder, "\(a) / \(b)", { $0.quotient(a, b) }, { $0.quotient(x, y) }))
          && agrees(rounder, "√\(a.magnitude)", { $0.squareRoot(a.magnitude) }, { $0.squareRoot(Value(a.magnitude)) })
        if !isGood { return }
      }
    }
  }

  /// The reference's quotient and root against MPFR, over all operands.
  @Test(arguments: ["e2m1fn", "e3m2fn", "e4m3", "e5m2"]) func quotientsAndRootsAreThoseOfMPFR(_ name: String) throws {
    let format = try Format(name)
    let values = Set(format.codes.map { format.decode(UInt128($0)) })
    for rounding in [Rounding.nearestEven, .nearestAway, .towardZero, .up, .toOdd] {
      let rounder = try Rounder(to: format, rounding)
      let oracle = MPFROracle(format)
      for a in values {
        for b in values {
          var arithmetic = ValueArithmetic(rounder)
          let quotient = arithmetic.quotient(a, b)
          let special = Arithmetic.div.special(a, b, rounding).map { rounder.round($0).value }
          let expected = special ?? oracle.round(rounding, rounder.overflow, Arithmetic.div.function(Real(a), Real(b)))
          guard quotient == expected else {
            Issue.record("\(a) / \(b) in \(rounder): \(quotient), MPFR \(expected)")
            return
          }
        }
        guard let x = a.dyadic, !x.isNegative, !x.isZero else { continue }
        var arithmetic = ValueArithmetic(rounder)
        let root = arithmetic.squareRoot(a)
        // The rounded root brackets: no number of the format is nearer, or between, by exact squares.
        let square = root.dyadic! * root.dyadic!
        let neighbour = square < x ? format.next(above: root.dyadic!) : format.next(below: root.dyadic!)
        guard let other = neighbour?.dyadic, square != x else { continue }
        let isBetween = square < x ? other * other > x : other * other < x
        let middle = (root.dyadic! + other).scaled(by: -1)
        let isNearer = square < x ? middle * middle >= x : middle * middle <= x
        guard isBetween, !rounding.isNearest || isNearer, rounding != .up || square > x, rounding != .towardZero || square < x else {
          Issue.record("√\(a) in \(rounder): \(root)")
          return
        }
      }
    }
  }

  @Test(arguments: ["q4.4", "posit8", "e4m3:nosub", "e3m0", "fp32", "e4m3u", "fp64", "e10m5"]) func otherFormatsAreRefused(_ name: String) throws {
    let format = try Format(name)
    // fp32 has 24 bits: it is taken.
    #expect((DoubleArithmetic(try Rounder(to: format)) == nil) == (name != "fp32"))
  }

  @Test func otherRoundingsAreRefused() throws {
    #expect(DoubleArithmetic(try Rounder(to: Format("e4m3"), .nearestEven, subnormals: .flush)) == nil)
    #expect(DoubleArithmetic(try Rounder(to: Format("e4m3"), .stochasticBits(4))) == nil)
    #expect(DoubleArithmetic(try Rounder(to: Format("e4m3"), .stochastic)) != nil)
  }
}

extension Rounder {
  /// The number of a rounder's format nearest to a double.
  static func nearest(_ rounder: Rounder, _ x: Double) -> Double { (try! Rounder(to: rounder.format, overflow: .saturate))(x) }
}
