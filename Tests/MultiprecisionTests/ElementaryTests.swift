// SPDX-License-Identifier: Apache-2.0
// The elementary functions of P3109 over every value of a format: other formulas, symmetries, and monotonicity.

import CMPFR
import Formats
import Multiprecision
import TestSupport
import Testing

@Suite struct ElementaryTests {
  static let functions: [Operation] = [
    .sin, .cos, .tan, .asin, .acos, .atan, .sinpi, .cospi, .tanpi, .asinpi, .acospi, .atanpi,
    .sinh, .cosh, .asinh, .acosh, .atanh, .expm1, .log1p, .softplus,
  ]

  @Test(arguments: functions)
  func functionsAreCorrectlyRounded(_ operation: Operation) throws {
    for name in ["e4m3", "e4m3fnuz", "q3.4"] { try check(operation, format(name), format(name), Rounding.deterministic, stride: 1) }
    // Wide ranges: arguments of 2^±126, subnormal results and results beyond the range.
    try check(operation, .bf16, .bf16, [.nearestEven, .toOdd], stride: 61)
    try check(operation, .fp16, .e5m2, [.nearestEven, .up], stride: 61)
  }

  /// The formats whose many values are sorted once.
  private static let wide = [Format.bf16: BracketOracle(.bf16)]

  private func check(_ operation: Operation, _ source: Format, _ target: Format, _ modes: [Rounding], stride: UInt64) throws {
    let (function, oracle) = (ElementaryOracle(operation: operation), Self.wide[target] ?? BracketOracle(target))
    let rounders = try modes.map { try Rounder(to: target, $0) }
    for code in Swift.stride(from: 0, to: source.codes.upperBound, by: Int(stride)) {
      let x = source.decode(Format.Code(code))
      let extended = operation.extended([x])
      let special = function.special(x)
      let exact = special == nil ? function.interval(x) : nil
      let bracket = exact?.bracket(oracle)
      for rounder in rounders {
        let expected: Value
        if let special {
          expected = held(special, rounder, oracle)
        } else if let exact, let bracket {
          expected = oracle.round(rounder.rounding, rounder.overflow, isNegative: exact.isNegative, bracket)
        } else {
          Issue.record("the interval does not decide \(operation.rawValue)(\(x)) in \(target)")
          return
        }
        let found = rounder.round(extended).value
        guard found == expected else {
          Issue.record("\(found), not \(expected): \(Repro.op(operation.rawValue, source, to: target, rounder, codes: [code]))")
          return
        }
      }
    }
  }

  /// A special result as a format holds it; 1/2 and ±1 may need rounding too.
  private func held(_ value: Value, _ rounder: Rounder, _ oracle: BracketOracle) -> Value {
    switch value {
    case .nan: return .nan
    case .infinity(let negative): return infiniteResult(rounder.format, rounder.overflow, isNegative: negative)
    case .negativeZero: return rounder.format.hasNegativeZero ? value : .zero
    case .finite(let x):
      if x.isZero { return .zero }
      return oracle.round(rounder.rounding, rounder.overflow, isNegative: x.isNegative, oracle.bracket { $0 < x ? -1 : $0 == x ? 0 : 1 })
    }
  }

