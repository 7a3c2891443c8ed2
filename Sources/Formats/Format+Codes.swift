// SPDX-License-Identifier: Apache-2.0
// Values and codes of a format: decode, encode, classify, order.

extension Format {
  /// The bits of a value, right-aligned.
  public typealias Code = UInt128

  /// Every code of a format of at most 32 bits, in the order of the unsigned integers.
  public var codes: Range<UInt64> {
    precondition(width <= 32, "\(name) has 2^\(width) codes: too many to enumerate")
    return 0..<(1 << UInt64(width))
  }

  /// The value of a code; traps if the code has more bits than the format.
  public func decode(_ code: Code) -> Value {
    precondition(width == 128 || code >> Code(width) == 0, "a code of \(name) has \(width) bits")
    switch encoding {
    case .fixed(let f):
      let isNegative = f.isSigned && code >> Code(width - 1) == 1
      let integer = Int128(code) - (isNegative ? Int128(1) << Int128(width) : 0)
      return .finite(Dyadic(integer, exponent: -f.fractionBits))
    case .tapered:
      if code == 0 { return .zero }
      let isNegative = code >> Code(width - 1) == 1
      let magnitudeCode = isNegative ? (1 << Code(width)) - code : code
      if magnitudeCode > maxMagnitudeCode { return .nan }
      let magnitude = magnitude(ofMagnitudeCode: magnitudeCode)
      return .finite(isNegative ? -magnitude : magnitude)
    case .floating(let f):
      let signBit = Code(1) << Code(f.exponentBits + f.fractionBits)
      let isNegative = f.isSigned && code & signBit != 0
      let magnitudeCode = isNegative ? code ^ signBit : code
      if isNegative && magnitudeCode == 0 && !hasNegativeZero { return .nan }
      if magnitudeCode > maxMagnitudeCode {
        // Infinity comes first after the numbers, wherever there is one.
        let isInfinity = hasInfinity && magnitudeCode == maxMagnitudeCode + 1
        return isInfinity ? .infinity(negative: isNegative) : .nan
      }
      let magnitude = magnitude(ofMagnitudeCode: magnitudeCode)
      // The codes that `:nosub` reads as zero have a sign only where zero has one.
      if isNegative && magnitude.isZero && hasNegativeZero { return .negativeZero }
      return .finite(isNegative ? -magnitude : magnitude)
    }
  }

  /// The finite magnitude of a code whose sign bit is clear; not for fixed point.
  func magnitude(ofMagnitudeCode code: Code) -> Dyadic {
    let f: Floating
    switch encoding {
    case .fixed: preconditionFailure("fixed point has no magnitude codes")
    case .tapered(let tapered): return tapered.magnitude(ofCode: code)
    case .floating(let floating): f = floating
    }
    let field = Int(code >> Code(f.fractionBits))
    let fraction = Int128(code & ((1 << Code(f.fractionBits)) - 1))
    if field == 0 {
      switch f.zeroField {
      case .subnormals: return Dyadic(fraction, exponent: quantumExponent)
      case .zeros: return .zero
      case .binade where fraction == 0: return .zero
      case .binade, .power: break
      }
    }
    return Dyadic(fraction + (1 << Int128(f.fractionBits)), exponent: field - f.bias - f.fractionBits)
  }

  /// The code of a value, or `nil` if the format has none.
  ///
  /// NaN is the code with the quiet bit set and the sign clear where the format has several (the last one of `fn`
  /// formats, the only one of `fnuz`). −0 is encoded as +0 in formats without a negative zero.
  public func encode(_ value: Value) -> Code? {
    switch (encoding, value) {
    case (.fixed(let f), .finite), (.fixed(let f), .negativeZero):
      guard let x = value.dyadic, x.isMultiple(ofPower: -f.fractionBits), x >= minFinite, x <= maxFinite else { return nil }
      let integer = x.integer(inUnitsOf: -f.fractionBits)
      return Code(truncatingIfNeeded: integer) & ((1 << Code(width)) - 1)
    case (.fixed, _): return nil
    case (.tapered, .nan): return 1 << Code(width - 1)
    case (.tapered, .infinity): return nil
    case (.tapered, .negativeZero): return 0
    case (.tapered(let f), .finite(let x)):
      guard let code = f.code(ofMagnitude: x.magnitude) else { return nil }
      return x.isNegative ? (1 << Code(width)) - code : code
    case (.floating(let f), .nan):
      guard hasNaN else { return nil }
      return switch f.specials {
      case .ieee: maxMagnitudeCode + 1 + (1 << Code(f.fractionBits - 1))
      case .negativeZeroNaN: 1 << Code(width - 1)
      case .p3109(let isExtended): f.isSigned ? 1 << Code(width - 1) : maxMagnitudeCode + (isExtended ? 2 : 1)
      case .allOnesNaN, .allOnesInfinity, .none: maxMagnitudeCode + 1
      }
    case (.floating(let f), .infinity(let negative)):
      guard hasInfinity, f.isSigned || !negative else { return nil }
      return withSign(negative, maxMagnitudeCode + 1)
    case (.floating(let f), .negativeZero):
      return f.hasZero ? withSign(hasNegativeZero, 0) : nil
    case (.floating, .finite(let x)):
      guard isSigned || !x.isNegative, let code = magnitudeCode(of: x.magnitude) else { return nil }
      return withSign(x.isNegative, code)
    }
  }

