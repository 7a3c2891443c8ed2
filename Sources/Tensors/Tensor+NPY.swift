// SPDX-License-Identifier: Apache-2.0
// Arrays from NumPy's .npy format, versions 1.0, 2.0 and 3.0.

public import FoundationEssentials

extension Tensor {
  /// The array in the bytes of a .npy file, every element exactly.
  ///
  /// Elements are f2 f4 f8, i1 i2 i4 i8, u1 u2 u4 u8 or b1 (false is 0, true is 1), little- or
  /// big-endian, in C or Fortran order.
  ///
  /// - Errors: ``TensorError``: anything that is not exactly one such array, and 64-bit integers that binary64
  ///   cannot represent.
  /// - Complexity: O(n) time and memory; nothing is allocated for a claim that the bytes do not back.
  /// - Source: NumPy Enhancement Proposal 1 and `numpy.lib.format`.
  public init(npy data: Data) throws(TensorError) {
    self = try TensorSource(name: "", npy: .memory(data)).tensor()
  }

  /// The elements of a column-major array (first index fastest) in row-major order.
  ///
  /// Element (i_1, ..., i_r) lies at offset sum i_k n_1 ⋯ n_(k-1); the offsets are listed in row-major
  /// order by extending the list one index at a time.
  static func rowMajor(_ elements: [Double], shape: [Int]) -> [Double] {
    guard elements.count > 1 else { return elements }
    var offsets = [0]
    var stride = 1
    for extent in shape where extent > 1 {
      var extended: [Int] = []
      extended.reserveCapacity(offsets.count * extent)
      for offset in offsets {
        for i in 0..<extent { extended.append(offset + i * stride) }
      }
      offsets = extended
      stride *= extent
    }
    return offsets.map { elements[$0] }
  }
}
