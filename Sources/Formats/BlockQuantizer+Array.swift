// SPDX-License-Identifier: Apache-2.0
// Quantising whole arrays.

extension BlockQuantizer {
  /// The values of an array in the format, and the tally, for row-major numbers of a shape.
  ///
  /// - Parameters:
  ///   - shape: by default one dimension.
  ///   - axis: the axis of channels and the one along which blocks run; negative from the last. Ignored for tensor granularity.
  public func quantize(
    _ x: [Double], shape: [Int]? = nil, axis: Int = -1
  ) throws(QuantizationError) -> (values: [Double], tally: QuantizationTally) {
    let given = shape ?? [x.count]
    precondition(given.allSatisfy { $0 >= 0 } && given.reduce(1, *) == x.count, "\(x.count) numbers are not an array of shape \(given)")
    let shape = given.isEmpty ? [1] : given
    let axis = format.granularity == .tensor ? 0 : axis < 0 ? axis + shape.count : axis
    precondition(shape.indices.contains(axis), "no axis \(axis) in an array of shape \(shape)")
    let (outer, length, inner) = (shape[..<axis].reduce(1, *), shape[axis], shape[(axis + 1)...].reduce(1, *))
    var values = x
    var tally = QuantizationTally()
    var failure: QuantizationError?
    values.withUnsafeMutableBufferPointer { buffer in
      guard let p = buffer.baseAddress else { return }
      do throws(QuantizationError) {
        let tensor = format.needsTensorSummary && format.granularity != .channel ? summary(of: p, count: x.count) : nil
        func add(_ start: Int, _ count: Int, _ stride: Int, _ group: GroupSummary?) throws(QuantizationError) {
          tally.merge(try quantize(p + start, into: p + start, count: count, stride: stride, within: group, at: start))
        }
        switch format.granularity {
        case .tensor: try add(0, x.count, 1, tensor)
        case .block:
          for i in 0..<outer {
            for j in 0..<inner { try add(i * length * inner + j, length, inner, tensor) }
          }
        case .channel where inner == 1:
          for c in 0..<length { try add(c, outer, length, nil) }
        case .channel:
          for c in 0..<length {
            let starts = (0..<outer).map { ($0 * length + c) * inner }
            var group = GroupSummary()
            for start in starts { group.merge(summary(of: p + start, count: inner, at: start)) }
            for start in starts { try add(start, inner, 1, group) }
          }
        }
      } catch { failure = error }
    }
    if let failure { throw failure }
    return (values, tally)
  }
}
