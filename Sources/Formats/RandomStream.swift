// SPDX-License-Identifier: Apache-2.0
// Random bits as a function of seed, label and index: the same on any number of threads.

/// A counter-based stream of random bits, Philox4x32.
///
/// `bits(at:word:)` and `draw(_:)` are pure functions, so results that take draw i for operation i do not depend on threads, chunks or
/// vector width. Streams for different purposes are children with different labels.
///
/// Ten rounds for data and for the keys of children, as is usual. The draws that decide roundings have seven, the fewest with which the
/// authors' tests (TestU01's BigCrush) found no fault, and share a block of four words between four of them: the vector kernels
/// (CKernels/random.h) make them some six times as fast as one ten-round block for each would be.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
public struct RandomStream: Hashable, Sendable {
  package let key: UInt64

  /// The stream of a seed and a label.
  public init(seed: UInt64, _ label: String = "") {
    self = RandomStream(key: seed).child(label)
  }

  private init(key: UInt64) { self.key = key }

  /// An independent stream for another purpose.
  public func child(_ label: String) -> RandomStream {
    // FNV-1a, which only has to tell labels apart; Philox does the mixing.
    let hash = label.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    return RandomStream(key: bits(at: hash, word: .max))
  }

  /// An independent stream for item `index`, such as a trial.
  public func child(_ index: Int) -> RandomStream {
    RandomStream(key: bits(at: UInt64(bitPattern: Int64(index)), word: .max - 2))
  }

  /// 64 random bits: word `word` of the bits that belong to index `index`.
  public func bits(at index: UInt64, word: UInt64 = 0) -> UInt64 {
    let block = word >> 1
    let counter = SIMD4(UInt32(truncatingIfNeeded: index), UInt32(index >> 32), UInt32(truncatingIfNeeded: block), UInt32(block >> 32))
    let out = philox(counter, rounds: 10)
    return word & 1 == 0 ? UInt64(out.y) << 32 | UInt64(out.x) : UInt64(out.w) << 32 | UInt64(out.z)
  }

  /// A double in [0, 1): 53 random bits.
  public func uniform(at index: UInt64, word: UInt64 = 0) -> Double {
    Double(bits(at: index, word: word) >> 11) * 0x1p-53
  }

