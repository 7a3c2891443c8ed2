// SPDX-License-Identifier: Apache-2.0
// Which design is the cheapest that is accurate enough, for each layer and for all of them?

internal import Formats
public import Lab

/// What the rows of a sweep of layers say of formats and accumulators.
public struct DesignSearch: Sendable {
  /// |error| / Σ|w x| that 99 % of the outputs shall not exceed, the rounding of weights and inputs included.
  public let target: Double
  /// What is cheap.
  public let measure: DesignCost.Measure
  /// The cheapest design that meets the target, layer by layer, in the order of the sweep.
  public let layers: [Layer]
  /// What each design does to all layers, cheapest first.
  public let designs: [Design]
  /// Designs that are left out: without a published cost in the measure.
  public let uncosted: Int
  /// Whether the layers are named tensors of models, and not files of their own.
  let areTensors: Bool

  /// A layer and its cheapest design.
  public struct Layer: Codable, Hashable, Sendable {
    /// The shortest that tells it from the others.
    public let name: String
    /// Terms of its dot products.
    public let n: Int
    /// `nil` if no design meets the target.
    @Nullable public var best: Choice?
  }

  /// A design in one layer.
  public struct Choice: Codable, Hashable, Sendable {
    /// Of weights and inputs; and of the sums, with what is unusual of products and scale.
    public let format, accumulator: String
    /// Of a multiplier and the accumulators.
    public let cost: DesignCost
    /// 99th percentile of |error| / Σ|w x|, +∞ where an output overflows; and that of the sums alone.
    public let error, sums: Double
    /// Root mean square of the outputs over that of their errors, in dB.
    public let signalToNoise: Double
  }

  /// A design in all layers.
  public struct Design: Codable, Hashable, Sendable {
    /// Of weights and inputs; and of the sums, with what is unusual of products and scale.
    public let format, accumulator: String
    /// Of a multiplier and the accumulators.
    public let cost: DesignCost
    /// The largest of its errors.
    public let error: Double
    /// Where that is.
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
      let product = text(row, "product"), scale = text(row, "scale")
      let accumulator = text(row, "acc") + (product == "exact" ? "" : ", products \(product)") + (scale == "tensor" ? "" : ", scale \(scale)")
      return Choice(
        format: text(row, "format"), accumulator: accumulator, cost: cost, error: isWhole ? number(row, "total_p99") ?? .infinity : .infinity,
        sums: isWhole ? number(row, "sums_p99") ?? .infinity : .infinity, signalToNoise: number(row, "snr_db") ?? .nan)
    }
    // Weights, inputs and their seed are a layer; the other parameters, a design.
    var keys: [[String]] = []
    var groups: [[String]: (terms: Int, choices: [Choice])] = [:]
    for row in rows {
      let key = ["weights", "inputs", "seed"].map { text(row, $0) }
      if groups[key] == nil { keys.append(key) }
      groups[key, default: (Int(text(row, "n"))!, [])].choices.append(choice(row))
    }
    let names = DesignSearch.names(keys)
    areTensors = keys.allSatisfy { LayerFiles.isNamedTensor($0[0]) }
    func isCheaper(_ a: (cost: Double, error: Double, name: String), _ b: (cost: Double, error: Double, name: String)) -> Bool {
      (a.cost, a.error, a.name) < (b.cost, b.error, b.name)
    }
    layers = zip(names, keys).map { name, key in
      let (terms, choices) = groups[key]!
      let met = choices.filter { $0.error <= target && $0.cost.value(measure) != nil }
      let best = met.min { isCheaper(($0.cost.value(measure)!, $0.error, $0.accumulator), ($1.cost.value(measure)!, $1.error, $1.accumulator)) }
      return Layer(name: name, n: terms, best: best)
    }
    var designs: [[String]: [(layer: String, choice: Choice)]] = [:]
    for (name, key) in zip(names, keys) {
      for choice in groups[key]!.choices { designs[[choice.format, choice.accumulator], default: []].append((name, choice)) }
    }
    // A design that was not tried in all layers says nothing of all.
    let tried = designs.values.filter { $0.count == keys.count }
    let costed = tried.filter { $0[0].choice.cost.value(measure) != nil }
    uncosted = tried.count - costed.count
    self.designs = costed.map { all in
      let worst = all.max { $0.choice.error < $1.choice.error }!, one = worst.choice
      return Design(
        format: one.format, accumulator: one.accumulator, cost: one.cost, error: one.error, worstLayer: worst.layer,
        meets: all.count { $0.choice.error <= target })
    }.sorted { isCheaper(($0.cost.value(measure)!, $0.error, $0.format + $0.accumulator), ($1.cost.value(measure)!, $1.error, $1.format + $1.accumulator)) }
  }

  /// The shortest names that tell layers apart, each given as weights, inputs and seed.
  private static func names(_ keys: [[String]]) -> [String] {
    func name(_ key: [String], _ text: (String) -> String, hasSeed: Bool) -> String {
      text(key[0]) + (key[1] == "normal" ? "" : " · \(text(key[1]))") + (hasSeed ? ", seed \(key[2])" : "")
    }
    var names: [String] = []
    for hasSeed in [false, true] {
      for text in [LayerFiles.shortName, LayerFiles.path] {
        names = keys.map { name($0, text, hasSeed: hasSeed) }
        if Set(names).count == keys.count { return names }
      }
    }
    return names
  }

  /// What else is to be said of the designs.
  public var remarks: [String] {
    func count(_ n: Int) -> String { "\(n) design\(n == 1 ? "" : "s")" }
    let overflowing = designs.count { $0.error == .infinity }
    return (uncosted > 0 ? ["Without a published cost in \(measure.unit), and left out: \(count(uncosted))."] : [])
      + (overflowing > 0 ? ["An output overflows in \(count(overflowing)) of \(designs.count)."] : [])
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
