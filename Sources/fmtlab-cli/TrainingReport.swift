// SPDX-License-Identifier: Apache-2.0
// A training run as a table, as JSON and as a picture.

import FmtLab

/// An epoch as a row.
struct EpochRow: Encodable {
  let epoch: Int
  let loss, accuracy, testLoss, testAccuracy: Double
  let lossScale, skipped, macs: Int
  let seconds, gmacs: Double

  init(_ r: EpochRecord) {
    (epoch, loss, accuracy, testLoss, testAccuracy) = (r.epoch, r.loss, r.accuracy, r.testLoss, r.testAccuracy)
    (lossScale, skipped, macs, seconds, gmacs) = (r.lossScale, r.skipped, r.macs, r.seconds, r.gmacs)
  }

  static let columns = ["epoch", "loss", "accuracy", "testLoss", "testAccuracy", "lossScale", "skipped", "macs", "seconds", "gmacs"]
  var fields: [String] {
    ["\(epoch)"] + [loss, accuracy, testLoss, testAccuracy].map(\.shortDescription) + ["\(lossScale)", "\(skipped)", "\(macs)"]
      + [seconds, gmacs].map(\.shortDescription)
  }

  private static let widths = [5, 8, 9, 10, 14, 11, 8, 8, 8]
  static let head = aligned(["epoch", "loss", "correct", "test loss", "test correct", "loss scale", "skipped", "seconds", "G MAC/s"])
  var line: String {
    EpochRow.aligned([
      "\(epoch)", loss.significant(4), EpochRow.percent(accuracy), testLoss.significant(4), EpochRow.percent(testAccuracy), "2^\(lossScale)", "\(skipped)",
      seconds.significant(3), gmacs.significant(3),
    ])
  }

  /// (NaN where every step was left out, for what overflowed.)
  private static func percent(_ share: Double) -> String {
    guard share.isFinite else { return "-" }
    let hundredths = Int((10_000 * share).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100) %"
  }

  /// Rows are printed as they come, so their widths are fixed.
  private static func aligned(_ cells: [String]) -> String {
    zip(cells, widths).map { cell, width in String(repeating: " ", count: max(1, width + 1 - cell.count)) + cell }.joined()
  }
}

/// The whole run.
struct TrainingReport: Encodable {
  let schema = "fmtlab.train/1"
  let model, activation, softmax, data, method: String
  /// The size of circulant blocks, if there are some.
  let circulant: Int?
  let policy: PrecisionPolicy
  let epochs, batch: Int
  let rate, momentum, decay: Double
  let schedule: String
  let seed: UInt64
  let weights, macsPerImage: Int
  let history: [EpochRow]
  /// What was predicted of the run; `nil` if nothing was.
  let predictions: [TheoryReport]?

  init(_ trainer: Trainer, _ predictions: [TheoryReport]?) {
    self.predictions = predictions
    let plan = trainer.plan
    (activation, softmax, circulant) = (plan.options.activation.rawValue, "\(plan.options.softmax)", plan.options.circulant)
    (model, data, method, policy, epochs, batch) = (plan.model.rawValue, plan.data, plan.method.rawValue, plan.policy, plan.epochs, plan.batch)
    (rate, momentum, decay, schedule, seed) = (plan.rate, plan.momentum, plan.decay, plan.schedule.rawValue, plan.seed)
    (weights, macsPerImage, history) = (trainer.weightCount, trainer.macsPerImage, trainer.history.map(EpochRow.init))
  }

  var figure: Figure {
    func series(_ name: String, _ style: Figure.Style, _ y: (EpochRow) -> Double) -> Figure.Series {
      Figure.Series(name, history.map { (Double($0.epoch), y($0)) }, style)
    }
    return Figure(
      title: "\(model) on \(data), policy \(policy.name), seed \(seed)", x: .init("epoch"), y: .init("cross-entropy; share classified wrong", .log10),
      series: [
        series("loss, training", .measured) { $0.loss }, series("loss, test", .measured) { $0.testLoss },
        series("wrong, training", .bound) { 1 - $0.accuracy }, series("wrong, test", .bound) { 1 - $0.testAccuracy },
      ])
  }
}

extension PrecisionPolicy {
  /// Every plain format that it names.
  var formats: [Format] {
    [weights, activations, errors].compactMap { if case .plain(let rounder) = $0 { rounder.format } else { nil } }
      + [forward, backwardData, backwardWeights].flatMap { $0.plan.rounders.map(\.format) }
  }

  /// In words.
  var summary: String {
    let factors = weights == activations && activations == errors ? "W, X and dY in \(weights)" : "W in \(weights), X in \(activations), dY in \(errors)"
    let same = forward == backwardData && forward == backwardWeights
    let sums = same ? "sums in \(forward)" : "sums of Y in \(forward), of dX in \(backwardData), of dW in \(backwardWeights)"
    var parts = ["\(name): \(factors)", sums, "weights kept in \(storedWeights)", "the rest in \(elementwise)"]
    if let weightErrors { parts.insert("dY for dW in \(weightErrors)", at: 1) }
    if update != .plain { parts.append("update \(update.rawValue)") }
    if let offsetBits, let strongConvexity { parts.append("offsets of \(offsetBits) bits for curvatures from \(strongConvexity.shortDescription)") }
    if lossScale != .none { parts.append("loss scale \(lossScale)") }
    if let averageFrom { parts.append("averaged from \(averageFrom.shortDescription) of the run on") }
    if !layers.isEmpty { parts.append("\(layers.count) layer rules") }
    if !schedule.isEmpty { parts.append("\(schedule.count) changes during the run") }
    return parts.joined(separator: "; ")
  }
}
