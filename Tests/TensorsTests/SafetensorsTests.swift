// SPDX-License-Identifier: Apache-2.0
// The .safetensors format from bytes written out by hand.

import Foundation
import Tensors
import Testing

@Suite struct SafetensorsTests {
  /// A header with one tensor "t".
  func header(_ dtype: String, _ shape: String, _ begin: Int, _ end: Int) -> String {
    #"{"t":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":[\#(begin),\#(end)]}}"#
  }

  @Test(arguments: [
    ("F64", "0000000000000440 0000000000000080", [2.5, -0.0]), ("F32", "00002040 01000000", [2.5, 0x1p-149]),
    ("F16", "0041 0100", [2.5, 0x1p-24]), ("BF16", "2040 0100", [2.5, 0x1p-133]),
    ("I64", "ffffffffffffffff 0000000000002000", [-1, 0x1p53]), ("I32", "ffffffff 00000080", [-1, -0x1p31]),
    ("I16", "ffff 0080", [-1, -32768]), ("I8", "ff 80", [-1, -128]),
    ("U64", "0000000000000080 00f8ffffffffffff", [0x1p63, 0x1.fffffffffffffp63]),
    ("U32", "ffffffff 00000080", [4_294_967_295, 0x1p31]), ("U16", "ffff 0080", [65535, 32768]),
    ("U8", "ff 80", [255, 128]), ("BOOL", "00 01", [0, 1]), ("F8_E4M3", "7e 81", [448, -0x1p-9]),
    ("F8_E5M2", "7b fc", [57344, -.infinity]), ("F8_E8M0", "00 fe", [0x1p-127, 0x1p127]),
  ] as [(String, String, [Double])])
  func everyTypeReadsExactly(dtype: String, words: String, numbers: [Double]) throws {
    let bytes = hex(words)
    let file = try Safetensors(safetensorsFile(header(dtype, "[2,1]", 0, bytes.count), bytes))
    #expect(file.entries.map(\.dtype) == [dtype])
    let tensor = try file.tensor("t")
    #expect(tensor.shape == [2, 1])
    #expect(tensor.bits == numbers.map(\.bitPattern))
  }

