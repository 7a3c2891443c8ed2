// SPDX-License-Identifier: Apache-2.0
// Blocks to and from numbers, and operations between them, against searches over all elements.

import Formats
import Glibc
import Multiprecision
import TestSupport
import Testing

@Suite struct BlockOperationTests {
  private let stream = RandomStream(seed: 11, "blocks")

  /// The value v of a format that leaves the smallest |x − s v|, of two equal ones that with the even code.
  private func nearest(_ x: Dyadic, over s: Dyadic, _ format: Format) -> Dyadic {
    let candidates = format.codes.compactMap { code in format.decode(Format.Code(code)).dyadic.map { ($0, code & 1) } }
    return candidates.min { a, b in
      let (p, q) = ((x - s * a.0).magnitude, (x - s * b.0).magnitude)
      return p != q ? p < q : a.1 < b.1
    }!.0
  }

  @Test(arguments: ["k6p3sf", "e2m1fn", "k8p4se", "q4.2"])
  func elementsAreTheNearestQuotients(_ name: String) throws {
    let target = format(name)
    let rounder = try Rounder(to: target, overflow: .saturate)
    for scale in [Dyadic(1), 3, Dyadic(5, exponent: -7), -7, .power(4)] {
      // Multiples of half the scale, so that ties abound.
      let numbers = (0..<200).map { scale * Dyadic(Int128(stream.integer(below: 257, at: UInt64($0)) - 128), exponent: -4) }
      let block = Block(of: numbers.map(Value.finite), scale: .finite(scale), rounder)
      for (x, element) in zip(numbers, block.elements) {
        #expect(element.dyadic == nearest(x, over: scale, target), "\(x) / \(scale) in \(name) is \(element)")
      }
      #expect(zip(block.values, block.elements).allSatisfy { $0.dyadic == scale * $1.dyadic! })
    }
  }

  @Test func theScaleOfABlockBringsItsLargestNumberToTheLargestElement() throws {
    let (element, scale) = (try Rounder(to: format("k4p2sf"), overflow: .saturate), try Rounder(to: format("k8p1ue"), .up))
    let block = Block(of: [Value(3), Value(-0.5), .infinity(negative: true), .zero], scaling: scale, element)
    // 3 over the largest element, up to a power of two.
    let quotient = 3 / Value.finite(element.format.maxFinite).double
    #expect(block.scale.double >= quotient && block.scale.double < 2 * quotient)
    #expect(block.elements[0].dyadic!.magnitude <= element.format.maxFinite && block.elements[3] == .zero)
    let zeros = Block(of: [.zero, .nan], scaling: scale, element)
    #expect(zeros.elements[1] == .nan)
  }

  @Test func specialScalesFollowTheirRules() throws {
    let rounder = try Rounder(to: format("k8p4se"))
    let infinity = Value.infinity(negative: false)
    #expect(Block(of: [Value(1), .zero, infinity], scale: .zero, rounder).elements == [.nan, .nan, .nan])
    #expect(Block(of: [Value(1), infinity], scale: .nan, rounder).elements == [.nan, .nan])
    #expect(Block(of: [Value(1), infinity, Value(-1)], scale: infinity, rounder).elements == [.zero, .nan, .zero])
    #expect(Block(of: [infinity], scale: Value(-2), rounder).elements == [-infinity])
  }

  @Test func sumsOfBlocksAreRoundedOnce() throws {
    let target = format("k6p3sf")
    let rounder = try Rounder(to: target, overflow: .saturate)
    let values = target.codes.map { target.decode(Format.Code($0)) }.filter(\.isFinite)
    for (s, t, z) in [(Dyadic(1), Dyadic(3), Dyadic(5)), (.power(-3), 7, 3), (3, .power(5), .power(3))] {
      for shift in 0..<values.count {
        let x = Block(scale: .finite(s), values)
        let y = Block(scale: .finite(t), values.indices.map { values[($0 + shift) % values.count] })
        let sum = Operation.add([x, y], scale: .finite(z), rounder)
        for i in values.indices {
          let exact = s * x.elements[i].dyadic! + t * y.elements[i].dyadic!
          guard sum.elements[i].dyadic == nearest(exact, over: z, target) else {
            Issue.record("(\(exact)) / \(z) is \(sum.elements[i])")
            return
          }
        }
      }
    }
  }

  @Test func functionsOfBlocksAreRoundedOnce() throws {
    let target = format("k8p4se")
    let rounder = try Rounder(to: target, overflow: .saturate)
    let block = Block(scale: Value(3), (-24...24).map { Value(Double($0) / 8) })
    let result = Operation.exp([block], scale: Value(5), rounder)
    for (x, element) in zip(block.values, result.elements) {
      // Far from all ties, a double decides.
      let quotient = Glibc.exp(x.double) / 5
      #expect(element == rounder.round(Value(quotient)).value, "exp(\(x)) / 5 is \(element)")
    }
    let plain = Operation.exp([Block(scale: Value(1), block.values)], scale: Value(1), rounder)
    #expect(plain.elements == block.values.map { Operation.exp([$0], rounder).value })
  }
}
