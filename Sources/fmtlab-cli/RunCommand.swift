// SPDX-License-Identifier: Apache-2.0
// fmtlab run: a program whose matrix products are emulated, without a change to it.

import ArgumentParser
import FmtLab
import FoundationEssentials
import Glibc
import Synchronization

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Run a program with its BLAS products in a format and an accumulator.",
    usage: "fmtlab run --format <format> --acc <acc> [<options>] -- <program> [<arguments>]",
    discussion: """
      Every program that links a system BLAS (Debian's NumPy, PyTorch, Octave, R, Julia, ...)
      computes its products of matrices and vectors so: gemm gemv ger dot symm symv syrk trmm,
      single and double, under their Fortran and CBLAS names, called by the program or by
      LAPACK. Their inputs are rounded once to the format, to nearest; sums are those of
      `fmtlab gemm`, bit for bit; alpha, beta and everything else is the program's own
      arithmetic. Other functions are those of the real BLAS.

      --scale tensor makes the largest magnitude of each factor fill the format by a power of
      two, --scale row that of each row of A and column of B.

      At the end a table of the calls goes to standard error, with results that are infinite or
      NaN, and of a sample of results the share with an overflow (in a sum, or of an input
      beyond the format's range) and the exact errors over the sum of |x y|: of the sums, and
      in total, with the rounding of the inputs. Forked workers that end without their exit handlers are
      not in it. The exit status is the program's.

        fmtlab run --format bf16 --acc fp32 -- python3 script.py
        fmtlab run --format e4m3fn --acc e6m5 --scale tensor --record calls -- octave fit.m
      """)

  @OptionGroup var accumulator: AccumulatorOptions
  @Option(help: ArgumentHelp("none, tensor or row. (default: none)", valueName: "scale"), transform: Parse.emulatedScale)
  var scale: EmulatedProduct.Scale = .none
  @Option(help: ArgumentHelp("Write operands and result of the first call of each shape to this directory, as .npy files.", valueName: "directory"))
  var record: String?
  @Option(help: ArgumentHelp("Write the table as JSON to this file, and none to standard error.", valueName: "file")) var report: String?
  @Option(help: ArgumentHelp("Threads. (default: all cores)", valueName: "threads"), transform: Parse.threads) var threads: Parallelism = .allCores
  @OptionGroup var random: SeedOption
  @Flag(help: "Print no notes and no table.") var quiet = false
  @Argument(parsing: .postTerminator, help: ArgumentHelp("The program and its arguments.", valueName: "program")) var program: [String] = []

  func run() throws {
    guard !program.isEmpty else { throw Failure.usage("no program; give it after --, as in fmtlab run --format bf16 --acc fp32 -- python3 script.py.") }
    var output = OutputOptions()
    (output.json, output.csv, output.quiet) = (false, false, quiet)
    try accumulator.prepare(output)
    let dot = accumulator.dot
    guard [accumulator.format, dot.plan.output.format].allSatisfy(Carrier.binary64.holds) else {
      throw Failure.usage(
        "--format \(accumulator.format) --acc \(accumulator.acc): products of matrices are of numbers that binary64 holds; take narrower formats.")
    }
    if let report { try Output.checkWritable(report, "--report") }
    if let record, mkdir(record, 0o777) != 0, errno != EEXIST {
      throw Failure.file("cannot make \(record): \(Output.reason(errno)); give --record another path.")
    }
    let (names, emulation) = try EmulatedProgram.libraries()
    if dot.isStochastic { output.note("seed \(random.seed)") }
    Output.showNotes()
    let options = [
      "EMULATION": emulation, "FORMAT": accumulator.format.name, "ACC": "\(dot.plan)", "PRODUCT": "\(dot.product)", "SCALE": scale.rawValue,
      "SEED": "\(random.seed)", "THREADS": "\(threads.width)", "RECORD": try record.map(EmulatedProgram.absolute) ?? "",
    ]
    let run = try EmulatedProgram(program, preloading: names, options)
    let table = EmulationReport(accumulator, scale, random.seed, program, run)
    if let report {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      do { try encoder.encode(table).write(to: URL(filePath: report), options: .atomic) } catch {
        throw Failure.file("cannot write \(report): \(Output.reason(errno)).")
      }
    } else if !quiet {
      Output.write(table.lines.map { $0 + "\n" }.joined())
    }
    Glibc.exit(run.status)
  }
}

/// The process that signals are passed to.
private let runningProgram = Atomic<pid_t>(0)

/// A program that has run with libfmtlabblas.so before all other libraries, and what its processes left.
struct EmulatedProgram {
  /// As a shell counts it: 128 and the number of the signal that ended it.
  let status: Int32
  let rows: [Tallies.Row]
  /// Processes that loaded the library, and BLAS libraries of those that called nothing of it.
  let processes: Int
  let others: [String]

