// SPDX-License-Identifier: Apache-2.0
// The number formats found in files.

/// A number format of fixed size; its raw value is NumPy's name, kind and size in bytes, where NumPy has one.
enum ElementType: String, CaseIterable, Sendable {
  case f2, f4, f8, i1, i2, i4, i8, u1, u2, u4, u8
  /// One byte, 0 for false and anything else for true.
  case b1
  case bf16
  /// OCP 8-bit floating point: bias 7, no infinities, the magnitude 0x7f a NaN; bias 15, with infinities.
  case e4m3fn, e5m2
  /// Powers of two from 2^-127 to 2^127, and one NaN.
  case e8m0fnu

  /// The types that .npy files hold.
  static let numPy: [ElementType] = [.f2, .f4, .f8, .i1, .i2, .i4, .i8, .u1, .u2, .u4, .u8, .b1]

  /// Whether it counts: indices, masks, levels.
  var isInteger: Bool {
    switch self {
    case .i1, .i2, .i4, .i8, .u1, .u2, .u4, .u8, .b1: true
    case .f2, .f4, .f8, .bf16, .e4m3fn, .e5m2, .e8m0fnu: false
    }
  }

  /// Bytes an element.
  var size: Int {
    switch self {
    case .i1, .u1, .b1, .e4m3fn, .e5m2, .e8m0fnu: 1
    case .f2, .bf16, .i2, .u2: 2
    case .f4, .i4, .u4: 4
    case .f8, .i8, .u8: 8
    }
  }
}
