// SPDX-License-Identifier: Apache-2.0
// Dense layers whose weight matrix consists of circulant blocks.

package import Formats
package import Lab

/// Y = W X, where block (I, J) of W has at (i, j) the number w(I, J, (i − j) mod b): b weights instead of b².
///
/// Sizes that are no multiples of b are those of a larger matrix whose last rows and columns are left out, as if X were padded with zeros. The
/// products are those of the whole matrix, in the policy's arithmetic and in full length: what is emulated is the storage of such layers, and not
/// transforms that make their products shorter.
///
/// - Rounding: w, X and dY to their tensors' formats, each weight once however often W repeats it; groups of scaled formats run along the weights
///   of a row of blocks, and of blocks in a column for dX. Y, dX and the gradient of the whole matrix as their accumulators leave them; the
///   gradient of w is its sum over the places of w in W, in binary64.
/// - Complexity: three products of inputs × outputs multiplications and additions an image.
/// - Source: Ding et al., "CirCNN: accelerating and compressing deep neural networks using block-circulant weight matrices", MICRO 2017.
package final class BlockCirculantLayer: ProductLayer {
  package let name: String
  package let block: Int
  package let weights: Parameter
  package let geometry: Geometry
  package let bias: Parameter? = nil
  package var isFirst = false
  private var kept: Planes?

  /// - Parameter random: weights are drawn from N(0, 2 / inputs) by it (He).
  package init(_ name: String, input: ImageShape, outputs: Int, block: Int, random: RandomStream) {
    precondition(block > 0 && outputs > 0 && input.count > 0, "blocks of \(block) for \(input.count) inputs and \(outputs) outputs")
    (self.name, self.block) = (name, block)
    geometry = Geometry(input: input, outputs: outputs, kernelHeight: input.height, kernelWidth: input.width, stride: 1, padding: 0)
    let (deviation, draws) = ((2 / Double(input.count)).squareRoot(), random.child(name))
    let count = BlockCirculantLayer.blocks(outputs, block) * BlockCirculantLayer.blocks(input.count, block) * block
    weights = Parameter("\(name).weights", (0..<count).map { deviation * Distribution.normal.sample(draws, at: $0) }, decays: true)
  }

  package var parameters: [Parameter] { [weights] }

  package func output(_ input: ImageShape) -> ImageShape { geometry.output }

  private static func blocks(_ n: Int, _ block: Int) -> Int { (n + block - 1) / block }
  private var rowsOfBlocks: Int { BlockCirculantLayer.blocks(geometry.outputs, block) }
  private var blocksInRow: Int { BlockCirculantLayer.blocks(geometry.terms, block) }

  /// W in weights of which each block is there twice, one after the other: element (i, j) of a block is number b + i − j of its 2 b.
  private var matrix: Offsets {
    let b = block
    return Offsets(
      (0..<geometry.outputs).map { Int32($0 / b * blocksInRow * 2 * b + $0 % b) }, (0..<geometry.terms).map { Int32($0 / b * 2 * b + b - $0 % b) })
  }

  package func forward(_ x: Planes, _ pass: Pass) -> Planes {
    let arithmetic = pass.arithmetic[name]!
    let w = twice(arithmetic, axis: 1, pass)
    let input = operand(x.values, arithmetic.activations, rows: x.shape.channels, axis: 0, pass, "activations")
    let y = pass.product(name, .forward, w, matrix, input, geometry.patches(count: x.count), nominal: geometry.macs * x.count)
    if pass.isTraining { kept = x }
    return pass.rounded(Planes(geometry.output, count: x.count, y), "\(name).output")
  }

  package func backward(_ dy: Planes, _ pass: Pass) -> Planes {
    guard let x = kept else { preconditionFailure("backward before forward") }
    let arithmetic = pass.arithmetic[name]!
    let (g, count) = (geometry, dy.count)
    let columns = Offsets(rows: g.outputs, columns: count)
    pass.errors?[name] = MagnitudeHistogram(dy.values)

    // The gradient of all of W, dY Xᵀ, and that of w.
    let errors = operand(dy.values, arithmetic.weightErrors, rows: g.outputs, axis: 1, pass, "errors")
    let input = operand(x.values, arithmetic.activations, rows: g.input.channels, axis: 1, pass, "activations")
    let whole = pass.product(name, .backwardWeights, errors, columns, input, g.patches(count: count).transposed, nominal: g.macs * count)
    var gradient = [Double](repeating: 0, count: weights.values.count)
    for o in 0..<g.outputs {
      for t in 0..<g.terms {
        let first = (o / block * blocksInRow + t / block) * block
        gradient[first + (o % block - t % block + block) % block] += whole[o * g.terms + t]
      }
    }
    weights.gradient = gradient
    guard !isFirst else { return Planes(g.input, count: 0, []) }

    // dX = Wᵀ dY, whose rows (c, y, x) and columns n become planes (c, n, y, x).
    let dxErrors = operand(dy.values, arithmetic.errors, rows: g.outputs, axis: 0, pass, "errors")
    let w = twice(arithmetic, axis: 0, pass)
    let dx = pass.product(name, .backwardData, w, matrix.transposed, dxErrors, columns, nominal: g.macs * count)
    let plane = g.input.height * g.input.width
    let planes = dx.indices.map { i in dx[(i / (plane * count) * plane + i % plane) * count + i / plane % count] }
    return Planes(g.input, count: count, planes)
  }

  /// The rounded weights, each block twice.
  private func twice(_ arithmetic: LayerArithmetic, axis: Int, _ pass: Pass) -> Operand {
    operand(weights.values, arithmetic.weights, rows: rowsOfBlocks, axis: axis, pass, "weights") { [block] w in
      (0..<2 * w.count).map { w[$0 / (2 * block) * block + $0 % block] }
    }
  }

  /// Numbers rounded to a tensor's format, as a factor.
  private func operand(
    _ x: [Double], _ rounder: TensorRounder, rows: Int, axis: Int, _ pass: Pass, _ role: String, _ layOut: ([Double]) -> [Double] = { $0 }
  ) -> Operand {
    let rounded = rounder(x, rows: rows, axis: axis, pass.random.child(name).child(role), pass.parallelism)
    let operand = Operand(layOut(rounded), single: rounder.format.fitsBinary32, pass.parallelism)
    pass.noteOverflow(operand, "\(role) of \(name) in \(rounder.format): largest before rounding \(x.reduce(0) { max($0, abs($1)) })")
    return operand
  }
}
