// SPDX-License-Identifier: Apache-2.0
// fmtlab gemm and fmtlab verify.

import Foundation
import Testing

@Suite struct GemmTests {
  @Test func elementsAreThoseOfDot() throws {
    let scratch = try Scratch()
    let a = try scratch.file("a.csv", "1,2,3\n-0.4,100,7\n")
    let b = try scratch.file("b.csv", "4,0.1\n5,-6\n6,20\n")
    for acc in ["e6m5", "e4m3:2,fp32", "pairwise/fp16", "q8.13"] {
      let run = try succeed("gemm \(a) \(b) --format e4m3 --acc \(acc) --quiet")
      let table = run.lines.suffix(2).map { $0.split(separator: " ").map { Double($0)! } }
      for (i, x) in ["1,2,3", "-0.4,100,7"].enumerated() {
        for (j, y) in ["4,5,6", "0.1,-6,20"].enumerated() {
          let dot = try succeed("dot \(x) \(y) --format e4m3 --acc \(acc) --quiet --json").json()
          #expect(dot["result"]?.double == table[i][j], "\(acc), element (\(i), \(j))")
        }
      }
    }
  }

  @Test func jsonHasTheDocumentedFields() throws {
    let json = try succeed("gemm 1,2,3 4,5,6 --format e4m3 --acc e6m5@sr8 --seed 9 --json --quiet").json()
    #expect(json["schema"]?.text == "fmtlab.gemm/1" && json["macs"]?.double == 3 && json["k"]?.double == 3 && json["seed"]?.double == 9)
    for key in ["m", "n", "seconds", "gmacs"] { #expect(json[key]?.double ?? -1 >= 0, "\(key)") }
  }

  @Test func outputsAreTheSameOnAnyNumberOfThreads() throws {
    let scratch = try Scratch()
    let rows = (0..<40).map { i in (0..<50).map { "\(Double((i * 37 + $0 * 11) % 61 - 30) / 8)" }.joined(separator: ",") }.joined(
      separator: "\n")
    let a = try scratch.file("a.csv", rows)
    var files: [Data] = []
    for threads in ["1", "2", "7"] {
      let out = scratch.url("c\(threads).npy")
      _ = try succeed("gemm \(a) \(a) --transpose-b --format e4m3 --acc e6m5@sr24 --threads \(threads) --quiet -o \(out.path)")
      files.append(try Data(contentsOf: out))
    }
    #expect(files[0] == files[1] && files[0] == files[2] && files[0].count > 40 * 40 * 4)
  }

  @Test func badInputIsRefused() throws {
    let scratch = try Scratch()
    let cube = try scratch.file("a.csv", "1,2\n3,4\n")
    for (line, status) in [
      ("gemm 1,2 1,2,3 --format e4m3 --acc e6m5", 65), ("gemm nowhere.npy 1 --format e4m3 --acc e6m5", 66),
      ("gemm \(cube) 1,2,3 --format e4m3 --acc e6m5", 65),
      ("gemm 1 1 --format e4m3 --acc e6m5 --threads 0", 64), ("gemm 1 1 --format e4m3 --acc e6m5 -o /nowhere/c.npy", 66),
      ("gemm 1 1 --format e4m4x --acc e6m5", 64),
      ("gemm 1 1 --format fp64 --acc fp128", 64), ("gemm 1 1 --format e4m3 --acc e6m5 -o c.csv", 64), ("verify --format fp64", 64),
      ("verify --instructions mmx", 64), ("verify --format posit8 --rounding sr", 64),
    ] as [(String, Int32)] {
      let run = try fmtlab(line)
      #expect(run.status == status && run.out.isEmpty && run.err.contains("error: "), "\(line): \(run.status) \(run.err)")
    }
    #expect(try scratch.names.filter { $0.hasSuffix(".npy") }.isEmpty)
  }

  @Test func verifyFindsNoMismatchAndSaysWhatNoKernelFits() throws {
    let run = try succeed("verify --format e5m2 --rounding rne --quiet")
    #expect(run.out.contains("no mismatches") && run.out.contains("nearest"))
    let json = try succeed("verify --format posit8 --rounding rne --json --quiet").json()
    #expect(json["mismatches"]?.double == 0 && json["inputs"]?.double == 0)
    #expect(
      try succeed("verify --format posit8 --rounding rne --quiet").out.contains(
        "by the reference, since the format has gaps that are no powers of two"))
  }
}
