// SPDX-License-Identifier: Apache-2.0
// Arrays from text: one row a line, numbers separated by commas, tabs or spaces.

public import FoundationEssentials

extension Tensor {
  /// The array in UTF-8 text with one row a line; lines end in LF or CR LF.
  ///
  /// A line with a comma is split at its commas, any other at its runs of spaces and tabs. Numbers are
  /// decimal, scientific or C99 hex floats, `inf`, `infinity` or `nan`. Blank lines and lines that
  /// begin with `#` are skipped, and so is the first other line if its first field is not a number: it names the columns.
  ///
  /// - Shape: (columns) for one row, (rows) for one column, else (rows, columns).
  /// - Rounding: each number, of any length, is rounded once to the nearest binary64 number, ties to even;
  ///   beyond the range that is an infinity.
  /// - Errors: ``TensorError/notUTF8(line:)``, ``TensorError/notANumber(line:column:field:)``,
  ///   ``TensorError/ragged(line:fields:expected:)``, ``TensorError/noNumbers``.
  /// - Complexity: O(bytes) time and memory.
  public init(csv data: Data) throws(TensorError) {
    var elements: [Double] = []
    var columns = 0
    var rows = 0
    var mayBeHeader = true
    for (index, bytes) in try Tensor.lines(of: data).enumerated() {
      let line = trimmed(bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes)
      if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
      let fields = Tensor.fields(of: line)
      defer { mayBeHeader = false }
      if mayBeHeader, number(fields[0]) == nil { continue }

      for (column, field) in fields.enumerated() {
        guard let value = number(field) else {
          throw .notANumber(line: index + 1, column: column + 1, field: String(Substring(field)))
        }
        elements.append(value)
      }
      if rows == 0 { columns = fields.count }
      guard fields.count == columns else { throw .ragged(line: index + 1, fields: fields.count, expected: columns) }
      rows += 1
    }
    if rows == 0 { throw .noNumbers }
    self.init(shape: rows == 1 || columns == 1 ? [elements.count] : [rows, columns], elements: elements)
  }

  /// The lines of UTF-8 text, without the byte order mark that some editors put before the first.
  private static func lines(of data: Data) throws(TensorError) -> [Substring.UTF8View] {
    do {
      let text = String(copying: try UTF8Span(validating: data.span))
      let body = text.unicodeScalars.first == "\u{FEFF}" ? Substring(text.unicodeScalars.dropFirst()) : text[...]
      return body.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    } catch {
      throw .notUTF8(line: 1 + data.prefix(error.byteOffsets.lowerBound).count { $0 == UInt8(ascii: "\n") })
    }
  }

  private static func fields(of line: Substring.UTF8View) -> [Substring.UTF8View] {
    line.contains(UInt8(ascii: ","))
      ? line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map(trimmed)
      : line.split(whereSeparator: isBlank)
  }
}

/// The binary64 number nearest to the number that `field` spells; `nil` if it spells none.
///
/// The standard library's conversion is correctly rounded, but takes a NUL for the end of the text.
private func number(_ field: Substring.UTF8View) -> Double? {
  field.contains(0) ? nil : Double(Substring(field))
}

private func isBlank(_ byte: UInt8) -> Bool {
  byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
}

private func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
  var text = text.drop(while: isBlank)
  while let last = text.last, isBlank(last) { text.removeLast() }
  return text
}
