// SPDX-License-Identifier: Apache-2.0
// What a multiplier may leave out before training suffers.

import FmtLab

/// Question: which of the six configurations of a small multiplier trains as well as the complete one? `:cfg1` has everything, and rounds the
/// product to its format; `:cfg2` flushes subnormal products, `:cfg3` keeps products exact, `:cfg4` has no NaN, `:cfg5` reads subnormal codes as
/// one binade more, `:cfg6` as zero.
///
/// Method: LeNet, the first 12,000 images of Fashion-MNIST, 3 epochs, five seeds, all 10,000 test images; W, X, dY in e4m3 or e5m2, sums in e6m5,
/// a dynamic loss scale.
///
/// Prediction, made before measuring:
/// - e4m3: weights are about 0.05 and the smallest normal number is 2^-6, so that most products of the forward passage are subnormal: `:cfg1` loses
///   some of their bits, `:cfg2` nearly all of them: it is at least 5 % worse than `:cfg3`, `:cfg1` no more than 2 %.
/// - e5m2: subnormals begin at 2^-14, below the products that matter: `:cfg2` within 1 % of `:cfg1`. Rounding products to two fraction bits
///   costs: `:cfg1` and `:cfg2` are worse than `:cfg3`, by less than 2 %.
/// - `:cfg3`, `:cfg4` and `:cfg5` are within 1 % of each other in both formats. `:cfg6` is within 1 % of them in e5m2 and loses in e4m3, whose small
///   weights are flushed, by 1 to 5 %.
/// - With exact products e4m3, being twice as fine, is no better than e5m2 by more than 1 %: the sums of 5 fraction bits decide.
enum MultiplierConfigurations {
  static let formats = ["e4m3", "e5m2"]
  static let seeds: [UInt64] = [1, 2, 3, 4, 5]

  static func setting(_ format: String, _ configuration: Int) -> TrainingRun.Setting {
    TrainingRun.Setting(images: 12_000, epochs: 3, policy: "\(format)cfg\(configuration)+e6m5")
  }

  static func run(arguments: [String]) -> Int32 {
    TrainingRuns.report(formats.flatMap { f in (1...6).map { setting(f, $0) } } + [LossScaling.reference], seeds, arguments) { runs in
      let reference = runs.accuracy(LossScaling.reference, seeds: seeds)
      print("test accuracy in %, mean and standard deviation over seeds 1 to \(seeds.count); fp32: \(reference)")
      var table = Table(["multiplier"] + formats.flatMap { [$0, "worse than cfg3"] }, leftAligned: [0])
      for n in 1...6 {
        table.add(["cfg\(n)"] + formats.flatMap { f in
          ["\(runs.accuracy(setting(f, n), seeds: seeds))", n == 3 ? "-" : runs.loss(setting(f, n), than: setting(f, 3), seeds: seeds).text]
        })
      }
      table.lines().forEach { print($0) }

      func accuracy(_ f: String, _ n: Int) -> Double { runs.accuracy(setting(f, n), seeds: seeds).mean }
      /// By how much the first is worse.
      func loss(_ f: String, _ n: Int, _ m: Int) -> Double { accuracy(f, m) - accuracy(f, n) }
      let claims: [(String, Bool)] = [
        ("e4m3: cfg2 at least 5 % worse than cfg3, cfg1 at most 2 %", loss("e4m3", 2, 3) >= 5 && loss("e4m3", 1, 3) <= 2),
        ("e5m2: cfg2 within 1 % of cfg1", abs(loss("e5m2", 2, 1)) <= 1),
        ("e5m2: cfg1 and cfg2 worse than cfg3, by less than 2 %", [1, 2].allSatisfy { (0.0..<2).contains(loss("e5m2", $0, 3)) }),
        ("cfg3, cfg4 and cfg5 within 1 % of each other", formats.allSatisfy { f in
          let all = [3, 4, 5].map { accuracy(f, $0) }
          return all.max()! - all.min()! <= 1
        }),
        ("cfg6: within 1 % of cfg5 in e5m2, 1 to 5 % worse in e4m3", abs(loss("e5m2", 6, 5)) <= 1 && (1...5).contains(loss("e4m3", 6, 5))),
        ("exact products: e4m3 at most 1 % better than e5m2", (3...5).allSatisfy { accuracy("e4m3", $0) - accuracy("e5m2", $0) <= 1 }),
      ]
      let figure = Figure(
        title: "LeNet by configuration of the multiplier, sums in e6m5", x: .init("configuration", .categories((1...6).map { "cfg\($0)" })),
        y: .init("test accuracy in %"),
        series: formats.map { f in Figure.Series(f, (1...6).map { (Double($0 - 1), accuracy(f, $0)) }, .measured) }
          + [.init("fp32", [(0, reference.mean), (5, reference.mean)], .bound)])
      return (claims, figure)
    }
  }
}
