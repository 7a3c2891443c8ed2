// SPDX-License-Identifier: Apache-2.0
// fmtlab expansion: counts, the whole map, and arithmetic on expansions.

import Foundation
import Testing

@Suite struct ExpansionCommandTests {
  private func check(_ line: String) throws -> JSON { try succeed("expansion check \(line) --json --quiet").json() }
  private func count(_ document: JSON, _ name: String) -> Int? { document[name]?.double.map { Int($0) } }

  @Test func checksAreTheKnownOnes() throws {
    let nearest = try check("twosum --format e4m3fn --rounding rne")
    #expect(nearest["schema"]?.text == "fmtlab.expansion/1" && count(nearest, "inexact") == 0 && count(nearest, "overflow") == 0)
    #expect(count(nearest, "exact") == 63573 && count(nearest, "cases") == 63573 && nearest["counterexamples"]?.items.isEmpty == true)
    let truncated = try check("2sum --format e4m3fn --rounding rz")
    #expect(count(truncated, "inexact") == 20160 && count(truncated, "unrepresentable") == 13440 && count(truncated, "missed") == 6720)
    let product = try check("twoprodfma --format e4m3fn")
    #expect(abs(Double(count(product, "inexact")!) / Double(count(product, "cases")!) - 0.214) < 5e-4)
    let up = try check("fast2sum --format e5m2 --rounding ru")
    #expect(count(up, "inexact") == 11024 && count(up, "unrepresentable") == 11024 && count(up, "underflow") == 0)
    #expect(up["counterexamples"]?[0]?["operands"]?.items.map { $0.double! } == [0x1p-10, 0x1p-16])
    #expect(up["counterexamples"]?[0]?["operandsHex"]?[1]?.text == "0x1p-16")
    let wrong = try check("dekker --format e5m4 --split 1")
    #expect(count(wrong, "missed")! > 0 && count(wrong, "guaranteed") == 0 && wrong["splitPoint"]?.double == 1)
    #expect(try succeed("expansion check twosum --format e4m3fn --rounding rz").out.contains("20160"))
  }

  @Test func doubleWordChecks() throws {
    let window = try check("dwtimesdw1 --format e8m2 --binades 4")
    #expect(abs(window["largestInSquares"]!.double! - 2.226) < 1e-3 && window["boundInSquares"]?.double == 7)
    // The bounds are of ties to even.
    #expect(try check("dwplusfp --format e3m2fn --rounding rz")["boundInSquares"] == .null)
    let all = try check("dwplusfp --format e3m2fn")
    #expect(count(all, "violations") == 0 && all["boundInSquares"]?.double == 2 && count(all, "notNormalised") == 0)
  }

  @Test func theWholeMap() throws {
    let scratch = try Scratch()
    let run = try succeed("expansion truth --format e3m2fn,e4m3fn --json --quiet --plot \(scratch.url("truth.svg").path) --keep-plot-data")
    let rows = try run.json()["transforms"]!.items
    #expect(rows.count == 5 * 2 * 8)
    let row = rows.first { $0["algorithm"]?.text == "twosum" && $0["format"]?.text == "e4m3fn" && $0["rounding"]?.text == "rz" }
    #expect(row?["inexact"]?.double == 20160)
    #expect(try run.json()["doubleWords"]!.items.count == 6 * 2)
    #expect(try succeed("expansion truth --format e2m1fn,e2m1fn --quiet").out == (try succeed("expansion truth --format e2m1fn --quiet").out))
    let csv = try succeed("expansion truth --format e3m2fn --csv --quiet").lines
    #expect(csv.count == 1 + 5 * 8 + 6 && csv[0].hasPrefix("algorithm,format,rounding,"))
    #expect(try String(contentsOf: scratch.url("truth.tsv"), encoding: .utf8).contains("always exact"))
  }

