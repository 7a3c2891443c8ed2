// SPDX-License-Identifier: Apache-2.0
// The error of an array in a format, as a function of the scale; the best scale.

public import Formats
internal import Glibc

/// Errors of s·Q(x/s) against x over many scales s, where Q rounds to a format and saturates.
///
/// On an integer format s is the step of quantisation in units of the data. Small scales clamp (the range s·maxFinite is too
/// short), large ones turn numbers into zeros: NRMSE against s is a V, flat at the bottom for floating point.
///
/// The scales are 2^(k/m), k an integer, cut to 24 bits, so that they are the same on every machine; powers of two are exact.
/// Around the best of them the grid is refined three times by 4, to a ratio of 2^(1/64m); the scale that brings the largest number to
/// the largest of the format, rounded up, is tried too. The best scale is the best one of all that were tried, the smallest if
/// there are several: for floating point, whose error waves along a flat bottom, a better one may lie between them. The results
/// depend on the arguments alone, not on the number of threads.
///
/// - Rounding: Q(x/s) is exact: the quotient of the two doubles reaches the rounder cut, with a sticky bit. The error s·Q − x is
///   rounded once, to a double, before it is squared.
/// - Random: number i of the data draws bits i of the stream of `seed`, in every scale the same.
/// - Complexity: about 75 ns a number and scale on one core.
public struct ScaleScan: Sendable {
  /// The format of Q.
  public let format: Format
  /// The mode of Q.
  public let rounding: Rounding
  /// Ascending scales: the grid and its refinement.
  public let points: [Point]
  /// The scale with the least error.
  public let best: Point
  /// The best among the powers of two.
  public let bestPowerOfTwo: Point
  /// How many numbers there are, and every how many-th of them was used.
  public let count: Int
  /// Of how many numbers one is looked at.
  public let stride: Int

  /// What one scale s costs: the error of s·Q(x/s) over the numbers used, and the shares of them that leave the range.
  public struct Point: Hashable, Sendable {
    /// s.
    public let scale: Double
    /// ‖s·Q(x/s) − x‖ / ‖x‖ in the Euclidean norm.
    public let nrmse: Double
    /// Shares of all numbers that were clamped to the range, and of nonzero numbers that became 0.
    public let saturated: Double
    /// Share of nonzero numbers that become 0.
    public let zeroed: Double

    /// −20 log₁₀ NRMSE, in dB.
    public var signalToNoise: Double { -20 * log10(nrmse) }
  }

  /// - Parameters:
  ///   - format: at most 53 bits of precision.
  ///   - binades: log₂ of the first and the last scale. By default from 2^6 times too small for the largest number to 4 times too
  ///     large for any number to be seen, but no more than 48 binades.
  ///   - perBinade: m, scales in a binade.
  ///   - limit: of more numbers than this, every k-th is used, k the smallest integer that meets the limit.
  /// - Precondition: the data are finite and not all 0.
  public init(
    _ data: [Double], _ format: Format, _ rounding: Rounding = .nearestEven, binades: ClosedRange<Int>? = nil, perBinade m: Int = 4,
    limit: Int = 1 << 20, seed: UInt64 = 1, _ parallelism: Parallelism = .allCores, progress: Progress = .silent
  ) throws(FormatError) {
    precondition(format.precision <= 53 && m > 0 && limit > 0, "at most 53 bits of precision")
    let stride = max(1, (data.count - 1) / limit + 1)
    let sample = stride == 1 ? data : Swift.stride(from: 0, to: data.count, by: stride).map { data[$0] }
    let largest = sample.reduce(0) { max($0, abs($1)) }
    precondition(largest > 0 && sample.allSatisfy(\.isFinite), "finite data that are not all 0")
    let binades = binades ?? ScaleScan.binades(format, largest)
    let trial = try ScaleTrial(sample, largest: largest, format, rounding, seed)

    // Exponents of two in units of 1 / (64m).
    let grid = Array(Swift.stride(from: 64 * m * binades.lowerBound, through: 64 * m * binades.upperBound, by: 64))
    var seen = zip(grid, parallelMap(grid.count, parallelism, progress: progress) { trial.run(power(grid[$0], 64 * m)) }).map { $0 }
    for step in [16, 4, 1] {
      let centre = seen.min { ($0.1.nrmse, $0.0) < ($1.1.nrmse, $1.0) }!.0
      let around = [-3, -2, -1, 1, 2, 3].map { centre + $0 * step }
      seen += zip(around, parallelMap(6, parallelism) { trial.run(power(around[$0], 64 * m)) })
    }
    seen.sort { $0.0 < $1.0 }
    let fitting = ScaleScan.fitting(largest, format).map(trial.run)
    (self.format, self.rounding, self.count, self.stride) = (format, rounding, data.count, stride)
    points = (seen.map(\.1) + (fitting.map { [$0] } ?? [])).sorted { $0.scale < $1.scale }
    best = points.min { $0.nrmse < $1.nrmse }!
    bestPowerOfTwo = seen.filter { $0.0 % (64 * m) == 0 }.map(\.1).min { $0.nrmse < $1.nrmse }!
  }

