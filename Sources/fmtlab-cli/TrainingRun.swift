// SPDX-License-Identifier: Apache-2.0
// A training run as a command: progress, checkpoints, interruptions, and a table that grows.

import FmtLab
import FoundationEssentials
import Glibc

struct TrainingRun {
  private let trainer: Trainer
  private let checkpoint, history: String?
  private let output: OutputOptions

  init(_ trainer: Trainer, checkpoint: String?, history: String?, _ output: OutputOptions) {
    (self.trainer, self.checkpoint, self.history, self.output) = (trainer, checkpoint, history, output)
  }

  /// Trains to the end.
  ///
  /// - Throws: `Failure` of status 75 when it was interrupted and written down.
  func run() throws {
    if checkpoint != nil { Interruption.await() }
    defer { Interruption.release() }
    let isText = !output.json && !output.csv
    if isText { printHead() }
    if output.csv { Output.csv(EpochRow.columns) }
    trainer.history.forEach(show)
    let line = TrainingLine(trainer, output)
    while !trainer.isFinished {
      let record: EpochRecord?
      do throws(TrainingError) {
        record = try trainer.runEpoch(progress: line.show, mayStop: { Interruption.hasCome })
      } catch {
        line.end()
        throw error
      }
      line.end()
      if let checkpoint { try trainer.save(checkpoint) }
      if let record {
        show(record)
        if let history { try write(history) }
        if isText || output.csv { Output.flush() }
      }
      guard !Interruption.hasCome || trainer.isFinished else {
        Output.flush()
        throw Failure(
          status: 75, message: "stopped after \(trainer.progressText), written to \(checkpoint ?? ""); run the same command again to go on.")
      }
    }
  }

  private func show(_ record: EpochRecord) {
    let row = EpochRow(record)
    if output.csv { Output.csv(row.fields) } else if !output.json { Output.print(row.line) }
  }

  private func printHead() {
    let (plan, data) = (trainer.plan, trainer.data)
    Output.facts([
      ("model", "\(plan.model.rawValue): \(([plan.model.summary] + plan.options.summary).joined(separator: ", ")); \(trainer.weightCount) weights, \(trainer.macsPerImage) multiply-adds an image forwards"),
      ("data", "\(plan.data): \(data.training.count) images of \(data.shape.height) x \(data.shape.width) to train, \(data.test.count) to test, \(data.classes) classes"),
      ("policy", plan.policy.summary),
      ("optimiser", "\(plan.method.rawValue.uppercased()), rate \(plan.rate.shortDescription) (\(plan.schedule.rawValue)), momentum \(plan.momentum.shortDescription), weight decay \(plan.decay.shortDescription), batches of \(plan.batch), seed \(plan.seed)"),
    ], indent: 0)
    Output.print("")
    Output.print(EpochRow.head)
  }

  /// A line of JSON for each epoch, whole or not at all.
  private func write(_ path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    var lines = Data()
    for record in trainer.history {
      lines.append(try encoder.encode(EpochRow(record)))
      lines.append(UInt8(ascii: "\n"))
    }
    do { try lines.write(to: URL(filePath: path), options: .atomic) } catch { throw Failure.file("cannot write \(path): \(Output.reason(errno)).") }
  }
}

/// A line on standard error, when that is a terminal: where the epoch is, its loss, its speed, the time to the end of the run.
private struct TrainingLine {
  let show: (_ step: Int, _ loss: Double) -> Void
  private let isShown: Bool

  init(_ trainer: Trainer, _ output: OutputOptions) {
    isShown = !output.quiet && isatty(2) == 1
    guard isShown else {
      show = { _, _ in }
      return
    }
    let (clock, steps, epochs) = (ContinuousClock(), trainer.stepsPerEpoch, trainer.plan.epochs)
    var (first, last) = (nil as (time: ContinuousClock.Instant, steps: Int)?, nil as ContinuousClock.Instant?)
    show = { step, loss in
      let now = clock.now
      let done = trainer.epochsDone * steps + step
      guard let start = first else {
        first = (now, done)
        return
      }
      guard last.map({ (now - $0) / .seconds(1) > 0.1 }) ?? true, done > start.steps else { return }
      last = now
      let perStep = (now - start.time) / .seconds(1) / Double(done - start.steps)
      let left = Int((perStep * Double(epochs * steps - done)).rounded(.up))
      let images = Int(Double(trainer.plan.batch) / perStep)
      Output.write("\repoch \(trainer.epochsDone + 1) of \(epochs), \(100 * step / steps) %: loss \(loss.significant(4)), \(images) images/s, \(left) s left\u{1b}[K")
    }
  }

  func end() { if isShown { Output.write("\r\u{1b}[K") } }
}
