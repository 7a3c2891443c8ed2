// SPDX-License-Identifier: Apache-2.0
// fmtlab quantize: arrays in files into a format, plain or scaled, and what it costs them.

import ArgumentParser
import FmtLab
import Glibc

struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize", abstract: "Quantise the arrays of a file to a format, plain or scaled.",
    usage: "fmtlab quantize <file> | - | <number>,... --to <format> [-o <file>] [--scale <scale>] [<options>]",
    discussion: """
      Reads .npy, .npz, .safetensors (all tensors, or FILE:NAME), .csv, IDX, and .gz of them,
      in pieces of 1 MB. Only compressed files, blocks that run across rows and ternary formats
      with one scale for the tensor take memory that grows with it. Writes .npy or, for several arrays, .npz,
      whole or not at all: the values that the quantised numbers stand for, as f4 (f8 for inputs
      wider than that), rounded once more where they have more bits.

      Of several tensors those of integers, which index and mask, are left out.

      Elements that are too large saturate. In a scaled format (mxfp4, nvfp4, dfp16, bfp8,
      int8_symmetric/channel, ...; `fmtlab formats` lists them) each group of numbers has its
      own scale S. In a plain format S is 1, or what --scale says, and x becomes S Q(x/S):
        VALUE   this number
        auto    the largest magnitude of the tensor over the largest number of the format
        pow2    the smallest power of two with which nothing saturates
        scan    the best of some hundred scales (tried on every k-th of more than 65536 numbers)

      --csv prints a row for each tensor. --plot draws the magnitudes with the range of the format
      and, beside it in NAME-scale.svg, the signal-to-noise ratio against the scale.

      Numbers separated by commas, or - for CSV on standard input, serve as a small array: its values
      are printed.

        fmtlab quantize 0.75,-3.1,0.001,2.9999 --to dfp16
        fmtlab quantize model.safetensors --to mxfp4 -o model.npz
        fmtlab quantize weights.npy --to e4m3fn --scale scan --plot weights.svg
      """)

  @Argument(help: ArgumentHelp("The file to read, or FILE:TENSOR.", valueName: "file")) var input: String

  @Option(
    help: ArgumentHelp("The format: plain (e4m3fn, q8.0, ...) or scaled (mxfp4, nvfp4, ...).", valueName: "format"),
    transform: { try NamedFormat($0) })
  var to: NamedFormat

  @Option(name: .customShort("o"), help: ArgumentHelp("The .npy or .npz file to write.", valueName: "file")) var outputPath: String?

  @Option(
    help: ArgumentHelp("Of a plain format: a number, auto, pow2 or scan. (default: 1)", valueName: "scale"),
    transform: ScaleChoice.init)
  var scale: ScaleChoice?

  @Option(help: ArgumentHelp("rne, rna, rnz, rz, ru, rd, ro, sr, srN. (default: rne)", valueName: "mode"), transform: { try Rounding($0) })
  var rounding: Rounding = .nearestEven

  @Option(
    help: ArgumentHelp(
      "Axis of channels and blocks, from 0, or from the end if negative. (default: blocks -1, channels 0)", valueName: "axis"),
    transform: { try Parse.integer(Input.plain($0), in: -64...63) })
  var axis: Int?

  @Option(
    help: ArgumentHelp("reject, or propagate: NaN stays NaN and infinities saturate. (default: reject)", valueName: "policy"),
    transform: QuantizeCommand.policy)
  var nonfinite: NonFinitePolicy = .reject

  @Option(
    help: ArgumentHelp("1, or all cores. The results are the same. (default: all)", valueName: "threads"),
    transform: QuantizeCommand.parallelism)
  var threads: Parallelism = .allCores

  @OptionGroup var picture: PlotOptions

  @OptionGroup var random: SeedOption
  @OptionGroup var output: OutputOptions

  func run() throws {
    if let outputPath {
      guard [".npy", ".npz"].contains(where: { outputPath.lowercased().hasSuffix($0) }) || outputPath == "/dev/null" else {
        throw Failure.usage("-o \(outputPath): give a file that ends in .npy or .npz; the report goes to standard output.")
      }
      try Output.checkWritable(outputPath, "-o")
    }
    try picture.check(output, suffixes: ["", "-scale"])
    let (sources, numbers) = try readInput()
    guard sources.contains(where: { $0.count > 0 }) else { throw Failure.badData("'\(input)' holds no numbers; give at least one.") }
    if let format = to.element { output.noteMeaning(of: format) }
    Output.showNotes()

    let sink = try outputPath.map { try QuantizedFile($0, sources, output) }
    var reports: [QuantizedTensor] = []
    let progress = ProgressLine("quantize", output).progress
    let total = Double(max(1, sources.reduce(0) { $0 + $1.count }))
    var done = 0.0
    for source in sources {
      let share = Double(source.count) / total
      let format = try format(for: source)
      let quantizer = TensorQuantizer(
        try BlockQuantizer(format, rounding, nonFinite: nonfinite, stream: RandomStream(seed: random.seed, "quantize").child(source.name)),
        axis: axis, threads)
      let writer = try sink?.writer(for: source)
      let report = try quantizer.run(source, to: writer, progress: progress.part(from: done, share: share))
      let values = try numbers.map {
        try quantizer.quantizer.quantize($0.elements, shape: $0.shape, axis: axis ?? TensorQuantizer.standardAxis(format)).values
      }
      reports.append(QuantizedTensor(report, format, values: values.map { Array(zip(numbers!.elements, $0)) }))
      try writer?.finish()
      done += share
    }
    try sink?.finish()
    let result = QuantizationDocument(to.name, rounding, random.seed, reports)
    try draw(sources, reports)
    if output.json { return try Output.json(result) }
    if output.csv { return result.csvRows.forEach(Output.csv) }
    Output.print(result.lines)
  }
}

