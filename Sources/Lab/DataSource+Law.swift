// SPDX-License-Identifier: Apache-2.0
// The exact probabilities with which data, rounded to a format, are each of its values.

public import ErrorAnalysis
public import Formats
internal import Glibc

extension Distribution {
  /// The law of `scale` · X rounded to nearest even, saturating.
  ///
  /// The probability of a value is that of the interval of reals that rounds to it; its ends are found by asking the rounder. Values whose
  /// probability is 0 in binary64 are left out.
  ///
  /// - Precondition: a format of at most 16 bits; `scale` > 0.
  /// - Complexity: 2^width · 60 roundings.
  public func law(in format: Format, scale: Double = 1) -> DiscreteLaw {
    let rounder = try! Rounder(to: format, overflow: .saturate)  // every format can saturate
    let values = Set(format.codes.compactMap { format.decode(UInt128($0)).dyadic }).sorted()
    /// The smallest double that rounds to b or above, for neighbours a < b.
    func border(_ a: Dyadic, _ b: Dyadic) -> Double {
      // Mirrored below zero, so that symmetric laws are symmetric to the last bit; a border itself has probability 0.
      if a.isNegative && !(b > .zero) && -a <= format.maxFinite { return -border(-b, -a) }
      // (Values beyond the range of doubles have no part in the data.)
      let largest = Double.greatestFiniteMagnitude
      var (low, high) = (max(Value.finite(a).double, -largest), min(Value.finite(b).double, largest))
      while low.nextUp < high {
        let middle = low + (high - low) / 2
        if rounder.round(Value(middle)).value.dyadic! >= b { high = middle } else { low = middle }
      }
      return high
    }
    let ends = [-Double.infinity] + zip(values, values.dropFirst()).map(border) + [.infinity]
    return DiscreteLaw(values, weights: values.indices.map { probability(from: ends[$0] / scale, to: ends[$0 + 1] / scale) })
  }

  /// P(a ≤ X < b).
  func probability(from a: Double, to b: Double) -> Double {
    switch self {
    case .uniform: max(0, min(b, 1) - max(a, 0))
    case .normal: symmetric(a, b, tail: { erfc($0 / 2.0.squareRoot()) / 2 }, middle: { erf($0 / 2.0.squareRoot()) / 2 })
    case .laplace: symmetric(a, b, tail: { exp(-$0) / 2 }, middle: { -expm1(-$0) / 2 })
    case .lognormal: b <= 0 ? 0 : Distribution.normal.probability(from: a <= 0 ? -.infinity : log(a), to: log(b))
    }
  }

  /// The same for a law that is symmetric about 0, from P(X ≥ x) and P(0 ≤ X < x), x ≥ 0: differences of small numbers, where there is a choice.
  private func symmetric(_ a: Double, _ b: Double, tail: (Double) -> Double, middle: (Double) -> Double) -> Double {
    if a >= b { return 0 }
    if b <= 0 { return symmetric(-b, -a, tail: tail, middle: middle) }
    if a < 0 { return middle(-a) + middle(b) }
    return b < 1 ? middle(b) - middle(a) : tail(a) - tail(b)
  }
}

extension DataSource {
  /// The laws of x and of y in a format: those of a distribution, or how often each value comes up in the rows.
  ///
  /// - Precondition: a format of at most 16 bits; `scale` > 0, by which the data are multiplied before they are rounded.
  public func laws(in format: Format, scale: Double = 1) -> (x: DiscreteLaw, y: DiscreteLaw) {
    switch self {
    case .distribution(let distribution):
      let law = distribution.law(in: format, scale: scale)
      return (law, law)
    case .rows(let rows):
      let rounder = try! Rounder(to: format, overflow: .saturate)  // every format can saturate
      func law(_ matrix: [[Double]]) -> DiscreteLaw {
        var counts: [Dyadic: Double] = [:]
        // Rounding to nearest, saturating, of finite numbers is finite.
        for row in matrix { for number in row { counts[rounder.round(Value(number * scale)).value.dyadic!, default: 0] += 1 } }
        let values = counts.keys.sorted()
        return DiscreteLaw(values, weights: values.map { counts[$0]! })
      }
      return (law(rows.x), law(rows.y))
    }
  }
}
