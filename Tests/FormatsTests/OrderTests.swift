// SPDX-License-Identifier: Apache-2.0
// Comparisons, the total order and classes of values against the doubles of the same numbers.

import Formats
import TestSupport
import Testing

@Suite struct OrderTests {
  static let formats = ["e3m2", "e2m1fn", "e3m2fnuz", "e2m2u", "q3.2", "e4m0:nosub"].map(format)

  private func values(_ format: Format) -> [Value] { format.codes.map { format.decode(Format.Code($0)) } }

  @Test(arguments: formats)
  func comparisonsAreThoseOfDoubles(_ format: Format) {
    let values = values(format)
    for x in values {
      for y in values {
        let (a, b) = (x.double, y.double)
        let found = [x.isLess(than: y), x.isLessThanOrEqual(to: y), x.isEqual(to: y), x.isGreater(than: y), x.isGreaterThanOrEqual(to: y)]
        guard found == [a < b, a <= b, a == b, a > b, a >= b], (x.relation(to: y) == .unordered) == (a.isNaN || b.isNaN) else {
          Issue.record("\(format): \(x) against \(y) gives \(found)")
          return
        }
      }
    }
  }

  @Test(arguments: formats)
  func totalOrderIsATotalOrder(_ format: Format) {
    let values = Array(Set(values(format)))
    for x in values {
      for y in values {
        let (below, above) = (x.isTotallyOrdered(belowOrEqualTo: y), y.isTotallyOrdered(belowOrEqualTo: x))
        guard below || above, (below && above) == (x == y) else {
          Issue.record("\(format): \(x) and \(y) are \(below), \(above)")
          return
        }
        for z in values where below && y.isTotallyOrdered(belowOrEqualTo: z) {
          guard x.isTotallyOrdered(belowOrEqualTo: z) else {
            Issue.record("\(format): \(x), \(y), \(z) are not transitive")
            return
          }
        }
      }
    }
  }

  @Test func totalOrderPutsNaNFirstAndIsThatOfDoublesOtherwise() {
    for x in values(format("e3m2")) {
      for y in values(format("e3m2")) {
        let expected = x.isNaN || !y.isNaN && x.double.isTotallyOrdered(belowOrEqualTo: y.double)
        #expect(x.isTotallyOrdered(belowOrEqualTo: y) == expected, "\(x) \(y)")
      }
    }
  }

  @Test func classesOfE3M2AreCounted() {
    let format = format("e3m2")
    var counts: [Value.SignedClass: Int] = [:]
    for value in values(format) { counts[value.signedClass(in: format), default: 0] += 1 }
    let half: [Value.SignedClass: Int] = [.nan: 6, .negativeInfinity: 1, .negativeNormal: 24, .negativeSubnormal: 3, .negativeZero: 1]
    #expect(counts == half.merging([.positiveInfinity: 1, .positiveNormal: 24, .positiveSubnormal: 3, .positiveZero: 1]) { $1 })
    #expect(Set(Value.SignedClass.allCases) == Set(counts.keys))
    #expect(values(format).filter(\.isOne).count == 1 && values(format).filter(\.isInfinite).count == 2)
    #expect(values(format).filter { $0.isNormal(in: format) }.count == 48 && values(format).filter { $0.isSubnormal(in: format) }.count == 6)
  }
}
