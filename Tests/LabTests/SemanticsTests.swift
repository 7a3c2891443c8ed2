// SPDX-License-Identifier: Apache-2.0
// Other tools' conversions on the examples by which they are known, and what is told of them.

import Formats
import Lab
import Testing

@Suite struct SemanticsTests {
  /// The first conversion of a name.
  private func convert(_ peer: Semantics.Peer, _ name: String, _ x: Double) throws -> Double? {
    let semantics = try #require(peer.conversions(named: name).first, "\(peer.rawValue) \(name)")
    return try Semantics.Conversion(semantics)(Extended(Value(x)))?.double
  }

  @Test func everyConversionIsFoundByItsNameAndFormat() throws {
    #expect(Semantics.catalogue.count > 60)
    #expect(Set(Semantics.catalogue.map { "\($0.peer) \($0.name)" }).count == Semantics.catalogue.count, "two conversions of one name")
    for semantics in Semantics.catalogue {
      #expect(semantics.peer.conversions(named: semantics.name).contains(semantics), "\(semantics.name)")
      #expect(try Format(semantics.values.name) == semantics.values)
      let name = (semantics.nearest ?? semantics.values).name
      #expect(semantics.peer.conversions(named: name).contains(semantics), "\(semantics.peer) \(name): \(semantics.name)")
      let conversion = try Semantics.Conversion(semantics)
      // A value of the format stays what it is, except where zero is none or subnormals are flushed.
      for code in semantics.values.codes {
        guard case .finite(let x) = semantics.values.decode(Format.Code(code)), semantics.values.classify(.finite(x)) == .normal else { continue }
        guard conversion(Extended(.finite(x))) == .finite(x) else {
          Issue.record("\(semantics.peer.rawValue) \(semantics.name) changes \(x)")
          break
        }
      }
    }
    for peer in Semantics.Peer.allCases { #expect(!peer.conversions.isEmpty) }
  }

  @Test func parametersReachFormatsThatAreNotListed() throws {
    #expect(try convert(.qtorch, "e3m2", 1e9) == 28)
    #expect(try convert(.pychop, "e2m3", 4) == 0)
    #expect(try convert(.p3109, "k5p2ue", -1).map(\.isNaN) == true)
    #expect(Semantics.Peer.qtorch.conversions(named: "bogus").isEmpty && Semantics.Peer.ocp.conversions(named: "posit8").isEmpty)
  }

  @Test func e4m3MeansFourThings() throws {
    #expect(try convert(.ocp, "e4m3", 464) == 448)
    #expect(try convert(.ocp, "e4m3", 465).map(\.isNaN) == true)
    #expect(try convert(.cpfloat, "e4m3", 480) == 480)
    #expect(try convert(.cpfloat, "e4m3", 496) == .infinity)
    #expect(try convert(.mlDtypes, "e4m3", 240) == 240)
    #expect(try convert(.mlDtypes, "e4m3", 248) == .infinity)
    #expect(try convert(.p3109, "k8p4se", 232) == 224)
    #expect(try convert(.p3109, "k8p4se", 232.5) == .infinity)
  }

  @Test func qtorchRoundsTiesAwayAndHasNoSpecialValues() throws {
    // Printed by version 0.3.0.
    let cases: [(Double, Double)] = [
      (1.0625, 1.125), (-1.0625, -1.125), (248, 256), (464, 480), (496, 480), (.infinity, 480), (-.infinity, -480), (.nan, 480),
      (0x1p-10, 0x1p-9), (0x1p-11, 0), (0x1.fffffep-11, 0x1p-9), (0x1.7ffffep-9, 0x1p-8), (0x1.fffffep-7, 0x1p-6),
    ]
    for (x, y) in cases { #expect(try convert(.qtorch, "e4m3", x) == y, "\(x)") }
    #expect(try convert(.qtorch, "e4m3", -0x1p-20)?.sign == .plus)
    #expect(try convert(.qtorch, "e5m2", 1e9) == 114_688)
  }

  @Test func pychopGivesZeroInTheFirstBinadeAboveTheMaximum() throws {
    // Printed by version 0.6.2.
    let cases: [(Double, Double)] = [
      (240, 240), (247, 240), (248, 256), (256, 0), (511, 0), (512, .infinity), (-300, 0), (0x1p-10, 0), (0x1.8p-10, 0x1p-9),
    ]
    for (x, y) in cases {
      #expect(try convert(.pychop, "e4m3", x) == y, "\(x)")
    }
    #expect(try convert(.pychop, "Chop(exp_bits=4, sig_bits=3, subnormal=False)", 0x1.fp-7) == 0)
    #expect(try convert(.pychop, "e4m3", -0.0)?.sign == .plus)
    #expect(try convert(.pychop, "e4m3", -1e-9)?.sign == .minus)
  }

  @Test func mptorchRoundsTwiceAndFlushesBelowThreeQuarters() throws {
    #expect(try convert(.mptorch, "bf16", 1 + 0x1p-8 + 0x1p-40) == 1)
    let name = "FloatingPoint(exp=4, man=3, subnormals=False, saturate=False)"
    #expect(try convert(.mptorch, name, 0.75 * 0x1p-6) == 0)
    #expect(try convert(.mptorch, name, 0.7501 * 0x1p-6) == 0x1p-6)
    #expect(try convert(.mptorch, name, -0.7501 * 0x1p-6) == -0x1p-6)
  }

  @Test func gfloatKeepsNegativeNumbersOfUnsignedFormats() throws {
    let cases: [(Double, Double)] = [(-1, -1), (-1.1875, -1.25), (-60000, -61440), (-.infinity, .infinity)]
    for (x, y) in cases { #expect(try convert(.gfloat, "k8p4ue", x) == y) }
    #expect(try convert(.gfloat, "k8p4sf", 1e9).map(\.isNaN) == true)
    #expect(try convert(.p3109, "k8p4sf", 1e9) == 240)
    #expect(try convert(.gfloat, "e2m1fn", 100) == nil)
  }

  @Test func scalesOfMLDtypesHaveNoZeroAndRoundTiesUp() throws {
    let cases: [(Double, Double)] = [
      (1.5, 2), (3, 4), (6, 8), (0x1p-129, 0x1p-127), (0x1p-127, 0x1p-127), (0x1.01p-127, 0x1p-126),
    ]
    for (x, y) in cases { #expect(try convert(.mlDtypes, "float8_e8m0fnu", x) == y, "\(x)") }
    for x in [0, -0.0, -1, 1.5 * 0x1p127, .infinity] { #expect(try convert(.mlDtypes, "float8_e8m0fnu", x).map(\.isNaN) == true, "\(x)") }
  }

  @Test func integersOfMLDtypesWrap() throws {
    for (x, y) in [(1.9, 1), (-1.5, -1), (8, -8), (-8.5, -8), (-9, 7), (100.7, 4), (.nan, 0), (.infinity, 0)] as [(Double, Double)] {
      #expect(try convert(.mlDtypes, "int4", x) == y, "\(x)")
    }
    #expect(try convert(.mlDtypes, "uint4", -1.5) == 15)
  }

  // MARK: Comparison

  private func compare(_ format: String, _ peer: Semantics.Peer, _ name: String) throws -> SemanticsComparison {
    try SemanticsComparison(Rounder(to: Format(format)), #require(peer.conversions(named: name).first))
  }

  @Test func differencesAreThoseOfTheSpecifications() throws {
    #expect(try compare("e4m3fn", .ocp, "E4M3").differences.isEmpty)
    #expect(try compare("e2m3fn", .ocp, "E2M3").differences.map(\.kind) == [.nan])
    let ocp = try compare("e4m3", .ocp, "E4M3")
    #expect(ocp.differences.map(\.kind) == [.maximum, .overflow, .infinity])
    #expect(ocp.differences[0].input.double == 448 && ocp.differences[0].theirs?.double == 448 && ocp.differences[0].ours.double == .infinity)
    #expect(try compare("e4m3", .qtorch, "e4m3").differences.map(\.kind)
      == [.maximum, .overflow, .infinity, .nan, .negativeZero, .ties, .doubleRounding])
    #expect(try compare("e8m0fnu", .mlDtypes, "e8m0fnu").differences.map(\.kind) == [.overflow, .zero, .sign, .ties, .subnormals, .doubleRounding])
    #expect(try compare("e5m2", .mlDtypes, "e5m2").differences.map(\.kind) == [.doubleRounding])
  }

  @Test(arguments: ["k8p1se", "k8p3se", "k8p4sf", "k8p4ue", "k8p4uf", "k4p2sf", "k6p3sf", "k5p1ue"])
  func p3109IsRoundedAsTheStandardSays(name: String) throws {
    #expect(try compare(name, .p3109, name).differences.isEmpty)
  }

  // MARK: Search

  @Test func rowsAreRecognisedByTheirSemanticsAlone() throws {
    let semantics = try #require(Semantics.Peer.qtorch.conversions(named: "e4m3").first)
    let conversion = try Semantics.Conversion(semantics)
    let rows = try [1.0625, 3.3, -500, .infinity, .nan, -0x1p-20, 0.0097].map { x in
      let input = Extended(Value(x))
      return try SemanticsSearch.Row(input: input, result: Extended(#require(conversion(input))))
    }
    let matches = try SemanticsSearch.matches(rows, SemanticsSearch.candidates(for: SemanticsSearch.formats(of: rows), peers: Semantics.catalogue))
    #expect(matches.count { $0.first == nil } == 1)
    guard case .peer(let found) = matches[0].candidate else { throw FormatError.unknownFormat("no peer", nearest: []) }
    #expect(found == semantics && matches[1].count < rows.count)
  }

  @Test func shortDecimalsOfBinary32AreTheirValues() throws {
    // bf16's 0x1.94p+99 as NumPy prints it in binary32.
    let row = try SemanticsSearch.Row(input: Extended(Value(1e30)), result: Extended(Value(1.00025555e+30)))
    #expect(SemanticsSearch.formats(of: [row]).contains(.bf16))
  }
}
