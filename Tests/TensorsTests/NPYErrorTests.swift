// SPDX-License-Identifier: Apache-2.0
// What is not exactly one .npy array of numbers is refused, each time for the right reason.

import Foundation
import Tensors
import Testing

@Suite struct NPYErrorTests {
  let numpyTypes = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"]

  @Test(arguments: [[], [0x93], Array("PK\u{3}\u{4}zip".utf8), [0x94] + Array("NUMPY".utf8) + [1, 0]])
  func otherFilesAreNotNPY(bytes: [UInt8]) {
    #expect(throws: TensorError.notNPY) { try Tensor(npy: Data(bytes)) }
  }

  @Test(arguments: [(0, 0), (4, 0), (1, 1), (255, 255)] as [(UInt8, UInt8)])
  func otherVersionsAreRefused(major: UInt8, minor: UInt8) {
    var file = npyFile(npyHeader("|u1", "(0,)"))
    (file[6], file[7]) = (major, minor)
    #expect(throws: TensorError.unknownVersion(major: major, minor: minor)) { try Tensor(npy: file) }
  }

  @Test(arguments: [UInt8(1), 2, 3])
  func everyProperPrefixIsRefused(major: UInt8) throws {
    let file = npyFile(npyHeader("<f8", "(2, 2)"), Array(repeating: 0, count: 32), major: major)
    #expect(try Tensor(npy: file).shape == [2, 2])
    for length in 0..<file.count {
      #expect(throws: TensorError.self) { try Tensor(npy: file.prefix(length)) }
    }
  }

