// SPDX-License-Identifier: Apache-2.0
// Rounding of whole arrays, at the speed of memory where a kernel fits.

package import CKernels

/// A number type whose arrays are rounded: binary32 or binary64.
public protocol CarrierNumber: BinaryFloatingPoint & Sendable {
  /// Which binary format the type is.
  static var carrier: Carrier { get }
}

extension Float: CarrierNumber { public static var carrier: Carrier { .binary32 } }
extension Double: CarrierNumber { public static var carrier: Carrier { .binary64 } }

/// Rounds arrays of `Number` as a rounder does, bit for bit.
///
/// Vector kernels round to every format of precision p ≤ 22 (in binary32) or p ≤ 51 (in binary64) within the carrier's range, in the modes
/// rne rna rnz rz ru rd ro sr srN (N ≤ 32), with or without subnormals, under every overflow policy but `wrap`. Where none fits, ``refusal`` says
/// why, and the rounder itself does the work.
public struct ArrayRounder<Number: CarrierNumber>: Sendable {
  /// What each element is rounded by.
  public let rounder: Rounder
  /// Why no kernel fits, as the end of a sentence; `nil` where one does.
  public let refusal: String?
  /// The kernel's name: `nearest`, `dithered` or `general`; `reference` where none fits.
  public let path: Path

  /// How a kernel rounds.
  public enum Path: String, Sendable {
    /// To nearest even by two additions.
    case nearest
    /// Stochastically, with random bits added below the last place.
    case dithered
    /// In any mode, on the bits of the carrier.
    case general
    /// The rounder, number by number.
    case reference
  }

  private let kernels: ck_kernels
  private let kernel: RoundingKernel?

  /// - Precondition: every value of the format is a `Number`.
  public init(_ rounder: Rounder, _ instructions: InstructionSet = .best) {
    precondition(Number.carrier.holds(rounder.format), "binary\(Number.carrier.rawValue) does not hold every value of \(rounder.format)")
    precondition(instructions <= .best, "this processor lacks \(instructions)")
    self.rounder = rounder
    kernels = instructions.kernels(Number.carrier)
    do throws(KernelRefusal) {
      let kernel = try RoundingKernel(rounder, carrier: Number.carrier, correctsGap: true)
      self.kernel = kernel
      refusal = nil
      path = kernel.isNearest ? .nearest : kernel.isDithered ? .dithered : .general
    } catch {
      (kernel, refusal, path) = (nil, error.description, .reference)
    }
  }

  /// The rounded numbers.
  ///
  /// - Rounding: as ``Rounder/round(_:draw:)-(Extended,_)``, overflow and special values included. A NaN stays a NaN, its sign and payload are not said.
  /// - Random: element i takes draw `first + i`. Traps without `random` when the mode is stochastic.
  /// - Complexity: O(n); near the speed of copying for large arrays.
  public func callAsFunction(_ x: [Number], random: RandomStream? = nil, first: Int = 0, _ parallelism: Parallelism = .allCores) -> [Number]
  {
    x.isEmpty
      ? []
      : [Number](unsafeUninitializedCapacity: x.count) { y, count in
        x.withUnsafeBufferPointer { round($0, into: y.baseAddress, random: random, first: first, parallelism) }
        count = x.count
      }
  }

  /// Rounds an array in place.
  public func round(_ x: inout [Number], random: RandomStream? = nil, first: Int = 0, _ parallelism: Parallelism = .allCores) {
    x.withUnsafeMutableBufferPointer { round(UnsafeBufferPointer($0), into: $0.baseAddress, random: random, first: first, parallelism) }
  }

  /// Rounds x to y, which is x itself or does not overlap it.
  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
  public func round(
    _ x: UnsafeBufferPointer<Number>, into y: UnsafeMutablePointer<Number>?, random: RandomStream? = nil, first: Int = 0,
    _ parallelism: Parallelism = .allCores
  ) {
    precondition(random != nil || !rounder.rounding.isStochastic, "stochastic rounding needs random bits: pass a stream")
    guard let source = x.baseAddress, let y else { return }
    // Past the caches if input and output do not fit into them together and lie apart.
    let streams = UnsafePointer(y) != source && 2 * x.count * MemoryLayout<Number>.stride > ArrayRounder.cacheBytes
    if x.count <= ArrayRounder.grain { return round(source, y, x.count, random, first, streams) }
    nonisolated(unsafe) let (from, to) = (source, y)
    parallelParts(x.count, grain: ArrayRounder.grain, parallelism) { part in
      round(from + part.lowerBound, to + part.lowerBound, part.count, random, first + part.lowerBound, streams)
    }
  }

