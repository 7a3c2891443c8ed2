// SPDX-License-Identifier: Apache-2.0
// Layers that work on each number, each window or each channel by itself: activation functions, pooling, batch norm; and residual blocks.

package import Formats
package import Lab

/// y = φ(x), rounded once to the elementwise format; dx = φ′(x) dy likewise.
package final class ActivationLayer: Layer {
  package let name: String
  package let function: ActivationFunction
  private var kept: Planes?

  package init(_ name: String, _ function: ActivationFunction) { (self.name, self.function) = (name, function) }

  package func forward(_ x: Planes, _ pass: Pass) -> Planes {
    if function == .relu {
      // No rounding is needed, and y tells what x was. (NaN stays.)
      let y = Planes(
        x.shape, count: x.count,
        x.values.withUnsafeBufferPointer { x in
          nonisolated(unsafe) let x = x
          return generate(x.count, pass.parallelism) { y, part in for i in part { y[i] = x[i] <= 0 ? 0 : x[i] } }
        })
      if pass.isTraining { kept = y }
      return y
    }
    if pass.isTraining { kept = x }
    let f = function
    return pass.rounded(x.map(pass.parallelism) { f($0) }, "\(name).output")
  }

  package func backward(_ dy: Planes, _ pass: Pass) -> Planes {
    guard let kept else { preconditionFailure("backward before forward") }
    if function == .relu {
      let dx = kept.values.withUnsafeBufferPointer { y in
        dy.values.withUnsafeBufferPointer { dy in
          nonisolated(unsafe) let (y, dy) = (y, dy)
          return generate(y.count, pass.parallelism) { dx, part in
            for i in part {
              // (Read in any case, so that there is no jump.)
              let gradient = dy[i]
              dx[i] = y[i] > 0 ? gradient : 0
            }
          }
        }
      }
      return Planes(dy.shape, count: dy.count, dx)
    }
    let f = function
    return pass.rounded(kept.map(dy, pass.parallelism) { f.derivative($0) * $1 }, "\(name).gradient")
  }
}

/// The largest number, or the mean, of each window of size × size numbers, windows side by side; what does not fill one is left out.
package final class PoolingLayer: Layer {
  package enum Kind { case largest, mean }

  package let name: String
  package let kind: Kind
  /// `nil`: the whole plane.
  package let size: Int?
  private var kept: (shape: ImageShape, chosen: [Int32])?

  package init(_ name: String, _ kind: Kind, size: Int?) { (self.name, self.kind, self.size) = (name, kind, size) }

  private func window(_ shape: ImageShape) -> (height: Int, width: Int) { size.map { ($0, $0) } ?? (shape.height, shape.width) }

  package func output(_ input: ImageShape) -> ImageShape {
    let w = window(input)
    return ImageShape(input.channels, input.height / w.height, input.width / w.width)
  }

  package func forward(_ x: Planes, _ pass: Pass) -> Planes {
    let (shape, out, w) = (x.shape, output(x.shape), window(x.shape))
    let (count, plane) = (out.count * x.count, out.height * out.width)
    /// Where the window of an output begins.
    @Sendable func first(_ at: Int) -> Int {
      let (image, place) = at.quotientAndRemainder(dividingBy: plane)
      return (image * shape.height + place / out.width * w.height) * shape.width + place % out.width * w.width
    }
    var (y, chosen) = ([Double](), [Int32]())
    x.values.withUnsafeBufferPointer { x in
      nonisolated(unsafe) let x = x
      switch kind {
      case .largest:
        let width = out.width
        chosen = generate(count, pass.parallelism, grain: max(1, (1 << 13) / width) * width) { to, part in
          for row in part.lowerBound / width..<part.upperBound / width {
            let start = first(row * width)
            for column in 0..<width {
              let first = start + column * w.width
              var (best, largest) = (first, x[first])
              for i in 0..<w.height {
                for index in first + i * shape.width..<first + i * shape.width + w.width {
                  // (A NaN is chosen and stays.)
                  let isChosen = x[index] > largest || x[index].isNaN
                  (best, largest) = (isChosen ? index : best, isChosen ? x[index] : largest)
                }
              }
              to[row * width + column] = Int32(best)
            }
          }
        }
        y = chosen.withUnsafeBufferPointer { chosen in
          nonisolated(unsafe) let chosen = chosen
          return generate(count, pass.parallelism) { y, part in for i in part { y[i] = x[Int(chosen[i])] } }
        }
      case .mean:
        y = generate(count, pass.parallelism) { to, part in
          for at in part {
            let first = first(at)
            var sum = 0.0
            for i in 0..<w.height {
              for index in first + i * shape.width..<first + i * shape.width + w.width { sum += x[index] }
            }
            to[at] = sum / Double(w.height * w.width)
          }
        }
      }
    }
    if pass.isTraining { kept = (shape, chosen) }
    let result = Planes(out, count: x.count, y)
    return kind == .largest ? result : pass.rounded(result, "\(name).output")
  }

  package func backward(_ dy: Planes, _ pass: Pass) -> Planes {
    guard let (shape, chosen) = kept else { preconditionFailure("backward before forward") }
    var dx = [Double](repeating: 0, count: shape.count * dy.count)
    if kind == .largest {
      // (Windows lie apart.)
      dy.values.withUnsafeBufferPointer { dy in
        nonisolated(unsafe) let dy = dy
        update(&dx, chosen.count, grain: 1 << 15, pass.parallelism) { dx, part in for at in part { dx[Int(chosen[at])] = dy[at] } }
      }
      return Planes(shape, count: dy.count, dx)
    }
    let (out, w) = (dy.shape, window(shape))
    for image in 0..<shape.channels * dy.count {
      for y in 0..<out.height * w.height {
        for x in 0..<out.width * w.width {
          let gradient = dy.values[(image * out.height + y / w.height) * out.width + x / w.width]
          dx[(image * shape.height + y) * shape.width + x] = gradient / Double(w.height * w.width)
        }
      }
    }
    return pass.rounded(Planes(shape, count: dy.count, dx), "\(name).gradient")
  }
}

