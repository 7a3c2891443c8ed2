// SPDX-License-Identifier: Apache-2.0
// Matrix products are DotProduct.evaluate element by element, with every kernel, instruction set and number of threads.

import Accumulation
import Formats
import TestSupport
import Testing

@Suite struct MatrixProductTests {
  /// Numbers of a format: values from a window of its exponents; with all of them ends, subnormals, ties and zeros of both signs.
  static func numbers<Number: CarrierNumber>(_ format: Format, _ style: Style, count: Int, _ random: inout SplitMix64) -> [Number] {
    let rounder = try! Rounder(to: format, overflow: .saturate)
    return (0..<count).map { _ in
      let word = random.next()
      switch style {
      case .unit:
        return Number(rounder(Double(Int64(bitPattern: word) >> 11) * 0x1p-52))
      case .normal:
        let sum = (0..<4).reduce(0.0) { sum, _ in sum + Double(random.next() >> 11) * 0x1p-53 } - 2
        return Number(rounder(1.7 * sum))
      case .ties:
        // Tiny numbers, and products that are middles between accumulator values: where rounding twice shows.
        let tiny = Double(exactly: format.minPositive)!
        let large = Double(exactly: format.maxFinite)! / Double(1 << (word >> 3 % 4))
        return Number(rounder([tiny, large * 0.37, large * 0.81, large * 0.69][Int(word % 4)] * (word >> 8 % 3 == 0 ? -1 : 1)))
      case .positive:
        return Number(rounder(Double(word >> 11) * 0x1p-53 + 0.25))
      case .codes, .specials:
        guard format.width <= 16 else { return Number(rounder(Double(Int64(bitPattern: word) >> 40) * Double(sign: .plus, exponent: Int(word % 60) - 50, significand: 1))) }
        let value = format.decode(Format.Code(word >> 20) & ((1 << Format.Code(format.width)) - 1))
        if style == .codes && !value.isFinite || style == .specials && word % 64 > 2 && !value.isFinite { return 1 }
        return Number(value.double)
      }
    }
  }

  enum Style: CaseIterable { case unit, normal, positive, ties, codes, specials }

  static func agree<Number: CarrierNumber>(
    _ text: String, _ product: String, _ format: Format, _ style: Style, _ m: Int, _ k: Int, _ n: Int, _ type: Number.Type, _ sets: [InstructionSet],
    _ seen: inout [String: Int], _ random: inout SplitMix64
  ) throws {
    let dot = DotProduct(try Plan(text: text), product: try Product(text: product))
    let a = Matrix<Number>(rows: m, columns: k, numbers(format, style, count: m * k, &random))
    let b = Matrix<Number>(rows: n, columns: k, numbers(format, style, count: n * k, &random)).transposed
    let stream = RandomStream(seed: 410)
    var expected: [Number] = []
    for i in 0..<m {
      for j in 0..<n {
        let sum = dot.evaluate((0..<k).map { Value(Double(a[i, $0])) }, (0..<k).map { Value(Double(b[$0, j])) }, random: stream.child(i * n + j))
        expected.append(Number(sum.double))
      }
    }
    for set in sets {
      let multiply = MatrixProduct(dot, set)
      let choice = multiply.choice(a, b)
      seen[choice.isReference ? "reference" : choice.description, default: 0] += 1
      let c = multiply(a, b, random: stream, .threads(1 + m % 3)).elements
      for e in expected.indices where !(c[e] == expected[e] && (c[e].sign == expected[e].sign) || c[e].isNaN && expected[e].isNaN) {
        Issue.record("--format \(format) --acc \(text) --product \(product), \(style), \(m)x\(k)x\(n), element (\(e / n), \(e % n)), \(set), \(choice): \(c[e]), not \(expected[e])")
        return
      }
    }
  }

  static let accumulators = [
    "e6m5", "e6m5@saturate", "e6m5@rz", "e6m5@rz@saturate", "e6m5@ru", "e6m5@rd@saturate", "e6m5@rna", "e6m5@rnz", "e6m5@ro", "e6m5@flush", "e6m5:nosub",
    "e6m5@sr", "e6m5@sr24", "e6m5@sr4", "e6m5@sr24@saturate", "e4m3", "e4m3@saturate", "e4m3fn", "e4m3fn@saturate", "e4m3@rd", "e4m3@sr8", "e4m3fnuz", "k8p4se", "e5m2",
    "bf16", "bf16@rz", "bf16@sr8", "bf16@ro", "fp16", "fp16@saturate", "fp16@rd@saturate", "fp16@sr", "tf32", "e8m12", "e8m20", "fp32", "fp32@rz", "fp32@rd", "fp32@sr24", "fp32@saturate",
    "q8.13", "q8.13@wrap", "q8.13@ru", "q8.13@rz", "q8.13@rd", "q8.13@sr8", "q11.13", "q16.16", "q16.16@wrap", "q4.4@wrap", "uq8.8", "e4m3:16,fp16:8,fp32", "e4m3@saturate:16,fp16@rz:3,fp32",
    "e4m3:7,e6m5@sr8", "e4m3@sr8:4,bf16@sr8:5,fp32", "(e4m3:4,e5m4):8,fp16", "fp32:32,fp32", "q8.13:16,fp32", "e5m4@rd:3,fp32@rd", "pairwise/fp16", "k8p4sf", "e6m5@ieee@ro",
  ]

  @Test func everyKernelEqualsTheReference() throws {
    var (seen, random) = ([String: Int](), SplitMix64(seed: 411))
    let formats = [Format.e4m3, .e4m3fn, .e5m2, .e2m1fn, .bf16, format("q1.7"), .fp16]
    var turn = 0
    for text in MatrixProductTests.accumulators {
      for product in ["exact", "e4m3", "fused", "e5m2@rz@saturate", "e4m3fn", "fp16@sr8", "e6m5@rd", "bf16"] {
        for style in Style.allCases {
          turn += 1
          let input = formats[turn % (product == "exact" ? 7 : 3)]
          let (m, k, n) = style == .ties ? (12, 3, 33) : [(1, 1, 1), (3, 17, 5), (7, 33, 37), (2, 64, 33), (13, 5, 2)][turn / 3 % 5]
          if Carrier.binary32.holdsForTest(try Plan(text: text).output.format) {
            try MatrixProductTests.agree(text, product, input, style, m, k, n, Float.self, InstructionSet.available, &seen, &random)
          }
          if turn % 4 == 0 { try MatrixProductTests.agree(text, product, input, style, m, k, n, Double.self, InstructionSet.available, &seen, &random) }
        }
      }
    }
    let kinds = ["lean", "saturating", "overflowing", "dithered", "fixed point", "wrapping fixed point", "general", "native", "rounded products, lean", "rounded products, saturating", "rounded products, overflowing", "rounded products, general"]
    for kind in kinds { #expect(seen.keys.contains { $0.hasPrefix(kind + " in") }, "no case took the kernel '\(kind)': \(seen)") }
    if InstructionSet.best == .avx512 {
      for kind in ["odd lean", "odd saturating", "odd overflowing"] { #expect(seen.keys.contains { $0.hasPrefix(kind) }, "no case took \(kind)") }
    }
    #expect(seen["reference"] != nil)
  }
}

extension Carrier {
  fileprivate func holdsForTest(_ format: Format) -> Bool {
    let ends = [format.maxFinite, format.minFinite].filter { !$0.isZero }
    return format.precision <= 24 && format.quantumExponent >= -149 && ends.allSatisfy { $0.floorLog2 <= 127 }
  }
}