  private func withSign(_ isNegative: Bool, _ magnitudeCode: Code) -> Code {
    isNegative ? magnitudeCode | 1 << Code(width - 1) : magnitudeCode
  }

  /// The code, sign clear, of a magnitude, or `nil` if it is not a value of this floating-point format.
  private func magnitudeCode(of x: Dyadic) -> Code? {
    guard case .floating(let f) = encoding else { preconditionFailure("only floating point has an exponent field") }
    if x.isZero { return f.hasZero ? 0 : nil }
    guard x <= maxFinite, x >= minPositive, let emin else { return nil }
    let quantum = max(x.floorLog2, emin) - f.fractionBits
    guard x.isMultiple(ofPower: quantum) else { return nil }
    let significand = Code(x.integer(inUnitsOf: quantum))
    // Subnormals have field 0 and no leading bit, so the leading bit of a normal significand adds 1 to its field.
    let field = quantum - quantumExponent
    return significand + Code(field) << Code(f.fractionBits) - (f.hasBinadeOfFieldZero ? 1 << Code(f.fractionBits) : 0)
  }

  /// Whether a real number is a value of the format.
  public func contains(_ x: Dyadic) -> Bool { encode(.finite(x)) != nil }
}

// MARK: - Classes

extension Format {
  /// The five kinds of values that IEEE 754 distinguishes, signs apart.
  public enum Class: String, Sendable, Codable, CaseIterable {
    /// ±0.
    case zero
    /// Nonzero and below the normal range.
    case subnormal
    /// In the normal range.
    case normal
    /// ±∞.
    case infinity
    /// No number.
    case nan
  }

  /// The class of a value of this format. Fixed-point numbers other than 0 count as normal.
  public func classify(_ value: Value) -> Class {
    switch value {
    case .nan: return .nan
    case .infinity: return .infinity
    case .negativeZero: return .zero
    case .finite(let x):
      if x.isZero { return .zero }
      guard let emin else { return .normal }
      return x.floorLog2 < emin ? .subnormal : .normal
    }
  }
}

// MARK: - Spacing and neighbours

extension Format {
  /// ufp(x) = 2^⌊log₂|x|⌋; ufp(0) = 0.
  public static func ufp(_ x: Dyadic) -> Dyadic { x.isZero ? .zero : .power(x.floorLog2) }

  /// Exponent of the spacing of the format's grid at x, as if the range had no upper end:
  /// max(⌊log₂|x|⌋ − p + 1, quantumExponent). Where precision is tapered: ⌊log₂⌋ of the gap above 2^⌊log₂|x|⌋.
  public func ulpExponent(_ x: Dyadic) -> Int { x.isZero ? quantumExponent : ulpExponent(floorLog2: x.floorLog2) }

  /// The same for a number of which only ⌊log₂|x|⌋ is known.
  public func ulpExponent(floorLog2: Int) -> Int {
    switch encoding {
    case .floating: max(floorLog2 - precision + 1, quantumExponent)
    case .fixed: quantumExponent
    case .tapered(let f): f.gapExponent(floorLog2: floorLog2)
    }
  }

  /// ulp(x) = max(ufp(x)·2^(1−p), η); ulp(0) = η. For fixed point the step.
  public func ulp(_ x: Dyadic) -> Dyadic { .power(ulpExponent(x)) }

  /// The smallest value of the format above x: a finite value, or +∞ above the largest where the format has it; `nil` if
  /// there is none. x need not be in the format.
  public func next(above x: Dyadic) -> Value? { neighbour(of: x, towards: .up) }

  /// The largest value of the format below x, likewise.
  public func next(below x: Dyadic) -> Value? { neighbour(of: x, towards: .down) }

  private func neighbour(of x: Dyadic, towards direction: Rounding) -> Value? {
    let isUp = direction == .up
    if isUp ? x >= maxFinite : x <= minFinite {
      return hasInfinity && (isUp || isSigned) ? .infinity(negative: !isUp) : nil
    }
    if isUp && x < minFinite { return .finite(minFinite) }
    if !isUp && x > maxFinite { return .finite(maxFinite) }
    if case .tapered(let f) = encoding { return .finite(f.neighbour(of: x, isUp: isUp)) }
    let clamp = Rounder(grid: self, direction)
    let rounded = clamp.round(Unrounded(x)).value
    guard rounded.dyadic == x else { return rounded.isZero ? .zero : rounded }
    // x is a value itself: a step shorter than any spacing leads off it, and the directed rounding finishes the way.
    let step = Dyadic.power(ulpExponent(x) - 2)
    let beyond = clamp.round(Unrounded.sum(x, isUp ? step : -step)).value
    return beyond.isZero ? .zero : beyond
  }
}
