// SPDX-License-Identifier: Apache-2.0
// Newton's method in mixed precision: a Hessian and its factor in few bits, refined with products in binary64.

public import Formats
internal import Accumulation
internal import Glibc

/// Newton's method for convex problems, the cubic work in few bits: w ← w + d, where H d = −g is solved by iterative refinement with a factor of low
/// precision.
///
///     let method = try NewtonMethod(PrecisionPolicy(name: "bf16"))
///     let iterates = try method.minimise(.digits(decay: 1e-2), random: RandomStream(seed: 1))
///
/// The Hessian RᵀR + λI is a product of the policy's unit: Rᵀ in the format of weights, R in that of activations, sums in the forward accumulator. Its
/// Cholesky factor is computed with every operation rounded to `elementwise`. Both are of the matrix scaled by powers of two to a diagonal near 1, which
/// rounds nothing. The residuals −g − H d have the H of binary64, as have the triangular solves, d² operations each.
///
/// - Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed. (2002), chapter 12; Carson and Higham, Accelerating the solution of linear
///   systems by iterative refinement in three precisions, SIAM J. Sci. Comput. 40(2), 2018; the contraction: proofs/low-precision-training.md.
public struct NewtonMethod: Sendable {
  private let arithmetic: LayerArithmetic
  private let rounder: Rounder

  /// How a system was solved.
  public struct Step: Sendable {
    /// d.
    public let direction: [Double]
    /// |g + H d| / |g| after each correction.
    public let residuals: [Double]
    /// σ of the factored H + σI, relative to a diagonal of about 1; 0 where no pivot was negative.
    public let shift: Double
  }

  /// A point of the way to the minimum.
  public struct Iterate: Sendable {
    /// w.
    public let weights: [Double]
    /// F(w).
    public let value: Double
    /// |∇F|.
    public let slope: Double
    /// How the iterate was reached; none for the first.
    public let step: Step?
  }

  /// Corrections of a system, at most, and the relative residual at which there are enough.
  private static let (corrections, accuracy) = (50, 0x1p-40)

  /// - Throws: `PolicyError` where `elementwise` is not rounded to nearest in fp64 or in a floating-point format of at most 24 bits.
  public init(_ policy: PrecisionPolicy) throws(PolicyError) {
    try policy.validate()
    guard case .plain(let rounder) = policy.elementwise, rounder.rounding.isNearest, rounder.format == .fp64 || DoubleArithmetic(rounder) != nil else {
      throw .field("elementwise", "Newton's method factors in a floating-point format of at most 24 bits or in fp64, to nearest; it is \(policy.elementwise).")
    }
    (arithmetic, self.rounder) = (LayerArithmetic(policy), rounder)
  }

