// SPDX-License-Identifier: Apache-2.0
// The formats that have a name in the field, and other tools' names for them. A new format is one element here.

extension Format {
  /// A named format.
  public struct Entry: Hashable, Sendable {
    /// What the names stand for.
    public let format: Format
    /// Where the name comes from: a standard, a vendor, a kind of format.
    public let family: String
    /// Other tools' names, as they write them.
    public let aliases: [String]

    fileprivate init(_ name: String, _ family: String, _ aliases: [String] = []) {
      guard let format = Format(canonical: name) else { preconditionFailure("not a format name: \(name)") }
      self.format = format
      self.family = family
      self.aliases = aliases
    }
  }

  /// The formats that `fmtlab formats` lists and the tests go through.
  public static let catalogue: [Entry] = [
    Entry("fp16", "IEEE 754", ["binary16", "half", "h", "float16", "f16", "e5m10", "S1E5M10", "IEEE_HALF", "cfloat<16,5>"]),
    Entry("fp32", "IEEE 754", ["binary32", "single", "s", "float32", "f32", "float", "e8m23"]),
    Entry("fp64", "IEEE 754", ["binary64", "double", "d", "float64", "f64", "e11m52"]),
    Entry("fp128", "IEEE 754", ["binary128", "quad", "float128", "f128", "e15m112"]),
    Entry("bf16", "bfloat", ["bfloat16", "b", "brain16", "e8m7"]),
    Entry("tf32", "bfloat", ["t", "TensorFloat-32", "TensorFloat32", "e8m10"]),
    Entry("e7m16", "bfloat", ["fp24"]),
    Entry("e8m15", "bfloat", ["PXR24"]),
    Entry("e6m9", "bfloat", ["DLFloat", "dlfloat16"]),
    Entry("e4m3", "8-bit IEEE style", ["float8_e4m3", "f8E4M3", "fp8-e4m3", "q43"]),
    Entry("e5m2", "8-bit IEEE style", [
      "float8_e5m2", "fp8_e5m2", "f8E5M2", "ocp_e5m2", "mx_e5m2", "q52", "__nv_fp8_e5m2", "CUDA_R_8F_E5M2", "fp8e5", "FLOAT8E5M2",
      "hfp8-bwd",
    ]),
    Entry("e3m4", "8-bit IEEE style", ["float8_e3m4", "f8E3M4", "fp8e3m4", "fp134"]),
    Entry("e4m3fn", "OCP", [
      "float8_e4m3fn", "fp8_e4m3fn", "f8E4M3FN", "ocp_e4m3", "mx_e4m3", "fp8_e4m3", "__nv_fp8_e4m3", "CUDA_R_8F_E4M3", "fp8e4nv",
      "FLOAT8E4M3FN",
    ]),
    Entry("e3m2fn", "OCP", ["float6_e3m2fn", "f6E3M2FN", "fp6_e3m2", "ocp_e3m2", "mx_e3m2", "__nv_fp6_e3m2"]),
    Entry("e2m3fn", "OCP", ["float6_e2m3fn", "f6E2M3FN", "fp6_e2m3", "ocp_e2m3", "mx_e2m3", "__nv_fp6_e2m3"]),
    Entry("e2m1fn", "OCP", [
      "float4_e2m1fn", "f4E2M1FN", "fp4", "fp4_e2m1", "ocp_e2m1", "mx_e2m1", "CUDA_R_4F_E2M1", "float4_e2m1fn_x2", "FLOAT4E2M1",
    ]),
    Entry("e8m0fnu", "scale", [
      "float8_e8m0fnu", "f8E8M0FNU", "ocp_e8m0", "mx_e8m0", "ue8m0", "CUDA_R_8F_UE8M0", "FLOAT8E8M0", "__nv_fp8_e8m0",
    ]),
    Entry("e4m3fnu", "scale", ["ue4m3", "CUDA_R_8F_UE4M3"]),
    Entry("e4m3fnuz", "fnuz", ["float8_e4m3fnuz", "f8E4M3FNUZ", "FLOAT8E4M3FNUZ", "fp8e4b8"]),
    Entry("e5m2fnuz", "fnuz", ["float8_e5m2fnuz", "f8E5M2FNUZ", "FLOAT8E5M2FNUZ", "fp8e5b16"]),
    Entry("e4m3b11fnuz", "fnuz", ["float8_e4m3b11fnuz", "f8E4M3B11FNUZ"]),
    Entry("e4m3f", "8-bit finite", ["cpfloat:e4m3", "qtorch:e4m3"]),
    Entry("e4m3b11", "8-bit IEEE style", ["hfp8-fwd"]),
    Entry("e4m3b15f", "8-bit finite", ["fp8e4b15"]),
    Entry("k8p1se", "P3109"),
    Entry("k8p2se", "P3109"),
    Entry("k8p3se", "P3109"),
    Entry("k8p4se", "P3109"),
    Entry("k8p4sf", "P3109"),
    Entry("k8p4ue", "P3109"),
    Entry("k8p4uf", "P3109"),
    Entry("k8p5se", "P3109"),
    Entry("k8p6se", "P3109"),
    Entry("k8p7se", "P3109"),
    Entry("k4p2sf", "P3109"),
    Entry("k6p3sf", "P3109"),
    Entry("k16p11se", "P3109"),
    Entry("e5m2:cfg5", "multiplier"),
    Entry("e4m2:cfg5", "multiplier"),
    Entry("posit8", "tapered"),
    Entry("posit16", "tapered"),
    Entry("posit32", "tapered"),
    Entry("takum8", "tapered"),
    Entry("takum16", "tapered"),
    Entry("takum32", "tapered"),
    Entry("q8.0", "fixed point", ["int8", "i8"]),
    Entry("q4.0", "fixed point", ["int4", "i4"]),
    Entry("q2.0", "fixed point", ["int2"]),
    Entry("q2.6", "fixed point", ["ocp_int8"]),
    Entry("uq8.0", "fixed point", ["uint8", "u8"]),
    Entry("uq4.0", "fixed point", ["uint4"]),
    Entry("q1.7", "fixed point", ["q7"]),
    Entry("q1.15", "fixed point", ["q15"]),
    Entry("q1.31", "fixed point", ["q31"]),
    Entry("q4.4", "fixed point"),
    Entry("q8.8", "fixed point"),
    Entry("q8.13", "fixed point"),
    Entry("q16.16", "fixed point"),
  ]

