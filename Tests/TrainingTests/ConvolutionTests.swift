// SPDX-License-Identifier: Apache-2.0
// The products of layers against loops that are written from the definition.

import Formats
import Testing
import Training

/// A case of the tests.
struct Convolution: Sendable, CustomTestStringConvertible {
  let input: ImageShape
  let outputs: Int
  let height, width, stride, padding: Int

  init(_ input: ImageShape, _ outputs: Int, _ height: Int, _ width: Int, stride: Int = 1, padding: Int = 0) {
    (self.input, self.outputs, self.height, self.width, self.stride, self.padding) = (input, outputs, height, width, stride, padding)
  }

  var testDescription: String { "\(input) by \(outputs) × \(height) × \(width), stride \(stride), padding \(padding)" }

  func layer() -> LinearLayer { GradientTests.linear(input, outputs, kernel: (height, width), stride: stride, padding: padding) }

  static let all = [
    Convolution(ImageShape(3, 4, 6), 2, 1, 1), Convolution(ImageShape(2, 5, 4), 3, 1, 1, stride: 2), Convolution(ImageShape(1, 5, 6), 2, 3, 3),
    Convolution(ImageShape(3, 4, 5), 2, 3, 3, padding: 1), Convolution(ImageShape(2, 6, 7), 3, 3, 3, stride: 2, padding: 1),
    Convolution(ImageShape(2, 7, 5), 2, 3, 3, stride: 2), Convolution(ImageShape(2, 3, 4), 2, 3, 3, padding: 2),
    Convolution(ImageShape(2, 6, 5), 2, 5, 5, padding: 2), Convolution(ImageShape(1, 9, 8), 2, 5, 5, stride: 2, padding: 2),
    Convolution(ImageShape(2, 7, 6), 2, 5, 5, stride: 2, padding: 1), Convolution(ImageShape(2, 5, 6), 2, 3, 2, padding: 1),
    Convolution(ImageShape(2, 8, 8), 2, 3, 3, stride: 3, padding: 1), Convolution(ImageShape(3, 2, 3), 4, 2, 3), Convolution(ImageShape(6), 4, 1, 1),
    Convolution(ImageShape(2, 3, 3), 2, 3, 3, padding: 1), Convolution(ImageShape(2, 4, 4), 3, 2, 2, stride: 2),
  ]

  /// Visits the terms of the convolution of `count` images: indices of y (o, n, y, x), w (o, c, i, j) and x (c, n, y, x), for each number of y in
  /// the order (c, i, j).
  func visit(_ count: Int, _ body: (_ y: Int, _ w: Int, _ x: Int) -> Void) {
    let high = (input.height + 2 * padding - height) / stride + 1, wide = (input.width + 2 * padding - width) / stride + 1
    for o in 0..<outputs {
      for n in 0..<count {
        for y in 0..<high {
          for x in 0..<wide {
            for c in 0..<input.channels {
              for i in 0..<height {
                for j in 0..<width {
                  let (row, column) = (y * stride + i - padding, x * stride + j - padding)
                  guard row >= 0, row < input.height, column >= 0, column < input.width else { continue }
                  body(
                    ((o * count + n) * high + y) * wide + x, ((o * input.channels + c) * height + i) * width + j,
                    ((c * count + n) * input.height + row) * input.width + column)
                }
              }
            }
          }
        }
      }
    }
  }
}

@Suite struct ConvolutionTests {
  static let count = 3

  /// Small integers, whose sums are exact: all three products are those of the loops, also where the numbers are held in binary32.
  @Test(arguments: Convolution.all, ["fp64", "fp32", "bf16"])
  func productsOfIntegersAreExact(_ convolution: Convolution, name: String) {
    let (layer, random) = (convolution.layer(), RandomStream(seed: 11, "integers"))
    let w = integers(layer.weights.values.count, random.child("w")), bias = integers(convolution.outputs, random.child("b"))
    let x = integers(convolution.input.count * Self.count, random.child("x"))
    let output = layer.output(convolution.input), plane = output.height * output.width * Self.count
    let dy = integers(output.count * Self.count, random.child("dy"))
    layer.weights.values = w
    layer.bias!.values = bias

    var y = dy.indices.map { bias[$0 / plane] }
    var (dx, dw, db) = (x.map { _ in 0.0 }, w.map { _ in 0.0 }, bias.map { _ in 0.0 })
    convolution.visit(Self.count) {
      y[$0] += w[$1] * x[$2]
      dw[$1] += dy[$0] * x[$2]
      dx[$2] += dy[$0] * w[$1]
    }
    for (i, d) in dy.enumerated() { db[i / plane] += d }

    let pass = trainingPass(policy(name))
    #expect(layer.forward(Planes(convolution.input, count: Self.count, x), pass).values == y)
    #expect(layer.backward(Planes(output, count: Self.count, dy), pass).values == dx)
    #expect(layer.weights.gradient == dw)
    #expect(layer.bias!.gradient == db)
    #expect(pass.macs == 3 * layer.geometry.macs * Self.count)
  }

