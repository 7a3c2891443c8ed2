// SPDX-License-Identifier: Apache-2.0
// fmtlab expansion eval: arithmetic on expansions, beside the exact result.

import ArgumentParser
import FmtLab

struct ExpansionEvalCommand: ParsableCommand {
  enum Operation: String, CaseIterable {
    case hold, add, sub, mul, div, sqrt, scale, compare

    var takesTwo: Bool { self != .hold && self != .sqrt }
  }

  static let configuration = CommandConfiguration(
    commandName: "eval", abstract: "Compute with numbers that are held as sums of narrow ones.",
    usage: "fmtlab expansion eval <operation> <x> [<y>] --format <format> [--terms <k>] [<options>]",
    discussion: """
      x and y become expansions of k terms: x0 = o(x), x1 = o(x - x0), ... . Operations: hold
      (x itself), add, sub, mul, div, sqrt, scale (by y rounded to one number), compare.
      The error is that of the result against the exact operation on the expansions.

        fmtlab expansion eval mul 3.14159 2.71828 --format e4m3fn --terms 2
        fmtlab expansion eval add 1 0x1p-9 --format bf16 --full
        fmtlab expansion eval hold 0.1 --format e3m4 --terms 4
      """)

  @Argument(
    help: ArgumentHelp("One of the operations above.", valueName: "operation"),
    transform: {
      guard let operation = Operation(rawValue: $0.lowercased()) else {
        throw ValidationError("unknown operation '\($0)'; use one of \(Operation.allCases.map(\.rawValue).joined(separator: " ")).")
      }
      return operation
    })
  var operation: Operation
  @Argument(help: ArgumentHelp("Numbers: decimal of any length or C99 hexadecimal.", valueName: "number")) var numbers: [String]
  @OptionGroup var options: ExpansionOptions
  @Option(help: ArgumentHelp("Terms, 1 to 16. (default: 2)", valueName: "k"), transform: { try Parse.integer($0, in: 1...16) }) var terms: Int = 2
  @Flag(help: "Keep all terms of add, sub, mul and scale: to nearest they are exact.") var full = false
  @OptionGroup var output: OutputOptions

  func run() throws {
    let rounder = try options.rounder()
    let format = rounder.format
    guard format.isFloating, format.isSigned, (2...53).contains(format.precision), format.minPositive == .power(format.quantumExponent),
      format.quantumExponent >= -1074, format.maxFinite.floorLog2 <= 1023
    else {
      throw Failure.usage("--format \(format): expansions are made of signed floating-point numbers with subnormals, of 2 to 53 bits and within the range of fp64.")
    }
    guard !rounder.rounding.isStochastic else {
      throw Failure.usage("--rounding \(rounder.rounding): expansions need errors that are numbers; use rne, rna or rnz, or see what rz ru rd ro do.")
    }
    let count = operation.takesTwo ? 2 : 1
    guard numbers.count == count else {
      throw Failure.usage("\(operation.rawValue) takes \(count) number\(count == 1 ? "" : "s"), not \(numbers.count).", help: "fmtlab expansion eval --help")
    }
    output.noteMeaning(of: rounder.format)
    let texts = numbers.map(Input.plain)
    let operands = try texts.enumerated().map { i, text in
      let number = try BigFloat(text: text)
      guard !number.isNaN && !number.isInfinite else { throw Failure.badData("'\(text)' is not finite; give a finite number.") }
      // (Zero that is not written as zero is a number below MPFR's range.)
      guard number.exponent.map({ abs($0) < 1 << 20 }) ?? ExpansionEvalCommand.isWrittenAsZero(text) else {
        throw Failure.badData("'\(text)' is too large or too small; give 0 or a number between 2^-1000000 and 2^1000000 in magnitude.")
      }
      // A scaling is by one number.
      return Held(text, number, Expansion(number, terms: operation == .scale && i == 1 ? 1 : terms, in: rounder))
    }
    if operation == .div && operands[1].expansion.comparison(to: Expansion(.zero, terms: 1, in: rounder)) == 0 { throw Failure.badData("'\(texts[1])' is zero in \(rounder.format): no quotient.") }
    if operation == .sqrt && operands[0].expansion.terms.first?.isNegative == true { throw Failure.badData("'\(texts[0])' is negative: no root.") }
    let report = ExpansionEvalReport(self, rounder, operands)
    if output.json {
      try Output.json(report)
    } else if output.csv {
      Output.csv(["term", "value", "hex"])
      for (i, t) in report.result.terms.enumerated() { Output.csv(["\(i)", t.shortDescription, report.result.hex[i]]) }
    } else {
      report.print()
    }
  }

  /// Whether a number's digits before the exponent are all 0.
  private static func isWrittenAsZero(_ text: String) -> Bool {
    let text = text.lowercased().drop { $0 == "+" || $0 == "-" }
    let digits = text.hasPrefix("0x") ? text.dropFirst(2).prefix { $0 != "p" } : text.prefix { $0 != "e" }
    return digits.allSatisfy { $0 == "0" || $0 == "." }
  }

  /// A number as given, and as it is held.
  struct Held {
    let text: String
    let number: BigFloat
    let expansion: Expansion
    init(_ text: String, _ number: BigFloat, _ expansion: Expansion) { (self.text, self.number, self.expansion) = (text, number, expansion) }
  }
}
