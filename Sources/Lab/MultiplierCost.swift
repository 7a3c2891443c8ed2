// SPDX-License-Identifier: Apache-2.0
// What a multiplier costs in hardware: estimates, interpolated between published designs.

public import Formats

/// Look-up tables of an FPGA and energy of one product: estimates for comparing designs, as ``AccumulatorCost``.
public struct MultiplierCost: Codable, Hashable, Sendable {
  /// LUTs without DSP blocks; `nil` where no such design is published: of fixed-point multipliers.
  @Nullable public var luts: Double?
  /// pJ a product.
  public let picojoules: Double

  /// The cost of a multiplier of two numbers of a format; `nil` for other formats than floating and fixed point.
  ///
  /// LUTs 93 + 18.5 (E − 5) + 1.5 (p² − 16) for E exponent bits: the three narrow ones of a study of multiply-accumulate units for training
  /// (FPT 2022: E4M3 78, E5M3 86, E6M3 115) give the first two terms, its FP32 (987) the third. Energy is linear in p² between FP16 (1.1)
  /// and FP32 (3.7), and in the square of the width between INT8 (0.2) and INT32 (3.1).
  public init?(_ format: Format) {
    switch format.encoding {
    case .floating(let f):
      let square = Double(format.precision * format.precision)
      luts = max(93 + 18.5 * Double(f.exponentBits - 5) + 1.5 * (square - 16), 4)
      picojoules = max(1.1 + (3.7 - 1.1) * (square - 121) / (576 - 121), 0.02)
    case .fixed:
      let square = Double(format.width * format.width)
      luts = nil
      picojoules = max(0.2 + (3.1 - 0.2) * (square - 64) / (1024 - 64), 0.02)
    case .tapered: return nil
    }
  }
}
