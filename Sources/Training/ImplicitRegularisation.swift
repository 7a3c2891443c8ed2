// SPDX-License-Identifier: Apache-2.0
// The penalty that rounding the weights adds to a loss.

internal import Formats
internal import Glibc
internal import Lab

/// E f(w + ε) − f(w) = ½ tr(H Σ) for a quadratic f of Hessian H and rounding errors ε of mean 0 and covariance Σ.
///
/// Where positions in a gap are uniform and errors independent, Σ = diag(gap²/6) if rounded stochastically and diag(gap²/12) to nearest. To nearest
/// the position must also be independent of the slope: to values of f at minima all over the place, not to one parabola all over its w.
enum ImplicitRegularisation {
  static let id = "sgd.regularisation"
  static let curvature = 3.0
  private static let (batches, batch) = (64, 1 << 15)
  /// Of the linear model: weight vectors of one part, and the spacing of their grid.
  private static let (models, spacing) = (256, 0.0625)

  /// ½ Σ Hᵢᵢ gapᵢ² / 6 or / 12, from Σ Hᵢᵢ gapᵢ².
  static func penalty(_ rounding: Rounding, squares: Double) -> Double { squares / (rounding.isStochastic ? 12 : 24) }

  @Sendable static func findings(_ seed: UInt64, _ parallelism: Parallelism, _ progress: Progress) -> [Finding] {
    let random = RandomStream(seed: seed, id)
    let images = Digits.images.map { $0.map { $0 / 16 } }
    let covariance = (0..<64).map { i in
      (0..<64).map { j in images.reduce(0) { $0 + $1[i] * $1[j] } / Double(images.count) }
    }
    // Of the floats, over the binades of 1/4 to 2, all as probable as each other.
    let ulps = (-2...1).map { exp2(2 * Double(Format.e4m3fn.ulpExponent(floorLog2: $0))) }
    let kinds: [(name: String, rounding: Rounding)] = [("sr", .stochastic), ("to nearest", .nearestEven)]
    let means = parallelMap(batches, parallelism, progress: progress) { i in
      kinds.indices.flatMap { k -> [Double] in
        let (stream, rounding) = (random.child(i).child(k), kinds[k].rounding)
        return [grid(rounding, stream.child("grid")), floats(rounding, stream.child("floats")), model(rounding, covariance, stream.child("model"))]
      }
    }
    let trace = (0..<64).reduce(0) { $0 + covariance[$1][$1] }
    let squares = [curvature * 0.01, curvature * ulps.reduce(0, +) / Double(ulps.count), trace * spacing * spacing]
    let settings = ["H 3, delta 0.1", "H 3, e4m3fn, 1/4 to 4", "digits, delta 1/16"]
    return settings.indices.flatMap { s in
      kinds.indices.map { k in
        let measured = Estimate(means.map { $0[3 * k + s] })
        return Finding(
          id, "\(settings[s]), \(kinds[k].name)", predicted: penalty(kinds[k].rounding, squares: squares[s]), measured: measured.value,
          standardError: measured.standardError, .within(0.05))
      }
    }
  }

  /// f(w) = H/2 e² where e = 0.2, on a grid of spacing 0.1, the integers of w / 0.1, over all positions in it.
  private static func grid(_ rounding: Rounding, _ random: RandomStream) -> Double {
    let round = ArrayRounder<Double>(try! Rounder(to: Format("q8.0"), rounding))  // fixed point rounds in every mode
    let (w, e) = ((0..<batch).map { random.uniform(at: UInt64($0)) }, 0.2)
    let rounded = round(w.map { $0 / 0.1 }, random: random.child("rounding"), .oneThread)
    return zip(w, rounded).reduce(0) { sum, pair in
      let after = e + 0.1 * pair.1 - pair.0
      return sum + curvature / 2 * (after * after - e * e)
    } / Double(batch)
  }

  /// f(w + ε) = H/2 ε² at minima w, log-uniform in [1/4, 4), in e4m3fn.
  private static func floats(_ rounding: Rounding, _ random: RandomStream) -> Double {
    let round = ArrayRounder<Double>(try! Rounder(to: .e4m3fn, rounding))  // floats round in every mode
    let w = (0..<batch).map { exp2(4 * random.uniform(at: UInt64($0)) - 2) }
    let rounded = round(w, random: random.child("rounding"), .oneThread)
    return curvature / 2 * zip(w, rounded).reduce(0) { $0 + ($1.1 - $1.0) * ($1.1 - $1.0) } / Double(batch)
  }

  /// f(w + ε) = ½ εᵀCε at minima w, uniform in [−1, 1)^64, C the second moments of the digits' pixels.
  private static func model(_ rounding: Rounding, _ covariance: [[Double]], _ random: RandomStream) -> Double {
    let round = ArrayRounder<Double>(try! Rounder(to: Format("q8.4"), rounding))  // fixed point rounds in every mode
    let w = (0..<64 * models).map { 2 * random.uniform(at: UInt64($0)) - 1 }
    let rounded = round(w, random: random.child("rounding"), .oneThread)
    let errors = zip(w, rounded).map { $1 - $0 }
    return (0..<models).reduce(0) { sum, m in
      (0..<64).reduce(sum) { sum, i in
        let row = covariance[i]
        return sum + errors[64 * m + i] * (0..<64).reduce(0) { $0 + row[$1] * errors[64 * m + $1] } / 2
      }
    } / Double(models)
  }
}
