// SPDX-License-Identifier: Apache-2.0
// Names close to a misspelt one.

/// Up to three of the known names within a third of the text's letters of it, nearest first.
package func nearestNames(to text: String, among known: some Sequence<String>) -> [String] {
  // At least one character must be right.
  let limit = min(max(2, text.utf8.count / 3), text.utf8.count - 1)
  return known.map { (distance(text, $0.lowercased()), $0) }
    .filter { $0.0 <= limit }
    .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
    .prefix(3).map(\.1)
}

/// Levenshtein distance of the first 64 bytes. Complexity: O(mn).
private func distance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a.utf8.prefix(64)), Array(b.utf8))
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      (diagonal, row[j + 1]) = (row[j + 1], min(diagonal + (x == y ? 0 : 1), row[j] + 1, row[j + 1] + 1))
    }
  }
  return row[b.count]
}
