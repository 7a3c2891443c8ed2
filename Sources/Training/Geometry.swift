// SPDX-License-Identifier: Apache-2.0
// Convolutions as matrix products: which numbers of padded planes each dot product reads.

package import Formats

/// The extents of a convolution (a cross-correlation, as networks have it): out(o, y, x) = Σ w(o, c, i, j) in(c, s y + i − p, s x + j − p).
///
/// A dense layer is the convolution whose kernel is as large as its input: one output an image.
package struct Geometry: Hashable, Sendable {
  package let input: ImageShape
  package let outputs: Int
  package let kernelHeight, kernelWidth, stride, padding: Int

  package init(input: ImageShape, outputs: Int, kernelHeight: Int, kernelWidth: Int, stride: Int = 1, padding: Int = 0) {
    precondition(padding < min(kernelHeight, kernelWidth), "a border of \(padding) for a kernel of \(kernelHeight) by \(kernelWidth)")
    (self.input, self.outputs, self.stride, self.padding) = (input, outputs, stride, padding)
    (self.kernelHeight, self.kernelWidth) = (kernelHeight, kernelWidth)
  }

  package var output: ImageShape {
    ImageShape(outputs, (input.height + 2 * padding - kernelHeight) / stride + 1, (input.width + 2 * padding - kernelWidth) / stride + 1)
  }
  /// Terms of an output.
  package var terms: Int { input.channels * kernelHeight * kernelWidth }
  package var isDense: Bool { kernelHeight == input.height && kernelWidth == input.width && padding == 0 }
  /// Multiplications and additions of one product for one image.
  package var macs: Int { terms * output.count }

  // MARK: Forwards and to the weights

  private var paddedHeight: Int { input.height + 2 * padding }
  private var paddedWidth: Int { input.width + 2 * padding }

  /// The input with a border of zeros.
  package func padded<Number: CarrierNumber>(_ x: [Number], count: Int, _ parallelism: Parallelism) -> [Number] {
    spread(x, ImageShape(input.channels, input.height, input.width), count, to: (paddedHeight, paddedWidth), at: (padding, padding), step: 1, parallelism)
  }

  /// The patches of `padded` as the columns of a matrix: rows (c, i, j), columns (n, y, x).
  package func patches(count: Int) -> Offsets {
    let plane = paddedHeight * paddedWidth
    var rows: [Int32] = [], columns: [Int32] = []
    for c in 0..<input.channels {
      for i in 0..<kernelHeight { for j in 0..<kernelWidth { rows.append(Int32(c * count * plane + i * paddedWidth + j)) } }
    }
    let out = output
    for n in 0..<count {
      for y in 0..<out.height { for x in 0..<out.width { columns.append(Int32(n * plane + y * stride * paddedWidth + x * stride)) } }
    }
    return Offsets(rows, columns)
  }

  // MARK: Back to the input

  private var spreadHeight: Int { input.height + kernelHeight - 1 }
  private var spreadWidth: Int { input.width + kernelWidth - 1 }

  /// The gradients of the outputs with zeros between and around them, such that the gradient of the input is their convolution with the flipped
  /// kernel.
  package func spread<Number: CarrierNumber>(_ dy: [Number], count: Int, _ parallelism: Parallelism) -> [Number] {
    spread(
      dy, output, count, to: (spreadHeight, spreadWidth), at: (kernelHeight - 1 - padding, kernelWidth - 1 - padding), step: stride, parallelism)
  }

  /// The patches of `spread`: rows (o, i, j), columns (n, y, x) of the input.
  package func spreadPatches(count: Int) -> Offsets {
    let plane = spreadHeight * spreadWidth
    var rows: [Int32] = [], columns: [Int32] = []
    for o in 0..<outputs {
      for i in 0..<kernelHeight { for j in 0..<kernelWidth { rows.append(Int32(o * count * plane + i * spreadWidth + j)) } }
    }
    for n in 0..<count {
      for y in 0..<input.height { for x in 0..<input.width { columns.append(Int32(n * plane + y * spreadWidth + x)) } }
    }
    return Offsets(rows, columns)
  }

  /// The flipped kernel in the weights: rows c, columns (o, i, j).
  package var flippedWeights: Offsets {
    let kernel = kernelHeight * kernelWidth
    var columns: [Int32] = []
    for o in 0..<outputs {
      for i in 0..<kernel { columns.append(Int32(o * terms + kernel - 1 - i)) }
    }
    return Offsets((0..<input.channels).map { Int32($0 * kernel) }, columns)
  }

  /// Planes laid out in larger planes of zeros, from (y, x) = `at` on with `step` between neighbours.
  private func spread<Number: CarrierNumber>(
    _ x: [Number], _ shape: ImageShape, _ count: Int, to extent: (height: Int, width: Int), at: (y: Int, x: Int), step: Int,
    _ parallelism: Parallelism
  ) -> [Number] {
    let (plane, width) = (extent.height * extent.width, extent.width)
    let images = shape.channels * count
    return x.withUnsafeBufferPointer { x in
      nonisolated(unsafe) let x = x
      return generate(images * plane, parallelism, grain: max(1, (1 << 15) / plane) * plane) { (to: UnsafeMutablePointer<Number>, part) in
        to.advanced(by: part.lowerBound).initialize(repeating: 0, count: part.count)
        for image in part.lowerBound / plane..<part.upperBound / plane {
          for row in 0..<shape.height {
            let from = x.baseAddress! + (image * shape.height + row) * shape.width
            let target = to + image * plane + (at.y + row * step) * width + at.x
            if step == 1 {
              target.update(from: from, count: shape.width)
            } else {
              for i in 0..<shape.width { target[i * step] = from[i] }
            }
          }
        }
      }
    }
  }
}
