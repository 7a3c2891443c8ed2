// SPDX-License-Identifier: Apache-2.0
// The best size of the chunks of a sum, exactly.

import FmtLab
import Glibc

/// Question: n products are summed in chunks of c in the accumulator F, the n / c results in F again or in a wider G. Which c, a power
/// of two, is best for normal data and which in the worst case, and how much does it win?
///
/// Method: the exact rms error for N(0, 1) data rounded to the inputs' format, and the exact worst |error| / A over all inputs within the
/// range of that data (of magnitude 1/8 to 4, and 0), without overflow. G is e5m6, with u_G = 2^-7.
///
/// Prediction, made before measuring. The error of an addition that makes a sum of variance v has variance 0.18 u^2 v as long as terms
/// are larger than half a gap. So the c chunks err by 0.09 u^2 n (c + 1) together, their sums by 0.09 u_G^2 n (n / c + 1):
/// - F:c,F: rms best at c = sqrt n, and (n + 1) / (2 sqrt n + 2) times smaller in variance than with c = n: rms 1.9, 2.7, 3.9 times
///   for n = 64, 256, 1024.
/// - F:c,G: rms best at the c that minimises (c + 1) u^2 + (n / c + 1) u_G^2, about sqrt n u_G / u: 1, 2, 4 for F = e4m3 and 1, 1, 2 for F
///   = e5m2.
/// - F:c,F: worst case best at c = sqrt n within a factor 2: (1 + c u)(1 + n u / c) is least there.
/// - F:c,G: worst case best at c = sqrt(n u_G / u) within a factor 2: 2.8, 5.7, 11.3 for e4m3 and 2, 4, 8 for e5m2. Longer chunks than the
///   rms wants: the worst case of a chunk does not grow as fast as k u.
/// - c = sqrt n costs F:c,F at most 10 % of rms anywhere.
///
/// Result: F:c,F is best at c = sqrt n in all 18 cases, 1.7 to 3.1 times better than c = n in e4m3, 1.6 to 2.2 times in e5m2. F:c,G is best
/// at 1, 2, 4 (e4m3) and 1, 1, 2 (e5m2), and 2.7 to 4.3 times better than the best F:c,F at n = 1024. In the worst case it is best at c = 2
/// to 4.
///
/// Verdict: held: the best c of the rms, but for e2m1fn with e5m6, whose products e4m3 holds, so that the shortest chunks have no error;
/// and the worst case of F:c,G. Failed: the gain, up to 1.8 times less than foreseen: a sum in sequence stagnates, and its error stops
/// growing. Failed, and the surprise: the worst case of F:c,F. Where c u and n u / c are not small, c = sqrt n is not the best
/// choice but the worst of all: 1.41 A for 256 products of e4m3fn in e4m3 and 2.14 A in e5m2, where a sum in sequence never errs by more
/// than A. A chunk may err by all of its A, and the sum of chunks by all that these then are. So chunks of sqrt n in one short format buy a
/// smaller typical error with a larger worst one.
enum ChunkSize {
  static let inputs = ["e2m1fn", "e3m2fn", "e4m3fn"]
  static let accumulators = ["e4m3", "e5m2"]
  static let outer = "e5m6"
  static let lengths = [64, 256, 1024]

  /// One input format, accumulator and length, by the exponent of c.
  struct Curve: Sendable {
    let input, accumulator: String
    let n: Int
    let isWide: Bool
    let rms: [Double]
    /// Empty for n = 1024.
    let worst: [Double]
    /// Whether the bound of a hierarchy holds of the worst inputs.
    let isBounded: Bool

    init(_ input: String, _ accumulator: String, _ n: Int, isWide: Bool) throws {
      (self.input, self.accumulator, self.n, self.isWide) = (input, accumulator, n, isWide)
      let format = try Format(input)
      let law = Distribution.normal.law(in: format)
      let normal = try Terms(products: law, law)
      let range = DiscreteLaw(law.values.filter { $0.isZero || $0.magnitude >= .power(-3) && $0.magnitude <= 4 })
      let all = try Terms(products: range, range)
      let (inner, outer) = (try Rounder(to: Format(accumulator)), try Rounder(to: Format(isWide ? ChunkSize.outer : accumulator)))
      var (rms, worst, isBounded) = ([Double](), [Double](), true)
      for exponent in 0...n.trailingZeroBitCount {
        let plan = Plan.chunked(1 << exponent, inner: .sequential(inner), outer: .sequential(outer))
        let moments = try ExactAnalysis(plan, normal).moments(n, .oneThread)
        rms.append(moments.rms / moments.meanMagnitudes)
        guard n <= 256 else { continue }
        let found = try ExactAnalysis(plan, all).worst(n, .oneThread)
        worst.append(found.ratio.double)
        let bound = try Bound.catalogue.first { $0.id == "dot.hierarchy" }!.applied(to: .dot(format, format, DotProduct(plan), count: n))
        isBounded = isBounded && bound.radius!.bound(Upward(found.magnitudes)) >= Upward(found.error.magnitude)
      }
      (self.rms, self.worst, self.isBounded) = (rms, worst, isBounded)
    }

    var bestOfRms: Int { rms.indices.min { rms[$0] < rms[$1] }! }
    var bestOfWorst: Int? { worst.indices.min { worst[$0] < worst[$1] } }
    /// log2 n / 2.
    var root: Int { n.trailingZeroBitCount / 2 }
    /// u_G / u.
    var units: Double { accumulator == "e4m3" ? 1.0 / 8 : 1.0 / 16 }
  }

