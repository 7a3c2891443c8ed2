// SPDX-License-Identifier: Apache-2.0
// What the name of a format can mean: numbers of their own, numbers that share a scale, or powers of two.

import FmtLab

/// A format of any kind, by its name.
enum NamedFormat {
  case plain(Format)
  case scaled(ScaledFormat)
  case logarithmic(LogarithmicFormat)

  /// - Throws: `FormatError`, with the nearest names of all kinds where the name is unknown.
  init(_ name: String) throws(FormatError) {
    var nearest: [String] = []
    do { self = .plain(try Format(name)); return } catch { nearest += try error.suggestions }
    do { self = .scaled(try ScaledFormat(name)); return } catch { nearest += try error.suggestions }
    do { self = .logarithmic(try LogarithmicFormat(name)); return } catch { _ = try error.suggestions }
    throw .unknownFormat(name, nearest: Array(nearest.prefix(3)))
  }

  var name: String {
    switch self {
    case .plain(let format): format.name
    case .scaled(let format): format.name
    case .logarithmic(let format): format.name
    }
  }
}

extension FormatError {
  /// The names that an unknown one is near to; any other problem is thrown again: the name is known, and wrong in part.
  fileprivate var suggestions: [String] {
    get throws(FormatError) {
      guard case .unknownFormat(_, let nearest) = self else { throw self }
      return nearest
    }
  }
}
