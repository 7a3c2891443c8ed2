// SPDX-License-Identifier: Apache-2.0
// The numbers of a minibatch, channel first.

package import Formats

/// The extents of one image, or (n, 1, 1) for n features.
public struct ImageShape: Hashable, Sendable, Codable {
  /// Extents.
  public let channels, height, width: Int

  /// Extents of an image; n features are (n, 1, 1).
  public init(_ channels: Int, _ height: Int = 1, _ width: Int = 1) { (self.channels, self.height, self.width) = (channels, height, width) }

  /// Numbers of one image.
  public var count: Int { channels * height * width }
}

/// The numbers of `count` images: element (c, n, y, x) at ((c · count + n) · height + y) · width + x.
///
/// A channel is one contiguous row, so that the outputs of a layer are the rows of one matrix product and statistics of channels are
/// statistics of rows. The numbers are doubles; a format that they were rounded to is a fact about their values.
package struct Planes: Sendable {
  package let shape: ImageShape
  package let count: Int
  package var values: [Double]

  package init(_ shape: ImageShape, count: Int, _ values: [Double]) {
    precondition(values.count == shape.count * count, "\(values.count) numbers for \(count) images of \(shape)")
    (self.shape, self.count, self.values) = (shape, count, values)
  }

  /// The numbers of one channel.
  package var rowCount: Int { count * shape.height * shape.width }

  /// f(xᵢ) for every number.
  @inline(__always)
  package func map(_ parallelism: Parallelism, _ f: @Sendable (Double) -> Double) -> Planes {
    Planes(shape, count: count, each(values, parallelism, f))
  }

  /// f(xᵢ, yᵢ) for every number.
  @inline(__always)
  package func map(_ other: Planes, _ parallelism: Parallelism, _ f: @Sendable (Double, Double) -> Double) -> Planes {
    Planes(shape, count: count, each(values, other.values, parallelism, f))
  }
}

/// f(xᵢ), on all cores for large arrays.
@inline(__always)
package func each<X: Sendable, Y: Sendable>(_ x: [X], _ parallelism: Parallelism, _ f: @Sendable (X) -> Y) -> [Y] {
  x.withUnsafeBufferPointer { x in
    nonisolated(unsafe) let x = x
    return generate(x.count, parallelism) { y, part in for i in part { y[i] = f(x[i]) } }
  }
}

/// f(xᵢ, yᵢ).
@inline(__always)
package func each(_ x: [Double], _ y: [Double], _ parallelism: Parallelism, _ f: @Sendable (Double, Double) -> Double) -> [Double] {
  precondition(x.count == y.count)
  return x.withUnsafeBufferPointer { x in
    y.withUnsafeBufferPointer { y in
      nonisolated(unsafe) let (x, y) = (x, y)
      return generate(x.count, parallelism) { z, part in for i in part { z[i] = f(x[i], y[i]) } }
    }
  }
}

/// f(xᵢ, yᵢ, zᵢ).
@inline(__always)
package func each(_ x: [Double], _ y: [Double], _ z: [Double], _ parallelism: Parallelism, _ f: @Sendable (Double, Double, Double) -> Double) -> [Double] {
  precondition(x.count == y.count && y.count == z.count)
  return x.withUnsafeBufferPointer { x in
    y.withUnsafeBufferPointer { y in
      z.withUnsafeBufferPointer { z in
        nonisolated(unsafe) let (x, y, z) = (x, y, z)
        return generate(x.count, parallelism) { to, part in for i in part { to[i] = f(x[i], y[i], z[i]) } }
      }
    }
  }
}

/// Changes an array, of which `body` sees parts of 0 ..< n in units of its own, on all cores where n is more than a grain.
package func update(
  _ x: inout [Double], _ n: Int, grain: Int, _ parallelism: Parallelism, _ body: @Sendable (UnsafeMutablePointer<Double>, Range<Int>) -> Void
) {
  x.withUnsafeMutableBufferPointer { buffer in
    guard let base = buffer.baseAddress else { return }
    nonisolated(unsafe) let x = base
    parallelParts(n, grain: grain, parallelism) { body(x, $0) }
  }
}

/// Σ xᵢ of each row, in order.
package func rowSums(_ x: [Double], rows: Int, _ parallelism: Parallelism) -> [Double] {
  sumsByFours(x.count, rows, parallelism) { row, length in
    x.withUnsafeBufferPointer { x in
      let first = row &* length
      var sum = SIMD4<Double>()
      for i in 0..<length { sum += SIMD4(x[first[0] + i], x[first[1] + i], x[first[2] + i], x[first[3] + i]) }
      return sum
    }
  }
}

/// Σ (xᵢ − c) (yᵢ − c) of each row, in order, c a number of the row.
package func rowProducts(_ x: [Double], _ y: [Double], centre: [Double], _ parallelism: Parallelism) -> [Double] {
  sumsByFours(x.count, centre.count, parallelism) { row, length in
    x.withUnsafeBufferPointer { x in
      y.withUnsafeBufferPointer { y in
        let first = row &* length
        let c = SIMD4(centre[row[0]], centre[row[1]], centre[row[2]], centre[row[3]])
        var sum = SIMD4<Double>()
        for i in 0..<length {
          let a = SIMD4(x[first[0] + i], x[first[1] + i], x[first[2] + i], x[first[3] + i])
          let b = SIMD4(y[first[0] + i], y[first[1] + i], y[first[2] + i], y[first[3] + i])
          sum += (a - c) * (b - c)
        }
        return sum
      }
    }
  }
}

/// Sums of rows, four at a time, since each addition waits for the one before it: `body` takes four rows and their length.
private func sumsByFours(
  _ count: Int, _ rows: Int, _ parallelism: Parallelism, _ body: @Sendable (_ row: SIMD4<Int>, _ length: Int) -> SIMD4<Double>
) -> [Double] {
  let length = count / max(rows, 1)
  guard length > 0 else { return Array(repeating: 0, count: rows) }
  let sums = parallelMap((rows + 3) / 4, count < 1 << 15 ? .oneThread : parallelism) { four in
    func row(_ i: Int) -> Int { min(4 * four + i, rows - 1) }
    return body(SIMD4(row(0), row(1), row(2), row(3)), length)
  }
  return (0..<rows).map { sums[$0 / 4][$0 % 4] }
}

/// An array of n numbers whose parts `body` fills, on all cores for large arrays.
@inline(__always)
package func generate<Number: Sendable>(
  _ n: Int, _ parallelism: Parallelism, grain: Int = 1 << 15, _ body: @Sendable (UnsafeMutablePointer<Number>, Range<Int>) -> Void
) -> [Number] {
  guard n > 0 else { return [] }
  return [Number](unsafeUninitializedCapacity: n) { buffer, count in
    nonisolated(unsafe) let base = buffer.baseAddress!
    parallelParts(n, grain: grain, parallelism) { body(base, $0) }
    count = n
  }
}
