// SPDX-License-Identifier: Apache-2.0
// fmtlab search: the cheapest format and accumulator for a matrix of weights, or for the layers of a model.

import ArgumentParser
import FmtLab
import FoundationEssentials
import Glibc

struct SearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Find the cheapest format and accumulator for a tensor, or for the layers of a model.",
    usage: "fmtlab search --data <file> [--target <ratio>] [--cost bits|lut|energy] [-o <directory>] [<options>]",
    discussion: """
      Each matrix of the file, a tensor of two indices or more whose first one counts outputs, is
      a layer: at most 32 of its rows meet 32 vectors of inputs, at their full length. Weights and
      inputs are scaled by a power of two each and rounded, so that the largest number fills the
      format, or less where sums |w x| would overflow; sums are rounded as the accumulator does. The error is that of all of it, exactly,
      over sum |w x|, and shall not exceed the target in 99 % of the outputs.

      Every format is tried with every accumulator, in sequence and in chunks of 32 and 128. Costs:
      bits of two factors and the accumulators; LUTs of an FPGA without DSP blocks; pJ a term.
      LUTs and pJ are estimates, interpolated between published designs.

      With -o the search is a sweep in that directory: an interrupted one goes on, parts may run
      elsewhere (fmtlab sweep run DIRECTORY --shard 2/4), and fmtlab report DIRECTORY writes it up.

        fmtlab search --data model.safetensors --target 0.01 --cost lut -o designs
        fmtlab search --data weights.npy --inputs activations.npy --format e4m3fn,e5m2
        fmtlab search --data model.safetensors --match attention --cost energy

      Exit status 1: no design meets the target in all layers.
      """)

  @Option(help: ArgumentHelp("Weights: a model, or one matrix (FILE:TENSOR).", valueName: "file")) var data: String
  @Option(help: ArgumentHelp("Inputs: normal, uniform, lognormal, laplace, or a matrix of them.", valueName: "name"))
  var inputs = "normal"
  @OptionGroup var goal: DesignGoal
  @Option(
    help: ArgumentHelp("Formats of weights and inputs, with commas. (default: \(SearchCommand.formats.joined(separator: ",")))", valueName: "formats"),
    transform: SearchCommand.formats)
  var format: [String] = SearchCommand.formats
  @Option(
    help: ArgumentHelp("An accumulator, in place of the usual ones; may be repeated.", valueName: "accumulator"),
    transform: { "\(try Plan(text: Input.plain($0)))" })
  var acc: [String] = []
  @Option(help: ArgumentHelp("Only tensors whose name contains this.", valueName: "text")) var match = ""
  @OptionGroup var random: SeedOption
  @Option(help: ArgumentHelp("Threads. (default: all cores)", valueName: "threads"), transform: Parse.threads) var threads: Parallelism = .allCores
  @Option(name: .customShort("o"), help: ArgumentHelp("Keep the search, as a sweep, in this directory.", valueName: "directory")) var directory: String?
  @OptionGroup var picture: PlotOptions
  @OptionGroup var output: OutputOptions

  private static let formats = ["e2m1fn", "e2m3fn", "e3m2fn", "e4m3fn", "e5m2", "q8.0", "bf16", "fp16"]
  private static let accumulators = ["e5m3", "e5m5", "e5m7", "fp16", "e8m3", "e8m5", "bf16", "e8m10", "e8m13", "fp32"]

  func run() throws {
    try picture.check(output)
    let layers = try names()
    let (here, isTemporary) = try place()
    defer { if isTemporary { try? FileManager.default.removeItem(atPath: here) } }
    // (A directory for the moment is removed before the program ends.)
    if isTemporary { Interruption.await() } else { Interruption.exitAtOnce(.again) }
    let run = try SweepRun(plan(layers, at: here)), sweep = run.sweep
    if run.done > 0 { output.note("going on: \(run.done) of \(sweep.cells.count) cells are done") }
    Output.showNotes()
    let line = ProgressLine("search", output, work: nil)
    let isFinished = try run.run(threads, progress: line.progress) { Interruption.hasCome }
    line.end()
    guard isFinished else { throw Failure(status: 75, message: "stopped; nothing is kept: give -o DIRECTORY to keep what is done.") }
    Interruption.release()
    let search = DesignSearch(rows: try SweepDirectory.rows(of: [sweep]), target: goal.target, measure: goal.cost)
    try picture.draw(search.figure, output)
    try print(search)
    guard !search.designs.isEmpty else {
      throw Failure.no("none of \(search.uncosted) designs has a published cost in \(goal.cost.unit); use --cost bits.")
    }
    guard !search.forAll.isEmpty else { throw Failure.no("no design meets \(goal.target.shortDescription)\(search.layers.count == 1 ? "" : " in all layers").") }
  }

  /// The texts by which the matrices of the file are opened.
  private func names() throws -> [String] {
    let path = Input.plain(data)
    let all = try TensorSource.open(path)
    let isOne = all.count == 1
    let matrices = all.filter { LayerSample.isMatrix($0) && (match.isEmpty || $0.name.contains(match)) }
    let chosen = isOne ? matrices : Input.withoutIntegers(matrices, output)
    guard !chosen.isEmpty else {
      let what = match.isEmpty ? "\(path) holds no matrix" : "no matrix of \(path) has '\(match)' in its name"
      let some = all.prefix(5).map { "\($0.name) \($0.shape)" }.joined(separator: ", ")
      throw Failure.badData("\(what) (\(all.count) tensors: \(some)\(all.count > 5 ? ", ..." : "")); \(match.isEmpty ? "give weights with rows of two numbers or more" : "give a part of a matrix's name").")
    }
    return chosen.map { isOne ? path : "\(path):\($0.name)" }
  }

  /// The directory of the sweep: the user's, or one that is removed at the end.
  private func place() throws -> (path: String, isTemporary: Bool) {
    if let directory { return (directory, false) }
    var template = Array("\(FileManager.default.temporaryDirectory.path)/fmtlab-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failure.file("cannot make a temporary directory: \(Output.reason(errno)); give -o a directory.") }
    return (template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }, true)
  }

  private func plan(_ layers: [String], at path: String) throws -> SweepDirectory {
    do throws(SweepError) {
      return try SweepDirectory.plan(specification(layers), at: path, version: Main.configuration.version).sweep
    } catch {
      guard case .specification(let reason) = error else { throw error }
      throw Failure.usage(reason)
    }
  }

  private static func formats(_ text: String) throws -> [String] {
    let names = try text.split(separator: ",").map { try Parse.format(String($0)).name }
    guard !names.isEmpty else { throw ValidationError("give a format, or several with commas.") }
    return names
  }

  private func specification(_ layers: [String]) -> SweepSpecification {
    let common = ["weights": layers, "inputs": [Input.plain(inputs)], "format": format]
    guard acc.isEmpty else { return SweepSpecification(.layer, seed: random.seed, grids: [common.merging(["acc": acc]) { $1 }]) }
    let grid = common.merging(["acc": SearchCommand.accumulators, "chunk": ["0", "32", "128"]]) { $1 }
    return SweepSpecification(.layer, seed: random.seed, grids: [grid])
  }

  private struct Document: Encodable {
    let schema = "fmtlab.search/1"
    let data, inputs, cost: String
    let target: Double
    let seed: UInt64
    let layers: [DesignSearch.Layer]
    /// Designs that meet the target in all layers, cheapest first; that no other one beats; and all.
    let forAll, front, designs: [DesignSearch.Design]
  }

  private func print(_ search: DesignSearch) throws {
    if output.json {
      return try Output.json(Document(
        data: Input.plain(data), inputs: Input.plain(inputs), cost: goal.cost.rawValue, target: goal.target, seed: random.seed, layers: search.layers,
        forAll: search.forAll, front: search.front, designs: search.designs))
    }
    if output.csv {
      Output.csv(["format", "accumulator", "bits", "luts", "picojoules", "error", "worst_layer", "meets", "layers"])
      for d in search.designs {
        let numbers = [d.cost.luts, d.cost.picojoules].map { $0?.shortDescription ?? "" }
        Output.csv([d.format, d.accumulator, "\(d.cost.bits)"] + numbers + [d.error.shortDescription, d.worstLayer, "\(d.meets)", "\(search.layers.count)"])
      }
      return
    }
    Output.print(SearchText(search, data: Input.plain(data), inputs: Input.plain(inputs), seed: random.seed, directory: directory).lines)
  }
}

/// What a design shall reach, and what is counted as its cost.
struct DesignGoal: ParsableArguments {
  @Option(
    help: ArgumentHelp("|error| / sum |w x| that 99 % of the outputs shall not exceed. (default: 0.01)", valueName: "ratio"),
    transform: { try Parse.number($0, "a positive error ratio") { $0 > 0 && $0.isFinite } })
  var target = 0.01
  @Option(help: ArgumentHelp("bits, lut or energy. (default: bits)", valueName: "cost"), transform: measure) var cost: DesignCost.Measure = .bits

  private static func measure(_ text: String) throws -> DesignCost.Measure {
    guard let measure = DesignCost.Measure(rawValue: text.lowercased()) else { throw ValidationError("use bits, lut or energy.") }
    return measure
  }
}
