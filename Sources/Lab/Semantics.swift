// SPDX-License-Identifier: Apache-2.0
// What a tool or a standard makes of a number that it converts to one of its formats, as data.

public import Formats

/// A conversion to a format as another tool carries it out: which values it has, and what it makes of everything else.
///
/// fmtlab's own conversions are those of ``Rounder``; this type only describes other people's, in terms of them.
public struct Semantics: Hashable, Sendable {
  /// Whose conversion it is.
  public let peer: Peer
  /// The format or the call, as the tool writes it.
  public let name: String
  /// The format of fmtlab with the same finite numbers.
  public let values: Format
  /// What fmtlab's users would ask for: a format whose name is that of the tool's format without being the same.
  public let nearest: Format?
  /// A rounding to nearest; what lies beyond the ends of the range is the business of `overflow`.
  public let rounding: Rounding
  /// Formats that the number is rounded to first, ties to even, one after the other.
  public let through: [Format]
  /// What numbers become that round to one beyond the largest finite value.
  public let overflow: Outcome
  /// What negative numbers become in an unsigned format, if they do not round to zero.
  public let negative: Outcome
  /// What ±∞ becomes; in an unsigned format −∞ is a negative number, except where `overflow` wraps or `negative` is unbounded.
  public let infinity: Outcome
  /// What NaN becomes, with its sign clear.
  public let nan: Outcome
  /// What zeros become, and the sign of what rounds to zero.
  public let zero: Zero
  /// What becomes of numbers at the bottom of the range.
  public let tiny: Tiny
  /// How the description is known to be right.
  public let evidence: Evidence
  /// What else there is to know, in one line.
  public let remark: String?

  /// A tool or a standard; the raw value is its name on the command line.
  public enum Peer: String, Hashable, Sendable, CaseIterable {
    /// The types that JAX and TensorFlow use.
    case mlDtypes = "ml_dtypes"
    /// Tools, and two standards; ``title`` says what each is.
    case gfloat, cpfloat, mptorch, qtorch, pychop, ocp, p3109

    /// Its name in full and what it is, in one line.
    public var title: String {
      switch self {
      case .mlDtypes: "ml_dtypes, the types of JAX and TensorFlow for NumPy"
      case .gfloat: "gfloat, formats for Python"
      case .cpfloat: "CPFloat, custom-precision floating point for C and MATLAB"
      case .mptorch: "mptorch, custom arithmetic for PyTorch"
      case .qtorch: "QPyTorch (qtorch), low-precision training in PyTorch"
      case .pychop: "pychop, the chop function for Python"
      case .ocp: "the OCP specifications OFP8 1.0 and MX 1.0"
      case .p3109: "IEEE P3109, SatNone and SatFinite, NearestTiesToEven"
      }
    }
  }

  /// What a number becomes that has no finite value near it.
  public enum Outcome: Hashable, Sendable {
    /// The end of the range on its side.
    case maximum
    /// Infinity of its sign; +∞ where the format has no sign.
    case infinity
    /// NaN.
    case nan
    /// −0, for either sign.
    case negativeZero
    /// +0, for either sign.
    case zero
    /// The residue modulo 2^width.
    case wrapped
    /// Zero when ⌊log₂|x|⌋ = emax + 1, infinity above; what rounds up to 2^(emax + 1) keeps that value.
    case zeroThenInfinity
    /// What it rounds to if the range had no end and numbers had a sign.
    case unbounded
    /// Nothing: the tool raises an error, or the specification leaves it open.
    case none
  }

  /// The signs of zeros.
  public enum Zero: Hashable, Sendable {
    /// As in IEEE 754, where the format has a negative zero.
    case signed
    /// Always +0.
    case unsigned
    /// −0 becomes +0; negative numbers that round to zero become −0.
    case signedByUnderflow
    /// Zeros become NaN: the format has none.
    case nan
  }

  /// What becomes of magnitudes below the smallest normal number 2^emin.
  public enum Tiny: Hashable, Sendable {
    /// They round on the format's own grid, to subnormal numbers where it has them.
    case gradual
    /// Up to quarters/4 · 2^emin zero, above that 2^emin, looked at before the rounding.
    case flushed(quarters: Int)
    /// What lies between the smallest value and its double becomes the double.
    case raised
  }

  /// Where the description comes from: observation is stronger than reading.
  public enum Evidence: Hashable, Sendable {
    /// Compared with the tool of this version on a great many inputs.
    case measured(String)
    /// Read in its documentation or source text.
    case documented(String)
  }

  init(
    _ peer: Peer, _ name: String, _ values: Format, nearest: Format? = nil, rounding: Rounding = .nearestEven, through: [Format] = [],
    overflow: Outcome, negative: Outcome = .nan, infinity: Outcome? = nil, nan: Outcome = .nan, zero: Zero = .signed,
    tiny: Tiny = .gradual, _ evidence: Evidence, remark: String? = nil
  ) {
    (self.peer, self.name, self.values, self.nearest, self.rounding, self.through) = (peer, name, values, nearest, rounding, through)
    (self.overflow, self.negative, self.infinity, self.nan) = (overflow, negative, infinity ?? overflow, nan)
    (self.zero, self.tiny, self.evidence, self.remark) = (zero, tiny, evidence, remark)
  }
}

