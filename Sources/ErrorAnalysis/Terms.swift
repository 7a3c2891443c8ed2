// SPDX-License-Identifier: Apache-2.0
// What is summed: finitely many numbers, perhaps with probabilities, and the products of two such.

public import Formats

/// Finitely many numbers with their probabilities: a discrete distribution.
public struct DiscreteLaw: Hashable, Sendable {
  /// Ascending and distinct.
  public let values: [Dyadic]
  /// One for each value; they sum to 1.
  public let probabilities: [Double]

  /// The law with weights in the ratio of `weights`; equal values are merged, values of weight 0 left out.
  ///
  /// - Precondition: as many weights as values, none negative, at least one positive.
  public init(_ values: [Dyadic], weights: [Double]) {
    precondition(values.count == weights.count && weights.allSatisfy { $0 >= 0 && $0.isFinite }, "weights of \(values.count) numbers")
    var merged: [(value: Dyadic, weight: Double)] = []
    for i in values.indices.sorted(by: { values[$0] < values[$1] }) where weights[i] > 0 {
      if merged.last?.value == values[i] { merged[merged.count - 1].weight += weights[i] } else { merged.append((values[i], weights[i])) }
    }
    let total = merged.reduce(0) { $0 + $1.weight }
    precondition(total > 0, "a law without numbers")
    self.values = merged.map(\.value)
    probabilities = merged.map { $0.weight / total }
  }

  /// Equal probabilities.
  public init(_ values: [Dyadic]) { self.init(values, weights: values.map { _ in 1 }) }

  /// Every finite value x of a format of at most 16 bits, |x| ≤ `range`, with equal probabilities.
  public init(_ format: Format, within range: Dyadic? = nil) throws(ExactAnalysisError) {
    guard format.width <= 16 else { throw .terms(1 << min(format.width, 62), allowed: Terms.largestCount) }
    let values = Set(format.codes.compactMap { format.decode(UInt128($0)).dyadic }).filter { x in range.map { x.magnitude <= $0 } ?? true }
    guard !values.isEmpty else { throw .noInputs(format.name) }
    self.init(Array(values))
  }

  /// Whether x and −x are as probable, for every x.
  public var isSymmetric: Bool {
    zip(values, values.reversed()).allSatisfy { $0 == -$1 } && zip(probabilities, probabilities.reversed()).allSatisfy { $0 == $1 }
  }
}

/// The terms of a sum, each with inputs that make it: numbers, or products x·y.
public struct Terms: Hashable, Sendable {
  /// One number that a term can be.
  public struct Term: Hashable, Sendable {
    /// The exact number that is meant.
    public let value: Dyadic
    /// Inputs with this product.
    public let x: Dyadic
    /// The other factor; 1 where the term is a number.
    public let y: Dyadic
    /// That the term is this number; those of all terms add up to 1.
    public let probability: Double
  }

  /// With distinct values, in ascending order.
  public let terms: [Term]

  /// Pairs of inputs that are multiplied out.
  public static let largestCount = 1 << 24

  /// The products of independent x and y.
  ///
  /// - Complexity: O(N log N) for N pairs.
  public init(products x: DiscreteLaw, _ y: DiscreteLaw) throws(ExactAnalysisError) {
    let (count, isTooMany) = x.values.count.multipliedReportingOverflow(by: y.values.count)
    guard !isTooMany, count <= Terms.largestCount else { throw .terms(isTooMany ? .max : count, allowed: Terms.largestCount) }
    var all: [Term] = []
    all.reserveCapacity(count)
    for (a, p) in zip(x.values, x.probabilities) {
      for (b, q) in zip(y.values, y.probabilities) { all.append(Term(value: a * b, x: a, y: b, probability: p * q)) }
    }
    self.init(all)
  }

  /// Numbers, as products with 1.
  public init(_ law: DiscreteLaw) {
    self.init(zip(law.values, law.probabilities).map { Term(value: $0, x: $0, y: 1, probability: $1) })
  }

  /// Terms in any order; equal ones are merged, those so improbable that binary64 has only 0 for it left out.
  private init(_ all: [Term]) {
    var merged: [Term] = []
    for term in all.lazy.filter({ $0.probability > 0 }).sorted(by: { $0.value != $1.value ? $0.value < $1.value : $0.x.magnitude < $1.x.magnitude }) {
      if let last = merged.last, last.value == term.value {
        merged[merged.count - 1] = Term(value: last.value, x: last.x, y: last.y, probability: last.probability + term.probability)
      } else {
        merged.append(term)
      }
    }
    terms = merged
  }
}
