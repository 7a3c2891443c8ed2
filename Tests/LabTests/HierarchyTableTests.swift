// SPDX-License-Identifier: Apache-2.0
// Measured errors of hierarchies and of stochastic sums against tables made by an independent emulation.

import Accumulation
import Formats
import Foundation
import Testing

@Suite struct HierarchyTableTests {
  enum Data {
    /// Products of two normal numbers.
    case normal
    /// Numbers between 0 and 1.
    case uniform

    func term(_ stream: RandomStream, _ i: Int) -> Double {
      func normal(_ label: String) -> Double {
        let numbers = stream.child(label)
        return (-2 * log(1 - numbers.uniform(at: UInt64(i)))).squareRoot() * cos(2 * Double.pi * numbers.uniform(at: UInt64(i), word: 1))
      }
      return self == .uniform ? stream.uniform(at: UInt64(i)) : normal("x") * normal("y")
    }
  }

  /// 1024 terms rounded to 8 significant bits: rms and, where it is most of it, mean of error / Σ|term|.
  static let table: [(String, Data, Double, Double)] = [
    ("e8m10", .normal, 2.33e-4, .nan), ("e8m10:32,fp32", .normal, 3.89e-5, .nan), ("e8m3:32,e8m10", .normal, 4.92e-3, .nan),
    ("e8m3:16,e8m10:8,fp32", .normal, 3.56e-3, .nan), ("e8m3", .normal, 2.04e-2, .nan), ("e8m10:32,fp32", .uniform, 1.28e-4, .nan),
    ("e8m3:32,e8m10", .uniform, 6.5e-2, -6.45e-2), ("e8m3", .uniform, 0.969, -0.969),
  ]

  @Test(arguments: table) func errorsOfHierarchiesAreThoseOfTheTable(_ accumulator: String, _ data: Data, _ rms: Double, _ mean: Double) throws {
    let rounder = try Rounder(to: .bf16)
    let found = try spread(accumulator, 1024, 400) { i, stream in
      rounder.round(Value(data.term(stream, i))).value.double
    }
    #expect(abs(found.rms / rms - 1) < 0.12, "\(accumulator), \(data): \(found)")
    if !mean.isNaN { #expect(abs(found.mean / mean - 1) < 0.03, "\(accumulator), \(data): \(found)") }
  }

  /// Mean and rms of error / Σ|term|.
  private func spread(_ accumulator: String, _ n: Int, _ trials: Int, _ term: (Int, RandomStream) -> Double) throws -> (mean: Double, rms: Double) {
    let plan = try Plan(text: accumulator)
    let errors = (0..<trials).map { trial -> Double in
      let stream = RandomStream(seed: 61, accumulator).child(n).child(trial)
      let terms = (0..<n).map { term($0, stream) }
      let error = plan.sum(terms.map { Value($0) }, random: stream.child("rounding")).double - terms.reduce(0, +)
      return error / terms.reduce(0) { $0 + abs($1) }
    }
    let count = Double(trials)
    return (errors.reduce(0, +) / count, (errors.reduce(0) { $0 + $1 * $1 } / count).squareRoot())
  }

  /// The relative error of a stochastic sum of like terms stops growing: √(c 2^(1−p)), c = (1/3 + m − 1)/m², where the sum is m 2^k, 1 ≤ m < 2.
  @Test(arguments: [(4, 0.2156), (5, 0.1524), (6, 0.1078)]) func errorsOfStochasticSumsSaturate(_ p: Int, _ predicted: Double) throws {
    let (n, x) = (20000, 0x1p-6)
    let m = (Double(n) * x).significand
    #expect(abs((((1.0 / 3) + m - 1) / (m * m) * 2 / Double(1 << p)).squareRoot() - predicted) < 1e-4)
    let found = try spread("e10m\(p - 1)@sr", n, 200) { _, _ in x }
    #expect(abs(found.rms / predicted - 1) < 0.15, "p = \(p): \(found.rms)")
  }

  /// The error of a stochastic sum of positive data: far below the bounds, which grow without limit, and flat in n where it saturates.
  @Test(arguments: [(8, 64, 0.0109), (8, 1024, 0.0388), (8, 4096, 0.0486), (4, 64, 0.167), (4, 1024, 0.217)])
  func errorsOfStochasticSumsOfPositiveData(_ p: Int, _ n: Int, _ rms: Double) throws {
    let found = try spread("e10m\(p - 1)@sr", n, 300) { i, stream in stream.child("x").uniform(at: UInt64(i)) }
    #expect(abs(found.rms / rms - 1) < 0.15 && abs(found.mean) < 4 * found.rms / 300.0.squareRoot(), "p = \(p), n = \(n): \(found)")
  }

  /// Hopper's FP8 unit on e4m3 products, with and without promotion: data of one sign drift, others do not.
  @Test(arguments: [
    ("tensorcore/h100-fp8", false, true, -7.0e-2), ("tensorcore/h100-fp8", true, true, -6.6e-2), ("tensorcore/h100-fp8:128,fp32", true, true, -5.0e-4),
    ("tensorcore/h100-fp8", false, false, 0),
  ])
  func matrixUnitsDriftOnDataOfOneSign(_ accumulator: String, _ isUniform: Bool, _ isPositive: Bool, _ mean: Double) throws {
    let dot = DotProduct(try Plan(text: accumulator), factors: .e4m3fn)
    let toFP8 = try Rounder(to: .e4m3fn)
    let (n, trials) = (4096, 40)
    let errors = (0..<trials).map { trial -> Double in
      let stream = RandomStream(seed: 67, accumulator).child(trial)
      func vector(_ label: String) -> [Value] {
        let numbers = stream.child(label)
        return (0..<n).map { i in
          let u = numbers.uniform(at: UInt64(i))
          let normal = (-2 * log(1 - u)).squareRoot() * cos(2 * Double.pi * numbers.uniform(at: UInt64(i), word: 1))
          return toFP8.round(Value(isUniform ? u : isPositive ? abs(normal) : normal)).value
        }
      }
      let (x, y) = (vector("x"), vector("y"))
      // Products of at most 8 bits: doubles hold all sums exactly.
      let products = zip(x, y).map { $0.double * $1.double }
      return (dot.evaluate(x, y).double - products.reduce(0, +)) / products.reduce(0) { $0 + abs($1) }
    }
    let found = errors.reduce(0, +) / Double(trials)
    #expect(mean == 0 ? abs(found) < 1e-5 && errors.allSatisfy { abs($0) < 3e-4 } : abs(found / mean - 1) < 0.05, "\(accumulator): \(found)")
  }

  /// Few random bits, what lies below them cut: the mean error of positive data by length and bits.
  @Test(arguments: [(8, 1024, 5, -0.042), (8, 4096, 6, -0.080), (4, 64, 3, -0.172), (4, 1024, 5, -0.512), (4, 1024, 9, -0.045), (4, 64, 5, -0.039)])
  func fewRandomBitsLeaveABias(_ p: Int, _ n: Int, _ bits: Int, _ mean: Double) throws {
    let found = try spread("e10m\(p - 1)@sr\(bits)", n, 200) { i, stream in stream.child("x").uniform(at: UInt64(i)) }
    let deviation = (found.rms * found.rms - found.mean * found.mean).squareRoot() / 200.0.squareRoot()
    #expect(abs(found.mean - mean) < 0.01 + 4 * deviation, "p = \(p), n = \(n), \(bits) bits: \(found)")
  }
}
