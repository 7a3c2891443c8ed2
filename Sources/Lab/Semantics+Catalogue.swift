// SPDX-License-Identifier: Apache-2.0
// The conversions of the field's tools, one element each.

public import Formats

extension Semantics {
  /// Conversions with a name of their own, and the usual members of each family.
  public static let catalogue: [Semantics] =
    mlDtypes + gfloat + cpfloat + ocp + usual.flatMap { format in [Peer.qtorch, .mptorch, .pychop].flatMap { family($0, format) } }
    + Format.catalogue.map(\.format).flatMap { family(.p3109, $0) }

  /// The formats for which the parametrised tools are listed; they take others too.
  private static let usual: [Format] = ["e4m3", "e5m2", "e3m4", "bf16", "fp16"].map(format)

  private static func format(_ name: String) -> Format {
    do { return try Format(name) } catch { preconditionFailure(error.description) }
  }

  /// Casts from float64; all go by way of float32. Compared with numpy over every float16 and bfloat16 number.
  private static let mlDtypes: [Semantics] = {
    let (fp32, evidence) = (format("fp32"), Evidence.measured("0.6.0"))
    func cast(
      _ name: String, _ values: String, rounding: Rounding = .nearestEven, overflow: Outcome, nan: Outcome = .nan, zero: Zero = .signed,
      tiny: Tiny = .gradual, remark: String? = nil
    ) -> Semantics {
      Semantics(
        .mlDtypes, name, format(values), rounding: rounding, through: [fp32], overflow: overflow, nan: nan, zero: zero, tiny: tiny,
        evidence, remark: remark)
    }
    func integer(_ name: String, _ values: String) -> Semantics {
      Semantics(
        .mlDtypes, name, format(values), rounding: .towardZero, overflow: .wrapped, infinity: .zero, nan: .zero, zero: .unsigned,
        evidence, remark: "truncated to an integer, of which the low bits are kept; above 2^31 the processor decides")
    }
    return ["bfloat16", "float8_e3m4", "float8_e4m3", "float8_e5m2"].map { cast($0, $0, overflow: .infinity) }
      + ["float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e4m3b11fnuz"].map { cast($0, $0, overflow: .nan) }
      + ["float6_e2m3fn", "float6_e3m2fn", "float4_e2m1fn"].map {
        cast($0, $0, overflow: .maximum, nan: .negativeZero, remark: "-nan becomes +0")
      }
      + [
        cast("float8_e8m0fnu", "e8m0fnu", rounding: .nearestAway, overflow: .nan, zero: .nan, tiny: .raised),
        integer("int4", "q4.0"), integer("uint4", "uq4.0"), integer("int2", "q2.0"),
      ]
  }()

  /// `round_float(format, x)` with sat=False, which raises where the format has neither infinity nor NaN.
  private static let gfloat: [Semantics] =
    [("ocp_e5m2", "e5m2", Outcome.infinity), ("binary16", "fp16", .infinity), ("bfloat16", "bf16", .infinity), ("ocp_e4m3", "e4m3fn", .nan)]
      .map { Semantics(.gfloat, $0, format($1), nearest: $0 == "ocp_e4m3" ? format("e4m3") : nil, overflow: $2, .measured("0.5.2")) }
    + [("ocp_e3m2", "e3m2fn"), ("ocp_e2m3", "e2m3fn"), ("ocp_e2m1", "e2m1fn"), ("ocp_int8", "q2.6")]
      .map {
        Semantics(.gfloat, $0, format($1), overflow: .none, nan: .none, .measured("0.5.2"), remark: "raises ValueError unless sat=True")
      }
    + Format.catalogue.map(\.format).flatMap { family(.gfloat, $0) }

  private static let cpfloat: [Semantics] = {
    let evidence = Evidence.documented("0.6")
    let (e4m3, nan) = (format("e4m3f"), "NaNs with some payloads become infinity")
    return [
      Semantics(.cpfloat, "e4m3", e4m3, nearest: format("e4m3"), overflow: .infinity, evidence, remark: nan),
      Semantics(.cpfloat, "e4m3, infinity=CPFLOAT_INF_NO", e4m3, nearest: format("e4m3"), overflow: .nan, evidence, remark: nan),
      Semantics(.cpfloat, "e5m2", format("e5m2"), overflow: .infinity, evidence, remark: nan),
      Semantics(.cpfloat, "fp16", format("fp16"), overflow: .infinity, evidence, remark: nan),
      Semantics(
        .cpfloat, "bfloat16", format("bf16:nosub"), nearest: format("bf16"), overflow: .infinity, evidence,
        remark: "subnormals are off by default: below the smallest normal number x rounds to that or to zero"),
    ]
  }()

