// SPDX-License-Identifier: Apache-2.0
// Tables, picture and claims of the flipped bits.

import FmtLab
import Glibc

extension WeightFaults {
  static func run(arguments: [String]) -> Int32 {
    let isCheck = arguments.contains("--check")
    let models = isCheck ? [Model.mlp] : [.mlp, .lenet]
    let random = RandomStream(seed: seed, "weight-faults")
    let networks = parallelMap(models.count, .allCores) { i in Result { try Trained(models[i]) } }
    do {
      let trained = try networks.map { try $0.get() }
      // LeNet first: it takes longer.
      let cases = models.indices.reversed().flatMap { m in Storage.all.indices.map { (m, $0) } }
      let results = parallelMap(cases.count, .allCores) { i in
        let (m, s) = cases[i]
        return Result { try Outcome(Storage.all[s], trained[m], random.child(m).child(s), isCheck: isCheck) }
      }
      let outcomes = try results.map { try $0.get() }
      return try report(models.indices.map { m in cases.indices.filter { cases[$0].0 == m }.map { outcomes[$0] } }, arguments)
    } catch {
      Experiments.note("error: \(error)")
      return 1
    }
  }

  private static func report(_ outcomes: [[Outcome]], _ arguments: [String]) throws -> Int32 {
    func percent(_ x: Double) -> String { (100 * x).significant(3) }
    for network in outcomes {
      let first = network[0]
      print("\(first.codes.trained.plan.model.rawValue), seed \(seed), \(first.codes.count) weights: accuracy in % by log10 of the rate of flips a bit;")
      print("patterns from children of the same seed; +-: the largest standard error")
      var table = Table(["weights", "none"] + rates.map { log10($0).significant(2) } + ["+-"], leftAligned: [0])
      for o in network {
        table.add([o.codes.storage.name, percent(o.clean)] + o.flips.map { percent($0.value) } + [percent(o.flips.map(\.standardError).max()!)])
      }
      table.lines().forEach { print($0) }
      print("\nrate at which 10 points are lost (< or > the rates above), beside models")
      func rate(_ r: Double?) -> String { r.map { $0 == 0 ? "< 1e-06" : $0.significant(2) } ?? "> 0.1" }
      var models = Table(["weights", "lethal", "hits", "noise", "predicted", "measured", "over predicted", "by harm", "over it"], leftAligned: [0])
      for o in network {
        let measured = o.crossing(o.flips)
        models.add([
          o.codes.storage.name, "\(o.lethal.reduce(0, +))", o.hits.significant(2), rate(o.crossing(o.noise)), rate(o.prediction), rate(measured),
          measured.flatMap { m in o.prediction.map { (m / $0).significant(2) } } ?? "-", o.lethal.contains { $0 > 0 } ? rate(o.harm) : "-",
          o.lethal.contains { $0 > 0 } ? measured.map { ($0 / o.harm).significant(2) } ?? "-" : "-",
        ])
      }
      models.lines().forEach { print($0) }
      print("\nby bit, the sign first: accuracy in % after it is flipped in 1 / 32 weights")
      var bits = Table(["bit from top"] + network.map(\.codes.storage.name))
      for place in 0..<shownBits {
        bits.add(["\(place)"] + network.map { o in
          place < o.bits.count ? "\(percent(o.bits[place].one.value))/\(percent(o.bits[place].many.value))" : ""
        })
      }
      bits.lines().forEach { print($0) }
      print("\nrms of the change by bit over the rms of the weights (* some are NaN or infinite)")
      var changes = Table(["bit from top"] + network.map(\.codes.storage.name))
      for place in 0..<shownBits {
        changes.add(["\(place)"] + network.map { o in
          let bit = o.codes.width - 1 - place
          return bit < 0 ? "" : o.changes[bit].significant(2) + (o.nonFinite[bit] > 0 ? "*" : "")
        })
      }
      changes.lines().forEach { print($0) }
      print("\nby layer: accuracy in % after the bit below the sign of one weight above 0 / below 0 is flipped")
      var layers = Table(["layer"] + network.map(\.codes.storage.name))
      for t in first.layers.indices {
        layers.add(["\(t + 1)"] + network.map { "\(percent($0.layers[t].positive.value))/\(percent($0.layers[t].negative.value))" })
      }
      layers.lines().forEach { print($0) }
      print("")
    }
    if let at = arguments.firstIndex(of: "--plot"), at + 1 < arguments.count {
      func points(_ accuracies: [Estimate]) -> [(x: Double, y: Double)] { zip(rates, accuracies).map { ($0, 100 * $1.value) } }
      let last = outcomes[0].last!
      let figure = Figure(
        title: "Flipped bits of stored weights: the dense network on digits", x: .init("rate of flips a bit", .log10, from: 1e-6, to: 0.1),
        y: .init("accuracy, %", from: 0, to: 100),
        series: outcomes[0].map { .init($0.codes.storage.name, points($0.flips), .measured) }
          + [.init("\(last.codes.storage.name): noise of the same mean square", points(last.noise), .bound)])
      if let note = try figure.draw(arguments[at + 1]) { Experiments.note("note: \(note)") }
    }
    return check(outcomes, arguments)
  }

