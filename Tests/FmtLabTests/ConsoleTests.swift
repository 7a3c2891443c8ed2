// SPDX-License-Identifier: Apache-2.0
// Every console block of the README is the program's real output.

import Foundation
import Testing

@Suite struct ConsoleTests {
  @Test func consoleBlocksAreRealOutput() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let readme = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
    let blocks = readme.components(separatedBy: "```console\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
    #expect(blocks.count >= 2)
    for block in blocks {
      let lines = block.split(separator: "\n", omittingEmptySubsequences: false)
      let command = try #require(lines.first.map { $0.dropFirst("$ fmtlab ".count) })
      #expect(lines[0].hasPrefix("$ fmtlab "))
      let output = try run(command.split(separator: " ").map(String.init), in: root)
      #expect(lines.dropFirst().joined(separator: "\n") == output, "make the block anew: fmtlab \(command)")
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
