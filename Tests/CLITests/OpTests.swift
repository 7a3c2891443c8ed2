// SPDX-License-Identifier: Apache-2.0
// fmtlab op: single operations, streams of them, and all operands of a format.

import Testing

@Suite struct OpTests {
  @Test(arguments: [
    ("fma --in e5m2 20 24 -1.52587890625e-05", "448"),
    ("fma --in bf16 1.0625 1.0625 1e-30", "1.1328125"),
    ("fma --in bf16 1.0625 1.0625 0", "1.125"),
    ("add --in e4m3 -1 -2", "-3"), ("sub --in e4m3 --codes 0x38 0xb8", "2"), ("mul --in fp16 --codes 0x3c00 0xBC01", "-1.0009765625"),
    ("add --in e4m3 240 240", "inf"), ("add --in e4m3 240 240 --overflow saturate", "240"), ("mul --in q8.0 100 100 --overflow wrap", "16"),
    ("div --in e4m3 1 -0", "-inf"), ("div --in e4m3 0 0", "nan"), ("div --in e2m1fn 1 0", "6"), ("sqrt --in fp32 2", "1.4142135381698608"),
    ("add --in e4m3 1 -1 --rounding rd", "-0"), ("mul --in e4m3 0.1 0.1 --to fp32", "0.01031494140625"),
    ("exp --in fp32 1", "2.7182817459106445"), ("exp2 --in fp16 -24", "5.960464477539063e-08"), ("log --in fp64 2", "0.6931471805599453"),
    ("log2 --in bf16 8", "3"), ("tanh --in e4m3 240", "1"), ("sigmoid --in e4m3 0", "0.5"), ("erf --in fp64 0.5", "0.5204998778130465"),
    ("gelu --in fp64 1", "0.8413447460685429"), ("swish --in fp64 1", "0.7310585786300049"), ("swish --in e4m3 -inf", "-0"),
    ("exp --in fp128 1e30", "inf"), ("exp --in fp128 -1e30 --rounding ru --to e5m2", "1.52587890625e-05"),
  ])
  func operationGives(line: String, expected: String) throws {
    #expect(try succeed("op \(line)").lines.first == expected, "fmtlab op \(line)")
  }

  @Test func operandThatIsNoValueIsRoundedWithANote() throws {
    let run = try succeed("op fma --in bf16 1.0625 1.0625 1e-30")
    #expect(run.notes == ["note: 1e-30 was rounded to bf16: the operand is 9.98402083170343e-31 (0x1.44p-100)"])
    #expect(try succeed("op fma --in bf16 1.0625 1.0625 0x1.44p-100").err.isEmpty)
    #expect(try succeed("op fma --in bf16 1.0625 1.0625 1e-30 --quiet").err.isEmpty)
    #expect(try succeed("op add --in e2m1fn nan 1").notes == ["note: e2m1fn has no NaN; the operand is NaN all the same"])
    // Many of them are summed up.
    let stream = (1...50).map { "1.\($0) 1\n" }.joined()
    #expect(try succeed("op add --in bf16 -", input: stream).notes.count == 5)
  }

  @Test func documentHasTheFieldsOfTheContract() throws {
    let document = try succeed("op fma --in e5m2 20 24 -1.52587890625e-05 --json").json()
    let fields: [String: JSON.Kind] = [
      "input": .texts, "exact": .text, "value": .number, "hex": .hex, "code": .optional(.hex), "error": .number, "ulps": .number, "flags": .texts,
    ]
    document.check(fields, "op")
    document.check(["schema": .text, "operation": .text, "format": .text, "rounding": .text, "seed": .count, "results": .list], "op")
    #expect(document["schema"] == .string("fmtlab.op/1") && document["operation"] == .string("fma"))
    #expect(document["exact"] == .string("479.9999847412109375") && document["value"] == .number(448) && document["code"] == .string("0x5f"))
    #expect(document["input"] == .array([.string("20"), .string("24"), .string("-1.52587890625e-05")]))
  }

  @Test func exactHasFortyDigitsAndSaysSo() throws {
    #expect(try succeed("op div --in fp16 1 10").fact("exact") == "0.1000000000000000000000000000000000000000  (rounded to 40 digits)")
    #expect(try succeed("op exp --in fp64 1").fact("exact") == "2.718281828459045235360287471352662497757  (rounded to 40 digits)")
    #expect(try succeed("op mul --in fp64 1.5 -1.5").fact("exact") == "-2.25")
    #expect(try succeed("op exp --in fp64 -1e300").fact("exact") == "between 0 and 1e-100000000")
    #expect(try succeed("op exp --in fp64 1e300").fact("exact") == "above 1e+100000000")
  }

