// SPDX-License-Identifier: Apache-2.0
// An implementation's results as CSV: operands and result as codes or values, and the subset that an input belongs to.

import FmtLab
import FoundationEssentials
import Glibc

struct ResultTable {
  /// What to call it in messages.
  let name: String
  /// The lines after the header, with their numbers.
  let lines: ArraySlice<(number: Int, text: String)>

  private let operandColumns: [Int]
  private let resultColumn: Int
  private let subsetColumn: Int?
  private let columnCount: Int
  private let operands: Reader
  private let results: Reader

  struct Row {
    let operands: [Value]
    let result: Value
    let subset: String?
  }

  init(_ path: String, _ operation: Operation, _ input: Format, _ target: Format) throws {
    name = path == "-" ? "standard input" : path
    let texts = path == "-" ? try Input.lines() : try ResultTable.lines(ofFile: path)
    let numbered = texts.enumerated().map { (number: $0 + 1, text: $1) }.filter {
      !$0.text.allSatisfy(\.isWhitespace) && !$0.text.hasPrefix("#")
    }
    guard let header = numbered.first else { throw Failure.badData("\(name) is empty; give a header and a line an input.") }
    let names = ResultTable.fields(header.text).map { $0.lowercased() }
    let variables = Array(["x", "y", "z"].prefix(operation.arity))
    let required = variables + ["result"]
    guard Set(names).isSubset(of: required + ["subset"]), Set(required).isSubset(of: names), Set(names).count == names.count else {
      throw Failure.badData(
        "\(name), line \(header.number): the header is '\(header.text)', not \(required.joined(separator: ",")) (and perhaps subset); "
          + "\(operation.rawValue) takes \(operation.arity) operand\(operation.arity == 1 ? "" : "s").")
    }
    operandColumns = variables.map { names.firstIndex(of: $0)! }
    resultColumn = names.firstIndex(of: "result")!
    subsetColumn = names.firstIndex(of: "subset")
    columnCount = names.count
    (operands, results) = (try Reader(input), try Reader(target))
    lines = numbered.dropFirst()
  }

  /// The row of a line.
  func row(_ line: (number: Int, text: String)) throws -> Row? {
    let fields = ResultTable.fields(line.text)
    let place = "\(name), line \(line.number)"
    guard fields.count == columnCount else {
      throw Failure.badData("\(place): \(fields.count) field\(fields.count == 1 ? "" : "s"), not the header's \(columnCount).")
    }
    return Row(
      operands: try operandColumns.map { try operands.value(fields[$0], place) },
      // Formats without NaN have no code for it: `op --csv` leaves the field empty.
      result: fields[resultColumn].isEmpty ? .nan : try results.value(fields[resultColumn], place, allowsNaN: true),
      subset: subsetColumn.map { fields[$0] })
  }

  /// Reads the values of a format.
  private struct Reader {
    let format: Format
    let rounder: Rounder

    init(_ format: Format) throws { (self.format, rounder) = (format, try Rounder(to: format)) }

    /// The value of a code, `0x` and hexadecimal digits alone, or of a number.
    func value(_ text: String, _ place: String, allowsNaN: Bool = false) throws -> Value {
      let digits = text.lowercased().hasPrefix("0x") ? text.dropFirst(2) : ""
      if !digits.isEmpty, digits.allSatisfy(\.isHexDigit) {
        guard let code = Format.Code(digits, radix: 16), format.width == 128 || code >> Format.Code(format.width) == 0 else {
          let last = Output.hex(.max >> Format.Code(128 - format.width))
          throw Failure.badData("\(place): '\(text)' is not a code of \(format); codes are 0x0 to \(last).")
        }
        return format.decode(code)
      }
      let number: Extended
      do { number = try Extended(text: text) } catch { throw Failure.badData("\(place): \(error)") }
      let rounded = rounder.round(number)
      let isNaN = number == .nan && (format.hasNaN || allowsNaN)
      guard isNaN || rounded.flags.isEmpty && !rounded.value.isNaN else {
        let nearest = rounded.value.text(digits: 17)
        throw Failure.badData("\(place): '\(text)' is not a value of \(format) (the nearest is \(nearest)); give a value or its code.")
      }
      return rounded.value
    }
  }

  private static func lines(ofFile path: String) throws -> [String] {
    var status = stat()
    let problem: String
    if stat(path, &status) != 0 || access(path, R_OK) != 0 {
      problem = Output.reason(errno)
    } else if status.st_mode & S_IFMT == S_IFDIR {
      problem = "it is a directory"
    } else if let data = try? Data(contentsOf: URL(filePath: path)) {
      let text = Substring(String(decoding: data, as: UTF8.self)).utf8
      let body = text.starts(with: "\u{FEFF}".utf8) ? text.dropFirst(3) : text
      return body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
        String(Substring($0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0))
      }
    } else {
      problem = "reading failed"
    }
    throw Failure.file("cannot read '\(path)': \(problem); give --impl a CSV file, or - for standard input.")
  }

  /// The fields of a line of CSV without the blanks around them; quoted ones may hold commas.
  private static func fields(_ line: String) -> [String] {
    var fields: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    for byte in line.utf8 {
      if byte == UInt8(ascii: "\"") {
        isQuoted.toggle()
      } else if byte == UInt8(ascii: ","), !isQuoted {
        fields.append(trimmed(field))
        field = []
      } else {
        field.append(byte)
      }
    }
    return fields + [trimmed(field)]
  }

  private static func trimmed(_ bytes: [UInt8]) -> String {
    func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r") }
    var rest = bytes.drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return String(decoding: rest, as: UTF8.self)
  }
}
