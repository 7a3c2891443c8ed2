// SPDX-License-Identifier: Apache-2.0
// Where a tool's conversion differs from fmtlab's, on every input that can tell them apart.

public import Formats

/// The differences between rounding to a format and a tool's conversion, grouped by their kind.
///
/// Inputs: every value of both formats, the middles between neighbours and the numbers 2^-40 of a gap beside them, quarters of the
/// smallest number, the surroundings of both maxima and two binades above, zeros, infinities and NaN, with both signs.
///
/// Complexity: about 10 inputs a code; a second for formats of 16 bits.
public struct SemanticsComparison: Sendable {
  /// fmtlab's side: the format, rounding and policies held against the tool's.
  public let rounder: Rounder
  /// The tool's side.
  public let semantics: Semantics
  /// How many inputs there were.
  public let count: Int
  /// One element for each kind that occurs, in the order of ``Kind``; empty if every result is the same, signs of zeros included.
  public let differences: [Difference]

  /// All inputs whose results differ for one reason, with one of them as the example.
  public struct Difference: Sendable {
    /// The reason that they have in common.
    public let kind: Kind
    /// How many inputs there are of this kind.
    public let count: Int
    /// The plainest of them.
    public let input: Value
    /// What the rounder makes of `input`.
    public let ours: Value
    /// What the tool makes of `input`; `nil` where it makes nothing of it.
    public let theirs: Value?
  }

  /// Why two results differ. An input has one kind; rounding twice goes before all others. The raw value is its name in output.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    /// Up to the larger of two maxima.
    case maximum
    /// Finite numbers beyond both maxima, and infinities.
    case overflow, infinity
    /// NaN is treated differently.
    case nan = "NaN"
    /// Zeros of which the tool does not make a zero.
    case zero
    /// Both results are zero, with different signs.
    case negativeZero = "negative zero"
    /// Negative numbers of an unsigned format.
    case sign
    /// Middles of gaps, rounded to different sides; and what lies below the smallest normal number of either format, or is raised.
    case ties, subnormals
    /// One of the formats has the number as a value and the other does not.
    case values
    /// The results would agree if the tool did not round to other formats on the way.
    case doubleRounding = "double rounding"
    /// Any other difference.
    case rounding
  }

  /// The largest width whose codes are all tried.
  public static let largestWidth = 16

  /// Tries both on every input.
  ///
  /// - Errors: `FormatError` where the data of `semantics` contradict each other.
  /// - Precondition: both formats have at most ``largestWidth`` bits.
  public init(_ rounder: Rounder, _ semantics: Semantics) throws(FormatError) {
    precondition(max(rounder.format.width, semantics.values.width) <= SemanticsComparison.largestWidth, "too many codes to try")
    (self.rounder, self.semantics) = (rounder, semantics)
    let conversion = try Semantics.Conversion(semantics)
    let direct = semantics.through.isEmpty ? nil : try Semantics.Conversion(semantics, isDirect: true)
    let inputs = SemanticsComparison.inputs(rounder.format, semantics.values)
    var found: [Kind: (count: Int, best: Difference, rank: Int)] = [:]
    for input in inputs {
      let (ours, theirs) = (rounder.round(input).value, conversion(Extended(input)))
      guard ours != theirs else { continue }
      // Were it not for the roundings on the way, both would agree, perhaps but for the sign of zero.
      let single = direct.flatMap { $0(Extended(input)) }
      let isDouble = single == ours || single.map { $0.isZero && ours.isZero && theirs?.isZero != true } ?? false
      let kind = isDouble ? .doubleRounding : SemanticsComparison.kind(input, ours, theirs, rounder.format, semantics)
      let rank = SemanticsComparison.plainness(input, kind, rounder.format, semantics.values)
      let count = (found[kind]?.count ?? 0) + 1
      if let known = found[kind], known.rank <= rank {
        found[kind]?.count = count
      } else {
        found[kind] = (count, Difference(kind: kind, count: 0, input: input, ours: ours, theirs: theirs), rank)
      }
    }
    count = inputs.count
    differences = Kind.allCases.compactMap { kind in
      found[kind].map { Difference(kind: kind, count: $0.count, input: $0.best.input, ours: $0.best.ours, theirs: $0.best.theirs) }
    }
  }

  // MARK: Inputs

  static func inputs(_ formats: Format...) -> [Value] {
    var magnitudes: Set<Dyadic> = []
    for format in formats {
      let values = Set(format.codes.compactMap { format.decode(Format.Code($0)).dyadic?.magnitude }).union([.zero]).sorted()
      for (below, above) in zip(values, values.dropFirst()) { magnitudes.formUnion([above] + middle(below, above - below)) }
      let (least, last) = (values[1], values[values.count - 1])
      magnitudes.formUnion([least.scaled(by: -2), least.scaled(by: -3), least + -least.scaled(by: -2)])
      // Above the maximum as far as its ulp goes, then by binades.
      let ulp = format.ulp(last)
      let next = Dyadic.power(last.floorLog2 + 1)
      magnitudes.formUnion(middle(last, ulp) + [last + ulp.scaled(by: -2), last + ulp, last + ulp.scaled(by: 1)])
      magnitudes.formUnion([next, next + next.scaled(by: -1), next.scaled(by: 1), next.scaled(by: 3)])
    }
    // In order, since sets have none: of inputs equally plain the smallest is the example.
    return magnitudes.sorted().flatMap { [.finite($0), .finite(-$0)] }
      + [.zero, .negativeZero, .infinity(negative: false), .infinity(negative: true), .nan]
  }

  /// The middle of a gap and its two neighbourhoods.
  private static func middle(_ below: Dyadic, _ gap: Dyadic) -> [Dyadic] {
    let (middle, nudge) = (below + gap.scaled(by: -1), gap.scaled(by: -40))
    return [middle, middle + nudge, middle - nudge]
  }

  // MARK: Kinds

  private static func kind(_ input: Value, _ ours: Value, _ theirs: Value?, _ format: Format, _ semantics: Semantics) -> Kind {
    guard let x = input.dyadic else { return input == .nan ? .nan : .infinity }
    let values = semantics.values
    if x.isZero && theirs?.isZero != true { return .zero }
    if ours.isZero, theirs?.isZero == true { return .negativeZero }
    if x.isNegative && !(format.isSigned && values.isSigned) { return .sign }
    let (smaller, larger) = (min(format.maxFinite, values.maxFinite), max(format.maxFinite, values.maxFinite))
    if x.magnitude > larger { return .overflow }
    if x.magnitude > smaller { return .maximum }
    if let a = ours.dyadic, let b = theirs?.dyadic {
      if semantics.tiny == .raised, x < values.minPositive.scaled(by: 1) { return .subnormals }
      if a + b == x.scaled(by: 1) { return .ties }
      if isTiny(x.magnitude, format) || isTiny(x.magnitude, values) { return .subnormals }
      if format.contains(x) != values.contains(x) { return .values }
    }
    return .rounding
  }

  private static func isTiny(_ x: Dyadic, _ format: Format) -> Bool { format.minNormal.map { x < $0 } ?? false }

  /// Small for inputs that are easy to read; the larger maximum comes first among those between two.
  private static func plainness(_ input: Value, _ kind: Kind, _ formats: Format...) -> Int {
    guard let x = input.dyadic else { return input == .infinity(negative: true) ? 1 : 0 }
    if kind == .maximum, x == formats.map(\.maxFinite).max() { return 0 }
    return 1 + 4 * input.description.count + (x.isNegative ? 2 : 0)
  }
}

