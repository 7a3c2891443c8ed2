// SPDX-License-Identifier: Apache-2.0
// Convex problems: regressions with everything that theory speaks of at hand, and made ones of a given curvature.

public import Formats
internal import Glibc
internal import Lab

/// A linear model with a convex loss: F(W) = (1/n) Σ ℓ(W xᵢ, yᵢ) + (λ/2)|W|², W of K × d with K = 1 but for softmax.
///
///     let problem = ConvexProblem(curvatures: ConvexProblem.curvatures(16, condition: 100), rows: 64, random: RandomStream(seed: 1))
///     let w = problem.minimiser()  // of Σ(x·w − y)²/2n, with an XᵀX/n of exactly these eigenvalues
public struct ConvexProblem: Sendable {
  /// ℓ(z, y) of one example, z being what the model gives.
  public enum Loss: Hashable, Sendable {
    /// (z − y)²/2.
    case squares
    /// log(1 + exp z) − y z, y being 0 or 1.
    case logistic
    /// log Σ exp z_c − z_y, y being a class.
    case softmax(classes: Int)
  }

  /// ℓ.
  public let loss: Loss
  /// The numbers d of an example, and all of them, example after example.
  public let terms: Int, features: [Double]
  /// yᵢ.
  public let targets: [Double]
  /// λ.
  public let decay: Double

  /// - Precondition: `features` holds `terms` numbers for each target.
  public init(_ loss: Loss, terms: Int, features: [Double], targets: [Double], decay: Double = 0) {
    precondition(features.count == terms * targets.count, "\(features.count) features of \(targets.count) examples with \(terms) each")
    (self.loss, self.terms, self.features, self.targets, self.decay) = (loss, terms, features, targets, decay)
  }

  /// The embedded digits, pixels from 0 to 1 in 64 features: softmax regression without bias.
  public static func digits(decay: Double = 0) -> ConvexProblem {
    ConvexProblem(
      .softmax(classes: 10), terms: 64, features: Digits.images.flatMap { $0.map { $0 / 16 } }, targets: Digits.labels.map(Double.init), decay: decay)
  }

  /// K.
  public var classes: Int { if case .softmax(let classes) = loss { classes } else { 1 } }
  /// K d.
  public var weightCount: Int { classes * terms }

  /// W x of an example.
  private func scores(_ w: [Double], _ example: Int) -> [Double] {
    (0..<classes).map { c in
      var sum = 0.0
      for j in 0..<terms { sum += w[terms * c + j] * features[terms * example + j] }
      return sum
    }
  }

  /// Of an example's scores the loss, its derivatives, and a root S of its second derivatives S Sᵀ, K × K, column k at [K k...].
  ///
  /// Softmax has diag(p) − p pᵀ = S Sᵀ with S = diag(√p) − p √pᵀ, for (√p)ᵀ√p = 1.
  private func derivatives(_ z: [Double], _ y: Double) -> (value: Double, slopes: [Double], root: () -> [Double]) {
    switch loss {
    case .squares: return ((z[0] - y) * (z[0] - y) / 2, [z[0] - y], { [1] })
    case .logistic:
      let p = 1 / (1 + exp(-z[0]))
      return (max(z[0], 0) + log1p(exp(-abs(z[0]))) - y * z[0], [p - y], { [(p * (1 - p)).squareRoot()] })
    case .softmax(let classes):
      let (value, _, slopes) = Softmax.exponential.loss(z, Int(y))
      return (value, slopes, {
        let p = (0..<classes).map { slopes[$0] + ($0 == Int(y) ? 1 : 0) }
        return (0..<classes).flatMap { k in (0..<classes).map { c in ((c == k ? 1 : 0) - p[c]) * p[k].squareRoot() } }
      })
    }
  }

  /// F(W).
  public func value(_ w: [Double]) -> Double {
    let sum = targets.indices.reduce(0.0) { $0 + derivatives(scores(w, $1), targets[$1]).value }
    return sum / Double(targets.count) + decay / 2 * w.reduce(0) { $0 + $1 * $1 }
  }

  /// The gradient of the mean loss over some examples, with that of the decay.
  ///
  /// - Complexity: 2 K d operations an example.
  public func gradient(_ w: [Double], over examples: some Collection<Int>) -> [Double] {
    var gradient = [Double](repeating: 0, count: weightCount)
    for i in examples {
      let slopes = derivatives(scores(w, i), targets[i]).slopes
      for c in 0..<classes {
        let residual = slopes[c] / Double(examples.count)
        for j in 0..<terms { gradient[terms * c + j] += residual * features[terms * i + j] }
      }
    }
    return decay == 0 ? gradient : zip(gradient, w).map { $0 + decay * $1 }
  }

