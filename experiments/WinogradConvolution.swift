// SPDX-License-Identifier: Apache-2.0
// What Winograd's convolution costs in accuracy, by format, accumulator and transforms.

import FmtLab
import Glibc

/// Question: how large is the error of a 3 × 3 convolution carried out directly, as a matrix product in another order (im2col), and by Winograd's
/// F(2×2,3×3) and F(4×4,3×3), by format, accumulator and format of the transforms?
///
/// Method: 16 × 16 outputs of 8 filters of N(0, 1/4) weights over C channels of N(0, 1) data or of digit images (twice as large, over their rms,
/// padded by zeros), rounded to F; five seeds. Errors are against the exact sums rounded to binary64. Sums, in order, in fp32, in e6m5
/// or fp16, or in F. Transforms in fp32, the transformed tiles rounded to F; or all in F. Lavin and Gray, CVPR 2016; Barabasz et al., TOMS 2020.
///
/// Prediction, made before measuring, by a model of first order: a rounding of v adds an independent error of variance u^2 v^2 / (8 ln 2), times
/// the squares of the entries of all later transforms; second moments of the data are given (N(0, 1) data: white).
/// - theorems: the matrices give the convolution; |error| <= n u sum |x w| directly; the transforms' bound with magnitudes holds. On
///   N(0, 1) data its amplification is 64/9 = 7.1 for F(2,3) and 105^2/144 = 76.6 for F(4,3): one digit. The model's rms: 1.60 and 10.4
///   roundings of the inputs, only 6.5 times apart.
/// - the accumulator alone: sums of C terms, not 9 C, make F(2,3) better than direct: 0.58 of its rms at C = 64 in fp16 sums of fp16, 0.61 all in
///   F; F(4,3) 3.7 and 4.1 times worse.
/// - sums in fp32: transformed tiles lose what direct sums keep: 1000 to 14000 times worse for p = 11.
/// - the model is within 25 % for p >= 8, but for bf16 in fp32, whose products of 16 bits are summed with fewer errors than it says.
/// - of the 16 places in a tile of F(4,3) the last is 10 times worse than the first.
/// - p = 3, 4, all in F: F(4,3) errs by more than the result (C = 64: 3.7 and 1.8 times); F(2,3) beats direct there too.
/// - digit images are smooth: F(4,3) loses less against direct than on N(0, 1) data. im2col is as good as direct within 10 %.
///
/// Result: 64 settings, 13 s on two cores. On N(0, 1) data with p >= 8 the ratios are 0 to 11 % from the model: all in F at C = 64 0.61 and 3.8 to
/// 4.0 (bf16, fp16, fp32); in fp32 1.63 to 1.66 and 10.3 to 10.4 roundings of the inputs. bf16 summed directly in fp32 errs 0.30 to 0.41
/// of the model, e4m3fn not at all. On digits F(4,3) all in F is 1.2 to 1.7 times worse than direct for p >= 8, and its last place 4.3 to 5.0
/// times worse than its first. tf32 is fp16 here, to three digits. The largest errors are 0.04, 0.13 and 0.02 of their bounds.
///
/// Verdict: F(2,3) is more accurate than the direct sum where sums are as coarse as F, being nine times shorter. F(4,3) is 5.8 to 6.6 times worse than
/// F(2,3) on N(0, 1) data, where bounds foretell 11 times, and 2.4 to 2.7 times on digits. With a wide accumulator both lose by the ratio of the units,
/// as the tiles are rounded and the factors of a direct sum are not.
/// Failed: "digits within 25 %", by one ratio of 26 % (F(2,3), p = 11 in fp32, C = 64): direct sums err 3 to 13 % less than modelled. Products of
/// black pixels, a third of them, are added without error, worth 5 % (counted apart); the rest is less than the spread of seeds. Failed: "F(4,3) errs by more than the
/// result", by 0.6 % in e4m3fn at C = 16 (2.0 times in e5m2; at C = 64 2.6 and 1.6, less than foreseen). For p = 3, 4
/// sums stagnate, so that direct ones all in F err by 0.61 to 0.88 of the model: ratios are up to 1.33 times those predicted.
enum WinogradConvolution {
  static let formats = ["e5m2", "e4m3fn", "bf16", "fp16", "tf32", "fp32"]
  static let methods = ["direct", "im2col", "F(2,3)", "F(4,3)"]
  static let kinds = ["normal", "digits"]
  static let channels = [16, 64]
  static let seeds: [UInt64] = [1, 2, 3, 4, 5]
  static let side = 16, filterCount = 8
  /// rms of the weights: a power of two with which no sum overflows in e4m3fn.
  static let weight = 0.5

