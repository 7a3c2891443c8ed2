// SPDX-License-Identifier: Apache-2.0
// Runs the built executable as a process, as a user would.

import Foundation
import Testing

/// What one run of fmtlab left.
struct Run {
  /// The command line, to repeat it.
  let command: String
  /// The exit status; negative: the signal that ended the process.
  let status: Int32
  let out: String
  let err: String

  var lines: [String] { out.split(separator: "\n", omittingEmptySubsequences: false).dropLast(out.hasSuffix("\n") ? 1 : 0).map(String.init) }
  var notes: [String] { err.split(separator: "\n").map(String.init) }

  /// The text after a label of a card, such as `exact` or `code`.
  func fact(_ label: String) -> String? {
    lines.first { $0.hasPrefix("  \(label) ") }.map { $0.dropFirst(label.count + 2).trimmingCharacters(in: .whitespaces) }
  }

  /// The document on standard output.
  func json(_ location: SourceLocation = #_sourceLocation) throws -> JSON {
    do { return try JSON(parsing: out) } catch {
      Issue.record("\(command): not JSON: \(error)", sourceLocation: location)
      throw error
    }
  }
}

enum Tool {
  /// fmtlab beside the test bundle.
  static let path: String = {
    var places = [Bundle.main.bundleURL, Bundle.main.executableURL?.deletingLastPathComponent()].compactMap { $0 }
    places += CommandLine.arguments.filter { $0.contains(".xctest") }.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
    places += places.map { $0.deletingLastPathComponent() } + places.map { $0.appendingPathComponent("../../..") }
    let found = places.map { $0.appendingPathComponent("fmtlab").path }.first { FileManager.default.isExecutableFile(atPath: $0) }
    return found ?? "fmtlab: not found beside the tests; build it first"
  }()

  /// A program on the path, or nil.
  static func find(_ name: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  /// Whether a test may rely on a program: it is there, or this is continuous integration, which installs it and fails without.
  static func isExpected(_ name: String) -> Bool { find(name) != nil || ProcessInfo.processInfo.environment["CI"] != nil }

  /// Runs fmtlab to its end.
  static func run(
    _ arguments: [String], input: Data? = nil, in directory: String? = nil, environment: [String: String] = [:], through wrapper: [String] = []
  ) throws -> Run {
    let scratch = try Scratch()
    let process = try start(arguments, input: input, in: directory, environment: environment, through: wrapper, scratch)
    process.waitUntilExit()
    return try result(of: process, arguments, scratch)
  }

  /// Starts fmtlab with its output in files of `scratch`.
  static func start(
    _ arguments: [String], input: Data? = nil, in directory: String? = nil, environment: [String: String] = [:], through wrapper: [String] = [],
    _ scratch: Scratch
  ) throws -> Process {
    let process = Process()
    let command = wrapper + [path] + arguments
    process.executableURL = URL(fileURLWithPath: command[0])
    process.arguments = Array(command.dropFirst())
    if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
    process.environment = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"].merging(environment) { $1 }
    try (input ?? Data()).write(to: scratch.url("stdin"))
    for name in ["stdout", "stderr"] { try Data().write(to: scratch.url(name)) }
    process.standardInput = try FileHandle(forReadingFrom: scratch.url("stdin"))
    process.standardOutput = try FileHandle(forWritingTo: scratch.url("stdout"))
    process.standardError = try FileHandle(forWritingTo: scratch.url("stderr"))
    try launch(process)
    return process
  }

  /// Starts a process that can be interrupted: threads of a pool block signals, and a child would inherit that.
  static func launch(_ process: Process) throws {
    var (none, mask) = (sigset_t(), sigset_t())
    sigemptyset(&none)
    pthread_sigmask(SIG_SETMASK, &none, &mask)
    defer { pthread_sigmask(SIG_SETMASK, &mask, nil) }
    try process.run()
  }

  static func result(of process: Process, _ arguments: [String], _ scratch: Scratch) throws -> Run {
    func text(_ name: String) throws -> String { String(decoding: try Data(contentsOf: scratch.url(name)), as: UTF8.self) }
    let command = "fmtlab " + arguments.map { $0.contains { " '\"\n".contains($0) } || $0.isEmpty ? "'\($0)'" : $0 }.joined(separator: " ")
    let status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    return Run(command: String(command.prefix(500)), status: status, out: try text("stdout"), err: try text("stderr"))
  }
}

/// Runs a command line whose arguments are separated by single spaces.
func fmtlab(_ line: String, input: String? = nil, in directory: String? = nil) throws -> Run {
  try Tool.run(line.split(separator: " ").map(String.init), input: input.map { Data($0.utf8) }, in: directory)
}

/// Runs a command line that must succeed, and checks that it does.
func succeed(_ line: String, input: String? = nil, in directory: String? = nil, _ location: SourceLocation = #_sourceLocation) throws -> Run {
  let run = try fmtlab(line, input: input, in: directory)
  #expect(run.status == 0, "\(run.command) exited with \(run.status): \(run.err)", sourceLocation: location)
  return run
}

/// A directory that goes away with its owner.
final class Scratch {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "fmtlab-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func url(_ name: String) -> URL { URL(fileURLWithPath: path).appendingPathComponent(name) }

  /// Writes a file and returns its path.
  func file(_ name: String, _ text: String) throws -> String { try file(name, Data(text.utf8)) }

  func file(_ name: String, _ data: Data) throws -> String {
    try data.write(to: url(name))
    return url(name).path
  }

  var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }
}