  @Test func truncationSaysWhatIsMissing() {
    let file = npyFile(npyHeader("<f8", "(2,)"), Array(repeating: 0, count: 15))
    #expect(throws: TensorError.truncated(part: "data", needed: 16, present: 15)) { try Tensor(npy: file) }
    #expect(throws: TensorError.truncated(part: "version", needed: 2, present: 1)) { try Tensor(npy: file.prefix(7)) }
    #expect(throws: TensorError.truncated(part: "header length", needed: 2, present: 1)) { try Tensor(npy: file.prefix(9)) }
    let header = file.count - 10 - 15
    for present in [1, header - 1] {
      #expect(throws: TensorError.truncated(part: "header", needed: UInt64(header), present: present)) {
        try Tensor(npy: file.prefix(10 + present))
      }
    }
  }

  @Test func anEnormousClaimAllocatesNothing() {
    let file = npyFile(npyHeader("|u1", "(\(Int.max),)"), [1])
    #expect(throws: TensorError.truncated(part: "data", needed: UInt64(Int.max), present: 1)) { try Tensor(npy: file) }
  }

  @Test func longHeadersAreRefused() throws {
    let header = npyHeader("|u1", "(0,)")
    let limit = 1 << 20
    let padding = String(repeating: " ", count: limit - header.utf8.count)
    #expect(try Tensor(npy: npyFile(header + padding, major: 2)).shape == [0])
    #expect(throws: TensorError.headerTooLong(bytes: UInt64(limit) + 1, limit: limit)) {
      try Tensor(npy: npyFile(header + padding + " ", major: 2))
    }
    #expect(throws: TensorError.headerTooLong(bytes: 0xffff_ffff, limit: limit)) {
      try Tensor(npy: Data([0x93] + "NUMPY".utf8 + [3, 0, 255, 255, 255, 255]))
    }
  }

  @Test func bytesAfterTheDataAreRefused() {
    #expect(throws: TensorError.trailingBytes(count: 1)) { try Tensor(npy: npyFile(npyHeader("|u1", "(2,)"), [1, 2, 3])) }
    #expect(throws: TensorError.trailingBytes(count: 2)) { try Tensor(npy: npyFile(npyHeader("<f8", "(0,)"), [1, 2])) }
  }

  @Test(arguments: [[-1], [2, -3], [Int.max, 2], [1 << 32, 1 << 32], [0, -1], Array(repeating: 1, count: 65)])
  func impossibleShapesAreRefused(shape: [Int]) {
    let tuple = "(" + shape.map { "\($0)," }.joined() + ")"
    #expect(throws: TensorError.badShape(shape)) { try Tensor(npy: npyFile(npyHeader("|u1", tuple), [1])) }
  }

  @Test func aByteCountBeyondUInt64IsRefused() {
    #expect(throws: TensorError.badShape([Int.max])) { try Tensor(npy: npyFile(npyHeader("<f8", "(\(Int.max),)"))) }
  }

  @Test(arguments: [
    ("'|O'", "|O"), ("'<c16'", "<c16"), ("'<U4'", "<U4"), ("'|S3'", "|S3"), ("'<M8[ns]'", "<M8[ns]"),
    ("'<f16'", "<f16"), ("'<bf16'", "<bf16"), ("'<V2'", "<V2"), ("''", ""), ("'<<f8'", "<<f8"), ("None", "None"),
    ("[('a', '<f4'), ('b\\'', '|u1', (2,))]", "[['a', '<f4'], ['b\\'', '|u1', [2]]]"),
    ("('<f4', (2, 2))", "['<f4', [2, 2]]"),
    ("{'names': ['a'], 'formats': [True]}", "{'formats': [True], 'names': ['a']}"),
  ])
  func otherTypesAreNamed(descr: String, name: String) {
    let header = "{'descr': \(descr), 'fortran_order': False, 'shape': (), }"
    #expect(throws: TensorError.unsupportedType(name: name, supported: numpyTypes)) { try Tensor(npy: npyFile(header)) }
  }

  @Test(arguments: [
    ("", "expected a string, an integer, True, False, None or a bracket at byte 0"),
    ("[1]", "expected a dictionary"),
    ("{}", "expected exactly the keys descr, fortran_order and shape"),
    ("{'descr': 'u1', 'shape': ()}", "expected exactly the keys descr, fortran_order and shape"),
    ("{'descr': 'u1', 'fortran_order': False, 'shape': (), 'more': 1}",
         "expected exactly the keys descr, fortran_order and shape"),
    ("{'descr': 'u1', 'fortran_order': 0, 'shape': ()}", "expected True or False as fortran_order"),
    ("{'descr': 'u1', 'fortran_order': False, 'shape': 3}", "expected a tuple as shape"),
    ("{'descr': 'u1', 'fortran_order': False, 'shape': ('3',)}", "expected integers in shape"),
    ("{'descr': 'u1', 'fortran_order': False, 'shape': (True,)}", "expected integers in shape"),
    ("{'descr': 'u1'", "expected , or } at byte 14"),
    ("{'descr': 'u1", "string without end at byte 13"),
    ("{'descr' 'u1'}", "expected : at byte 9"),
    ("{3: 4}", "expected a string as key at byte 2"),
    ("{'a': 1, 'a': 2}", "expected no key twice at byte 15"),
    ("{'a': (1 2)}", "expected , or ) at byte 9"),
    ("{'a': (,)}", "expected a string, an integer, True, False, None or a bracket at byte 7"),
    ("{'a': 9223372036854775808}", "expected an integer of at most 64 bits at byte 25"),
    ("{'a': --1}", "expected an integer of at most 64 bits at byte 9"),
    ("{} x", "expected nothing more at byte 3"),
    ("{}\0", "expected nothing more at byte 2"),
    ("{'a': \(String(repeating: "(", count: 60_000))", "too many brackets at byte 21"),
  ])
  func malformedHeadersSayWhere(header: String, reason: String) {
    #expect(throws: TensorError.malformedHeader(reason: reason)) { try Tensor(npy: npyFile(header)) }
  }

  @Test(arguments: [
    ("<i8", Int64(9_007_199_254_740_993)), ("<i8", -9_007_199_254_740_993), ("<i8", .max), ("<u8", .max),
  ])
  func inexactIntegersAreNamed(type: String, value: Int64) {
    let file = npyFile(npyHeader(type, "(3,)"), [Int64(1), 1 << 53, value].flatMap(littleEndian))
    #expect(throws: TensorError.inexactInteger(position: 2, value: "\(value)")) { try Tensor(npy: file) }
  }
}
