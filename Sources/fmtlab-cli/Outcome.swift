// SPDX-License-Identifier: Apache-2.0
// One rounded result beside the exact one, as `round` and `op` print it.

import FmtLab
import Glibc

/// An exact result, and how much of it is known.
struct ExactResult {
  /// The result, or its leading part.
  let number: BigFloat
  /// In decimal, at most 40 significant digits.
  let decimal: DecimalText
  /// value − exact; zero where the two agree in all that is known.
  let error: BigFloat

  /// What a text says against the value that it was rounded to.
  init(literal text: String, _ value: Value) throws {
    number = try BigFloat(text: text)
    decimal = try DecimalText(literal: text)
    error = ExactResult.difference(value, number)
  }

  /// What a text says, where the error of its rounding is known.
  init(literal text: String, error: BigFloat) throws {
    (number, self.error) = (try BigFloat(text: text), error)
    decimal = try DecimalText(literal: text)
  }

  /// An operation's result against the value that it was rounded to, from as many bits as it takes to tell the two apart.
  init(_ operation: Operation, _ operands: [Value], _ rounder: Rounder, _ convention: Operation.Convention, _ value: Value) {
    // Sums and products of 113-bit numbers end within 70,000 bits. A function that agrees with a value in 4096 bits (tanh 2000) differs
    // from it by less than any double shows.
    let precisions = [320, [.add, .sub, .mul, .fma, .faa].contains(operation) ? 70_000 : 4096]
    for precision in precisions {
      let (result, isCut) = operation.evaluate(operands, precision: precision, rounding: rounder.rounding, convention: convention)
      let difference = ExactResult.difference(value, result)
      let isTold = !isCut || !value.isFinite || ExactResult.isTold(difference, result, precision)
      guard isTold || precision == precisions.last else { continue }
      (number, decimal) = (result, DecimalText(result, isCut: isCut))
      if decimal.isBeyond && value.isFinite && !value.isZero {
        // The exact result is out of all range; the value has its sign.
        error = BigFloat(.infinity(negative: !value.isNegative))
      } else {
        error = isTold && !(value.isZero && decimal.isBeyond) ? difference : BigFloat(Value.zero)
      }
      return
    }
    preconditionFailure("the last precision ends the loop")
  }

  /// Whether the part of the result that was cut off, less than a unit in its last place, leaves the difference 64 good bits.
  private static func isTold(_ difference: BigFloat, _ result: BigFloat, _ precision: Int) -> Bool {
    guard case .finite(let d) = difference.extended(), case .finite(let x) = result.extended(), !d.isZero else { return false }
    return x.isZero || d.floorLog2 >= x.floorLog2 - precision + 64
  }

  private static func difference(_ value: Value, _ exact: BigFloat) -> BigFloat {
    guard exact.isInfinite else { return BigFloat(value).minus(exact) }
    if value == .infinity(negative: exact.isNegative) { return BigFloat(Value.zero) }
    return BigFloat(value.isFinite ? .infinity(negative: !exact.isNegative) : .nan)
  }
}

/// A result with its error against the exact number.
struct Outcome: Encodable {
  enum Operands {
    case number(String)
    case several([String])

    var text: String {
      switch self {
      case .number(let text): text
      case .several(let texts): texts.joined(separator: " ")
      }
    }
  }

  let input: Operands
  let exact: DecimalText
  let value: Double
  let hex: String
  /// `nil` where the format has no code for the value.
  let code: String?
  /// value − exact, as the nearest double.
  let error: Double
  /// error in units of the format's spacing at the exact number.
  let ulps: Double
  let flags: [String]
  /// The value in decimal, shortest or 40 digits.
  let text: String
  /// The value in decimal, at most 16 digits.
  let shortText: String
  /// The error in decimal, also beyond the range of doubles.
  let errorText: String

  init(_ input: Operands, _ exact: ExactResult, _ rounded: Rounded, _ format: Format) {
    self.input = input
    self.exact = exact.decimal
    value = rounded.value.double
    hex = rounded.value.hexDescription
    code = format.encode(rounded.value).map(Output.hex)
    text = rounded.value.text()
    shortText = text.count <= 24 ? text : rounded.value.text(digits: 16)
    flags = rounded.flags.names
    error = exact.error.double + 0
    ulps = Outcome.ulps(exact.error, at: exact.number, format)
    let isBeyond = error == 0 && !exact.error.isZero || error.isInfinite && !exact.error.isInfinite
    errorText = isBeyond ? exact.error.decimal(digits: 6) : error.shortDescription
  }

  /// A rounding to a logarithmic format, whose values are powers of two with a fractional exponent: value and hex are the nearest double.
  init(_ input: Operands, _ exact: ExactResult, _ rounded: LogarithmicRounded, _ format: LogarithmicFormat) {
    self.input = input
    self.exact = exact.decimal
    value = rounded.double
    hex = Value(value).hexDescription
    code = Output.hex(rounded.code)
    text = "\(Value(value))"
    shortText = text
    flags = rounded.flags.names
    let isBeyond = exact.number.isInfinite
    error = isBeyond ? (value < 0 ? .infinity : -.infinity) : exact.error.double + 0
    errorText = isBeyond || error != 0 && error.isFinite ? error.shortDescription : exact.error.decimal(digits: 6)
    // The spacing of the logarithms, taken to the numbers, both scaled into the range of doubles.
    let k = if case .finite(let x) = exact.number.extended(), !x.isZero { -x.floorLog2 } else { 0 }
    let (scaled, size) = (exact.error.scaled(by: k).double, exact.number.scaled(by: k).double.magnitude)
    ulps = isBeyond || exact.error.isZero ? error : scaled / (size * (exp2(Double(exactly: format.step)!) - 1))
  }

