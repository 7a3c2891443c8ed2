// SPDX-License-Identifier: Apache-2.0
// fmtlab formats, info, values and bounds: lists in every form of output.

import Testing

@Suite struct FormatTests {
  @Test func listOfFormatsHasTheFieldsOfTheContract() throws {
    let document = try succeed("formats --json").json()
    #expect(document["schema"] == .string("fmtlab.formats/1"))
    let formats = document["formats"]!.items
    for format in formats { format.check(["name": .text, "aliases": .texts, "family": .text, "bits": .number], "\(format["name"]!)") }
    let names = formats.compactMap { $0["name"]?.text }
    #expect(Set(names).isSuperset(of: ["fp16", "bf16", "tf32", "e4m3", "e4m3fn", "e5m2", "q8.13", "e8m0fnu"]) && Set(names).count == names.count)
    let rows = csv(try succeed("formats --csv").out)
    #expect(rows[0] == ["name", "family", "bits", "aliases"] && rows.dropFirst().map { $0[0] } == names)
    let text = try succeed("formats").lines
    // Two tables, each under its header.
    #expect(text.filter { !$0.hasPrefix(" ") && !$0.isEmpty }.count == names.count + 2)
    for alias in formats.flatMap({ $0["aliases"]!.items.compactMap(\.text) }) {
      #expect(text.contains { $0.split(separator: " ").contains(Substring(alias)) }, "\(alias) is missing in the table")
    }
  }

  @Test(arguments: [("half", "fp16"), ("float8_e4m3fn", "e4m3fn"), ("CUDA_R_8F_UE8M0", "e8m0fnu"), ("E8M7", "bf16"), ("int8", "q8.0")])
  func aliasIsUnderstood(alias: String, name: String) throws {
    #expect(try succeed("info \(alias) --quiet").lines.first == name)
  }

  static let card: [String: JSON.Kind] = [
    "schema": .text, "name": .text, "family": .text, "bits": .count, "precision": .count, "exponentBits": .optional(.count),
    "fractionBits": .count, "bias": .optional(.count), "emin": .optional(.number), "emax": .optional(.number), "maxFinite": .number,
    "minNormal": .optional(.number), "minSubnormal": .optional(.number), "unitRoundoff": .optional(.number), "finiteCount": .count,
    "hasInfinity": .flag, "nanCodes": .count, "hasNegativeZero": .flag, "isSigned": .flag, "aliases": .texts,
  ]

