// SPDX-License-Identifier: Apache-2.0
// Rounding of real numbers to logarithmic formats.

internal import CMPFR
public import Formats

/// Which neighbour a number between two values 2^a < 2^b of a logarithmic format becomes.
///
/// | mode | name | boundary between the two magnitudes |
/// |---|---|---|
/// | `nearestLogarithm` | rnl | 2^((a+b)/2), the value with one more fraction bit |
/// | `nearestValue` | rnv | (2^a + 2^b) / 2; from the middle, the one with even code |
/// | `towardZero`, `up`, `down` | rz, ru, rd | none: the one of smaller magnitude, the larger, the smaller one |
///
/// `nearestLogarithm` never meets a tie: its boundaries have a fractional logarithm and are irrational, while every x is rational.
/// The boundaries of `nearestValue` are irrational too when N ≥ 1: with α = 2^(2^-N) one of them is 2^q (α^r + α^(r+1)) / 2,
/// 0 ≤ r < 2^N, and 1, α, ..., α^(2^N − 1) are linearly independent over the rationals, since x^(2^N) − 2 is irreducible. Only without
/// fraction bits are there ties, at 3·2^(a−1).
public enum LogarithmicRounding: String, Hashable, Sendable, CaseIterable {
  /// The one whose logarithm is nearer.
  case nearestLogarithm = "rnl"
  /// The one that is nearer as a number.
  case nearestValue = "rnv"
  /// The one of smaller magnitude.
  case towardZero = "rz"
  /// The larger one.
  case up = "ru"
  /// The smaller one.
  case down = "rd"
}

/// A number rounded to a logarithmic format.
public struct LogarithmicRounded: Sendable {
  /// The code of the value.
  public let code: Format.Code
  /// The value of the format.
  public let value: LogarithmicValue
  /// As of ``Rounded``, with the smallest positive value in the place of the smallest normal number.
  public let flags: Rounded.Flags
  /// The number that was rounded.
  public let input: Extended

  /// log₂ of the magnitude; `nil` for zero and NaN.
  public var log2: Dyadic? { value.log2 }
  /// The nearest double of the value.
  public var double: Double { value.double }
  /// value − input, correctly rounded to 64 bits; NaN where one of them is not a number.
  public var error: BigFloat { value.minus(input) }
}

/// Rounding to a logarithmic format.
///
/// A magnitude beyond the largest saturates, infinities included. Below the smallest positive value lies zero: `nearestLogarithm`
/// takes it for the logarithm that its code would be, one step below the smallest, so that magnitudes below minPositive · 2^(−step/2)
/// become 0; `nearestValue` draws the line at minPositive / 2, which itself becomes 0. Up from any positive number is at least
/// minPositive.
public struct LogarithmicRounder: Hashable, Sendable {
  /// The format that results are values of.
  public let format: LogarithmicFormat
  /// Which neighbour is taken.
  public let rounding: LogarithmicRounding
  /// Rounders of logarithms to steps of the format, with a range of ±512 that all logarithms of interest lie well within.
  private let floor: Rounder
  private let nearest: Rounder

  /// Rounding of logarithms, or of the numbers themselves, to the multiples of 2^-fractionBits.
  public init(to format: LogarithmicFormat, _ rounding: LogarithmicRounding = .nearestLogarithm) {
    func rounder(_ mode: Rounding) -> Rounder {
      do { return try Rounder(to: Format("q10.\(format.fractionBits)"), mode) } catch { preconditionFailure(error.description) }
    }
    (self.format, self.rounding) = (format, rounding)
    (floor, nearest) = (rounder(.down), rounder(.nearestEven))
  }

  /// The value of the format that `x` rounds to.
  public func round(_ x: Value) -> LogarithmicRounded {
    guard let rounded = round(Extended(x)) else { preconditionFailure("an exact number is on one side of a boundary") }
    return rounded
  }

