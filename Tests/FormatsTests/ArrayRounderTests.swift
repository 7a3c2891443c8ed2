// SPDX-License-Identifier: Apache-2.0
// Array rounding is the rounder's, bit for bit, with every kernel and every instruction set.

import Formats
import TestSupport
import Testing

@Suite struct ArrayRounderTests {
  /// Every format of the catalogue with every mode and policy that it has, and oddities.
  static let rounders: [Rounder] = {
    let formats =
      Format.catalogue.map(\.format).filter { $0.isFloating || $0.isFixed } + FormatLists.small
      + [
        "e5m2:nosub", "fp16:nosub", "e8m12", "e7m14", "e8m21", "e6m21", "e7m21", "q8.12", "q4.17", "q4.16", "q12.9", "e8m7b120", "e8m7b200",
        "e5m4u", "e4m10b-90", "e8m3:nosub", "e9m10",
        "e5m2:cfg5", "e4m2:cfg5", "e4m3:cfg6", "e3m4:cfg5",
      ].compactMap { try? Format($0) }
    let modes = Rounding.deterministic + [.stochastic, .stochasticBits(1), .stochasticBits(8), .stochasticBits(24), .stochasticBits(32)]
    var rounders: [Rounder] = []
    for format in formats {
      for mode in modes {
        for overflow in Overflow.allCases where overflow != .wrap {
          for subnormals in Subnormals.allCases {
            if let rounder = try? Rounder(to: format, mode, overflow: overflow, subnormals: subnormals) { rounders.append(rounder) }
          }
        }
      }
    }
    return rounders
  }()

  /// Numbers near everything that matters to a format: ties and their neighbours, ends, zeros, specials.
  static func numbers<Number: CarrierNumber>(_ format: Format, _ random: inout SplitMix64, count: Int) -> [Number] {
    var numbers: [Number] = [
      0, -0.0, .infinity, -.infinity, .nan, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude,
      .leastNormalMagnitude,
    ]
    let top = max(format.maxFinite, format.minFinite.magnitude).isZero ? 0 : max(format.maxFinite, format.minFinite.magnitude).floorLog2
    let low = format.quantumExponent
    func scaled(_ m: Int, _ e: Int) -> Number { Number(sign: .plus, exponent: Number.Exponent(e), significand: Number(m)) }
    for e in [top + 1, top, top - 1, low, low - 1, low - 2, format.emin ?? 0, (format.emin ?? 0) - 1] {
      for m in 1...9 { numbers += [scaled(m, e), scaled(m, e - 2)] }
    }
    while numbers.count < count {
      let word = random.next()
      let e = Int(word % UInt64(top - low + 8)) + low - 4
      let bits = Int(word >> 8 % 20) % (format.precision + 4) + 1
      let m = Int(random.next() % (1 << UInt64(min(bits, 40)))) + 1
      var x = scaled(m, e - min(bits, 40) + 1)
      switch word >> 40 % 4 {
      case 0: x = x.nextUp
      case 1: x = x.nextDown
      case 2: x = -x
      default: break
      }
      numbers.append(word >> 50 % 2 == 0 ? x : -x)
    }
    return numbers
  }

  static func agree<Number: CarrierNumber>(_ rounder: Rounder, _ x: [Number], first: Int = 0, _ set: InstructionSet) {
    let stream = RandomStream(seed: 400)
    let kernel = ArrayRounder<Number>(rounder, set)
    let y = kernel(x, random: stream, first: first, .oneThread)
    for i in x.indices {
      let expected = Number(rounder.round(Value(Double(x[i])), draw: stream.draw(first + i)).value.double)
      guard y[i] == expected && (y[i].sign == expected.sign || expected.isNaN) || y[i].isNaN && expected.isNaN else {
        Issue.record(
          "\(rounder), \(kernel.path), \(set), binary\(Number.carrier.rawValue): element \(first + i), \(x[i]) → \(y[i]), not \(expected); \(Repro.round(rounder, "\(x[i])"))"
        )
        return
      }
    }
  }

  @Test func kernelsEqualTheRounderAtHardNumbers() {
    var paths: [ArrayRounder<Float>.Path: Int] = [:]
    var random = SplitMix64(seed: 401)
    for rounder in ArrayRounderTests.rounders {
      for set in InstructionSet.available {
        let count = effort(300) + 60
        if Carrier.binary32.holdsForTest(rounder.format) {
          let kernel = ArrayRounder<Float>(rounder, set)
          paths[kernel.path, default: 0] += 1
          if kernel.refusal == nil {
            ArrayRounderTests.agree(rounder, ArrayRounderTests.numbers(rounder.format, &random, count: count) as [Float], set)
          }
        }
        if Carrier.binary64.holdsForTest(rounder.format), ArrayRounder<Double>(rounder, set).refusal == nil {
          ArrayRounderTests.agree(rounder, ArrayRounderTests.numbers(rounder.format, &random, count: count) as [Double], set)
        }
      }
    }
    #expect(paths.keys.count == 4, "\(paths)")
  }
}

