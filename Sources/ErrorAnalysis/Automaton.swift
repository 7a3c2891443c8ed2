// SPDX-License-Identifier: Apache-2.0
// An accumulator as a finite automaton: the values it can hold, and which exact sums become which of them.

internal import Formats

/// The rounding s ← fl(y) of exact sums y, all of them integers in units of `2^unit`.
///
/// Rounding is monotone, so the integers that become a state are those of an interval; the automaton is its states and the intervals. They
/// are found by asking the rounder itself, O(states · log gap) times instead of once for each state and term.
final class Automaton: Sendable {
  let rounder: Rounder
  let unit: Int
  let states: Support
  /// For each state the integers that can become it, without overflow.
  private let lower: [Int128]
  private let upper: [Int128]
  /// Whether what lies beyond the ends becomes the last and the first state.
  let saturates: Bool

  /// Beyond every sum: integers have at most 124 bits.
  static let beyond = Int128(1) << 125
  static let largestBits = 124
  static let largestWidth = 16

  /// The states from `range.lowerBound` to `range.upperBound`.
  ///
  /// - Parameter grain: what is added are multiples of 2^grain units, and so are then the states (all that are of the format if it is tapered).
  /// - Precondition: the range contains 0 and is closed under the additions to be done; the rounder does not wrap.
  init(_ rounder: Rounder, unit: Int, grain: Int, range: ClosedRange<Int128>, saturates: Bool) throws(ExactAnalysisError) {
    let format = rounder.format
    guard format.width <= Automaton.largestWidth else { throw .states(format.name, bits: format.width) }
    let steps = Steps(rounder, unit: unit)
    // Where sums can reach an end of the format, that is a state too, and what follows from it.
    var grain = format.isTapered ? 0 : grain
    // So is the smallest number where it is no power of two (:cfg5).
    let least = format.minPositive
    if least.floorLog2 != least.exponent, least.exponent >= unit { grain = min(grain, least.exponent - unit) }
    for (end, reached) in [(format.maxFinite, range.upperBound), (format.minFinite, range.lowerBound)]
    where !end.isZero && end.floorLog2 - unit <= Automaton.largestBits && end.integer(inUnitsOf: unit) == reached {
      grain = min(grain, reached.trailingZeroBitCount)
    }
    var values: Set<Int128> = [0]
    for code in format.codes {
      // Only multiples of what is added can come up; those beyond the range need not fit.
      guard let value = format.decode(UInt128(code)).dyadic, value.isMultiple(ofPower: unit + grain) else { continue }
      guard value.isZero || value.floorLog2 - unit <= Automaton.largestBits else { continue }
      let integer = value.integer(inUnitsOf: unit)
      // (Subnormal numbers that are flushed are no results.)
      if range.contains(integer) && steps.rounded(integer, .towardZero) == integer { values.insert(integer) }
    }
    let states = values.sorted()
    (self.rounder, self.unit, self.states, self.saturates) = (rounder, unit, Support(states), saturates)
    var lower = [Int128](repeating: 0, count: states.count)
    var upper = lower
    for i in states.indices.dropLast() {
      let (a, b) = (states[i], states[i + 1])
      (upper[i], lower[i + 1]) = steps.border(a, b)
    }
    lower[0] = steps.lastInRange(from: states[0], towards: -1)
    upper[states.count - 1] = steps.lastInRange(from: states[states.count - 1], towards: 1)
    (self.lower, self.upper) = (lower, upper)
  }

  /// The integers that do not overflow, or need not.
  var range: (low: Int128, high: Int128) { (lower[0], upper[states.count - 1]) }

  /// The integers that can become state i; where sums saturate, those beyond the range too.
  func interval(of i: Int) -> ClosedRange<Int128> {
    guard saturates else { return lower[i]...upper[i] }
    return (i == 0 ? -Automaton.beyond : lower[i])...(i == states.count - 1 ? Automaton.beyond : upper[i])
  }

  /// The probability with which y, a member of `interval(of: i)`, becomes state i.
  func probability(of i: Int, from y: Int128) -> Double {
    guard rounder.rounding.isStochastic else { return 1 }
    let state = states.values[i]
    if y == state { return 1 }
    let isBeyond = y < lower[0] || y > upper[states.count - 1]
    if isBeyond { return saturates ? 1 : 0 }
    // The neighbour of smaller magnitude, and the gap above it.
    let isOutside = y > states.values[states.count - 1] || y < states.values[0]
    let (a, b) = y > state ? (state, i + 1 < states.count ? states.values[i + 1] : state) : (i > 0 ? states.values[i - 1] : state, state)
    let inner = isOutside ? state : a.magnitude < b.magnitude ? a : b
    let gap = isOutside ? Steps.gap(rounder, unit, at: state) : (b - a).trailingZeroBitCount
    let up = rounder.rounding.probabilityOfRoundingUp((y - inner).magnitude, over: gap)
    if isOutside { return saturates ? 1 : 1 - up }
    return state == inner ? 1 - up : up
  }

