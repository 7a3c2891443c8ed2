// SPDX-License-Identifier: Apache-2.0
// Training runs of experiments: what was measured is kept in a file, what is missing is trained.

import FmtLab
import FoundationEssentials
import Glibc
import Synchronization

/// A training run by what decides its numbers, and what it came to: a line of a file of runs.
struct TrainingRun: Codable, Sendable {
  /// What decides a run's numbers: those of `fmtlab train` with the same options, and its own rate 0.05 (cosine), momentum 0.9, weight decay 10⁻⁴.
  struct Setting: Codable, Hashable, Sendable {
    var model = Model.lenet
    var data = "fashion-mnist"
    /// Training images, from the first on; all test images are used.
    var images: Int
    var epochs: Int
    var batch = 64
    /// A policy's name.
    var policy: String
    /// In place of the policy's.
    var lossScale: LossScale?
    var seed: UInt64 = 1
  }

  let setting: Setting
  /// Mean cross-entropy and share classified right: over the last epoch as it was trained on, and over the test images after it.
  let loss, accuracy, testLoss, testAccuracy: Double?
  /// log₂ of the last loss scale, and steps left out in all.
  let lossScale, skipped: Int?
  /// What overflowed where, in a run that ended early; its accuracy is that of guessing.
  let diverged: String?
  /// Of one core.
  let processorSeconds: Double?

  /// Trains.
  ///
  /// - Throws: `PolicyError`, `TrainingError` but for divergence, which is a result.
  init(_ setting: Setting, _ data: DataSet) throws {
    var policy = try PrecisionPolicy(name: setting.policy)
    policy.lossScale = setting.lossScale ?? policy.lossScale
    let plan = TrainingPlan(model: setting.model, data: data.name, policy: policy, epochs: setting.epochs, batch: setting.batch, seed: setting.seed)
    let trainer = try Trainer(plan, data.first(setting.images), .oneThread)
    let start = TrainingRun.processorTime
    var cause: String?
    do throws(TrainingError) {
      while !trainer.isFinished {
        let record = try trainer.runEpoch(testing: trainer.epochsDone == setting.epochs - 1)
        // (A run of minutes says that it lives.)
        if let record, record.seconds > 60 {
          Experiments.note("\(setting.model.rawValue) in \(setting.policy): epoch \(record.epoch) of \(setting.epochs), loss \(record.loss.significant(4))")
        }
      }
    } catch {
      guard case .diverged = error else { throw error }
      cause = "\(error)"
    }
    (self.setting, diverged, processorSeconds) = (setting, cause, ((TrainingRun.processorTime - start) * 10).rounded() / 10)
    let last = cause == nil ? trainer.history.last : nil
    func kept(_ x: Double?) -> Double? { x.flatMap { $0.isFinite ? ($0 * 1e6).rounded() / 1e6 : nil } }
    (loss, accuracy, testLoss, testAccuracy) = (kept(last?.loss), kept(last?.accuracy), kept(last?.testLoss), kept(last?.testAccuracy))
    (lossScale, skipped) = (last?.lossScale, last.map { _ in trainer.history.reduce(0) { $0 + $1.skipped } })
  }
}

extension TrainingRun {
  /// Of this thread, in seconds.
  private static var processorTime: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}

/// The runs of several settings, from a file that grows as they are trained.
struct TrainingRuns: Sendable {
  private let runs: [TrainingRun.Setting: TrainingRun]

  /// Where the runs of the committed results are, relative to the root of the package.
  static let file = "experiments/training-runs.jsonl"

  /// Reads the file, trains what it lacks on all cores, one run a core, and appends each run to the file as it ends.
  ///
  /// With `--check` the file has to have all runs, and the quick ones are trained again: their numbers must be those of the file, bit for bit.
  ///
  /// - Throws: what reading, training and writing throw; `Problem` where a check fails.
  private static func complete(_ settings: [TrainingRun.Setting], quick: [TrainingRun.Setting], _ arguments: [String]) throws -> TrainingRuns {
    var known = read()
    let isCheck = arguments.contains("--check")
    var missing: [TrainingRun.Setting] = []
    for setting in settings + quick where known[setting] == nil && !missing.contains(setting) { missing.append(setting) }
    if isCheck && !missing.isEmpty { throw Problem(text: "\(file) lacks \(missing.count) runs, such as \(missing[0].policy); run without --check first") }
    let wanted = isCheck ? quick : missing
    let lock = Mutex(0)
    let sets = try Dictionary(uniqueKeysWithValues: Set(wanted.map(\.data)).map { ($0, try DataSet(text: $0)) })
    let results = parallelMap(wanted.count, .allCores) { i -> Result<TrainingRun, any Error> in
      Result {
        let run = try TrainingRun(wanted[i], sets[wanted[i].data]!)
        try lock.withLock { done in
          done += 1
          if !isCheck { try append(run) }
          Experiments.note("\(done) of \(wanted.count): \(run.summary)")
        }
        return run
      }
    }
    for result in results {
      let run = try result.get()
      if let old = known[run.setting], old.testLoss != run.testLoss || old.testAccuracy != run.testAccuracy || old.diverged != run.diverged {
        throw Problem(text: "\(run.summary), but \(file) has \(old.summary)")
      }
      known[run.setting] = run
    }
    return TrainingRuns(runs: known)
  }

