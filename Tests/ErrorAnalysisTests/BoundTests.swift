// SPDX-License-Identifier: Apache-2.0
// Worked numbers of the bounds, and their hypotheses.

import Accumulation
import ErrorAnalysis
import Formats
import Foundation
import Testing

@Suite struct BoundTests {
  private func bound(_ id: String) throws -> Bound { try #require(Bound.catalogue.first { $0.id == id }) }

  private func relative(_ id: String, _ problem: Problem) throws -> Double? { try? bound(id).applied(to: problem).radius?.relative.value }

  private func dot(_ format: String, _ accumulator: String, n: Int, product: String = "exact") throws -> Problem {
    let format = try Format(format)
    return .dot(format, format, DotProduct(try Plan(text: accumulator), product: try Product(text: product)), count: n)
  }

  @Test func exactProductsThatTheAccumulatorCannotHoldCostOneRoundingEach() throws {
    // e4m3 products have 8 bits, e6m5 keeps 6: k = n; bf16 keeps 8: k = n - 1.
    #expect(try relative("dot.nu", dot("e4m3", "e6m5", n: 16)) == 16.0 / 64)
    #expect(try relative("dot.sharp", dot("e4m3", "e6m5", n: 16)) == 0.2)
    #expect(try relative("dot.sharp", dot("e4m3", "e6m5", n: 1)).map { abs($0 - 1.0 / 65) < 1e-17 } == true)
    #expect(try relative("dot.nu", dot("e4m3", "bf16", n: 16)) == 15.0 / 256)
    #expect(try relative("dot.nu", dot("e4m3", "bf16", n: 1)) == 0)
  }

  @Test func boundsWhoseHypothesesFailAreReportedWithTheNumbers() throws {
    let long = try dot("e4m3", "e6m5", n: 64)
    #expect(throws: Inapplicable.self) { try bound("dot.gamma").applied(to: long) }
    #expect(try bound("dot.gamma").inapplicability(to: long)?.description == "dot.gamma does not apply: k u = 64 · 0.015625 ≥ 1 in e6m5")
    #expect(try bound("dot.sharp").inapplicability(to: long)?.reasons == ["k = 64 > 1/(2u) = 32 in e6m5"])
    #expect(try bound("dot.sharp").inapplicability(to: dot("e4m3", "e6m5", n: 32)) == nil)
    #expect(try bound("dot.nu").inapplicability(to: dot("e4m3", "e6m5@rz", n: 4))?.reasons == ["e6m5@rz does not round to nearest"])
    #expect(try bound("dot.sharp").inapplicability(to: dot("e5m2", "fp16", n: 4)) != nil, "products of e5m2 underflow in fp16")
    #expect(try bound("dot.nu").inapplicability(to: dot("e4m3", "pairwise/e4m3", n: 4)) != nil)
    #expect(try bound("dot.fixed").inapplicability(to: dot("e4m3", "e6m5", n: 4))?.reasons == ["e6m5 is floating point"])
  }

  /// Neither the one precision nor the one step that all bounds speak of.
  @Test(arguments: [("posit8", "exact"), ("takum16", "exact"), ("posit32:8,fp32", "exact"), ("fp32", "posit16")])
  func noBoundAppliesToTaperedPrecision(_ accumulator: String, _ product: String) throws {
    let problem = try dot("e4m3", accumulator, n: 16, product: product)
    #expect(Bound.applicable(to: problem).isEmpty)
    for bound in Bound.catalogue { #expect(bound.inapplicability(to: problem)?.description.contains("tapered precision") == true) }
  }

  /// 32 products, 13 bits, 4 steps handed to fp32: (1 + 2^-8 + 2^-13 + 2^-21)^4 - 1 = 0.0162.
  @Test func stepsOfAMatrixUnitCompound() throws {
    let one = try #require(try relative("dot.block", dot("e4m3fn", "tensorcore/h100-fp8", n: 128)))
    #expect(abs(one - 0.01621) < 1e-5)
    let promoted = try #require(try relative("dot.hierarchy", dot("e4m3fn", "tensorcore/h100-fp8:128,fp32", n: 4096)))
    #expect(abs(promoted - ((1 + one) * (1 + 32 * 0x1p-24) - 1)) < 1e-6)
    // All addends fit: 8 fraction bits hold products of 8 bits, and the sum is exact before it is rounded.
    #expect(try relative("dot.block", dot("e4m3fn", "fused4/fp32", n: 4)) == 0x1p-24)
    #expect(try bound("dot.block").inapplicability(to: dot("e4m3", "e6m5", n: 4))?.reasons == ["sum in sequence in e6m5"])
  }

  @Test func compensatedSumsHaveBoundsWhereOneIsProved() throws {
    let u = 0x1p-10
    let sum2 = try #require(try bound("dot.sum2").applied(to: dot("e4m3fn", "sum2/e6m9", n: 100)).radius)
    #expect(sum2.ofSum.value == u && abs(sum2.relative.value / ((1 + u) * 99 * 98 * u * u) - 1) < 1e-12)
    #expect(try bound("dot.sum2").inapplicability(to: dot("e4m3fn", "sum2/e6m5", n: 9))?.reasons == ["terms of 8 bits that e6m5 cannot hold"])
    #expect(try bound("dot.sum2").inapplicability(to: dot("e4m3fn", "kahan/e6m9", n: 9))?.reasons == ["kahan sum"])
    let dot2 = try #require(try bound("dot.dot2").applied(to: dot("e4m3fn", "dot2/e6m5", n: 1)).radius)
    #expect(dot2.ofSum.value == 0x1p-6 && abs(dot2.relative.value / ((1 + 0x1p-6) * 0x1p-6 * (2 + 0x1p-6) * 0x1p-6) - 1) < 1e-12)
    #expect(try bound("dot.hierarchy").inapplicability(to: dot("e4m3fn", "e6m9:4,kahan/e6m9", n: 9)) != nil)
    #expect(try relative("dot.hierarchy", dot("e4m3fn", "fabsum10/e6m9", n: 100)).map { $0 < 0.0101 } == true)
    let exact = try #require(try bound("dot.exact").applied(to: dot("e4m3fn", "exact/e6m5", n: 100)).radius)
    #expect(exact.ofSum.value <= 0x1p-6 / (1 + 0x1p-6) * (1 + 1e-15) && exact.relative == .zero && exact.absolute == .zero)
  }

  /// A starting value counts as a product, and can lie between the numbers that a late sum is rounded to.
  @Test(arguments: [
    ("e4m3", "e4m3", "e4m3", [1.125], [1.875], 0.125), ("e4m3", "exact/e4m3", "e4m3", [1.125], [1.875], 0.125),
    ("fp32", "fused1f13-late/fp32", "exact", [0], [0], 0x1p-140), ("fp16", "fused1f4-late/fp16", "exact", [0], [0], 2e-7),
  ])
  func boundsHoldFromStartingValues(_ name: String, _ acc: String, _ product: String, _ x: [Double], _ y: [Double], _ c: Double) throws {
    let format = try Format(name)
    let dot = DotProduct(try Plan(text: acc), product: try Product(text: product), factors: format)
    let start = try Rounder(to: dot.plan.output.format).round(Value(c)).value
    let exact = start.double + zip(x, y).map(*).reduce(0, +)
    var seen = Observation(magnitudes: Upward(abs(start.double) + zip(x, y).map { abs($0 * $1) }.reduce(0, +)), sum: Upward(abs(exact)))
    let result = dot.evaluate(x.map { Value($0) }, y.map { Value($0) }, initial: start) { seen.note($0) }
    let bounds = Bound.applicable(to: .dot(format, format, dot, count: x.count, hasInitial: true)).filter(\.bound.isCertain)
    #expect(!bounds.isEmpty && result.double != exact)
    for bound in bounds { #expect(abs(result.double - exact) <= (try bound.certify(seen).value.value), "\(bound.bound.id)") }
  }

  @Test func runningBoundsOfAWorkedSum() throws {
    // Partial sums 1, 1.5, 1.75, 4, 3, 3.75 against 3.6875: u (1.5 + 1.75 + 4 + 3 + 3.75) = 0.875, half ulps 0.625, 5 u A = 1.855.
    let format = Format.e4m3fn
    let plan = Plan.sequential(try Rounder(to: format))
    let terms = [1, 0.5625, 0.3125, 2.25, -1.125, 0.6875]
    var observation = Observation(magnitudes: Upward(terms.reduce(0) { $0 + abs($1) }))
    var partial: [Double] = []
    let result = plan.sum(terms.map { Value($0) }) { step in
      observation.note(step)
      partial.append(step.rounded.value.double)
    }
    #expect(partial == [1, 1.5, 1.75, 4, 3, 3.75] && result.double - terms.reduce(0, +) == 0.0625)
    let problem = Problem.sum(format, plan, count: 6)
    #expect(try bound("dot.running").certify(problem, observation).value.value == 0.875)
    #expect(try bound("dot.running-ulp").certify(problem, observation).value.value == 0.625)
    #expect(try bound("dot.nu").certify(problem, observation).value.value == 1.85546875)
  }

  @Test func hierarchiesMultiplyTheirLevels() throws {
    // FP8 -> FP16 -> FP32 with 32, 32 and 4 terms: 1 + B = 2.9375 · 1.01513671875 · (1 + 3 · 2^-24).
    let wide = Problem.sum(.e4m3fn, try Plan(text: "e4m3fn:32,fp16:32,fp32"), count: 4096)
    let b = try #require(try relative("dot.hierarchy", wide))
    // Level 1 has k = 31 > 8 and counts k u; level 2 is sharp: 31/2048 / (1 + 31/2048), level 3 too.
    let (a2, a3) = (31.0 / 2079, 3 / (0x1p24 + 3))
    let expected: Double = 2.9375 * (1 + a2) * (1 + a3) - 1
    #expect(abs(b - expected) < 1e-12)
    // With 8, 128, 4 terms and the sharp factor 7/23 at level 1 the product is 0.3852 with k u above, smaller with sharp factors there.
    let narrow = Problem.sum(.e4m3fn, try Plan(text: "e4m3fn:8,fp16:128,fp32"), count: 4096)
    let c = try #require(try relative("dot.hierarchy", narrow))
    let sharper: Double = (1 + 7.0 / 23) * (1 + 127.0 / 2175) * (1 + a3) - 1
    #expect(abs(c - sharper) < 1e-12)
    #expect(c < 0.3853)
  }

  /// The same hierarchies with k u at every level but the first, as the literature writes them.
  @Test func hierarchyOfLinearFactors() {
    func compose(_ factors: [Double]) -> Double { factors.reduce(1) { $0 * (1 + $1) } - 1 }
    let last = 3 * 0x1p-24
    let wide = compose([1.9375, 31.0 / 2048, last])
    let narrow = compose([7.0 / 23, 127.0 / 2048, last])
    #expect(abs(wide - 1.981965) < 5e-7)
    #expect(abs(narrow - 0.3852) < 5e-5)
  }

  @Test func underflowTermsAppearWhereProductsAreFinerThanTheAccumulator() throws {
    // e5m2 products are multiples of 2^-32, fp16 keeps 2^-24: n η/2.
    let radius = try #require(try bound("dot.nu").applied(to: dot("e5m2", "fp16", n: 10)).radius)
    #expect(radius.absolute.value == 10 * 0x1p-25)
    // e4m3 products are multiples of 2^-18, e6m5 keeps 2^-35: nothing.
    #expect(try #require(try bound("dot.nu").applied(to: dot("e4m3", "e6m5", n: 10)).radius).absolute == .zero)
    // Flushing puts the smallest normal number in the place of η/2.
    let flushed = try #require(try bound("dot.power").applied(to: dot("e4m3", "e6m5@flush", n: 1)).radius)
    #expect(flushed.absolute.value >= 0x1p-30)
  }

  @Test func longSumsHaveFiniteLinearBoundsAndNoGamma() throws {
    let problem = try dot("e4m3", "e4m3", n: 1 << 20)
    #expect(try relative("dot.nu", problem) == 65536)
    #expect(try relative("dot.gamma", problem) == nil)
  }

  @Test func emptyAndSingleSums() throws {
    for n in [0, 1] {
      for plan in ["e4m3", "pairwise/e4m3", "e4m3:4,fp16"] {
        let problem = Problem.sum(.e4m3, try Plan(text: plan), count: n)
        for applicable in Bound.applicable(to: problem) {
          guard let radius = applicable.radius else { continue }
          #expect(radius.relative == .zero && radius.absolute == .zero, "\(applicable.bound.id) \(plan) \(n)")
        }
      }
    }
  }

  @Test func everyBoundHasAUniqueNameASourceAndAnExistingProof() throws {
    #expect(Set(Bound.catalogue.map(\.id)).count == Bound.catalogue.count)
    for bound in Bound.catalogue {
      #expect(!bound.statement.isEmpty && !bound.source.isEmpty && bound.hypotheses.contains(.noOverflow), "\(bound.id)")
      let parts = bound.proof.split(separator: "#").map(String.init)
      let text = try proofText(parts[0])
      let headings = text.split(separator: "\n").filter { $0.hasPrefix("#") }.map { $0.drop { "# ".contains($0) }.lowercased().replacing(" ", with: "-") }
      #expect(parts.count == 2 && headings.contains(parts[1]), "\(bound.id): \(bound.proof)")
      #expect(text.contains("[`\(bound.id)`") || text.contains("`\(bound.id)`]") || text.contains("`\(bound.id)`,"), "\(bound.id)")
    }
  }

  /// What is known only in part has a name of its own, says what is missing, and is no bound.
  @Test func quotedStatementsAreNoBounds() {
    let ids = QuotedBound.catalogue.map(\.id)
    #expect(Set(ids).count == ids.count && Set(ids).isDisjoint(with: Bound.catalogue.map(\.id)))
    #expect(QuotedBound.catalogue.allSatisfy { !$0.statement.isEmpty && !$0.missing.isEmpty && !$0.source.isEmpty })
    #expect(Bound.catalogue.allSatisfy { $0.kind != .asymptotic })
  }

  private func proofText(_ path: String) throws -> String {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return try String(contentsOfFile: "/\(root)/\(path)", encoding: .utf8)
  }
}
