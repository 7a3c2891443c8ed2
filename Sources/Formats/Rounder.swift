// SPDX-License-Identifier: Apache-2.0
// The one place where a real number becomes a value of a format.

/// Rounding to a format: format, mode, and what happens at both ends of the range.
///
/// A combination that has no meaning (overflow to infinity in a format that has neither infinity nor NaN, wrapping of a
/// floating-point format) is an error at construction, so that rounding itself cannot fail.
public struct Rounder: Hashable, Sendable {
  /// The format that results are values of.
  public let format: Format
  /// Which neighbour is taken.
  public let rounding: Rounding
  /// What results beyond the range become.
  public let overflow: Overflow
  /// Whether results below the normal range are kept.
  public let subnormals: Subnormals
  let grid: Grid

  /// - Parameter overflow: by default `ieee` where the format has infinity or NaN, otherwise `saturate`.
  /// - Throws: `FormatError.overflow`, `FormatError.flush` or `FormatError.randomBits`.
  public init(
    to format: Format, _ rounding: Rounding = .nearestEven, overflow: Overflow? = nil, subnormals: Subnormals = .keep
  ) throws(FormatError) {
    let allowed = Rounder.overflowPolicies(of: format)
    let overflow = overflow ?? allowed[0]
    guard allowed.contains(overflow) else { throw .overflow(overflow, format: format.name, allowed: allowed) }
    if case .stochasticBits(let count, _) = rounding, !(1...64).contains(count) { throw .randomBits(count) }
    guard !rounding.isStochastic || format.hasDyadicGaps else { throw .stochastic(format: format.name) }
    guard subnormals == .keep || format.minSubnormal != nil && format.minNormal != nil else { throw .flush(format: format.name) }
    self.init(format: format, rounding: rounding, overflow: overflow, subnormals: subnormals)
  }

  /// Saturating rounding to the grid of a format, which is always possible.
  init(grid format: Format, _ rounding: Rounding) {
    self.init(format: format, rounding: rounding, overflow: .saturate, subnormals: .keep)
  }

  private init(format: Format, rounding: Rounding, overflow: Overflow, subnormals: Subnormals) {
    self.format = format
    self.rounding = rounding
    self.overflow = overflow
    self.subnormals = subnormals
    self.grid = Grid(format, subnormals)
  }

  /// The overflow policies that a format has values for; the first is the default.
  public static func overflowPolicies(of format: Format) -> [Overflow] {
    switch format.encoding {
    case .fixed: [.saturate, .wrap]
    case .tapered: [.ieee, .saturate]
    case .floating where format.hasInfinity || format.isP3109: [.ieee, .infinity, .saturate, .propagate]
    case .floating: format.hasNaN ? [.ieee, .infinity, .saturate] : [.saturate]
    }
  }

  static let toDouble = Rounder(format: Format(literal: "fp64"), rounding: .nearestEven, overflow: .ieee, subnormals: .keep)
  static let toDoubleUp = Rounder(format: Format(literal: "fp64"), rounding: .up, overflow: .ieee, subnormals: .keep)
}

/// A rounded number and what happened to it.
public struct Rounded: Hashable, Sendable {
  /// A value of the format; NaN also where the format has no code for it (see ``Flags/invalid``).
  public let value: Value
  /// What was signalled.
  public let flags: Flags

  /// What a rounding signals, as IEEE 754 names it.
  public struct Flags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The value differs from the real number.
    public static let inexact = Flags(rawValue: 1)
    /// The rounded number, had the range no end, lies beyond the largest finite value (or below an unsigned format).
    public static let overflow = Flags(rawValue: 2)
    /// Inexact without overflow, and the real number was nonzero and smaller than the smallest normal number.
    public static let underflow = Flags(rawValue: 4)
    /// NaN.
    public static let invalid = Flags(rawValue: 8)
  }

  /// A value with the flags that its rounding raised.
  @inlinable
  public init(_ value: Value, _ flags: Flags = []) {
    self.value = value
    self.flags = flags
  }
}

// MARK: - Rounding