  /// The numbers' format, and those of sums and of transforms.
  struct Setting: Sendable {
    let format, sums, transforms: Rounder
    var isNarrow: Bool { transforms == format }
    var names: [String] { [format, sums, transforms].map(\.format.name) }
    var p: Int { format.format.precision }

    static let all: [Setting] = formats.flatMap { f in
      let sums = f == "fp32" ? [(f, f)] : [("fp32", "fp32"), (f.hasPrefix("e") ? "e6m5" : "fp16", "fp32"), (f, f)]
      return sums.map { Setting(format: rounder(f), sums: rounder($0.0), transforms: rounder($0.1)) }
    }
  }

  static let binary64 = rounder("fp64")
  static func rounder(_ name: String) -> Rounder { try! Rounder(to: Format(name)) }
  static func unit(_ rounder: Rounder) -> Double { Double(sign: .plus, exponent: -rounder.format.precision, significand: 1) }
  static func quantum(_ rounder: Rounder) -> Double { Double(sign: .plus, exponent: rounder.format.quantumExponent, significand: 1) }
  static func product(_ plan: Plan, _ a: Matrix<Double>, _ b: Matrix<Double>) -> [Double] { MatrixProduct(DotProduct(plan))(a, b, .oneThread).elements }
  static func meanSquare(_ x: [Double]) -> Double { x.reduce(0) { $0 + $1 * $1 } / Double(x.count) }

  /// The mean square of a rounding error over that of the number and over u²: 1/3 of (2^e / v)² with log-uniform significands.
  static let rate = 1 / (8 * log(2.0))

  /// Padded images, channel after channel.
  static func images(_ kind: String, _ c: Int, _ seed: UInt64) -> [Double] {
    let stream = RandomStream(seed: seed, "images"), edge = side + 2
    if kind == "normal" { return normal(stream, c * edge * edge) }
    let pixels = (0..<c).flatMap { channel -> [Double] in
      let image = Digits.images[stream.integer(below: Digits.images.count, at: UInt64(channel))]
      // Twice as large, linear between the centres of pixels; zeros around.
      func weights(_ y: Int) -> [(Int, Double)] {
        [(max((y - 1) / 2, 0), y % 2 == 0 ? 0.25 : 0.75), (min((y + 1) / 2, 7), y % 2 == 0 ? 0.75 : 0.25)]
      }
      return (0..<(edge * edge)).map { i in
        let (y, x) = (i / edge - 1, i % edge - 1)
        guard 0..<side ~= y && 0..<side ~= x else { return 0 }
        return weights(y).reduce(0.0) { sum, a in weights(x).reduce(sum) { $0 + a.1 * $1.1 * image[8 * a.0 + $1.0] } }
      }
    }
    let rms = meanSquare(pixels).squareRoot()
    return pixels.map { $0 / rms }
  }

  static func normal(_ stream: RandomStream, _ count: Int) -> [Double] { (0..<count).map { Distribution.normal.sample(stream, at: $0) } }

  /// What one setting does to one set of data; errors by method.
  struct Outcome: Sendable {
    let kind: String
    let c: Int
    let seed: UInt64
    let setting: Setting
    /// rms and mean of Σ |x w|, and the rms result.
    let magnitudes, mean, result: Double
    var rms: [Double] = [], means: [Double] = []
    /// Mean squares of the errors of F(4,3), by place in the tile.
    var places = [Double](repeating: 0, count: 16)
    /// The largest |error| over its bound, and the mean of the sum that F(2,3) and F(4,3) form with magnitudes over that of Σ |x w|.
    var tightness: [Double] = [], amplification: [Double] = []
  }

