// SPDX-License-Identifier: Apache-2.0
// fmtlab widths against the known widths of the field.

import Testing

@Suite struct ExactWidthTests {
  @Test(arguments: [
    ("e2m1fn", 21, 8), ("e2m3fn", 25, 12), ("e3m2fn", 31, 18), ("e3m4fn", 35, 22), ("e4m3fn", 49, 36), ("e5m2", 77, 64),
  ])
  func accumulatorsOf4096ProductsHaveTheirWidths(format: String, width: Double, product: Double) throws {
    let document = try succeed("widths --format \(format) --n 4096 --json").json()
    #expect(document["results"]?.items.first?["width"]?.double == width && document["productMagnitudeBits"]?.double == product)
  }

  @Test(arguments: [("q8.0", "q8.0", 4608, 28.0), ("uq8.0", "q8.0", 4608, 29), ("q8.0", "q4.0", 1024, 22), ("uq8.0", "q4.0", 1024, 23)])
  func boundsFromDataTypesAreThoseOfA2Q(x: String, w: String, n: Int, bits: Double) throws {
    let rows = try succeed("widths --format \(x) --by \(w) --n \(n) --json").json()["results"]?.items ?? []
    #expect(rows.first?["a2q"]?.double == bits)
    #expect(rows.first?["width"]?.double ?? .infinity <= bits)
  }

  @Test func unknownFormatsAreRefused() throws {
    #expect(try fmtlab("widths --format mxfp4").status == 64)
    #expect(try fmtlab("widths --format e4m3 --n 0").status == 64)
  }
}
