// SPDX-License-Identifier: Apache-2.0
// Scans over scales: each point against an independent quantiser, the curve for N(0, 1) against its integral.

import Formats
import Foundation
import Lab
import Testing

@Suite struct ScaleScanTests {
  /// The quantiles (i + ½) / n of |N(0, 1)|: sums over them are integrals by the midpoint rule. One sign, so that two's
  /// complement is the symmetric grid −L, …, L.
  private static func halfNormal(_ n: Int) -> [Double] {
    var x = 4.5
    return (0..<n).map { i in
      // P(|X| > x) = erfc(x / √2); Newton's method from the previous, larger quantile.
      let tail = (Double(i) + 0.5) / Double(n)
      for _ in 0..<(i == 0 ? 60 : 6) {
        x += (erfc(x / 2.0.squareRoot()) - tail) / (2 * exp(-x * x / 2) / (2 * Double.pi).squareRoot())
      }
      return x
    }
  }

  private static let normal = halfNormal(1 << 13)

  /// NRMSE of rounding N(0, 1) to the nearest of −L·D, …, L·D, by Simpson's rule in each cell.
  private func integral(_ largest: Int, _ step: Double) -> Double {
    var noise = 0.0
    for k in 0...largest {
      let a = max(0, (Double(k) - 0.5) * step)
      let b = k == largest ? max(a, 9) : min(9, (Double(k) + 0.5) * step)
      guard a < b else { continue }
      let m = k == largest || step > 1 ? 4000 : 40
      let h = (b - a) / Double(m)
      for j in 0...m {
        let x = a + Double(j) * h
        let error = x - Double(k) * step
        noise += (j == 0 || j == m ? 1 : j % 2 == 1 ? 4 : 2) * h / 3 * error * error * exp(-x * x / 2)
      }
    }
    return (noise * (2 / Double.pi).squareRoot()).squareRoot()
  }

  @Test(arguments: ["q4.0", "e2m1fn", "e3m2fn", "q2.2", "e4m3:nosub", "e4m3fnuz"])
  func everyPointEqualsTheNearestValueBySearch(_ name: String) throws {
    let format = try Format(name)
    let values = (0..<(UInt128(1) << UInt128(format.width))).compactMap { format.decode($0).dyadic }
    let stream = RandomStream(seed: 3, "scan")
    // Normals and a tiny number; real numbers meet no ties.
    let data = (0..<60).map { (stream.uniform(at: $0) - 0.5) * 8 } + [1e-9, 0]
    let scan = try ScaleScan(data, format, binades: -6...6, perBinade: 2)
    #expect(scan.points.count == 25 + 18 + 1)
    for point in scan.points {
      let products = values.map { $0 * Dyadic(point.scale)! }
      var (noise, energy, saturated, zeroed) = (0.0, 0.0, 0, 0)
      for x in data {
        let exact = Dyadic(x)!
        let nearest = products.min { ($0 - exact).magnitude < ($1 - exact).magnitude }!
        let error = Value.finite(nearest - exact).double
        noise += error * error
        energy += x * x
        if x != 0 && nearest.isZero { zeroed += 1 }
        // Beyond the end by more than half the last gap: had the range no end, another value would have been nearer.
        let ends = products.filter { $0.isNegative == exact.isNegative && !$0.isZero }.map(\.magnitude).sorted()
        let gap = ends[ends.count - 1] - ends[ends.count - 2]
        if (exact.magnitude - ends.last!).scaled(by: 1) > gap { saturated += 1 }
      }
      let nrmse = (noise / energy).squareRoot()
      guard abs(point.nrmse - nrmse) <= 1e-12 * nrmse, point.zeroed == Double(zeroed) / 61, point.saturated == Double(saturated) / 62 else {
        Issue.record("\(name) at scale \(point.scale): \(point), not \(nrmse), \(zeroed) zeroed, \(saturated) saturated")
        return
      }
    }
    #expect(scan.best.nrmse == scan.points.map(\.nrmse).min()!)
    #expect(scan.bestPowerOfTwo.nrmse == scan.points.filter { $0.scale.significand == 1 }.map(\.nrmse).min()!)
  }

  @Test func integralHasTheKnownValues() {
    for (step, nrmse) in [
      (0.000394, 0.9606), (0.001575, 0.8478), (0.01575, 0.1075), (0.02362, 0.0213), (0.0315, 0.00943), (0.0945, 0.0273), (0.394, 0.1137),
    ] {
      #expect(abs(integral(127, step) / nrmse - 1) < 0.003, "L = 127, D = \(step): \(integral(127, step))")
    }
    for (step, nrmse) in [(0.357, 0.1136), (0.571, 0.1650), (1.714, 0.4945), (7.14, 0.9994)] {
      #expect(abs(integral(7, step) / nrmse - 1) < 0.003, "L = 7, D = \(step): \(integral(7, step))")
    }
  }

  @Test(arguments: [(4, "q4.0"), (8, "q8.0")]) func normalDataFollowTheIntegral(_ bits: Int, _ name: String) throws {
    // The tail beyond the clip, a few numbers in a thousand, needs many quantiles.
    let scan = try ScaleScan(ScaleScanTests.halfNormal(1 << 17), Format(name), binades: -11...3, perBinade: 2)
    for point in scan.points {
      let expected = integral(1 << (bits - 1) - 1, point.scale)
      guard abs(point.nrmse / expected - 1) < 0.01 else {
        Issue.record("\(name), D = \(point.scale): \(point.nrmse), not \(expected)")
        return
      }
    }
    let optimum = optimalStep(bits: bits)
    #expect(abs(scan.best.scale / optimum.value - 1) < 0.02, "\(scan.best), not \(optimum)")
    #expect(abs(scan.best.signalToNoise - optimum.signalToNoise) < 0.1, "\(scan.best.signalToNoise) dB, not \(optimum)")
    #expect(abs(integral(1 << (bits - 1) - 1, optimum.value) / pow(10, -optimum.signalToNoise / 20) - 1) < 1e-6)
  }

