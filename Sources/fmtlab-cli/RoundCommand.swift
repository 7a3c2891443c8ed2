// SPDX-License-Identifier: Apache-2.0
// fmtlab round: numbers into a format, each rounded exactly once.

import ArgumentParser
import FmtLab

struct RoundCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "round", abstract: "Round numbers to a format, each exactly once.",
    usage: "fmtlab round --to <format> [<options>] <number> ... | -",
    discussion: """
      Numbers are decimal of any length, C99 hexadecimal, inf or nan; - reads them from
      standard input, separated by white space, commas or semicolons.

        fmtlab round --to bf16 1.00390625 -0x1.8p-3
        fmtlab round --to e4m3fn --overflow saturate 465 --json

      exact   the number itself: all its digits if they are 40 or fewer, otherwise
              rounded to 40, trailing zeros included (in JSON, exactIsRounded)
      value   the result: the shortest decimal that a binary64 number has, 40 digits
              beyond binary64; hex is always exact
      error   value - exact
      ulps    error in units of the format's spacing at the exact number
      flags   inexact, overflow, underflow (inexact and below the normal range),
              invalid (NaN)

      A stochastic rounding of number i takes draw i of the seed. The values of logarithmic
      formats (lns4.3) are irrational: value and hex are the doubles nearest to them.
      """)

  @Option(help: ArgumentHelp("The format.", valueName: "format"), transform: { try NamedFormat($0) }) var to: NamedFormat
  @OptionGroup var options: RoundingOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: ArgumentHelp("Numbers; - for those on standard input.", valueName: "number")) var numbers: [String]

  func run() throws {
    switch to {
    case .plain(let format): try run(format)
    case .logarithmic(let format): try run(format)
    case .scaled(let format):
      throw Failure.usage(
        "--to \(format): numbers in it share a scale; `fmtlab quantize` takes arrays, and --to \(format.element) rounds elements.")
    }
  }

  private func inputs() throws -> [String] {
    let inputs = try Input.numbers(numbers)
    guard !inputs.isEmpty else { throw Failure.badData("standard input holds no numbers; give at least one.") }
    return inputs
  }

  private func run(_ format: Format) throws {
    let rounder = try options.rounder(to: format)
    output.noteMeaning(of: format)
    if rounder.rounding.isStochastic { output.note("seed \(options.seed)") }
    let random = RandomStream(seed: options.seed, "round")
    let outcomes = try inputs().enumerated().map { i, text in
      let number = try Extended(text: text)
      try rounder.checkWrapping(number, text)
      let rounded = rounder.round(number, draw: random.draw(i))
      return Outcome(.number(text), try ExactResult(literal: text, rounded.value), rounded, format)
    }
    try OutcomeReport("round", rounder, seed: options.seed, outcomes).print(output)
  }

  private func run(_ format: LogarithmicFormat) throws {
    guard let mode = LogarithmicRounding(options.rounding), options.overflow ?? .saturate == .saturate, options.subnormals == .keep else {
      throw Failure.usage("\(format) rounds by rne (nearest logarithm), rz, ru or rd, and saturates; choose one of these.")
    }
    let rounder = LogarithmicRounder(to: format, mode)
    let outcomes = try inputs().map { text in
      guard let rounded = rounder.round(try Extended(text: text)) else {
        throw Failure.badData("'\(text)' lies within 2^-128 of where the rounding to \(format) changes over; give fewer digits.")
      }
      return Outcome(.number(text), try ExactResult(literal: text, error: rounded.error), rounded, format)
    }
    try OutcomeReport("round", format: format.name, rounding: "\(options.rounding)", seed: options.seed, outcomes).print(output)
  }
}

extension LogarithmicRounding {
  /// The mode of a logarithmic format that a mode of the others means; nil if there is none.
  fileprivate init?(_ rounding: Rounding) {
    switch rounding {
    case .nearestEven: self = .nearestLogarithm
    case .towardZero: self = .towardZero
    case .up: self = .up
    case .down: self = .down
    default: return nil
    }
  }
}

extension Rounder {
  /// Numbers reach the rounder with 128 bits; a residue modulo 2^width needs all bits down to the last place.
  func canWrap(_ number: Extended) -> Bool {
    guard overflow == .wrap, case .finite(let x) = number, x.isSticky, x.magnitude != 0 else { return true }
    return x.floorLog2 - format.quantumExponent < 120
  }

  func checkWrapping(_ number: Extended, _ text: String) throws {
    guard !canWrap(number) else { return }
    throw Failure.badData(
      "'\(text)' is too large to wrap exactly; with --overflow wrap give numbers below 2^\(120 + format.quantumExponent).")
  }
}
