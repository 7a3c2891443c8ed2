// SPDX-License-Identifier: Apache-2.0
// fmtlab kappa: tables of results as `op --all --csv` prints them, changed in known ways.

import Testing

@Suite struct KappaTests {
  /// Every result of exp from fp16 into e4m3, subnormal ones flushed to zero or the smallest normal number.
  private func flushedExponential() throws -> String {
    let rows = csv(try succeed("op exp --in fp16 --to e4m3 --all --csv --quiet").out)
    let flushed = rows.dropFirst().map { row -> String in
      let code = Int(row[1].dropFirst(2), radix: 16)!
      guard (1...7).contains(code) else { return "\(row[0]),\(row[1]),kept" }
      return code <= 4 ? "\(row[0]),0x0,to zero" : "\(row[0]),0x8,raised"
    }
    return (["x,result,subset"] + flushed).joined(separator: "\n") + "\n"
  }

  @Test func flushingExponentialHasKappaFourAndThree() throws {
    let table = try flushedExponential()
    let document = try succeed("kappa --op Exp --in fp16 --to e4m3 --impl - --json", input: table).json()
    document.check(
      ["schema": .text, "op": .text, "in": .text, "to": .text, "cases": .count, "different": .count, "kappa": .number, "worst": .record, "subsets": .list], "kappa")
    #expect(document["schema"] == .string("fmtlab.kappa/1") && document["op"] == .string("exp") && document["cases"] == .number(65536))
    #expect(document["kappa"] == .number(4) && document["worst"]?["given"] == .number(0) && document["worst"]?["expected"] == .number(0x1p-7))
    #expect(document["worst"]?["codes"]?["expected"] == .string("0x4") && document["worst"]?["x"]?.double.map { $0 < -4.7 && $0 > -5 } == true)
    let subsets = Dictionary(uniqueKeysWithValues: document["subsets"]!.items.map { ($0["name"]!.text!, $0["kappa"]!) })
    #expect(subsets == ["kept": .number(0), "to zero": .number(4), "raised": .number(3)])
    let rows = csv(try succeed("kappa --op exp --in fp16 --to e4m3 --impl - --csv --quiet", input: table).out)
    #expect(rows[0] == ["subset", "kappa", "cases", "different"] && rows[1].prefix(3) == ["all", "4", "65536"] && rows.count == 5)
    let text = try succeed("kappa --op exp --in fp16 --to e4m3 --impl - --quiet", input: table)
    #expect(text.fact("kappa") == "4" && text.lines.allSatisfy { $0.count <= 100 } && text.lines.contains { $0.hasPrefix("  to zero") })
  }

  @Test(arguments: [
    "sqrt --in e4m3 --to e4m3", "mul --in e3m2 --to e2m1fn", "div --in e2m1fn --to e2m1fn", "fma --in e2m1fn --to e4m3fnuz", "sqrt --in e5m2:nosub --to e4m3u",
    "recip --in q4.4 --to q4.4 --rounding rz", "log --in e8m0fnu --to fp32 --rounding ru", "atan2 --in e3m2fnuz --to e4m3 --overflow saturate",
    "minimumFinite --in e4m3u --to fp16",
  ])
  func ownResultsHaveKappaZero(line: String) throws {
    let scratch = try Scratch()
    let path = try scratch.file("results.csv", try succeed("op \(line) --all --csv").out)
    let document = try succeed("kappa --op \(line) --impl \(path) --json").json()
    #expect(document["kappa"] == .number(0) && document["different"] == .number(0) && document["worst"] == .null, "\(line)")
    #expect(document["subsets"] == .array([]))
  }

