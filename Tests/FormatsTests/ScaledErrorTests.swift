// SPDX-License-Identifier: Apache-2.0
// Errors of scaled formats: never above their bounds, and as large as these say.

import Formats
import TestSupport
import Testing

@Suite struct ScaledErrorTests {
  /// Largest magnitudes over two binades on a grid finer than any decision, with their neighbours.
  private static let tops: [Double] = (64..<256).flatMap { i -> [Double] in
    let m = Double(i) / 64
    return [m.nextDown, m, m.nextUp, m * (1 + 0x1p-26)]
  }

  /// Derived by hand from M/S in [lo, hi): 1 − Ω/hi for saturation, u/(1 + u) or h/lo for rounding.
  static let worstByHand: [(String, Double)] = [
    ("mxfp4", 1.0 / 4), ("mxfp8_e4m3", 1.0 / 8), ("mxfp8_e5m2", 1.0 / 8), ("mxfp6_e3m2", 1.0 / 8), ("mxfp6_e2m3", 1.0 / 16),
    ("bfp4", 1.0 / 8), ("bfp8", 1.0 / 128), ("bfp4_b", 1.0 / 8), ("mxint8", 1.0 / 128), ("dfp6", 1.0 / 32), ("bfp2", 1.0 / 2),
    ("mxfp4@ceil", 1.0 / 5), ("mxfp4@roundceil", 1.0 / 5), ("mxfp4@even", 1.0 / 5), ("mxfp8_e4m3@ceil", 1.0 / 17), ("mxfp8_e4m3@even", 3.0 / 31),
    ("mxfp8_e5m2@even", 1.0 / 9), ("bfp4@ceil", 1.0 / 4), ("bfp4@roundceil", 1.0 / 7), ("pow2(e3m0fn)/32", 1.0 / 2), ("nvfp4", 3.0 / 17),
    ("int8_symmetric", 0.5 / 127), ("int4_symmetric", 0.5 / 7),
  ]

  /// The largest error over M of two-number groups (M, x), for every M above and x on a grid of M's size and near its own end.
  private func largestRatio(_ quantizer: BlockQuantizer, unit: Double) throws -> Double {
    var worst = 0.0
    // Two-level scales get a tensor maximum that makes g = 1, so that s takes all values.
    let tensor = quantizer.format.scale.isTwoLevel ? quantizer.summary(of: [6 * 448]) : nil
    for m in Self.tops {
      let steps = Int(2 / unit)
      let scale = quantizer.scale(of: quantizer.summary(of: [m]), within: tensor).factor ?? 1
      let largest = Int(m / scale / unit)
      let x = (max(0, largest - steps)...largest).map { Double($0) * unit * scale }.filter { $0 <= m } + [m, -m]
      let group = try quantizer.quantize(group: x, within: tensor)
      worst = max(worst, group.tally.maxError / m)
    }
    return worst
  }

  @Test(arguments: worstByHand)
  func worstRatioIsAttainedAndNeverExceeded(_ name: String, _ byHand: Double) throws {
    let quantizer = try BlockQuantizer(ScaledFormat(name))
    let stated = try #require(quantizer.format.worstRelativeToMax)
    let coarse = name.hasPrefix("mxfp8") || name.hasPrefix("mxfp6") || name.hasPrefix("bfp8") || name == "mxint8" || name == "int8_symmetric"
    let seen = try largestRatio(quantizer, unit: coarse ? 1.0 / 128 : 1.0 / 32)
    #expect(abs(stated - byHand) <= byHand * 0x1p-20, "\(name): \(stated) is stated, \(byHand) derived")
    #expect(seen <= stated, "\(name): an error of \(seen) M, above \(stated)")
    #expect(seen >= stated * 0.98, "\(name): no error above \(seen) M, far below \(stated)")
  }

  /// Numbers from most of the range of a group, now and then next to the ends of the elements' range.
  private func wild(_ random: inout SplitMix64, _ count: Int) -> [Double] {
    (0..<count).map { _ in
      let bits = random.next()
      let x = Double(bits >> 12) * 0x1p-52 * Double(sign: .plus, exponent: -Int(bits % 24), significand: 1)
      return random.next() & 1 == 0 ? x : -x
    }
  }

  static let variants = [
    "mxfp4@ceil", "nvfp4@divide", "nvfp4@reciprocal", "nvfp4@ru", "int32_symmetric", "real(q8.0,bf16)", "real(e4m3fn:nosub)", "ternary3/8", "dfp32",
    "affine(q8.0,bf16)@rz", "pow2(e2m1fn:nosub)", "squeeze(e4m3fn)", "fixed(posit8,0.5)", "fixed(takum12,1)", "fixed(e5m2:cfg5,0.001)", "fixed(q4.4,0.01)", "fixed(fp16,7)",
  ]

  @Test(arguments: ScaledFormat.catalogue.map(\.name) + variants)
  func everyErrorIsWithinItsBounds(_ name: String) throws {
    let quantizer = try BlockQuantizer(ScaledFormat(name))
    var random = SplitMix64(seed: 81)
    for _ in 0..<effort(100) {
      let x = wild(&random, 32)
      let group = try quantizer.quantize(group: x)
      let m = x.map(\.magnitude).max()!
      for (x, y) in zip(x, group.values) {
        let error = (x - y).magnitude
        let bound = quantizer.format.errorBound(x, scale: group.scale)
        guard error <= bound, error <= m * (quantizer.format.worstRelativeToMax ?? .infinity) else {
          Issue.record("\(name): \(x) becomes \(y), beyond \(bound)")
          return
        }
      }
    }
  }

  @Test func boundsAreNotVacuous() throws {
    for name in ["mxfp4", "nvfp4", "int8_symmetric", "int8_affine", "dfp8", "s2fp8", "ternary"] {
      let quantizer = try BlockQuantizer(ScaledFormat(name))
      var random = SplitMix64(seed: 82)
      let x = wild(&random, 2048)
      let group = try quantizer.quantize(group: x)
      let tightest = zip(x, group.values).map { ($0 - $1).magnitude / quantizer.format.errorBound($0, scale: group.scale) }.max()!
      #expect(tightest > 0.8, "\(name): the bound is \(1 / tightest) times the largest error")
    }
  }

  @Test func fp32ArithmeticBelowItsNormalRangeHasNoBound() throws {
    let format = try ScaledFormat("int8_symmetric@reciprocal")
    let group = try BlockQuantizer(format).quantize(group: [1e-38])
    // 1/S saturates: the number is lost by a quarter.
    #expect(abs(group.values[0] - 1e-38) > 1e-39 && format.errorBound(1e-38, scale: group.scale) == .infinity)
    #expect(try ScaledFormat("int8_symmetric").errorBound(1e-38, scale: group.scale) < 1e-40)
  }
}
