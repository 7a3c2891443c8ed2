// SPDX-License-Identifier: Apache-2.0
// Accumulators whose result depends on what saturates first.

import Accumulation
import Formats
import Testing

@Suite struct PeerBugTests {
  @Test(arguments: [
    ([240.0, 240, -240], 0.0, Double.nan), ([240, -240, 240], 240, 240), ([-240, 240, 240], 240, 240), ([-240, -240, 240], 0, .nan),
  ])
  func saturatingSumsDependOnTheOrder(_ terms: [Double], _ saturating: Double, _ infinite: Double) throws {
    let values = terms.map { Value($0) }
    #expect(try Plan(text: "e4m3@saturate").sum(values) == Value(saturating))
    // With infinities the first overflow is final: it stays infinite.
    let found = try Plan(text: "e4m3").sum(values)
    #expect(found == (infinite.isNaN ? .infinity(negative: terms[0] < 0) : Value(infinite)))
  }
}
