// SPDX-License-Identifier: Apache-2.0
// What the emulated products of a program came to, by function and shape.

/// Counts and errors of the calls of a process.
public struct Tallies: Sendable {
  /// A function and the extents of its product: m × n results of k terms.
  public struct Shape: Hashable, Sendable {
    /// The function.
    public let name: String
    /// m × n results of k products.
    public let m, n, k: Int

    /// A product of m × k by k × n, by a function of this name.
    public init(name: String, m: Int, n: Int, k: Int) { (self.name, self.m, self.n, self.k) = (name, m, n, k) }
  }

  /// A row of the table.
  public struct Row: Codable, Hashable, Sendable {
    /// The function.
    public let name: String
    /// m × n results of k products.
    public let m, n, k: Int
    /// Of this shape.
    public internal(set) var calls = 0
    /// Results that are infinite or NaN.
    public internal(set) var nonFinite = 0
    /// Sums that were looked at; those with an input beyond the range or a rounding that overflowed; and those with an error, over Σ|x y|.
    public internal(set) var samples = 0, overflowed = 0, errors = 0
    /// Of the sums, and with what rounding the inputs adds: Σ of the squares, and the largest.
    public internal(set) var sumSquares = 0.0, sumLargest = 0.0, totalSquares = 0.0, totalLargest = 0.0

    /// Multiply-adds of all of them.
    public var macs: Double { Double(calls) * Double(m) * Double(n) * Double(k) }
    /// rms of error / Σ|x y| of the sums alone.
    public var sumRms: Double { errors == 0 ? .nan : (sumSquares / Double(errors)).squareRoot() }
    /// The same with the rounding of the inputs.
    public var totalRms: Double { errors == 0 ? .nan : (totalSquares / Double(errors)).squareRoot() }

    /// With another one of the same shape.
    public mutating func add(_ other: Row) {
      (calls, nonFinite, samples) = (calls + other.calls, nonFinite + other.nonFinite, samples + other.samples)
      (overflowed, errors) = (overflowed + other.overflowed, errors + other.errors)
      (sumSquares, totalSquares) = (sumSquares + other.sumSquares, totalSquares + other.totalSquares)
      (sumLargest, totalLargest) = (max(sumLargest, other.sumLargest), max(totalLargest, other.totalLargest))
    }
  }

  private var byShape: [Shape: Row] = [:]
  private var calls = 0

  /// No calls.
  public init() {}

  /// The numbers of a call among all, and among those of its shape.
  public mutating func begin(_ shape: Shape) -> (index: Int, place: Int) {
    defer {
      calls += 1
      byShape[shape, default: Row(name: shape.name, m: shape.m, n: shape.n, k: shape.k)].calls += 1
    }
    return (calls, byShape[shape]?.calls ?? 0)
  }

  /// Adds to a shape that has begun the results of one of its calls: how many are infinite or NaN, and the exact errors of a sample.
  public mutating func note<Number>(_ shape: Shape, nonFinite: Int, _ samples: [EmulatedProduct.Sums<Number>.Sample]) {
    var row = byShape[shape]!
    row.nonFinite += nonFinite
    row.samples += samples.count
    row.overflowed += samples.count(where: \.overflowed)
    for (sum, total) in samples.compactMap(\.error) {
      row.errors += 1
      row.sumSquares += sum * sum
      row.totalSquares += total * total
      (row.sumLargest, row.totalLargest) = (max(row.sumLargest, sum), max(row.totalLargest, total))
    }
    byShape[shape] = row
  }

  /// Most multiplications first.
  public var rows: [Row] { Tallies.sorted(byShape.values) }

  /// The rows of several processes, those of a shape in one.
  public static func merged(_ processes: [[Row]]) -> [Row] {
    var byShape: [Shape: Row] = [:]
    for row in processes.joined() {
      let shape = Shape(name: row.name, m: row.m, n: row.n, k: row.k)
      if byShape[shape] == nil { byShape[shape] = row } else { byShape[shape]!.add(row) }
    }
    return sorted(byShape.values)
  }

  private static func sorted(_ rows: some Collection<Row>) -> [Row] {
    rows.sorted { ($1.macs, $0.name, $0.m, $0.n, $0.k) < ($0.macs, $1.name, $1.m, $1.n, $1.k) }
  }
}
