// SPDX-License-Identifier: Apache-2.0
// fmtlab worst --certificate: what was found as statements that Coq checks by computing them anew.

import FmtLab
import Foundation

/// A file of Coq (with proofs/coq) that states the largest error and the worst ratio of all dot products of some lengths.
struct WorstCertificate {
  private let format: Format
  private let rounder: Rounder
  private let range: Dyadic?

  /// - Throws: a usage failure for what the theorems do not speak of.
  init(_ accumulator: AccumulatorOptions, _ exact: ExactOptions) throws {
    func refuse(_ reason: String) -> Failure {
      Failure.usage("--certificate: \(reason); the theorems are about exact products of floating-point numbers, added in sequence in one floating-point format to nearest even.")
    }
    let (format, plan) = (accumulator.format, accumulator.acc)
    guard case .sequential(let rounder) = plan else { throw refuse("--acc \(plan) is no sum in sequence in one format") }
    guard case .exact = accumulator.product else { throw refuse("--product \(accumulator.product) is not exact") }
    guard rounder.rounding == .nearestEven, rounder.subnormals == .keep else { throw refuse("--acc \(plan) does not round to nearest even, or flushes") }
    // (Its ties go to the even code, which the exponent decides; a significand of one bit has no other.)
    guard rounder.format.precision > 1 else { throw refuse("--acc \(plan) has a significand of one bit, whose ties the theorems break otherwise") }
    for format in [format, rounder.format] where !WorstCertificate.isCovered(format) { throw refuse("\(format) has no subnormal numbers, or no zero, or one sign") }
    guard exact.weights == nil, (exact.onOverflow ?? .exclude) == .exclude else { throw refuse("with --weights, or with --on-overflow other than exclude") }
    (self.format, self.rounder, range) = (format, rounder, exact.range)
  }

  func text(_ results: [WorstResult]) throws -> String {
    let largest = range.map { min($0, format.maxFinite) } ?? format.maxFinite
    let unit = 2 * format.quantumExponent
    var lines = [
      "(* fmtlab worst --format \(format) --acc \(rounder.format) --n \(results.map { "\($0.n)" }.joined(separator: ","))\(range.map { " --range \($0.double.shortDescription)" } ?? "")",
      "   Checked by coqc -Q proofs/coq Fmtlab. *)", "From Fmtlab Require Import Numbers WorstCaseCertificate.", "",
      WorstCertificate.definition("inputs_format", format, largest), WorstCertificate.definition("accumulator_format", rounder.format, rounder.format.maxFinite),
      "Definition dot := {| left := inputs_format; right := inputs_format; accumulator := accumulator_format |}.",
    ]
    for result in results {
      guard let error = WorstCertificate.integer(result.maxAbsError ?? .nan, unit: unit) else {
        throw Failure.usage("--certificate: the largest error at n = \(result.n) has more than 53 bits; give fewer terms.")
      }
      let fraction = result.ratioFraction.split(separator: "/"), sign = (result.error ?? 0) < 0 ? -1.0 : 1
      let terms = zip(result.witness.x, result.witness.y).compactMap { WorstCertificate.integer(sign * $0 * $1, unit: unit) }
      lines += [
        "", "(** Of \(result.n) products of \(format) numbers in \(rounder.format): the largest |computed - exact| is \((result.maxAbsError ?? 0).shortDescription), *)",
        "Theorem worst_error_\(result.n) : worst_error_is dot \(result.n) (unit dot) \(error).", "Proof. certify_error. Qed.",
        "", "(** and the largest |computed - exact| / A is \(result.ratioFraction). *)",
        "Theorem worst_ratio_\(result.n) : worst_ratio_is dot \(result.n) \(fraction[0]) \(fraction[1]).",
        "Proof. certify_ratio [\(terms.map { $0 < 0 ? "(\($0))" : "\($0)" }.joined(separator: "; "))]%Z. Qed.",
      ]
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Whether its finite numbers are those of F(p, e) up to the largest.
  private static func isCovered(_ format: Format) -> Bool {
    guard case .floating(let f) = format.encoding else { return false }
    return f.hasSubnormals && format.contains(.zero) && format.minFinite == -format.maxFinite
  }

  /// The largest number as m 2^k in units of the smallest one.
  private static func definition(_ name: String, _ format: Format, _ largest: Dyadic) -> String {
    let units = largest.scaled(by: -format.quantumExponent)
    // (A range need not be a number of the format: what counts are those up to it.)
    let whole = units.exponent >= 0 ? "\(units.significand)\(units.exponent > 0 ? " * 2 ^ \(units.exponent)" : "")" : "\(Int128(units.double.rounded(.down)))"
    return "Definition \(name) := {| precision := \(format.precision); smallest := \(format.quantumExponent); largest := \(whole) |}.  (* \(format) *)"
  }

  /// x in units of 2^`unit`; `nil` if it is no whole number of them.
  private static func integer(_ x: Double, unit: Int) -> Int128? { Int128(exactly: x * Double(sign: .plus, exponent: -unit, significand: 1)) }

  func write(_ results: [WorstResult], to path: String) throws {
    let text = try text(results)
    do { try Data(text.utf8).write(to: URL(filePath: path), options: .atomic) } catch { throw Failure.file("cannot write \(path): \(Output.reason(errno)).") }
  }
}
