// SPDX-License-Identifier: Apache-2.0
// Reading and printing the names of scaled formats.

/// Names: `BASE[@MODIFIER...][/GRANULARITY]`, such as `mxfp4@ceil`, `nvfp4@ru@reciprocal`, `int8_symmetric/channel`, `bfp6/64`.
///
/// The base is a name of the catalogue, an alias, a name with numbers (`dfp12`, `bfp6`, `msfp14`, `bm3.4`, `int5_affine`, `ternary3`), or
/// the generic spelling of a scale rule with its formats: `pow2(ELEMENT[,SCALE])`, `real(ELEMENT[,SCALE])`, `affine(ELEMENT[,SCALE])`,
/// `twolevel(ELEMENT[,BLOCK,TENSOR])`, `fixed(ELEMENT,S)`, `squeeze(ELEMENT)`, `ternary(TERMS)`, whose groups are whole tensors
/// unless it says otherwise. A modifier is an exponent rule (`floor ceil even roundceil`), the rounding of a real scale (`rne ru ...`),
/// the arithmetic of quotients (`exact divide reciprocal`) or `symmetric`. A granularity is `tensor`, `channel` or the size of blocks.
extension ScaledFormat {
  /// The format's name, which ``init(_:)`` reads back. Formats with equal parts have one name.
  public var name: String {
    // The named format with the fewest differences, in the order of the catalogue.
    var best: (base: String, modifiers: String, cost: Int)?
    for (base, format) in Self.printable where hasSameCore(as: format) {
      let (modifiers, cost) = modifiers(after: format)
      if cost == 0 { return base }
      if best == nil || cost < best!.cost { best = (base, modifiers, cost) }
    }
    if let best { return best.base + best.modifiers }
    let plain = Self(unchecked: element, scale.plain, .tensor)
    return genericBase + modifiers(after: plain).text
  }

  /// The format of a name or alias; case does not matter.
  public init(_ name: String) throws(FormatError) {
    let text = name.lowercased()
    if let known = Self.named[text] ?? Self.numbered[text] {
      self = known
      return
    }
    let bare = String(text.prefix { $0 != "@" && $0 != "/" })
    let rest = String(text.dropFirst(bare.count))
    if let known = Self.named[bare] ?? Self.numbered[bare], let format = try known.modified(by: rest, as: name) {
      self = format
    } else if let format = try Self(generic: (Self.translated(bare) ?? bare) + rest, as: name) {
      self = format
    } else {
      throw .unknownFormat(name, nearest: nearestNames(to: bare, among: Self.catalogue.flatMap { [$0.name] + $0.aliases }))
    }
  }

  /// Whether two formats differ only in what modifiers and granularities say.
  private func hasSameCore(as other: ScaledFormat) -> Bool {
    element == other.element && scale.plain == other.scale.plain && (isSymmetric || !other.isSymmetric)
  }

  // MARK: Modifiers

  /// What turns the name of `base` into this one's, and how many parts it has.
  private func modifiers(after base: ScaledFormat) -> (text: String, cost: Int) {
    var parts: [String] = []
    if isSymmetric && !base.isSymmetric { parts.append("@symmetric") }
    if scale != base.scale { parts.append("@" + scale.modifier) }
    if arithmetic != base.arithmetic { parts.append("@" + arithmetic.rawValue) }
    if granularity != base.granularity { parts.append("/\(granularity)") }
    // A block size is nearer to another block size than to a tensor.
    let isOtherKind = granularity.isBlock != base.granularity.isBlock
    return (parts.joined(), parts.count + (isOtherKind ? 1 : 0))
  }

