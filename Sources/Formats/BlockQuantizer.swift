// SPDX-License-Identifier: Apache-2.0
// Quantising: numbers into elements with common scales, and back.

/// Quantises numbers to a scaled format: works out the scales, rounds each x / S once to an element, and multiplies back.
///
/// The value x̂ of an element is element · scale, exact wherever it has 53 bits (every power-of-two scale and every 8-bit element with an
/// fp32 scale), otherwise rounded once to binary64. Elements beyond the largest saturate; a value beyond binary64 is infinite.
///
/// - Random: stochastic modes take, for the number at position i of its tensor, the bits of `stream` at i: results do not depend on
///   how the tensor is cut into runs.
public struct BlockQuantizer: Hashable, Sendable {
  /// The scaled format.
  public let format: ScaledFormat
  /// The mode in which x / S becomes an element.
  public let rounding: Rounding
  /// What NaN and infinities become.
  public let nonFinite: NonFinitePolicy
  let stream: RandomStream
  let rounder: Rounder
  /// What the rounder does, faster, where it can be had.
  let quick: QuickRounding?
  let facts: ScaleFacts

  /// - Throws: `FormatError.randomBits`.
  public init(
    _ format: ScaledFormat, _ rounding: Rounding = .nearestEven, nonFinite: NonFinitePolicy = .reject,
    stream: RandomStream = RandomStream(seed: 1, "quantize")
  ) throws(FormatError) {
    self.format = format
    self.rounding = rounding
    self.nonFinite = nonFinite
    self.stream = stream
    rounder = try Rounder(to: format.quotientFormat, rounding, overflow: .saturate)
    quick = QuickRounding(rounder)
    facts = ScaleFacts(format)
  }

  // MARK: Summaries

  /// The summary of a run of numbers, every `stride`-th from `x` on, the first of which has position `index` in its tensor.
  public func summary(of x: UnsafePointer<Double>, count: Int, stride: Int = 1, at index: Int = 0) -> GroupSummary {
    summary(Run(x: x, count: count, stride: stride, start: index))
  }

  /// The summary of all the numbers of an array, as one run from position 0; of none if it is empty. O(n).
  public func summary(of x: [Double]) -> GroupSummary {
    x.withUnsafeBufferPointer { $0.baseAddress.map { summary(of: $0, count: x.count) } ?? GroupSummary() }
  }

  func summary(_ run: Run) -> GroupSummary { GroupSummary(run, logarithms: format.collectsLogarithms) }

  // MARK: Runs

  /// Replaces a run of numbers along the axis by their values in the format, at `y` with the same stride; `y` may be `x`.
  ///
  /// Blocks are counted from the start of the run, and the last may be shorter. `tensor` is the tensor's summary and is read only by
  /// two-level scales. With tensor or channel granularity the run is a part of one group, whose summary it is; without it the
  /// run is the whole group. Ternary groups are always whole runs.
  ///
  /// - Throws: `QuantizationError.notFinite`, unless the policy lets NaN and infinities pass; `y` is then filled in part.
  @discardableResult
  public func quantize(
    _ x: UnsafePointer<Double>, into y: UnsafeMutablePointer<Double>, count: Int, stride: Int = 1, within tensor: GroupSummary? = nil,
    at index: Int = 0
  ) throws(QuantizationError) -> QuantizationTally {
    var tally = QuantizationTally()
    let run = Run(x: x, y: y, count: count, stride: stride, start: index)
    guard case .block(let size) = format.granularity else {
      _ = try quantize(group: run, within: tensor, &tally)
      return tally
    }
    // The tensor's own scale is worked out once for all blocks.
    let tensorScale = tensorScale(tensor, run)
    for start in Swift.stride(from: 0, to: count, by: size) {
      _ = try quantize(block: run.part(start..<min(start + size, count)), tensorScale, &tally)
    }
    return tally
  }

  /// One group, with its scale and its elements.
  public func quantize(
    group x: [Double], within tensor: GroupSummary? = nil, at index: Int = 0
  ) throws(QuantizationError) -> QuantizedGroup {
    let terms = if case .ternary(let terms) = format.scale { terms } else { 1 }
    var (values, elements) = (x, Array(repeating: 0.0, count: x.count * terms))
    var tally = QuantizationTally()
    var scale: GroupScale?
    var failure: QuantizationError?
    values.withUnsafeMutableBufferPointer { y in
      elements.withUnsafeMutableBufferPointer { v in
        guard let y = y.baseAddress, let v = v.baseAddress else { return }
        let run = Run(x: y, y: y, elements: v, count: x.count, stride: 1, start: index)
        do throws(QuantizationError) { scale = try quantize(group: run, within: tensor, &tally) } catch { failure = error }
      }
    }
    if let failure { throw failure }
    let emptyScale = format.isTernary ? .ternary([]) : self.scale(of: GroupSummary(), .zero)
    return QuantizedGroup(
      format: format, scale: scale ?? emptyScale, elements: elements.map(Value.init), values: values, tally: tally)
  }

  private func quantize(
    group run: Run, within tensor: GroupSummary?, _ tally: inout QuantizationTally
  ) throws(QuantizationError) -> GroupScale {
    if case .block = format.granularity { return try quantize(block: run, tensorScale(tensor, run), &tally) }
    if case .ternary(let terms) = format.scale { return try quantizeTernary(run, terms: terms, &tally) }
    let scale = scale(of: tensor ?? summary(run))
    try quantize(run, scale, &tally)
    return scale
  }

  private func quantize(block run: Run, _ tensorScale: Dyadic?, _ tally: inout QuantizationTally) throws(QuantizationError) -> GroupScale {
    if case .ternary(let terms) = format.scale { return try quantizeTernary(run, terms: terms, &tally) }
    let scale = scale(of: summary(run), tensorScale)
    try quantize(run, scale, &tally)
    return scale
  }

  /// g of two-level scales, from the tensor's summary, or from a run that is the whole tensor.
  private func tensorScale(_ tensor: GroupSummary?, _ run: Run) -> Dyadic? {
    guard case .twoLevel = format.scale else { return nil }
    return tensorScale(of: tensor ?? summary(run))
  }
}

/// A group of numbers in a scaled format.
public struct QuantizedGroup: Hashable, Sendable {
  let format: ScaledFormat
  /// What turns its elements back into numbers.
  public let scale: GroupScale
  /// The elements; code − z of an affine format, and the terms of a ternary one, one after the other.
  public let elements: [Value]
  /// What the elements stand for.
  public let values: [Double]
  /// What quantising the group cost.
  public let tally: QuantizationTally

  /// The codes of the elements, the zero point of an affine format included; `nil` where one has none (NaN in an element
  /// format without it).
  public var codes: [Format.Code?] {
    guard case .affine(_, let z) = scale else { return elements.map(format.element.encode) }
    return elements.map { v in v.dyadic.flatMap { format.element.encode(.finite($0 + Dyadic(Int128(z)))) } }
  }
}

extension ScaledFormat {
  /// Where x / S is rounded to: the elements, or all integers that a zero point could lead back to a code.
  var quotientFormat: Format {
    guard case .affine = scale, case .fixed(let f) = element.encoding else { return element }
    return Format(encoding: .fixed(Format.Fixed(integerBits: f.integerBits + 3, fractionBits: 0, isSigned: true)))
  }
}
