// SPDX-License-Identifier: Apache-2.0
// Tables of text that fit a terminal.

internal import Glibc

/// Rows of text under a header, columns aligned.
public struct Table {
  private var rows: [[String]]
  private let leftAligned: Set<Int>

  /// - Parameter leftAligned: columns that are words; the others are numbers, aligned on the right.
  public init(_ header: [String], leftAligned: Set<Int> = []) {
    rows = [header]
    self.leftAligned = leftAligned
  }

  /// Appends a row, with as many cells as the header has.
  public mutating func add(_ row: [String]) { rows.append(row) }

  /// The lines of the table, without trailing spaces.
  public func lines(indent: Int = 2) -> [String] {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max()! }
    return rows.map { row in
      let cells = row.indices.map { i -> String in
        let padding = String(repeating: " ", count: widths[i] - row[i].count)
        return leftAligned.contains(i) ? row[i] + padding : padding + row[i]
      }
      let line = String(repeating: " ", count: indent) + cells.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }
}

extension Double {
  /// Three significant digits: 0.0123, 1.50, 12.0, 1.2e-05, inf, nan.
  public var threeDigits: String { significant(3) }

  /// `digits` significant digits, in scientific form outside 10^-3 … 10^5.
  public func significant(_ digits: Int) -> String {
    guard isFinite, self != 0 else { return self == 0 ? "0" : isNaN ? "nan" : self < 0 ? "-inf" : "inf" }
    let text = scientific(digits)
    let parts = text.split(separator: "e")
    let exponent = Int(parts[1])!
    guard (-3...5).contains(exponent) else {
      return "\(parts[0])e\(exponent < 0 ? "-" : "+")\(abs(exponent) < 10 ? "0" : "")\(abs(exponent))"
    }
    let isNegative = parts[0].hasPrefix("-")
    let figures = parts[0].filter(\.isNumber)
    let plain: String
    if exponent < 0 {
      plain = "0." + String(repeating: "0", count: -exponent - 1) + figures
    } else if exponent + 1 >= figures.count {
      plain = figures + String(repeating: "0", count: exponent + 1 - figures.count)
    } else {
      plain = figures.prefix(exponent + 1) + "." + figures.dropFirst(exponent + 1)
    }
    return (isNegative ? "-" : "") + plain
  }

  /// d.dde±x with correctly rounded decimal digits.
  private func scientific(_ digits: Int) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
      _ = withVaList([Int32(digits - 1), self]) { vsnprintf(buffer.baseAddress!, buffer.count, "%.*e", $0) }
      return String(cString: buffer.baseAddress!)
    }
  }
}

/// A line of CSV; fields with a comma, quote or line break are quoted.
package func csvLine(_ fields: [String]) -> String {
  fields.map { field in
    field.utf8.contains { ",\"\n\r".utf8.contains($0) } ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
  }.joined(separator: ",")
}