  /// ∇F(W).
  public func gradient(_ w: [Double]) -> [Double] { gradient(w, over: targets.indices) }

  /// R, n K × K d row after row, with RᵀR + λI the Hessian at W.
  public func hessianRoot(_ w: [Double]) -> [Double] {
    let scale = 1 / Double(targets.count).squareRoot()
    return targets.indices.flatMap { i -> [Double] in
      let root = derivatives(scores(w, i), targets[i]).root()
      return (0..<classes).flatMap { k in
        (0..<classes).flatMap { c in (0..<terms).map { j in scale * root[classes * k + c] * features[terms * i + j] } }
      }
    }
  }

  /// ∇²F(W), K d × K d, in binary64.
  ///
  /// - Complexity: n (K d)²/2 multiplications and additions.
  public func hessian(_ w: [Double]) -> [Double] {
    let size = weightCount
    var h = [Double](repeating: 0, count: size * size)
    for i in targets.indices {
      let (s, x) = (derivatives(scores(w, i), targets[i]).root(), features[terms * i..<terms * (i + 1)])
      for a in 0..<classes {
        for b in 0...a {
          let weight = (0..<classes).reduce(0) { $0 + s[classes * $1 + a] * s[classes * $1 + b] } / Double(targets.count)
          for j in 0..<terms {
            let (row, factor) = ((terms * a + j) * size + terms * b, weight * x[terms * i + j])
            for k in 0..<(a == b ? j + 1 : terms) { h[row + k] += factor * x[terms * i + k] }
          }
        }
      }
    }
    for r in 0..<size {
      h[r * size + r] += decay
      for c in 0..<r { h[c * size + r] = h[r * size + c] }
    }
    return h
  }

  /// W*, to the accuracy of binary64: by Newton's method with halved steps, until F and its gradient fall no more. Of squares the first step is the
  /// closed form, and the second its refinement.
  ///
  /// - Precondition: the Hessian is positive definite.
  public func minimiser() -> [Double] {
    var w = [Double](repeating: 0, count: weightCount)
    var (g, best) = (gradient(w), Double.infinity)
    // (Newton's method squares the error a step; 100 are never needed.)
    for _ in 0..<100 {
      let size = g.reduce(0) { $0 + $1 * $1 }
      guard size < best, let factor = CholeskyFactor(hessian(w), size: weightCount) else { break }
      best = size
      let (direction, start, before) = (factor.solve(g), w, value(w))
      var step = 1.0
      repeat {
        w = zip(start, direction).map { $0 - step * $1 }
        step /= 2
      } while value(w) > before + 1e-12 * abs(before) && step > 1e-9
      g = gradient(w)
    }
    return w
  }
}

// MARK: - Prescribed curvature

extension ConvexProblem {
  /// `count` numbers from 1 down to 1/κ, evenly in their logarithm.
  public static func curvatures(_ count: Int, condition: Double) -> [Double] {
    (0..<count).map { pow(condition, -Double($0) / Double(max(count - 1, 1))) }
  }

  /// Examples whose XᵀX/n has the given eigenvalues, but for rounding in binary64: X = √n U diag(√λ) Vᵀ, U and V products of reflections.
  ///
  /// Squares have targets X w° + σ N(0, 1), w° and the noise normal; of logistic loss the label is 1 with the probability that w° gives it, and the
  /// eigenvalues are those of the examples, between 0 and 1/4 of which the Hessian takes.
  ///
  /// - Random: children of `random` for U, V, w° and the targets.
  /// - Precondition: as many rows as curvatures, or more; a loss of one score.
  /// - Complexity: some 64 n d operations.
  public init(_ loss: Loss = .squares, curvatures: [Double], rows: Int, noise: Double = 0.1, decay: Double = 0, random: RandomStream) {
    let d = curvatures.count
    precondition(rows >= d && (loss == .squares || loss == .logistic), "\(rows) examples of one score for \(d) curvatures")
    var x = [Double](repeating: 0, count: rows * d)
    for j in 0..<d { x[j * d + j] = (Double(rows) * curvatures[j]).squareRoot() }
    ConvexProblem.reflect(&x, rows: rows, columns: d, rowStride: d, columnStride: 1, random.child("left"))
    ConvexProblem.reflect(&x, rows: d, columns: rows, rowStride: 1, columnStride: d, random.child("right"))
    let normal = { (name: String, i: Int) in Distribution.normal.sample(random.child(name), at: i) }
    let truth = (0..<d).map { normal("weights", $0) }
    let targets = (0..<rows).map { i -> Double in
      let z = (0..<d).reduce(0) { $0 + x[i * d + $1] * truth[$1] }
      return loss == .squares ? z + noise * normal("targets", i) : random.child("targets").uniform(at: UInt64(i)) < 1 / (1 + exp(-z)) ? 1 : 0
    }
    self.init(loss, terms: d, features: x, targets: targets, decay: decay)
  }

