// SPDX-License-Identifier: Apache-2.0
// fmtlab dot: one dot product or one a row, exact beside computed, in every form of input and output.

import Foundation
import Testing

@Suite struct DotTests {
  static let fields: [String: JSON.Kind] = [
    "n": .count, "exact": .number, "exactDecimal": .text, "exactIsRounded": .flag, "result": .number, "hex": .hex, "error": .optional(.number),
    "ratio": .optional(.number), "ulps": .optional(.number), "condition": .optional(.number), "enclosure": .optional(.list), "overflow": .flag, "swallowed": .count,
    "bounds": .list, "inapplicable": .list,
  ]

  @Test func documentHasTheFieldsOfTheContract() throws {
    let document = try succeed("dot 1,2,-3.25 -4,5,6 --format e4m3 --acc e4m3 --json").json()
    document.check(Self.fields, "dot")
    document.check(["schema": .text, "format": .text, "accumulator": .text, "product": .text, "seed": .count, "results": .list], "dot")
    #expect(document["schema"] == .string("fmtlab.dot/1") && document["results"]?.items.count == 1)
    for bound in document["bounds"]!.items {
      bound.check(["id": .text, "kind": .text, "value": .number, "ratio": .optional(.number), "violated": .flag], "bound")
      #expect(bound["violated"] == .bool(false) && bound["value"]!.double! >= abs(document["error"]!.double!))
    }
    for other in document["inapplicable"]!.items { other.check(["id": .text, "reasons": .texts], "inapplicable") }
    let values = document["bounds"]!.items.map { $0["value"]!.double! }
    #expect(!values.isEmpty && values == values.sorted())
    #expect(document["n"] == .number(3) && document["exact"] == .number(-13.5) && document["exactDecimal"] == .string("-13.5"))
    #expect(document["error"]!.double! == document["result"]!.double! - -13.5 && document["condition"] == .number(33.5 / 13.5))
    let ends = document["enclosure"]!.items.map { $0.double! }
    #expect(ends.count == 2 && ends[0] <= -13.5 && ends[1] >= -13.5 && ends[0] < ends[1])
    #expect(document["ratio"]!.double! == abs(document["error"]!.double!) / 33.5)
  }

