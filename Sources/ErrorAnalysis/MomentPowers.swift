// SPDX-License-Identifier: Apache-2.0
// Many additions of terms of one law at once, by squaring the map of one.

internal import Accumulation
internal import Formats

/// The linear map of the moments of 2^k additions, as dense matrices.
///
/// One addition takes a to A a, b to A b + B a and c to A c + 2 B b + C a; so do many, with (A, B, C) multiplied as polynomials A + B ε + C ε²/2
/// are. With symmetry only states from 0 up are kept: masses and squares are even in the state and errors odd, so A has an even and an odd part
/// and B leads from one to the other.
///
/// Three rows below A count over the additions: overflows, swallowed terms, and terms at all.
struct MomentPowers {
  /// States that are kept, and the counters.
  private let size: Int
  private let isSymmetric: Bool
  private var even: Matrix<Double>
  private var odd: Matrix<Double>
  private var evenToOdd: Matrix<Double>
  private var oddToEven: Matrix<Double>
  private var square: Matrix<Double>
  private(set) var additions = 1

  private static let counters = 3
  private static let product = MatrixProduct(DotProduct(.sequential(try! Rounder(to: .fp64))))

  init(_ step: TransitionMoments, isSymmetric: Bool) {
    let rows = step.rows
    let (states, kept) = (rows.upperBound, rows.count)
    let size = kept + MomentPowers.counters
    (self.size, self.isSymmetric) = (size, isSymmetric)
    let count = size * size
    var (even, odd) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
    var (evenToOdd, oddToEven, square) = (even, even, even)
    for t in rows {
      let row = (t - rows.lowerBound) * size
      step.withWeights(t) { s, w0, w1, w2 in
        // The mirror of a source has its mass and its square, and the opposite error.
        let isMirrored = s < rows.lowerBound
        let i = row + (isMirrored ? states - 1 - s : s) - rows.lowerBound
        let sign: Double = isMirrored ? -1 : 1
        even[i] += w0
        odd[i] += sign * w0
        evenToOdd[i] += w1
        oddToEven[i] += sign * w1
        square[i] += w2
      }
    }
    for (k, counted) in [step.overflow, step.stay, step.nonzero].enumerated() {
      let row = (kept + k) * size
      for s in rows {
        // The mirrors of all states but 0 count, too.
        let i = s - rows.lowerBound
        even[row + i] = counted[s] * (isSymmetric && i > 0 ? 2 : 1)
      }
      even[row + kept + k] = 1
    }
    func matrix(_ elements: [Double]) -> Matrix<Double> { Matrix(rows: size, columns: size, elements) }
    (self.even, self.odd, self.evenToOdd) = (matrix(even), matrix(odd), matrix(evenToOdd))
    (self.oddToEven, self.square) = (matrix(oddToEven), matrix(square))
  }

  /// Twice as many additions. Complexity: nine products of matrices.
  mutating func double(_ parallelism: Parallelism) {
    func times(_ a: Matrix<Double>, _ b: Matrix<Double>) -> [Double] { MomentPowers.product(a, b, parallelism).elements }
    func sum(_ a: [Double], _ b: [Double], _ factor: Double = 1) -> [Double] { zip(a, b).map { $0 + factor * $1 } }
    func matrix(_ elements: [Double]) -> Matrix<Double> { Matrix(rows: size, columns: size, elements) }
    let next = (
      even: times(even, even), odd: times(odd, odd), evenToOdd: sum(times(odd, evenToOdd), times(evenToOdd, even)),
      oddToEven: sum(times(even, oddToEven), times(oddToEven, odd)),
      square: sum(sum(times(even, square), times(square, even)), times(oddToEven, evenToOdd), 2)
    )
    (even, odd, evenToOdd) = (matrix(next.even), matrix(next.odd), matrix(next.evenToOdd))
    (oddToEven, square) = (matrix(next.oddToEven), matrix(next.square))
    additions *= 2
  }

  /// The moments after the additions; adds to the counts of overflows, swallowed terms and nonzero terms.
  func apply(_ moments: Moments, _ counts: inout [Double]) -> Moments {
    let kept = size - MomentPowers.counters
    let states = moments.mass.count
    func part(_ numbers: [Double]) -> [Double] { numbers[(states - kept)...] + [Double](repeating: 0, count: MomentPowers.counters) }
    let (a, b, c) = (part(moments.mass), part(moments.first), part(moments.second))
    var next = Moments(count: states)
    for t in 0..<size {
      let mass = row(even, t, a)
      if t >= kept {
        counts[t - kept] += mass
        continue
      }
      let i = states - kept + t
      next.mass[i] = mass
      next.first[i] = isSymmetric && t == 0 ? 0 : row(odd, t, b) + row(evenToOdd, t, a)
      next.second[i] = row(even, t, c) + 2 * row(oddToEven, t, b) + row(square, t, a)
      if isSymmetric { (next.mass[states - 1 - i], next.first[states - 1 - i], next.second[states - 1 - i]) = (mass, -next.first[i], next.second[i]) }
    }
    return next
  }

  /// Row t of a matrix times a vector, in four lanes.
  private func row(_ matrix: Matrix<Double>, _ t: Int, _ x: [Double]) -> Double {
    typealias Lanes = SIMD4<Double>
    return matrix.elements.withUnsafeBytes { m in
      x.withUnsafeBytes { x in
        var (sum, i) = (Lanes.zero, 0)
        while i + 4 <= size {
          sum += m.loadUnaligned(fromByteOffset: 8 * (t * size + i), as: Lanes.self) * x.loadUnaligned(fromByteOffset: 8 * i, as: Lanes.self)
          i += 4
        }
        var rest = sum.sum()
        while i < size {
          rest += m.loadUnaligned(fromByteOffset: 8 * (t * size + i), as: Double.self) * x.loadUnaligned(fromByteOffset: 8 * i, as: Double.self)
          i += 1
        }
        return rest
      }
    }
  }
}

// MARK: When it is worth it

extension MomentPowers {
  /// How many doublings make `count` additions quickest, or `nil` where step by step is: an estimate from sizes alone, so that results do not
  /// depend on the machine.
  static func doublings(for count: Int, _ step: TransitionMoments) -> Int? {
    guard let cells = step.cellCount else { return nil }
    let size = Double(step.rows.count + counters)
    guard size <= 3000, count >= 256 else { return nil }
    let (each, doubling, applying) = (1e-9 * Double(cells), 9 * size * size * size / 10e9, 5e-9 * size * size)
    func seconds(_ k: Int) -> Double { Double(k) * (doubling + applying) + Double(count >> k) * applying }
    let best = (1...20).min { seconds($0) < seconds($1) }!
    return seconds(best) < Double(count) * each ? best : nil
  }

  /// Whether this machine has a kernel for products of such matrices.
  var isFast: Bool { !MomentPowers.product.choice(even, square).isReference }
}