  @Test(arguments: ["e4m3", "e4m3fn", "bf16", "fp64", "fp128", "q8.13", "uq1.7", "e8m0fnu", "e2m0", "e1m0", "e1m1", "e4m3fnuz", "e5m2:nosub", "e5m2b3u"])
  func cardHasTheFieldsOfTheContract(name: String) throws {
    let document = try succeed("info \(name) --json --quiet").json()
    document.check(Self.card, name)
    #expect(document["schema"] == .string("fmtlab.info/1") && document["name"] == .string(name))
    // Each number and its hexadecimal twin are one number, or both null.
    for key in ["maxFinite", "minFinite", "minNormal", "minSubnormal", "minPositive", "unitRoundoff"] {
      let (number, hex) = (document[key], document[key + "Hex"])
      if number == .null { #expect(hex == .null, "\(name).\(key)") } else { #expect(hex?.text.flatMap { Double($0) } == number?.double, "\(name).\(key)") }
    }
    let rows = csv(try succeed("info \(name) --csv --quiet").out)
    #expect(rows.count == 2 && rows[0].count == rows[1].count && Set(rows[0]).count == rows[0].count)
    #expect(Set(rows[0]) == document.keys.subtracting(["schema"]))
    let text = try succeed("info \(name) --quiet")
    for key in Self.card.keys where key != "schema" && key != "name" { #expect(text.fact(key) != nil, "\(name): no \(key) in the text") }
  }

  @Test func cardsShowKnownFacts() throws {
    let e4m3 = try succeed("info e4m3 --json --quiet").json()
    #expect(e4m3["maxFinite"] == .number(240) && e4m3["minSubnormalHex"] == .string("0x1p-9") && e4m3["nanCodes"] == .number(14))
    #expect(e4m3["emin"] == .number(-6) && e4m3["emax"] == .number(7) && e4m3["unitRoundoff"] == .number(0.0625))
    let fp128 = try succeed("info fp128")
    #expect(fp128.fact("maxFinite")?.hasPrefix("1.1897314953572318e+4932  (0x1.ffff") == true)
    #expect(fp128.fact("finiteCount") == "340271982327221393808117546439109771264")
    #expect(try succeed("info q8.13").fact("minNormal") == "-")
  }

  @Test func bareNameWithTwoMeaningsIsNotedOnce() throws {
    let note = "note: e4m3 is the IEEE-style format (max 240); the OCP FP8 format is e4m3fn (max 448)"
    #expect(try succeed("info e4m3").notes == [note])
    #expect(try succeed("op add --in e4m3 --to e4m3 1 1").notes == [note])
    #expect(try succeed("dot 1 1 --format e4m3 --acc e4m3:2,e4m3 --product e4m3").notes == [note])
    #expect(try succeed("info e4m3 --quiet").err.isEmpty)
    #expect(try succeed("info e4m3fn").err.isEmpty)
    #expect(try succeed("info e2m1").notes.count == 1)
  }

  // MARK: Values

  @Test func valuesAreListedInOrderOfTheirCodes() throws {
    let rows = csv(try succeed("values e4m3fn --csv").out)
    #expect(rows[0] == ["code", "class", "value", "hex"] && rows.count == 257)
    #expect(rows[1] == ["0x0", "zero", "0", "0x0p+0"] && rows[0x7e + 1] == ["0x7e", "normal", "448", "0x1.cp+8"])
    #expect(rows[0x7f + 1] == ["0x7f", "nan", "nan", "nan"] && rows[0x80 + 1] == ["0x80", "zero", "-0", "-0x0p+0"])
    #expect(rows.dropFirst().enumerated().allSatisfy { "0x" + String($0.offset, radix: 16) == $0.element[0] })
    let document = try succeed("values e4m3fn --json").json()
    #expect(document["schema"] == .string("fmtlab.values/1") && document["name"] == .string("e4m3fn"))
    for (row, value) in zip(rows.dropFirst(), document["values"]!.items) {
      #expect(value["code"]?.text == row[0] && value["class"]?.text == row[1] && value["hex"]?.text == row[3])
      #expect(value["value"]?.double.map { $0.isNaN ? "nan" : "\($0)" } == Double(row[2]).map { $0.isNaN ? "nan" : "\($0)" })
    }
  }

  @Test func everyCodeOfFP16HasItsClass() throws {
    let rows = csv(try succeed("values fp16 --csv").out).dropFirst()
    let counts = Dictionary(grouping: rows) { $0[1] }.mapValues(\.count)
    #expect(counts == ["zero": 2, "subnormal": 2046, "normal": 61440, "infinity": 2, "nan": 2046])
  }

  @Test(arguments: ["e2m1fn", "e12m0", "e12m0b4000u", "q1.3", "uq3.0", "e1m0", "e8m0fnu"])
  func valuesOfOddFormatsAreListed(name: String) throws {
    let rows = csv(try succeed("values \(name) --csv").out)
    #expect(rows.allSatisfy { $0.count == 4 } && rows.dropFirst().allSatisfy { ["zero", "subnormal", "normal", "infinity", "nan"].contains($0[1]) })
    let document = try succeed("values \(name) --json").json()
    #expect(document["values"]?.items.count == rows.count - 1)
    let text = try succeed("values \(name)").lines
    // One column each: the hexadecimal forms start at one place.
    let start = text[0].distance(from: text[0].startIndex, to: text[0].ranges(of: "hex")[0].lowerBound)
    #expect(text.dropFirst().allSatisfy { $0.dropFirst(start).first != " " && $0.dropFirst(start - 1).first == " " })
  }

  // MARK: Bounds

  @Test func catalogueOfBoundsHasTheFieldsOfTheContract() throws {
    let document = try succeed("bounds --json").json()
    #expect(document["schema"] == .string("fmtlab.bounds/1"))
    let bounds = document["bounds"]!.items
    for bound in bounds {
      bound.check(["id": .text, "statement": .text, "kind": .text, "hypotheses": .texts, "source": .text, "proof": .text, "theorems": .texts], "\(bound["id"]!)")
    }
    let ids = bounds.compactMap { $0["id"]?.text }
    #expect(ids.contains("dot.nu") && Set(ids).count == ids.count)
    let rows = csv(try succeed("bounds --csv").out)
    #expect(rows[0] == ["id", "statement", "kind", "hypotheses", "source", "proof"] && rows.dropFirst().map { $0[0] } == ids)
    #expect(try succeed("bounds").lines.filter { !$0.hasPrefix(" ") && !$0.isEmpty }.map { $0.split(separator: " ")[0].description } == ids)
    let words = try succeed("bounds --for doubleword --json").json()["bounds"]!.items.compactMap { $0["id"]?.text }
    let dots = try succeed("bounds --for dot --json").json()["bounds"]!.items.compactMap { $0["id"]?.text }
    #expect(dots + words == ids && words.count == 12 && words[0] == "dw.plusfp")
    let sums = try succeed("bounds --for sum --json").json()["bounds"]!.items.compactMap { $0["id"]?.text }
    #expect(!sums.isEmpty && Set(sums).isStrictSubset(of: ids))
  }
}
