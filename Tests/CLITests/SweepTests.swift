// SPDX-License-Identifier: Apache-2.0
// Sweeps: the same bytes in any number of parts, nothing lost when killed, and what is refused.

import Foundation
import Testing

@Suite struct SweepTests {
  /// 1,000 cells of a few milliseconds.
  private static let thousand = """
    {"seed": 5, "grid": {"format": ["e4m3", "e5m2", "e3m4", "e2m3", "e3m2"], "acc": ["e6m5", "e4m3", "bf16", "fp16", "q8.8"], "rounding": ["rne", "rz"],
      "chunk": [0, 8], "n": [16, 32, 48, 64, 80], "data": ["normal", "digits"], "trials": 20}}
    """
  private static let small = """
    {"grid": [{"format": "e4m3", "acc": ["e6m5", "kahan/bf16"], "n": [16, 32], "trials": 40, "exact": "automatic"},
              {"format": "e5m2", "acc": "fp16", "n": 16, "trials": 40, "chunk": [0, 4], "outer": "fp32"}]}
    """

  private func plan(_ specification: String, _ scratch: Scratch, _ name: String = "sweep") throws -> String {
    let file = try scratch.file("\(name).json", specification), directory = scratch.url(name).path
    _ = try succeed("sweep plan \(file) -o \(directory) --quiet")
    return directory
  }

  private func merged(_ directory: String, _ scratch: Scratch, _ name: String = "out.csv") throws -> String {
    _ = try succeed("sweep merge \(directory) -o \(scratch.url(name).path)")
    return try String(contentsOf: scratch.url(name), encoding: .utf8)
  }

