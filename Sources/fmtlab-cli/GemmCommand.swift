// SPDX-License-Identifier: Apache-2.0
// fmtlab gemm: products of matrices with an emulated accumulator.

import ArgumentParser
import FmtLab

struct GemmCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "gemm", abstract: "Multiply matrices with an emulated accumulator, bit for bit as `dot` does each element.",
    usage: "fmtlab gemm <A> <B> --format <format> --acc <acc> -o <C.npy> [<options>]",
    discussion: """
      A and B are files (.npy, .csv, .safetensors:NAME, ...) or - (CSV on standard input), each
      a matrix; a vector is a row on the left and a column on the right. Each element is
      rounded once, to nearest, to the input format. C is written as binary32.

        fmtlab gemm a.npy b.npy --format e4m3 --acc e6m5 -o c.npy
        fmtlab gemm x.npy w.npy --transpose-b --format e4m3fn --acc e4m3:16,fp16:8,fp32 -o y.npy

      The results are the same on any number of threads. Element (i, j) of an m by n product
      takes stream i n + j of the seed. kernel says how the sums were carried out; the
      reference does what no vector kernel fits, some hundred times slower.
      """)

  @Argument(help: ArgumentHelp("The left matrix.", valueName: "A")) var a: String
  @Argument(help: ArgumentHelp("The right matrix.", valueName: "B")) var b: String
  @OptionGroup var accumulator: AccumulatorOptions
  @Option(name: [.customShort("o")], help: ArgumentHelp("Write the product to this .npy file, as binary32.", valueName: "file")) var out:
    String?
  @Flag(help: "Multiply by the transpose of A.") var transposeA = false
  @Flag(help: "Multiply by the transpose of B.") var transposeB = false
  @Option(help: ArgumentHelp("Threads. (default: all cores)", valueName: "threads"), transform: Parse.threads) var threads: Parallelism =
    .allCores
  @OptionGroup var random: SeedOption
  @OptionGroup var output: OutputOptions

  private struct Document: Encodable {
    let schema = "fmtlab.gemm/1"
    let format, accumulator, product, kernel: String
    let seed: UInt64
    let m, n, k, macs: Int
    let seconds, gmacs: Double
    let nonFinite: Int
    @Nullable var output: String?
  }

  func run() throws {
    let path = out.map(Input.plain)
    if let path {
      guard path.lowercased().hasSuffix(".npy") || path == "/dev/null" else {
        throw Failure.usage("-o \(path): give a file that ends in .npy.")
      }
      try Output.checkWritable(path, "-o")
    }
    try accumulator.prepare(output)
    if accumulator.dot.isStochastic { output.note("seed \(random.seed)") }
    // Binary32 holds most formats, in half the memory.
    let formats = [accumulator.format, accumulator.acc.output.format]
    if formats.allSatisfy(KernelVerification.applies) { try run(Float.self, path) } else { try run(Double.self, path) }
  }

  private func run<Number: CarrierNumber>(_: Number.Type, _ path: String?) throws {
    guard Number.carrier == .binary32 || formatsFitBinary64 else {
      throw Failure.usage(
        "--format \(accumulator.format) --acc \(accumulator.acc): products of matrices are of numbers that binary64 holds; take narrower formats."
      )
    }
    let left: Matrix<Number> = try matrix(a, isRow: true, transposeA)
    let right: Matrix<Number> = try matrix(b, isRow: false, transposeB)
    guard left.columns == right.rows else {
      throw Failure.badData(
        "\(a) has \(left.rows) rows and \(left.columns) columns, \(b) \(right.rows) and \(right.columns): "
          + "A needs as many columns as B has rows; --transpose-a or --transpose-b turns one.")
    }
    let (m, n, k) = (left.rows, right.columns, left.columns)
    Output.showNotes()
    let progress = ProgressLine("gemm", output, work: (Double(m) * Double(n) * Double(k), "MAC"))
    let multiply = MatrixProduct(accumulator.dot)
    let clock = ContinuousClock()
    let start = clock.now
    let choice = multiply.choice(left, right, threads)
    if choice.isReference { output.note("\(choice)") }
    let product = multiply(
      left, right, random: RandomStream(seed: random.seed, "dot"), threads, progress: progress.progress, choice: choice)
    progress.end()
    let seconds = (clock.now - start) / .seconds(1)
    let numbers = product.elements.map(Double.init)
    if let path {
      let rounded = numbers.count { Double(Float($0)) != $0 && !$0.isNaN }
      if rounded > 0 { output.note("\(path) holds binary32 numbers: \(rounded) of \(numbers.count) elements were rounded again") }
      try Tensor(shape: [m, n], elements: numbers.map { Double(Float($0)) }).write(npy: path, elementType: .f4)
    }
    let macs = m * n * k
    let document = Document(
      format: accumulator.format.name, accumulator: "\(accumulator.acc)", product: "\(accumulator.product)", kernel: "\(choice)",
      seed: random.seed, m: m, n: n,
      k: k, macs: macs, seconds: seconds, gmacs: Double(macs) / seconds / 1e9, nonFinite: numbers.count { !$0.isFinite }, output: path)
    if output.json { return try Output.json(document) }
    if output.csv {
      Output.csv(["m", "n", "k", "macs", "seconds", "gmacs", "kernel"])
      return Output.csv(["\(m)", "\(n)", "\(k)", "\(macs)", "\(seconds)", "\(document.gmacs)", document.kernel])
    }
    Output.print("\(m) x \(k) by \(k) x \(n) in \(accumulator.format), accumulator \(accumulator.acc), products \(accumulator.product)")
    Output.facts([
      ("kernel", document.kernel), ("time", "\(seconds.threeDigits) s, \(document.gmacs.threeDigits) G multiply-adds a second"),
      ("not finite", "\(document.nonFinite) of \(m * n)"), ("written", path ?? "nothing; -o FILE.npy writes the product"),
    ])
    guard path == nil, m <= 16, n <= 8, m * n > 0 else { return }
    var table = Table((0..<n).map { "\($0)" })
    for i in 0..<m { table.add((0..<n).map { Double(product[i, $0]).shortDescription }) }
    Output.print(table.lines())
  }

  private var formatsFitBinary64: Bool {
    [accumulator.format, accumulator.acc.output.format].allSatisfy(Carrier.binary64.holds)
  }

  /// The matrix of an argument, its elements rounded to the input format.
  private func matrix<Number: CarrierNumber>(_ argument: String, isRow: Bool, _ isTransposed: Bool) throws -> Matrix<Number> {
    let rounder = try Rounder(to: accumulator.format)
    let text = Input.plain(argument)
    let (shape, numbers): ([Int], [Number])
    if [".npy", ".npz", ".safetensors", ".gz", ".idx"].contains(where: { text.lowercased().hasSuffix($0) })
      || text.contains(".safetensors:") || text.contains(".npz:")
    {
      let tensor = try Tensor.read(text)
      shape = tensor.shape
      var doubles = tensor.elements
      ArrayRounder<Double>(rounder).round(&doubles, threads)
      numbers = doubles.map(Number.init)
      let changed = zip(doubles, tensor.elements).count { $0 != $1 && !($0.isNaN && $1.isNaN) }
      noteRounding(changed, of: doubles.count, text)
    } else {
      let array = try NumberArray(argument)
      shape = array.shape
      let rounded = array.elements.map { rounder.round($0) }
      numbers = rounded.map { Number($0.value.double) }
      noteRounding(rounded.count { !$0.flags.isEmpty }, of: rounded.count, array.name)
    }
    guard (1...2).contains(shape.count) else {
      throw Failure.badData("\(text) has shape \(shape); give a matrix, an array of two dimensions, or a vector.")
    }
    let rows = shape.count == 2 ? shape[0] : isRow ? 1 : shape[0]
    let columns = shape.count == 2 ? shape[1] : isRow ? shape[0] : 1
    let matrix = Matrix(rows: rows, columns: columns, numbers)
    return isTransposed ? matrix.transposed : matrix
  }

  private func noteRounding(_ changed: Int, of count: Int, _ name: String) {
    if changed > 0 { output.note("\(changed) of \(count) elements of \(name) were rounded to \(accumulator.format)") }
  }
}
