// SPDX-License-Identifier: Apache-2.0
// Rows of a number and the result of converting it, as another tool wrote them.

import FmtLab
import FoundationEssentials
import Glibc

struct VectorFile {
  let rows: [SemanticsSearch.Row]

  /// Reads CSV with two columns and perhaps a header; `-` is standard input.
  init(_ path: String) throws {
    let name = path == "-" ? "standard input" : path
    var rows: [SemanticsSearch.Row] = []
    var isFirst = true
    for (i, line) in try VectorFile.lines(path).enumerated() {
      let fields = Input.fields(line.replacing("\u{FEFF}", with: ""))
      if fields.isEmpty || fields[0].hasPrefix("#") { continue }
      defer { isFirst = false }
      guard fields.count == 2 else { throw Failure.badData("\(name): line \(i + 1) has \(fields.count) fields; give rows x,result.") }
      do {
        rows.append(try SemanticsSearch.Row(input: Extended(text: fields[0]), result: Extended(text: fields[1])))
      } catch {
        let isHeader = isFirst && fields.allSatisfy { (try? Extended(text: $0)) == nil }
        if !isHeader { throw Failure.badData("\(name): line \(i + 1): \(error)") }
      }
    }
    guard !rows.isEmpty else { throw Failure.badData("\(name) holds no rows; give rows x,result.") }
    self.rows = rows
  }

  private static func lines(_ path: String) throws -> [String] {
    if path == "-" { return try Input.lines() }
    var status = stat()
    func failure(_ reason: String) -> Failure { .file("cannot read '\(path)': \(reason); give a CSV file with rows x,result.") }
    guard stat(path, &status) == 0 else { throw failure(Output.reason(errno)) }
    guard status.st_mode & S_IFMT != S_IFDIR else { throw failure("it is a directory") }
    guard let data = try? Data(contentsOf: URL(filePath: path)) else { throw failure(Output.reason(errno)) }
    guard let text = String(validating: data, as: UTF8.self) else { throw Failure.badData("\(path): the text is not UTF-8.") }
    return text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map(String.init)
  }
}
