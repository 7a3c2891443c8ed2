// SPDX-License-Identifier: Apache-2.0
// Every .npy file that NumPy can write, from bytes written out by hand.

import Foundation
import Tensors
import Testing

/// An element type of NumPy, words in big-endian hexadecimal, and the numbers they encode.
struct NPYSample: Sendable, CustomTestStringConvertible {
  let type: String
  let words: String
  let numbers: [Double]
  var testDescription: String { type }

  static let all = [
    NPYSample(type: "f2", words: "3c00 c000 0001 7bff fc00 8000 7c00",
         numbers: [1, -2, 0x1p-24, 65504, -.infinity, -0.0, .infinity]),
    NPYSample(type: "f4", words: "3f800000 00000001 7f7fffff ff800000 80000000",
         numbers: [1, 0x1p-149, 0x1.fffffep127, -.infinity, -0.0]),
    NPYSample(type: "f8", words: "3ff0000000000000 0000000000000001 7fefffffffffffff fff0000000000000 8000000000000000",
         numbers: [1, 0x1p-1074, 0x1.fffffffffffffp1023, -.infinity, -0.0]),
    NPYSample(type: "i1", words: "00 7f 80 ff", numbers: [0, 127, -128, -1]),
    NPYSample(type: "i2", words: "0001 7fff 8000 ffff", numbers: [1, 32767, -32768, -1]),
    NPYSample(type: "i4", words: "00000001 7fffffff 80000000 ffffffff",
         numbers: [1, 2_147_483_647, -2_147_483_648, -1]),
    NPYSample(type: "i8", words: "0000000000000001 0020000000000000 8000000000000000 ffffffffffffffff",
         numbers: [1, 0x1p53, -0x1p63, -1]),
    NPYSample(type: "u1", words: "00 7f 80 ff", numbers: [0, 127, 128, 255]),
    NPYSample(type: "u2", words: "0001 7fff 8000 ffff", numbers: [1, 32767, 32768, 65535]),
    NPYSample(type: "u4", words: "00000001 7fffffff 80000000 ffffffff",
         numbers: [1, 2_147_483_647, 2_147_483_648, 4_294_967_295]),
    NPYSample(type: "u8", words: "0000000000000001 0020000000000000 8000000000000000 fffffffffffff800",
         numbers: [1, 0x1p53, 0x1p63, 0x1.fffffffffffffp63]),
    NPYSample(type: "b1", words: "00 01 02 ff", numbers: [0, 1, 1, 1]),
  ]
}

@Suite struct NPYReadingTests {
  @Test(arguments: NPYSample.all, [UInt8(1), 2, 3])
  func everyTypeByteOrderAndVersionReadsExactly(sample: NPYSample, major: UInt8) throws {
    let expected = sample.numbers.map(\.bitPattern)
    let big = hex(sample.words)
    let little = swapped(big, size: big.count / expected.count)
    for (mark, bytes) in [(">", big), ("<", little), ("|", little), ("=", little), ("", little)] {
      for fortran in [false, true] {
        let header = npyHeader(mark + sample.type, "(\(expected.count),)", fortran: fortran)
        let tensor = try Tensor(npy: npyFile(header, bytes, major: major))
        #expect(tensor.shape == [expected.count])
        #expect(tensor.bits == expected, "\(header)")
      }
    }
  }

  @Test func fortranOrderBecomesRowMajor() throws {
    // numpy.array([[1, 2, 3], [4, 5, 6]], order='F')
    let file = npyFile(npyHeader("|u1", "(2, 3)", fortran: true), [1, 4, 2, 5, 3, 6])
    #expect(try Tensor(npy: file) == Tensor(shape: [2, 3], elements: [1, 2, 3, 4, 5, 6]))
  }

  @Test(arguments: [[1], [5], [3, 4], [1, 4, 1], [2, 3, 4], [4, 3, 2, 1, 2], [2, 2, 2, 2, 2, 2, 2]])
  func fortranOffsetIsTheSumOfIndicesTimesLeadingProducts(shape: [Int]) throws {
    let count = shape.reduce(1, *)
    let tuple = "(" + shape.map { "\($0)," }.joined() + ")"
    let file = npyFile(npyHeader("<u2", tuple, fortran: true), (0..<UInt16(count)).flatMap(littleEndian))
    let tensor = try Tensor(npy: file)
    for position in 0..<count {
      // Indices of `position` from the last to the first, then the offset from the first to the last.
      var (rest, indices) = (position, [Int]())
      for extent in shape.reversed() { indices.insert(rest % extent, at: 0); rest /= extent }
      let offset = zip(indices, shape).reversed().reduce(0) { $0 * $1.1 + $1.0 }
      #expect(tensor.elements[position] == Double(offset))
    }
  }

  @Test(arguments: ["()", "( )"])
  func anEmptyTupleIsOneNumber(shape: String) throws {
    #expect(try Tensor(npy: npyFile(npyHeader("|i1", shape), [0xff])) == Tensor(shape: [], elements: [-1]))
  }

  @Test(arguments: [false, true])
  func zeroExtentsAreSafeHoweverLargeTheOthers(fortran: Bool) throws {
    let large = Int.max
    for shape in [[0], [0, 3], [0, large], [large, large, 0], [large, 0, large]] {
      let tuple = "(" + shape.map { "\($0)," }.joined() + ")"
      #expect(try Tensor(npy: npyFile(npyHeader("<f8", tuple, fortran: fortran))) == Tensor(shape: shape, elements: []))
    }
  }

  @Test(arguments: [
    #"{"shape": (2,), "fortran_order": False, "descr": "|u1"}"#,
    "{'fortran_order':False,'descr':'u1','shape':(2,)}",
    " \t{ 'descr' : '|u1' , 'shape' : ( 2 , ) , 'fortran_order' : False , } \r\n",
    "{'descr': '|u1', 'fortran_order': False, 'shape': [2], }" + String(repeating: " ", count: 500) + "\n",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2), }",
  ])
  func headersMayBeSpeltInManyWays(header: String) throws {
    #expect(try Tensor(npy: npyFile(header, [7, 8])) == Tensor(shape: [2], elements: [7, 8]))
  }

  @Test func aSliceOfDataIsReadFromItsOwnStart() throws {
    let file = npyFile(npyHeader("<i2", "(1,)"), [0x34, 0x12])
    #expect(try Tensor(npy: (Data([1, 2, 3]) + file).dropFirst(3)).elements == [0x1234])
  }

  @Test func aNaNStaysANaN() throws {
    for (type, word) in [("f2", "7e01"), ("f2", "fc01"), ("f4", "ffc00000"), ("f4", "7f800001"), ("f8", "7ff0000000000001")] {
      #expect(try Tensor(npy: npyFile(npyHeader(">" + type, "()"), hex(word))).elements[0].isNaN)
    }
  }
}
