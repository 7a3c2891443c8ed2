// SPDX-License-Identifier: Apache-2.0
// The library calls of the README compile and give what it says.

import FmtLab
import Foundation
import Testing

@Suite struct ReadmeTests {
  @Test func callsGiveWhatTheirCommentsSay() throws {
    // The lines between the marks stand in the README, word for word.
    // <README>
    // 1  a format's facts
    let format = try Format("e4m3fn")
    let card = (format.maxFinite, format.minSubnormal!, format.unitRoundoff!)  // 448, 2^-9, 2^-4

    // 2  one rounding, in any mode, with its flags
    let toFP8 = try Rounder(to: .e4m3fn, .nearestEven, overflow: .saturate)
    let rounded = toFP8.round(try Extended(text: "0.3"))  // 0.3125, inexact

    // 3  a correctly rounded operation into any format, through MPFR
    let fused = Operation.fma([Value(20), Value(24), Value(-0x1p-16)], try Rounder(to: .e5m2))  // 448, not 512

    // 4  a dot product in a hierarchical accumulator, against its exact value
    let x = (1...256).map { toFP8.round(Value(Double($0) / 64)).value }
    let dot = DotProduct(try Plan(text: "e4m3fn:16,fp16:8,fp32"))
    var exact = ExactSum(products: .e4m3fn, .e4m3fn)
    for v in x { exact += v.dyadic! * v.dyadic! }
    var seen = Observation(magnitudes: Upward(exact.magnitudeRoundedUp), sum: Upward(exact.magnitudeRoundedUp))
    let computed = dot.evaluate(x, x) { seen.note($0) }  // 1403.375; exact is 1375.189453125

    // 5  every bound that applies to it, evaluated so that it is one
    let problem = Problem.dot(.e4m3fn, .e4m3fn, dot, count: 256)
    let bounds = try Bound.applicable(to: problem).map { ($0.bound.id, try $0.certify(seen).value.value) }

    // 6  arrays and matrix products by the vector kernels, the same bits; views cost nothing
    let numbers = ArrayRounder<Float>(toFP8)((0..<4096).map { Float($0) / 512 })
    let a = Matrix(rows: 64, columns: 64, numbers)
    let product = MatrixProduct(dot)(a, a.transposed)  // element (3, 5) is 18.75

    // 7  which outputs φ(x·y) of a layer may be accumulated in few bits: the first accumulator that stays within a tolerance
    let layer = PrecisionChoice(format: .e4m3fn, accumulators: [dot, DotProduct(try Plan(text: "fp16"))], tolerance: 0.1, activation: .relu)
    let component = layer.choose(x, x)  // not the hierarchy, at most 57 % wrong, but fp16, at most 2.4 %

    // 8  a rounded sum with its error, and 14 bits in three numbers of 4
    let halved = ErrorFreeTransform.twoSum(Value(0.5625), Value(-0x1p-9), in: toFP8)  // 0.5625 and -2^-9; nothing failed
    let held = Expansion(Dyadic(3.1416015625)!, terms: 3, in: toFP8)  // 3.25 - 0.109375, to the last bit that e4m3fn has
    let sum = held + Expansion(100, terms: 3, in: toFP8)  // 104 - 0.875 + 0.015625, exactly
    // </README>
    #expect(halved.value == Value(0.5625) && halved.error == Value(-0x1p-9) && halved.failed.isEmpty)
    #expect(held.terms.map(\.double) == [3.25, -0.109375] && sum.terms.map(\.double) == [104, -0.875, 0.015625])
    #expect(component.accumulator == 1 && component.attempts.map { Int((1000 * $0.relativeError).rounded(.up)) } == [570, 24])
    #expect(product[3, 5] == 18.75)
    #expect(card == (448, Dyadic.power(-9), Dyadic.power(-4)))
    #expect(rounded.value == Value(0.3125) && rounded.flags == .inexact)
    #expect(fused.value == Value(448))
    #expect(computed == Value(1403.375) && exact.double == 1375.189453125)
    #expect(bounds.allSatisfy { abs(computed.double - exact.double) <= $0.1 } && bounds.count == 4)
  }

  @Test func readmeHoldsTheseCalls() throws {
    let readme = try text("README.md")
    let source = try text("Tests/FmtLabTests/ReadmeTests.swift")
    let block = source.components(separatedBy: "// <README>\n")[1].components(separatedBy: "    // </README>")[0]
    let lines = block.split(separator: "\n", omittingEmptySubsequences: false).map { $0.hasPrefix("    ") ? $0.dropFirst(4) : $0 }
    #expect(readme.contains(lines.joined(separator: "\n")))
  }

  @Test func versionIsTheSameEverywhere() throws {
    func version(_ path: String, after mark: String, to end: Character) throws -> Substring {
      try #require(text(path).components(separatedBy: mark).dropFirst().first).prefix { $0 != end }
    }
    let own = try version("Sources/fmtlab-cli/Main.swift", after: "version: \"", to: "\"")
    #expect(own.split(separator: ".").count == 3)
    #expect(try own == version("CITATION.cff", after: "\nversion: ", to: "\n"))
    #expect(try own == version("Sources/python/pyproject.toml", after: "\nversion = \"", to: "\""))
    #expect(try own == version("Sources/python/fmtlab/__init__.py", after: "\n__version__ = \"", to: "\""))
  }

  private func text(_ path: String) throws -> String {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }
}
