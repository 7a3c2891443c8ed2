// SPDX-License-Identifier: Apache-2.0
// Carrying a plan out, rounding by rounding: the reference semantics that every fast path must equal.

public import Formats

/// One rounding of an evaluation: `rounded = fl(before + term)`, or `fl(term)` when a product is rounded.
public struct Step: Sendable {
  public enum Kind: Sendable {
    /// The product of a pair rounded to a format of its own.
    case product
    /// A term or a chunk's result added to an accumulator.
    case addition
  }

  public let kind: Kind
  public let rounder: Rounder
  public let before: Value
  public let term: Value
  public let rounded: Rounded

  /// Whether a nonzero finite term left a finite accumulator as it was.
  public var isSwallowed: Bool {
    guard kind == .addition, let x = term.dyadic, !x.isZero, let s = before.dyadic else { return false }
    return rounded.value.dyadic == s
  }
}

extension DotProduct {
  /// The computed value of c + Σ xᵢyᵢ, c = `initial` being what the last level's accumulator holds at the start.
  ///
  /// - Shape: x and y of equal length n ≥ 0; n = 0 gives c, by default +0. c is a value of the plan's output format; a pairwise
  ///   sum, which has no accumulator, adds it last. Significands of at most ``largestPrecision`` bits.
  /// - Rounding: as the plan says; infinities and NaN as in IEEE 754.
  /// - Random: additions take draws 0, 1, … of `random` in the order in which they are carried out, left and inner sums
  ///   first; a rounded product i takes draw i of its child "product". Traps without `random` when a mode is stochastic.
  /// - Complexity: O(n) roundings, about 50 ns each.
  public func evaluate(
    _ x: [Value], _ y: [Value], initial: Value = .zero, random: RandomStream? = nil, observe: ((Step) -> Void)? = nil
  ) -> Value {
    precondition(x.count == y.count, "a dot product of vectors of lengths \(x.count) and \(y.count)")
    let productRandom = isStochastic ? random?.child("product") : nil
    let carrier = Carrier(random: isStochastic ? random : nil, roundsLeaves: product == .fused, observe: observe)
    return carrier.run(plan, count: x.count, from: initial) { i in
      let exact = Extended.product(x[i], y[i])
      guard case .rounded(let rounder) = product else { return exact }
      let rounded = rounder.round(exact, draw: productRandom?.draw(i))
      observe?(Step(kind: .product, rounder: rounder, before: .zero, term: exact, rounded: rounded))
      return rounded.value
    }
  }
}

extension Plan {
  /// The computed sum of the terms. Shape, random bits and complexity as in ``DotProduct/evaluate(_:_:random:observe:)``.
  public func sum(_ terms: [Value], random: RandomStream? = nil, observe: ((Step) -> Void)? = nil) -> Value {
    let carrier = Carrier(random: isStochastic ? random : nil, roundsLeaves: false, observe: observe)
    return carrier.run(self, count: terms.count, from: .zero) { terms[$0] }
  }
}

/// The state of one evaluation: how many additions have been carried out.
private final class Carrier {
  let random: RandomStream?
  /// Whether a leaf of one term is rounded before it meets another.
  let roundsLeaves: Bool
  let observe: ((Step) -> Void)?
  var additions = 0

  init(random: RandomStream?, roundsLeaves: Bool, observe: ((Step) -> Void)?) {
    (self.random, self.roundsLeaves, self.observe) = (random, roundsLeaves, observe)
  }

  func run(_ plan: Plan, count n: Int, from initial: Value, term: (Int) -> Value) -> Value {
    if n == 0 { return initial }
    switch plan {
    case .sequential(let rounder): return sequential(rounder, from: initial, 0..<n, term)
    case .pairwise(let rounder, let leaf):
      let sum = pairwise(rounder, leaf, 0..<n, term)
      // A tree of one bare term has met no rounding yet.
      let isBare = n == 1 && leaf == 1 && !roundsLeaves
      return isBare || !initial.isZero ? add(initial, sum, rounder) : sum
    case .chunked(let count, let inner, let outer):
      let chunks = (n + count - 1) / count
      return run(outer, count: chunks, from: initial) { j in
        run(inner, count: min(count, n - j * count), from: .zero) { term(j * count + $0) }
      }
    }
  }

  private func sequential(_ rounder: Rounder, from initial: Value, _ range: Range<Int>, _ term: (Int) -> Value) -> Value {
    var sum = initial
    for i in range { sum = add(sum, term(i), rounder) }
    return sum
  }

  private func pairwise(_ rounder: Rounder, _ leaf: Int, _ range: Range<Int>, _ term: (Int) -> Value) -> Value {
    let leaves = (range.count + leaf - 1) / leaf
    if leaves <= 1 {
      let isBare = leaf == 1 && range.count == 1 && !roundsLeaves
      return isBare ? term(range.lowerBound) : sequential(rounder, from: .zero, range, term)
    }
    let middle = range.lowerBound + (leaves + 1) / 2 * leaf
    let left = pairwise(rounder, leaf, range.lowerBound..<middle, term)
    let right = pairwise(rounder, leaf, middle..<range.upperBound, term)
    return add(left, right, rounder)
  }

  private func add(_ sum: Value, _ term: Value, _ rounder: Rounder) -> Value {
    let exact = Extended.sum(sum, term, rounding: rounder.rounding)
    let rounded = rounder.round(exact, draw: random?.draw(additions))
    additions += 1
    observe?(Step(kind: .addition, rounder: rounder, before: sum, term: term, rounded: rounded))
    return rounded.value
  }
}
