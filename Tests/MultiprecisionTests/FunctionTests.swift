// SPDX-License-Identifier: Apache-2.0
// Square roots and functions over every value of a format against independent evaluations at 400 bits.

import Formats
import Multiprecision
import TestSupport
import Testing

@Suite struct FunctionTests {
  static let small = ["e4m3", "e5m2", "e4m3fn", "e3m4", "e6m5", "e4m3fnuz", "q4.4", "e2m3fn"].map(format)
  static let wide: [(Format, Format)] = [(.fp16, .fp16), (.bf16, .bf16), (.fp16, .e4m3fn)]

  @Test(arguments: small + [.fp16, .bf16])
  func squareRootsAreCorrectlyRounded(_ format: Format) throws {
    let oracle = BracketOracle(format)
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0) }
    for code in format.codes {
      let value = format.decode(Format.Code(code))
      guard let x = value.dyadic, x > 0 else {
        // √−0 = −0, and the root of any other negative number is NaN.
        let expected: Value = value.isZero ? value : value == .infinity(negative: false) ? value : .nan
        #expect(Operation.sqrt([value], rounders[0]).value == expected)
        continue
      }
      let bracket = oracle.bracket { v in v.isNegative ? -1 : v * v < x ? -1 : v * v == x ? 0 : 1 }
      for rounder in rounders {
        let expected = oracle.round(rounder.rounding, rounder.overflow, isNegative: false, bracket)
        let found = Operation.sqrt([value], rounder).value
        guard found == expected else {
          Issue.record("\(found), not \(expected): \(Repro.op("sqrt", format, rounder, codes: [code]))")
          return
        }
      }
    }
  }

  @Test(arguments: FunctionOracle.allCases, small)
  func functionsAreCorrectlyRoundedInEveryMode(_ function: FunctionOracle, _ format: Format) throws {
    try check(function, format, format, Rounding.deterministic)
  }

  @Test(arguments: FunctionOracle.allCases, wide)
  func functionsOfWiderFormatsAreCorrectlyRounded(_ function: FunctionOracle, _ formats: (Format, Format)) throws {
    try check(function, formats.0, formats.1, [.nearestEven, .toOdd])
  }

  private func check(_ function: FunctionOracle, _ source: Format, _ target: Format, _ modes: [Rounding]) throws {
    let operation = try #require(Operation(rawValue: function.rawValue))
    let oracle = BracketOracle(target)
    let rounders = try modes.map { try Rounder(to: target, $0) }
    for code in source.codes {
      let x = source.decode(Format.Code(code))
      let exact = function.evaluate(x)
      let bracket = exact.bracket(oracle)
      let extended = operation.extended([x])
      for rounder in rounders {
        let expected: Value
        if let bracket {
          expected = oracle.round(rounder.rounding, rounder.overflow, isNegative: exact.isNegative, bracket)
        } else if case .special(let value) = exact {
          expected = held(value, rounder)
        } else {
          Issue.record("400 bits do not decide \(function.rawValue)(\(x)) in \(target)")
          return
        }
        guard rounder.round(extended).value == expected else {
          let found = rounder.round(extended).value
          Issue.record("\(found), not \(expected): \(Repro.op(function.rawValue, source, to: target, rounder, codes: [code]))")
          return
        }
      }
    }
  }

  /// An infinity, NaN or zero as a format holds it.
  private func held(_ value: Value, _ rounder: Rounder) -> Value {
    switch value {
    case .infinity(let negative): infiniteResult(rounder.format, rounder.overflow, isNegative: negative)
    case .negativeZero where !rounder.format.hasNegativeZero: .zero
    default: value
    }
  }

  /// The functions take 128 bits with a sticky end, or any other precision, and every choice rounds to the same value.
  @Test func everyPrecisionOfTheCutGivesTheSameResult() throws {
    let rounder = try Rounder(to: .e4m3)
    for operation in Operation.allCases where operation.arity == 1 {
      for code in Format.e4m3.codes {
        let x = Format.e4m3.decode(Format.Code(code))
        let reference = operation([x], rounder).value
        for precision in [6, 11, 40, 127, 128, 129, 300] {
          let (result, isInexact) = operation.evaluate([x], precision: precision)
          let found = rounder.round(result.extended(ternary: isInexact ? 1 : 0)).value
          guard found == reference else {
            Issue.record("at \(precision) bits \(found), not \(reference): \(Repro.op(operation.rawValue, .e4m3, rounder, codes: [code]))")
            return
          }
        }
      }
    }
  }

  @Test func functionsTakeTheirLimitsAtTheEnds() throws {
    let fp64 = try Rounder(to: .fp64)
    func at(_ operation: Operation, _ x: Double) -> Value { operation([Value(x)], fp64).value }
    let cases: [(Operation, Double, Double)] = [
      (.exp, -.infinity, 0), (.exp, .infinity, .infinity), (.exp, 0, 1), (.exp, -0.0, 1), (.exp2, 10, 1024), (.exp2, -1074, 0x1p-1074), (.exp2, -1080, 0),
      (.exp2, 1024, .infinity), (.log, 0, -.infinity), (.log, -0.0, -.infinity), (.log, 1, 0), (.log, -1, .nan), (.log2, 8, 3), (.log2, 0x1p-1074, -1074),
      (.tanh, .infinity, 1), (.tanh, -.infinity, -1), (.tanh, -0.0, -0.0), (.erf, .infinity, 1), (.erf, -0.0, -0.0), (.sigmoid, 0, 0.5), (.sigmoid, -0.0, 0.5),
      (.sigmoid, .infinity, 1), (.sigmoid, -.infinity, 0), (.gelu, 0, 0), (.gelu, -0.0, -0.0), (.gelu, .infinity, .infinity), (.gelu, -.infinity, -0.0),
      (.swish, -0.0, -0.0), (.swish, .infinity, .infinity), (.swish, -.infinity, -0.0), (.sqrt, -0.0, -0.0), (.sqrt, -1, .nan), (.sqrt, .infinity, .infinity),
      (.exp, 1e308, .infinity), (.exp, -1e308, 0), (.sigmoid, -1e308, 0), (.sigmoid, 1e308, 1), (.swish, -1e308, -0.0), (.swish, 1e308, 1e308),
      (.gelu, -1e308, -0.0), (.gelu, 1e308, 1e308), (.tanh, 1e308, 1), (.erf, 1e308, 1), (.swish, 0x1p-1074, 0x1p-1074), (.gelu, -0x1p-1074, -0.0), (.tanh, 0x1p-1074, 0x1p-1074),
    ]
    for (operation, x, expected) in cases {
      #expect(at(operation, x) == Value(expected), "fmtlab op \(operation.rawValue) --in fp64 \(x)")
      #expect(at(operation, .nan) == .nan)
    }
  }
}
