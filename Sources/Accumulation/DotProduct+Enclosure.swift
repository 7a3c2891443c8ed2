// SPDX-License-Identifier: Apache-2.0
// Two numbers that the exact value lies between, from carrying a dot product out rounding down and rounding up.

public import Formats

extension DotProduct {
  /// Numbers low ≤ c + Σ xᵢyᵢ ≤ high: the results with every rounding, those of products included, down and up.
  ///
  /// Rounding down is monotonic and never increases a number, so that by induction every partial result is at most the exact one; likewise up.
  /// `nil` where that is not so (matrix units, which cut, sums that make up for their errors, flushed subnormal numbers, and formats of tapered
  /// precision or without negative numbers) or where a result overflowed.
  ///
  /// - Shape: as of ``evaluate(_:_:initial:random:observe:)``.
  /// - Complexity: twice that of one evaluation.
  public func enclosure(_ x: [Value], _ y: [Value], initial: Value = .zero) -> (low: Dyadic, high: Dyadic)? {
    guard let down = directed(.down)?.finite(x, y, initial), let up = directed(.up)?.finite(x, y, initial) else { return nil }
    return (down, up)
  }

  /// The result, if nothing overflowed.
  private func finite(_ x: [Value], _ y: [Value], _ initial: Value) -> Dyadic? {
    var overflowed = false
    let result = evaluate(x, y, initial: initial) { if $0.rounded.flags.contains(.overflow) { overflowed = true } }
    return overflowed ? nil : result.dyadic
  }

  private func directed(_ direction: Rounding) -> DotProduct? {
    guard let plan = plan.directed(direction) else { return nil }
    var changed = product
    if case .rounded(let rounder) = product {
      guard let rounder = rounder.directed(direction) else { return nil }
      changed = .rounded(rounder)
    }
    return DotProduct(plan, product: changed)
  }
}

extension Plan {
  fileprivate func directed(_ direction: Rounding) -> Plan? {
    switch self {
    case .sequential(let rounder): return rounder.directed(direction).map { .sequential($0) }
    case .pairwise(let rounder, let leaf): return rounder.directed(direction).map { .pairwise($0, leaf: leaf) }
    case .exact(let rounder): return rounder.directed(direction).map { .exact($0) }
    case .chunked(let count, let inner, let outer):
      guard let inner = inner.directed(direction), let outer = outer.directed(direction) else { return nil }
      return .chunked(count, inner: inner, outer: outer)
    case .strided(let lanes, let inner, let outer):
      guard let inner = inner.directed(direction), let outer = outer.directed(direction) else { return nil }
      return .strided(lanes, inner: inner, outer: outer)
    case .compensated, .block: return nil
    }
  }
}

extension Rounder {
  fileprivate func directed(_ direction: Rounding) -> Rounder? {
    guard subnormals == .keep, !format.isTapered, format.minFinite < .zero else { return nil }
    return try? Rounder(to: format, direction, overflow: overflow)
  }
}
