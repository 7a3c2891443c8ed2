// SPDX-License-Identifier: Apache-2.0
// fmtlab accumulator: the cheapest accumulators that are accurate enough.

import ArgumentParser
import FmtLab

struct AccumulatorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accumulator", abstract: "Find the cheapest accumulators whose errors stay within a target.",
    usage: "fmtlab accumulator --format <format> [--n <n>] [--target <ratio>] [<options>]",
    discussion: """
      Tries accumulators for dot products of n terms: floating point in sequence (to nearest,
      cut, with few random bits) and in chunks of 8 to 256, and fixed point, each with more
      and more fraction bits. Each is measured on the data; bound is the tightest bound that
      holds for every sum (or for 99 % by a theorem), model what independent errors would be.

      Costs are estimates, interpolated between published designs: LUTs of an FPGA without
      DSP blocks (a converter included for fixed point), and pJ for each term. They compare
      designs; no one design need cost that much. --plot draws error against cost.

        fmtlab accumulator --format e4m3 --n 4096 --target 0.01 --data normal
        fmtlab accumulator --format e5m2 --n 1024 --x a.npy --y b.npy --plot front.svg

      Exit status 1: no accumulator that was tried meets the target on these data.
      """)

  @Option(help: ArgumentHelp("Format of x and y.", valueName: "format"), transform: Parse.format) var format: Format
  @Option(help: ArgumentHelp("Length of the dot products. (default: 1024)", valueName: "n"), transform: { try Parse.integer($0, in: 1...1 << 20) })
  var n = 1024
  @Option(
    help: ArgumentHelp("|error| / sum |x y| that 99 % of the sums shall not exceed. (default: 0.01)", valueName: "ratio"),
    transform: { try Parse.number($0, "a positive error ratio") { $0 > 0 && $0.isFinite } })
  var target = 0.01
  @OptionGroup var data: DataOptions
  @Option(
    help: ArgumentHelp("Dot products for each accumulator. (default: 100)", valueName: "count"),
    transform: { try Parse.integer($0, in: 10...1_000_000) })
  var trials = 100
  @OptionGroup var random: SeedOption
  @OptionGroup var picture: PlotOptions
  @OptionGroup var output: OutputOptions

  private struct Document: Encodable {
    let schema = "fmtlab.accumulator/1"
    let format, data: String
    let n: Int
    let target: Double
    let trials: Int
    let seed: UInt64
    let costs = "estimates, interpolated between published designs"
    /// The cheapest that meet the target by each criterion.
    let cheapest: [String: [AccumulatorSearch.Candidate]]
    /// Those that none beats in both cost and measured error.
    let front: [AccumulatorSearch.Candidate]
    let candidates: [AccumulatorSearch.Candidate]
  }

  func run() throws {
    try picture.check(output)
    guard format.precision <= 32 else {
      throw Failure.usage("--format \(format): accumulators are sought for formats of at most 32 bits of precision, such as e4m3 or bf16.")
    }
    output.noteMeaning(of: [format])
    let search = AccumulatorSearch(
      format: format, count: n, data: try data.source(format, output), target: target, trials: trials, seed: random.seed)
    Output.showNotes()
    let candidates = search.run(progress: ProgressLine("accumulator", output).progress)
    let chosen = AccumulatorSearch.Criterion.allCases.map { ($0, search.cheapest(candidates, by: $0)) }
    let front = AccumulatorSearch.front(candidates)
    try picture.draw(search.figure(candidates), output)
    if output.json {
      try Output.json(Document(
        format: format.name, data: search.data.name, n: n, target: target, trials: trials, seed: random.seed,
        cheapest: Dictionary(uniqueKeysWithValues: chosen.map { ($0.rawValue, $1) }), front: front, candidates: candidates))
    } else if output.csv {
      Output.csv(["accumulator", "family", "bits", "luts", "picojoules", "measured", "model", "bound", "bound_id", "on_front"])
      let isBest = Set(front.map(\.accumulator))
      for c in candidates {
        let numbers = [c.cost.luts, c.cost.picojoules, c.measured, c.model, c.bound].map(\.shortDescription)
        Output.csv([c.accumulator, c.family, "\(c.bits)"] + numbers + [c.boundedBy ?? "", "\(isBest.contains(c.accumulator))"])
      }
    } else {
      printText(search, candidates, chosen, front)
    }
    if chosen.last?.1.isEmpty ?? true {
      throw Failure.no("none of the \(candidates.count) accumulators that were tried meets \(target.shortDescription) on these data.")
    }
  }

  private func printText(
    _ search: AccumulatorSearch, _ candidates: [AccumulatorSearch.Candidate],
    _ chosen: [(AccumulatorSearch.Criterion, [AccumulatorSearch.Candidate])], _ front: [AccumulatorSearch.Candidate]
  ) {
    Output.print("accumulators of \(n) products of \(format): 99 % of |error| / sum |x y| at most \(target.shortDescription)")
    Output.print(wrap("data \(search.data.name): \(search.data.note); \(trials) sums each, seed \(random.seed)", 98).map { "  " + $0 })
    for (criterion, list) in chosen {
      Output.print("")
      if list.isEmpty {
        Output.print("none meets the target \(title(criterion))")
        continue
      }
      Output.print("cheapest \(title(criterion))")
      Output.print(table(list).lines())
    }
    Output.print(["", "no other one is both cheaper and more accurate"] + table(front).lines())
    Output.print("  (LUTs and pJ a term: estimates between published designs; \(candidates.count) accumulators tried)")
  }

  private func title(_ criterion: AccumulatorSearch.Criterion) -> String {
    switch criterion {
    case .bound: "by a bound"
    case .model: "by the model of independent errors"
    case .measured: "as measured"
    }
  }

  private func table(_ list: [AccumulatorSearch.Candidate]) -> Table {
    var table = Table(["--acc", "LUTs", "pJ", "measured", "model", "bound", "", "summation"], leftAligned: [0, 6, 7])
    for c in list {
      table.add(
        [c.accumulator, "\(Int(c.cost.luts.rounded()))", c.cost.picojoules.figure(2)]
          + [c.measured, c.model].map { $0.isFinite ? $0.threeDigits : "overflow" } + [c.bound.isFinite ? c.bound.roundedUp(3) : "-", c.boundedBy ?? "", c.family])
    }
    return table
  }
}
