// SPDX-License-Identifier: Apache-2.0
// Expansions and MPFR numbers, each from the other.

public import Accumulation
public import Formats
public import Multiprecision

extension BigFloat {
  /// The exact value of an expansion: NaN or infinite where a term is.
  public init(_ x: Expansion) {
    let exponents = x.terms.compactMap(\.dyadic).flatMap { [$0.exponent, $0.floorLog2] }
    let bits = (exponents.max() ?? 0) - (exponents.min() ?? 0) + 8
    self = x.terms.reduce(BigFloat(Value.zero)) { $0.plus(BigFloat($1), precision: max(bits, 64)) }
  }
}

extension Expansion {
  /// The k-term expansion nearest to a number, as ``Expansion/init(_:terms:in:)-(Dyadic,_,_)`` of a dyadic one.
  public init(_ x: BigFloat, terms k: Int, in rounder: Rounder) {
    var (rest, terms, flags) = (x, [Value](), Rounded.Flags())
    for _ in 0..<k where !rest.isZero {
      let rounded = rounder.round(rest.extended())
      flags.formUnion(rounded.flags.intersection([.overflow, .underflow]))
      if rounded.value.isZero { break }
      terms.append(rounded.value)
      guard rounded.value.isFinite, !rounded.flags.contains(.overflow) else { break }
      // From the leading bit of the term to the last of the rest; of a number that far below the format's nothing more is asked.
      guard let top = rounded.value.dyadic?.floorLog2, let exponent = rest.exponent else { break }
      let precision = max(top, exponent) - min(exponent - rest.precision, rounder.format.quantumExponent) + 8
      guard precision < 1 << 20 else { break }
      rest = rest.minus(BigFloat(rounded.value), precision: precision)
    }
    self.init(successive: terms, rounder, flags)
  }
}
