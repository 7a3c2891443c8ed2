// SPDX-License-Identifier: Apache-2.0
// Every binary16 and bfloat16 number into every small format, in every mode and policy, against the oracles.

import Formats
import TestSupport
import Testing

@Suite struct RoundingTests {
  /// Every number of fp16 and bf16, infinities and NaN included.
  static let numbers = [Format.fp16, .bf16].flatMap { format in format.codes.map { format.decode(Format.Code($0)) } }

  @Test(arguments: FormatLists.small)
  func everyModeAndPolicyIsCorrectByComparison(_ format: Format) throws {
    try check(format, .keep, Rounder.overflowPolicies(of: format).filter { $0 != .wrap })
  }

  @Test(arguments: FormatLists.small.filter { $0.minSubnormal != nil && $0.minNormal != nil })
  func flushingIsCorrectByComparison(_ format: Format) throws {
    try check(format, .flush, [Rounder.overflowPolicies(of: format)[0]])
  }

  private func check(_ format: Format, _ subnormals: Subnormals, _ policies: [Overflow]) throws {
    let smallestNormal = format.minNormal ?? format.emin.map(Dyadic.power)
    let oracle = BracketOracle(format, subnormals: subnormals)
    let rounders = try Rounding.deterministic.flatMap { mode in
      try policies.map { try Rounder(to: format, mode, overflow: $0, subnormals: subnormals) }
    }
    for x in RoundingTests.numbers {
      guard let number = x.dyadic else {
        for rounder in rounders {
          let value = x == .nan ? .nan : infiniteResult(format, rounder.overflow, isNegative: x.isNegative)
          // NaN is news only where the operand was none, or where no code can hold it.
          let flags: Rounded.Flags = value == .nan ? (x == .nan && format.hasNaN ? [] : [.invalid]) : value.isFinite ? [.inexact, .overflow] : []
          guard rounder.round(x) == Rounded(value, flags) else {
            Issue.record("\(rounder.round(x)), not \(value) with \(flags): \(Repro.round(rounder, "\(x)"))")
            return
          }
        }
        continue
      }
      let bracket = oracle.bracket { $0 < number ? -1 : $0 == number ? 0 : 1 }
      for rounder in rounders {
        let value = oracle.round(rounder.rounding, rounder.overflow, isNegative: x.isNegative, bracket)
        var flags: Rounded.Flags = value.dyadic == number ? [] : [.inexact]
        if oracle.overflows(rounder.rounding, isNegative: x.isNegative, bracket) {
          flags.insert(.overflow)
        } else if let smallestNormal, !flags.isEmpty, !number.isZero, number.magnitude < smallestNormal {
          flags.insert(.underflow)
        }
        if value == .nan { flags.insert(.invalid) }
        let found = rounder.round(x)
        guard found == Rounded(value, flags) else {
          Issue.record("\(found), not \(value) with \(flags): \(Repro.round(rounder, x.hexDescription))")
          return
        }
      }
    }
  }

  @Test(arguments: Format.catalogue.map(\.format).filter { $0.width <= 8 && $0.isFloating && $0.multiplier == nil })
  func everyModeIsCorrectByMPFR(_ format: Format) throws {
    let oracle = MPFROracle(format)
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0) }
    for x in RoundingTests.numbers {
      let number = Real(x)
      for rounder in rounders {
        let expected = oracle.round(rounder.rounding, rounder.overflow, number.copy)
        let found = rounder.round(x).value
        guard found == expected else {
          Issue.record("\(found), not \(expected): \(Repro.round(rounder, x.hexDescription))")
          return
        }
      }
    }
  }

  @Test(arguments: ["e4m3", "e4m3fn", "e5m2", "e3m4"].map(format))
  func flushingIsCorrectByMPFR(_ format: Format) throws {
    let oracle = MPFROracle(format, subnormals: .flush)
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0, subnormals: .flush) }
    for x in RoundingTests.numbers {
      let number = Real(x)
      for rounder in rounders {
        let expected = oracle.round(rounder.rounding, rounder.overflow, number.copy)
        guard rounder.round(x).value == expected else {
          Issue.record("\(rounder.round(x).value), not \(expected): \(Repro.round(rounder, x.hexDescription))")
          return
        }
      }
    }
  }

  @Test(arguments: ["q4.4", "q1.7", "q8.0", "uq8.0", "uq4.4", "q2.0", "uq1.7", "uq0.1"].map(format), [Overflow.saturate, .wrap])
  func fixedPointIsCorrectByMPFR(_ format: Format, _ overflow: Overflow) throws {
    let oracle = FixedOracle(format)
    let rounders = try Rounding.deterministic.map { try Rounder(to: format, $0, overflow: overflow) }
    // Numbers of bf16 reach 2^127 in units of any step: those below 2^100 stay within the oracle's integers.
    for x in RoundingTests.numbers where x.dyadic.map({ $0.isZero || $0.floorLog2 < 100 }) ?? true {
      let number = Real(x)
      for rounder in rounders {
        let expected = oracle.round(rounder.rounding, overflow, number.copy)
        let (found, flags) = (rounder.round(x).value, rounder.round(x).flags)
        guard found == expected, x.dyadic == nil || flags.contains(.inexact) == (found.dyadic != x.dyadic) else {
          Issue.record("\(found) with \(flags), not \(expected): \(Repro.round(rounder, x.hexDescription))")
          return
        }
      }
    }
  }
}
