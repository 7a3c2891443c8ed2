// SPDX-License-Identifier: Apache-2.0
// What a cell comes to: a row of results.

internal import Accumulation
internal import ErrorAnalysis
internal import Formats
internal import Glibc
internal import Lab
internal import Training

extension SweepSpecification.Kind {
  /// The columns of a cell's results.
  public var results: [String] {
    switch self {
    case .analyze:
      [
        "ratio_rms", "ratio_mean", "ratio_p99", "ratio_max", "relative_rms", "overflow", "stagnated", "model_rms", "bound", "bound_value", "violations",
        "exact_rms", "exact_worst_ratio",
      ]
    case .layer:
      ["n", "total_rms", "total_p99", "total_max", "sums_rms", "sums_p99", "snr_db", "overflow", "bits", "luts", "picojoules"]
    case .train: ["loss", "accuracy", "test_loss", "test_accuracy", "final_loss_scale", "skipped", "diverged"]
    }
  }

  /// All columns of a merged sweep.
  public var columns: [String] { ["cell"] + parameters + results }

  /// Whether a result may be so written: counts are whole numbers, other results that are no words numbers, or empty.
  static func canHold(_ column: String, _ text: String) -> Bool {
    if words.contains(column) { return true }
    return ["n", "bits"].contains(column) ? Int(text) != nil : text.isEmpty || Double(text) != nil
  }

  /// Columns whose texts are no numbers.
  static let words: Set = ["format", "acc", "product", "data", "exact", "bound", "model", "images", "policy", "loss_scale", "schedule", "diverged", "weights", "inputs", "scale"]
}

/// How the work on a cell ended.
enum CellOutcome: Sendable {
  case finished([String])
  /// It was asked to stop, and goes on from its checkpoint.
  case stopped
}

extension SweepCell {
  /// Does the work of the cell on one thread.
  ///
  /// - Parameters:
  ///   - data: the images of a training run.
  ///   - layer: the outputs of a layer.
  ///   - checkpoint: where a training run is written after each epoch, and goes on from.
  ///   - mayStop: asked after each step of a training run.
  func run(_ data: DataSet?, _ layer: LayerSample?, checkpoint: String, mayStop: () -> Bool) throws -> CellOutcome {
    switch work {
    case .layer(let files, let product):
      guard let layer else { preconditionFailure("a layer without outputs") }
      let cost = DesignCost(product.format, product.dot.plan)
      let m = layer.measure(product, files.stream.child("roundings"))
      let numbers = [m.total.rms, m.total.p99, m.total.max, m.sums.rms, m.sums.p99, m.signalToNoise, m.overflow].map(\.shortDescription)
      return .finished(["\(layer.terms)"] + numbers + ["\(cost.bits)"] + [cost.luts, cost.picojoules].map { $0?.shortDescription ?? "" })
    case .analysis(let analysis, let policy):
      let measured = analysis.run(.oneThread)[0]
      return .finished(SweepCell.row(measured, try analysis.exact(policy, .oneThread).results[0]))
    case .training(let plan, let images):
      guard let data else { preconditionFailure("a training run without images") }
      return try SweepCell.train(plan, images.map(data.first) ?? data, checkpoint, mayStop)
    }
  }

  private static func row(_ measured: Measurement, _ exact: ExactMeasurement?) -> [String] {
    // The tightest of those that cannot fail. (A model that does not hold is no violation, as in a verdict.)
    // (Where no trial has an error ratio, no bound has one either.)
    let bound = measured.bounds.filter { $0.bound.isCertain && !$0.value.isNaN }.min { $0.value < $1.value }
    let (ratio, relative) = (measured.ratio, measured.relative)
    let numbers = [ratio.rms, ratio.mean, ratio.p99, ratio.max, relative.rms, measured.overflow, measured.stagnated, measured.model.rms]
    return numbers.map(\.shortDescription)
      + [bound?.bound.id ?? "", bound?.value.shortDescription ?? "", "\(measured.bounds.count { $0.isRefuted && $0.bound.kind != .probabilistic })"]
      + [exact?.ratioRms, exact?.worstRatio].map { $0?.shortDescription ?? "" }
  }

  /// Trains to the end, or until it is asked to stop. A run that diverges has a result too: what overflowed where.
  private static func train(_ plan: TrainingPlan, _ data: DataSet, _ checkpoint: String, _ mayStop: () -> Bool) throws -> CellOutcome {
    let trainer = try Trainer(plan, data, .oneThread)
    if access(checkpoint, F_OK) == 0 { try trainer.restore(checkpoint) }
    do throws(TrainingError) {
      while !trainer.isFinished {
        let record = try trainer.runEpoch(testing: trainer.epochsDone == plan.epochs - 1, mayStop: mayStop)
        if record == nil || !trainer.isFinished { try trainer.save(checkpoint) }
        if record == nil || mayStop() && !trainer.isFinished { return .stopped }
      }
    } catch {
      guard case .diverged = error else { throw error }
      return .finished(["", "", "", "", "", "", "\(error)"])
    }
    let last = trainer.history[trainer.history.count - 1]
    let skipped = trainer.history.reduce(0) { $0 + $1.skipped }
    return .finished([last.loss, last.accuracy, last.testLoss, last.testAccuracy].map(\.shortDescription) + ["\(last.lossScale)", "\(skipped)", ""])
  }
}
