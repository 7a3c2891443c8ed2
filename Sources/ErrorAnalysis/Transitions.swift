// SPDX-License-Identifier: Apache-2.0
// The additions of an automaton, cell by cell: which terms lead from a source to a state.

internal import Formats

/// For each state t, the cells (s, t): terms first ..< end, which are consecutive, with fl(s + x) = t. A source may have several cells.
///
/// Cells are kept where they fit and found anew each time where they do not; either way a row costs its cells and
/// O(terms), or O(sources + terms) where sources are few.
final class Transitions: Sendable {
  let automaton: Automaton
  let sources: Support
  let terms: Support
  /// The states whose rows these are.
  let rows: Range<Int>
  private let offsets: [Int]?
  private let stored: Row

  /// Cells of one or more states, as arrays of equal length.
  struct Row: Sendable {
    var source: [Int32] = []
    var first: [Int32] = []
    var end: [Int32] = []

    mutating func removeAll() {
      source.removeAll(keepingCapacity: true)
      first.removeAll(keepingCapacity: true)
      end.removeAll(keepingCapacity: true)
    }

    @inline(__always)
    mutating func append(_ s: Int, _ terms: Range<Int>) {
      source.append(Int32(truncatingIfNeeded: s))
      first.append(Int32(truncatingIfNeeded: terms.lowerBound))
      end.append(Int32(truncatingIfNeeded: terms.upperBound))
    }

    @inline(__always)
    func withCells(_ range: Range<Int>, _ body: (Cells) -> Void) {
      source.withUnsafeBufferPointer { source in
        first.withUnsafeBufferPointer { first in
          end.withUnsafeBufferPointer { end in
            body(Cells(
              source: UnsafeBufferPointer(rebasing: source[range]), first: UnsafeBufferPointer(rebasing: first[range]),
              end: UnsafeBufferPointer(rebasing: end[range])))
          }
        }
      }
    }
  }

  /// Cells that are kept: up to 12 bytes each, and 24 more for moments.
  static let largestStored = 1 << 24

  init(
    _ automaton: Automaton, from sources: Support, adding terms: Support, rows: Range<Int>, _ parallelism: Parallelism, storing: Bool = true
  ) {
    (self.automaton, self.sources, self.terms, self.rows) = (automaton, sources, terms, rows)
    // A source and a term lead to one state, to two with a stochastic rounding; half the rows have half of these.
    let ways = (automaton.rounder.rounding.isStochastic ? 2 : 1) * terms.count
    let likely = (ways * rows.count + automaton.states.count - 1) / max(1, automaton.states.count)
    guard storing, sources.count * min(likely, rows.count) <= Transitions.largestStored else {
      (offsets, stored) = (nil, Row())
      return
    }
    let grain = 32
    let parts = parallelMap((rows.count + grain - 1) / grain, parallelism) { part in
      var (row, ends) = (Row(), [Int]())
      for t in rows[rows.lowerBound + part * grain..<min(rows.upperBound, rows.lowerBound + (part + 1) * grain)] {
        Transitions.find(automaton, sources, terms, t, &row)
        ends.append(row.source.count)
      }
      return (row, ends)
    }
    var (offsets, all) = ([0], Row())
    for (row, ends) in parts {
      let base = all.source.count
      offsets += ends.map { base + $0 }
      all.source += row.source
      all.first += row.first
      all.end += row.end
    }
    (self.offsets, stored) = (offsets, all)
  }

  var isStored: Bool { offsets != nil }

  /// Cells in all; `nil` where they are not kept.
  var cellCount: Int? { offsets?.last }

  /// The cells of the row of state t, and where they begin among those that are kept.
  @inline(__always)
  func withRow(_ t: Int, _ scratch: inout Row, _ body: (_ cells: Cells, _ offset: Int) -> Void) {
    if let offsets {
      let i = t - rows.lowerBound
      stored.withCells(offsets[i]..<offsets[i + 1]) { body($0, offsets[i]) }
    } else {
      scratch.removeAll()
      Transitions.find(automaton, sources, terms, t, &scratch)
      scratch.withCells(0..<scratch.source.count) { body($0, 0) }
    }
  }

  /// A view of a row, valid while `withRow` runs.
  struct Cells {
    let source: UnsafeBufferPointer<Int32>
    let first: UnsafeBufferPointer<Int32>
    let end: UnsafeBufferPointer<Int32>

    var count: Int { source.count }
  }

  /// Appends the cells of state t: source by source or, where there are few terms, term by term.
  private static func find(_ automaton: Automaton, _ sources: Support, _ terms: Support, _ t: Int, _ row: inout Row) {
    let interval = automaton.interval(of: t)
    let (low, high) = (interval.lowerBound, interval.upperBound)
    guard low <= high, let smallest = terms.values.first, let largest = terms.values.last else { return }
    // Sources outside have no term that leads here.
    let window = sources.firstIndex(notBelow: low - largest)..<sources.firstIndex(notBelow: high - smallest + 1)
    sources.values.withUnsafeBufferPointer { s in
      terms.values.withUnsafeBufferPointer { x in
        if 4 * x.count < window.count {
          for j in x.indices {
            var i = sources.firstIndex(notBelow: low - x[j])
            while i < s.count && s[i] <= high - x[j] {
              row.append(i, j..<j + 1)
              i += 1
            }
          }
          return
        }
        guard let start = window.first else { return }
        // As sources ascend, the terms that lead to t descend.
        var end = terms.firstIndex(notBelow: high - s[start] + 1)
        var first = terms.firstIndex(notBelow: low - s[start])
        for i in window {
          while end > 0 && x[end - 1] > high - s[i] { end -= 1 }
          while first > 0 && x[first - 1] >= low - s[i] { first -= 1 }
          if first < end { row.append(i, first..<end) }
        }
      }
    }
  }
}
