// SPDX-License-Identifier: Apache-2.0
// What is written is what NumPy would write, and reads back bit for bit.

import Foundation
import Tensors
import Testing

@Suite struct NPYWritingTests {
  @Test(arguments: [
    ([], "()", 118), ([3], "(3,)", 118), ([0, 3], "(0, 3)", 118), ([2, 3, 4], "(2, 3, 4)", 118),
    // With the room for growth the first just fits into 128 bytes; the second fills them, for which NumPy adds 64.
    ([7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 10], "(7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 10)", 118),
    ([7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 100], "(7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 100)", 182),
  ] as [([Int], String, Int)])
  func theHeaderIsNumPys(shape: [Int], tuple: String, length: Int) throws {
    let count = shape.reduce(1, *)
    let data = try Tensor(shape: shape, elements: Array(repeating: 1, count: count)).npy()
    let text = "{'descr': '<f8', 'fortran_order': False, 'shape': \(tuple), }"
    let padded = text + String(repeating: " ", count: length - text.utf8.count - 1) + "\n"
    let head: [UInt8] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, UInt8(length), 0]
    #expect(data == Data(head + padded.utf8 + Array(repeating: hex("000000000000f03f"), count: count).joined()))
  }

  @Test(arguments: 0...64)
  func dataBeginAtAMultipleOf64Bytes(rank: Int) throws {
    let tensor = Tensor(shape: Array(repeating: 1, count: rank), elements: [1])
    let data = try tensor.npy(elementType: .f4)
    #expect((data.count - 4) % 64 == 0)
    #expect(try Tensor(npy: data) == tensor)
  }

  @Test func everyBinary64PatternSurvives() throws {
    var random = SplitMix64(state: 11)
    let special: [Double] = [0, -0.0, 0x1p-1074, -0x1p-1022, 0x1.fffffffffffffp1023, .infinity, -.infinity, .nan]
    let elements = special + (0..<10_000).map { _ in Double(bitPattern: random.next()) }
    let tensor = Tensor(shape: [elements.count], elements: elements)
    let read = try Tensor(npy: tensor.npy())
    #expect(read.shape == tensor.shape)
    #expect(read.bits == tensor.bits)
  }

  @Test func everyBinary32NumberSurvivesAsF4() throws {
    var random = SplitMix64(state: 12)
    let elements = (0..<10_000).map { _ in Double(Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))) }
    let tensor = Tensor(shape: [100, 100], elements: elements)
    let read = try Tensor(npy: tensor.npy(elementType: .f4))
    #expect(read.shape == tensor.shape)
    #expect(zip(read.elements, elements).allSatisfy { $0 == $1 ? $0.sign == $1.sign : $0.isNaN && $1.isNaN })
  }

  @Test(arguments: [0.1, 0x1p128, 0x1.8p-149, 0x1p-150, 16_777_217, -0x1.0000000000001p0])
  func f4RefusesToRound(value: Double) throws {
    let tensor = Tensor(shape: [3], elements: [.nan, -.infinity, value])
    #expect(throws: TensorError.inexactElement(position: 2, value: value, type: "f4")) { try tensor.npy(elementType: .f4) }
    #expect(try Tensor(npy: tensor.npy()).elements[2] == value)
  }
}
