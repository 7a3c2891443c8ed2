// SPDX-License-Identifier: Apache-2.0
// Sums and dot products by MPFR alone: what a plan says, one rounding at a time.

public import Accumulation
internal import CMPFR
public import Formats

/// Carries plans out with MPFR numbers and the MPFR oracles in place of dyadic numbers and the rounder.
///
/// Random bits as documented: additions take draws 0, 1, … in the order in which they are carried out, depth first; product i
/// takes draw i of the child "product".
public final class SlowEvaluator {
  let random: RandomStream?
  private var additions: UInt64 = 0
  private var isFused = false

  public init(random: RandomStream? = nil) { self.random = random }

  public func sum(_ plan: Plan, _ terms: [Value]) -> Value {
    let numbers = terms.map { Real($0) }
    return run(plan, numbers.count, from: Real(Value.zero), { numbers[$0] }, { _ in nil }).value
  }

  public func dot(_ dot: DotProduct, _ x: [Value], _ y: [Value], initial: Value = .zero) -> Value {
    isFused = dot.product == .fused
    return run(dot.plan, x.count, from: Real(initial), { i in
      let (a, b) = (Real(x[i]), Real(y[i]))
      let exact = Real(precision: 400) { mpfr_mul($0, a.raw, b.raw, $1) }
      guard case .rounded(let rounder) = dot.product else { return exact }
      return self.round(rounder, self.random?.child("product"), UInt64(i), exact.copy)
    }, { i in
      let factors = [Real(x[i]), Real(y[i])]
      if case .rounded = dot.product { return nil }
      guard factors.allSatisfy({ $0.isNumber && !$0.isZero }) else { return nil }
      return factors.reduce(0) { $0 + max(Int(mpfr_get_exp($1.raw)) - 1, dot.lowestFactorExponent) }
    }).value
  }

  private func run(_ plan: Plan, _ n: Int, from initial: Real, _ term: (Int) -> Real, _ exponent: (Int) -> Int?) -> Real {
    if n == 0 { return initial }
    switch plan {
    case .sequential(let rounder): return sequential(rounder, 0..<n, from: initial, term)
    case .chunked(let count, let inner, let outer):
      let starts = Array(stride(from: 0, to: n, by: count))
      return run(outer, starts.count, from: initial, { j in
        self.run(inner, min(starts[j] + count, n) - starts[j], from: Real(Value.zero), { term(starts[j] + $0) }, { exponent(starts[j] + $0) })
      }, { _ in nil })
    case .strided(let lanes, let inner, let outer):
      let parts = (0..<lanes).prefix(n).map { Array(stride(from: $0, to: n, by: lanes)) }
      return run(outer, parts.count, from: initial, { j in
        self.run(inner, parts[j].count, from: Real(Value.zero), { term(parts[j][$0]) }, { exponent(parts[j][$0]) })
      }, { _ in nil })
    case .compensated(let compensation, let rounder): return compensated(compensation, rounder, initial, (0..<n).lazy.map(term))
    case .exact(let rounder):
      let addends = [initial] + (0..<n).map(term)
      return round(rounder, random, next()) { SlowEvaluator.sum(addends, $0, $1) }
    case .block(let unit):
      var s = unit.addend == .apart ? Real(Value.zero) : initial
      let span = unit.width * unit.interleaving
      for start in stride(from: 0, to: n, by: span) {
        for turn in 0..<unit.interleaving {
          let all = (start..<min(n, start + span)).filter { unit.interleaving == 1 || ($0 - start) / 2 % unit.interleaving == turn }
          if !all.isEmpty { s = block(unit, s, all.map(term), all.map(exponent)) }
        }
      }
      return unit.addend == .apart && !initial.isZero ? add(unit.separate, initial, s) : s
    case .pairwise(let rounder, let leaf):
      if n == 1 && leaf == 1 && !isFused { return add(rounder, initial, term(0)) }
      let leaves = stride(from: 0, to: n, by: leaf).map { $0..<min($0 + leaf, n) }
      let sum = tree(rounder, leaves[...]) { range in
        leaf == 1 && !isFused ? term(range.lowerBound) : sequential(rounder, range, from: Real(Value.zero), term)
      }
      return initial.isZero ? sum : add(rounder, initial, sum)
    }
  }

  private func tree(_ rounder: Rounder, _ leaves: ArraySlice<Range<Int>>, _ leaf: (Range<Int>) -> Real) -> Real {
    if leaves.count == 1 { return leaf(leaves[leaves.startIndex]) }
    let middle = leaves.startIndex + (leaves.count + 1) / 2
    let left = tree(rounder, leaves[..<middle], leaf)
    return add(rounder, left, tree(rounder, leaves[middle...], leaf))
  }

  private func sequential(_ rounder: Rounder, _ range: Range<Int>, from initial: Real, _ term: (Int) -> Real) -> Real {
    range.reduce(initial) { add(rounder, $0, term($1)) }
  }

  func add(_ rounder: Rounder, _ a: Real, _ b: Real) -> Real {
    round(rounder, random, next()) { mpfr_add($0, a.raw, b.raw, $1) }
  }

  func subtract(_ rounder: Rounder, _ a: Real, _ b: Real) -> Real {
    round(rounder, random, next()) { mpfr_sub($0, a.raw, b.raw, $1) }
  }

  func next() -> UInt64 {
    additions += 1
    return additions - 1
  }

  func round(_ rounder: Rounder, _ stream: RandomStream?, _ index: UInt64, _ function: MPFROracle.Function) -> Real {
    let (mode, overflow, format) = (rounder.rounding, rounder.overflow, rounder.format)
    let isBelow = { (f: Real) in SlowEvaluator.isBelow(f, mode, stream!, index) }
    if format.isFloating {
      let oracle = MPFROracle(format, subnormals: rounder.subnormals)
      return Real(mode.isStochastic ? oracle.roundStochastically(mode, overflow, isBelow: isBelow, function) : oracle.round(mode, overflow, function))
    }
    let oracle = FixedOracle(format)
    return Real(mode.isStochastic ? oracle.roundStochastically(mode, overflow, isBelow: isBelow, function) : oracle.round(mode, overflow, function))
  }

  /// Whether the random number of an operation is below f: 192 bits of it, or its first N.
  private static func isBelow(_ f: Real, _ mode: Rounding, _ stream: RandomStream, _ index: UInt64) -> Bool {
    let u = Real(precision: 256)
    if case .stochasticBits(let count, let rule) = mode {
      mpfr_set_ui_2exp(u.raw, UInt(stream.draw(Int(index)).bits() >> UInt64(64 - count)), -count, MPFR_RNDN)
      let cut = Real(precision: 2000) { mpfr_mul_2si($0, f.raw, count, $1) }
      switch rule {
      case .cut: mpfr_floor(cut.raw, cut.raw)
      case .nearestUp: mpfr_round(cut.raw, cut.raw)
      case .nearestEven: mpfr_roundeven(cut.raw, cut.raw)
      }
      mpfr_mul_2si(cut.raw, cut.raw, -count, MPFR_RNDN)
      return u.compare(cut) < 0
    }
    mpfr_set_zero(u.raw, 1)
    for word in 0..<3 {
      mpfr_mul_2si(u.raw, u.raw, 64, MPFR_RNDN)
      mpfr_add_ui(u.raw, u.raw, UInt(stream.draw(Int(index)).bits(word)), MPFR_RNDN)
    }
    mpfr_mul_2si(u.raw, u.raw, -192, MPFR_RNDN)
    return u.compare(f) < 0
  }
}
