// SPDX-License-Identifier: Apache-2.0
// What a multiply-accumulate unit does to the outputs of a layer, exactly.

internal import Accumulation
public import Formats
internal import Glibc

/// What a format and an accumulator do to the outputs of a layer.
public struct LayerMeasurement: Sendable {
  /// (computed − Σ w x) / Σ|w x|, the rounding of weights and inputs included.
  public let total: Spread
  /// The same of the sums of the rounded numbers alone.
  public let sums: Spread
  /// Root mean square of the outputs over that of their errors, in dB.
  public let signalToNoise: Double
  /// Share of outputs that are not finite; they are not among the errors.
  public let overflow: Double
}

extension LayerSample {
  /// The errors of all outputs of the sample, against their exact values.
  ///
  /// Scales, where the product has any, are those that fill its format, or as much less as keeps 5/4 Σ|w x| of every output in the range of all that
  /// rounds sums and products.
  /// - Random: draws of stochastic rounding come from the stream, as in ``MatrixProduct``.
  /// - Complexity: O(rows · columns · terms): the product, and a few ns a term for the exact sums of formats of few bits.
  public func measure(_ product: EmulatedProduct, _ stream: RandomStream) -> LayerMeasurement {
    let sums = product.sums(weights, inputs, rows: rows, columns: columns, terms: terms, headroom: headroom(product), random: stream, .oneThread)
    // What overflowed when it was rounded has no exact sum; outputs with it are left out below.
    let (w, x) = (sums.left.numbers, sums.right.numbers)
    let areFinite = (
      left: (0..<rows).map { w[($0 * terms)..<(($0 + 1) * terms)].allSatisfy(\.isFinite) },
      right: (0..<columns).map { j in (0..<terms).allSatisfy { x[$0 * columns + j].isFinite } }
    )
    func finite(_ numbers: [Double]) -> [Double] { numbers.map { $0.isFinite ? $0 : 0 } }
    let rounded = OutputSum.all(finite(w), finite(x), rows: rows, columns: columns, terms: terms, product.format)
    var (total, own, signal, noise) = ([Double](), [Double](), 0.0, 0.0)
    for i in 0..<rows {
      for j in 0..<columns {
        let place = i * columns + j
        guard areFinite.left[i], areFinite.right[j], let computed = Dyadic(sums.values[place]) else { continue }
        let error = exact[place].error(of: computed)
        total.append(error.ratio)
        signal += exact[place].value * exact[place].value
        noise += error.absolute * error.absolute
        // The scales are powers of two.
        own.append(rounded[place].error(of: computed * .power(-sums.left.exponents[i] - sums.right.exponents[j])).ratio)
      }
    }
    return LayerMeasurement(
      total: Spread(signed: total), sums: Spread(signed: own), signalToNoise: 10 * log10(signal / noise),
      overflow: Double(rows * columns - total.count) / Double(rows * columns))
  }
}

extension LayerSample {
  /// Bits by which the scales fall short of filling the format.
  private func headroom(_ product: EmulatedProduct) -> Int {
    guard product.scale != .none else { return 0 }
    let scales = product.exponents(weights, inputs, rows: rows, columns: columns, terms: terms)
    var rounders = product.dot.plan.rounders
    if case .rounded(let rounder) = product.dot.product { rounders.append(rounder) }
    let largest = rounders.map { Value.finite(max($0.format.maxFinite, $0.format.minFinite.magnitude)).double }.min() ?? .infinity
    var bits = 0
    for i in 0..<rows {
      for j in 0..<columns {
        let ratio = 1.25 * exact[i * columns + j].magnitudes / largest
        guard ratio > 0, ratio.isFinite else { continue }
        let ceilingOfLogarithm = Int(ratio.exponent) + (ratio.significand > 1 ? 1 : 0)
        bits = max(bits, ceilingOfLogarithm - scales.left[i] - scales.right[j])
      }
    }
    return bits
  }
}

/// Σ w x and Σ|w x|, exact.
enum OutputSum: Sendable {
  /// In a window of words.
  case words(ExactSum, ExactSum)
  /// As integers, in units of 2^exponent.
  case integers(sum: Int128, magnitudes: Int128, exponent: Int)

  /// Of every output: rows × terms against terms × columns, row after row.
  ///
  /// - Parameter format: one that holds all numbers. Where these are integers of b ≤ 62 bits in units of a power of two and 2b + log₂ n < 126, the
  ///   sums are 128-bit integers.
  static func all(_ a: [Double], _ b: [Double], rows: Int, columns: Int, terms: Int, _ format: Format) -> [OutputSum] {
    let largest = max(format.maxFinite.magnitude, format.minFinite.magnitude)
    let unit = format.quantumExponent, bits = largest.isZero ? 1 : largest.floorLog2 + 1 - unit
    let isSmall = 2 * bits + (Int.bitWidth - terms.leadingZeroBitCount) <= 126 && bits <= 62
    guard isSmall else { return allInWords(a, b, rows: rows, columns: columns, terms: terms, format) }
    func integer(_ x: Double) -> Int64 { Int64(Double(sign: .plus, exponent: -unit, significand: x)) }
    let (x, y) = (a.map(integer), b.map(integer))
    return (0..<rows * columns).map { place in
      let (i, j) = (place / columns, place % columns)
      var (sum, magnitudes): (Int128, Int128) = (0, 0)
      for k in 0..<terms {
        let product = Int128(x[i * terms + k]) * Int128(y[k * columns + j])
        sum += product
        magnitudes += abs(product)
      }
      return .integers(sum: sum, magnitudes: magnitudes, exponent: 2 * unit)
    }
  }

  static func allInWords(_ a: [Double], _ b: [Double], rows: Int, columns: Int, terms: Int, _ format: Format) -> [OutputSum] {
    let (x, y) = (a.map { Dyadic($0)! }, b.map { Dyadic($0)! })  // finite
    return (0..<rows * columns).map { place in
      let (i, j) = (place / columns, place % columns)
      var sum = ExactSum(products: format, format, and: .fp64)
      var magnitudes = sum
      for k in 0..<terms {
        let product = x[i * terms + k] * y[k * columns + j]
        sum += product
        magnitudes += product.magnitude
      }
      return .words(sum, magnitudes)
    }
  }

  /// Σ w x, rounded to the nearest double.
  var value: Double {
    switch self {
    case .words(let sum, _): sum.double
    case .integers(let sum, _, let exponent): OutputSum.double(sum, exponent)
    }
  }

  /// Σ|w x|, rounded to the nearest double.
  var magnitudes: Double {
    switch self {
    case .words(_, let magnitudes): magnitudes.double
    case .integers(_, let magnitudes, let exponent): OutputSum.double(magnitudes, exponent)
    }
  }

  /// computed − Σ w x, and over Σ|w x|, each rounded once; 0 for a sum of zeros.
  func error(of computed: Dyadic) -> (absolute: Double, ratio: Double) {
    let error: Double, size: Double
    switch self {
    case .words(var sum, let magnitudes):
      sum -= computed
      (error, size) = (-sum.double, magnitudes.double)
    case .integers(let sum, let magnitudes, let exponent):
      var difference = ExactSum(products: .fp64, .fp64)
      difference += computed
      difference -= Dyadic(sum, exponent: exponent)
      (error, size) = (difference.double, OutputSum.double(magnitudes, exponent))
    }
    return (error, size == 0 ? 0 : error / size)
  }

  private static func double(_ integer: Int128, _ exponent: Int) -> Double { Value.finite(Dyadic(integer, exponent: exponent)).double }
}
