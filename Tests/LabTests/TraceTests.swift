// SPDX-License-Identifier: Apache-2.0
// Traces: every step's error, their sum, marks, and the step from which the result is lost.

import Accumulation
import Formats
import Lab
import Testing

@Suite struct TraceTests {
  private func trace(_ plan: String, _ x: [Double], _ y: [Double]? = nil, product: String = "exact", format: Format = .fp16) throws -> Trace {
    let dot = DotProduct(try Plan(text: plan), product: try Product(text: product), factors: format)
    return Trace(dot, format, x.map { Value($0) }, (y ?? x.map { _ in 1 }).map { Value($0) })
  }

  /// 256 swallows ones in bf16: half an ulp each.
  @Test func swallowedTermsAreMarked() throws {
    let trace = try trace("bf16", [256, 1, 1, 1, -256.5])
    #expect(trace.steps.map(\.mark) == [nil, .swallowed, .swallowed, .swallowed, .cancelled])
    #expect(trace.steps.map(\.error) == [0, -1, -2, -3, -3] && trace.steps.map(\.ulps) == [0, -0.5, -0.5, -0.5, 0])
    // The exact sum is 2.5: after two swallowed ones the error is 2.
    #expect(trace.lostFrom == 3)
  }

  @Test func sumsThatEndWellAreNotLost() throws {
    #expect(try trace("bf16", [1, 2, 3]).lostFrom == nil)
    #expect(try trace("bf16", [256, 1, 3, 256]).lostFrom == nil)
    #expect(try trace("bf16", []).steps.isEmpty && trace("bf16", []).lostFrom == nil)
  }

  @Test func overflowIsMarked() throws {
    #expect(try trace("e4m3", [240, 240, -240]).steps.map(\.mark) == [nil, .overflowed, nil])
    let saturating = try trace("e4m3@saturate", [240, 240, -240])
    #expect(saturating.steps.map(\.mark) == [nil, .saturated, .cancelled] && saturating.steps.map(\.error) == [0, -240, -240])
    #expect(saturating.lostFrom == 2)
  }

  /// The error so far ends as computed − exact in every plan whose errors add up, products that are rounded included.
  @Test(arguments: [
    "bf16", "e4m3fn@rz", "e4m3:4,fp16:4,fp32", "pairwise/e5m2", "strided4/e5m3", "exact/e4m3", "fused4f5/fp16", "tensorcore/h100-fp8", "tensorcore/h100-fp8-fp16",
    "tensorcore/b200-fp8:64,fp32", "q8.6",
  ])
  func localErrorsAddUp(_ plan: String) throws {
    for product in ["exact", "e5m2"] {
      let x = (0..<70).map { Double($0 * 37 % 64) / 8 - 3.5 }
      let y = (0..<70).map { Double($0 * 23 % 32) / 16 - 0.75 }
      let trace = try trace(plan, x, y, product: product)
      let dot = DotProduct(try Plan(text: plan), product: try Product(text: product), factors: .fp16)
      let exact = zip(x, y).map(*).reduce(0, +)
      let computed = dot.evaluate(x.map { Value($0) }, y.map { Value($0) }).double
      #expect(trace.steps.last?.error == computed - exact, "\(product)")
      for step in trace.steps { #expect(step.rounded.double - step.exact == step.ulps.map { $0 * Value.finite(step.accumulator.format.ulp(step.rounded.dyadic!)).double }) }
    }
  }

  @Test func errorsWithinCompensatedSumsAreNotAddedUp() throws {
    let trace = try trace("kahan/bf16", [256, 1, 1])
    #expect(trace.steps.count == 12 && trace.steps.allSatisfy { $0.error == nil } && trace.lostFrom == nil)
  }
}
