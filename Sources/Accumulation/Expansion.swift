// SPDX-License-Identifier: Apache-2.0
// Floating-point expansions: numbers held as sums of numbers of a narrow format.

public import Formats

/// The unevaluated sum of numbers of one format, none zero, leading term first, each the rounded sum of itself and the next.
///
/// To nearest, sums, differences and scalings are exact, whatever the number of terms; products, quotients and roots take a number of
/// terms. In other modes the errors of 2Sum are not always numbers of the format, and what is said to be exact is not.
///
/// - Source: Priest 1991 and Shewchuk 1997 for the operations; Joldes, Marty, Muller and Popescu 2016 for the renormalisation, repeated here
///   until it settles, because one pass leaves terms overlapping at few bits.
public struct Expansion: Hashable, Sendable {
  /// The rounding of every operation on it.
  public let rounder: Rounder
  /// x₁, x₂, …, leading term first; none for 0.
  public let terms: [Value]
  /// What happened on the way here: `overflow` (the sum is lost), and `underflow` (bits below the smallest number are).
  public let flags: Rounded.Flags

  package init(_ terms: [Value], _ rounder: Rounder, _ flags: Rounded.Flags) {
    (self.terms, self.rounder, self.flags) = (terms, rounder, flags)
  }

  /// The sum of any numbers of the format, renormalised.
  ///
  /// - Precondition: the rounding is not stochastic, and the format is not of tapered precision.
  /// - Complexity: O(n²) operations of n terms at worst.
  public init(sum terms: [Value], in rounder: Rounder) {
    var work = Work(rounder)
    self = work.renormalised(terms)
  }

  /// The k-term expansion nearest to a number: x₀ = o(x), x₁ = o(x − x₀), … .
  public init(_ x: Dyadic, terms k: Int, in rounder: Rounder) {
    var (terms, rest, flags) = ([Value](), x, Rounded.Flags())
    for _ in 0..<k where !rest.isZero {
      let rounded = rounder.round(.finite(rest))
      flags.formUnion(rounded.flags.intersection([.overflow, .underflow]))
      guard let term = rounded.value.dyadic, !term.isZero else { break }
      terms.append(rounded.value)
      rest = rest - term
    }
    self.init(successive: terms, rounder, flags)
  }

  /// Terms that were found one after the other: where a remainder was just above half a unit in the last place and became half a unit,
  /// one pass more, exact to nearest, makes each the rounded sum of itself and the next.
  package init(successive terms: [Value], _ rounder: Rounder, _ flags: Rounded.Flags) {
    guard rounder.rounding.isNearest, terms.allSatisfy(\.isFinite) else {
      self.init(terms, rounder, flags)
      return
    }
    var work = Work(rounder)
    work.note(flags)
    self = work.renormalised(terms)
  }

  /// Whether the sum of the terms is 0: then there are none.
  public var isZero: Bool { terms.isEmpty }

  /// The value, if it is finite and has at most 127 bits; `BigFloat(_:)` holds any.
  public var dyadic: Dyadic? {
    let numbers = terms.compactMap(\.dyadic)
    guard numbers.count == terms.count else { return nil }
    guard let lowest = numbers.map(\.exponent).min(), let highest = numbers.map(\.floorLog2).max() else { return .zero }
    return highest - lowest < 120 ? numbers.reduce(.zero, +) : nil
  }

  /// −x, exactly.
  public static prefix func - (x: Expansion) -> Expansion { Expansion(x.terms.map { -$0 }, x.rounder, x.flags) }

  /// The first k terms.
  public func truncated(to k: Int) -> Expansion { Expansion(Array(terms.prefix(k)), rounder, flags) }
}

// MARK: - Arithmetic

extension Expansion {
  /// x + b, exactly (grow-expansion).
  public func plus(_ b: Value) -> Expansion {
    var work = Work(self)
    return work.renormalised(terms + [b])
  }

  /// x + y, exactly.
  public static func + (x: Expansion, y: Expansion) -> Expansion {
    var work = Work(x, y)
    return work.renormalised(x.terms + y.terms)
  }

  /// x + (−y); y is negated exactly.
  public static func - (x: Expansion, y: Expansion) -> Expansion { x + -y }

  /// x b, exactly barring underflow (scale-expansion): 2Prod of each term.
  public func times(_ b: Value) -> Expansion {
    var work = Work(self)
    return work.renormalised(terms.flatMap { work.product($0, b) })
  }

