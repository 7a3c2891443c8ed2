// SPDX-License-Identifier: Apache-2.0
// How commands end that could not do what they were asked: exit statuses, and errors of one or two lines.

import ArgumentParser
import FmtLab
import Glibc

/// The end of a command that could not do what it was asked.
struct Failure: Error {
  let status: Int32
  let message: String
  /// The command that says more.
  var help: String?

  static func usage(_ message: String, help: String? = nil) -> Failure { Failure(status: 64, message: message, help: help) }
  static func badData(_ message: String) -> Failure { Failure(status: 65, message: message) }
  static func file(_ message: String) -> Failure { Failure(status: 66, message: message) }
  /// The answer is no; the output says why.
  static func no(_ message: String) -> Failure { Failure(status: 1, message: message) }
}

enum Ending {
  /// Reports an error and ends the process with its status.
  static func exit(_ error: any Error) -> Never {
    let failure = failure(error)
    // Only "no" has an answer worth printing, and what was stopped.
    if failure.status == 1 || failure.status == 75 { Output.finish() }
    var text = "error: \(oneLine(failure.message))\n"
    if let help = failure.help { text += "see '\(help)'\n" }
    Output.write(text)
    Glibc.exit(failure.status)
  }

  private static func failure(_ error: any Error) -> Failure {
    switch error {
    case let failure as Failure: return failure
    case let error as TensorError: return Failure(status: error.isAboutFiles ? 66 : 65, message: "\(error).")
    case .file(let error) as TensorQuantizationError: return Failure(status: error.isAboutFiles ? 66 : 65, message: "\(error).")
    case let error as TensorQuantizationError: return .badData("\(error)")
    case let error as NumberError: return .badData("\(error)")
    case let error as FormatError: return .usage("\(error)")
    case let error as PlanError: return .usage("\(error)")
    case let error as ExactAnalysisError: return .usage("\(error)")
    case let error as ExhaustiveCheckError: return .usage("\(error)")
    case let error as PolicyError: return error.isAboutFile ? .badData("\(error)") : .usage("\(error)")
    case let error as SweepError: return Failure(status: error.status, message: "\(error)")
    case let error as TrainingError: return Failure(status: error.status, message: "\(error)")
    default: break
    }
    let code = Main.exitCode(for: error)
    let message = Main.message(for: error)
    if code == .success {
      // Requests for help, the version or completions end here too.
      Output.print(message)
      Output.finish()
      Glibc.exit(0)
    }
    guard code == .validationFailure else { return Failure(status: 70, message: "internal error: \(message); please report it.") }
    // The last line of the full message names the help of the command at hand.
    let help = Main.fullMessage(for: error).split(separator: "\n").last?.split(separator: "'").dropFirst().first
    return .usage(usageMessage(message), help: help.map(String.init))
  }

  /// The argument parser's message in the words of this program.
  private static func usageMessage(_ message: String) -> String {
    var text = message
    // Negative numbers were disguised before they were parsed.
    if !CommandLine.arguments.contains(where: { $0.contains(Input.minus) }) { text = text.replacing(Input.minus, with: "-") }
    let (opening, middle) = ("The value '", "' is invalid for '")
    guard text.hasPrefix(opening), let range = text.ranges(of: middle).first else {
      return text.prefix(1).lowercased() + text.dropFirst()
    }
    let value = text[text.index(text.startIndex, offsetBy: opening.count)..<range.lowerBound]
    let rest = text[range.upperBound...]
    let name = rest.prefix { $0 != "'" && $0 != " " }
    let reason = rest.ranges(of: "': ").first.map { String(rest[$0.upperBound...]) } ?? "it cannot be read."
    let option = name.hasPrefix("-") ? "\(name)" : ""
    if reason.contains("'\(value)'") { return option.isEmpty ? reason : "\(option): \(reason)" }
    return (option.isEmpty ? "" : option + " ") + "'\(value)': \(reason)"
  }

  /// One line that is safe for a terminal: control characters escaped, very long words cut in the middle.
  static func oneLine(_ text: String) -> String {
    text.split(separator: " ", omittingEmptySubsequences: false).map { word in
      let cut = word.utf8.count > 200 ? word.prefix(80) + "..." + word.suffix(80) : word
      return cut.unicodeScalars.map { scalar in
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
          scalar.escaped(asASCII: true)
        default: String(scalar)
        }
      }.joined()
    }.joined(separator: " ")
  }

  /// Makes a trap a one-line report and status 70: whatever happens, no stack trace reaches a user.
  static func catchCrashes() {
    var stack = stack_t(ss_sp: malloc(1 << 16), ss_flags: 0, ss_size: 1 << 16)
    sigaltstack(&stack, nil)
    var action = sigaction()
    action.__sigaction_handler.sa_handler = { _ in
      let text: StaticString = "error: internal error, a bug of fmtlab; please report it with the command line.\n"
      _ = Glibc.write(2, text.utf8Start, text.utf8CodeUnitCount)
      _exit(70)
    }
    action.sa_flags = SA_ONSTACK
    for number in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] { sigaction(number, &action, nil) }
  }
}

extension TensorError {
  fileprivate var isAboutFiles: Bool {
    switch self {
    case .unreadable, .unwritable: true
    default: false
    }
  }
}

extension PolicyError {
  fileprivate var isAboutFile: Bool { if case .file = self { true } else { false } }
}

extension TrainingError {
  fileprivate var status: Int32 {
    switch self {
    case .diverged, .breakdown: 1
    case .options: 64
    case .checkpoint, .data: 65
    case .file: 66
    }
  }
}

extension SweepError {
  fileprivate var status: Int32 {
    switch self {
    case .incomplete: 1
    case .specification, .data, .directory: 65
    case .file: 66
    }
  }
}
