// SPDX-License-Identifier: Apache-2.0
// Dense layers and convolutions: the three products of training, each with its formats and its accumulator.

package import Formats
package import Lab

/// Y = W ∗ X + b; dense where the kernel is as large as the input.
///
/// - Rounding: W, X and dY to their tensors' formats where they enter a product; Y, dX and dW as their accumulators leave them; Y + b once to
///   the elementwise format; db = Σ dY in binary64.
/// - Complexity: three products of `macs` multiplications and additions an image.
package final class LinearLayer: ProductLayer {
  package let name: String
  package let geometry: Geometry
  package let weights: Parameter
  package let bias: Parameter?
  package var isFirst = false
  private var kept: (x: Operand, raw: [Double]?, w: Operand)?
  private var offsets: (count: Int, patches: Offsets, spread: Offsets?)?

  /// - Parameter random: weights are drawn from N(0, 2 / terms) by it (He), biases are 0.
  package init(_ name: String, _ geometry: Geometry, hasBias: Bool, random: RandomStream) {
    (self.name, self.geometry) = (name, geometry)
    let deviation = (2 / Double(geometry.terms)).squareRoot()
    let draws = random.child(name)
    weights = Parameter("\(name).weights", (0..<geometry.outputs * geometry.terms).map { deviation * Distribution.normal.sample(draws, at: $0) }, decays: true)
    bias = hasBias ? Parameter("\(name).bias", Array(repeating: 0, count: geometry.outputs)) : nil
  }

  package var parameters: [Parameter] { [weights] + (bias.map { [$0] } ?? []) }

  package func output(_ input: ImageShape) -> ImageShape { geometry.output }

  package func forward(_ x: Planes, _ pass: Pass) -> Planes {
    let arithmetic = pass.arithmetic[name]!
    let g = geometry
    let w = operand(weights.values, arithmetic.weights, rows: g.outputs, axis: 1, pass, "weights")
    let input = padded(operand(x.values, arithmetic.activations, rows: x.shape.channels, axis: 0, pass, "activations"), x.count, pass)
    let offsets = offsets(count: x.count)
    var y = pass.product(name, .forward, w, Offsets(rows: g.outputs, columns: g.terms), input, offsets.patches, nominal: g.macs * x.count)
    if let bias {
      let (row, b) = (y.count / g.outputs, bias.values)
      update(&y, g.outputs, grain: max(1, (1 << 15) / max(row, 1)), pass.parallelism) { y, part in
        for o in part {
          let b = b[o]
          for i in o * row..<(o + 1) * row { y[i] += b }
        }
      }
    }
    if pass.isTraining { kept = (input, arithmetic.activations.format.dependsOnAxis ? x.values : nil, w) }
    return pass.rounded(Planes(g.output, count: x.count, consume y), "\(name).output")
  }

  package func backward(_ dy: Planes, _ pass: Pass) -> Planes {
    guard let kept else { preconditionFailure("backward before forward") }
    let arithmetic = pass.arithmetic[name]!
    let (g, count, row) = (geometry, dy.count, dy.rowCount)
    pass.errors?[name] = MagnitudeHistogram(dy.values)
    if let bias { bias.gradient = rowSums(dy.values, rows: g.outputs, pass.parallelism) }

    // dW = dY Xᵀ.
    let isSame = arithmetic.weightErrors.format == arithmetic.errors.format && !arithmetic.errors.format.dependsOnAxis
    let errors = operand(dy.values, arithmetic.weightErrors, rows: g.outputs, axis: 1, pass, "errors")
    let x = kept.raw.map { raw in
      padded(operand(raw, arithmetic.activations, rows: g.input.channels, axis: 1, pass, "activations"), count, pass)
    } ?? kept.x
    let offsets = offsets(count: count)
    weights.gradient = pass.product(
      name, .backwardWeights, errors, Offsets(rows: g.outputs, columns: row), x, offsets.patches.transposed, nominal: g.macs * count)
    guard !isFirst else { return Planes(g.input, count: 0, []) }

    // dX = Wᵀ dY, whose sums run over the outputs.
    let w = arithmetic.weights.format.dependsOnAxis ? operand(weights.values, arithmetic.weights, rows: g.outputs, axis: 0, pass, "weights") : kept.w
    let dxErrors = isSame ? errors : operand(dy.values, arithmetic.errors, rows: g.outputs, axis: 0, pass, "errors")
    if g.isDense {
      let dx = pass.product(
        name, .backwardData, w, Offsets(rows: g.outputs, columns: g.terms).transposed, dxErrors, Offsets(rows: g.outputs, columns: row),
        nominal: g.macs * count)
      return Planes(g.input, count: count, g.input.height * g.input.width == 1 ? dx : unflattened(dx, count, pass.parallelism))
    }
    let dx = pass.product(name, .backwardData, w, g.flippedWeights, spread(dxErrors, count, pass), offsets.spread!, nominal: g.macs * count)
    return Planes(g.input, count: count, dx)
  }

  /// Numbers rounded to a tensor's format, as a factor.
  private func operand(_ x: [Double], _ rounder: TensorRounder, rows: Int, axis: Int, _ pass: Pass, _ role: String) -> Operand {
    let operand = Operand(x, rounder, rows: rows, axis: axis, pass.random.child(name).child(role), pass.parallelism)
    pass.noteOverflow(operand, "\(role) of \(name) in \(rounder.format): largest before rounding \(x.reduce(0) { max($0, abs($1)) })")
    return operand
  }

  // Zeros beside the numbers change none of their facts.

  private func padded(_ x: Operand, _ count: Int, _ pass: Pass) -> Operand {
    guard geometry.padding > 0 else { return x }
    return switch x {
    case .single(let x, let facts): .single(geometry.padded(x, count: count, pass.parallelism), facts)
    case .double(let x, let facts): .double(geometry.padded(x, count: count, pass.parallelism), facts)
    }
  }

  private func spread(_ dy: Operand, _ count: Int, _ pass: Pass) -> Operand {
    switch dy {
    case .single(let dy, let facts): .single(geometry.spread(dy, count: count, pass.parallelism), facts)
    case .double(let dy, let facts): .double(geometry.spread(dy, count: count, pass.parallelism), facts)
    }
  }

  private func offsets(count: Int) -> (count: Int, patches: Offsets, spread: Offsets?) {
    if let offsets, offsets.count == count { return offsets }
    let made = (count, geometry.patches(count: count), isFirst || geometry.isDense ? nil : geometry.spreadPatches(count: count))
    offsets = made
    return made
  }

  /// Rows (c, y, x), columns n, to planes (c, n, y, x).
  private func unflattened(_ dx: [Double], _ count: Int, _ parallelism: Parallelism) -> [Double] {
    let plane = geometry.input.height * geometry.input.width
    return dx.withUnsafeBufferPointer { from in
      nonisolated(unsafe) let from = from
      return generate(dx.count, parallelism, grain: max(1, (1 << 15) / (plane * count)) * plane * count) { to, part in
        for c in part.lowerBound / (plane * count)..<part.upperBound / (plane * count) {
          for n in 0..<count { for p in 0..<plane { to[(c * count + n) * plane + p] = from[(c * plane + p) * count + n] } }
        }
      }
    }
  }
}