  /// The value of the format that `x` rounds to; `nil` only if `x` was cut to 128 bits and a boundary, or the smallest positive value,
  /// lies within what was cut: the two then agree to 38 digits, and what is left of x does not decide the result or its flags.
  ///
  /// - Complexity: one correctly rounded logarithm of MPFR; two if x was cut, and for `nearestValue` two powers as well.
  public func round(_ x: Extended) -> LogarithmicRounded? {
    switch x {
    case .nan: return rounded(.nan, [], x)
    case .infinity(let isNegative):
      return rounded(format.value(isNegative: isNegative, steps: format.maxSteps), [.inexact, .overflow], x)
    case .finite(let number):
      if number.isZero { return rounded(.zero, [], x) }
      let ends = logarithms(of: number)
      let results = ends.map { end -> LogarithmicRounded? in
        let below = steps(of: end, by: floor)
        return steps(of: ends, below: below, number).map { settle($0, below: below, isNegative: number.isNegative, x) }
      }
      let isDecided = results.allSatisfy { $0?.value == results[0]?.value && $0?.flags == results[0]?.flags }
      return isDecided ? results[0] : nil
    }
  }

  /// A logarithm in steps of the format.
  private struct Steps {
    let count: Int
    let isExact: Bool
  }

  /// The logarithm that the mode chooses, as if the range had no upper end; `below` is the largest one that is not above log₂|x|.
  private func steps(of ends: [Extended], below: Steps, _ x: Unrounded) -> Int? {
    if below.isExact && below.count >= -format.maxSteps { return below.count }
    switch rounding {
    case .nearestLogarithm:
      let counts = ends.map { steps(of: $0, by: nearest).count }
      return counts.allSatisfy { $0 == counts[0] } ? counts[0] : nil
    case .nearestValue:
      if below.count < -format.maxSteps {
        // minPositive / 2 is one binade, 2^N steps, down.
        let line = -format.maxSteps - 1 << format.fractionBits
        return below.count > line || below.count == line && !below.isExact ? -format.maxSteps : -format.maxSteps - 1
      }
      guard let side = side(x, ofMiddleAbove: below.count) else { return nil }
      return below.count + (side > 0 || side == 0 && below.count & 1 == 1 ? 1 : 0)
    case .towardZero: return below.count
    case .up: return below.count + (x.isNegative ? 0 : 1)
    case .down: return below.count + (x.isNegative ? 1 : 0)
    }
  }

  /// The ends of the range.
  private func settle(_ chosen: Int, below: Steps, isNegative: Bool, _ x: Extended) -> LogarithmicRounded {
    let limit = format.maxSteps
    if chosen > limit { return rounded(format.value(isNegative: isNegative, steps: limit), [.inexact, .overflow], x) }
    let isTiny = below.count < -limit
    let flags: Rounded.Flags = isTiny ? [.inexact, .underflow] : below.isExact ? [] : [.inexact]
    if chosen < -limit {
      let goesOut = rounding == .up && !isNegative || rounding == .down && isNegative
      return rounded(goesOut ? format.value(isNegative: isNegative, steps: -limit) : .zero, flags, x)
    }
    return rounded(format.value(isNegative: isNegative, steps: chosen), flags, x)
  }

  private func rounded(_ value: LogarithmicValue, _ flags: Rounded.Flags, _ x: Extended) -> LogarithmicRounded {
    guard let code = format.encode(value) else { preconditionFailure("\(value) is not a value of \(format)") }
    return LogarithmicRounded(code: code, value: value, flags: flags, input: x)
  }
}

// MARK: - Comparisons of x with powers of two

extension LogarithmicRounder {
  private func steps(of log2: Extended, by rounder: Rounder) -> Steps {
    let rounded = rounder.round(log2)
    let count = rounded.value.dyadic!.integer(inUnitsOf: -format.fractionBits)  // fixed point holds finite numbers only
    return Steps(count: Int(count), isExact: !rounded.flags.contains(.inexact))
  }