// MARK: - Conversion

extension Semantics {
  /// The rounders of a conversion, made once for many numbers.
  public struct Conversion: Sendable {
    let semantics: Semantics
    private let first: [Rounder]
    private let last: Rounder
    /// The same grid with a sign and a range without end, where something asks for it.
    private let unbounded: Rounder?

    /// - Parameter isDirect: whether to leave out the roundings on the way.
    /// - Throws: `FormatError` where the data contradict each other.
    public init(_ semantics: Semantics, isDirect: Bool = false) throws(FormatError) {
      self.semantics = semantics
      var first: [Rounder] = []
      for format in isDirect ? [] : semantics.through { first.append(try Rounder(to: format)) }
      self.first = first
      last = try Rounder(to: semantics.values, semantics.rounding, overflow: semantics.overflow == .wrapped ? .wrap : .saturate)
      unbounded = if case .floating(let f) = semantics.values.encoding {
        try Rounder(to: Format("e15m\(f.fractionBits)b\(f.bias)"), semantics.rounding)
      } else {
        nil
      }
    }

    /// What the tool makes of a number; `nil` where it makes nothing of it.
    public func callAsFunction(_ x: Extended) -> Value? {
      var x = x
      for rounder in first { x = Extended(rounder.round(x).value) }
      switch x {
      case .nan: return semantics.nan.value(isNegative: false, semantics.values)
      case .infinity(let isNegative):
        // −∞ is below an unsigned range like every negative number.
        let isBelow = isNegative && !semantics.values.isSigned && semantics.overflow != .wrapped && semantics.negative != .unbounded
        return (isBelow ? semantics.negative : semantics.infinity).value(isNegative: isNegative, semantics.values)
      case .finite(let number): return number.isZero ? zero(isNegative: number.isNegative) : convert(number)
      }
    }

    private func convert(_ x: Unrounded) -> Value? {
      let values = semantics.values
      if case .flushed(let quarters) = semantics.tiny, let emin = values.emin, x.floorLog2 < emin {
        let minNormal = Dyadic.power(emin)
        guard x.isMagnitudeAbove(Dyadic(Int128(quarters), exponent: emin - 2)) else { return underflow(isNegative: x.isNegative) }
        return .finite(x.isNegative ? -minNormal : minNormal)
      }
      if semantics.tiny == .raised, !x.isNegative, x.floorLog2 == values.minPositive.floorLog2, x.isMagnitudeAbove(values.minPositive) {
        return .finite(values.minPositive.scaled(by: 1))
      }
      if semantics.overflow == .zeroThenInfinity, let emax = values.emax, x.floorLog2 > emax {
        return x.floorLog2 == emax + 1 ? .zero : .infinity(negative: x.isNegative)
      }
      let isBelow = x.isNegative && !values.isSigned
      // A format without zero has nothing that a negative number could round to.
      if isBelow, semantics.overflow != .wrapped, values.encode(.zero) == nil {
        return semantics.negative.value(isNegative: true, values)
      }
      let rounded = last.round(x)
      if semantics.overflow != .wrapped, rounded.flags.contains(.overflow) {
        let outcome = isBelow ? semantics.negative : semantics.overflow
        if outcome == .unbounded || outcome == .zeroThenInfinity { return unbounded?.round(x).value }
        return outcome.value(isNegative: x.isNegative, values)
      }
      return rounded.value.isZero ? underflow(isNegative: x.isNegative) : rounded.value
    }

    private func zero(isNegative: Bool) -> Value? {
      switch semantics.zero {
      case .nan: .nan
      case .unsigned, .signedByUnderflow: .zero
      case .signed: isNegative && semantics.values.hasNegativeZero ? .negativeZero : .zero
      }
    }

    private func underflow(isNegative: Bool) -> Value {
      let isSigned = semantics.zero != .unsigned && semantics.values.hasNegativeZero
      return isNegative && isSigned ? .negativeZero : .zero
    }
  }
}

extension Semantics.Outcome {
  fileprivate func value(isNegative: Bool, _ format: Format) -> Value? {
    switch self {
    case .maximum: .finite(isNegative ? format.minFinite : format.maxFinite)
    case .infinity, .zeroThenInfinity, .unbounded: .infinity(negative: isNegative && format.isSigned)
    case .nan: .nan
    case .negativeZero: .negativeZero
    case .zero, .wrapped: .zero
    case .none: nil
    }
  }
}

extension Unrounded {
  /// Whether |x| exceeds a positive number of few bits.
  fileprivate func isMagnitudeAbove(_ y: Dyadic) -> Bool {
    let drop = magnitude.leadingZeroBitCount == 0 ? 1 : 0
    let lower = Dyadic(Int128(magnitude >> UInt128(drop)), exponent: exponent + drop)
    let isExact = !isSticky && (drop == 0 || magnitude & 1 == 0)
    return lower > y || lower == y && !isExact
  }
}
