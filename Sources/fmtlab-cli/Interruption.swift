// SPDX-License-Identifier: Apache-2.0
// What SIGINT and SIGTERM do to long work.

import Glibc
import Synchronization

private let interrupted = Atomic(false)

/// Ends the program, as a handler of signals may.
private func stop(_ text: StaticString) {
  _ = Glibc.write(2, text.utf8Start, text.utf8CodeUnitCount)
  _exit(75)
}

/// The first SIGINT or SIGTERM. The next one always ends the program.
enum Interruption {
  static var hasCome: Bool { interrupted.load(ordering: .relaxed) }

  /// Makes the signal known to `hasCome`, and lets the work end.
  static func await() { handle { _ in interrupted.store(true, ordering: .relaxed) } }

  /// What goes on with work that was stopped.
  enum Continuation {
    case again, resume
  }

  /// Makes the signal end the program there and then, with status 75.
  static func exitAtOnce(_ continuation: Continuation) {
    switch continuation {
    case .again: handle { _ in stop("error: stopped; what is done is kept: run the same command again to go on.\n") }
    case .resume: handle { _ in stop("error: stopped; what is done is kept: run the same command with --resume to go on.\n") }
    }
  }

  /// The signals end the program again.
  static func release() { handle(SIG_DFL) }

  private static func handle(_ handler: __sighandler_t?) {
    var action = sigaction()
    action.__sigaction_handler.sa_handler = handler
    action.sa_flags = SA_RESTART | Int32(bitPattern: UInt32(SA_RESETHAND))
    for number in [SIGINT, SIGTERM] { sigaction(number, &action, nil) }
  }
}
