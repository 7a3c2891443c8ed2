// SPDX-License-Identifier: Apache-2.0
// How many bits a fixed-point accumulator needs so that no dot product of a given length rounds or overflows.

/// The narrowest fixed-point accumulator that holds every sum of at most n products of values of two formats exactly.
///
/// Every product is a multiple of 2^q, the product of the formats' quanta (η_a η_b for floating point), so a sum is an integer
/// of this unit, from n times the smallest product (or 0) to n times the largest (or 0). Where the largest and the smallest product
/// are P and −P units, as in every signed floating-point format, that takes
/// `W = ⌊log₂(n P)⌋ + 2` bits, P = (Ω_a / η_a)(Ω_b / η_b).
///
/// Wrapping modulo 2^W during the sum does no harm either: a W-bit register that wraps ends on the exact sum. A saturating
/// one needs, as here, every partial sum in range.
///
/// Source: Kulisch, "Computer Arithmetic and Validity", 2013, chapter 8, for the register; the integers are exact here. Coq has checked
/// that the W bits above are enough, that one less is not, and that wrapping is harmless (proofs/coq/FixedPoint.v).
public struct ExactAccumulator: Hashable, Sendable {
  /// q: every product, and so every sum, is a multiple of 2^q.
  public let quantumExponent: Int
  /// ⌊log₂ P⌋ + 1, the bits of the largest magnitude of one product in units of 2^q; 0 if every product is 0.
  public let productMagnitudeBits: Int
  /// Whether some product is negative: the accumulator is then two's complement, otherwise unsigned.
  public let isSigned: Bool
  /// W, the sign included.
  public let width: Int

  /// - Parameter count: n, at least 1.
  /// - Complexity: O(1); the integers may have 290 bits.
  public init(products a: Format, _ b: Format, count: Int) {
    precondition(count >= 1, "a dot product of at least one term")
    let q = a.quantumExponent + b.quantumExponent
    // The extreme products are products of extreme values.
    let corners = [a.minFinite, a.maxFinite].flatMap { x in [b.minFinite, b.maxFinite].map { (x, $0) } }
      .filter { !$0.isZero && !$1.isZero }
    func bits(_ x: Dyadic, _ y: Dyadic, times n: Int) -> Int {
      bitLength(x.significand.magnitude, y.significand.magnitude, times: UInt64(n)) + x.exponent + y.exponent - q
    }
    let positive = corners.filter { $0.isNegative == $1.isNegative }.map { bits($0, $1, times: count) }
    // Two's complement holds −2^k with the bits of 2^k − 1. A product of integers is a power of two when each factor is.
    let negative = corners.filter { $0.isNegative != $1.isNegative }.map { x, y in
      let isPower = x.significand.magnitude == 1 && y.significand.magnitude == 1 && count.nonzeroBitCount == 1
      return bits(x, y, times: count) - (isPower ? 1 : 0)
    }
    quantumExponent = q
    productMagnitudeBits = corners.map { bits($0, $1, times: 1) }.max() ?? 0
    isSigned = !negative.isEmpty
    width = max((positive + negative).max() ?? 0, isSigned ? 0 : 1) + (isSigned ? 1 : 0)
  }

  /// The accumulator as a format, `qM.N` or `uqM.N`; `nil` if it has more than 64 bits.
  ///
  /// For n terms of qA.a and qB.b it has a + b fraction bits and A + B + ⌊log₂ n⌋ integer bits, signs included: the product
  /// of the two most negative values, n times, decides. The customary A + B + ⌈log₂ n⌉ has one too many unless n is a power of two.
  public var format: Format? {
    let fraction = max(-quantumExponent, 0)
    let integer = max(width + quantumExponent, isSigned ? 1 : 0)
    return try? Format("\(isSigned ? "q" : "uq")\(integer).\(fraction)")
  }
}

