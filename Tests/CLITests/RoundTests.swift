// SPDX-License-Identifier: Apache-2.0
// fmtlab round: one rounding, of any number, in every form of output.

import Testing

@Suite struct RoundTests {
  /// The first line: the value.
  private func value(_ line: String, _ location: SourceLocation = #_sourceLocation) throws -> String {
    try succeed("round " + line, location).lines.first ?? ""
  }

  @Test(arguments: [
    ("--to bf16 1.00390625000000000000000000000000000000000000001", "1.0078125"),
    ("--to bf16 1.00390625", "1"),
    ("--to bf16 1.00390624999999999999999999999999999999999999999", "1"),
    ("--to bf16 0x1.01000000000000000000000000000000000000000000000001p0", "1.0078125"),
    ("--to e4m3 -1.5e-05", "-0"), ("--to e4m3 -0x1p-3", "-0.125"), ("--to e4m3 -inf", "-inf"), ("--to e4m3 -.5", "-0.5"),
    ("--to e4m3 -infinity", "-inf"), ("--to e4m3 -0", "-0"), ("--to e4m3 −2", "-2"), ("--to e4m3 +2", "2"), ("--to e4m3 -- -2", "-2"),
    ("--to e4m3 NaN", "nan"), ("--to q8.8 -128.1", "-128"), ("--to uq8.0 -1", "0"),
    ("--to e4m3fn 465", "nan"), ("--to e4m3fn 465 --overflow ieee", "nan"), ("--to e4m3fn 465 --overflow saturate", "448"), ("--to e4m3fn 464", "448"),
    ("--to e4m3 1e30 --overflow infinity --rounding rz", "inf"), ("--to e4m3 1e30 --rounding rz", "240"),
    ("--to q8.0 --overflow wrap 128", "-128"), ("--to q8.0 --overflow wrap 340282366920938463463374607431768211455", "-1"),
    ("--to e5m2 --subnormals flush 0.00001", "0"), ("--to e4m3 --subnormals flush 0.01", "0"), ("--to e4m3 --subnormals keep 0.01", "0.009765625"),
    ("--to fp32 --rounding ru 16777217", "16777218"), ("--to fp32 --rounding RTZ 16777217", "16777216"),
    ("--to half 65520", "inf"), ("--to BF16 1", "1"), ("--to e5m2:nosub 3e-5", "0"),
  ])
  func numberRoundsTo(line: String, expected: String) throws {
    #expect(try value(line) == expected, "fmtlab round \(line)")
  }

  @Test func numbersBeyondAllArithmeticAreRounded() throws {
    #expect(try value("--to e4m3 1e999999999") == "inf")
    #expect(try value("--to e4m3 -1e999999999 --overflow saturate") == "-240")
    #expect(try value("--to fp128 1e-999999999999999999999999") == "0")
    #expect(try value("--to e4m3 --rounding ru 1e-999999999") == "0.001953125")
    #expect(try value("--to e4m3 0x1p99999999999999") == "inf")
    #expect(try succeed("round --to e4m3 1e999999999").fact("exact") == "above 1e+100000000")
    #expect(try succeed("round --to e4m3 0x1p99999999999999").fact("exact") == "above 1e+100000000")
    #expect(try succeed("round --to e4m3 -0x1p-99999999999999").fact("exact") == "between -1e-100000000 and 0")
  }

  @Test func numberOfManyDigitsIsRoundedOnce() throws {
    let zeros = String(repeating: "0", count: 100_000)
    #expect(try value("--to bf16 1.00390625" + zeros + "1") == "1.0078125")
    #expect(try value("--to bf16 1.00390625" + zeros) == "1")
    #expect(try value("--to fp64 " + "1" + zeros) == "inf")
  }

  @Test(arguments: [
    ("0.1", "0.1"), ("1.50", "1.5"), ("-0.00", "-0"), ("00012e-1", "1.2"), ("1e-5", "1e-05"), ("12345e40", "1.2345e+44"),
    ("1e39", "1000000000000000000000000000000000000000"), ("1e40", "1e+40"), (".5E1", "5"),
    ("0.1234567890123456789012345678901234567891", "0.1234567890123456789012345678901234567891"),
    ("1.00390625000000000000000000000000000000000000001", "1.003906250000000000000000000000000000000  (rounded to 40 digits)"),
    ("1.0000000000000000000000000000000000000005", "1.000000000000000000000000000000000000000  (rounded to 40 digits)"),
    ("1.00000000000000000000000000000000000000051", "1.000000000000000000000000000000000000001  (rounded to 40 digits)"),
    ("9.9999999999999999999999999999999999999999", "10.00000000000000000000000000000000000000  (rounded to 40 digits)"),
    ("0x1.8p-1", "0.75"), ("0x1p-200", "6.223015277861141707144064053780124240590e-61  (rounded to 40 digits)"), ("inf", "inf"), ("nan", "nan"),
  ])
  func exactShowsAllDigitsOrThatItWasRounded(number: String, expected: String) throws {
    #expect(try succeed("round --to fp64 \(number)").fact("exact") == expected, "\(number)")
  }