  private static func check(_ outcomes: [[Outcome]], _ arguments: [String]) -> Int32 {
    let all = outcomes.joined(), dense = outcomes[0]
    func of(_ name: String) -> Outcome { dense.first { $0.codes.storage.name == name }! }
    func crossing(_ name: String) -> Double { of(name).crossing(of(name).flips) ?? .infinity }
    let theorems = [
      ("codes, before and after a flip, are those of their numbers", all.allSatisfy { o in
        let f = o.codes.storage.format
        return o.codes.codes.joined().allSatisfy { f.encode(f.decode($0)) == $0 } && (0..<o.codes.width).allSatisfy { bit in
          o.codes.codes[0].prefix(256).allSatisfy { code in
            let hit = code ^ 1 << Format.Code(bit)
            return !f.decode(hit).double.isFinite || f.encode(f.decode(hit)) == hit
          }
        }
      }),
      ("int8: a flip of bit b changes a weight by 2^b steps, of the sign by 128", all.filter { $0.codes.storage.isScaled }.allSatisfy { o in
        let f = o.codes.storage.format
        return o.codes.codes.joined().allSatisfy { code in
          (0..<8).allSatisfy { abs(f.decode(code ^ 1 << Format.Code($0)).double - f.decode(code).double) == Double(1 << $0) }
        }
      }),
      ("fp32: the top bit of the exponent multiplies numbers below 2 by 2^128, and makes 2 of 0", all.filter { $0.codes.width == 32 }.allSatisfy { o in
        zip(o.codes.codes.joined(), o.codes.values.joined()).allSatisfy { code, w in
          let hit = o.codes.storage.format.decode(code ^ 1 << 30).double
          // (From 1 on it would be 2^128 or more: infinity or NaN.)
          return w == 0 ? abs(hit) == 2 : abs(w) >= 1 ? !hit.isFinite : abs(w) < 0x1p-126 || hit == w * 0x1p128
        }
      }),
    ]
    let measured = [
      ("the rate of 10 points is within a factor 3 of the predicted one", all.allSatisfy { o in
        o.crossing(o.flips).flatMap { m in o.prediction.map { abs(log(m / $0)) < log(3) } } ?? false
      }),
      ("fp32, bf16 and e5m2 fail at the same rate, within a factor 2", ["bf16", "e5m2"].allSatisfy { abs(log2(crossing($0) / crossing("fp32"))) < 1 }),
      ("half the weights 0: twice the rate of fp32, within a factor 1.5", abs(log(crossing("fp32 pruned") / crossing("fp32") / 2)) < log(1.5)),
      ("int8 bears 1000 times the rate of fp32, within a factor 3", abs(log(crossing("int8") / crossing("fp32") / 1000)) < log(3)),
      ("fp32 and bf16: one hit of the top exponent bit takes half or more", ["fp32", "bf16"].allSatisfy { of($0).bits[1].one.value < of($0).clean / 2 }),
      ("of any other bit less than 0.1 %", ["fp32", "bf16"].allSatisfy { name in
        of(name).bits.indices.allSatisfy { $0 == 1 || of(name).bits[$0].one.value > of(name).clean - 0.001 }
      }),
      ("32 flips of the sign take 1 % in int8, within a factor 2", (0.005...0.02).contains(of("int8").clean - of("int8").bits[0].many.value)),
    ]
    print("theorems")
    for (claim, holds) in theorems { print("\(holds ? "held:    " : "failed:  ")\(claim)") }
    print("measured\(arguments.contains("--check") ? " (on fewer patterns)" : "")")
    for (claim, holds) in measured { print("\(holds ? "held:    " : "failed:  ")\(claim)") }
    return arguments.contains("--check") && !theorems.allSatisfy(\.1) ? 1 : 0
  }
}
