// SPDX-License-Identifier: Apache-2.0
// Which components of a layer may be accumulated in which accumulator?

public import Accumulation
internal import ErrorAnalysis
public import Formats

/// The choice of an accumulator for each component φ(wᵢᵀx + cᵢ) of a layer: the first, cheapest one whose relative error stays within a tolerance.
///
/// The relative error of a component is about κ_φ κ_s E / A, with the condition numbers κ_φ = |z φ′(z) / φ(z)| of the activation and κ_s = A / |z| of
/// the sum, and E the error of the sum. Components differ in both by orders of magnitude, so that few need a wide accumulator
/// (El Arar, Filip, Mary and Riccietti, arXiv:2503.15568; the form with enclosures is derived here). A narrow sum can be wrong in every digit, and κ_s with it: nothing here divides by less than its error.
public struct PrecisionChoice: Sendable {
  /// The format of weights and inputs.
  public let format: Format
  /// From the cheapest to the most accurate.
  public let accumulators: [DotProduct]
  /// φ.
  public let activation: Activation
  /// Of |φ(ẑ) − φ(z)| / |φ(z)|.
  public let tolerance: Double
  /// What must stay within the tolerance.
  public let criterion: Criterion

  /// What must stay within the tolerance.
  public enum Criterion: String, CaseIterable, Codable, Sendable {
    /// The tightest bound that holds for every sum: no component is outside the tolerance.
    case bound
    /// ``deviations`` times the root mean square of independent rounding errors: a model, which fails where terms are alike and much smaller than their sum.
    case model
  }

  /// Standard deviations of the model within which 99 % of normally distributed errors lie.
  public static let deviations = 2.5758293035489

  /// - Precondition: 0 < tolerance < 1, and at least one accumulator.
  public init(format: Format, accumulators: [DotProduct], tolerance: Double, activation: Activation = .identity, criterion: Criterion = .bound) {
    precondition(tolerance > 0 && tolerance < 1, "a tolerance of \(tolerance)")
    precondition(!accumulators.isEmpty, "a choice among no accumulators")
    (self.format, self.accumulators, self.tolerance) = (format, accumulators, tolerance)
    (self.activation, self.criterion) = (activation, criterion)
  }

  /// One component in one accumulator.
  public struct Attempt: Codable, Hashable, Sendable {
    /// The computed sum ẑ, as the nearest double.
    public let sum: Double
    /// E ≥ |ẑ − z| by the criterion, +∞ where the sum overflowed or nothing is known.
    public let radius: Double
    /// κ_s = A / max(|ẑ|, E): +∞ if the sum is exactly 0, NaN if all its terms are.
    public let sumCondition: Double
    /// κ_φ at ẑ.
    public let activationCondition: Double
    /// The largest relative error of φ(ẑ) for any z within E of ẑ.
    public let relativeError: Double
    /// The relative error that φ(ẑ) has: NaN if ẑ is not finite, +∞ if φ(z) is 0 and φ(ẑ) is not.
    public let measured: Double
  }

  /// One component and all that was tried for it.
  public struct Component: Codable, Hashable, Sendable {
    /// The place of the accumulator chosen; `nil` if none stays within the tolerance.
    @Nullable public var accumulator: Int?
    /// In the order of the accumulators, to the chosen one.
    public let attempts: [Attempt]

    /// The last attempt: the chosen one, if there is one.
    public var last: Attempt { attempts[attempts.count - 1] }
  }

  /// The first accumulator that carries φ(c + Σ xᵢyᵢ) out within the tolerance.
  ///
  /// - Random: accumulator j takes `random.child(j)`.
  /// - Complexity: O(n) roundings for each accumulator that is tried.
  /// - Precondition: x and y are finite values of ``format``, of one length.
  public func choose(_ x: [Value], _ y: [Value], initial: Value = .zero, random: RandomStream = RandomStream(seed: 1, "choice")) -> Component {
    var attempts: [Attempt] = []
    for (j, dot) in accumulators.enumerated() {
      let attempt = attempt(dot, x, y, initial, random.child(j))
      attempts.append(attempt)
      if attempt.relativeError <= tolerance { return Component(accumulator: j, attempts: attempts) }
    }
    return Component(accumulator: nil, attempts: attempts)
  }

  /// How many components each accumulator is chosen for, and at the end how many none of them.
  public func counts(_ components: [Component]) -> [Int] {
    components.reduce(into: [Int](repeating: 0, count: accumulators.count + 1)) { $0[$1.accumulator ?? accumulators.count] += 1 }
  }

  private func attempt(_ dot: DotProduct, _ x: [Value], _ y: [Value], _ initial: Value, _ random: RandomStream) -> Attempt {
    var exact = ExactSum(products: format, format, and: dot.plan.output.format)
    var magnitudes = exact
    for term in zip(x, y).map(Extended.product) + [initial] {
      guard let number = term.dyadic else { preconditionFailure("a term of a layer is not finite: \(term)") }
      exact += number
      magnitudes += number.magnitude
    }
    var observation = Observation(magnitudes: Upward(magnitudes.magnitudeRoundedUp), sum: Upward(exact.magnitudeRoundedUp))
    let result = dot.evaluate(x, y, initial: initial, random: random) { observation.note($0) }
    let sum = result.double
    let problem = Problem.dot(format, format, dot, count: x.count, hasInitial: !initial.isZero)
    var radius = radius(problem, observation, dot)
    // What the double of a wide result leaves out.
    if Value(sum) != result { radius = sum.isFinite ? (radius + sum.ulp).nextUp : .infinity }
    let (value, reference) = (activation(sum), activation(exact.double))
    return Attempt(
      sum: sum, radius: radius, sumCondition: observation.magnitudes.value / max(abs(sum), radius),
      activationCondition: activation.condition(at: sum),
      relativeError: sum.isFinite ? activation.relativeError(at: sum, radius: radius) : .infinity,
      measured: value == reference ? 0 : abs(value - reference) / abs(reference))
  }

  private func radius(_ problem: Problem, _ observation: Observation, _ dot: DotProduct) -> Double {
    if observation.overflowed { return .infinity }
    switch criterion {
    case .bound:
      let certain = Bound.applicable(to: problem).filter(\.bound.isCertain)
      return certain.compactMap { try? $0.certify(observation).value.value }.min() ?? .infinity
    case .model:
      if dot.plan.isCompensated { return .infinity }
      let model = observation.model
      return abs(model.drift) + Self.deviations * model.variances.reduce(0, +).squareRoot()
    }
  }
}
