// SPDX-License-Identifier: Apache-2.0
// Inputs that overflow, and plans with other roundings.

public import Accumulation
public import Formats

extension ExactAnalysis {
  /// n inputs whose sum overflows, or may with a stochastic rounding; `nil` if none do.
  ///
  /// Every rounding is monotone, and so is every plan: if any inputs overflow, then the largest products do, or the smallest.
  public func overflowingInputs(_ n: Int) -> (x: [Dyadic], y: [Dyadic])? {
    for isUp in [true, false] {
      // A stochastic rounding may go the way of a directed one.
      let way = { (r: Rounder) in r.rounding.isStochastic ? r.with(isUp ? .up : .down) : r }
      var product = product
      if case .rounded(let rounder) = product { product = .rounded(way(rounder)) }
      let inputs = (0..<n).map { isUp ? terms(at: $0).terms.last! : terms(at: $0).terms[0] }  // a law has a number
      var overflowed = false
      _ = DotProduct(plan.withRounders(way), product: product).evaluate(inputs.map { .finite($0.x) }, inputs.map { .finite($0.y) }) {
        if $0.rounded.flags.contains(.overflow) || !$0.rounded.value.isFinite { overflowed = true }
      }
      if overflowed { return (inputs.map(\.x), inputs.map(\.y)) }
    }
    return nil
  }

  /// The dot product that is analysed: with saturating accumulators where overflows saturate.
  public var dot: DotProduct {
    guard treatment == .saturate else { return DotProduct(plan, product: product) }
    var product = product
    if case .rounded(let rounder) = product { product = .rounded(rounder.with(rounder.rounding, overflow: .saturate)) }
    return DotProduct(plan.withRounders { $0.with($0.rounding, overflow: .saturate) }, product: product)
  }
}

extension Rounder {
  /// The same format in another mode; the overflow policy `saturate` is one of every format.
  fileprivate func with(_ rounding: Rounding, overflow: Overflow? = nil) -> Rounder {
    try! Rounder(to: format, rounding, overflow: overflow ?? self.overflow, subnormals: subnormals)
  }
}

extension Plan {
  /// The plan with other rounders, for the schemes that exact analysis knows.
  fileprivate func withRounders(_ change: (Rounder) -> Rounder) -> Plan {
    switch self {
    case .sequential(let rounder): .sequential(change(rounder))
    case .pairwise(let rounder, let leaf): .pairwise(change(rounder), leaf: leaf)
    case .chunked(let count, let inner, let outer): .chunked(count, inner: inner.withRounders(change), outer: outer.withRounders(change))
    case .strided(let lanes, let inner, let outer): .strided(lanes, inner: inner.withRounders(change), outer: outer.withRounders(change))
    case .compensated, .block, .exact: self
    }
  }
}
