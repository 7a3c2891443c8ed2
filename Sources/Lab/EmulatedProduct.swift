// SPDX-License-Identifier: Apache-2.0
// C ← α A B + β C of BLAS, with A and B in a format and the sums of A B in an accumulator.

public import Accumulation
internal import ErrorAnalysis
public import Formats

/// A product of matrices as a unit with narrow inputs and an emulated accumulator computes it, inside the arithmetic of a program around it.
///
/// Each element of A and B is rounded once, to nearest, to the format; every sum of A B is carried out by ``MatrixProduct``. What remains is done in
/// the numbers' own arithmetic, binary32 or binary64: P ← the rounded sum (and the power of two of the scales, exactly), then
/// fl(fl(α P) + fl(β C)), where α = 1 and β = 1 cost no rounding and β = 0 does not look at C.
public struct EmulatedProduct: Sendable {
  /// Which numbers share a power of two that makes their largest magnitude M fill the format, M / 2^e ≤ Ω < M / 2^(e−1).
  ///
  /// A tapered format is not filled: it is the most precise about 1, and 16 stands in the place of Ω.
  public enum Scale: String, CaseIterable, Sendable, Codable {
    /// None.
    case none
    /// All of A; all of B.
    case tensor
    /// Each row of A; each column of B.
    case row
  }

  /// The format that factors are rounded to.
  public let format: Format
  /// How products are summed.
  public let dot: DotProduct
  /// How factors are fitted into the format.
  public let scale: Scale
  private let rounder: Rounder
  private let multiply: MatrixProduct
  private let fitsBinary32: Bool

  /// Whether binary64 holds the format and that of the sums.
  public static func isPossible(_ format: Format, _ dot: DotProduct) -> Bool { [format, dot.plan.output.format].allSatisfy(Carrier.binary64.holds) }

  /// - Precondition: ``isPossible(_:_:)``.
  public init(_ format: Format, _ dot: DotProduct, scale: Scale = .none) {
    precondition(EmulatedProduct.isPossible(format, dot), "\(format) with sums in \(dot.plan.output.format)")
    (self.format, self.dot, self.scale, multiply) = (format, dot, scale, MatrixProduct(dot))
    rounder = try! Rounder(to: format)  // every format rounds to nearest
    fitsBinary32 = [format, dot.plan.output.format].allSatisfy(Carrier.binary32.holds)
  }

  /// A factor as it enters the sums: rounded numbers, row after row, and the exponents of the scales of its lines (rows of A, columns of B).
  public struct Factor<Number: CarrierNumber>: Sendable {
    /// The rounded numbers, row by row.
    public fileprivate(set) var numbers: [Number]
    /// k of the scale 2^k, of the whole or of each row.
    public fileprivate(set) var exponents: [Int]
  }

  /// P = A B, before α and β.
  public struct Sums<Number: CarrierNumber>: Sendable {
    /// m × n sums of `terms` products.
    public let rows, columns, terms: Int
    /// The factors as they were rounded.
    public let left, right: Factor<Number>
    /// Row after row, with the scales' powers of two.
    public fileprivate(set) var values: [Number]
  }

  /// The rounded sums of A B.
  ///
  /// - Parameters:
  ///   - a, b: row after row; A rows × terms, B terms × columns.
  ///   - random: as of ``MatrixProduct``.
  ///   - headroom: the scales leave that many bits of the products' range free, half of them in each factor.
  /// - Complexity: as of ``MatrixProduct``, and O(elements).
  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
  public func sums<Number: CarrierNumber>(
    _ a: [Number], _ b: [Number], rows: Int, columns: Int, terms: Int, headroom: Int = 0, random: RandomStream? = nil,
    _ parallelism: Parallelism = .allCores
  ) -> Sums<Number> {
    precondition(a.count == rows * terms && b.count == terms * columns, "matrices of other shapes")
    guard fitsBinary32 || Number.carrier == .binary64 else {
      // (Binary64 holds what binary32 does not; the sums are then rounded to it.)
      let wide = sums(a.map(Double.init), b.map(Double.init), rows: rows, columns: columns, terms: terms, headroom: headroom, random: random, parallelism)
      func narrow(_ factor: Factor<Double>) -> Factor<Number> { Factor(numbers: factor.numbers.map { Number($0) }, exponents: factor.exponents) }
      return Sums(rows: rows, columns: columns, terms: terms, left: narrow(wide.left), right: narrow(wide.right), values: wide.values.map { Number($0) })
    }
    let scales = exponents(a, b, rows: rows, columns: columns, terms: terms)
    let left = factor(a, scales.left.map { $0 + (headroom + 1) / 2 }, count: terms, lineStride: terms, stride: 1, parallelism)
    let right = factor(b, scales.right.map { $0 + headroom / 2 }, count: terms, lineStride: 1, stride: columns, parallelism)
    let (x, y) = (Matrix(rows: rows, columns: terms, left.numbers), Matrix(rows: terms, columns: columns, right.numbers))
    var values = multiply.elements(x, y, as: Number.self, random: dot.isStochastic ? random : nil, parallelism, choice: multiply.choice(x, y, parallelism))
    if scale != .none {
      for i in 0..<rows {
        for j in 0..<columns { values[i * columns + j] = values[i * columns + j].scaled(by: left.exponents[i] + right.exponents[j]) }
      }
    }
    return Sums(rows: rows, columns: columns, terms: terms, left: left, right: right, values: values)
  }

