// SPDX-License-Identifier: Apache-2.0
// The Swift of the articles compiles and gives what it says, and their changes to the library fit its files.

import FmtLab
import Foundation
import Testing

@Suite struct ArticleTests {
  // The lines between the marks stand in the article of the mark, word for word.

  @Test func landingPage() throws {
    // <FmtLab>
    // The OCP FP8 format that ends at 448, and rounding to it.
    let toFP8 = try Rounder(to: Format("e4m3fn"), overflow: .saturate)
    let x = [0.3, 1.7, 100, -0.02].map { toFP8.round(Value($0)).value }
    // 0.3125, 1.75, 96, -0.01953125

    // Their sum of squares, accumulated in e6m5 and then without error.
    let dot = DotProduct(try Plan(text: "e6m5"))
    let computed = dot.evaluate(x, x)  // 9216
    var exact = ExactSum(products: .e4m3fn, .e4m3fn)
    for v in x { exact += v.dyadic! * v.dyadic! }  // 9219.160537719727
    // </FmtLab>
    #expect(x.map(\.double) == [0.3125, 1.75, 96, -0.01953125])
    #expect(computed.double == 9216 && exact.double == 9219.160537719727)
  }

  @Test func whatIsExact() throws {
    // <WhatIsExact>
    let factors = [Value(20), Value(24), Value(-0x1p-16)]
    let once = Operation.fma(factors, try Rounder(to: .e5m2)).value  // 448
    let inFloat = Float(20) * 24 - 0x1p-16  // 480: binary32 cannot hold the rest
    let twice = try Rounder(to: .e5m2).round(Value(Double(inFloat))).value  // 512
    // </WhatIsExact>
    #expect(once == Value(448) && inFloat == 480 && twice == Value(512))
  }

  @Test func readingABound() throws {
    // <ReadingABound>
    let accumulator = DotProduct(try Plan(text: "e4m3fn"))
    let problem = Problem.dot(.e4m3fn, .e4m3fn, accumulator, count: 3)

    // Before the sum: for every input, as a multiple of A and an absolute part.
    let before = Bound.applicable(to: problem).compactMap { bound in
      bound.radius.map { ($0.relative, $0.absolute) }
    }

    // After it: for these numbers.
    let x = [1.875, 1.5, 0.875].map { Value($0) }
    let ones = Array(repeating: Value(1), count: 3)
    var seen = Observation(magnitudes: Upward(4.25))
    let sum = accumulator.evaluate(x, ones) { seen.note($0) }
    let ulps = Bound.catalogue.first { $0.id == "dot.running-ulp" }!
    let running = try ulps.certify(problem, seen).value  // 0.375
    // </ReadingABound>
    #expect(running.value == 0.375 && sum.double == 4.5)
    #expect(before.count == 3 && before.contains { $0.0.value == 3.0 / 16 })
  }

  @Test func choosingAnAccumulator() throws {
    // <ChoosingAnAccumulator>
    let target = 0.01
    let candidates = ["e6m5", "e6m7", "e6m5:16,e6m5", "fp16"]
    let chosen = try candidates.first { text in
      let dot = DotProduct(try Plan(text: text))
      let analysis = Analysis(format: .e4m3fn, dot: dot, counts: [256], trials: 200)
      return analysis.run()[0].ratio.p99 <= target
    }  // e6m7
    // </ChoosingAnAccumulator>
    #expect(chosen == "e6m7")
  }

  @Test func tensorCores() throws {
    // <TensorCores>
    let unit = try MatrixUnit(named: "h100-fp8")
    let x = Array(repeating: Value(0.34375), count: 4096)  // Σ x² = 484
    let alone = DotProduct(unit.plan, factors: .e4m3fn).evaluate(x, x)  // 428.40625
    let chunks = try Plan(text: "tensorcore/h100-fp8:128,fp32")
    let promoted = DotProduct(chunks, factors: .e4m3fn).evaluate(x, x)  // 484
    // </TensorCores>
    #expect(alone.double == 428.40625 && promoted.double == 484)
  }

  @Test func trainingPredictions() {
    // <TrainingPredictions>
    let prediction = Prediction.catalogue.first { $0.id == "sgd.dead-zone" }!
    let findings = prediction.testBed(1, .allCores, .silent)
    let agrees = findings.allSatisfy { $0.verdict == .agrees }  // true, in seven cases
    let first = (findings[0].predicted, findings[0].measured)  // both 0.0046875
    // </TrainingPredictions>
    #expect(agrees && findings.count == 7 && abs(first.0 - 0.0046875) < 1e-12 && abs(first.1 - 0.0046875) < 1e-12)
  }

