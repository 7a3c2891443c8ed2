// SPDX-License-Identifier: Apache-2.0
// The command lines that repeat a failed case.

public import Formats

public enum Repro {
  /// `fmtlab op …` on codes.
  public static func op(
    _ name: String, _ format: Format, to target: Format? = nil, _ rounder: Rounder? = nil, codes: [UInt64]
  ) -> String {
    var text = "fmtlab op \(name) --in \(format)"
    if let target { text += " --to \(target)" }
    text += flags(rounder) + " --codes"
    return codes.reduce(text) { $0 + " 0x" + String($1, radix: 16) }
  }

  /// `fmtlab round …` of an exact number.
  public static func round(_ rounder: Rounder, _ x: String) -> String {
    "fmtlab round --to \(rounder.format)\(flags(rounder)) \(x)"
  }

  private static func flags(_ rounder: Rounder?) -> String {
    guard let rounder else { return "" }
    var text = " --rounding \(rounder.rounding) --overflow \(rounder.overflow.rawValue)"
    if rounder.subnormals == .flush { text += " --subnormals flush" }
    return text
  }
}
