// SPDX-License-Identifier: Apache-2.0
// Predictions about training as data: a statement that can be wrong, and the experiment that would show it.

public import Formats

/// A statement about training in low precision that a measurement can refute.
public struct Prediction: Sendable {
  /// A stable name, such as `sgd.noise-floor`.
  public let id: String
  /// One sentence with the formula. α is the step, λ the curvature, σ the gradient's noise, δ the spacing of the weights' grid, e = w − w*.
  public let statement: String
  /// What is measured.
  public let measures: String
  /// When a measurement agrees.
  public let rule: String
  /// Who stated it, or that it is derived here.
  public let source: String
  /// What is predicted and what is measured, case by case.
  ///
  /// - Random: everything from the seed; the same bits on any number of threads.
  public let testBed: @Sendable (_ seed: UInt64, _ parallelism: Parallelism, _ progress: Progress) -> [Finding]

  /// Where every statement is derived, relative to the root of the package.
  public static let proof = "proofs/low-precision-training.md"
}

/// One case of a prediction: a number from theory beside the same number from a measurement.
public struct Finding: Hashable, Sendable {
  /// The ``Prediction/id``.
  public let prediction: String
  /// The case in words: `delta 1/8, sigma 1, alpha 0.2`.
  public let setting: String
  /// By the formula.
  public let predicted: Double
  /// By the experiment.
  public let measured: Double
  /// The standard error of the measurement, where it has one.
  public let standardError: Double?
  /// Values that stand beside the two for comparison, such as another model's.
  public let references: [Reference]
  /// When the two agree.
  public let acceptance: Acceptance

  /// A value to stand beside prediction and measurement.
  public struct Reference: Hashable, Sendable {
    /// The heading of its column.
    public let name: String
    /// The number beside the two.
    public let value: Double

    /// The value with the heading of its column.
    public init(_ name: String, _ value: Double) { (self.name, self.value) = (name, value) }
  }

  /// When measured and predicted agree.
  public enum Acceptance: Hashable, Sendable {
    /// measured / predicted lies in the range.
    case ratio(ClosedRange<Double>)
    /// |measured − predicted| is no larger.
    case distance(Double)
    /// measured ≤ predicted.
    case atMost
    /// The hypotheses of the prediction do not hold, so that nothing can be said.
    case notApplicable(reason: String)

    /// |measured / predicted − 1| ≤ tolerance.
    public static func within(_ tolerance: Double) -> Acceptance { .ratio(1 - tolerance...1 + tolerance) }
  }

  /// What a case says about its prediction.
  public enum Verdict: Hashable, Sendable {
    /// As ``Finding/acceptance`` says.
    case agrees, disagrees
    /// Hypotheses fail: nothing is said.
    case notApplicable(reason: String)
  }

  /// One case, named by the prediction's id and its setting.
  public init(
    _ prediction: String, _ setting: String, predicted: Double, measured: Double, standardError: Double? = nil,
    references: [Reference] = [], _ acceptance: Acceptance
  ) {
    (self.prediction, self.setting, self.predicted, self.measured) = (prediction, setting, predicted, measured)
    (self.standardError, self.references, self.acceptance) = (standardError, references, acceptance)
  }

  /// A NaN agrees with nothing.
  public var verdict: Verdict {
    switch acceptance {
    case .ratio(let range): range.contains(measured / predicted) ? .agrees : .disagrees
    case .distance(let distance): abs(measured - predicted) <= distance ? .agrees : .disagrees
    case .atMost: measured <= predicted ? .agrees : .disagrees
    case .notApplicable(let reason): .notApplicable(reason: reason)
    }
  }
}
