// SPDX-License-Identifier: Apache-2.0
// Products of matrices whose every sum is rounded as a plan says.

internal import CKernels
public import Formats

/// C = A B, where every element is a dot product carried out as ``DotProduct/evaluate(_:_:initial:random:observe:)`` does, bit for bit.
///
/// Vector kernels do the work where one is exact for the plan and the numbers at hand; ``choice(_:_:_:)`` says which, or why none is. Each tile of C is
/// summed in the order of k, whatever its shape, so the results do not depend on tiles, threads or instructions.
public struct MatrixProduct: Sendable {
  /// How each element is summed.
  public let dot: DotProduct
  /// Which vector instructions the kernels use.
  public let instructions: InstructionSet

  /// Products whose elements are carried out as `dot` says. The instructions change the time, never the bits; those that the processor lacks trap.
  public init(_ dot: DotProduct, _ instructions: InstructionSet = .best) {
    precondition(instructions <= .best, "this processor lacks \(instructions)")
    (self.dot, self.instructions) = (dot, instructions)
  }

  /// The way a product is carried out.
  public struct Choice: Sendable, CustomStringConvertible {
    let kernels: Result<(best: ProductKernel, general: ProductKernel?), ProductKernel.Refusal>

    /// Whether the reference does the work, number by number.
    public var isReference: Bool { if case .failure = kernels { true } else { false } }

    public var description: String {
      switch kernels {
      case .success(let kernels): kernels.best.name
      case .failure(let refusal): "reference, since \(refusal)"
      }
    }
  }

  /// How A B is carried out, by the facts of their numbers.
  ///
  /// - Complexity: O(mk + kn).
  public func choice<Number>(_ a: Matrix<Number>, _ b: Matrix<Number>, _ parallelism: Parallelism = .allCores) -> Choice {
    let facts = parallelMap(2, parallelism) { ($0 == 0 ? a : b).facts }
    return choice(facts[0], facts[1], terms: a.columns)
  }

  /// The same from facts that are at hand, for dot products of `terms` terms.
  public func choice<Number>(_ a: Matrix<Number>.Facts, _ b: Matrix<Number>.Facts, terms: Int) -> Choice {
    Choice(kernels: ProductKernel.choose(dot, Terms(a.facts, b.facts), count: terms, instructions))
  }

  /// A B.
  ///
  /// - Shape: A m × k, B k × n; any of them may be 0, and k = 0 gives zeros. Views, transposed or sliced, cost nothing extra.
  /// - Rounding: as the plan says. NaN results are the quiet NaN.
  /// - Random: element (i, j) takes stream `random.child(i · n + j)`. Traps without `random` when a mode is stochastic.
  /// - Precondition: the extents agree, and every value of the plan's output format is a `Number`.
  /// - Complexity: m k n roundings, 0.05 to 0.5 ns each on a core with 512-bit vectors.
  public func callAsFunction<Number>(
    _ a: Matrix<Number>, _ b: Matrix<Number>, random: RandomStream? = nil, _ parallelism: Parallelism = .allCores,
    progress: Progress = .silent,
    choice: Choice? = nil
  ) -> Matrix<Number> {
    Matrix(
      rows: a.rows, columns: b.columns,
      elements(a, b, as: Number.self, random: random, parallelism, progress: progress, choice: choice ?? self.choice(a, b, parallelism)))
  }

