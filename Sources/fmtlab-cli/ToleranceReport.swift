// SPDX-License-Identifier: Apache-2.0
// fmtlab dot --tolerance: which outputs of a layer may be accumulated in which accumulator.

import ArgumentParser
import FmtLab

struct ToleranceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Choose an accumulator for each row, such that its relative error is at most this.", valueName: "t"),
    transform: { try Parse.number($0, "a tolerance from 1e-9 to below 1") { 1e-9 <= $0 && $0 < 1 } })
  var tolerance: Double?
  @Option(
    help: ArgumentHelp("With --tolerance, an accumulator to take where those before it do not do; may be repeated. (default: fp32)", valueName: "acc"),
    transform: Parse.plan)
  var wider: [Plan] = []
  @Option(
    help: ArgumentHelp(
      "With --tolerance, the function of each dot product: \(Activation.allCases.map(\.rawValue).joined(separator: ", ")). (default: identity)",
      valueName: "phi"),
    transform: { try choice($0, Activation.allCases) })
  var activation: Activation?
  @Option(
    help: ArgumentHelp(
      "With --tolerance, choose by a bound, which every output obeys, or by the model of independent errors, within which 99 % lie. (default: bound)",
      valueName: "bound|model"),
    transform: { try choice($0, PrecisionChoice.Criterion.allCases) })
  var by: PrecisionChoice.Criterion?

  private static func choice<Name: RawRepresentable<String>>(_ text: String, _ all: [Name]) throws -> Name {
    guard let name = Name(rawValue: text.lowercased()) else {
      throw ValidationError("use one of \(all.map(\.rawValue).joined(separator: ", ")).")
    }
    return name
  }

  func validate() throws {
    guard tolerance != nil || wider.isEmpty && activation == nil && by == nil else {
      throw ValidationError("--wider, --activation and --by choose by a tolerance; add --tolerance.")
    }
  }

  /// The choice for each row, if a tolerance is given.
  func report(
    _ options: AccumulatorOptions, _ xs: [[Value]], _ ys: [[Value]], _ starts: [Value], _ seed: UInt64, _ output: OutputOptions
  ) throws -> ToleranceReport? {
    guard let tolerance else { return nil }
    for (i, terms) in zip(zip(xs, ys), starts).enumerated() {
      guard (terms.0.0 + terms.0.1 + [terms.1]).allSatisfy({ $0.dyadic != nil }) else {
        throw Failure.badData("row \(i + 1) has a NaN or an infinity after rounding to \(options.format); give numbers within its range.")
      }
    }
    let plans = [options.acc] + (wider.isEmpty ? [try Plan(text: "fp32")] : wider)
    output.noteMeaning(of: wider.flatMap { $0.rounders.map(\.format) })
    let accumulators = plans.map { DotProduct($0, product: options.product, factors: options.format) }
    if accumulators.contains(where: \.isStochastic) { output.note("seed \(seed)") }
    let choice = PrecisionChoice(
      format: options.format, accumulators: accumulators, tolerance: tolerance, activation: activation ?? .identity, criterion: by ?? .bound)
    for plan in wider {
      let rounder = try Rounder(to: plan.output.format)
      if let start = starts.first(where: { !rounder.round(Extended($0)).flags.isEmpty }) {
        throw Failure.usage("--init \(start.text()) is not a value of --wider \(plan), which would start from it; take one that holds the values of \(options.acc).")
      }
    }
    let random = RandomStream(seed: seed, "choice")
    let components = parallelMap(xs.count, .allCores) { choice.choose(xs[$0], ys[$0], initial: starts[$0], random: random.child($0)) }
    return ToleranceReport(choice, count: xs.first?.count ?? 0, components)
  }
}

struct ToleranceReport {
  private let choice: PrecisionChoice
  private let count: Int
  private let components: [PrecisionChoice.Component]

  private struct Document: Encodable {
    let schema = "fmtlab.dot-tolerance/1"
    let format: String
    let accumulators: [String]
    let activation: Activation
    let criterion: PrecisionChoice.Criterion
    let tolerance: Double
    let seed: UInt64
    /// One for each accumulator, and the last for none of them.
    let counts: [Int]
    let outputs: [PrecisionChoice.Component]
  }

  init(_ choice: PrecisionChoice, count: Int, _ components: [PrecisionChoice.Component]) {
    (self.choice, self.count, self.components) = (choice, count, components)
  }

  private var names: [String] { choice.accumulators.map { "\($0.plan)" } }

  func print(_ output: OutputOptions, seed: UInt64) throws {
    let counts = choice.counts(components)
    if output.json {
      try Output.json(Document(
        format: choice.format.name, accumulators: names, activation: choice.activation, criterion: choice.criterion,
        tolerance: choice.tolerance, seed: seed, counts: counts, outputs: components))
    } else if output.csv {
      Output.csv(["row", "accumulator", "sum", "sum_condition", "activation_condition", "relative_error_\(choice.criterion.rawValue)", "measured"])
      for (i, component) in components.enumerated() {
        let last = component.last
        let numbers = [last.sum, last.sumCondition, last.activationCondition, last.relativeError, last.measured].map(\.shortDescription)
        Output.csv(["\(i)", component.accumulator.map { names[$0] } ?? "none"] + numbers)
      }
    } else {
      printText(counts)
    }
    if counts[names.count] > 0 {
      throw Failure.no(
        "\(counts[names.count]) of \(components.count) outputs stay within \(choice.tolerance.shortDescription) in none of these accumulators; "
          + "add a more accurate --wider one, such as exact/fp32, which rounds once.")
    }
  }

  private func printText(_ counts: [Int]) {
    let function = choice.activation == .identity ? "" : "\(choice.activation.rawValue) of "
    Output.print(wrap(
      "\(components.count) outputs, \(function)dot products of n = \(count) in \(choice.format): relative error at most "
        + "\(choice.tolerance.shortDescription) \(choice.criterion == .bound ? "by a bound" : "by the model of independent errors")", 100))
    var table = Table(["row", "sum", "kappa sum", "kappa phi", choice.criterion.rawValue, "measured", "accumulator"], leftAligned: [6])
    for (i, component) in components.enumerated() {
      let last = component.last
      func text(_ x: Double, _ finite: (Double) -> String) -> String { x.isFinite ? finite(x) : "-" }
      table.add([
        "\(i)", text(last.sum) { $0.figure(5) }, text(last.sumCondition) { $0.threeDigits }, text(last.activationCondition) { $0.threeDigits },
        text(last.relativeError) { $0.roundedUp(3) }, text(last.measured) { $0.threeDigits }, component.accumulator.map { names[$0] } ?? "none",
      ])
    }
    Output.print(table.lines())
    for (i, name) in (names + ["none of them"]).enumerated() where counts[i] > 0 || i < names.count {
      Output.print("  \(counts[i]) of \(components.count) in \(name)")
    }
    Output.print("  (kappa sum = sum |x y| / |sum|, where the sum is not smaller than its error; kappa phi of the function)")
  }
}
