// SPDX-License-Identifier: Apache-2.0
// What exact analyses are asked about, as options.

import ArgumentParser
import FmtLab

/// Which inputs there are, and what an overflow means.
struct ExactOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Only inputs |x|, |y| up to this number. (default: all finite values)", valueName: "number"),
    transform: { try Dyadic(Parse.number($0, "a positive number") { $0 > 0 && $0.isFinite })! })
  var range: Dyadic?
  @Option(
    help: ArgumentHelp("Fixed y, as numbers or a file; n is their number, and x alone varies.", valueName: "file"))
  var weights: String?
  @Option(
    name: .customLong("on-overflow"),
    help: ArgumentHelp(
      "Sums that overflow: exclude (leave them out), saturate (at the largest value), absorb (they are lost). "
        + "(default: exclude; distribution: saturate if the accumulator does, else absorb)",
      valueName: "treatment"),
    transform: {
      guard let treatment = OverflowTreatment(rawValue: $0.lowercased()) else { throw ValidationError("use exclude, saturate or absorb.") }
      return treatment
    })
  var onOverflow: OverflowTreatment?
  @Option(help: ArgumentHelp("Threads. (default: all cores)", valueName: "threads"), transform: Parse.threads) var threads: Parallelism = .allCores

  /// The given y, rounded once to the format.
  func weights(in format: Format, _ output: OutputOptions) throws -> [Dyadic]? {
    guard let weights else { return nil }
    let array = try NumberArray(weights)
    // (Before they are rounded: saturation would make infinity a number.)
    guard array.elements.allSatisfy({ if case .finite = $0 { true } else { false } }) else {
      throw Failure.badData("\(array.name) holds numbers that are not finite; give finite weights.")
    }
    let rounder = try Rounder(to: format, overflow: .saturate)
    let rounded = array.elements.map { rounder.round($0) }
    let values = rounded.map { $0.value.dyadic! }  // a finite number saturates to one
    let inexact = rounded.count { !$0.flags.isEmpty }
    if inexact > 0 { output.note("\(inexact) of \(values.count) weights were rounded to \(format)") }
    return values
  }

  /// The lengths, which weights decide where they are given.
  static func counts(_ given: [Int]?, weights: [Dyadic]?, upTo largest: Int, default counts: [Int]) throws -> [Int] {
    guard let weights else { return given ?? counts }
    guard weights.count <= largest else { throw Failure.usage("--weights has \(weights.count) numbers; give up to \(largest).") }
    guard given == nil || given == [weights.count] else {
      throw Failure.usage("--n \(given!.map(String.init).joined(separator: ",")) with \(weights.count) weights; leave out --n.")
    }
    return [weights.count]
  }

  /// Lengths of exact analyses.
  static func lengths(_ text: String, upTo largest: Int) throws -> [Int] {
    let counts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard counts.count <= 100, counts.allSatisfy({ $0.map { (1...largest).contains($0) } ?? false }) else {
      throw ValidationError("give up to 100 lengths from 1 to \(largest), separated by commas.")
    }
    return counts.map { $0! }
  }
}
