// SPDX-License-Identifier: Apache-2.0
// How fast iterative refinement converges that solves Newton's system with a factor of low precision.

internal import Accumulation
internal import Formats
internal import Glibc

/// d ← d + M⁻¹(b − H d), M = L Lᵀ the product of a Cholesky factor in few bits, multiplies d's error by I − M⁻¹H. In the norm |x|_M = √(xᵀMx) that matrix is
/// symmetric, and its norm is φ = max |1 − μ|, μ the eigenvalues of L⁻¹HL⁻ᵀ.
///
/// With M = H + Δ and η = |Δ|/λ_min < 1 it is φ ≤ η/(1 − η); |Δ| ≤ n u max|h| + γ_{n+1} tr M.
enum NewtonRefinement {
  static let id = "newton.refinement"
  static let (size, matrices) = (12, 256)
  static let (precisions, conditions) = ([16, 18, 20, 22, 24], [256.0, 1024, 4096, 16384])
  /// Errors smaller than this, relative to the first, are too near to those of binary64, some κ 2^-53.
  private static let smallest = 1e-6

  private struct Outcome: Sendable {
    let contraction, bound, largestRatio: Double
  }

  @Sendable static func findings(_ seed: UInt64, _ parallelism: Parallelism, _ progress: Progress) -> [Finding] {
    let random = RandomStream(seed: seed, id)
    let cases = precisions.flatMap { p in conditions.map { (p: p, condition: $0) } }
    let outcomes = parallelMap(cases.count * matrices, parallelism, progress: progress) { k in
      let (p, condition) = cases[k / matrices]
      return run(p, condition, random.child(k))
    }
    func of(_ p: Int, _ condition: Double) -> [Outcome] {
      let k = cases.firstIndex { $0 == (p, condition) }!
      return outcomes[k * matrices..<(k + 1) * matrices].compactMap { $0 }
    }
    func logarithm(_ p: Int, _ condition: Double) -> Double {
      let all = of(p, condition).map { log2($0.contraction) }
      return all.reduce(0, +) / Double(all.count)
    }
    let steps = cases.map { p, condition -> Finding in
      let all = of(p, condition), largest = all.map(\.largestRatio).max() ?? .nan
      // (Relative to φ; binary64's own errors are below the added part.)
      return Finding(
        id, "p \(p), kappa \(Int(condition)): step / phi", predicted: 1 + 1e-4, measured: largest,
        references: [.init("phi", exp2(logarithm(p, condition)))], largest == 0 ? .notApplicable(reason: "one step leaves the errors of binary64") : .atMost)
    }
    let bounds = cases.map { p, condition -> Finding in
      let all = of(p, condition)
      let worst = all.max { $0.contraction / $0.bound < $1.contraction / $1.bound }
      let silent = worst?.bound.isFinite != true
      return Finding(
        id, "p \(p), kappa \(Int(condition)): phi", predicted: worst?.bound ?? .nan, measured: worst?.contraction ?? .nan,
        silent ? .notApplicable(reason: "eta is not below 1") : .atMost)
    }
    let inBits = conditions.map { condition in
      Finding(
        id, "kappa \(Int(condition)): log phi a bit", predicted: -1,
        measured: Averaging.slope(precisions.map(Double.init), precisions.map { logarithm($0, condition) }), .distance(0.1))
    }
    let inCondition = precisions.map { p in
      Finding(
        id, "p \(p): order of phi in kappa", predicted: 1,
        measured: Averaging.slope(conditions.map(log2), conditions.map { logarithm(p, $0) }), .distance(0.15))
    }
    return steps + bounds + inBits + inCondition
  }

  /// One matrix of eigenvalues 1 and, once, 1/κ; `nil` where its factorisation breaks down.
  private static func run(_ p: Int, _ condition: Double, _ random: RandomStream) -> Outcome? {
    let n = size
    let h = ConvexProblem.matrix(eigenvalues: (0..<n).map { $0 == 0 ? 1 / condition : 1 }, random: random.child("matrix"))
    let rounder = try! Rounder(to: Format("e8m\(p - 1)"))  // every format rounds to nearest
    var arithmetic = DoubleArithmetic(rounder)!  // floating point of at most 24 bits
    guard let factor = CholeskyFactor(ArrayRounder<Double>(rounder)(h, .oneThread), size: n, &arithmetic) else { return nil }
    let phi = contraction(factor, h)
    let solution = (0..<n).map { 2 * random.child("solution").uniform(at: UInt64($0)) - 1 }
    func product(_ x: [Double]) -> [Double] { (0..<n).map { i in (0..<n).reduce(0) { $0 + h[i * n + $1] * x[$1] } } }
    /// |Lᵀ(d − d*)|.
    func error(_ d: [Double]) -> Double {
      let e = zip(d, solution).map { $0 - $1 }
      return (0..<n).reduce(0) { sum, j in
        let y = (j..<n).reduce(0) { $0 + factor.lower[$1 * n + j] * e[$1] }
        return sum + y * y
      }.squareRoot()
    }
    let b = product(solution)
    var d = [Double](repeating: 0, count: n)
    let first = error(d)
    var (before, largest) = (first, 0.0)
    for _ in 0..<20 {
      let residual = zip(b, product(d)).map { $0 - $1 }
      d = zip(d, factor.solve(residual)).map { $0 + $1 }
      let now = error(d)
      guard now > smallest * first else { break }
      largest = max(largest, now / before / phi)
      before = now
    }
    let u = exp2(-Double(p)), gamma = Double(n + 1) * u / (1 - Double(n + 1) * u)
    let trace = factor.lower.reduce(0) { $0 + $1 * $1 }
    let eta = (Double(n) * u * h.reduce(0) { max($0, abs($1)) } + gamma * trace) * condition
    return Outcome(contraction: phi, bound: eta < 1 ? eta / (1 - eta) : .infinity, largestRatio: largest)
  }

  /// φ = |I − L⁻¹HL⁻ᵀ|₂.
  static func contraction(_ factor: CholeskyFactor, _ h: [Double]) -> Double {
    let n = factor.size
    // L⁻¹H by columns of the symmetric H, then L⁻¹ of its transpose.
    let half = (0..<n).map { j in factor.forward((0..<n).map { h[$0 * n + j] }) }
    let whole = (0..<n).map { i in factor.forward((0..<n).map { half[$0][i] }) }
    var e = [Double](repeating: 0, count: n * n)
    for i in 0..<n { for j in 0..<n { e[i * n + j] = (i == j ? 1.0 : 0.0) - (whole[i][j] + whole[j][i]) / 2 } }
    return ConvexProblem.eigenvalues(of: e, size: n).reduce(0) { max($0, abs($1)) }
  }
}
