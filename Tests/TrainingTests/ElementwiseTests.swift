// SPDX-License-Identifier: Apache-2.0
// Layers that work on single numbers: what they do with numbers that are none, and the tanh of a table.

import Foundation
import Testing
import Training

@Suite struct ElementwiseTests {
  static let bfloat16 = (0..<0x7F80).map { Double(Float(bitPattern: UInt32($0) << 16)) }

  @Test func theLargestOfAWindowIsNaNWhereOneIs() {
    for place in 0..<4 {
      var x = [1.0, 4, 2, 3]
      x[place] = .nan
      let y = PoolingLayer("layer", .largest, size: 2).forward(Planes(ImageShape(1, 2, 2), count: 1, x), trainingPass(policy("fp64")))
      #expect(y.values[0].isNaN, "NaN at \(place)")
    }
  }

  @Test func reluIsTheLargerOfItsArgumentAndZero() {
    let x = [-Double.infinity, -1, -0.0, 0, 2, .infinity, .nan]
    let y = ActivationLayer("layer", .relu).forward(Planes(ImageShape(7), count: 1, x), trainingPass(policy("fp64"))).values
    #expect(y.dropLast() == [0, 0, 0, 0, 2, .infinity] && y[6].isNaN)
    #expect(y.dropLast().allSatisfy { $0.sign == .plus })
  }

  /// Over all numbers of bfloat16 that are not negative.
  @Test func tableOfTanhIsAsGoodAsItSays() {
    let errors = Self.bfloat16.map { abs(KTanh.value($0) - tanh($0)) }
    let worst = errors.indices.max { errors[$0] < errors[$1] }!
    #expect(Self.bfloat16[worst] == 0.62109375 && abs(errors[worst] - 0.00892) < 5e-6, "\(errors[worst]) at \(Self.bfloat16[worst])")
    // Where two entries meet, it may fall.
    let falls = zip(Self.bfloat16, Self.bfloat16.dropFirst()).map { KTanh.value($0) - KTanh.value($1) }.filter { $0 > 0 }
    #expect(falls.count == 8 && falls.max() == 0x1p-7)
  }

  @Test func tableOfTanhIsOddAndKeepsItsEnds() {
    for x in Self.bfloat16 where KTanh.value(-x) != -KTanh.value(x) || abs(KTanh.value(x)) > 1 { Issue.record("ktanh at \(x)") }
    #expect(KTanh.value(0.249) == 0.249 && KTanh.value(3.76) == 1 && KTanh.value(-.infinity) == -1 && KTanh.value(.nan).isNaN)
    for x in [-5, -1.3, 0.1, 0.7] { #expect(abs(ActivationFunction.ktanh.derivative(x) - (1 - pow(KTanh.value(x), 2))) < 1e-15) }
  }
}
