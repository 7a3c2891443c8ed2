// SPDX-License-Identifier: Apache-2.0
// A rectangular array of binary64 numbers, the form in which every file enters the laboratory.

/// An array of rank r: a shape (n_1, ..., n_r) and its n_1 ⋯ n_r elements in row-major order.
///
/// Every reader in this module converts exactly, so an element *is* the number that the file holds;
/// what binary64 cannot represent is an error, never a rounding.
///
/// - Shape: `()` is a single number; an extent may be 0, and then there are no elements.
///   At most ``maximumRank`` extents.
/// - Note: `==` compares elements as numbers: -0 equals +0, and a tensor that holds a NaN differs from itself.
public struct Tensor: Hashable, Sendable {
  /// The extents, slowest-running index first.
  public let shape: [Int]
  /// The elements in row-major (C) order: the last index runs fastest.
  public let elements: [Double]

  /// The largest rank, 64: that of NumPy.
  public static let maximumRank = 64

  /// The tensor with this shape and these elements in row-major order.
  ///
  /// - Precondition: `shape` is valid and has exactly `elements.count` elements.
  public init(shape: [Int], elements: [Double]) {
    precondition(Tensor.count(of: shape) == elements.count, "shape \(shape) does not hold \(elements.count) elements")
    self.shape = shape
    self.elements = elements
  }

  /// The number of indices of an element.
  public var rank: Int { shape.count }

  /// The product of the extents; `nil` when one is negative, when the product exceeds `Int.max`
  /// or when there are more than ``maximumRank`` of them.
  ///
  /// A zero is looked for first, because (2^62, 2^62, 0) is a valid shape although 2^62 · 2^62 overflows.
  static func count(of shape: [Int]) -> Int? {
    guard shape.count <= maximumRank, shape.allSatisfy({ $0 >= 0 }) else { return nil }
    if shape.contains(0) { return 0 }
    var count = 1
    for extent in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      count = product
    }
    return count
  }
}
