// SPDX-License-Identifier: Apache-2.0
// What an error-free transform does with all operands of a format.

public import Accumulation
public import Formats

/// Why a check over all operands is not possible.
public enum ExhaustiveCheckError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A rounding in which the transform has no meaning.
  case rounder(String)
  /// A mode without one result for each operand.
  case stochastic(String)
  /// More operands than can be tried.
  case cases(String, log2: Int, allowed: Int)
  /// A window of exponents that the format has not.
  case window(String, binades: Int)
  /// A split at a bit that p-bit numbers have not.
  case splitPoint(Int, precision: Int)

  public var description: String {
    switch self {
    case .rounder(let rounder):
      "no check in '\(rounder)': use a signed floating-point format with subnormals, 2 to 24 bits of precision and a range within 2^-300 and 2^300, in a mode of rne rna rnz rz ru rd ro sr, without @flush."
    case .stochastic(let rounder): "no check of double words in '\(rounder)': use a mode without random bits (rne rna rnz rz ru rd ro)."
    case .cases(let what, let bits, let allowed):
      "\(what): about 2^\(bits) operands or cases; at most 2^\(allowed) are taken: use a narrower format or, for double words, fewer binades (--binades)."
    case .window(let format, let binades):
      "a window of \(binades) binades has numbers that \(format) does not have; use fewer binades, or a format of a wide range such as e8m2."
    case .splitPoint(let s, let p): "a split at s = \(s) of \(p) bits; use 1 to \(p - 1)."
    }
  }
}

/// A transform over all operands (pairs) of a format, its finite numbers, −0 and 0 being one.
///
/// In mode `sr` an operand counts once, for the worst of all outcomes of its random bits: both neighbours are taken at every inexact
/// operation.
public struct TransformCheck: Sendable {
  /// What was tried.
  public let transform: ErrorFreeTransform
  /// The format and mode of every operation.
  public let rounder: Rounder
  /// What became of all operands.
  public let counts: Counts
  /// The smallest operands of each kind of failure, by the larger magnitude, then the smaller.
  public let counterexamples: [Counterexample]

  /// How many operands there were, and what became of them.
  public struct Counts: Hashable, Sendable {
    /// Operands, or pairs of them, that the transform is meant for.
    public var operands = 0
    /// Those whose result overflows: nothing is asked of them.
    public var resultOverflow = 0
    /// The others, each one of `exact`, `inexact` and `overflow`.
    public var cases = 0
    /// Value and error together are the true result.
    public var exact = 0
    /// value + error is not the result.
    public var inexact = 0
    /// Of the inexact ones: the true error is not a number of the format.
    public var unrepresentable = 0
    /// Of these: it has bits below the smallest number.
    public var underflow = 0
    /// Of the inexact ones: the error is the true one, rounded.
    public var errorRounded = 0
    /// Another operation overflows, though the result does not.
    public var overflow = 0
    /// Cases of which all hypotheses hold.
    public var guaranteed = 0
    /// Of these, the inexact ones: none, or a theorem is wrong.
    public var violations = 0
    /// The largest |value + error − result| of an inexact case, and the largest |result| of one.
    public var largestMiss = 0.0
    /// The largest magnitude of a result that did not overflow.
    public var largestResult = 0.0

    static func + (a: Counts, b: Counts) -> Counts {
      var c = a
      c.operands += b.operands
      c.resultOverflow += b.resultOverflow
      c.cases += b.cases
      c.exact += b.exact
      c.inexact += b.inexact
      c.unrepresentable += b.unrepresentable
      c.underflow += b.underflow
      c.errorRounded += b.errorRounded
      c.overflow += b.overflow
      c.guaranteed += b.guaranteed
      c.violations += b.violations
      c.largestMiss = max(a.largestMiss, b.largestMiss)
      c.largestResult = max(a.largestResult, b.largestResult)
      return c
    }
  }

  /// The smallest operands with an outcome.
  public struct Counterexample: Hashable, Sendable {
    /// Which outcome: the true error is a number of the format, but not the one found (`missed`); it is no number of the format; bits were lost below
    /// the smallest number; a step overflows.
    public enum Kind: String, Sendable, CaseIterable { case missed, unrepresentable, underflow, overflow }
    /// What the example is one of.
    public let kind: Kind
    /// One or two numbers.
    public let operands: [Double]
    /// What the transform gave: its value, and the error that it found.
    public let value, error: Double
    /// The true error of the value.
    public let exactError: Double

    func isSmaller(than other: Counterexample) -> Bool { key.lexicographicallyPrecedes(other.key) }
    private var key: [Double] {
      let magnitudes = operands.map(\.magnitude)
      return [magnitudes.max()!, magnitudes.min()!] + operands.map { $0 < 0 ? 1 : 0 } + magnitudes.reversed()
    }
  }

  static let largestCases = 26

  /// - Parameter anyOrder: whether Fast2Sum also takes pairs with |a| < |b|.
  /// - Complexity: about 20 ns a pair on one core.
  public init(
    _ transform: ErrorFreeTransform, _ rounder: Rounder, anyOrder: Bool = false, _ parallelism: Parallelism = .allCores,
    progress: Progress = .silent
  ) throws(ExhaustiveCheckError) {
    guard let arithmetic = DoubleArithmetic(rounder) else { throw .rounder("\(rounder)") }
    let bits = rounder.format.width * transform.operandCount
    guard bits <= TransformCheck.largestCases else {
      throw .cases("\(transform.name) over \(rounder.format)", log2: bits, allowed: TransformCheck.largestCases)
    }
    if let s = transform.splitPoint, !(1..<rounder.format.precision).contains(s) {
      throw .splitPoint(s, precision: rounder.format.precision)
    }
    let judge = TransformJudge(transform, rounder, arithmetic, anyOrder)
    let numbers = rounder.format.distinctNumbers
    let parts = parallelMap(numbers.count, parallelism, progress: progress) { judge.row(numbers[$0], numbers) }
    (self.transform, self.rounder) = (transform, rounder)
    counts = parts.reduce(Counts()) { $0 + $1.counts }
    counterexamples = Counterexample.Kind.allCases.compactMap { kind in
      parts.compactMap { $0.examples[kind] }.reduce(nil) { best, e in best.map { e.isSmaller(than: $0) ? e : $0 } ?? e }
    }
  }
}

extension Format {
  /// The finite values, each once, by magnitude. Complexity: one a code.
  var distinctNumbers: [Double] {
    Set(codes.compactMap { decode(Code($0)).dyadic.map { Value.finite($0).double } }).sorted { ($0.magnitude, $1) < ($1.magnitude, $0) }
  }
}
