// SPDX-License-Identifier: Apache-2.0
// A-posteriori bounds, from the partial results of one evaluation.

extension Bound {
  static let running: [Bound] = [
    Bound(
      id: "dot.running", statement: "|ŝ − s| ≤ Σ u|ŝ_v| over all roundings v, plus η/2 for each that can underflow", kind: .deterministic,
      hypotheses: [.noOverflow, .notTapered, .uncompensated],
      source: "Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, sec. 3.3",
      proof: "proofs/recursive-sums.md#running",
      theorems: ["RunningBound.tree_running_bound", "RunningBound.error_of_result", "RunningBound.error_of_result_on_grid", "RunningBound.directed_error_of_result"],
      formula: .running(\.results)),
    Bound(
      id: "dot.running-ulp", statement: "|ŝ − s| ≤ Σ ½ ulp(ŝ_v) over all roundings v; ulp instead of ½ ulp unless to nearest",
      kind: .deterministic,
      hypotheses: [.noOverflow, .notTapered, .uncompensated],
      source: "the error of a sum is the sum of its local errors", proof: "proofs/recursive-sums.md#running",
      theorems: ["RunningBound.tree_running_bound", "RunningBound.error_of_result_ulp", "RunningBound.directed_error_of_result_ulp"],
      formula: .running(\.ulps)),
  ]
}
