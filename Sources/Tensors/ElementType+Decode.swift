// SPDX-License-Identifier: Apache-2.0
// From the bytes of a file to binary64, exactly.

/// A word of a file that binary64 cannot represent.
struct InexactWord {
  /// Counted in words from the first that was decoded.
  let index: Int
  let text: String
}

extension ElementType {
  /// Decodes the words in `bytes` to `elements`, each exactly; a NaN becomes a NaN.
  ///
  /// - Precondition: `bytes` is aligned to 8, a multiple of ``size`` long, and not longer than `elements` has room for.
  /// - Returns: the first word of type `i8` or `u8` that is not a binary64 number, and `nil` if there is none.
  /// - Note: The words of a big-endian file are swapped in place.
  /// - Complexity: O(n). The loops for `f2`, `bf16` and `f4` are free of branches so that the compiler makes vectors of them.
  func decode(_ bytes: UnsafeMutableRawBufferPointer, bigEndian: Bool, to elements: UnsafeMutablePointer<Double>) -> InexactWord? {
    switch self {
    case .f2: map(bytes, bigEndian, elements, binary16)
    case .bf16: map(bytes, bigEndian, elements) { (word: UInt16) in Double(Float(bitPattern: UInt32(word) << 16)) }
    case .f4: map(bytes, bigEndian, elements) { (word: UInt32) in Double(Float(bitPattern: word)) }
    case .f8: map(bytes, bigEndian, elements) { (word: UInt64) in Double(bitPattern: word) }
    case .i1: map(bytes, bigEndian, elements) { (word: Int8) in Double(word) }
    case .i2: map(bytes, bigEndian, elements) { (word: Int16) in Double(word) }
    case .i4: map(bytes, bigEndian, elements) { (word: Int32) in Double(word) }
    case .u1: map(bytes, bigEndian, elements) { (word: UInt8) in Double(word) }
    case .u2: map(bytes, bigEndian, elements) { (word: UInt16) in Double(word) }
    case .u4: map(bytes, bigEndian, elements) { (word: UInt32) in Double(word) }
    case .b1: map(bytes, bigEndian, elements) { (word: UInt8) in word == 0 ? 0 : 1 }
    case .e4m3fn: lookUp(bytes, in: ElementType.e4m3fnValues, elements)
    case .e5m2: lookUp(bytes, in: ElementType.e5m2Values, elements)
    case .e8m0fnu: lookUp(bytes, in: ElementType.e8m0fnuValues, elements)
    case .i8: return mapExactly(bytes, bigEndian, elements) { (word: Int64) in Double(exactly: word) }
    case .u8: return mapExactly(bytes, bigEndian, elements) { (word: UInt64) in Double(exactly: word) }
    }
    return nil
  }

  private static let e4m3fnValues = (0...UInt8.max).map { code in
    code & 0x7f == 0x7f ? .nan : magnitude(code & 0x7f, fractionBits: 3, bias: 7) * (code < 0x80 ? 1 : -1)
  }

  private static let e5m2Values = (0...UInt8.max).map { code in
    let isFinite = code & 0x7f < 0x7c
    let magnitude = isFinite ? magnitude(code & 0x7f, fractionBits: 2, bias: 15) : code & 0x7f == 0x7c ? .infinity : .nan
    return magnitude * (code < 0x80 ? 1 : -1)
  }

  private static let e8m0fnuValues = (0...UInt8.max).map { code in
    code == .max ? .nan : Double(sign: .plus, exponent: Int(code) - 127, significand: 1)
  }

  /// 2^(max(e, 1) - bias - t) (f + [e > 0] 2^t), where e 2^t + f is `code` and t is `fractionBits`.
  private static func magnitude(_ code: UInt8, fractionBits t: Int, bias: Int) -> Double {
    let (exponent, fraction) = (Int(code) >> t, Int(code) % (1 << t))
    let integer = Double(fraction + (exponent > 0 ? 1 << t : 0))
    return integer * Double(sign: .plus, exponent: max(exponent, 1) - bias - t, significand: 1)
  }
}

/// The value of a binary16 pattern: conversion instructions are not in every x86-64, and their substitute takes one call an element.
///
/// In place of binary32's exponent the pattern means 2^-112 times its value, which the scaling undoes. Top exponents gain
/// another 2^112 first, which makes them binary32's. Subnormals are differences of normal numbers, not binary32 subnormals,
/// with which some processors are slow.
@inline(__always)
private func binary16(_ word: UInt16) -> Double {
  let magnitude = UInt32(word & 0x7fff) << 13
  let normal = magnitude &+ (112 << 23) &+ (magnitude >= 31 << 23 ? 112 << 23 : 0)
  let subnormal = (Float(bitPattern: magnitude &+ (113 << 23)) - 0x1p-14).bitPattern
  let sign = UInt32(word & 0x8000) << 16
  return Double(Float(bitPattern: (magnitude < 1 << 23 ? subnormal : normal) | sign))
}

@inline(__always)
private func map<Word: FixedWidthInteger>(
  _ bytes: UnsafeMutableRawBufferPointer, _ bigEndian: Bool, _ elements: UnsafeMutablePointer<Double>, _ value: (Word) -> Double
) {
  let words = ordered(bytes, bigEndian, as: Word.self)
  for i in words.indices { elements[i] = value(Word(littleEndian: words[i])) }
}

@inline(__always)
private func mapExactly<Word: FixedWidthInteger>(
  _ bytes: UnsafeMutableRawBufferPointer, _ bigEndian: Bool, _ elements: UnsafeMutablePointer<Double>, _ value: (Word) -> Double?
) -> InexactWord? {
  let words = ordered(bytes, bigEndian, as: Word.self)
  for i in words.indices {
    let word = Word(littleEndian: words[i])
    guard let number = value(word) else { return InexactWord(index: i, text: "\(word)") }
    elements[i] = number
  }
  return nil
}

private func lookUp(_ bytes: UnsafeMutableRawBufferPointer, in values: [Double], _ elements: UnsafeMutablePointer<Double>) {
  values.withUnsafeBufferPointer { values in
    for i in bytes.indices { elements[i] = values[Int(bytes[i])] }
  }
}

/// The words of `bytes`, little-endian.
@inline(__always)
private func ordered<Word: FixedWidthInteger>(
  _ bytes: UnsafeMutableRawBufferPointer, _ bigEndian: Bool, as: Word.Type
) -> UnsafeMutableBufferPointer<Word> {
  let words = bytes.bindMemory(to: Word.self)
  if bigEndian {
    for i in words.indices { words[i] = words[i].byteSwapped }
  }
  return words
}
