// SPDX-License-Identifier: Apache-2.0
// Exact dyadic rationals: what every finite value of every format is.

/// The number `significand · 2^exponent`, exactly.
///
/// Kept in lowest terms: the significand is odd, or both fields are zero. Every product of two binary64 values fits
/// (106 of 127 bits). Arithmetic that does not fit **traps rather than rounds**: long sums belong in ``ExactSum``,
/// quotients and functions in `BigFloat`.
public struct Dyadic: Hashable, Sendable {
  /// Odd, or 0: the number is in lowest terms.
  public let significand: Int128
  /// 0 for the number 0.
  public let exponent: Int

  /// 0 · 2^0.
  public static let zero = Dyadic(0)

  /// `significand · 2^exponent`.
  @inlinable
  public init(_ significand: Int128, exponent: Int = 0) {
    if significand == 0 {
      self.significand = 0
      self.exponent = 0
    } else {
      let shift = significand.trailingZeroBitCount
      self.significand = significand >> shift
      self.exponent = exponent + shift
    }
  }

  /// The exact value of a finite double; `nil` for infinities and NaN.
  @inlinable
  public init?(_ x: Double) {
    guard x.isFinite else { return nil }
    let field = Int(x.exponentBitPattern)
    let fraction = Int128(x.significandBitPattern)
    let magnitude = field == 0 ? fraction : fraction | (1 << 52)
    self.init(x.sign == .minus ? -magnitude : magnitude, exponent: max(field, 1) - 1075)
  }

  /// `2^exponent`.
  @inlinable
  public static func power(_ exponent: Int) -> Dyadic { Dyadic(1, exponent: exponent) }

  /// Whether it is 0.
  @inlinable public var isZero: Bool { significand == 0 }
  /// Whether it is less than 0.
  @inlinable public var isNegative: Bool { significand < 0 }
  /// Its absolute value.
  @inlinable public var magnitude: Dyadic { isNegative ? -self : self }

  /// ⌊log₂|x|⌋ of a nonzero number.
  @inlinable
  public var floorLog2: Int {
    precondition(!isZero, "zero has no logarithm")
    return exponent + 127 - significand.magnitude.leadingZeroBitCount
  }

  /// Whether the number is a multiple of `2^q`.
  @inlinable public func isMultiple(ofPower q: Int) -> Bool { isZero || exponent >= q }

  /// `x · 2^n`.
  @inlinable public func scaled(by n: Int) -> Dyadic { Dyadic(significand, exponent: exponent + n) }

  /// The integer `x / 2^q`; traps unless x is a multiple of `2^q` that fits.
  @inlinable
  public func integer(inUnitsOf q: Int) -> Int128 {
    if isZero { return 0 }
    let shift = exponent - q
    let width = 128 - significand.magnitude.leadingZeroBitCount
    precondition(shift >= 0 && shift + width < 128, "not an integer of 127 bits in this unit: use ExactSum")
    return significand << Int128(shift)
  }

  /// −x, exactly.
  @inlinable public static prefix func - (x: Dyadic) -> Dyadic { Dyadic(-x.significand, exponent: x.exponent) }

  /// a + b, exactly. Traps if it has more than 127 bits in units of the smaller exponent.
  @inlinable
  public static func + (a: Dyadic, b: Dyadic) -> Dyadic {
    if a.isZero { return b }
    if b.isZero { return a }
    let unit = min(a.exponent, b.exponent)
    return Dyadic(a.integer(inUnitsOf: unit) + b.integer(inUnitsOf: unit), exponent: unit)
  }

  /// a − b, exactly; traps as a + b does.
  @inlinable public static func - (a: Dyadic, b: Dyadic) -> Dyadic { a + -b }

  /// a b, exactly. Traps if the product of the significands has more than 127 bits.
  @inlinable
  public static func * (a: Dyadic, b: Dyadic) -> Dyadic {
    let (product, overflow) = a.significand.multipliedReportingOverflow(by: b.significand)
    precondition(!overflow, "a product of more than 127 bits: use BigFloat")
    return Dyadic(product, exponent: a.exponent + b.exponent)
  }
}

extension Dyadic: Comparable {
  /// Exact for all operands, however far apart their exponents are.
  @inlinable
  public static func < (a: Dyadic, b: Dyadic) -> Bool {
    if a.significand.signum() != b.significand.signum() { return a.significand < b.significand }
    if a.isZero { return false }
    let (x, y) = (a.floorLog2, b.floorLog2)
    if x != y { return (x < y) != a.isNegative }
    // Equal leading bits: both significands fit after alignment to the smaller exponent.
    let unit = min(a.exponent, b.exponent)
    return a.integer(inUnitsOf: unit) < b.integer(inUnitsOf: unit)
  }
}

extension Dyadic: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self.init(Int128(value)) }
}

extension Dyadic: CustomStringConvertible {
  /// The shortest decimal of an exactly representable double, otherwise the hexadecimal form.
  public var description: String { Double(exactly: self)?.shortDescription ?? hexDescription }

  /// The C99 hexadecimal form with leading digit 1, such as `0x1.8p-3`.
  public var hexDescription: String {
    if isZero { return "0x0p+0" }
    let top = floorLog2
    // The bits after the leading one, padded on the right to whole hexadecimal digits.
    let count = top - exponent
    let padding = (4 - count % 4) % 4
    let fraction = significand.magnitude & ~(UInt128(1) << UInt128(count))
    var digits = count == 0 ? "" : String(fraction << UInt128(padding), radix: 16)
    digits = String(repeating: "0", count: (count + padding) / 4 - digits.count) + digits
    return "\(isNegative ? "-" : "")0x1\(digits.isEmpty ? "" : ".")\(digits)p\(top < 0 ? "-" : "+")\(abs(top))"
  }
}

extension Double {
  /// `x` as a double if it is one, otherwise `nil`.
  public init?(exactly x: Dyadic) {
    if x.isZero {
      self = 0
      return
    }
    let width = 128 - x.significand.magnitude.leadingZeroBitCount
    guard width <= 53, x.exponent >= -1074, x.floorLog2 <= 1023 else { return nil }
    // Two exact multiplications: one alone could need a power of two outside the range of doubles.
    let half = x.exponent / 2
    // (By way of Int64: the conversion of Int128 is generic code, a hundred times slower.)
    self = Double(Int64(truncatingIfNeeded: x.significand)) * Double.power(half) * Double.power(x.exponent - half)
  }

  /// `2^n` for −1074 ≤ n ≤ 1023.
  static func power(_ n: Int) -> Double {
    n >= -1022
      ? Double(sign: .plus, exponentBitPattern: UInt(n + 1023), significandBitPattern: 0)
      : Double(sign: .plus, exponentBitPattern: 0, significandBitPattern: 1 << UInt64(n + 1074))
  }

  /// The shortest decimal that reads back as this double, integers without a fraction.
  public var shortDescription: String {
    let text = description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}
