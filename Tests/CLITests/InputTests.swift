// SPDX-License-Identifier: Apache-2.0
// Numbers from standard input in every form that other programs write; streams that are closed, signals that end the program.

import Foundation
import Testing

@Suite struct InputTests {
  private func values(_ arguments: [String], _ input: Data) throws -> [String] {
    let run = try Tool.run(["round", "--to", "bf16", "--csv"] + arguments, input: input)
    #expect(run.status == 0, "\(run.err)")
    return csv(run.out).dropFirst().map { $0[2] }
  }

  @Test func separatorsAreSpacesTabsCommasSemicolonsAndLines() throws {
    #expect(try values(["-"], Data("1 2\t3,4;5\n\n6\r\n 7 ,, 8\n-9".utf8)) == ["1", "2", "3", "4", "5", "6", "7", "8", "-9"])
  }

  @Test func standardInputStandsWhereItsDashDoes() throws {
    #expect(try values(["-1", "-", "0x1p3"], Data("2 3\n".utf8)) == ["-1", "2", "3", "8"])
    let twice = try Tool.run(["round", "--to", "bf16", "-", "-"], input: Data("1".utf8))
    #expect(twice.status == 64 && twice.err.contains("only once"))
  }

  @Test func standardInputMayBeLong() throws {
    let numbers = (0..<20_000).map { "\($0).5" }
    #expect(try values(["-"], Data(numbers.joined(separator: "\n").utf8)).count == 20_000)
    #expect(try values(["-"], Data(numbers.joined(separator: " ").utf8)).count == 20_000)
  }

  @Test func bytesThatAreNoTextAreBadData() throws {
    for bytes: [UInt8] in [[0xff, 0xfe], [0x31, 0x00, 0x32], [0xc3], [0x31, 0x80]] {
      let run = try Tool.run(["round", "--to", "bf16", "-"], input: Data(bytes))
      #expect(run.status == 65 && run.out.isEmpty && run.notes.count == 1, "\(bytes): \(run.err)")
      let dot = try Tool.run(["dot", "-", "1", "--format", "bf16", "--acc", "fp32"], input: Data(bytes))
      #expect(dot.status == 65 && dot.out.isEmpty && dot.notes.count == 1, "\(bytes): \(dot.err)")
    }
  }

  @Test func closedStreamsAreErrorsNotCrashes() throws {
    func shell(_ script: String) throws -> Run {
      let scratch = try Scratch()
      let process = try Tool.start([], through: ["/bin/sh", "-c", script, "sh"], scratch)
      process.waitUntilExit()
      return try Tool.result(of: process, [script], scratch)
    }
    let noInput = try shell("\"$0\" round --to bf16 - <&-".replacingOccurrences(of: "$0", with: "$1"))
    #expect(noInput.status == 66 && noInput.err.hasPrefix("error: cannot read standard input"))
    let directory = try shell("\"$1\" round --to bf16 - </")
    #expect(directory.status == 66 && directory.notes.count == 1)
    let noOutput = try shell("\"$1\" info bf16 >&-")
    #expect(noOutput.status == 66 && noOutput.err.hasPrefix("error: cannot write to standard output"))
    let full = try shell("\"$1\" values fp16 >/dev/full")
    #expect(full.status == 66 && full.notes.count == 1)
    let head = try shell("\"$1\" values e8m12 --csv | head -n 1")
    #expect(head.status == 0 && head.out == "code,class,value,hex\n" && head.err.isEmpty)
  }

  @Test(arguments: [
    ["analyze", "--format", "e4m3", "--acc", "e6m5", "--n", "4096", "--trials", "1000000", "--plot", "a.svg"],
    ["op", "gelu", "--in", "e8m17", "--all"],
  ])
  func interruptedCommandLeavesNoFile(arguments: [String]) throws {
    let (scratch, place) = (try Scratch(), try Scratch())
    let process = try Tool.start(arguments, in: place.path, scratch)
    Thread.sleep(forTimeInterval: 0.3)
    process.interrupt()
    // A shell tells what it runs in the background to ignore interruptions, and so these tests and all that they start.
    Thread.sleep(forTimeInterval: 0.3)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    let run = try Tool.result(of: process, arguments, scratch)
    #expect([-SIGINT, -SIGKILL].contains(run.status) && run.out.isEmpty)
    #expect(try place.names.isEmpty)
  }

  @Test(arguments: [SIGABRT, SIGILL, SIGSEGV, SIGTRAP])
  func crashIsOneLineAndStatus70(signal: Int32) throws {
    let (scratch, arguments) = (try Scratch(), ["op", "gelu", "--in", "e8m17", "--all", "--json"])
    let process = try Tool.start(arguments, scratch)
    Thread.sleep(forTimeInterval: 1)
    kill(process.processIdentifier, signal)
    process.waitUntilExit()
    let run = try Tool.result(of: process, arguments, scratch)
    #expect(run.status == 70 && run.out.isEmpty, "signal \(signal): \(run.status)")
    #expect(run.notes == ["error: internal error, a bug of fmtlab; please report it with the command line."])
  }
}
