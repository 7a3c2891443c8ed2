// SPDX-License-Identifier: Apache-2.0
// The numbers of a minibatch, channel first.

package import Formats

/// The extents of one image, or (n, 1, 1) for n features.
public struct ImageShape: Hashable, Sendable, Codable {
  public let channels, height, width: Int

  public init(_ channels: Int, _ height: Int = 1, _ width: Int = 1) { (self.channels, self.height, self.width) = (channels, height, width) }

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
