// SPDX-License-Identifier: Apache-2.0
// A factor of a layer's products: quantised once, seen as several matrices.

package import Accumulation
package import Formats

/// Quantised numbers, kept in binary32 where it holds them, with the facts by which kernels are chosen.
package enum Operand: Sendable {
  case single([Float], Matrix<Float>.Facts)
  case double([Double], Matrix<Double>.Facts)

  /// - Parameter single: whether binary32 holds the numbers, or they are to be rounded to it.
  package init(_ numbers: [Double], single: Bool, _ parallelism: Parallelism) {
    if single {
      self.init(each(numbers, parallelism) { Float($0) }, parallelism)
    } else {
      self.init(numbers, parallelism)
    }
  }

  package init(_ numbers: [Float], _ parallelism: Parallelism) { self = .single(numbers, Matrix.Facts(of: numbers, parallelism)) }
  package init(_ numbers: [Double], _ parallelism: Parallelism) { self = .double(numbers, Matrix.Facts(of: numbers, parallelism)) }

  /// Numbers x of a tensor, as a matrix of so many rows, rounded by `rounder`.
  package init(
    _ x: [Double], _ rounder: TensorRounder, rows: Int, axis: Int, _ random: RandomStream, _ parallelism: Parallelism
  ) {
    if let singles = rounder.singles(x, random, parallelism) {
      self.init(singles, parallelism)
    } else {
      self.init(rounder(x, rows: rows, axis: axis, random, parallelism), single: rounder.format.fitsBinary32, parallelism)
    }
  }

  /// The largest magnitude, and whether all numbers are finite.
  package var isFinite: Bool {
    switch self {
    case .single(_, let facts): facts.isFinite
    case .double(_, let facts): facts.isFinite
    }
  }

  /// The numbers in binary64.
  package var doubles: [Double] {
    switch self {
    case .single(let numbers, _): numbers.map(Double.init)
    case .double(let numbers, _): numbers
    }
  }

  var widened: Operand {
    guard case .single = self else { return self }
    return Operand(doubles, .oneThread)
  }

  var magnitudes: Operand { Operand(doubles.map(\.magnitude), .oneThread) }
}

/// Where the elements of a matrix lie in an operand: element (i, j) at rows[i] + columns[j].
package struct Offsets: Sendable {
  package let rows, columns: [Int32]

  package init(_ rows: [Int32], _ columns: [Int32]) { (self.rows, self.columns) = (rows, columns) }

  /// A matrix, row after row.
  package init(rows: Int, columns: Int) {
    self.init((0..<rows).map { Int32($0 * columns) }, (0..<columns).map { Int32($0) })
  }

  package var transposed: Offsets { Offsets(columns, rows) }
}

extension MatrixProduct {
  /// The product of two views of operands, row after row.
  package func callAsFunction(_ a: Operand, _ i: Offsets, _ b: Operand, _ j: Offsets, random: RandomStream, _ parallelism: Parallelism) -> [Double] {
    let random = dot.isStochastic ? random : nil
    if case .single(let x, let xFacts) = a, case .single(let y, let yFacts) = b, Carrier.binary32.holds(dot.plan.output.format) {
      let choice = choice(xFacts, yFacts, terms: i.columns.count)
      let left = Matrix(gathering: x, rowOffsets: i.rows, columnOffsets: i.columns)
      let right = Matrix(gathering: y, rowOffsets: j.rows, columnOffsets: j.columns)
      return elements(left, right, as: Double.self, random: random, parallelism, choice: choice)
    }
    guard case .double(let x, let xFacts) = a.widened, case .double(let y, let yFacts) = b.widened else { preconditionFailure("widened") }
    let choice = choice(xFacts, yFacts, terms: i.columns.count)
    let left = Matrix(gathering: x, rowOffsets: i.rows, columnOffsets: i.columns)
    let right = Matrix(gathering: y, rowOffsets: j.rows, columnOffsets: j.columns)
    return elements(left, right, as: Double.self, random: random, parallelism, choice: choice)
  }
}