  @Test func neighbourSpecialAndNumbersAreTold() throws {
    func kappa(_ rows: String) throws -> JSON? {
      try succeed("kappa --op sqrt --in e4m3 --to e4m3 --impl - --partial --json --quiet", input: "# results\r\nresult,x\r\n" + rows).json()["kappa"]
    }
    let cases: [(String, JSON)] = [
      ("2,4\n", .number(0)), ("0x40,0x48\n1.875,4\n", .number(1)), ("-0,0\n0,-0\n", .number(0)), ("inf,4\n", .string("inf")), ("240,inf\n", .string("inf")),
      ("nan,4\ninf,4\n", .string("nan")), ("1,-1\n", .string("nan")), ("nan,nan\n,-1\n", .number(0)),
    ]
    for (rows, expected) in cases {
      let found = try kappa(rows)
      #expect(found == expected, "\(rows)")
    }
  }

  @Test func missingInputsAreCounted() throws {
    let table = "x,result\n" + csv(try succeed("op sqrt --in e4m3 --all --csv").out).dropFirst().filter { !["0x1", "0xff", "0x30"].contains($0[0]) }
      .map { $0.joined(separator: ",") + "\n" }.joined()
    // 0xff is one of several codes of NaN.
    let run = try fmtlab("kappa --op sqrt --in e4m3 --to e4m3 --impl -", input: table)
    #expect(run.status == 65 && run.err == "error: standard input: 2 of 243 inputs of sqrt over e4m3 are missing; add them, or accept that with --partial.\n")
    let partial = try succeed("kappa --op sqrt --in e4m3 --to e4m3 --impl - --partial", input: table)
    #expect(partial.fact("kappa") == "0" && partial.notes.contains("note: 2 of 243 inputs of sqrt over e4m3 are missing"))
    #expect(try succeed("kappa --op add --in fp64 --to fp32 --impl - --partial", input: "x,y,result\n1,2,3\n").fact("kappa") == "0")
  }

  @Test(arguments: [
    ("kappa --op sqrt --in e4m3 --to e4m3 --impl nofile.csv", 66, "cannot read 'nofile.csv': no such file"),
    ("kappa --op sqrt --in e4m3 --to e4m3 --impl /", 66, "it is a directory"),
    ("kappa --op sqrt --in e4m3 --to e4m3 --impl -", 65, "standard input is empty"),
    ("kappa --op foo --in e4m3 --to e4m3 --impl -", 64, "unknown operation 'foo'"), ("kappa --op sqrt --in e4m3 --to e4m3", 64, "--impl"),
    ("kappa --op sqrt --in e4m3 --to e4m3 --impl - --rounding sr", 64, "no single correct result"),
    ("kappa --op add --in fp32 --to e4m3 --impl -", 64, "2^64 inputs"),
  ] as [(String, Int32, String)])
  func badUseIsRefused(line: String, status: Int32, words: String) throws {
    let run = try fmtlab(line)
    #expect(run.status == status && run.err.contains(words) && run.out.isEmpty && run.notes.count <= 2, "\(run.command): \(run.err)")
  }

  @Test(arguments: [
    ("x,y,result\n", "line 1: the header is 'x,y,result', not x,result"), ("x,result,result\n", "the header"), ("x,result,foo\n", "the header"), ("x\n", "the header"),
    ("x,result\n0.3,1\n", "line 2: '0.3' is not a value of e4m3"), ("x,result\n\n1,300\n", "line 3: '300' is not a value"), ("x,result\n1,2,3\n", "line 2: 3 fields, not the header's 2"),
    ("x,result\n0x100,1\n", "'0x100' is not a code of e4m3; codes are 0x0 to 0xff"), ("x,result\nfoo,1\n", "'foo' is not a number"), ("x,result\n,1\n", "'' is not a number"),
    ("x,result\n", "holds no results"),
  ])
  func badTableIsRefused(table: String, words: String) throws {
    let run = try fmtlab("kappa --op sqrt --in e4m3 --to e4m3 --impl -", input: table)
    #expect(run.status == 65 && run.err.contains(words) && run.out.isEmpty && run.notes.count == 1, "\(table): \(run.err)")
  }
}
