// SPDX-License-Identifier: Apache-2.0
// Predictions about training against measurements, and both against numbers that were worked out elsewhere.

import Formats
import Foundation
import Testing
import Training

@Suite struct PredictionTests {
  /// All findings with seed 1, measured once.
  static let measured = Dictionary(
    uniqueKeysWithValues: Prediction.catalogue.map { ($0.id, $0.testBed(1, .allCores, .silent)) })

  static func findings(_ id: String) -> [Finding] { measured["sgd.\(id)"]! }

  @Test(arguments: Prediction.catalogue.map(\.id))
  func predictionAgreesWithItsMeasurement(id: String) {
    for finding in Self.measured[id]! where finding.verdict == .disagrees {
      Issue.record("\(id), \(finding.setting): predicted \(finding.predicted), measured \(finding.measured); fmtlab theory check \(id) --seed 1")
    }
    #expect(Self.measured[id]!.allSatisfy { $0.prediction == id } && Self.measured[id]!.contains { $0.verdict == .agrees })
  }

  /// Those that are left out share all that has to do with threads with the descents of gradient-noise, and take longer.
  @Test(arguments: Prediction.catalogue.map(\.id).filter { !["sgd.noise-floor", "sgd.averaging", "sgd.float-floor"].contains($0) })
  func threadsDoNotMatter(id: String) {
    let prediction = Prediction.catalogue.first { $0.id == id }!
    #expect(prediction.testBed(1, .oneThread, .silent) == prediction.testBed(1, .threads(2), .silent))
  }

  /// E[e²] measured by another program, the balance, the model of δ²/6 a step, and the limit of small steps.
  @Test func noiseFloorIsThatOfTheTable() {
    let table = [
      (0.1173, 0.1183, 0.1183, 0.0499), (0.0513, 0.0511, 0.1111, 0.0499), (0.0509, 0.0511, 0.4189, 0.0499), (0.0324, 0.0323, 0.0323, 0.0249),
      (0.0252, 0.0253, 0.1059, 0.0249), (0.00651, 0.00655, 0.0266, 0.00623), (0.00632, 0.00625, 0.00809, 0.00623), (0.00160, 0.00158, 0.00662, 0.00156),
    ]
    let findings = Self.findings("noise-floor")
    for (row, finding) in zip(table, findings) {
      let references = Dictionary(uniqueKeysWithValues: finding.references.map { ($0.name, $0.value) })
      #expect(isNear(finding.measured, row.0, 0.05), "\(finding)")
      // Three or four digits that were rounded or cut.
      #expect(isNear(finding.predicted, row.1, 0.005), "\(finding)")
      #expect(isNear(references["naive"]!, row.2, 0.005) && isNear(references["limit"]!, row.3, 0.005), "\(finding)")
    }
    #expect(findings.count == table.count + 4)
  }

  @Test func naiveModelOfSmallStepsIsRejected() {
    let small = Self.findings("noise-floor").filter { $0.setting.hasSuffix("alpha 0.003125") }
    for finding in small {
      let naive = finding.references.first { $0.name == "naive" }!.value
      let wrong = Finding(finding.prediction, finding.setting, predicted: naive, measured: finding.measured, finding.acceptance)
      #expect(wrong.verdict == .disagrees, "\(finding)")
    }
    #expect(small.count == 4)
  }

