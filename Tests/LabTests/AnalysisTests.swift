// SPDX-License-Identifier: Apache-2.0
// Analyses: reproducible, free of violations, and with verdicts that say what the numbers say.

import Accumulation
import ErrorAnalysis
import Formats
import Foundation
import Lab
import Testing

@Suite struct AnalysisTests {
  private func analysis(
    _ format: String, _ accumulator: String, n: [Int] = [16, 100], data: DataSource = .digits, trials: Int = 100, product: String = "exact"
  ) throws -> Analysis {
    Analysis(
      format: try Format(format), dot: DotProduct(try Plan(text: accumulator), product: try Product(text: product)), counts: n, data: data,
      trials: trials)
  }

  private func report(_ analysis: Analysis, _ parallelism: Parallelism = .allCores) -> AnalysisReport {
    let results = analysis.run(parallelism)
    return AnalysisReport(analysis, results, analysis.verdict(results, parallelism), exact: results.map { _ in nil })
  }

  @Test(arguments: ["e6m5", "e6m5@sr", "e4m3:16,fp16:8,fp32"]) func resultsDoNotDependOnThreads(_ accumulator: String) throws {
    for data in [DataSource.digits, .distribution(.normal)] {
      let analysis = try analysis("e4m3", accumulator, data: data)
      #expect(report(analysis, .allCores) == report(analysis, .oneThread))
    }
  }

  @Test func resultsDependOnTheSeedAlone() throws {
    var analysis = try analysis("e4m3", "e6m5@sr8", data: .distribution(.lognormal))
    let first = report(analysis)
    #expect(report(analysis) == first)
    analysis.seed = 2
    #expect(report(analysis) != first)
  }

  @Test(arguments: [
    "e6m5", "e4m3", "bf16", "fp16", "e5m2@rz", "e6m5@sr", "e6m5@sr3", "q8.13", "q8.13@wrap", "e5m4@flush", "pairwise/e6m5", "e4m3:8,e6m9:8,fp32",
    "strided4/bf16", "neumaier/e6m9", "exact/e6m5@sr", "tensorcore/h100-fp8:64,fp32",
  ])
  func noBoundIsViolatedOnAnyData(_ accumulator: String) throws {
    for format in ["e4m3", "e5m2", "e4m3fn", "e2m1fn", "q4.4"] {
      for product in ["exact", "e4m3"] {
        for data in [DataSource.digits] + Distribution.allCases.map({ .distribution($0) }) {
          let analysis = try analysis(format, accumulator, n: [1, 7, 130], data: data, trials: 20, product: product)
          for result in analysis.run() {
            for bound in result.bounds where bound.isRefuted && bound.bound.kind != .probabilistic {
              Issue.record("fmtlab analyze --format \(format) --acc \(accumulator) --product \(product) --data \(data.name) --n \(result.n): \(bound.bound.id)")
            }
          }
        }
      }
    }
  }

