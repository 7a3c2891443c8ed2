// SPDX-License-Identifier: Apache-2.0
// Logarithmic number formats: a sign and a fixed-point base-2 logarithm.

public import Formats

/// `lnsM.N`: a sign bit, then L = log₂|x| as a two's-complement fixed-point number with M integer bits, its sign included, and N
/// fraction bits. The value is (−1)^s 2^L.
///
/// The most negative L is not a logarithm: with the sign bit clear it is zero, the only one, and with the sign bit set NaN. There
/// are no infinities. The values form a geometric progression of ratio 2^(2^-N), so the relative spacing is the same everywhere and there
/// are no subnormals; L being symmetric, the reciprocal of every nonzero value is a value.
///
/// All values with a fractional L are irrational, which is why this is not a ``Format``: they have no exact ``Dyadic``.
///
/// Source: Swartzlander and Alexopoulos, "The sign/logarithm number system", IEEE Trans. Comput. C-24(12), 1975.
public struct LogarithmicFormat: Hashable, Sendable {
  /// M, 1 to 8, the sign of the logarithm included.
  public let integerBits: Int
  /// N, 0 to 23.
  public let fractionBits: Int

  /// `lnsM.N` with M integer bits, the sign of the logarithm included, and N fraction bits of it.
  ///
  /// - Throws: `FormatError` for widths that make no format.
  public init(integerBits: Int, fractionBits: Int) throws(FormatError) {
    try self.init(integerBits, fractionBits, asWritten: "lns\(integerBits).\(fractionBits)")
  }

  /// The format of a name `lnsM.N` or `logM.N`, in upper or lower case.
  public init(_ name: String) throws(FormatError) {
    let text = name.lowercased()
    let fields = text.dropFirst(3).split(separator: ".", omittingEmptySubsequences: false).map { digits -> Int? in
      let isNumber = (1...6).contains(digits.count) && digits.allSatisfy { $0.isASCII && $0.isNumber }
      return isNumber && (digits == "0" || digits.first != "0") ? Int(digits) : nil
    }
    guard text.hasPrefix("lns") || text.hasPrefix("log"), fields.count == 2, let m = fields[0], let n = fields[1] else {
      throw .unknownFormat(name, nearest: [])
    }
    try self.init(m, n, asWritten: name)
  }

  private init(_ m: Int, _ n: Int, asWritten name: String) throws(FormatError) {
    guard (1...8).contains(m) else {
      throw .fieldOutOfRange(name, field: "integer bits", given: "\(m)", allowed: "1 to 8, the sign included")
    }
    guard (0...23).contains(n) else { throw .fieldOutOfRange(name, field: "fraction bits", given: "\(n)", allowed: "0 to 23") }
    (integerBits, fractionBits) = (m, n)
  }

  /// `lnsM.N`.
  public var name: String { "lns\(integerBits).\(fractionBits)" }

  /// Bits of a code: 1 + M + N.
  public var width: Int { 1 + integerBits + fractionBits }

  /// 2^-N, the difference between the logarithms of neighbours.
  public var step: Dyadic { .power(-fractionBits) }

  /// The largest value, of L = 2^(M−1) − 2^-N.
  public var maximum: LogarithmicValue { value(isNegative: false, steps: maxSteps) }

  /// The smallest positive value, the reciprocal of the largest.
  public var minPositive: LogarithmicValue { value(isNegative: false, steps: -maxSteps) }

  /// The relative error of rounding to nearest in the logarithm, without overflow and underflow, is at most
  /// 2^(2^-(N+1)) − 1; rounded up.
  public var relativeErrorBound: Double {
    let half = Value.finite(step.scaled(by: -1))
    // The subtraction is exact: 2^h is between 1 and 2.
    return Operation.exp2([half], .upToDouble).value.double - 1
  }

  /// The largest L in steps; the smallest one is its negative.
  var maxSteps: Int { 1 << (integerBits + fractionBits - 1) - 1 }

  func value(isNegative: Bool, steps: Int) -> LogarithmicValue {
    .power(isNegative: isNegative, log2: Dyadic(Int128(steps), exponent: -fractionBits))
  }
}

extension LogarithmicFormat: CustomStringConvertible {
  public var description: String { name }
}

// MARK: - Codes

extension LogarithmicFormat {
  /// Every code, in the order of the unsigned integers.
  public var codes: Range<UInt64> { 0..<(1 << UInt64(width)) }

  /// The value of a code; traps if the code has more bits than the format.
  public func decode(_ code: Format.Code) -> LogarithmicValue {
    precondition(code >> Format.Code(width) == 0, "a code of \(name) has \(width) bits")
    let isNegative = code >> Format.Code(width - 1) == 1
    let unused = 64 - (width - 1)
    let steps = (Int(truncatingIfNeeded: code) << unused) >> unused
    if steps < -maxSteps { return isNegative ? .nan : .zero }
    return value(isNegative: isNegative, steps: steps)
  }

  /// The code of a value, or `nil` if the format has none.
  public func encode(_ value: LogarithmicValue) -> Format.Code? {
    let (isNegative, steps): (Bool, Int)
    switch value {
    case .zero: (isNegative, steps) = (false, -maxSteps - 1)
    case .nan: (isNegative, steps) = (true, -maxSteps - 1)
    case .power(let sign, let log2):
      guard contains(value) else { return nil }
      (isNegative, steps) = (sign, Int(log2.integer(inUnitsOf: -fractionBits)))
    }
    let field = Format.Code(truncatingIfNeeded: steps) & ((1 << Format.Code(width - 1)) - 1)
    return field | (isNegative ? 1 << Format.Code(width - 1) : 0)
  }

  /// Whether a value has a code: 0 and NaN do, and ±2^L if L is a multiple of 2^-fractionBits within the range.
  public func contains(_ value: LogarithmicValue) -> Bool {
    guard case .power(_, let log2) = value else { return true }
    let limit = Dyadic(Int128(maxSteps), exponent: -fractionBits)
    return log2.isMultiple(ofPower: -fractionBits) && log2.magnitude <= limit
  }

  /// The next larger value of the format after one of its values; `nil` after the largest one, and after NaN.
  public func next(above value: LogarithmicValue) -> LogarithmicValue? { rank(of: value).flatMap { self.value(ofRank: $0 + 1) } }

  /// The next smaller value, likewise.
  public func next(below value: LogarithmicValue) -> LogarithmicValue? { rank(of: value).flatMap { self.value(ofRank: $0 - 1) } }

  /// Position in the order of the values, zero at 0.
  private func rank(of value: LogarithmicValue) -> Int? {
    precondition(contains(value), "\(value) is not a value of \(name)")
    switch value {
    case .zero: return 0
    case .nan: return nil
    case .power(let isNegative, let log2):
      let magnitude = Int(log2.integer(inUnitsOf: -fractionBits)) + maxSteps + 1
      return isNegative ? -magnitude : magnitude
    }
  }

  private func value(ofRank rank: Int) -> LogarithmicValue? {
    if rank == 0 { return .zero }
    let steps = abs(rank) - maxSteps - 1
    return steps <= maxSteps ? value(isNegative: rank < 0, steps: steps) : nil
  }
}
