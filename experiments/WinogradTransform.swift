// SPDX-License-Identifier: Apache-2.0
// Winograd's transforms in a format, a bound of their errors, and a model of first order.

import FmtLab
import Glibc

extension WinogradConvolution {
  /// X ↦ T X T' with T = rows / divisors. Results are transposed, as the input of the inverse may well be.
  struct Transform: Sendable {
    let rows: [[Double]]
    let divisors: [Double]
    var width: Int { rows[0].count }
    var matrix: [[Double]] { zip(rows, divisors).map { row, d in row.map { $0 / d } } }
    var magnitudes: Transform { Transform(rows: rows.map { $0.map(abs) }, divisors: divisors.map(abs)) }
    /// Roundings that a result passes at most.
    var depth: Int { 2 * (rows.map { $0.count { $0 != 0 } }.max()! + (divisors.contains { $0 != 1 } ? 1 : 0)) }

    /// Every sum rounded after every term, every quotient rounded; x by row, column, item.
    func callAsFunction(_ x: [Double], _ rounder: Rounder) -> [Double] {
      let (n, t) = (rows.count, width)
      let count = x.count / (t * t)
      func pass(_ x: [Double], _ others: Int) -> [Double] {
        var y = product(.sequential(rounder), Matrix(rows: n, columns: t, rows.flatMap { $0 }), Matrix(rows: t, columns: others * count, x))
        guard divisors.contains(where: { $0 != 1 }) else { return y }
        for i in y.indices { y[i] /= divisors[i / (others * count)] }
        ArrayRounder<Double>(rounder).round(&y, .oneThread)
        return y
      }
      let first = pass(x, t)
      var swapped: [Double] = []
      swapped.reserveCapacity(first.count)
      for b in 0..<t { for i in 0..<n { swapped += first[((i * t + b) * count)..<((i * t + b + 1) * count)] } }
      return pass(swapped, n)
    }

    /// The sums and quotients of row i that are rounded, as functionals.
    private func rounded(_ i: Int) -> [[Double]] {
      var (partial, result) = ([Double](repeating: 0, count: width), [[Double]]())
      for (k, c) in rows[i].enumerated() where c != 0 {
        partial[k] = c / divisors[i]
        if partial.count(where: { $0 != 0 }) > 1 { result.append(partial) }
      }
      return divisors[i].magnitude.significand == 1 ? result : result + [partial]
    }

    /// From second moments of the input: those of the output, and the variance of its errors if a rounding of v has variance E v².
    func noise(_ moments: [[Double]]) -> (moments: [[Double]], variances: [Double]) {
      let (n, t, m) = (rows.count, width, matrix)
      func outer(_ a: [Double], _ b: [Double]) -> [Double] { a.flatMap { x in b.map { x * $0 } } }
      func form(_ f: [Double], _ g: [Double]) -> Double {
        f.indices.reduce(0.0) { sum, i in f[i] == 0 ? sum : sum + f[i] * g.indices.reduce(0.0) { $0 + moments[i][$1] * g[$1] } }
      }
      func energy(_ a: [Double], _ b: [Double]) -> Double { form(outer(a, b), outer(a, b)) }
      let unit = (0..<t).map { b in (0..<t).map { $0 == b ? 1.0 : 0 } }
      let first = (0..<n).map { i in (0..<t).map { b in rounded(i).reduce(0.0) { $0 + energy($1, unit[b]) } } }
      let outputs = (0..<n).flatMap { j in (0..<n).map { i in outer(m[i], m[j]) } }
      let variances = (0..<n).flatMap { j in
        (0..<n).map { i in (0..<t).reduce(rounded(j).reduce(0.0) { $0 + energy(m[i], $1) }) { $0 + m[j][$1] * m[j][$1] * first[i][$1] } }
      }
      return (outputs.map { f in outputs.map { form(f, $0) } }, variances)
    }

