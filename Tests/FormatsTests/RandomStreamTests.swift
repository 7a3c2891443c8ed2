// SPDX-License-Identifier: Apache-2.0
// The random bits are Philox's, at the published test vectors and everywhere else.

import Formats
import TestSupport
import Testing

/// Philox4x32 written a second time, as the paper states it: rounds first, keys bumped between them.
private func philox(_ counter: [UInt32], _ key: [UInt32], rounds: Int = 10) -> [UInt32] {
  var (x, k) = (counter, key)
  for round in 0..<rounds {
    if round > 0 { k = [k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85] }
    let (first, second) = ((0xD251_1F53 as UInt32).multipliedFullWidth(by: x[0]), (0xCD9E_8D57 as UInt32).multipliedFullWidth(by: x[2]))
    x = [second.high ^ x[1] ^ k[0], second.low, first.high ^ x[3] ^ k[1], first.low]
  }
  return x
}

/// A stream on the second Philox, with the same seeding.
private struct StreamModel {
  let key: UInt64

  static func seeded(_ seed: UInt64, _ label: String) -> StreamModel { StreamModel(key: seed).child(label) }

  func bits(at index: UInt64, word: UInt64) -> UInt64 {
    let halves = { (x: UInt64) in [UInt32(truncatingIfNeeded: x), UInt32(x >> 32)] }
    let out = philox(halves(index) + halves(word / 2), halves(key))
    let first = word % 2 == 0 ? 0 : 2
    return UInt64(out[first + 1]) << 32 | UInt64(out[first])
  }

  func child(_ label: String) -> StreamModel {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in label.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return StreamModel(key: bits(at: hash, word: .max))
  }

  func child(_ index: Int) -> StreamModel { StreamModel(key: bits(at: UInt64(bitPattern: Int64(index)), word: .max - 2)) }
}

@Suite struct RandomStreamTests {
  /// The known answers of Random123's kat_vectors.
  @Test func modelMeetsTheKnownAnswersOfRandom123() {
    #expect(philox([0, 0, 0, 0], [0, 0]) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
    let ones = UInt32.max
    #expect(philox([ones, ones, ones, ones], [ones, ones]) == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
    let pi: [UInt32] = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344]
    #expect(philox(pi, [0xa409_3822, 0x299f_31d0]) == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
    #expect(philox([0, 0, 0, 0], [0, 0], rounds: 7) == [0x5f6f_b709, 0x0d89_3f64, 0x4f12_1f81, 0x4f73_0a48])
    #expect(philox([ones, ones, ones, ones], [ones, ones], rounds: 7) == [0x5207_ddc2, 0x4516_5e59, 0x4d8e_e751, 0x8c52_f662])
    #expect(philox(pi, [0xa409_3822, 0x299f_31d0], rounds: 7) == [0x4dfc_caba, 0x190a_87f0, 0xc473_62ba, 0xb6b5_242a])
  }

  @Test func drawsAreWordsOfSevenRoundBlocks() {
    var random = SplitMix64(seed: 3)
    for seed in [0, 1, .max, random.next()] as [UInt64] {
      let (stream, model) = (RandomStream(seed: seed, "a"), StreamModel.seeded(seed, "a"))
      let key = [UInt32(truncatingIfNeeded: model.key), UInt32(model.key >> 32)]
      for i in [0, 1, 2, 3, 4, 17, 1 << 34, (1 << 34) + 5, Int.max] {
        for j in [0, 1, 2, 7] {
          let block = UInt64(i) / 4
          let words = philox([UInt32(truncatingIfNeeded: block), UInt32(block >> 32), UInt32(j), 1 << 31], key, rounds: 7)
          #expect(stream.draw(i).word(j) == words[[1, 0, 3, 2][i % 4]], "draw \(i), word \(j), seed \(seed)")
        }
        #expect(stream.draw(i).bits(1) == UInt64(stream.draw(i).word(2)) << 32 | UInt64(stream.draw(i).word(3)))
      }
    }
  }

  @Test func bitsAreThoseOfTheModel() {
    var random = SplitMix64(seed: 2)
    let words: [UInt64] = [0, 1, 2, 3, 4, 63, 1 << 33, .max - 3, .max]
    for seed in [0, 1, 7, .max, random.next()] as [UInt64] {
      for label in ["", "a", "product", "größe"] {
        let (stream, model) = (RandomStream(seed: seed, label), StreamModel.seeded(seed, label))
        for index in [0, 1, 2, 1 << 32, .max, random.next()] as [UInt64] {
          for word in words { #expect(stream.bits(at: index, word: word) == model.bits(at: index, word: word)) }
        }
        #expect(stream.child("x").bits(at: 5) == model.child("x").bits(at: 5, word: 0))
        for item in [0, 1, -1, .max, .min] {
          #expect(stream.child(item).bits(at: 5) == model.child(item).bits(at: 5, word: 0))
        }
      }
    }
  }

  @Test func streamsOfDifferentSeedsLabelsAndItemsDiffer() {
    var first: [UInt64: String] = [:]
    for seed in 0..<20 as Range<UInt64> {
      for label in ["", "a", "b", "ab", "ba", "product"] {
        let stream = RandomStream(seed: seed, label)
        for item in -10..<10 {
          let name = "seed \(seed), label \(label), item \(item)"
          let old = first.updateValue(name, forKey: stream.child(item).bits(at: 0))
          #expect(old == nil, "\(name) and \(old ?? "") begin alike")
        }
      }
    }
  }

  @Test func uniformNumbersAreTheTopBits() {
    let stream = RandomStream(seed: 3)
    for i in 0..<1000 as Range<UInt64> {
      let x = stream.uniform(at: i)
      #expect(x >= 0 && x < 1 && x * 0x1p53 == Double(stream.bits(at: i) >> 11))
    }
  }

  @Test(arguments: [1, 2, 3, 10, 1000, .max]) func integersStayBelowTheirBound(_ bound: Int) {
    let stream = RandomStream(seed: 4)
    for i in 0..<1000 as Range<UInt64> {
      let x = stream.integer(below: bound, at: i)
      #expect(x >= 0 && x < bound)
    }
  }

  @Test func everyBitIsSetHalfOfTheTime() {
    let stream = RandomStream(seed: 5)
    var counts = Array(repeating: 0, count: 64)
    let n = 100_000
    for i in 0..<n {
      let bits = stream.bits(at: UInt64(i))
      for j in 0..<64 { counts[j] += Int(bits >> UInt64(j) & 1) }
    }
    // Five standard deviations of a binomial count: √n / 2 each.
    for (j, count) in counts.enumerated() { #expect(abs(Double(count - n / 2)) < 2.5 * Double(n).squareRoot(), "bit \(j)") }
  }
}
