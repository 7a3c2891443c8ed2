// SPDX-License-Identifier: Apache-2.0
// Rounding modes and the policies beside them.

/// Which neighbour a number between two values of a format becomes.
///
/// | mode | name | a number between two neighbours becomes |
/// |---|---|---|
/// | `nearestEven` | rne | the nearer one; from the middle, the one with even code |
/// | `nearestAway` | rna | the nearer one; from the middle, the one of larger magnitude |
/// | `nearestZero` | rnz | the nearer one; from the middle, the one of smaller magnitude |
/// | `towardZero` | rz | the one of smaller magnitude |
/// | `up`, `down` | ru, rd | the larger, the smaller one |
/// | `toOdd` | ro | the one with odd code |
/// | `stochastic` | sr | the one above with probability f, its distance from the one below in units of their gap |
/// | `stochasticBits(N, r)` | srN | likewise with f rounded to a multiple of 2^-N by r, by default down |
///
/// Between 0 and the smallest normal number of a `:nosub` format, 0 counts as even and that number as odd.
///
/// In the stochastic modes "above" means of larger magnitude. `srN` compares f, **truncated** to N bits, with an N-bit random
/// integer, as hardware does: it is biased towards zero by less than 2^-N of a gap on every input, 2^-(N+1) of a gap on
/// the average of finely spread inputs, and moves nothing nearer than 2^-N of a gap to its lower neighbour. `srNb` and `srNc`
/// round f to the nearest multiple of 2^-N instead, a half up or to even: they are biased by at most 2^-(N+1) of a gap. These
/// three are StochasticA, B and C of IEEE P3109.
public enum Rounding: Hashable, Sendable {
  /// The nearer neighbour, ties as the table says.
  case nearestEven, nearestAway, nearestZero
  /// One neighbour whatever the distance.
  case towardZero, up, down
  /// The neighbour with odd code, so that nothing is decided: a later rounding to two bits less is correct.
  case toOdd
  /// Without bias: the probability of a neighbour is the distance from the other.
  case stochastic
  /// The same with N random bits.
  case stochasticBits(Int, BitRule = .cut)

  /// How f becomes a multiple of 2^-N.
  public enum BitRule: String, Hashable, Sendable, CaseIterable {
    /// ⌊2^N f⌋.
    case cut = "a"
    /// ⌊2^N f + 1/2⌋.
    case nearestUp = "b"
    /// 2^N f rounded to nearest, a half to even.
    case nearestEven = "c"
  }

  /// The modes that draw no random bits.
  public static let deterministic: [Rounding] = [
    .nearestEven, .nearestAway, .nearestZero, .towardZero, .up, .down, .toOdd,
  ]

  /// Whether an error is at most half a gap.
  public var isNearest: Bool { self == .nearestEven || self == .nearestAway || self == .nearestZero }

  /// Whether it draws random bits.
  public var isStochastic: Bool {
    switch self {
    case .stochastic, .stochasticBits: true
    default: false
    }
  }
}

extension Rounding: CustomStringConvertible {
  private static let names: [(Rounding, String)] = [
    (.nearestEven, "rne"), (.nearestAway, "rna"), (.nearestZero, "rnz"), (.towardZero, "rz"),
    (.up, "ru"), (.down, "rd"), (.toOdd, "ro"), (.stochastic, "sr"),
  ]

  /// Other tools' names, in lower case.
  private static let aliases: [String: Rounding] = [
    "rn": .nearestEven, "ne": .nearestEven, "nearest": .nearestEven, "tiestoeven": .nearestEven, "nearesteven": .nearestEven,
    "nearesttiestoeven": .nearestEven, "rnear_even": .nearestEven, "ties_even": .nearestEven, "rmode=1": .nearestEven,
    "rmm": .nearestAway, "tiestoaway": .nearestAway, "nearesttiestoaway": .nearestAway, "near_maxmag": .nearestAway,
    "nearestaway": .nearestAway, "ties_away": .nearestAway, "nearestzero": .nearestZero,
    "rtz": .towardZero, "towardzero": .towardZero, "minmag": .towardZero, "truncate": .towardZero, "trn_zero": .towardZero,
    "rtp": .up, "rup": .up, "up": .up, "towardpositive": .up, "rmax": .up,
    "rtn": .down, "rdn": .down, "down": .down, "towardnegative": .down, "rmin": .down, "floor": .down,
    "rodd": .toOdd, "toodd": .toOdd, "jam": .toOdd, "odd": .toOdd,
    "stochastic": .stochastic, "stoch_weighted": .stochastic, "dither": .stochastic,
  ]

