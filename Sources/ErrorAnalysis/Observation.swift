// SPDX-License-Identifier: Apache-2.0
// What was seen of one evaluation, and the largest error that each rounding of it can have had.

public import Accumulation
public import Formats

/// What bounds need to know of one evaluation besides its problem.
public struct Observation: Sendable {
  /// A = Σ|xᵢyᵢ| or Σ|xᵢ|, exact or rounded up.
  public let magnitudes: Upward
  /// |s|, the exact sum's magnitude, exact or rounded up.
  public let sum: Upward
  /// Σ of the largest error that each rounding can have had, given its result (half an ulp to nearest).
  public private(set) var ulps = Upward.zero
  /// Σ u|result| over the roundings, plus the underflow error of each.
  public private(set) var results = Upward.zero
  /// Whether a result overflowed or was not finite: then no bound holds.
  public private(set) var overflowed = false
  /// Additions of a nonzero term.
  public private(set) var nonzeroAdditions = 0
  /// Those that left the accumulator as it was.
  public private(set) var swallowed = 0
  /// The stochastic roundings, and those to nearest: chance applies to them, by law or as a model.
  public private(set) var stochastic = Chance()
  /// The roundings to nearest.
  public private(set) var nearest = Chance()
  /// Σ of the largest errors of all others, and of what alignment can have cut.
  public private(set) var others = Upward.zero
  /// What independent rounding errors, each spread evenly over its gap, would amount to.
  public private(set) var model = ErrorModel()

  /// Roundings of one kind.
  public struct Chance: Sendable {
    /// Σ gap², the gap being that between the neighbours of the exact number, or more.
    public fileprivate(set) var squares = Upward.zero
    /// Σ of the largest errors.
    public fileprivate(set) var errors = Upward.zero
    /// Σ of the largest biases, where few random bits leave one.
    public fileprivate(set) var bias = Upward.zero
  }

  /// Takes the sum's magnitude for that of its terms if it is not given.
  public init(magnitudes: Upward, sum: Upward? = nil) { (self.magnitudes, self.sum) = (magnitudes, sum ?? magnitudes) }

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
      (ulps, results, others) = (ulps + cutting, results + cutting, others + cutting)
    }
    model.drift += step.drift
    // Onto an empty accumulator nothing is added: the result is the term or it is not.
    let isExact = step.kind == .exact || step.kind == .block ? !step.rounded.flags.contains(.inexact) : step.before.isZero && step.term.dyadic == result
    if isExact { return }
    let rounder = step.rounder
    // In the subnormal range (in all of fixed point) multiples of the quantum are values.
    if step.isOnGrid, rounder.format.ulpExponent(result) == rounder.format.quantumExponent { return }
    let largest = rounder.largestError(at: result)
    ulps = ulps + largest
    results = results + rounder.relativeError * Upward(result.magnitude) + (step.isOnGrid ? .zero : rounder.absoluteError)
    let gap = rounder.isNearest ? largest + largest : largest
    if rounder.rounding.isStochastic && rounder.isUnbiased {
      stochastic.note(gap, largest, bias: gap * rounder.rounding.largestBias)
    } else if rounder.isNearest {
      nearest.note(gap, largest, bias: .zero)
    } else {
      others = others + largest
    }
    model.note(rounder.rounding, gap.value, isNegative: result.isNegative, level: step.level)
  }
}

extension Observation.Chance {
  fileprivate mutating func note(_ gap: Upward, _ largest: Upward, bias: Upward) {
    (squares, errors, self.bias) = (squares + gap * gap, errors + largest, self.bias + bias)
  }
}

/// The mean and the variance that the error of a sum would have if its rounding errors were independent and evenly spread.
///
/// A model, not a bound: it fails where terms are smaller than half an ulp of the sum and alike in sign.
public struct ErrorModel: Sendable {
  /// Σ of the mean errors of directed roundings and of cut addends.
  public internal(set) var drift = 0.0
  /// Σ of the variances at each level of the plan, innermost first; rounded products come before them.
  public internal(set) var variances: [Double] = []

  mutating func note(_ rounding: Rounding, _ gap: Double, isNegative: Bool, level: Int) {
    while variances.count < level + 2 { variances.append(0) }
    switch rounding {
    case .nearestEven, .nearestAway, .nearestZero: variances[level + 1] += gap * gap / 12
    case .stochastic, .stochasticBits: variances[level + 1] += gap * gap / 6
    case .toOdd: variances[level + 1] += gap * gap / 3
    case .towardZero, .up, .down:
      variances[level + 1] += gap * gap / 12
      drift += (rounding == .up || rounding == .towardZero && isNegative ? gap : -gap) / 2
    }
  }

  /// √(mean² + variance).
  public var rms: Double { (drift * drift + variances.reduce(0, +)).squareRoot() }
}

extension Rounding {
  /// The largest |bias| of a stochastic rounding as a share of the gap: none with unlimited random bits, less than the weight of the last of N
  /// bits where the rest is cut, half of it where the rest is rounded.
  var largestBias: Upward {
    guard case .stochasticBits(let count, let rule) = self else { return .zero }
    return Upward(Dyadic.power(rule == .cut ? -count : -count - 1))
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

  /// Whether a number always lies between the two values that random bits choose from: none is flushed, and zero is one.
  fileprivate var isUnbiased: Bool { subnormals == .keep && !(format.minFinite > .zero) }

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
