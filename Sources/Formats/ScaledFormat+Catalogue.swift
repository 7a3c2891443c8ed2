// SPDX-License-Identifier: Apache-2.0
// The scaled formats that have a name in the field, and other tools' names for them. A new one is one element here.

extension ScaledFormat {
  /// A named scaled format.
  public struct Entry: Hashable, Sendable {
    /// The name to print, which `ScaledFormat` also reads, in any case.
    public let name: String
    /// What the name stands for, equal to the format that its generic spelling reads as.
    public let format: ScaledFormat
    /// The specification or the kind of scaling that it comes from, in words, as tables group formats.
    public let family: String
    /// Other tools' names, as they write them.
    public let aliases: [String]

    /// - Parameter meaning: the format in the generic spelling; by default it is one of the ``families``.
    fileprivate init(_ name: String, _ family: String, _ meaning: String? = nil, _ aliases: [String] = []) {
      self.name = name
      self.format = meaning.map(ScaledFormat.init(literal:)) ?? ScaledFormat.numbered[name]!
      self.family = family
      self.aliases = aliases
    }
  }

  /// Names for one format each, in the order of tables. Of an equal format the first name is the one that is printed, before
  /// those of numbered families, which are read as well without being listed.
  public static let catalogue: [Entry] = [
    Entry("mxfp8_e4m3", "OCP MX", "pow2(e4m3fn)/32", ["mxfp8", "mx_fp8", "mx_fp8_e4m3", "MXFP8E4M3"]),
    Entry("mxfp8_e5m2", "OCP MX", "pow2(e5m2)/32", ["mx_fp8_e5m2", "MXFP8E5M2"]),
    Entry("mxfp6_e3m2", "OCP MX", "pow2(e3m2fn)/32", ["mx_fp6_e3m2", "MXFP6E3M2"]),
    Entry("mxfp6_e2m3", "OCP MX", "pow2(e2m3fn)/32", ["mxfp6", "mx_fp6_e2m3", "MXFP6E2M3"]),
    Entry("mxfp4", "OCP MX", "pow2(e2m1fn)/32", ["mxfp4_e2m1", "mx_fp4", "MXFP4E2M1"]),
    Entry("mxfp4_16", "OCP MX", "pow2(e2m1fn)/16"),
    Entry("mxint8", "OCP MX", "pow2(q2.6)/32", ["mx_int8"]),
    Entry("nvfp4", "two-level scales", "twolevel(e2m1fn)/16", ["nv_fp4", "nvfp4_e2m1"]),
    Entry("dfp16", "dynamic fixed point", nil, ["dfp-16", "flex16"]),
    Entry("dfp8", "dynamic fixed point", nil, ["dfp-8"]),
    Entry("bfp16", "block floating point"),
    Entry("bfp8", "block floating point"),
    Entry("bfp4", "block floating point"),
    Entry("bfp8_b", "block floating point", "pow2(q8.0)@symmetric/16", ["msfp16", "bfloat8_b"]),
    Entry("bfp4_b", "block floating point", "pow2(q4.0)@symmetric/16", ["msfp12", "bfloat4_b"]),
    Entry("bfp2_b", "block floating point", "pow2(q2.0)@symmetric/16"),
    Entry("bm8", "block minifloat", "pow2(e2m5f)/32", ["bm2.5", "bm<2,5>", "BM8<2,5>"]),
    Entry("seb_e4m3", "shared exponent bias", "pow2(e4m3f)", ["fp8-seb", "fp8_seb"]),
    Entry("s2fp8", "shift and squeeze", "squeeze(e5m2)", ["s2-fp8"]),
    Entry("int8_symmetric", "integer", nil, ["int8_sym"]),
    Entry("int4_symmetric", "integer", nil, ["int4_sym"]),
    Entry("int8_affine", "integer", nil, ["int8_asymmetric", "int8_asym"]),
    Entry("int4_affine", "integer", nil, ["int4_asymmetric", "int4_asym"]),
    Entry("uint8_affine", "integer", nil, ["quint8"]),
    Entry("uint4_affine", "integer"),
    Entry("int8_pow2", "integer", nil, ["int8_po2"]),
    Entry("int4_pow2", "integer", nil, ["int4_po2"]),
    Entry("ternary", "ternary", nil, ["ternary1", "twn"]),
    Entry("ternary2", "ternary"),
  ]