/// y = γ (x − μ) / √(σ² + 10⁻⁵) + β for each channel, with the minibatch's mean and variance while training, and with running ones after.
///
/// - Rounding: statistics in binary64; y and dx once to the elementwise format.
/// - Source: Ioffe and Szegedy, "Batch normalization", ICML 2015.
package final class BatchNormLayer: Layer {
  package let name: String
  package let scale, shift, mean, variance: Parameter
  private var kept: (normalised: Planes, inverse: [Double])?

  package init(_ name: String, channels: Int) {
    self.name = name
    scale = Parameter("\(name).scale", Array(repeating: 1, count: channels))
    shift = Parameter("\(name).shift", Array(repeating: 0, count: channels))
    mean = Parameter("\(name).mean", Array(repeating: 0, count: channels))
    variance = Parameter("\(name).variance", Array(repeating: 1, count: channels))
  }

  package var parameters: [Parameter] { [scale, shift] }
  package var statistics: [Parameter] { [mean, variance] }

  private static let small = 1e-5
  /// Weight of a minibatch in the running statistics.
  private static let rate = 0.1

  package func forward(_ x: Planes, _ pass: Pass) -> Planes {
    let (channels, row) = (x.shape.channels, x.rowCount)
    var (means, variances) = (mean.values, variance.values)
    if pass.isTraining {
      means = rowSums(x.values, rows: channels, pass.parallelism).map { $0 / Double(row) }
      variances = rowProducts(x.values, x.values, centre: means, pass.parallelism).map { $0 / Double(row) }
      let rate = BatchNormLayer.rate
      for c in 0..<channels {
        mean.values[c] += rate * (means[c] - mean.values[c])
        variance.values[c] += rate * (variances[c] * Double(row) / Double(max(row - 1, 1)) - variance.values[c])
      }
    }
    let inverse = variances.map { 1 / ($0 + BatchNormLayer.small).squareRoot() }
    let (gamma, beta) = (scale.values, shift.values)
    let centre = means
    let normalised = byChannel(x, x, pass) { c, x, _, to, part in
      let (centre, inverse) = (centre[c], inverse[c])
      for i in part { to[i] = (x[i] - centre) * inverse }
    }
    if pass.isTraining { kept = (normalised, inverse) }
    let y = byChannel(normalised, normalised, pass) { c, x, _, to, part in
      let (gamma, beta) = (gamma[c], beta[c])
      for i in part { to[i] = gamma * x[i] + beta }
    }
    return pass.rounded(consume y, "\(name).output")
  }

  package func backward(_ dy: Planes, _ pass: Pass) -> Planes {
    guard let (normalised, inverse) = kept else { preconditionFailure("backward before forward") }
    let (channels, row) = (dy.shape.channels, Double(dy.rowCount))
    let sums = rowSums(dy.values, rows: channels, pass.parallelism)
    let weighted = rowProducts(dy.values, normalised.values, centre: Array(repeating: 0, count: channels), pass.parallelism)
    (shift.gradient, scale.gradient) = (sums, weighted)
    let gamma = scale.values
    let dx = byChannel(dy, normalised, pass) { c, dy, x, to, part in
      let (factor, mean, weighted) = (gamma[c] * inverse[c], sums[c] / row, weighted[c])
      for i in part { to[i] = factor * (dy[i] - mean - x[i] * weighted / row) }
    }
    return pass.rounded(consume dx, "\(name).gradient")
  }

  /// Numbers that `body` makes of those of x and y, channel after channel.
  private func byChannel(
    _ x: Planes, _ y: Planes, _ pass: Pass,
    _ body: @Sendable (_ c: Int, _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ to: UnsafeMutablePointer<Double>, Range<Int>) -> Void
  ) -> Planes {
    let row = max(x.rowCount, 1)
    return Planes(
      x.shape, count: x.count,
      x.values.withUnsafeBufferPointer { x in
        y.values.withUnsafeBufferPointer { y in
          nonisolated(unsafe) let (x, y) = (x, y)
          return generate(x.count, pass.parallelism, grain: row) { body($1.lowerBound / row, x.baseAddress!, y.baseAddress!, $0, $1) }
        }
      })
  }
}

