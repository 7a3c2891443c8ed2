// SPDX-License-Identifier: Apache-2.0
// Which roundings the vector kernels carry out exactly, and the numbers that they need.

package import CKernels

/// A rounder as the vector kernels see it, where one of them equals it bit for bit on every number of the carrier.
package struct RoundingKernel: Sendable {
  /// What `ck_kernels.round` takes, and with it every kernel that rounds in any mode.
  package let rounding: ck_rounding
  package let carrier: Carrier
  /// Whether the grid is that of `roundGradual`: one spacing below the smallest normal number, which is one of the carrier's.
  package let isGradual: Bool
  /// And whether the anchors of all the format's numbers are within the carrier's range.
  package let hasAnchors: Bool
  /// Whether both ends of the range are alike, and infinite numbers end up where finite ones beyond the range do.
  package let hasOneEnd: Bool
  /// What is to be corrected after rounding, next to zero.
  let gap: ck_gap?

  /// - Parameter correctsGap: whether the caller does what ``gap`` says.
  /// - Throws: why no kernel fits, as the end of a sentence about the rounder.
  package init(_ rounder: Rounder, carrier: Carrier, correctsGap: Bool = false) throws(KernelRefusal) {
    let (format, grid, P) = (rounder.format, rounder.grid, carrier.precision)
    gap = correctsGap && format.isFloating && grid.isIrregular ? ck_gap(rounder, carrier) : nil
    guard !grid.isIrregular || gap != nil else { throw .grid("gaps that are no powers of two") }
    guard grid.hasZero else { throw .grid("no zero") }
    guard grid.isFixed || grid.precision > 1 else { throw .grid("one-bit significands, whose ties go by the exponent") }
    guard rounder.overflow != .wrap else { throw .wrapping }
    if case .stochasticBits(let count, let rule) = rounder.rounding {
      guard rule == .cut else { throw .randomBits("probabilities rounded to nearest") }
      guard count <= 32 else { throw .randomBits("more than 32 random bits") }
    }
    // The fraction that is cut off needs a bit of its own for what was lost before, so two bits at least.
    let widest = grid.isFixed ? P - 4 : P - 2
    guard grid.precision <= widest else { throw .precision(grid.precision, most: widest, carrier) }
    guard grid.maxTop <= carrier.emax else { throw .range(carrier) }

    var c = ck_rounding()
    (c.mode, c.randomBits) = rounder.rounding.kernelMode
    c.hasNegativeZero = format.hasNegativeZero ? 1 : 0
    if grid.isFixed {
      // Magnitudes up to 2^(p + 1) steps are integers plus `shift` bits.
      c.shift = Int32(P - 2 - grid.precision)
      let anchor = grid.quantum + grid.precision + 1
      guard anchor - P + 1 >= carrier.emin, anchor <= carrier.emax else { throw .range(carrier) }
      (c.smallBelow, c.smallAnchor) = (.power(anchor), .power(anchor))
    } else {
      c.shift = Int32(P - grid.precision)
      if grid.flushes {
        guard grid.emin > carrier.emin + 1 else { throw .range(carrier) }
        c.flushBelow = .power(grid.emin)
      } else if grid.emin == carrier.emin && !grid.skipsSubnormals {
        // The carrier's own subnormals, cut at the same place, are the format's.
      } else {
        let spacing = grid.skipsSubnormals ? grid.emin : grid.quantum
        guard grid.emin >= carrier.emin else { throw .range(carrier) }
        c.smallBelow = .power(grid.emin)
        c.smallAnchor = .power(spacing - Int(c.shift) + P - 1)
      }
    }
    for (negative, i) in [(false, 0), (true, 1)] {
      let end = negative ? format.minFinite.magnitude : grid.maxFinite
      let beyond = Unrounded(isNegative: negative, magnitude: 1, exponent: grid.maxTop + 8)
      let draw = RandomStream(seed: 0).draw(0)
      c.setEnd(
        i, Double(exactly: end)!, rounder.round(beyond, draw: draw).value.double,
        rounder.round(Extended.infinity(negative: negative)).value.double)
    }
    hasOneEnd =
      c.largest.0 == c.largest.1 && RoundingKernel.same(c.overflow.0, c.infinity.0) && RoundingKernel.same(c.overflow.1, c.infinity.1)
      && RoundingKernel.same(c.overflow.0, -c.overflow.1)
    c.saturates = c.overflow.0 == c.largest.0 ? 1 : 0

    // M = 1.5 · 2^(e + P − p) for every e up to one beyond the largest number's, and never below the carrier's normal numbers.
    let precision = grid.isFixed ? P - 2 : grid.precision
    let smallest = grid.isFixed ? grid.quantum + precision - 1 : grid.emin
    c.anchorDistance = Int32(P - precision)
    isGradual = !grid.flushes && !grid.skipsSubnormals && smallest >= carrier.emin && smallest + P - precision <= carrier.emax
    hasAnchors = isGradual && grid.maxTop + 1 + P - precision <= carrier.emax
    c.smallestNormal = isGradual ? .power(smallest) : 0
    rounding = c
    self.carrier = carrier
  }

  private static func same(_ x: Double, _ y: Double) -> Bool { x == y || x.isNaN && y.isNaN }

  /// Whether `ck_kernels.roundNearest` equals the rounder.
  package var isNearest: Bool { rounding.mode == CK_NEAREST_EVEN && hasAnchors && hasOneEnd && rounding.hasNegativeZero == 1 }

  /// Whether `ck_kernels.dither` equals the rounder: the bits fit, and 2^-32 of the smallest last place is a normal number.
  package var isDithered: Bool {
    return rounding.mode == CK_STOCHASTIC && hasAnchors && hasOneEnd && rounding.hasNegativeZero == 1
      && (1...min(32, carrier.precision)).contains(Int(rounding.randomBits))
      && Int(rounding.smallestNormal.exponent) + 1 - (carrier.precision - Int(rounding.anchorDistance)) - 32 >= carrier.emin
  }
}

