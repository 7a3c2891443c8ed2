// SPDX-License-Identifier: Apache-2.0
// Other tools' names: each resolves to the parameters that its tool documents, or is refused with what was written.

import Formats
import TestSupport
import Testing

@Suite struct ForeignNameTests {
  /// What a tool documents of a format: precision, the exponents of its normal numbers, the largest number, and what else it has.
  struct Facts: Sendable, CustomTestStringConvertible {
    let name: String
    let (precision, emin, emax): (Int, Int, Int)
    /// `nil` where no double holds it.
    let largest: Double?
    let (hasInfinity, hasNaN): (Bool, Bool)
    let aliases: [String]

    init(
      _ name: String, p: Int, emin: Int, emax: Int, max: Double?, infinity: Bool = true, nan: Bool = true, _ aliases: [String]
    ) {
      (self.name, precision, self.emin, self.emax, largest, self.aliases) = (name, p, emin, emax, max, aliases)
      (hasInfinity, hasNaN) = (infinity, nan)
    }

    var testDescription: String { name }
  }

  static let floating = [
    Facts("fp16", p: 11, emin: -14, emax: 15, max: 65504, [
      "binary16", "half", "h", "float16", "f16", "e5m10", "E5M10", "FP16", "FLOAT16", "S1E5M10", "(float 5 16)", "IEEE_HALF",
      "cfloat<16,5>", "(5,10)",
      "float<5,10>", "flexfloat<5,10>", "Floatmu{5,10}", "FloatingPoint(exp=5,man=10)", "FloatingPoint(man=10, exp=5)",
      "Customs(exp_bits=5,sig_bits=10)",
      "Customs(sig_bits=10,exp_bits=5)", "Customs(emax=15,t=11)", "Customs(t=11, emax=15)", "(11,-14,15)", "float<11,-24,ne>",
    ]),
    Facts("fp32", p: 24, emin: -126, emax: 127, max: 0x1.fffffep127, [
      "binary32", "single", "s", "float32", "f32", "e8m23", "FP32", "FLOAT32", "(float 8 32)", "float<24,-149,ne>", "cfloat<32,8>",
      "Customs(emax=127,t=24)",
    ]),
    Facts("fp64", p: 53, emin: -1022, emax: 1023, max: 0x1.fffffffffffffp1023, [
      "binary64", "double", "d", "float64", "f64", "FP64", "(float 11 64)", "float<53,-1074,zr>",
    ]),
    Facts("fp128", p: 113, emin: -16382, emax: 16383, max: nil, [
      "binary128", "quad", "f128", "float128", "(float 15 128)", "float<113,-16494,ne>",
    ]),
    Facts("bf16", p: 8, emin: -126, emax: 127, max: 0x1.fep127, [
      "bfloat16", "b", "BF16", "BFloat16", "brain16", "e8m7", "(float 8 16)", "BFLOAT16", "S1E8M7", "cfloat<16,8>", "Customs(emax=127,t=8)",
    ]),
    Facts("tf32", p: 11, emin: -126, emax: 127, max: 0x1.ffcp127, ["t", "TensorFloat-32", "tensorfloat32", "e8m10", "TF32"]),
    Facts("e7m16", p: 17, emin: -62, emax: 63, max: 0x1.ffffp63, ["fp24", "FP24"]),
    Facts("e8m15", p: 16, emin: -126, emax: 127, max: 0x1.fffep127, ["PXR24"]),
    Facts("e6m9", p: 10, emin: -30, emax: 31, max: 0x1.ff8p31, ["DLFloat", "dlfloat16"]),
    Facts("e4m3", p: 4, emin: -6, emax: 7, max: 240, [
      "float8_e4m3", "f8E4M3", "fp8-e4m3", "q43", "(4,3)", "(4,-6,7)", "cfloat<8,4>", "(float 4 8)", "FloatingPoint(exp=4, man=3)",
      "Customs(emax=7, t=4)",
    ]),
    Facts("e5m2", p: 3, emin: -14, emax: 15, max: 57344, [
      "float8_e5m2", "fp8_e5m2", "f8E5M2", "ocp_e5m2", "q52", "__nv_fp8_e5m2", "CUDA_R_8F_E5M2", "fp8e5", "FLOAT8E5M2", "MX_E5M2",
      "hfp8-bwd", "(5,2)",
      "(3,-14,15)",
    ]),
    Facts("e3m4", p: 5, emin: -2, emax: 3, max: 15.5, ["float8_e3m4", "f8E3M4", "fp8e3m4", "fp134"]),
    Facts("e4m3b11", p: 4, emin: -10, emax: 3, max: 15, ["hfp8-fwd"]),
    Facts("e4m3fn", p: 4, emin: -6, emax: 8, max: 448, infinity: false, [
      "float8_e4m3fn", "fp8_e4m3fn", "f8E4M3FN", "f8e4m3fn", "ocp_e4m3", "mx_e4m3", "fp8_e4m3", "__nv_fp8_e4m3", "CUDA_R_8F_E4M3",
      "fp8e4nv", "FLOAT8E4M3FN",
      "MX_E4M3",
    ]),
    Facts("e4m3f", p: 4, emin: -6, emax: 8, max: 480, infinity: false, nan: false, ["cpfloat:e4m3", "qtorch:e4m3", "(4,-6,8)"]),
    Facts("e4m3fnuz", p: 4, emin: -7, emax: 7, max: 240, infinity: false, ["float8_e4m3fnuz", "f8E4M3FNUZ", "FLOAT8E4M3FNUZ", "fp8e4b8"]),
    Facts("e5m2fnuz", p: 3, emin: -15, emax: 15, max: 57344, infinity: false, [
      "float8_e5m2fnuz", "f8E5M2FNUZ", "FLOAT8E5M2FNUZ", "fp8e5b16",
    ]),
    Facts("e4m3b11fnuz", p: 4, emin: -10, emax: 4, max: 30, infinity: false, ["float8_e4m3b11fnuz", "f8E4M3B11FNUZ"]),
    Facts("e4m3b15f", p: 4, emin: -14, emax: 0, max: 1.875, infinity: false, nan: false, ["fp8e4b15"]),
    Facts("e3m2fn", p: 3, emin: -2, emax: 4, max: 28, infinity: false, nan: false, [
      "float6_e3m2fn", "f6E3M2FN", "fp6_e3m2", "ocp_e3m2", "__nv_fp6_e3m2", "MX_E3M2",
    ]),
    Facts("e2m3fn", p: 4, emin: 0, emax: 2, max: 7.5, infinity: false, nan: false, [
      "float6_e2m3fn", "f6E2M3FN", "fp6_e2m3", "ocp_e2m3", "__nv_fp6_e2m3", "MX_E2M3",
    ]),
    Facts("e2m1fn", p: 2, emin: 0, emax: 2, max: 6, infinity: false, nan: false, [
      "float4_e2m1fn", "f4E2M1FN", "fp4", "fp4_e2m1", "ocp_e2m1", "CUDA_R_4F_E2M1", "float4_e2m1fn_x2", "FLOAT4E2M1", "MX_E2M1",
    ]),
    Facts("e8m0fnu", p: 1, emin: -127, emax: 127, max: 0x1p127, infinity: false, [
      "float8_e8m0fnu", "f8E8M0FNU", "ocp_e8m0", "ue8m0", "CUDA_R_8F_UE8M0", "FLOAT8E8M0", "__nv_fp8_e8m0", "MX_E8M0",
    ]),
    Facts("e4m3fnu", p: 4, emin: -6, emax: 8, max: 448, infinity: false, ["ue4m3", "CUDA_R_8F_UE4M3"]),
    Facts("k8p4se", p: 4, emin: -7, emax: 7, max: 224, [
      "Binary8p4se", "Binary{8,4,Signed,Extended}", "Binary{8, 4, Signed, Extended}", "binary8p4se", "p3109_k8p4se", "P3109_8p4se",
      "FP8P4", "binary8 P=4",
      "p3109_p4",
    ]),
    Facts("k8p4sf", p: 4, emin: -7, emax: 7, max: 240, infinity: false, ["Binary8p4sf", "Binary{8,4,Signed,Finite}"]),
    Facts("k8p3ue", p: 3, emin: -31, emax: 31, max: 0x1.4p31, ["Binary8p3ue", "Binary{8,3,Unsigned,Extended}", "p3109_8p3ue"]),
    Facts("k6p6uf", p: 6, emin: 0, emax: 0, max: 1.9375, infinity: false, ["Binary6p6uf"]),
  ]

