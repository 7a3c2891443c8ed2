// SPDX-License-Identifier: Apache-2.0
// Sums of many terms, exact up to the one rounding that follows.

public import Formats

extension Extended {
  /// Σ terms, exactly. A NaN makes it NaN, and so do infinities of both signs; a sum that is exactly zero is +0, or −0 if all terms are, or
  /// if they are not all +0 and the rounding is towards −∞.
  ///
  /// - Complexity: O(n) additions to a window of exact bits that spans the terms.
  static func sum(_ terms: [Value], rounding: Rounding) -> Extended {
    let kinds = Set(terms.map(\.sign))
    if let special = special(kinds) { return special }
    let numbers = terms.compactMap(\.dyadic).filter { !$0.isZero }
    guard let lowest = numbers.map(\.exponent).min(), let highest = numbers.map(\.floorLog2).max() else { return zeroSum(kinds, rounding) }
    var sum = ExactSum(lowest: lowest, highest: highest + 1)
    for number in numbers { sum += number }
    return sum.isZero ? zeroSum(kinds, rounding) : .finite(sum.unrounded)
  }

  /// What infinities and NaN among the terms make of their sum; `nil` without any.
  static func special(_ kinds: Set<Value>) -> Extended? {
    let infinities = [false, true].filter { kinds.contains(.infinity(negative: $0)) }
    if kinds.contains(.nan) || infinities.count == 2 { return .nan }
    return infinities.first.map { .infinity(negative: $0) }
  }

  /// A sum of terms of these signs that is exactly zero.
  static func zeroSum(_ kinds: Set<Value>, _ rounding: Rounding) -> Extended {
    let isNegative = !kinds.isEmpty && (kinds == [.negativeZero] || rounding == .down && kinds != [.zero])
    return Extended(isNegative ? .negativeZero : .zero)
  }
}

extension Value {
  /// sign(x) with the signs of zeros; ∞ and NaN are themselves.
  var sign: Value {
    guard case .finite(let x) = self, !x.isZero else { return self }
    return .finite(x.isNegative ? -1 : 1)
  }
}
