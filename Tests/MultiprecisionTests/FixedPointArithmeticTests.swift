// SPDX-License-Identifier: Apache-2.0
// Sums and products of q4.4 with rounding, saturation and wrapping, against plain integer arithmetic.

import Formats
import Multiprecision
import TestSupport
import Testing

@Suite struct FixedPointArithmeticTests {
  static let q44 = format("q4.4")

  /// An integer in units of 2^-(4 + places), rounded to units of 2^-4 by floor and remainder.
  private func rounded(_ integer: Int, places: Int, _ mode: Rounding) -> Int {
    let floor = integer >> places
    let rest = integer - floor << places
    if rest == 0 { return floor }
    let side = (2 * rest - 1 << places).signum()
    let goesUp =
      switch mode {
      case .nearestEven: side > 0 || side == 0 && floor & 1 == 1
      case .nearestAway: side > 0 || side == 0 && integer > 0
      case .nearestZero: side > 0 || side == 0 && integer < 0
      case .towardZero: integer < 0
      case .up: true
      case .down: false
      case .toOdd: floor & 1 == 0
      case .stochastic, .stochasticBits: preconditionFailure("no single result")
      }
    return goesUp ? floor + 1 : floor
  }

  /// Every pair of codes, in every mode: values and flags.
  @Test(arguments: [Operation.add, .sub, .mul], [Overflow.saturate, .wrap])
  func everySumAndProductIsTheIntegers(_ operation: Operation, _ overflow: Overflow) throws {
    let rounders = try Rounding.deterministic.map { try Rounder(to: Self.q44, $0, overflow: overflow) }
    for i in -128..<128 {
      for j in -128..<128 {
        let operands = [i, j].map { Value.finite(Dyadic(Int128($0), exponent: -4)) }
        let exact = operation.extended(operands)
        let (integer, places) = operation == .mul ? (i * j, 4) : (operation == .add ? i + j : i - j, 0)
        for rounder in rounders {
          let whole = rounded(integer, places: places, rounder.rounding)
          let kept = overflow == .wrap ? Int(Int8(truncatingIfNeeded: whole)) : min(max(whole, -128), 127)
          var flags: Rounded.Flags = []
          if kept << places != integer { flags.insert(.inexact) }
          if kept != whole { flags.insert(.overflow) }
          let expected = Rounded(.finite(Dyadic(Int128(kept), exponent: -4)), flags)
          let found = rounder.round(exact)
          guard found == expected else {
            let codes = [i, j].map { UInt64(UInt8(truncatingIfNeeded: $0)) }
            Issue.record("\(found), not \(expected): \(Repro.op(operation.rawValue, Self.q44, rounder, codes: codes))")
            return
          }
        }
      }
    }
  }

  @Test func addingIsModularWhereItWraps() throws {
    let wrap = try Rounder(to: Self.q44, overflow: .wrap)
    // (7.9375 + 0.0625) wraps to −8, and −8 − 0.0625 back.
    #expect(Operation.add([Value(7.9375), Value(0.0625)], wrap) == Rounded(Value(-8), [.inexact, .overflow]))
    #expect(Operation.sub([Value(-8), Value(0.0625)], wrap) == Rounded(Value(7.9375), [.inexact, .overflow]))
    #expect(Operation.mul([Value(-8), Value(-8)], wrap) == Rounded(.zero, [.inexact, .overflow]))
  }
}
