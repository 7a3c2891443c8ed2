// SPDX-License-Identifier: Apache-2.0
// fmtlab sweep: many analyses or training runs, on one machine or on a cluster.

import ArgumentParser
import FmtLab
import FoundationEssentials
import Glibc

struct SweepCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep", abstract: "Run a grid of analyses or training runs, in parts, on one machine or on many.",
    usage: "fmtlab sweep plan|run|status|merge|slurm ...",
    discussion: """
      A specification is JSON: {"kind": "analyze", "seed": 1, "grid": {AXIS: VALUE or [VALUES]}}.
      Every combination of values is a cell, and an array of grids is one sweep of all their
      cells. Axes:

        analyze  \(wrap(SweepSpecification.Kind.analyze.axes.joined(separator: " "), 76).joined(separator: "\n           "))
        layer    \(wrap(SweepSpecification.Kind.layer.axes.joined(separator: " "), 76).joined(separator: "\n           "))
        train    \(wrap(SweepSpecification.Kind.train.axes.joined(separator: " "), 76).joined(separator: "\n           "))

      rounding rounds in an accumulator of one format; chunk: 64 makes it hand the sum of 64
      terms to outer (by default another one like it), chunk: 0 does not; exact is never,
      automatic or always; weights and inputs are matrices in files, inputs also a distribution,
      scale is none, tensor or row; all others are the options of fmtlab analyze and fmtlab train.

      A cell's random bits come from its parameters and the seed: its numbers depend neither
      on other cells nor on the part that it is in. Results are written cell by cell, whole
      or not at all, and merge puts them in order: the table is the same to the bit for one
      part and for many, on one thread or all.

        fmtlab sweep plan formats.json -o formats
        fmtlab sweep run formats
        fmtlab sweep run formats --shard 2/4 --resume
        fmtlab sweep merge formats -o formats.csv
        fmtlab sweep slurm formats --shards 64
      """,
    subcommands: [SweepPlanCommand.self, SweepRunCommand.self, SweepStatusCommand.self, SweepMergeCommand.self, SweepSlurmCommand.self])
}

/// The directory of a sweep.
struct SweepOption: ParsableArguments {
  @Argument(help: ArgumentHelp("Directory that sweep plan made.", valueName: "directory")) var directory: String

  func open() throws(SweepError) -> SweepDirectory { try SweepDirectory(directory, version: Main.configuration.version) }
}

struct SweepPlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Make the directory of a sweep from its specification.",
    usage: "fmtlab sweep plan <specification> -o <directory> [<options>]",
    discussion: """
      Writes manifest.json and, for people, cells.csv. Again with the same specification it
      changes nothing; another sweep needs another directory.
      """)

  @Argument(help: ArgumentHelp("A JSON file.", valueName: "specification")) var specification: String
  @Option(name: .customShort("o"), help: ArgumentHelp("Directory to be made.", valueName: "directory")) var directory: String
  @OptionGroup var output: OutputOptions

  func run() throws {
    guard let bytes = FileManager.default.contents(atPath: specification) else {
      throw Failure.file("cannot read \(specification): \(Output.reason(errno)); give a readable JSON file.")
    }
    let (sweep, isNew): (SweepDirectory, Bool)
    do throws(SweepError) {
      (sweep, isNew) = try SweepDirectory.plan(SweepSpecification(json: bytes), at: directory, version: Main.configuration.version)
    } catch {
      guard case .specification(let reason) = error else { throw error }
      throw Failure.badData("\(specification): \(reason)")
    }
    if !isNew { output.note("\(directory) holds this sweep already") }
    if sweep.specification.kind == .analyze { output.noteMeaning(of: try sweep.cells.map { try Format($0.parameters[0]) }) }
    let combinations = sweep.specification.grids.reduce(0) { $0 + $1.values.reduce(1) { $0 * $1.count } }
    let doubles = combinations - sweep.cells.count
    if doubles > 0 { output.note("\(doubles) of \(combinations) combinations are the same as others and are run once") }
    let report = SweepReport(sweep, SweepStatus(sweep))
    if output.json { return try Output.json(report) }
    if output.csv { return report.csvRows.forEach(Output.csv) }
    Output.facts([("directory", directory), ("sweep", sweep.hash), ("kind", sweep.specification.kind.rawValue), ("cells", "\(sweep.cells.count)")], indent: 0)
  }
}

