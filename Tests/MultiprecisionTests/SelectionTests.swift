// SPDX-License-Identifier: Apache-2.0
// Signs, minima, maxima, clamp, three-operand sums, NaN and poles, and the names of all operations.

import CMPFR
import Formats
import Multiprecision
import TestSupport
import Testing

@Suite struct SelectionTests {
  static let formats = ["e3m2", "e2m1fn", "e3m2fnuz", "q3.2"].map(format)

  /// The smaller or larger of two doubles: by value, then by sign.
  private func pick(_ x: Double, _ y: Double, isMinimum: Bool) -> Double {
    if x == y { return (x.sign == .minus) == isMinimum ? x : y }
    return (x < y) == isMinimum ? x : y
  }

  private func expected(_ name: String, _ x: Double, _ y: Double) -> Double {
    let isMinimum = name.hasPrefix("minimum")
    let kind = name.dropFirst(7)
    if x.isNaN || y.isNaN {
      if kind.hasSuffix("Number") || kind == "Finite" { return x.isNaN ? y : x }
      return .nan
    }
    if kind == "Finite", x.isInfinite != y.isInfinite { return x.isInfinite ? y : x }
    if kind.hasPrefix("Magnitude"), abs(x) != abs(y) { return (abs(x) < abs(y)) == isMinimum ? x : y }
    return pick(x, y, isMinimum: isMinimum)
  }

  @Test(arguments: formats)
  func minimaAndMaximaAreThoseOfIEEE754AndP3109(_ format: Format) throws {
    let values = format.codes.map { format.decode(Format.Code($0)) } + [.nan]
    let rounder = try Rounder(to: .fp64)
    for name in ["", "Number", "Finite", "Magnitude", "MagnitudeNumber"].flatMap({ ["minimum" + $0, "maximum" + $0] }) {
      let operation = try #require(Operation(rawValue: name))
      for x in values {
        for y in values {
          let (found, expected) = (operation([x, y], rounder).value, Value(expected(name, x.double, y.double)))
          guard found == expected, operation([y, x], rounder).value == expected else {
            Issue.record("\(found), not \(expected): fmtlab op \(name) --in \(format) --to fp64 \(x) \(y)")
            return
          }
        }
      }
    }
  }

  @Test(arguments: formats)
  func signsAndClampsAreThoseOfDoubles(_ format: Format) throws {
    let values = format.codes.map { format.decode(Format.Code($0)) } + [.nan]
    let rounder = try Rounder(to: .fp64)
    for x in values {
      let a = x.double
      #expect(Operation.neg([x], rounder).value == Value(-a) && Operation.abs([x], rounder).value == Value(a.magnitude))
      #expect(Operation.convert([x], rounder).value == Value(a))
      for y in values {
        let b = y.double
        let signed = a.isNaN || b.isNaN ? .nan : Double(signOf: b, magnitudeOf: a)
        #expect(Operation.copysign([x, y], rounder).value == Value(signed), "\(x) \(y)")
        for z in values.prefix(20) {
          let c = z.double
          let clamped = a.isNaN || b.isNaN || c.isNaN || b > c ? .nan : pick(pick(a, b, isMinimum: false), c, isMinimum: true)
          #expect(Operation.clamp([x, y, z], rounder).value == Value(clamped), "fmtlab op clamp --in \(format) \(x) \(y) \(z)")
        }
      }
    }
  }

