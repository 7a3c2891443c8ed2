// SPDX-License-Identifier: Apache-2.0
// Matrix products of random plans and numbers, wide spreads and ends of ranges included, against the reference.

import Accumulation
import Formats
import TestSupport
import Testing

@Suite struct ProductFuzzTests {
  /// Random choices from a literal seed.
  struct Dice {
    var random: SplitMix64

    mutating func pick<T>(_ choices: [T]) -> T { choices[Int(random.next() % UInt64(choices.count))] }
    mutating func int(_ range: ClosedRange<Int>) -> Int { range.lowerBound + Int(random.next() % UInt64(range.count)) }

    mutating func format() -> String {
      switch int(0...9) {
      case 0:
        pick([
          "fp16", "bf16", "tf32", "fp32", "fp32", "fp64", "e8m20", "e8m21", "e8m22", "e11m50", "e11m49", "e8m12", "e8m1", "e11m10", "e11m2",
        ])
      case 1: "q\(int(1...24)).\(int(0...30))"
      case 2: pick(["q1.\(int(20...60))", "uq\(int(1...12)).\(int(0...12))", "q\(int(40...60)).0"])
      case 3: pick(["k8p4se", "k8p3sf", "k8p3ue", "k8p5uf", "k16p9se", "k12p6sf", "k6p2se"])
      case 4: "e\(int(2...7))m\(int(1...20))b\(int(0...120))"
      case 5: "e\(int(2...8))m\(int(1...22))" + pick(["fn", "fnuz", "f", "u", "fnu", ""])
      case 6: "e\(int(1...6))m\(int(1...10))" + pick([":nosub", "fn:nosub", ""])
      case 7: "e8m\(int(1...22))"
      case 8: "e\(int(9...11))m\(int(1...51))"
      default: "e\(int(2...6))m\(int(1...10))"
      }
    }

    mutating func rounder() -> String {
      while true {
        var text = format()
        if int(0...4) > 1 { text += "@" + pick(["rne", "rz", "ru", "rd", "rna", "rnz", "ro", "sr", "sr8", "sr\(int(1...40))"]) }
        if int(0...2) == 0 { text += "@" + pick(["saturate", "infinity", "wrap", "propagate", "saturate"]) }
        if int(0...7) == 0 { text += "@flush" }
        if (try? Rounder(text: text)) != nil { return text }
      }
    }

    mutating func plan() -> String {
      switch int(0...7) {
      case 0: "\(rounder()):\(int(1...9)),\(rounder())"
      case 1: "\(rounder()):\(int(1...5)),\(rounder()):\(int(1...4)),\(rounder())"
      case 2: "\(rounder()):\(int(1...9)),fp32@" + pick(["rd", "rne", "ru", "rz"])
      default: rounder()
      }
    }

    /// Mostly in the mode of the accumulator, for which there are kernels.
    mutating func product(_ accumulator: Rounder) -> String {
      switch int(0...5) {
      case 0: return "\(accumulator)"
      case 1:
        let alike = "\(format())@\(accumulator.rounding)" + pick(["", "", "@saturate"])
        return (try? Rounder(text: alike)) != nil && int(0...3) > 0 ? alike : rounder()
      case 2: return "fused"
      default: return "exact"
      }
    }

    mutating func numbers<Number: CarrierNumber>(_ count: Int, center: Int, spread: Int, bits: Int, special: Int, isSigned: Bool)
      -> [Number]
    {
      (0..<count).map { _ in
        if special > 0, int(1...special) == 1 {
          return pick([
            Number.infinity, -Number.infinity, Number.nan, 0, -Number.zero, Number.greatestFiniteMagnitude, Number.leastNonzeroMagnitude,
          ])
        }
        if int(0...8) == 0 { return int(0...1) == 0 ? 0 : -0.0 }
        var integer = Double(random.next() >> UInt64(64 - int(1...bits)))
        if int(0...3) == 0 { integer = pick([1, Double((1 << bits) - 1), Double(1 << (bits - 1)), Double(1 << (bits - 1)) + 1]) }
        let x = Double(sign: .plus, exponent: center + int(-spread...spread) - bits + 1, significand: 1) * integer
        return Number(isSigned && int(0...1) == 1 ? -x : x)
      }
    }
  }

