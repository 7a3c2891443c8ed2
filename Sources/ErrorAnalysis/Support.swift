// SPDX-License-Identifier: Apache-2.0
// Finitely many integers, and where among them a number lies.

/// Numbers as integers in one unit, ascending and distinct; compared by identity.
final class Support: Sendable {
  let values: [Int128]
  /// The largest k of which all are multiples of 2^k.
  let grain: Int
  private let places: Places<Int128>

  init(_ values: [Int128]) {
    self.values = values
    grain = values.reduce(Int.max) { $1 == 0 ? $0 : min($0, $1.trailingZeroBitCount) }
    places = Places(values)
  }

  var count: Int { values.count }

  /// The first index whose value is at least x.
  func firstIndex(notBelow x: Int128) -> Int { places.firstIndex(notBelow: x) }

  func index(of x: Int128) -> Int? {
    let i = firstIndex(notBelow: x)
    return i < count && values[i] == x ? i : nil
  }

  var isSymmetric: Bool { zip(values, values.reversed()).allSatisfy { $0 == -$1 } }
}

/// Where a number lies among ascending integers of some width.
struct Places<I: FixedWidthInteger & SignedInteger & Sendable>: Sendable {
  private let negative: Magnitudes<I>
  private let positive: Magnitudes<I>
  /// Values below 0, and values up to 0.
  private let negatives: Int
  private let nonpositives: Int

  init(_ values: [I]) {
    negatives = values.firstIndex { $0 >= 0 } ?? values.count
    nonpositives = values.firstIndex { $0 > 0 } ?? values.count
    negative = Magnitudes(values[..<negatives].reversed().map { -$0 })
    positive = Magnitudes(Array(values[nonpositives...]))
  }

  /// The first index whose value is at least x.
  @inline(__always)
  func firstIndex(notBelow x: I) -> Int { x > 0 ? nonpositives &+ positive.count(below: x) : negatives &- negative.count(below: 1 &- x) }
}

/// Positive integers in ascending order, by binades: those of a binade are mostly a power of two apart, and then need no search.
private struct Magnitudes<I: FixedWidthInteger & SignedInteger & Sendable>: Sendable {
  private let values: [I]
  /// For each binade: how many values are below it, and log₂ of the step where its values are 2^e, 2^e + step, ….
  private let starts: [Int]
  private let shifts: [Int]

  init(_ values: [I]) {
    self.values = values
    let binades = values.last.map { I.bitWidth - $0.leadingZeroBitCount } ?? 0
    var (starts, shifts, i) = ([Int](), [Int](), 0)
    for e in 0..<binades {
      starts.append(i)
      let first = i
      while i < values.count && values[i] >> I(e) == 1 { i += 1 }
      let binade = values[first..<i]
      let step = binade.count > 1 ? binade[first + 1] - binade[first] : 1 << I(e)
      let isEven = step.nonzeroBitCount == 1 && binade.first == 1 << I(e) && zip(binade, binade.dropFirst()).allSatisfy { $1 - $0 == step }
      shifts.append(isEven ? step.trailingZeroBitCount : -1)
    }
    starts.append(values.count)
    (self.starts, self.shifts) = (starts, shifts)
  }

  /// How many values are below x > 0.
  @inline(__always)
  func count(below x: I) -> Int {
    let e = I.bitWidth &- 1 &- x.leadingZeroBitCount
    guard e < shifts.count else { return values.count }
    let shift = shifts[e]
    if shift >= 0 {
      // ⌈(x − 2^e) / step⌉ of them, if there are as many.
      let step = (1 as I) &<< I(truncatingIfNeeded: shift)
      let offset = (x &- ((1 as I) &<< I(truncatingIfNeeded: e)) &+ (step &- 1)) &>> I(truncatingIfNeeded: shift)
      return min(starts[e] &+ Int(truncatingIfNeeded: offset), starts[e &+ 1])
    }
    var (low, high) = (starts[e], starts[e + 1])
    while low < high {
      let middle = (low + high) / 2
      if values[middle] < x { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