  @Test func bestScaleOfNormalDataHasTheKnownSignalToNoise() throws {
    for (name, decibels) in [("e2m1fn", 18.97), ("e3m2fn", 25.59), ("e2m3fn", 30.84), ("e4m3fn", 31.57), ("e5m2", 25.59), ("e3m4", 37.58)] {
      let scan = try ScaleScan(ScaleScanTests.normal, Format(name))
      #expect(abs(scan.best.signalToNoise - decibels) < 0.1, "\(name): \(scan.best.signalToNoise) dB")
    }
  }

  @Test func floatingPointReachesItsPlateau() throws {
    // Log-uniform on [1, 2): multiples of the golden ratio modulo 1, which meet no pattern of the grid.
    let benford = (1...(1 << 14)).map { exp2((Double($0) * 0.6180339887498949).truncatingRemainder(dividingBy: 1)) }
    for (p, normal) in [(2, 19.70), (3, 25.56), (4, 31.54), (5, 37.55), (8, 55.60), (11, 73.67)] {
      let format = try Format("e8m\(p - 1)")
      let plateau = try ScaleScan(benford, format, binades: 0...0).bestPowerOfTwo
      let formula = signalToNoisePlateau(precision: p)
      #expect(plateau.scale == 1 && abs(plateau.signalToNoise - formula) < 0.1, "p = \(p): \(plateau.signalToNoise) dB, not \(formula)")
      #expect(abs(formula - (6.0206 * Double(p) + 8.125)) < 0.01)
      let measured = try ScaleScan(ScaleScanTests.normal, format, binades: 0...0).bestPowerOfTwo.signalToNoise
      #expect(abs(measured - normal) < 0.1, "p = \(p), normal data: \(measured) dB")
    }
  }

  @Test func optimalRangesAreTheKnownOnes() {
    let table: [(Int, Double, Double, Double, Double, Double?, Double?)] = [
      (2, 1.7106, 10.60, 2.8307, 8.46, 1.2240, 7.21), (3, 2.1516, 15.03, 3.8972, 12.23, 0.6508, 13.29),
      (4, 2.5591, 19.79, 5.0286, 16.38, 0.3534, 18.90), (5, 2.9362, 24.79, 6.2048, 20.82, 0.1932, 24.33),
      (6, 3.2869, 29.94, 7.4131, 25.47, 0.1055, 29.71), (8, 3.9240, 40.60, 9.8968, 35.24, nil, nil),
    ]
    for (bits, normal, normalRatio, laplace, laplaceRatio, step, stepRatio) in table {
      let (a, b) = (optimalClip(bits: bits, distribution: .normal), optimalClip(bits: bits, distribution: .laplace))
      let d = optimalStep(bits: bits)
      #expect(abs(a.value - normal) < 6e-5 && abs(a.signalToNoise - normalRatio) < 0.006, "\(bits) bits: \(a)")
      #expect(abs(b.value - laplace) < 6e-5 && abs(b.signalToNoise - laplaceRatio) < 0.006, "\(bits) bits: \(b)")
      if let step, let stepRatio {
        #expect(abs(d.value - step) < 6e-5 && abs(d.signalToNoise - stepRatio) < 0.006, "\(bits) bits: \(d)")
      }
    }
  }

  @Test(arguments: [Rounding.nearestEven, .towardZero, .stochastic, .stochasticBits(3)])
  func resultsDoNotDependOnThreads(_ rounding: Rounding) throws {
    let data = Array(ScaleScanTests.normal.prefix(500))
    let (all, one) = (try ScaleScan(data, .e4m3fn, rounding), try ScaleScan(data, .e4m3fn, rounding, .oneThread))
    #expect(all.points == one.points && all.best == one.best)
  }

  /// Powers of two change nothing but the scale, to the ends of binary64.
  @Test(arguments: [-990, -40, 40, 990]) func scansAreInvariantUnderPowersOfTwo(_ k: Int) throws {
    let data = ScaleScanTests.normal.prefix(300).map { $0 + 0.5 }
    let factor = scalbn(1, k)
    let scan = try ScaleScan(data, .e4m3fn, binades: -5...5)
    let scaled = try ScaleScan(data.map { $0 * factor }, .e4m3fn, binades: (k - 5)...(k + 5))
    #expect(scaled.points.map { $0.scale / factor } == scan.points.map(\.scale) && scaled.points.map(\.nrmse) == scan.points.map(\.nrmse))
  }

  @Test func longDataAreSampledEvenly() throws {
    let data = Array(ScaleScanTests.normal.prefix(1000))
    let scan = try ScaleScan(data, .e4m3fn, limit: 150)
    #expect(scan.stride == 7 && scan.count == 1000)
    #expect(scan.points == (try ScaleScan(stride(from: 0, to: 1000, by: 7).map { data[$0] }, .e4m3fn)).points)
  }

  @Test func representableDataHaveNoError() throws {
    let scan = try ScaleScan([0.75, -3, 12, 0], try Format("q8.0"), binades: -8...8)
    #expect(scan.best.nrmse == 0 && scan.best.signalToNoise == .infinity && scan.best.scale == 0.125)
  }
}
