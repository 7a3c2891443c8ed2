// SPDX-License-Identifier: Apache-2.0
// What became of each case of a double-word algorithm, its true result kept exactly.

internal import Accumulation
internal import Formats

struct DoubleWordJudge: Sendable {
  private let operation: DoubleWordOperation
  private let arithmetic: DoubleArithmetic
  /// To nearest even, which is what makes a double word one.
  private let nearest: DoubleArithmetic
  private let isInMode, needsSameSigns: Bool
  /// The bound, or what it would be in this precision.
  private let bound: Double
  private let isProved: Bool

  init(_ operation: DoubleWordOperation, _ rounder: Rounder, _ arithmetic: DoubleArithmetic) {
    guard let nearest = (try? Rounder(to: rounder.format)).flatMap({ DoubleArithmetic($0) }) else { preconditionFailure("a checked format") }
    (self.operation, self.arithmetic, self.nearest) = (operation, arithmetic, nearest)
    let statement = OperationBound.of(operation)
    let p = rounder.format.precision
    isInMode = rounder.rounding == .nearestEven
    needsSameSigns = statement.needsSameSigns
    let proved = statement.relativeError(in: rounder)
    bound = (proved ?? statement.relativeError(precision: p) ?? statement.forms[0].factor(Upward(Dyadic.power(-p)))).value
    isProved = proved != nil
  }

  struct Row: Sendable {
    var counts = DoubleWordCheck.Counts()
    var examples: [DoubleWordCheck.Counterexample.Kind: DoubleWordCheck.Counterexample] = [:]
  }

  func row(_ x: DoubleWord<Double>, _ ys: [DoubleWord<Double>]) -> Row {
    var row = Row()
    if operation == .squareRoot && x.high < 0 { return row }
    var (arithmetic, nearest) = (arithmetic, nearest)
    var largest = -1.0
    for y in ys where operation.function != .quotient || y.high != 0 {
      row.counts.operands += 1
      if overflows(x, y, &arithmetic) {
        row.counts.resultOverflow += 1
        continue
      }
      row.counts.cases += 1
      arithmetic.reset()
      let z = operation.apply(x, y, in: &arithmetic)
      func example(_ kind: DoubleWordCheck.Counterexample.Kind, _ error: Double) -> DoubleWordCheck.Counterexample {
        DoubleWordCheck.Counterexample(kind: kind, x: x, y: y, result: z, relativeError: error)
      }
      if arithmetic.overflowed {
        row.counts.overflow += 1
        if row.examples[.overflow] == nil { row.examples[.overflow] = example(.overflow, .infinity) }
        continue
      }
      let isInScope = isInMode && !arithmetic.underflowed && (!needsSameSigns || x.high * y.high >= 0)
      if isInScope && isProved { row.counts.guaranteed += 1 }
      if nearest.plus(z.high, z.low) != z.high { row.counts.notNormalised += 1 }
      let residual = self.residual(x, y, z)
      if residual == 0 {
        row.counts.exact += 1
        continue
      }
      row.counts.inexact += 1
      let error = relative(residual, x, y)
      if arithmetic.underflowed {
        row.counts.underflow += 1
        if row.examples[.underflow] == nil { row.examples[.underflow] = example(.underflow, error) }
      }
      if !isDoubleWord(x, y, &nearest) { row.counts.unrepresentable += 1 }
      if error > bound {
        row.counts.beyond += 1
        if isInScope && isProved { row.counts.violations += 1 }
        if row.examples[.beyond] == nil { row.examples[.beyond] = example(.beyond, error) }
      }
      if isInScope && error > largest {
        largest = error
        row.examples[.worst] = example(.worst, error)
      }
    }
    return row
  }

  /// A double nearest to the true result, and the sign of the rest.
  private func result(_ x: DoubleWord<Double>, _ y: DoubleWord<Double>) -> (Double, Double) {
    switch operation.function {
    case .sum: return exactly(x.high, x.low, y.high, y.low, 0, 0)
    case .product: return exactly(x.high * y.high, x.high * y.low, x.low * y.high, x.low * y.low, 0, 0)
    case .quotient: return ((x.high + x.low) / (y.high + y.low), 0)
    case .squareRoot: return ((x.high + x.low).squareRoot(), 0)
    }
  }

  private func overflows(_ x: DoubleWord<Double>, _ y: DoubleWord<Double>, _ arithmetic: inout DoubleArithmetic) -> Bool {
    arithmetic.reset()
    let (lead, rest) = result(x, y)
    _ = arithmetic.round(lead, rest)
    return arithmetic.overflowed
  }

  /// z less the true result; of quotients, times y, and of roots z² − x.
  private func residual(_ x: DoubleWord<Double>, _ y: DoubleWord<Double>, _ z: DoubleWord<Double>) -> Double {
    switch operation.function {
    case .sum: exactly(z.high, z.low, -x.high, -x.low, -y.high, -y.low).0
    case .product: exactly(-x.high * y.high, z.high, -x.high * y.low, -x.low * y.high, -x.low * y.low, z.low).0
    case .quotient: exactly(z.high * y.high, -x.high, z.high * y.low, z.low * y.high, z.low * y.low, -x.low).0
    case .squareRoot: exactly(z.high * z.high, -x.high, 2 * z.high * z.low, z.low * z.low, -x.low, 0).0
    }
  }

  /// |z − r| / |r| from the residual.
  private func relative(_ residual: Double, _ x: DoubleWord<Double>, _ y: DoubleWord<Double>) -> Double {
    switch operation.function {
    case .sum, .product: return (residual / result(x, y).0).magnitude
    case .quotient: return (residual / (x.high + x.low)).magnitude
    case .squareRoot:
      let r = residual / (x.high + x.low)
      return (r / (1 + (1 + r).squareRoot())).magnitude
    }
  }

  /// Whether the true result is a number of the format or the sum of two.
  private func isDoubleWord(_ x: DoubleWord<Double>, _ y: DoubleWord<Double>, _ nearest: inout DoubleArithmetic) -> Bool {
    let (lead, rest) = result(x, y)
    let h = nearest.round(lead, rest)
    if operation.function == .sum || operation.function == .product {
      let (low, tail) = DoubleArithmetic.exactSum(lead - h, rest)
      return tail == 0 && nearest.holds(low)
    }
    // The low word that a quotient or root needs, if there is one.
    let remainder = -residual(x, y, DoubleWord(h, 0))
    let low = nearest.round(operation.function == .quotient ? remainder / (y.high + y.low) : remainder / (lead + h), 0)
    return residual(x, y, DoubleWord(h, low)) == 0
  }

  /// The sum of six doubles as the nearest double and the rest, as if in three times their precision.
  private func exactly(_ a: Double, _ b: Double, _ c: Double, _ d: Double, _ e: Double, _ f: Double) -> (Double, Double) {
    let sum = DoubleArithmetic.exactSum
    let (s1, e1) = sum(a, b)
    let (s2, e2) = sum(s1, c)
    let (s3, e3) = sum(s2, d)
    let (s4, e4) = sum(s3, e)
    let (s5, e5) = sum(s4, f)
    let (t1, f1) = sum(e1, e2)
    let (t2, f2) = sum(t1, e3)
    let (t3, f3) = sum(t2, e4)
    let (t4, f4) = sum(t3, e5)
    let (top, r) = sum(s5, t4)
    return sum(top, r + (f1 + f2 + f3 + f4))
  }
}
