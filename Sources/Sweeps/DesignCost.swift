// SPDX-License-Identifier: Apache-2.0
// What a multiply-accumulate unit costs: bits, look-up tables, energy.

internal import Accumulation
internal import Formats
public import Lab

/// Of a multiplier of two numbers of a format, and accumulators behind it.
public struct DesignCost: Codable, Hashable, Sendable {
  /// What is counted.
  public enum Measure: String, CaseIterable, Codable, Sendable {
    /// Of two factors and all accumulators.
    case bits
    /// Look-up tables of an FPGA.
    case lut
    /// pJ a term.
    case energy

    /// What one of it is called.
    public var unit: String {
      switch self {
      case .bits: "bits"
      case .lut: "LUTs"
      case .energy: "pJ"
      }
    }
  }

  /// Of two factors and all accumulators.
  public let bits: Int
  /// Of multiplier and accumulators; `nil` where no such design is published.
  @Nullable public var luts: Double?
  /// Of one product and its share of the sums.
  @Nullable public var picojoules: Double?

  init(bits: Int, luts: Double?, picojoules: Double?) { (self.bits, self.luts, self.picojoules) = (bits, luts, picojoules) }

  init(_ format: Format, _ plan: Plan) {
    let (multiplier, accumulator) = (MultiplierCost(format), AccumulatorCost(plan))
    bits = 2 * format.width + plan.rounders.reduce(0) { $0 + $1.format.width }
    luts = multiplier?.luts.flatMap { a in accumulator.map { a + $0.luts } }
    picojoules = multiplier.flatMap { a in accumulator.map { a.picojoules + $0.picojoules } }
  }

  /// The cost in one measure; `nil` where none is published.
  public func value(_ measure: Measure) -> Double? {
    switch measure {
    case .bits: Double(bits)
    case .lut: luts
    case .energy: picojoules
    }
  }
}