  struct Problem: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
  }

  private static func read() -> [TrainingRun.Setting: TrainingRun] {
    guard let bytes = FileManager.default.contents(atPath: file) else { return [:] }
    // (A line cut short by an interruption is trained again.)
    let runs = bytes.split(separator: UInt8(ascii: "\n")).compactMap { try? JSONDecoder().decode(TrainingRun.self, from: $0) }
    return Dictionary(runs.map { ($0.setting, $0) }) { _, later in later }
  }

  private static func append(_ run: TrainingRun) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let line = try encoder.encode(run) + [UInt8(ascii: "\n")]
    let to = open(file, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    defer { close(to) }
    guard to >= 0, line.withUnsafeBytes({ write(to, $0.baseAddress, $0.count) }) == line.count else {
      throw Problem(text: "cannot write \(file); run from the root of the package")
    }
  }

  /// The run of a setting with another seed.
  subscript(_ setting: TrainingRun.Setting, seed: UInt64) -> TrainingRun { runs[TrainingRun.Setting(setting, seed: seed)]! }

  subscript(_ setting: TrainingRun.Setting) -> TrainingRun { runs[setting]! }

  /// Accuracies in per cent over seeds. A run that diverged has the accuracy of guessing one of ten.
  func accuracy(_ setting: TrainingRun.Setting, seeds: [UInt64]) -> Spread { Spread(seeds.map { 100 * (self[setting, $0].testAccuracy ?? 0.1) }) }

  /// By how many points of accuracy a setting is worse than another, seed by seed.
  func loss(_ setting: TrainingRun.Setting, than other: TrainingRun.Setting, seeds: [UInt64]) -> Estimate {
    Estimate(seeds.map { 100 * ((self[other, $0].testAccuracy ?? 0.1) - (self[setting, $0].testAccuracy ?? 0.1)) })
  }

  /// An experiment: its runs, what `table` prints of them, its claims and its picture.
  ///
  /// - Parameters:
  ///   - settings: with each of `seeds`; and `alone`, as they are.
  ///   - arguments: `--check`, `--plot FILE`.
  static func report(
    _ settings: [TrainingRun.Setting], _ seeds: [UInt64], alone: [TrainingRun.Setting] = [], _ arguments: [String],
    _ table: (TrainingRuns) throws -> (claims: [(String, Bool)], figure: Figure)
  ) -> Int32 {
    do {
      let wanted = seeds.flatMap { seed in settings.map { TrainingRun.Setting($0, seed: seed) } } + alone
      let (claims, figure) = try table(complete(wanted, quick: settings.map(\.quick), arguments))
      print("")
      for (claim, holds) in claims { print("\(holds ? "held:    " : "failed:  ")\(claim)") }
      if let at = arguments.firstIndex(of: "--plot"), at + 1 < arguments.count, let note = try figure.draw(arguments[at + 1]) {
        Experiments.note("note: \(note)")
      }
      return 0
    } catch {
      Experiments.note("error: \(error)")
      return 1
    }
  }
}

extension TrainingRun.Setting {
  init(_ setting: TrainingRun.Setting, seed: UInt64) {
    self = setting
    self.seed = seed
  }

  /// A run in the same arithmetic that takes a second.
  var quick: TrainingRun.Setting {
    var setting = self
    (setting.model, setting.data, setting.images, setting.epochs, setting.seed) = (.lenet, "digits", 640, 1, 1)
    return setting
  }
}

extension TrainingRun {
  var summary: String {
    let scale = setting.lossScale.map { ", scale \($0)" } ?? ""
    let result = diverged ?? "test accuracy \(testAccuracy.map { "\((100 * $0).significant(4)) %" } ?? "none"), loss \(testLoss?.significant(4) ?? "none")"
    return "\(setting.model.rawValue) in \(setting.policy)\(scale), seed \(setting.seed): \(result)"
  }
}

/// A sample's mean and standard deviation.
struct Spread: Sendable, CustomStringConvertible {
  let mean, deviation: Double
  let count: Int

  init(_ sample: [Double]) {
    let n = Double(sample.count), mean = sample.reduce(0, +) / n
    (self.mean, count) = (mean, sample.count)
    deviation = sample.count > 1 ? (sample.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (n - 1)).squareRoot() : 0
  }

  var description: String { "\(mean.significant(3)) ± \(deviation.significant(2))" }
}

extension Estimate {
  var text: String { "\(value.significant(2)) ± \(standardError.significant(2))" }
}
