// SPDX-License-Identifier: Apache-2.0
// One rounded result beside the exact one, as `round` and `op` print it.

import FmtLab

/// A result with its error against the exact number.
struct Outcome: Encodable {
  let input: [String]
  /// The exact result in decimal, 40 significant digits.
  let exact: String
  let value: Double
  let hex: String
  /// Null where the format has no code for the value.
  @Nullable var code: String?
  /// value − exact.
  let error: Double
  /// error in units of the format's spacing at the exact number.
  let ulps: Double
  let flags: [String]
  /// The value in decimal, shortest or 40 digits.
  let text: String

  private enum CodingKeys: String, CodingKey { case input, exact, value, hex, code, error, ulps, flags }

  init(input: [String], exact: BigFloat, _ rounded: Rounded, _ format: Format) {
    self.input = input
    self.exact = exact.decimal(digits: 40)
    value = rounded.value.double
    hex = rounded.value.hexDescription
    code = format.encode(rounded.value).map(Output.hex)
    text = rounded.value.decimal()
    flags = rounded.flags.names
    (error, ulps) = Outcome.error(of: rounded.value, exact, format)
  }

  /// value − exact, and the same in ulps: 0 where both are one infinity, NaN where either is NaN.
  static func error(of value: Value, _ exact: BigFloat, _ format: Format) -> (error: Double, ulps: Double) {
    guard case .finite(let x) = exact.extended() else {
      let same = Extended(value) == exact.extended()
      return same && value != .nan ? (0, 0) : (.nan, .nan)
    }
    let difference = BigFloat(value).minus(exact)
    guard !difference.isInfinite, !difference.isNaN else { return (difference.double, difference.double) }
    let ulp = x.isZero ? format.quantumExponent : format.ulpExponent(floorLog2: x.floorLog2)
    return (difference.double, difference.scaled(by: -ulp).double)
  }

  static let columns = ["exact", "value", "hex", "code", "error", "ulps", "flags"]

  /// The columns as text.
  var fields: [String] {
    [exact, text, hex, code ?? "-", error.shortDescription, ulps.shortDescription, flags.joined(separator: " ")]
  }
}
