// SPDX-License-Identifier: Apache-2.0
// The product of a scaled block's values, exact up to one rounding.

internal import CMPFR
public import Formats

extension Operation {
  /// The product Π s·xᵢ of the values of a block of scale s (BlockReduceMultiply of P3109), exact before its one rounding.
  ///
  /// - Shape: n ≥ 0 elements; n = 0 gives 1.
  /// - Rounding: one, by `rounder`. NaN among scale and elements, or infinities together with zeros, give NaN; the sign of a zero
  ///   or an infinity is the product of all signs.
  /// - Random: `draw` for a stochastic mode.
  /// - Complexity: O(n²) in the bits of the exact product, n times those of scale and element.
  /// - Source: IEEE P3109, block operations.
  public static func product(ofBlock elements: [Value], scale: Value, _ rounder: Rounder, draw: Draw? = nil) -> Rounded {
    var exact = BigFloat(.finite(1))
    for factor in elements.flatMap({ [scale, $0] }) {
      let operand = BigFloat(factor)
      exact = exact.withRaw { a in
        operand.withRaw { b in
          // Wide enough for every bit: the ternary value is 0.
          BigFloat.compute(precision: mpfr_get_prec(a) + mpfr_get_prec(b), .towardZero) { mpfr_mul($0, a, b, $1) }.result
        }
      }
    }
    return rounder.round(exact.extended(), draw: draw)
  }
}