// MARK: - In words

extension SemanticsComparison {
  /// Why the two differ, in one line; the words hold for the kind, and the numbers where there are any for its example.
  public func explanation(of difference: Difference) -> String {
    let (format, name) = (rounder.format, semantics.peer.rawValue)
    let theirs = difference.theirs?.description ?? "nothing"
    switch difference.kind {
    case .maximum:
      return "the largest number is \(format.maxFinite) in fmtlab's \(format), \(semantics.values.maxFinite) in \(name)'s format"
    case .overflow: return "overflow becomes \(rounder.overflow.outcome(in: format)); in \(name) \(semantics.overflow.description)"
    case .infinity: return "\(difference.input) becomes \(difference.ours); in \(name) \(theirs)"
    case .nan: return "NaN stays NaN; in \(name) it becomes \(semantics.nan.description)"
    case .zero: return "zero becomes \(difference.ours); in \(name) \(theirs)"
    case .negativeZero: return "\(name) has other signs of zeros"
    case .sign: return "negative numbers of an unsigned format become \(semantics.negative.description) in \(name)"
    case .subnormals:
      switch semantics.tiny {
      case .flushed(quarters: 4): return "in \(name) everything below the smallest normal number becomes 0"
      case .flushed(let quarters): return "in \(name) what is below the smallest normal number becomes that, up to \(quarters)/4 of it 0"
      case .raised:
        let least = semantics.values.minPositive
        return "in \(name) all numbers between \(least.hexDescription) and \(least.scaled(by: 1).hexDescription) become the latter"
      case .gradual: break
      }
      let (ours, theirs) = (format.minPositive, semantics.values.minPositive)
      return "the smallest positive numbers are \(ours) in fmtlab's \(format), \(theirs) in \(name)'s format"
    case .values: return "fmtlab's \(format) and \(name)'s format (\(semantics.values)) have different values"
    case .doubleRounding: return "\(name) rounds first to \(semantics.through.map(\.name).joined(separator: ", then "))"
    case .ties, .rounding: return "\(rounder.rounding) against \(semantics.rounding) in \(name)"
    }
  }
}