  @Test func errorIsTheTrueOneHoweverSmall() throws {
    #expect(try succeed("op add --in fp64 1 5e-324").fact("error") == "-5e-324")
    #expect(try succeed("op add --in fp128 1 -0x1p-16494").fact("error") == "6.47518e-4966")
    #expect(try succeed("op mul --in fp128 1e-4900 1e-4900").fact("error") == "-1e-9800")
    #expect(try succeed("op tanh --in fp64 100").fact("error") == "2.767793053473475e-87")
    // Where the result agrees with the value in thousands of bits, the error has no digits left.
    #expect(try succeed("op tanh --in fp64 1e300").fact("error") == "0")
    #expect(try succeed("op tanh --in fp64 1e300").fact("flags") == "inexact")
  }

  @Test func streamHasOneOperationALine() throws {
    let run = try succeed("op add --in e4m3 --csv -", input: "1 2\r\n\n  3,-4 \n0x1p-3;1")
    #expect(csv(run.out).map { [$0[0], $0[2]] } == [["input", "value"], ["1 2", "3"], ["3 -4", "-1"], ["0x1p-3 1", "1.125"]])
    let codes = try succeed("op fma --in e4m3 --codes --json -", input: "0x38 0x40 0x38\n0xFF 0x0 0x0\n").json()
    #expect(codes["results"]?.items.map { $0["value"]?.double } .first == 3)
    #expect(codes["results"]?[1]?["value"]?.double?.isNaN == true)
    // Operation i takes draw i, empty lines not counted.
    let one = try succeed("op mul --in e4m3 --rounding sr --csv -", input: "1.5 1.125\n1.5 1.125\n1.5 1.125\n")
    let two = try succeed("op mul --in e4m3 --rounding sr --csv -", input: "1 1\n\n1 1\n1.5 1.125\n")
    #expect(csv(one.out)[3] == csv(two.out)[3])
  }

  // MARK: All operands

  @Test(arguments: ["mul --in e4m3 --to e4m3", "add --in e3m2fn --to e2m1fn --rounding rz", "fma --in e2m1fn", "exp --in e5m2 --to bf16", "div --in q4.0 --to q2.4 --overflow wrap"])
  func statisticsOfAllOperandsAddUp(line: String) throws {
    let document = try succeed("op \(line) --all --json").json()
    document.check(
      [
        "schema": .text, "cases": .count, "exact": .count, "inexact": .count, "overflow": .count, "underflow": .count, "nan": .count,
        "maxUlps": .number, "meanError": .number, "rmsError": .number, "seed": .count,
      ], "op --all")
    #expect(document["schema"] == .string("fmtlab.op/1"))
    let (exact, inexact, nan) = (document["exact"]!.double!, document["inexact"]!.double!, document["nan"]!.double!)
    let results = csv(try succeed("op \(line) --all --csv").out)
    #expect(exact + inexact + nan == document["cases"]!.double! && results.count - 1 == Int(exact + inexact + nan))
  }

  @Test func multiplicationOfAllE4M3HasKnownStatistics() throws {
    let document = try succeed("op mul --in e4m3 --to e4m3 --all --json").json()
    #expect(document["cases"] == .number(65536) && document["maxUlps"] == .number(0.5) && document["meanError"] == .number(0))
    // NaN: 14 codes with anything, and 0 · ∞ with two signs each, in both orders.
    let (withNaN, zeroTimesInfinity) = (2 * 14 * 256 - 14 * 14, 2 * 4)
    #expect(document["nan"] == .number(Double(withNaN + zeroTimesInfinity)))
  }

  @Test func everyRowOfAllOperandsIsThatOfTheSingleOperation() throws {
    let rows = csv(try succeed("op mul --in e3m2fn --to e2m3fn --rounding sr --seed 3 --all --csv").out)
    #expect(rows[0] == ["x", "y", "result"] && rows.count == 4097)
    let stream = rows.dropFirst().map { "\($0[0]) \($0[1])\n" }.joined()
    let singles = csv(try succeed("op mul --in e3m2fn --to e2m3fn --rounding sr --seed 3 --codes --csv -", input: stream).out)
    #expect(rows.dropFirst().map { $0[2] } == singles.dropFirst().map { $0[4] })
  }

  @Test func resultWithoutCodeIsAnEmptyField() throws {
    let rows = csv(try succeed("op div --in e2m0 --to e2m1fn --all --csv").out)
    #expect(rows.allSatisfy { $0.count == 3 } && rows.contains { $0[2].isEmpty })
  }
}
