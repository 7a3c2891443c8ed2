// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a sweep, in words.

internal import Formats

/// Why a sweep cannot be planned, run or merged.
public enum SweepError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A specification that cannot be carried out.
  case specification(String)
  /// A tensor that is no layer, or cannot be read as what it says that it is.
  case data(String)
  /// A directory that holds no sweep, another sweep, or something else.
  case directory(String, String)
  /// A file or directory that cannot be read or written.
  case file(String)
  /// Results that are no whole sweep: one reason each.
  case incomplete([String])

  static func unknown(_ what: String, _ name: String, _ known: [String]) -> SweepError {
    let near = nearestNames(to: name.lowercased(), among: known)
    let advice = near.isEmpty ? "give one of \(known.joined(separator: ", "))." : "did you mean \(near.joined(separator: " or "))?"
    return .specification("the \(what) '\(name)' is unknown; \(advice)")
  }

  public var description: String {
    switch self {
    case .specification(let reason), .data(let reason): reason
    case .directory(let path, let reason): "\(path): \(reason)"
    case .file(let reason): reason
    case .incomplete(let reasons): reasons.prefix(4).joined(separator: "; ") + (reasons.count > 4 ? "; and \(reasons.count - 4) more" : "")
    }
  }
}