  /// An integer in 0..<bound; the bias is below bound · 2^-64.
  public func integer(below bound: Int, at index: UInt64, word: UInt64 = 0) -> Int {
    Int(bits(at: index, word: word).multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// The bits for operation `index`.
  public func draw(_ index: Int) -> Draw { Draw(stream: self, index: UInt64(index)) }

  fileprivate func philox(_ counter: SIMD4<UInt32>, rounds: Int) -> SIMD4<UInt32> {
    RandomStream.philox(counter, key: SIMD2(UInt32(truncatingIfNeeded: key), UInt32(key >> 32)), rounds: rounds)
  }

  /// The Philox4x32 bijection.
  static func philox(_ counter: SIMD4<UInt32>, key: SIMD2<UInt32>, rounds: Int) -> SIMD4<UInt32> {
    var (c, k) = (counter, key)
    for _ in 0..<rounds {
      let a = UInt64(c.x) * 0xD251_1F53
      let b = UInt64(c.z) * 0xCD9E_8D57
      c = SIMD4(UInt32(b >> 32) ^ c.y ^ k.x, UInt32(truncatingIfNeeded: b), UInt32(a >> 32) ^ c.w ^ k.y, UInt32(truncatingIfNeeded: a))
      k = SIMD2(k.x &+ 0x9E37_79B9, k.y &+ 0xBB67_AE85)
    }
    return c
  }
}

/// The random bits that belong to one operation, as many as it asks for.
public struct Draw: Hashable, Sendable {
  let stream: RandomStream
  let index: UInt64

  /// Word `j` of the bits: of draw i, word y, x, w, z for i mod 4 = 0, 1, 2, 3 of the seven-round block with counter (⌊i/4⌋, j, a tag
  /// that no other bits have).
  public func word(_ j: Int) -> UInt32 {
    let block = index >> 2
    let counter = SIMD4(UInt32(truncatingIfNeeded: block), UInt32(block >> 32), UInt32(j), 0x8000_0000)
    return stream.philox(counter, rounds: 7)[Int(index & 3 ^ 1)]
  }

  /// Bits 64j to 64j + 63.
  public func bits(_ j: Int = 0) -> UInt64 { UInt64(word(2 * j)) << 32 | UInt64(word(2 * j + 1)) }

  /// Whether a random number, uniform in [0, 1), is below f; or, for `srN`, one of N bits is below f rounded to N bits.
  ///
  /// The number is read a word at a time until it differs from f, so the probability is exactly f however many bits f has.
  /// f's bits after a sticky end are unknown: an error of the probability below the last known bit.
  func isBelow(_ f: Fraction, bits rounding: Rounding) -> Bool {
    if case .stochasticBits(let count, let rule) = rounding {
      let number = count <= 32 ? UInt64(word(0) >> UInt32(32 - count)) : bits() >> UInt64(64 - count)
      return UInt128(number) < f.rounded(toBits: count, rule)
    }
    var j = 0
    while !f.isExhausted(before: j) {
      let (drawn, wanted) = (word(j), f.word(j))
      if drawn != wanted { return drawn < wanted }
      j += 1
    }
    return f.isSticky && word(j) >> 31 == 0
  }
}

/// The number `remainder / 2^k` in (0, 1), with unknown bits after the last one when sticky.
struct Fraction {
  private let remainder: UInt128
  private let k: Int
  let isSticky: Bool

  init(_ remainder: UInt128, over k: Int, isSticky: Bool) {
    self.remainder = remainder
    self.k = k
    self.isSticky = isSticky
  }

  /// 2^count · f rounded to an integer, up to 2^count.
  func rounded(toBits count: Int, _ rule: Rounding.BitRule) -> UInt128 {
    let below = UInt128(bits(0) >> UInt64(64 - count))
    guard rule != .cut else { return below }
    // The next bit, and whether anything comes after it.
    let next = count < 64 ? bits(0) >> UInt64(63 - count) & 1 : bits(1) >> 63
    guard next == 1 else { return below }
    let rest = k - count - 1
    let isTie = !isSticky && (rest <= 0 || rest < 128 && remainder & ((1 << UInt128(rest)) - 1) == 0)
    return isTie && rule == .nearestEven && below & 1 == 0 ? below : below + 1
  }

  /// Bits 32j to 32j + 31 after the binary point.
  func word(_ j: Int) -> UInt32 { UInt32(truncatingIfNeeded: bits(j / 2) >> (j % 2 == 0 ? 32 : 0)) }

  /// Bits 64j to 64j + 63 after the binary point.
  private func bits(_ j: Int) -> UInt64 {
    let shift = 64 * (j + 1) - k
    if shift >= 64 || shift <= -128 { return 0 }
    return UInt64(truncatingIfNeeded: shift >= 0 ? remainder << UInt128(shift) : remainder >> UInt128(-shift))
  }

  /// Whether all bits from word j on are past the last known one.
  func isExhausted(before j: Int) -> Bool { 32 * j >= k }
}

extension Rounding {
  /// The probability with which a stochastic rounding makes a magnitude the larger of its neighbours that lies `remainder / 2^k` of their
  /// gap above the smaller one, 0 < remainder < 2^k.
  package func probabilityOfRoundingUp(_ remainder: UInt128, over k: Int) -> Double {
    guard case .stochasticBits(let count, let rule) = self else { return Double(remainder) * Double(sign: .plus, exponent: -k, significand: 1) }
    return Double(Fraction(remainder, over: k, isSticky: false).rounded(toBits: count, rule)) * Double(sign: .plus, exponent: -count, significand: 1)
  }
}
