// SPDX-License-Identifier: Apache-2.0
// How the groups of a scaled format lie in a stored tensor, and how the tensor is cut so that they stay whole.

internal import Formats
internal import Tensors

/// A stored tensor seen as outer × length × inner, where the groups lie along the middle axis.
struct Layout {
  let outer: Int
  let length: Int
  let inner: Int
  /// The numbers of a block along the axis; 1 where any cut will do.
  private let block: Int
  /// Whether each index of the axis is a group.
  let countsChannels: Bool
  /// Whether blocks run along the axis.
  private let hasBlocks: Bool

  /// Numbers of a piece, about.
  private static let pieceSize = 1 << 17

  init(_ source: TensorSource, _ format: ScaledFormat, _ axis: Int?) throws(TensorQuantizationError) {
    let rank = source.shape.count
    if let axis, !(-rank..<max(rank, 1)).contains(axis) { throw .noAxis(axis, tensor: source.name, shape: source.shape) }
    // In storage order: the last index runs fastest.
    let shape = source.isFortranOrder ? source.shape.reversed() : source.shape
    func stored(_ axis: Int) -> Int {
      let fromStart = axis < 0 ? axis + rank : axis
      return source.isFortranOrder ? rank - 1 - fromStart : fromStart
    }
    (block, countsChannels, hasBlocks) =
      switch format.granularity {
      case .tensor: (1, false, false)
      case .channel: (1, true, false)
      case .block(let size): (size, false, true)
      }
    guard rank > 0, countsChannels || hasBlocks else {
      (outer, length, inner) = (1, source.count, 1)
      return
    }
    let middle = stored(axis ?? TensorQuantizer.standardAxis(format))
    outer = shape[..<middle].reduce(1, *)
    length = shape[middle]
    inner = shape[(middle + 1)...].reduce(1, *)
  }

  /// Whether every channel lies in one piece: its scale then needs no pass of its own.
  var hasWholeChannels: Bool { countsChannels && outer == 1 && inner <= Layout.pieceSize }

  /// Consecutive ranges of positions that cut no block.
  var pieces: [Range<Int>] {
    let slice = length * inner
    let count = outer * slice
    if count == 0 { return [] }
    if slice <= Layout.pieceSize {
      let step = Layout.pieceSize / slice * slice
      return stride(from: 0, to: count, by: step).map { $0..<min($0 + step, count) }
    }
    // A channel whose summary is known may be cut.
    let unit = hasBlocks ? block * inner : hasWholeChannels ? inner : 1
    let step = max(1, Layout.pieceSize / unit) * unit
    return (0..<outer).flatMap { o in
      stride(from: o * slice, to: (o + 1) * slice, by: step).map { $0..<min($0 + step, (o + 1) * slice) }
    }
  }

  /// Numbers of one group or of consecutive blocks: their first offset in a piece, count and stride.
  struct Run {
    let offset: Int
    let count: Int
    let stride: Int
    let channel: Int
  }

  /// The runs that a piece consists of.
  func runs(of piece: Range<Int>) -> [Run] {
    guard countsChannels || hasBlocks else { return [Run(offset: 0, count: piece.count, stride: 1, channel: 0)] }
    let slice = length * inner
    // The part of the axis that the piece covers, and how many slices of it.
    let first = piece.lowerBound % slice / inner
    let slices = max(1, piece.count / slice)
    let along = piece.count / slices / inner
    if hasBlocks {
      // Rows of whole blocks follow each other like one.
      if inner == 1 && along % block == 0 { return [Run(offset: 0, count: piece.count, stride: 1, channel: 0)] }
      return (0..<slices).flatMap { s in
        (0..<inner).map { i in Run(offset: s * slice + i, count: along, stride: inner, channel: 0) }
      }
    }
    if piece.count < slice {
      // A part of one slice: whole channels, and parts of the first and the last.
      let start = piece.lowerBound % slice
      return (first...((start + piece.count - 1) / inner)).map { c in
        let (low, high) = (max(c * inner, start), min((c + 1) * inner, start + piece.count))
        return Run(offset: low - start, count: high - low, stride: 1, channel: c)
      }
    }
    // Long contiguous runs where there are any.
    if inner >= slices {
      return (0..<slices).flatMap { s in
        (0..<along).map { c in Run(offset: s * slice + c * inner, count: inner, stride: 1, channel: first + c) }
      }
    }
    return (0..<along).flatMap { c in
      (0..<inner).map { i in Run(offset: c * inner + i, count: slices, stride: slice, channel: first + c) }
    }
  }
}