@Suite struct ArrayRounderStatisticsTests {
  @Test func everyBfloat16AndBinary16NumberRoundsAlike() throws {
    let bfloats = (0..<65_536 as Range<UInt32>).map { Float(bitPattern: $0 << 16) }
    let halves = (0..<65_536).map { Float(Float16(bitPattern: UInt16($0))) }
    for name in ["e4m3", "e5m2", "e4m3fn", "e6m5", "bf16", "e2m1fn", "k8p4se", "q8.13"] {
      for mode in Rounding.deterministic + [.stochastic, .stochasticBits(8)] {
        for set in InstructionSet.available {
          ArrayRounderTests.agree(try Rounder(to: format(name), mode), bfloats, set)
          ArrayRounderTests.agree(try Rounder(to: format(name), mode), halves, first: 3, set)
        }
      }
    }
  }

  /// Pieces of every length and alignment, in place and not, on any number of threads.
  @Test func piecesAndThreadsGiveTheWhole() throws {
    var random = SplitMix64(seed: 402)
    for text in [Rounding.nearestEven, .stochastic, .stochasticBits(24), .up] {
      for set in InstructionSet.available {
        let (round, stream) = (ArrayRounder<Float>(try Rounder(to: .e4m3, text), set), RandomStream(seed: 403))
        let x = (0..<700_001).map { _ in Float(Int32(truncatingIfNeeded: random.next())) * 0x1p-28 }
        let whole = round(x, random: stream, .oneThread)
        for threads in [2, 7] { #expect(round(x, random: stream, .threads(threads)) == whole) }
        var inPlace = x
        round.round(&inPlace, random: stream)
        #expect(inPlace == whole)
        var start = 0
        while start < 6000 {
          let count = Int(random.next() % 200)
          let piece = round(Array(x[start..<(start + count)]), random: stream, first: start)
          guard piece == Array(whole[start..<(start + count)]) else {
            Issue.record("\(text), \(set): elements \(start) ..< \(start + count), seed 402")
            return
          }
          start += count
        }
      }
    }
  }

  /// Larger than the caches, where stores go past them: whole vectors and both ends.
  @Test func largeArraysAreRoundedWhole() throws {
    let x = (0..<5_000_003).map { Float($0 % 1999 - 999) * 0.0137 }
    for text in ["e4m3", "e4m3@rd", "e4m3@sr24"] {
      let (rounder, stream) = (
        try Rounder(to: .e4m3, text == "e4m3" ? .nearestEven : text == "e4m3@rd" ? .down : .stochasticBits(24)), RandomStream(seed: 404)
      )
      for set in InstructionSet.available {
        let y = ArrayRounder<Float>(rounder, set)(x, random: stream)
        for i in stride(from: 0, to: x.count, by: 997) { #expect(y[i] == Float(rounder(Double(x[i]), draw: stream.draw(i)))) }
        #expect(y.last == Float(rounder(Double(x.last!), draw: stream.draw(x.count - 1))))
      }
    }
  }

  /// Up-probabilities by the kernels: chi-squared over 64 fractions, 64 degrees of freedom, 5 sigma; and the mean error of a long sum, 4 sigma.
  @Test(arguments: [Rounding.stochastic, .stochasticBits(24)])
  func kernelsGoUpAsOftenAsTheFractionSays(_ mode: Rounding) throws {
    let (n, round) = (20_000, ArrayRounder<Float>(try Rounder(to: .e4m3, mode)))
    var chiSquared = 0.0
    var error = 0.0
    var variance = 0.0
    for k in 1...64 {
      let f = Double(k) / 65
      let x = Float(1 + f / 8)
      let exact = (Double(x) - 1) * 8
      let ups = round([Float](repeating: x, count: n), random: RandomStream(seed: 405).child(k)).count { $0 == 1.125 }
      let deviation = Double(ups) - Double(n) * exact
      chiSquared += deviation * deviation / (Double(n) * exact * (1 - exact))
      error += deviation
      variance += Double(n) * exact * (1 - exact)
    }
    #expect(chiSquared < 64 + 5 * 128.0.squareRoot() && chiSquared > 64 - 5 * 128.0.squareRoot(), "\(mode), seed 405: \(chiSquared)")
    #expect(error * error < 16 * variance, "\(mode), seed 405: a sum of errors of \(error) gaps, variance \(variance)")
  }
}
