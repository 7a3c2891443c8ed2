// SPDX-License-Identifier: Apache-2.0
// Matrix units against inner products recorded on them, and against worked numbers.

import Accumulation
import Formats
import Foundation
import TestSupport
import Testing

@Suite struct MatrixUnitTests {
  /// Inner products that real units computed: `GPU/FORMAT/{a,b,c,d}_GPU_*.txt.gz`. `FMTLAB_RECORDINGS` names another place.
  static let recordings: URL = {
    if let path = ProcessInfo.processInfo.environment["FMTLAB_RECORDINGS"] { return URL(filePath: path) }
    let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return package.deletingLastPathComponent().appending(path: "shared/data/tensor-cores")
  }()

  static let haveRecordings = FileManager.default.fileExists(atPath: recordings.path)

  /// Unit, GPU and folder, format of x and y, format of the results, whether the recorded sums start from c.
  static let sets: [(String, String, String, String, Bool)] = [
    ("v100-fp16", "V100/fp16", "fp16", "fp32", true), ("v100-fp16-fp16", "V100/fp16", "fp16", "fp16", true),
    ("a100-fp16", "A100/fp16", "fp16", "fp32", true), ("a100-fp16-fp16", "A100/fp16", "fp16", "fp16", true),
    ("a100-bf16", "A100/bf16", "bf16", "fp32", true), ("a100-tf32", "A100/tf32", "tf32", "fp32", true),
    ("h100-fp16", "H100/fp16", "fp16", "fp32", true), ("h100-fp16-fp16", "H100/fp16", "fp16", "fp16", true),
    ("h100-fp8", "H100/E4M3", "e4m3fn", "fp32", false), ("h100-fp8-fp16", "H100/E4M3", "e4m3fn", "fp16", true),
  ]

  @Test(.enabled(if: haveRecordings, "no recordings of matrix units: set FMTLAB_RECORDINGS"), arguments: sets)
  func recordedInnerProductsAreReproduced(_ name: String, _ folder: String, _ input: String, _ output: String, _ startsFromC: Bool) throws {
    let unit = try MatrixUnit(named: name)
    let format = try Format(input)
    let dot = DotProduct(unit.plan, factors: format)
    let (gpu, set) = (String(folder.prefix(4)), String(folder.dropFirst(5)))
    func lines(_ file: String) throws -> [String] {
      try text(MatrixUnitTests.recordings.appending(path: "\(folder)/\(file).txt.gz")).split(separator: "\n").map(String.init)
    }
    let (a, b) = (try lines("a_\(gpu)_\(set)"), try lines("b_\(gpu)_\(set)"))
    let (c, d) = (try lines("c_\(gpu)_fp32"), try lines("d_\(gpu)_\(output)"))
    try #require(a.count == 5000 && b.count == 5000 && c.count == 5000 && d.count == 5000)
    func vector(_ line: String) -> [Value] {
      line.split(separator: " ").map { Value(Double(Float(bitPattern: UInt32($0, radix: 16)!))) }
    }
    func number(_ line: String) -> Value { Value(Double(Float(bitPattern: UInt32(line, radix: 2)!))) }
    // What the accumulator cannot hold is rounded before it gets there.
    let start = try Rounder(to: unit.plan.output.format)
    var matches = 0
    for i in 0..<5000 {
      let (x, y) = (vector(a[i]), vector(b[i]))
      #expect((x + y).allSatisfy { format.encode($0) != nil })
      let result = dot.evaluate(x, y, initial: startsFromC ? start.round(number(c[i])).value : .zero)
      if result == number(d[i]) { matches += 1 }
    }
    #expect(matches == 5000, "\(name): \(matches) of 5000")
  }

  private func text(_ url: URL) throws -> String {
    let process = Process()
    (process.executableURL, process.arguments) = (URL(filePath: "/usr/bin/env"), ["gzip", "-dc", url.path])
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = try #require(try pipe.fileHandleForReading.readToEnd())
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }

  private func h100(_ products: [Double], from c: Double = 0) throws -> Double {
    let ones = Array(repeating: Value(1), count: products.count)
    var unit = try MatrixUnit(named: "h100-fp8").plan
    // Chains of steps align the sum with the products.
    if c != 0 { unit = try Plan(text: "fused32f13/fp32@rz@infinity") }
    return DotProduct(unit).evaluate(products.map { Value($0) }, ones, initial: Value(c)).double
  }

  /// 13 bits below the largest addend, cut towards zero.
  @Test func addendsOfAnFP8StepAreCut() throws {
    #expect(try h100([1, 0x1p-13]) == 1 + 0x1p-13)
    #expect(try h100([1, 0x1p-14]) == 1)
    #expect(try h100([1, -0x1p-14]) == 1)
    #expect(try h100(Array(repeating: 0x1p-14, count: 32), from: 1) == 1)
    #expect(try h100([1] + Array(repeating: 0x1p-14, count: 31)) == 1)
  }

  /// A larger addend makes the sum smaller: such sums are not monotone.
  @Test func stepsAreNotMonotone() throws {
    let plan = try Plan(text: "fused8f3/fp32@rz")
    func sum(_ first: Double) -> Double { plan.sum([Value(first)] + Array(repeating: Value(0.125), count: 7)).double }
    #expect(sum(1.75) == 2.5 && sum(2) == 2)
  }

  /// A factor's exponent counts even if the factor is subnormal; products are aligned before they are normalised.
  @Test func exponentsAreThoseOfTheFactors() throws {
    let unit = try Plan(text: "fused2f4/fp32@rz")
    // 2^-9 in e4m3fn has exponent -6: with 448 the pair has exponent 2, so that a second product below 2^-2 is lost.
    let (x, y) = ([Value(0x1p-9), Value(0x1p-3)], [Value(448), Value(1)])
    #expect(DotProduct(unit, factors: .e4m3fn).evaluate(x, y).double == 0.75)
    #expect(DotProduct(unit).evaluate(x, y).double == 0.875 + 0.125)
  }

  @Test func everyUnitIsFoundByItsNameAndThoseOfItsNamesakes() throws {
    for unit in MatrixUnit.catalogue {
      #expect(try MatrixUnit(named: unit.name.uppercased()).plan == unit.plan)
      #expect(try Plan(text: "tensorcore/\(unit.name)") == unit.plan && "\(unit.plan)" == "tensorcore/\(unit.name)")
    }
    #expect(try MatrixUnit(named: "h200-fp8").name == "h100-fp8" && MatrixUnit(named: "a30-bf16").name == "a100-bf16")
    #expect(throws: PlanError.matrixUnit("h300-fp8")) { try MatrixUnit(named: "h300-fp8") }
    #expect(Set(MatrixUnit.catalogue.map(\.name)).count == MatrixUnit.catalogue.count)
  }
}