  static func run(arguments: [String]) -> Int32 {
    let cases = lengths.flatMap { n in accumulators.flatMap { f in inputs.flatMap { x in [(x, f, n, false), (x, f, n, true)] } } }
    let results = parallelMap(cases.count, .allCores) { i in
      Result { try Curve(cases[i].0, cases[i].1, cases[i].2, isWide: cases[i].3) }
    }
    do { return report(try results.map { try $0.get() }, arguments) } catch {
      Experiments.note("error: \(error)")
      return 1
    }
  }

  private static func report(_ curves: [Curve], _ arguments: [String]) -> Int32 {
    print("normal data: rms error / E A at the best c, and how many times that at others")
    print("all inputs: worst |error| / A at the best c and at others")
    for isWide in [false, true] {
      print(isWide ? "\nchunks of c in F, their sums in \(outer)" : "\nchunks of c in F, their sums in F")
      var table = Table(
        ["n", "inputs", "F", "rms: c", "rms", "c = n", "c = sqrt n", "worst: c", "worst", "c = n", "c = sqrt n"], leftAligned: [1, 2])
      for curve in curves where curve.isWide == isWide {
        let rms = curve.rms[curve.bestOfRms]
        let worst = curve.bestOfWorst.map {
          ["\(1 << $0)", curve.worst[$0].threeDigits, curve.worst.last!.threeDigits, curve.worst[curve.root].threeDigits]
        }
        table.add([
          "\(curve.n)", curve.input, curve.accumulator, "\(1 << curve.bestOfRms)", rms.threeDigits, (curve.rms.last! / rms).threeDigits,
          (curve.rms[curve.root] / rms).threeDigits,
        ] + (worst ?? ["-", "-", "-", "-"]))
      }
      table.lines().forEach { print($0) }
    }
    print("\ne4m3fn in e4m3, n = 256, by c")
    var table = Table(["c"] + (0...8).map { "\(1 << $0)" }, leftAligned: [0])
    let shown = curves.filter { $0.input == "e4m3fn" && $0.accumulator == "e4m3" && $0.n == 256 }
    for curve in shown {
      table.add(["rms, \(curve.isWide ? outer : "F")"] + curve.rms.map(\.threeDigits))
      table.add(["worst, \(curve.isWide ? outer : "F")"] + curve.worst.map(\.threeDigits))
    }
    table.lines().forEach { print($0) }
    if let at = arguments.firstIndex(of: "--plot"), at + 1 < arguments.count {
      let series = shown.flatMap { curve -> [Figure.Series] in
        let sums = curve.isWide ? "sums in \(outer)" : "sums in e4m3"
        func points(_ values: [Double]) -> [(x: Double, y: Double)] { values.indices.map { (Double(1 << $0), values[$0]) } }
        return [
          .init("rms, \(sums)", points(curve.rms), .curve),
          .init("best at \(1 << curve.bestOfRms): \(curve.rms.min()!.threeDigits)", [points(curve.rms)[curve.bestOfRms]], .ring),
          .init("worst, \(sums)", points(curve.worst), .curve),
          .init("best at \(1 << curve.bestOfWorst!): \(curve.worst.min()!.threeDigits)", [points(curve.worst)[curve.bestOfWorst!]], .ring),
        ]
      }
      let figure = Figure(
        title: "256 products of e4m3fn in chunks of c in e4m3", x: .init("c", .log2), y: .init("|error| / A", .log10), series: series)
      do {
        if let note = try figure.draw(arguments[at + 1]) { Experiments.note("note: \(note)") }
      } catch {
        Experiments.note("error: \(error)")
        return 66
      }
    }
    return claims(curves, arguments)
  }

  private static func claims(_ curves: [Curve], _ arguments: [String]) -> Int32 {
    let (narrow, wide) = (curves.filter { !$0.isWide }, curves.filter(\.isWide))
    func predicted(_ curve: Curve) -> Int {
      func cost(_ exponent: Int) -> Double {
        let (c, n) = (Double(1 << exponent), Double(curve.n))
        return c + 1 + (n / c + 1) * curve.units * curve.units
      }
      return (0...curve.n.trailingZeroBitCount).min { cost($0) < cost($1) }!
    }
    func gain(_ curve: Curve) -> Double {
      let n = Double(curve.n)
      return ((n + 1) / (2 * n.squareRoot() + 2)).squareRoot()
    }
    let isBounded = curves.allSatisfy(\.isBounded)
    let measured = [
      ("F:c,F rms best at c = sqrt n", narrow.allSatisfy { $0.bestOfRms == $0.root }),
      ("F:c,F rms wins what the model says, within a tenth", narrow.allSatisfy {
        abs($0.rms.last! / $0.rms[$0.bestOfRms] / gain($0) - 1) < 0.1
      }),
      ("F:c,G rms best where the model says", wide.allSatisfy { $0.bestOfRms == predicted($0) }),
      ("F:c,F worst case best at c = sqrt n within a factor 2", narrow.allSatisfy { curve in
        curve.bestOfWorst.map { abs($0 - curve.root) <= 1 } ?? true
      }),
      ("F:c,G worst case best at c = sqrt(n u_G / u) within a factor 2", wide.allSatisfy { curve in
        curve.bestOfWorst.map { abs(Double($0) - log2(Double(curve.n) * curve.units) / 2) <= 1 } ?? true
      }),
      ("c = sqrt n costs F:c,F at most 10 % of rms", narrow.allSatisfy { $0.rms[$0.root] <= 1.1 * $0.rms[$0.bestOfRms] }),
    ]
    print("\n\(isBounded ? "held:    " : "failed:  ")a theorem: dot.hierarchy bounds every worst case")
    for (claim, holds) in measured { print("\(holds ? "held:    " : "failed:  ")\(claim)") }
    return arguments.contains("--check") && !isBounded ? 1 : 0
  }
}
