// SPDX-License-Identifier: Apache-2.0
// Errors of a layer's outputs: held against the reference evaluation and exact sums, output by output.

import Accumulation
import Formats
import Foundation
import Lab
import Tensors
import Testing

@Suite struct LayerSampleTests {
  private func weights(_ rows: Int, _ terms: Int, largestIn row: Int? = nil) -> TensorSource {
    let stream = RandomStream(seed: 8, "weights")
    var numbers = (0..<rows * terms).map { Distribution.normal.sample(stream, at: $0) * 0.05 }
    if let row { numbers[row * terms + 1] = -3 }
    return TensorSource(name: "w", Tensor(shape: [rows, terms], elements: numbers))
  }

  /// In the last five the format must not be filled: sums would overflow, or a tapered format would be at its worst.
  @Test(arguments: [
    ("e4m3fn", "e6m7", EmulatedProduct.Scale.tensor), ("e5m2", "e8m3:8,e8m10", .row), ("bf16", "fp32", .none), ("q8.0", "q24.0", .tensor),
    ("e4m3fn", "fp16", .tensor), ("fp16", "e5m9:8,fp16", .row), ("bf16", "fp32", .tensor), ("posit16", "fp32", .tensor), ("q8.0", "q12.2", .row),
  ])
  func errorsAreThoseOfTheReference(format: String, acc: String, scale: EmulatedProduct.Scale) throws {
    let source = weights(9, 40), terms = 40
    let sample = try LayerSample(weights: source, inputs: .distribution(.normal), RandomStream(seed: 1))
    let format = try Format(format), dot = DotProduct(try Plan(text: acc), factors: format)
    let measured = sample.measure(EmulatedProduct(format, dot, scale: scale), RandomStream(seed: 2))
    #expect(sample.rows == 9 && sample.columns == 32 && sample.terms == 40)
    // The same by one dot product after the other, with scales found by trying.
    let w = try source.tensor().elements
    let x = (0..<32).map { j in (0..<terms).map { Distribution.normal.sample(RandomStream(seed: 1).child(j), at: $0) } }
    let rows = (0..<9).map { i in Array(w[(i * terms)..<((i + 1) * terms)]) }
    let top = format.name == "posit16" ? 16 : Value.finite(min(format.maxFinite, format.minFinite.magnitude)).double
    func exponent(_ numbers: [Double]) -> Int { (-200...200).first { numbers.map(abs).max()! <= Double(sign: .plus, exponent: $0, significand: top) }! }
    func exponents(_ lines: [[Double]]) -> [Int] {
      switch scale {
      case .none: lines.map { _ in 0 }
      case .tensor: lines.map { _ in exponent(lines.flatMap { $0 }) }
      case .row: lines.map(exponent)
      }
    }
    var (e, f) = (exponents(rows), exponents(x))
    if scale != .none {
      let largest = dot.plan.rounders.map { Value.finite($0.format.minFinite.magnitude).double }.min()!
      func size(_ i: Int, _ j: Int) -> Double {
        let sum: Double = (0..<terms).reduce(0) { $0 + abs(rows[i][$1] * x[j][$1]) }
        return sum * exp2(Double(-e[i] - f[j]))
      }
      let sizes: [Double] = (0..<9).flatMap { i in (0..<32).map { j in size(i, j) } }
      let headroom = (0...400).first { 1.25 * sizes.max()! * exp2(Double(-$0)) <= largest }!
      (e, f) = (e.map { $0 + headroom - headroom / 2 }, f.map { $0 + headroom / 2 })
    }
    let rounder = try Rounder(to: format)
    func rounded(_ line: [Double], _ e: Int) -> [Value] { line.map { rounder.round(Value(Double(sign: $0.sign, exponent: $0 == 0 ? 0 : -e, significand: abs($0)))).value } }
    var (total, sums) = ([Double](), [Double]())
    for i in 0..<9 {
      for j in 0..<32 {
        let (u, v) = (rounded(rows[i], e[i]), rounded(x[j], f[j]))
        let computed = dot.evaluate(u, v).dyadic!
        var (exact, size, own, ownSize) = (ExactSum(products: .fp64, .fp64), ExactSum(products: .fp64, .fp64), ExactSum(products: .fp64, .fp64), ExactSum(products: .fp64, .fp64))
        for k in 0..<terms {
          let p = Dyadic(rows[i][k])! * Dyadic(x[j][k])!, q = u[k].dyadic! * v[k].dyadic!
          exact += p
          size += p.magnitude
          own += q
          ownSize += q.magnitude
        }
        exact -= computed * .power(e[i] + f[j])
        own -= computed
        total.append(-exact.double / size.double)
        sums.append(-own.double / ownSize.double)
      }
    }
    #expect(measured.total == Spread(signed: total) && measured.sums == Spread(signed: sums) && measured.overflow == 0)
  }

