// SPDX-License-Identifier: Apache-2.0
// Operations on the values of scaled blocks, exact up to one rounding.

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
  public static func product(of block: Block, _ rounder: Rounder, draw: Draw? = nil) -> Rounded {
    var exact = BigFloat(.finite(1))
    for factor in block.elements.flatMap({ [block.scale, $0] }) {
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

  /// The block of scale z whose elements are the operation on the blocks' values, divided by z and rounded once
  /// (BlockAdd, BlockExp, ...).
  ///
  /// - Shape: as many blocks as the operation has operands, of equal lengths.
  /// - Rounding: one an element. Precision of the scale and of the result's format: at most 120 bits together.
  /// - Random: element i takes draw i of `random` in a stochastic mode.
  /// - Source: IEEE P3109, block operations.
  public func callAsFunction(
    _ blocks: [Block], scale: Value, _ rounder: Rounder, random: RandomStream? = nil, convention: Convention = .p3109
  ) -> Block {
    precondition(blocks.count == arity && Set(blocks.map(\.elements.count)).count <= 1, "\(arity) blocks of one length")
    let operands = blocks.map(\.values)
    return Block(scale: scale, (0..<(operands.first?.count ?? 0)).map { i in
      let exact = extended(operands.map { $0[i] }, rounding: rounder.rounding, convention: convention)
      return rounder.round(exact.divided(by: scale), draw: random?.draw(i)).value
    })
  }
}
