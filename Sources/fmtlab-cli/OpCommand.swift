// SPDX-License-Identifier: Apache-2.0
// fmtlab op: correctly rounded operations, one, many from standard input, or all operands of a format.

import ArgumentParser
import FmtLab

struct OpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "op", abstract: "Carry out a correctly rounded operation on values of a format.",
    discussion: "Operations: " + Operation.allCases.map { "\($0.rawValue) (\($0.formula))" }.joined(separator: ", ") + ".")

  @Argument(help: "The operation.", transform: OpCommand.operation) var name: Operation
  @Option(name: .customLong("in"), help: "Format of the operands.", transform: { try Format($0) }) var input: Format
  @Option(help: "Format of the result; by default that of the operands.", transform: { try Format($0) }) var to: Format?
  @Flag(help: "Operands are codes such as 0x3c.") var codes = false
  @Flag(help: "Run over all operands; with --csv print x, y and result as codes.") var all = false
  @OptionGroup var options: RoundingOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "Operands; - reads one operation a line from standard input.") var operands: [String] = []

  static func operation(_ text: String) throws -> Operation {
    guard let operation = Operation(rawValue: text.lowercased()) else {
      throw ValidationError("use one of \(Operation.allCases.map(\.rawValue).joined(separator: " ")).")
    }
    return operation
  }

  func run() throws {
    let rounder = try options.rounder(to: to ?? input)
    output.noteMeaning(of: input, rounder.format)
    if rounder.rounding.isStochastic { output.note("seed \(options.seed)") }
    if all {
      guard operands.isEmpty else { throw Failure.usage("--all takes every operand of \(input); drop \(operands.joined(separator: " ")).") }
      return try Exhaustion(name, input, rounder, seed: options.seed).run(output)
    }
    let isStream = operands == ["-"]
    let lines = isStream ? Input.standardInput().map(Input.fields).filter { !$0.isEmpty } : [operands]
    guard !lines.isEmpty else { throw Failure.badData("standard input holds no operands; give \(name.arity) a line.") }
    let random = RandomStream(seed: options.seed, "op")
    let outcomes = try lines.enumerated().map { i, texts in
      guard texts.count == name.arity else {
        let message = "\(name.rawValue) takes \(name.arity) operand\(name.arity == 1 ? "" : "s"), not \(texts.count)"
        throw isStream ? Failure.badData("line \(i + 1): \(message).") : Failure.usage("\(message): \(texts.joined(separator: " ")).")
      }
      let values = try texts.map(operand)
      let (exact, _) = name.evaluate(values, precision: 320, rounding: rounder.rounding)
      return Outcome(input: texts, exact: exact, name(values, rounder, draw: random.draw(i)), rounder.format)
    }
    try OutcomeReport(command: "op", format: rounder.format, rounding: rounder.rounding, seed: options.seed, outcomes).print(output)
  }

  /// The value of an operand: a code, or a number, which is rounded to nearest with a note if the format does not hold it.
  private func operand(_ text: String) throws -> Value {
    if codes {
      let digits = text.lowercased().hasPrefix("0x") ? text.dropFirst(2) : text[...]
      guard let code = Format.Code(digits, radix: 16), input.width == 128 || code >> Format.Code(input.width) == 0 else {
        throw Failure.badData("'\(text)' is not a code of \(input); codes are hexadecimal, 0x0 to \(Output.hex(.max >> Format.Code(128 - input.width))).")
      }
      return input.decode(code)
    }
    let rounded = try Rounder(to: input).round(try Extended(text: text))
    if !rounded.flags.isEmpty { output.note("\(text) is not a value of \(input); the operand is \(rounded.value.decimal())") }
    return rounded.value
  }
}

/// An operation over all operands of a format.
private struct Exhaustion {
  private let operation: Operation
  private let input: Format
  private let rounder: Rounder
  private let random: RandomStream
  private let seed: UInt64

  static let largest = 1 << 26