  let several = safetensorsFile(#"""
    { "__metadata__": {"format": "pt", "any": "text"},
     "z.weight": {"data_offsets": [0, 4], "shape": [2, 2], "dtype": "U8"},
     "empty": {"dtype": "F32", "shape": [0, 9223372036854775807], "data_offsets": [4, 4]},
     "a.bias": {"dtype": "I16", "shape": [], "data_offsets": [4, 6]},
     "fp6": {"dtype": "F6_E2M3", "shape": [4], "data_offsets": [6, 9]},
     "größe \"x\"": {"dtype": "U8", "shape": [1], "data_offsets": [9, 10]} }
    """#, [1, 2, 3, 4, 0x39, 0x30, 7, 8, 9, 10])

  @Test func tensorsAreListedInTheOrderOfTheirBytes() throws {
    let entries = try Safetensors(several).entries
    #expect(entries.map(\.name) == ["z.weight", "empty", "a.bias", "fp6", "größe \"x\""])
    #expect(entries.map(\.dtype) == ["U8", "F32", "I16", "F6_E2M3", "U8"])
    #expect(entries.map(\.shape) == [[2, 2], [0, .max], [], [4], [1]])
  }

  @Test func eachNameGivesItsOwnTensor() throws {
    for data in [several, (Data([1, 2, 3]) + several).dropFirst(3)] {
      let file = try Safetensors(data)
      #expect(try file.tensor("z.weight") == Tensor(shape: [2, 2], elements: [1, 2, 3, 4]))
      #expect(try file.tensor("empty") == Tensor(shape: [0, .max], elements: []))
      #expect(try file.tensor("a.bias") == Tensor(shape: [], elements: [12345]))
      #expect(try file.tensor("größe \"x\"").elements == [10])
    }
  }

  @Test func aTypeThatCannotBeReadIsNamed() throws {
    let supported = [
      "BF16", "BOOL", "F16", "F32", "F64", "F8_E4M3", "F8_E5M2", "F8_E8M0", "I16", "I32", "I64", "I8", "U16", "U32", "U64", "U8",
    ]
    let file = try Safetensors(several)
    #expect(throws: TensorError.unsupportedType(name: "F6_E2M3", supported: supported)) { try file.tensor("fp6") }
  }

  @Test func unknownNamesSuggestTheNearest() throws {
    let file = try Safetensors(several)
    let names = file.entries.map(\.name)
    for (name, nearest) in [("z.wieght", "z.weight"), ("a.bia", "a.bias"), ("fp9", "fp6"), ("", nil), ("decoder", nil)] {
      let error = TensorError.unknownTensor(name: name, nearest: nearest, available: names)
      #expect(throws: error) { try file.tensor(name) }
    }
    #expect(throws: TensorError.nameNeeded(available: names)) { try file.tensor() }
  }

  @Test func aFileMayHoldNothing() throws {
    for text in ["{}", #"{"__metadata__":{}}   "#] {
      let file = try Safetensors(safetensorsFile(text))
      #expect(file.entries.isEmpty)
      #expect(throws: TensorError.nameNeeded(available: [])) { try file.tensor() }
    }
  }

  @Test func everyProperPrefixIsRefused() {
    for length in 0..<several.count {
      #expect(throws: TensorError.self) { try Safetensors(several.prefix(length)) }
    }
  }

  @Test func headerLengthsAreChecked() {
    #expect(throws: TensorError.truncated(part: "header length", needed: 8, present: 7)) { try Safetensors(Data(count: 7)) }
    #expect(throws: TensorError.truncated(part: "header", needed: 9, present: 8)) {
      try Safetensors(Data(littleEndian(UInt64(9)) + Array(repeating: 0x7b, count: 8)))
    }
    for bytes in [100_000_001, 1 << 63, .max] as [UInt64] {
      let error = TensorError.headerTooLong(bytes: bytes, limit: 100_000_000)
      #expect(throws: error) { try Safetensors(Data(littleEndian(bytes))) }
    }
  }

  @Test(arguments: [
    (0, 3), (0, 5), (1, 5), (-1, 3), (4, 0), (0, .max), (.min, .max), (.min, .min), (.max, .max),
  ] as [(Int, Int)])
  func offsetsMustTileTheData(begin: Int, end: Int) {
    #expect(throws: TensorError.self) { try Safetensors(safetensorsFile(header("U8", "[4]", begin, end), [1, 2, 3, 4])) }
  }

  @Test func gapsOverlapsAndTrailingBytesAreNamed() {
    func two(_ begin: Int, _ end: Int) -> Data {
      let a = #""a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}"#
      let b = #""b":{"dtype":"U8","shape":[2],"data_offsets":[\#(begin),\#(end)]}"#
      return safetensorsFile("{\(a),\(b)}", [1, 2, 3, 4, 5])
    }
    for (begin, end) in [(3, 5), (1, 3), (0, 2), (2, 6)] {
      let error = TensorError.badOffsets(tensor: "b", begin: begin, end: end, expectedBegin: 2)
      #expect(throws: error) { try Safetensors(two(begin, end)) }
    }
    #expect(throws: TensorError.trailingBytes(count: 1)) { try Safetensors(two(2, 4)) }
  }

  @Test func theByteCountMustFitTheShape() {
    // 2^61 elements of 8 bytes are 2^64 bytes, which is 0 for arithmetic that wraps around.
    for (dtype, extent, bytes) in [("U8", 3, 4), ("U8", 0, 4), ("U8", .max, 4), ("F32", 4, 4), ("F64", 1 << 61, 0)] {
      #expect(throws: TensorError.wrongByteCount(tensor: "t", bytes: bytes, dtype: dtype, shape: [extent])) {
        try Safetensors(safetensorsFile(header(dtype, "[\(extent)]", 0, bytes), Array(repeating: 1, count: bytes)))
      }
    }
    for (shape, text) in [([-1], "[-1]"), ([.max, 2], "[9223372036854775807,2]")] as [([Int], String)] {
      #expect(throws: TensorError.badShape(shape)) { try Safetensors(safetensorsFile(header("U8", text, 0, 1), [1])) }
    }
  }

  static let corrupt = "not valid JSON, or a number is no 64-bit integer"

  @Test(arguments: [
    ("", corrupt), ("{", corrupt),
    (String(repeating: "[", count: 100_000), corrupt),
    ("[1]", "a value is of the wrong kind"), (#"{"t":3}"#, "tensor \"t\": a value is of the wrong kind"),
    (#"{"t":null}"#, "tensor \"t\": a value is null"), (#"{"t":{"shape":[]}}"#, "tensor \"t\": dtype is missing"),
    (#"{"t":{"dtype":"U8","shape":[]}}"#, "tensor \"t\": data_offsets is missing"),
    (#"{"t":{"dtype":"U8","shape":[1.5],"data_offsets":[0,0]}}"#, corrupt),
    (#"{"t":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,0]}}"#, corrupt),
    (#"{"t":{"dtype":"U8","shape":[],"data_offsets":[0]}}"#, "tensor \"t\": a value is of the wrong kind"),
  ])
  func malformedHeadersSayWhere(text: String, reason: String) {
    #expect(throws: TensorError.malformedHeader(reason: reason)) { try Safetensors(safetensorsFile(text)) }
  }

  @Test func inexactIntegersAreNamed() throws {
    let file = try Safetensors(safetensorsFile(header("I64", "[1]", 0, 8), littleEndian(Int64.max)))
    #expect(throws: TensorError.inexactInteger(position: 0, value: "9223372036854775807")) { try file.tensor() }
  }
}