  /// Larger arrays than this are not kept in the caches, in bytes.
  private static var cacheBytes: Int { 1 << 24 }
  /// Elements that are rounded at a time: a whole number of the kernels' runs.
  private static var grain: Int { 1 << 15 }

  private func round(
    _ x: UnsafePointer<Number>, _ y: UnsafeMutablePointer<Number>, _ n: Int, _ random: RandomStream?, _ first: Int, _ streams: Bool
  ) {
    guard let kernel else { return roundByReference(x, y, n, random, first) }
    if let gap = kernel.gap { return round(x, y, n, kernel, gap) }
    withUnsafePointer(to: kernel.rounding) { rounding in
      let stream: Int32 = streams ? 1 : 0
      switch path {
      case .nearest: kernels.roundNearest(x, y, n, rounding, stream)
      case .dithered: kernels.dither(x, y, n, rounding, random!.kernelKey, UInt64(first), stream)
      case .general where kernel.rounding.mode != CK_STOCHASTIC: _ = kernels.round(x, y, n, rounding, ck_key(), 0, stream)
      case .general: roundInDoubt(x, y, n, rounding, random!, first)
      case .reference: break
      }
    }
  }

  /// Corrected next to zero; in no stochastic mode. In place in short pieces, for the correction needs the numbers as they were.
  private func round(_ x: UnsafePointer<Number>, _ y: UnsafeMutablePointer<Number>, _ n: Int, _ kernel: RoundingKernel, _ gap: ck_gap) {
    let piece = 1024
    withUnsafeTemporaryAllocation(of: Number.self, capacity: piece) { copy in
      withUnsafePointer(to: kernel.rounding) { rounding in
        withUnsafePointer(to: gap) { gap in
          for start in stride(from: 0, to: n, by: piece) {
            let count = min(piece, n - start)
            var source = x + start
            if UnsafePointer(y) == x {
              copy.baseAddress!.update(from: source, count: count)
              source = UnsafePointer(copy.baseAddress!)
            }
            if path == .nearest {
              kernels.roundNearest(source, y + start, count, rounding, 0)
            } else {
              _ = kernels.round(source, y + start, count, rounding, ck_key(), 0, 0)
            }
            ck_round_in_gap(source, y + start, count, Int32(Number.carrier.rawValue), gap)
          }
        }
      }
    }
  }

  /// In short pieces, each rounded by reference where a random word happens to agree with as much of a fraction as was compared.
  private func roundInDoubt(
    _ x: UnsafePointer<Number>, _ y: UnsafeMutablePointer<Number>, _ n: Int, _ rounding: UnsafePointer<ck_rounding>, _ random: RandomStream,
    _ first: Int
  ) {
    let piece = 1024
    withUnsafeTemporaryAllocation(of: Number.self, capacity: piece) { copy in
      var start = 0
      while start < n {
        // To the end of a run of random bits.
        let count = min(piece - (first + start) % piece, n - start)
        if kernels.round(x + start, copy.baseAddress, count, rounding, random.kernelKey, UInt64(first + start), 0) != 0 {
          roundByReference(x + start, copy.baseAddress!, count, random, first + start)
        }
        (y + start).update(from: copy.baseAddress!, count: count)
        start += count
      }
    }
  }

  private func roundByReference(
    _ x: UnsafePointer<Number>, _ y: UnsafeMutablePointer<Number>, _ n: Int, _ random: RandomStream?, _ first: Int
  ) {
    for i in 0..<n { y[i] = Number(rounder.round(Value(Double(x[i])), draw: random?.draw(first + i)).value.double) }
  }
}

extension Carrier {
  /// Whether every value of a format is a number of this carrier.
  package func holds(_ format: Format) -> Bool {
    let largest = max(format.maxFinite, format.minFinite.magnitude)
    guard !largest.isZero else { return true }
    // Tapered formats have their longest significands around 1, so this asks for a little more than is needed.
    return format.precision <= precision && format.quantumExponent >= emin - precision + 1 && largest.floorLog2 <= emax
  }
}

extension RandomStream {
  /// The key as the kernels take it.
  package var kernelKey: ck_key { ck_key(low: UInt32(truncatingIfNeeded: key), high: UInt32(key >> 32)) }
}
