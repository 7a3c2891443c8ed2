// SPDX-License-Identifier: Apache-2.0
// The result of an operation on expansions: terms, exact value, error, and what the format has room for.

import FmtLab

/// The document `fmtlab.expansion/1` of an evaluation.
struct ExpansionEvalReport: Encodable {
  let schema = "fmtlab.expansion/1"
  let operation, format, rounding: String
  let termsAllowed: Int
  let operands: [Sum]
  let result: Sum
  /// −1, 0 or 1, of compare.
  @Nullable var comparison: Int?
  let flags: [String]
  let capacity: Capacity

  /// An expansion, the number that it stands for, and how far it is from it.
  struct Sum: Encodable {
    /// What it should be: the number as given, or the exact result, to 40 digits.
    let exact: String
    let terms: [Double]
    let hex: [String]
    /// The sum of the terms, to 40 digits.
    let value: String
    let isExact: Bool
    let error: Double
    /// The error to 12 digits, also where a double cannot hold it.
    let errorDecimal: String
    @Nullable var relativeError: Double?

    init(_ text: String?, _ number: BigFloat, _ expansion: Expansion, _ precision: Int) {
      let held = BigFloat(expansion)
      (exact, value) = (text ?? number.decimal(digits: 40), held.decimal(digits: 40))
      terms = expansion.terms.map(\.double)
      hex = expansion.terms.map(\.hexDescription)
      let difference = held.minus(number, precision: precision)
      isExact = difference.isZero
      error = difference.double + 0
      errorDecimal = difference.decimal(digits: 12)
      relativeError = number.isZero || !error.isFinite ? nil : abs(difference.divided(by: number, precision: 64).double)
    }
  }

  struct Capacity: Encodable {
    let bits, binades, bitsOfResult: Int
    let isRangeLimited: Bool
    @Nullable var smallestFullExponent: Int?
  }

  init(_ command: ExpansionEvalCommand, _ rounder: Rounder, _ held: [ExpansionEvalCommand.Held]) {
    let (x, y, k) = (held[0].expansion, held.last!.expansion, command.terms)
    let format = rounder.format
    // Holds every sum and product of two expansions exactly.
    let precision = 2 * (format.maxFinite.floorLog2 - format.quantumExponent) + 64
    let (a, b) = (BigFloat(x), BigFloat(y))
    let (sum, exact): (Expansion, BigFloat)
    switch command.operation {
    case .hold: (sum, exact) = (x, held[0].number)
    case .add: (sum, exact) = (x + y, a.plus(b, precision: precision))
    case .sub, .compare: (sum, exact) = (x - y, a.minus(b, precision: precision))
    case .mul: (sum, exact) = (command.full ? x * y : x.times(y, terms: k), a.times(b, precision: precision))
    case .scale: (sum, exact) = (x.times(y.terms.first ?? .zero), a.times(b, precision: precision))
    case .div: (sum, exact) = (x.divided(by: y, terms: k), a.divided(by: b, precision: 1024))
    case .sqrt: (sum, exact) = (x.squareRoot(terms: k), a.squareRoot(precision: 1024))
    }
    let kept = command.full ? sum : sum.truncated(to: k)
    (operation, self.format, rounding, termsAllowed) = (command.operation.rawValue, format.name, "\(rounder.rounding)", k)
    operands = held.map { Sum($0.text, $0.number, $0.expansion, max(precision, $0.number.precision + 64)) }
    result = Sum(nil, exact, kept, max(precision, exact.precision + 64))
    if command.operation == .compare { comparison = x.comparison(to: y) }
    flags = sum.flags.union(x.flags).union(y.flags).names
    let capacity = ExpansionCapacity(format, terms: k)
    self.capacity = Capacity(
      bits: capacity.bits, binades: capacity.binades,
      bitsOfResult: exact.exponent.map(capacity.bits) ?? 0, isRangeLimited: capacity.isRangeLimited,
      smallestFullExponent: capacity.smallestFullExponent)
  }

  func print() {
    let room =
      capacity.smallestFullExponent.map { "\(capacity.bits) bits from 2^\($0) on, fewer below" }
      ?? "at most \(capacity.binades) of \(capacity.bits) bits, for the range ends there"
    Output.print("\(termsAllowed) terms of \(format), \(rounding): \(room)")
    for (name, x) in zip(["x", "y"], operands) { show(name, x, "given") }
    show("result", result, "exact")
    if operation == "compare" && comparison == nil { Output.print("  x and y cannot be compared") }
    if let comparison { Output.print("  x \(["<", "=", ">"][comparison + 1]) y") }
    if flags.contains("overflow") { Output.print("  a step overflowed: the sum is lost") }
    if flags.contains("underflow") { Output.print("  a step lost bits below the smallest number of \(format)") }
  }

  private func show(_ name: String, _ x: Sum, _ origin: String) {
    let sum = x.terms.isEmpty ? "0" : x.terms.enumerated().map { i, t in
      i == 0 ? t.shortDescription : (t < 0 ? "- " : "+ ") + t.magnitude.shortDescription
    }.joined(separator: " ")
    let relative = x.relativeError.map { $0 == 0 ? "" : ", \($0.figure(4)) of it" } ?? ""
    Output.facts([
      (name, sum), ("", "\(origin) \(x.exact.count > 80 ? x.exact.prefix(77) + "..." : x.exact[...])"),
      ("", x.isExact ? "no error" : "error \(x.error == 0 || !x.error.isFinite ? x.errorDecimal : x.error.figure(6))\(relative)"),
    ])
  }
}
