// SPDX-License-Identifier: Apache-2.0
// What a narrow accumulator of the gradient adds to the noise floor, from the exact moments of its error.

internal import Accumulation
internal import ErrorAnalysis
internal import Formats
internal import Glibc
internal import Lab

/// The gradient's noise is (1/n) Σ xᵢyᵢ of n independent products, summed in a narrow accumulator. Its variance, or that of the error alone,
/// follows exactly from the law of x and y, and takes the place of σ² in ``NoiseFloor``: if the noise is normal, as sums nearly are, or updates
/// span gaps. Of short updates E|g| counts, which the variance alone does not tell.
enum GradientNoise {
  static let id = "sgd.gradient-noise"

  /// Normal x and y of one format, n products summed in another, and the grid of the weight.
  struct Case: Sendable {
    let inputs, accumulator: Format
    let count, bits: Int
    /// Whether the error of the sum is all the noise, as if the products came from the whole of the data.
    let isErrorAlone: Bool
    let step: Double

    var name: String { "\(accumulator), n \(count)" }
    var dot: DotProduct { DotProduct(.sequential(try! Rounder(to: accumulator))) }  // every format rounds to nearest
    var law: DiscreteLaw { Distribution.normal.law(in: inputs) }
  }

  static let cases = [false, true].flatMap { isErrorAlone in
    [0.2, 0.003125].flatMap { step in
      [
        Case(inputs: .e4m3fn, accumulator: .e4m3fn, count: 64, bits: isErrorAlone ? 10 : 4, isErrorAlone: isErrorAlone, step: step),
        Case(inputs: try! Format("e3m2fn"), accumulator: .fp16, count: 32, bits: isErrorAlone ? 18 : 4, isErrorAlone: isErrorAlone, step: step),
      ]
    }
  }

  /// Variances of the average of n products as computed, and of its error alone.
  ///
  /// - Complexity: the exact analysis of n additions, half a second for fp16.
  static func variances(of bed: Case, _ parallelism: Parallelism) -> (computed: Double, error: Double) {
    // Narrow accumulators of finitely many products are what the analysis is for.
    let moments = try! ExactAnalysis(bed.dot.plan, Terms(products: bed.law, bed.law)).moments(bed.count, parallelism)
    let (n, law) = (Double(bed.count), bed.law)
    let second = zip(law.values, law.probabilities).reduce(0.0) { sum, pair in
      let x = Double(exactly: pair.0)!
      return sum + x * x * pair.1
    }
    return (moments.varianceRetention * second * second / n, moments.variance / (n * n))
  }

  @Sendable static func findings(_ seed: UInt64, _ parallelism: Parallelism, _ progress: Progress) -> [Finding] {
    let random = RandomStream(seed: seed, id)
    let kinds = cases.prefix(2)
    let variances = kinds.map { GradientNoise.variances(of: $0, parallelism) }
    progress.report?(0.15)
    let pools = kinds.enumerated().map { i, kind in
      GradientNoise.pool(of: kind, random.child("pool").child(i), parallelism, progress.part(from: 0.15 + 0.2 * Double(i), share: 0.2))
    }
    let models = cases.indices.map { i in
      let variance = cases[i].isErrorAlone ? variances[i % 2].error : variances[i % 2].computed
      return NoiseFloor(step: cases[i].step, curvature: 1, sigma: variance.squareRoot())
    }
    let descents = cases.indices.map { i -> StochasticDescent in
      let noises = cases[i].isErrorAlone ? pools[i % 2].errors : pools[i % 2].computed
      // From within a gap of w*: where the floor is low, what is left of a longer way is not.
      let scale = Double(1 << cases[i].bits)
      return models[i].descent(bits: cases[i].bits, from: (0.3 * scale).rounded(.down) / scale) { noise, random, step in
        for k in noise.indices { noise[k] = noises[random.integer(below: noises.count, at: UInt64(step * noise.count + k))] }
      }
    }
    let outcomes = StochasticDescent.outcomes(of: descents, random, parallelism, progress: progress.part(from: 0.55, share: 0.45))
    let added = kinds.indices.map { i in
      let squares = Estimate(pools[i].errors.map { $0 * $0 })
      return Finding(
        id, "\(kinds[i].name): variance of the error", predicted: variances[i].error, measured: squares.value, standardError: squares.standardError,
        .within(0.1))
    }
    return added + cases.indices.map { i in
      let (bed, model, spacing) = (cases[i], models[i], 1 / Double(1 << cases[i].bits))
      let noises = bed.isErrorAlone ? pools[i % 2].errors : pools[i % 2].computed
      let (size, normal) = (noises.reduce(0) { $0 + abs($1) } / Double(noises.count) / model.sigma, (2 / Double.pi).squareRoot())
      let isShort = 4 * bed.step * model.sigma < spacing
      return Finding(
        id, "\(bed.name), \(bed.isErrorAlone ? "error alone" : "sum"), alpha \(bed.step.shortDescription)",
        predicted: model.meanSquare(spacing: spacing), measured: outcomes[i].square.value, standardError: outcomes[i].square.standardError,
        references: isShort ? [.init("by E|g|", meanSquare(model, spacing: spacing, noises: noises))] : [],
        bed.step * model.sigma < 2 * spacing && abs(size / normal - 1) > 0.03
          ? .notApplicable(reason: "short updates go by E|g|, and E|xi| is \(size.significant(2)) sigma, not the normal \(normal.significant(2))")
          : .within(0.1))
    }
  }

  /// E[e²] where updates are short of a gap, V = αδE|g| − α²E[g²], for noise of any law: g = λe + ξ, e normal, ξ from a sample.
  static func meanSquare(_ model: NoiseFloor, spacing: Double, noises: [Double]) -> Double {
    let (step, curvature) = (model.step, model.curvature)
    var square = model.limit(spacing: spacing)
    for _ in 0..<20 {
      let t = curvature * square.squareRoot()
      let magnitude = noises.reduce(0) { $0 + t * (2 / Double.pi).squareRoot() * exp(-$1 * $1 / (2 * t * t)) + $1 * erf($1 / (t * 2.0.squareRoot())) }
      square = (spacing * magnitude / Double(noises.count) - step * curvature * curvature * square) / (curvature * (2 - step * curvature))
    }
    return square
  }

  /// A pool of averages as computed and of their errors, from which descents draw: its own variance is within 2 % of the law's.
  private static func pool(
    of bed: Case, _ random: RandomStream, _ parallelism: Parallelism, _ progress: Progress
  ) -> (computed: [Double], errors: [Double]) {
    let (dot, toInputs, n) = (bed.dot, try! Rounder(to: bed.inputs, overflow: .saturate), Double(bed.count))  // every format can saturate
    let perPart = 1024
    let parts = parallelMap(64, parallelism, progress: progress) { i in
      let stream = random.child(i)
      var numbers = [Double](repeating: 0, count: 2 * bed.count)
      var (sums, errors) = ([Double](), [Double]())
      for j in 0..<perPart {
        stream.fillWithNormals(&numbers, first: j * numbers.count)
        let (x, y) = (numbers.prefix(bed.count).map { toInputs($0) }, numbers.suffix(bed.count).map { toInputs($0) })
        let sum = dot.evaluate(x.map { Value($0) }, y.map { Value($0) }).double
        // Few-bit products of few magnitudes: binary64 adds them without error.
        var exact = 0.0
        for k in x.indices { exact += x[k] * y[k] }
        sums.append(sum / n)
        errors.append((sum - exact) / n)
      }
      return (sums, errors)
    }
    return (parts.flatMap(\.0), parts.flatMap(\.1))
  }
}
