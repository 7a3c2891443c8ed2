// SPDX-License-Identifier: Apache-2.0
// How each operation is carried out: a function of MPFR, an enclosure, or the choice of an operand.

internal import CMPFR
internal import Formats

extension Operation {
  typealias Raw = UnsafePointer<__mpfr_struct>
  typealias Target = UnsafeMutablePointer<__mpfr_struct>

  /// A way to evaluate.
  enum Method {
    /// Correctly rounded functions of MPFR.
    case unary((Target, Raw, mpfr_rnd_t) -> Int32)
    case binary((Target, Raw, Raw, mpfr_rnd_t) -> Int32)
    case ternary((Target, Raw, Raw, Raw, mpfr_rnd_t) -> Int32)
    /// A function that MPFR lacks.
    case enclosure((Value, _ precision: Int) -> (result: BigFloat, isInexact: Bool))
    /// A result that is exact: an operand, perhaps with another sign.
    case selection(([Value]) -> Value)

    /// Sets z to the result of a function of MPFR; returns the ternary value.
    func apply(_ z: Target, _ x: [BigFloat], _ mode: mpfr_rnd_t) -> Int32 {
      x[0].withRaw { a in
        switch self {
        case .unary(let f): f(z, a, mode)
        case .binary(let f): x[1].withRaw { f(z, a, $0, mode) }
        case .ternary(let f): x[1].withRaw { b in x[2].withRaw { f(z, a, b, $0, mode) } }
        case .enclosure, .selection: preconditionFailure("not a function of MPFR")
        }
      }
    }
  }

  var method: Method {
    switch self {
    case .add: .binary(mpfr_add)
    case .sub: .binary(mpfr_sub)
    case .mul: .binary(mpfr_mul)
    case .div: .binary(mpfr_div)
    case .sqrt: .unary(mpfr_sqrt)
    case .fma: .ternary(mpfr_fma)
    case .faa: .ternary(Operation.sum)
    case .recip: .unary { mpfr_ui_div($0, 1, $1, $2) }
    case .rsqrt: .unary(mpfr_rec_sqrt)
    case .hypot: .binary(mpfr_hypot)
    case .exp: .unary(mpfr_exp)
    case .exp2: .unary(mpfr_exp2)
    case .expm1: .unary(mpfr_expm1)
    case .log: .unary(mpfr_log)
    case .log2: .unary(mpfr_log2)
    case .log1p: .unary(mpfr_log1p)
    case .sin: .unary(mpfr_sin)
    case .cos: .unary(mpfr_cos)
    case .tan: .unary(mpfr_tan)
    case .asin: .unary(mpfr_asin)
    case .acos: .unary(mpfr_acos)
    case .atan: .unary(mpfr_atan)
    case .atan2: .binary(mpfr_atan2)
    case .sinpi: .unary(mpfr_sinpi)
    case .cospi: .unary(mpfr_cospi)
    case .tanpi: .unary(mpfr_tanpi)
    case .asinpi: .unary(mpfr_asinpi)
    case .acospi: .unary(mpfr_acospi)
    case .atanpi: .unary(mpfr_atanpi)
    case .atan2pi: .binary(mpfr_atan2pi)
    case .sinh: .unary(mpfr_sinh)
    case .cosh: .unary(mpfr_cosh)
    case .tanh: .unary(mpfr_tanh)
    case .asinh: .unary(mpfr_asinh)
    case .acosh: .unary(mpfr_acosh)
    case .atanh: .unary(mpfr_atanh)
    case .erf: .unary(mpfr_erf)
    case .sigmoid, .softplus, .gelu, .swish: .enclosure(enclosure)
    case .neg, .abs, .copysign, .convert, .clamp: .selection(selection)
    case .minimum, .minimumNumber, .minimumFinite, .minimumMagnitude, .minimumMagnitudeNumber: .selection(selection)
    case .maximum, .maximumNumber, .maximumFinite, .maximumMagnitude, .maximumMagnitudeNumber: .selection(selection)
    }
  }

  private static func sum(_ z: Target, _ a: Raw, _ b: Raw, _ c: Raw, _ mode: mpfr_rnd_t) -> Int32 {
    let terms: [Target?] = [Target(mutating: a), Target(mutating: b), Target(mutating: c)]
    return mpfr_sum(z, terms, 3, mode)
  }
}