  @Test(arguments: ["e2m2", "e2m1fn"].map(format))
  func sumsOfThreeAreRoundedOnce(_ format: Format) throws {
    let oracle = BracketOracle(format)
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0) }
    let values = format.codes.compactMap { format.decode(Format.Code($0)).dyadic }
    for x in values {
      for y in values {
        for z in values where !(x + y + z).isZero {
          let exact = x + y + z
          let bracket = oracle.bracket { $0 < exact ? -1 : $0 == exact ? 0 : 1 }
          let extended = Operation.faa.extended([x, y, z].map { .finite($0) })
          for rounder in rounders {
            let expected = oracle.round(rounder.rounding, rounder.overflow, isNegative: exact.isNegative, bracket)
            guard rounder.round(extended).value == expected else {
              Issue.record("\(rounder.round(extended).value), not \(expected): fmtlab op faa --in \(format) --rounding \(rounder.rounding) \(x) \(y) \(z)")
              return
            }
          }
        }
      }
    }
  }

  /// Terms whose first sum would be rounded, cancelled or beyond the range; the sum of all three in thousands of bits is the oracle.
  @Test(arguments: ["fp16", "bf16", "fp32", "fp64", "fp128"].map(format))
  func sumsOfThreeWideNumbersAreRoundedOnce(_ format: Format) throws {
    let oracle = MPFROracle(format)
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0) }
    var random = SplitMix64(seed: 411)
    let limit: UInt128 = format.width == 128 ? .max : (1 << UInt128(format.width)) - 1
    for i in 0..<effort(300) {
      let x = format.decode((UInt128(random.next()) << 64 | UInt128(random.next())) & limit)
      guard let a = x.dyadic, !a.isZero else { continue }
      let tiny = Value.finite(Dyadic(1, exponent: format.quantumExponent))
      let y: Value = i % 3 == 0 ? -x : i % 3 == 1 ? .finite(Dyadic.power(format.ulpExponent(a) - 1)) : x
      let z = i % 2 == 0 ? tiny : -tiny
      let sum = Real(sumOf: [a, y.dyadic!, z.dyadic!], precision: 40_000)
      for rounder in rounders {
        let expected = oracle.round(rounder.rounding, rounder.overflow, sum.copy)
        let found = Operation.faa([x, y, z], rounder).value
        guard found == expected else {
          Issue.record("\(found), not \(expected): fmtlab op faa --in \(format) --rounding \(rounder.rounding) \(x.hexDescription) \(y.hexDescription) \(z.hexDescription)")
          return
        }
      }
    }
  }

  @Test func zeroSumsOfThreeHaveTheSignOfIEEE754() throws {
    let (near, down) = (try Rounder(to: .e4m3), try Rounder(to: .e4m3, .down))
    func sum(_ x: [Double], _ rounder: Rounder) -> Value { Operation.faa(x.map { Value($0) }, rounder).value }
    #expect(sum([1, -2, 1], near) == .zero && sum([1, -2, 1], down) == .negativeZero && sum([-0.0, -0.0, -0.0], near) == .negativeZero)
    #expect(sum([0, -0.0, -0.0], near) == .zero && sum([0, -0.0, -0.0], down) == .negativeZero && sum([0, 0, 0], down) == .zero)
    #expect(sum([.infinity, 1, -.infinity], near) == .nan && sum([.infinity, 1, .infinity], near) == .infinity(negative: false))
  }

  @Test func productOfABlockIsRoundedOnce() throws {
    let (input, target) = (format("e2m1fn"), format("e3m4"))
    let oracle = BracketOracle(target)
    let values = input.codes.map { input.decode(Format.Code($0)) }
    for mode in Rounding.deterministic {
      let rounder = try Rounder(to: target, mode)
      for x in values {
        for y in values {
          for scale in [Value(0.75), Value(-3)] {
            let exact = scale.dyadic! * x.dyadic! * scale.dyadic! * y.dyadic!
            let found = Operation.product(of: Block(scale: scale, [x, y]), rounder).value
            let zero: Value = x.isNegative != y.isNegative ? .negativeZero : .zero
            let bracket = oracle.bracket { $0 < exact ? -1 : $0 == exact ? 0 : 1 }
            let expected = exact.isZero ? zero : oracle.round(mode, rounder.overflow, isNegative: exact.isNegative, bracket)
            #expect(found == expected, "\(scale) · (\(x), \(y)) into \(target) by \(mode)")
          }
        }
      }
    }
    let fp64 = try Rounder(to: .fp64)
    #expect(Operation.product(of: Block(scale: .nan, []), fp64).value == Value(1))
    #expect(Operation.product(of: Block(scale: .infinity(negative: true), [.zero, Value(1)]), fp64).value == .nan)
    #expect(Operation.product(of: Block(scale: .infinity(negative: true), [Value(2), Value(-1)]), fp64).value == .infinity(negative: true))
    // 300 factors of which any order but the exact one leaves the range.
    let many = Array(repeating: Value(0x1.8p600), count: 150) + Array(repeating: Value(0x1p-601), count: 150)
    #expect(Operation.product(of: Block(scale: Value(1), many), fp64).value == Value(powerOfThreeHalves(150) * 0x1p-150))
  }

  /// (3/2)^n as the nearest double: n log2(3) bits are exact in MPFR.
  private func powerOfThreeHalves(_ n: Int) -> Double {
    let power = Real(precision: 400) { mpfr_ui_pow_ui($0, 3, UInt(n), $1) }
    mpfr_mul_2si(power.raw, power.raw, -n, MPFR_RNDN)
    return power.double
  }

  // MARK: NaN, poles, names

  @Test func nanInIsNaNOutButForNumbers() throws {
    let rounder = try Rounder(to: .fp64)
    for operation in Operation.allCases {
      let ignoring: Set = [Operation.minimumNumber, .maximumNumber, .minimumFinite, .maximumFinite, .minimumMagnitudeNumber, .maximumMagnitudeNumber]
      for position in 0..<operation.arity {
        for other in [Value(1), .infinity(negative: false), .zero] {
          var operands = Array(repeating: other, count: operation.arity)
          operands[position] = .nan
          let expected = ignoring.contains(operation) ? other : .nan
          #expect(operation(operands, rounder).value == expected, "\(operation.rawValue) \(operands)")
        }
      }
    }
  }

  @Test func polesFollowTheConvention() throws {
    let rounder = try Rounder(to: .fp64)
    let (zero, one, infinity) = (Value.zero, Value(1), Value.infinity(negative: false))
    let poles: [(Operation, [Value], Value)] = [
      (.div, [one, zero], infinity), (.div, [-one, zero], -infinity), (.recip, [zero], infinity), (.recip, [.negativeZero], -infinity),
      (.rsqrt, [zero], infinity), (.rsqrt, [.negativeZero], -infinity), (.tanpi, [Value(0.5)], infinity), (.tanpi, [Value(1.5)], -infinity),
      (.tanpi, [Value(-0.5)], -infinity), (.atan2pi, [zero, zero], zero), (.atan2pi, [zero, .negativeZero], one),
      (.atan2pi, [infinity, infinity], Value(0.25)), (.atan2pi, [infinity, -infinity], Value(0.75)),
    ]
    for (operation, x, expected) in poles {
      #expect(operation(x, rounder).value == expected, "\(operation.rawValue) \(x)")
      #expect(operation(x, rounder, convention: .p3109).value == .nan, "\(operation.rawValue) \(x)")
    }
    // Where a limit exists the two agree.
    let limits: [(Operation, [Value], Value)] = [
      (.log, [zero], -infinity), (.log1p, [-one], -infinity), (.atanh, [one], infinity), (.atanh, [-one], -infinity), (.div, [one, infinity], zero),
      (.recip, [infinity], zero), (.rsqrt, [infinity], zero), (.tanpi, [Value(0.25)], one), (.atan2pi, [zero, -one], one), (.hypot, [-infinity, zero], infinity),
    ]
    for (operation, x, expected) in limits {
      for convention in [Operation.Convention.ieee754, .p3109] {
        #expect(operation(x, rounder, convention: convention).value == expected, "\(operation.rawValue) \(x)")
      }
    }
  }

  @Test func everyOperationOfP3109HasItsName() {
    let names = """
      Negate Abs CopySign Recip Sqrt Rsqrt Add Subtract Multiply Divide Hypot FMA FAA Exp Exp2 ExpMinusOne Log Log2 LogOnePlus Softplus Sin Cos Tan \
      ArcSin ArcCos ArcTan ArcTan2 SinPi CosPi TanPi ArcSinPi ArcCosPi ArcTanPi ArcTan2Pi Sinh Cosh Tanh ArcSinh ArcCosh ArcTanh Minimum Maximum \
      MinimumNumber MaximumNumber MinimumFinite MaximumFinite MinimumMagnitude MaximumMagnitude MinimumMagnitudeNumber MaximumMagnitudeNumber Clamp Convert
      """.split(separator: " ").map(String.init)
    let found = names.compactMap { Operation(name: $0) }
    #expect(found.count == names.count && Set(found).count == names.count)
    #expect(Set(Operation.allCases).subtracting(found) == [.sigmoid, .gelu, .swish, .erf])
    for operation in Operation.allCases {
      #expect(Operation(name: operation.rawValue.uppercased()) == operation && (1...3).contains(operation.arity))
      #expect(operation.aliases.allSatisfy { Operation(name: $0.lowercased()) == operation })
    }
    #expect(Operation(name: "foo") == nil && Operation(name: "") == nil)
  }
}