  /// A layer of four outputs: one that the narrow accumulator is sure of, three that it is not.
  @Test func toleranceChoosesAnAccumulatorForEachRow() throws {
    let layer = "1,2,-3\n4,5,6\n.5,-4,1\n7,0,1\n"
    let line = "dot - 1,0.5,0.25 --rows --format e4m3 --acc e4m3 --wider fp16 --tolerance 0.02 --activation silu --quiet"
    let text = try succeed(line, input: layer).out
    #expect(text.contains("1 of 4 in e4m3\n") && text.contains("3 of 4 in fp16\n"))
    let document = try succeed("\(line) --json", input: layer).json()
    document.check(
      [
        "schema": .text, "format": .text, "accumulators": .texts, "activation": .text, "criterion": .text, "tolerance": .number, "seed": .count,
        "counts": .list, "outputs": .list,
      ], "dot-tolerance")
    #expect(document["schema"] == .string("fmtlab.dot-tolerance/1") && document["counts"]?.items == [.number(1), .number(3), .number(0)])
    let attempts = document["outputs"]!.items.map { $0["attempts"]!.items }
    #expect(attempts.map(\.count) == [2, 2, 1, 2] && attempts[2][0]["sum"] == .number(-1.25))
    for attempt in attempts.joined() { #expect(attempt["measured"]!.double! <= attempt["relativeError"]!.double!) }
    let csv = try succeed("\(line) --csv", input: layer).out.split(separator: "\n")
    #expect(csv.count == 5 && csv[0] == "row,accumulator,sum,sum_condition,activation_condition,relative_error_bound,measured")
    #expect(csv[3].hasPrefix("2,e4m3,-1.25,"))
    let few = try fmtlab("dot - 1,0.5,0.25 --rows --format e4m3 --acc e4m3 --wider e4m3@rz --tolerance 0.001 --quiet", input: layer)
    #expect(few.status == 1 && few.err.contains("in none of these accumulators") && few.out.contains("none of them"))
  }

  @Test(arguments: [
    ("--tolerance 1", 64, "give a tolerance from 1e-9 to below 1"), ("--tolerance nan", 64, "give a tolerance"),
    ("--activation relu", 64, "add --tolerance"), ("--tolerance 0.1 --activation cubic", 64, "use one of identity, relu"),
    ("--tolerance 0.1 --trace", 64, "leave out --trace"), ("--tolerance 0.1 --by chance", 64, "use one of bound, model"),
    ("--tolerance 0.1 --init 0.3 --wider e2m1fn", 64, "is not a value of --wider e2m1fn"),
  ])
  func badToleranceIsRefused(options: String, status: Int32, message: String) throws {
    let run = try fmtlab("dot 1,2 3,4 --format e4m3 --acc fp16 \(options)")
    #expect(run.status == status && run.err.contains(message), "\(run.err)")
    let infinite = try fmtlab("dot 1,1e9 3,4 --format e5m2 --acc fp16 --tolerance 0.1")
    #expect(infinite.status == 65 && infinite.err.contains("row 1 has a NaN or an infinity"))
  }

  @Test func traceShowsEveryStepInEveryForm() throws {
    let line = "dot 256,1,1,-256.5 1,1,1,1 --format fp16 --acc bf16 --trace"
    let text = try succeed(line).out
    #expect(text.contains("from step 2 on no digit of the result is correct") && text.contains("4 steps: 2 swallowed, 1 cancelled"))
    let csv = try succeed("\(line) --csv").out.split(separator: "\n").map(String.init)
    #expect(csv.count == 5 && csv[0] == "step,kind,accumulator,before,term,exact,rounded,hex,ulps,error,mark")
    #expect(csv[2] == "2,addition,bf16,256,1,257,256,0x1p+8,-0.5,-1,swallowed")
    let document = try succeed("\(line) --json").json()
    #expect(document["trace"]?.items.count == 4 && document["lostFrom"] == .number(2))
    for row in document["trace"]!.items {
      row.check(["step": .count, "kind": .text, "accumulator": .text, "before": .number, "term": .number, "exact": .number, "rounded": .number, "hex": .hex,
                 "ulps": .optional(.number), "error": .optional(.number), "mark": .optional(.text)], "trace")
    }
    #expect(try succeed("dot 1,2 3,4 --format fp16 --acc bf16 --json").json()["trace"] == nil)
    let long = try succeed("dot \(Array(repeating: "1", count: 300).joined(separator: ",")) \(Array(repeating: "1", count: 300).joined(separator: ",")) --format fp16 --acc bf16 --trace").out
    #expect(long.contains("... 252 more steps (--csv prints all) ..."))
  }

  @Test func traceIsDrawnAndRefusesWhatItCannotShow() throws {
    let scratch = try Scratch()
    let file = try scratch.file("x.csv", "1,2\n3,4\n")
    let rows = try fmtlab("dot \(file) \(file) --rows --format fp16 --acc bf16 --trace")
    #expect(rows.status == 64 && rows.err.contains("--trace shows one dot product"))
    let plot = try fmtlab("dot 1,2 3,4 --format fp16 --acc bf16 --plot x.svg", in: scratch.path)
    #expect(plot.status == 64 && plot.err.contains("add --trace"))
    _ = try succeed("dot 256,1,1 1,1,1 --format fp16 --acc bf16 --trace --plot steps.svg --keep-plot-data --quiet", in: scratch.path)
    #expect(FileManager.default.fileExists(atPath: scratch.path + "/steps.tsv") && FileManager.default.fileExists(atPath: scratch.path + "/steps.gp"))
  }

  @Test func decimalsAreRoundedOnceToTheInputFormat() throws {
    let scratch = try Scratch()
    let number = "1.00390625000000000000000000000000000000000000001"
    let file = try scratch.file("x.csv", "a,b\n\(number),1\n")
    for (x, y, input) in [("\(number),1", "1,1", ""), (file, "1,1", ""), ("-", "1,1", "\(number),1\n"), ("1,1", "-", "# c\n\(number) 1")] {
      let run = try succeed("dot \(x) \(y) --format bf16 --acc fp32", input: input)
      #expect(run.fact("exact") == "2.0078125", "dot \(x) \(y)")
      #expect(run.notes == ["note: 1 of 4 elements is not a value of bf16 and was rounded to it"])
    }
    #expect(try succeed("dot 1 1 --init \(number) --format e4m3fn --acc bf16").fact("exact") == "2.0078125")
  }

  @Test(arguments: [("-1,2 3,4", "5"), ("-1 -2", "2"), ("-.5,-0x1p-3 -1e0,-8", "1.5"), ("-inf,1 1,1", "-inf"), ("0x1p-3 -8", "-1")])
  func negativeNumbersArePlainArguments(vectors: String, expected: String) throws {
    #expect(try succeed("dot \(vectors) --format bf16 --acc fp32").fact("exact") == expected)
  }

  @Test func startingValueIsAdded() throws {
    #expect(try succeed("dot 1,2 3,4 --init -1 --format bf16 --acc fp32").fact("exact") == "10")
    #expect(try succeed("dot 1,2 3,4 --init=-1 --format bf16 --acc fp32").fact("exact") == "10")
    #expect(try succeed("dot 1,2 3,4 --init inf --format bf16 --acc fp32").fact("exact") == "inf")
    #expect(try succeed("dot 1,2 3,4 --init 0.1 --format bf16 --acc bf16").notes == ["note: starting values were rounded to bf16"])
  }

  @Test func infinitiesAndNaNFollowIEEE754() throws {
    for (x, exact, result) in [("inf,1", "inf", "inf  (inf)"), ("inf,-inf", "nan", "nan  (nan)"), ("nan,1", "nan", "nan  (nan)"), ("-inf,1", "-inf", "-inf  (-inf)")] {
      let run = try succeed("dot \(x) 1,1 --format bf16 --acc fp32")
      #expect(run.fact("exact") == exact && run.fact("result") == result && run.fact("error") == "-" && run.fact("overflow") == "yes")
      let document = try succeed("dot \(x) 1,1 --format bf16 --acc fp32 --json").json()
      document.check(Self.fields, x)
      #expect(document["error"] == .null && document["bounds"] == .array([]))
    }
  }

  @Test func exactValueIsExactWhateverTheRange() throws {
    let wide = try succeed("dot 0x1p1000,0x1p-1000,-0x1p1000 0x1p1000,0x1p-1000,0x1p1000 --format fp64 --acc fp128")
    #expect(wide.fact("exact") == "8.709809816217216675576195494778872295859e-603  (rounded to 40 digits)")
    #expect(wide.fact("result") == "0  (0x0p+0)" && wide.fact("error") == "-8.70981e-603")
    let huge = try succeed("dot 1e300,1e300 1e300,1e300 --format fp64 --acc fp128 --json").json()
    huge.check(Self.fields, "huge")
    #expect(huge["exact"] == .string("inf") && huge["exactDecimal"]?.text?.hasSuffix("e+600") == true && huge["condition"] == .number(1))
    let tiny = try succeed("dot 1e-300 1e-300 --format fp64 --acc fp128 --json").json()
    #expect(tiny["exact"] == .number(0) && tiny["error"] == .number(0) && tiny["condition"] == .number(1))
    let long = try succeed("dot 0x1.fffffffffffffp0,0x1p-60 0x1.fffffffffffffp0,0x1p-60 --format fp64 --acc fp64")
    #expect(long.fact("exact") == "3.999999999999999111821580299874816965654  (rounded to 40 digits)")
    #expect(try succeed("dot 9223372036854775807 -9223372036854775808 --format q64.0 --acc fp128").fact("exact") == "-85070591730234615856620279821087277056")
  }

  // MARK: Rows

  @Test func rowsOfMatricesAreSeparateDotProducts() throws {
    let scratch = try Scratch()
    let x = try scratch.file("x.csv", "1,2\n3,4\n-5,6\n")
    let run = try succeed("dot \(x) \(x) --rows --init -1,0,0x1p3 --format bf16 --acc bf16 --csv")
    let rows = csv(run.out)
    #expect(rows[0].starts(with: ["row", "n", "exact", "result", "hex", "error", "ratio", "ulps", "condition", "overflow", "swallowed"]))
    #expect(rows.dropFirst().map { $0[2] } == ["4", "25", "69"] && rows.allSatisfy { $0.count == rows[0].count })
    let document = try succeed("dot \(x) \(x) --rows --format bf16 --acc bf16 --json").json()
    #expect(document["n"] == nil && document["results"]?.items.count == 3)
    for result in document["results"]!.items { result.check(Self.fields, "row") }
    // Without --rows the matrix is one vector.
    #expect(try succeed("dot \(x) \(x) --format fp32 --acc fp32").fact("exact") == "91")
  }

  @Test func rowTakesItsOwnStreamOfTheSeed() throws {
    let scratch = try Scratch()
    let x = try scratch.file("x.csv", (0..<40).map { _ in "1,0.0625,0.0625\n" }.joined())
    let line = "dot \(x) \(x) --rows --format e4m3fn --acc e4m3fn@sr --csv"
    let run = try succeed(line + " --seed 9")
    #expect(try succeed(line + " --seed 9").out == run.out)
    #expect(try succeed(line + " --seed 10").out != run.out)
    #expect(Set(csv(run.out).dropFirst().map { $0[3] }).count == 2)
    #expect(run.notes == ["note: seed 9"])
    let one = try scratch.file("one.csv", "1,0.0625,0.0625\n")
    #expect(csv(try succeed("dot \(one) \(one) --format e4m3fn --acc e4m3fn@sr --csv --seed 9").out)[1] == csv(run.out)[1])
  }

  @Test func resultsAreWrittenAsNPY() throws {
    let scratch = try Scratch()
    let x = try scratch.file("x.csv", "1,2\n3,4\n")
    let out = scratch.url("out.npy")
    _ = try succeed("dot \(x) \(x) --rows --format bf16 --acc bf16 -o \(out.path)")
    let data = try Data(contentsOf: out)
    #expect(String(decoding: data.prefix(128), as: UTF8.self).contains("'shape': (2,)"))
    let numbers = data.suffix(16).withUnsafeBytes { bytes in (0..<2).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) } }
    #expect(numbers == [5, 25])
    // It reads back, and leaves nothing beside it.
    #expect(try succeed("dot \(out.path) 1,1 --format fp64 --acc fp64").fact("exact") == "30")
    #expect(try scratch.names == ["out.npy", "x.csv"])
    let note = try succeed("dot 1,0x1p-60 1,1 --format fp64 --acc fp128 -o \(out.path)").notes
    #expect(note == ["note: \(out.path) holds binary64 numbers: 1 of 1 results were rounded again"])
  }

  @Test(arguments: ["e6m5", "e4m3@rz", "e4m3:2,fp16", "pairwise/e5m2", "q8.13@wrap", "q8.4@rd", "e4m3@flush", "e5m2@sr4", "fp128"])
  func everyAccumulatorKeepsItsBounds(acc: String) throws {
    for product in ["exact", "fused", "e4m3", "fp16@sr"] {
      let run = try succeed("dot 1,-2.5,3,0.01,7,-0.3 2,3,-4,5,0.11,8 --format e4m3fn --acc \(acc) --product \(product) --json")
      let document = try run.json()
      #expect(document["bounds"]!.items.allSatisfy { $0["violated"] == .bool(false) }, "\(run.command)")
      #expect(!document["bounds"]!.items.isEmpty, "\(run.command)")
    }
  }
}
