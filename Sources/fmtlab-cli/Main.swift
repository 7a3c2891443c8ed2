// SPDX-License-Identifier: Apache-2.0
// The command line: the list of commands, and how they end.

import ArgumentParser
import FmtLab
import Glibc

@main
struct Main: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fmtlab",
    abstract: "Exact rounding errors of low-precision number formats, and bounds beside them.",
    discussion: """
      Formats: e4m3, e4m3fn, e5m2fnuz, bf16, fp16, tf32, q8.13, ... (see `fmtlab formats`).
      Roundings: rne rna rnz rz ru rd ro sr srN. Accumulators: e6m5, e6m5@rz, e4m3:16,fp16:8,fp32, pairwise/fp16.
      Exit status: 0 success, 1 a check failed, 64 usage, 65 bad data, 66 file not readable, 70 a bug.
      """,
    version: "0.1.0",
    subcommands: [
      FormatsCommand.self, InfoCommand.self, ValuesCommand.self, RoundCommand.self, OpCommand.self, DotCommand.self,
      BoundsCommand.self, AnalyzeCommand.self,
    ])

  /// Negative numbers are plain arguments: their sign becomes a typographic minus, which the number reader takes too and the
  /// argument parser does not mistake for an option.
  static func escapingNegativeNumbers(_ arguments: [String]) -> [String] {
    arguments.map { argument in
      guard argument.count > 1, argument.hasPrefix("-"), (try? Extended(text: argument)) != nil else { return argument }
      return "−" + argument.dropFirst()
    }
  }

  static func main() {
    do {
      var command = try parseAsRoot(escapingNegativeNumbers(Array(CommandLine.arguments.dropFirst())))
      try command.run()
      Output.flush()
    } catch let failure as Failure {
      Output.flush()
      Output.error(failure.message)
      Glibc.exit(failure.status)
    } catch let error as any CleanExitConvertible {
      Output.error("\(error)")
      Glibc.exit(error.status)
    } catch {
      exit(withError: error)
    }
  }
}

/// The end of a command that could not do what it was asked.
struct Failure: Error {
  let status: Int32
  let message: String

  static func usage(_ message: String) -> Failure { Failure(status: 64, message: message) }
  static func badData(_ message: String) -> Failure { Failure(status: 65, message: message) }
  /// The answer is no; the output says why.
  static func no(_ message: String) -> Failure { Failure(status: 1, message: message) }
  static func bug(_ message: String) -> Failure { Failure(status: 70, message: "internal error: \(message); please report it") }
}

/// Library errors that reach the command line as they are.
protocol CleanExitConvertible: Error {
  var status: Int32 { get }
}

extension TensorError: CleanExitConvertible {
  var status: Int32 {
    if case .unreadable = self { return 66 }
    return 65
  }
}

extension NumberError: CleanExitConvertible {
  var status: Int32 { 65 }
}
