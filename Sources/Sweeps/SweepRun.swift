// SPDX-License-Identifier: Apache-2.0
// The work on a sweep, or on a part of it, cell by cell.

public import Formats
internal import Lab
internal import Synchronization
internal import Training

/// Part i of n of a sweep: the cells i − 1, i − 1 + n, …
public struct Shard: Hashable, Sendable, CustomStringConvertible {
  /// i, from 1 to n.
  public let index, count: Int

  /// - Parameter text: `i/n`, 1 ≤ i ≤ n.
  public init?(text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1], index >= 1, index <= count else { return nil }
    (self.index, self.count) = (index, count)
  }

  /// 1/1: every cell.
  public static let whole = Shard(text: "1/1")!

  public var description: String { "\(index)/\(count)" }

  /// Whether the cell is one of i − 1, i − 1 + n, ….
  public func contains(_ cell: SweepCell) -> Bool { cell.index % count == index - 1 }
}

/// Does the cells of a shard that are not done yet.
public final class SweepRun: Sendable {
  /// Whose cells are done.
  public let sweep: SweepDirectory
  /// Cells of the shard that were done before, and those to do.
  public let done: Int
  /// The cells to do.
  public let pending: [SweepCell]
  private let images: [String: DataSet]
  /// Those that were used last: cells of a layer follow each other.
  private let layers = Mutex([(files: LayerFiles, sample: LayerSample)]())
  private let state = Mutex((finished: 0, error: nil as (any Error)?))

  /// - Throws: `SweepError.directory` where a result is not one of the sweep's cell; `TrainingError.data` where images are missing.
  public init(_ sweep: SweepDirectory, _ shard: Shard = .whole) throws {
    let cells = sweep.cells.filter(shard.contains)
    self.sweep = sweep
    pending = try cells.filter { cell in
      switch sweep.state(cell) {
      case .complete: return false
      case .missing: return true
      case .strange(let reason): throw SweepError.directory(sweep.path, "\(reason); remove it, and run again.")
      }
    }
    done = cells.count - pending.count
    let names = Set(pending.compactMap { if case .training(let plan, _) = $0.work { plan.data } else { nil } })
    images = try Dictionary(uniqueKeysWithValues: names.map { ($0, try DataSet(text: $0)) })
  }

  /// Works on the cells, one a thread, and writes each result as it is known; any order gives the same files.
  ///
  /// - Parameter mayStop: asked between cells, and after each step of a training run, whose checkpoint is then written.
  /// - Returns: whether all cells are done.
  /// - Throws: the first error of a cell, such as a tensor that is not the one that was planned with; the others that were begun are finished.
  public func run(_ parallelism: Parallelism = .allCores, progress: Progress = .silent, mayStop: @escaping @Sendable () -> Bool = { false }) throws -> Bool {
    parallelParts(pending.count, grain: 1, parallelism, progress: progress) { range in
      for i in range where !mayStop() && state.withLock({ $0.error == nil }) {
        do { try work(on: pending[i], mayStop) } catch { state.withLock { $0.error = $0.error ?? error } }
      }
    }
    let (finished, error) = state.withLock { $0 }
    if let error { throw error }
    return finished == pending.count
  }

  private func sample(of files: LayerFiles) throws(SweepError) -> LayerSample {
    try layers.withLock { recent throws(SweepError) in
      if let known = recent.first(where: { $0.files == files }) { return known.sample }
      let sample = try files.sample()
      recent = recent.suffix(1) + [(files, sample)]
      return sample
    }
  }

  private func work(on cell: SweepCell, _ mayStop: @escaping @Sendable () -> Bool) throws {
    var (data, layer): (DataSet?, LayerSample?)
    if case .training(let plan, _) = cell.work { data = images[plan.data] }
    if case .layer(let files, _) = cell.work { layer = try sample(of: files) }
    let checkpoint = sweep.checkpoint(cell)
    guard case .finished(let row) = try cell.run(data, layer, checkpoint: checkpoint, mayStop: mayStop) else { return }
    try sweep.write(row, of: cell)
    SweepDirectory.remove(checkpoint)
    state.withLock { $0.finished += 1 }
  }
}