  /// The format with modifiers applied, from the left; `nil` where the text is not made of them.
  private func modified(by text: String, as name: String) throws(FormatError) -> ScaledFormat? {
    let halves = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let first = halves.first, first.isEmpty || first.first == "@" else { return nil }
    var (scale, granularity, isSymmetric, arithmetic) = (scale, granularity, isSymmetric, arithmetic)
    for word in first.split(separator: "@", omittingEmptySubsequences: false).dropFirst() {
      if word == "symmetric" {
        isSymmetric = true
      } else if let known = QuotientArithmetic(rawValue: String(word)) {
        arithmetic = known
      } else if let known = scale.with(modifier: String(word)) {
        scale = known
      } else {
        throw .fieldOutOfRange(name, field: "modifier", given: "@\(word)", allowed: scale.allowedModifiers)
      }
    }
    if halves.count == 2 {
      guard let known = Granularity(String(halves[1])) else {
        throw .fieldOutOfRange(name, field: "granularity", given: "/\(halves[1])", allowed: "tensor, channel or a block size")
      }
      granularity = known
    }
    return try ScaledFormat(element, scale, granularity, isSymmetric, arithmetic, as: name)
  }

  // MARK: Generic spellings

  private var genericBase: String {
    switch scale {
    case .power(_, let s): s == Self.e8m0 ? "pow2(\(element))" : "pow2(\(element),\(s))"
    case .real(let s, _): s == .fp32 ? "real(\(element))" : "real(\(element),\(s))"
    case .affine(let s, _): s == .fp32 ? "affine(\(element))" : "affine(\(element),\(s))"
    case .twoLevel(let b, let t, _): b == Self.ue4m3 && t == .fp32 ? "twolevel(\(element))" : "twolevel(\(element),\(b),\(t))"
    case .fixed(let s): "fixed(\(element),\(s))"
    case .squeeze: "squeeze(\(element))"
    case .ternary(let terms): "ternary(\(terms))"
    }
  }

  /// Reads a generic spelling with modifiers; `nil` if the text does not have the shape of one.
  init?(generic text: String, as name: String? = nil) throws(FormatError) {
    guard let (head, arguments, rest) = Self.call(text), let first = arguments.first else { return nil }
    func format(_ i: Int, _ standard: Format) throws(FormatError) -> Format {
      i < arguments.count ? try Format(arguments[i]) : standard
    }
    let scale: ScaleRule
    var element = Self.ternaryElement
    switch (head, arguments.count) {
    case ("pow2", 1...2): scale = .power(.floor, in: try format(1, Self.e8m0))
    case ("real", 1...2): scale = .real(in: try format(1, .fp32), .nearestEven)
    case ("affine", 1...2): scale = .affine(in: try format(1, .fp32), .nearestEven)
    case ("twolevel", 1), ("twolevel", 3): scale = .twoLevel(block: try format(1, Self.ue4m3), tensor: try format(2, .fp32), .nearestEven)
    case ("squeeze", 1): scale = .squeeze
    case ("fixed", 2):
      guard let factor = Double(arguments[1]), let exact = Dyadic(factor) else { return nil }
      scale = .fixed(exact)
    case ("ternary", 1):
      guard let terms = Int(first) else { return nil }
      scale = .ternary(terms: terms)
    default: return nil
    }
    let isTernary = head == "ternary"
    if !isTernary { element = try Format(first) }
    let plain = ScaledFormat(unchecked: element, scale, .tensor, isSymmetric: isTernary)
    guard let format = try plain.modified(by: rest, as: name ?? text) else { return nil }
    self = format
  }

  /// Without validation: parts on their way to a format.
  private init(unchecked element: Format, _ scale: ScaleRule, _ granularity: Granularity, isSymmetric: Bool = false) {
    self.element = element
    self.scale = scale
    self.granularity = granularity
    self.isSymmetric = isSymmetric
    self.arithmetic = .exact
  }

  /// `head(a,b,...)rest`, without empty arguments.
  private static func call(_ text: String) -> (head: String, arguments: [String], rest: String)? {
    guard let open = text.firstIndex(of: "("), let close = text.firstIndex(of: ")"), open < close else { return nil }
    let arguments = text[text.index(after: open)..<close].split(separator: ",", omittingEmptySubsequences: false)
    guard !arguments.contains("") else { return nil }
    return (String(text[..<open]), arguments.map { String($0.filter { $0 != " " }) }, String(text[text.index(after: close)...]))
  }

