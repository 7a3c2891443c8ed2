// SPDX-License-Identifier: Apache-2.0
// Work on all cores with results in order, and how far it is.

internal import Dispatch
internal import Synchronization

#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// Whether work may use all cores. The results are the same bits either way.
public enum Parallelism: Hashable, Sendable {
  /// As many threads as there are cores, or the one that calls.
  case allCores, oneThread
  /// As many as are asked for; 1 is `oneThread`.
  case threads(Int)

  /// Pieces of work that may be under way at once.
  package var width: Int {
    switch self {
    case .allCores: max(1, activeCores)
    case .oneThread: 1
    case .threads(let count): max(1, count)
    }
  }
}

/// Processors that this process may use.
private let activeCores = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))

/// Reports how far long work is, as a fraction of 1; silent by default.
public struct Progress: Sendable {
  package let report: (@Sendable (_ fraction: Double) -> Void)?

  /// Reports nothing.
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
package func parallelMap<T: Sendable>(
  _ count: Int, _ parallelism: Parallelism, progress: Progress = .silent, _ body: @Sendable (Int) -> T
) -> [T] {
  let meter = Meter(total: count, progress)
  if parallelism.width == 1 {
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

/// `body` on the parts of 0 ..< count, cut at multiples of `grain`, as many at once as `parallelism` says; parts are handed out as threads
/// become free.
package func parallelParts(
  _ count: Int, grain: Int, _ parallelism: Parallelism, progress: Progress = .silent, _ body: @Sendable (Range<Int>) -> Void
) {
  let grains = (count + grain - 1) / grain
  let meter = Meter(total: grains, progress)
  // One part at a time for each thread, so that seven threads are seven also where there are two cores.
  let next = Atomic(0)
  @Sendable func work() {
    while true {
      let part = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard part < grains else { return }
      body(part * grain..<min(count, (part + 1) * grain))
      meter.advance()
    }
  }
  let width = min(parallelism.width, grains)
  if width <= 1 { work() } else { DispatchQueue.concurrentPerform(iterations: width) { _ in work() } }
}

/// Counts finished items and reports seldom; `total` may be an estimate.
package final class Meter: Sendable {
  private let total: Int
  private let progress: Progress
  private let state = Mutex((done: 0, last: DispatchTime.now()))

  package init(total: Int, _ progress: Progress) { (self.total, self.progress) = (total, progress) }

  package func advance(by count: Int = 1) {
    guard let report = progress.report else { return }
    state.withLock { state in
      state.done += count
      let now = DispatchTime.now()
      guard now.uptimeNanoseconds - state.last.uptimeNanoseconds >= 100_000_000 || state.done >= total else { return }
      state.last = now
      report(min(1, Double(state.done) / Double(total)))
    }
  }
}