  @Test func gradientDescentStopsWhereTheTableSays() {
    let findings = Self.findings("dead-zone")
    for (finding, e) in zip(findings, [0.00469, 0.03594, 0.19219]) { #expect(abs(finding.measured - e) < 5e-6, "\(finding)") }
    // bf16 within [1, 2): errors of up to 0.39; below 1, of half as much.
    #expect(findings[4].measured > 0.38 && findings[4].measured < 0.390625 && findings[6].measured > 0.19 && findings[6].measured < 0.1953125)
  }

  /// Exactly, from the Markov chain of the weight on its grid: E[e²] and E[e].
  @Test func logisticBiasIsThatOfTheMarkovChain() {
    let exact = [(0.594090, 0.198002), (0.256996, 0.093886), (0.119359, 0.045640), (0.0575068, 0.0224921), (0.0282605, 0.0111781)]
    let biases = Self.findings("averaging").filter { $0.setting.hasPrefix("logistic, delta") }
    for (finding, (square, bias)) in zip(biases, exact) {
      #expect(isNear(finding.references[0].value, square, 0.02) && abs(finding.measured - bias) < 4 * finding.standardError!, "\(finding)")
    }
    #expect(biases.count == exact.count)
  }

  @Test func bitCentringContractsAsInTheTable() {
    let findings = Self.findings("bit-centering")
    #expect(findings[0].measured > 1 && findings[1].measured > 1)
    for (i, bound, factor) in [(2, 3.8, 0.51), (3, 0.90, 0.114), (5, 0.053, 6.8e-3), (7, 3.3e-3, 4.6e-4)] {
      // The bound to two digits; the factor depends on where the descent starts.
      #expect(isNear(findings[i].predicted, bound, 0.02) && isNear(findings[i].measured, factor, 0.2), "\(findings[i])")
    }
  }

  @Test func flipRatesAreThoseOfTheTable() {
    let findings = Self.findings("hysteresis")
    for (i, rate) in [(0, 0.0638), (2, 0.0638), (6, 0.0810), (3, 0.00144), (7, 0.0065)] {
      #expect(isNear(findings[i].measured, rate, 0.03), "\(findings[i])")
    }
    #expect(findings[1].measured == 0)
  }

  /// Measured exactly in this library: a weight of bf16 or narrower loses all updates below the first and none above the second.
  @Test func thresholdsOfLostUpdatesArePowersOfTwo() {
    let exponents = [-9, -8, -12, -11, -5, -4, -4, -3]
    for (finding, e) in zip(Self.findings("swallowed"), exponents) { #expect(isNear(finding.measured, exp2(Double(e)), 1e-12), "\(finding)") }
  }

  @Test func lossScaleSharesAreThoseOfTheTable() {
    let table = [
      (0.6306, 0.3694, 0), (0.0098, 0.8990, 0), (0.0000, 0.0912, 0), (0.6306, 0.2782, 0), (0.0098, 0.0814, 0), (0.5000, 0.4088, 1.6e-10),
      (0.0038, 0.0874, 1.5e-4),
    ]
    let shares = Self.findings("loss-scale")
    for (i, row) in table.enumerated() {
      for (finding, share) in zip(shares[3 * i..<3 * i + 3], [row.0, row.1, row.2]) {
        #expect(abs(finding.predicted - share) < (share < 1e-3 ? 5e-6 : 5.1e-5) && abs(finding.measured - share) < 0.001, "\(finding)")
      }
    }
    #expect(isNear(shares[17].predicted, 1.6e-10, 0.03))
  }

  @Test func penaltiesAreThoseOfTheTable() {
    let findings = Self.findings("regularisation")
    #expect(isNear(findings[0].predicted, 0.0025, 1e-12) && isNear(findings[1].predicted, 0.00125, 1e-12))
    #expect(isNear(findings[0].measured, 0.002497, 0.03) && isNear(findings[1].measured, 0.0012495, 0.03))
  }

  @Test func floorOfFloatsIsThatOfTheTable() {
    let squares = Self.findings("float-floor").filter { $0.setting.hasSuffix("squared error") }
    for (finding, square) in zip(squares, [0.01364, 0.01367, 0.00948, 0.0159]) { #expect(isNear(finding.measured, square, 0.05), "\(finding)") }
    // The grid of one ulp, and its first order; at 1 with the mean of two ulps.
    #expect(isNear(squares[0].references[0].value, 0.01377, 0.001) && isNear(squares[0].references[1].value, 0.01247, 0.001))
    #expect(isNear(squares[2].references[1].value, 0.00935, 0.001))
  }

  /// The second moment alone does not tell what short updates do.
  @Test func shortUpdatesGoByTheMeanSizeOfTheGradient() {
    let silent = Self.findings("gradient-noise").filter { if case .notApplicable = $0.verdict { true } else { false } }
    for finding in silent {
      #expect(isNear(finding.measured, finding.references[0].value, 0.06) && !isNear(finding.measured, finding.predicted, 0.09), "\(finding)")
    }
    #expect(silent.count == 2)
  }

  private func isNear(_ x: Double, _ y: Double, _ tolerance: Double) -> Bool { abs(x - y) <= tolerance * abs(y) }
}

@Suite struct PredictionCatalogueTests {
  @Test func everyPredictionIsDerivedUnderAHeadingOfItsOwn() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(contentsOf: root.appending(path: Prediction.proof), encoding: .utf8)
    let headings = text.split(separator: "\n").filter { $0.hasPrefix("## ") }
    for prediction in Prediction.catalogue { #expect(headings.count { $0.contains("[`\(prediction.id)`]") } == 1, "\(prediction.id)") }
    #expect(headings.count { $0.contains("[`sgd.") || $0.contains("[`newton.") } == Prediction.catalogue.count)
  }

  @Test func namesAreUniqueAndMisspeltOnesAreFound() {
    #expect(Set(Prediction.catalogue.map(\.id)).count == Prediction.catalogue.count)
    #expect(Prediction.names(near: "sgd.noisefloor").first == "sgd.noise-floor" && Prediction.names(near: "dead-zone").first == "sgd.dead-zone")
    #expect(Prediction.names(near: "qqqqqqqqqqqqqq").isEmpty)
  }

  @Test func verdictFollowsTheRule() {
    func verdict(_ predicted: Double, _ measured: Double, _ acceptance: Finding.Acceptance) -> Finding.Verdict {
      Finding("sgd.noise-floor", "a case", predicted: predicted, measured: measured, acceptance).verdict
    }
    #expect(verdict(2, 2.1, .within(0.05)) == .agrees && verdict(2, 2.11, .within(0.05)) == .disagrees)
    #expect(verdict(0, 0.1, .distance(0.1)) == .agrees && verdict(0, -0.11, .distance(0.1)) == .disagrees)
    #expect(verdict(1, 1, .atMost) == .agrees && verdict(1, 1.01, .atMost) == .disagrees)
    #expect(verdict(1, .nan, .within(1)) == .disagrees && verdict(1, .nan, .atMost) == .disagrees && verdict(1, .nan, .distance(1)) == .disagrees)
    #expect(verdict(1, 5, .notApplicable(reason: "no noise")) == .notApplicable(reason: "no noise"))
  }
}