  static func measure(_ kind: String, _ c: Int, _ seed: UInt64, _ format: String) -> [Outcome] {
    let (edge, n) = (side + 2, 9 * c)
    let round = ArrayRounder<Double>(rounder(format))
    let x = round(images(kind, c, seed), .oneThread)
    let w = round(normal(RandomStream(seed: seed, "filters"), n * filterCount).map { weight * $0 }, .oneThread)
    /// All dot products, whose terms are in order of channels or of taps.
    func direct(_ x: [Double], _ w: [Double], _ plan: Plan, byTap: Bool = false) -> [Double] {
      let terms = (0..<n).map { byTap ? ($0 % c, $0 / c) : ($0 / 9, $0 % 9) }
      return product(
        plan,
        Matrix(gathering: w, rowOffsets: (0..<filterCount).map { Int32($0 * c) }, columnOffsets: terms.map { Int32($1 * filterCount * c + $0) }),
        Matrix(
          gathering: x, rowOffsets: terms.map { Int32(($0 * edge + $1 / 3) * edge + $1 % 3) },
          columnOffsets: (0..<(side * side)).map { Int32($0 / side * edge + $0 % side) }))
    }
    let (exact, sizes) = (direct(x, w, .exact(binary64)), direct(x.map(abs), w.map(abs), .sequential(binary64)))
    let (two, four) = (Algorithm.f2.magnitudes(x, w), Algorithm.f4.magnitudes(x, w))
    return Setting.all.filter { $0.format.format.name == format }.map { s in
      let bound = sizes.map { Double(n) * (unit(s.sums) * ($0 * (1 + 0x1p-40) + Double(n) * quantum(s.sums)) + quantum(s.sums)) }
      var outcome = Outcome(
        kind: kind, c: c, seed: seed, setting: s, magnitudes: meanSquare(sizes).squareRoot(), mean: sizes.reduce(0, +) / Double(sizes.count),
        result: meanSquare(exact).squareRoot())
      let results = [
        (direct(x, w, .sequential(s.sums)), bound), (direct(x, w, .sequential(s.sums), byTap: true), bound),
        (Algorithm.f2.convolve(x, w, s), Algorithm.f2.bounds(two, s)), (Algorithm.f4.convolve(x, w, s), Algorithm.f4.bounds(four, s)),
      ]
      for (y, bound) in results {
        let errors = zip(y, exact).map { $0 - $1 }
        outcome.rms.append(meanSquare(errors).squareRoot())
        outcome.means.append(errors.reduce(0) { $0 + abs($1) } / Double(errors.count))
        outcome.tightness.append(zip(errors, bound).reduce(0) { $1.0.isFinite ? max($0, abs($1.0) / $1.1) : .infinity })
        outcome.places = (0..<16).map { place in
          meanSquare(errors.indices.filter { $0 / side % 4 == place / 4 && $0 % 4 == place % 4 }.map { errors[$0] })
        }
      }
      outcome.amplification = [two, four].map { $0.outputs.reduce(0, +) / sizes.reduce(0, +) }
      return outcome
    }
  }

  /// One setting and kind of data, over all seeds, beside its model.
  struct Case: Sendable {
    let kind: String
    let c: Int
    let setting: Setting
    let outcomes: [Outcome]
    /// Of direct, im2col, F(2,3) and F(4,3).
    let model: [Double]

    init(_ outcomes: [Outcome]) {
      let (kind, c, setting) = (outcomes[0].kind, outcomes[0].c, outcomes[0].setting)
      let algorithms = [Algorithm.f2, .f4].map { f in
        let places = f.model(kind == "normal" ? Case.white(f.t * f.t) : Case.moments[f.t]!, c, setting)
        return (places.reduce(0, +) / Double(places.count)).squareRoot()
      }
      let (u, n) = (unit(setting.sums), Double(9 * c))
      let direct = u * weight * (rate * n * (n + 1) / 2 * (kind == "normal" ? 1 : Case.pixels)).squareRoot()
      (self.kind, self.c, self.setting, self.outcomes, model) = (kind, c, setting, outcomes, [direct, direct] + algorithms)
    }

    static func white(_ n: Int) -> [[Double]] { (0..<n).map { i in (0..<n).map { $0 == i ? 1 : 0 } } }
    static let moments = Dictionary(uniqueKeysWithValues: [Algorithm.f2, .f4].map { ($0.t, $0.moments(images("digits", 64, 1))) })
    static let pixels = moments[6]!.indices.reduce(0.0) { $0 + moments[6]![$1][$1] } / 36

    var magnitudes: Double { average(\.magnitudes) }
    func average(_ value: (Outcome) -> Double) -> Double { outcomes.reduce(0) { $0 + value($1) } / Double(outcomes.count) }
    /// Over the seeds together.
    func rms(_ method: Int) -> Double { average { $0.rms[method] * $0.rms[method] }.squareRoot() }
    /// The standard deviation of a seed's rms error, relative, the largest of all methods.
    var spread: Double {
      methods.indices.map { i in
        let mean = average { $0.rms[i] }
        let n = Double(outcomes.count)
        return mean == 0 ? 0 : (average { ($0.rms[i] - mean) * ($0.rms[i] - mean) } * n / (n - 1)).squareRoot() / mean
      }.max()!
    }
    func ratio(_ method: Int) -> Double { rms(method) / rms(0) }
    func predicted(_ method: Int) -> Double { model[method] / model[0] }
    /// rms error over rms result.
    func relative(_ method: Int) -> Double { rms(method) / average { $0.result * $0.result }.squareRoot() }
  }

