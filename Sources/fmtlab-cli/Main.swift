// SPDX-License-Identifier: Apache-2.0
// The command line: the list of commands, and how they start and end.

import ArgumentParser
import FmtLab
import Glibc

@main
struct Main: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fmtlab",
    abstract: "Exact rounding errors of low-precision number formats, and the bounds that explain them.",
    usage: "fmtlab <command> [<options>]",
    discussion: """
      Examples:
        fmtlab info e4m3fn
        fmtlab round --to bf16 3.14159 -0x1.8p-3
        fmtlab op fma --in e5m2 20 24 -1.52587890625e-05
        fmtlab dot 1,2,3 -4,5,6 --format e4m3 --acc e6m5
        fmtlab analyze --format e4m3 --acc e4m3:16,fp16:8,fp32
        fmtlab quantize model.safetensors --to mxfp4 -o model.npz

      Formats       e4m3, e4m3fn, e5m2fnuz, bf16, fp16, tf32, q8.13, k8p4se, posit16, ...;
                    with shared scales mxfp4, nvfp4, dfp16, ... (`fmtlab formats`)
      Roundings     rne rna rnz rz ru rd ro sr srN (N random bits)
      Accumulators  e6m5, e6m5@rz, e4m3:16,fp16:8,fp32, q8.13@wrap, tensorcore/h100-fp8,
                    pairwise/fp16, kahan/bf16, exact/e6m5, ...
      Numbers       decimal of any length or C99 hexadecimal (0x1.8p-3), rounded once;
                    negative ones are plain arguments; - reads standard input
      Arrays        FILE.npy, FILE.csv, IDX, FILE.safetensors:NAME, FILE.npz:NAME, 1,2,3,
                    or - (CSV)

      Standard output is data (text, --json or --csv), standard error is notes.
      Exit status: 0 success; 1 the answer is no; 64 usage; 65 bad data; 66 a file
      cannot be read or written; 70 a bug of fmtlab; 75 stopped, run again to go on.
      """,
    version: "0.1.0",
    subcommands: [
      FormatsCommand.self, InfoCommand.self, ValuesCommand.self, RoundCommand.self, OpCommand.self, QuantizeCommand.self, DotCommand.self,
      GemmCommand.self, AnalyzeCommand.self, WorstCommand.self, DistributionCommand.self, AccumulatorCommand.self, ExpansionCommand.self, BoundsCommand.self,
      TrainCommand.self, TheoryCommand.self, SweepCommand.self, SearchCommand.self, ReportCommand.self, RunCommand.self, WidthsCommand.self, KappaCommand.self, CompareCommand.self, VerifyCommand.self,
    ])

  static func main() {
    Ending.catchCrashes()
    signal(SIGPIPE, SIG_DFL)
    // Help on a terminal has the terminal's width, elsewhere 100 columns like all text.
    if isatty(1) == 0 { setenv("COLUMNS", "100", 0) }
    do {
      let arguments = Array(CommandLine.arguments.dropFirst())
      try checkCommandName(arguments)
      var command = try parseAsRoot(Input.escapingNegativeNumbers(arguments))
      try command.run()
      Output.finish()
    } catch {
      Ending.exit(error)
    }
  }

  private static func checkCommandName(_ arguments: [String]) throws {
    guard let name = arguments.first, !name.hasPrefix("-"), name != "help" else { return }
    let names = configuration.subcommands.compactMap { $0.configuration.commandName }
    guard !names.contains(name) else { return }
    throw Failure.usage("unknown command '\(name)'; the commands are \(names.joined(separator: ", ")).", help: "fmtlab --help")
  }
}
