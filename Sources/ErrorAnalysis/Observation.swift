// SPDX-License-Identifier: Apache-2.0
// What was seen of one evaluation, and the largest error that each rounding of it can have had.

public import Accumulation
public import Formats

/// What bounds need to know of one evaluation besides its problem.
public struct Observation: Sendable {
  /// A = Σ|xᵢyᵢ| or Σ|xᵢ|, exact or rounded up.
  public let magnitudes: Upward
  /// Σ of the largest error that each rounding can have had, given its result (half an ulp to nearest).
  public private(set) var ulps = Upward.zero
  /// Σ u|result| over the roundings, plus the underflow error of each.
  public private(set) var results = Upward.zero
  public private(set) var overflowed = false
  /// Additions of a nonzero term.
  public private(set) var nonzeroAdditions = 0
  /// Those that left the accumulator as it was.
  public private(set) var swallowed = 0

  public init(magnitudes: Upward) { self.magnitudes = magnitudes }

  /// Takes note of one rounding. Hand this to `DotProduct.evaluate(observe:)`.
  public mutating func note(_ step: Step) {
    if (step.kind == .addition || step.kind == .block) && !step.term.isZero {
      nonzeroAdditions += 1
      if step.isSwallowed { swallowed += 1 }
    }
    if step.rounded.flags.contains(.overflow) { overflowed = true }
    guard let result = step.rounded.value.dyadic else {
      overflowed = true
      return
    }
    if !step.cutting.isZero {
      let cutting = Upward(step.cutting)
      (ulps, results) = (ulps + cutting, results + cutting)
    }
    // Onto an empty accumulator nothing is added: the result is the term or it is not.
    if step.kind == .exact ? !step.rounded.flags.contains(.inexact) : step.before.isZero && step.term.dyadic == result { return }
    let rounder = step.rounder
    // In the subnormal range (in all of fixed point) multiples of the quantum are values.
    if step.isOnGrid, rounder.format.ulpExponent(result) == rounder.format.quantumExponent { return }
    ulps = ulps + rounder.largestError(at: result)
    results = results + rounder.relativeError * Upward(result.magnitude) + (step.isOnGrid ? .zero : rounder.absoluteError)
  }
}

extension Step {
  /// Whether the exact number was a multiple of the format's quantum, so that nothing underflowed.
  fileprivate var isOnGrid: Bool {
    // (The term of an exact sum may be cut.)
    guard kind != .exact, rounder.keepsSubnormals, let a = before.dyadic, let b = term.dyadic else { return false }
    let q = rounder.format.quantumExponent
    return a.isMultiple(ofPower: q) && b.isMultiple(ofPower: q)
  }
}

// MARK: - Error of one rounding

extension Rounder {
  /// Whether all multiples of η below the smallest normal number are kept; true for fixed point.
  var keepsSubnormals: Bool {
    guard case .floating(let f) = format.encoding else { return true }
    return f.hasSubnormals && subnormals == .keep
  }

  /// Whether the result is always the nearest value of the format.
  var isNearest: Bool { rounding.isNearest && subnormals == .keep }

  /// u with |fl(x) − x| ≤ u|x| in the normal range: 2^-p to nearest, 2^(1-p) in every other mode; 0 for fixed point.
  public var relativeError: Upward {
    format.isFloating ? Upward(Dyadic.power(rounding.isNearest ? -format.precision : 1 - format.precision)) : .zero
  }

  /// h with |fl(x) − x| ≤ h below the normal range (for fixed point, everywhere): half the spacing there to nearest, the
  /// spacing in other modes; the smallest normal number is the spacing where subnormals are missing or flushed. In a scale
  /// format, which has no zero, all that would round to one, from either side, becomes the smallest number: less than two of it.
  public var absoluteError: Upward {
    let spacing =
      keepsSubnormals || !format.isFloating
      ? Dyadic.power(format.quantumExponent) : format.minNormal ?? .power(format.quantumExponent)
    if format.minFinite > .zero { return Upward(spacing.scaled(by: 1)) }
    return Upward(isNearest ? spacing.scaled(by: -1) : spacing)
  }

  /// The largest |fl(x) − x| of any x that rounds to `result` without overflow: half an ulp of it to nearest, an ulp otherwise.
  public func largestError(at result: Dyadic) -> Upward {
    let ulp = Upward(isNearest ? format.ulp(result).scaled(by: -1) : format.ulp(result))
    guard let minNormal = format.minNormal, !keepsSubnormals, result.magnitude <= minNormal else { return ulp }
    return absoluteError
  }
}
