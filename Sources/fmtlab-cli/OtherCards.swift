// SPDX-License-Identifier: Apache-2.0
// The cards of formats that are not sets of codes with exact values: scaled and logarithmic ones.

import FmtLab

/// The document `fmtlab.info/1` of a scaled format.
struct ScaledCard: Encodable {
  let schema = "fmtlab.info/1"
  let name: String
  let family: String
  /// Bits of storage for each number, scales included.
  let bits: Double
  let element: String
  let elementMax: Double
  let scale: String
  let granularity: String
  /// The largest |x − x̂| of any number over the largest magnitude of its group, to nearest.
  @Nullable var worstErrorOverMax: Double?
  let worstErrorHolds = "while the scale is a normal number of its format, and not the end of its range"
  let aliases: [String]

  init(_ format: ScaledFormat) {
    let entry = ScaledFormat.catalogue.first { $0.format == format }
    (name, family, bits) = (format.name, entry?.family ?? "scaled", format.bitsPerElement)
    (element, elementMax) = (format.element.name, Value.finite(format.element.maxFinite).double)
    (scale, granularity) = (format.scale.meaning, format.granularity.meaning)
    worstErrorOverMax = format.worstRelativeToMax
    aliases = entry?.aliases ?? []
  }

  var lines: [CardLine] {
    [
      ("name", name, nil), ("family", family, nil), ("bits", bits.shortDescription, nil), ("element", element, nil),
      ("elementMax", elementMax.shortDescription, nil), ("scale", scale, nil), ("granularity", granularity, nil),
      ("worstErrorOverMax", worstErrorOverMax?.shortDescription ?? "", nil), ("worstErrorHolds", worstErrorHolds, nil),
      ("aliases", aliases.joined(separator: " "), nil),
    ]
  }
}

extension ScaleRule {
  /// The rule in words; M is the largest magnitude of the group.
  fileprivate var meaning: String {
    switch self {
    case .power(.floor, let s): "2^(floor(log2 M) - emax), exponent in \(s)"
    case .power(.ceil, let s): "2^(ceil(log2 M) - emax), exponent in \(s)"
    case .power(.even, let s): "2^(floor(log2 of M rounded to an element's precision) - emax), exponent in \(s)"
    case .power(.roundCeil, let s): "2^ceil(log2(M / elementMax)), exponent in \(s)"
    case .real(let s, let rounding): "M / elementMax, in \(s) by \(rounding)"
    case .twoLevel(let block, let tensor, let rounding):
      "M / (elementMax g), in \(block) by \(rounding), times g of the tensor, in \(tensor)"
    case .affine(let s, let rounding): "(max - min) / steps, in \(s) by \(rounding), and an integer zero point"
    case .fixed(let s): "\(s)"
    case .squeeze: "shift and squeeze: 2^beta |x|^alpha"
    case .ternary(let terms): "least squares, \(terms) term\(terms == 1 ? "" : "s")"
    }
  }
}

extension Granularity {
  fileprivate var meaning: String {
    switch self {
    case .tensor: "the tensor"
    case .channel: "a channel"
    case .block(let count): "blocks of \(count)"
    }
  }
}

/// The document `fmtlab.info/1` of a logarithmic format; numbers are the nearest doubles of irrational ones.
struct LogarithmicCard: Encodable {
  let schema = "fmtlab.info/1"
  let name: String
  let family = "logarithmic"
  let bits: Int
  @Nullable var precision: Int?
  @Nullable var exponentBits: Int?
  let integerBits: Int
  let fractionBits: Int
  @Nullable var bias: Int?
  let emin, emax: Double
  let maxFinite, minFinite: Double
  let minNormal: Double
  @Nullable var minSubnormal: Double?
  let minPositive: Double
  let unitRoundoff: Double
  let finiteCount: Int
  let hasInfinity = false
  let nanCodes = 1
  let hasNegativeZero = false
  let isSigned = true
  let aliases: [String]

  init(_ format: LogarithmicFormat) {
    // log₂ of the ends of the range; a number such as 7.875.
    (emin, emax) = (Double(exactly: format.minPositive.log2!)!, Double(exactly: format.maximum.log2!)!)
    (minFinite, minNormal) = (-format.maximum.double, format.minPositive.double)
    aliases = ["log\(format.integerBits).\(format.fractionBits)"]
    (name, bits, integerBits, fractionBits) = (format.name, format.width, format.integerBits, format.fractionBits)
    (maxFinite, minPositive, unitRoundoff) = (format.maximum.double, format.minPositive.double, format.relativeErrorBound)
    finiteCount = (1 << format.width) - 1
  }

  var lines: [CardLine] {
    [
      ("name", name, nil), ("family", family, nil), ("bits", "\(bits)", nil), ("integerBits", "\(integerBits)", nil),
      ("fractionBits", "\(fractionBits)", nil), ("emin", emin.shortDescription, nil), ("emax", emax.shortDescription, nil),
      ("maxFinite", maxFinite.shortDescription, nil), ("minFinite", minFinite.shortDescription, nil),
      ("minPositive", minPositive.shortDescription, nil), ("unitRoundoff", unitRoundoff.shortDescription, nil),
      ("finiteCount", "\(finiteCount)", nil), ("hasInfinity", "false", nil), ("nanCodes", "1", nil), ("hasNegativeZero", "false", nil),
      ("isSigned", "true", nil), ("aliases", aliases.joined(separator: " "), nil),
    ]
  }
}
