// SPDX-License-Identifier: Apache-2.0
// Names of formats: one spelling each, every alias, and what is said about the others.

import Formats
import TestSupport
import Testing

@Suite struct NameTests {
  static let suffixes = ["", "u", "fn", "fnu", "fnuz", ":nosub", "u:nosub", "fn:nosub", "fnu:nosub", "fnuz:nosub"]
  static let shortNames = ["e5m10": "fp16", "e8m7": "bf16", "e8m10": "tf32", "e8m23": "fp32", "e11m52": "fp64", "e15m112": "fp128"]

  @Test(arguments: suffixes)
  func everySizeOfFloatingFormatRoundTrips(_ suffix: String) {
    for x in 1...15 {
      for y in 0...112 {
        let written = "e\(x)m\(y)\(suffix)"
        // All numbers of e1mY but zero are subnormal: it cannot do without them. A scale never has any.
        let isEmpty = x == 1 && !suffix.hasPrefix("fn") && suffix.hasSuffix(":nosub")
        let isScale = y == 0 && suffix == "fnu:nosub"
        let plain = "e\(x)m\(y)"
        let short = suffix.isEmpty || suffix == ":nosub" ? NameTests.shortNames[plain] : nil
        let name = isScale ? plain + "fnu" : (short ?? plain) + suffix
        let found = try? Format(written)
        guard found?.name == (isEmpty ? nil : name), found == (try? Format(name)) else {
          Issue.record("\(written) is \(found?.name ?? "refused"): fmtlab info \(written)")
          return
        }
      }
    }
  }

  @Test func everyBiasRoundTrips() throws {
    for suffix in ["", "u", "fn", "fnu", "fnuz"] {
      for bias in Array(0...40) + [127, 1023, 16383, 32767] {
        let format = try Format("e4m3b\(bias)\(suffix)")
        let isDefault = bias == (suffix == "fnuz" ? 8 : 7)
        #expect(format.name == (isDefault ? "e4m3\(suffix)" : "e4m3b\(bias)\(suffix)"))
        #expect(format.maxFinite.scaled(by: bias) == (try Format("e4m3b0\(suffix)")).maxFinite)
      }
    }
  }

  @Test func everyFixedPointFormatRoundTrips() {
    for m in 0...64 {
      for n in 0...64 {
        for (name, isAllowed) in [("q\(m).\(n)", m >= 1 && (2...64).contains(m + n)), ("uq\(m).\(n)", (1...64).contains(m + n))] {
          let found = try? Format(name)
          guard found?.name == (isAllowed ? name : nil), found?.width == (isAllowed ? m + n : nil) else {
            Issue.record("\(name) is \(found?.name ?? "refused"): fmtlab info \(name)")
            return
          }
        }
      }
    }
  }

  @Test(arguments: Format.catalogue)
  func aliasesResolveInEveryCase(_ entry: Format.Entry) throws {
    for name in [entry.format.name] + entry.aliases {
      for spelling in [name, name.lowercased(), name.uppercased()] {
        #expect((try? Format(spelling)) == entry.format, "fmtlab info '\(spelling)'")
      }
    }
  }

  @Test func nearNamesAreSuggested() {
    for (text, meant) in [("e4m3fm", "e4m3fn"), ("bfloat17", "bfloat16"), ("fp17", "fp16"), ("e5m2fnuzz", "e5m2fnuz"), ("float8_e4m3fnx", "float8_e4m3fn")] {
      let error = #expect(throws: FormatError.self) { try Format(text) }
      guard case .unknownFormat(text, let nearest) = error, nearest.contains(meant), nearest.count <= 3 else {
        Issue.record("'\(text)' gives \(String(describing: error)): fmtlab info \(text)")
        continue
      }
      #expect(error?.description.contains(meant) == true)
    }
  }

  @Test func nothingIsSuggestedForNonsense() {
    #expect(throws: FormatError.unknownFormat("zzzzzzzzzzzzzzzzzzzzz", nearest: [])) { try Format("zzzzzzzzzzzzzzzzzzzzz") }
  }

  @Test(arguments: [
    ("e0m3", "exponent bits"), ("e16m3", "exponent bits"), ("e999999m3", "exponent bits"), ("e4m113", "fraction bits"), ("e4m3b32768", "exponent bias"),
    ("e1m3:nosub", "normal numbers"), ("e1m0:nosub", "normal numbers"), ("q0.4", "integer bits"), ("q1.0", "width"),
    ("q33.32", "width"), ("uq0.0", "width"), ("uq64.1", "width"),
  ])
  func fieldsOutOfRangeAreNamed(_ text: String, _ field: String) {
    let error = #expect(throws: FormatError.self) { try Format(text) }
    guard case .fieldOutOfRange(text, field, _, _) = error else {
      Issue.record("'\(text)' gives \(String(describing: error)): fmtlab info \(text)")
      return
    }
  }

  @Test(arguments: [
    "", " ", "e4m3 ", " e4m3", "e", "e4", "e4m", "em3", "m3e4", "e04m3", "e4m03", "e4m3b", "e4m3bfn", "e4m3b011fnuz", "e4m3fnn", "e4m3ufn", "e4m3fnb11",
    "e4m3:", "e4m3:nosu", "e4m3:nosub:nosub", "e4m3nosub", "bf16b", "q4", "q4.", "q.4", "q4.4.4", "q-4.4", "q04.4", "uq4,4", "u", "uq", "e+4m3", "e4m+3",
    "e٤m3", "é4m3", "e4m3\u{301}", "e4m3\0", "e1234567m3", "fp", "fp8", "bf15",
  ])
  func otherTextsAreUnknown(_ text: String) {
    let error = #expect(throws: FormatError.self) { try Format(text) }
    guard case .unknownFormat(text, _) = error else {
      Issue.record("'\(text)' gives \(String(describing: error)): fmtlab info '\(text)'")
      return
    }
  }

  @Test func damagedNamesNeverCrash() {
    let names = Format.catalogue.flatMap { [$0.format.name] + $0.aliases } + ["e4m3b11fnuz:nosub", "e3m0u", "fp16:nosub", "e15m112fnuz", "uq12.20"]
    var mutator = TextMutator(seed: 11, corpus: names, tokens: ["e", "m", "b", "fn", "fnu", "fnuz", "u", ":nosub", "q", "uq", ".", "fp16", "bf", "_"])
    var accepted = 0
    for _ in 0..<effort(100_000) {
      let text = mutator.next()
      do {
        let format = try Format(text)
        accepted += 1
        guard try Format(format.name) == format, format.name == format.name.lowercased(), format.finiteValueCount > 0 else {
          Issue.record("'\(text)' is read as \(format.name), which is read differently: fmtlab info '\(text)'")
          return
        }
      } catch {
        guard !error.description.isEmpty else {
          Issue.record("'\(text)' is refused without a word")
          return
        }
      }
    }
    #expect(accepted > effort(1_000) && accepted < effort(99_000))
  }
}
