// SPDX-License-Identifier: Apache-2.0
// Tables, picture and claims of rounding as a regulariser.

import FmtLab
import Glibc

extension RoundingRegularises {
  static func run(arguments: [String]) -> Int32 {
    let seeds: [UInt64] = arguments.contains("--check") ? [1, 2] : Array(1...10)
    let data = DataSet.digits.first(images)
    let cases = models.reversed().flatMap { model in noises(model).flatMap { noise in seeds.map { (model, noise, $0) } } }
    let outcomes = parallelMap(cases.count, .allCores) { i in Result { try train(cases[i].0, cases[i].1, cases[i].2, data) } }
    do {
      var all: [Model: [Noise: [Outcome]]] = [:]
      for (i, outcome) in outcomes.enumerated() { all[cases[i].0, default: [:]][cases[i].1, default: []].append(try outcome.get()) }
      return try report(all, seeds, arguments)
    } catch {
      Experiments.note("error: \(error)")
      return 1
    }
  }

  private static func report(_ all: [Model: [Noise: [Outcome]]], _ seeds: [UInt64], _ arguments: [String]) throws -> Int32 {
    func text(_ e: Estimate) -> String { "\(e.value.significant(3)) ± \(e.standardError.significant(1))" }
    for model in models {
      let none = all[model]![.none]!
      print("\(model.rawValue), seeds \(seeds[0]) to \(seeds.last!): means; differences to no noise, paired; norm: of the weights")
      var table = Table(["noise", "delta", "loss", "test", "% right", "test - none", "% - none", "norm, %", "place"], leftAligned: [0])
      for noise in noises(model) {
        let runs = all[model]![noise]!
        func mean(_ f: (Outcome) -> Double) -> Double { runs.map(f).reduce(0, +) / Double(runs.count) }
        func paired(_ f: (Outcome, Outcome) -> Double) -> Estimate { Estimate(zip(runs, none).map(f)) }
        table.add([
          noise.name, noise.bits.map { "2^-\($0)" } ?? "-", mean(\.loss).significant(2), mean(\.testLoss).significant(4),
          (100 * mean(\.testAccuracy)).significant(4), noise == .none ? "-" : text(paired { $0.testLoss - $1.testLoss }),
          noise == .none ? "-" : text(paired { 100 * ($0.testAccuracy - $1.testAccuracy) }),
          noise == .none ? "-" : text(paired { 100 * ($0.norm / $1.norm - 1) }),
          noise == .none ? "-" : mean(\.place).significant(2),
        ])
      }
      table.lines().forEach { print($0) }
      print("")
    }
    for model in models {
      let curvatures = all[model]![.none]!.map { $0.curvature! }
      let hutchinson = Estimate(curvatures.flatMap(\.traces)), wide = Estimate(curvatures.flatMap(\.wideTraces)), exact = curvatures.compactMap(\.exactTrace)
      let exactText = exact.isEmpty ? "" : ", exactly \((exact.reduce(0, +) / Double(exact.count)).significant(4))"
      print("\(model.rawValue): tr(H) by Hutchinson \(text(hutchinson)), over a wide difference \(text(wide))\(exactText)")
      var table = Table(["delta", "rise, sr", "over /12", "by place", "by wide", "rise, rn", "over /24"])
      for (i, bits) in spacings.enumerated() {
        table.add([
          "2^-\(bits)", text(Estimate(curvatures.map { $0.stochastic[i] })), text(rise(curvatures, i, \.stochastic, \.uniform)),
          text(rise(curvatures, i, \.stochastic, \.placed)), text(rise(curvatures, i, \.stochastic, \.wide)), text(Estimate(curvatures.map { $0.nearest[i] })),
          text(rise(curvatures, i, { $0.nearest.map { 2 * $0 } }, \.uniform)),
        ])
      }
      table.lines().forEach { print($0) }
    }
    if let at = arguments.firstIndex(of: "--plot"), at + 1 < arguments.count {
      func series(_ model: Model, _ name: String, _ style: Figure.Style) -> Figure.Series {
        func loss(_ noise: Noise) -> Double { all[model]![noise]!.reduce(0) { $0 + $1.testLoss } }
        return .init("\(model.rawValue), \(name)", noises(model).filter { $0.name == name }.map { ($0.spacing, loss($0) / loss(.none)) }, style)
      }
      let figure = Figure(
        title: "Loss on test images of networks trained on \(images) with noisy weights", x: .init("delta", .powersOfTwo), y: .init("over that without noise"),
        series: models.flatMap { [series($0, "sr", .measured), series($0, "rn", .measured), series($0, "gaussian", .measured)] }
          + [series(.logistic, "penalty", .bound), series(.logistic, "ridge", .bound)])
      if let note = try figure.draw(arguments[at + 1]) { Experiments.note("note: \(note)") }
    }
    return check(all, arguments)
  }