  init(_ program: [String], preloading library: String, _ options: [String: String]) throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "fmtlab-run-\(UUID().uuidString)").path
    do { try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false) } catch {
      throw Failure.file("cannot make \(directory): \(Output.reason(errno)).")
    }
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let before = getenv("LD_PRELOAD").map { ":" + String(cString: $0) } ?? ""
    setenv("LD_PRELOAD", library + before, 1)
    for (name, value) in options { setenv("FMTLAB_\(name)", value, 1) }
    setenv("FMTLAB_RUN", directory, 1)
    var arguments = program.map { strdup($0) } + [nil]
    defer { arguments.forEach { free($0) } }
    var child = pid_t()
    // (Interrupts from the terminal reach the program, too; this one waits for it.)
    for number in [SIGINT, SIGQUIT] { signal(number, SIG_IGN) }
    var attributes = posix_spawnattr_t()
    var defaults = sigset_t()
    sigemptyset(&defaults)
    for number in [SIGINT, SIGQUIT, SIGPIPE, SIGTERM, SIGHUP] { sigaddset(&defaults, number) }
    posix_spawnattr_init(&attributes)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
    let error = posix_spawnp(&child, program[0], nil, &attributes, &arguments, environ)
    guard error == 0 else { throw Failure.file("cannot run \(program[0]): \(Output.reason(error)).") }
    // What asks this program to end asks the other one.
    runningProgram.store(child, ordering: .relaxed)
    for number in [SIGTERM, SIGHUP] { signal(number) { kill(runningProgram.load(ordering: .relaxed), $0) } }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0 && errno == EINTR {}
    self.status = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory).sorted()) ?? []
    func contents(_ suffix: String) -> [Data] {
      files.filter { $0.hasSuffix(suffix) }.compactMap { FileManager.default.contents(atPath: "\(directory)/\($0)") }
    }
    rows = Tallies.merged(contents(".calls").compactMap { try? JSONDecoder.withNonFinite.decode([Tallies.Row].self, from: $0) })
    processes = contents(".started").count
    others = Set(contents(".other").map { String(decoding: $0, as: UTF8.self) }).sorted()
  }

  /// The libraries beside the program, or in lib beside its directory.
  static func libraries() throws -> (names: String, emulation: String) {
    let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let directory = String(program[..<(program.lastIndex(of: "/") ?? program.startIndex)])
    for place in [directory, "\(directory)/../lib/fmtlab", "\(directory)/../lib"] {
      let paths = ["libfmtlabblas.so", "libfmtlabemulation.so"].map { "\(place)/\($0)" }
      if paths.allSatisfy({ access($0, R_OK) == 0 }) { return (paths[0], paths[1]) }
    }
    throw Failure.file("there is no libfmtlabblas.so beside \(program) nor in ../lib; build it with `swift build -c release`.")
  }

  static func absolute(_ path: String) throws -> String { path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)" }
}

/// The document `fmtlab.run/1`.
struct EmulationReport: Encodable {
  let schema = "fmtlab.run/1"
  let format, accumulator, product, scale: String
  let seed: UInt64
  let program: [String]
  let status: Int32
  let calls: [Row]
  /// BLAS libraries whose functions were not replaced.
  let untouched: [String]
  private let processes: Int

  private enum CodingKeys: CodingKey { case schema, format, accumulator, product, scale, seed, program, status, calls, untouched }

  struct Row: Encodable {
    let function: String
    let m, n, k, calls: Int
    let macs: Double
    let nonFinite, samples, overflowed: Int
    let sumRms, sumMax, totalRms, totalMax: Double
  }

  init(_ accumulator: AccumulatorOptions, _ scale: EmulatedProduct.Scale, _ seed: UInt64, _ program: [String], _ run: EmulatedProgram) {
    (format, self.accumulator, product) = (accumulator.format.name, "\(accumulator.acc)", "\(accumulator.product)")
    (self.scale, self.seed, self.program, status, untouched, processes) = (scale.rawValue, seed, program, run.status, run.others, run.processes)
    calls = run.rows.map {
      Row(
        function: $0.name, m: $0.m, n: $0.n, k: $0.k, calls: $0.calls, macs: $0.macs, nonFinite: $0.nonFinite, samples: $0.samples,
        overflowed: $0.overflowed, sumRms: $0.sumRms, sumMax: $0.sumLargest, totalRms: $0.totalRms, totalMax: $0.totalLargest)
    }
  }

  var lines: [String] {
    var lines = ["", "fmtlab run: products in \(format), accumulator \(accumulator), products \(product)\(scale == "none" ? "" : ", scale of each \(scale)")"]
    if calls.isEmpty {
      lines.append(processes == 0
        ? "no process loaded the library: \(program[0]) is linked statically, or runs with other privileges."
        : "no product was emulated: the program called none of the functions under their names.")
    } else {
      let columns = ["function", "m x n x k", "calls", "MACs", "inf, NaN", "overflow", "sums: rms", "max", "total: rms", "max"]
      var table = Table(columns, leftAligned: [0, 1])
      for row in calls.prefix(20) {
        let errors = row.sumRms.isNaN ? ["-", "-", "-", "-"] : [row.sumRms, row.sumMax, row.totalRms, row.totalMax].map { $0.significant(3) }
        let overflow = "\((100 * Double(row.overflowed) / Double(max(1, row.samples))).significant(2)) %"
        table.add([row.function, "\(row.m)x\(row.n)x\(row.k)", "\(row.calls)", row.macs.significant(3), "\(row.nonFinite)", overflow] + errors)
      }
      lines += table.lines()
      if calls.count > 20 { lines.append("and \(calls.count - 20) other shapes, with fewer multiplications (--report has them)") }
    }
    for path in untouched {
      lines += ["a process used a BLAS of its own, whose functions have other names or are bound inside it:", "  \(path)"]
      lines.append("nothing of it was emulated; programs of the distribution's packages call a system BLAS.")
    }
    return lines
  }
}

extension Parse {
  static func emulatedScale(_ text: String) throws -> EmulatedProduct.Scale {
    guard let scale = EmulatedProduct.Scale(rawValue: text.lowercased()) else {
      throw ValidationError("use one of \(EmulatedProduct.Scale.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return scale
  }
}

extension JSONDecoder {
  fileprivate static var withNonFinite: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }
}