  /// In binary64 exact products are added with one rounding each, in the order (c, i, j), and then the bias.
  @Test(arguments: Convolution.all)
  func outputsAreFusedSumsInTheOrderOfTheTerms(_ convolution: Convolution) {
    let (layer, random) = (convolution.layer(), RandomStream(seed: 12, "order"))
    layer.bias!.values = numbers(convolution.outputs, random.child("b"))
    let x = numbers(convolution.input.count * Self.count, random.child("x"))
    let output = layer.output(convolution.input), plane = output.height * output.width * Self.count
    var y = [Double](repeating: 0, count: output.count * Self.count)
    convolution.visit(Self.count) { y[$0].addProduct(layer.weights.values[$1], x[$2]) }
    for i in y.indices { y[i] += layer.bias!.values[i / plane] }
    #expect(layer.forward(Planes(convolution.input, count: Self.count, x), trainingPass(policy("fp64"))).values == y)
  }

  /// The gradients of weights likewise, in the order (n, y, x) of the planes of dY.
  @Test(arguments: Convolution.all)
  func gradientsOfWeightsAreFusedSumsInTheOrderOfTheImages(_ convolution: Convolution) {
    let (layer, random) = (convolution.layer(), RandomStream(seed: 13, "order"))
    let x = numbers(convolution.input.count * Self.count, random.child("x"))
    let output = layer.output(convolution.input)
    let dy = numbers(output.count * Self.count, random.child("dy"))
    var dw = layer.weights.values.map { _ in 0.0 }
    convolution.visit(Self.count) { dw[$1].addProduct(dy[$0], x[$2]) }
    let pass = trainingPass(policy("fp64"))
    _ = layer.forward(Planes(convolution.input, count: Self.count, x), pass)
    _ = layer.backward(Planes(output, count: Self.count, dy), pass)
    #expect(layer.weights.gradient == dw)
  }

  /// A layer of blocks is the dense layer of the matrix that they stand for; integers, so that everything is exact.
  @Test func blockCirculantLayersAreDenseLayersOfTheirMatrix() {
    for (shape, outputs, block) in [(ImageShape(12), 8, 4), (ImageShape(7), 5, 3), (ImageShape(2, 3, 2), 6, 5), (ImageShape(3), 2, 8)] {
      let random = RandomStream(seed: 14, "blocks")
      let layer = BlockCirculantLayer("layer", input: shape, outputs: outputs, block: block, random: random)
      let dense = GradientTests.linear(shape, outputs)
      layer.weights.values = integers(layer.weights.values.count, random.child("w"))
      let wide = (shape.count + block - 1) / block
      /// Which weight stands at (o, t): that of the block, as many places below the diagonal.
      func place(_ o: Int, _ t: Int) -> Int {
        let below = o % block - t % block
        return ((o / block) * wide + t / block) * block + (below < 0 ? below + block : below)
      }
      for o in 0..<outputs { for t in 0..<shape.count { dense.weights.values[o * shape.count + t] = layer.weights.values[place(o, t)] } }
      let x = Planes(shape, count: Self.count, integers(shape.count * Self.count, random.child("x")))
      let dy = Planes(ImageShape(outputs), count: Self.count, integers(outputs * Self.count, random.child("dy")))
      for name in ["fp64", "fp32", "mxfp8"] {
        let pass = trainingPass(policy(name))
        #expect(layer.forward(x, pass).values == dense.forward(x, pass).values, "\(name), blocks of \(block)")
        #expect(layer.backward(dy, pass).values == dense.backward(dy, pass).values, "\(name), blocks of \(block)")
        var gradient = layer.weights.values.map { _ in 0.0 }
        for o in 0..<outputs { for t in 0..<shape.count { gradient[place(o, t)] += dense.weights.gradient[o * shape.count + t] } }
        #expect(layer.weights.gradient == gradient, "\(name), blocks of \(block)")
      }
    }
  }
}
