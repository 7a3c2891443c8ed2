// SPDX-License-Identifier: Apache-2.0
// How arguments become formats, roundings, numbers and arrays.

import ArgumentParser
import FmtLab
import Glibc

/// Where a stream of random bits starts, and how numbers are rounded.
struct RoundingOptions: ParsableArguments {
  @Option(help: "Rounding: rne rna rnz rz ru rd ro sr srN.", transform: { try Rounding($0) })
  var rounding: Rounding = .nearestEven

  @Option(help: "Overflow: ieee, infinity, saturate, or wrap (fixed point).", transform: Input.overflow)
  var overflow: Overflow?

  @Flag(help: "Flush results below the smallest normal number to zero.") var flush = false

  @Option(help: "Seed of stochastic rounding.") var seed: UInt64 = 1

  /// The rounder to a format, or a usage error.
  func rounder(to format: Format) throws -> Rounder {
    do {
      return try Rounder(to: format, rounding, overflow: overflow, subnormals: flush ? .flush : .keep)
    } catch {
      throw Failure.usage(error.description)
    }
  }
}

enum Input {
  static func overflow(_ text: String) throws -> Overflow {
    guard let policy = Overflow(rawValue: text.lowercased()) else {
      throw ValidationError("use one of \(Overflow.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return policy
  }

  /// Lengths of dot products, separated by commas.
  static func counts(_ text: String) throws -> [Int] {
    let counts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    guard !counts.isEmpty, counts.allSatisfy({ $0.map { (1...Analysis.largestCount).contains($0) } ?? false }) else {
      throw ValidationError("give lengths from 1 to \(Analysis.largestCount), separated by commas.")
    }
    return counts.map { $0! }
  }

  /// Data by name.
  static func dataSource(_ text: String) throws -> DataSource {
    if text == "digits" { return .digits }
    guard let distribution = Distribution(rawValue: text) else {
      throw ValidationError("use digits, \(Distribution.allCases.map(\.rawValue).joined(separator: ", ")), or --x FILE --y FILE.")
    }
    return .distribution(distribution)
  }

  /// The lines of standard input.
  static func standardInput() -> [String] {
    var lines: [String] = []
    while let line = readLine() { lines.append(line) }
    return lines
  }

  /// Numbers on the command line; `-` stands for those on standard input, separated by white space or commas.
  static func numbers(_ arguments: [String]) -> [String] {
    arguments.flatMap { argument in
      argument == "-" ? standardInput().flatMap(fields) : [argument]
    }
  }

  static func fields(_ line: String) -> [String] {
    line.split { $0 == " " || $0 == "\t" || $0 == "," || $0 == ";" }.map(String.init)
  }

  /// An array: a file, or numbers separated by commas.
  static func array(_ argument: String) throws -> Tensor {
    if access(argument, F_OK) != 0, argument.contains(",") || (try? Extended(text: argument)) != nil {
      let numbers = try argument.split(separator: ",").map { try Extended(text: String($0)) }
      let toDouble = try Rounder(to: .fp64)
      return Tensor(shape: [numbers.count], elements: numbers.map { toDouble.round($0).value.double })
    }
    return try Tensor.read(argument)
  }

  /// The rows of an array: of a matrix its rows, otherwise all of it as one row.
  static func rows(_ tensor: Tensor, _ name: String) throws -> [[Double]] {
    guard !tensor.elements.isEmpty else { throw Failure.badData("\(name) holds no numbers; give at least one.") }
    guard tensor.rank == 2 else { return [tensor.elements] }
    let n = tensor.shape[1]
    return (0..<tensor.shape[0]).map { Array(tensor.elements[($0 * n)..<($0 * n + n)]) }
  }

  /// Refuses formats whose exact products do not fit the accumulation path.
  static func checkProducts(_ format: Format) throws {
    guard format.precision <= DotProduct.largestPrecision else {
      throw Failure.usage("products of \(format) have \(2 * format.precision) bits; dot products take formats of precision \(DotProduct.largestPrecision) or less, such as fp64.")
    }
  }
}

extension Rounded.Flags {
  /// The names of the flags that are set.
  var names: [String] {
    let all: [(Rounded.Flags, String)] = [(.inexact, "inexact"), (.overflow, "overflow"), (.underflow, "underflow"), (.invalid, "invalid")]
    return all.filter { contains($0.0) }.map(\.1)
  }
}

/// The accumulator of dot products.
struct AccumulatorOptions: ParsableArguments {
  @Option(help: "Format of the inputs.", transform: { try Format($0) }) var format: Format

  @Option(help: "Accumulator: FORMAT[@ROUNDING], LEVEL:COUNT,...,LEVEL or pairwise/FORMAT.", transform: { try Plan(text: $0) })
  var acc: Plan

  @Option(help: "Products: exact, fused, or FORMAT[@ROUNDING].", transform: { try Product(text: $0) })
  var product: Product = .exact

  var dot: DotProduct { DotProduct(acc, product: product) }

  /// Checks what needs checking and says what the bare names mean.
  func prepare(_ output: OutputOptions) throws {
    try Input.checkProducts(format)
    let formats = [format] + acc.rounders.map(\.format)
    for f in Set(formats).sorted(by: { $0.name < $1.name }) { output.noteMeaning(of: f) }
  }
}
