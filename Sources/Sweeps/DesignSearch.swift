// SPDX-License-Identifier: Apache-2.0
// Which design is the cheapest that is accurate enough, for each layer and for all of them?

internal import Formats
public import Lab

/// What the rows of a sweep of layers say of formats and accumulators.
public struct DesignSearch: Sendable {
  /// |error| / Σ|w x| that 99 % of the outputs shall not exceed, the rounding of weights and inputs included.
  public let target: Double
  public let measure: DesignCost.Measure
  /// The cheapest design that meets the target, layer by layer, in the order of the sweep.
  public let layers: [Layer]
  /// What each design does to all layers, cheapest first.
  public let designs: [Design]

  public struct Layer: Codable, Hashable, Sendable {
    public let name: String
    /// Terms of its dot products.
    public let n: Int
    /// `nil` if no design meets the target.
    @Nullable public var best: Choice?
  }

  /// A design in one layer.
  public struct Choice: Codable, Hashable, Sendable {
    public let format, accumulator: String
    public let cost: DesignCost
    /// 99th percentile of |error| / Σ|w x|, +∞ where an output overflows; and that of the sums alone.
    public let error, sums: Double
    public let signalToNoise: Double
  }

  /// A design in all layers.
  public struct Design: Codable, Hashable, Sendable {
    public let format, accumulator: String
    public let cost: DesignCost
    /// The largest of its errors.
    public let error: Double
    public let worstLayer: String
    /// Layers in which it meets the target.
    public let meets: Int
  }

  /// - Parameter rows: of a sweep of layers, as ``SweepDirectory/rows(of:)`` gives them.
  public init(rows: [[String]], target: Double, measure: DesignCost.Measure) {
    (self.target, self.measure) = (target, measure)
    let columns = SweepSpecification.Kind.layer.columns
    func text(_ row: [String], _ column: String) -> String { row[columns.firstIndex(of: column)!] }
    func number(_ row: [String], _ column: String) -> Double? { Double(text(row, column)) }
    func choice(_ row: [String]) -> Choice {
      let isWhole = number(row, "overflow") == 0
      let cost = DesignCost(bits: Int(text(row, "bits"))!, luts: number(row, "luts"), picojoules: number(row, "picojoules"))
      let product = text(row, "product"), accumulator = text(row, "acc")
      return Choice(
        format: text(row, "format"), accumulator: product == "exact" ? accumulator : "\(accumulator), products \(product)", cost: cost,
        error: isWhole ? number(row, "total_p99") ?? .infinity : .infinity, sums: isWhole ? number(row, "sums_p99") ?? .infinity : .infinity,
        signalToNoise: number(row, "snr_db") ?? .nan)
    }
    var (names, terms, groups) = ([String](), [String: Int](), [String: [Choice]]())
    for row in rows {
      // (Inputs tell layers of the same weights apart.)
      let inputs = text(row, "inputs")
      let name = LayerFiles.shortName(text(row, "weights")) + (inputs == "normal" ? "" : " · " + LayerFiles.shortName(inputs))
      if groups[name] == nil { names.append(name) }
      terms[name] = Int(text(row, "n"))
      groups[name, default: []].append(choice(row))
    }
    func isCheaper(_ a: (cost: Double, error: Double, name: String), _ b: (cost: Double, error: Double, name: String)) -> Bool {
      (a.cost, a.error, a.name) < (b.cost, b.error, b.name)
    }
    layers = names.map { name in
      let met = groups[name]!.filter { $0.error <= target && $0.cost.value(measure) != nil }
      let best = met.min { isCheaper(($0.cost.value(measure)!, $0.error, $0.accumulator), ($1.cost.value(measure)!, $1.error, $1.accumulator)) }
      return Layer(name: name, n: terms[name] ?? 0, best: best)
    }
    var designs: [[String]: [(layer: String, choice: Choice)]] = [:]
    for name in names {
      for choice in groups[name]! { designs[[choice.format, choice.accumulator], default: []].append((name, choice)) }
    }
    self.designs = designs.values.compactMap { all -> Design? in
      // A design that was not tried in all layers says nothing of all.
      guard all.count == names.count, all[0].choice.cost.value(measure) != nil else { return nil }
      let worst = all.max { $0.choice.error < $1.choice.error }!, one = worst.choice
      return Design(
        format: one.format, accumulator: one.accumulator, cost: one.cost, error: one.error, worstLayer: worst.layer,
        meets: all.count { $0.choice.error <= target })
    }.sorted { isCheaper(($0.cost.value(measure)!, $0.error, $0.format + $0.accumulator), ($1.cost.value(measure)!, $1.error, $1.format + $1.accumulator)) }
  }

  /// Designs that meet the target in all layers, cheapest first.
  public var forAll: [Design] { designs.filter { $0.meets == layers.count } }

  /// Designs that no other one beats in both cost and error.
  public var front: [Design] {
    var best = Double.infinity
    return designs.filter { design in
      guard design.error < best else { return false }
      best = design.error
      return true
    }
  }

  /// Error against cost: all designs, those that none beats, and the target.
  public var figure: Figure {
    func points(_ designs: [Design]) -> [(x: Double, y: Double)] { designs.map { ($0.cost.value(measure)!, $0.error) } }
    let costs = designs.compactMap { $0.cost.value(measure) }
    return Figure(
      title: layers.count == 1 ? "designs for \(layers[0].name)" : "designs for \(layers.count) layers",
      x: .init("cost, \(measure.unit)\(measure == .bits ? " of two factors and the accumulators" : " (estimate)")"),
      y: .init("|error| / sum |w x|, 99 %\(layers.count == 1 ? "" : ", worst layer")", .log10),
      series: [
        .init("tried", points(designs), .dots), .init("none better and cheaper", points(front), .measured),
        .init("target", [costs.min(), costs.max()].compactMap { $0.map { ($0, target) } }, .rule),
      ])
  }
}
