// SPDX-License-Identifier: Apache-2.0
// fmtlab analyze: the document, the data it takes, and that nothing but the seed decides the numbers.

import Foundation
import Testing

@Suite struct AnalyzeTests {
  @Test func documentHasTheFieldsOfTheContract() throws {
    let run = try succeed("analyze --format e4m3 --acc e6m5 --json")
    let document = try run.json()
    document.check(
      [
        "schema": .text, "format": .text, "accumulator": .text, "product": .text, "data": .text, "seed": .count, "trials": .count,
        "results": .list, "verdict": .record,
      ], "analyze")
    #expect(document["schema"] == .string("fmtlab.analyze/1") && document["format"] == .string("e4m3"))
    #expect(document["accumulator"] == .string("e6m5") && document["product"] == .string("exact") && document["data"] == .string("digits"))
    #expect(document["seed"] == .number(1) && document["trials"] == .number(2000))
    #expect(document["results"]!.items.map { $0["n"]!.double! } == [16, 64, 256, 1024])
    for result in document["results"]!.items {
      result.check(["n": .count, "measured": .record, "exact": .optional(.record), "bounds": .list, "inapplicable": .list], "result")
      let measured = result["measured"]!
      measured.check(["ratio": .record, "relative": .record, "overflow": .number, "stagnated": .number], "measured")
      for key in ["ratio", "relative"] { measured[key]!.check(["rms": .number, "p99": .number, "max": .number], key) }
      if result["exact"] != .null { result["exact"]!.check(["rms": .number, "mean": .number, "worstRatio": .number], "exact") }
      #expect(!result["bounds"]!.items.isEmpty)
      for bound in result["bounds"]!.items {
        bound.check(
          ["id": .text, "kind": .text, "confidence": .optional(.number), "value": .number, "violations": .count, "tightness": .number], "bound")
        #expect(bound["violations"] == .number(0))
        if bound["kind"] == .string("deterministic") { #expect(bound["tightness"]!.double! >= 1) }
      }
    }
    document["verdict"]!.check(
      [
        "target": .number, "error": .number, "meetsTarget": .flag, "explainedBy": .optional(.text), "tightness": .optional(.number),
        "stagnatesFrom": .optional(.count), "overflowsFrom": .optional(.count), "violations": .count, "suggestions": .list, "failed": .list,
      ], "verdict")
    #expect(document["verdict"]!["violations"] == .number(0))
    for suggestion in document["verdict"]!["suggestions"]!.items {
      suggestion.check(["change": .text, "accumulator": .text, "error": .number], "suggestion")
    }
  }

  @Test func tableHasARowForEveryLengthAndBound() throws {
    let line = "analyze --format e4m3 --acc e6m5 --trials 30 --n 64,8"
    let rows = csv(try succeed(line + " --csv").out)
    let document = try succeed(line + " --json").json()
    #expect(rows[0].starts(with: ["n", "ratio_rms", "ratio_p99", "ratio_max"]) && rows.allSatisfy { $0.count == rows[0].count })
    let bounds = document["results"]!.items.flatMap { result in result["bounds"]!.items.map { ("\(Int(result["n"]!.double!))", $0["id"]!.text!) } }
    #expect(rows.dropFirst().map { $0[0] } == bounds.map(\.0) && rows.dropFirst().map { $0[9] } == bounds.map(\.1))
    #expect(Double(rows[1][3]) == document["results"]?[0]?["measured"]?["ratio"]?["max"]?.double)
  }

  @Test func seedDecidesTheNumbers() throws {
    let line = "analyze --format e4m3 --acc e6m5@sr --data normal --trials 50 --n 32 --json --quiet"
    let first = try succeed(line).out
    #expect(try succeed(line + " --seed 1").out == first)
    #expect(try succeed(line + " --seed 2").json()["results"] != (try JSON(parsing: first)["results"]))
    #expect(try succeed(line + " --seed 18446744073709551615").out.contains("\"seed\" : 18446744073709551615"))
  }

  @Test(.enabled(if: Tool.isExpected("taskset"), "taskset is not installed"), arguments: [
    "analyze --format e4m3 --acc e6m5 --n 16,100 --trials 300 --json",
    "analyze --format bf16 --acc bf16@sr:8,fp32@sr --data lognormal --n 50 --trials 101",
    "op mul --in e4m3 --to e3m2fn --rounding sr --all --json",
  ])
  func numberOfCoresDoesNotMatter(line: String) throws {
    let arguments = line.split(separator: " ").map(String.init)
    let one = try Tool.run(arguments, through: [Tool.find("taskset") ?? "taskset", "-c", "0"])
    let all = try Tool.run(arguments)
    #expect(one.status == 0 && one.out == all.out && !all.out.isEmpty, "\(line)")
  }

  // MARK: Data

  @Test func usersMatricesAreRowsOfData() throws {
    let scratch = try Scratch()
    let x = try scratch.file("x.csv", "1,2,3\n4,5,6\n"), y = try scratch.file("y.csv", "0.5 -1 2\n")
    for (n, trials) in [("1", "1"), ("3", "20"), ("50", "20")] {
      let run = try succeed("analyze --format bf16 --acc bf16 --x \(x) --y \(y) --n \(n) --trials \(trials)")
      #expect(run.out.contains("files: 2 rows of \(x)") && run.err.isEmpty)
    }
    let piped = try succeed("analyze --format bf16 --acc bf16 --x - --y \(y) --n 3 --trials 5 --json", input: "1,2,3\n4,5,6\n")
    #expect(try piped.json() == (try succeed("analyze --format bf16 --acc bf16 --x \(x) --y \(y) --n 3 --trials 5 --json").json()))
    let big = try scratch.file("big.csv", "1e30,1,-1e30\n")
    let clamped = try succeed("analyze --format e4m3fn --acc fp32 --x \(big) --y \(y) --n 3 --trials 5")
    #expect(clamped.notes == ["note: 2 of 3 elements of \(big) lie beyond the range of e4m3fn and were clamped to it"])
  }

  @Test func dataAreRoundedOnceFromTheirDecimals() throws {
    let scratch = try Scratch()
    let x = try scratch.file("x.csv", "1.00390625000000000000000000000000000000000000001,1\n"), one = try scratch.file("one.csv", "1,1\n")
    // The exact sums 2.0078125 and 2 differ in what rz leaves of them.
    let run = try succeed("analyze --format bf16 --acc e8m5@rz --x \(x) --y \(one) --n 2 --trials 1 --json")
    #expect(try run.json()["results"]?[0]?["measured"]?["ratio"]?["max"]?.double == 0.0078125 / 2.0078125)
  }

  @Test func dataWithoutMagnitudesHaveNoRatio() throws {
    let scratch = try Scratch()
    let zero = try scratch.file("zero.csv", "0,0\n0,0\n")
    let line = "analyze --format e4m3fn --acc e6m5 --x \(zero) --y \(zero) --n 1,9 --trials 4"
    let run = try succeed(line)
    #expect(run.out.replacing("\n    ", with: " ").contains("so there is no error ratio") && run.err.isEmpty)
    #expect(try succeed(line + " --json").json()["results"]?[0]?["measured"]?["ratio"]?["max"] == .string("nan"))
    let big = try scratch.file("big.csv", "1e300,1e300\n")
    _ = try succeed("analyze --format fp64 --acc fp128 --x \(big) --y \(big) --n 2 --trials 4")
    _ = try succeed("analyze --format fp64 --acc fp64 --x \(big) --y \(big) --n 2 --trials 4 --json").json()
  }

  @Test func accumulatorThatOverflowsIsSaidTo() throws {
    let run = try succeed("analyze --format e4m3fn --acc e3m4 --data normal --n 4,400 --trials 60")
    #expect(run.out.contains("sums overflow") && run.out.contains("exponent bits") && run.out.contains("overflow"))
    let document = try succeed("analyze --format e4m3fn --acc e3m4 --data normal --n 4,400 --trials 60 --json").json()
    #expect(document["verdict"]!["error"] == .string("inf") && document["verdict"]!["overflowsFrom"] != .null)
  }

  // MARK: Pictures

  @Test(.enabled(if: Tool.isExpected("gnuplot"), "gnuplot is not installed"), arguments: ["svg", "png", "pdf"])
  func pictureIsDrawnBesideItsDataAndScript(type: String) throws {
    let scratch = try Scratch()
    let picture = scratch.url("it's an error.\(type)").path
    let run = try Tool.run(["analyze", "--format", "e4m3", "--acc", "e6m5", "--trials", "9", "--n", "4,8", "--plot", picture, "--keep-plot-data", "--quiet"])
    #expect(run.status == 0 && run.err.isEmpty)
    #expect(try scratch.names == ["it's an error.gp", "it's an error.\(type)", "it's an error.tsv"].sorted())
    let bytes = try Data(contentsOf: URL(fileURLWithPath: picture))
    #expect(bytes.starts(with: ["svg": Data("<?xml".utf8), "png": Data([0x89, 0x50]), "pdf": Data("%PDF".utf8)][type]!))
  }

  @Test func pictureGoesWhereItsRelativePathSays() throws {
    let scratch = try Scratch()
    _ = try succeed("analyze --format e4m3 --acc e6m5 --trials 9 --n 4 --plot a.svg", in: scratch.path)
    #expect(try scratch.names == (Tool.isExpected("gnuplot") ? ["a.svg"] : ["a.gp", "a.tsv"]))
    let kept = try fmtlab("analyze --format e4m3 --acc e6m5 --keep-plot-data")
    #expect(kept.status == 64 && kept.err.contains("give --plot FILE"))
  }

  @Test func withoutGnuplotDataAndScriptRemain() throws {
    let scratch = try Scratch()
    let line = ["analyze", "--format", "e4m3fn", "--acc", "e6m5", "--trials", "9", "--n", "4,8", "--plot", scratch.url("a.svg").path]
    let run = try Tool.run(line, environment: ["PATH": scratch.path])
    #expect(run.status == 0 && !run.out.isEmpty)
    #expect(run.notes == ["note: no picture: gnuplot is not installed; \(scratch.path)/a.tsv and \(scratch.path)/a.gp hold the data and the script"])
    #expect(try scratch.names == ["a.gp", "a.tsv"])
    #expect(try String(contentsOf: scratch.url("a.tsv"), encoding: .utf8).contains("# measured maximum\n4\t"))
  }

  @Test(.enabled(if: Tool.isExpected("gnuplot"), "gnuplot is not installed"))
  func pictureOfCharactersStandsBelowTheText() throws {
    let line = "analyze --format e4m3 --acc e6m5 --trials 9 --n 4,8 --quiet"
    let (plain, drawn) = (try succeed(line), try succeed("\(line) --plot -"))
    #expect(drawn.out.hasPrefix(plain.out) && drawn.out.contains("***measured maximum") && drawn.lines.allSatisfy { $0.count <= 100 })
    for form in ["--json", "--csv"] {
      let run = try fmtlab("\(line) --plot - \(form)")
      #expect(run.status == 64 && run.out.isEmpty && run.err.contains("leave out \(form)"))
    }
  }
}
