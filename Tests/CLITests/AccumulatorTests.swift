// SPDX-License-Identifier: Apache-2.0
// fmtlab accumulator: its document, its table, and the answer no.

import Foundation
import Testing

@Suite struct AccumulatorTests {
  private let line = "accumulator --format e4m3 --n 64 --trials 10 --data normal"

  @Test func documentHasWhatTheTableShows() throws {
    let document = try succeed("\(line) --json").json()
    #expect(document["schema"] == .string("fmtlab.accumulator/1") && document["seed"] == .number(1) && document["n"] == .number(64))
    let candidates = document["candidates"]!.items
    #expect(candidates.count > 20 && document["front"]!.items.count > 1)
    for candidate in candidates {
      candidate.check(["accumulator": .text, "family": .text, "bits": .count, "cost": .record, "measured": .number, "model": .number, "bound": .number, "boundedBy": .optional(.text)], "candidate")
    }
    for criterion in ["bound", "model", "measured"] { #expect(!document["cheapest"]![criterion]!.items.isEmpty) }
    let rows = csv(try succeed("\(line) --csv").out)
    #expect(rows.count == candidates.count + 1 && rows.allSatisfy { $0.count == rows[0].count })
    let text = try succeed(line).out
    #expect(text.contains("cheapest by a bound") && text.contains("cheapest as measured") && text.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }

  @Test func anImpossibleTargetIsTheAnswerNo() throws {
    let run = try fmtlab("accumulator --format fp32 --n 16 --trials 10 --data normal --target 1e-30")
    #expect(run.status == 1 && run.err.contains("accumulators that were tried meets 1e-30"))
  }

  @Test func filesAreData() throws {
    let scratch = try Scratch()
    let file = try scratch.file("x.csv", "1,2,-3,0.5\n3,4,0.25,1\n")
    #expect(try succeed("accumulator --format e4m3 --n 4 --trials 10 --data \(file) --json").json()["data"] == .string("files"))
    #expect(try succeed("analyze --format e4m3 --acc e6m5 --n 4 --trials 10 --data \(file) --json").json()["data"] == .string("files"))
    let both = try fmtlab("accumulator --format e4m3 --data normal --x \(file) --y \(file)")
    #expect(both.status == 64 && both.err.contains("exclude each other"))
    #expect(try fmtlab("accumulator --format e4m3 --data \(scratch.path)/none.csv").status == 66)
  }
}
