// SPDX-License-Identifier: Apache-2.0
// The embedded real data: images of handwritten digits and the weights of a linear classifier for them.

/// The digits data set: 1797 images of 8 x 8 pixels with values 0 to 16, and ten rows of classifier weights.
public enum Digits {
  /// Shape: 1797 × 64, row-major, integers from 0 to 16.
  public static let images: [[Double]] = lines.map { $0.pixels }
  /// Shape: 1797, from 0 to 9.
  public static let labels: [Int] = lines.map { $0.label }

  private static let lines: [(pixels: [Double], label: Int)] = imageLines.withUTF8Buffer { bytes in
    bytes.split(separator: UInt8(ascii: "\n")).map { line in
      let pixels = line.prefix(64).map { byte in
        Double(byte <= UInt8(ascii: "9") ? byte - UInt8(ascii: "0") : byte - UInt8(ascii: "A") + 10)
      }
      return (pixels, Int(line.last! - UInt8(ascii: "0")))
    }
  }

  /// Index of the largest logit of an image, the classifier's answer.
  public static func classify(_ image: [Double], weights: [[Double]] = weights) -> Int {
    let logits = weights.map { row in zip(row, image).reduce(0) { $0 + $1.0 * $1.1 } }
    return logits.indices.max { logits[$0] < logits[$1] }!
  }
}