  /// The probability that y overflows.
  func probabilityOfOverflow(_ y: Int128) -> Double {
    if y < lower[0] || y > upper[states.count - 1] { return 1 }
    guard rounder.rounding.isStochastic else { return 0 }
    let end = y > 0 ? states.count - 1 : 0
    guard y > 0 ? y > states.values[end] : y < states.values[end] else { return 0 }
    return rounder.rounding.probabilityOfRoundingUp((y - states.values[end]).magnitude, over: Steps.gap(rounder, unit, at: states.values[end]))
  }
}

/// The rounder asked about integers.
struct Steps {
  private let rounder: Rounder
  private let clamped: Rounder
  private let unit: Int

  init(_ rounder: Rounder, unit: Int) {
    (self.rounder, self.unit) = (rounder, unit)
    clamped = Steps.saturating(rounder, rounder.rounding)
  }

  private static func saturating(_ rounder: Rounder, _ rounding: Rounding) -> Rounder {
    // Every format can saturate, and a rounder's treatment of subnormals was checked when it was made.
    try! Rounder(to: rounder.format, rounding, overflow: .saturate, subnormals: rounder.subnormals)
  }

  /// What y becomes, clamped to the range; a stochastic rounding goes the way of `directed`.
  func rounded(_ y: Int128, _ directed: Rounding) -> Int128 {
    let way = rounder.rounding.isStochastic ? Steps.saturating(rounder, directed) : clamped
    // (Values of the format between zero and the unit come up in directed roundings of posits alone, whose unit is fine enough.)
    return way.round(Unrounded(Dyadic(y, exponent: unit))).value.dyadic!.integer(inUnitsOf: unit)
  }

  /// For neighbouring states a < b the last integer that can become a, and the first that can become b.
  func border(_ a: Int128, _ b: Int128) -> (lastOfA: Int128, firstOfB: Int128) {
    guard rounder.rounding.isStochastic else {
      let first = firstTrue(a + 1, b) { rounded($0, .up) >= b }
      return (first - 1, first)
    }
    let gap = (b - a).trailingZeroBitCount
    let isPositive = b > 0
    /// Whether an integer at a distance from the inner neighbour may go to the outer one; whether it must.
    func chance(_ distance: Int128) -> Double { rounder.rounding.probabilityOfRoundingUp(distance.magnitude, over: gap) }
    let mayGoOut = b - a == 1 ? 1 : firstTrue(1, b - a) { $0 == b - a || chance($0) > 0 }
    let mustGoOut = b - a == 1 ? 1 : firstTrue(1, b - a) { $0 == b - a || chance($0) == 1 }
    return isPositive ? (a + mustGoOut - 1, a + mayGoOut) : (b - mayGoOut, b - mustGoOut + 1)
  }

  /// The last integer, going outwards from the end of the states, that does not overflow, or need not.
  func lastInRange(from end: Int128, towards direction: Int128) -> Int128 {
    // States that end before the format does are never left.
    let x = Dyadic(end, exponent: unit)
    let next = direction > 0 ? rounder.format.next(above: x) : rounder.format.next(below: x)
    guard !(next?.isFinite ?? false) else { return direction * Automaton.beyond }
    if rounder.rounding.isStochastic {
      let gap = Steps.gap(rounder, unit, at: end)
      guard gap > 0 else { return end }
      let width = Int128(1) << Int128(gap)
      let mustOverflow = firstTrue(1, width) { $0 == width || rounder.rounding.probabilityOfRoundingUp($0.magnitude, over: gap) == 1 }
      return end + direction * (mustOverflow - 1)
    }
    func overflows(_ distance: Int128) -> Bool {
      rounder.round(Unrounded(Dyadic(end + direction * distance, exponent: unit))).flags.contains(.overflow)
    }
    var bound: Int128 = 1
    while !overflows(bound) {
      bound *= 2
      guard bound < Automaton.beyond else { return direction * Automaton.beyond }
    }
    return end + direction * (firstTrue(1, bound, overflows) - 1)
  }

  /// log₂ of the gap beyond the largest number, in units.
  static func gap(_ rounder: Rounder, _ unit: Int, at end: Int128) -> Int {
    rounder.format.ulpExponent(Dyadic(end, exponent: unit)) - unit
  }

  /// The first integer of low … high at which a monotone condition holds that holds at `high`.
  private func firstTrue(_ low: Int128, _ high: Int128, _ holds: (Int128) -> Bool) -> Int128 {
    var (low, high) = (low, high)
    while low < high {
      let middle = low + (high - low) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
