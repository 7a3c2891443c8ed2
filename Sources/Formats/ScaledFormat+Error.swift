// SPDX-License-Identifier: Apache-2.0
// How far a value of a scaled format can be from its number, in round to nearest.

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

extension ScaledFormat {
  /// The supremum of |x − x̂| / M over all groups and their numbers x, where M is the group's largest magnitude; `nil` for shift and
  /// squeeze, whose errors have no bound in M.
  ///
  /// With elements rounded to nearest, any ties, and provided that the exponent of the scale is not clamped and a real scale (the block's,
  /// of two levels) is a normal number of its format that does not saturate. In units of S, M/S lies between two numbers lo and hi that
  /// the scale rule determines. A number above Ω saturates, with an error of at most hi − Ω at M = hi. In a binade of spacing 2h the
  /// error is at most h, first at the tie t = 2^F + h, in a group whose M/S is at least max(t, lo). So the supremum is
  ///
  /// max(1 − Ω/hi, max over binades F of h / max(t, lo)).
  ///
  /// Floor: lo = 2^emax, hi = 2 lo, and 1 − Ω/hi is 1/4 in mxfp4; for P-bit integers both parts are 2^(1−P). A scale rounded
  /// to nearest is (M/Ω)(1 + δ), |δ| ≤ u/(1+u): nvfp4 has u = 1/16, lo = 6·17/18 and, at the tie 5, 1/lo = 3/17.
  ///
  /// An affine scale covers at most 2M in N = q_max − q_min steps: 1/N, and a little for the rounding of S. Ternary values have errors
  /// below M. Other arithmetic than `exact` adds at most 2^-22 provided that S ≥ 2^-126, and values that need more than 53 bits 2^-52.
  /// Evaluated in binary64, exactly for powers of two except for a last division rounded to nearest.
  public var worstRelativeToMax: Double? {
    switch scale {
    case .power(let rule, _):
      return worst(quotients(rule))
    case .real(let format, let rounding), .twoLevel(let format, _, let rounding):
      let (down, up) = relativeErrors(format, rounding)
      return worst((largest / (1 + up), largest / (1 - down))) * (1 + 0x1p-50) + slack
    case .affine(let format, let rounding):
      // hi/S and lo/S are rounded apart; their sum may exceed N by half a step and by what S was rounded down.
      let (down, up) = relativeErrors(format, rounding)
      return (1 + up) * (1 / Double(exactly: element.maxFinite - element.minFinite)! + 2 * down / (1 - down)) * (1 + 0x1p-50) + slack
    case .fixed, .squeeze: return nil
    case .ternary: return 1
    }
  }


  private var largest: Double { Double(exactly: element.maxFinite)! }

  private var slack: Double { (arithmetic == .exact ? 0 : 0x1p-22) + 0x1p-52 }

  /// lo and hi for a power of two.
  private func quotients(_ rule: ExponentRule) -> (low: Double, high: Double) {
    let top = Double.power(element.maxFinite.floorLog2)
    switch rule {
    case .floor: return (top, 2 * top)
    case .ceil: return (top / 2, top)
    case .roundCeil: return (largest / 2, largest)
    case .even:
      let last = 1 - Double.power(-element.precision - 1)
      return (top * last, 2 * top * last)
    }
  }

  private func worst(_ quotients: (low: Double, high: Double)) -> Double {
    let emax = element.maxFinite.floorLog2
    let smallest = Double(exactly: element.minPositive)!
    let rounding = (emax - 3...emax).map { binade in
      let half = max(Double.power(element.ulpExponent(floorLog2: binade)), smallest) / 2
      let start = Double.power(binade)
      // Below the smallest element there is one tie, its half; at the end of the range there may be none.
      let tie = start < smallest ? half : start + half
      return tie > largest || tie > quotients.high ? 0 : half / max(tie, quotients.low)
    }
    return max(rounding.max()!, 1 - largest / quotients.high)
  }

  /// How far below and above a number, relative to it, its rounding to a normal number of a format can be.
  private func relativeErrors(_ format: Format, _ rounding: Rounding) -> (down: Double, up: Double) {
    let u = Double.power(-format.precision)
    return switch rounding {
    case .up: (0, 2 * u)
    case .down, .towardZero: (2 * u, 0)
    case .toOdd: (2 * u, 2 * u)
    default: (u / (1 + u), u / (1 + u))
    }
  }

  /// A bound of |x − x̂| for one finite number of a group of this scale, rounded to nearest; evaluated in binary64, outwards.
  ///
  /// With S the scale: max(u |x|, S η/2, |x| − Ω S), where η/2 is half the smallest positive element, and u = 0 for integers. With
  /// a zero point: max(S/2, x − (q_max − z) S, (q_min − z) S − x). With ternary factors a₁, a₂, ...: b₀ = |x|,
  /// b_j = max(a_j/2, b_(j−1) − a_j), the last of them. With shift and squeeze: the first bound for Y, taken back through
  /// |x| = (Y/2^β)^(1/α). Arithmetic in fp32 adds 2^-22 |x|, and says nothing (infinity) where S is below fp32's normal range: S or
  /// 1/S may then be far from what they should be. Where precision is tapered, the gap between the neighbours.
  public func errorBound(_ x: Double, scale: GroupScale) -> Double {
    let m = x.magnitude
    let u = element.isFloating ? Double.power(-element.precision) : 0
    let half = Double(exactly: element.minPositive)! / 2
    let bound: Double
    switch scale {
    case .real(let s) where element.isTapered:
      // At most the gap between the neighbours; numbers below the smallest become it.
      let s = Double(exactly: s)!
      let gap = m == 0 ? 0 : Double.power(element.ulpExponent(floorLog2: Int(min(m / s, largest).exponent)) + 1)
      bound = max(s * max(gap, 2 * half), m - largest * s)
    case .power, .real, .twoLevel:
      let s = scale.factor!
      let lowest = isSymmetric ? largest : -Double(exactly: element.minFinite)!
      bound = max(u * m, s * half, m - (x < 0 ? lowest : largest) * s)
    case .affine(_, let z):
      let s = scale.factor!
      let (first, last) = (Double(exactly: element.minFinite)! - Double(z), largest - Double(z))
      bound = max(s / 2, x - last * s, first * s - x)
    case .ternary(let factors):
      bound = factors.reduce(m) { b, a in max(Double(exactly: a)! / 2, b - Double(exactly: a)!) } + m * 0x1p-22
    case .squeeze(let alpha, let beta):
      if m == 0 { return 0 }
      let y = exp2(alpha * log2(m) + beta)
      let h = max(u * y, half, y - largest)
      let (low, high) = (pow(max(0, y - h) / y, 1 / alpha), pow((y + h) / y, 1 / alpha))
      bound = m * max(1 - low, high - 1) + m * 0x1p-30
    }
    if arithmetic != .exact, let s = scale.factor, s < 0x1p-126 { return .infinity }
    return bound + m * (arithmetic == .exact ? 0 : 0x1p-22) + (bound + m) * 0x1p-50
  }
}
