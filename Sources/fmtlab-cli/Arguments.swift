// SPDX-License-Identifier: Apache-2.0
// The options that several commands share, and how their texts become formats, roundings and numbers.

import ArgumentParser
import FmtLab

/// How numbers are rounded, and where a stream of random bits starts.
struct RoundingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "rne, rna, rnz (to nearest, ties to even, away, to zero), rz, ru, rd, ro (to odd), sr, srN, srNb, srNc (N random bits). (default: rne)", valueName: "mode"),
    transform: { try Rounding($0) })
  var rounding: Rounding = .nearestEven

  @Option(
    help: ArgumentHelp(
      "ieee, infinity, saturate, propagate (infinities stay), or wrap (fixed point). "
        + "(default: ieee where there is infinity or NaN, else saturate)", valueName: "policy"),
    transform: Parse.overflow)
  var overflow: Overflow?

  @Option(
    help: ArgumentHelp("keep, or flush results below the smallest normal number to zero. (default: keep)", valueName: "policy"),
    transform: Parse.subnormals)
  var subnormals: Subnormals = .keep

  @OptionGroup var random: SeedOption

  var seed: UInt64 { random.seed }

  /// The rounder to a format.
  func rounder(to format: Format) throws -> Rounder {
    try Rounder(to: format, rounding, overflow: overflow, subnormals: subnormals)
  }
}

struct SeedOption: ParsableArguments {
  @Option(
    help: ArgumentHelp("Seed of all random bits, 0 to 2^64 - 1. (default: 1)", valueName: "seed"),
    transform: { try Parse.integer($0, in: 0...UInt64.max) })
  var seed: UInt64 = 1
}

/// The accumulator of dot products.
struct AccumulatorOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Format of x and y.", valueName: "format"), transform: Parse.format) var format: Format

  @Option(
    help: ArgumentHelp(
      """
      Accumulator: FORMAT[@ROUNDING][@OVERFLOW][@flush] in sequence; LEVEL:COUNT,...,LEVEL in levels, each of which hands the sum of \
      COUNT terms to the next; tensorcore/UNIT (h100-fp8, a100-bf16, ...); or SCHEME/FORMAT with pairwise, strided4, kahan, neumaier, \
      sum2, dot2, expansion2, fabsum32, exact or fused16f25 (16 products, cut 25 bits below the largest).
      """, valueName: "acc"),
    transform: Parse.plan)
  var acc: Plan

  @Option(
    name: .customLong("product"),
    help: ArgumentHelp(
      "Products: exact, fused (one rounding of x y + sum), or FORMAT[@ROUNDING]. "
        + "(default: exact, or as :cfg1 or :cfg2 of the format say)", valueName: "product"),
    transform: { try Product(text: $0) })
  var givenProduct: Product?

  var product: Product { givenProduct ?? Product(multiplierOf: format) }

  var dot: DotProduct { DotProduct(acc, product: product, factors: format) }

  /// Refuses what dot products cannot take, and says what bare names of formats mean.
  func prepare(_ output: OutputOptions) throws {
    guard format.precision <= DotProduct.largestPrecision else {
      throw Failure.usage(
        "--format \(format): exact products would have \(2 * format.precision) bits; "
          + "use a format of precision \(DotProduct.largestPrecision) or less, such as fp64.")
    }
    var formats = [format] + acc.rounders.map(\.format)
    if case .rounded(let rounder) = product { formats.append(rounder.format) }
    output.noteMeaning(of: formats)
    for unit in acc.matrixUnits where !unit.inputs.contains(format) {
      output.note("tensorcore/\(unit.name) takes \(unit.inputs.map(\.name).joined(separator: " and ")); here it is given \(format)")
    }
  }
}

/// Texts of options.
enum Parse {
  /// A format of single numbers.
  static func format(_ text: String) throws -> Format {
    switch try NamedFormat(text) {
    case .plain(let format): return format
    case .scaled(let format):
      throw ValidationError(
        "\(text) is a scaled format, which arrays are quantised to; "
          + "here goes a format of single numbers, such as its element \(format.element).")
    case .logarithmic(let format):
      throw ValidationError("\(format.name) is logarithmic: its values are irrational; only info, values and round know it.")
    }
  }

  static func overflow(_ text: String) throws -> Overflow {
    guard let policy = Overflow(text) else {
      throw ValidationError("use one of \(Overflow.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return policy
  }

  static func subnormals(_ text: String) throws -> Subnormals {
    guard let policy = Subnormals(rawValue: text.lowercased()) else { throw ValidationError("use keep or flush.") }
    return policy
  }

  static func plan(_ text: String) throws -> Plan {
    guard text.utf8.count <= 1000 else { throw ValidationError("an accumulator is described in 1000 characters or less.") }
    return try Plan(text: text)
  }

  static func integer<I: FixedWidthInteger>(_ text: String, in range: ClosedRange<I>) throws -> I {
    guard let number = I(text), range.contains(number) else {
      throw ValidationError("give a whole number from \(range.lowerBound) to \(range.upperBound).")
    }
    return number
  }

  /// A double for which `isAllowed` holds.
  static func number(_ text: String, _ allowed: String, _ isAllowed: (Double) -> Bool) throws -> Double {
    guard let number = Double(Input.plain(text)), isAllowed(number) else { throw ValidationError("give \(allowed).") }
    return number
  }

  static func threads(_ text: String) throws -> Parallelism {
    if text.lowercased() == "all" { return .allCores }
    guard let count = Int(text), (1...1024).contains(count) else { throw ValidationError("give a number of threads from 1 to 1024, or all.") }
    return .threads(count)
  }

  static func instructions(_ text: String) throws -> InstructionSet {
    guard let set = InstructionSet(rawValue: text.lowercased()), set <= .best else {
      throw ValidationError("this processor has \(InstructionSet.available.map(\.rawValue).joined(separator: ", ")).")
    }
    return set
  }

  /// Lengths of dot products, separated by commas.
  static func counts(_ text: String) throws -> [Int] {
    let counts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard counts.count <= 100, counts.allSatisfy({ $0.map { (1...Analysis.largestCount).contains($0) } ?? false }) else {
      throw ValidationError("give up to 100 lengths from 1 to \(Analysis.largestCount), separated by commas.")
    }
    return counts.map { $0! }
  }

  /// Data by name.
  static func dataSource(_ text: String) throws -> DataSource {
    guard let source = DataSource(name: text) else {
      throw ValidationError("use digits, \(Distribution.allCases.map(\.rawValue).joined(separator: ", ")), or --x FILE --y FILE.")
    }
    return source
  }

  static func operation(_ text: String) throws -> Operation {
    guard let operation = Operation(name: text) else {
      throw ValidationError("unknown operation '\(text)'; use one of \(Operation.allCases.map(\.rawValue).joined(separator: " ")).")
    }
    return operation
  }
}

extension Rounded.Flags {
  /// The names of the flags that are set.
  var names: [String] {
    let all: [(Rounded.Flags, String)] = [(.inexact, "inexact"), (.overflow, "overflow"), (.underflow, "underflow"), (.invalid, "invalid")]
    return all.filter { contains($0.0) }.map(\.1)
  }
}
