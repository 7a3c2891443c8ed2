// SPDX-License-Identifier: Apache-2.0
// A hyperbolic tangent of one table look-up, one shift and one addition.

internal import Glibc

/// tanh for bfloat16 in the style of K-TanH.
///
/// |x| < 1/4: y = x. |x| > 15/4: y = ±1. Between them the low two bits of the exponent and the top three of the significand choose one of 32
/// intervals with an exponent E, a shift r and an offset b, and y has the code 128 E + (m >> r) + b, m being the seven bits of x's significand; a
/// carry out of the significand goes on to the exponent, as integers have it. The published table is not used: for each interval that (E, r, b)
/// is taken whose largest error over the bfloat16 numbers of the interval is least. The function is odd, and not monotonic: where intervals meet
/// it falls in eight places, by 2⁻⁷ at most.
///
/// - Rounding: |y − tanh x| ≤ 0.00893 for every bfloat16 x. Other numbers are cut to eight bits of significand first.
/// - Source: Kundu et al., "K-TanH: Efficient TanH for Deep Learning", arXiv:1909.07729.
package enum KTanh {
  /// Bits as in bfloat16: an exponent with the bias 127, and what the significand is shifted and moved by.
  package struct Entry: Hashable, Sendable {
    let exponent, shift, offset: Int

    /// The code of y for the code of |x|.
    func code(_ x: Int) -> Int { exponent << 7 + (x & 127) >> shift + offset }
  }

  /// By the five bits above the lowest four of x's code.
  package static let table: [Entry] = {
    var table = Array(repeating: Entry(exponent: 0, shift: 0, offset: 0), count: 32)
    for first in stride(from: code(0.25), through: code(3.75), by: 16) {
      let codes = (first..<first + 16).filter { $0 <= code(3.75) }
      table[first >> 4 & 31] = best(codes)
    }
    return table
  }()

  package static func value(_ x: Double) -> Double {
    // (NaN stays.)
    guard abs(x) >= 0.25 else { return x }
    if abs(x) > 3.75 { return x < 0 ? -1 : 1 }
    let code = code(abs(x))
    let y = number(table[code >> 4 & 31].code(code))
    return x < 0 ? -y : y
  }

  /// The code of x ≥ 0, cut to bfloat16.
  private static func code(_ x: Double) -> Int { Int(Float(x).bitPattern >> 16) }

  private static func number(_ code: Int) -> Double { Double(Float(bitPattern: UInt32(code) << 16)) }

  /// Of all shifts, and of offsets around the one that is right at the left end, those of the least error; of equal ones the first.
  private static func best(_ codes: [Int]) -> Entry {
    let goal = codes.map { tanh(number($0)) }
    let start = code(goal[0])
    var (best, least) = (Entry(exponent: 0, shift: 0, offset: 0), Double.infinity)
    for shift in 0...7 {
      let offset = start & 127 - (codes[0] & 127) >> shift
      for move in -16...16 {
        let entry = Entry(exponent: start >> 7, shift: shift, offset: offset + move)
        let error = zip(codes, goal).reduce(0) { max($0, abs(number(entry.code($1.0)) - $1.1)) }
        if error < least { (best, least) = (entry, error) }
      }
    }
    return best
  }
}
