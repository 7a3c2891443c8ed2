// SPDX-License-Identifier: Apache-2.0
// Codes of whole arrays.

package import CKernels

/// Codes of arrays of `Number`, as ``Format/encode(_:)`` and ``Format/decode(_:)`` give them, bit for bit.
///
/// Vector kernels serve floating-point formats whose normal numbers are normal in the carrier, and fixed-point formats of less bits than its
/// significand; other formats are done number by number.
public struct ArrayCoder<Number: CarrierNumber>: Sendable {
  /// The format of the codes.
  public let format: Format
  /// Whether a kernel does it.
  public var isVector: Bool { coding != nil }

  private let kernels: ck_kernels
  private let coding: ck_coding?

  /// - Precondition: every value of the format is a `Number`.
  public init(_ format: Format, _ instructions: InstructionSet = .best) {
    precondition(Number.carrier.holds(format), "binary\(Number.carrier.rawValue) does not hold every value of \(format)")
    precondition(instructions <= .best, "this processor lacks \(instructions)")
    self.format = format
    kernels = instructions.kernels(Number.carrier)
    coding = ck_coding(format, Number.carrier)
  }

  /// The codes of numbers of the format; of others they mean nothing.
  ///
  /// - Precondition: the format has at most as many bits as `Code`.
  /// - Complexity: O(n).
  public func encode<Code: FixedWidthInteger & UnsignedInteger & Sendable>(_ x: UnsafeBufferPointer<Number>, into codes: UnsafeMutablePointer<Code>) {
    precondition(format.width <= Code.bitWidth && Code.bitWidth <= 64, "codes of \(format) have \(format.width) bits")
    guard let source = x.baseAddress else { return }
    guard var coding else {
      for i in x.indices { codes[i] = Code(truncatingIfNeeded: format.encode(Value(Double(x[i]))) ?? 0) }
      return
    }
    kernels.encode(source, codes, Int32(MemoryLayout<Code>.size), x.count, &coding)
  }

  /// The numbers of codes.
  ///
  /// - Precondition: no code has more bits than the format.
  /// - Complexity: O(n).
  public func decode<Code: FixedWidthInteger & UnsignedInteger & Sendable>(_ codes: UnsafeBufferPointer<Code>, into y: UnsafeMutablePointer<Number>) {
    precondition(format.width <= Code.bitWidth && Code.bitWidth <= 64, "codes of \(format) have \(format.width) bits")
    guard let source = codes.baseAddress else { return }
    guard var coding else {
      for i in codes.indices { y[i] = Number(format.decode(Format.Code(codes[i])).double) }
      return
    }
    kernels.decode(source, Int32(MemoryLayout<Code>.size), y, codes.count, &coding)
  }
}

extension ck_coding {
  /// The codes of a format as the kernels find them; `nil` where the carrier's bits do not lead to them.
  init?(_ format: Format, _ carrier: Carrier) {
    let fractionBits = carrier.precision - 1
    let anchor = format.quantumExponent + fractionBits
    guard (carrier.emin...carrier.emax).contains(anchor) else { return nil }
    self.init()
    self.anchor = .power(anchor)
    mask = Int64(truncatingIfNeeded: (Format.Code(1) << Format.Code(format.width)) - 1)
    let signBit = Int64(truncatingIfNeeded: Format.Code(1) << Format.Code(format.width - 1))
    switch format.encoding {
    case .tapered: return nil
    case .fixed(let f):
      // Up to 2^P steps, the integers of a binade and its end.
      guard format.width - (f.isSigned ? 1 : 0) <= fractionBits else { return nil }
      (isFixed, smallBelow, self.signBit) = (1, .infinity, f.isSigned ? signBit : 0)
    case .floating(let f):
      // The kernels count in signed integers as wide as the carrier.
      guard f.isSigned || format.width < carrier.rawValue, let first = format.firstNormal, first.floorLog2 >= carrier.emin else { return nil }
      self.signBit = f.isSigned ? signBit : 0
      (hasNegativeZero, hasSubnormals) = (format.hasNegativeZero ? 1 : 0, f.hasSubnormals ? 1 : 0)
      shift = Int32(fractionBits - f.fractionBits)
      (smallBelow, firstNormal) = (format.hasZero ? first.double : 0, Int64(format.encode(.finite(first))!))
      largest = Int64(format.maxMagnitudeCode)
      // The code of the largest number is known; so is that of any other normal one.
      let bits = carrier == .binary32 ? Int64(Float(format.maxFinite.double).bitPattern) : Int64(format.maxFinite.double.bitPattern)
      offset = (bits >> Int64(shift)) - largest
      infinity = format.hasInfinity ? largest + 1 : -1
      nan = Int64(truncatingIfNeeded: format.encode(.nan) ?? 0)
    }
  }
}

extension Format {
  /// The smallest positive number with a leading bit; `nil` where there is none.
  fileprivate var firstNormal: Dyadic? {
    guard case .floating(let f) = encoding, let least = f.hasBinadeOfFieldZero ? minPositive : minNormal, least <= maxFinite else { return nil }
    return least
  }

  /// Whether 0 is a value.
  fileprivate var hasZero: Bool { encode(.zero) != nil }
}

extension Dyadic {
  fileprivate var double: Double { Value.finite(self).double }
}
