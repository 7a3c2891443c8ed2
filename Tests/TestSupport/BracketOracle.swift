// SPDX-License-Identifier: Apache-2.0
// Correct rounding by comparisons only: the first of two oracles, which shares no arithmetic with the rounder.

public import Formats

/// Rounds to a format of at most 16 bits by searching its sorted values, which come from decoding every code.
///
/// The exact number is known only through `compare(v)`, the sign of v − exact. Beyond each end of the range stands one more
/// value, at the spacing of the outermost binade, with the parity that the next code would have: a result there overflows.
///
/// Choices that codes alone do not make: between 0 and the smallest normal number of a `:nosub` format both codes are even,
/// so a tie goes to 0 and round to odd away from it; below an unsigned format stands the mirror image of its smallest value;
/// below a scale format, which has no zero, stands a zero that becomes the smallest value.
public struct BracketOracle: Sendable {
  public let format: Format
  let entries: [Entry]

  struct Entry: Sendable {
    let value: Dyadic
    let isOdd: Bool
    var fate = Fate.kept
  }

  enum Fate: Sendable, Equatable {
    case kept, beyond, flushed, raisedToSmallest
  }

  public init(_ format: Format, subnormals: Subnormals = .keep) {
    self.format = format
    var parities: [Dyadic: Bool] = [:]
    for code in format.codes {
      // The first code of a value counts: +0 before −0, and the all-zero code before the zeros of `:nosub`.
      guard let x = format.decode(Format.Code(code)).dyadic, parities[x] == nil else { continue }
      parities[x] = code & 1 == 1
    }
    var found = parities.map { Entry(value: $0.key, isOdd: $0.value) }.sorted { $0.value < $1.value }
    let (smallest, largest) = (found[0], found[found.count - 1])
    let above = largest.value + BracketOracle.spacing(atTopOf: format, found.map(\.value))
    found.append(Entry(value: above, isOdd: !largest.isOdd, fate: .beyond))
    switch format.encoding {
    case .fixed(let f) where f.isSigned:
      found.insert(Entry(value: smallest.value - .power(-f.fractionBits), isOdd: !smallest.isOdd, fate: .beyond), at: 0)
    case .floating(let f) where f.isSigned:
      found.insert(Entry(value: -above, isOdd: !largest.isOdd, fate: .beyond), at: 0)
    default:
      let first = found.first { !$0.value.isZero }!
      if !smallest.value.isZero { found.insert(Entry(value: .zero, isOdd: false, fate: .raisedToSmallest), at: 0) }
      found.insert(Entry(value: -first.value, isOdd: first.isOdd, fate: .beyond), at: 0)
    }
    if subnormals == .flush, case .floating(let f) = format.encoding {
      // Rounding to p bits comes first: only numbers above the last p-bit number below 2^emin can be raised to it.
      let threshold = Dyadic.power(1 - f.bias)
      let last = threshold - .power(1 - f.bias - f.fractionBits - 1)
      found.removeAll { $0.value.magnitude < threshold && !$0.value.isZero }
      found += [last, -last].map { Entry(value: $0, isOdd: true, fate: .flushed) }
      if !f.isSigned { found.append(Entry(value: -threshold, isOdd: false, fate: .beyond)) }
      found.sort { $0.value < $1.value }
    }
    entries = found
  }

  /// The distance from the largest value to the one that would follow it in an endless range.
  private static func spacing(atTopOf format: Format, _ values: [Dyadic]) -> Dyadic {
    switch format.encoding {
    case .fixed(let f): return .power(-f.fractionBits)
    case .tapered: preconditionFailure("tapered formats have an oracle of their own")
    case .floating(let f):
      let largest = values[values.count - 1]
      // `e1m0` has no finite number but zero; the code after it would be 2^emin.
      if largest.isZero { return .power(1 - f.bias - f.fractionBits) }
      let regular = Dyadic.power(largest.floorLog2 - f.fractionBits)
      guard f.hasSubnormals, let smallest = values.first(where: { !$0.isNegative && !$0.isZero }) else { return regular }
      return max(regular, smallest)
    }
  }

  /// The distinct finite values in ascending order.
  public var values: [Dyadic] { entries.filter { $0.fate == .kept }.map(\.value) }

  /// The correctly rounded value of a finite number.
  ///
  /// - Parameters:
  ///   - isNegative: the sign of the number, or of the zero that it is.
  ///   - compare: the sign of v − exact.
  public func round(_ rounding: Rounding, _ overflow: Overflow, isNegative: Bool, compare: (Dyadic) -> Int) -> Value {
    round(rounding, overflow, isNegative: isNegative, bracket(compare))
  }

  /// Where a number lies: the index of the first entry that is not below it, whether it is that entry, and the side of the
  /// middle of the gap on which it lies.
  public struct Bracket: Equatable, Sendable {
    let index: Int
    public let isExact: Bool
    let middle: Int
  }

