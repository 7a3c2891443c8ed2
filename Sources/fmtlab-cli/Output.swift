// SPDX-License-Identifier: Apache-2.0
// What commands print: text, JSON or CSV on standard output, notes on standard error.

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
  func noteMeaning(of formats: Format...) {
    var seen: Set<Format> = []
    for format in formats where seen.insert(format).inserted {
      guard let other = try? Format(format.name + "fn"), Format.catalogue.contains(where: { $0.format == other && $0.family == "OCP" })
      else { continue }
      note("\(format) is the IEEE-style format (max \(format.maxFinite)); the OCP \(Output.ocpName(other)) format is \(other) (max \(other.maxFinite))")
    }
  }
}

enum Output {
  /// Text of a document for standard output, kept until it is whole.
  nonisolated(unsafe) private static var buffer: [UInt8] = []

  static func print(_ line: String) {
    buffer.append(contentsOf: line.utf8)
    buffer.append(UInt8(ascii: "\n"))
    if buffer.count > 1 << 20 { flush() }
  }

  static func flush() {
    buffer.withUnsafeBufferPointer { bytes in
      var rest = UnsafeRawBufferPointer(bytes)
      while !rest.isEmpty {
        let written = Glibc.write(1, rest.baseAddress, rest.count)
        if written < 0 {
          if errno == EINTR { continue }
          exit(74)  // EX_IOERR: nobody can be told
        }
        rest = UnsafeRawBufferPointer(rebasing: rest[written...])
      }
    }
    buffer.removeAll(keepingCapacity: true)
  }

  static func json(_ document: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    Output.print(String(decoding: try encoder.encode(document), as: UTF8.self))
  }

  /// A line of CSV; fields with a comma, quote or line break are quoted.
  static func csv(_ fields: [String]) {
    Output.print(fields.map { field in
      field.contains { ",\"\n\r".contains($0) } ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }.joined(separator: ","))
  }

  static func note(_ text: String) { write("note: \(text)\n") }
  static func error(_ text: String) { write("error: \(text)\n") }

  /// Writes to standard error at once.
  static func write(_ text: String) { _ = Array(text.utf8).withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) } }

  /// FP4, FP6 or FP8 with its layout.
  static func ocpName(_ format: Format) -> String { "FP\(format.width)" }

  static func hex(_ code: Format.Code) -> String { "0x" + String(code, radix: 16) }
}

/// A progress line on standard error, when that is a terminal.
struct ProgressLine {
  let progress: Progress

  init(_ label: String, _ options: OutputOptions) {
    guard !options.quiet, isatty(2) == 1 else {
      progress = .silent
      return
    }
    progress = Progress { fraction in
      let filled = Int(fraction * 40)
      let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: 40 - filled)
      Output.write("\r\(label) [\(bar)] \(Int(fraction * 100)) %\(fraction >= 1 ? "\r\u{1b}[K" : "")")
    }
  }
}
