// SPDX-License-Identifier: Apache-2.0
// fmtlab round: numbers into a format, each rounded exactly once.

import ArgumentParser
import FmtLab

struct RoundCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "round", abstract: "Round numbers to a format, exactly once.",
    discussion: """
      Numbers are decimal of any length, C99 hexadecimal, inf or nan. error is value - input; ulps is the error in units of the
      format's spacing there. A stochastic rounding of number i takes draw i of the seed.
      """)

  @Option(help: "The format.", transform: { try Format($0) }) var to: Format
  @OptionGroup var options: RoundingOptions
  @OptionGroup var output: OutputOptions
  @Argument(help: "Numbers; - reads them from standard input.") var numbers: [String]

  func run() throws {
    let rounder = try options.rounder(to: to)
    output.noteMeaning(of: to)
    if rounder.rounding.isStochastic { output.note("seed \(options.seed)") }
    let random = RandomStream(seed: options.seed, "round")
    let inputs = Input.numbers(numbers)
    guard !inputs.isEmpty else { throw Failure.badData("standard input holds no numbers; give at least one.") }
    let outcomes = try inputs.enumerated().map { i, text in
      let rounded = rounder.round(try Extended(text: text), draw: random.draw(i))
      return Outcome(input: [text], exact: try BigFloat(text: text), rounded, to)
    }
    try OutcomeReport(command: "round", format: to, rounding: rounder.rounding, seed: options.seed, outcomes).print(output)
  }
}

/// Outcomes as JSON, CSV or a table.
struct OutcomeReport: Encodable {
  private let schema: String
  private let format: String
  private let rounding: String
  private let seed: UInt64
  private let results: [Outcome]

  init(command: String, format: Format, rounding: Rounding, seed: UInt64, _ results: [Outcome]) {
    schema = "fmtlab.\(command)/1"
    (self.format, self.rounding, self.seed, self.results) = (format.name, "\(rounding)", seed, results)
  }

  private enum CodingKeys: String, CodingKey { case schema, format, rounding, seed, results }

  /// With one result, its fields also stand at the top of the document.
  func encode(to encoder: any Encoder) throws {
    if results.count == 1 { try results[0].encode(to: encoder) }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(schema, forKey: .schema)
    try container.encode(format, forKey: .format)
    try container.encode(rounding, forKey: .rounding)
    try container.encode(seed, forKey: .seed)
    try container.encode(results, forKey: .results)
  }

  func print(_ output: OutputOptions) throws {
    if output.json { return try Output.json(self) }
    if output.csv {
      Output.csv(["input"] + Outcome.columns)
      for outcome in results { Output.csv([outcome.input.joined(separator: " ")] + outcome.fields) }
      return
    }
    func short(_ text: String, _ limit: Int) -> String { text.count > limit ? text.prefix(limit - 3) + "..." : text }
    if results.count == 1 {
      let outcome = results[0]
      Output.print(outcome.text)
      for (label, field) in zip(Outcome.columns, outcome.fields) where label != "value" && !field.isEmpty {
        Output.print("  \(label)" + String(repeating: " ", count: 7 - label.count) + field)
      }
      return
    }
    var table = Table(["input", "value", "code", "error", "ulps", "flags"], leftAligned: [0, 5])
    for outcome in results {
      table.add([
        short(outcome.input.joined(separator: " "), 30), short(outcome.text, 24), outcome.code ?? "-", outcome.error.significant(6),
        outcome.ulps.significant(4), outcome.flags.joined(separator: " "),
      ])
    }
    table.lines(indent: 0).forEach(Output.print)
  }
}