  /// The elements of A B, row after row, as numbers of another carrier.
  ///
  /// - Precondition: as above; every value of the plan's output format is a `Result`.
  // (Callers are in other modules, whose generic calls are slow.)
  @_specialize(where Number == Float, Result == Float)
  @_specialize(where Number == Float, Result == Double)
  @_specialize(where Number == Double, Result == Double)
  package func elements<Number: CarrierNumber, Result: CarrierNumber>(
    _ a: Matrix<Number>, _ b: Matrix<Number>, as result: Result.Type, random: RandomStream?, _ parallelism: Parallelism, progress: Progress = .silent,
    choice: Choice
  ) -> [Result] {
    precondition(a.columns == b.rows, "\(a.rows) by \(a.columns) times \(b.rows) by \(b.columns)")
    precondition(random != nil || !dot.isStochastic, "stochastic rounding needs random bits: pass a stream")
    precondition(
      Number.carrier.holds(dot.plan.output.format) && Result.carrier.holds(dot.plan.output.format),
      "binary\(min(Number.carrier.rawValue, Result.carrier.rawValue)) does not hold every value of \(dot.plan.output.format)")
    let (m, n) = (a.rows, b.columns)
    // (The array without elements is one object for all threads, and its initialiser writes to it.)
    guard m > 0 && n > 0 else { return [] }
    return [Result](unsafeUninitializedCapacity: m * n) { c, count in
      count = m * n
      nonisolated(unsafe) let c = c.baseAddress!
      switch choice.kernels {
      case .success(let kernels): run(kernels.best, kernels.general, a, b, into: c, random, parallelism, progress)
      case .failure:
        parallelParts(m * n, grain: 16, parallelism, progress: progress) { part in
          for e in part { c[e] = reference(a, b, e / n, e % n, random) }
        }
      }
    }
  }

  private func reference<Number, Result: CarrierNumber>(
    _ a: Matrix<Number>, _ b: Matrix<Number>, _ i: Int, _ j: Int, _ random: RandomStream?
  ) -> Result {
    let x = (0..<a.columns).map { Value(Double(a[i, $0])) }
    let y = (0..<a.columns).map { Value(Double(b[$0, j])) }
    let sum = dot.evaluate(x, y, random: random?.child(i * b.columns + j))
    return sum == .nan ? .nan : Result(sum.double)
  }

  private func run<Number, Result: CarrierNumber>(
    _ kernel: ProductKernel, _ general: ProductKernel?, _ a: Matrix<Number>, _ b: Matrix<Number>, into c: UnsafeMutablePointer<Result>,
    _ random: RandomStream?, _ parallelism: Parallelism, _ progress: Progress
  ) {
    let table = instructions.kernels(kernel.carrier)
    let (m, k, n) = (a.rows, a.columns, b.columns)
    let (tileRows, tileColumns) = (Int(table.rows), Int(table.vectors * table.lanes))
    let (rowPanels, columnPanels) = ((m + tileRows - 1) / tileRows, (n + tileColumns - 1) / tileColumns)
    let carrier = Int32(kernel.carrier.rawValue)
    nonisolated(unsafe) let c = c
    @Sendable func pack(_ matrix: Matrix<Number>, _ lines: Range<Int>, _ width: Int, _ panel: UnsafeMutableRawPointer) {
      matrix.withKernelMatrix { ck_pack($0, Int64(k), Int64(lines.lowerBound), Int64(lines.count), Int64(width), carrier, panel) }
    }
    @Sendable func packs(_ matrix: Matrix<Number>, _ width: Int, _ count: Int) -> Panels {
      let panels = Panels(kernel.carrier, count: count, k * width)
      parallelParts(matrix.columns, grain: width, parallelism) { pack(matrix, $0, width, panels[$0.lowerBound / width]) }
      return panels
    }
    @Sendable func compute(_ rows: Range<Int>, _ columns: Range<Int>, _ left: UnsafeMutableRawPointer, _ right: UnsafeMutableRawPointer, _ tile: inout Tile) {
      var isInDoubt = tile.run(left, right) { row in (rows.lowerBound + row) * n + columns.lowerBound }
      if isInDoubt, let general, general.carrier == kernel.carrier {
        isInDoubt = tile.run(left, right, instead: general.plan) { row in (rows.lowerBound + row) * n + columns.lowerBound }
      }
      tile.copyResults(rows: rows.count, columns: columns.count, to: c + rows.lowerBound * n + columns.lowerBound, stride: n)
      guard isInDoubt else { return }
      for i in rows {
        for j in columns { c[i * n + j] = reference(a, b, i, j, random) }
      }
    }
    @Sendable func panel(_ i: Int, _ width: Int, of count: Int) -> Range<Int> { i * width..<min(count, (i + 1) * width) }
    @Sendable func tile() -> Tile { Tile(kernel, table, dot, random, leftStride: tileRows, rightStride: tileColumns, terms: k) }

    // The factor with fewer panels is packed whole, each panel of the other where it is used. A thread takes several of those at a time, for what
    // is set up for them costs as much as a short sum.
    if rowPanels <= columnPanels {
      let left = packs(a.transposed, tileRows, rowPanels)
      let panels = MatrixProduct.panels(atATime: tileColumns * rowPanels * tileRows * k, of: columnPanels, parallelism)
      parallelParts(columnPanels, grain: panels, parallelism, progress: progress) { part in
        let right = Panels(kernel.carrier, count: 1, k * tileColumns)
        var tile = tile()
        for i in part {
          let columns = panel(i, tileColumns, of: n)
          pack(b, columns, tileColumns, right[0])
          for i in 0..<rowPanels { compute(panel(i, tileRows, of: m), columns, left[i], right[0], &tile) }
        }
      }
    } else {
      let right = packs(b, tileColumns, columnPanels)
      let transposed = a.transposed
      let panels = MatrixProduct.panels(atATime: tileRows * columnPanels * tileColumns * k, of: rowPanels, parallelism)
      parallelParts(rowPanels, grain: panels, parallelism, progress: progress) { part in
        let left = Panels(kernel.carrier, count: 1, k * tileRows)
        var tile = tile()
        for i in part {
          let rows = panel(i, tileRows, of: m)
          pack(transposed, rows, tileRows, left[0])
          for i in 0..<columnPanels { compute(rows, panel(i, tileColumns, of: n), left[0], right[i], &tile) }
        }
      }
    }
  }

