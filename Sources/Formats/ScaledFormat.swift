// SPDX-License-Identifier: Apache-2.0
// Scaled and block formats: numbers that share a scale, as data.

/// An element format, the rule of the scale that a group of elements shares, and the size of the group.
///
/// This one type describes dynamic fixed point, block floating point, MX, NVFP4, block minifloats, shared exponent biases, symmetric
/// and affine integers, S2FP8 and ternary weights. Get one by name, `ScaledFormat("mxfp4")`, or from ``catalogue``; numbers are
/// quantised by a ``BlockQuantizer``. The axis along which channels are counted or blocks run is chosen there.
public struct ScaledFormat: Hashable, Sendable {
  /// What the elements are values of.
  public let element: Format
  /// How a group's scale follows from its numbers.
  public let scale: ScaleRule
  /// Which numbers share a scale.
  public let granularity: Granularity
  /// Whether integers keep to −Ω...Ω, without the most negative code, as sign and magnitude do.
  public let isSymmetric: Bool
  /// How x / S is worked out.
  public let arithmetic: QuotientArithmetic

  /// - Throws: `FormatError.fieldOutOfRange` where the parts do not fit together; the text says what does.
  public init(
    element: Format, scale: ScaleRule, granularity: Granularity, isSymmetric: Bool = false, arithmetic: QuotientArithmetic = .exact
  ) throws(FormatError) {
    try self.init(element, scale, granularity, isSymmetric, arithmetic, as: element.name)
  }

  /// - Parameter text: what an error calls the format.
  init(
    _ element: Format, _ scale: ScaleRule, _ granularity: Granularity, _ isSymmetric: Bool, _ arithmetic: QuotientArithmetic,
    as text: String
  ) throws(FormatError) {
    self.element = element
    self.scale = scale
    self.granularity = granularity
    self.isSymmetric = isSymmetric
    self.arithmetic = arithmetic
    try validate(as: text)
  }

  /// The same format with other groups.
  public func with(granularity: Granularity) throws(FormatError) -> ScaledFormat {
    try ScaledFormat(element: element, scale: scale, granularity: granularity, isSymmetric: isSymmetric, arithmetic: arithmetic)
  }
}

/// Which numbers share a scale.
public enum Granularity: Hashable, Sendable {
  /// All of them.
  case tensor
  /// Those with one index along the axis.
  case channel
  /// Runs of this many numbers along the axis, counted from its start; the last may be shorter.
  case block(Int)
}

// MARK: - Facts for those who quantise

extension ScaledFormat {
  /// Whether values are sums of ±a and 0, whose scales depend on every number of a group.
  public var isTernary: Bool { if case .ternary = scale { true } else { false } }

  /// Whether quantising needs a summary of the whole tensor, or of the channel.
  public var needsTensorSummary: Bool {
    if case .twoLevel = scale { return true }
    if case .fixed = scale { return false }
    if case .ternary = scale { return false }
    if case .block = granularity { return false }
    return true
  }

  /// Bits of storage for each number, with the whole bytes of the scales of full blocks; scales of tensors and channels count nothing.
  public var bitsPerElement: Double {
    let (elementBits, scaleBits) =
      switch scale {
      case .power(_, let s), .real(let s, _), .twoLevel(let s, _, _): (element.width, bytes(s))
      case .affine(let s, _): (element.width, bytes(s) + 8 * ((element.width + 7) / 8))
      case .fixed: (element.width, 0)
      case .squeeze: (element.width, 64)
      case .ternary(let terms): (element.width * terms, 32 * terms)
      }
    guard case .block(let count) = granularity else { return Double(elementBits) }
    return Double(elementBits) + Double(scaleBits) / Double(count)
  }

  private func bytes(_ format: Format) -> Int { (format.width + 7) / 8 * 8 }

  var collectsLogarithms: Bool { scale == .squeeze }
}

// MARK: - What fits together

