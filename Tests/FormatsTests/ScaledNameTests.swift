// SPDX-License-Identifier: Apache-2.0
// Names of scaled formats: one spelling each, every alias, and what is said about the others.

import Formats
import TestSupport
import Testing

@Suite struct ScaledNameTests {
  @Test(arguments: ScaledFormat.catalogue)
  func namesAndAliasesResolveInEveryCase(_ entry: ScaledFormat.Entry) {
    #expect(entry.format.name == entry.name)
    for name in [entry.name] + entry.aliases {
      for spelling in [name, name.lowercased(), name.uppercased()] {
        #expect((try? ScaledFormat(spelling)) == entry.format, "\(spelling) is not \(entry.name)")
      }
    }
  }

  @Test(arguments: ScaledFormat.catalogue)
  func everyModifierRoundTrips(_ entry: ScaledFormat.Entry) throws {
    var names = 0
    for rule in ["", "@floor", "@ceil", "@even", "@roundceil", "@rne", "@ru", "@rz", "@rna", "@ro"] {
      for other in ["", "@symmetric", "@divide", "@reciprocal", "@exact"] {
        for size in ["", "/tensor", "/channel", "/1", "/16", "/32", "/48", "/16777216"] {
          guard let format = try? ScaledFormat(entry.name + rule + other + size) else { continue }
          names += 1
          #expect(try ScaledFormat(format.name) == format, "\(entry.name + rule + other + size) prints as \(format.name)")
        }
      }
    }
    #expect(names >= 4)
  }

  @Test(arguments: [
    ("mxfp4@ceil", "mxfp4@ceil"), ("mxfp4@floor/32", "mxfp4"), ("MXFP4@RCEIL", "mxfp4@roundceil"), ("mxfp8_e5m2@rceil/16", "mxfp8_e5m2@roundceil/16"),
    ("mxfp4/16", "mxfp4_16"), ("mx(e2m1,32,e8m0)", "mxfp4"), ("mx(e4m3,32,e8m0)", "mxfp8_e4m3"), ("mx(e4m3,16)", "mxfp8_e4m3/16"),
    ("pow2(e4m3)/32", "pow2(e4m3)/32"), ("nv(e2m1,16,ue4m3,fp32)", "nvfp4"), ("nvfp4@up", "nvfp4@ru"), ("nvfp4@ru@reciprocal/32", "nvfp4@ru@reciprocal/32"),
    ("BM8<2,5>", "bm8"), ("bm<3,4>", "bm3.4"), ("bm3.4/tensor", "bm3.4/tensor"), ("bm<4,3>", "bm4.3"), ("seb_e4m3/32", "bm4.3"),
    ("BlockFloatingPoint(8,32)", "bfp8"), ("BlockFloatingPoint(8)", "dfp8"), ("bfp6/64", "bfp6/64"), ("dfp12", "dfp12"), ("dfp12/32", "bfp12"),
    ("bfp8/tensor", "dfp8"), ("msfp16", "bfp8_b"), ("msfp12", "bfp4_b"), ("msfp14", "msfp14"), ("int8_symmetric/channel", "int8_symmetric/channel"),
    ("real(q8.0)@symmetric", "int8_symmetric"), ("real(q8.0,bf16)@ru", "real(q8.0,bf16)@ru"), ("ternary2/64", "ternary2/64"), ("ternary1", "ternary"),
    ("affine(uq5.0)", "uint5_affine"), ("pow2(e2m1fn,e5m0fnu)/32", "pow2(e2m1fn,e5m0fnu)/32"), ("squeeze(e4m3fn)/64", "squeeze(e4m3fn)/64"),
    ("fixed(e4m3fn,1)", "fixed(e4m3fn,1)"), ("fixed(q8.0,0.1)@symmetric@divide", "fixed(q8.0,0.1)@symmetric@divide"), ("twolevel(e2m1fn)/16", "nvfp4"), ("twolevel(e2m1fn,e8m0fnu,fp32)/16", "twolevel(e2m1fn,e8m0fnu,fp32)/16"),
  ])
  func spellingsPrintAs(_ text: String, _ name: String) throws {
    let format = try ScaledFormat(text)
    #expect(format.name == name)
    #expect(try ScaledFormat(name) == format)
  }

  @Test func elementsOfPublishedFormatsAreTheirs() throws {
    #expect(try ScaledFormat("seb_e4m3").element.maxFinite == 480)
    #expect(try ScaledFormat("bm8").element.maxFinite.description == "7.875")
    #expect(try ScaledFormat("mxint8").element.maxFinite.description == "1.984375")
    #expect(try ScaledFormat("nvfp4").bitsPerElement == 4.5)
    #expect(try ScaledFormat("mxfp4").bitsPerElement == 4.25)
  }

  @Test(arguments: [
    ("mxfp4@up", "modifier"), ("mxfp4@divide", "arithmetic"), ("mxfp4/0", "granularity"), ("mxfp4/x", "granularity"), ("mxfp4/32/16", "granularity"),
    ("nvfp4@sr", "rounding of the scale"), ("nvfp4/tensor", "granularity"), ("mxfp4/16777217", "block size"), ("mxfp4@symmetric", "range"),
    ("ternary/channel", "granularity"), ("ternary(9)", "terms"), ("affine(e4m3)", "element"), ("pow2(posit8)", "element"), ("real(uq8.0)", "element"), ("pow2(e8m0fnu)", "element"),
    ("pow2(q4.0,fp32)", "scale format"), ("real(q4.0,fp128)", "scale format"), ("twolevel(e2m1fn,fp32,fp64)/16", "scale format"), ("pow2(fp64)", "element width"),
  ])
  func partsThatDoNotFitAreNamed(_ text: String, _ field: String) {
    let error = #expect(throws: FormatError.self) { try ScaledFormat(text) }
    guard case .fieldOutOfRange(_, field, _, _) = error else {
      Issue.record("\(text) gives \(String(describing: error))")
      return
    }
  }

  @Test(arguments: [("mxfp5", "mxfp4"), ("nvfp8", "nvfp4"), ("int8_symetric", "int8_symmetric"), ("dfp33", "dfp8"), ("bm9.1", "bm2.5"), ("ternay", "ternary")])
  func nearNamesAreSuggested(_ text: String, _ meant: String) {
    let error = #expect(throws: FormatError.self) { try ScaledFormat(text) }
    guard case .unknownFormat(text, let nearest) = error, nearest.count <= 3, nearest.contains(meant) else {
      Issue.record("\(text) gives \(String(describing: error))")
      return
    }
  }

  @Test func damagedNamesNeverCrash() {
    let names = ScaledFormat.catalogue.flatMap { [$0.name] + $0.aliases } + ["mx(e2m1,32,e8m0)", "twolevel(e2m1fn,e4m3fnu,fp32)/16", "real(q8.0,bf16)@ru/channel"]
    var mutator = TextMutator(seed: 12, corpus: names, tokens: ["@ceil", "@ru", "/16", "/tensor", "@symmetric", "(", ")", ",", "pow2(", "e4m3", "32", "bm", "<"])
    for _ in 0..<effort(2_000) {
      let text = mutator.next()
      guard let format = try? ScaledFormat(text) else { continue }
      guard (try? ScaledFormat(format.name)) == format else {
        Issue.record("'\(text)' is read as \(format.name), which is read differently")
        return
      }
    }
  }
}
