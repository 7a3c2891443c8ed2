// SPDX-License-Identifier: Apache-2.0
// fmtlab verify: the vector kernels against the reference on this machine.

import ArgumentParser
import FmtLab

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Compare the vector kernels with the reference, bit for bit, on this machine.",
    usage: "fmtlab verify [--format <format>] [--rounding <mode>] [--exhaustive] [<options>]",
    discussion: """
      Rounding: binary32 numbers into the format in every mode, by the kernel for the whole
      array and by the rounder one by one. By default those with one of 2^20 leading parts
      and a last part of 00..0, 00..1 or 11..1; with --exhaustive all 2^32, which takes a
      minute or two for each mode and instruction set. Products: some small matrices with
      the format as factors and as accumulator. Formats that no kernel fits are listed with
      the reason; the reference does their work. Exit status 1 if anything differs.

        fmtlab verify --format e4m3
        fmtlab verify --format bf16 --rounding rne --exhaustive
      """)

  @Option(help: ArgumentHelp("The format. (default: all of the catalogue)", valueName: "format"), transform: Parse.format) var format:
    Format?
  @Option(help: ArgumentHelp("The mode. (default: all)", valueName: "mode"), transform: { try Rounding($0) }) var rounding: Rounding?
  @Flag(help: "All 2^32 binary32 numbers.") var exhaustive = false
  @Option(
    help: ArgumentHelp("portable, avx2 or avx512. (default: the best this processor has)", valueName: "set"), transform: Parse.instructions)
  var instructions: InstructionSet = .best
  @Option(help: ArgumentHelp("Threads. (default: all cores)", valueName: "threads"), transform: Parse.threads) var threads: Parallelism =
    .allCores
  @OptionGroup var random: SeedOption
  @OptionGroup var output: OutputOptions

  private struct Row: Encodable {
    let format, what, rounding, kernel: String
    @Nullable var refusal: String?
    let inputs, mismatches: Int
    @Nullable var example: String?
  }

  private struct Document: Encodable {
    let schema = "fmtlab.verify/1"
    let instructions: String
    let exhaustive: Bool
    let seed: UInt64
    let inputs, mismatches: Int
    let results: [Row]
  }

  func run() throws {
    let formats = format.map { [$0] } ?? Format.catalogue.map(\.format)
    if let format { output.noteMeaning(of: format) }
    if let format, !KernelVerification.applies(to: format) {
      throw Failure.usage(
        "--format \(format): its values do not fit into binary32, whose numbers are compared here; take a narrower format.")
    }
    output.note("seed \(random.seed), \(instructions.rawValue)")
    Output.showNotes()
    let modes = rounding.map { [$0] } ?? Rounding.deterministic + [.stochastic, .stochasticBits(8), .stochasticBits(24)]
    let rounders = formats.filter(KernelVerification.applies).flatMap { format in modes.compactMap { try? Rounder(to: format, $0) } }
    guard !rounders.isEmpty else { throw Failure.usage("\(format!) cannot be rounded to in mode \(rounding!); choose another --rounding.") }
    let inputs: KernelVerification.Inputs = exhaustive ? .all : .leading(20)
    let progress = ProgressLine("verify", output, work: (Double(rounders.count * inputs.count), "inputs"))
    var rows: [Row] = []
    for (i, rounder) in rounders.enumerated() {
      let share = 1 / Double(rounders.count)
      let stream = RandomStream(seed: random.seed, "verify").child(i)
      let outcome = KernelVerification(rounder, instructions).run(
        inputs, random: stream, threads, progress: progress.progress.part(from: Double(i) * share, share: share))
      rows.append(
        Row(
          format: rounder.format.name, what: "rounding", rounding: "\(rounder.rounding)", kernel: outcome.kernel, refusal: outcome.refusal,
          inputs: outcome.inputs, mismatches: outcome.mismatches,
          example: outcome.first.map { "0x\(String($0.input, radix: 16)): \($0.kernel), not \($0.rounder)" }))
    }
    progress.end()
    for (i, rounder) in rounders.enumerated() where rounder.format.width <= 16 { rows.append(product(rounder, i)) }
    try print(rows)
  }

  /// A 16 × 48 by 48 × 40 product of values of the format, with the rounder as accumulator.
  private func product(_ rounder: Rounder, _ number: Int) -> Row {
    let stream = RandomStream(seed: random.seed, "verify products").child(number)
    let (m, k, n) = (16, 48, 40)
    func factors(_ count: Int, _ start: Int) -> [Float] {
      (0..<count).map { i in
        let bits = stream.bits(at: UInt64(start + i))
        let value = rounder.format.decode(Format.Code(bits >> 32) & ((1 << Format.Code(rounder.format.width)) - 1))
        return value.isFinite || bits % 50 == 0 ? Float(value.double) : 1
      }
    }
    let (a, b) = (Matrix(rows: m, columns: k, factors(m * k, 0)), Matrix(rows: k, columns: n, factors(k * n, m * k)))
    let multiply = MatrixProduct(DotProduct(.sequential(rounder)), instructions)
    let choice = multiply.choice(a, b)
    let mismatches = choice.isReference ? 0 : multiply.mismatches(a, b, random: stream, threads)
    return Row(
      format: rounder.format.name, what: "product", rounding: "\(rounder.rounding)",
      kernel: choice.isReference ? "reference" : choice.description,
      refusal: choice.isReference ? choice.description : nil, inputs: choice.isReference ? 0 : m * k * n, mismatches: mismatches,
      example: nil)
  }

  private func print(_ rows: [Row]) throws {
    let (inputs, mismatches) = (rows.reduce(0) { $0 + $1.inputs }, rows.reduce(0) { $0 + $1.mismatches })
    if output.json {
      try Output.json(
        Document(
          instructions: instructions.rawValue, exhaustive: exhaustive, seed: random.seed, inputs: inputs, mismatches: mismatches,
          results: rows))
    } else if output.csv {
      Output.csv(["format", "what", "rounding", "kernel", "refusal", "inputs", "mismatches", "example"])
      for row in rows {
        Output.csv([
          row.format, row.what, row.rounding, row.kernel, row.refusal ?? "", "\(row.inputs)", "\(row.mismatches)", row.example ?? "",
        ])
      }
    } else {
      text(rows)
      Output.print(
        inputs == 0
          ? "nothing was compared: no kernel fits, and the reference does the work"
          : "\(inputs) inputs with \(instructions.rawValue), \(mismatches == 0 ? "no" : "\(mismatches)") mismatches")
    }
    if mismatches > 0 {
      throw Failure.no("\(mismatches) results differ from the reference: a bug of fmtlab; please report it with the command line.")
    }
  }

  /// A line for each format and kernel with its modes.
  private func text(_ rows: [Row]) {
    var table = Table(["format", "what", "kernel", "inputs", "mismatches", "modes"], leftAligned: [0, 1, 2, 5])
    var refusals: [String] = []
    var i = 0
    while i < rows.count {
      let alike = rows[i...].prefix {
        ($0.format, $0.what, $0.kernel, $0.refusal) == (rows[i].format, rows[i].what, rows[i].kernel, rows[i].refusal)
      }
      let modes = alike.map(\.rounding)
      table.add([
        rows[i].format, rows[i].what, rows[i].kernel, "\(alike.reduce(0) { $0 + $1.inputs })", "\(alike.reduce(0) { $0 + $1.mismatches })",
        modes.joined(separator: " "),
      ])
      if let refusal = rows[i].refusal, rows[i].what == "rounding" {
        refusals.append("\(rows[i].format) \(modes.joined(separator: " ")): by the reference, since \(refusal)")
      }
      for row in alike { if let example = row.example { refusals.append("\(row.format) \(row.rounding): \(example)") } }
      i += alike.count
    }
    Output.print(table.lines())
    for line in refusals.flatMap({ wrap($0, 100) }) { Output.print(line) }
  }
}
