// SPDX-License-Identifier: Apache-2.0
// Double-word arithmetic: numbers h + l with h = o(h + l), and the algorithms of Joldes, Muller and Popescu on them.

/// The unevaluated sum of two numbers of a format, h = o(h + l): about 2p + 1 bits.
@frozen
public struct DoubleWord<Number: Equatable>: Equatable {
  /// h, the leading number.
  public var high: Number
  /// l, at most half an ulp of h where h = o(h + l).
  public var low: Number

  /// The pair (h, l) as it is: whether h = o(h + l) is not checked.
  @inlinable
  public init(_ high: Number, _ low: Number) { (self.high, self.low) = (high, low) }
}

extension DoubleWord: Sendable where Number: Sendable {}
extension DoubleWord: Hashable where Number: Hashable {}

// The numbers of the algorithms are those of Joldes, Muller and Popescu, ACM Trans. Math. Softw. 44(2), 2017.

extension RoundedArithmetic {
  /// Algorithm 4, x + y.
  @inlinable
  public mutating func sum(_ x: DoubleWord<Number>, _ y: Number) -> DoubleWord<Number> {
    let s = twoSum(x.high, y)
    return normalised(s.value, plus(x.low, s.error))
  }

  /// Algorithm 5, x + y with 11 operations. **Not for operands of opposite signs**: the relative error is not bounded there.
  @inlinable
  public mutating func sloppySum(_ x: DoubleWord<Number>, _ y: DoubleWord<Number>) -> DoubleWord<Number> {
    let s = twoSum(x.high, y.high)
    return normalised(s.value, plus(s.error, plus(x.low, y.low)))
  }

  /// Algorithm 6, x + y with 20 operations.
  @inlinable
  public mutating func sum(_ x: DoubleWord<Number>, _ y: DoubleWord<Number>) -> DoubleWord<Number> {
    let s = twoSum(x.high, y.high)
    let t = twoSum(x.low, y.low)
    let v = fast2Sum(s.value, plus(s.error, t.value))
    return normalised(v.value, plus(t.error, v.error))
  }

  /// Algorithm 7, x y.
  @inlinable
  public mutating func product1(_ x: DoubleWord<Number>, _ y: Number) -> DoubleWord<Number> {
    let c = twoProductFMA(x.high, y)
    let t = fast2Sum(c.value, times(x.low, y))
    return normalised(t.value, plus(t.error, c.error))
  }

  /// Algorithm 8, x y.
  @inlinable
  public mutating func product2(_ x: DoubleWord<Number>, _ y: Number) -> DoubleWord<Number> {
    let c = twoProductFMA(x.high, y)
    let l = times(x.low, y)
    return normalised(c.value, plus(c.error, l))
  }

  /// Algorithm 9, x y.
  @inlinable
  public mutating func product3(_ x: DoubleWord<Number>, _ y: Number) -> DoubleWord<Number> {
    let c = twoProductFMA(x.high, y)
    return normalised(c.value, fusedMultiplyAdd(x.low, y, c.error))
  }

  /// Algorithm 10, x y.
  @inlinable
  public mutating func product1(_ x: DoubleWord<Number>, _ y: DoubleWord<Number>) -> DoubleWord<Number> {
    let c = twoProductFMA(x.high, y.high)
    let t = times(x.high, y.low)
    let l = plus(t, times(x.low, y.high))
    return normalised(c.value, plus(c.error, l))
  }

  /// Algorithm 11, x y.
  @inlinable
  public mutating func product2(_ x: DoubleWord<Number>, _ y: DoubleWord<Number>) -> DoubleWord<Number> {
    let c = twoProductFMA(x.high, y.high)
    let t = times(x.high, y.low)
    let l = fusedMultiplyAdd(x.low, y.high, t)
    return normalised(c.value, plus(c.error, l))
  }

  /// Algorithm 12, x y.
  @inlinable
  public mutating func product3(_ x: DoubleWord<Number>, _ y: DoubleWord<Number>) -> DoubleWord<Number> {
    let c = twoProductFMA(x.high, y.high)
    let t = fusedMultiplyAdd(x.high, y.low, times(x.low, y.low))
    let l = fusedMultiplyAdd(x.low, y.high, t)
    return normalised(c.value, plus(c.error, l))
  }

  /// Algorithm 15, x / y.
  @inlinable
  public mutating func quotient(_ x: DoubleWord<Number>, _ y: Number) -> DoubleWord<Number> {
    let t = quotient(x.high, y)
    let p = twoProductFMA(t, y)
    let d = minus(x.high, p.value)
    let l = minus(x.low, p.error)
    return normalised(t, quotient(plus(d, l), y))
  }

  /// Algorithm 17, x / y.
  @inlinable
  public mutating func quotient(_ x: DoubleWord<Number>, _ y: DoubleWord<Number>) -> DoubleWord<Number> {
    let t = quotient(x.high, y.high)
    let r = product1(y, t)
    let d = minus(x.high, r.high)
    let l = minus(x.low, r.low)
    return normalised(t, quotient(plus(d, l), y.high))
  }

  /// √x, x ≥ 0: one step of Newton's iteration in x_h, the residual by fma. (Lefèvre, Louvet, Muller, Picot and Rideau 2023.)
  @inlinable
  public mutating func squareRoot(_ x: DoubleWord<Number>) -> DoubleWord<Number> {
    if isZero(x.high) { return x }
    let s = squareRoot(x.high)
    let r = fusedMultiplyAdd(negated(s), s, x.high)
    let l = plus(x.low, r)
    return normalised(s, quotient(l, plus(s, s)))
  }

  /// Fast2Sum: h + l as a double word, |h| ≥ |l|.
  @inlinable
  mutating func normalised(_ h: Number, _ l: Number) -> DoubleWord<Number> {
    let (high, low) = fast2Sum(h, l)
    return DoubleWord(high, low)
  }
}
