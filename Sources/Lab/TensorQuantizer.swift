// SPDX-License-Identifier: Apache-2.0
// Tensors from files into scaled formats, piece by piece, and what it cost them.

public import Formats
public import Tensors

/// Quantises tensors that need not fit in memory.
///
/// A tensor is read once or, where scales follow from the whole tensor or from its channels, twice, in pieces of about 2^17 numbers
/// that hold whole blocks. Pieces go to all cores and their tallies are merged in order: values and statistics are the same
/// bits on any number of threads.
///
/// - Complexity: O(n), 1 MiB of memory for each thread; more where the numbers of one block, along an axis that is not the last,
///   are spread over more. For a ternary format with one scale for the tensor the magnitudes of its numbers are sorted: 4 bytes a
///   number of a 4-byte type, 8 of others and for further terms, and half as much again.
public struct TensorQuantizer: Sendable {
  /// What each group goes through.
  public let quantizer: BlockQuantizer
  /// The axis along which channels are counted or blocks run, from 0, or from the end where negative. By default channels are
  /// counted along the first axis, which is the output of a weight, and blocks run along the last.
  public let axis: Int?
  /// How many threads.
  public let parallelism: Parallelism

  /// The axis along which a format counts channels or lays blocks where none is given: an output's index, the first, or the last.
  public static func standardAxis(_ format: ScaledFormat) -> Int { format.granularity == .channel ? 0 : -1 }

  /// A quantiser whose groups lie along `axis`, negative ones counted from the last; without it along the format's usual one.
  public init(_ quantizer: BlockQuantizer, axis: Int? = nil, _ parallelism: Parallelism = .allCores) {
    (self.quantizer, self.axis, self.parallelism) = (quantizer, axis, parallelism)
  }

  /// What became of one tensor.
  public struct Report: Hashable, Sendable {
    /// In the file.
    public let name: String
    /// Its extents.
    public let shape: [Int]
    /// What it cost.
    public let tally: QuantizationTally
    /// The common scale, where all numbers have one.
    public let scale: Double?
    /// The largest magnitude of its finite numbers.
    public let maxMagnitude: Double
    /// √(Σx²/n) over its n finite numbers.
    public var rms: Double { tally.rms }
    /// The magnitudes before.
    public let histogram: MagnitudeHistogram
  }

  /// Quantises one tensor, and writes the values if there is a writer of its shape.
  ///
  /// - Errors: ``TensorQuantizationError`` for numbers that have no value in the format, for an axis that the tensor lacks, and for what
  ///   reading and writing throw. The writer is then not finished: nothing of it remains.
  public func run(
    _ source: TensorSource, to writer: NPYWriter? = nil, progress: Progress = .silent
  ) throws(TensorQuantizationError) -> Report {
    let layout = try Layout(source, quantizer.format, axis)
    let summaries = try quantizer.format.needsTensorSummary && !layout.hasWholeChannels ? summarize(source, layout) : []
    let terms = try ternaryTerms(source, layout)
    let pieces = layout.pieces
    let results = parallelMap(pieces.count, parallelism, progress: progress) { i in
      Result { () throws(TensorQuantizationError) in try quantize(pieces[i], source, layout, summaries, terms, writer) }
    }
    var (tally, histogram, largest) = (QuantizationTally(), MagnitudeHistogram(), 0.0)
    for result in results {
      let piece = try result.get()
      tally.merge(piece.tally)
      histogram.merge(piece.histogram)
      largest = max(largest, piece.maxMagnitude)
    }
    var scale: Double?
    if quantizer.format.granularity == .tensor, !quantizer.format.isTernary {
      scale = quantizer.scale(of: summaries.first ?? GroupSummary()).factor
    }
    return Report(name: source.name, shape: source.shape, tally: tally, scale: scale, maxMagnitude: largest, histogram: histogram)
  }

  // MARK: Passes

  /// The summaries of the groups: of the tensor, or of each channel.
  private func summarize(_ source: TensorSource, _ layout: Layout) throws(TensorQuantizationError) -> [GroupSummary] {
    let pieces = layout.pieces
    let results = parallelMap(pieces.count, parallelism) { i in
      Result { () throws(TensorQuantizationError) in
        let piece = pieces[i]
        var groups: [Int: GroupSummary] = [:]
        _ = try read(piece, source) { x in
          guard layout.countsChannels else {
            return groups[0] = quantizer.summary(of: x.baseAddress!, count: x.count, at: piece.lowerBound)
          }
          for run in layout.runs(of: piece) {
            groups[run.channel, default: GroupSummary()].merge(
              quantizer.summary(of: x.baseAddress! + run.offset, count: run.count, stride: run.stride, at: piece.lowerBound + run.offset))
          }
        }
        return groups
      }
    }
    var summaries = Array(repeating: GroupSummary(), count: layout.countsChannels ? layout.length : 1)
    for result in results {
      for (group, summary) in try result.get() { summaries[group].merge(summary) }
    }
    return summaries
  }

  /// The terms of a ternary format with one scale for the tensor, otherwise none. The magnitudes of all numbers are held and sorted, with
  /// half as much again for the sort: 4 bytes each for the first term where binary32 holds them, otherwise 8.
  private func ternaryTerms(_ source: TensorSource, _ layout: Layout) throws(TensorQuantizationError) -> [TernaryTerm] {
    guard case .ternary(let count) = quantizer.format.scale, quantizer.format.granularity == .tensor else { return [] }
    var terms: [TernaryTerm] = []
    while terms.count < count {
      terms.append(
        terms.isEmpty && source.isBinary32
          ? TernaryTerm(leastSquares: try sortedMagnitudes(source, layout, []) { Float($0) })
          : TernaryTerm(leastSquares: try sortedMagnitudes(source, layout, terms) { $0 }))
    }
    return terms
  }

