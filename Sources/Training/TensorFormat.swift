// SPDX-License-Identifier: Apache-2.0
// How the numbers of a tensor are held: one by one in a format, or in groups with common scales.

public import Formats
package import Accumulation

/// The format of a tensor: a rounder of single numbers, or a scaled format with the rounding of its elements.
///
/// As text `FORMAT[@ROUNDING][@OVERFLOW][@flush]`, or `SCALED[@ROUNDING]` such as `mxfp8`, `dfp16@sr`.
public enum TensorFormat: Hashable, Sendable, CustomStringConvertible {
  /// Each number rounded on its own.
  case plain(Rounder)
  /// Groups with a common scale, elements rounded in a mode.
  case scaled(ScaledFormat, Rounding)

  /// - Throws: `PolicyError.format` with what is wrong and what is allowed.
  public init(text: String) throws(PolicyError) {
    let plain: PlanError
    do throws(PlanError) {
      self = .plain(try Rounder(text: text))
      return
    } catch { plain = error }
    // The rounding is the last suffix, if it is one: a scaled format's own name may hold @.
    var (name, rounding) = (text, Rounding.nearestEven)
    if let at = text.lastIndex(of: "@"), let last = try? Rounding(String(text[text.index(after: at)...])) {
      (name, rounding) = (String(text[..<at]), last)
    }
    do throws(FormatError) { self = .scaled(try ScaledFormat(name), rounding) } catch {
      // Of two reasons the one of the format that the text names.
      if case .unknownFormat = error { throw .format(text, "\(plain)") } else { throw .format(text, "\(error)") }
    }
  }

  public var description: String {
    switch self {
    case .plain(let rounder): "\(rounder)"
    case .scaled(let format, let rounding): rounding == .nearestEven ? format.name : "\(format.name)@\(rounding)"
    }
  }

  /// Whether it draws random bits.
  public var isStochastic: Bool {
    switch self {
    case .plain(let rounder): rounder.rounding.isStochastic
    case .scaled(_, let rounding): rounding.isStochastic
    }
  }

  /// Whether numbers along the reduction share scales, so that a tensor is quantised anew for a sum along another axis.
  package var dependsOnAxis: Bool {
    guard case .scaled(let format, _) = self else { return false }
    return format.granularity != .tensor
  }

  /// Whether binary32 holds every value; values of scaled formats are scaled in binary32 (exactly where scales are powers of two).
  package var fitsBinary32: Bool {
    guard case .plain(let rounder) = self else { return true }
    return Carrier.binary32.holds(rounder.format)
  }

  /// The format of single numbers, or of the elements.
  package var element: Format {
    switch self {
    case .plain(let rounder): rounder.format
    case .scaled(let format, _): format.element
    }
  }
}

extension TensorFormat: Codable {
  public init(from decoder: any Decoder) throws { self = try TensorFormat(text: decoder.singleValueContainer().decode(String.self)) }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// Rounds arrays to a tensor format.
package struct TensorRounder: Sendable {
  package let format: TensorFormat
  private let rounder: ArrayRounder<Double>?

  package init(_ format: TensorFormat) {
    self.format = format
    // Every double is a number of binary64: nothing is to be done.
    guard case .plain(let rounder) = format, rounder.format != TensorFormat.binary64 else {
      self.rounder = nil
      return
    }
    self.rounder = ArrayRounder<Double>(rounder)
  }

  /// The numbers in the format.
  ///
  /// - Parameters:
  ///   - rows: the numbers as a matrix, row after row; groups of scaled formats run along `axis` (0: down the columns).
  ///   - random: element i takes draw i.
  package func callAsFunction(_ x: [Double], rows: Int, axis: Int, _ random: RandomStream, _ parallelism: Parallelism) -> [Double] {
    switch format {
    case .plain(let plain): rounder?(x, random: plain.rounding.isStochastic ? random : nil, parallelism) ?? x
    case .scaled(let scaled, let rounding): quantized(x, scaled, rounding, rows: rows, axis: axis, random)
    }
  }

  /// The numbers in the format and in binary32, where that holds them all and each is rounded by itself.
  func singles(_ x: [Double], _ random: RandomStream, _ parallelism: Parallelism) -> [Float]? {
    guard let rounder, format.fitsBinary32 else { return nil }
    let random = format.isStochastic ? random : nil
    let piece = 1024
    return x.withUnsafeBufferPointer { x in
      nonisolated(unsafe) let x = x
      // Piece by piece, so that the numbers in binary64 stay in the nearest cache.
      return generate(x.count, parallelism, grain: 16 * piece) { y, part in
        withUnsafeTemporaryAllocation(of: Double.self, capacity: piece) { rounded in
          for start in stride(from: part.lowerBound, to: part.upperBound, by: piece) {
            let count = min(piece, part.upperBound - start)
            rounder.round(UnsafeBufferPointer(rebasing: x[start..<start + count]), into: rounded.baseAddress, random: random, first: start, .oneThread)
            for i in 0..<count { y[start + i] = Float(rounded[i]) }
          }
        }
      }
    }
  }

  /// Rounds the numbers, one by one.
  package func round(_ x: inout [Double], _ random: RandomStream, _ parallelism: Parallelism) {
    switch format {
    case .plain(let plain): rounder?.round(&x, random: plain.rounding.isStochastic ? random : nil, parallelism)
    case .scaled: x = self(x, random, parallelism)
    }
  }

  /// The numbers, one by one.
  package func callAsFunction(_ x: [Double], _ random: RandomStream, _ parallelism: Parallelism) -> [Double] {
    self(x, rows: 1, axis: 1, random, parallelism)
  }

  private func quantized(_ x: [Double], _ format: ScaledFormat, _ rounding: Rounding, rows: Int, axis: Int, _ random: RandomStream) -> [Double] {
    // (The rounding was accepted when the policy was read, and nothing is rejected.)
    let quantizer = try! BlockQuantizer(format, rounding, nonFinite: .propagate, stream: random)
    return try! quantizer.quantize(x, shape: [rows, x.count / max(rows, 1)], axis: axis).values
  }
}

extension TensorFormat {
  package static let binary64 = try! Format("fp64")  // a name of the catalogue
}
