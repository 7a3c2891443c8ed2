// SPDX-License-Identifier: Apache-2.0
// Errors of names and policies.

/// What is wrong with a format name, a rounding mode, or a combination of policies.
public enum FormatError: Error, Hashable, Sendable {
  /// A name that no rule reads, and names like it.
  case unknownFormat(String, nearest: [String])
  /// A name with a width or bias that makes no format.
  case fieldOutOfRange(String, field: String, given: String, allowed: String)
  /// A name of no mode.
  case unknownRounding(String)
  /// A number of random bits outside 1 to 64.
  case randomBits(Int)
  /// A policy that the format has no codes for.
  case overflow(Overflow, format: String, allowed: [Overflow])
  /// Subnormals cannot be flushed where there are none.
  case flush(format: String)
  /// A format with gaps that are no powers of two.
  case stochastic(format: String)
}

extension FormatError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unknownFormat(let name, let nearest):
      let hint = nearest.isEmpty ? "formats" : "did you mean \(nearest.joined(separator: ", "))? Formats"
      return "unknown format '\(name)'; \(hint) are written e4m3, e4m3fn, bf16, q8.13, ...; `fmtlab formats` lists them."
    case .fieldOutOfRange(let name, let field, let given, let allowed):
      return "format '\(name)' has \(field) \(given); allowed is \(allowed)."
    case .unknownRounding(let name):
      return "unknown rounding '\(name)'; use rne, rna, rnz, rz, ru, rd, ro, sr, or srN with N random bits (srNb and srNc round them)."
    case .randomBits(let count):
      return "rounding sr\(count) asks for \(count) random bits; allowed is 1 to 64."
    case .overflow(let policy, let format, let allowed):
      return "overflow policy '\(policy.rawValue)' has no meaning in \(format); use \(list(allowed.map(\.rawValue)))."
    case .flush(let format):
      return "\(format) has no subnormals to flush; leave the subnormals policy at 'keep'."
    case .stochastic(let format):
      return "stochastic rounding needs gaps that are powers of two, which \(format) does not have everywhere; "
        + "use rne, rna, rnz, rz, ru, rd or ro."
    }
  }

  private func list(_ names: [String]) -> String {
    names.count < 2 ? names.joined() : names.dropLast().joined(separator: ", ") + " or " + names.last!
  }
}
