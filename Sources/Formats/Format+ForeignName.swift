// SPDX-License-Identifier: Apache-2.0
// Descriptions of formats in the notations of other tools, translated to fmtlab's names.

extension Format {
  /// The canonical name behind another tool's notation, in lower case; `nil` if it is none. The name may still be out of range.
  ///
  /// | notation | of | means |
  /// |---|---|---|
  /// | `binary8p4se`, `p3109_8p4se`, `binary{8,4,signed,extended}`, `fp8p4` | P3109, gfloat, FPy | `k8p4se` |
  /// | `ap_fixed<W,I>`, `ap_ufixed<W,I>` | Vitis HLS | W bits, I of them before the point, with the sign |
  /// | `fixdt(1,W,F)`, `sfixW_EnF`, `ufixW_EnF`, `fixedpoint(W,F)`, `nearest,W,F` | MATLAB, QPyTorch, TensorQuant | W bits, F of them fraction |
  /// | `fx(M,N)`, `arm:qM.N` | apytypes, Arm | `qM.N`: M counts the sign |
  /// | `ti:qM.N`, `ti:uqM.N` | Texas Instruments | `q(M+1).N`: M does not count the sign; `uqM.N` |
  /// | `(fixed S W)`, `(float E W)`, `(posit E W)` | FPCore | W bits, scale 2^S or E exponent bits |
  /// | `(E,M)`, `float<E,M>`, `flexfloat<E,M>`, `floatmu{E,M}`, `floatingpoint(exp=E,man=M)`, `s1eEmM` | several | `eEmM` |
  /// | `customs(exp_bits=E,sig_bits=M)`, `customs(emax=X,t=P)` | pychop | precision P = M + 1, bias X |
  /// | `(P,EMIN,EMAX)` | CPFloat | precision P, normal numbers from 2^EMIN up and below 2^(EMAX + 1) |
  /// | `cfloat<W,E>` | Universal | W bits, E of them exponent |
  /// | `float<P,EMIN,...>` | Gappa | precision P, smallest subnormal 2^EMIN |
  /// | `posit<W,E>`, `posit(W,E)`, `linear_takumW` | several | `positWesE`, `takumW` |
  static func canonicalName(ofForeign text: String) -> String? {
    if let name = p3109Name(text) { return name }
    if let open = text.firstIndex(where: { "<({".contains($0) }), let close = text.last, ">)}".contains(close) {
      let arguments = text[text.index(after: open)...].dropLast()
      return bracketed(head: String(text[..<open]), String(arguments))
    }
    return prefixed(text)
  }

  private static func p3109Name(_ text: String) -> String? {
    var scanner = NameScanner(text.filter { !" =".contains($0) })
    if scanner.rest == "p3109_p4" { return "k8p4se" }
    let isShort = scanner.take("fp")
    guard isShort || scanner.take("p3109_k") || scanner.take("p3109_") || scanner.take("binary") else { return nil }
    if scanner.take("{") {
      let fields = scanner.rest.dropLast().split(separator: ",")
      let words = ["signed": "s", "unsigned": "u", "extended": "e", "finite": "f"]
      guard fields.count == 4, scanner.rest.last == "}", let sign = words[String(fields[2])], let range = words[String(fields[3])]
      else { return nil }
      return "k\(fields[0])p\(fields[1])\(sign)\(range)"
    }
    guard let k = scanner.number(), scanner.take("p"), let p = scanner.number() else { return nil }
    // The signed extended format is the one that others mean without saying so.
    return "k\(k)p\(p)\(scanner.isAtEnd ? "se" : String(scanner.rest))"
  }

  private static func prefixed(_ text: String) -> String? {
    var scanner = NameScanner(text)
    if scanner.take("s1e") { return "e" + scanner.rest }
    if scanner.take("linear_takum") { return "takum" + scanner.rest }
    if scanner.take("arm:") { return String(scanner.rest) }
    if scanner.take("ti:") {
      let isUnsigned = scanner.take("u")
      guard scanner.take("q"), let m = scanner.number(), scanner.take("."), let n = scanner.number(), scanner.isAtEnd else { return nil }
      return isUnsigned ? "uq\(m).\(n)" : "q\(m + 1).\(n)"
    }
    if scanner.take("nearest,") { return bracketed(head: "fixedpoint", String(scanner.rest)) }
    let isSigned = scanner.take("sfix")
    guard isSigned || scanner.take("ufix"), let width = scanner.number() else { return nil }
    let fraction = scanner.take("_en") ? scanner.number() : 0
    guard let fraction, scanner.isAtEnd else { return nil }
    return fixedName(width: width, fraction: fraction, isSigned: isSigned)
  }

