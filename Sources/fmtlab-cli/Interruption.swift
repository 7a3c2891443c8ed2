// SPDX-License-Identifier: Apache-2.0
// What SIGINT and SIGTERM do to long work.

import Glibc
import Synchronization

private let interrupted = Atomic(false)

/// The first SIGINT or SIGTERM. The next one always ends the program.
enum Interruption {
  static var hasCome: Bool { interrupted.load(ordering: .relaxed) }

  /// Makes the signal known to `hasCome`, and lets the work end.
  static func await() { handle { _ in interrupted.store(true, ordering: .relaxed) } }

  /// Makes the signal end the program there and then, with status 75.
  static func exitAtOnce() {
    handle { _ in
      let text: StaticString = "error: stopped; what is done is kept: run the same command with --resume to go on.\n"
      _ = Glibc.write(2, text.utf8Start, text.utf8CodeUnitCount)
      _exit(75)
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