  /// Formats whose name holds numbers, one element a family: how names are written, and what they mean.
  private static let families: [(numbers: [(Int, Int)], name: @Sendable (Int, Int) -> String, meaning: @Sendable (Int, Int) -> String)] = [
    (pairs(2...32), { p, _ in "dfp\(p)" }, { p, _ in "pow2(q\(p).0)" }),
    (pairs(2...32), { p, _ in "bfp\(p)" }, { p, _ in "pow2(q\(p).0)/32" }),
    (pairs(10...32), { n, _ in "msfp\(n)" }, { n, _ in "pow2(q\(n - 8).0)@symmetric/16" }),
    (pairs(1...8, 0...15), { e, m in "bm\(e).\(m)" }, { e, m in "pow2(e\(e)m\(m)f)/32" }),
    (pairs(1...8, 0...15), { e, m in "bm<\(e),\(m)>" }, { e, m in "pow2(e\(e)m\(m)f)/32" }),
    (pairs(1...8, 0...15), { e, m in "bm\(1 + e + m)<\(e),\(m)>" }, { e, m in "pow2(e\(e)m\(m)f)/32" }),
    (pairs(2...32), { p, _ in "int\(p)_symmetric" }, { p, _ in "real(q\(p).0)@symmetric" }),
    (pairs(2...32), { p, _ in "int\(p)_affine" }, { p, _ in "affine(q\(p).0)" }),
    (pairs(1...32), { p, _ in "uint\(p)_affine" }, { p, _ in "affine(uq\(p).0)" }),
    (pairs(2...32), { p, _ in "int\(p)_pow2" }, { p, _ in "pow2(q\(p).0)@symmetric@roundceil" }),
    (pairs(1...8), { k, _ in k == 1 ? "ternary" : "ternary\(k)" }, { k, _ in "ternary(\(k))" }),
  ]

  private static func pairs(_ a: ClosedRange<Int>, _ b: ClosedRange<Int> = 0...0) -> [(Int, Int)] { a.flatMap { x in b.map { (x, $0) } } }

  /// The names of families with their numbers filled in, and what they mean; the first of a format is the one to print.
  static let numberedNames: [(name: String, format: ScaledFormat)] = families.flatMap { family in
    family.numbers.compactMap { a, b in
      // Some numbers name no format, such as minifloats without a number but zero.
      (try? ScaledFormat(generic: family.meaning(a, b))).flatMap { $0 }.map { (family.name(a, b), $0) }
    }
  }

  static let numbered: [String: ScaledFormat] = Dictionary(
    numberedNames.map { ($0.name, $0.format) },
    uniquingKeysWith: { first, second in preconditionFailure("one name of two formats: \(first), \(second)") })

  /// The names that may be printed, first choice first.
  static let printable: [(name: String, format: ScaledFormat)] = catalogue.map { ($0.name, $0.format) } + numberedNames

  /// The format of each catalogue name and alias, keyed in lower case.
  static let named: [String: ScaledFormat] = Dictionary(
    catalogue.flatMap { entry in ([entry.name] + entry.aliases).map { ($0.lowercased(), entry.format) } },
    uniquingKeysWith: { first, second in preconditionFailure("one alias of two formats: \(first), \(second)") })

  /// A format whose name is a literal of the program; traps if it is misspelt.
  init(literal name: String) {
    do {
      guard let format = try ScaledFormat(generic: name) else { preconditionFailure("not a generic spelling: \(name)") }
      self = format
    } catch { preconditionFailure(error.description) }
  }
}