  /// M / Ω rounded up to a double; `nil` where it is beyond them.
  private static func fitting(_ largest: Double, _ format: Format) -> Double? {
    let rounded = (try? Rounder(to: .fp64, .up))?.round(.quotient(Dyadic(largest)!, format.maxFinite)).value.dyadic
    return rounded.flatMap { Double(exactly: $0) }
  }

  private static func binades(_ format: Format, _ largest: Double) -> ClosedRange<Int> {
    let top = Dyadic(largest)!.floorLog2
    let first = max(top - format.maxFinite.floorLog2 - 6, -1000)
    return first...max(first, min(top - format.minPositive.floorLog2 + 2, first + 48, 1000))
  }
}

/// 2^(k / unit), cut to 24 bits.
private func power(_ k: Int, _ unit: Int) -> Double {
  let integer = Int((Double(k) / Double(unit)).rounded(.down))
  let fraction = Double(Float(exp2(Double(k - integer * unit) / Double(unit))))
  return scalbn(fraction, Int32(integer))
}

/// One array in one format, ready to be tried at many scales.
private struct ScaleTrial: Sendable {
  private let data: [Double]
  private let rounder: Rounder
  private let stream: RandomStream?
  /// A power of two that brings the largest number near 1, so that no square overflows and none that matters underflows.
  private let unit: Double
  private let energy: Double

  init(_ data: [Double], largest: Double, _ format: Format, _ rounding: Rounding, _ seed: UInt64) throws(FormatError) {
    self.data = data
    rounder = try Rounder(to: format, rounding, overflow: .saturate)
    stream = rounding.isStochastic ? RandomStream(seed: seed, "scale scan") : nil
    let unit = scalbn(1, Int32(max(-1000, min(1000, -Dyadic(largest)!.floorLog2))))
    self.unit = unit
    energy = data.reduce(0) { $0 + ($1 * unit) * ($1 * unit) }
  }

  func run(_ scale: Double) -> ScaleScan.Point {
    let divisor = Dyadic(scale)!
    var (noise, saturated, zeroed, nonzero) = (0.0, 0, 0, 0)
    for (i, x) in data.enumerated() where x != 0 {
      let rounded = rounder.round(.quotient(Dyadic(x)!, divisor), draw: stream?.draw(i))
      let q = rounded.value.double
      let error = (-x).addingProduct(scale, q) * unit
      noise += error * error
      nonzero += 1
      if rounded.flags.contains(.overflow) { saturated += 1 }
      if q == 0 { zeroed += 1 }
    }
    return ScaleScan.Point(
      scale: scale, nrmse: (noise / energy).squareRoot(), saturated: Double(saturated) / Double(data.count),
      zeroed: Double(zeroed) / Double(nonzero))
  }
}
