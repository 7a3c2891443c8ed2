// SPDX-License-Identifier: Apache-2.0
// Carrying a plan out, rounding by rounding: the reference semantics that every fast path must equal.

public import Formats

/// One rounding of an evaluation: `rounded = fl(before + term)`, or `fl(term)` when a product is rounded.
public struct Step: Sendable {
  /// What is rounded.
  public enum Kind: Sendable {
    /// The product of a pair rounded to a format of its own.
    case product
    /// A term or a chunk's result added to an accumulator.
    case addition
    /// An operation of a compensated sum.
    case correction
    /// A group of products added by a matrix unit; `term` is their sum as it was added, before the result is rounded.
    case block
    /// The one rounding of an exact sum; `term` is the sum, cut to the bits of a ``Dyadic``.
    case exact
  }

  /// What was rounded: a product, a term onto a sum, a step of a matrix unit.
  public let kind: Kind
  /// The format and mode of the accumulator that took the step.
  public let rounder: Rounder
  /// The accumulator before the step; +0 where nothing is added to.
  public let before: Value
  /// The exact addend. Of a product that is rounded, the exact product.
  public let term: Value
  /// fl(before + term), with its flags.
  public let rounded: Rounded
  /// Not below what the alignment of a block's addends changed.
  public let cutting: Dyadic
  /// What it changed on average if all cut-off parts are equally likely; for models, not for bounds.
  public let drift: Double
  /// The products of a block, as they were before alignment.
  public let addends: [Value]
  /// The place of the accumulator in ``Plan/rounders``; −1 for products.
  public let level: Int

  init(
    _ kind: Kind, _ rounder: Rounder, before: Value = .zero, term: Value, _ rounded: Rounded, level: Int, cutting: Dyadic = .zero,
    drift: Double = 0, addends: [Value] = []
  ) {
    (self.kind, self.rounder, self.before, self.term, self.rounded) = (kind, rounder, before, term, rounded)
    (self.level, self.cutting, self.drift, self.addends) = (level, cutting, drift, addends)
  }

  /// Whether a nonzero finite term left a finite accumulator as it was.
  public var isSwallowed: Bool {
    guard kind == .addition || kind == .block, let x = term.dyadic, !x.isZero || !cutting.isZero, let s = before.dyadic else { return false }
    return rounded.value.dyadic == s
  }
}

extension DotProduct {
  /// The computed value of c + Σ xᵢyᵢ, c = `initial` being what the last level's accumulator holds at the start.
  ///
  /// - Shape: x and y of equal length n ≥ 0; n = 0 gives c, by default +0. c is a value of the plan's output format; a pairwise
  ///   sum, which has no accumulator, adds it last. Significands of at most ``largestPrecision`` bits.
  /// - Rounding: as the plan says; infinities and NaN as in IEEE 754.
  /// - Random: roundings take draws 0, 1, … of `random` in the order in which they are carried out, left and inner sums
  ///   first; a rounded product i takes draw i of its child "product". Traps without `random` when a mode is stochastic.
  /// - Complexity: O(n) roundings, about 50 ns each.
  public func evaluate(
    _ x: [Value], _ y: [Value], initial: Value = .zero, random: RandomStream? = nil, observe: ((Step) -> Void)? = nil
  ) -> Value {
    precondition(x.count == y.count, "a dot product of vectors of lengths \(x.count) and \(y.count)")
    let productRandom = isStochastic ? random?.child("product") : nil
    let evaluation = Evaluation(random: isStochastic ? random : nil, roundsLeaves: product == .fused, observe: observe)
    let terms = TermSource { i in
      let exact = Extended.product(x[i], y[i])
      guard case .rounded(let rounder) = product else { return exact }
      let rounded = rounder.round(exact, draw: productRandom?.draw(i))
      observe?(Step(.product, rounder, term: exact, rounded, level: -1))
      return rounded.value
    } exponent: { i in
      if case .rounded = product { return nil }
      return exponentOfFactor(x[i]).flatMap { a in exponentOfFactor(y[i]).map { a + $0 } }
    }
    return evaluation.run(plan, count: x.count, from: initial, terms)
  }

  /// ⌊log₂|x|⌋, or what a subnormal number of the factors' format has in common with normal ones.
  private func exponentOfFactor(_ x: Value) -> Int? {
    guard let x = x.dyadic, !x.isZero else { return nil }
    return max(x.floorLog2, lowestFactorExponent)
  }
}

extension Plan {
  /// The computed sum of the terms. Shape, random bits and complexity as in ``DotProduct/evaluate(_:_:initial:random:observe:)``.
  public func sum(_ terms: [Value], random: RandomStream? = nil, observe: ((Step) -> Void)? = nil) -> Value {
    let evaluation = Evaluation(random: isStochastic ? random : nil, roundsLeaves: false, observe: observe)
    return evaluation.run(self, count: terms.count, from: .zero, TermSource { terms[$0] } exponent: { _ in nil })
  }
}