extension QuantizeCommand {
  /// Numbers whose values are printed, at most.
  private static let printedNumbers = 64

  /// The tensors of a file; or an array from the command line or standard input, which is given back too if it is small.
  private func readInput() throws -> (sources: [TensorSource], numbers: Tensor?) {
    let text = Input.plain(input)
    var status = stat()
    if stat(text, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      throw Failure.file("cannot read '\(text)': it is a directory; give a file, - or numbers separated by commas.")
    }
    guard text == "-" || text.contains(",") && access(text, F_OK) != 0 || Double(text) != nil else {
      guard text.contains(":") || access(text, F_OK) == 0 else {
        throw Failure.file("cannot read '\(text)': there is no such file; give a file, - or numbers separated by commas.")
      }
      return (Input.withoutIntegers(try TensorSource.open(text), output), nil)
    }
    let array = try NumberArray(input)
    let toDouble = try Rounder(to: .fp64)
    let tensor = Tensor(shape: array.shape, elements: array.elements.map { toDouble.round($0).value.double })
    return ([TensorSource(name: "numbers", tensor)], tensor.elements.count <= QuantizeCommand.printedNumbers ? tensor : nil)
  }
}

// MARK: - Scales

/// The scale of a plain format, as an option says it.
enum ScaleChoice {
  case auto, powerOfTwo, scan
  case value(Dyadic)

  init(_ text: String) throws {
    switch text.lowercased() {
    case "auto": self = .auto
    case "pow2": self = .powerOfTwo
    case "scan": self = .scan
    default:
      guard let number = try? Extended(text: Input.plain(text)), case .finite(let x) = number, !x.isNegative, !x.isZero,
        let scale = Rounder.fp64Value(x)
      else { throw ValidationError("give a positive number, auto, pow2 or scan.") }
      self = .value(scale)
    }
  }
}