  /// The conversions of OFP8, sections on overflow, and of MX, which clamps.
  private static let ocp: [Semantics] = {
    func clamping(_ name: String, _ values: String, _ nearest: String) -> Semantics {
      Semantics(
        .ocp, name, format(values), nearest: format(nearest), overflow: .maximum, nan: .none, .documented("MX 1.0"),
        remark: "conversion of NaN is left to implementations")
    }
    return [
      Semantics(.ocp, "E4M3", format("e4m3fn"), nearest: format("e4m3"), overflow: .nan, .documented("OFP8 1.0")),
      Semantics(.ocp, "E4M3, saturating", format("e4m3fn"), nearest: format("e4m3"), overflow: .maximum, .documented("OFP8 1.0")),
      Semantics(.ocp, "E5M2", format("e5m2"), overflow: .infinity, .documented("OFP8 1.0")),
      Semantics(.ocp, "E5M2, saturating", format("e5m2"), overflow: .maximum, .documented("OFP8 1.0")),
      clamping("E3M2", "e3m2fn", "e3m2"), clamping("E2M3", "e2m3fn", "e2m3"), clamping("E2M1", "e2m1fn", "e2m1"),
    ]
  }()
}

// MARK: - Tools with parameters

extension Semantics {
  /// The conversions of a tool whose formats have parameters to the one that `format` asks for; empty if it has none.
  public static func family(_ peer: Peer, _ format: Format) -> [Semantics] {
    guard case .floating(let f) = format.encoding, format.width <= 16, f.multiplier == nil else { return [] }
    if case .p3109(let isExtended) = f.specials {
      return switch peer {
      case .p3109: standard(format, isExtended: isExtended)
      // Its unsigned formats of one bit break ties between negative numbers by a rule of their own.
      case .gfloat where f.isSigned || f.fractionBits > 0: [gfloat(format, f, isExtended: isExtended)]
      default: []
      }
    }
    let ieeeBias = (1 << (f.exponentBits - 1)) - 1
    guard f.specials == .ieee, f.isSigned, f.hasSubnormals, f.bias == ieeeBias, f.exponentBits > 1, f.fractionBits > 0 else { return [] }
    let (e, m) = (f.exponentBits, f.fractionBits)
    func finite(_ fractionBits: Int) -> Format { Semantics.format("e\(e)m\(fractionBits)f") }
    let fp32 = Semantics.format("fp32")
    switch peer {
    case .qtorch where e < 8:
      return [
        // Subnormal results come from a sum with 2^emin in binary32: rounded once there, once more, away, to the format.
        Semantics(
          .qtorch, "FloatingPoint(exp=\(e), man=\(m))", finite(m), nearest: format, rounding: .nearestAway, through: [fp32, finite(23)],
          overflow: .maximum, nan: .maximum, zero: .unsigned, .measured("0.3.0"), remark: "-nan becomes the smallest number")
      ]
    case .mptorch:
      func cast(_ options: String, _ overflow: Outcome, _ infinity: Outcome, _ zero: Zero, _ tiny: Tiny) -> Semantics {
        Semantics(
          .mptorch, "FloatingPoint(exp=\(e), man=\(m)\(options))", format, through: [fp32], overflow: overflow, infinity: infinity,
          zero: zero, tiny: tiny, .documented("source, 2026"))
      }
      return [
        cast(", saturate=False", .infinity, .infinity, .unsigned, .gradual),
        cast(", saturate=True", .maximum, .infinity, .unsigned, .gradual),
        cast(", subnormals=False, saturate=False", .infinity, .infinity, .signed, .flushed(quarters: 3)),
      ]
    case .pychop:
      func chop(_ options: String, _ tiny: Tiny) -> Semantics {
        Semantics(
          .pychop, "Chop(exp_bits=\(e), sig_bits=\(m)\(options))", format, overflow: .zeroThenInfinity, infinity: .infinity,
          zero: .signedByUnderflow, tiny: tiny, .measured("0.6.2"))
      }
      return [chop("", .gradual), chop(", subnormal=False", .flushed(quarters: 4))]
    case .cpfloat where e < 8 && format != Semantics.format("e4m3"):
      return [
        Semantics(
          .cpfloat, "precision=\(m + 1), emin=\(1 - ieeeBias), emax=\(ieeeBias)", format, overflow: .infinity, .documented("0.6"))
      ]
    default: return []
    }
  }

  /// The standard's own names: Binary8p4se with SatNone, and with SatFinite.
  private static func standard(_ format: Format, isExtended: Bool) -> [Semantics] {
    let name = "Binary\(format.name.dropFirst())"
    let evidence = Evidence.documented("interim report 4.0")
    return [
      Semantics(.p3109, "\(name) SatNone", format, overflow: isExtended ? .infinity : .maximum, zero: .unsigned, evidence),
      Semantics(.p3109, "\(name) SatFinite", format, overflow: .maximum, negative: .maximum, zero: .unsigned, evidence),
    ]
  }

  private static func gfloat(_ format: Format, _ f: Format.Floating, isExtended: Bool) -> Semantics {
    Semantics(
      .gfloat, "p3109_\(format)", format, overflow: isExtended ? .infinity : .nan, negative: .unbounded, zero: .unsigned,
      .measured("0.5.2"),
      remark: "follows version 3.1 of the standard" + (f.isSigned ? "" : "; -inf becomes what +inf does"))
  }
}