    /// Which results may be no input times a power of two.
    var combines: [Double] {
      let isSingle = rows.map { $0.count { $0 != 0 } == 1 }
      return isSingle.flatMap { a in isSingle.map { a && $0 ? 0 : 1 } }
    }
  }

  /// F(m, 3) in two dimensions, its rows balanced by powers of two, which changes nothing but the range.
  struct Algorithm: Sendable {
    let m: Int
    let data, filter, inverse: Transform
    var t: Int { m + 2 }
    var tiles: Int { side / m * (side / m) }

    static let f2 = Algorithm(
      m: 2, data: Transform(rows: [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]], divisors: [1, 1, 1, 1]),
      filter: Transform(rows: [[1, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 1]], divisors: [1, 2, 2, 1]),
      inverse: Transform(rows: [[1, 1, 1, 0], [0, 1, -1, -1]], divisors: [1, 1]))
    static let f4 = Algorithm(
      m: 4,
      data: Transform(
        rows: [
          [1, 0, -1.25, 0, 0.25, 0], [0, -2, -2, 0.5, 0.5, 0], [0, 2, -2, -0.5, 0.5, 0], [0, -1, -0.5, 1, 0.5, 0], [0, 1, -0.5, -1, 0.5, 0],
          [0, 1, 0, -1.25, 0, 0.25],
        ],
        divisors: [1, 1, 1, 1, 1, 1]),
      filter: Transform(rows: [[1, 0, 0], [1, 1, 1], [1, -1, 1], [1, 2, 4], [1, -2, 4], [0, 0, 1]], divisors: [1, -3, -3, 6, 6, 1]),
      inverse: Transform(rows: [[1, 1, 1, 0.5, 0.5, 0], [0, 1, -1, 1, -1, 0], [0, 1, 1, 2, 2, 0], [0, 1, -1, 4, -4, 4]], divisors: [1, 1, 1, 1]))

    /// In integers: 4 B', 6 G and 2 A' of all pairs of unit vectors are 48 times the convolution. Two dimensions follow, a Kronecker product.
    var isIdentity: Bool {
      func scaled(_ t: Transform, _ factor: Double) -> [[Int]] { zip(t.rows, t.divisors).map { row, d in row.map { Int(exactly: $0 * factor / d)! } } }
      let (a, g, b) = (scaled(inverse, 2), scaled(filter, 6), scaled(data, 4))
      func coefficient(_ p: Int, _ r: Int, _ x: Int) -> Int { (0..<t).reduce(0) { $0 + a[p][$1] * g[$1][r] * b[$1][x] } }
      return (0..<m).allSatisfy { p in (0..<3).allSatisfy { r in (0..<t).allSatisfy { coefficient(p, r, $0) == ($0 == p + r ? 48 : 0) } } }
    }

    /// The tiles of images, by row, column, channel, tile.
    func tiles(of images: [Double]) -> [Double] {
      let (edge, per) = (side + 2, side / m)
      return (0..<(t * t)).flatMap { ab in
        (0..<(images.count / (edge * edge))).flatMap { c in
          (0..<tiles).map { images[(c * edge + $0 / per * m + ab / t) * edge + $0 % per * m + ab % t] }
        }
      }
    }

    /// Second moments of the numbers in a tile.
    func moments(_ images: [Double]) -> [[Double]] {
      let (x, n) = (tiles(of: images), images.count / (side + 2) / (side + 2) * tiles)
      return (0..<(t * t)).map { a in (0..<(t * t)).map { b in (0..<n).reduce(0.0) { $0 + x[a * n + $1] * x[b * n + $1] } / Double(n) } }
    }

    /// For each channel sum: Σ_c U V, by row, column, filter, tile.
    func products(_ u: [Double], _ v: [Double], _ plan: Plan) -> [Double] {
      let c = u.count / (t * t * filterCount)
      return (0..<(t * t)).flatMap { i in
        product(
          plan, Matrix(rows: filterCount, columns: c, u, offset: i * filterCount * c, rowStride: c, columnStride: 1),
          Matrix(rows: c, columns: tiles, v, offset: i * c * tiles, rowStride: tiles, columnStride: 1))
      }
    }

