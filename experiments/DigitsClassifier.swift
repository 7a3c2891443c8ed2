// SPDX-License-Identifier: Apache-2.0
// Trains the linear digits classifier whose weights fmtlab embeds.

import FmtLab
import Glibc

/// Question: what do the weights of a real linear classifier look like, as the y of dot products?
/// Method: multinomial logistic regression on all 1797 digits in binary64, minimising the mean cross-entropy plus
/// (10⁻³ / 2)‖W‖² by Nesterov's method from W = 0 with a fixed step; no bias, so that a logit is one dot product of length 64.
/// Result: the ten rows, written as Sources/Lab/Data/DigitsWeights.swift.
enum DigitsClassifier {
  static let iterations = 1000
  static let decay = 1e-3
  /// 1 / L for the smoothness constant L ≤ mean ‖x‖² / 2 of the softmax cross-entropy, which is about 1920.
  static let step = 1.0 / 2000

  static func train() -> [[Double]] {
    var weights = [Double](repeating: 0, count: 640)
    var lookahead = weights
    let problem = ConvexProblem(
      .softmax(classes: 10), terms: 64, features: Digits.images.flatMap { $0 }, targets: Digits.labels.map(Double.init), decay: decay)
    for t in 0..<iterations {
      let gradient = problem.gradient(lookahead)
      let momentum = Double(t) / Double(t + 3)
      for i in weights.indices {
        let next = lookahead[i] - step * gradient[i]
        lookahead[i] = next + momentum * (next - weights[i])
        weights[i] = next
      }
    }
    return (0..<10).map { Array(weights[(64 * $0)..<(64 * $0 + 64)]) }
  }

  static func run(arguments: [String]) -> Int32 {
    let trained = train()
    let correct = zip(Digits.images, Digits.labels).count { Digits.classify($0, weights: trained) == $1 }
    print("training accuracy \(correct) of \(Digits.labels.count)")
    if arguments.first == "--check" {
      let difference = zip(trained.joined(), Digits.weights.joined()).map { abs($0 - $1) }.max()!
      print("largest difference from the embedded weights: \(difference)")
      return difference < 1e-9 ? 0 : 1
    }
    let rows = trained.map { row in
      "    [\n"
        + stride(from: 0, to: 64, by: 4).map { "      " + row[$0..<($0 + 4)].map { "\($0)" }.joined(separator: ", ") + "," }
        .joined(separator: "\n") + "\n    ],"
    }
    let text = """
      // SPDX-License-Identifier: Apache-2.0
      // Weights of the linear digits classifier, made by `swift run -c release experiments digits-classifier`.

      extension Digits {
        /// Shape: 10 × 64; row c gives the logit of digit c. Training accuracy \(correct) of \(Digits.labels.count).
        public static let weights: [[Double]] = [
      \(rows.joined(separator: "\n"))
        ]
      }

      """
    guard let file = fopen("Sources/Lab/Data/DigitsWeights.swift", "w") else {
      print("cannot write Sources/Lab/Data/DigitsWeights.swift; run this in the root of the package")
      return 1
    }
    fputs(text, file)
    return fclose(file)
  }
}