  @Test func documentHasTheFieldsOfTheContract() throws {
    let one = try succeed("round --to e4m3fn 465 --overflow saturate --json").json()
    let fields: [String: JSON.Kind] = [
      "input": .text, "value": .number, "hex": .hex, "code": .optional(.hex), "error": .number, "ulps": .number, "flags": .texts,
      "exact": .text, "exactIsRounded": .flag,
    ]
    one.check(fields, "round")
    one.check(["schema": .text, "format": .text, "rounding": .text, "seed": .count, "results": .list], "round")
    #expect(one["schema"] == .string("fmtlab.round/1"))
    #expect(one["value"] == .number(448) && one["code"] == .string("0x7e") && one["error"] == .number(-17))
    #expect(one["ulps"] == .number(-0.53125) && one["flags"] == .array([.string("inexact"), .string("overflow")]))
    let several = try succeed("round --to e2m1fn -1.5 inf nan 1e-400 --json").json()
    #expect(several["value"] == nil && several["results"]?.items.count == 4)
    for result in several["results"]!.items { result.check(fields, "result") }
    #expect(several["results"]?[0]?["input"] == .string("-1.5"))
    #expect(several["results"]?[1]?["error"] == .string("-inf"))
    #expect(several["results"]?[2]?["value"] == .string("nan") && several["results"]?[2]?["code"] == .null)
  }

  @Test func hexIsExactAlsoBeyondDoubles() throws {
    let result = try succeed("round --to fp128 1e4000 --json").json()
    #expect(result["value"] == .string("inf") && result["hex"] == .string("0x1.a3750647fcab18c21ab905450cc3p+13287"))
    #expect(try succeed("round --to fp128 1e4000").fact("error") == "4.47714e+3965")
    let small = try succeed("round --to e4m3 0.1 --json").json()
    #expect(small["hex"]?.text.flatMap { Double($0) } == small["value"]?.double)
  }

  @Test func errorIsValueMinusExact() throws {
    #expect(try succeed("round --to uq8.0 -inf").fact("error") == "inf")
    #expect(try succeed("round --to q8.0 inf").fact("error") == "-inf")
    #expect(try succeed("round --to e4m3 inf").fact("error") == "0")
    #expect(try succeed("round --to e4m3fn inf").fact("error") == "nan")
    #expect(try succeed("round --to bf16 1.00390625").fact("ulps") == "-0.5")
  }

  @Test func tableHasCSVsFields() throws {
    let run = try succeed("round --to bf16 1 -2.5 nan 1e-50 --csv")
    let rows = csv(run.out)
    #expect(rows[0] == ["input", "exact", "value", "hex", "code", "error", "ulps", "flags"])
    #expect(rows.count == 5 && rows.allSatisfy { $0.count == 8 })
    #expect(rows[2] == ["-2.5", "-2.5", "-2.5", "-0x1.4p+1", "0xc020", "0", "0", ""])
    #expect(rows[4][7] == "inexact underflow")
    #expect(try succeed("round --to e2m1fn nan --csv").lines[1] == "nan,nan,nan,nan,,nan,nan,invalid")
  }

  @Test func stochasticRoundingFollowsTheSeed() throws {
    let numbers = Array(repeating: "0.3", count: 64).joined(separator: " ")
    let first = try succeed("round --to e4m3 --rounding sr --seed 5 --csv \(numbers)")
    #expect(try succeed("round --to e4m3 --rounding sr --seed 5 --csv \(numbers)").out == first.out)
    #expect(try succeed("round --to e4m3 --rounding sr --seed 6 --csv \(numbers)").out != first.out)
    #expect(Set(csv(first.out).dropFirst().map { $0[2] }) == ["0.28125", "0.3125"])
    #expect(first.notes.contains("note: seed 5"))
    // Number i takes draw i, whatever stands before it.
    let mixed = try succeed("round --to e4m3 --rounding sr --seed 5 --csv 1 2 3 0.3")
    #expect(csv(mixed.out)[4][2] == csv(first.out)[4][2])
  }
}