  /// The magnitudes of what the terms leave of the finite numbers, largest first; 0 in the place of the others.
  private func sortedMagnitudes<T: BinaryFloatingPoint & Sendable>(
    _ source: TensorSource, _ layout: Layout, _ terms: [TernaryTerm], _ convert: @Sendable (Double) -> T
  ) throws(TensorQuantizationError) -> [T] {
    let pieces = layout.pieces
    var failure: TensorQuantizationError?
    var magnitudes = [T](unsafeUninitializedCapacity: source.count) { buffer, initialized in
      // Each piece writes its own part.
      nonisolated(unsafe) let slots = buffer
      let results = parallelMap(pieces.count, parallelism) { i in
        Result { () throws(TensorQuantizationError) in
          _ = try read(pieces[i], source) { x in
            for j in x.indices {
              let rest = terms.reduce(x[j]) { $1.rest(of: $0) }
              slots.initializeElement(at: pieces[i].lowerBound + j, to: rest.isFinite ? convert(rest.magnitude) : 0)
            }
          }
        }
      }
      do throws(TensorQuantizationError) {
        for result in results { try result.get() }
        initialized = source.count
      } catch { failure = error }
    }
    if let failure { throw failure }
    magnitudes.sort(by: >)
    return magnitudes
  }

  private struct Piece {
    var tally = QuantizationTally()
    var histogram = MagnitudeHistogram()
    var maxMagnitude = 0.0
  }

  private func quantize(
    _ range: Range<Int>, _ source: TensorSource, _ layout: Layout, _ summaries: [GroupSummary], _ terms: [TernaryTerm],
    _ writer: NPYWriter?
  ) throws(TensorQuantizationError) -> Piece {
    var piece = Piece()
    var failure: QuantizationError?
    let values = try read(range, source) { x in
      piece.histogram = MagnitudeHistogram(UnsafeBufferPointer(x))
      piece.maxMagnitude = quantizer.summary(of: x.baseAddress!, count: x.count).maxMagnitude
      do throws(QuantizationError) {
        for run in layout.runs(of: range) where !terms.isEmpty {
          piece.tally.merge(try quantizer.quantize(
            x.baseAddress! + run.offset, into: x.baseAddress! + run.offset, count: run.count, stride: run.stride, terms: terms,
            at: range.lowerBound + run.offset))
        }
        for run in layout.runs(of: range) where terms.isEmpty {
          let within = summaries.isEmpty ? nil : summaries[layout.countsChannels ? run.channel : 0]
          piece.tally.merge(try quantizer.quantize(
            x.baseAddress! + run.offset, into: x.baseAddress! + run.offset, count: run.count, stride: run.stride, within: within,
            at: range.lowerBound + run.offset))
        }
      } catch { failure = error }
    }
    if let failure { throw .numbers(tensor: source.name, shape: source.shape, isFortranOrder: source.isFortranOrder, failure) }
    guard let writer else { return piece }
    var problem: TensorError?
    values.withUnsafeBufferPointer { values in
      do throws(TensorError) { try writer.write(values, at: range.lowerBound) } catch { problem = error }
    }
    if let problem { throw .file(problem) }
    return piece
  }

  /// The numbers of a piece after `body` was done with them.
  private func read(
    _ piece: Range<Int>, _ source: TensorSource, _ body: (UnsafeMutableBufferPointer<Double>) -> Void
  ) throws(TensorQuantizationError) -> [Double] {
    var problem: TensorError?
    let values = [Double](unsafeUninitializedCapacity: piece.count) { buffer, initialized in
      do throws(TensorError) {
        try source.read(piece, into: buffer)
        initialized = piece.count
        body(UnsafeMutableBufferPointer(rebasing: buffer[..<piece.count]))
      } catch { problem = error }
    }
    if let problem { throw .file(problem) }
    return values
  }
}

/// Why a tensor cannot be quantised.
public enum TensorQuantizationError: Error, Hashable, Sendable {
  /// The file could not be read or written.
  case file(TensorError)
  /// Numbers that the format cannot take, and where.
  case numbers(tensor: String, shape: [Int], isFortranOrder: Bool, QuantizationError)
  /// An axis that the tensor has not.
  case noAxis(Int, tensor: String, shape: [Int])
}

extension TensorQuantizationError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .file(let error): return "\(error)"
    case .noAxis(let axis, let tensor, let shape):
      return "'\(tensor)' of shape \(shape) has no axis \(axis); give one from \(-shape.count) to \(shape.count - 1)."
    case .numbers(let tensor, let shape, let isFortranOrder, .notFinite(let x, let index)):
      return "'\(tensor)' has \(x) at \(TensorQuantizationError.position(index, shape, isFortranOrder)), and a scale needs finite numbers; "
        + "remove it, or let NaN stay and infinities saturate with --nonfinite propagate."
    }
  }

  /// The indices of the element that is stored at `index`.
  private static func position(_ index: Int, _ shape: [Int], _ isFortranOrder: Bool) -> [Int] {
    var rest = index
    let indices = (isFortranOrder ? shape : shape.reversed()).map { extent -> Int in
      defer { rest /= extent }
      return rest % extent
    }
    return isFortranOrder ? indices : indices.reversed()
  }
}