extension Rounder {
  /// The value of the format that `x` rounds to.
  ///
  /// - Random: `draw` supplies the bits of a stochastic mode, which traps without it; the other modes ignore it.
  /// - Complexity: O(1), about 10 ns.
  public func round(_ x: Unrounded, draw: Draw? = nil) -> Rounded {
    if x.isZero { return zero(isNegative: x.isNegative, []) }
    if grid.isIrregular, let rounded = roundBetweenCodes(x) { return rounded }
    let top = x.magnitude == 0 ? x.exponent - 1 : x.floorLog2
    if top > grid.maxTop + 1 && overflow != .wrap { return overflowed(isNegative: x.isNegative) }

    // The place of the last bit to keep, and the rounded magnitude in units of it.
    var q = grid.isFixed ? grid.quantum : max(top - grid.precision + 1, grid.quantum)
    if top < grid.emin {
      if grid.skipsSubnormals { q = grid.emin }
      if grid.flushes { q = top - grid.precision + 1 }
    }
    let (integer, isInexact) = roundedMagnitude(x, to: q, draw)
    var flags: Rounded.Flags = isInexact ? [.inexact] : []
    if isInexact && top < grid.emin { flags.insert(.underflow) }

    if overflow == .wrap { return wrapped(integer, isNegative: x.isNegative, isInRange: top <= grid.maxTop + 1, flags) }
    if integer == 0 {
      if grid.hasZero { return zero(isNegative: x.isNegative, flags) }
      return Rounded(.finite(format.minFinite), flags)
    }
    // At most p + 1 bits: p ≤ 113, and the integers of fixed point have at most 66.
    let magnitude = Dyadic(Int128(integer), exponent: q)
    if grid.flushes && magnitude.floorLog2 < grid.emin {
      return zero(isNegative: x.isNegative, [.inexact, .underflow])
    }
    if x.isNegative ? !format.isSigned || magnitude > grid.minMagnitude : magnitude > grid.maxFinite {
      return overflowed(isNegative: x.isNegative)
    }
    return Rounded(.finite(x.isNegative ? -magnitude : magnitude), flags)
  }

  /// The value that an extended real rounds to. Infinities stay infinite, become NaN where the format has only NaN, and
  /// are clamped when the policy saturates or wraps. NaN stays NaN, with the flag `invalid` in a format without a NaN code.
  public func round(_ x: Extended, draw: Draw? = nil) -> Rounded {
    switch x {
    case .finite(let number): round(number, draw: draw)
    case .nan: Rounded(.nan, format.hasNaN ? [] : [.invalid])
    case .infinity(let negative):
      if format.hasInfinity && overflow != .saturate && (format.isSigned || !negative) {
        Rounded(.infinity(negative: negative))
      } else if overflow == .ieee && format.isFiniteP3109 && (format.isSigned || !negative) {
        clamped(isNegative: negative)
      } else if overflow == .ieee || overflow == .infinity {
        Rounded(.nan, [.invalid])
      } else {
        clamped(isNegative: negative)
      }
    }
  }

  /// The value of the format that x becomes; a NaN stays a NaN, and an infinity is kept where the format has one.
  ///
  /// - Random: a stochastic mode takes its bits from `draw`, and traps without it.
  public func round(_ x: Value, draw: Draw? = nil) -> Rounded { round(Extended(x), draw: draw) }

  /// The rounded double, itself rounded to nearest where the format is wider than binary64.
  public func callAsFunction(_ x: Double, draw: Draw? = nil) -> Double { round(Value(x), draw: draw).value.double }

  /// |x| / 2^q rounded to an integer: **the** rounding.
  ///
  /// With k = q − exponent, the magnitude splits into the integer ⌊m / 2^k⌋ below and the remainder that decides.
  private func roundedMagnitude(_ x: Unrounded, to q: Int, _ draw: Draw?) -> (integer: UInt128, isInexact: Bool) {
    let m = x.magnitude
    let k = q - x.exponent
    if k <= 0 { return (-k < 128 ? m &<< UInt128(-k) : 0, x.isSticky) }
    let below = k < 128 ? m >> UInt128(k) : 0
    let remainder = k < 128 ? m & ((1 << UInt128(k)) - 1) : m
    if remainder == 0 && !x.isSticky { return (below, false) }

    let half: UInt128 = k <= 128 ? 1 << UInt128(k - 1) : 0
    let comparison = k > 128 || remainder < half ? -1 : (remainder > half || x.isSticky ? 1 : 0)
    let goesUp = goesUp(isNegative: x.isNegative, toMiddle: comparison, isOdd: hasOddCode(below, at: q)) {
      guard let draw else { preconditionFailure("stochastic rounding needs random bits: pass a draw") }
      return draw.isBelow(Fraction(remainder, over: k, isSticky: x.isSticky), bits: rounding)
    }
    return (goesUp ? below + 1 : below, true)
  }