  /// Panels of so much work each that a thread takes at a time: about 2^18 terms, and no fewer than four times for each thread.
  private static func panels(atATime work: Int, of count: Int, _ parallelism: Parallelism) -> Int {
    max(1, min((1 << 18) / max(work, 1), count / (4 * parallelism.width)))
  }

  /// The dot products of the columns of X with those of Y, or the sums of X's columns: many of them side by side.
  ///
  /// - Shape: X and Y n × t, row after row (other strides are copied); t results.
  /// - Random: column j takes stream `random.child(j)`. Everything else as for products of matrices.
  /// - Complexity: n t roundings.
  public func columns<Number>(
    _ x: Matrix<Number>, _ y: Matrix<Number>? = nil, random: RandomStream? = nil, _ parallelism: Parallelism = .allCores
  ) -> [Number] {
    let y = y ?? Matrix(rows: x.rows, columns: x.columns, [1], offset: 0, rowStride: 0, columnStride: 0)
    precondition(x.rows == y.rows && x.columns == y.columns, "\(x.rows) by \(x.columns) beside \(y.rows) by \(y.columns)")
    precondition(random != nil || !dot.isStochastic, "stochastic rounding needs random bits: pass a stream")
    precondition(
      Number.carrier.holds(dot.plan.output.format),
      "binary\(Number.carrier.rawValue) does not hold every value of \(dot.plan.output.format)")
    let (n, trials) = (x.rows, x.columns)
    guard trials > 0 else { return [] }
    return [Number](unsafeUninitializedCapacity: trials) { results, count in
      count = trials
      nonisolated(unsafe) let results = results.baseAddress!
      @Sendable func byReference(_ j: Int) {
        let pairs = (0..<n).map { (Value(Double(x[$0, j])), Value(Double(y[$0, j]))) }
        let sum = dot.evaluate(pairs.map(\.0), pairs.map(\.1), random: random?.child(j))
        results[j] = sum == .nan ? .nan : Number(sum.double)
      }
      guard case .success(let kernels) = choice(x.transposed, y, parallelism).kernels else {
        parallelParts(trials, grain: 16, parallelism) { part in part.forEach(byReference) }
        return
      }
      let table = instructions.kernels(kernels.best.carrier)
      let width = Int(table.rows * table.vectors * table.lanes)
      let carrier = Int32(kernels.best.carrier.rawValue)
      parallelParts(trials, grain: width, parallelism) { part in
        let panels = Panels(kernels.best.carrier, count: 2, n * width)
        for (i, matrix) in [x, y].enumerated() {
          matrix.withKernelMatrix { ck_pack($0, Int64(n), Int64(part.lowerBound), Int64(part.count), Int64(width), carrier, panels[i]) }
        }
        var tile = Tile(kernels.best, table, dot, random, leftStride: width, rightStride: width, terms: n, isBatch: true)
        let firstOfRow = { (row: Int) in part.lowerBound + row * Int(table.vectors * table.lanes) }
        var isInDoubt = tile.run(panels[0], panels[1], firstOfRow)
        if isInDoubt, let general = kernels.general, general.carrier == kernels.best.carrier {
          isInDoubt = tile.run(panels[0], panels[1], instead: general.plan, firstOfRow)
        }
        tile.copyResults(rows: 1, columns: part.count, to: results + part.lowerBound, stride: 0)
        if isInDoubt { part.forEach(byReference) }
      }
    }
  }
}