  /// The ratio of two means over seeds, and its standard error.
  private static func rise(_ all: [Curvature], _ i: Int, _ a: (Curvature) -> [Double], _ b: (Curvature) -> [Double]) -> Estimate {
    let mean = all.reduce(0) { $0 + b($1)[i] } / Double(all.count)
    let ratio = all.reduce(0) { $0 + a($1)[i] } / Double(all.count) / mean
    return Estimate(all.map { ratio + (a($0)[i] - ratio * b($0)[i]) / mean })
  }

  private static func check(_ all: [Model: [Noise: [Outcome]]], _ arguments: [String]) -> Int32 {
    func paired(_ model: Model, _ noise: Noise, _ f: (Outcome, Outcome) -> Double) -> Estimate {
      Estimate(zip(all[model]![noise]!, all[model]![.none]!).map(f))
    }
    func loss(_ model: Model, _ noise: Noise) -> Estimate { paired(model, noise) { $0.testLoss / $1.testLoss - 1 } }
    func accuracy(_ model: Model, _ noise: Noise) -> Estimate { paired(model, noise) { $0.testAccuracy - $1.testAccuracy } }
    func norm(_ noise: Noise) -> Double { paired(.logistic, noise) { $0.norm / $1.norm - 1 }.value }
    func isNull(_ e: Estimate) -> Bool { abs(e.value) <= 2 * e.standardError }
    func mean(_ f: (Outcome) -> Double) -> Double { Estimate(all[.mlp]![.none]!.map(f)).value }
    let logistic = all[.logistic]![.none]!.map { $0.curvature! }, dense = all[.mlp]![.none]!.map { $0.curvature! }
    let hutchinson = logistic.map { Estimate($0.traces) }
    let theorems = [
      ("logistic: Hutchinson's tr(H) is within 5 standard errors of the exact one", zip(logistic, hutchinson).allSatisfy {
        abs($1.value - $0.exactTrace!) <= 5 * $1.standardError
      }),
      ("logistic: the penalty's gradient is that of its differences, to 10^-5", logistic.allSatisfy { abs($0.slope! - 1) < 1e-5 }),
    ]
    func risesBy(_ curvatures: [Curvature]) -> Bool { (2...4).allSatisfy { abs(rise(curvatures, $0, \.stochastic, \.uniform).value - 1) < 0.1 } }
    let measured = [
      ("logistic: rise by delta^2 tr(H) / 12 within 10 % for delta <= 2^-4", risesBy(logistic)),
      ("dense: the same", risesBy(dense)),
      ("rn: half of that within a factor 2", [logistic, dense].allSatisfy { c in
        (2...4).allSatisfy { (0.5...2).contains(rise(c, $0, { $0.nearest.map { 2 * $0 } }, \.uniform).value) }
      }),
      ("logistic: norm 5 to 15 % larger at 2^-2", (0.05...0.15).contains(norm(.stochastic(2)))),
      ("the norm grows as delta^2, a quarter at 2^-3 within a fifth", abs(4 * norm(.stochastic(3)) / norm(.stochastic(2)) - 1) < 0.2),
      ("the penalty predicts the norm's change within a quarter", (2...3).allSatisfy { abs(norm(.penalty($0)) / norm(.stochastic($0)) - 1) < 0.25 }),
      ("and the test loss within a standard error", (2...3).allSatisfy { bits in
        let e = Estimate(zip(all[.logistic]![.stochastic(bits)]!, all[.logistic]![.penalty(bits)]!).map { $0.testLoss - $1.testLoss })
        return abs(e.value) <= e.standardError
      }),
      ("the ridge's norm is 10 % smaller at 2^-2, within a factor 2", (-0.2 ... -0.05).contains(norm(.ridge(2)))),
      ("dense: 92 % of the test images right, loss 0.35", abs(mean(\.testAccuracy) - 0.92) < 0.01 && abs(mean(\.testLoss) / 0.35 - 1) < 0.1),
      ("dense, sr at 2^-5 to 2^-8: nothing beyond two standard errors", (5...8).allSatisfy {
        isNull(loss(.mlp, .stochastic($0))) && isNull(accuracy(.mlp, .stochastic($0)))
      }),
      ("dense, sr at 2^-2 and 2^-3: test loss 5 to 20 % lower", (2...3).allSatisfy { (-0.2 ... -0.05).contains(loss(.mlp, .stochastic($0)).value) }),
      ("its accuracy: nothing beyond two standard errors", (2...3).allSatisfy { isNull(accuracy(.mlp, .stochastic($0))) }),
      ("logistic, sr at 2^-2 and 2^-3: test loss higher, accuracy unchanged", (2...3).allSatisfy {
        loss(.logistic, .stochastic($0)).value > 0 && isNull(accuracy(.logistic, .stochastic($0)))
      }),
    ]
    print("\ntheorems")
    for (claim, holds) in theorems { print("\(holds ? "held:    " : "failed:  ")\(claim)") }
    print("measured\(arguments.contains("--check") ? " (on fewer seeds)" : "")")
    for (claim, holds) in measured { print("\(holds ? "held:    " : "failed:  ")\(claim)") }
    return arguments.contains("--check") && !theorems.allSatisfy(\.1) ? 1 : 0
  }
}
