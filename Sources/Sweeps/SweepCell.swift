// SPDX-License-Identifier: Apache-2.0
// The cells of a sweep: what each does, its name, and its seed.

internal import Accumulation
internal import Formats
internal import FoundationEssentials
internal import Lab
internal import Training

/// One combination of parameters.
public struct SweepCell: Sendable {
  /// Its place among the cells.
  public let index: Int
  /// The texts of ``SweepSpecification/Kind/parameters``: what decides its numbers, defaults included.
  public let parameters: [String]
  let work: Work

  enum Work: Sendable {
    case analysis(Analysis, Analysis.ExactPolicy)
    case training(TrainingPlan, images: Int?)
    case layer(LayerFiles, EmulatedProduct)
  }
}

extension SweepSpecification.Kind {
  /// The columns that tell cells apart.
  public var parameters: [String] {
    switch self {
    case .analyze: ["format", "acc", "product", "n", "data", "trials", "confidence", "exact", "seed"]
    case .layer: ["weights", "inputs", "format", "acc", "product", "scale", "seed"]
    case .train: ["model", "data", "images", "policy", "loss_scale", "epochs", "batch", "rate", "momentum", "decay", "schedule", "seed"]
    }
  }
}

extension SweepSpecification {
  /// The longest dot product that a cell may have.
  public static let largestCount = 10_000_000

  /// All cells, in the order of the grids; of cells with the same parameters the first.
  ///
  /// - Throws: `SweepError.specification` with the axis and the value that is wrong.
  /// - Complexity: O(cells), some 10 µs each.
  public func cells() throws(SweepError) -> [SweepCell] {
    let sizes = grids.map { grid in grid.values.reduce(1.0) { $0 * Double($1.count) } }
    guard sizes.reduce(0, +) <= Double(SweepSpecification.largestCount) else {
      throw .specification("the grids have more than \(SweepSpecification.largestCount) cells; plan several sweeps.")
    }
    var cells: [SweepCell] = []
    var seen: Set<[String]> = []
    for grid in grids {
      let axes = kind.axes.filter { grid[$0] != nil }
      var places = axes.map { _ in 0 }
      repeat {
        let values = Dictionary(uniqueKeysWithValues: zip(axes, places).map { ($0, grid[$0]![$1]) })
        let (parameters, work) = try build(CellValues(values))
        if seen.insert(parameters).inserted { cells.append(SweepCell(index: cells.count, parameters: parameters, work: work)) }
      } while advance(&places, axes.map { grid[$0]!.count })
    }
    return cells
  }

  /// The next combination; the last place runs fastest.
  private func advance(_ places: inout [Int], _ counts: [Int]) -> Bool {
    for i in places.indices.reversed() {
      places[i] += 1
      if places[i] < counts[i] { return true }
      places[i] = 0
    }
    return false
  }

  private func build(_ values: CellValues) throws(SweepError) -> (parameters: [String], work: SweepCell.Work) {
    switch kind {
    case .analyze: try analysis(values)
    case .layer: try layer(values)
    case .train: try training(values)
    }
  }

  /// The seed of the axis, or else one of 53 bits (which every reader of JSON keeps) from the sweep's seed and all other parameters: it depends
  /// neither on the cell's place nor on other cells.
  private func seed(_ values: CellValues, _ parameters: [String]) throws(SweepError) -> UInt64 {
    if let seed = try values.whole("seed", 0...UInt64.max) { return seed }
    let identity = zip(kind.parameters, parameters).map { "\($0)=\($1)" }.joined(separator: "\n")
    return RandomStream(seed: seed, "sweep").child(kind.rawValue).child(identity).bits(at: 0) >> 11
  }

  /// The format, and how dot products are carried out in it.
  private func design(_ values: CellValues) throws(SweepError) -> (format: Format, dot: DotProduct) {
    let format = try values.read("format") { try Format($0) }!
    guard format.precision <= DotProduct.largestPrecision else {
      throw values.wrong("format", "exact products would have \(2 * format.precision) bits; use one of precision \(DotProduct.largestPrecision) or less.")
    }
    let product = try values.read("product") { try Product(text: $0) } ?? Product(multiplierOf: format)
    return (format, DotProduct(try plan(values), product: product, factors: format))
  }

