// SPDX-License-Identifier: Apache-2.0
// kappa on implementations whose distance from the correct results is known.

import Formats
import Multiprecision
import TestSupport
import Testing

@Suite struct ApproximationMeasureTests {
  /// P3109's example: subnormal results become zero or the smallest normal number, whichever is nearer. Three fraction bits give
  /// seven subnormals, of which four go to zero.
  @Test(arguments: ["k8p4se", "e4m3"]) func flushingExponentialHasKappaFourAndThree(_ name: String) throws {
    let target = format(name)
    let rounder = try Rounder(to: target)
    var measure = ApproximationMeasure(of: .exp, rounder)
    var counts = [0, 0, 0]
    for code in Format.fp16.codes {
      let x = Format.fp16.decode(Format.Code(code))
      let exact = Operation.exp([x], rounder).value
      let index = target.encode(exact)!
      let flushed: (code: Format.Code, subset: Int) = (1...7).contains(index) ? (index <= 4 ? (0, 1) : (8, 2)) : (index, 0)
      measure.add([x], given: target.decode(flushed.code), subset: ["kept", "to zero", "raised"][flushed.subset])
      counts[flushed.subset] += 1
    }
    let found = Dictionary(uniqueKeysWithValues: measure.subsets.map { ($0.name, $0.measured) })
    #expect(found["to zero"]?.kappa == .finite(4) && found["raised"]?.kappa == .finite(3) && found["kept"]?.kappa == .finite(0))
    #expect([found["kept"]?.cases, found["to zero"]?.cases, found["raised"]?.cases] == counts.map { $0 })
    #expect(measure.all.kappa == .finite(4) && measure.all.cases == 65536 && measure.all.different == counts[1] + counts[2])
    let worst = try #require(measure.all.worst)
    #expect(worst.given == .zero && worst.expected == target.decode(4) && worst.operands.count == 1)
  }

  @Test(arguments: FormatLists.small)
  func distanceCountsTheSortedValues(_ format: Format) {
    let values = BracketOracle(format).values
    for (i, x) in values.enumerated() {
      for (j, y) in values.enumerated() {
        guard ApproximationMeasure.distance(.finite(x), .finite(y), format) == .finite(UInt128(abs(i - j))) else {
          Issue.record("\(format): from \(x) to \(y) are \(ApproximationMeasure.distance(.finite(x), .finite(y), format)), not \(abs(i - j))")
          return
        }
      }
    }
  }

  @Test func distanceInWideFormatsSpansTheRange() {
    let wide = format("fp128")
    let x = Value.finite(wide.maxFinite)
    let codes = UInt128(0x7ffe) << 112 | ((UInt128(1) << 112) - 1)
    #expect(ApproximationMeasure.distance(x, -x, wide) == .finite(2 * codes))
    #expect(ApproximationMeasure.distance(.finite(1), .finite(Dyadic((Int128(1) << 112) + 1, exponent: -112)), wide) == .finite(1))
  }

  /// Every result of the correct implementation one code further, and back at the ends.
  @Test func neighboursHaveKappaOne() throws {
    let (pairs, target) = (format("e2m1fn"), format("e4m3fnuz"))
    let rounder = try Rounder(to: target)
    let measure = ApproximationMeasure(of: .mul, in: pairs, rounder) { codes in
      let values = codes.map { pairs.decode($0) }
      let exact = Operation.mul(values, rounder).value
      return target.encode(target.next(above: exact.dyadic!)!)!
    }
    #expect(measure.all.kappa == .finite(1) && measure.all.cases == 256 && measure.all.different == 256)
    let correct = ApproximationMeasure(of: .mul, in: pairs, rounder) { codes in
      target.encode(Operation.mul(codes.map { pairs.decode($0) }, rounder).value)!
    }
    #expect(correct.all.kappa == .finite(0) && correct.all.different == 0 && correct.all.worst == nil && correct.subsets.isEmpty)
  }

  @Test func specialValuesOutweighDistances() throws {
    let rounder = try Rounder(to: .e4m3)
    func kappa(_ cases: [(Value, Value)]) -> ApproximationMeasure.Kappa {
      var measure = ApproximationMeasure(of: .sqrt, rounder)
      for (x, given) in cases { measure.add([x], given: given) }
      return measure.all.kappa
    }
    let infinity = Value.infinity(negative: false)
    let far = (Value(4), Value(240))
    #expect(kappa([far]) == .finite(55))  // codes 0x40 and 0x77
    #expect(kappa([(.nan, .nan), (infinity, infinity), (Value(-1), .nan), (.zero, .negativeZero), (.negativeZero, .zero)]) == .finite(0))
    #expect(kappa([far, (infinity, Value(240))]) == .infinite && kappa([(Value(4), infinity)]) == .infinite)
    #expect(kappa([(infinity, -infinity)]) == .infinite)
    #expect(kappa([(infinity, Value(1)), (Value(-1), Value(1)), far]) == .notANumber && kappa([far, (Value(4), .nan), (infinity, .zero)]) == .notANumber)
    #expect([ApproximationMeasure.Kappa.notANumber, .finite(.max), .infinite].sorted() == [.finite(.max), .infinite, .notANumber])
  }

  @Test func ruleForPolesIsTheConventions() throws {
    var measure = ApproximationMeasure(of: .recip, try Rounder(to: .e4m3), convention: .p3109)
    measure.add([.zero], given: .nan)
    #expect(measure.all.kappa == .finite(0))
    measure.add([.zero], given: .infinity(negative: false))
    #expect(measure.all.kappa == .notANumber)
  }
}