  public var description: String {
    if case .stochasticBits(let count, let rule) = self { return "sr\(count)\(rule == .cut ? "" : rule.rawValue)" }
    return Rounding.names.first { $0.0 == self }!.1
  }

  /// The mode of a name or alias, upper or lower case.
  public init(_ name: String) throws(FormatError) {
    let text = name.lowercased()
    if let known = Rounding.names.first(where: { $0.1 == text })?.0 ?? Rounding.aliases[text] {
      self = known
    } else if let (count, rule) = Rounding.randomBits(text) {
      guard (1...64).contains(count) else { throw .randomBits(count) }
      self = .stochasticBits(count, rule)
    } else {
      throw .unknownRounding(name)
    }
  }

  /// N and the rule of `srN`, `srNb`, `StochasticB8` or `StochasticB[8]`, in lower case.
  private static func randomBits(_ text: String) -> (Int, BitRule)? {
    var (rest, rule) = (text[...], BitRule.cut)
    if let named = BitRule.allCases.first(where: { text.hasPrefix("stochastic\($0.rawValue)") }) {
      rule = named
      rest = text.dropFirst("stochastic".count + 1)
      if rest.first == "[", rest.last == "]" { rest = rest.dropFirst().dropLast() }
    } else if text.hasPrefix("sr"), !text.hasPrefix("sr+") {
      rest = text.dropFirst(2)
      if let named = BitRule.allCases.first(where: { rest.hasSuffix($0.rawValue) }) { (rule, rest) = (named, rest.dropLast()) }
    } else {
      return nil
    }
    return Int(rest).map { ($0, rule) }
  }
}

/// What becomes of a rounded number beyond the largest finite value.
public enum Overflow: String, Hashable, Sendable, CaseIterable {
  /// A negative number that does not round to 0 overflows an unsigned format: to NaN where it has one, except when it saturates.
  ///
  /// By direction, as IEEE 754: infinity in the nearest and stochastic modes and in the directed mode that points there, the
  /// largest finite value in the others. NaN takes the place of infinity in a format that has only NaN.
  ///
  /// In the formats of P3109 it is its SatNone: to odd gives infinity where the code of the largest number is even; finite
  /// formats give their largest or smallest number for all that is beyond it, infinities included; below an unsigned format it is 0 for
  /// finite numbers in the modes rz and ru, NaN for all else. Posits and takums give their largest number for all that is beyond,
  /// NaN for infinities.
  case ieee
  /// Infinity in every mode, or NaN in a format that has only NaN.
  case infinity
  /// The nearest finite value. Infinite inputs are clamped too (OCP saturation, P3109's SatFinite). NaN stays NaN.
  case saturate
  /// The nearest finite value, but infinite inputs stay infinite where the format has infinities (P3109's SatPropagate).
  case propagate
  /// Modulo 2^width, as two's-complement hardware without overflow logic; fixed point only. Of a number of 2^128 steps or more only
  /// the leading bits are known, and its residue means nothing.
  case wrap
}

extension Overflow {
  /// P3109's names, in lower case.
  private static let aliases: [String: Overflow] = [
    "satfinite": .saturate, "satpropagate": .propagate, "satnone": .ieee, "ovfinf": .ieee,
  ]

  /// The policy of a name or alias, upper or lower case.
  public init?(_ name: String) {
    guard let policy = Overflow(rawValue: name.lowercased()) ?? Overflow.aliases[name.lowercased()] else { return nil }
    self = policy
  }
}

/// Whether results below the smallest normal number are kept.
public enum Subnormals: String, Hashable, Sendable, CaseIterable {
  /// Multiples of η below the normal range are results.
  case keep
  /// A result that, rounded to p bits without regard to the range, is below the smallest normal number becomes a zero of
  /// its sign (flush to zero, tininess detected after rounding).
  case flush
}
