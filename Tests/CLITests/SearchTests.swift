// SPDX-License-Identifier: Apache-2.0
// Searches for designs, the reports about them, and what both refuse.

import Foundation
import Testing

@Suite struct SearchTests {
  /// A matrix of 12 × 24 numbers without a pattern.
  private func matrix(_ scratch: Scratch, _ name: String, scale: Double = 1) throws -> String {
    let rows = (0..<12).map { i in (0..<24).map { k in "\(scale * (Double((i * 37 + k * 101) % 211) / 105.5 - 1))" }.joined(separator: ",") }
    return try scratch.file(name, rows.joined(separator: "\n") + "\n")
  }

  /// The same matrix as several tensors, each times a number.
  private func safetensors(_ scratch: Scratch, _ name: String, _ scales: KeyValuePairs<String, Double>) throws -> String {
    let size = 12 * 24 * 8
    let entries = scales.enumerated().map { "\"\($1.key)\":{\"dtype\":\"F64\",\"shape\":[12,24],\"data_offsets\":[\($0 * size),\(($0 + 1) * size)]}" }
    let header = Data("{\(entries.joined(separator: ","))}".utf8)
    var bytes = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) } + header
    for (_, scale) in scales {
      for i in 0..<12 {
        for k in 0..<24 { bytes += withUnsafeBytes(of: (scale * (Double((i * 37 + k * 101) % 211) / 105.5 - 1)).bitPattern.littleEndian) { Data($0) } }
      }
    }
    return try scratch.file(name, bytes)
  }

  @Test func cheapestDesignMeetsTheTargetAndCheaperOnesDoNot() throws {
    let scratch = try Scratch()
    let file = try matrix(scratch, "w.csv")
    for cost in ["bits", "lut", "energy"] {
      let document = try succeed("search --data \(file) --target 0.02 --cost \(cost) --json --quiet").json()
      #expect(document["schema"] == .string("fmtlab.search/1") && document["seed"]?.double == 1)
      let field = ["bits": "bits", "lut": "luts", "energy": "picojoules"][cost]!
      func price(_ design: JSON?) -> Double? { design?["cost"]?[field]?.double }
      let (designs, best) = (document["designs"]!.items, try #require(document["forAll"]?.items.first))
      let error = try #require(best["error"]?.double)
      #expect(error <= 0.02 && designs.count >= 200)
      for design in designs where price(design)! < price(best)! { #expect(design["error"]?.double ?? .infinity > 0.02) }
      #expect(zip(designs, designs.dropFirst()).allSatisfy { price($0)! <= price($1)! })
      #expect(document["layers"]?[0]?["best"]?["format"] == best["format"] && document["layers"]?[0]?["n"]?.double == 24)
      let front = document["front"]!.items.map { ($0["error"]?.double ?? .infinity) }
      #expect(zip(front, front.dropFirst()).allSatisfy { $0 > $1 })
    }
  }

  @Test func layersAreChosenByNameAndNoDesignIsANo() throws {
    let scratch = try Scratch()
    let model = try safetensors(scratch, "m.safetensors", ["a": 1, "b": 1e-3])
    let run = try succeed("search --data \(model) --target 0.02 --acc fp32 --acc e5m7 --format e4m3fn,fp16 --quiet")
    #expect(!run.out.contains("NAME"))
    let encoder = try safetensors(scratch, "e.safetensors", ["encoder.0.k.weight": 1, "encoder.1.v.weight": 2])
    let named = try succeed("search --data \(encoder) --target 0.02 --acc fp32 --format fp16 --quiet").out
    #expect(named.contains("layers encoder.NAME.weight") && named.contains("\n  0.k ") && named.contains("\n  1.v "))
    #expect(run.out.hasPrefix("designs for 2 layers") && run.out.contains("2 of 2") && run.lines.allSatisfy { $0.count <= 100 })
    // Scales are powers of two, but the data are not scaled by one.
    let one = try succeed("search --data \(model) --match b --target 0.02 --acc fp32 --format fp16 --csv --quiet").lines
    #expect(one.count == 2 && one[1].hasPrefix("fp16,fp32,64,") && one[1].hasSuffix(",b,1,1"))
    let no = try fmtlab("search --data \(model) --target 1e-9 --acc bf16 --format e4m3fn --quiet")
    #expect(no.status == 1 && no.err.contains("no design meets 1e-09 in all layers") && no.out.contains("no design meets it in all layers"))
    // Fixed-point multipliers have no published cost in LUTs: that is said.
    let uncosted = try fmtlab("search --data \(model) --format q8.0 --acc fp32 --cost lut --quiet")
    #expect(uncosted.status == 1 && uncosted.err.contains("none of 1 designs has a published cost in LUTs"))
    #expect(try succeed("search --data \(model) --format q8.0,fp16 --acc fp32 --cost lut --quiet").out.contains("left out: 1 design."))
    let none = try fmtlab("search --data \(model) --match nothing")
    #expect(none.status == 65 && none.err.contains("no matrix") && none.err.contains("a [12, 24]"))
  }

  @Test func searchesInADirectoryGoOnAndAreWrittenUp() throws {
    let scratch = try Scratch()
    let file = try matrix(scratch, "w.csv"), directory = scratch.url("designs").path
    let line = "search --data \(file) --format e4m3fn,fp16 --acc fp32 --acc bf16 --acc e5m5 --target 0.05 -o \(directory)"
    let first = try succeed(line)
    #expect(try succeed(line).notes == ["note: going on: 6 of 6 cells are done"] && succeed("\(line) --quiet").out == first.out)
    #expect(first.out.contains("fmtlab report \(directory) --target 0.05 --cost bits"))
    // It is a sweep: merged like any other.
    _ = try succeed("sweep merge \(directory) -o \(scratch.url("t.csv").path)")
    let table = try String(contentsOf: scratch.url("t.csv"), encoding: .utf8).split(separator: "\n")
    #expect(table.count == 7 && table[0].hasPrefix("cell,weights,inputs,format,acc,product,scale,seed,n,total_rms"))
    let report = try succeed("report \(directory) --target 0.05")
    #expect(report.lines == ["\(directory)/report.md", "\(directory)/report.html"])
    let page = try String(contentsOfFile: "\(directory)/report.html", encoding: .utf8)
    #expect(page.contains("One design for all layers") && !page.contains("http"))
    #expect(page.contains("<img") == Tool.isExpected("gnuplot"))
    // Another file under the same name is not the one that was planned with.
    _ = try matrix(scratch, "w.csv", scale: 3)
    let changed = try fmtlab(line)
    #expect(changed.status != 0 && changed.err.contains("another sweep"))
    try FileManager.default.removeItem(atPath: "\(directory)/results/0/3.json")
    let again = try fmtlab("sweep run \(directory) --resume")
    #expect(again.status == 66 && again.err.contains("has changed since the sweep was planned"))
    let gap = try fmtlab("report \(directory)")
    #expect(gap.status == 1 && gap.err.contains("1 of 6 cells are missing: 3"))
  }

  @Test(arguments: [
    ("{\"grid\": {\"format\": [\"e4m3\", \"e5m2\"], \"acc\": [\"e6m5\", \"fp16\"], \"n\": [16, 64], \"trials\": 20}}", "At n = 64", "report-errors.svg"),
    ("{\"kind\": \"train\", \"grid\": {\"policy\": [\"fp32\", \"bf16\"], \"epochs\": 1, \"images\": 128, \"seed\": [1, 2]}}", "mean test accuracy", "report-accuracy.svg"),
  ])
  func everyKindOfSweepIsWrittenUp(specification: String, text: String, picture: String) throws {
    let scratch = try Scratch()
    let directory = scratch.url("s").path
    _ = try succeed("sweep plan \(scratch.file("s.json", specification)) -o \(directory) --quiet")
    #expect(try fmtlab("report \(directory)").status == 1)
    _ = try succeed("sweep run \(directory)")
    _ = try succeed("report \(directory) --quiet")
    #expect(try String(contentsOfFile: "\(directory)/report.md", encoding: .utf8).contains(text))
    guard Tool.isExpected("gnuplot") else { return }
    #expect(FileManager.default.fileExists(atPath: "\(directory)/\(picture)"))
    _ = try succeed("sweep merge \(directory) -o \(scratch.url("t.csv").path) --plot \(scratch.url("t.svg").path)")
    #expect(try String(contentsOf: scratch.url("t.svg"), encoding: .utf8).contains("</svg>"))
  }

  /// The same numbers in another directory are the same layer, and wide formats are not filled beyond what sums can hold.
  @Test func numbersDecideAndNotTheirPlaceOrRange() throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(at: scratch.url("other"), withIntermediateDirectories: true)
    let files = try ["w.csv", "other/w.csv"].map { try matrix(scratch, $0) }
    let designs = try files.map { try succeed("search --data \($0) --format bf16,fp16,e4m3fn,posit16 --acc fp32 --acc fp16 --csv --quiet").lines }
    #expect(designs[0] == designs[1] && designs[0].count == 9)
    for line in designs[0].dropFirst() { #expect(Double(line.split(separator: ",", omittingEmptySubsequences: false)[5])! < 0.06, "\(line)") }
  }

  /// Results are read as what they must be.
  @Test func strangeResultsAreNoResults() throws {
    let scratch = try Scratch()
    let file = try matrix(scratch, "w.csv"), directory = scratch.url("d").path
    let line = "search --data \(file) --format fp16 --acc fp32 -o \(directory) --quiet"
    _ = try succeed(line)
    let result = "\(directory)/results/0/0.json", text = try String(contentsOfFile: result, encoding: .utf8)
    let whole = try #require(text.contains("\"64\"") ? text : nil)
    for strange in ["abc", "99999999999999999999", ""] {
      try whole.replacing("\"64\"", with: "\"\(strange)\"").write(toFile: result, atomically: true, encoding: .utf8)
      let report = try fmtlab("report \(directory)"), again = try fmtlab(line)
      #expect(report.status == 1 && report.err.contains("'\(strange)' as bits") && again.status == 65 && again.err.contains("remove it"))
    }
  }

  /// A search without a directory leaves nothing; one with a directory says how it goes on.
  @Test func stoppedSearchesAreTidy() throws {
    let scratch = try Scratch()
    try FileManager.default.createDirectory(at: scratch.url("tmp"), withIntermediateDirectories: true)
    let rows = (0..<40).map { i in (0..<2000).map { k in "\(Double((i * 37 + k * 101) % 211) / 105.5 - 1)" }.joined(separator: ",") }
    let file = try scratch.file("w.csv", rows.joined(separator: "\n") + "\n")
    for (place, text) in [("", "nothing is kept: give -o DIRECTORY"), (" -o \(scratch.url("d").path)", "run the same command again")] {
      let output = try Scratch()
      func begun() throws -> [String] { try FileManager.default.subpathsOfDirectory(atPath: scratch.path).filter { $0.hasSuffix("manifest.json") } }
      let arguments = "search --data \(file) --quiet\(place)".split(separator: " ").map(String.init)
      let process = try Tool.start(arguments, environment: ["TMPDIR": scratch.url("tmp").path], output)
      // (Both directories are made when it listens.)
      for _ in 0..<600 where try begun().isEmpty { usleep(50_000) }
      kill(process.processIdentifier, SIGINT)
      process.waitUntilExit()
      let run = try Tool.result(of: process, arguments, output)
      #expect(run.status == 75 && run.err.contains(text), "\(run.status) \(run.err)")
      #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.url("tmp").path).isEmpty)
    }
  }

  /// Sums that overflow have no error, and are not the most accurate.
  @Test func reportsRankDesignsThatOverflowLast() throws {
    let scratch = try Scratch()
    let directory = scratch.url("s").path
    let grid = "{\"grid\": {\"format\": \"e4m3fn\", \"acc\": [\"e3m3\", \"e3m6\", \"bf16\", \"fp32\"], \"n\": 1024, \"trials\": 100}}"
    _ = try succeed("sweep plan \(scratch.file("s.json", grid)) -o \(directory) --quiet")
    _ = try succeed("sweep run \(directory) --quiet")
    _ = try succeed("report \(directory) --target 0.02 --quiet")
    let report = try String(contentsOfFile: "\(directory)/report.md", encoding: .utf8)
    #expect(report.contains("2 of 4 designs keep") && report.ranges(of: "| fp32 |")[0].lowerBound < report.ranges(of: "| e3m3 |")[0].lowerBound)
  }

  /// Layers are told apart by file, inputs and seed; designs by format, accumulator, products and scale.
  @Test func namesakesSeedsAndScalesStayApart() throws {
    let scratch = try Scratch()
    for directory in ["a", "b"] { try FileManager.default.createDirectory(at: scratch.url(directory), withIntermediateDirectories: true) }
    let files = try [matrix(scratch, "a/w.csv"), matrix(scratch, "b/w.csv", scale: 3)]
    for (axes, layers) in [
      ("\"weights\": [\"\(files[0])\", \"\(files[1])\"]", files), ("\"weights\": \"\(files[0])\", \"seed\": [7, 8]", ["w.csv, seed 7", "w.csv, seed 8"]),
    ] {
      let directory = scratch.url("s\(layers[0].count)").path
      let grid = "{\"kind\": \"layer\", \"grid\": {\(axes), \"format\": [\"e4m3fn\", \"fp16\"], \"acc\": \"fp32\", \"scale\": [\"tensor\", \"row\"]}}"
      _ = try succeed("sweep plan \(scratch.file("s.json", grid)) -o \(directory) --quiet")
      _ = try succeed("sweep run \(directory) --quiet")
      _ = try succeed("report \(directory) --target 0.1 --quiet")
      let report = try String(contentsOfFile: "\(directory)/report.md", encoding: .utf8)
      for layer in layers { #expect(report.contains("| \(layer) | 24 |"), "\(report)") }
      #expect(report.contains("| fp32, scale row |") && report.contains("| fp32 |") && report.contains("2 of 2"))
    }
  }

  @Test func badInputIsRefused() throws {
    let scratch = try Scratch()
    let file = try matrix(scratch, "w.csv"), narrow = try scratch.file("n.csv", "1\n2\n")
    for (line, status, text) in [
      ("--data /missing.npy", 66, "no such file"), ("--data \(narrow)", 65, "no matrix"), ("--data \(file) --inputs \(narrow)", 65, "shape"),
      ("--data \(file) --cost area", 64, "use bits, lut or energy"), ("--data \(file) --acc kahan/fp128", 64, "binary64 must hold"),
      ("--data \(file) --target 0", 64, "positive"), ("--data \(file) --format e8m0fnu", 64, "need both signs and zero"),
      ("--data \(file) --format e1m0", 64, "positive numbers"), ("--data \(file) --format ,", 64, "give a format"),
      ("--data \(file) --format e4m9x", 64, "unknown format"),
      ("--data \(file) --inputs nothing", 64, "neither a file nor a distribution (normal, "),
    ] {
      let run = try fmtlab("search \(line)")
      #expect(run.status == Int32(status) && run.err.contains(text) && run.out.isEmpty, "\(line): \(run.status) \(run.err)")
    }
  }

  // MARK: Pictures of formats and operations

  @Test(.enabled(if: Tool.isExpected("gnuplot"), "gnuplot is not installed"))
  func formatsAndOperationsAreDrawn() throws {
    let scratch = try Scratch()
    for line in ["info e4m3fn --plot a.svg", "op mul --in e2m1fn --all --plot b.svg", "op exp --in e4m3 --all --plot c.svg --quiet"] {
      _ = try succeed(line, in: scratch.path)
    }
    for name in ["a.svg", "b.svg", "c.svg"] { #expect(try String(contentsOf: scratch.url(name), encoding: .utf8).contains("</svg>")) }
    _ = try succeed("op mul --in e2m1fn --all --plot b.svg --keep-plot-data --quiet", in: scratch.path)
    // 1.5 · 1.5 = 2.25 becomes 2, a quarter of an ulp wrong; 6 · 6 overflows; 1 · 1 is exact. Codes of e2m1fn: 1 is 2, 1.5 is 3, 6 is 7.
    let rows = try String(contentsOf: scratch.url("b.tsv"), encoding: .utf8).split(separator: "\n")
    #expect(rows.count == 257 && rows.contains("3\t3\t1") && rows.contains("7\t7\t4") && rows.contains("2\t2\t0"))
  }

  @Test func whatHasNoPictureIsSaid() throws {
    for (line, text) in [
      ("info fp16 --plot a.svg", "at most 10 bits"), ("info mxfp4 --plot a.svg", "plain formats"), ("op mul --in e4m3 1 2 --plot a.svg", "add --all"),
      ("op mul --in e5m4 --all --plot a.svg", "at most 8 bits; e5m4 has 10"), ("op fma --in e2m1fn --all --plot a.svg", "one or two operands; fma has 3"),
    ] {
      let run = try fmtlab(line)
      #expect(run.status == 64 && run.err.contains(text), "\(line): \(run.err)")
    }
  }
}
