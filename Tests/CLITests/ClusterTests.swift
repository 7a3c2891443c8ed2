// SPDX-License-Identifier: Apache-2.0
// Sweeps as the README runs them: by itself, with GNU parallel, by Snakemake, and on a real Slurm.

import Foundation
import Testing

@Suite struct ClusterTests {
  private static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  /// The fenced blocks of the README's section on sweeps, with their languages.
  private static func blocks() throws -> [(language: String, text: String)] {
    let readme = try String(contentsOfFile: "\(root)/README.md", encoding: .utf8)
    let section = try #require(readme.components(separatedBy: "\n## ").first { $0.hasPrefix("Sweeps\n") })
    return section.components(separatedBy: "\n```").enumerated().filter { $0.offset % 2 == 1 }.map { _, block in
      let lines = block.split(separator: "\n", maxSplits: 1).map(String.init)
      return (lines[0], lines[1] + "\n")
    }
  }

  /// Runs a script with fmtlab on the path.
  private func shell(_ script: String, in directory: String) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.arguments = ["-euc", script]
    process.currentDirectoryURL = URL(fileURLWithPath: directory)
    let tools = URL(fileURLWithPath: Tool.path).deletingLastPathComponent().path
    let environment = ProcessInfo.processInfo.environment
    process.environment = environment.merging(["PATH": "\(tools):\(environment["PATH"] ?? "/usr/bin:/bin"):/usr/sbin", "HOME": directory]) { $1 }
    let output = Pipe()
    (process.standardOutput, process.standardError) = (output, output)
    try Tool.launch(process)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(script): \(text)")
  }

  /// The table that the README's first commands make, in a new directory with the specification.
  private func example(_ scratch: Scratch) throws -> (blocks: [(language: String, text: String)], table: Data) {
    let blocks = try Self.blocks()
    #expect(blocks.map(\.language) == ["json", "sh", "sh", "sh", "python"])
    _ = try scratch.file("formats.json", blocks[0].text)
    try shell(blocks[1].text, in: scratch.path)
    let table = try Data(contentsOf: scratch.url("formats.csv"))
    #expect(table.split(separator: UInt8(ascii: "\n")).count == 97)
    for name in ["formats", "formats.csv"] { try FileManager.default.removeItem(at: scratch.url(name)) }
    try shell("fmtlab sweep plan formats.json -o formats", in: scratch.path)
    return (blocks, table)
  }

  @Test(.enabled(if: Tool.isExpected("parallel"), "GNU parallel is not here"))
  func partsRunInParallel() throws {
    let scratch = try Scratch()
    let (blocks, table) = try example(scratch)
    try shell(blocks[2].text + "fmtlab sweep merge formats -o formats.csv", in: scratch.path)
    #expect(try Data(contentsOf: scratch.url("formats.csv")) == table)
  }

  @Test(.enabled(if: Tool.isExpected("snakemake"), "Snakemake is not here"))
  func partsRunBySnakemake() throws {
    let scratch = try Scratch()
    let (blocks, table) = try example(scratch)
    _ = try scratch.file("Snakefile", blocks[4].text)
    try shell("snakemake --cores 2", in: scratch.path)
    #expect(try Data(contentsOf: scratch.url("formats.csv")) == table)
  }

  @Test(.enabled(if: Tool.isExpected("sbatch") && Tool.isExpected("munge"), "Slurm is not here"))
  func aJobArrayOfSlurmIsKilledAndResumed() throws {
    try shell("\(Self.root)/Tests/slurm.sh \(Tool.path)", in: Self.root)
  }
}