extension ScaledFormat {
  private func validate(as name: String) throws(FormatError) {
    func require(_ condition: Bool, _ field: String, _ given: String, _ allowed: String) throws(FormatError) {
      if !condition { throw .fieldOutOfRange(name, field: field, given: given, allowed: allowed) }
    }
    func requireScale(_ format: Format, bits: Int = 53) throws(FormatError) {
      let isDouble = format.isFloating && format.precision <= bits && format.quantumExponent >= -1074 && format.top <= 1024
      try require(isDouble && !format.maxFinite.isZero, "scale format", format.name, "a floating-point format within fp64")
    }
    var isAffine = false
    if case .affine = scale { isAffine = true }
    let isInteger = if case .fixed(let f) = element.encoding { f.fractionBits == 0 } else { false }

    if case .block(let count) = granularity { try require((1...1 << 24).contains(count), "block size", "\(count)", "1 to 2^24") }
    if case .fixed(let s) = scale {
      try require(s > .zero && Double(exactly: s) != nil, "scale", "\(s)", "a positive number of fp64")
      let isDouble = element.precision <= 53 && element.quantumExponent >= -1074 && element.top <= 1024
      try require(isDouble, "element", element.name, "a format within fp64")
      try require(arithmetic == .exact || element.top <= 128, "arithmetic", arithmetic.rawValue, "exact for elements beyond fp32")
    } else {
      try require(element.hasDyadicGaps, "element", element.name, "fixed point, or floating point of one precision")
      try require(element.width <= 32, "element width", "\(element.width)", "at most 32 bits")
      try require(element.quantumExponent >= -200 && element.top <= 128, "element range", element.name, "2^-200 to 2^128")
      try require(element.isSigned || isAffine, "element", element.name, "a signed format, or an integer with an affine scale")
    }
    try require(element.maxFinite > .zero && element.contains(.zero), "element", element.name, "a format with 0 and a positive number")
    try require(!isSymmetric || !element.isFloating && !isAffine, "range", "symmetric", "for integers without a zero point")
    switch scale {
    case .fixed: break
    case .power(_, let format):
      try requireScale(format)
      try require(format.precision == 1 && !format.contains(.zero), "scale format", format.name, "powers of two: e8m0fnu, e5m0fnu, ...")
      try require(arithmetic == .exact, "arithmetic", arithmetic.rawValue, "exact: division by a power of two")
    case .real(let format, let rounding):
      try requireScale(format)
      try requireDeterministic(rounding, name)
    case .affine(let format, let rounding):
      try requireScale(format, bits: 24)
      try require(isInteger, "element", element.name, "an integer such as q8.0 or uq8.0")
      try requireDeterministic(rounding, name)
    case .twoLevel(let block, let tensor, let rounding):
      try requireScale(block)
      try requireScale(tensor, bits: 53 - block.precision)
      try require(tensor.quantumExponent + block.quantumExponent >= -1074 && tensor.top + block.top <= 1024,
        "scale formats", "\(block) and \(tensor)", "those whose products are within fp64")
      try requireDeterministic(rounding, name)
      if case .block = granularity {} else { try require(false, "granularity", "\(granularity)", "blocks, with two levels of scales") }
    case .squeeze:
      try require((element.emax ?? 0) > 0, "element", element.name, "a floating-point format with numbers of 2 or more")
      try require(arithmetic == .exact, "arithmetic", arithmetic.rawValue, "exact")
    case .ternary(let terms):
      try require(element == ScaledFormat.ternaryElement && isSymmetric, "element", element.name, "symmetric q2.0: -1, 0, 1")
      try require((1...8).contains(terms), "terms", "\(terms)", "1 to 8")
      try require(granularity != .channel, "granularity", "channel", "tensor or blocks for ternary")
      try require(arithmetic == .exact, "arithmetic", arithmetic.rawValue, "exact")
    }
  }

  private func requireDeterministic(_ rounding: Rounding, _ name: String) throws(FormatError) {
    if rounding.isStochastic {
      throw .fieldOutOfRange(name, field: "rounding of the scale", given: "\(rounding)", allowed: "a deterministic mode")
    }
  }

  static let ternaryElement = Format(literal: "q2.0")
  static let e8m0 = Format(literal: "e8m0fnu")
  static let ue4m3 = Format(literal: "e4m3fnu")
}
