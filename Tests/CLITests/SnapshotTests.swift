// SPDX-License-Identifier: Apache-2.0
// The texts that users read, whole: every help screen and analyses with fixed seeds.

import Testing

@Suite struct SnapshotTests {
  static let commands = ["formats", "info", "values", "round", "op", "dot", "gemm", "quantize", "widths", "kappa", "compare", "verify", "bounds", "analyze", "worst", "distribution", "accumulator", "expansion", "train", "theory", "sweep", "search", "report", "run"]

  @Test(arguments: commands)
  func helpScreenIsThatOfTheSnapshot(command: String) throws {
    let run = try succeed("\(command) --help")
    try expectSnapshot(run.out, "help-\(command)")
    #expect(run.err.isEmpty)
    #expect(try succeed("help \(command)").out == run.out)
  }

  @Test(arguments: ["check", "truth", "eval"])
  func helpScreenOfAnExpansionCommandIsThatOfTheSnapshot(command: String) throws {
    try expectSnapshot(try succeed("expansion \(command) --help").out, "help-expansion-\(command)")
  }

  @Test(arguments: ["plan", "run", "status", "merge", "slurm"])
  func helpScreenOfASweepCommandIsThatOfTheSnapshot(command: String) throws {
    try expectSnapshot(try succeed("sweep \(command) --help").out, "help-sweep-\(command)")
  }

  @Test func helpScreenOfTheoryCheckIsThatOfTheSnapshot() throws {
    try expectSnapshot(try succeed("theory check --help").out, "help-theory-check")
  }

  @Test func rootHelpIsThatOfTheSnapshot() throws {
    let run = try succeed("--help")
    try expectSnapshot(run.out, "help")
    for command in Self.commands { #expect(run.out.contains("  \(command) "), "\(command) is not listed") }
  }

  @Test(arguments: [
    ("analyze-e6m5", "--format e4m3 --acc e6m5"),
    ("analyze-levels", "--format e4m3fn --acc e4m3:16,fp16:8,fp32 --n 16,64,256,1024,2048,4096,8192"),
    ("analyze-fixed", "--format e5m2 --acc q8.13 --data normal --n 8,512"),
    ("analyze-stochastic", "--format bf16 --acc bf16@sr --product bf16 --data lognormal --n 64,1024 --seed 7"),
    ("analyze-pairwise", "--format e4m3 --acc pairwise/fp16@rz --n 5 --data uniform"),
  ])
  func analysisTextIsThatOfTheSnapshot(name: String, options: String) throws {
    let run = try succeed("analyze --trials 40 --quiet \(options)")
    try expectSnapshot(run.out, name)
    #expect(run.err.isEmpty)
  }

  @Test(arguments: [
    ("info-fp128", "info fp128"),
    ("values-e2m1fn", "values e2m1fn"),
    ("dot-card", "dot 1,2,-3.3,0x1p-9 -4,5,6,1 --format e4m3 --acc e4m3@rz --init 1e-3 --quiet"),
    ("op-all", "op mul --in e4m3 --to e5m2 --all --quiet"),
    ("worst-card", "worst --format e4m3 --acc e6m5 --n 2,16 --quiet"),
    ("distribution-card", "distribution --format e2m1fn --acc e4m3fn@saturate --n 1,100000,64 --histogram --quiet"),
    ("expansion-check-card", "expansion check twosum --format e4m3fn --rounding rz --quiet"),
    ("expansion-eval-card", "expansion eval mul 3.14159 2.71828 --format e4m3fn --quiet"),
    ("theory", "theory"),
    ("theory-check-card", "theory check sgd.dead-zone"),
    ("op-card", "op fma --in bf16 1.0625 1.0625 1e-30 --quiet"),
  ])
  func cardIsThatOfTheSnapshot(name: String, line: String) throws {
    try expectSnapshot(try succeed(line).out, name)
  }
}
