// SPDX-License-Identifier: Apache-2.0
// Bounds of sums by matrix units, whose steps align, cut and round.

public import Accumulation
internal import Formats

extension Bound {
  static let block: [Bound] = [
    Bound(
      id: "dot.block",
      statement: "|ŝ − s| ≤ ((1 + w)^q − 1) A in q steps, 1 + w = (1 + u)(1 + m 2^-f), m the addends that a step can cut",
      kind: .deterministic, hypotheses: [.noOverflow, .notTapered, .oneLevel, .block],
      source: "proved here; after Blanchard, Higham, Lopez, Mary and Pranesh, SIAM J. Sci. Comput. 42 (2020), doi:10.1137/19M1289546",
      proof: "proofs/block-sums.md#steps", theorems: ["BlockSum.block_sum", "BlockSum.cut_sum"], formula: .apriori { $0.compose(\.best) })
  ]
}

extension Level {
  /// (1 + w)^q − 1 and the absolute error of q steps in each sum, both as the proof has them.
  func steps(of unit: BlockFMA) -> Radius {
    let w = rounder.relativeError.and(cutting(unit, addends: cutAddends(unit)))
    let relative = w.compounded(depth)
    var step = isFree ? Upward.zero : rounder.absoluteError
    let lowest = cutting(unit, addends: min(unit.width, terms) + (unit.addend == .late ? 0 : 1)) * Upward(smallestTop(unit))
    step = step + lowest + lowest * rounder.relativeError
    let all = Upward(roundings) * step
    return Radius(relative: relative, absolute: all + all * relative)
  }

  /// Addends · 2^-f.
  private func cutting(_ unit: BlockFMA, addends: Int) -> Upward {
    unit.fractionBits.map { Upward(addends) * Upward(Dyadic.power(-$0)) } ?? .zero
  }

  /// Addends of one step that can lose bits: all but the largest, or all if f bits do not hold that one.
  private func cutAddends(_ unit: BlockFMA) -> Int {
    guard let f = unit.fractionBits else { return 0 }
    let addends = min(unit.width, terms) + (unit.addend == .late ? 0 : 1)
    // The significand of an exact product lies in [1, 4), of any other number in [1, 2).
    let holdsTerm = termBits - (areProducts && !unit.isNormalised ? 2 : 1) <= f
    let holdsSum = unit.addend != .aligned || unit.output.format.precision - 1 <= f
    return holdsTerm && holdsSum ? max(0, addends - 1) : addends
  }

  /// What the power of two that addends are aligned to does not exceed where it exceeds every addend.
  private func smallestTop(_ unit: BlockFMA) -> Dyadic {
    let ofSum = unit.addend == .late ? .zero : unit.output.format.minNormal ?? .zero
    return max(alignmentFloor, ofSum, .power(BlockFMA.lowestExponent))
  }
}

extension Upward {
  /// (1 + x)(1 + y) − 1.
  func and(_ y: Upward) -> Upward { self + y + self * y }
}
