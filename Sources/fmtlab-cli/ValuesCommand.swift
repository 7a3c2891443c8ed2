// SPDX-License-Identifier: Apache-2.0
// fmtlab values: every code of a format.

import ArgumentParser
import FmtLab

struct ValuesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "values", abstract: "List every code of a format with its value.",
    usage: "fmtlab values <format> [--json] [--csv]",
    discussion: """
      In the order of the codes: class (zero, subnormal, normal, infinity, nan), the value in
      decimal (exact unless it has more digits than a binary64 number needs), and the exact
      value in hexadecimal.

        fmtlab values e2m1fn
      """)

  @Argument(help: ArgumentHelp("The format, of at most 24 bits.", valueName: "format"), transform: { try NamedFormat($0) })
  var named: NamedFormat
  @OptionGroup var output: OutputOptions

  /// Rows are printed as they come: the largest formats have 2^24.
  func run() throws {
    let list: CodeList
    switch named {
    case .plain(let format):
      list = CodeList(format)
      output.noteMeaning(of: format)
    case .logarithmic(let format): list = CodeList(format)
    case .scaled(let format):
      throw Failure.usage("\(format): its numbers share scales; `fmtlab values \(format.element)` lists its elements.")
    }
    guard list.width <= 24 else {
      throw Failure.usage("\(named.name) has 2^\(list.width) codes; values lists formats of at most 24 bits.")
    }
    if output.json {
      printJSON(list)
    } else if output.csv {
      Output.print("code,class,value,hex")
      for code in list.codes { Output.print(list.row(code).joined(separator: ",")) }
    } else {
      printText(list)
    }
  }

  private func printJSON(_ list: CodeList) {
    Output.print("{\n  \"name\" : \"\(named.name)\",\n  \"schema\" : \"fmtlab.values/1\",\n  \"values\" : [")
    let last = list.codes.upperBound - 1
    for code in list.codes {
      let (row, double) = (list.row(code), list.double(code))
      let number = double.isFinite ? double.shortDescription : "\"\(double)\""
      Output.print(
        "    {\"code\": \"\(row[0])\", \"class\": \"\(row[1])\", \"value\": \(number), \"hex\": \"\(row[3])\"}\(code == last ? "" : ",")")
    }
    Output.print("  ]\n}")
  }

  private func printText(_ list: CodeList) {
    // The longest values stand at the ends of the range and among the subnormals.
    let widths = [max(4, (list.width + 3) / 4 + 2), 9, list.fitsDouble ? 24 : 48]
    func line(_ fields: [String]) -> String {
      zip(fields, widths).map { $0.padding(to: $1) + "  " }.joined() + fields[3]
    }
    Output.print(line(["code", "class", "value", "hex"]))
    for code in list.codes { Output.print(line(list.row(code))) }
  }
}

/// Every code of a format, with its class and value.
private struct CodeList {
  let width: Int
  let codes: Range<UInt64>
  /// Whether doubles hold all values.
  let fitsDouble: Bool
  let double: (UInt64) -> Double
  /// code, class, value, hex.
  let row: (UInt64) -> [String]

  init(_ format: Format) {
    width = format.width
    codes = width <= 24 ? format.codes : 0..<1
    fitsDouble = format.maxFinite.magnitude < .power(1024) && format.quantumExponent >= -1074
    double = { format.decode(Format.Code($0)).double }
    row = { code in
      let value = format.decode(Format.Code(code))
      return [Output.hex(Format.Code(code)), format.classify(value).rawValue, value.text(), value.hexDescription]
    }
  }

  /// The values of a logarithmic format are irrational: their nearest doubles.
  init(_ format: LogarithmicFormat) {
    width = format.width
    codes = width <= 24 ? format.codes : 0..<1
    fitsDouble = true
    double = { format.decode(Format.Code($0)).double }
    row = { code in
      let value = Value(format.decode(Format.Code(code)).double)
      let kind = value == .nan ? "nan" : value.isZero ? "zero" : "normal"
      return [Output.hex(Format.Code(code)), kind, value.text(), value.hexDescription]
    }
  }
}