  @Test func arithmeticOnExpansions() throws {
    let product = try succeed("expansion eval mul 3.14159 2.71828 --format e4m3fn --terms 2 --json --quiet").json()
    #expect(product["result"]?["terms"]?.items.map { $0.double! } == [9, -0.46875] && product["result"]?["exact"]?.text == "8.53857421875")
    #expect(product["capacity"]?["bits"]?.double == 9 && product["operands"]?[0]?["terms"]?.items.count == 2)
    let sum = try succeed("expansion eval add 1 -0x1.8p-12 --format bf16 --full --json").json()
    #expect(sum["result"]?["error"]?.double == 0 && sum["result"]?["terms"]?.items.map { $0.double! } == [1, -0x1.8p-12])
    let order = try succeed("expansion eval compare 0.1 0.10000001 --format bf16 --terms 4 --json").json()
    #expect(order["comparison"]?.double == -1)
    let held = try succeed("expansion eval hold -0.1 --format e3m4 --terms 4 --json").json()
    #expect(held["capacity"]?["isRangeLimited"] == .bool(true) && held["flags"]?.items.first?.text == "underflow")
    let root = try succeed("expansion eval sqrt 2 --format e9m2 --terms 6 --json").json()
    #expect(root["result"]!["relativeError"]!.double! < 16 * 0x1p-24)
    let lost = try succeed("expansion eval add 448 448 --format e4m3fn")
    #expect(lost.out.contains("overflowed"))
    #expect(try succeed("expansion eval div 1 3 --format bf16 --terms 3 --csv").lines.count == 4)
    // Differences that overflow, and equal infinities.
    for (x, y, sign) in [("-448", "448", -1.0), ("448", "-448", 1), ("448", "448", 0), ("-300", "300", -1)] {
      #expect(try succeed("expansion eval compare \(x) \(y) --format e4m3fn --json --quiet").json()["comparison"]?.double == sign)
    }
    #expect(try succeed("expansion eval compare 1e500 1e500 --format fp64 --json").json()["comparison"] == .null)
    // Roots whose squares leave the range say so.
    #expect(try succeed("expansion eval sqrt 440 --format e4m3fn --json").json()["flags"]?.items.map { $0.text! } == ["overflow"])
    #expect(try succeed("expansion eval sqrt 0xdp-16 --format e5m2 --terms 3 --json").json()["flags"]?.items.map { $0.text! } == ["underflow"])
    let tiny = try succeed("expansion eval hold 1e-400 --format e4m3fn --json").json()
    #expect(tiny["operands"]?[0]?["isExact"] == .bool(false) && tiny["operands"]?[0]?["errorDecimal"]?.text == "-1e-400")
    let up = try succeed("expansion eval hold 1e-1000 --format e4m3fn --rounding ru --json").json()
    #expect(up["result"]?["terms"]?.items.map { $0.double! } == [0x1p-9])
  }

  @Test(arguments: [
    ("check bogus --format e4m3", 64, "unknown algorithm 'bogus'; use one of twosum"), ("check twosum --format fp16", 64, "about 2^32 operands or cases; at most 2^26"),
    ("check twosum --format q4.4", 64, "use a signed floating-point format"), ("check twosum --format e4m3 --rounding sr4", 64, "no check in 'e4m3@sr4'"),
    ("check dekker --format e4m3 --split 4", 64, "a split at s = 4 of 4 bits; use 1 to 3"), ("check twosum --format e4m3 --any-order", 64, "for fast2sum"),
    ("check twosum --format e4m3 --binades 3", 64, "leave it out"), ("check dwtimesdw1 --format e5m2 --split 2", 64, "for transforms"),
    ("check dwplusfp --format bf16", 64, "--binades"), ("check dwsqrt --format fp32 --binades 1", 64, "2^47 operands"), ("check dwplusfp --format e4m3 --rounding sr", 64, "without random bits"),
    ("check dwtimesdw1 --format fp16 --binades 20", 64, "at most 2^24"), ("truth --format fp16", 64, "at most 9 bits"), ("eval mul 1 --format bf16", 64, "mul takes 2 numbers, not 1"),
    ("eval foo 1 --format bf16", 64, "use one of hold add"), ("eval add 1 x --format bf16", 65, "'x' is not a number"), ("eval add 1 inf --format bf16", 65, "not finite"),
    ("eval div 1 1e-60 --format bf16", 65, "is zero in bf16"), ("eval sqrt -2 --format bf16", 65, "negative: no root"),
    ("eval add 1 2 --format q4.4", 64, "signed floating-point"), ("eval add 1 2 --format bf16 --rounding sr", 64, "use rne"),
    ("eval div 1 -0x83p-193 --format bf16 --rounding ro", 65, "is zero in bf16"), ("eval hold 1e-999999999 --format e4m3", 65, "too large or too small"),
    ("eval hold 1e999999999999 --format e4m3", 65, "too large or too small"), ("eval hold 1 --format e15m3", 64, "within the range of fp64"),
    ("eval hold 1 --format e5m2:nosub", 64, "with subnormals"), ("check twosum --format e4m3 --split 2", 64, "for split and dekker"),
    ("check dwplusfp --format e2m1fn --binades 8", 64, "a window of 8 binades has numbers that e2m1fn does not have"),
    ("eval add 1 2 --format bf16 --terms 17", 64, "from 1 to 16"),
  ])
  func badInputIsRefused(line: String, status: Int, words: String) throws {
    let run = try fmtlab("expansion \(line)")
    #expect(Int(run.status) == status && run.err.contains(words) && run.out.isEmpty && run.notes.count <= 2, "\(run.command): \(run.err)")
  }
}
