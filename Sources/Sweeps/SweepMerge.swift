// SPDX-License-Identifier: Apache-2.0
// The results of a sweep in one file, and what is missing of them.

internal import Formats
internal import Lab

/// Which cells of a sweep are done.
public struct SweepStatus: Sendable {
  /// Cells with a whole result.
  public let complete: Int
  /// Indices of cells without a result.
  public let missing: [Int]
  /// What is wrong with results that are none.
  public let strange: [String]

  /// Looks at the result of every cell. Complexity: O(cells) file accesses.
  public init(_ sweep: SweepDirectory) {
    var (complete, missing, strange) = (0, [Int](), [String]())
    for cell in sweep.cells {
      switch sweep.state(cell) {
      case .complete: complete += 1
      case .missing: missing.append(cell.index)
      case .strange(let reason): strange.append(reason)
      }
    }
    (self.complete, self.missing, self.strange) = (complete, missing, strange)
  }

  /// `3, 5-9, 12`, the first twenty runs of them.
  public static func ranges(_ cells: [Int]) -> String {
    var runs: [ClosedRange<Int>] = []
    for cell in cells {
      if let last = runs.last, last.upperBound == cell - 1 { runs[runs.count - 1] = last.lowerBound...cell } else { runs.append(cell...cell) }
    }
    let texts = runs.prefix(20).map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    return texts.joined(separator: ", ") + (runs.count > 20 ? ", ..." : "")
  }
}

extension SweepDirectory {
  /// How rows are written: CSV with a header, or a JSON object a line.
  public enum Table: Sendable { case csv, jsonLines }

  /// Writes the rows of all cells to a file, in their order, whole or not at all.
  ///
  /// - Throws: as ``rows(of:)``.
  public static func merge(_ directories: [SweepDirectory], to path: String, _ table: Table) throws(SweepError) {
    let kind = directories[0].specification.kind
    let rows = try rows(of: directories)
    let lines = table == .csv ? [csvLine(kind.columns)] + rows.map(csvLine) : rows.map { jsonLine(kind.columns, $0) }
    try write(path, lines.joined(separator: "\n") + "\n")
  }

  /// The rows of all cells in their order: ``SweepSpecification/Kind/columns``.
  ///
  /// - Parameter directories: of one sweep, each with some of its results (those of machines without a common file system).
  /// - Throws: `SweepError.incomplete` with the cells that are missing, those that are there twice, and sweeps that are not the first one.
  public static func rows(of directories: [SweepDirectory]) throws(SweepError) -> [[String]] {
    let first = directories[0]
    let others = directories.filter { $0.hash != first.hash }
    guard others.isEmpty else { throw .incomplete(others.map { "\($0.path) is of sweep \($0.hash), \(first.path) of \(first.hash)" }) }
    var (all, missing, problems) = ([[String]](), [Int](), [String]())
    for cell in first.cells {
      var rows: [(path: String, row: [String])] = []
      for directory in directories {
        switch directory.state(cell) {
        case .complete(let row): rows.append((directory.path, row))
        case .missing: break
        case .strange(let reason): problems.append(reason)
        }
      }
      if rows.count > 1 { problems.append("cell \(cell.index) is in \(rows.map(\.path).joined(separator: " and in "))") }
      guard let row = rows.first?.row else {
        missing.append(cell.index)
        continue
      }
      all.append(["\(cell.index)"] + row)
    }
    if !missing.isEmpty { problems.insert("\(missing.count) of \(first.cells.count) cells are missing: \(SweepStatus.ranges(missing)); run them (fmtlab sweep run)", at: 0) }
    guard problems.isEmpty else { throw .incomplete(problems) }
    return all
  }

  /// An object of the columns, in their order: numbers bare, what is unknown `null`, all else quoted.
  private static func jsonLine(_ columns: [String], _ row: [String]) -> String {
    let fields = zip(columns, row).map { column, text in
      let isNumber = !SweepSpecification.Kind.words.contains(column) && (Double(text)?.isFinite ?? false)
      return "\"\(column)\":" + (text.isEmpty ? "null" : isNumber ? text : json(text))
    }
    return "{" + fields.joined(separator: ",") + "}"
  }
}
