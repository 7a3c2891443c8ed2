// SPDX-License-Identifier: Apache-2.0
// Where the values of a format lie, worked out once for each rounder.

/// The numbers of a format as multiples of powers of two.
struct Grid: Hashable, Sendable {
  /// Bits kept of a significand; fixed point keeps all that are in range.
  let precision: Int
  /// No bit below 2^quantum is kept.
  let quantum: Int
  /// 2^emin: numbers below it are subnormal.
  let emin: Int
  /// Below 2^emin the grid has only 0 and 2^emin (`:nosub` formats).
  let skipsSubnormals: Bool
  /// Results below 2^emin become zero.
  let flushes: Bool
  let hasZero: Bool
  let isFixed: Bool
  /// Whether some neighbouring values are not a power of two apart: then `roundBetweenCodes` knows them.
  let isIrregular: Bool
  /// Exponent bias, for the parity of codes with one significand bit.
  let bias: Int
  let maxFinite: Dyadic
  let minMagnitude: Dyadic
  /// ⌊log₂⌋ of the largest magnitude.
  let maxTop: Int

  init(_ format: Format, _ subnormals: Subnormals) {
    precision = format.precision
    quantum = format.quantumExponent
    emin = format.emin ?? Int.min / 2
    maxFinite = format.maxFinite
    minMagnitude = format.minFinite.magnitude
    maxTop = format.top - 1
    flushes = subnormals == .flush
    isIrregular = !format.hasDyadicGaps
    isFixed = format.isFixed
    if case .floating(let f) = format.encoding {
      (skipsSubnormals, hasZero, bias) = (f.zeroField == .zeros, f.hasZero, f.bias)
    } else {
      (skipsSubnormals, hasZero, bias) = (false, true, 0)
    }
  }
}

extension Format {
  /// Whether all neighbouring values are a power of two apart.
  var hasDyadicGaps: Bool {
    switch encoding {
    case .floating(let f): f.zeroField != .binade
    case .fixed: true
    case .tapered: false
    }
  }

  /// Whether the format is one of IEEE P3109, `k8p4se`.
  public var isP3109: Bool {
    if case .floating(let f) = encoding, case .p3109 = f.specials { true } else { false }
  }

  /// Whether the format is one of P3109's without infinities.
  var isFiniteP3109: Bool { isP3109 && !hasInfinity }
}

extension Rounder {
  /// The rounding of a nonzero number whose neighbours in the format may not be a power of two apart; `nil` where they are.
  ///
  /// Between the values of two neighbouring codes, tapered formats change over at the value that has one more bit, as their
  /// standards say; next to zero and above the largest number, where rounding to nearest never goes, directed modes go.
  func roundBetweenCodes(_ x: Unrounded) -> Rounded? {
    let below: Format.Code, middle: Dyadic
    switch format.encoding {
    case .fixed: return nil
    case .floating:
      // The gap between 0 and the smallest number of a format that reads exponent field 0 as a binade.
      guard x.comparison(to: format.minPositive) < 0 else { return nil }
      (below, middle) = (0, format.minPositive.scaled(by: -1))
    case .tapered(let tapered):
      if x.comparison(to: grid.maxFinite) > 0 { return clamped(isNegative: x.isNegative) }
      below = tapered.floorCode(x.comparison)
      middle = tapered.midpoint(above: below)
      let isExact = below != 0 && x.comparison(to: format.magnitude(ofMagnitudeCode: below)) == 0
      if isExact { return rounded(below, isNegative: x.isNegative, []) }
    }
    let isUnderflow = below == 0
    var comparison = x.comparison(to: middle)
    if isUnderflow && !format.isFloating { comparison = 1 }
    let goesUp = goesUp(isNegative: x.isNegative, toMiddle: comparison, isOdd: below & 1 == 1) {
      preconditionFailure("stochastic rounding is refused at construction")
    }
    return rounded(goesUp ? below + 1 : below, isNegative: x.isNegative, isUnderflow ? [.inexact, .underflow] : [.inexact])
  }

  private func rounded(_ magnitudeCode: Format.Code, isNegative: Bool, _ flags: Rounded.Flags) -> Rounded {
    if magnitudeCode == 0 { return zero(isNegative: isNegative, flags) }
    let magnitude = format.magnitude(ofMagnitudeCode: magnitudeCode)
    return Rounded(.finite(isNegative ? -magnitude : magnitude), flags)
  }
}

extension Unrounded {
  /// How the magnitude compares to a positive number: -1, 0 or 1.
  ///
  /// A sticky magnitude must have at least as many bits as the number needs from its own leading bit on.
  func comparison(to y: Dyadic) -> Int {
    if magnitude == 0 { return -1 }
    if floorLog2 != y.floorLog2 { return floorLog2 < y.floorLog2 ? -1 : 1 }
    // Both with their leading bit in front: the numbers that follow have at most 128 bits.
    let a = magnitude << UInt128(magnitude.leadingZeroBitCount)
    let b = y.significand.magnitude << UInt128(y.significand.magnitude.leadingZeroBitCount)
    return a != b ? (a < b ? -1 : 1) : (isSticky ? 1 : 0)
  }
}
