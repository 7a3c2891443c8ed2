// SPDX-License-Identifier: Apache-2.0
// What a whole sweep shows, in tables and pictures.

internal import Formats
public import Lab

extension SweepDirectory {
  /// Tables and pictures of all rows of the sweep.
  ///
  /// - Parameters:
  ///   - rows: as ``rows(of:)`` gives them.
  ///   - target: the error that is accepted, of dot products and of layers.
  ///   - measure: of what the cheapest is sought, among designs for layers.
  public func article(_ rows: [[String]], target: Double = 0.01, measure: DesignCost.Measure = .bits) -> Article {
    let table = SweepTable(specification.kind, rows)
    let blocks =
      switch specification.kind {
      case .layer: DesignSearch(rows: rows, target: target, measure: measure).blocks
      case .analyze: table.analysisBlocks(target)
      case .train: table.trainingBlocks
      }
    let origin = Article.Block.paragraph("Sweep \(hash): \(rows.count) cells, seed \(specification.seed). All numbers are in the table that fmtlab sweep merge writes.")
    return Article(title: "fmtlab: \(title)", [origin] + blocks)
  }

  /// The picture that says most of a sweep: errors against length, accuracies, or designs' errors against their cost.
  public func figure(_ rows: [[String]]) -> Figure {
    let table = SweepTable(specification.kind, rows)
    return switch specification.kind {
    case .layer: DesignSearch(rows: rows, target: 0.01, measure: .bits).figure
    case .analyze: table.errorFigure
    case .train: table.accuracyFigure
    }
  }

  private var title: String {
    switch specification.kind {
    case .layer: "designs of multiply-accumulate units for layers"
    case .analyze: "errors of dot products"
    case .train: "training runs"
    }
  }
}

/// Rows of a sweep by the names of their columns.
struct SweepTable {
  private let columns: [String]
  private let rows: [[String]]
  private let parameters: [String]

  init(_ kind: SweepSpecification.Kind, _ rows: [[String]]) { (columns, parameters, self.rows) = (kind.columns, kind.parameters, rows) }

  private func text(_ row: [String], _ column: String) -> String { row[columns.firstIndex(of: column)!] }
  private func number(_ row: [String], _ column: String) -> Double { Double(text(row, column)) ?? .nan }

  /// The 99th percentile of the errors of dot products; +∞ where sums overflow, and have none.
  private func error(_ row: [String]) -> Double {
    let error = number(row, "ratio_p99")
    return number(row, "overflow") > 0 || error.isNaN ? .infinity : error
  }

  /// Rows that differ in nothing but `free` columns, in the order of the first of each, under the parameters in which groups differ.
  private func groups(without free: Set<String>) -> [(name: String, rows: [[String]])] {
    let fixed = parameters.filter { !free.contains($0) }
    func count(_ columns: [String]) -> Int { Set(rows.map { row in columns.map { text(row, $0) } }).count }
    // (A column that others determine, as a policy does its loss scale, tells nothing more.)
    let telling = fixed.reduce(into: [String]()) { kept, column in if count(kept + [column]) > count(kept) { kept.append(column) } }
    var (names, groups) = ([[String]](), [[String]: [[String]]]())
    for row in rows {
      let key = fixed.map { text(row, $0) }
      if groups[key] == nil { names.append(key) }
      groups[key, default: []].append(row)
    }
    return names.map { key in
      let row = groups[key]![0]
      let shown = telling.isEmpty ? Array(fixed.prefix(2)) : telling
      return (shown.map { words.contains($0) ? text(row, $0) : "\($0) \(text(row, $0))" }.joined(separator: ", "), groups[key]!)
    }
  }

  private let words: Set = ["format", "acc", "data", "model", "policy"]
}

// MARK: - Dot products

