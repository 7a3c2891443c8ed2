// SPDX-License-Identifier: Apache-2.0
// What commands print: text, JSON or CSV on standard output, notes and progress on standard error.

import ArgumentParser
import FmtLab
import FoundationEssentials
import Glibc

/// Flags that every command has.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print one JSON document.") var json = false
  @Flag(help: "Print CSV with a header.") var csv = false
  @Flag(help: "Print no notes and no progress.") var quiet = false

  func validate() throws {
    if json && csv { throw ValidationError("--json and --csv exclude each other; choose one.") }
  }

  func note(_ text: String) {
    if !quiet { Output.note(text) }
  }

  /// The note that bare names of formats with two meanings call for.
  func noteMeaning(of formats: Format...) { noteMeaning(of: formats) }

  func noteMeaning(of formats: [Format]) {
    var seen: Set<Format> = []
    for format in formats where seen.insert(format).inserted {
      guard let other = try? Format(format.name + "fn"), Format.catalogue.contains(where: { $0.format == other && $0.family == "OCP" })
      else { continue }
      note(
        "\(format) is the IEEE-style format (max \(format.maxFinite)); "
          + "the OCP FP\(other.width) format is \(other) (max \(other.maxFinite))")
    }
  }
}

enum Output {
  /// Text for standard output, kept until it is whole or long.
  nonisolated(unsafe) private static var buffer: [UInt8] = []
  /// Notes, kept until the command is sure of its arguments: an error stands alone.
  nonisolated(unsafe) private static var notes = ""

  static func print(_ line: String) {
    buffer.append(contentsOf: line.utf8)
    buffer.append(UInt8(ascii: "\n"))
    if buffer.count > 1 << 20 { flush() }
  }

  static func print(_ lines: [String]) { lines.forEach(print) }

  /// A picture of characters, which stands below all that a command prints.
  static func printLast(_ text: String) { last += ["", text] }

  nonisolated(unsafe) private static var last: [String] = []

  static func note(_ text: String) { notes += "note: \(Ending.oneLine(text))\n" }

  /// Writes the notes so far, before long work.
  static func showNotes() {
    write(notes)
    notes = ""
  }

  /// Writes all that is kept; a command that ends well calls it last.
  static func finish() {
    showNotes()
    print(last)
    flush()
  }

  /// Writes what is kept: for rows of long work, when each is whole.
  static func flush() {
    buffer.withUnsafeBufferPointer { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let written = Glibc.write(1, rest.baseAddress, rest.count)
        if written < 0 {
          if errno == EINTR { continue }
          write("error: cannot write to standard output: \(reason(errno)); give it room or another place.\n")
          exit(66)
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      }
    }
    buffer.removeAll(keepingCapacity: true)
  }

  /// Writes to standard error at once.
  static func write(_ text: String) { _ = Array(text.utf8).withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) } }

  /// The system's words for an error number.
  static func reason(_ error: Int32) -> String { String(cString: strerror(error)).lowercased() }

  /// Refuses early what could only be refused late: a file in a directory that is missing or not writable.
  static func checkWritable(_ path: String, _ option: String) throws {
    guard !path.isEmpty else { throw Failure.usage("\(option) '': give the path of a file.") }
    let slash = path.lastIndex(of: "/")
    let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    var status = stat()
    let problem: String
    if stat(directory, &status) != 0 {
      problem = reason(errno)
    } else if status.st_mode & S_IFMT != S_IFDIR {
      problem = "\(directory) is not a directory"
    } else if access(directory, W_OK | X_OK) != 0 {
      problem = reason(errno)
    } else if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      problem = "it is a directory"
    } else {
      return
    }
    throw Failure.file("cannot write \(path): \(problem); give \(option) a path in an existing, writable directory.")
  }
}

// MARK: - Forms

extension Output {
  static func json(_ document: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    print(String(decoding: try encoder.encode(document), as: UTF8.self))
  }

  static func csv(_ fields: [String]) { print(csvLine(fields)) }

  static func hex(_ code: Format.Code) -> String { "0x" + String(code, radix: 16) }

  /// Lines `label  text` with the texts in one column, from which long ones are wrapped.
  static func facts(_ rows: [(label: String, text: String)], indent: Int = 2) {
    let width = indent + 2 + (rows.map(\.label.count).max() ?? 0)
    for (label, text) in rows {
      for (i, line) in wrap(text, 100 - width).enumerated() {
        let head = String(repeating: " ", count: indent) + (i == 0 ? label : "")
        print(trimmed(head + String(repeating: " ", count: width - head.count) + line))
      }
    }
  }

  static func trimmed(_ line: String) -> String { String(line.reversed().drop { $0 == " " }.reversed()) }
}

/// Lines of at most `width` characters, broken at spaces, and after commas where a word alone is longer; runs of spaces inside a
/// line stay.
func wrap(_ text: String, _ width: Int) -> [String] {
  guard text.count > width else { return [text] }
  var lines: [String] = [""]
  for var word in text.split(separator: " ") {
    while word.count > width {
      let head = word.prefix(width)
      let end = head.lastIndex(of: ",").map { head.index(after: $0) } ?? head.endIndex
      if lines[lines.count - 1].isEmpty { lines.removeLast() }
      lines += [String(word[..<end]), ""]
      word = word[end...]
    }
    if lines[lines.count - 1].isEmpty {
      lines[lines.count - 1] = String(word)
    } else if lines[lines.count - 1].count + 1 + word.count <= width {
      lines[lines.count - 1] += " " + word
    } else {
      lines.append(String(word))
    }
  }
  return lines
}

/// A progress line on standard error, when that is a terminal.
struct ProgressLine {
  /// Takes the finished fraction; `nil` where nobody watches.
  let report: (@Sendable (_ fraction: Double) -> Void)?

  /// - Parameter work: what all of it amounts to, for a line that also says how fast it goes and how long it still takes.
  init(_ label: String, _ options: OutputOptions, work: (amount: Double, unit: String)? = nil) {
    guard !options.quiet, isatty(2) == 1 else {
      report = nil
      return
    }
    let (clock, amount, unit) = (ContinuousClock(), work?.amount, work?.unit)
    let start = clock.now
    report = { fraction in
      let filled = Int(fraction * 40)
      let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 40 - filled)
      var rest = ""
      if let amount, let unit, fraction > 0 {
        let elapsed = (clock.now - start) / .seconds(1)
        rest = ", \(Int(amount * fraction / elapsed / 1e6)) M \(unit)/s, \(Int((elapsed * (1 - fraction) / fraction).rounded(.up))) s left"
      }
      Output.write("\r\(label) [\(bar)] \(Int(fraction * 100)) %\(rest)\u{1b}[K\(fraction >= 1 ? "\r\u{1b}[K" : "")")
    }
  }

  /// Takes the line away.
  func end() { if report != nil { Output.write("\r\u{1b}[K") } }

  var progress: Progress { Progress(report: report) }
}