/// The terms of a sum, made as they are asked for, each once.
struct TermSource {
  let value: (Int) -> Value
  /// The sum of the exponents of a product's factors; `nil` for other terms.
  let exponent: (Int) -> Int?

  init(_ value: @escaping (Int) -> Value, exponent: @escaping (Int) -> Int?) { (self.value, self.exponent) = (value, exponent) }
}

/// The state of one evaluation: how many roundings have been carried out.
final class Evaluation {
  private let random: RandomStream?
  /// Whether a leaf of one term is rounded before it meets another.
  private let roundsLeaves: Bool
  private let observe: ((Step) -> Void)?
  private var roundings = 0
  /// The level at work.
  private var level = 0

  init(random: RandomStream?, roundsLeaves: Bool, observe: ((Step) -> Void)?) {
    (self.random, self.roundsLeaves, self.observe) = (random, roundsLeaves, observe)
  }

  func run(_ plan: Plan, count n: Int, from initial: Value, _ terms: TermSource) -> Value {
    if n == 0 { return initial }
    switch plan {
    case .sequential(let rounder): return sequential(rounder, from: initial, 0..<n, terms.value)
    case .pairwise(let rounder, let leaf):
      let sum = pairwise(rounder, leaf, 0..<n, terms.value)
      // A tree of one bare term has met no rounding yet.
      let isBare = n == 1 && leaf == 1 && !roundsLeaves
      return isBare || !initial.isZero ? add(initial, sum, rounder) : sum
    case .chunked(let count, let inner, let outer):
      let chunks = (n + count - 1) / count
      return nested(inner, outer, sums: chunks, from: initial, terms) { j in (min(count, n - j * count), { j * count + $0 }) }
    case .strided(let lanes, let inner, let outer):
      return nested(inner, outer, sums: min(lanes, n), from: initial, terms) { lane in
        ((n - lane + lanes - 1) / lanes, { lane + $0 * lanes })
      }
    case .compensated(let compensation, let rounder): return compensated(compensation, rounder, from: initial, terms, n)
    case .block(let unit): return block(unit, from: initial, terms, n)
    case .exact(let rounder):
      let exact = Extended.sum([initial] + (0..<n).map(terms.value), rounding: rounder.rounding)
      let rounded = rounder.round(exact, draw: nextDraw())
      observe?(Step(.exact, rounder, term: exact.cut, rounded, level: level))
      return rounded.value
    }
  }

  /// The results of several inner sums as the terms of an outer one; `part` says how many terms a sum has, and which.
  private func nested(
    _ inner: Plan, _ outer: Plan, sums: Int, from initial: Value, _ terms: TermSource, _ part: (Int) -> (count: Int, index: (Int) -> Int)
  ) -> Value {
    let (innerLevel, outerLevel) = (level, level + inner.levelCount)
    defer { level = innerLevel }
    level = outerLevel
    return withoutActuallyEscaping(part) { part in
      run(outer, count: sums, from: initial, TermSource { j in
        let (count, index) = part(j)
        let current = self.level
        defer { self.level = current }
        self.level = innerLevel
        return self.run(inner, count: count, from: .zero, TermSource { terms.value(index($0)) } exponent: { terms.exponent(index($0)) })
      } exponent: { _ in nil })
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

  func add(_ sum: Value, _ term: Value, _ rounder: Rounder, _ kind: Step.Kind = .addition) -> Value {
    let exact = Extended.sum(sum, term, rounding: rounder.rounding)
    let rounded = rounder.round(exact, draw: nextDraw())
    observe?(Step(kind, rounder, before: sum, term: term, rounded, level: level))
    return rounded.value
  }

  func step(_ unit: BlockFMA, _ sum: Value, _ products: [Value], _ exponents: [Int?]) -> Value {
    let result = unit.step(sum, products, exponents, draw: nextDraw())
    observe?(Step(
      .block, unit.rounder, before: sum, term: result.products, result.rounded, level: level, cutting: result.cutting, drift: result.drift,
      addends: products))
    return result.rounded.value
  }

  private func nextDraw() -> Draw? {
    defer { roundings += 1 }
    return random?.draw(roundings)
  }
}

extension Extended {
  /// The value, cut to its leading bits if a ``Dyadic`` does not hold it.
  fileprivate var cut: Value {
    switch self {
    case .finite(let x): .finite(x.dyadic ?? Dyadic(Int128(x.magnitude >> 1) * (x.isNegative ? -1 : 1), exponent: x.exponent + 1))
    case .infinity(let negative): .infinity(negative: negative)
    case .nan: .nan
    }
  }
}