  /// x y, exactly barring underflow: 2Prod of each pair of terms.
  public static func * (x: Expansion, y: Expansion) -> Expansion {
    var work = Work(x, y)
    return work.renormalised(x.terms.flatMap { a in y.terms.flatMap { work.product(a, $0) } })
  }

  /// x y to k terms: of terms i and j of the factors the product and its error where i + j < k, the rounded product where i + j = k.
  ///
  /// What is left out is O(2^(−k(p+1))) of the product: |xᵢ| ≤ 2^(−ip) |x₀|, each pair but a rounding error or a later one. k(k + 1)/2
  /// products with errors and at most k + 1 without.
  public func times(_ y: Expansion, terms k: Int) -> Expansion {
    var work = Work(self, y)
    var products: [Value] = []
    for (i, a) in terms.enumerated() {
      for (j, b) in y.terms.enumerated() where i + j <= k {
        products += i + j < k ? work.product(a, b) : [work.arithmetic.times(a, b)]
      }
    }
    return work.renormalised(products).truncated(to: k)
  }

  /// x / y to k terms, by long division: qᵢ = o(r₀ / y₀) and r ← r − qᵢ y, exactly, until the quotient has k terms and one to spare.
  ///
  /// Each step gains about p bits at any p, which Newton's iteration does not at p ≤ 4. y must not be zero.
  public func divided(by y: Expansion, terms k: Int) -> Expansion {
    precondition(!y.isZero, "a quotient by zero")
    var (work, remainder, digits) = (Work(self, y), self, [Value]())
    for _ in 0..<3 * k + 3 {
      guard let r = remainder.terms.first else { break }
      let digit = work.arithmetic.quotient(r, y.terms[0])
      guard !digit.isZero, digit.isFinite else { break }
      digits.append(digit)
      remainder = remainder - y.times(digit)
      work.note(remainder.flags.intersection(.overflow))
    }
    return work.renormalised(digits).truncated(to: k)
  }

  /// √x to k terms: s₀ = o(√x₀), then digits o(r₀ / 2s₀) of the exact remainder r = x − s². x must not be negative.
  ///
  /// s² overflows or underflows at the ends of the range, and digits are lost: the flags say so.
  public func squareRoot(terms k: Int) -> Expansion {
    var work = Work(self)
    guard let first = terms.first else { return self }
    precondition(!first.isNegative, "the root of a negative number")
    let s = work.arithmetic.squareRoot(first)
    let twice = work.arithmetic.plus(s, s)
    var root = Expansion([s], rounder, [])
    for _ in 0..<3 * k + 3 {
      let remainder = self - root * root
      work.note(remainder.flags)
      guard let r = remainder.terms.first else { break }
      let digit = work.arithmetic.quotient(r, twice)
      guard !digit.isZero, digit.isFinite else { break }
      root = root.plus(digit)
    }
    return work.renormalised(root.terms).truncated(to: k)
  }

  /// The sign of x − y, −1, 0 or 1, from the exact values: also where the difference would overflow. `nil` if one of them is NaN or both
  /// are the same infinity.
  public func comparison(to y: Expansion) -> Int? {
    switch Extended.sum(terms + y.terms.map { -$0 }, rounding: .nearestEven) {
    case .nan: nil
    case .infinity(let isNegative): isNegative ? -1 : 1
    case .finite(let difference): difference.isZero ? 0 : difference.isNegative ? -1 : 1
    }
  }
}

/// Operations on terms, and what happens in them.
private struct Work {
  var arithmetic: ValueArithmetic
  private var before: Rounded.Flags

  init(_ rounder: Rounder) { (arithmetic, before) = (ValueArithmetic(rounder), []) }

  init(_ x: Expansion) { (arithmetic, before) = (ValueArithmetic(x.rounder), x.flags) }

  init(_ x: Expansion, _ y: Expansion) {
    precondition(x.rounder == y.rounder, "expansions in \(x.rounder) and \(y.rounder)")
    (arithmetic, before) = (ValueArithmetic(x.rounder), x.flags.union(y.flags))
  }

  mutating func note(_ flags: Rounded.Flags) { before.formUnion(flags) }

  /// 2Prod: the product and its error.
  mutating func product(_ a: Value, _ b: Value) -> [Value] {
    let (h, l) = arithmetic.twoProductFMA(a, b)
    return [h, l]
  }

  /// Terms in falling order, by VecSum until they settle.
  mutating func renormalised(_ terms: [Value]) -> Expansion {
    var terms = terms.sorted { $1.isBelow($0) }
    arithmetic.renormalise(&terms)
    return Expansion(terms, arithmetic.rounder, before.union(arithmetic.flags.intersection([.overflow, .underflow])))
  }
}