  /// log₂|x| on its way to the rounder, exact if |x| is a power of two and cut towards zero if not.
  ///
  /// Of a cut x, with m < |x| / 2^e < m + 1, the two ends of the open interval of logarithms: the one towards zero cut there, the other
  /// one moved off its end towards zero, both sticky. What is strictly between them and the ends has more than 127 bits, and so no
  /// boundary is passed over.
  private func logarithms(of x: Unrounded) -> [Extended] {
    let magnitude = Unrounded(isNegative: false, magnitude: x.magnitude, exponent: x.exponent)
    let low = BigFloat(leading: magnitude)
    if !x.isSticky {
      let (log2, ternary) = low.withRaw { m in BigFloat.compute(precision: 128, .towardZero) { mpfr_log2($0, m, $1) } }
      return [log2.extended(ternary: ternary)]
    }
    let high = BigFloat(leading: magnitude, plus: 1)
    let isBelowOne = x.magnitude == 0 || x.floorLog2 < 0
    let (near, far) = isBelowOne ? (high, low) : (low, high)
    let inner = near.withRaw { m in BigFloat.compute(precision: 128, .towardZero) { mpfr_log2($0, m, $1) }.result }
    let outer = far.withRaw { m in
      BigFloat.compute(precision: 128, .awayFromZero) { z, mode in
        let ternary = mpfr_log2(z, m, mode)
        if isBelowOne { mpfr_nextabove(z) } else { mpfr_nextbelow(z) }
        return ternary
      }.result
    }
    // Next to x = 1 the inner end is a zero without the sign of what it stands for.
    let tiny = Unrounded(isNegative: isBelowOne, magnitude: 1 << 127, exponent: -1 << 40, isSticky: true)
    return [inner.isZero ? .finite(tiny) : inner.extended(ternary: 1), outer.extended(ternary: 1)]
  }

  /// The sign of |x| − (2^(k step) + 2^((k+1) step)) / 2; `nil` if the middle lies within what was cut from x.
  ///
  /// Ziv's strategy: the middle is enclosed ever more closely until x, or both ends of what is known of it, lie outside. That ends:
  /// the middle is irrational and they are not, or N = 0 and the enclosure is exact at once.
  private func side(_ x: Unrounded, ofMiddleAbove k: Int) -> Int? {
    let magnitude = Unrounded(isNegative: false, magnitude: x.magnitude, exponent: x.exponent)
    let low = BigFloat(leading: magnitude)
    let high = x.isSticky ? BigFloat(leading: magnitude, plus: 1) : low
    var precision = 64
    while true {
      let (a, b) = middle(above: k, precision: precision)
      let isExact = a.compare(b) == 0
      if low.compare(b) >= 0 { return isExact && !x.isSticky && low.compare(b) == 0 ? 0 : 1 }
      if high.compare(a) <= 0 { return -1 }
      if low.compare(a) < 0 && high.compare(b) > 0 { return nil }
      precision *= 2
    }
  }

  /// An enclosure of (2^(k step) + 2^((k+1) step)) / 2.
  private func middle(above k: Int, precision: Int) -> (lower: BigFloat, upper: BigFloat) {
    let ends = [k, k + 1].map { format.value(isNegative: false, steps: $0).enclosure(precision: precision) }
    func half(_ x: BigFloat, _ y: BigFloat, _ rounding: BigRounding) -> BigFloat {
      x.withRaw { a in
        y.withRaw { b in BigFloat.compute(precision: precision, rounding) { mpfr_add($0, a, b, $1) }.result }
      }.scaled(by: -1)
    }
    return (half(ends[0].lower, ends[1].lower, .down), half(ends[0].upper, ends[1].upper, .up))
  }
}

extension BigFloat {
  /// The sign of (self − other).
  fileprivate func compare(_ other: BigFloat) -> Int { withRaw { a in other.withRaw { Int(mpfr_cmp(a, $0)) } } }
}
