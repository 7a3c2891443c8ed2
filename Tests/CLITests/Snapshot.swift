// SPDX-License-Identifier: Apache-2.0
// Golden files: texts compared exactly with Snapshots/NAME.txt; FMTLAB_RECORD=1 rewrites them.

import Foundation
import Testing

func expectSnapshot(_ text: String, _ name: String, _ location: SourceLocation = #_sourceLocation) throws {
  let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Snapshots/\(name).txt")
  if ProcessInfo.processInfo.environment["FMTLAB_RECORD"] == "1" { return try Data(text.utf8).write(to: url) }
  guard let golden = try? String(contentsOf: url, encoding: .utf8) else {
    Issue.record("there is no \(url.path); record it with FMTLAB_RECORD=1", sourceLocation: location)
    return
  }
  guard text != golden else { return }
  let (new, old) = (text.split(separator: "\n", omittingEmptySubsequences: false), golden.split(separator: "\n", omittingEmptySubsequences: false))
  let i = zip(new, old).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(new.count, old.count)
  Issue.record(
    """
    \(name) changed in line \(i + 1):
    was: \(old.indices.contains(i) ? old[i] : "(the end)")
    is:  \(new.indices.contains(i) ? new[i] : "(the end)")
    If this is meant, run the tests once with FMTLAB_RECORD=1.
    """, sourceLocation: location)
}