  /// An error in units of the spacing at the exact number; at infinity there is none.
  static func ulps(_ error: BigFloat, at exact: BigFloat, _ format: Format) -> Double {
    guard case .finite(let x) = exact.extended() else { return error.double }
    let ulp = x.isZero ? format.quantumExponent : format.ulpExponent(floorLog2: x.floorLog2)
    // Twice half of it: the exponents of MPFR end at 2^30.
    let half = -ulp / 2
    return error.scaled(by: half).scaled(by: -ulp - half).double + 0
  }

  private enum CodingKeys: String, CodingKey { case input, exact, exactIsRounded, value, hex, code, error, ulps, flags }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch input {
    case .number(let text): try container.encode(text, forKey: .input)
    case .several(let texts): try container.encode(texts, forKey: .input)
    }
    try container.encode(exact.text, forKey: .exact)
    try container.encode(exact.isRounded, forKey: .exactIsRounded)
    try container.encode(value, forKey: .value)
    try container.encode(hex, forKey: .hex)
    try container.encode(code, forKey: .code)
    try container.encode(error, forKey: .error)
    try container.encode(ulps, forKey: .ulps)
    try container.encode(flags, forKey: .flags)
  }

  static let columns = ["exact", "value", "hex", "code", "error", "ulps", "flags"]

  /// The columns as CSV.
  var fields: [String] {
    [exact.text, text, hex, code ?? "", errorText, ulps.shortDescription, flags.joined(separator: " ")]
  }
}

/// Outcomes as JSON, CSV or a table.
struct OutcomeReport: Encodable {
  private let schema: String
  private let operation: String?
  private let format: String
  private let rounding: String
  private let seed: UInt64
  private let results: [Outcome]

  init(_ command: String, operation: Operation? = nil, _ rounder: Rounder, seed: UInt64, _ results: [Outcome]) {
    self.init(command, operation: operation, format: rounder.format.name, rounding: "\(rounder.rounding)", seed: seed, results)
  }

  init(_ command: String, operation: Operation? = nil, format: String, rounding: String, seed: UInt64, _ results: [Outcome]) {
    schema = "fmtlab.\(command)/1"
    self.operation = operation?.rawValue
    (self.format, self.rounding, self.seed, self.results) = (format, rounding, seed, results)
  }

  private enum CodingKeys: String, CodingKey { case schema, operation, format, rounding, seed, results }

  /// With one result, its fields also stand at the top of the document.
  func encode(to encoder: any Encoder) throws {
    if results.count == 1 { try results[0].encode(to: encoder) }
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(schema, forKey: .schema)
    try container.encodeIfPresent(operation, forKey: .operation)
    try container.encode(format, forKey: .format)
    try container.encode(rounding, forKey: .rounding)
    try container.encode(seed, forKey: .seed)
    try container.encode(results, forKey: .results)
  }

  func print(_ output: OutputOptions) throws {
    if output.json { return try Output.json(self) }
    if output.csv {
      Output.csv(["input"] + Outcome.columns)
      for outcome in results { Output.csv([outcome.input.text] + outcome.fields) }
    } else if results.count == 1 {
      printCard(results[0])
    } else {
      printTable()
    }
  }

  private func printCard(_ outcome: Outcome) {
    Output.print(outcome.text)
    var facts = [
      ("exact", outcome.exact.text + (outcome.exact.isRounded && !outcome.exact.isBeyond ? "  (rounded to 40 digits)" : "")),
      ("hex", outcome.hex), ("code", outcome.code ?? "-"), ("error", outcome.errorText), ("ulps", outcome.ulps.shortDescription),
    ]
    if !outcome.flags.isEmpty { facts.append(("flags", outcome.flags.joined(separator: " "))) }
    Output.facts(facts)
  }

  /// The columns that fit in 100: long inputs are cut, then codes left out.
  private func printTable() {
    func cut(_ text: String, _ limit: Int) -> String { text.count > limit ? text.prefix(limit - 3) + "..." : text }
    func lines(inputWidth: Int, hasCode: Bool) -> [String] {
      var table = Table(["input", "value"] + (hasCode ? ["code"] : []) + ["error", "ulps", "flags"], leftAligned: [0, hasCode ? 5 : 4])
      for outcome in results {
        let numbers = [outcome.error.isInfinite || outcome.error == 0 ? outcome.errorText : outcome.error.figure(6), outcome.ulps.figure(4)]
        table.add(
          [cut(outcome.input.text, inputWidth), outcome.shortText] + (hasCode ? [outcome.code ?? "-"] : []) + numbers
            + [outcome.flags.joined(separator: " ")])
      }
      return table.lines(indent: 0)
    }
    var chosen = lines(inputWidth: 32, hasCode: true)
    for (inputWidth, hasCode) in [(20, true), (20, false)] where chosen.contains(where: { $0.count > 100 }) {
      chosen = lines(inputWidth: inputWidth, hasCode: hasCode)
    }
    Output.print(chosen)
  }
}
