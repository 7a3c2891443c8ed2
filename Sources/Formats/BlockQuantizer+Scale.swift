// SPDX-License-Identifier: Apache-2.0
// From a group's summary to its scale.

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension BlockQuantizer {
  /// The scale of a group of this summary, which for two-level scales needs the tensor's as well.
  ///
  /// Not for ternary formats, whose scales depend on every number.
  public func scale(of group: GroupSummary, within tensor: GroupSummary? = nil) -> GroupScale {
    scale(of: group, tensor.map(tensorScale))
  }

  /// g = M_tensor / (Ω Ω_s), rounded to nearest.
  func tensorScale(of tensor: GroupSummary) -> Dyadic {
    guard let scaling = facts.scaling, let rounder = facts.tensorScaling else {
      preconditionFailure("only two-level scales have a tensor scale")
    }
    return rounder.quotient(tensor.exactMaxMagnitude, facts.largest * scaling.format.maxFinite)
  }

  func scale(of group: GroupSummary, _ tensorScale: Dyadic?) -> GroupScale {
    let m = group.exactMaxMagnitude
    switch format.scale {
    case .power(let rule, _):
      let exponents = facts.exponents
      guard !m.isZero else { return .power(exponents.lowerBound) }
      let e = rule.exponent(of: m, largest: facts.largest, precision: format.element.precision)
      return .power(min(max(e, exponents.lowerBound), exponents.upperBound))
    case .real:
      return .real(facts.scaling!.quotient(m, facts.largest))
    case .twoLevel:
      guard let g = tensorScale else { preconditionFailure("a two-level scale needs the tensor's summary") }
      return .twoLevel(block: facts.scaling!.quotient(m, facts.largest * g), tensor: g)
    case .affine:
      return affineScale(of: group)
    case .fixed(let s):
      return .real(s)
    case .squeeze:
      guard let mean = group.meanLogarithm, let emax = format.element.emax else { return .squeeze(alpha: 1, beta: 0) }
      let top = log2(group.maxMagnitude)
      if top - mean < 0x1p-20 { return .squeeze(alpha: 1, beta: -top) }
      let alpha = Double(emax) / (top - mean)
      return .squeeze(alpha: alpha, beta: -alpha * mean)
    case .ternary:
      preconditionFailure("a ternary scale depends on every number of the group")
    }
  }

  private func affineScale(of group: GroupSummary) -> GroupScale {
    let (low, high) = (Dyadic(group.minimum)!, Dyadic(group.maximum)!)
    let (first, last) = (format.element.minFinite, format.element.maxFinite)
    let scale = facts.scaling!.quotient(Unrounded.sum(high, -low).roundedToOdd, last - first)
    // A group of zeros: any zero point will do, and 0 is the readable one.
    if scale.isZero { return .affine(scale: scale, zeroPoint: 0) }
    let offset = Rounder(grid: rounder.format, .nearestEven).quotient(-low, scale)
    return .affine(scale: scale, zeroPoint: Int(min(first + offset, last).integer(inUnitsOf: 0)))
  }
}

extension Rounder {
  /// `a / b` rounded once by a saturating rounder, for b ≥ 0; where b is 0, what 0 is rounded to.
  fileprivate func quotient(_ a: Dyadic, _ b: Dyadic) -> Dyadic {
    round(b.isZero ? Unrounded(b) : Unrounded.quotient(a, b)).value.dyadic ?? .zero
  }
}

extension GroupSummary {
  var exactMaxMagnitude: Dyadic { Dyadic(maxMagnitude)! }
}

/// What every group asks of a scaled format, worked out once.
struct ScaleFacts: Hashable, Sendable {
  /// Ω.
  let largest: Dyadic
  /// The elements in use.
  let range: ClosedRange<Dyadic>
  /// Elements below it are subnormal.
  let minNormal: Double
  /// Exponents of power-of-two scales.
  let exponents: ClosedRange<Int>
  /// How real scales, and the tensor's of two levels, are rounded.
  let scaling: Rounder?
  let tensorScaling: Rounder?

  init(_ format: ScaledFormat) {
    let element = format.element
    largest = element.maxFinite
    range = (format.isSymmetric ? -element.maxFinite : element.minFinite)...element.maxFinite
    minNormal = element.minNormal.flatMap(Double.init(exactly:)) ?? 0
    switch format.scale {
    case .power(_, let scale):
      exponents = scale.minFinite.floorLog2...scale.maxFinite.floorLog2
      (scaling, tensorScaling) = (nil, nil)
    case .real(let scale, let rounding), .affine(let scale, let rounding):
      exponents = 0...0
      (scaling, tensorScaling) = (Rounder(grid: scale, rounding), nil)
    case .twoLevel(let block, let tensor, let rounding):
      exponents = 0...0
      (scaling, tensorScaling) = (Rounder(grid: block, rounding), Rounder(grid: tensor, .nearestEven))
    case .fixed, .squeeze, .ternary:
      exponents = 0...0
      (scaling, tensorScaling) = (nil, nil)
    }
  }
}
