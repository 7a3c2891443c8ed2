// SPDX-License-Identifier: Apache-2.0
// Work on all cores with results in order, and how far it is.

internal import Dispatch
internal import Synchronization

/// Whether work may use all cores. The results are the same bits either way.
public enum Parallelism: Sendable {
  case allCores, oneThread
}

/// Reports how far long work is, as a fraction of 1; silent by default.
public struct Progress: Sendable {
  let report: (@Sendable (_ fraction: Double) -> Void)?

  public static let silent = Progress(report: nil)

  /// Calls `report` with the finished fraction, at most every 100 ms and from one thread at a time.
  public init(report: (@Sendable (_ fraction: Double) -> Void)?) { self.report = report }

  /// The progress of a part of the work: its fraction f is the fraction `start + share · f` of the whole.
  public func part(from start: Double, share: Double) -> Progress {
    guard let report else { return .silent }
    return Progress { report(start + share * $0) }
  }
}

/// `body(0), …, body(count − 1)`, in order, computed on the cores that `parallelism` allows.
///
/// - Complexity: count calls; one array.
func parallelMap<T: Sendable>(
  _ count: Int, _ parallelism: Parallelism, progress: Progress = .silent, _ body: @Sendable (Int) -> T
) -> [T] {
  let meter = Meter(total: count, progress)
  if parallelism == .oneThread {
    return (0..<count).map { i in
      defer { meter.advance() }
      return body(i)
    }
  }
  return Array(unsafeUninitializedCapacity: count) { buffer, initialized in
    // Each index is written by exactly one iteration.
    nonisolated(unsafe) let slots = buffer
    DispatchQueue.concurrentPerform(iterations: count) { i in
      slots.initializeElement(at: i, to: body(i))
      meter.advance()
    }
    initialized = count
  }
}

/// Counts finished items and reports seldom.
private final class Meter: Sendable {
  private let total: Int
  private let progress: Progress
  private let state = Mutex((done: 0, last: DispatchTime.now()))

  init(total: Int, _ progress: Progress) { (self.total, self.progress) = (total, progress) }

  func advance() {
    guard let report = progress.report else { return }
    state.withLock { state in
      state.done += 1
      let now = DispatchTime.now()
      guard now.uptimeNanoseconds - state.last.uptimeNanoseconds >= 100_000_000 || state.done == total else { return }
      state.last = now
      report(Double(state.done) / Double(total))
    }
  }
}