  /// The row with the largest weight is always there: a scale for all weights is one for the sample.
  @Test func rowsAreSpreadAndTheLargestIsAmongThem() throws {
    let coarse = try LayerSample(weights: weights(1000, 6, largestIn: 517), inputs: .distribution(.uniform), RandomStream(seed: 1))
    #expect(coarse.rows == 32)
    let e4 = EmulatedProduct(.e4m3fn, DotProduct(try Plan(text: "fp32"), factors: .e4m3fn), scale: .tensor)
    let fine = try LayerSample(weights: weights(1000, 6), inputs: .distribution(.uniform), RandomStream(seed: 1))
    // One weight sixty times the others: with a scale for it the others lose bits below the smallest normal number.
    #expect(coarse.measure(e4, RandomStream(seed: 1)).total.rms > 0 && fine.measure(e4, RandomStream(seed: 1)).total.rms > 0)
    let wide = EmulatedProduct(try Format("e2m3fn"), DotProduct(try Plan(text: "fp32"), factors: try Format("e2m3fn")), scale: .tensor)
    #expect(coarse.measure(wide, RandomStream(seed: 1)).total.rms > 3 * fine.measure(wide, RandomStream(seed: 1)).total.rms)
  }

  /// Weights, or sums, that overflow: those of the reference, also where saturating sums would hide an infinite weight.
  @Test(arguments: [("e4m3", "fp32", 2.5e3), ("e4m3", "e5m7@saturate", 2.5e3), ("e4m3fn", "e4m3", 2e3), ("bf16", "fp32", 1)])
  func overflowIsCountedAndLeftOut(format: String, acc: String, factor: Double) throws {
    let w = try weights(20, 16).tensor().elements.map { $0 * factor }
    let source = TensorSource(name: "w", Tensor(shape: [20, 16], elements: w))
    let sample = try LayerSample(weights: source, inputs: .distribution(.uniform), RandomStream(seed: 1))
    let format = try Format(format), dot = DotProduct(try Plan(text: acc), factors: format), rounder = try Rounder(to: format)
    let measured = sample.measure(EmulatedProduct(format, dot, scale: .none), RandomStream(seed: 1))
    var overflows = 0
    for i in 0..<20 {
      for j in 0..<32 {
        let u = w[(i * 16)..<((i + 1) * 16)].map { rounder.round(Value($0)).value }
        let v = (0..<16).map { rounder.round(Value(Distribution.uniform.sample(RandomStream(seed: 1).child(j), at: $0))).value }
        if !(u + v).allSatisfy(\.isFinite) || !dot.evaluate(u, v).isFinite { overflows += 1 }
      }
    }
    #expect(measured.overflow == Double(overflows) / 640 && (factor == 1) == (overflows == 0) && overflows < 640)
  }

  @Test func whatIsNoMatrixOrNotFiniteIsRefused() throws {
    func sample(_ shape: [Int], _ numbers: [Double]) throws -> LayerSample {
      try LayerSample(weights: TensorSource(name: "w", Tensor(shape: shape, elements: numbers)), inputs: .distribution(.normal), RandomStream(seed: 1))
    }
    #expect(throws: LayerSampleError.notMatrix(name: "w", shape: [4])) { try sample([4], [1, 2, 3, 4]) }
    #expect(throws: LayerSampleError.notMatrix(name: "w", shape: [4, 1])) { try sample([4, 1], [1, 2, 3, 4]) }
    #expect(throws: LayerSampleError.notFinite(name: "w")) { try sample([2, 2], [1, 2, .nan, 4]) }
    #expect(throws: LayerSampleError.notFinite(name: "w")) { try sample([2, 2], [1, 2, 3, -.infinity]) }
    #expect(throws: LayerSampleError.outOfRange(name: "w", largest: 1e200)) { try sample([2, 2], [1, 2, 3, -1e200]) }
    #expect(throws: LayerSampleError.outOfRange(name: "w", largest: 1e-200)) { try sample([2, 2], [0, 0, 0, 1e-200]) }
    let inputs = TensorSource(name: "x", Tensor(shape: [2, 3], elements: [1, 2, 3, 4, 5, 6]))
    #expect(throws: LayerSampleError.lengths(weights: 2, inputs: 3)) {
      try LayerSample(weights: TensorSource(name: "w", Tensor(shape: [2, 2], elements: [1, 2, 3, 4])), inputs: .matrix(inputs), RandomStream(seed: 1))
    }
    // A convolution's weights: what is behind the first index is one row.
    #expect(try sample([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]).terms == 4)
  }

  /// The published multipliers: E4M3 78, E5M3 86, E6M3 115 and FP32 987 LUTs; FP16 1.1, FP32 3.7, INT8 0.2 and INT32 3.1 pJ.
  @Test func costsOfMultipliersAreNearThePublishedOnes() throws {
    for (name, luts) in [("e4m3", 78.0), ("e5m3", 86), ("e6m3", 115), ("fp32", 987)] {
      let cost = try #require(MultiplierCost(try Format(name))?.luts)
      #expect(abs(cost - luts) <= 8, "\(name): \(cost)")
    }
    for (name, energy) in [("fp16", 1.1), ("fp32", 3.7), ("q8.0", 0.2), ("q32.0", 3.1)] {
      let cost = try #require(MultiplierCost(try Format(name))?.picojoules)
      #expect(abs(cost - energy) < 1e-9, "\(name): \(cost)")
    }
    #expect(try MultiplierCost(Format("q8.0"))?.luts == nil && MultiplierCost(Format("posit8")) == nil)
  }
}