  /// The exponents of the scales of the rows of A and of the columns of B.
  func exponents<Number: CarrierNumber>(_ a: [Number], _ b: [Number], rows: Int, columns: Int, terms: Int) -> (left: [Int], right: [Int]) {
    func exponents(_ numbers: [Number], lines: Int, lineStride: Int, stride: Int) -> [Int] {
      guard scale != .none else { return [Int](repeating: 0, count: lines) }
      let largest = (0..<lines).map { i in (0..<terms).reduce(Number.zero) { max($0, numbers[i * lineStride + $1 * stride].finiteMagnitude) } }
      return scale == .row ? largest.map { exponent(Double($0)) } : [Int](repeating: exponent(Double(largest.max() ?? 0)), count: lines)
    }
    return (exponents(a, lines: rows, lineStride: terms, stride: 1), exponents(b, lines: columns, lineStride: 1, stride: columns))
  }

  /// The rounded numbers of a factor, whose lines (rows of A, columns of B) have scales of their own.
  private func factor<Number: CarrierNumber>(
    _ numbers: [Number], _ exponents: [Int], count: Int, lineStride: Int, stride: Int, _ parallelism: Parallelism
  ) -> Factor<Number> {
    var factor = Factor(numbers: numbers, exponents: exponents)
    for (i, e) in exponents.enumerated() where e != 0 {
      for k in 0..<count { factor.numbers[i * lineStride + k * stride] = factor.numbers[i * lineStride + k * stride].scaled(by: -e) }
    }
    ArrayRounder<Number>(rounder).round(&factor.numbers, parallelism)
    return factor
  }

  /// Whether a number is not finite, or has no value of the format near it.
  fileprivate func isBeyondRange(_ x: Double) -> Bool { !x.isFinite || rounder.round(Value(x)).flags.contains(.overflow) }

  /// The least e with M ≤ 2^e Ω; 0 for zeros.
  private func exponent(_ largest: Double) -> Int {
    guard largest > 0 else { return 0 }
    var top = min(format.maxFinite, format.minFinite.magnitude)
    if case .tapered = format.encoding { top = min(top, .power(4)) }
    let guess = Int(largest.exponent) - top.floorLog2
    return Dyadic(largest)! <= top * .power(guess) ? guess : guess + 1
  }
}

extension EmulatedProduct.Sums {
  /// α P + β C, row after row: fl(fl(α P) + fl(β C)) in the numbers' own arithmetic.
  ///
  /// - Parameter c: not looked at if β = 0.
  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
  public func combined(alpha: Number, beta: Number, _ c: [Number]) -> [Number] {
    precondition(beta == 0 || c.count == values.count, "C of another shape")
    var result = values
    for i in result.indices {
      if alpha != 1 { result[i] *= alpha }
      if beta != 0 { result[i] += beta == 1 ? c[i] : beta * c[i] }
    }
    return result
  }

  /// A sum that is looked at.
  public struct Sample: Sendable {
    /// Whether one of its inputs is beyond the range of the format, or one of its roundings overflowed.
    public let overflowed: Bool
    /// |error| over Σ|x y|: of the sum of the rounded numbers, and against the exact sum of the given ones; `nil` where something is not finite, or all
    /// products are zero.
    public let error: (ofSum: Double, withRounding: Double)?
  }

  /// What became of sum (i, j).
  ///
  /// - Parameters:
  ///   - a, b, random: those that the sums were made of.
  /// - Complexity: O(terms), carried out by the reference.
  public func sample(_ i: Int, _ j: Int, of a: [Number], _ b: [Number], random: RandomStream?, in product: EmulatedProduct) -> Sample {
    let given: Format = Number.carrier == .binary32 ? .fp32 : .fp64
    let (left, right) = (left.exponents[i], right.exponents[j])
    let (x, y) = ((0..<terms).map { Double(self.left.numbers[i * terms + $0]) }, (0..<terms).map { Double(self.right.numbers[$0 * columns + j]) })
    let (u, v) = ((0..<terms).map { Double(a[i * terms + $0]) }, (0..<terms).map { Double(b[$0 * columns + j]) })
    let isBeyond = zip(u, v).contains { product.isBeyondRange($0.scaled(by: -left)) || product.isBeyondRange($1.scaled(by: -right)) }
    var seen = Observation(magnitudes: .zero)
    let stream = product.dot.isStochastic ? random?.child(i * columns + j) : nil
    _ = product.dot.evaluate(x.map { Value($0) }, y.map { Value($0) }, random: stream) { seen.note($0) }
    let value = Double(values[i * columns + j])
    let ofSum = ratio(x, y, product.format, value.scaled(by: -left - right)), withRounding = ratio(u, v, given, value)
    return Sample(overflowed: isBeyond || seen.overflowed, error: ofSum.flatMap { first in withRounding.map { (first, $0) } })
  }

  /// |value − Σ x y| / Σ|x y|, both exact.
  private func ratio(_ x: [Double], _ y: [Double], _ format: Format, _ value: Double) -> Double? {
    var exact = ExactSum(products: format, format, and: .fp64)
    var magnitudes = exact
    for (x, y) in zip(x, y) {
      guard let p = Dyadic(x), let q = Dyadic(y) else { return nil }
      exact += p * q
      magnitudes += (p * q).magnitude
    }
    guard let value = Dyadic(value), !magnitudes.isZero else { return nil }
    exact -= value
    return exact.double.magnitude / magnitudes.double
  }
}

extension BinaryFloatingPoint {
  /// |x|, or 0 where x is infinite or NaN.
  fileprivate var finiteMagnitude: Self { isFinite ? magnitude : 0 }

  /// x 2^e, rounded once where that leaves the normal range.
  func scaled(by e: Int) -> Self { Self(sign: .plus, exponent: Self.Exponent(e), significand: self) }
}