struct SweepRunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run the cells of a sweep, or of a part of it.",
    usage: "fmtlab sweep run <directory> [--shard <i/n>] [--resume] [<options>]",
    discussion: """
      Part i of n has every n-th cell from the i-th on. Without --shard it is that of
      SLURM_ARRAY_TASK_ID in a job array of Slurm, and elsewhere all cells.

      SIGTERM and SIGINT end the program with status 75: what is done is kept, training runs
      are written down after the step they are at, and the same command with --resume goes on.
      """)

  @OptionGroup var sweep: SweepOption
  @Option(help: ArgumentHelp("Part i of n, 1 to n. (default: 1/1)", valueName: "i/n"), transform: Parse.shard) var shard: Shard?
  @Flag(help: "Go on where cells of the part are done; without it that is an error.") var resume = false
  @Option(help: ArgumentHelp("Cells at once; the results are the same. (default: all cores)", valueName: "threads"), transform: Parse.threads)
  var threads: Parallelism = .allCores
  @OptionGroup var output: OutputOptions

  func run() throws {
    let shard = try self.shard ?? Parse.slurmShard() ?? .whole
    let run = try SweepRun(try sweep.open(), shard)
    guard resume || run.done == 0 else {
      throw Failure.usage("\(run.done) of the \(run.done + run.pending.count) cells of part \(shard) are done; give --resume to do the others.")
    }
    Output.showNotes()
    let isTraining = run.sweep.specification.kind == .train
    // (Results are written whole or not at all, whenever the program ends; training runs have something to write.)
    if isTraining { Interruption.await() } else { Interruption.exitAtOnce(.resume) }
    let line = ProgressLine("sweep", output, work: nil)
    let isFinished = try run.run(threads, progress: line.progress) { Interruption.hasCome }
    line.end()
    guard isFinished else { throw Failure(status: 75, message: "stopped; what is done is kept: run the same command with --resume to go on.") }
    let report = SweepRunReport(shard: "\(shard)", cells: run.done + run.pending.count, before: run.done, now: run.pending.count)
    if output.json { return try Output.json(report) }
    if output.csv { return [["shard", "cells", "before", "now"], [report.shard, "\(report.cells)", "\(report.before)", "\(report.now)"]].forEach(Output.csv) }
    Output.print("part \(shard): \(report.now) cells run, \(report.before) were done before")
  }
}

struct SweepStatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Say which cells of a sweep are done.", usage: "fmtlab sweep status <directory> [<options>]",
    discussion: "Exit status 1: not all of them are.")

  @OptionGroup var sweep: SweepOption
  @OptionGroup var output: OutputOptions

  func run() throws {
    let sweep = try sweep.open(), status = SweepStatus(sweep), report = SweepReport(sweep, status)
    if output.json {
      try Output.json(report)
    } else if output.csv {
      report.csvRows.forEach(Output.csv)
    } else {
      Output.facts([("directory", sweep.path), ("sweep", sweep.hash), ("done", "\(status.complete) of \(sweep.cells.count) cells")]
        + (status.missing.isEmpty ? [] : [("missing", SweepStatus.ranges(status.missing))]) + status.strange.prefix(20).map { ("strange", $0) }, indent: 0)
    }
    if status.complete < sweep.cells.count { throw Failure.no("\(sweep.cells.count - status.complete) of \(sweep.cells.count) cells are not done.") }
  }
}

struct SweepMergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Write the results of a sweep to one table.", usage: "fmtlab sweep merge <directory> ... -o <file.csv|.jsonl> [<options>]",
    discussion: """
      Several directories are those of machines that share none: the same plan, each with the
      results of some cells. Exit status 1: cells are missing or there twice, or a directory is
      of another sweep; then nothing is written. --plot draws errors of dot products against
      their length, accuracies of training runs, or errors of designs for layers against cost.
      """)

  @Argument(help: ArgumentHelp("Directories of the sweep.", valueName: "directory")) var directories: [String]
  @Option(name: .customShort("o"), help: ArgumentHelp("The table: CSV (.csv), or a JSON object a line (.jsonl).", valueName: "file")) var file: String
  @OptionGroup var picture: PlotOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let name = file.lowercased()
    guard name.hasSuffix(".csv") || name.hasSuffix(".jsonl") else { throw Failure.usage("-o \(file): give a file that ends in .csv or .jsonl.") }
    try Output.checkWritable(file, "-o")
    try picture.check(output)
    let sweeps = try directories.map { directory throws(SweepError) in try SweepDirectory(directory, version: Main.configuration.version) }
    try SweepDirectory.merge(sweeps, to: file, name.hasSuffix(".csv") ? .csv : .jsonLines)
    if picture.isAsked { try picture.draw(sweeps[0].figure(SweepDirectory.rows(of: sweeps)), output) }
    if output.json { return try Output.json(SweepReport(sweeps[0], cells: sweeps[0].cells.count)) }
    if output.csv { return SweepReport(sweeps[0], cells: sweeps[0].cells.count).csvRows.forEach(Output.csv) }
    Output.print("\(file): \(sweeps[0].cells.count) cells")
  }
}