  /// The name of `head<arguments>`, with any kind of brackets.
  private static func bracketed(head: String, _ arguments: String) -> String? {
    if head.isEmpty, !arguments.contains(",") { return fpCore(arguments.split(separator: " ").map(String.init)) }
    let fields = arguments.split(separator: ",").map { $0.filter { $0 != " " } }
    guard let numbers = numbers(fields), numbers.count >= 2 else { return nil }
    let (a, b) = (numbers[0], numbers[1])
    switch (head, numbers.count) {
    case ("ap_fixed", _): return fixedName(width: a, fraction: a - b, isSigned: true)
    case ("ap_ufixed", _): return fixedName(width: a, fraction: a - b, isSigned: false)
    case ("fixedpoint", _): return fixedName(width: a, fraction: b, isSigned: true)
    case ("fixdt", 3): return fixedName(width: b, fraction: numbers[2], isSigned: a != 0)
    case ("fx", 2): return "q\(a).\(b)"
    case ("cfloat", _): return "e\(b)m\(a - 1 - b)"
    case ("posit", 2): return b == 2 ? "posit\(a)" : "posit\(a)es\(b)"
    case ("customs", 2) where fields.contains { $0.hasPrefix("emax") }: return floatName(precision: b, bias: a)
    case ("", 3): return floatName(precision: a, emin: b, emax: numbers[2])
    case ("float", 2) where fields.count == 3: return floatName(precision: a, bias: 2 - a - b)
    case ("", 2), ("float", 2), ("flexfloat", 2), ("floatmu", 2), ("floatingpoint", 2), ("customs", 2): return "e\(a)m\(b)"
    default: return nil
    }
  }

  /// The numbers at the head of a list of arguments, in the order of `keywords` where they have names; further arguments, such as a
  /// rounding mode, are words. `nil` for names that do not belong together.
  private static func numbers(_ fields: [String]) -> [Int]? {
    var found: [(key: String?, number: Int)] = []
    for field in fields {
      let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let number = number(parts[parts.count - 1]) else { break }
      found.append((parts.count == 2 ? String(parts[0]) : nil, number))
    }
    if found.allSatisfy({ $0.key == nil }) { return found.map(\.number) }
    let keys = Set(found.map(\.key))
    guard keys.count == found.count, let order = keywords.first(where: { Set($0) == keys }) else { return nil }
    return order.map { key in found.first { $0.key == key }!.number }
  }

  private static let keywords = [["exp", "man"], ["exp_bits", "sig_bits"], ["emax", "t"], ["wl", "fl"], ["int_bits", "frac_bits"]]

  private static func fpCore(_ words: [String]) -> String? {
    guard words.count == 3, let first = number(words[1]), let width = number(words[2]) else { return nil }
    switch words[0] {
    case "fixed": return fixedName(width: width, fraction: -first, isSigned: true)
    case "float": return "e\(first)m\(width - 1 - first)"
    case "posit": return first == 2 ? "posit\(width)" : "posit\(width)es\(first)"
    default: return nil
    }
  }

  /// An integer of at most 6 digits, so that no sum of them overflows.
  private static func number(_ text: some StringProtocol) -> Int? { Int(text).flatMap { (-999_999...999_999).contains($0) ? $0 : nil } }

  private static func fixedName(width: Int, fraction: Int, isSigned: Bool) -> String? {
    fraction >= 0 && fraction <= width ? "\(isSigned ? "" : "u")q\(width - fraction).\(fraction)" : nil
  }

  /// `eXmY` with bias 2^(X − 1) − 1.
  private static func floatName(precision: Int, bias: Int) -> String? {
    guard bias >= 0, (bias + 1) & bias == 0, precision >= 1 else { return nil }
    return "e\((bias + 1).trailingZeroBitCount + 1)m\(precision - 1)"
  }

  /// The format with normal numbers from 2^emin up and below 2^(emax + 1): `eXmY` where 2^X − 2 exponents are in use, and all others
  /// for infinities and NaN; `eXmYf` where 2^X − 1 are.
  private static func floatName(precision: Int, emin: Int, emax: Int) -> String? {
    let exponents = emax - emin + 1
    guard precision >= 1, exponents >= 2, emin <= 1 else { return nil }
    let isFinite = exponents & (exponents + 1) == 0
    let codes = exponents + (isFinite ? 1 : 2)
    guard codes & (codes - 1) == 0 else { return nil }
    let x = codes.trailingZeroBitCount
    let bias = 1 - emin
    return "e\(x)m\(precision - 1)\(bias == (1 << (x - 1)) - 1 ? "" : "b\(bias)")\(isFinite ? "f" : "")"
  }
}
