// SPDX-License-Identifier: Apache-2.0
// Every console block of the README and of the articles is the program's real output.

import Foundation
import Testing

@Suite struct ConsoleTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static let texts: [String] = {
    let articles = "Sources/FmtLab/FmtLab.docc"
    let names = try! FileManager.default.contentsOfDirectory(atPath: root.appending(path: articles).path)
    return ["README.md"] + names.filter { $0.hasSuffix(".md") }.sorted().map { "\(articles)/\($0)" }
  }()

  @Test(arguments: texts) func consoleBlocksAreRealOutput(_ text: String) throws {
    let markdown = try String(contentsOf: Self.root.appending(path: text), encoding: .utf8)
    let blocks = markdown.components(separatedBy: "```console\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
    #expect(blocks.count >= 2 || text != "README.md")
    for block in blocks {
      let lines = block.split(separator: "\n", omittingEmptySubsequences: false)
      let command = try #require(lines.first.map { $0.dropFirst("$ fmtlab ".count) })
      #expect(lines[0].hasPrefix("$ fmtlab "))
      let output = try run(command.split(separator: " ").map(String.init), in: Self.root)
      #expect(lines.dropFirst().joined(separator: "\n") == output, "make the block of \(text) anew: fmtlab \(command)")
    }
  }

  /// Standard error, then standard output, as a terminal shows them.
  private func run(_ arguments: [String], in directory: URL) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "fmtlab")
    process.arguments = arguments
    process.currentDirectoryURL = directory
    let (output, errors) = (Pipe(), Pipe())
    (process.standardOutput, process.standardError) = (output, errors)
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let notes = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: notes + text, as: UTF8.self)
  }
}