struct SweepSlurmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slurm", abstract: "Write the scripts that run a sweep as a job array of Slurm, and merge it.",
    usage: "fmtlab sweep slurm <directory> --shards <count> [<options>]",
    discussion: """
      Writes slurm/array.sbatch, merge.sbatch and submit.sh into the directory, which all
      machines must see under its path, as they must this program. sh DIRECTORY/slurm/submit.sh
      submits a task a part and, for when all have succeeded, the merge; if one fails the merge
      is given up. Submitted again, what is done stays done. Partition, account and the like
      come from SBATCH_PARTITION, SBATCH_ACCOUNT, ... or from --sbatch.

        fmtlab sweep slurm formats --shards 64 --array-limit 16 --sbatch=--time=1:00:00
      """)

  @OptionGroup var sweep: SweepOption
  @Option(help: ArgumentHelp("Tasks of the array.", valueName: "count"), transform: { try Parse.integer($0, in: 1...100_000) }) var shards: Int
  @Option(
    name: .customLong("array-limit"), help: ArgumentHelp("Tasks at once. (default: all)", valueName: "count"),
    transform: { try Parse.integer($0, in: 1...100_000) })
  var limit: Int?
  @Option(help: ArgumentHelp("An option of sbatch for the array and the merge; may be repeated.", valueName: "option"), transform: Parse.line)
  var sbatch: [String] = []
  @Option(help: ArgumentHelp("The table of the merge. (default: merged.csv in the directory)", valueName: "file"), transform: Parse.line) var table: String?
  @OptionGroup var output: OutputOptions

  func run() throws {
    let sweep = try sweep.open()
    func absolute(_ path: String) throws -> String { try Parse.line(path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)") }
    let root = try absolute(sweep.path), table = try absolute(table ?? "\(sweep.path)/merged.csv")
    guard [".csv", ".jsonl"].contains(where: table.lowercased().hasSuffix) else {
      throw Failure.usage("--table \(table): give a file that ends in .csv or .jsonl.")
    }
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    try SlurmScripts(directory: root, shards: shards, limit: limit, options: sbatch, program: program, output: table).write(into: sweep)
    let submit = "\(root)/slurm/submit.sh"
    if output.json { return try Output.json(["submit": submit, "table": table]) }
    if output.csv { return [["submit", "table"], [submit, table]].forEach(Output.csv) }
    Output.facts([("submit", "sh \(submit)"), ("table", table)], indent: 0)
  }
}

extension Parse {
  static func shard(_ text: String) throws -> Shard {
    guard let shard = Shard(text: text) else { throw ValidationError("give a part as i/n with 1 <= i <= n, such as 2/4.") }
    return shard
  }

  /// The part of a task of a job array, as Slurm numbers it.
  static func slurmShard() throws -> Shard? {
    func number(_ name: String) -> Int? { getenv("SLURM_ARRAY_TASK_\(name)").flatMap { Int(String(cString: $0)) } }
    guard let id = number("ID") else { return nil }
    guard let count = number("COUNT"), let first = number("MIN"), let shard = Shard(text: "\((id - first) / max(1, number("STEP") ?? 1) + 1)/\(count)") else {
      throw Failure.usage("SLURM_ARRAY_TASK_ID is \(id), but SLURM_ARRAY_TASK_COUNT and _MIN do not say of how many; give --shard i/n.")
    }
    return shard
  }

  /// A text that goes on one line of a script.
  static func line(_ text: String) throws -> String {
    guard !text.contains(where: \.isNewline), !text.contains("\"") else { throw ValidationError("a script has no room for line breaks and double quotes.") }
    return text
  }
}

/// The document `fmtlab.sweep-status/1`.
private struct SweepReport: Encodable {
  let schema = "fmtlab.sweep-status/1"
  let directory, sweep, kind: String
  let cells, complete: Int
  let missing: [Int]
  let strange: [String]

  init(_ sweep: SweepDirectory, _ status: SweepStatus) {
    (directory, self.sweep, kind, cells) = (sweep.path, sweep.hash, sweep.specification.kind.rawValue, sweep.cells.count)
    (complete, missing, strange) = (status.complete, status.missing, status.strange)
  }

  /// Of a sweep that is whole.
  init(_ sweep: SweepDirectory, cells: Int) {
    (directory, self.sweep, kind, self.cells) = (sweep.path, sweep.hash, sweep.specification.kind.rawValue, cells)
    (complete, missing, strange) = (cells, [], [])
  }

  var csvRows: [[String]] { [["sweep", "kind", "cells", "complete"], [sweep, kind, "\(cells)", "\(complete)"]] }
}

/// The document `fmtlab.sweep-run/1`.
private struct SweepRunReport: Encodable {
  let schema = "fmtlab.sweep-run/1"
  let shard: String
  let cells, before, now: Int
}
