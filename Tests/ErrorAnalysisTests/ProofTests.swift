// SPDX-License-Identifier: Apache-2.0
// Bounds and constants against what Coq has checked (proofs/).

import Accumulation
import ErrorAnalysis
import Formats
import Foundation
import Testing

@Suite struct ProofTests {
  static func lines(_ path: String) throws -> [String] {
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    return try String(contentsOfFile: "/\(root)/proofs/\(path)", encoding: .utf8).split(separator: "\n").map(String.init)
  }

  /// The table of proofs/README.md, whose theorems `make -C proofs` checks: the bounds that it names, by theorem.
  static func table() throws -> [String: Set<String>] {
    let rows = try lines("README.md").map { $0.replacing("\\|", with: "").split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) } }
    let pairs = rows.filter { $0.count == 3 && $0[0].contains(".") }.map { row in
      (row[0], Set(row[2].split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { $0.hasPrefix("dot.") || $0.hasPrefix("dw.") }))
    }
    return Dictionary(uniqueKeysWithValues: pairs)
  }

  @Test func boundsNameTheirTheoremsAndTheTableTheirBounds() throws {
    let table = try Self.table()
    #expect(table.count > 50)
    let bounds = Bound.catalogue.map { ($0.id, $0.theorems) } + OperationBound.catalogue.map { ($0.id, $0.theorems) }
    for (id, theorems) in bounds {
      let named = Set(theorems)
      #expect(named.isSubset(of: table.keys), "\(id): \(named.subtracting(table.keys))")
      for theorem in named { #expect(table[theorem]!.contains(id), "\(theorem) and \(id)") }
    }
    // (dw.* stands for all bounds of double words.)
    for (theorem, ids) in table { #expect(ids.isSubset(of: bounds.map(\.0) + ["dw.*"]), "\(theorem)") }
    let checked = Set(try Self.lines("assumptions.txt").filter { !$0.hasPrefix(" ") })
    #expect(Set(table.keys).isSubset(of: checked))
  }

  @Test func fourOfFiveDeterministicBoundsAreProved() {
    let certain = Bound.catalogue.filter(\.isCertain).map(\.theorems) + OperationBound.catalogue.map(\.theorems)
    #expect(5 * certain.count { !$0.isEmpty } >= 4 * certain.count)
  }

  /// proofs/constants.txt comes from Coq.
  @Test func constantsAreThoseOfTheTheorems() throws {
    let rows = try Self.lines("constants.txt").map { $0.split(separator: " ").map(String.init) }
    #expect(rows.count == 9)
    for row in rows {
      let format = try Format(row[0]), rounder = try Rounder(to: format)
      #expect([format.precision, format.quantumExponent] == [Int(row[1]), Int(row[2])], "\(row[0])")
      #expect(rounder.relativeError == Upward(Dyadic.power(Int(row[3])!)) && rounder.absoluteError == Upward(Dyadic.power(Int(row[4])!)), "\(row[0])")
      #expect(format.minNormal == Dyadic.power(Int(row[5])!))
      // k u <= 1/2 up to k, in sequence.
      let bound = Bound.catalogue.first { $0.id == "dot.sharp" }!, k = Int(row[6])!
      for (terms, holds) in [(k + 1, true), (k + 2, false)] {
        let problem = Problem.sum(format, try Plan(text: row[0]), count: terms)
        #expect((bound.inapplicability(to: problem) == nil) == holds, "\(row[0]), \(terms) terms")
      }
    }
  }

  /// proofs/double-words.txt comes from Coq: (square/2 u² + cube u³)/(1 − less/2 u) from a precision on.
  @Test func boundsOfDoubleWordsAreThoseOfTheTheorems() throws {
    let rows = try Self.lines("double-words.txt").map { $0.split(separator: " ").map(String.init) }
    let byID = Dictionary(grouping: rows) { $0[0] }
    // (The root's bound is no such formula, and the theorem of one is not ours.)
    #expect(Set(byID.keys) == Set(OperationBound.catalogue.map(\.id)).subtracting(["dw.sqrt", "dw.divfp3"]))
    for bound in OperationBound.catalogue {
      guard let rows = byID[bound.id]?.map({ $0.dropFirst().map { Double($0)! } }) else { continue }
      #expect(rows.map(\.[0]) == bound.forms.map { Double($0.precision) }, "\(bound.id)")
      #expect(bound.relativeError(precision: bound.forms[0].precision - 1) == nil)
      for p in bound.forms[0].precision...24 {
        let row = rows.last { $0[0] <= Double(p) }!, u = Double(sign: .plus, exponent: -p, significand: 1)
        let expected = (row[1] / 2 * u * u + row[2] * u * u * u) / (1 - row[3] / 2 * u)
        let value = bound.relativeError(precision: p)!.value
        #expect(value >= expected * (1 - 0x1p-50) && value <= expected * (1 + 0x1p-40), "\(bound.id), p = \(p)")
      }
    }
  }

  /// The bound that DoubleWordRoot.root_bound states.
  @Test func boundOfTheRootIsThatOfTheTheorem() {
    let bound = OperationBound.of(.squareRoot)
    for p in 3...24 {
      let u = Double(sign: .plus, exponent: -p, significand: 1), v = u / (1 + u), d = (2 * v + v * v + u) / ((1 - v) * (1 - v))
      let expected = (d * d / 8 / ((1 - d) * (1 - d)) + (2 * v + v * v) * d / 2) * ((1 + v) / (1 - u))
      let value = bound.relativeError(precision: p)!.value
      #expect(value >= expected * (1 - 0x1p-48) && value <= expected * (1 + 0x1p-40), "p = \(p)")
    }
    #expect(bound.relativeError(precision: 2) == nil)
  }

  /// What Coq says about binary32 (+ and -, products, quotients, roots), over all operands of formats of at most 6 bits.
  @Test(arguments: ["e2m1", "e2m3", "e3m2"])
  func smallFormatsAreSafeInBinary32(name: String) throws {
    let row = try #require(try Self.lines("constants.txt").map { $0.split(separator: " ") }.first { $0[0] == name })
    #expect(row[7].hasPrefix("1111"))
    let format = try Format(name), rounder = try Rounder(to: format)
    let values = (0..<1 << format.width).map { format.decode(Format.Code($0)).double }.filter(\.isFinite)
    for x in values {
      #expect(x < 0 || rounder.round(Value(Double(Float(x).squareRoot()))).value == rounder.round(Value(x.squareRoot())).value)
      for y in values {
        // (Binary64 holds sums and products exactly, and two quotients of such few bits are equal or far apart.)
        #expect(rounder.round(Value(Double(Float(x) + Float(y)))).value == rounder.round(Value(x + y)).value, "\(x) + \(y)")
        #expect(rounder.round(Value(Double(Float(x) * Float(y)))).value == rounder.round(Value(x * y)).value, "\(x) * \(y)")
        if y != 0 { #expect(rounder.round(Value(Double(Float(x) / Float(y)))).value == rounder.round(Value(x / y)).value, "\(x) / \(y)") }
      }
    }
  }
}
