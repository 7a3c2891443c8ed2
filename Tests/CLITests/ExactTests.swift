// SPDX-License-Identifier: Apache-2.0
// fmtlab worst, distribution, and the exact column of analyze.

import Testing

@Suite struct ExactTests {
  @Test func theWorstCaseIsTheKnownFraction() throws {
    for (n, fraction) in [(1, "1/65"), (2, "1/33"), (4, "1/17"), (8, "1/9"), (16, "1/5")] {
      let document = try succeed("worst --format e4m3 --acc e6m5 --n \(n) --quiet --json").json()
      #expect(document["schema"]?.text == "fmtlab.worst/1")
      #expect(document["ratioFraction"]?.text == fraction && document["n"]?.double == Double(n) && document["isExact"] == .bool(true))
      #expect(document["results"]?[0]?["ratio"]?.double == document["ratio"]?.double)
    }
  }

  /// What the witness of `worst` says, `dot` finds.
  @Test(arguments: [
    "--format e4m3 --acc e6m5 --n 7", "--format e2m1fn --acc e3m2fn:4,e4m3 --n 11", "--format e4m3fn --acc pairwise/e5m4 --n 4 --range 4",
    "--format e4m3fn --acc bf16@rz --n 3", "--format e3m2fn --acc q4.6 --n 5", "--format e4m3fn --acc e4m3:4,fp16:2,fp32 --n 16",
    "--format e2m1fn --acc e4m3 --product e2m1fn --n 6", "--format e2m1fn --acc strided2/e3m2fn,e4m3 --n 9",
  ])
  func witnessesReplay(_ line: String) throws {
    let worst = try succeed("worst \(line) --quiet --json").json()
    func list(_ name: String) -> String { worst["witness"]![name]!.items.map { "\($0.double!)" }.joined(separator: ",") }
    let (x, y, options) = (list("x"), list("y"), line.replacing(/\ --(n|range) \d+/, with: ""))
    let dot = try succeed("dot \(x) \(y) \(options) --quiet --json").json()
    #expect(dot["error"]?.double == worst["error"]?.double)
    let (replayed, found) = (try #require(dot["ratio"]?.double), try #require(worst["ratio"]?.double))
    #expect(abs(replayed - found) <= 1e-15 * max(1, found))
  }

  @Test func theDistributionIsTheKnownOne() throws {
    let document = try succeed("distribution --format e4m3 --acc e6m5 --data normal --n 1,16,256 --quiet --json").json()
    let expected = [6.251682e-03, 7.788273e-02, 1.155731]
    for (row, rms) in zip(document["results"]!.items, expected) {
      #expect(abs(row["rms"]!.double! / rms - 1) < 5e-7)
      #expect(abs(row["mean"]!.double!) < 1e-9)
      #expect(row["overflow"]?.double == 0 && row["uncertainty"]?.double == 0)
    }
    let wide = try succeed("distribution --format e4m3fn --acc e4m3:16,fp16:8,fp32 --n 512 --quiet --json").json()
    #expect(wide["results"]![0]!["uncertainty"]!.double! > 0 && wide["results"]?[0]?["lastLevelBound"]?.text != nil)
  }

  @Test func theHistogramIsALaw() throws {
    let run = try succeed("distribution --format e2m1fn --acc e4m3fn --n 8 --histogram --csv")
    let rows = run.out.split(separator: "\n").dropFirst().map { $0.split(separator: ",").map { Double($0)! } }
    #expect(abs(rows.reduce(0) { $0 + $1[1] } - 1) < 1e-11)
    let rms = rows.reduce(0) { $0 + $1[0] * $1[0] * $1[1] }.squareRoot()
    let document = try succeed("distribution --format e2m1fn --acc e4m3fn --n 8 --json").json()
    #expect(abs(document["results"]![0]!["rms"]!.double! / rms - 1) < 1e-9)
  }

  @Test func analyzeHasExactResultsWhereTheyAreQuick() throws {
    let report = try succeed("analyze --format e4m3 --acc e6m5 --data normal --n 16,4096 --trials 20 --quiet --json").json()
    let exact = try #require(report["results"]?[0]?["exact"])
    #expect(abs(exact["rms"]!.double! / 7.788273e-02 - 1) < 5e-7 && exact["worstRatio"]?.double == 0.2 && exact["worstFraction"]?.text == "1/5")
    #expect(report["results"]?[1]?["exact"] == .null)
    #expect(try succeed("analyze --format e4m3 --acc e6m5 --n 4 --trials 20 --no-exact --quiet --json").json()["results"]?[0]?["exact"] == .null)
    try expectFailure("analyze --format e4m3 --acc kahan/e6m5 --n 4 --trials 20 --exact", 64, contains: "no exact analysis")
  }

  @Test func treatmentsOfOverflowDiffer() throws {
    func ratio(_ treatment: String) throws -> JSON {
      try succeed("worst --format e2m1fn --acc e3m2 --n 4 --on-overflow \(treatment) --quiet --json").json()
    }
    let (excluded, saturated, absorbed) = (try ratio("exclude"), try ratio("saturate"), try ratio("absorb"))
    #expect(excluded["ratio"]!.double! < saturated["ratio"]!.double!)
    #expect(absorbed["ratio"]?.text == "inf" && absorbed["witness"]!["x"]!.items.count == 4)
  }

  @Test func mistakesAreSaid() throws {
    try expectFailure("worst --format e4m3 --acc fp32 --n 4", 64, contains: "at most 16 bits")
    try expectFailure("worst --format e4m3 --acc e6m5 --n 0", 64, contains: "from 1 to 4096")
    try expectFailure("worst --format fp16 --acc e6m5 --n 4", 64, contains: "pairs of inputs")
    try expectFailure("worst --format e4m3 --acc e6m5 --weights 1,2 --n 3", 64, contains: "leave out --n")
    try expectFailure("worst --format e4m3 --acc e6m5 --weights 1,inf", 65, contains: "not finite")
    try expectFailure("worst --format e4m3 --acc e6m5 --range 0", 64, contains: "a positive number")
    try expectFailure("worst --format e4m3 --acc q4.4@wrap --n 2", 64, contains: "wraps")
    try expectFailure("worst --format e1m0 --acc e8m0fnu --n 3", 64, contains: "e8m0fnu has no zero")
    try expectFailure("distribution --format fp32 --acc fp16 --n 4", 64, contains: "at most 16 bits")
    try expectFailure("worst --format e2m1fn --acc e3m4:2,fp32 --n 4 --on-overflow absorb", 64, contains: "use exclude")
    try expectFailure("worst --format e8m0fnu --acc fp16 --range 1e-40", 64, contains: "no value of e8m0fnu")
    try expectFailure("distribution --format e12m0 --acc fp16 --n 2", 64, contains: "bits")
    try expectFailure("distribution --format e4m3 --acc pairwise/e4m3 --data nosuch.npy", 66, contains: "nosuch.npy")
    try expectFailure("distribution --format e4m3 --acc e6m5 --data nosuch.npy", 66, contains: "nosuch.npy")
    let scratch = try Scratch()
    let constant = try scratch.file("c.csv", "14,14\n14,14\n")
    try expectFailure("distribution --format e3m2 --acc e4m3 --n 1,4 --data \(constant)", 64, contains: "at n = 4 every sum in 'e4m3' overflows")
  }

  /// Bounds speak of sums that do not overflow.
  @Test func noBoundStandsBesideASumThatSaturates() throws {
    let worst = try succeed("worst --format e2m1fn --acc k6p4se@rz --n 2 --on-overflow saturate --json").json()
    #expect(worst["bound"] == .null && worst["ratioFraction"]?.text == "137/144")
  }

  @Test func givenWeightsFixOneVector() throws {
    let document = try succeed("worst --format e4m3 --acc e6m5 --weights 1,-2,0.5 --quiet --json").json()
    #expect(document["n"]?.double == 3 && document["witness"]!["y"]!.items.map(\.double) == [1, -2, 0.5])
    #expect(document["ratio"]!.double! < 1 / 25.0)
  }

  private func expectFailure(_ line: String, _ status: Int32, contains text: String) throws {
    let run = try fmtlab(line)
    #expect(run.status == status && run.err.contains(text) && run.out.isEmpty, "\(run.command): \(run.status) \(run.err)")
  }
}
