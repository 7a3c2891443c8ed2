// SPDX-License-Identifier: Apache-2.0
// NaN and poles: where IEEE 754, IEEE P3109 and MPFR differ, and which of them is followed.

public import Formats

extension Operation {
  /// Whose rules hold where a function has no limit, or one that depends on the sign of a zero.
  public enum Convention: Hashable, Sendable {
    /// 1/±0 = ±∞, 1/√±0 = ±∞, tan π(n + 1/2) = ±∞, atan2 of two zeros or two infinities a multiple of π/4.
    case ieee754
    /// All of these are NaN: P3109's one zero has no sign.
    case p3109

    /// P3109's rules for operands of its own formats, which are those named k…, and IEEE 754's for all others.
    public init(of format: Format) { self = format.isP3109 ? .p3109 : .ieee754 }
  }

  /// The result that needs no evaluation, because it is NaN or MPFR's differs; otherwise `nil`.
  func special(_ x: [Value], _ convention: Convention) -> Value? {
    if x.contains(.nan) && !ignoresNaN { return .nan }
    // MPFR gives +∞.
    if self == .rsqrt && x[0] == .negativeZero && convention == .ieee754 { return .infinity(negative: true) }
    return convention == .p3109 && isPole(x) ? .nan : nil
  }

  /// Whether the operation returns the other operand when one is NaN.
  private var ignoresNaN: Bool {
    switch self {
    case .minimumNumber, .maximumNumber, .minimumFinite, .maximumFinite, .minimumMagnitudeNumber, .maximumMagnitudeNumber: true
    default: false
    }
  }

  private func isPole(_ x: [Value]) -> Bool {
    switch self {
    case .div: x[1].isZero
    case .recip, .rsqrt: x[0].isZero
    case .tanpi: x[0].dyadic?.exponent == -1  // an odd multiple of 1/2
    case .atan2, .atan2pi: x.allSatisfy(\.isZero) || x.allSatisfy(\.isInfinite)
    default: false
    }
  }
}