  /// The format of each alias, keyed in lower case.
  static let aliases: [String: Format] = Dictionary(
    catalogue.flatMap { entry in entry.aliases.map { ($0.lowercased(), entry.format) } },
    uniquingKeysWith: { first, second in preconditionFailure("one alias of two formats: \(first), \(second)") })

  /// A format whose name is a literal of the program; traps if it is misspelt.
  init(literal name: String) {
    do { self = try Format(name) } catch { preconditionFailure(error.description) }
  }

  /// 8 bits, p = 4, IEEE style: ends at 240, with infinities.
  public static let e4m3 = Format(literal: "e4m3")
  /// 8 bits, p = 4, OCP: ends at 448, without infinities.
  public static let e4m3fn = Format(literal: "e4m3fn")
  /// 8 bits, p = 3: ends at 57344; IEEE style and OCP alike.
  public static let e5m2 = Format(literal: "e5m2")
  /// 8 bits, p = 5, IEEE style: ends at 15.5.
  public static let e3m4 = Format(literal: "e3m4")
  /// 12 bits, p = 6: an accumulator for 8-bit products.
  public static let e6m5 = Format(literal: "e6m5")
  /// 4 bits, p = 2, OCP FP4: 0, 1/2, 1, 3/2, 2, 3, 4, 6 and their negatives.
  public static let e2m1fn = Format(literal: "e2m1fn")
  /// 16 bits, p = 8, with the exponents of binary32.
  public static let bf16 = Format(literal: "bf16")
  /// IEEE 754 binary16: p = 11, ends at 65504.
  public static let fp16 = Format(literal: "fp16")
  /// 19 bits, p = 11, with the exponents of binary32.
  public static let tf32 = Format(literal: "tf32")
  /// IEEE 754 binary32: p = 24.
  public static let fp32 = Format(literal: "fp32")
  /// IEEE 754 binary64: p = 53.
  public static let fp64 = Format(literal: "fp64")
}
