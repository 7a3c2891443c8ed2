// SPDX-License-Identifier: Apache-2.0
// How many bits an expansion holds, and whether precision or range is what limits it.

public import Formats

/// What k-term expansions in a format can hold.
///
/// Rounding to nearest leaves a remainder of at most half a unit in the last place, with a sign of its own: each term carries p bits and
/// the sign of the next one bit more. So every number of k(p + 1) − 1 bits is an expansion of k terms, provided that its last bit is
/// not below the format's smallest number. (proofs/expansions.md#capacity)
public struct ExpansionCapacity: Hashable, Sendable {
  /// The format of the terms.
  public let format: Format
  /// k.
  public let terms: Int

  /// - Precondition: a floating-point format; at least one term.
  public init(_ format: Format, terms: Int) {
    precondition(format.isFloating && terms >= 1, "k ≥ 1 terms of a floating-point format")
    (self.format, self.terms) = (format, terms)
  }

  /// k(p + 1) − 1, which k terms hold where the range does not end before.
  public var bits: Int { terms * (format.precision + 1) - 1 }

  /// Binades from the smallest number to the largest.
  public var binades: Int { format.maxFinite.floorLog2 - format.quantumExponent + 1 }

  /// Bits held of a number with ⌊log₂|x|⌋ = e: all of them or those down to the smallest number.
  public func bits(atExponent e: Int) -> Int { max(0, min(bits, e - format.quantumExponent + 1)) }

  /// Whether even the largest numbers have fewer than ``bits`` bits.
  public var isRangeLimited: Bool { binades < bits }

  /// The smallest ⌊log₂|x|⌋ of numbers that are held with all ``bits``; `nil` if the range is too short for any.
  public var smallestFullExponent: Int? { isRangeLimited ? nil : format.quantumExponent + bits - 1 }

  /// Terms of which a number with ⌊log₂|x|⌋ = e can make use.
  public func usefulTerms(atExponent e: Int) -> Int {
    let bits = e - format.quantumExponent + 1
    return bits <= 0 ? 0 : min(terms, (bits + 1 + format.precision) / (format.precision + 1))
  }
}
