// SPDX-License-Identifier: Apache-2.0
// Dynamic fixed point: integers of P bits that share one exponent, and their arithmetic.

/// The numbers `integers[k] · 2^exponent`, P-bit two's-complement integers with one exponent for all: DFP-P.
///
/// Products and dot products are exact integers, so all rounding is in three places: quantising, aligning the operands of a sum, and
/// narrowing a result.
///
/// Source: Das et al., "Mixed precision training of convolutional neural networks using integer operations", ICLR 2018 (arXiv
/// 1802.00930).
public struct DynamicFixedPoint: Hashable, Sendable {
  /// P.
  public let width: Int
  /// Each of −(2^(P−1) − 1) … 2^(P−1) − 1.
  public let integers: [Int64]
  /// E, the exponent of one step. It means nothing when every integer is 0.
  public let exponent: Int

  /// - Parameter width: 2 to 64 bits, which must hold every integer.
  public init(integers: [Int64], exponent: Int, width: Int) {
    precondition((2...64).contains(width), "a width of 2 to 64 bits")
    let unused = Int64(64 - width)
    precondition(integers.allSatisfy { ($0 << unused) >> unused == $0 }, "integers of \(width) bits")
    (self.width, self.integers, self.exponent) = (width, integers, exponent)
  }

  /// The numbers rounded to P bits in the step that their largest magnitude asks for, or in 2^exponent.
  ///
  /// The default step leaves the largest magnitude P − 1 bits, so only rounding can leave the range: a number that it takes to
  /// +2^(P−1) steps saturates to 2^(P−1) − 1.
  ///
  /// - Parameter element: a saturating rounder to `qP.0`.
  /// - Random: number k takes draw k.
  public init(quantizing numbers: [Dyadic], _ element: Rounder, exponent: Int? = nil, random: RandomStream? = nil) {
    let width = element.integerWidth
    precondition(element.overflow == .saturate, "dynamic fixed point saturates")
    let largest = numbers.map(\.magnitude).max() ?? .zero
    let step = exponent ?? DynamicFixedPoint.stepExponent(largest: largest, width: width)
    let integers = numbers.enumerated().map { k, x in element.steps(x, of: step, random?.draw(k)).integer }
    self.init(integers: integers, exponent: step, width: width)
  }

  /// E = ⌊log₂ max|f|⌋ − (P − 2), so that max|f| is at least 2^(P−2) and less than 2^(P−1) steps; 0 for zeros.
  public static func stepExponent(largest: Dyadic, width: Int) -> Int { largest.isZero ? 0 : largest.magnitude.floorLog2 - (width - 2) }

  /// The numbers, exactly.
  public var values: [Dyadic] { integers.map { Dyadic(Int128($0), exponent: exponent) } }

  /// Whether every number is 0, or there is none, so that `exponent` means nothing. O(n).
  public var isZero: Bool { integers.allSatisfy { $0 == 0 } }
}

extension Rounder {
  /// P of a rounder to `qP.0`; traps for any other.
  fileprivate var integerWidth: Int {
    guard case .fixed(let f) = format.encoding, f.isSigned, f.fractionBits == 0 else {
      preconditionFailure("integers are rounded to a format qP.0, not to \(format)")
    }
    return f.integerBits
  }

  /// x / 2^exponent rounded to an integer of P bits, and whether it overflowed.
  fileprivate func steps(_ x: Dyadic, of exponent: Int, _ draw: Draw? = nil) -> (integer: Int64, overflows: Bool) {
    let rounded = round(Unrounded(x.scaled(by: -exponent)), draw: draw)
    // Fixed point holds finite numbers only.
    return (Int64(rounded.value.dyadic!.integer(inUnitsOf: 0)), rounded.flags.contains(.overflow))
  }
}

// MARK: - Arithmetic

extension DynamicFixedPoint {
  /// The products of corresponding numbers, exactly: integers multiply, exponents add.
  ///
  /// The result has the two widths together; it needs one bit less unless it contains the product of two most negative integers.
  public static func * (a: DynamicFixedPoint, b: DynamicFixedPoint) -> DynamicFixedPoint {
    precondition(a.integers.count == b.integers.count, "as many numbers on both sides")
    precondition(a.width + b.width <= 64, "products of at most 64 bits")
    let products = zip(a.integers, b.integers).map { $0 * $1 }
    return DynamicFixedPoint(integers: products, exponent: a.exponent + b.exponent, width: a.width + b.width)
  }

  /// Shift and add: the sums of corresponding numbers in steps of the larger exponent, `i_a + ⌊i_b / 2^(E_a − E_b)⌋`, one bit
  /// wider than the wider operand.
  ///
  /// Rounding: down, at the alignment only; a sum is too small by less than one step. All zeros have no exponent, and are
  /// not aligned to.
  public static func + (a: DynamicFixedPoint, b: DynamicFixedPoint) -> DynamicFixedPoint {
    precondition(a.integers.count == b.integers.count, "as many numbers on both sides")
    let width = max(a.width, b.width)
    precondition(width < 64, "sums of at most 64 bits")
    let exponent = a.isZero ? b.exponent : b.isZero ? a.exponent : max(a.exponent, b.exponent)
    let shift = Rounder(grid: Format(literal: "q\(width).0"), .down)
    let sums = zip(a.values, b.values).map { shift.steps($0, of: exponent).integer + shift.steps($1, of: exponent).integer }
    return DynamicFixedPoint(integers: sums, exponent: exponent, width: width + 1)
  }