  public func bracket(_ compare: (Dyadic) -> Int) -> Bracket {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if compare(entries[middle].value) < 0 { low = middle + 1 } else { high = middle }
    }
    let isExact = low < entries.count && compare(entries[low].value) == 0
    guard !isExact, low > 0, low < entries.count else { return Bracket(index: low, isExact: isExact, middle: 0) }
    let middle = (entries[low - 1].value + entries[low].value).scaled(by: -1)
    return Bracket(index: low, isExact: false, middle: compare(middle).signum())
  }

  public func round(_ rounding: Rounding, _ overflow: Overflow, isNegative: Bool, _ bracket: Bracket) -> Value {
    guard let entry = choose(rounding, isNegative, bracket) else {
      return overflowResult(format, rounding, overflow, isNegative: isNegative)
    }
    return switch entry.fate {
    case .beyond: overflowResult(format, rounding, overflow, isNegative: isNegative)
    case .flushed: zero(isNegative)
    case .raisedToSmallest: .finite(format.minFinite)
    case .kept: entry.value.isZero ? zero(isNegative) : .finite(entry.value)
    }
  }

  /// Whether the number, rounded as if the range had no end, lies beyond it.
  public func overflows(_ rounding: Rounding, isNegative: Bool, _ bracket: Bracket) -> Bool {
    choose(rounding, isNegative, bracket).map { $0.fate == .beyond } ?? true
  }

  /// The entry that a number becomes; `nil` beyond the outermost ones.
  private func choose(_ rounding: Rounding, _ isNegative: Bool, _ bracket: Bracket) -> Entry? {
    let i = bracket.index
    if bracket.isExact { return entries[i] }
    if i == 0 || i == entries.count { return nil }
    let (lower, upper) = (entries[i - 1], entries[i])
    let (inner, outer) = isNegative ? (upper, lower) : (lower, upper)
    if outer.fate == .flushed { return outer }
    switch rounding {
    case .towardZero: return inner
    case .up: return upper
    case .down: return lower
    case .toOdd: return inner.isOdd ? inner : outer
    case .nearestEven, .nearestAway, .nearestZero:
      if bracket.middle != 0 { return bracket.middle < 0 ? upper : lower }
      if rounding == .nearestEven { return inner.isOdd ? outer : inner }
      return rounding == .nearestAway ? outer : inner
    case .stochastic, .stochasticBits: preconditionFailure("a stochastic mode has no single correct result")
    }
  }

  private func zero(_ isNegative: Bool) -> Value { isNegative && format.hasNegativeZero ? .negativeZero : .zero }
}

/// What the documentation of ``Overflow`` says becomes of a rounded number beyond the range; shared by both oracles.
///
/// A negative number has no place in an unsigned format: NaN, or the smallest value when saturating.
func overflowResult(_ format: Format, _ rounding: Rounding, _ overflow: Overflow, isNegative: Bool) -> Value {
  let end = farthest(format, isNegative)
  if overflow == .saturate || overflow == .propagate { return end }
  let infinity: Value = format.hasInfinity ? .infinity(negative: isNegative) : .nan
  if overflow == .ieee, let (isSigned, isExtended) = p3109(format) { return p3109Result(end, rounding, isNegative, isSigned, isExtended) }
  if isNegative && !format.isSigned { return .nan }
  if overflow == .infinity { return infinity }
  precondition(overflow == .ieee, "wrapping is the fixed-point oracle's")
  switch rounding {
  case .towardZero, .toOdd: return end
  case .up: return isNegative ? end : infinity
  case .down: return isNegative ? infinity : end
  default: return infinity
  }
}

/// The table of SatNone in the report, row by row.
private func p3109Result(_ end: Value, _ rounding: Rounding, _ isNegative: Bool, _ isSigned: Bool, _ isExtended: Bool) -> Value {
  if isNegative {
    if rounding == .towardZero || rounding == .up { return end }
    if isSigned && isExtended { return .infinity(negative: true) }
    return isSigned ? end : .nan
  }
  if rounding == .towardZero || rounding == .down || rounding == .toOdd && !isSigned && isExtended { return end }
  return isExtended ? .infinity(negative: false) : end
}

/// Whether a P3109 format is signed and has infinities.
private func p3109(_ format: Format) -> (isSigned: Bool, isExtended: Bool)? {
  format.isP3109 ? (format.isSigned, format.hasInfinity) : nil
}

/// What an infinite result becomes in a format.
public func infiniteResult(_ format: Format, _ overflow: Overflow, isNegative: Bool) -> Value {
  if overflow == .saturate || overflow == .wrap { return farthest(format, isNegative) }
  if format.hasInfinity && (format.isSigned || !isNegative) { return .infinity(negative: isNegative) }
  if overflow == .propagate { return farthest(format, isNegative) }
  if overflow == .ieee, let (isSigned, isExtended) = p3109(format), !isExtended, isSigned || !isNegative { return farthest(format, isNegative) }
  return .nan
}

/// The outermost finite value of a sign; a zero where a format has no other.
private func farthest(_ format: Format, _ isNegative: Bool) -> Value {
  let end = isNegative ? format.minFinite : format.maxFinite
  return end.isZero && isNegative && format.hasNegativeZero ? .negativeZero : .finite(end)
}