extension SweepTable {
  /// Curves of the most accurate designs at the greatest length, at most nine.
  var errorFigure: Figure {
    let curves = groups(without: ["n", "seed"]).map { group in (group.name, group.rows.sorted { number($0, "n") < number($1, "n") }) }
    let best = curves.sorted { error($0.1.last!) < error($1.1.last!) }.prefix(9)
    return Figure(
      title: curves.count > best.count ? "the \(best.count) most accurate of \(curves.count) designs" : "errors of dot products",
      x: .init("n, terms of the dot product", .log2), y: .init("|error| / sum |x y|, 99th percentile", .log10),
      series: best.map { name, rows in .init(name, rows.map { (number($0, "n"), number($0, "ratio_p99")) }, .measured) })
  }

  fileprivate func analysisBlocks(_ target: Double) -> [Article.Block] {
    let longest = rows.map { number($0, "n") }.max() ?? 0
    let groups = SweepTable(.analyze, rows.filter { number($0, "n") == longest }).groups(without: ["seed"])
      .sorted { (error($0.rows[0]), $0.name) < (error($1.rows[0]), $1.name) }
    let met = groups.count { error($0.rows[0]) <= target }
    let table = groups.prefix(40).map { group in
      [group.name] + ["ratio_rms", "ratio_p99", "ratio_max", "overflow", "stagnated"].map { number(group.rows[0], $0).threeDigits }
        + [text(group.rows[0], "bound"), number(group.rows[0], "bound_value").threeDigits]
    }
    return [
      .figure(name: "errors", errorFigure),
      .heading("At n = \(Int(longest))"),
      .paragraph(
        "\(met) of \(groups.count) designs keep 99 % of |error| / sum |x y| within \(target.shortDescription), and their sums do not overflow."
          + (groups.count > table.count ? " The \(table.count) most accurate ones:" : "")),
      .table(header: ["design", "rms", "99 %", "largest", "overflow", "swallowed", "tightest bound", ""], rows: table, words: [0, 6]),
    ]
  }
}

// MARK: - Training

extension SweepTable {
  private var runs: [(name: String, accuracies: [Double], diverged: Int)] {
    groups(without: ["seed"]).map { group in
      (group.name, group.rows.map { number($0, "test_accuracy") }.filter(\.isFinite), group.rows.count { !text($0, "diverged").isEmpty })
    }
  }

  /// A point a run, by policy and what else differs.
  var accuracyFigure: Figure {
    let runs = runs
    return Figure(
      title: "training runs", x: .init("", .categories(runs.map(\.name))), y: .init("test accuracy, %"),
      series: [
        .init("a run", runs.enumerated().flatMap { i, run in run.accuracies.map { (Double(i), 100 * $0) } }, .dots),
        .init("mean", runs.enumerated().compactMap { i, run in run.accuracies.isEmpty ? nil : (Double(i), 100 * run.accuracies.mean) }, .ring),
      ])
  }

  fileprivate var trainingBlocks: [Article.Block] {
    let table = runs.map { run in
      let mean = run.accuracies.mean
      let variance = run.accuracies.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(1, run.accuracies.count - 1))
      return [
        run.name, "\(run.accuracies.count + run.diverged)", "\((100 * mean).significant(4)) %",
        run.accuracies.count > 1 ? "\((100 * variance.squareRoot()).significant(2)) %" : "-", "\(run.diverged)",
      ]
    }
    return [
      .figure(name: "accuracy", accuracyFigure),
      .table(header: ["run", "runs", "mean test accuracy", "standard deviation", "diverged"], rows: table, words: [0]),
    ]
  }
}

extension [Double] {
  fileprivate var mean: Double { reduce(0, +) / Double(count) }
}

// MARK: - Layers

extension DesignSearch {
  /// The header of the tables of designs.
  public static let designColumns = ["format", "accumulator", "bits", "LUTs", "pJ", "error", "worst layer", "layers"]

  /// A line of them.
  public func cells(_ design: Design) -> [String] {
    [design.format, design.accumulator] + cells(design.cost) + [design.error.threeDigits, shortened(design.worstLayer), "\(design.meets) of \(layers.count)"]
  }

