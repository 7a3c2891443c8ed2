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

  @Argument(help: ArgumentHelp("The format, of at most 24 bits.", valueName: "format"), transform: { try Format($0) }) var format: Format
  @OptionGroup var output: OutputOptions

  /// Rows are printed as they come: the largest formats have 2^24.
  func run() throws {
    guard format.width <= 24 else {
      throw Failure.usage("\(format) has 2^\(format.width) codes; values lists formats of at most 24 bits.")
    }
    output.noteMeaning(of: format)
    if output.json {
      printJSON()
    } else if output.csv {
      Output.print("code,class,value,hex")
      for code in format.codes { Output.print(row(code).joined(separator: ",")) }
    } else {
      printText()
    }
  }

  private func row(_ code: UInt64) -> [String] {
    let value = format.decode(Format.Code(code))
    return [Output.hex(Format.Code(code)), format.classify(value).rawValue, value.text(), value.hexDescription]
  }

  private func printJSON() {
    Output.print("{\n  \"name\" : \"\(format)\",\n  \"schema\" : \"fmtlab.values/1\",\n  \"values\" : [")
    let last = format.codes.upperBound - 1
    for code in format.codes {
      let value = format.decode(Format.Code(code))
      let number = value.double.isFinite ? value.double.shortDescription : "\"\(value.double)\""
      Output.print(
        "    {\"code\": \"\(Output.hex(Format.Code(code)))\", \"class\": \"\(format.classify(value).rawValue)\", "
          + "\"value\": \(number), \"hex\": \"\(value.hexDescription)\"}\(code == last ? "" : ",")")
    }
    Output.print("  ]\n}")
  }

  private func printText() {
    // The longest values stand at the ends of the range and among the subnormals.
    let fitsDouble = format.maxFinite.magnitude < .power(1024) && format.quantumExponent >= -1074
    let widths = [max(4, (format.width + 3) / 4 + 2), 9, fitsDouble ? 24 : 48]
    func line(_ fields: [String]) -> String {
      zip(fields, widths).map { $0.padding(to: $1) + "  " }.joined() + fields[3]
    }
    Output.print(line(["code", "class", "value", "hex"]))
    for code in format.codes { Output.print(line(row(code))) }
  }
}
