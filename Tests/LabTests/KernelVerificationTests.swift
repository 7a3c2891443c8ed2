// SPDX-License-Identifier: Apache-2.0
// Every kernel for every format and mode, at all values, middles and their neighbours; in the long tier at every number.

import Formats
import Foundation
import Lab
import Testing

@Suite struct KernelVerificationTests {
  static let isLong = ProcessInfo.processInfo.environment["FMTLAB_EFFORT"] == "long"

  @Test func kernelsEqualTheRounderForEveryFormatOfTheCatalogue() throws {
    for format in Format.catalogue.map(\.format) where KernelVerification.applies(to: format) {
      // In the long tier all values and middles of formats of up to 13 bits of precision, and the numbers next to them.
      let inputs = KernelVerification.Inputs.leading(KernelVerificationTests.isLong ? max(20, min(format.precision + 11, 24)) : 20)
      for mode in Rounding.deterministic + [.stochastic, .stochasticBits(8), .stochasticBits(24)] {
        guard let rounder = try? Rounder(to: format, mode) else { continue }
        let outcome = KernelVerification(rounder).run(inputs, random: RandomStream(seed: 430))
        #expect(outcome.mismatches == 0, "fmtlab verify --format \(format) --rounding \(mode): \(String(describing: outcome.first))")
        #expect(outcome.inputs == inputs.count || outcome.refusal != nil)
      }
    }
  }

  @Test(.enabled(if: isLong, "all 2^32 numbers: set FMTLAB_EFFORT=long"), arguments: ["e4m3", "e5m2", "bf16", "fp16", "tf32"])
  func kernelsEqualTheRounderAtEveryNumber(_ name: String) throws {
    for mode in [Rounding.nearestEven, .towardZero, .toOdd] {
      let outcome = KernelVerification(try Rounder(to: Format(name), mode)).run(.all, random: RandomStream(seed: 431))
      #expect(
        outcome.mismatches == 0 && outcome.inputs == 1 << 32,
        "fmtlab verify --format \(name) --rounding \(mode) --exhaustive: \(String(describing: outcome.first))")
    }
  }
}