  /// The header of the table of layers.
  public static let layerColumns = ["layer", "n", "format", "accumulator", "bits", "LUTs", "pJ", "error", "sums", "dB"]

  /// A line of it.
  public func cells(_ layer: Layer) -> [String] {
    guard let best = layer.best else { return [shortened(layer.name), "\(layer.n)", "none"] + [String](repeating: "-", count: 7) }
    return [shortened(layer.name), "\(layer.n)", best.format, best.accumulator] + cells(best.cost)
      + [best.error, best.sums].map(\.threeDigits) + [best.signalToNoise.significant(3)]
  }

  /// `START.NAME.END`, where the names of several layers have START or END in common: tables show what is different.
  public var namePattern: String? { common.start.isEmpty && common.end.isEmpty ? nil : "\(common.start)NAME\(common.end)" }

  /// What the names of all layers begin and end with, whole parts between dots.
  private var common: (start: String, end: String) {
    func start(_ names: [[Character]]) -> [Character] {
      let first = names[0]
      let same = first.indices.first { i in names.contains { i >= $0.count || $0[i] != first[i] } } ?? first.count
      return Array(first[..<(first[..<same].lastIndex(of: ".").map { $0 + 1 } ?? 0)])
    }
    guard layers.count > 1, areTensors else { return ("", "") }
    let names = layers.map { Array($0.name) }
    let (first, last) = (start(names), start(names.map { $0.reversed() }))
    return names.allSatisfy { $0.count > first.count + last.count } ? (String(first), String(last.reversed())) : ("", "")
  }

  private func shortened(_ name: String) -> String { String(name.dropFirst(common.start.count).dropLast(common.end.count)) }

  private func cells(_ cost: DesignCost) -> [String] {
    ["\(cost.bits)", cost.luts.map { $0.rounded().shortDescription } ?? "-", cost.picojoules.map { $0.significant(2) } ?? "-"]
  }

  fileprivate var blocks: [Article.Block] {
    let missed = layers.count { $0.best == nil }
    return [
      .paragraph(
        "A design meets the target where 99 % of |error| / sum |w x| are at most \(target.shortDescription), the rounding of weights and inputs included, "
          + "and no output overflows. Errors are exact; costs are estimates, interpolated between published designs."),
    ] + (remarks + (namePattern.map { ["The layers are \($0)."] } ?? [])).map(Article.Block.paragraph) + [
      .heading("One design for all layers"),
      .paragraph(forAll.isEmpty ? "None meets the target in all layers." : "The cheapest by \(measure.unit) that meet it in all layers:"),
      .table(header: DesignSearch.designColumns, rows: forAll.prefix(10).map(cells), words: [0, 1, 6]),
      .figure(name: "front", figure),
      .paragraph("No other design is both cheaper and more accurate than one of these:"),
      .table(header: DesignSearch.designColumns, rows: front.map(cells), words: [0, 1, 6]),
      .heading("The cheapest design of each layer"),
      .paragraph(missed == 0 ? "Each layer has one." : "\(missed) of \(layers.count) layers have none."),
      .table(header: DesignSearch.layerColumns, rows: layers.map(cells), words: [0, 2, 3]),
      .figure(name: "layers", layerFigure),
    ]
  }

  /// The cost of the cheapest design of each layer.
  private var layerFigure: Figure {
    Figure(
      title: "the cheapest design of each layer at \(target.shortDescription)",
      x: .init("", .categories(layers.map { shortened($0.name) })), y: .init("cost, \(measure.unit)", from: 0),
      series: [
        .init("cheapest of the layer", layers.enumerated().compactMap { i, layer in layer.best?.cost.value(measure).map { (Double(i), $0) } }, .ring),
        forAll.first.map { one in
          .init("\(one.format) in \(one.accumulator), for all", layers.indices.map { (Double($0), one.cost.value(measure)!) }, .rule)
        },
      ].compactMap { $0 })
  }
}
