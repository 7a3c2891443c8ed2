// SPDX-License-Identifier: Apache-2.0
// Finding conversions by name, and saying in words what they do.

internal import Formats

extension Semantics.Peer {
  /// The conversions of the tool that are listed.
  public var conversions: [Semantics] { Semantics.catalogue.filter { $0.peer == self } }

  /// The conversions that a name asks for: one that the tool itself uses, or a name that fmtlab knows. Nearest first: the tool's own
  /// name, then the same finite numbers, then formats that only share their name with fmtlab's, then what its parameters allow, then
  /// formats of the same width and precision.
  public func conversions(named name: String) -> [Semantics] {
    let own = conversions.filter { $0.name.lowercased() == name.lowercased() || $0.name.lowercased().hasPrefix(name.lowercased() + ",") }
    if !own.isEmpty { return own }
    guard let format = try? Format(name) else { return [] }
    let same = conversions.filter { $0.nearest == format || $0.values == format && $0.nearest == nil }
    if !same.isEmpty { return same }
    let values = conversions.filter { $0.values == format }
    if !values.isEmpty { return values }
    let family = Semantics.family(self, format)
    if !family.isEmpty { return family }
    return conversions.filter { $0.values.width == format.width && $0.values.precision == format.precision && $0.values.isFloating == format.isFloating }
  }
}

extension Semantics.Outcome {
  /// What it makes of a number, as in "overflow becomes ...".
  public var description: String {
    switch self {
    case .maximum: "the largest number"
    case .infinity: "infinity"
    case .nan: "NaN"
    case .negativeZero: "-0"
    case .zero: "0"
    case .wrapped: "its residue"
    case .zeroThenInfinity: "0 in the first binade above, infinity beyond"
    case .unbounded: "a number outside the format"
    case .none: "nothing"
    }
  }
}

extension Semantics.Evidence {
  /// How it was obtained and from which version or text, as in "measured, version 1.0".
  public var description: String {
    switch self {
    case .measured(let version): "measured, version \(version)"
    case .documented(let source): "documented, \(source); not run"
    }
  }
}

extension Overflow {
  /// The same of fmtlab's policies, for a format.
  func outcome(in format: Format) -> String {
    switch self {
    case .saturate, .propagate: "the largest number"
    case .wrap: "its residue"
    case .ieee where format.isP3109 && !format.hasInfinity: "the largest number"
    case .ieee, .infinity: format.hasInfinity ? "infinity" : "NaN"
    }
  }
}