  /// Other tools' generic spellings in fmtlab's: `mx(e2m1,32,e8m0)`, `nv(e2m1,16,ue4m3,fp32)`, `BlockFloatingPoint(8,32)`. In the first
  /// two `e4m3` means OCP's.
  private static func translated(_ text: String) -> String? {
    guard let (head, arguments, rest) = call(text), rest.isEmpty else { return nil }
    func ocp(_ i: Int) -> String { (try? Format("ocp_" + arguments[i]))?.name ?? arguments[i] }
    switch (head, arguments.count) {
    case ("mx", 2): return "pow2(\(ocp(0)))/\(arguments[1])"
    case ("mx", 3): return "pow2(\(ocp(0)),\(ocp(2)))/\(arguments[1])"
    case ("nv", 2): return "twolevel(\(ocp(0)))/\(arguments[1])"
    case ("nv", 4): return "twolevel(\(ocp(0)),\(ocp(2)),\(ocp(3)))/\(arguments[1])"
    case ("blockfloatingpoint", 1): return "pow2(q\(arguments[0]).0)"
    case ("blockfloatingpoint", 2): return "pow2(q\(arguments[0]).0)/\(arguments[1])"
    default: return nil
    }
  }
}

extension ScaledFormat: CustomStringConvertible {
  public var description: String { name }
}

extension Granularity: CustomStringConvertible {
  var isBlock: Bool { if case .block = self { true } else { false } }

  public var description: String {
    switch self {
    case .tensor: "tensor"
    case .channel: "channel"
    case .block(let count): "\(count)"
    }
  }

  init?(_ text: String) {
    switch text {
    case "tensor": self = .tensor
    case "channel": self = .channel
    default:
      guard let count = Int(text), String(count) == text, count > 0 else { return nil }
      self = .block(count)
    }
  }
}

extension ScaleRule {
  /// The rule with its modifier at the default.
  var plain: ScaleRule {
    switch self {
    case .power(_, let s): .power(.floor, in: s)
    case .real(let s, _): .real(in: s, .nearestEven)
    case .twoLevel(let b, let t, _): .twoLevel(block: b, tensor: t, .nearestEven)
    case .affine(let s, _): .affine(in: s, .nearestEven)
    case .fixed, .squeeze, .ternary: self
    }
  }

  fileprivate var modifier: String {
    switch self {
    case .power(let rule, _): rule.rawValue.lowercased()
    case .real(_, let rounding), .twoLevel(_, _, let rounding), .affine(_, let rounding): rounding.description
    case .fixed, .squeeze, .ternary: ""
    }
  }

  /// The rule with another exponent rule or rounding; `nil` where the word is none.
  fileprivate func with(modifier word: String) -> ScaleRule? {
    let rounding = try? Rounding(word)
    switch self {
    case .power(_, let s):
      let rule = word == "rceil" ? ExponentRule.roundCeil : ExponentRule.allCases.first { $0.rawValue.lowercased() == word }
      return rule.map { .power($0, in: s) }
    case .real(let s, _): return rounding.map { .real(in: s, $0) }
    case .twoLevel(let b, let t, _): return rounding.map { .twoLevel(block: b, tensor: t, $0) }
    case .affine(let s, _): return rounding.map { .affine(in: s, $0) }
    case .fixed, .squeeze, .ternary: return nil
    }
  }

  fileprivate var allowedModifiers: String {
    switch self {
    case .power: "@floor, @ceil, @even, @roundceil, or @symmetric"
    case .real, .twoLevel, .affine: "a rounding of the scale such as @rne or @ru, @exact, @divide, @reciprocal, or @symmetric"
    case .fixed: "@exact, @divide or @reciprocal"
    case .squeeze, .ternary: "none"
    }
  }
}
