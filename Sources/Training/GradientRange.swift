// SPDX-License-Identifier: Apache-2.0
// Which shares of the gradients a loss scale leaves to underflow and overflow.

internal import Formats
internal import Glibc

/// Gradients with normal log₂|g| of mean m and deviation s, times 2^k, rounded to nearest to a format of range η … Ω: with
/// z(t) = (log₂t − k − m)/s, Φ(z(η/2)) are flushed, Φ(z(2^emin)) − Φ(z(η/2)) are below the normal numbers, 1 − Φ(z(Ω + ulp/2)) overflow.
enum GradientRange {
  static let id = "sgd.loss-scale"
  static let (mean, deviation) = (-26.0, 3.0)
  static let cases: [(format: Format, exponent: Int)] = [
    (.fp16, 0), (.fp16, 8), (.fp16, 16), (.e5m2, 8), (.e5m2, 16), (.e4m3fn, 16), (.e4m3fn, 24),
  ]
  private static let (batches, batch) = (64, 1 << 16)

  /// Shares of the gradients.
  struct Shares {
    var flushed, subnormal, overflowed: Double
  }

  /// log₂ of η/2, 2^emin and Ω + ulp(Ω)/2.
  private static func ends(_ format: Format) -> (tiny: Double, normal: Double, huge: Double) {
    // Formats of the catalogue with all three.
    let (smallest, largest) = (Double(exactly: format.minSubnormal!)!, Double(exactly: format.maxFinite)!)
    return (log2(smallest) - 1, Double(format.emin!), log2(largest + Double(exactly: format.ulp(format.maxFinite))! / 2))
  }

  static func shares(_ format: Format, exponent k: Int) -> Shares {
    let ends = ends(format)
    /// P(log₂|g| + k < t), from the tail for accuracy.
    func below(_ t: Double) -> Double { erfc(-(t - Double(k) - mean) / (deviation * 2.0.squareRoot())) / 2 }
    func above(_ t: Double) -> Double { erfc((t - Double(k) - mean) / (deviation * 2.0.squareRoot())) / 2 }
    return Shares(flushed: below(ends.tiny), subnormal: below(ends.normal) - below(ends.tiny), overflowed: above(ends.huge))
  }

  /// The k at which as many gradients are flushed as overflow.
  static func balance(_ format: Format) -> Double { (ends(format).huge + ends(format).tiny) / 2 - mean }

  @Sendable static func findings(_ seed: UInt64, _ parallelism: Parallelism, _ progress: Progress) -> [Finding] {
    // The scales about the balance, at one of which the fewest gradients are lost.
    let balance = balance(.e4m3fn)
    let around = (Int(balance) - 2...Int(balance) + 3).map { (format: Format.e4m3fn, exponent: $0) }
    let (all, random) = (cases + around, RandomStream(seed: seed, id))
    let counts = parallelMap(batches, parallelism, progress: progress) { i in
      var logarithms = [Double](repeating: 0, count: batch)
      random.child(i).fillWithNormals(&logarithms, scale: deviation)
      let gradients = logarithms.map { exp2($0 + mean) }
      return all.map { count(gradients, $0.format, $0.exponent) }
    }
    let n = Double(batches * batch)
    let measured = all.indices.map { k in
      let sums = counts.reduce((0, 0, 0)) { ($0.0 + $1[k].flushed, $0.1 + $1[k].subnormal, $0.2 + $1[k].overflowed) }
      return Shares(flushed: Double(sums.0) / n, subnormal: Double(sums.1) / n, overflowed: Double(sums.2) / n)
    }
    let best = (cases.count..<all.count).min { measured[$0].flushed + measured[$0].overflowed < measured[$1].flushed + measured[$1].overflowed }!
    return cases.indices.flatMap { i -> [Finding] in
      let predicted = shares(cases[i].format, exponent: cases[i].exponent)
      return [("flushed", \Shares.flushed), ("subnormal", \.subnormal), ("overflow", \.overflowed)].map { name, share in
        let p = predicted[keyPath: share]
        let error = (p * (1 - p) / n).squareRoot()
        return Finding(
          id, "\(cases[i].format), scale 2^\(cases[i].exponent): \(name)", predicted: p, measured: measured[i][keyPath: share], standardError: error,
          .distance(4 * error + 1 / n))
      }
    } + [Finding(id, "e4m3fn: log2 of the scale that loses least", predicted: balance, measured: Double(all[best].exponent), .distance(0.5))]
  }

  private static func count(_ gradients: [Double], _ format: Format, _ exponent: Int) -> (flushed: Int, subnormal: Int, overflowed: Int) {
    let scale = Double(sign: .plus, exponent: exponent, significand: 1)
    // Infinity or NaN, which all these formats have, tells what overflows.
    let (scaled, round) = (gradients.map { $0 * scale }, ArrayRounder<Double>(try! Rounder(to: format, overflow: .ieee)))
    let (rounded, smallest) = (round(scaled, .oneThread), Double(sign: .plus, exponent: format.emin!, significand: 1))
    return zip(scaled, rounded).reduce(into: (0, 0, 0)) { counts, g in
      if g.1 == 0 { counts.0 += 1 } else if g.0 < smallest { counts.1 += 1 } else if !g.1.isFinite { counts.2 += 1 }
    }
  }
}