/// Packed factors, aligned for the kernels.
private final class Panels: @unchecked Sendable {
  private let base: UnsafeMutableRawPointer
  private let stride: Int

  init(_ carrier: Carrier, count: Int, _ elements: Int) {
    stride = (elements * carrier.rawValue / 8 + 63) / 64 * 64
    base = .allocate(byteCount: max(64, count * stride), alignment: 64)
  }

  deinit { base.deallocate() }

  subscript(i: Int) -> UnsafeMutableRawPointer { base + i * stride }
}

/// One tile of results at a time.
private struct Tile {
  private let kernel: ProductKernel
  private let table: ck_kernels
  private let dot: DotProduct
  private let random: RandomStream?
  private let leftStride, rightStride, terms: Int
  private let isBatch: Bool
  private let results: Panels
  private var keys: [UInt32]
  private let width: Int

  init(
    _ kernel: ProductKernel, _ table: ck_kernels, _ dot: DotProduct, _ random: RandomStream?, leftStride: Int, rightStride: Int,
    terms: Int, isBatch: Bool = false
  ) {
    (self.kernel, self.table, self.dot, self.leftStride, self.rightStride, self.terms) = (kernel, table, dot, leftStride, rightStride, terms)
    (self.random, self.isBatch) = (dot.isStochastic ? random : nil, isBatch)
    width = Int(table.vectors * table.lanes)
    results = Panels(kernel.carrier, count: 1, Int(table.rows) * width)
    keys = random == nil ? [] : [UInt32](repeating: 0, count: 4 * Int(table.rows) * width)
  }

  /// Computes the results from panels of left and right factors; `first` is the number of the first result of a row. Returns whether they are in doubt.
  mutating func run(
    _ left: UnsafeMutableRawPointer, _ right: UnsafeMutableRawPointer, instead plan: ck_plan? = nil, _ first: (Int) -> Int
  ) -> Bool {
    let (rows, count) = (Int(table.rows), Int(table.rows) * width)
    return keys.withUnsafeMutableBufferPointer { keys in
      let base = keys.baseAddress
      if let random, let base {
        for row in 0..<rows {
          table.childKeys(random.kernelKey, UInt64(first(row)), base + row * width, base + count + row * width, width)
        }
        if case .rounded(let rounder) = dot.product, rounder.rounding.isStochastic {
          for row in 0..<rows {
            for j in 0..<width {
              let key = random.child(first(row) + j).child("product").kernelKey
              (keys[2 * count + row * width + j], keys[3 * count + row * width + j]) = (key.low, key.high)
            }
          }
        }
      }
      return withUnsafePointer(to: plan ?? kernel.plan) { plan in
        var tile = ck_tile(
          plan: plan, left: left, right: right, leftStride: Int64(leftStride), rightStride: Int64(rightStride), terms: Int64(terms),
          results: results[0], sumKeys: ck_keys(low: base, high: base.map { $0 + count }),
          productKeys: ck_keys(low: base.map { $0 + 2 * count }, high: base.map { $0 + 3 * count }))
        return (isBatch ? table.batch(&tile) : table.tile(&tile)) != 0
      }
    }
  }

  /// Copies the results; one row takes all of a batch's.
  func copyResults<Number: CarrierNumber>(rows: Int, columns: Int, to: UnsafeMutablePointer<Number>, stride: Int) {
    ck_unpack(
      results[0], Int64(width), Int64(rows), Int64(columns), Int32(kernel.carrier.rawValue), to, Int64(stride),
      Number.carrier == .binary64 ? 1 : 0)
  }
}
