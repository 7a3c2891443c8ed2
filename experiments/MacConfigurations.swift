// SPDX-License-Identifier: Apache-2.0
// Whole multiply-accumulate units: accuracy beside cost, on LeNet and on ResNet-20.

import FmtLab

/// Question: which multiply-accumulate unit trains as well as binary32, at what cost?
///
/// Method: LeNet on the first 12,000 images of Fashion-MNIST, 3 epochs, five seeds; ResNet-20 on the first 10,000, 10 epochs, seed 1; all 10,000 test
/// images. LUTs: of the accumulator as estimated by `AccumulatorCost`, and of a whole training system where a design was published (FPT 2022).
///
/// Prediction, made before measuring:
/// - LeNet: e5m2cfg5+e6m5, +e5m5, +q8.13 and +q11.13 within 3 % of fp32, +q8.12 within 1 % of +q8.13, e4m2cfg5+e6m5 within 1 % of e5m2cfg5+e6m5.
/// - ResNet-20: e5m2cfg5+e6m5 within 3 % of fp32; +q11.13 within 3 % too. Sums of up to 576 terms of normalised data (rms sum 10 to 30) pass the
///   128 of q8.13 in dW, at a loss scale of 2^8, only where gradients are above 0.5, which is rare: within 3 % as well.
///
/// Result: ResNet-20, below fp32 (89.07 %): e5m2cfg5+e6m5 1.0, +q8.13 0.13, +q11.13 0.50 points. LeNet, below fp32 (84.1 ± 1.2 %, deviation of a seed):
/// +e6m5 0.6 ± 0.4, +e5m5 0.6 ± 0.5, e4m2cfg5+e6m5 1.1 ± 0.5, +q8.12 0.0 ± 0.5, +q8.13 -0.2 ± 0.5, +q11.13 0.65 ± 0.2. 40 minutes on two cores.
///
/// Verdict: held, all of it. The units cost a quarter fewer LUTs than a system in fp32 and no more than a point. Fixed-point sums, which add where e6m5
/// swallows, are no worse than floating ones on either network. The study's shapes: ResNet-20 lost 0.8 with e6m5 and 0.9 with q8.13 on CIFAR-10; q8.13
/// failed there only on a network of another size (ResNet-50), with longer sums. One seed of ResNet-20 does not tell 0.1 from 0.5.
enum MacConfigurations {
  static let units = ["fp32", "e5m2cfg5+e6m5", "e5m2cfg5+e5m5", "e4m2cfg5+e6m5", "e5m2cfg5+q8.12", "e5m2cfg5+q8.13", "e5m2cfg5+q11.13"]
  static let headline = ["fp32", "e5m2cfg5+e6m5", "e5m2cfg5+q8.13", "e5m2cfg5+q11.13"]
  static let seeds: [UInt64] = [1, 2, 3, 4, 5]

  static func lenet(_ policy: String) -> TrainingRun.Setting { TrainingRun.Setting(images: 12_000, epochs: 3, policy: policy) }
  static func resnet(_ policy: String) -> TrainingRun.Setting { TrainingRun.Setting(model: .resnet20, images: 10_000, epochs: 10, policy: policy) }

  /// LUTs of whole training systems as published.
  static let systems = ["fp32": 58_420, "e5m2cfg5+e6m5": 42_640, "e5m2cfg5+q8.13": 43_471, "e5m2cfg5+q11.13": 44_876]

  static func run(arguments: [String]) -> Int32 {
    let long = arguments.contains("--without-resnet") ? [] : headline.map(resnet)
    return TrainingRuns.report(units.map(lenet), seeds, alone: long, arguments) { runs in
      func lost(_ p: String) -> Estimate { runs.loss(lenet(p), than: lenet("fp32"), seeds: seeds) }
      func loss(_ p: String) -> Double { lost(p).value }
      func deep(_ p: String) -> Double { long.isEmpty ? .nan : 100 * (runs[resnet(p)].testAccuracy ?? 0.1) }
      print("test accuracy in %, LeNet: mean and standard deviation over seeds 1 to \(seeds.count); below fp32: standard error")
      var table = Table(["unit", "LeNet", "below fp32", "ResNet-20", "below fp32", "core-h", "LUTs: sums", "system"], leftAligned: [0])
      for p in units {
        let hasDeep = headline.contains(p) && !long.isEmpty
        let cost = try AccumulatorCost(PrecisionPolicy(name: p).forward.plan)
        table.add([
          p, "\(runs.accuracy(lenet(p), seeds: seeds))", lost(p).text, hasDeep ? deep(p).significant(4) : "-",
          hasDeep ? (deep("fp32") - deep(p)).significant(2) : "-", hasDeep ? runs[resnet(p)].processorSeconds.map { ($0 / 3600).significant(2) } ?? "-" : "-",
          cost.map { "\(Int($0.luts.rounded()))" } ?? "-", systems[p].map { "\($0)" } ?? "-",
        ])
      }
      table.lines().forEach { print($0) }

      var claims: [(String, Bool)] = [
        ("LeNet: +e6m5, +e5m5, +q8.13, +q11.13 within 3 % of fp32", ["e6m5", "e5m5", "q8.13", "q11.13"].allSatisfy { loss("e5m2cfg5+\($0)") <= 3 }),
        ("LeNet: +q8.12 within 1 % of +q8.13", abs(loss("e5m2cfg5+q8.12") - loss("e5m2cfg5+q8.13")) <= 1),
        ("LeNet: e4m2cfg5+e6m5 within 1 % of e5m2cfg5+e6m5", abs(loss("e4m2cfg5+e6m5") - loss("e5m2cfg5+e6m5")) <= 1),
      ]
      if !long.isEmpty {
        claims += headline.dropFirst().map { p in ("ResNet-20: \(p) within 3 % of fp32", deep(p) >= deep("fp32") - 3) }
      }
      let figure = Figure(
        title: "Training by multiply-accumulate unit", x: .init("unit", .categories(units)), y: .init("test accuracy in %"),
        series: [
          .init("LeNet, 3 epochs of 12,000 images", units.enumerated().map { (Double($0), runs.accuracy(lenet($1), seeds: seeds).mean) }, .measured),
          .init("ResNet-20, 10 epochs of 10,000", units.enumerated().filter { headline.contains($0.element) }.map { (Double($0), deep($1)) }, .measured),
        ])
      return (claims, figure)
    }
  }
}
