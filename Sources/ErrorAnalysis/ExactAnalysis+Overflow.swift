// SPDX-License-Identifier: Apache-2.0
// Inputs that overflow, and plans with other roundings.

public import Accumulation
public import Formats

extension ExactAnalysis {
  /// n inputs whose sum overflows, or may with a stochastic rounding (with a probability that is not 0 in binary64); `nil` if none do.
  ///
  /// Every rounding is monotone, and so is every plan: if any inputs overflow, then the largest products do, or the smallest.
  public func overflowingInputs(_ n: Int) throws(ExactAnalysisError) -> (x: [Dyadic], y: [Dyadic])? {
    for isUp in [true, false] {
      let inputs = (0..<n).map { isUp ? terms(at: $0).terms.last! : terms(at: $0).terms[0] }  // a law has a number
      let points = inputs.map { Terms(DiscreteLaw([$0.value])) }
      let only = try ExactAnalysis(plan, product: product, weighted: points, onOverflow: .absorb)
      let overflows: Bool
      do { overflows = try only.moments(n).overflow > 0 } catch {
        guard case .nothingLeft = error else { throw error }
        overflows = true
      }
      if overflows { return (inputs.map(\.x), inputs.map(\.y)) }
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