  /// Whether a magnitude that lies between two values becomes the larger one, given how it compares to the middle (-1, 0, 1)
  /// and whether the smaller one has an odd code.
  func goesUp(isNegative: Bool, toMiddle comparison: Int, isOdd: Bool, drawsUp: () -> Bool) -> Bool {
    switch rounding {
    case .nearestEven: comparison > 0 || comparison == 0 && isOdd
    case .nearestAway: comparison >= 0
    case .nearestZero: comparison > 0
    case .towardZero: false
    case .up: !isNegative
    case .down: isNegative
    case .toOdd: !isOdd
    case .stochastic, .stochasticBits: drawsUp()
    }
  }

  /// Whether the code of `integer · 2^q` is odd: the last bit of the significand or, when a format has no other bits, of the
  /// exponent field.
  private func hasOddCode(_ integer: UInt128, at q: Int) -> Bool {
    guard grid.precision == 1 && !grid.isFixed && integer == 1 else { return integer & 1 == 1 }
    return (q + grid.bias) & 1 == 1
  }

  // MARK: Ends of the range

  func zero(isNegative: Bool, _ flags: Rounded.Flags) -> Rounded {
    guard grid.hasZero else { return Rounded(.finite(format.minFinite), [.inexact]) }
    return Rounded(isNegative && format.hasNegativeZero ? .negativeZero : .zero, flags)
  }

  func clamped(isNegative: Bool) -> Rounded {
    let end = isNegative ? format.minFinite : grid.maxFinite
    // In `e1m0`, and below an unsigned format, the end of the range is a zero.
    return end.isZero ? zero(isNegative: isNegative, [.inexact, .overflow]) : Rounded(.finite(end), [.inexact, .overflow])
  }

  private func overflowed(isNegative: Bool) -> Rounded {
    if staysFinite(isNegative: isNegative) { return clamped(isNegative: isNegative) }
    let isInfinite = format.hasInfinity && (format.isSigned || !isNegative)
    return Rounded(
      isInfinite ? .infinity(negative: isNegative) : .nan, isInfinite ? [.inexact, .overflow] : [.inexact, .overflow, .invalid])
  }

  /// Whether what lies beyond an end of the range becomes that end.
  private func staysFinite(isNegative: Bool) -> Bool {
    let isBelowUnsigned = isNegative && !format.isSigned
    guard overflow == .ieee else { return overflow != .infinity && (overflow != .wrap || !isBelowUnsigned) }
    let isP3109 = format.isP3109
    return switch rounding {
    case .towardZero: !isBelowUnsigned || isP3109
    case .up: isNegative && (!isBelowUnsigned || isP3109) || format.isFiniteP3109 && !isBelowUnsigned
    case .down: !isNegative || format.isFiniteP3109 && !isBelowUnsigned
    case .toOdd: !isBelowUnsigned && (!isP3109 || format.isFiniteP3109 || !format.isSigned)
    case .nearestEven, .nearestAway, .nearestZero, .stochastic, .stochasticBits: format.isFiniteP3109 && !isBelowUnsigned
    }
  }

  /// `±integer` steps modulo 2^width, for fixed point. The integer is itself known modulo 2^128, and to the last bit when
  /// the number is anywhere near the range.
  private func wrapped(_ integer: UInt128, isNegative: Bool, isInRange: Bool, _ flags: Rounded.Flags) -> Rounded {
    let residue = (isNegative ? 0 &- integer : integer) & ((1 << UInt128(format.width)) - 1)
    let value = format.decode(residue)
    let magnitude = value.dyadic.map { $0.magnitude.integer(inUnitsOf: grid.quantum).magnitude }
    let isExact = isInRange && magnitude == integer && (integer == 0 || value.isNegative == isNegative)
    return Rounded(value, isExact ? flags : flags.union([.inexact, .overflow]))
  }
}
