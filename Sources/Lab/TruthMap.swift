// SPDX-License-Identifier: Apache-2.0
// Which error-free transforms survive in which formats and modes: every check at once, as data and as a picture.

public import Accumulation
public import ErrorAnalysis
public import Formats

/// The checks of all transforms in several formats and modes, and of the double-word algorithms with at most one double word, rne.
public struct TruthMap: Sendable {
  /// By name, small ones first.
  public let formats: [Format]
  /// The modes tried.
  public let roundings = TruthMap.roundings
  /// By transform, then format, then mode.
  public let transforms: [TransformCheck]
  /// By algorithm, then format.
  public let doubleWords: [DoubleWordCheck]

  /// By name, small ones first.
  public static let formats = ["e2m1fn", "e2m3fn", "e3m2fn", "e4m3fn", "e4m3", "e5m2", "e3m4"]
  /// The modes tried.
  public static let roundings: [Rounding] = Rounding.deterministic + [.stochastic]
  /// The double-word algorithms tried.
  public static let operations = DoubleWordOperation.allCases.filter { $0.secondOperand != .doubleWord }

  /// - Complexity: for the default formats 3 s on two cores.
  public init(_ formats: [Format], _ parallelism: Parallelism = .allCores, progress: Progress = .silent) throws {
    self.formats = formats
    let all = ErrorFreeTransform.names.flatMap { name in
      formats.flatMap { format in TruthMap.roundings.map { (ErrorFreeTransform(name, precision: format.precision)!, format, $0) } }
    }
    let words = TruthMap.operations.flatMap { operation in formats.map { (operation, $0) } }
    var (transforms, doubleWords) = ([TransformCheck](), [DoubleWordCheck]())
    let total = Double(all.count + 8 * words.count)
    for (i, (transform, format, rounding)) in all.enumerated() {
      transforms.append(try TransformCheck(transform, Rounder(to: format, rounding), parallelism))
      progress.report?(Double(i + 1) / total)
    }
    for (i, (operation, format)) in words.enumerated() {
      doubleWords.append(try DoubleWordCheck(operation, Rounder(to: format), parallelism))
      progress.report?(Double(all.count + 8 * (i + 1)) / total)
    }
    (self.transforms, self.doubleWords) = (transforms, doubleWords)
  }

  /// Transforms and modes from left to right, formats from top to bottom; the darker a cell, the more cases are not exact.
  public var figure: Figure {
    let names = ["always exact", "exact unless a step overflows", "inexact up to 10 %", "10 to 25 %", "25 to 50 %", "more"]
    func shade(_ counts: TransformCheck.Counts) -> Int {
      let share = Double(counts.inexact) / Double(max(counts.cases, 1))
      if share == 0 { return counts.overflow == 0 ? 0 : 1 }
      return share <= 0.1 ? 2 : share <= 0.25 ? 3 : share <= 0.5 ? 4 : 5
    }
    let columns = ErrorFreeTransform.names.flatMap { name in roundings.map { "\(name) \($0)" } }
    let cells = transforms.map { check -> (shade: Int, x: Double, y: Double) in
      let row = formats.firstIndex(of: check.rounder.format)!
      let column = columns.firstIndex(of: "\(check.transform.name) \(check.rounder.rounding)")!
      return (shade(check.counts), Double(column), Double(formats.count - 1 - row))
    }
    return Figure(
      title: "Error-free transforms over all operands: the share of cases whose error is not found",
      x: .init("", .categories(columns)), y: .init("", .categories(formats.reversed().map(\.name))),
      series: names.enumerated().map { i, name in
        Figure.Series(name, cells.filter { $0.shade == i }.map { ($0.x, $0.y) }, .cells(i))
      })
  }
}
