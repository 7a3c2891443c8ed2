// SPDX-License-Identifier: Apache-2.0
// Plans and products as one line of text, both ways.

public import Formats

/// What is wrong with the text of a plan.
public enum PlanError: Error, Hashable, Sendable, CustomStringConvertible {
  case format(FormatError)
  case count(String)
  case innerLevelWithoutCount(String)
  case lastLevelWithCount(String)
  case modifier(String)
  case scheme(String)
  case nesting(Int)

  public var description: String {
    switch self {
    case .format(let error): error.description
    case .count(let text): "'\(text)' is not a number of terms; a level is FORMAT[@ROUNDING]:COUNT with COUNT from 1 to 2^31."
    case .innerLevelWithoutCount(let level):
      "level '\(level)' hands its sum on after how many terms? Every level but the last needs a count, as in e4m3:16,fp16:8,fp32."
    case .lastLevelWithCount(let level): "the last level '\(level)' takes all that is left and has no count; write e4m3:16,fp16:8,fp32."
    case .modifier(let text):
      "'@\(text)' is neither a rounding (rne, rna, rnz, rz, ru, rd, ro, sr, srN) nor an overflow policy (ieee, infinity, saturate, wrap) "
        + "nor flush."
    case .nesting(let depth): "the plan nests \(depth) parentheses; at most 16 are read."
    case .scheme(let text): "unknown accumulation scheme '\(text)'; use FORMAT, FORMAT:COUNT,...,FORMAT or pairwise/FORMAT."
    }
  }
}

extension Rounder: CustomStringConvertible {
  /// `FORMAT[@ROUNDING][@OVERFLOW][@flush]`, defaults left out.
  public var description: String {
    var text = format.name
    if rounding != .nearestEven { text += "@\(rounding)" }
    if overflow != Rounder.overflowPolicies(of: format)[0] { text += "@\(overflow.rawValue)" }
    if subnormals == .flush { text += "@flush" }
    return text
  }

  /// Reads `FORMAT{@MODIFIER}` with roundings, overflow policies and `flush` as modifiers.
  public init(text: String) throws(PlanError) {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
    var (rounding, overflow, subnormals) = (Rounding.nearestEven, Overflow?.none, Subnormals.keep)
    do throws(FormatError) {
      let format = try Format(parts[0])
      for part in parts.dropFirst() {
        if let policy = Overflow(rawValue: part.lowercased()) {
          overflow = policy
        } else if part.lowercased() == "flush" {
          subnormals = .flush
        } else {
          rounding = try Rounding(part)
        }
      }
      try self.init(to: format, rounding, overflow: overflow, subnormals: subnormals)
    } catch {
      if case .unknownRounding(let name) = error { throw .modifier(name) }
      throw .format(error)
    }
  }
}

extension Plan: CustomStringConvertible {
  /// The text that ``init(text:)`` reads back.
  public var description: String {
    switch self {
    case .sequential(let rounder): "\(rounder)"
    case .pairwise(let rounder, let leaf): leaf == 1 ? "pairwise/\(rounder)" : "pairwise\(leaf)/\(rounder)"
    case .chunked(let count, let inner, let outer): inner.levelCount == 1 ? "\(inner):\(count),\(outer)" : "(\(inner)):\(count),\(outer)"
    }
  }

  /// Parentheses within parentheses that are read; more is a mistake, and would only exhaust the stack.
  private static let deepestNesting = 16

  /// Reads `LEVEL{,LEVEL}`: a level is `FORMAT[@ROUNDING][:COUNT]`, `pairwise[LEAF]/FORMAT[:COUNT]`, or a plan of its own in
  /// parentheses with a count. The last level has none.
  public init(text: String) throws(PlanError) {
    var (depth, deepest) = (0, 0)
    let levels = text.split(omittingEmptySubsequences: false) {
      depth += $0 == "(" ? 1 : $0 == ")" ? -1 : 0
      deepest = max(deepest, depth)
      return $0 == "," && depth == 0
    }.map(String.init)
    guard deepest <= Plan.deepestNesting else { throw .nesting(deepest) }
    var plan = try Plan.level(levels[levels.count - 1], isLast: true).plan
    for level in levels.dropLast().reversed() {
      let (inner, count) = try Plan.level(level, isLast: false)
      plan = .chunked(count, inner: inner, outer: plan)
    }
    self = plan
  }

  private static func isFormatSuffix(_ text: String) -> Bool { text == ":nosub" || text.hasPrefix(":cfg") }

  /// One level and its count, which is 0 for the last.
  private static func level(_ text: String, isLast: Bool) throws(PlanError) -> (plan: Plan, count: Int) {
    // ":nosub" and ":cfg5" belong to the format; a count starts with a digit.
    var (body, count) = (text, 0)
    if let colon = text.lastIndex(of: ":"), text[colon...].allSatisfy({ $0 != ")" && $0 != "@" }),
      !isFormatSuffix(text[colon...].lowercased())
    {
      let digits = String(text[text.index(after: colon)...])
      guard let number = termCount(digits) else { throw .count(digits) }
      guard !isLast else { throw .lastLevelWithCount(text) }
      (body, count) = (String(text[..<colon]), number)
    } else if !isLast {
      throw .innerLevelWithoutCount(text)
    }
    if body.hasPrefix("(") && body.hasSuffix(")") { return (try Plan(text: String(body.dropFirst().dropLast())), count) }
    guard let slash = body.firstIndex(of: "/") else { return (.sequential(try Rounder(text: body)), count) }
    let scheme = body[..<slash].lowercased()
    guard scheme.hasPrefix("pairwise") else { throw .scheme(scheme) }
    let leafText = scheme.dropFirst(8)
    guard let leaf = leafText.isEmpty ? 1 : termCount(leafText) else { throw .count(String(leafText)) }
    return (.pairwise(try Rounder(text: String(body[body.index(after: slash)...])), leaf: leaf), count)
  }

  /// A number of terms, written in digits alone.
  private static func termCount(_ text: some StringProtocol) -> Int? {
    guard !text.hasPrefix("+"), let number = Int(text), (1...(1 << 31)).contains(number) else { return nil }
    return number
  }
}

extension Product: CustomStringConvertible {
  public var description: String {
    switch self {
    case .exact: "exact"
    case .fused: "fused"
    case .rounded(let rounder): "\(rounder)"
    }
  }

  /// Reads `exact`, `fused` or `FORMAT[@ROUNDING]`.
  public init(text: String) throws(PlanError) {
    switch text.lowercased() {
    case "exact": self = .exact
    case "fused": self = .fused
    default: self = .rounded(try Rounder(text: text))
    }
  }
}
