// SPDX-License-Identifier: Apache-2.0
// Error bounds as objects: a statement, its hypotheses, its formula, and where it comes from.

/// An upper bound of |computed − exact| of a sum or dot product.
///
/// A bound is only ever evaluated where its hypotheses hold; otherwise the reason, with its numbers, takes its place.
public struct Bound: Sendable {
  /// A stable name, such as `dot.nu`.
  public let id: String
  /// The inequality. A is Σ|xᵢyᵢ| (or Σ|xᵢ|), u the unit roundoff of the mode, k the number of roundings in sequence.
  public let statement: String
  /// How certain it is.
  public let kind: Kind
  /// What must hold of a problem, all of it.
  public let hypotheses: [Hypothesis]
  /// Who proved it, or that it is proved here.
  public let source: String
  /// Where the proof is written down, relative to the root of the package.
  public let proof: String
  /// The theorems of proofs/coq that a machine has checked and the bound rests on, as File.theorem; none for what is proved by hand or cited only.
  public var theorems: [String] = []
  let formula: Formula

  /// How certain a bound is: `deterministic` for every evaluation; `stochastic` but for a share ζ of them, by a theorem about random roundings;
  /// `probabilistic` likewise, by a model of roundings to nearest; `asymptotic` never evaluated.
  public enum Kind: String, Sendable, Codable {
    /// From what always holds to what is only listed.
    case deterministic, probabilistic, stochastic, asymptotic
  }

  enum Formula: Sendable {
    /// From the problem alone, for every input.
    case apriori(@Sendable (Problem) -> Radius)
    /// From the problem alone, but for a share of the evaluations that may fail.
    case aprioriBut(@Sendable (Problem, _ failure: Double) -> Radius)
    /// From what was seen of one evaluation.
    case running(@Sendable (Observation) -> Upward)
    /// Likewise, but for a share of the evaluations that may fail.
    case runningBut(@Sendable (Problem, _ failure: Double) -> @Sendable (Observation) -> Upward)
  }
}

/// ofSum · |s| + relative · A + absolute.
public struct Radius: Hashable, Sendable {
  /// The factor of |s|.
  public let ofSum: Upward
  /// The factor of A.
  public let relative: Upward
  /// What underflow can add.
  public let absolute: Upward

  init(ofSum: Upward = .zero, relative: Upward, absolute: Upward = .zero) {
    (self.ofSum, self.relative, self.absolute) = (ofSum, relative, absolute)
  }
}

/// A bound, evaluated: |computed − exact| ≤ `value`, for a probabilistic or stochastic bound but for a share of the evaluations.
public struct Certificate: Sendable {
  /// What was evaluated.
  public let bound: Bound
  /// Not below the bound of |computed − exact|.
  public let value: Upward
  /// Not below value / A; nil when A = 0, or so large or small that a double cannot stand for it.
  public let ratio: Upward?
}

/// Hypotheses of a bound that do not hold.
public struct Inapplicable: Error, Sendable, CustomStringConvertible {
  /// The id of the bound.
  public let id: String
  /// One reason each, with numbers.
  public let reasons: [String]

  public var description: String { "\(id) does not apply: \(reasons.joined(separator: "; "))" }
}

extension Bound {
  /// All bounds of sums and dot products, family by family.
  public static let catalogue: [Bound] = recursive + block + compensated + running + probabilistic

  /// The bounds whose hypotheses on the problem hold, in the order of the catalogue; `failure` is the probability with which a
  /// probabilistic one may fail.
  public static func applicable(to problem: Problem, failure: Double = defaultFailure) -> [ApplicableBound] {
    catalogue.compactMap { try? $0.applied(to: problem, failure: failure) }
  }

  /// ζ of bounds that may fail, unless another is given.
  public static let defaultFailure = 0.01

  /// Why the bound does not apply to a problem; `nil` if it does.
  public func inapplicability(to problem: Problem) -> Inapplicable? {
    let reasons = hypotheses.compactMap { $0.failure(in: problem) }
    return reasons.isEmpty ? nil : Inapplicable(id: id, reasons: reasons)
  }

  /// The bound with its hypotheses on the problem checked and its formula evaluated.
  ///
  /// - Precondition: 0 < failure < 1.
  public func applied(to problem: Problem, failure: Double = defaultFailure) throws(Inapplicable) -> ApplicableBound {
    precondition(failure > 0 && failure < 1, "a probability of failure of \(failure)")
    if let inapplicable = inapplicability(to: problem) { throw inapplicable }
    switch formula {
    case .apriori(let radius): return ApplicableBound(bound: self, radius: radius(problem), running: nil)
    case .aprioriBut(let radius): return ApplicableBound(bound: self, radius: radius(problem, failure), running: nil)
    case .running(let value): return ApplicableBound(bound: self, radius: nil, running: value)
    case .runningBut(let value): return ApplicableBound(bound: self, radius: nil, running: value(problem, failure))
    }
  }

  /// Whether it holds for every evaluation, rather than with a probability.
  public var isCertain: Bool { kind == .deterministic }

  /// The bound for one evaluation of the problem.
  public func certify(_ problem: Problem, _ observation: Observation) throws(Inapplicable) -> Certificate {
    try applied(to: problem).certify(observation)
  }
}

/// A bound whose hypotheses hold for a problem; what is left to check is that nothing overflowed.
public struct ApplicableBound: Sendable {
  /// The bound whose hypotheses were checked.
  public let bound: Bound
  /// The bound for every input of the problem; `nil` for a running bound.
  public let radius: Radius?
  fileprivate let running: (@Sendable (Observation) -> Upward)?

  /// The bound for one evaluation. Complexity: O(1).
  public func certify(_ observation: Observation) throws(Inapplicable) -> Certificate {
    if observation.overflowed { throw Inapplicable(id: bound.id, reasons: ["a result overflowed or was not finite"]) }
    guard let value = radius?.bound(observation.magnitudes, sum: observation.sum) ?? running?(observation) else {
      preconditionFailure("\(bound.id) has no formula")
    }
    guard observation.magnitudes.value.isNormal else { return Certificate(bound: bound, value: value, ratio: nil) }
    // A itself may be a little smaller than its double.
    let a = observation.magnitudes.value.nextDown
    let ratio =
      radius.map { $0.relative + ($0.absolute + $0.ofSum * observation.sum).divided(byAtLeast: a) } ?? value.divided(byAtLeast: a)
    return Certificate(bound: bound, value: value, ratio: ratio)
  }
}

extension Radius {
  /// ofSum · |s| + relative · A + absolute; |s| ≤ A is taken for A if it is not given.
  public func bound(_ magnitudes: Upward, sum: Upward? = nil) -> Upward { ofSum * (sum ?? magnitudes) + relative * magnitudes + absolute }
}
