// SPDX-License-Identifier: Apache-2.0
// Plans and products as one line of text, both ways.

public import Formats

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
    case .compensated(let compensation, let rounder): "\(compensation)/\(rounder)"
    case .exact(let rounder): "exact/\(rounder)"
    case .block(let unit): "\(unit)"
    case .chunked(let count, let inner, let outer):
      if let unit = MatrixUnit.catalogue.first(where: { $0.plan == self }) {
        "tensorcore/\(unit.name)"
      } else {
        "\(inner.asLevel):\(count),\(outer)"
      }
    case .strided(let lanes, let inner, let outer):
      inner == outer && inner.levelCount == 1 ? "strided\(lanes)/\(inner)" : "strided\(lanes)/\(inner.asLevel),\(outer)"
    }
  }

  /// The text of a level, in parentheses where it has levels of its own.
  private var asLevel: String { levelCount == 1 ? "\(self)" : "(\(self))" }

  /// Parentheses within parentheses that are read; more is a mistake, and would only exhaust the stack.
  private static let deepestNesting = 16

  /// Reads `LEVEL{,LEVEL}`: a level is `FORMAT[@ROUNDING][:COUNT]`, `SCHEME/FORMAT[:COUNT]`, or a plan of its own in parentheses with a
  /// count. The last level has none, and neither has `stridedN/…`, which hands on a sum for each lane.
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
      if case .strided(let lanes, let lane, _) = inner, count == 0 {
        plan = .strided(lanes, inner: lane, outer: plan)
      } else {
        plan = .chunked(count, inner: inner, outer: plan)
      }
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
    } else if !isLast && !body.lowercased().hasPrefix("strided") {
      throw .innerLevelWithoutCount(text)
    }
    let plan = try single(body)
    // (Lanes that add themselves would double a plan each time they nest.)
    if case .strided(_, let lane, _) = plan, lane.levelCount > 1, !body.hasPrefix("("), isLast || count > 0 { throw .lanes(body) }
    return (plan, count)
  }

  /// A level without its count.
  private static func single(_ text: String) throws(PlanError) -> Plan {
    if text.hasPrefix("(") && text.hasSuffix(")") { return try Plan(text: String(text.dropFirst().dropLast())) }
    guard let slash = text.firstIndex(of: "/") else { return .sequential(try Rounder(text: text)) }
    let (scheme, rest) = (text[..<slash].lowercased(), String(text[text.index(after: slash)...]))
    let name = String(scheme.prefix { $0.isLetter && $0.isASCII })
    /// The number after the name, where one is allowed.
    func number(_ range: ClosedRange<Int>, default missing: Int? = nil) throws(PlanError) -> Int {
      let digits = scheme.dropFirst(name.count)
      guard let number = digits.isEmpty ? missing : termCount(digits), range.contains(number) else {
        throw .parameter(String(digits), scheme: name, allowed: range)
      }
      return number
    }
    switch name {
    case "pairwise": return .pairwise(try Rounder(text: rest), leaf: try number(Plan.counts, default: 1))
    case "strided":
      guard !rest.lowercased().hasPrefix("strided") else { throw .scheme(scheme) }
      let lane = try single(rest)
      return .strided(try number(Plan.counts), inner: lane, outer: lane)
    case "blocked":
      let sum = Plan.sequential(try Rounder(text: rest))
      return .chunked(try number(Plan.counts), inner: sum, outer: sum)
    case "fabsum":
      let rounder = try Rounder(text: rest)
      return .chunked(try number(Plan.counts), inner: .sequential(rounder), outer: .compensated(.cascaded(2), rounder))
    case "tensorcore": return try MatrixUnit(named: rest).plan
    case "fused": return .block(try BlockFMA(scheme: scheme, rest))
    case "exact" where scheme == name: return .exact(try Rounder(text: rest))
    case "kahan" where scheme == name: return .compensated(.kahan, try Rounder(text: rest))
    case "neumaier" where scheme == name: return .compensated(.neumaier, try Rounder(text: rest))
    case "sum": return .compensated(.cascaded(try number(Compensation.counts)), try Rounder(text: rest))
    case "dot": return .compensated(.cascadedProducts(try number(Compensation.counts)), try Rounder(text: rest))
    case "expansion": return .compensated(.expansion(try number(Compensation.counts)), try Rounder(text: rest))
    default: throw .scheme(scheme)
    }
  }

  private static let counts = 1...1 << 31

  /// A number of terms, written in digits alone.
  fileprivate static func termCount(_ text: some StringProtocol) -> Int? {
    guard !text.hasPrefix("+"), let number = Int(text), counts.contains(number) else { return nil }
    return number
  }
}

extension Compensation: CustomStringConvertible {
  public var description: String {
    switch self {
    case .kahan: "kahan"
    case .neumaier: "neumaier"
    case .cascaded(let k): "sum\(k)"
    case .cascadedProducts(let k): "dot\(k)"
    case .expansion(let k): "expansion\(k)"
    }
  }
}

extension BlockFMA: CustomStringConvertible {
  /// `tensorcore/NAME`, or `fusedN[fF]{-OPTION}/FORMAT` with the options `down`, `late`, `apart`, `normalised` and `dealtN`.
  public var description: String {
    if let name { return "tensorcore/\(name)" }
    var text = "fused\(width)"
    if let fractionBits { text += "f\(fractionBits)" }
    if cut == .down { text += "-down" }
    if addend != .aligned { text += "-\(addend)" }
    if isNormalised { text += "-normalised" }
    if interleaving > 1 { text += "-dealt\(interleaving)" }
    return "\(text)/\(output)"
  }

  /// Reads the text of a block FMA in two parts.
  init(scheme: String, _ output: String) throws(PlanError) {
    let parts = scheme.split(separator: "-", omittingEmptySubsequences: false)
    let numbers = parts[0].dropFirst(5).split(separator: "f", maxSplits: 1, omittingEmptySubsequences: false)
    guard let width = Plan.termCount(numbers[0]) else { throw .parameter(String(numbers[0]), scheme: "fused", allowed: BlockFMA.widths) }
    var fractionBits: Int?
    if numbers.count == 2 {
      guard let bits = Plan.termCount(numbers[1]) else {
        throw .parameter(String(numbers[1]), scheme: "fused\(width)f", allowed: BlockFMA.fractions)
      }
      fractionBits = bits
    }
    var (cut, addend, isNormalised, interleaving) = (Cut.towardZero, Addend.aligned, false, 1)
    for part in parts.dropFirst() {
      if part == "down" {
        cut = .down
      } else if let way = Addend(rawValue: String(part)), addend == .aligned {
        addend = way
      } else if part == "normalised" {
        isNormalised = true
      } else if part.hasPrefix("dealt"), let count = Int(part.dropFirst(5)), BlockFMA.widths.contains(count) {
        interleaving = count
      } else {
        throw .scheme(scheme)
      }
    }
    try self.init(
      width: width, fractionBits: fractionBits, cut: cut, addend: addend, isNormalised: isNormalised, interleaving: interleaving,
      to: Rounder(text: output))
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