  /// Inputs are the same for all designs of a layer, and wherever its files lie: their seed depends on neither.
  private func layer(_ values: CellValues) throws(SweepError) -> (parameters: [String], work: SweepCell.Work) {
    let (format, dot) = try design(values)
    guard format.isSigned, format.encode(.zero) != nil, format.maxFinite > .zero else {
      throw values.wrong("format", "weights and inputs need both signs and zero; use a signed format with a zero and positive numbers.")
    }
    guard EmulatedProduct.isPossible(format, dot) else {
      throw values.wrong("acc", "binary64 must hold all numbers of \(format) and of the sums; use narrower formats.")
    }
    let scale = try values.choice("scale", EmulatedProduct.Scale.allCases.map(\.rawValue)) { EmulatedProduct.Scale(rawValue: $0) } ?? .tensor
    let weights = try values.read("weights") { $0 }!, inputs = try values.read("inputs") { $0 } ?? "normal"
    let seed = try seed(values, [weights, inputs].map(LayerFiles.identity))
    let files = LayerFiles(weights: weights, inputs: inputs, seed: seed)
    return ([weights, inputs, format.name, "\(dot.plan)", "\(dot.product)", scale.rawValue, "\(seed)"], .layer(files, EmulatedProduct(format, dot, scale: scale)))
  }

  private func analysis(_ values: CellValues) throws(SweepError) -> (parameters: [String], work: SweepCell.Work) {
    let (format, product) = try design(values)
    let standard = Analysis(format: format, dot: product)
    let n = try values.whole("n", 1...Analysis.largestCount)!
    let data = try values.choice("data", ["digits"] + Distribution.allCases.map(\.rawValue)) { DataSource(name: $0) } ?? .digits
    let trials = try values.whole("trials", 1...10_000_000) ?? standard.trials
    let confidence = try values.number("confidence", "a number between 0 and 1") { $0 > 0 && $0 < 1 && 1 - $0 < 1 } ?? standard.confidence
    let exact = try values.choice("exact", Analysis.ExactPolicy.allCases.map(\.rawValue)) { Analysis.ExactPolicy(rawValue: $0) } ?? .never
    let dot = standard.dot
    let parameters = [
      format.name, "\(dot.plan)", "\(dot.product)", "\(n)", data.name, "\(trials)", confidence.shortDescription, exact.rawValue,
    ]
    let seed = try seed(values, parameters)
    let analysis = Analysis(format: format, dot: dot, counts: [n], data: data, trials: trials, seed: seed, confidence: confidence)
    return (parameters + ["\(seed)"], .analysis(analysis, exact))
  }

  /// The accumulator: in levels where `chunk` says after how many terms, with the sums of chunks in `outer` or in the same one.
  private func plan(_ values: CellValues) throws(SweepError) -> Plan {
    let written = try values.read("acc") { try Plan(text: $0) }!
    let rounding = try values.read("rounding") { try Rounding($0) }
    func rounded(_ plan: Plan) throws(SweepError) -> Plan {
      guard let rounding else { return plan }
      guard case .sequential(let rounder) = plan, rounder.rounding == .nearestEven else {
        throw values.wrong("rounding", "it is for accumulators of one format without a rounding of their own; \(plan) is none: write @\(rounding) into it.")
      }
      return .sequential(try values.read("rounding") { _ in
        try Rounder(to: rounder.format, rounding, overflow: rounder.overflow, subnormals: rounder.subnormals)
      }!)
    }
    let inner = try rounded(written)
    let chunk = try values.whole("chunk", 0...Analysis.largestCount)
    let outer = try values.read("outer") { try Plan(text: $0) }
    guard let chunk else {
      if outer != nil { throw .specification("the axis 'outer' needs the axis 'chunk'.") }
      return inner
    }
    return chunk == 0 ? inner : .chunked(chunk, inner: inner, outer: outer ?? inner)
  }

