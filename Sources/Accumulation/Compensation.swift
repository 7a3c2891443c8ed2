// SPDX-License-Identifier: Apache-2.0
// Sums that carry their rounding errors along.

public import Formats

/// How a sum makes up for its rounding errors. Every operation of an algorithm is one rounding of exact operands, so a term that the
/// accumulator's format does not hold, such as an exact product, is rounded where it is first added.
public enum Compensation: Hashable, Sendable {
  /// y = x − c; t = s + y; c = (t − s) − y; s = t. (Kahan 1965.) One correction, fed back with the next term.
  case kahan

  /// t = s + x; c = c + ((s − t) + x), or c + ((x − t) + s) where |s| < |x|; s = t; at the end s + c. (Neumaier 1974.)
  case neumaier

  /// K − 1 passes of 2Sum over the terms, each of which leaves its errors and its sum; at last an ordinary sum. (Ogita, Rump and Oishi
  /// 2005, SumK.)
  case cascaded(Int)

  /// The same with each product split into its rounded value and its error. (Dot2, and DotK for K > 2, of the same authors.)
  case cascadedProducts(Int)

  /// An accumulator of K numbers: a term runs through them by 2Sum from the first on, what the last cannot take is lost, and one pass of VecSum
  /// makes them an expansion again. With two numbers to nearest, DWPlusFP of Joldes, Muller and Popescu 2017. A term that the format does
  /// not hold comes as its rounded value and the rest, one after the other; the result is the leading number after a renormalisation.
  case expansion(Int)

  /// Passes or numbers that texts may ask for.
  static let counts = 2...8
}

extension Evaluation {
  /// c + Σ terms by a compensated sum.
  func compensated(_ compensation: Compensation, _ rounder: Rounder, from c: Value, _ terms: TermSource, _ n: Int) -> Value {
    var sum = CompensatedSum(self, rounder)
    switch compensation {
    case .kahan: return sum.kahan(c, terms, n)
    case .neumaier: return sum.neumaier(c, terms, n)
    case .cascaded(let k): return sum.cascaded(from: c, (0..<n).map(terms.value), passes: k - 1)
    case .cascadedProducts(2): return sum.dot2(c, terms, n)
    case .cascadedProducts(let k): return sum.dotK(c, terms, n, k)
    case .expansion(let k): return sum.expansion(c, terms, n, k)
    }
  }
}

/// The operations of one compensated sum, all in one format, each seen by who watches the evaluation.
private struct CompensatedSum: RoundedAddition {
  private let evaluation: Evaluation
  private let rounder: Rounder

  init(_ evaluation: Evaluation, _ rounder: Rounder) { (self.evaluation, self.rounder) = (evaluation, rounder) }

  func plus(_ a: Value, _ b: Value) -> Value { evaluation.add(a, b, rounder, .correction) }
  func negated(_ a: Value) -> Value { -a }
  func isZero(_ a: Value) -> Bool { a.isZero }

  /// The rounded term and what is left of it: 2Prod with a fused multiply-add, where the term is a product.
  private mutating func split(_ x: Value) -> (high: Value, low: Value) {
    let h = plus(.zero, x)
    return (h, minus(x, h))
  }

  mutating func kahan(_ start: Value, _ terms: TermSource, _ n: Int) -> Value {
    var (s, c) = (start, Value.zero)
    for i in 0..<n {
      let y = minus(terms.value(i), c)
      let t = plus(s, y)
      c = minus(minus(t, s), y)
      s = t
    }
    return s
  }

  mutating func neumaier(_ start: Value, _ terms: TermSource, _ n: Int) -> Value {
    var (s, c) = (start, Value.zero)
    for i in 0..<n {
      let x = terms.value(i)
      let t = plus(s, x)
      c = plus(c, s.isBelow(x) ? plus(minus(x, t), s) : plus(minus(s, t), x))
      s = t
    }
    return plus(s, c)
  }

  mutating func cascaded(from start: Value, _ terms: [Value], passes: Int) -> Value {
    var (rest, start) = (terms, start)
    for _ in 0..<passes {
      var s = start
      var errors: [Value] = []
      for x in rest {
        let (sum, error) = twoSum(s, x)
        errors.append(error)
        s = sum
      }
      (rest, start) = (errors + [s], .zero)
    }
    guard let last = rest.last else { return start }
    return plus(rest.dropLast().reduce(start, plus), last)
  }

  mutating func dot2(_ start: Value, _ terms: TermSource, _ n: Int) -> Value {
    var (p, s) = (start, Value.zero)
    for i in 0..<n {
      let (h, r) = split(terms.value(i))
      let (sum, q) = twoSum(p, h)
      s = plus(s, plus(q, r))
      p = sum
    }
    return plus(p, s)
  }

  mutating func dotK(_ start: Value, _ terms: TermSource, _ n: Int, _ k: Int) -> Value {
    var (p, productErrors, sumErrors) = (start, [Value](), [Value]())
    for i in 0..<n {
      let (h, r) = split(terms.value(i))
      let (sum, q) = twoSum(p, h)
      productErrors.append(r)
      sumErrors.append(q)
      p = sum
    }
    return cascaded(from: .zero, productErrors + sumErrors + [p], passes: k - 2)
  }

  mutating func expansion(_ start: Value, _ terms: TermSource, _ n: Int, _ k: Int) -> Value {
    var limbs = [start] + Array(repeating: Value.zero, count: k - 1)
    for i in 0..<n {
      let x = terms.value(i)
      if x.dyadic.map(rounder.format.contains) ?? true {
        add(x, to: &limbs)
      } else {
        let (h, r) = split(x)
        add(h, to: &limbs)
        add(r, to: &limbs)
      }
    }
    renormalise(&limbs)
    return limbs.first ?? .zero
  }

  /// One term in, and one pass of VecSum; what the last number cannot take is lost.
  private mutating func add(_ x: Value, to limbs: inout [Value]) {
    let last = limbs.count - 1
    var x = x
    for l in 0..<last { (limbs[l], x) = twoSum(limbs[l], x) }
    limbs[last] = plus(limbs[last], x)
    vecSum(&limbs)
  }
}
