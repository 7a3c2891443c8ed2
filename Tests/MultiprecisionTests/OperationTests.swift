// SPDX-License-Identifier: Apache-2.0
// Sums, differences, products and quotients of every pair of operands against both oracles.

import Formats
import Multiprecision
import TestSupport
import Testing

@Suite struct OperationTests {
  static let formats = ["e4m3", "e4m3fn", "e5m2", "e3m4", "q4.4", "e4m3fnuz", "e5m2fnuz", "e4m3b11fnuz"].map(format)

  /// Checks `check(x, y)` for every pair of codes, and stops at the first message that it returns.
  private func forEachPair(_ format: Format, _ check: (UInt64, UInt64, Value, Value) -> String?) {
    let values = format.codes.map { format.decode(Format.Code($0)) }
    for i in format.codes {
      for j in format.codes {
        guard let message = check(i, j, values[Int(i)], values[Int(j)]) else { continue }
        Issue.record(Comment(rawValue: message))
        return
      }
    }
  }

  @Test(arguments: formats, Arithmetic.allCases)
  func operationsAreCorrectlyRoundedByComparison(_ format: Format, _ arithmetic: Arithmetic) throws {
    let operation = try #require(Operation(rawValue: arithmetic.rawValue))
    let oracle = BracketOracle(format)
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0) }
    forEachPair(format) { i, j, x, y in
      var exact: (isNegative: Bool, compare: (Dyadic) -> Int)?
      var bracket: BracketOracle.Bracket?
      if let a = x.dyadic, let b = y.dyadic, arithmetic.special(x, y, .nearestEven) == nil {
        exact = arithmetic.exact(a, b)
        bracket = exact.map { oracle.bracket($0.compare) }
      }
      let (direct, downward) = (operation.extended([x, y]), operation.extended([x, y], rounding: .down))
      for rounder in rounders {
        let expected: Value
        if let exact, let bracket {
          expected = oracle.round(rounder.rounding, rounder.overflow, isNegative: exact.isNegative, bracket)
        } else {
          expected = representable(arithmetic.special(x, y, rounder.rounding) ?? .nan, rounder)
        }
        let found = rounder.round(rounder.rounding == .down ? downward : direct).value
        guard found == expected else {
          return "\(found), not \(expected): \(Repro.op(arithmetic.rawValue, format, rounder, codes: [i, j]))"
        }
      }
      return nil
    }
  }

  @Test(arguments: formats, Arithmetic.allCases)
  func operationsAreCorrectlyRoundedByMPFR(_ format: Format, _ arithmetic: Arithmetic) throws {
    let operation = try #require(Operation(rawValue: arithmetic.rawValue))
    let oracle = format.isFloating ? MPFROracle(format).round : FixedOracle(format).round
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0) }
    let numbers = format.codes.map { Real(format.decode(Format.Code($0))) }
    forEachPair(format) { i, j, x, y in
      let function = arithmetic.function(numbers[Int(i)], numbers[Int(j)])
      for rounder in rounders {
        let expected = oracle(rounder.rounding, rounder.overflow, function)
        let found = operation([x, y], rounder).value
        guard found == expected else {
          return "\(found), not \(expected): \(Repro.op(arithmetic.rawValue, format, rounder, codes: [i, j]))"
        }
      }
      return nil
    }
  }

  /// Formats too wide to enumerate: codes at random, operands of the same size, and results that cancel or underflow.
  @Test(arguments: ["fp16", "bf16", "tf32", "fp32", "fp64", "fp128", "e6m9", "e15m20fnuz", "fp32:nosub", "e5m30u", "q16.16", "q32.32", "q8.13"].map(format))
  func operationsOfWideFormatsAreCorrectlyRoundedByMPFR(_ format: Format) throws {
    let oracle = format.isFloating ? MPFROracle(format).round : FixedOracle(format).round
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0) }
    var random = SplitMix64(seed: 151)
    let limit: UInt128 = format.width == 128 ? .max : (1 << UInt128(format.width)) - 1
    for i in 0..<effort(1500) {
      let code = (UInt128(random.next()) << 64 | UInt128(random.next())) & limit
      // Half of the second operands differ from the first in a few bits only, or in the sign.
      let flips: UInt128 = i % 2 == 0 ? .max : UInt128(random.next() & random.next() & random.next()) << UInt128(max(format.width - 64, 0))
      let (x, y) = (format.decode(code), format.decode((code ^ (flips & limit)) & limit))
      let (a, b) = (Real(x), Real(y))
      for arithmetic in Arithmetic.allCases {
        let operation = try #require(Operation(rawValue: arithmetic.rawValue))
        for rounder in rounders {
          let expected = oracle(rounder.rounding, rounder.overflow, arithmetic.function(a, b))
          let found = operation([x, y], rounder).value
          guard found == expected else {
            Issue.record("\(found), not \(expected): fmtlab op \(arithmetic.rawValue) --in \(format) --rounding \(rounder.rounding) \(x.hexDescription) \(y.hexDescription)")
            return
          }
        }
      }
    }
  }

  /// The dyadic path that sums and dot products take gives what MPFR gives.
  @Test(arguments: ["e4m3", "e5m2", "fp16", "bf16", "fp32", "fp64", "q8.8", "q32.32", "e8m0fnu"].map(format))
  func exactSumsAndProductsAgreeWithMPFR(_ format: Format) throws {
    let rounders = try Rounding.deterministic.map { try Rounder(to: .fp16, $0) }
    var random = SplitMix64(seed: 152)
    let limit: UInt64 = format.width == 64 ? .max : (1 << UInt64(format.width)) - 1
    for _ in 0..<effort(3000) {
      let (x, y) = (format.decode(Format.Code(random.next() & limit)), format.decode(Format.Code(random.next() & limit)))
      for rounder in rounders {
        let sum = rounder.round(Extended.sum(x, y, rounding: rounder.rounding))
        let product = rounder.round(Extended.product(x, y))
        guard sum == Operation.add([x, y], rounder), product == Operation.mul([x, y], rounder) else {
          Issue.record("\(sum) or \(product): fmtlab op add --in \(format) --to fp16 --rounding \(rounder.rounding) \(x.hexDescription) \(y.hexDescription)")
          return
        }
      }
    }
  }

  /// An infinity, NaN or zero as the format can hold it.
  private func representable(_ special: Value, _ rounder: Rounder) -> Value {
    switch special {
    case .infinity(let negative): infiniteResult(rounder.format, rounder.overflow, isNegative: negative)
    case .negativeZero where !rounder.format.hasNegativeZero: .zero
    default: special
    }
  }
}