  static func run(arguments: [String]) -> Int32 {
    let sets = kinds.flatMap { kind in channels.flatMap { c in seeds.flatMap { seed in formats.map { (kind, c, seed, $0) } } } }
    let outcomes = parallelMap(sets.count, .allCores) { measure(sets[$0].0, sets[$0].1, sets[$0].2, sets[$0].3) }.flatMap { $0 }
    let cases = kinds.flatMap { kind in
      channels.flatMap { c in
        Setting.all.map { s in Case(outcomes.filter { $0.kind == kind && $0.c == c && $0.setting.names == s.names }) }
      }
    }
    print("seeds \(seeds.map { "\($0)" }.joined(separator: ", ")); spread: the standard deviation of a seed's rms error; T: transforms")
    for kind in kinds {
      for c in channels { table(cases.filter { $0.kind == kind && $0.c == c }) }
    }
    means(cases)
    if let at = arguments.firstIndex(of: "--plot"), at + 1 < arguments.count {
      do {
        if let note = try figure(cases).draw(arguments[at + 1]) { Experiments.note("note: \(note)") }
      } catch {
        Experiments.note("error: \(error)")
        return 66
      }
    }
    return claims(cases, arguments)
  }

  private static func table(_ cases: [Case]) {
    print("\n\(cases[0].kind) data, C = \(cases[0].c): rms error / rms sum |x w|; ratios to direct, predicted / measured")
    func short(_ ratio: Double) -> String { ratio < 1e5 ? ratio.threeDigits : ">1e5" }
    var table = Table(["F", "sums", "T"] + methods + ["spread", "F(2,3) ratio", "F(4,3) ratio"], leftAligned: [0, 1, 2])
    for x in cases {
      table.add(
        x.setting.names + methods.indices.map { (x.rms($0) / x.magnitudes).significant(2) } + ["\((100 * x.spread).significant(2))%"]
          + [2, 3].map { "\(short(x.predicted($0))) / \(short(x.ratio($0)))" })
    }
    table.lines().forEach { print($0) }
  }

  private static func means(_ cases: [Case]) {
    print("\nC = 64: mean |error| / mean sum |x w|, normal data and digits")
    var table = Table(["F", "sums", "T"] + methods + methods, leftAligned: [0, 1, 2])
    for (x, y) in zip(cases.filter { $0.c == 64 && $0.kind == "normal" }, cases.filter { $0.c == 64 && $0.kind == "digits" }) {
      table.add(x.setting.names + [x, y].flatMap { x in methods.indices.map { i in (x.average { $0.means[i] } / x.average(\.mean)).significant(2) } })
    }
    table.lines().forEach { print($0) }
  }

  private static func figure(_ cases: [Case]) -> Figure {
    func series(_ name: String, _ style: Figure.Style, _ kept: (Setting) -> Bool, _ value: (Case) -> Double) -> Figure.Series {
      Figure.Series(name, cases.filter { $0.kind == "normal" && $0.c == 64 && kept($0.setting) }.map {
        (Double(formats.firstIndex(of: $0.setting.names[0])!), value($0) / $0.magnitudes / unit($0.setting.format))
      }, style)
    }
    let (narrow, wide) = ({ (s: Setting) in s.isNarrow }, { (s: Setting) in s.sums.format.name == "fp32" && !s.isNarrow })
    let all = [0, 2, 3].map { i in series("\(methods[i]), all in F", .measured, narrow) { $0.rms(i) } }
      + [0, 2, 3].map { i in series("\(methods[i]), all in F: model", .bound, narrow) { $0.model[i] } }
      + [2, 3].map { i in series("\(methods[i]), tiles in F, the rest in fp32", .measured, wide) { $0.rms(i) } }
    return Figure(
      title: "3 x 3 convolutions of 64 channels of normal data", x: .init("F, by precision", .categories(formats)),
      y: .init("rms error / (u rms sum |x w|)", .powersOfTwo, from: 0x1p-5, to: 4), series: all)
  }

