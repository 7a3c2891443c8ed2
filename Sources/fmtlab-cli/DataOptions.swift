// SPDX-License-Identifier: Apache-2.0
// Where the vectors of a measurement come from, as options.

import ArgumentParser
import FmtLab

struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "digits, normal, uniform, lognormal or laplace (independent numbers), or a matrix: a random row of it meets another. (default: digits; distribution: normal)",
      valueName: "name"),
    transform: choice)
  var data: Choice?
  @Option(help: ArgumentHelp("Matrix of x, instead of --data.", valueName: "file")) var x: String?
  @Option(help: ArgumentHelp("Matrix of y, instead of --data.", valueName: "file")) var y: String?

  enum Choice: Sendable {
    case known(DataSource)
    case file(String)
  }

  private static func choice(_ text: String) throws -> Choice {
    if text.contains(where: { ".:/".contains($0) }) { return .file(text) }
    return .known(try Parse.dataSource(text))
  }

  func validate() throws {
    guard (x == nil) == (y == nil) else { throw ValidationError("--x and --y go together; give both files.") }
    guard data == nil || x == nil else { throw ValidationError("--data and --x, --y exclude each other; choose one.") }
  }

  /// The data, rounded to a format where they come from files.
  func source(_ format: Format, _ output: OutputOptions, default standard: DataSource = .digits) throws -> DataSource {
    var (x, y) = (x, y)
    if case .file(let file) = data { (x, y) = (file, file) }
    guard let x, let y else {
      if case .known(let source) = data { return source }
      return standard
    }
    let (a, b) = (try NumberArray(x), try NumberArray(y))
    guard let m = a.rows.first?.count, let n = b.rows.first?.count, m == n else {
      throw Failure.badData("\(a.name) has shape \(a.shape), \(b.name) has shape \(b.shape); give matrices with rows of one length.")
    }
    let (rows, others) = (try values(a, format, output), try values(b, format, output))
    let note = "\(count(rows.count, "row")) of \(a.name) against \(count(others.count, "row")) of \(b.name)"
    return .rows(Rows(name: "files", note: Ending.oneLine(note), x: rows, y: others))
  }

  /// The rows, rounded once from what is written to the input format, as far as doubles can hold its values.
  private func values(_ array: NumberArray, _ format: Format, _ output: OutputOptions) throws -> [[Double]] {
    let rounder = try Rounder(to: format, overflow: .saturate)
    var clamped = 0
    let rows = try array.rows.enumerated().map { i, row in
      try row.enumerated().map { j, number -> Double in
        guard case .finite = number else {
          throw Failure.badData(
            "\(array.name): row \(i + 1), column \(j + 1) is \(number == .nan ? "NaN" : "infinite"), which has no rounding error "
              + "to measure; give finite numbers.")
        }
        let rounded = rounder.round(number)
        if rounded.flags.contains(.overflow) { clamped += 1 }
        return rounded.value.double
      }
    }
    if clamped > 0 {
      output.note(
        "\(clamped) of \(array.elements.count) elements of \(array.name) lie beyond the range of \(format) "
          + "and were clamped to it")
    }
    return rows
  }

  private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
