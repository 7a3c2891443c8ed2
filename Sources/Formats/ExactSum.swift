// SPDX-License-Identifier: Apache-2.0
// Sums and dot products without any rounding.

/// A running sum of dyadic numbers, exact: a two's-complement integer in units of a fixed power of two.
///
/// The window is fixed when the sum is made, from the formats of its terms; a term outside it is a caller's mistake and traps.
///
/// - Complexity: O(window / 64) a term at worst; a term touches three words and their carry.
public struct ExactSum: Hashable, Sendable {
  private let unit: Int
  private var words: [UInt64]

  /// A zero sum for up to 2^62 terms that are multiples of `2^lowest` and below `2^highest` in magnitude.
  public init(lowest: Int, highest: Int) {
    precondition(highest >= lowest, "an empty window")
    unit = lowest
    words = Array(repeating: 0, count: (highest - lowest + 64 + 63) / 64)
  }

  /// A zero sum for values of a format.
  public init(of format: Format) { self.init(lowest: format.quantumExponent, highest: format.top) }

  /// A zero sum for products of values of two formats, and for values of `other`, such as computed results.
  public init(products a: Format, _ b: Format, and other: Format? = nil) {
    let (lowest, highest) = (a.quantumExponent + b.quantumExponent, a.top + b.top)
    self.init(lowest: min(lowest, other?.quantumExponent ?? lowest), highest: max(highest, other?.top ?? highest))
  }

  /// sum + x, exactly. Traps if x has bits below the window or the sum leaves it. Complexity: O(1) for most terms, O(window) for a carry that runs
  /// through.
  public static func += (sum: inout ExactSum, x: Dyadic) { sum.add(x.significand.magnitude, x.exponent, isNegative: x.isNegative) }
  /// sum − x, exactly; traps as += does.
  public static func -= (sum: inout ExactSum, x: Dyadic) { sum.add(x.significand.magnitude, x.exponent, isNegative: !x.isNegative) }

  private mutating func add(_ magnitude: UInt128, _ exponent: Int, isNegative: Bool) {
    if magnitude == 0 { return }
    let shift = exponent - unit
    let top = shift + 127 - magnitude.leadingZeroBitCount
    precondition(shift >= 0 && top < 64 * words.count - 1, "a term outside the window of this exact sum")
    let (index, offset) = (shift >> 6, UInt64(shift & 63))
    let (low, high) = (UInt64(truncatingIfNeeded: magnitude), UInt64(truncatingIfNeeded: magnitude >> 64))
    let back = 63 - offset  // shifting by 64 − offset in two steps, so that offset 0 gives 0
    let parts = (low << offset, high << offset | (low >> back) >> 1, (high >> back) >> 1)
    var carry = isNegative ? subtract(parts.0, at: index, borrow: false) : add(parts.0, at: index, carry: false)
    carry = isNegative ? subtract(parts.1, at: index + 1, borrow: carry) : add(parts.1, at: index + 1, carry: carry)
    carry = isNegative ? subtract(parts.2, at: index + 2, borrow: carry) : add(parts.2, at: index + 2, carry: carry)
    var next = index + 3
    while carry && next < words.count {
      carry = isNegative ? subtract(0, at: next, borrow: true) : add(0, at: next, carry: true)
      next += 1
    }
  }

  private mutating func add(_ word: UInt64, at index: Int, carry: Bool) -> Bool {
    guard index < words.count else { return false }
    let (sum, first) = words[index].addingReportingOverflow(word)
    let (total, second) = sum.addingReportingOverflow(carry ? 1 : 0)
    words[index] = total
    return first || second
  }

  private mutating func subtract(_ word: UInt64, at index: Int, borrow: Bool) -> Bool {
    guard index < words.count else { return false }
    let (difference, first) = words[index].subtractingReportingOverflow(word)
    let (total, second) = difference.subtractingReportingOverflow(borrow ? 1 : 0)
    words[index] = total
    return first || second
  }

  /// Whether the sum is less than 0.
  public var isNegative: Bool { words[words.count - 1] >> 63 == 1 }
  /// Whether the sum is 0, all bits of it.
  public var isZero: Bool { words.allSatisfy { $0 == 0 } }

  /// The sum, exact or with its 65 or more leading bits and a sticky bit.
  public var unrounded: Unrounded {
    var magnitude = words
    if isNegative {
      var carry = true
      for i in magnitude.indices {
        let (negated, overflow) = (~magnitude[i]).addingReportingOverflow(carry ? 1 : 0)
        (magnitude[i], carry) = (negated, overflow)
      }
    }
    guard let top = magnitude.lastIndex(where: { $0 != 0 }) else { return Unrounded(.zero) }
    let high = UInt128(magnitude[top])
    guard top > 0 else { return Unrounded(isNegative: isNegative, magnitude: high, exponent: unit) }
    // Two words, then as many bits of a third as the leading zeros of the first leave room for.
    let zeros = UInt128(magnitude[top].leadingZeroBitCount)
    let third = top > 1 ? magnitude[top - 2] : 0
    let kept = (high << 64 | UInt128(magnitude[top - 1])) << zeros | UInt128(third) >> (64 - zeros)
    let rest = zeros == 0 ? third : third << UInt64(zeros)
    let isSticky = rest != 0 || (top > 2 && magnitude[..<(top - 2)].contains { $0 != 0 })
    return Unrounded(isNegative: isNegative, magnitude: kept, exponent: unit + 64 * (top - 1) - Int(zeros), isSticky: isSticky)
  }

  /// The nearest double, ties to even.
  public var double: Double { Rounder.toDouble.round(unrounded).value.double }

  /// |sum| as the smallest double that is not below it.
  public var magnitudeRoundedUp: Double {
    let x = unrounded
    let magnitude = Unrounded(isNegative: false, magnitude: x.magnitude, exponent: x.exponent, isSticky: x.isSticky)
    return Rounder.toDoubleUp.round(magnitude).value.double
  }
}

extension Format {
  /// Every finite value is below 2^top in magnitude, and 2^top is not below the smallest spacing.
  var top: Int { [maxFinite, minFinite].filter { !$0.isZero }.map(\.floorLog2).max().map { $0 + 1 } ?? quantumExponent }
}
