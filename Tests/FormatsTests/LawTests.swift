// SPDX-License-Identifier: Apache-2.0
// Laws of rounding, on hard cases of narrow and wide formats.

import Formats
import TestSupport
import Testing

@Suite struct LawTests {
  static let formats = FormatLists.small + ["fp16", "bf16", "tf32", "fp32", "fp64", "fp128", "e15m112fnuz", "e1m30", "q8.8", "q16.16", "q32.32", "uq8.8"].map(format)
  static let count = effort(3000)

  private func cases(_ format: Format, seed: UInt64) -> [Dyadic] {
    var cases = HardCases(format, seed: seed)
    return (0..<LawTests.count).map { _ in cases.next() }
  }

  private func rounders(_ format: Format, _ modes: [Rounding] = Rounding.deterministic) throws -> [Rounder] {
    try modes.map { try Rounder(to: format, $0, overflow: .saturate) }
  }

  private func isInRange(_ x: Dyadic, _ format: Format) -> Bool { x >= format.minFinite && x <= format.maxFinite }

  @Test(arguments: formats)
  func roundingIsMonotone(_ format: Format) throws {
    let sorted = cases(format, seed: 31).sorted()
    for rounder in try rounders(format) {
      for (x, y) in zip(sorted, sorted.dropFirst()) {
        let (a, b) = (rounder.round(Unrounded(x)).value.dyadic, rounder.round(Unrounded(y)).value.dyadic)
        guard let a, let b, a <= b else {
          Issue.record("\(x) <= \(y) but they are rounded the other way: \(Repro.round(rounder, "\(x.hexDescription) \(y.hexDescription)"))")
          return
        }
      }
    }
  }

  @Test(arguments: formats)
  func roundingIsIdempotent(_ format: Format) throws {
    for rounder in try rounders(format) {
      for x in cases(format, seed: 32) {
        let once = rounder.round(Unrounded(x)).value
        guard rounder.round(once) == Rounded(once), format.encode(once) != nil else {
          Issue.record("\(once) does not stay: \(Repro.round(rounder, x.hexDescription))")
          return
        }
      }
    }
  }

  @Test(arguments: formats)
  func nearestModesLeaveNothingNearer(_ format: Format) throws {
    for rounder in try rounders(format, [.nearestEven, .nearestAway, .nearestZero]) {
      for x in cases(format, seed: 33) where isInRange(x, format) {
        let y = rounder.round(Unrounded(x)).value.dyadic ?? .zero
        let error = (y - x).magnitude
        let others = [format.next(below: x), format.next(above: x)].compactMap { $0?.dyadic }
        let isNearest = others.allSatisfy { error <= ($0 - x).magnitude }
        // Below the smallest normal number the grid of `:nosub` and of the multiplier variants is coarser than ulp.
        let isWithinHalf = format.lacksSubnormals || format.name.hasSuffix(":cfg5") || error <= format.ulp(x).scaled(by: -1)
        guard isNearest, isWithinHalf || y == format.minFinite else {
          Issue.record("\(x) becomes \(y), further than half a place or than a neighbour: \(Repro.round(rounder, x.hexDescription))")
          return
        }
      }
    }
  }

  @Test(arguments: formats)
  func directedModesEncloseWithAdjacentCodes(_ format: Format) throws {
    let (down, up) = (try Rounder(to: format, .down, overflow: .saturate), try Rounder(to: format, .up, overflow: .saturate))
    for x in cases(format, seed: 34) where isInRange(x, format) {
      guard let a = down.round(Unrounded(x)).value.dyadic, let b = up.round(Unrounded(x)).value.dyadic, a <= x, x <= b,
        a == b ? a == x : areAdjacent(a, b, format)
      else {
        Issue.record("\(x) is not enclosed by adjacent values: \(Repro.round(down, x.hexDescription)); \(Repro.round(up, x.hexDescription))")
        return
      }
    }
  }

  /// Whether the codes of a < b are neighbours on the number line, by integer arithmetic on codes.
  private func areAdjacent(_ a: Dyadic, _ b: Dyadic, _ format: Format) -> Bool {
    guard let i = format.encode(.finite(a.magnitude)), let j = format.encode(.finite(b.magnitude)), format.isFloating else {
      return b - a == .power(format.quantumExponent)
    }
    // `:nosub` has one value for the codes of the lowest binade.
    if format.lacksSubnormals && (a.isZero || b.isZero) { return max(a.magnitude, b.magnitude) == format.minNormal }
    return a.isNegative ? i == j + 1 : j == i + 1
  }

  @Test(arguments: formats.filter { $0.isSigned && $0.isFloating })
  func symmetricModesAreOdd(_ format: Format) throws {
    let modes: [(Rounding, Rounding)] = [
      (.nearestEven, .nearestEven), (.nearestAway, .nearestAway), (.nearestZero, .nearestZero), (.towardZero, .towardZero), (.toOdd, .toOdd),
      (.up, .down), (.down, .up),
    ]
    for (mode, mirrored) in modes {
      for overflow in Rounder.overflowPolicies(of: format) {
        let (here, there) = (try Rounder(to: format, mode, overflow: overflow), try Rounder(to: format, mirrored, overflow: overflow))
        for x in cases(format, seed: 35) where !x.isZero {
          let (a, b) = (here.round(Unrounded(x)), there.round(Unrounded(-x)))
          // Formats with one zero have it for both signs.
          guard a.flags == b.flags, a.value == -b.value || (a.value.isZero && b.value.isZero && !format.hasNegativeZero) else {
            Issue.record("\(a) and \(b) are not opposite: \(Repro.round(here, x.hexDescription)); \(Repro.round(there, (-x).hexDescription))")
            return
          }
        }
      }
    }
  }

  @Test(arguments: formats.filter { !$0.lacksSubnormals })
  func roundingToOddGivesAnOddCodeUnlessExact(_ format: Format) throws {
    let rounder = try Rounder(to: format, .toOdd, overflow: .saturate)
    for x in cases(format, seed: 36) where x > format.minFinite && x < format.maxFinite {
      let rounded = rounder.round(Unrounded(x))
      guard let code = format.encode(rounded.value), rounded.value.dyadic == x || code & 1 == 1 || rounded.value == .finite(format.minFinite) else {
        Issue.record("\(rounded.value) is inexact with an even code: \(Repro.round(rounder, x.hexDescription))")
        return
      }
    }
  }
}
