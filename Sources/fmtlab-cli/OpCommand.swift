// SPDX-License-Identifier: Apache-2.0
// fmtlab op: correctly rounded operations, one, or one a line of standard input.

import ArgumentParser
import FmtLab

struct OpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "op", abstract: "Carry out a correctly rounded operation on values of a format.",
    usage: """
      fmtlab op <operation> --in <format> [<options>] <x> [<y> [<z>]]
      fmtlab op <operation> --in <format> [<options>] -
      fmtlab op <operation> --in <format> [<options>] --all
      """,
    discussion: """
      Operations:
      \(Operation.allCases.map { "  " + $0.rawValue.padding(to: 24) + $0.formula }.joined(separator: "\n"))

      Operands are values of the input format; a number that is not one is first rounded
      to nearest, with a note. The exact result is rounded once, also when the result has
      another format. Names of IEEE P3109 (Recip, LogOnePlus, ArcSinPi) are taken too, and its
      rules for poles in its formats (1/0 is NaN). With -, each line of standard input is one operation. With --all,
      every operand (pair, triple) is taken, and statistics or, with --csv, all results
      are printed; overflows and NaN stay out of the errors. --plot draws the errors over the
      codes of the operands.

        fmtlab op fma --in e5m2 20 24 -1.52587890625e-05
        fmtlab op mul --in fp16 --codes 0x3c00 0xbc01 --to fp32
        fmtlab op mul --in e4m3 --to e4m3 --all --plot mul.png

      For the printed fields see `fmtlab round --help`. A stochastic rounding of
      operation i takes draw i of the seed.
      """)

  @Argument(help: ArgumentHelp("One of the operations above.", valueName: "operation"), transform: Parse.operation) var name: Operation
  @Option(name: .customLong("in"), help: ArgumentHelp("Format of the operands.", valueName: "format"), transform: Parse.format)
  var input: Format
  @Option(help: ArgumentHelp("Format of the result. (default: that of the operands)", valueName: "format"), transform: Parse.format)
  var to: Format?
  @Flag(help: "Operands are codes, in hexadecimal such as 0x3c.") var codes = false
  @Flag(help: "Take all operands; with --csv, print x, y, z and the result as codes.") var all = false
  @OptionGroup var picture: PlotOptions
  @OptionGroup var options: RoundingOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: ArgumentHelp("Operands; - for one operation a line of standard input.", valueName: "operand"))
  var operands: [String] = []

  func validate() throws {
    guard all || !picture.isAsked else { throw ValidationError("--plot draws the errors of all operands; add --all.") }
  }

  func run() throws {
    try picture.check(output)
    let rounder = try options.rounder(to: to ?? input)
    output.noteMeaning(of: input, rounder.format)
    if rounder.rounding.isStochastic { output.note("seed \(options.seed)") }
    if all {
      guard operands.isEmpty else {
        throw Failure.usage("--all takes every operand of \(input); leave out \(operands.map(Input.plain).joined(separator: " ")).")
      }
      return try Exhaustion(name, input, rounder, seed: options.seed).run(picture, output)
    }
    let isStream = operands == ["-"]
    guard isStream || !operands.contains("-") else { throw Failure.usage("- stands for whole lines of operands; give it alone.") }
    let random = RandomStream(seed: options.seed, "op")
    let convention = Operation.Convention(of: input)
    var outcomes: [Outcome] = []
    var roundings: [String] = []
    let lines = try isStream ? Input.lines().map(Input.fields).enumerated().map { ($0 + 1, $1) } : [(0, operands.map(Input.plain))]
    for (line, texts) in lines {
      if isStream && texts.isEmpty { continue }
      guard texts.count == name.arity else {
        let message = "\(name.rawValue) takes \(name.arity) operand\(name.arity == 1 ? "" : "s"), not \(texts.count)"
        throw isStream
          ? Failure.badData("line \(line) of standard input: \(message).") : Failure.usage("\(message).", help: "fmtlab op --help")
      }
      let values = try texts.map { try operand($0, isStream ? line : nil, &roundings) }
      if rounder.overflow == .wrap { try rounder.checkWrapping(name.extended(values), "\(name.rawValue) \(texts.joined(separator: " "))") }
      let rounded = name(values, rounder, draw: random.draw(outcomes.count), convention: convention)
      outcomes.append(Outcome(.several(texts), ExactResult(name, values, rounder, convention, rounded.value), rounded, rounder.format))
    }
    guard !outcomes.isEmpty else { throw Failure.badData("standard input holds no operands; give \(name.arity) a line.") }
    roundings.prefix(4).forEach(output.note)
    if roundings.count > 4 { output.note("and so were \(roundings.count - 4) more operands") }
    try OutcomeReport("op", operation: name, rounder, seed: options.seed, outcomes).print(output)
  }

  /// The value of an operand: a code, or a number, which is rounded to nearest, with a note, if the format does not hold it.
  private func operand(_ text: String, _ line: Int?, _ roundings: inout [String]) throws -> Value {
    let place = line.map { "line \($0) of standard input: " } ?? ""
    if codes {
      let digits = text.lowercased().hasPrefix("0x") ? text.dropFirst(2) : text[...]
      guard digits.allSatisfy(\.isHexDigit), let code = Format.Code(digits, radix: 16),
        input.width == 128 || code >> Format.Code(input.width) == 0
      else {
        throw Failure.badData(
          "\(place)'\(text)' is not a code of \(input); "
            + "codes are hexadecimal, 0x0 to \(Output.hex(.max >> Format.Code(128 - input.width))).")
      }
      return input.decode(code)
    }
    let number: Extended
    do { number = try Extended(text: text) } catch { throw Failure.badData("\(place)\(error)") }
    let rounded = try Rounder(to: input).round(number)
    if rounded.value == .nan, !input.hasNaN {
      roundings.append(
        number == .nan
          ? "\(input) has no NaN; the operand is NaN all the same" : "\(text) was rounded to \(input), which has no NaN for it")
    } else if !rounded.flags.isEmpty {
      let hex = rounded.value.dyadic.map { $0.isZero ? "" : " (\($0.hexDescription))" } ?? ""
      roundings.append("\(text) was rounded to \(input): the operand is \(rounded.value.text(digits: 17))\(hex)")
    }
    return rounded.value
  }
}

extension String {
  func padding(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - count)) }
}