  /// Reciprocals by the sign of v x - 1, and those of square roots by that of v² x - 1.
  @Test(arguments: ["e4m3", "e4m3fnuz", "q3.4", "bf16"].map(format))
  func reciprocalsAreCorrectlyRoundedByComparison(_ format: Format) throws {
    let oracle = BracketOracle(format)
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0) }
    for code in Swift.stride(from: 0, to: format.codes.upperBound, by: format.width > 8 ? 61 : 1) {
      let value = format.decode(Format.Code(code))
      guard let x = value.dyadic, !x.isZero else { continue }
      for operation in x.isNegative ? [Operation.recip] : [.recip, .rsqrt] {
        let bracket = oracle.bracket { v in
          if operation == .rsqrt && v.isNegative { return -1 }
          let product = operation == .recip ? v * x : v * v * x
          let sign = product < 1 ? -1 : product == 1 ? 0 : 1
          return x.isNegative ? -sign : sign
        }
        let extended = operation.extended([value])
        for rounder in rounders {
          let expected = oracle.round(rounder.rounding, rounder.overflow, isNegative: x.isNegative, bracket)
          guard rounder.round(extended).value == expected else {
            Issue.record("\(rounder.round(extended).value), not \(expected): \(Repro.op(operation.rawValue, format, rounder, codes: [code]))")
            return
          }
        }
      }
      #expect(x.isNegative == (Operation.rsqrt.extended([value]) == .nan))
    }
  }

  // MARK: Two operands

  @Test(arguments: ["e3m2", "e2m3fn", "q3.2"].map(format))
  func hypotenusesAreCorrectlyRoundedByComparison(_ format: Format) throws {
    let oracle = BracketOracle(format)
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0) }
    let values = format.codes.compactMap { format.decode(Format.Code($0)).dyadic }
    for x in values {
      for y in values where !(x.isZero && y.isZero) {
        let square = x * x + y * y
        let bracket = oracle.bracket { v in v.isNegative ? -1 : v * v < square ? -1 : v * v == square ? 0 : 1 }
        let extended = Operation.hypot.extended([.finite(x), .finite(y)])
        for rounder in rounders {
          let expected = oracle.round(rounder.rounding, rounder.overflow, isNegative: false, bracket)
          guard rounder.round(extended).value == expected else {
            Issue.record("\(rounder.round(extended).value), not \(expected): fmtlab op hypot --in \(format) --rounding \(rounder.rounding) \(x) \(y)")
            return
          }
        }
      }
    }
  }

  /// The angle of a point as the arccosine of its abscissa on the unit circle.
  @Test(arguments: ["e3m2", "e2m3fn"].map(format), [Operation.atan2, .atan2pi])
  func anglesAreCorrectlyRounded(_ format: Format, _ operation: Operation) throws {
    let oracle = BracketOracle(format)
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0) }
    func r(_ function: MPFROracle.Function) -> Real { Real(precision: 1000, function) }
    let pi = r { mpfr_const_pi($0, $1) }
    let values = format.codes.compactMap { format.decode(Format.Code($0)).dyadic }.filter { !$0.isZero }
    for y in values {
      for x in values {
        let (a, b) = (Real(x), Real(y.magnitude))
        let norm = r { mpfr_set_ui($0, 0, $1) }
        let square = Real(x * x + y * y)
        mpfr_sqrt(norm.raw, square.raw, MPFR_RNDN)
        let cosine = r { mpfr_div($0, a.raw, norm.raw, $1) }
        let sine = r { mpfr_div($0, b.raw, norm.raw, $1) }
        // The arccosine loses bits near 0 and π, where the arcsine does not.
        var angle: Real
        if y.magnitude < x.magnitude {
          angle = r { mpfr_asin($0, sine.raw, $1) }
          if x.isNegative { angle = r { [angle] in mpfr_sub($0, pi.raw, angle.raw, $1) } }
        } else {
          angle = r { mpfr_acos($0, cosine.raw, $1) }
        }
        if operation == .atan2pi { angle = r { [angle] in mpfr_div($0, angle.raw, pi.raw, $1) } }
        var (low, high) = (angle, angle)
        if operation == .atan2pi && x.magnitude == y.magnitude {
          low = Real(Dyadic(x.isNegative ? 3 : 1, exponent: -2))
          high = low
        } else {
          let part = r { [angle] in mpfr_mul_2si($0, angle.raw, -600, $1) }
          low = r { [angle] in mpfr_sub($0, angle.raw, part.raw, $1) }
          high = r { [angle] in mpfr_add($0, angle.raw, part.raw, $1) }
        }
        if y.isNegative { (low, high) = (r { [low] in mpfr_neg($0, low.raw, $1) }, r { [high] in mpfr_neg($0, high.raw, $1) }) }
        guard let bracket = FunctionOracle.Result.between(low, high).bracket(oracle) else {
          Issue.record("1000 bits do not decide \(operation.rawValue) \(y) \(x)")
          return
        }
        let extended = operation.extended([.finite(y), .finite(x)])
        for rounder in rounders {
          let expected = oracle.round(rounder.rounding, rounder.overflow, isNegative: y.isNegative, bracket)
          guard rounder.round(extended).value == expected else {
            Issue.record("\(rounder.round(extended).value), not \(expected): fmtlab op \(operation.rawValue) --in \(format) --rounding \(rounder.rounding) \(y) \(x)")
            return
          }
        }
      }
    }
  }

  @Test func anglesOfAxesAndInfinitiesAreThoseOfIEEE754() throws {
    let fp64 = try Rounder(to: .fp64)
    let numbers: [Double] = [0, -0.0, 1, -1, .infinity, -.infinity]
    for y in numbers {
      for x in numbers where y == 0 || x == 0 || y.isInfinite || x.isInfinite {
        // A quadrant's angle from the signs: 0 or 1 along the axis of x, 1/2 along that of y, 1/4 and 3/4 between infinities.
        let isLeft = x.sign == .minus
        let magnitude = y == 0 || x.isInfinite && !y.isInfinite ? (isLeft ? 1 : 0) : x.isInfinite ? (isLeft ? 0.75 : 0.25) : 0.5
        let expected = Value(Double(signOf: y, magnitudeOf: magnitude))
        #expect(Operation.atan2pi([Value(y), Value(x)], fp64).value == expected, "fmtlab op atan2pi --in fp64 \(y) \(x)")
      }
    }
  }

  // MARK: Laws

  @Test func oddAndEvenFunctionsAreSymmetric() throws {
    let rounder = try Rounder(to: .e5m2)
    for operation in [Operation.sin, .tan, .asin, .atan, .sinpi, .tanpi, .asinpi, .atanpi, .sinh, .asinh, .atanh, .recip] {
      for code in Format.e4m3.codes {
        let x = Format.e4m3.decode(Format.Code(code))
        #expect(operation([-x], rounder).value == -operation([x], rounder).value, "\(operation.rawValue) \(x)")
      }
    }
    for operation in [Operation.cos, .cospi, .cosh] {
      for code in Format.e4m3.codes {
        let x = Format.e4m3.decode(Format.Code(code))
        #expect(operation([-x], rounder).value == operation([x], rounder).value, "\(operation.rawValue) \(x)")
      }
    }
  }

  @Test func monotonicFunctionsStaySoInEveryMode() throws {
    let values = BracketOracle(.e5m2).values.map { Value.finite($0) }
    for operation in [Operation.asin, .atan, .asinpi, .atanpi, .sinh, .asinh, .acosh, .atanh, .expm1, .log1p, .softplus, .acos, .acospi] {
      for mode in Rounding.deterministic where mode != .toOdd {
        let rounder = try Rounder(to: .e4m3, mode)
        let results = values.map { operation([$0], rounder).value }.filter { !$0.isNaN }
        let isFalling = operation == .acos || operation == .acospi
        for (a, b) in zip(results, results.dropFirst()) {
          guard isFalling ? b.isLessThanOrEqual(to: a) : a.isLessThanOrEqual(to: b) else {
            Issue.record("\(operation.rawValue) from e5m2 to e4m3 by \(mode) is not monotonic at \(a), \(b)")
            return
          }
        }
      }
    }
  }

  /// Where the value agrees with a simpler one in more bits than any evaluation has.
  @Test func resultsBeyondAllWorkingPrecisionsAreRoundedTheRightWay() throws {
    let (up, down) = (try Rounder(to: .fp64, .up), try Rounder(to: .fp64, .down))
    let cases: [(Operation, Double, Double, Double)] = [
      (.softplus, 1e300, 1e300, 1e300.nextUp), (.softplus, 800, 800, 800.0.nextUp), (.softplus, -800, 0, 0x1p-1074), (.softplus, -1e300, 0, 0x1p-1074),
      (.sin, 0x1p-1000, (0x1p-1000).nextDown, 0x1p-1000), (.cos, 0x1p-1000, 1.0.nextDown, 1), (.cosh, 0x1p-1000, 1, 1.0.nextUp),
      (.expm1, 0x1p-1000, 0x1p-1000, (0x1p-1000).nextUp), (.expm1, -800, -1, (-1.0).nextUp), (.log1p, 0x1p-1000, (0x1p-1000).nextDown, 0x1p-1000),
      (.atan, 0x1p-1000, (0x1p-1000).nextDown, 0x1p-1000), (.asin, 0x1p-1000, 0x1p-1000, (0x1p-1000).nextUp), (.sinh, 1e300, Double.greatestFiniteMagnitude, .infinity),
      (.atanpi, 1e300, 0.5.nextDown, 0.5), (.acospi, 0x1p-1000, 0.5.nextDown, 0.5), (.asinh, 0x1p-1000, (0x1p-1000).nextDown, 0x1p-1000),
    ]
    for (operation, x, low, high) in cases {
      #expect(operation([Value(x)], down).value == Value(low), "fmtlab op \(operation.rawValue) --in fp64 --rounding rd \(x)")
      #expect(operation([Value(x)], up).value == Value(high), "fmtlab op \(operation.rawValue) --in fp64 --rounding ru \(x)")
    }
  }
}