  @Test(arguments: floating) func floatingNamesResolveToTheirFacts(_ facts: Facts) throws {
    let format = try Format(facts.name)
    #expect(format.name == facts.name && format.precision == facts.precision && format.emin == facts.emin && format.emax == facts.emax)
    #expect(Double(exactly: format.maxFinite) == facts.largest)
    #expect(format.hasInfinity == facts.hasInfinity && format.hasNaN == facts.hasNaN)
    for alias in facts.aliases {
      for spelling in [alias, alias.lowercased(), alias.uppercased()] {
        #expect((try? Format(spelling))?.name == facts.name, "fmtlab info '\(spelling)'")
      }
    }
  }

  /// Width, fraction bits, and whether negative numbers are in it.
  @Test(arguments: [
    ("q1.15", 16, 15, true,
      ["Q1.15", "q15", "sfix16_En15", "ap_fixed<16,1>", "fixdt(1,16,15)", "FixedPoint(16,15)", "FixedPoint(wl=16,fl=15)", "arm:q1.15"]),
    ("q8.8", 16, 8, true, [
      "nearest,16,8", "ap_fixed<16,8>", "ap_fixed<16,8,AP_RND,AP_SAT>", "fixdt(1,16,8)", "fx(8,8)", "(fixed -8 16)",
      "FixedPoint(fl=8,wl=16)", "ti:q7.8",
      "fx(int_bits=8, frac_bits=8)", "FX(frac_bits=8,int_bits=8)",
    ]),
    ("uq8.8", 16, 8, false, ["UQ8.8", "ap_ufixed<16,8>", "fixdt(0,16,8)", "ufix16_En8", "ti:uq8.8"]),
    ("q8.0", 8, 0, true, ["int8", "i8", "sfix8", "(fixed 0 8)", "ap_fixed<8,8>"]), ("q4.0", 4, 0, true, ["int4", "i4"]),
    ("q2.0", 2, 0, true, ["int2"]),
    ("uq4.0", 4, 0, false, ["uint4"]), ("uq8.0", 8, 0, false, ["uint8", "u8", "ufix8"]), ("q2.6", 8, 6, true, ["ocp_int8"]),
    ("q1.7", 8, 7, true, ["q7", "fixdt(1,8,7)"]), ("q1.31", 32, 31, true, ["q31"]), ("q3.13", 16, 13, true, ["ti:q2.13", "arm:q3.13"]),
  ])
  func fixedPointNamesResolveToTheirFacts(_ name: String, _ width: Int, _ fraction: Int, _ isSigned: Bool, _ aliases: [String]) throws {
    for alias in [name] + aliases {
      for spelling in [alias, alias.lowercased(), alias.uppercased()] {
        let format = try Format(spelling)
        #expect(format.name == name && format.width == width, "\(spelling)")
        #expect(format.quantumExponent == -fraction && format.isSigned == isSigned, "\(spelling)")
      }
    }
  }

