// SPDX-License-Identifier: Apache-2.0
// fmtlab compare: tables of differences, and results that are recognised.

import Foundation
import Testing

@Suite struct CompareTests {
  @Test func cpfloatHas480WhereFmtlabHas240() throws {
    let run = try succeed("compare --peer cpfloat --format e4m3")
    #expect(run.out.contains("the largest number is 240 in fmtlab's e4m3, 480 in cpfloat's format"))
    #expect(run.lines.contains { $0.split(separator: " ").map(String.init) == ["maximum", "62", "480", "inf", "480"] }, "\(run.out)")
    #expect(run.lines.allSatisfy { $0.count <= 100 })
    #expect(try succeed("compare --peer cpfloat --format e4m3").out == run.out)
  }

  @Test func equalConversionsSaySo() throws {
    #expect(try succeed("compare --peer p3109 --format k8p4se").out.contains("no difference in 1037 inputs"))
    #expect(try succeed("compare --peer ocp --format e4m3fn").lines.prefix(3).last?.hasPrefix("  no difference in ") == true)
  }

  @Test func documentsHaveTheirFields() throws {
    let document = try succeed("compare --peer qtorch --format e4m3 --json").json()
    document.check(["schema": .text, "comparisons": .list], "compare")
    #expect(document["schema"]?.text == "fmtlab.compare/1")
    let comparison = try #require(document["comparisons"]?[0])
    comparison.check(["format": .text, "conversion": .record, "inputs": .count, "differences": .list], "comparison")
    for difference in comparison["differences"]!.items {
      difference.check([
        "kind": .text, "count": .count, "input": .number, "inputHex": .hex, "fmtlab": .number, "fmtlabHex": .hex, "peer": .optional(.number),
        "peerHex": .optional(.hex), "explanation": .text,
      ], "difference")
    }
    let rows = csv(try succeed("compare --peer qtorch --format e4m3 --csv").out)
    #expect(rows[0] == ["format", "peer", "name", "kind", "count", "input", "fmtlabValue", "peerValue", "explanation"])
    #expect(rows.dropFirst().allSatisfy { $0.count == 9 } && rows.contains { $0[3] == "NaN" && $0[7] == "480" })
  }

  @Test func toolsAndTheirConversionsAreListed() throws {
    #expect(try succeed("compare").lines.map { $0.prefix { $0 != " " } } == ["ml_dtypes", "gfloat", "cpfloat", "mptorch", "qtorch", "pychop", "ocp", "p3109"])
    #expect(try succeed("compare --json").json()["peers"]?.items.count == 8)
    for peer in ["ml_dtypes", "gfloat", "mptorch", "p3109"] {
      let run = try succeed("compare --peer \(peer)")
      #expect(run.lines.allSatisfy { $0.count <= 100 }, "\(run.out)")
    }
    #expect(csv(try succeed("compare --peer ml_dtypes --csv").out).contains { $0[1] == "float8_e4m3fn" && $0[2] == "e4m3fn" })
    #expect(try succeed("compare --peer ml_dtypes --json").json()["conversions"]!.items.allSatisfy { $0["evidence"]?.text == "measured, version 0.6.0" })
  }

  /// Results of QPyTorch's FloatingPoint(exp=4, man=3): ties away, no special values, no negative zero.
  private static let qtorch = """
    x,result
    1.0625,1.125
    -0x1.1p+0,-1.125
    464,480
    inf,480
    nan,480
    -1e-9,0
    0.001,0.001953125
    """

  @Test func resultsOfQtorchAreRecognisedAlone() throws {
    let scratch = try Scratch()
    let path = try scratch.file("vectors.csv", Self.qtorch)
    let document = try succeed("compare --file \(path) --json").json()
    #expect(document["rows"]?.double == 7)
    #expect(document["found"]?.items.map { $0["tool"]!.text! + " " + $0["conversion"]!.text! } == ["qtorch FloatingPoint(exp=4, man=3)"])
    #expect(document["nearest"]!.items.allSatisfy { $0["count"]!.double! < 7 && $0["row"]!.double! >= 1 })
    let run = try succeed("compare --file -", input: Self.qtorch)
    #expect(run.lines.starts(with: ["all 7 rows are reproduced by", "  qtorch FloatingPoint(exp=4, man=3)"]))
    #expect(run.lines.allSatisfy { $0.count <= 100 })
  }

  @Test func fmtlabsOwnRoundingsAreRecognised() throws {
    let run = try succeed("compare --file - --format e4m3fn", input: "1.0625,1\n1.1875,1.25\n465,448\n-1e9,-448\n")
    #expect(run.lines.contains("  fmtlab round --to e4m3fn --rounding rne --overflow saturate"))
    let found = run.lines.dropFirst().prefix { $0.hasPrefix("  ") }
    #expect(!found.contains { $0.contains("rounding rz") || $0.contains("rounding rna") })
  }

  @Test func noConversionMeansNo() throws {
    let run = try fmtlab("compare --file - --format e4m3", input: "1,2\n2,2\n")
    #expect(run.status == 1 && run.out.contains("no known conversion reproduces all 2 rows") && run.out.contains("next best"))
    #expect(run.err.hasPrefix("error: none of "))
  }

  @Test func rowsThatCannotBeReadAreNamed() throws {
    for (text, words) in [("x,result\n1,2\n1\n", "line 3 has 1 fields"), ("1,x\n", "line 1: 'x' is not a number"), ("", "holds no rows"), ("1,1\na,b\n", "line 2")] {
      let run = try fmtlab("compare --file -", input: text)
      #expect(run.status == 65 && run.err.contains(words), "\(text): \(run.err)")
    }
    let scratch = try Scratch()
    let missing = try fmtlab("compare --file \(scratch.path)/none.csv")
    #expect(missing.status == 66 && missing.err.contains("no such file"))
    #expect(try fmtlab("compare --file \(scratch.path)").status == 66)
    for (line, words) in [
      ("--peer foo", "use one of ml_dtypes, gfloat"), ("--peer ocp --format posit8", "no conversion of ocp is known by 'posit8'; it has E4M3"),
      ("--format e4m3", "--format needs --peer or --file"), ("--peer cpfloat --format bogus", "no conversion of cpfloat"),
    ] {
      let run = try fmtlab("compare \(line)")
      #expect(run.status == 64 && run.err.contains(words), "\(line): \(run.err)")
    }
  }
}