extension Rounder {
  /// The nearest double of a number as an exact one; nil if it is 0 or out of range.
  fileprivate static func fp64Value(_ x: Unrounded) -> Dyadic? {
    guard let value = try? Rounder(to: .fp64).round(x).value.dyadic, !value.isZero else { return nil }
    return value
  }
}

extension QuantizeCommand {
  static func policy(_ text: String) throws -> NonFinitePolicy {
    guard let policy = NonFinitePolicy(rawValue: text.lowercased()) else { throw ValidationError("use reject or propagate.") }
    return policy
  }

  static func parallelism(_ text: String) throws -> Parallelism {
    switch text.lowercased() {
    case "1": .oneThread
    case "all": .allCores
    default: throw ValidationError("use 1 or all.")
    }
  }

  /// The scaled format of one tensor: a plain format has the scale that was asked for.
  private func format(for source: TensorSource) throws -> ScaledFormat {
    let element: Format
    switch to {
    case .logarithmic(let format):
      throw Failure.usage("--to \(format.name): logarithmic formats are not quantised to yet; `fmtlab round` rounds to them.")
    case .scaled(let format):
      guard scale == nil else { throw Failure.usage("--scale is for plain formats; \(format) has a rule for its scales.") }
      return format
    case .plain(let format): element = format
    }
    switch scale {
    case nil: return try ScaledFormat(element: element, scale: .fixed(1), granularity: .tensor)
    case .value(let s)?: return try ScaledFormat(element: element, scale: .fixed(s), granularity: .tensor)
    case .auto?: return try ScaledFormat(element: element, scale: .real(in: .fp64, .up), granularity: .tensor)
    case .powerOfTwo?: return try ScaledFormat(element: element, scale: .power(.roundCeil, in: Format("e11m0fnu")), granularity: .tensor)
    case .scan?:
      _ = try ScaledFormat(element: element, scale: .fixed(1), granularity: .tensor)  // refuses what cannot be scanned
      guard let scan = try scan(source, element) else { return try ScaledFormat(element: element, scale: .fixed(1), granularity: .tensor) }
      return try ScaledFormat(element: element, scale: .fixed(Dyadic(scan.best.scale)!), granularity: .tensor)
    }
  }

  /// Numbers that a search for a scale looks at, at most.
  private static let scanLimit = 1 << 16

  /// The errors of a sample of the tensor at many scales; nil if it has no finite nonzero numbers.
  private func scan(_ source: TensorSource, _ element: Format) throws -> ScaleScan? {
    let stride = max(1, (source.count + QuantizeCommand.scanLimit - 1) / QuantizeCommand.scanLimit)
    var sample: [Double] = []
    var buffer = [Double](repeating: 0, count: 1 << 16)
    for start in Swift.stride(from: 0, to: source.count, by: buffer.count) {
      let range = start..<min(start + buffer.count, source.count)
      try buffer.withUnsafeMutableBufferPointer { try source.read(range, into: $0) }
      let first = (stride - start % stride) % stride
      for i in Swift.stride(from: first, to: range.count, by: stride) where buffer[i].isFinite { sample.append(buffer[i]) }
    }
    guard sample.contains(where: { $0 != 0 }) else { return nil }
    return try ScaleScan(sample, element, rounding, perBinade: 8, limit: sample.count, seed: random.seed, threads)
  }

  // MARK: Pictures

  private func draw(_ sources: [TensorSource], _ reports: [QuantizedTensor]) throws {
    guard picture.isAsked, let element = to.element else { return }
    let largest = sources.max { $0.count < $1.count }!
    let report = reports.first { $0.report.name == largest.name }!
    try picture.draw(report.figure(BlockQuantizer(report.format, rounding)), output)
    guard let scan = try scan(largest, element) else { return }
    let title = "\(largest.name) in \(element): signal over noise against the scale"
    try picture.draw(Figure.signalToNoise([scan], title: title), suffix: "-scale", output)
  }
}
