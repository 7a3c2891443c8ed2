// SPDX-License-Identifier: Apache-2.0
// Text for reading stays within 100 columns, and standard error is quiet when asked.

import Testing

@Suite struct WidthTests {
  @Test(arguments: [
    "formats", "bounds", "bounds --for sum", "info fp128", "info e8m0fnu", "values e2m1fn", "values e12m1",
    "round --to fp128 1 -1.1e4000 0.333333333333333333333333333333333333333333333333333333333333333333333333333333 nan -1e-5000",
    "round --to fp64 -1.1e-300 -12345678901234567890123456789012345678901234567890 1e-320 --rounding ru",
    "round --to fp128 -0.333333333333333333333333333333333333333333333333333333333e-4000", "round --to q64.0 1e30",
    "op fma --in fp128 1.1e2000 -1.1e2000 1e-4900", "op add --in e2m1fn --to fp64 --all", "op exp --in fp128 1.1",
    "op mul --in e4m3 --to fp128 --all --rounding sr64", "bounds --for doubleword", "expansion truth --format e2m3fn,e3m2", "expansion check dekker --format e4m2 --rounding sr",
    "expansion check accuratedwplusdw --format e3m2fn", "expansion check dwdivdw2 --format e8m2 --binades 3", "expansion check dwplusfp --format e4m2",
    "expansion eval mul -3.14159265358979323846264338327950288 2.71828e-12 --format fp64 --terms 16 --full", "expansion eval sqrt 1e-30 --format e8m1 --terms 12",
    "dot 1.1,2,-3.3 -4,5e-3,6 --format fp64 --acc fp128", "dot 1.1e300,-2e-300 1e300,1e-300 --format fp64 --acc fp128 --product fused",
    "dot 1,2 3,4 --format e4m3:nosub --acc e4m3:nosub@rd@saturate:3,(pairwise7/e5m10b3@sr16@flush:12,e15m50@ro@infinity):5,e15m112fnuz@rna",
    "analyze --format e4m3 --acc e6m5 --trials 5", "analyze --format fp64 --acc fp128 --trials 5 --data lognormal --n 1,16777",
    "analyze --format bf16 --acc bf16 --trials 3 --n 1,2,4,8,16,32,64,128,256,512,1024,2048",
    "analyze --format e3m4 --acc e2m1fn --trials 5 --data normal --n 16,64,256,1024,4096,16384",
    "analyze --format e15m0b32767 --acc e15m60 --trials 5",
    "analyze --format e4m3 --acc e12m3b2046fnuz@sr64@saturate@flush --n 64 --trials 5 --target 1e-9", "analyze --format e5m2 --acc q1.15@wrap --trials 5",
    "analyze --format e4m3 --acc e4m3@rz:16,e5m7@sr16@flush:8,e6m9@ru@saturate:32,(pairwise4/fp16@ro:64,e8m15@rna@infinity):3,fp32 --trials 3",
  ])
  func textStaysWithin100Columns(line: String) throws {
    let run = try fmtlab(line)
    for text in run.lines { #expect(text.count <= 100, "\(run.command): \(text)") }
    for text in run.lines { #expect(!text.hasSuffix(" "), "\(run.command) ends a line with a space: '\(text)'") }
  }

  @Test func rowsOfExtremeNumbersStayWithin100Columns() throws {
    let scratch = try Scratch()
    let x = try scratch.file("x.csv", "-1.2345678901e-300,1\n1e300,-1.23456789e300\n3.14159265358979,-2.7182818284\n1e-320,1e-310\n")
    for acc in ["fp64", "fp128", "e4m3", "q1.15"] {
      let run = try succeed("dot \(x) \(x) --rows --format fp64 --acc \(acc)")
      for text in run.lines { #expect(text.count <= 100, "\(run.command): \(text)") }
    }
  }

  @Test(arguments: [
    "info e4m3", "values e4m3", "round --to e4m3 0.1 --rounding sr", "op add --in e4m3 0.1 0.1 --rounding sr", "op add --in e2m1 --all",
    "dot 0.1 0.1 --format e4m3 --acc e4m3@sr --init 0.1", "analyze --format e4m3 --acc e4m3@sr --trials 3", "bounds", "formats",
    "expansion check twosum --format e4m3 --rounding rz", "expansion eval add 0.1 0.2 --format e4m3", "expansion truth --format e2m2",
  ])
  func quietLeavesStandardErrorEmpty(line: String) throws {
    for form in ["", " --json", " --csv"] {
      let run = try succeed(line + form + " --quiet")
      #expect(run.err.isEmpty && !run.out.isEmpty, "\(run.command)")
      // Data are the same without it.
      #expect(try succeed(line + form).out == run.out)
    }
  }

  @Test func progressIsForTerminalsOnly() throws {
    let run = try succeed("analyze --format bf16 --acc fp32 --n 2000 --trials 1500")
    #expect(run.err.isEmpty)
  }

  @Test func versionIsOneLine() throws {
    #expect(try succeed("--version").lines.count == 1)
  }
}
