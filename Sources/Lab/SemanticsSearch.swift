// SPDX-License-Identifier: Apache-2.0
// Which known conversion produced a list of inputs and results.

public import Formats

/// Conversions held against observed results.
public struct SemanticsSearch: Sendable {
  /// One observation: a number, and the values that its result may mean (a decimal may be short for a binary64 or a binary32).
  public struct Row: Sendable {
    /// The number that was converted, exactly as given.
    public let input: Extended
    /// The readings of the observed result, one or two; a conversion that gives any of them reproduces the row.
    public let results: [Value]

    /// Reads the result as the nearest binary64, and as the nearest binary32 where that differs and is finite.
    public init(input: Extended, result: Extended) throws(FormatError) {
      self.input = input
      // A format is not wider than these, so a value that is printed in the short form of either is told.
      var results = [try Rounder(to: .fp64).round(result).value]
      let short = try Rounder(to: .fp32).round(result).value
      if !results.contains(short), short.isFinite { results.append(short) }
      self.results = results
    }
  }

  /// A way to convert.
  public enum Candidate: Sendable {
    /// fmtlab's rounding to a format, policies included.
    case fmtlab(Rounder)
    /// What a tool or a standard is described to do.
    case peer(Semantics)
  }

  /// How well one candidate explains the observations.
  public struct Match: Sendable {
    /// The conversion that was tried.
    public let candidate: Candidate
    /// How many rows it reproduces.
    public let count: Int
    /// The first row that it does not reproduce, and what it gives there.
    public let first: (row: Int, value: Value?)?
  }

  /// Every conversion that is known to the formats given: fmtlab's in all deterministic roundings and policies, and all tools'.
  public static func candidates(for formats: [Format], peers: [Semantics]) -> [Candidate] {
    formats.flatMap { format in
      Rounding.deterministic.flatMap { rounding in
        Rounder.overflowPolicies(of: format).flatMap { overflow in
          Subnormals.allCases.compactMap { subnormals in
            (try? Rounder(to: format, rounding, overflow: overflow, subnormals: subnormals)).map { Candidate.fmtlab($0) }
          }
        }
      }
    } + peers.map { .peer($0) }
  }

  /// The formats of the catalogue of at most 16 bits that have every finite result.
  public static func formats(of rows: [Row]) -> [Format] {
    var seen: Set<Format> = []
    return Format.catalogue.map(\.format).filter { format in
      format.width <= 16 && seen.insert(format).inserted && rows.allSatisfy { row in
        row.results.contains { value in value.dyadic.map(format.contains) ?? true }
      }
    }
  }

  /// How many rows each candidate reproduces, best first, in the order of the candidates where that is equal.
  ///
  /// Complexity: rows × candidates roundings.
  public static func matches(_ rows: [Row], _ candidates: [Candidate]) throws(FormatError) -> [Match] {
    var matches: [Match] = []
    for candidate in candidates {
      let convert = try candidate.conversion()
      var (count, first) = (0, (row: Int, value: Value?)?.none)
      for (i, row) in rows.enumerated() {
        let value = convert(row.input)
        if let value, row.results.contains(value) { count += 1 } else if first == nil { first = (i, value) }
      }
      matches.append(Match(candidate: candidate, count: count, first: first))
    }
    return matches.enumerated().sorted { ($1.element.count, $0.offset) < ($0.element.count, $1.offset) }.map(\.element)
  }
}

extension SemanticsSearch.Candidate {
  func conversion() throws(FormatError) -> @Sendable (Extended) -> Value? {
    switch self {
    case .fmtlab(let rounder): return { rounder.round($0).value }
    case .peer(let semantics):
      let conversion = try Semantics.Conversion(semantics)
      return { conversion($0) }
    }
  }
}