    /// Results by filter, row, column.
    func image(_ y: [Double]) -> [Double] {
      (0..<(filterCount * side * side)).map { i in
        let (k, row, column) = (i / (side * side), i / side % side, i % side)
        return y[((row % m * m + column % m) * filterCount + k) * tiles + row / m * (side / m) + column / m]
      }
    }

    func convolve(_ images: [Double], _ filters: [Double], _ s: Setting) -> [Double] {
      let (v, u) = (data(tiles(of: images), s.transforms), filter(filters, s.transforms))
      let round = ArrayRounder<Double>(s.format)
      return image(inverse(products(round(u, .oneThread), round(v, .oneThread), .sequential(s.sums)), s.transforms))
    }

    /// The transformed magnitudes of tiles and filters, and what comes of them without roundings, for every output.
    func magnitudes(_ images: [Double], _ filters: [Double]) -> (v: [Double], u: [Double], outputs: [Double]) {
      let (v, u) = (data.magnitudes(tiles(of: images).map(abs), binary64), filter.magnitudes(filters.map(abs), binary64))
      return (v, u, image(inverse.magnitudes(products(u, v, .sequential(binary64)), binary64)))
    }

    /// A bound of |error| for every output: the magnitudes with all roundings upwards, less those without; 2^-40 is for this computation.
    /// Where something underflows, a rounding adds at most half a quantum; these are counted generously.
    func bounds(_ x: (v: [Double], u: [Double], outputs: [Double]), _ s: Setting) -> [Double] {
      func grown(_ x: [Double], _ transform: Transform) -> [Double] {
        let growth = pow(1 + unit(s.transforms), Double(transform.depth)) * (1 + unit(s.format))
        return x.map { ($0 + 16 * quantum(s.transforms)) * growth + quantum(s.format) }
      }
      let c = Double(x.u.count / (t * t * filterCount))
      let growth = pow(1 + unit(s.sums), c) * pow(1 + unit(s.transforms), Double(inverse.depth))
      let products = products(grown(x.u, filter), grown(x.v, data), .sequential(binary64)).map { ($0 + c * quantum(s.sums)) * growth }
      return zip(image(inverse.magnitudes(products, binary64)), x.outputs).map { ($0 - $1) + 0x1p-40 * $0 + 128 * quantum(s.transforms) }
    }

    /// The variance of the errors of the m² places of a tile, from the second moments of the data.
    func model(_ moments: [[Double]], _ c: Int, _ s: Setting) -> [Double] {
      func square(_ rounder: Rounder) -> Double { unit(rounder) * unit(rounder) * rate }
      let white = (0..<9).map { i in (0..<9).map { $0 == i ? weight * weight : 0 } }
      let (v, u, n) = (data.noise(moments), filter.noise(white), Double(c))
      let errors = (0..<(t * t)).map { i in
        let (a, b) = (u.moments[i][i], v.moments[i][i])
        let narrowing = s.isNarrow ? 0 : square(s.format) * a * b * (filter.combines[i] + data.combines[i])
        return n * (square(s.transforms) * (a * v.variances[i] + b * u.variances[i]) + narrowing) + square(s.sums) * a * b * n * (n + 1) / 2
      }
      let last = inverse.noise(zip(u.moments, v.moments).map { zip($0, $1).map { $0 * $1 * n } }).variances
      let a = inverse.rows.map { $0.map { $0 * $0 } }
      return (0..<(m * m)).map { place in
        (0..<(t * t)).reduce(square(s.transforms) * last[place]) { $0 + a[place % m][$1 / t] * a[place / m][$1 % t] * errors[$1] }
      }
    }
  }
}