extension ck_gap {
  /// As ``Rounder/roundBetweenCodes(_:)`` decides between the codes 0, which is even, and 1.
  fileprivate init(_ rounder: Rounder, _ carrier: Carrier) {
    let end = Double(exactly: rounder.format.minPositive)!
    let below = carrier == .binary32 ? Double(Float(end / 2).nextDown) : (end / 2).nextDown
    let limits: (Double, Double) =
      switch rounder.rounding {
      case .nearestEven, .nearestZero: (end / 2, end / 2)
      case .nearestAway: (below, below)
      case .up: (0, end)
      case .down: (end, 0)
      case .toOdd: (0, 0)
      // (Stochastic roundings to such formats are refused.)
      case .towardZero, .stochastic, .stochasticBits: (end, end)
      }
    self.init(end: end, limit: limits, hasNegativeZero: rounder.format.hasNegativeZero ? 1 : 0)
  }
}

/// Why no kernel carries out a rounding: the end of a sentence.
package enum KernelRefusal: Error, Hashable, Sendable, CustomStringConvertible {
  case grid(String)
  case wrapping
  case randomBits(String)
  case precision(Int, most: Int, Carrier)
  case range(Carrier)

  package var description: String {
    switch self {
    case .grid(let what): "the format has \(what)"
    case .wrapping: "the result wraps"
    case .randomBits(let what): what
    case .precision(let p, let most, let carrier): "p = \(p), and kernels in binary\(carrier.rawValue) take at most \(most) bits"
    case .range(let carrier): "the range of the format exceeds what kernels in binary\(carrier.rawValue) hold"
    }
  }
}

extension Rounding {
  /// The kernels' number of a mode, and its random bits.
  package var kernelMode: (mode: Int32, bits: Int32) {
    switch self {
    case .nearestEven: (Int32(CK_NEAREST_EVEN), 0)
    case .nearestAway: (Int32(CK_NEAREST_AWAY), 0)
    case .nearestZero: (Int32(CK_NEAREST_ZERO), 0)
    case .towardZero: (Int32(CK_TOWARD_ZERO), 0)
    case .up: (Int32(CK_UP), 0)
    case .down: (Int32(CK_DOWN), 0)
    case .toOdd: (Int32(CK_TO_ODD), 0)
    case .stochastic: (Int32(CK_STOCHASTIC), 0)
    case .stochasticBits(let count, _): (Int32(CK_STOCHASTIC), Int32(count))
    }
  }
}

extension ck_rounding {
  fileprivate mutating func setEnd(_ i: Int, _ largest: Double, _ overflow: Double, _ infinity: Double) {
    if i == 0 {
      (self.largest.0, self.overflow.0, self.infinity.0) = (largest, overflow, infinity)
    } else {
      (self.largest.1, self.overflow.1, self.infinity.1) = (largest, overflow, infinity)
    }
  }
}