  private func training(_ values: CellValues) throws(SweepError) -> (parameters: [String], work: SweepCell.Work) {
    let model = try values.choice("model", Model.allCases.map(\.rawValue)) { Model(rawValue: $0) } ?? .mlp
    let data = try values.read("data") { $0 } ?? "digits"
    let images = try values.whole("images", 1...Int(Int32.max))
    var policy = try values.read("policy") { text in
      text.hasPrefix("{") ? try PrecisionPolicy(json: Data(text.utf8), path: "the specification") : try PrecisionPolicy(name: text)
    }!
    if let scale = try values.read("lossScale", { try LossScale(text: $0) }) { policy.lossScale = scale }
    var plan = TrainingPlan(model: model, data: data, policy: policy)
    plan.epochs = try values.whole("epochs", 1...100_000) ?? plan.epochs
    plan.batch = try values.whole("batch", 1...8192) ?? plan.batch
    plan.rate = try values.number("rate", "a positive number") { $0 > 0 && $0.isFinite } ?? plan.rate
    plan.momentum = try values.number("momentum", "a number from 0 to below 1") { $0 >= 0 && $0 < 1 } ?? plan.momentum
    plan.decay = try values.number("decay", "a number from 0 to 1") { $0 >= 0 && $0 <= 1 } ?? plan.decay
    plan.schedule = try values.choice("schedule", RateSchedule.allCases.map(\.rawValue)) { RateSchedule(rawValue: $0) } ?? plan.schedule
    let numbers = [plan.rate, plan.momentum, plan.decay].map(\.shortDescription)
    let parameters = [model.rawValue, data, images.map { "\($0)" } ?? "all", name(of: policy), "\(policy.lossScale)", "\(plan.epochs)", "\(plan.batch)"]
      + numbers + [plan.schedule.rawValue]
    plan.seed = try seed(values, parameters)
    return (parameters + ["\(plan.seed)"], .training(plan, images: images))
  }
}

/// The name of a policy that every program knows; of another one, whose file may change, with a fingerprint.
private func name(of policy: PrecisionPolicy) -> String {
  var known = try? PrecisionPolicy(name: policy.name)
  known?.lossScale = policy.lossScale
  if known == policy { return policy.name }
  return "\(policy.name)#" + fingerprint(String(decoding: policy.json, as: UTF8.self))
}

/// 16 hexadecimal digits that tell texts apart.
func fingerprint(_ text: String) -> String {
  let digits = String(RandomStream(seed: 0, "fingerprint").child(text).bits(at: 0), radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}

/// The values of one combination, by axis.
private struct CellValues {
  private let values: [String: String]

  init(_ values: [String: String]) { self.values = values }

  func wrong(_ axis: String, _ reason: String) -> SweepError { .specification("\(axis) '\(values[axis] ?? "")': \(reason)") }

  /// What `parse` makes of the text; `nil` for an axis that the grid does not have.
  func read<T>(_ axis: String, _ parse: (String) throws -> T) throws(SweepError) -> T? {
    guard let text = values[axis] else { return nil }
    do { return try parse(text) } catch { throw wrong(axis, "\(error)") }
  }

  func whole<I: FixedWidthInteger>(_ axis: String, _ range: ClosedRange<I>) throws(SweepError) -> I? {
    guard let text = values[axis] else { return nil }
    guard let number = I(text), range.contains(number) else { throw wrong(axis, "give a whole number from \(range.lowerBound) to \(range.upperBound).") }
    return number
  }

  func number(_ axis: String, _ allowed: String, _ isAllowed: (Double) -> Bool) throws(SweepError) -> Double? {
    guard let text = values[axis] else { return nil }
    guard let number = Double(text), isAllowed(number) else { throw wrong(axis, "give \(allowed).") }
    return number
  }

  func choice<T>(_ axis: String, _ names: [String], _ parse: (String) -> T?) throws(SweepError) -> T? {
    guard let text = values[axis] else { return nil }
    guard let value = parse(text) else { throw wrong(axis, "use one of \(names.joined(separator: ", ")).") }
    return value
  }
}