  @Test(arguments: [
    ("posit<16,2>", "posit16"), ("posit(16,1)", "posit16es1"), ("(posit 2 32)", "posit32"), ("posit<8,0>", "posit8es0"),
    ("linear_takum16", "takum16"),
    ("POSIT8ES2", "posit8"), ("S1E4M3", "e4m3"), ("s1e4m3fn", "e4m3fn"), ("(4,-100,-86)", "e4m3b101f"), ("(3,-2,3)", "e3m2"),
    ("float<3,-4,ne>", "e3m2"),
    ("Customs(emax=3,t=3)", "e3m2"), ("binary8p3", "k8p3se"),
  ])
  func otherNotationsResolve(_ text: String, _ name: String) throws { #expect(try Format(text).name == name) }

  /// Parameters that no format here has, or that contradict each other, are not read as something near.
  @Test(arguments: [
    "(4,-100,7)", "(4,0,1000)", "(4,7,-6)", "customs(emax=100,t=4)", "customs(emax=7,fl=4)", "customs(t=4,sig_bits=3)",
    "floatingpoint(exp=5,exp=2)", "(4)", "()", "(,)",
    "float<>", "float<5>", "posit<16>", "(float 5)", "(float 5 16 3)", "(5,10", "5,10)", "ap_fixed<8>", "fixdt(1,16)", "cfloat<8>",
    "float<24,-150,ne>", "fx(8)",
    "ap_fixed<9223372036854775807,-9223372036854775808>", "ap_fixed<-9223372036854775808,1>", "(fixed -9223372036854775808 8)",
    "(float -9223372036854775808 8)", "float<9223372036854775807,9223372036854775807,ne>", "customs(emax=9223372036854775807,t=2)",
    "cfloat<-9223372036854775808,5>", "(9223372036854775807,-9223372036854775808,9223372036854775807)", "ti:q999999999999999999999.1",
    "binary{8,4,signed}",
    "binary{,,,}", "binary8p", "fp8p", "p3109_", "p3109_k", "sfix", "sfix8_", "sfix8_En", "ufix8_E4", "arm:", "ti:", "s1e", "linear_takum",
    "nearest,", "nearest,8",
  ])
  func nonsenseIsUnknown(_ text: String) {
    let error = #expect(throws: FormatError.self) { try Format(text) }
    guard case .unknownFormat(text, _) = error else {
      Issue.record("'\(text)' gives \(String(describing: error))")
      return
    }
  }

  /// The message repeats the name as it was written, and the number that does not fit.
  @Test(arguments: [
    ("Binary17p4se", "width", "17"), ("Binary{8,9,Signed,Extended}", "precision", "9"), ("FP8P8", "precision", "8"),
    ("cfloat<40,16>", "exponent bits", "16"),
    ("FloatingPoint(exp=0,man=3)", "exponent bits", "0"), ("(float 20 32)", "exponent bits", "20"), ("ap_fixed<80,40>", "width", "80"),
    ("FixedPoint(16,16)", "integer bits", "0"), ("posit<70,2>", "width", "70"), ("posit<16,9>", "exponent bits es", "9"),
    ("linear_takum2", "width", "2"),
    ("nearest,65,8", "width", "65"), ("Customs(emax=32767,t=4)", "exponent bits", "16"), ("ti:q64.0", "width", "65"),
    ("(4,113)", "fraction bits", "113"),
  ])
  func fieldsOutOfRangeAreNamed(_ text: String, _ field: String, _ given: String) {
    let error = #expect(throws: FormatError.self) { try Format(text) }
    guard case .fieldOutOfRange(text, field, given, _) = error, error?.description.contains("'\(text)'") == true else {
      Issue.record("\(text) gives \(String(describing: error))")
      return
    }
  }

  @Test func damagedForeignNamesNeverCrash() {
    let names = ForeignNameTests.floating.flatMap(\.aliases) + [
      "ap_fixed<16,8>", "ap_ufixed<16,8>", "fixdt(1,16,8)", "sfix16_En8", "ufix16_En8", "FixedPoint(wl=16,fl=8)", "nearest,16,8",
      "fx(8,8)", "arm:q1.15",
      "ti:uq8.8", "(fixed -8 16)", "(posit 2 16)", "posit<16,1>", "linear_takum16", "k8p4se", "takum16", "posit16es1", "e5m2:cfg5",
      "e4m3b15f",
    ]
    let tokens = [
      "(", ")", "<", ">", "{", "}", ",", "=", "-", " ", "emax=", "t=", "exp=", "man=",
      "float", "posit", "fixed", "customs", "cfloat", ":cfg", "es", "p", "k", "_En",
    ]
    var mutator = TextMutator(seed: 91, corpus: names, tokens: tokens)
    var accepted = 0
    for _ in 0..<effort(8_000) {
      let text = mutator.next()
      do {
        let format = try Format(text)
        accepted += 1
        guard try Format(format.name) == format, format.finiteValueCount > 0 else {
          Issue.record("'\(text)' is read as \(format.name), which is read differently")
          return
        }
      } catch {
        guard error.description.contains("'\(text)'") else {
          Issue.record("'\(text)' is refused as something else: \(error)")
          return
        }
      }
    }
    #expect(accepted > effort(200) && accepted < effort(7_800))
  }
}
