// SPDX-License-Identifier: Apache-2.0
// Error-free transforms: a rounded result together with its rounding error.

extension RoundedAddition {
  /// **2Sum** (Møller 1965, Knuth): s = o(a + b) and t, six operations. To nearest, without overflow, s + t = a + b, subnormal numbers
  /// included.
  @inlinable
  public mutating func twoSum(_ a: Number, _ b: Number) -> (value: Number, error: Number) {
    let s = plus(a, b)
    let b1 = minus(s, a)
    let a1 = minus(s, b1)
    let u = minus(a, a1)
    return (s, plus(u, minus(b, b1)))
  }

  /// **Fast2Sum** (Dekker 1971): s = o(a + b), z = o(s − a), t = o(b − z). To nearest with |a| ≥ |b|, s + t = a + b; in every faithful mode z
  /// is exact, so that t is the error, rounded.
  @inlinable
  public mutating func fast2Sum(_ a: Number, _ b: Number) -> (value: Number, error: Number) {
    let s = plus(a, b)
    let z = minus(s, a)
    return (s, minus(b, z))
  }

  /// One pass of **VecSum**: 2Sum from the last term to the first; afterwards the first is the rounded sum of all, and the others are the
  /// errors. To nearest the sum of the terms stays what it was.
  @inlinable
  public mutating func vecSum(_ terms: inout [Number]) {
    guard terms.count > 1 else { return }
    for i in (0..<terms.count - 1).reversed() { (terms[i], terms[i + 1]) = twoSum(terms[i], terms[i + 1]) }
  }

  /// Passes of VecSum, zeros dropped, until each term is the rounded sum of itself and the next: then none overlaps the next (of two
  /// neighbours the second is at most half a unit in the last place of the first). Leading terms first.
  ///
  /// To nearest the sum of the terms stays exact. In other modes errors that are not numbers of the format are lost, and passes may never
  /// settle: they are cut off after 2 (number of terms) + 64.
  @inlinable
  public mutating func renormalise(_ terms: inout [Number]) {
    for _ in 0..<2 * terms.count + 64 {
      terms.removeAll(where: isZero)
      var isSettled = true
      for i in 0..<max(0, terms.count - 1) where isSettled { isSettled = plus(terms[i], terms[i + 1]) == terms[i] }
      if isSettled { return }
      vecSum(&terms)
    }
    terms.removeAll(where: isZero)
  }
}

extension RoundedArithmetic {
  /// **2Prod** with a fused multiply-add: h = o(ab), l = o(ab − h). h + l = ab in every mode if ab = 0 or |ab| ≥ 2^(2p−1) η, without overflow.
  @inlinable
  public mutating func twoProductFMA(_ a: Number, _ b: Number) -> (value: Number, error: Number) {
    let h = times(a, b)
    return (h, fusedMultiplyAdd(a, b, negated(h)))
  }

  /// **Veltkamp's split** of x with C = 2^s + 1: c = o(Cx), h = o(o(x − c) + c), l = o(x − h). To nearest, h has p − s bits, l at most s, and
  /// h + l = x.
  @inlinable
  public mutating func split(_ x: Number, by c: Number) -> (high: Number, low: Number) {
    let y = times(c, x)
    let h = plus(minus(x, y), y)
    return (h, minus(x, h))
  }

  /// **Dekker's product**: r = o(ab), and its error from the products of the halves that Veltkamp's split leaves, 17 operations without fma.
  @inlinable
  public mutating func dekkerProduct(_ a: Number, _ b: Number, by c: Number) -> (value: Number, error: Number) {
    let (ah, al) = split(a, by: c)
    let (bh, bl) = split(b, by: c)
    let r = times(a, b)
    var t = minus(times(ah, bh), r)
    t = plus(t, times(ah, bl))
    t = plus(t, times(al, bh))
    return (r, plus(t, times(al, bl)))
  }
}
