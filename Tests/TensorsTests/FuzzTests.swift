// SPDX-License-Identifier: Apache-2.0
// No sequence of bytes crashes a reader, and what a reader accepts survives being written and read again.

import Foundation
import Tensors
import Testing

/// Damages files: bit flips, truncation, insertion, duplication, and splices of numbers and text that parsers trip over.
struct Mutator {
  var random: SplitMix64
  let corpus: [[UInt8]]
  let tokens: [[UInt8]]

  /// `text` joins what every binary format finds interesting: extreme integers of 1, 2, 4 and 8 bytes.
  init(seed: UInt64, corpus: [Data], text: [String]) {
    random = SplitMix64(state: seed)
    self.corpus = corpus.map(Array.init)
    let integers: [Int64] = [0, 1, -1, 127, 128, 255, 256, 32767, 65535, 1 << 20, 1 << 31, .max, .min, 1 << 53]
    tokens = text.map { Array($0.utf8) } + integers.flatMap { n in [1, 2, 4, 8].map { Array(littleEndian(n).prefix($0)) } }
  }

  mutating func next() -> Data {
    var bytes = corpus.randomElement(using: &random) ?? []
    for _ in 0..<Int.random(in: 1...4, using: &random) { mutate(&bytes) }
    return Data(bytes)
  }

  private mutating func mutate(_ bytes: inout [UInt8]) {
    let position = Int.random(in: 0...bytes.count, using: &random)
    let end = min(bytes.count, position + Int.random(in: 0...16, using: &random))
    let token = tokens.randomElement(using: &random) ?? []
    switch Int.random(in: 0..<8, using: &random) {
    case 0, 1: if position < bytes.count { bytes[position] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
    case 2: if position < bytes.count { bytes[position] = UInt8.random(in: 0...255, using: &random) }
    case 3: bytes.removeSubrange(position..<end)
    case 4: bytes.insert(contentsOf: bytes[position..<end], at: position)
    case 5: bytes.insert(contentsOf: token, at: position)
    case 6: bytes.replaceSubrange(position..<min(bytes.count, position + token.count), with: token)
    default: if Bool.random(using: &random) { bytes.removeSubrange(position...) }
    }
  }
}

@Suite struct FuzzTests {
  static let count = 100_000
  static let command = "swift test -c release --filter FuzzTests"

  /// Feeds `count` damaged files to `read`, and checks every tensor that it returns; both outcomes must occur.
  func fuzz(_ mutator: Mutator, _ read: (Data) throws(TensorError) -> [Tensor]) {
    var mutator = mutator
    var accepted = 0
    for iteration in 0..<Self.count {
      let data = mutator.next()
      do throws(TensorError) {
        for tensor in try read(data) {
          let again = try Tensor(npy: tensor.npy())
          guard again.shape == tensor.shape, again.bits == tensor.bits else {
            Issue.record("iteration \(iteration), \(Self.command): \(Array(data)) gives \(tensor)")
            return
          }
        }
        accepted += 1
      } catch {
        guard !error.description.isEmpty, error.description.utf8.count < 4000 else {
          Issue.record("iteration \(iteration), \(Self.command): \(error)")
          return
        }
      }
    }
    #expect(accepted > Self.count / 100)
    #expect(accepted < Self.count)
  }

  @Test func damagedNPYFilesNeverCrash() {
    let corpus = [
      npyFile(npyHeader("<f8", "(2,)"), Array(repeating: 0x3f, count: 16)),
      npyFile(npyHeader(">i2", "(2, 3)", fortran: true) + "    \n", Array(0..<12), major: 2),
      npyFile(npyHeader("<u8", "()"), littleEndian(UInt64(1) << 53), major: 3),
      npyFile(npyHeader("|b1", "(0, 3)")),
      npyFile(npyHeader("<f2", "(1, 2, 2)"), Array(0..<8)),
    ]
    let text = [
      "9223372036854775807", "-1", "18446744073709551616", "(0, ", "((((((", "'", "\"", "\\'", "True", "{", "}",
      "<c8", "|O", "f4", "u1", ",", "[]",
    ]
    fuzz(Mutator(seed: 1, corpus: corpus, text: text)) { data throws(TensorError) in [try Tensor(npy: data)] }
  }

  @Test func damagedSafetensorsFilesNeverCrash() {
    let corpus = [
      safetensorsFile(#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, Array(0..<8)),
      safetensorsFile(#"""
        {"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"b":{"dtype":"I64","shape":[1],"data_offsets":[1,9]}}
        """#, Array(repeating: 0, count: 9)),
      safetensorsFile(#"{"__metadata__":{"k":"v"},"é":{"dtype":"BF16","shape":[0,3],"data_offsets":[0,0]}}"#),
    ]
    let text = [
      "9223372036854775807", "-1", "1e400", "1.5", "null", "{", "}", "[[[[", "\"", "\\ud800", "\\", ":", ",", "[0,0]",
      "F16", "BOOL", "\u{FEFF}",
    ]
    fuzz(Mutator(seed: 2, corpus: corpus, text: text)) { data throws(TensorError) in
      let file = try Safetensors(data)
      var tensors: [Tensor] = []
      for entry in file.entries { tensors.append(try file.tensor(entry.name)) }
      return tensors
    }
  }

  @Test func damagedCSVFilesNeverCrash() {
    let corpus = [
      "1,2,3\n4,5,6\n", "x y\n1 2\n3 4\n", "# c\r\n1.5e3\r\n-0x1.8p-3\r\n", "inf,nan\n-inf,1e400\n", "é,ü\n\n7\t8\n",
    ]
    let text = [
      "1e999999999999", "0x1p-99999", "nan(", "nan(0x7)", "\0", "\r", "\n", ",", "\t", "#", "\u{FEFF}", "-", "+", ".",
      "infinity", "\u{661}", "e",
    ]
    let mutator = Mutator(seed: 3, corpus: corpus.map { Data($0.utf8) }, text: text)
    fuzz(mutator) { data throws(TensorError) in [try Tensor(csv: data)] }
  }
}