/// ⌊log₂(a b n)⌋ + 1 for positive integers.
private func bitLength(_ a: UInt128, _ b: UInt128, times n: UInt64) -> Int {
  let product = a.multipliedFullWidth(by: b)
  let low = product.low.multipliedFullWidth(by: UInt128(n))
  let high = product.high.multipliedFullWidth(by: UInt128(n))
  let (middle, carry) = high.low.addingReportingOverflow(low.high)
  let words = [high.high + (carry ? 1 : 0), middle, low.low]
  let first = words.firstIndex { $0 != 0 } ?? 2
  return 128 * (3 - first) - words[first].leadingZeroBitCount
}

/// Widths P of signed accumulators in which an integer dot product Σ x_i w_i cannot overflow, whatever the inputs are.
///
/// The inputs x_i have N bits, two's complement or unsigned; the weights w_i are signed. Both bounds of A2Q majorise |x_i| by
/// 2^(N − s), s = 1 for signed inputs and 0 for unsigned ones, and ask for P ≥ t + φ(t) + 1 with φ(t) = log₂(1 + 2^-t) and 2^t the
/// bound of |Σ x_i w_i|. As t + φ(t) = log₂(2^t + 1), that is the integer condition 2^t ≤ 2^(P−1) − 1, which is evaluated here: no
/// logarithm that could err at a power of two.
///
/// An unsigned input is at most 2^N − 1, and −2^(P−1) is a value of the accumulator; ``ExactAccumulator`` uses both and may
/// therefore need one bit less: 22 bits against 23 for 1024 unsigned 8-bit inputs and 4-bit weights.
///
/// Source: Colbert, Pappalardo, Petri-Koenig, "A2Q: accumulator-aware quantization with guaranteed overflow avoidance", ICCV 2023
/// (arXiv 2308.13504).
public enum OverflowFreeWidth {
  /// The data-type bound: 2^t = K 2^(N − s) 2^(M − 1) for K weights of M bits.
  public static func dataType(terms: Int, inputBits: Int, inputIsSigned: Bool, weightBits: Int) -> Int {
    precondition(terms >= 1 && inputBits >= 1 && weightBits >= 1, "at least one term and one bit")
    return weightNorm(UInt64(terms), inputBits: inputBits, inputIsSigned: inputIsSigned) + weightBits - 1
  }

  /// The weight-norm bound: 2^t = ‖w‖₁ 2^(N − s), ‖w‖₁ = Σ |w_i| at least 1.
  public static func weightNorm(_ norm: UInt64, inputBits: Int, inputIsSigned: Bool) -> Int {
    precondition(norm >= 1 && inputBits >= 1, "a nonzero weight and at least one bit")
    // 2^t ≤ 2^(P−1) − 1 says that the integer 2^t has at most P − 1 bits.
    return 64 - norm.leadingZeroBitCount + inputBits - (inputIsSigned ? 1 : 0) + 1
  }

  /// The largest ‖w‖₁ that the weight-norm bound allows: ⌊(2^(P−1) − 1) / 2^(N − s)⌋.
  public static func normLimit(accumulatorBits: Int, inputBits: Int, inputIsSigned: Bool) -> UInt128 {
    precondition((1...128).contains(accumulatorBits) && (1...127).contains(inputBits), "1 to 128 bits")
    return ((1 << UInt128(accumulatorBits - 1)) - 1) >> UInt128(inputBits - (inputIsSigned ? 1 : 0))
  }

  /// The largest ‖w‖₁ of weights with Σ w_i = 0 that cannot overflow: ⌊(2^P − 2) / (2^N − 1)⌋.
  ///
  /// The positive and the negative weights then have the norm ‖w‖₁ / 2 each, and inputs that span 2^N − 1 move the sum by at most
  /// (2^N − 1) ‖w‖₁ / 2, for signed inputs too, since a constant added to all inputs changes nothing.
  ///
  /// Source: Colbert et al., "A2Q+: improving accumulator-aware weight quantization", ICML 2024 (arXiv 2401.10432).
  public static func zeroCentredNormLimit(accumulatorBits: Int, inputBits: Int) -> UInt128 {
    precondition((1...127).contains(accumulatorBits) && (1...127).contains(inputBits), "1 to 127 bits")
    return ((1 << UInt128(accumulatorBits)) - 2) / ((1 << UInt128(inputBits)) - 1)
  }
}