  /// The step from w: refined until the residual is 2^-40 of the gradient, or falls no more, which is where the factor is too far from H.
  ///
  /// A pivot that is not positive is a breakdown: H + σI is factored in its place, with σ = d u, 2 d u, 4 d u, ... until all pivots are positive, d being
  /// their number. Of an error along the eigenvalue λ refinement leaves σ/(λ + σ) a step, so that it may end before it has converged.
  ///
  /// - Throws: `TrainingError.breakdown` where no shift up to 1 helps, or numbers overflow.
  /// - Complexity: n K (K d)² emulated multiplications and additions for n examples, and (K d)³/3 rounded operations.
  public func step(_ problem: ConvexProblem, at w: [Double], random: RandomStream, _ parallelism: Parallelism = .allCores) throws(TrainingError) -> Step {
    let (size, g, h) = (problem.weightCount, problem.gradient(w), problem.hessian(w))
    guard h.allSatisfy(\.isFinite) else { throw .breakdown("the Hessian is beyond binary64; give smaller features.") }
    let scales = (0..<size).map { i in h[i * size + i] > 0 ? exp2((-log2(h[i * size + i]) / 2).rounded()) : 1 }
    let (factor, shift) = try factor(problem, w, scales, random, parallelism)
    func norm(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    var (d, r, residuals) = ([Double](repeating: 0, count: size), g.map { -$0 }, [Double]())
    let start = norm(g)
    guard start > 0 else { return Step(direction: d, residuals: [], shift: shift) }
    while residuals.count < NewtonMethod.corrections {
      let correction = zip(factor.solve(zip(r, scales).map { $0 * $1 }), scales).map { $0 * $1 }
      let next = zip(d, correction).map { $0 + $1 }
      let left = (0..<size).map { i in (0..<size).reduce(-g[i]) { $0 - h[i * size + $1] * next[$1] } }
      let residual = norm(left) / start
      guard residual < residuals.last ?? .infinity else { break }
      (d, r) = (next, left)
      residuals.append(residual)
      if residual <= NewtonMethod.accuracy { break }
    }
    return Step(direction: d, residuals: residuals, shift: shift)
  }

  /// Newton's method from W = 0, steps halved until F does not rise.
  ///
  /// - Returns: all iterates, the first at 0; fewer than `steps` after it if |∇F| has come below `accuracy` times its first value.
  /// - Random: child k of `random` for step k.
  /// - Throws: `TrainingError.breakdown`.
  public func minimise(
    _ problem: ConvexProblem, steps: Int = 20, accuracy: Double = 1e-10, random: RandomStream, _ parallelism: Parallelism = .allCores
  ) throws(TrainingError) -> [Iterate] {
    func iterate(_ w: [Double], _ step: Step?) -> Iterate {
      Iterate(weights: w, value: problem.value(w), slope: problem.gradient(w).reduce(0) { $0 + $1 * $1 }.squareRoot(), step: step)
    }
    var iterates = [iterate([Double](repeating: 0, count: problem.weightCount), nil)]
    while iterates.count <= steps, let last = iterates.last, last.slope > accuracy * iterates[0].slope {
      let step = try step(problem, at: last.weights, random: random.child(iterates.count), parallelism)
      var length = 1.0, next = last
      repeat {
        next = iterate(zip(last.weights, step.direction).map { $0 + length * $1 }, step)
        length /= 2
      } while !(next.value <= last.value * (1 + 1e-14)) && length > 1e-6
      iterates.append(next)
    }
    return iterates
  }

  /// The factor of the scaled Hessian of the policy's arithmetic.
  private func factor(
    _ problem: ConvexProblem, _ w: [Double], _ scales: [Double], _ random: RandomStream, _ parallelism: Parallelism
  ) throws(TrainingError) -> (factor: CholeskyFactor, shift: Double) {
    let size = scales.count
    let root = problem.hessianRoot(w).enumerated().map { $1 * scales[$0 % size] }
    let rows = root.count / size
    // Groups of scaled formats lie along the sums, which are over the rows.
    let left = arithmetic.weights(root, rows: rows, axis: 0, random.child("left"), parallelism)
    let right = arithmetic.activations(root, rows: rows, axis: 0, random.child("right"), parallelism)
    let a = Operand(left, single: arithmetic.weights.format.fitsBinary32, parallelism)
    let b = Operand(right, single: arithmetic.activations.format.fitsBinary32, parallelism)
    let offsets = Offsets(rows: rows, columns: size)
    var h = arithmetic.products[.forward]!(a, offsets.transposed, b, offsets, random: random.child("product"), parallelism)
    // (Of factors that are rounded differently RᵀR is not symmetric; the factor reads the lower half.)
    for i in 0..<size { h[i * size + i] += problem.decay * scales[i] * scales[i] }
    let u = exp2(-Double(rounder.format.precision))
    var shift = 0.0
    while true {
      var shifted = h
      for i in 0..<size { shifted[i * size + i] += shift }
      shifted = TensorRounder(.plain(rounder))(shifted, random, parallelism)
      if let factor = factor(shifted, size) { return (factor, shift) }
      guard shift < 1 else {
        throw .breakdown("no factor of the Hessian in \(rounder), even shifted by \(shift.shortDescription); take a wider format, or more decay.")
      }
      shift = shift == 0 ? min(Double(size) * u, 1) : 2 * shift
    }
  }

  private func factor(_ h: [Double], _ size: Int) -> CholeskyFactor? {
    guard var arithmetic = DoubleArithmetic(rounder) else { return CholeskyFactor(h, size: size) }
    let factor = CholeskyFactor(h, size: size, &arithmetic)
    return arithmetic.overflowed ? nil : factor
  }
}
