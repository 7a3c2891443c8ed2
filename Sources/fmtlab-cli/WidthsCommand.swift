// SPDX-License-Identifier: Apache-2.0
// fmtlab widths: how wide a fixed-point accumulator must be to be exact.

import ArgumentParser
import FmtLab

struct WidthsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "widths", abstract: "Print the widths of fixed-point accumulators that make dot products exact.",
    usage: "fmtlab widths --format <format> [--by <format>] [--n <lengths>] [--json] [--csv]",
    discussion: """
      The accumulator counts in units of the smallest product, and holds every sum of n products
      of finite values: no rounding, no overflow, whatever the data and the order. width is in
      bits with the sign; accumulator is the format of that width. For integers, a2q is the width
      from the data types alone, 2^(N-1) |w| for signed inputs of N bits.

        fmtlab widths --format e4m3fn --n 1024,4096
        fmtlab widths --format uq8.0 --by q4.0 --n 1024
      """)

  @Option(help: ArgumentHelp("Format of x.", valueName: "format"), transform: Parse.format) var format: Format
  @Option(help: ArgumentHelp("Format of y. (default: that of x)", valueName: "format"), transform: Parse.format) var by: Format?
  @Option(help: ArgumentHelp("Lengths of dot products. (default: 1,16,64,256,1024,4096)", valueName: "lengths"), transform: Parse.counts)
  var n: [Int] = [1, 16, 64, 256, 1024, 4096]
  @OptionGroup var output: OutputOptions

  private struct Row: Encodable {
    let n: Int
    let width: Int
    @Nullable var accumulator: String?
    @Nullable var a2q: Int?
  }

  private struct Document: Encodable {
    let schema = "fmtlab.widths/1"
    let format, by: String
    /// log₂ of the unit of the products.
    let quantumExponent: Int
    let productMagnitudeBits: Int
    let results: [Row]
  }

  func run() throws {
    let other = by ?? format
    output.noteMeaning(of: format, other)
    let rows = n.map { n in
      let exact = ExactAccumulator(products: format, other, count: n)
      return Row(n: n, width: exact.width, accumulator: exact.format?.name, a2q: a2q(format, other, n))
    }
    let product = ExactAccumulator(products: format, other, count: 1)
    let document = Document(
      format: format.name, by: other.name, quantumExponent: product.quantumExponent,
      productMagnitudeBits: product.productMagnitudeBits, results: rows)
    if output.json { return try Output.json(document) }
    func cells(_ row: Row) -> [String] { ["\(row.n)", "\(row.width)", row.accumulator ?? "", row.a2q.map(String.init) ?? ""] }
    if output.csv {
      Output.csv(["n", "width", "accumulator", "a2q"])
      return rows.map(cells).forEach(Output.csv)
    }
    let hasBound = rows.contains { $0.a2q != nil }
    var table = Table(["n", "width", "accumulator"] + (hasBound ? ["a2q"] : []))
    for row in rows { table.add(cells(row).prefix(hasBound ? 4 : 3).map { $0.isEmpty ? "-" : $0 }) }
    Output.print("\(format) by \(other): products of \(product.productMagnitudeBits) bits in units of 2^\(product.quantumExponent)")
    Output.print(table.lines())
  }

  /// The bound of data types, for integer inputs and signed integer weights.
  private func a2q(_ x: Format, _ w: Format, _ n: Int) -> Int? {
    guard x.isFixed, w.isFixed, x.quantumExponent == 0, w.quantumExponent == 0, w.isSigned else { return nil }
    return OverflowFreeWidth.dataType(terms: n, inputBits: x.width, inputIsSigned: x.isSigned, weightBits: w.width)
  }
}