  /// Files below a directory.
  private func files(_ directory: String) -> [String] { FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String }.sorted() ?? [] }

  @Test func fourPartsAndOneGiveTheSameBytes() throws {
    let scratch = try Scratch()
    let (whole, parts) = (try plan(Self.thousand, scratch, "whole"), try plan(Self.thousand, scratch, "parts"))
    #expect(try succeed("sweep run \(whole) --threads 1").out == "part 1/1: 1000 cells run, 0 were done before\n")
    for i in [3, 1, 4, 2] { #expect(try succeed("sweep run \(parts) --shard \(i)/4").out == "part \(i)/4: 250 cells run, 0 were done before\n") }
    let table = try merged(whole, scratch)
    #expect(try table == merged(parts, scratch) && table.split(separator: "\n").count == 1001)
    #expect(files(whole).filter { !$0.hasSuffix("json") } == files(parts).filter { !$0.hasSuffix("json") })
    // Every cell has a seed of its own.
    let rows = try merged(whole, scratch, "out.jsonl").split(separator: "\n").map { try JSON(parsing: String($0)) }
    #expect(Set(rows.map { "\($0["seed"] ?? .null)" }).count == 1000)
  }

  @Test func nothingIsLostOrDoubledWhenItIsKilledOrStoppedThirtyTimes() throws {
    let scratch = try Scratch()
    let directory = try plan(Self.thousand, scratch, "killed")
    var (done, killed, stopped) = (0, 0, 0)
    // (On a machine that is busy with other work the program may not have begun: then more, and later.)
    for i in 0..<150 where i < 30 || killed == 0 || stopped == 0 {
      let output = try Scratch()
      let arguments = ["sweep", "run", directory, "--resume"]
      let process = try Tool.start(arguments, output)
      // (Moments from 10 to 150 ms in no order; what the program is doing then is chance.)
      usleep(UInt32((10_000 + 140_000 * (i * 13 % 30) / 30) << (i / 30)))
      kill(process.processIdentifier, i % 3 == 2 ? SIGTERM : SIGKILL)
      process.waitUntilExit()
      if process.terminationReason == .uncaughtSignal { killed += 1 }
      let run = try Tool.result(of: process, arguments, output)
      if run.status == 75 {
        stopped += 1
        #expect(run.out.isEmpty && run.err == "error: stopped; what is done is kept: run the same command with --resume to go on.\n")
      }
      let results = files("\(directory)/results").filter { $0.hasSuffix(".json") }.count
      #expect(results >= done)
      done = results
    }
    #expect(killed > 0 && stopped > 0 && done > 0)
    let last = try succeed("sweep run \(directory) --resume").out
    #expect(last == "part 1/1: \(1000 - done) cells run, \(done) were done before\n")
    let whole = try plan(Self.thousand, scratch, "whole")
    _ = try succeed("sweep run \(whole)")
    #expect(try merged(directory, scratch) == merged(whole, scratch))
    #expect(files("\(directory)/results").count { $0.hasSuffix(".json") } == 1000)
  }

  @Test func aRowIsWhatAnalyzeSays() throws {
    let scratch = try Scratch()
    let directory = try plan(Self.small, scratch)
    _ = try succeed("sweep run \(directory)")
    let lines = try merged(directory, scratch, "out.jsonl").split(separator: "\n")
    #expect(lines.count == 6)
    for line in lines {
      let row = try JSON(parsing: String(line))
      func text(_ name: String) -> String { row[name].flatMap { if case .string(let s) = $0 { s } else { nil } } ?? "" }
      func number(_ name: String) -> Double? { row[name].flatMap { if case .number(let x) = $0 { x } else { nil } } }
      let seed = UInt64(number("seed")!)
      let cell = "--format \(text("format")) --acc \(text("acc")) --n \(Int(number("n")!)) --data \(text("data"))"
      let result = try #require(try succeed("analyze \(cell) --trials 40 --seed \(seed) --json --quiet").json()["results"]?.items.first)
      let measured = try #require(result["measured"])
      #expect(measured["ratio"]?["rms"] == row["ratio_rms"] && measured["ratio"]?["max"] == row["ratio_max"] && measured["stagnated"] == row["stagnated"])
      let bound = result["bounds"]?.items.first { $0["kind"] == .string("deterministic") }
      #expect(bound?["id"] ?? .null == row["bound"] && bound?["value"] ?? .null == row["bound_value"])
      #expect(row["exact"] == .string("never") || result["exact"]?["worstRatio"] ?? .null == row["exact_worst_ratio"])
    }
    #expect(Set(lines.map { $0.contains("\"exact_worst_ratio\":null") }) == [true, false])
  }

  @Test func cellsKeepTheirNumbersInAnotherGrid() throws {
    let scratch = try Scratch()
    func rows(_ n: String, _ name: String) throws -> Set<String> {
      let directory = try plan("{\"grid\": {\"format\": \"e4m3\", \"acc\": \"e6m5\", \"n\": \(n), \"trials\": 40}}", scratch, name)
      _ = try succeed("sweep run \(directory)")
      return Set(try merged(directory, scratch).split(separator: "\n").dropFirst().map { $0.drop { $0 != "," }.description })
    }
    #expect(try rows("[32, 16]", "small").isSubset(of: rows("[8, 16, 24, 32]", "large")))
  }

  @Test func statusSaysWhatIsMissing() throws {
    let scratch = try Scratch()
    let directory = try plan(Self.small, scratch)
    _ = try succeed("sweep run \(directory) --shard 2/3")
    let status = try fmtlab("sweep status \(directory)")
    #expect(status.status == 1 && status.out.contains("done       2 of 6 cells") && status.out.contains("missing    0, 2-3, 5"), "\(status.out)")
    let again = try fmtlab("sweep run \(directory) --shard 2/3")
    #expect(again.status == 64 && again.err.contains("2 of the 2 cells of part 2/3 are done; give --resume"), "\(again.err)")
    _ = try succeed("sweep run \(directory) --resume")
    let document = try succeed("sweep status \(directory) --json").json()
    #expect(document["complete"] == .number(6) && document["missing"]?.items.isEmpty == true)
  }

  @Test func mergeRefusesGapsDoublesAndStrangers() throws {
    let scratch = try Scratch()
    let (a, b) = (try plan(Self.small, scratch, "a"), try plan(Self.small, scratch, "b"))
    let other = try plan(Self.small.replacingOccurrences(of: "\"trials\": 40", with: "\"trials\": 41"), scratch, "other")
    _ = try succeed("sweep run \(a) --shard 1/2")
    let target = scratch.url("out.csv").path
    func refusal(_ directories: String) throws -> String {
      let run = try fmtlab("sweep merge \(directories) -o \(target)")
      #expect(run.status == 1 && run.out.isEmpty && !FileManager.default.fileExists(atPath: target), "\(run.err)")
      return run.err
    }
    #expect(try refusal(a).contains("3 of 6 cells are missing: 1, 3, 5"))
    _ = try succeed("sweep run \(b) --shard 2/2")
    _ = try succeed("sweep merge \(a) \(b) -o \(target)")
    try FileManager.default.removeItem(atPath: target)
    try FileManager.default.copyItem(atPath: "\(a)/results/0/2.json", toPath: "\(b)/results/0/2.json")
    #expect(try refusal("\(a) \(b)").contains("cell 2 is in \(a) and in \(b)"))
    try FileManager.default.copyItem(atPath: "\(a)/results/0/2.json", toPath: "\(b)/results/0/4.json")
    #expect(try refusal("\(a) \(b)").contains("4.json holds cell 2"))
    #expect(try refusal("\(a) \(other)").contains("of sweep"))
    _ = try succeed("sweep run \(other)")
    try FileManager.default.removeItem(atPath: "\(b)/results/0/4.json")
    try FileManager.default.copyItem(atPath: "\(other)/results/0/4.json", toPath: "\(b)/results/0/4.json")
    let strange = try fmtlab("sweep run \(b) --resume")
    #expect(strange.status == 65 && strange.err.contains("is of sweep") && strange.err.contains("remove it, and run again"), "\(strange.err)")
    try Data("{}".utf8).write(to: URL(fileURLWithPath: "\(b)/results/0/4.json"))
    #expect(try refusal("\(a) \(b)").contains("4.json is damaged"))
  }

  @Test func aPlanIsMadeOnce() throws {
    let scratch = try Scratch()
    let directory = try plan(Self.small, scratch)
    let file = scratch.url("sweep.json").path
    let again = try succeed("sweep plan \(file) -o \(directory)")
    #expect(again.err.contains("holds this sweep already"))
    let other = try scratch.file("other.json", Self.thousand)
    let refused = try fmtlab("sweep plan \(other) -o \(directory)")
    #expect(refused.status == 65 && refused.err.contains("it holds another sweep"))
    let occupied = try fmtlab("sweep plan \(file) -o \(scratch.path)")
    #expect(occupied.status == 65 && occupied.err.contains("it holds something, but no sweep"))
    let manifest = URL(fileURLWithPath: "\(directory)/manifest.json")
    try String(contentsOf: manifest, encoding: .utf8).replacingOccurrences(of: "\"40\"", with: "\"50\"").write(to: manifest, atomically: true, encoding: .utf8)
    let changed = try fmtlab("sweep run \(directory)")
    #expect(changed.status == 65 && changed.err.contains("it was changed after it was planned"))
    let none = try fmtlab("sweep run \(scratch.path)")
    #expect(none.status == 66 && none.err.contains("give a directory that `fmtlab sweep plan` made"))
    let twice = try plan("{\"grid\": {\"format\": \"e4m3\", \"acc\": [\"e6m5\", \"E6M5\"], \"n\": [16, 16], \"trials\": 10}}", scratch, "twice")
    #expect(try fmtlab("sweep status \(twice)").out.contains("0 of 1 cells"))
  }

  @Test(arguments: [
    ("", "it is not JSON"), ("[]", "it is no JSON object"), ("{}", "the field 'grid' is missing"), ("{\"grid\": []}", "it has no grid"),
    ("{\"grid\": {}, \"sed\": 1}", "the field 'sed' is unknown; did you mean seed?"), ("{\"schema\": \"x\", \"grid\": {}}", "its schema is 'x'"),
    ("{\"kind\": \"analyse\", \"grid\": {}}", "the kind 'analyse' is unknown; did you mean analyze?"),
    ("{\"grid\": {\"format\": \"e4m3\", \"acc\": \"fp16\"}}", "a grid has no axis 'n'"),
    ("{\"grid\": {\"format\": \"e4m3\", \"acc\": \"fp16\", \"n\": []}}", "the axis 'n' has no value"),
    ("{\"grid\": {\"format\": \"e4m3\", \"acc\": \"fp16\", \"n\": [{}]}}", "is of another kind"),
    ("{\"grid\": {\"formats\": \"e4m3\", \"acc\": \"fp16\", \"n\": 1}}", "the axis 'formats' is unknown; did you mean format?"),
    ("{\"grid\": {\"format\": \"e4m99\", \"acc\": \"fp16\", \"n\": 1}}", "format 'e4m99': "),
    ("{\"grid\": {\"format\": \"e4m3\", \"acc\": \"fp16,\", \"n\": 1}}", "acc 'fp16,': "),
    ("{\"grid\": {\"format\": \"e4m3\", \"acc\": \"fp16\", \"n\": 0}}", "n '0': give a whole number from 1 to"),
    ("{\"grid\": {\"format\": \"e4m3\", \"acc\": \"fp16\", \"n\": -1}}", "n '-1': give a whole number"),
    ("{\"seed\": -1, \"grid\": {\"format\": \"e4m3\", \"acc\": \"fp16\", \"n\": 1}}", "the seed is -1; give a whole number from 0 to"),
    ("{\"grid\": {\"format\": \"e4m3\", \"acc\": \"fp16\", \"n\": 1.5}}", "n '1.5': give a whole number"),
    ("{\"grid\": {\"format\": \"e4m3\", \"acc\": \"fp16\", \"n\": 1, \"data\": \"x\"}}", "data 'x': use one of digits, normal"),
    ("{\"grid\": {\"format\": \"e4m3\", \"acc\": \"kahan/fp16\", \"n\": 1, \"rounding\": \"sr\"}}", "write @sr into it"),
    ("{\"grid\": {\"format\": \"e4m3\", \"acc\": \"fp16\", \"n\": 1, \"outer\": \"fp32\"}}", "the axis 'outer' needs the axis 'chunk'"),
    ("{\"grid\": {\"format\": \"fp128\", \"acc\": \"fp16\", \"n\": 1}}", "exact products would have 226 bits"),
    ("{\"kind\": \"train\", \"grid\": {\"policy\": \"e5m2+\"}}", "policy 'e5m2+': "),
    ("{\"kind\": \"train\", \"grid\": {\"model\": \"mlp\"}}", "a grid has no axis 'policy'"),
    ("{\"kind\": \"train\", \"grid\": {\"policy\": \"fp32\", \"rate\": 0}}", "rate '0': give a positive number"),
  ])
  func badSpecificationsAreRefusedInWords(_ specification: String, _ reason: String) throws {
    let scratch = try Scratch()
    let file = try scratch.file("bad.json", specification)
    let run = try fmtlab("sweep plan \(file) -o \(scratch.url("sweep").path)")
    #expect(run.status == 65 && run.out.isEmpty && run.err.hasPrefix("error: \(file): ") && run.err.contains(reason), "\(run.err)")
    #expect(try scratch.names == ["bad.json"])
  }

  @Test func tooManyCellsAreRefused() throws {
    let scratch = try Scratch()
    let numbers = (1...4000).map(String.init).joined(separator: ",")
    let file = try scratch.file("big.json", "{\"grid\": {\"format\": \"e4m3\", \"acc\": \"fp16\", \"n\": [\(numbers)], \"seed\": [\(numbers)]}}")
    let run = try fmtlab("sweep plan \(file) -o \(scratch.url("sweep").path)")
    #expect(run.status == 65 && run.err.contains("more than 10000000 cells"))
  }

  @Test func slurmSaysWhichPart() throws {
    let scratch = try Scratch()
    let directory = try plan(Self.small, scratch)
    let task = ["SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "6"]
    #expect(try Tool.run(["sweep", "run", directory], environment: task).out == "part 2/3: 2 cells run, 0 were done before\n")
    #expect(try Tool.run(["sweep", "run", directory, "--shard", "3/3"], environment: task).out == "part 3/3: 2 cells run, 0 were done before\n")
    let alone = try Tool.run(["sweep", "run", directory, "--resume"], environment: ["SLURM_ARRAY_TASK_ID": "7"])
    #expect(alone.status == 64 && alone.err.contains("give --shard i/n"))
  }

  @Test func scriptsQuoteTheirPaths() throws {
    let scratch = try Scratch()
    let directory = scratch.url("it's a sweep").path
    let file = try scratch.file("s.json", Self.small)
    #expect(try Tool.run(["sweep", "plan", file, "-o", directory]).status == 0)
    #expect(try Tool.run(["sweep", "slurm", directory, "--shards", "64", "--array-limit", "8", "--sbatch=--time=10"]).status == 0)
    let array = try String(contentsOfFile: "\(directory)/slurm/array.sbatch", encoding: .utf8)
    #expect(array.contains("#SBATCH --array=1-64%8\n") && array.contains("#SBATCH --time=10\n"), "\(array)")
    #expect(array.contains("sweep run '\(scratch.path)/it'\\''s a sweep'"), "\(array)")
    let submit = try String(contentsOfFile: "\(directory)/slurm/submit.sh", encoding: .utf8)
    #expect(submit.contains("--kill-on-invalid-dep=yes") && submit.contains("afterok:"))
    #expect(try Tool.run(["sweep", "slurm", directory, "--shards", "2", "--sbatch=--comment=\"a\""]).status == 64)
  }

  @Test func trainingRunsGoOnWhereTheyWereStopped() throws {
    let scratch = try Scratch()
    let specification = "{\"kind\": \"train\", \"grid\": {\"policy\": [\"fp32\", \"e5m2cfg5+e6m5\"], \"epochs\": 30, \"model\": \"mlp\", \"seed\": [1, 2]}}"
    let (stopped, whole) = (try plan(specification, scratch, "stopped"), try plan(specification, scratch, "whole"))
    var (stops, checkpoints) = (0, 0)
    for _ in 0..<40 {
      let output = try Scratch()
      let arguments = ["sweep", "run", stopped, "--resume", "--threads", "2"]
      let process = try Tool.start(arguments, output)
      usleep(700_000)
      kill(process.processIdentifier, SIGTERM)
      process.waitUntilExit()
      let run = try Tool.result(of: process, arguments, output)
      if run.status == 0 { break }
      #expect(run.status == 75 && run.err.contains("--resume"), "\(run.status): \(run.err)")
      stops += 1
      checkpoints += files("\(stopped)/checkpoints").count
    }
    _ = try succeed("sweep run \(stopped) --resume")
    _ = try succeed("sweep run \(whole)")
    #expect(try stops > 0 && checkpoints > 0 && merged(stopped, scratch) == merged(whole, scratch))
    #expect(files("\(stopped)/checkpoints").isEmpty)
    // The row is the run that `fmtlab train` makes.
    let row = try #require(merged(whole, scratch).split(separator: "\n").first { $0.contains("e5m2cfg5+e6m5") && $0.contains(",cosine,2,") })
    let train = try succeed("train --model mlp --policy e5m2cfg5+e6m5 --epochs 30 --seed 2 --json").json()
    guard case .number(let accuracy)? = train["history"]?.items.last?["testAccuracy"] else {
      Issue.record("no accuracy in \(train)")
      return
    }
    #expect(row.split(separator: ",", omittingEmptySubsequences: false)[16] == "\(accuracy)", "\(row)")
  }
}