  @Test func proofs() {
    // <Proofs>
    let certain = Bound.catalogue.filter(\.isCertain)
    let checked = certain.filter { !$0.theorems.isEmpty }
    let proof = certain.first { $0.id == "dot.nu" }!.proof  // proofs/recursive-sums.md#ku
    // </Proofs>
    #expect(checked.count == certain.count && proof == "proofs/recursive-sums.md#ku")
  }

  @Test func addingAFormat() throws {
    // <AddingAFormat>
    let seven = try Format("e3m3")
    let range = (seven.minSubnormal!, seven.maxFinite)  // 2^-5 and 15
    let rounder = try Rounder(to: seven, .towardZero, overflow: .saturate)
    let codes = [0.1, 3.3, 99].map { seven.encode(rounder.round(Value($0)).value)! }
    // 3, 37, 55
    // </AddingAFormat>
    #expect(range == (Dyadic.power(-5), 15) && codes == [3, 37, 55])
  }

  @Test func addingABound() throws {
    // <AddingABound>
    let nearest = Problem.sum(.e4m3fn, try Plan(text: "e6m5"), count: 40)
    let sharp = Bound.catalogue.first { $0.id == "dot.sharp" }!
    let silent = sharp.inapplicability(to: nearest)!.reasons  // k = 39 > 1/(2u) = 32 in e6m5
    let certain = Bound.applicable(to: nearest).filter(\.bound.isCertain)
    let tightest = certain.compactMap(\.radius?.relative.value).min()!  // 39/64
    // </AddingABound>
    #expect(silent == ["k = 39 > 1/(2u) = 32 in e6m5"] && tightest == 39.0 / 64)
  }

  @Test func addingAnAccumulator() throws {
    // <AddingAnAccumulator>
    let terms = [16.0, 1, 1, 1, 1].map { Value($0) }
    let plan = try Plan(text: "e4m3fn")
    let forwards = plan.sum(terms)  // 16
    let backwards = plan.sum(terms.reversed())  // 20
    let tree = try Plan(text: "pairwise/e4m3fn").sum(terms)  // 18
    // </AddingAnAccumulator>
    #expect(forwards == Value(16) && backwards == Value(20) && tree == Value(18))
  }

  @Test func articlesHoldTheseLinesAndNoOtherSwift() throws {
    let source = try text("Tests/FmtLabTests/ArticleTests.swift")
    for article in try articles() {
      let parts = try text(article).components(separatedBy: "```swift\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
      let name = URL(filePath: article).deletingPathExtension().lastPathComponent
      let marked = source.components(separatedBy: "    // <\(name)>\n").dropFirst().map { $0.components(separatedBy: "    // </\(name)>")[0] }
      let lines = marked.map { $0.split(separator: "\n", omittingEmptySubsequences: false).map { $0.hasPrefix("    ") ? $0.dropFirst(4) : $0 } }
      #expect(parts == lines.map { $0.joined(separator: "\n") }, "\(article)")
    }
  }

  /// Of each change that an article makes, what it leaves or takes away stands in the file.
  @Test func changesFitTheFiles() throws {
    var count = 0
    for article in try articles() {
      for block in try text(article).components(separatedBy: "```diff\n").dropFirst().map({ $0.components(separatedBy: "```")[0] }) {
        let lines = block.split(separator: "\n")
        try #require(lines[0].hasPrefix("--- "), "\(article)")
        let file = try text(String(lines[0].dropFirst(4))).split(separator: "\n")
        for line in lines.dropFirst() where !line.hasPrefix("+") {
          count += 1
          #expect(file.contains(line.dropFirst()) || line == " ", "\(article): \(line)")
        }
      }
    }
    #expect(count > 5)
  }

  /// Files that an article names by directory and name exist, in Sources or from the root.
  @Test func namedFilesExist() throws {
    for article in try articles() {
      for match in try text(article).matches(of: /[A-Za-z]+(?:\/[A-Za-z+-]+)*\/[A-Za-z+-]+\.(?:swift|md|v|txt)/) {
        let name = String(match.output)
        let exists = ["", "Sources/"].contains { FileManager.default.fileExists(atPath: root.appending(path: $0 + name).path) }
        #expect(exists, "\(article): \(name)")
      }
    }
  }

  private var root: URL { URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent() }

  private func text(_ path: String) throws -> String { try String(contentsOf: root.appending(path: path), encoding: .utf8) }

  private func articles() throws -> [String] {
    let directory = "Sources/FmtLab/FmtLab.docc"
    let names = try FileManager.default.contentsOfDirectory(atPath: root.appending(path: directory).path).filter { $0.hasSuffix(".md") }
    return names.sorted().map { "\(directory)/\($0)" }
  }
}