  static func check<Number: CarrierNumber>(_: Number.Type, _ dice: inout Dice, _ seen: inout [String: Int]) throws {
    let plan = try Plan(text: dice.plan())
    let lowest = plan.rounders[0]
    guard Number.carrier.holdsForTest(plan.output.format), let product = try? Product(text: dice.product(lowest)) else { return }
    let dot = DotProduct(plan, product: product)
    let k = dice.pick([0, 1, 2, 3, 5, 8, 17, 33, 64])
    let m = dice.pick([1, 2, 3, 7])
    let n = dice.pick([1, 2, 5, 17, 35])
    // Products near the ends, the middle or the outside of the accumulator's range, of the products' own, or of the carrier's.
    var anchor = lowest.format
    if case .rounded(let rounder) = product, dice.int(0...1) == 0 { anchor = rounder.format }
    let (top, low) = (anchor.maxFinite.isZero ? 0 : anchor.maxFinite.floorLog2, anchor.quantumExponent)
    let (smallest, largest) = Number.carrier == .binary32 ? (-149, 127) : (-1074, 1023)
    let center = dice.pick([
      top, top - 2, low, low + anchor.precision, (top + low) / 2, low - 2, 0, smallest + 20, largest - 20, largest, smallest, top + 3,
    ])
    let widths = [1, 2, 3, 4, 8, 11, 12, 22, 24] + (Number.carrier == .binary64 ? [26, 30, 52, 53] : [])
    let (bits, spread, split, special) = (
      dice.pick(widths), dice.pick([0, 1, 2, 5, 10, 20, 60]), dice.int(-20...20), dice.pick([0, 0, 0, 0, 30, 8])
    )
    let isSigned = dice.int(0...3) > 0
    func within(_ e: Int) -> Int { max(smallest, min(largest, e)) }
    let left: [Number] = dice.numbers(
      m * k, center: within(center / 2 + split), spread: spread, bits: bits, special: special, isSigned: isSigned)
    let right: [Number] = dice.numbers(
      k * n, center: within(center - center / 2 - split), spread: spread, bits: dice.pick([bits, 1, 4, 8]), special: special,
      isSigned: isSigned)
    let (a, b) = (Matrix(rows: m, columns: k, left), Matrix(rows: n, columns: k, right).transposed)
    let stream = RandomStream(seed: dice.random.next())
    let expected = (0..<m).flatMap { i in
      (0..<n).map { j -> Number in
        let sum = dot.evaluate(
          (0..<k).map { Value(Double(a[i, $0])) }, (0..<k).map { Value(Double(b[$0, j])) }, random: stream.child(i * n + j))
        return sum == .nan ? .nan : Number(sum.double)
      }
    }
    for set in InstructionSet.available {
      let multiply = MatrixProduct(dot, set)
      let choice = multiply.choice(a, b)
      seen[choice.isReference ? "reference" : choice.description, default: 0] += 1
      if choice.isReference { continue }
      let c = multiply(a, b, random: stream, .oneThread).elements
      for e in expected.indices where !(c[e] == expected[e] && c[e].sign == expected[e].sign || c[e].isNaN && expected[e].isNaN) {
        let (x, y) = ((0..<k).map { Double(a[e / n, $0]) }, (0..<k).map { Double(b[$0, e % n]) })
        Issue.record(
          "\(Number.self) --acc \(plan) --product \(product), \(set), \(choice), element \(e) of \(m)x\(k)x\(n): \(c[e]), not \(expected[e])\n\(x)\n\(y)"
        )
        return
      }
    }
  }

  @Test(arguments: [430, 431])
  func randomProductsEqualTheReference(_ seed: UInt64) throws {
    var (dice, seen) = (Dice(random: SplitMix64(seed: seed)), [String: Int]())
    for i in 0..<effort(12_000) {
      if i % 3 == 0 { try ProductFuzzTests.check(Double.self, &dice, &seen) } else { try ProductFuzzTests.check(Float.self, &dice, &seen) }
    }
    for kind in [
      "lean", "saturating", "overflowing", "dithered", "fixed point", "general", "native", "rounded products, lean",
      "rounded products, general",
    ] {
      #expect(seen.keys.contains { $0.hasPrefix(kind + " in") }, "no case took the kernel '\(kind)'")
    }
  }

  /// The faults that random products found first, each small.
  @Test(
    arguments: [
      ("fp32", "exact", [1e300, 1e-300], [1e-300, 1e300]),  // factors beyond the carrier
      ("e8m8", "exact", [0], [2.6e151]),
      ("e3m2@ru@infinity", "exact", [-16], [16]),  // infinities in directed modes
      ("e8m16@rd@infinity", "e8m16@rd@infinity", [563_224_831_328_256], [9.671406556917033e25]),
      ("k8p5uf@sr", "exact", [-5], [1]),  // unsigned accumulators
      ("e5m3b6", "e4m3b20@saturate", [0.25], [0.125]),  // clamped products are on a finer grid
      ("e1m6", "exact", Array(repeating: 0.53125 / 32, count: 64), Array(repeating: 1, count: 64)),  // many roundings up to the smallest number
    ] as [(String, String, [Double], [Double])])
  func foundFaultsStayMended(_ acc: String, _ product: String, _ x: [Double], _ y: [Double]) throws {
    let dot = DotProduct(try Plan(text: acc), product: try Product(text: product))
    let expected = dot.evaluate(x.map { Value($0) }, y.map { Value($0) }, random: RandomStream(seed: 432).child(0)).double
    for set in InstructionSet.available {
      let c = MatrixProduct(dot, set)(
        Matrix(rows: 1, columns: x.count, x), Matrix(rows: y.count, columns: 1, y), random: RandomStream(seed: 432))
      #expect(c[0, 0] == expected || c[0, 0].isNaN && expected.isNaN, "--acc \(acc) --product \(product), \(set)")
    }
  }
}