  /// The numbers in P bits: shifted right, with rounding, by the fewest places R that make the largest magnitude fit, and the
  /// exponent raised by R.
  ///
  /// R = max(0, b − (P − 1)) with b the bits of max|i|. The rule R = P − LZC(max|i|), with leading zeros counted in 2P bits, keeps
  /// one bit too many: it leaves max|i| = 2^(P−1) as it is, which P bits with a sign do not hold.
  ///
  /// Rounding: to nearest it may reach 2^(P−1) again, which saturates.
  ///
  /// - Parameter element: a saturating rounder to `qP.0`.
  /// - Random: number k takes draw k.
  public func narrowed(_ element: Rounder, random: RandomStream? = nil) -> DynamicFixedPoint {
    let bits = 64 - (integers.map(\.magnitude).max() ?? 0).leadingZeroBitCount
    let shift = max(0, bits - (element.integerWidth - 1))
    return DynamicFixedPoint(quantizing: values, element, exponent: exponent + shift, random: random)
  }
}

// MARK: - Dot products

extension DynamicFixedPoint {
  /// What an integer accumulator made of a dot product.
  public struct Dot: Hashable, Sendable {
    /// What the accumulator holds at the end, in units of 2^exponent.
    public let integer: Int64
    /// The exact sum, likewise.
    public let exactInteger: Int128
    /// The sum counts units of 2 to this power.
    public let exponent: Int
    /// The first term that took the accumulator out of its range, `nil` if none did.
    public let firstOverflow: Int?

    /// What the accumulator holds, `integer` · 2^`exponent`, exactly: the dot product itself if `isExact`.
    public var value: Dyadic { Dyadic(Int128(integer), exponent: exponent) }
    /// A wrapping accumulator may be exact although it overflowed on its way.
    public var isExact: Bool { Int128(integer) == exactInteger }
  }

  /// `Σ a_k b_k`, accumulated from left to right in W bits.
  ///
  /// - Parameter accumulator: a rounder to `qW.0`, which saturates or wraps; its rounding mode has nothing to do.
  public static func dot(_ a: DynamicFixedPoint, _ b: DynamicFixedPoint, accumulator: Rounder) -> Dot {
    precondition(a.integers.count == b.integers.count, "as many numbers on both sides")
    _ = accumulator.integerWidth
    var (sum, exact, firstOverflow) = (Int64(0), Int128(0), Int?.none)
    for (k, (i, j)) in zip(a.integers, b.integers).enumerated() {
      let product = Int128(i) * Int128(j)
      exact += product
      let (next, overflows) = accumulator.steps(Dyadic(Int128(sum) + product), of: 0)
      sum = next
      if overflows && firstOverflow == nil { firstOverflow = k }
    }
    return Dot(integer: sum, exactInteger: exact, exponent: a.exponent + b.exponent, firstOverflow: firstOverflow)
  }

  /// How many products of integers up to `largest` in magnitude fit W bits whatever their signs: ⌊(2^(W−1) − 1) / largest²⌋.
  ///
  /// In 32 bits: 2 of DFP-16 when −2^15 does not occur, 1 when it does.
  public static func safeTerms(largest: Int64, accumulatorWidth: Int) -> Int128 {
    precondition(largest != 0 && (2...64).contains(accumulatorWidth), "a nonzero integer, and 2 to 64 bits")
    return ((1 << Int128(accumulatorWidth - 1)) - 1) / (Int128(largest) * Int128(largest))
  }
}

// MARK: - Error bounds

extension DynamicFixedPoint {
  /// d such that |f − i·2^E| ≤ d for every number quantised to steps of 2^E: half a step to nearest, a step in the other modes, and
  /// what saturation cuts off where that is more than a step.
  ///
  /// Half a step does not always suffice to nearest: above 2^(P−1) − ½ steps a number saturates, with an error of up to one step; d is a
  /// step then. In the default step d ≤ 2^(1−P) max|f| without such a number, and d ≤ 2^(2−P) max|f| with one and in the other modes.
  public static func elementErrorBound(_ numbers: [Dyadic], exponent: Int, _ element: Rounder) -> Dyadic {
    let (least, most) = (element.format.minFinite.scaled(by: exponent), element.format.maxFinite.scaled(by: exponent))
    let excess = max((numbers.max() ?? most) - most, least - (numbers.min() ?? least))
    let half = Dyadic.power(exponent - 1)
    return element.rounding.isNearest && excess <= half ? half : max(.power(exponent), excess)
  }

  /// A bound of |Σ â_k b̂_k − Σ a_k b_k| for numbers a, b within d_a, d_b of these, by the triangle inequality:
  /// `Σ (|â_k| d_b + |b̂_k| d_a) + n d_a d_b`. It holds with a, b in place of â, b̂ as well.
  ///
  /// - Complexity: O(n), exact; traps where the terms need more than 127 bits.
  public static func dotErrorBound(
    _ a: DynamicFixedPoint, _ b: DynamicFixedPoint, elementErrors: (a: Dyadic, b: Dyadic)
  ) -> Dyadic {
    precondition(a.integers.count == b.integers.count, "as many numbers on both sides")
    let (normA, normB) = (a.norm, b.norm)
    return normA * elementErrors.b + normB * elementErrors.a + Dyadic(Int128(a.integers.count)) * elementErrors.a * elementErrors.b
  }

  /// Σ |â_k|.
  private var norm: Dyadic { Dyadic(integers.reduce(Int128(0)) { $0 + Int128($1.magnitude) }, exponent: exponent) }
}