  /// Bounds that fail in half of the sums are not refuted by fewer failures than that.
  @Test func rareFailuresRefuteNothing() throws {
    var analysis = try analysis("e4m3", "e6m5@sr", n: [3, 16], trials: 3000)
    analysis.confidence = 0.5
    for result in analysis.run() { #expect(result.bounds.allSatisfy { !$0.isRefuted }) }
  }

  /// Sums that did not overflow went down each time: of all sums they are few.
  @Test func failuresAreCountedAmongAllSums() throws {
    let rows = Rows(name: "x", note: "", x: [[240, 8, 8, 8, 8, 8]], y: [[1, 1, 1, 1, 1, 1]])
    var analysis = try analysis("e4m3", "e4m3@sr", n: [6], data: .rows(rows), trials: 3000)
    analysis.confidence = 0.5
    let result = analysis.run()[0]
    #expect(result.overflow > 0.9 && result.bounds.allSatisfy { !$0.isRefuted })
  }

  @Test func theModelIsSilentOfCompensatedSumsAndNamesLevelsByPlace() throws {
    let kahan = try analysis("e4m3", "fabsum16/e6m5", n: [64]).run()[0]
    #expect(kahan.model.rms.isNaN && kahan.model.levels.isEmpty)
    let analysis = try analysis("e4m3", "e6m5:4,e6m5", n: [1024])
    let domination = try #require(analysis.verdict(analysis.run()).dominatedBy)
    #expect(domination.level == 2 && domination.share > 0.9)
  }

  @Test func exactAccumulationHasNoError() throws {
    let result = try analysis("e4m3", "fp64", n: [64]).run()[0]
    #expect(result.ratio.max == 0 && result.overflow == 0)
    let fixed = try analysis("e4m3", "q20.18", n: [64]).run()[0]
    #expect(fixed.ratio.max == 0 && fixed.bounds.contains { $0.bound.id == "dot.fixed" && $0.value == 0 })
  }

  /// Positive data in a narrow accumulator stagnate; with chunks they do not.
  @Test func narrowAccumulatorsStagnateOnPositiveData() throws {
    let narrow = try analysis("e4m3", "e6m3", n: [16, 1024], data: .distribution(.uniform))
    let report = report(narrow)
    #expect(report.verdict.stagnatesFrom == 1024 && report.results[1].measured.ratio.mean < -0.5)
    #expect(!report.verdict.meetsTarget && report.verdict.explainedBy != nil)
    let chunked = try analysis("e4m3", "e6m3:16,fp16", n: [1024], data: .distribution(.uniform)).run()[0]
    #expect(chunked.ratio.max < report.results[1].measured.ratio.max / 4)
  }

  @Test func overflowIsReportedAndStopsTheBounds() throws {
    let analysis = try analysis("e5m2", "e3m3", n: [256], data: .distribution(.uniform))
    let report = report(analysis)
    #expect(report.results[0].measured.overflow == 1 && report.verdict.overflowsFrom == 256 && report.verdict.error == .infinity)
    #expect(report.verdict.suggestions.contains { $0.change == .exponentBits })
  }

  @Test func suggestionsMeetTheTargetWhenTheyAreRun() throws {
    var analysis = try analysis("e4m3", "e6m5", n: [256], trials: 400)
    let verdict = report(analysis).verdict
    #expect(!verdict.meetsTarget && verdict.suggestions.contains { $0.change == .fractionBits })
    for suggestion in verdict.suggestions {
      analysis.dot = DotProduct(try Plan(text: suggestion.accumulator))
      #expect(analysis.run()[0].ratio.p99 == suggestion.error && suggestion.error <= verdict.target)
    }
  }

  @Test func reportsRoundTripThroughJSON() throws {
    let original = report(try analysis("e4m3", "e6m5"))
    let encoder = JSONEncoder()
    let data = try encoder.encode(original)
    #expect(try JSONDecoder().decode(AnalysisReport.self, from: data) == original)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let result = try #require((object["results"] as? [[String: Any]])?.first)
    #expect(result["exact"] is NSNull && object["schema"] as? String == "fmtlab.analyze/1")
  }

  @Test func longVectorsChainTheRowsOfAFile() throws {
    let rows = Rows(name: "files", note: "", x: [[1, 2, 3]], y: [[1, 1, 1], [1, 1, 1]])
    let result = try analysis("bf16", "fp32", n: [2, 3, 7], data: .rows(rows), trials: 30).run()
    #expect(result.allSatisfy { $0.ratio.max == 0 && $0.overflow == 0 })
  }

  @Test func progressRunsToTheEnd() async throws {
    let analysis = try analysis("e4m3", "e6m5", n: [16, 64], trials: 200)
    let fractions = Fractions()
    _ = analysis.run(progress: Progress { fractions.append($0) })
    let seen = fractions.all
    #expect(seen.last == 1 && seen == seen.sorted())
  }
}

/// Fractions from any thread.
private final class Fractions: @unchecked Sendable {
  private let lock = NSLock()
  private var values: [Double] = []
  func append(_ x: Double) { lock.withLock { values.append(x) } }
  var all: [Double] { lock.withLock { values } }
}