/// Layers one after the other.
package final class ChainLayer: Layer {
  package let parts: [any Layer]

  package init(_ parts: [any Layer]) { self.parts = parts }

  package func output(_ input: ImageShape) -> ImageShape { parts.reduce(input) { $1.output($0) } }
  package func forward(_ x: Planes, _ pass: Pass) -> Planes { parts.reduce(x) { $1.forward($0, pass) } }
  package func backward(_ dy: Planes, _ pass: Pass) -> Planes { parts.reversed().reduce(dy) { $1.backward($0, pass) } }
}

/// y = f(x) + x, where x is taken at every `stride`-th place, with channels of zeros where f has more.
///
/// - Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016, shortcut A.
package final class ResidualLayer: Layer {
  package let name: String
  package let body: ChainLayer
  package let stride: Int

  package init(_ name: String, _ body: ChainLayer, stride: Int) { (self.name, self.body, self.stride) = (name, body, stride) }

  package var parts: [any Layer] { [body] }

  package func output(_ input: ImageShape) -> ImageShape { body.output(input) }

  package func forward(_ x: Planes, _ pass: Pass) -> Planes {
    var y = body.forward(x, pass)
    add(x, step: stride, to: &y, step: 1, extent: y.shape, pass)
    return pass.rounded(consume y, "\(name).output")
  }

  package func backward(_ dy: Planes, _ pass: Pass) -> Planes {
    var dx = body.backward(dy, pass)
    add(dy, step: 1, to: &dx, step: stride, extent: dy.shape, pass)
    return pass.rounded(consume dx, "\(name).gradient")
  }

  /// Adds numbers of x, `step` apart, to those of y, as many in each plane as `extent` has, for the channels that both have.
  private func add(_ x: Planes, step: Int, to y: inout Planes, step yStep: Int, extent: ImageShape, _ pass: Pass) {
    let (from, to, images) = (x.shape, y.shape, min(x.shape.channels, y.shape.channels) * x.count)
    let grain = max(1, (1 << 15) / max(extent.height * extent.width, 1))
    x.values.withUnsafeBufferPointer { x in
      nonisolated(unsafe) let x = x
      update(&y.values, images, grain: grain, pass.parallelism) { y, part in
        for image in part {
          for row in 0..<extent.height {
            let (first, target) = ((image * from.height + row * step) * from.width, (image * to.height + row * yStep) * to.width)
            for i in 0..<extent.width { y[target + i * yStep] += x[first + i * step] }
          }
        }
      }
    }
  }
}
