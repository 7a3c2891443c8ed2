// SPDX-License-Identifier: Apache-2.0
// Matrices as views of arrays: transposing, slicing and gathering copy nothing.

internal import CKernels
public import Formats

/// A matrix: element (i, j) lies at `offset + i · rowStride + j · columnStride` of an array, or, if it is gathered, at `rowOffsets[i] +
/// columnOffsets[j]`.
///
/// A stride may be negative or 0. The array is shared by all views of it, and never changed.
public struct Matrix<Number: CarrierNumber>: Sendable {
  /// m.
  public let rows: Int
  /// n.
  public let columns: Int
  let storage: [Number]
  let offset: Int
  let rowStride: Int
  let columnStride: Int
  /// In place of the offset and the strides.
  let offsets: (rows: [Int32], columns: [Int32])?

  /// The rows × columns matrix of these elements, row after row.
  public init(rows: Int, columns: Int, _ elements: [Number]) {
    self.init(rows: rows, columns: columns, elements, offset: 0, rowStride: columns, columnStride: 1)
  }

  /// A view of an array.
  ///
  /// - Precondition: extents are not negative, and every element lies in the array.
  public init(rows: Int, columns: Int, _ storage: [Number], offset: Int, rowStride: Int, columnStride: Int) {
    precondition(rows >= 0 && columns >= 0, "a matrix of \(rows) by \(columns)")
    if rows > 0 && columns > 0 {
      let (down, right) = ((rows - 1) * rowStride, (columns - 1) * columnStride)
      let (lowest, highest) = (offset + min(0, down) + min(0, right), offset + max(0, down) + max(0, right))
      precondition(lowest >= 0 && highest < storage.count, "the view reaches elements \(lowest) to \(highest) of \(storage.count)")
    }
    (self.rows, self.columns, self.storage) = (rows, columns, storage)
    (self.offset, self.rowStride, self.columnStride, offsets) = (offset, rowStride, columnStride, nil)
  }

  /// The matrix whose element (i, j) is `storage[rowOffsets[i] + columnOffsets[j]]`: the patches of an image beside each other, for example,
  /// which nobody has to copy.
  ///
  /// - Precondition: every element lies in the array.
  public init(gathering storage: [Number], rowOffsets: [Int32], columnOffsets: [Int32]) {
    if let row = rowOffsets.max(), let column = columnOffsets.max() {
      let lowest = Int(rowOffsets.min()!) + Int(columnOffsets.min()!), highest = Int(row) + Int(column)
      precondition(lowest >= 0 && highest < storage.count, "the view reaches elements \(lowest) to \(highest) of \(storage.count)")
    }
    (rows, columns, self.storage) = (rowOffsets.count, columnOffsets.count, storage)
    (offset, rowStride, columnStride, offsets) = (0, 0, 0, (rowOffsets, columnOffsets))
  }

  /// Element (i, j), both from 0. Traps outside the matrix.
  public subscript(i: Int, j: Int) -> Number {
    precondition((0..<rows).contains(i) && (0..<columns).contains(j), "element (\(i), \(j)) of \(rows) by \(columns)")
    if let offsets { return storage[Int(offsets.rows[i]) + Int(offsets.columns[j])] }
    return storage[offset + i * rowStride + j * columnStride]
  }

  /// The transpose, a view of the same array.
  public var transposed: Matrix {
    if let offsets { return Matrix(gathering: storage, rowOffsets: offsets.columns, columnOffsets: offsets.rows) }
    return Matrix(rows: columns, columns: rows, storage, offset: offset, rowStride: columnStride, columnStride: rowStride)
  }

  /// These rows and columns, a view of the same array.
  public subscript(rows: Range<Int>, columns: Range<Int>) -> Matrix {
    precondition(
      rows.lowerBound >= 0 && rows.upperBound <= self.rows && columns.lowerBound >= 0 && columns.upperBound <= self.columns,
      "rows \(rows), columns \(columns) of \(self.rows) by \(self.columns)")
    if let offsets {
      return Matrix(gathering: storage, rowOffsets: Array(offsets.rows[rows]), columnOffsets: Array(offsets.columns[columns]))
    }
    return Matrix(
      rows: rows.count, columns: columns.count, storage, offset: offset + rows.lowerBound * rowStride + columns.lowerBound * columnStride,
      rowStride: rowStride, columnStride: columnStride)
  }

  /// The elements, row after row.
  public var elements: [Number] {
    if offsets == nil && rowStride == columns && columnStride == 1 && offset == 0 && storage.count == rows * columns { return storage }
    return (0..<rows).flatMap { i in (0..<columns).map { self[i, $0] } }
  }

  /// The matrix as the kernels see it, while `body` runs.
  func withKernelMatrix<Result>(_ body: (ck_matrix) -> Result) -> Result {
    storage.withUnsafeBufferPointer { buffer in
      var matrix = ck_matrix(
        base: buffer.baseAddress.map { UnsafeRawPointer($0 + (buffer.isEmpty ? 0 : offset)) }, rowStride: Int64(rowStride),
        columnStride: Int64(columnStride), isDouble: Number.carrier == .binary64 ? 1 : 0, rowOffsets: nil, columnOffsets: nil)
      guard let offsets else { return body(matrix) }
      return offsets.rows.withUnsafeBufferPointer { rows in
        offsets.columns.withUnsafeBufferPointer { columns in
          (matrix.rowOffsets, matrix.columnOffsets) = (rows.baseAddress, columns.baseAddress)
          return body(matrix)
        }
      }
    }
  }

  /// What is known of the numbers of a matrix, by which a kernel is chosen.
  public struct Facts: Sendable {
    let facts: ck_facts

    /// No infinity and no NaN.
    public var isFinite: Bool { facts.isFinite != 0 }
  }

  /// The facts of the elements; if it is gathered, of all numbers of the array, for a kernel that is exact for them is exact for some of them.
  ///
  /// - Complexity: O(elements).
  public var facts: Facts {
    let whole = offsets == nil ? self : Matrix(rows: 1, columns: storage.count, storage)
    return Facts(facts: whole.withKernelMatrix { ck_examine($0, Int64(whole.rows), Int64(whole.columns)) })
  }
}

extension Matrix.Facts {
  /// The facts of an array's numbers.
  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
  package init(of numbers: [Number], _ parallelism: Parallelism) {
    let grain = 1 << 15
    let parts = parallelMap(max(1, (numbers.count + grain - 1) / grain), numbers.count <= grain ? .oneThread : parallelism) { i in
      let part = i * grain..<min(numbers.count, (i + 1) * grain)
      return Matrix(rows: 1, columns: part.count, numbers, offset: part.lowerBound, rowStride: 0, columnStride: 1).facts.facts
    }
    self.init(
      facts: parts.dropFirst().reduce(parts[0]) { a, b in
        ck_facts(
          largest: max(a.largest, b.largest), isFinite: min(a.isFinite, b.isFinite), lowestBit: min(a.lowestBit, b.lowestBit), bits: max(a.bits, b.bits))
      })
  }
}

extension Matrix: Equatable {
  /// Equal extents and equal numbers: −0 equals +0, NaN differs from itself.
  public static func == (a: Matrix, b: Matrix) -> Bool {
    a.rows == b.rows && a.columns == b.columns && (0..<a.rows).allSatisfy { i in (0..<a.columns).allSatisfy { a[i, $0] == b[i, $0] } }
  }
}