  private static func claims(_ cases: [Case], _ arguments: [String]) -> Int32 {
    func tightest(_ methods: [Int]) -> Double { cases.flatMap(\.outcomes).map { x in methods.map { x.tightness[$0] }.max()! }.max()! }
    let (normal, digits) = (cases.filter { $0.kind == "normal" }, cases.filter { $0.kind == "digits" })
    func isWide(_ x: Case) -> Bool { x.setting.sums.format.name == "fp32" && x.setting.p < 24 }
    func isModelled(_ x: Case) -> Bool { x.setting.p >= 8 && !(x.setting.p == 8 && isWide(x)) }
    /// In roundings of the inputs.
    func tiles(_ x: Case, _ i: Int) -> Double { x.rms(i) / (unit(x.setting.format) * weight * (2 * rate * Double(9 * x.c)).squareRoot()) }
    func near(_ a: Double, _ b: Double) -> Bool { abs(a / b - 1) <= 0.25 }
    func amplification(_ i: Int) -> Double { normal.reduce(0) { $0 + $1.average { $0.amplification[i] } } / Double(normal.count) }
    func last(_ x: Case) -> Double { (x.average { $0.places[15] } / x.average { $0.places[0] }).squareRoot() }
    let theorems: [(String, Bool)] = [
      ("F(2,3) and F(4,3) give the convolution, in integers", Algorithm.f2.isIdentity && Algorithm.f4.isIdentity),
      ("no output overflows, and |error| <= n u sum |x w| directly", tightest([0, 1]) <= 1),
      ("the bound with magnitudes holds of F(2,3) and F(4,3)", tightest([2, 3]) <= 1),
    ]
    func all(_ cases: [Case], _ kept: (Case) -> Bool, _ holds: (Case) -> Bool) -> Bool { cases.filter(kept).allSatisfy(holds) }
    func isLong(_ x: Case) -> Bool { x.setting.p >= 8 }
    func isShort(_ x: Case) -> Bool { x.setting.p < 8 && x.setting.isNarrow }
    func agrees(_ x: Case) -> Bool { near(x.ratio(2), x.predicted(2)) && near(x.ratio(3), x.predicted(3)) }
    let areAmplified = abs(amplification(0) * 9 / 64 - 1) < 0.02 && abs(amplification(1) * 144 / 11025 - 1) < 0.02
    let lessOnDigits = zip(normal, digits).allSatisfy { $1.rms(0) == 0 || $1.ratio(3) < $0.ratio(3) }
    let measured: [(String, Bool)] = [
      ("amplification of bounds 64/9 and 105^2/144 within 2 %", areAmplified),
      ("p = 8, 11 in fp32: 1.60 and 10.4 roundings of the inputs within 25 %", all(normal, { isWide($0) && isLong($0) }) {
        near(tiles($0, 2), 1.6) && near(tiles($0, 3), 10.4)
      }),
      ("normal data, p >= 8: ratios as the model says within 25 %", all(normal, isModelled, agrees)),
      ("digits, p >= 8: ratios as the model says within 25 %", all(digits, isModelled, agrees)),
      ("bf16 in fp32: direct sums err less than the model says", all(cases, { isWide($0) && $0.setting.p == 8 }) { $0.rms(0) < $0.model[0] }),
      ("all in F, F(2,3) beats direct and F(4,3) loses, in every format", all(cases, \.setting.isNarrow) { $0.ratio(2) < 1 && $0.ratio(3) > 1 }),
      ("p = 11 in fp32: 1000 to 14000 times worse within 25 %", all(normal, { isWide($0) && $0.setting.p == 11 }) { $0.ratio(2) > 750 && $0.ratio(3) < 17500 }),
      ("p >= 8: the last place of F(4,3) is 10 times worse than the first within 25 %", all(normal, isLong) { near(last($0), 10) }),
      ("p = 3, 4, all in F: F(4,3) errs by more than the result", all(normal, isShort) { $0.relative(3) > 1 }),
      ("F(4,3) loses less on digits", lessOnDigits),
      ("p >= 8: im2col is as good as direct within 10 %", all(cases, isLong) { abs($0.ratio(1) - 1) <= 0.1 }),
    ]
    print("\nlargest |error| / bound: direct \(tightest([0, 1]).threeDigits), F(2,3) \(tightest([2]).threeDigits), F(4,3) \(tightest([3]).threeDigits)")
    print("normal data: amplification \(amplification(0).threeDigits), \(amplification(1).threeDigits)")
    print("\ntheorems")
    for (claim, holds) in theorems { print("\(holds ? "held:    " : "failed:  ")\(claim)") }
    print("measured")
    for (claim, holds) in measured { print("\(holds ? "held:    " : "failed:  ")\(claim)") }
    return arguments.contains("--check") && !theorems.allSatisfy(\.1) ? 1 : 0
  }
}
