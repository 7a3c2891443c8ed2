// SPDX-License-Identifier: Apache-2.0
// Why the exact analysis of an accumulator is not possible, in words.

/// What makes the exact analysis of an accumulator impossible.
public enum ExactAnalysisError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A scheme whose state is more than one number of a narrow format.
  case scheme(String)
  /// An accumulator that wraps: its rounding is not monotone.
  case wraps(String)
  /// A format without the number that sums start from.
  case noZero(String)
  /// More values than a finite automaton of this kind is made for.
  case states(String, bits: Int)
  /// Numbers of too many bits when they are written as integers in one unit.
  case range(bits: Int, allowed: Int)
  /// A length outside what is allowed.
  case terms(Int, allowed: Int)
  /// A limit that no value keeps.
  case noInputs(String)
  /// Weights, one for each term, of another number than the terms.
  case weights(Int, count: Int)
  /// A law of so many terms that its histogram would take too long.
  case histogram(Int)
  /// Every input overflows.
  case nothingLeft(String)
  /// Inputs of more values than have probabilities.
  case inputs(String)
  /// A limit that none of the data keeps.
  case noData(String)
  /// What is known of accumulators of at most 16 bits only: the option that asks for it, and its name.
  case narrowOnly(option: String, String)
  /// A treatment of overflow that the bound of a wide last level does not know.
  case lastLevel(OverflowTreatment)

  public var description: String {
    switch self {
    case .scheme(let plan):
      "no exact analysis of '\(plan)' is known: its state is more than one number; use FORMAT, LEVEL:COUNT,...,LEVEL, pairwise or strided sums."
    case .wraps(let rounder): "'\(rounder)' wraps, so that more does not lead to more; use the accumulator with saturation."
    case .noZero(let format): "\(format) has no zero, from which sums start; use another format for the accumulator."
    case .states(let format, let bits):
      "an accumulator in \(format) has 2^\(bits) states; exact analysis is for formats of at most 16 bits (the last of several levels is bounded instead)."
    case .range(let bits, let allowed):
      "written as integers in one unit, sums have \(bits) bits; at most \(allowed) are possible: use fewer terms, or limit the inputs (--range)."
    case .terms(let count, let allowed):
      "there are \(count) pairs of inputs; at most \(allowed) are possible: use narrower input formats, or limit the inputs (--range)."
    case .noInputs(let format): "no value of \(format) is as small as that; allow larger inputs (--range)."
    case .weights(let given, let count): "\(given) weights for \(count) terms; give as many weights as there are terms."
    case .histogram(let n):
      "the whole law of the error of \(n) terms takes too long to find; use fewer terms, a narrower input format or a narrower accumulator."
    case .inputs(let format): "--format \(format): exact probabilities are for formats of at most 16 bits, such as e4m3 or bf16."
    case .noData(let range): "--range \(range): none of the data is as small."
    case .narrowOnly(let option, let what): "\(option): \(what) is known for accumulators of at most 16 bits."
    case .lastLevel(let treatment):
      "--on-overflow \(treatment.rawValue): a last level of more than 16 bits is bounded for sums that do not overflow; use exclude."
    case .nothingLeft(let plan): "every sum in '\(plan)' overflows; use another treatment of overflow, or limit the inputs (--range)."
    }
  }
}

/// What an overflow means to an exact analysis.
public enum OverflowTreatment: String, Hashable, Sendable, CaseIterable {
  /// Inputs whose running sum overflows are left out; moments are conditional on no overflow.
  case exclude
  /// The running sum stays at the largest value, and the error that this makes counts.
  case saturate
  /// A sum that overflows is lost: its error has no bound. Moments are conditional on no overflow.
  case absorb
}
