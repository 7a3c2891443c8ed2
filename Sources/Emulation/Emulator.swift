// SPDX-License-Identifier: Apache-2.0
// The products of a program that runs under `fmtlab run`, in the arithmetic that it was given.

internal import Accumulation
internal import CEmulation
internal import CKernels
internal import Formats
internal import FoundationEssentials
internal import Glibc
internal import Lab
internal import Synchronization
internal import Tensors

/// Carries out a product of the program; called by libfmtlabblas.so.
@_cdecl("fmtlab_emulate")
public func emulate(_ product: UnsafeRawPointer) {
  // (The program may have told the processor to flush subnormal numbers.)
  let environment = ck_default_environment()
  defer { ck_restore_environment(environment) }
  let call = product.assumingMemoryBound(to: fmtlab_product.self).pointee
  if call.isDouble != 0 { Emulator.shared.run(call, Double.self) } else { Emulator.shared.run(call, Float.self) }
}

/// What the environment asks for, and what came of it.
final class Emulator: Sendable {
  static let shared = Emulator()

  private let product: EmulatedProduct
  private let random: RandomStream
  /// Where the table of the process goes, and copies of operands.
  private let directory, record: String?
  private let process = getpid()
  private let parallelism: Parallelism
  private let tallies = Mutex(Tallies())

  private init() {
    func option(_ name: String) -> String? { getenv("FMTLAB_\(name)").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } }
    do {
      let format = try Format(option("FORMAT") ?? "fp32")
      let product = try option("PRODUCT").map { try Product(text: $0) } ?? Product(multiplierOf: format)
      let dot = DotProduct(try Plan(text: option("ACC") ?? "fp32"), product: product, factors: format)
      self.product = EmulatedProduct(format, dot, scale: option("SCALE").flatMap { .init(rawValue: $0) } ?? .none)
    } catch {
      // (`fmtlab run` has read them before.)
      fatalError("fmtlab run: \(error)")
    }
    random = RandomStream(seed: option("SEED").flatMap { UInt64($0) } ?? 1, "dot")
    (directory, record) = (option("RUN"), option("RECORD"))
    parallelism = option("THREADS").flatMap { Int($0) }.map { .threads($0) } ?? .allCores
    atexit { Emulator.shared.report() }
  }

  func run<Number: CarrierNumber>(_ call: fmtlab_product, _: Number.Type) {
    let (m, n, k) = (Int(call.m), Int(call.n), Int(call.k))
    let (a, b) = (gather(call.a, m, k, Number.self), gather(call.b, k, n, Number.self))
    // Threads of a pool do not survive a fork.
    let threads: Parallelism = getpid() == process ? parallelism : .oneThread
    let shape = Tallies.Shape(name: String(cString: call.name), m: m, n: n, k: k)
    let (index, place) = tallies.withLock { $0.begin(shape) }
    let random = random.child(index)
    let sums = product.sums(a, b, rows: m, columns: n, terms: k, random: random, threads)
    let c = call.beta == 0 ? [] : gather(fmtlab_matrix(base: call.c, row: call.cRow, column: call.cColumn, part: FMTLAB_ALL), m, n, Number.self)
    let result = sums.combined(alpha: Number(call.alpha), beta: Number(call.beta), c)
    scatter(result, call, m, n)
    let nonFinite = sums.values.count { !$0.isFinite }
    let samples = samples(place, m * n).map { sums.sample($0 / n, $0 % n, of: a, b, random: random, in: product) }
    tallies.withLock { $0.note(shape, nonFinite: nonFinite, samples) }
    if place == 0, let record { keep(a, b, result, shape, in: record) }
  }

  /// Elements whose errors are looked at: eight of the first eight calls of a shape, and of the calls 2^j after that.
  private func samples(_ place: Int, _ elements: Int) -> [Int] {
    guard place < 8 || place & (place - 1) == 0 else { return [] }
    let stream = random.child("samples").child(place)
    return elements <= 8 ? Array(0..<elements) : (0..<8).map { stream.integer(below: elements, at: UInt64($0)) }
  }

  /// Writes the first call of a shape as arrays, row after row.
  private func keep<Number: CarrierNumber>(_ a: [Number], _ b: [Number], _ c: [Number], _ shape: Tallies.Shape, in directory: String) {
    let type: Tensor.StoredType = Number.carrier == .binary32 ? .f4 : .f8
    for (name, numbers, dimensions) in [("A", a, [shape.m, shape.k]), ("B", b, [shape.k, shape.n]), ("C", c, [shape.m, shape.n])] {
      let path = "\(directory)/\(process)-\(shape.name)-\(shape.m)x\(shape.n)x\(shape.k)-\(name).npy"
      // A program is not to fail because a disk is full.
      do { try Tensor(shape: dimensions, elements: numbers.map(Double.init)).write(npy: path, elementType: type) } catch { return }
    }
  }

  /// Writes the table of the process for `fmtlab run`.
  private func report() {
    guard let directory, getpid() == process else { return }
    let rows = tallies.withLock { $0.rows }
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard let bytes = try? encoder.encode(rows) else { return }
    try? bytes.write(to: URL(filePath: "\(directory)/\(process).calls"), options: .atomic)
  }
}

// MARK: - Memory of the program

/// A matrix of the program, row after row, with the triangle that is not stored.
private func gather<Number: CarrierNumber>(_ matrix: fmtlab_matrix, _ rows: Int, _ columns: Int, _: Number.Type) -> [Number] {
  let base = matrix.base.assumingMemoryBound(to: Number.self)
  let (down, right) = (Int(matrix.row), Int(matrix.column))
  return [Number](unsafeUninitializedCapacity: rows * columns) { numbers, count in
    count = rows * columns
    let isAll = matrix.part == FMTLAB_ALL
    for i in 0..<rows {
      for j in 0..<columns {
        numbers[i * columns + j] = isAll ? base[i * down + j * right] : element(base, matrix.part, i, j, down, right)
      }
    }
  }
}

/// An element of a matrix of which a triangle is stored.
private func element<Number: CarrierNumber>(_ base: UnsafePointer<Number>, _ part: fmtlab_part, _ i: Int, _ j: Int, _ down: Int, _ right: Int) -> Number {
  let isUpper = part == FMTLAB_SYMMETRIC_UPPER || part == FMTLAB_UPPER || part == FMTLAB_UNIT_UPPER
  if i == j && (part == FMTLAB_UNIT_UPPER || part == FMTLAB_UNIT_LOWER) { return 1 }
  if isUpper ? i <= j : i >= j { return base[i * down + j * right] }
  return part == FMTLAB_SYMMETRIC_UPPER || part == FMTLAB_SYMMETRIC_LOWER ? base[j * down + i * right] : 0
}

/// Writes the elements of C that are the call's to write.
private func scatter<Number: CarrierNumber>(_ numbers: [Number], _ call: fmtlab_product, _ rows: Int, _ columns: Int) {
  let base = call.c.assumingMemoryBound(to: Number.self)
  for i in 0..<rows {
    let written = call.cPart == FMTLAB_UPPER ? i..<columns : call.cPart == FMTLAB_LOWER ? 0..<i + 1 : 0..<columns
    for j in written { base[i * Int(call.cRow) + j * Int(call.cColumn)] = numbers[i * columns + j] }
  }
}
