// SPDX-License-Identifier: Apache-2.0
// What an accumulator costs in hardware: estimates, interpolated between published designs.

public import Accumulation
internal import Formats

/// Look-up tables of an FPGA and energy per addition: estimates for comparing designs, not predictions of any one.
public struct AccumulatorCost: Codable, Hashable, Sendable {
  /// LUTs of all accumulators of a plan, converters from products to fixed point included.
  public let luts: Double
  /// pJ a term: of the innermost accumulator for each term, of the others for each of their sums.
  public let picojoules: Double

  /// LUTs of floating-point accumulators by exponent and fraction bits (FPGA, no DSP blocks), and of fixed-point ones by width; the converter
  /// from a product. From a study of multiply-accumulate units for training (FPT 2022).
  private static let floating: [(exponent: Double, fraction: Double, luts: Double)] = [
    (7, 7, 255), (7, 5, 185), (7, 3, 187), (6, 7, 242), (6, 5, 187), (6, 3, 165),
  ]
  private static let fixed: [(width: Double, luts: Double)] = [(32, 89), (21, 55), (16, 43), (14, 35), (12, 32)]
  private static let converter = 116.0
  /// pJ of an addition by width: FP16 and FP32, INT8 and INT32.
  private static let floatingEnergy = [(16.0, 0.4), (32.0, 0.9)]
  private static let fixedEnergy = [(8.0, 0.03), (32.0, 0.1)]

  /// The cost of a plan of sequential levels; `nil` for other plans, of which no published design is known here.
  public init?(_ plan: Plan) {
    guard let (luts, energy) = AccumulatorCost.sum(plan) else { return nil }
    (self.luts, picojoules) = (luts, energy)
  }

  private static func sum(_ plan: Plan) -> (luts: Double, energy: Double)? {
    switch plan {
    case .sequential(let rounder): return one(rounder)
    case .chunked(let count, let inner, let outer):
      guard let a = sum(inner), let b = sum(outer) else { return nil }
      return (a.luts + b.luts, a.energy + b.energy / Double(count))
    case .pairwise, .strided, .compensated, .block, .exact: return nil
    }
  }

  private static func one(_ rounder: Rounder) -> (luts: Double, energy: Double)? {
    var luts: Double
    let energy: [(Double, Double)]
    switch rounder.format.encoding {
    case .floating(let f):
      // Least squares on both axes, which the six designs make independent.
      let (e, m, all) = (mean(floating.map(\.exponent)), mean(floating.map(\.fraction)), mean(floating.map(\.luts)))
      let byExponent = slope(floating.map { ($0.exponent - e, $0.luts - all) })
      let byFraction = slope(floating.map { ($0.fraction - m, $0.luts - all) })
      luts = all + byExponent * (Double(f.exponentBits) - e) + byFraction * (Double(f.fractionBits) - m)
      energy = floatingEnergy
    case .fixed:
      let (w, all) = (mean(fixed.map(\.width)), mean(fixed.map(\.luts)))
      luts = all + slope(fixed.map { ($0.width - w, $0.luts - all) }) * (Double(rounder.format.width) - w) + converter
      energy = fixedEnergy
    case .tapered: return nil
    }
    // Random bits: a cell of a shift register each, and the adder is longer by as many. (An assumption.)
    if case .stochasticBits(let bits, _) = rounder.rounding { luts += 2 * Double(bits) }
    let perBit = (energy[1].1 - energy[0].1) / (energy[1].0 - energy[0].0)
    return (max(luts, 1), max(energy[0].1 + perBit * (Double(rounder.format.width) - energy[0].0), energy[0].1 / 4))
  }

  private static func mean(_ numbers: [Double]) -> Double { numbers.reduce(0, +) / Double(numbers.count) }

  private static func slope(_ points: [(Double, Double)]) -> Double {
    points.reduce(0) { $0 + $1.0 * $1.1 } / points.reduce(0) { $0 + $1.0 * $1.0 }
  }
}
