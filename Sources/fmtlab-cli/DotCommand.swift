// SPDX-License-Identifier: Apache-2.0
// fmtlab dot: dot products with their exact values, errors and bounds.

import ArgumentParser
import FmtLab

struct DotCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dot", abstract: "Carry out a dot product; print its exact value, its error and every bound that applies.",
    discussion: """
      X and Y are files (.npy, .csv, .safetensors:NAME) or numbers separated by commas. Their elements are rounded to the format first,
      to nearest; the exact value is that of the rounded elements.
      """)

  @Argument(help: "The first vector.") var x: String
  @Argument(help: "The second vector.") var y: String
  @OptionGroup var accumulator: AccumulatorOptions
  @Flag(help: "One dot product for each row of two matrices.") var rows = false
  @Option(name: .customLong("init"), help: "Starting values of the accumulators: a number, or one for each row.") var initial: String?
  @Option(name: [.customShort("o")], help: "Write the results to this .npy file.") var out: String?
  @Option(help: "Seed of stochastic rounding.") var seed: UInt64 = 1
  @OptionGroup var output: OutputOptions

  private struct Row: Encodable {
    let n: Int
    let exact: Double
    let exactDecimal: String
    let result: Double
    let hex: String
    @Nullable var error: Double?
    @Nullable var ratio: Double?
    @Nullable var ulps: Double?
    @Nullable var condition: Double?
    let overflow: Bool
    let swallowed: Int
    let bounds: [BoundRow]
    let inapplicable: [InapplicableRow]
  }

  private struct BoundRow: Encodable {
    let id, kind: String
    /// On |error|.
    let value: Double
    @Nullable var ratio: Double?
    let violated: Bool
  }

  private struct InapplicableRow: Encodable {
    let id: String
    let reasons: [String]
  }

  private struct Document: Encodable {
    let schema = "fmtlab.dot/1"
    let format, accumulator, product: String
    let seed: UInt64
    let results: [Row]

    private enum CodingKeys: String, CodingKey { case schema, format, accumulator, product, seed, results }

    /// With one dot product, its fields also stand at the top of the document.
    func encode(to encoder: any Encoder) throws {
      if results.count == 1 { try results[0].encode(to: encoder) }
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(schema, forKey: .schema)
      try container.encode(format, forKey: .format)
      try container.encode(accumulator, forKey: .accumulator)
      try container.encode(product, forKey: .product)
      try container.encode(seed, forKey: .seed)
      try container.encode(results, forKey: .results)
    }
  }

  func run() throws {
    try accumulator.prepare(output)
    let (xs, ys) = try vectors()
    let starts = try startingValues(count: xs.count)
    if accumulator.dot.isStochastic { output.note("seed \(seed)") }
    let random = RandomStream(seed: seed, "dot")
    let results = zip(xs, ys).enumerated().map { i, pair in row(pair.0, pair.1, from: starts[i], random.child(i)) }
    if let out {
      try Tensor(shape: rows ? [results.count] : [], elements: results.map(\.result)).write(npy: out)
    }
    let violated = results.contains { $0.bounds.contains(where: \.violated) }
    let document = Document(
      format: accumulator.format.name, accumulator: "\(accumulator.acc)", product: "\(accumulator.product)", seed: seed, results: results)
    if output.json {
      try Output.json(document)
    } else if output.csv {
      Output.csv(["n", "exact", "result", "error", "ratio", "ulps", "condition", "overflow"])
      for r in results {
        Output.csv(["\(r.n)", r.exactDecimal, r.result.shortDescription] + [r.error, r.ratio, r.ulps, r.condition].map { $0?.shortDescription ?? "" } + ["\(r.overflow)"])
      }
    } else {
      printText(results)
    }
    if violated { throw Failure.no("an error exceeds a bound: this is a bug of fmtlab, please report it") }
  }

  /// Rows of values of the format, pairwise of one length.
  private func vectors() throws -> ([[Value]], [[Value]]) {
    let (a, b) = (try Input.array(x), try Input.array(y))
    let rounder = try Rounder(to: accumulator.format)
    var inexact = 0
    func values(_ row: [Double]) -> [Value] {
      row.map {
        let rounded = rounder.round(Value($0))
        if rounded.flags.contains(.inexact) { inexact += 1 }
        return rounded.value
      }
    }
    let xs = rows ? try Input.rows(a, x) : [a.elements]
    let ys = rows ? try Input.rows(b, y) : [b.elements]
    guard xs.count == ys.count, zip(xs, ys).allSatisfy({ $0.count == $1.count }) else {
      throw Failure.badData("\(x) has shape \(a.shape) and \(y) has shape \(b.shape); the vectors must have the same length\(rows ? " and number of rows" : "").")
    }
    let result = (xs.map(values), ys.map(values))
    if inexact > 0 { output.note("\(inexact) of \(a.elements.count + b.elements.count) elements were rounded to \(accumulator.format)") }
    return result
  }

  private func startingValues(count: Int) throws -> [Value] {
    guard let initial else { return Array(repeating: .zero, count: count) }
    let numbers = try Input.array(initial).elements
    guard numbers.count == 1 || numbers.count == count else {
      throw Failure.badData("\(initial) holds \(numbers.count) starting values for \(count) dot products; give 1 or \(count).")
    }
    let rounder = try Rounder(to: accumulator.acc.output.format)
    let values = numbers.map { rounder.round(Value($0)) }
    if values.contains(where: { $0.flags.contains(.inexact) }) { output.note("starting values were rounded to \(rounder.format)") }
    return values.count == count ? values.map(\.value) : Array(repeating: values[0].value, count: count)
  }

  private func row(_ x: [Value], _ y: [Value], from start: Value, _ random: RandomStream) -> Row {
    let (format, dot) = (accumulator.format, accumulator.dot)
    var sum = ExactSum(products: format, format, and: dot.plan.output.format)
    var magnitudes = sum
    var isFinite = start.isFinite
    for (a, b) in zip(x, y) {
      guard let p = Extended.product(a, b).dyadic else {
        isFinite = false
        continue
      }
      sum += p
      magnitudes += p.magnitude
    }
    if let c = start.dyadic {
      sum += c
      magnitudes += c.magnitude
    }
    var observation = Observation(magnitudes: Upward(magnitudes.magnitudeRoundedUp))
    let result = dot.evaluate(x, y, initial: start, random: random) { observation.note($0) }
    let problem = Problem.dot(format, format, dot, count: x.count, hasInitial: !start.isZero)
    let exact = BigFloat(sum)
    var error: ExactSum?
    if isFinite, let r = result.dyadic {
      error = sum
      error! -= r
    }
    let (e, a) = (error.map { -$0.double }, magnitudes.double)
    let (s, outFormat) = (sum.double, dot.plan.output.format)
    let ulp = sum.isZero ? outFormat.quantumExponent : outFormat.ulpExponent(floorLog2: sum.unrounded.floorLog2)
    let bounds: [BoundRow] = Bound.applicable(to: problem).compactMap { bound in
      guard let error, let certificate = try? bound.certify(observation) else { return nil }
      return BoundRow(
        id: bound.bound.id, kind: bound.bound.kind.rawValue, value: certificate.value.value, ratio: certificate.ratio?.value,
        violated: error.magnitudeRoundedUp > certificate.value.value)
    }.sorted { $0.value < $1.value }
    return Row(
      n: x.count, exact: isFinite ? s : .nan, exactDecimal: isFinite ? exact.decimal(digits: 40) : "nan", result: result.double,
      hex: result.hexDescription, error: e, ratio: a > 0 ? e.map { abs($0) / a } : nil,
      ulps: error.map { BigFloat($0).scaled(by: -ulp).double * -1 }, condition: isFinite && s != 0 ? a / abs(s) : nil,
      overflow: observation.overflowed, swallowed: observation.swallowed, bounds: bounds,
      inapplicable: Bound.catalogue.compactMap { $0.inapplicability(to: problem) }.map { InapplicableRow(id: $0.id, reasons: $0.reasons) })
  }

  private func printText(_ results: [Row]) {
    Output.print("\(accumulator.format) · \(accumulator.format) in \(accumulator.acc), products \(accumulator.product)")
    if results.count > 1 {
      var table = Table(["row", "n", "exact", "result", "error", "error/A", "ulps", "condition", "tightest bound/A"])
      for (i, r) in results.enumerated() {
        table.add([
          "\(i)", "\(r.n)", r.exact.significant(8), r.result.shortDescription, text(r.error), text(r.ratio), text(r.ulps), text(r.condition),
          r.bounds.first.map { "\(text($0.ratio)) \($0.id)" } ?? (r.overflow ? "overflow" : "-"),
        ])
      }
      return table.lines().forEach(Output.print)
    }
    let r = results[0]
    let facts: [(String, String)] = [
      ("n", "\(r.n)"), ("exact", r.exactDecimal), ("result", "\(r.result.shortDescription)  (\(r.hex))"), ("error", text(r.error, 6)),
      ("ulps", text(r.ulps, 6)), ("error/A", "\(text(r.ratio, 6))  (A = sum |x y|)"), ("condition", "\(text(r.condition, 6))  (A / |exact|)"),
      ("swallowed", "\(r.swallowed) terms"), ("overflow", r.overflow ? "yes" : "no"),
    ]
    for (label, fact) in facts { Output.print("  " + label + String(repeating: " ", count: 10 - label.count) + fact) }
    if !r.bounds.isEmpty {
      Output.print("bounds on |error|, tightest first")
      var table = Table(["bound", "value", "value/A", "times the error"], leftAligned: [0])
      for bound in r.bounds {
        table.add([bound.id, bound.value.significant(6), text(bound.ratio, 6), r.error.map { (bound.value / abs($0)).significant(4) } ?? "-"])
      }
      table.lines().forEach(Output.print)
    }
    for other in r.inapplicable where !r.overflow { Output.print("  \(other.id): does not apply, \(other.reasons.joined(separator: "; "))") }
    if r.overflow { Output.print("  no bound applies: a result overflowed or was not finite") }
  }

  private func text(_ x: Double?, _ digits: Int = 4) -> String { x?.significant(digits) ?? "-" }
}