  /// A symmetric matrix with the given eigenvalues, V diag(λ) Vᵀ.
  public static func matrix(eigenvalues: [Double], random: RandomStream) -> [Double] {
    let n = eigenvalues.count
    var a = [Double](repeating: 0, count: n * n)
    for j in 0..<n { a[j * n + j] = eigenvalues[j] }
    reflect(&a, rows: n, columns: n, rowStride: n, columnStride: 1, random)
    reflect(&a, rows: n, columns: n, rowStride: 1, columnStride: n, random)
    return a
  }

  /// The eigenvalues of a symmetric matrix, by Jacobi's rotations; to a few units of binary64's roundoff of the largest.
  ///
  /// - Source: Golub and Van Loan, Matrix Computations, 4th ed. (2013), section 8.5.
  public static func eigenvalues(of matrix: [Double], size n: Int) -> [Double] {
    var a = matrix
    for _ in 0..<30 {
      var off = 0.0
      for p in 0..<n {
        for q in p + 1..<max(n, p + 1) where a[p * n + q] != 0 {
          off += a[p * n + q] * a[p * n + q]
          let theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q])
          let t = (theta < 0 ? -1 : 1) / (abs(theta) + (theta * theta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot(), s = t * c
          for k in 0..<n { (a[k * n + p], a[k * n + q]) = (c * a[k * n + p] - s * a[k * n + q], s * a[k * n + p] + c * a[k * n + q]) }
          for k in 0..<n { (a[p * n + k], a[q * n + k]) = (c * a[p * n + k] - s * a[q * n + k], s * a[p * n + k] + c * a[q * n + k]) }
        }
      }
      if off <= 1e-34 * a.reduce(0, { $0 + $1 * $1 }) { break }
    }
    return (0..<n).map { a[$0 * n + $0] }
  }

  /// A ← P A, P the product of as many Householder reflections I − 2vvᵀ/|v|², v normal, as A has rows, 32 at most.
  private static func reflect(_ a: inout [Double], rows: Int, columns: Int, rowStride: Int, columnStride: Int, _ random: RandomStream) {
    for k in 0..<min(rows, 32) {
      let v = (0..<rows).map { Distribution.normal.sample(random.child(k), at: $0) }
      let square = v.reduce(0) { $0 + $1 * $1 }
      for j in 0..<columns {
        let dot = (0..<rows).reduce(0) { $0 + v[$1] * a[$1 * rowStride + j * columnStride] }
        for i in 0..<rows { a[i * rowStride + j * columnStride] -= 2 * dot / square * v[i] }
      }
    }
  }
}

/// f(w) = ½ Σ λᵢ(wᵢ − w*ᵢ)², whose gradient comes with normal noise.
public struct Quadratic: Sendable {
  /// λᵢ and w*ᵢ.
  public let curvatures, minimiser: [Double]
  /// σ of each derivative's noise.
  public let noise: Double

  /// The parabola with curvatures λᵢ and minimum w*; `noise` is the standard deviation σ of each derivative.
  public init(curvatures: [Double], minimiser: [Double], noise: Double = 0) {
    precondition(curvatures.count == minimiser.count)
    (self.curvatures, self.minimiser, self.noise) = (curvatures, minimiser, noise)
  }

  /// f(w), without noise.
  public func value(_ w: [Double]) -> Double { w.indices.reduce(0) { $0 + curvatures[$1] / 2 * (w[$1] - minimiser[$1]) * (w[$1] - minimiser[$1]) } }

  /// λᵢ(wᵢ − w*ᵢ) + σξᵢ.
  ///
  /// - Random: derivative i takes the i-th normal number of `random`.
  public func gradient(_ w: [Double], _ random: RandomStream) -> [Double] {
    w.indices.map { curvatures[$0] * (w[$0] - minimiser[$0]) + (noise == 0 ? 0 : noise * Distribution.normal.sample(random, at: $0)) }
  }
}
