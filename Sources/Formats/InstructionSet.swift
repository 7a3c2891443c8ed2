// SPDX-License-Identifier: Apache-2.0
// The processor instructions that vector kernels are compiled for.

package import CKernels

/// A set of vector instructions. Results are the same bits with every one of them.
public enum InstructionSet: String, Hashable, Sendable, CaseIterable, Comparable {
  /// What every processor of this kind has.
  case portable
  /// 256-bit vectors of x86-64.
  case avx2
  /// 512-bit vectors of x86-64.
  case avx512

  /// The largest set that this processor has.
  public static let best = InstructionSet(ck_best_instruction_set())

  /// Those that this processor has, the smallest first.
  public static var available: [InstructionSet] { allCases.filter { $0 <= best } }

  public static func < (a: InstructionSet, b: InstructionSet) -> Bool { a.c.rawValue < b.c.rawValue }

  private init(_ c: ck_instruction_set) { self = InstructionSet.allCases.first { $0.c == c }! }

  package var c: ck_instruction_set {
    switch self {
    case .portable: CK_PORTABLE
    case .avx2: CK_AVX2
    case .avx512: CK_AVX512
    }
  }

  /// The kernels for a carrier.
  package func kernels(_ carrier: Carrier) -> ck_kernels { ck_kernels_for(c, Int32(carrier.rawValue)).pointee }
}

/// The binary format in which numbers are worked on.
public enum Carrier: Int, Hashable, Sendable, CaseIterable {
  /// `Float`, p = 24.
  case binary32 = 32
  /// `Double`, p = 53.
  case binary64 = 64

  /// P, bits of the significand.
  package var precision: Int { self == .binary32 ? 24 : 53 }
  /// Exponents of the smallest and the largest normal numbers.
  package var emin: Int { self == .binary32 ? -126 : -1022 }
  package var emax: Int { self == .binary32 ? 127 : 1023 }
  var format: Format { self == .binary32 ? .fp32 : .fp64 }
}