  init(_ operation: Operation, _ input: Format, _ rounder: Rounder, seed: UInt64) throws {
    guard operation.arity * input.width <= 26 else {
      throw Failure.usage("\(operation.rawValue) over \(input) has 2^\(operation.arity * input.width) cases; --all takes at most 2^26.")
    }
    (self.operation, self.input, self.rounder, self.seed) = (operation, input, rounder, seed)
    random = RandomStream(seed: seed, "op")
  }

  private struct Summary: Encodable {
    let schema = "fmtlab.op-all/1"
    let operation: String
    let `in`: String
    let to: String
    let rounding: String
    let seed: UInt64
    var cases = 0
    var exact = 0
    var inexact = 0
    var overflow = 0
    var underflow = 0
    var nan = 0
    var maxUlps = 0.0
    var meanError = 0.0
    var rmsError = 0.0
  }

  /// Results that overflowed or are NaN have no error and stay out of the three error figures.
  func run(_ output: OutputOptions) throws {
    let values = input.codes.map { input.decode(Format.Code($0)) }
    let inputCodes = output.csv ? input.codes.map { Output.hex(Format.Code($0)) } : []
    if output.csv { Output.print((["x", "y", "z"].prefix(operation.arity) + ["result"]).joined(separator: ",")) }
    var summary = Summary(
      operation: operation.rawValue, in: input.name, to: rounder.format.name, rounding: "\(rounder.rounding)", seed: seed)
    var (sum, squares, measured) = (0.0, 0.0, 0)
    let total = 1 << (operation.arity * input.width)
    var operands = [Value](repeating: .zero, count: operation.arity)
    for index in 0..<total {
      for i in 0..<operation.arity {
        operands[i] = values[index >> ((operation.arity - 1 - i) * input.width) & (values.count - 1)]
      }
      let (exact, isInexact) = operation.evaluate(operands, precision: 128, rounding: rounder.rounding)
      let extended = exact.extended(ternary: isInexact ? 1 : 0)
      let rounded = rounder.round(extended, draw: random.draw(index))
      if output.csv {
        let codes = (0..<operation.arity).map { inputCodes[index >> ((operation.arity - 1 - $0) * input.width) & (values.count - 1)] }
        Output.print((codes + [rounder.format.encode(rounded.value).map(Output.hex) ?? "-"]).joined(separator: ","))
        continue
      }
      summary.cases += 1
      if extended == .nan {
        summary.nan += 1
        continue
      }
      if rounded.flags.contains(.inexact) { summary.inexact += 1 } else { summary.exact += 1 }
      if rounded.flags.contains(.underflow) { summary.underflow += 1 }
      if rounded.flags.contains(.overflow) { summary.overflow += 1 }
      guard rounded.value.isFinite, !rounded.flags.contains(.overflow) else { continue }
      measured += 1
      guard rounded.flags.contains(.inexact) else { continue }
      let (error, ulps) = Outcome.error(of: rounded.value, exact, rounder.format)
      summary.maxUlps = max(summary.maxUlps, abs(ulps))
      sum += error
      squares += error * error
    }
    if output.csv { return }
    summary.meanError = measured == 0 ? 0 : sum / Double(measured)
    summary.rmsError = measured == 0 ? 0 : (squares / Double(measured)).squareRoot()
    if output.json { return try Output.json(summary) }
    Output.print("\(operation.rawValue) of all operands of \(input), rounded \(rounder.rounding) to \(rounder.format)")
    for (label, text) in [
      ("cases", "\(summary.cases)"), ("exact", "\(summary.exact)"), ("inexact", "\(summary.inexact)"), ("overflow", "\(summary.overflow)"),
      ("underflow", "\(summary.underflow)"), ("nan", "\(summary.nan)"), ("maxUlps", summary.maxUlps.shortDescription),
      ("meanError", summary.meanError.significant(6)), ("rmsError", summary.rmsError.significant(6)),
    ] {
      Output.print("  " + label + String(repeating: " ", count: 11 - label.count) + text)
    }
  }
}
