// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a plan, in words.

public import Formats

/// What is wrong with the text of a plan.
public enum PlanError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A level's format or rounding.
  case format(FormatError)
  /// What stands after a colon, and is no number from 1 to 2^31.
  case count(String)
  /// A level before the last that does not say after how many terms it hands its sum on.
  case innerLevelWithoutCount(String)
  /// The last level, which takes all that is left, with a count.
  case lastLevelWithCount(String)
  /// What stands after @.
  case modifier(String)
  /// The word before a slash.
  case scheme(String)
  /// Parentheses in parentheses, how many.
  case nesting(Int)
  /// Parameters that no block FMA has.
  case block(String)
  /// A name that no unit has.
  case matrixUnit(String)
  /// The number of a scheme.
  case parameter(String, scheme: String, allowed: ClosedRange<Int>)
  /// Lanes that are sums of several levels, with nothing said of what adds them.
  case lanes(String)

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
    case .scheme(let text):
      "unknown accumulation scheme '\(text)'; use FORMAT, FORMAT:COUNT,...,FORMAT or SCHEME/FORMAT with pairwise, stridedN, blockedN, kahan, "
        + "neumaier, sumK, dotK, expansionK, fabsumN, exact, fusedN or fusedNfF, or tensorcore/UNIT."
    case .block(let text):
      "no step of a matrix unit has \(text); use 1 to 65536 products, 1 to 60 fraction bits and an IEEE-style format, as in "
        + "fused16f25/fp32@rz."
    case .parameter(let text, let scheme, let range):
      "'\(text)' is not a number for \(scheme); use \(range.lowerBound) to \(range.upperBound), as in \(scheme)\(max(2, range.lowerBound))/fp16."
    case .lanes(let text):
      "the lanes of '\(text)' have levels of their own; say what adds them, as in strided4/(e4m3:16,fp16),fp32."
    case .matrixUnit(let name):
      "no matrix unit '\(name)' is known; use tensorcore/ and one of \(MatrixUnit.catalogue.map(\.name).joined(separator: ", "))."
    }
  }
}
