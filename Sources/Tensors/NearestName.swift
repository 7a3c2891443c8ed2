// SPDX-License-Identifier: Apache-2.0
// The name that someone who mistyped probably meant.

/// The candidate with the fewest edits (insertions, deletions, substitutions of a byte) from `name`,
/// the first of several; `nil` if that takes more than a third of the length n of `name`: (n + 1) / 3.
///
/// - Complexity: O(length²) a candidate of about the same length, O(1) for all others.
func nearestName(to name: String, among candidates: [String]) -> String? {
  let name = Array(name.utf8)
  let limit = (name.count + 1) / 3
  let near = candidates.filter { abs($0.utf8.count - name.count) <= limit }
  let best = near.map { (candidate: $0, edits: edits(name, Array($0.utf8))) }.min { $0.edits < $1.edits }
  return best.flatMap { $0.edits <= limit ? $0.candidate : nil }
}

/// The Levenshtein distance, row by row: `row[j]` is the distance of the first i of `a` from the first j of `b`.
private func edits(_ a: [UInt8], _ b: [UInt8]) -> Int {
  var row = Array(0...b.count)
  for i in a.indices {
    var diagonal = row[0]
    row[0] = i + 1
    for j in b.indices {
      let substituted = diagonal + (a[i] == b[j] ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
