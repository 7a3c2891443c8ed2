// SPDX-License-Identifier: Apache-2.0
// fmtlab theory: the catalogue, and quick predictions tested.

import Testing

@Suite struct TheoryTests {
  static let ids = [
    "sgd.noise-floor", "sgd.dead-zone", "sgd.averaging", "sgd.bit-centering", "sgd.hysteresis", "sgd.swallowed", "sgd.loss-scale", "sgd.regularisation",
    "sgd.float-floor", "sgd.gradient-noise", "newton.refinement",
  ]

  @Test func catalogueHasThreeForms() throws {
    let text = try succeed("theory")
    #expect(text.lines.filter { $0.hasPrefix("sgd.") || $0.hasPrefix("newton.") } == Self.ids && text.lines.allSatisfy { $0.count <= 100 } && text.err.isEmpty)
    let document = try succeed("theory --json").json()
    #expect(document["schema"] == .string("fmtlab.theory/1") && document["predictions"]!.items.map { $0["id"]!.text! } == Self.ids)
    for row in document["predictions"]!.items {
      row.check(["id": .text, "statement": .text, "measures": .text, "rule": .text, "source": .text, "proof": .text], "prediction")
    }
    let rows = csv(try succeed("theory --csv").out)
    #expect(rows[0] == ["id", "statement", "measures", "rule", "source", "proof"] && rows.dropFirst().map { $0[0] } == Self.ids)
  }

  @Test func checkHasThreeForms() throws {
    let names = "sgd.swallowed sgd.bit-centering"
    let document = try succeed("theory check \(names) --seed 3 --json").json()
    document.check(["schema": .text, "seed": .count, "predictions": .list], "check")
    #expect(document["seed"] == .number(3) && document["predictions"]!.items.map { $0["id"]!.text! } == names.split(separator: " ").map(String.init))
    var cases: [String] = []
    for prediction in document["predictions"]!.items {
      #expect(prediction["agrees"] == .bool(true))
      for finding in prediction["findings"]!.items {
        finding.check(
          [
            "case": .text, "predicted": .number, "measured": .number, "standardError": .optional(.number), "references": .record, "accepted": .text,
            "verdict": .text, "reason": .optional(.text),
          ], "finding")
        cases.append(finding["case"]!.text!)
      }
    }
    let rows = csv(try succeed("theory check \(names) --seed 3 --csv").out)
    #expect(rows[0] == ["prediction", "case", "predicted", "measured", "standardError", "references", "accepted", "verdict", "reason"])
    #expect(rows.dropFirst().map { $0[1] } == cases && rows.dropFirst().allSatisfy { $0.count == 9 })
    let text = try succeed("theory check \(names) --seed 3 --threads 1")
    #expect(text.lines.last == "2 of 2 agree" && text.lines.allSatisfy { $0.count <= 100 } && text.err.isEmpty)
  }

  @Test func widestTablesFitATerminal() throws {
    let run = try succeed("theory check sgd.noise-floor sgd.averaging sgd.regularisation sgd.gradient-noise")
    #expect(run.lines.first == "predictions against measurements, seed 1" && run.lines.last == "4 of 4 agree")
    for line in run.lines { #expect(line.count <= 100, "\(line)") }
  }
}
