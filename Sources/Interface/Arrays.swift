// SPDX-License-Identifier: Apache-2.0
// Arrays through the C interface: rounding, codes, quantising, products of matrices. (What the functions mean is said in fmtlab.h.)

internal import Accumulation
public import CInterface
internal import Formats
internal import Lab

@c @implementation
public func fmtlab_format(
  _ name: UnsafePointer<CChar>?, _ width: UnsafeMutablePointer<Int32>?, _ bytes: UnsafeMutablePointer<Int32>?, _ message: UnsafeMutablePointer<CChar>?
) -> Int32 {
  call(message) {
    let format = try namedFormat(name)
    width?.pointee = Int32(format.width)
    bytes?.pointee = Carrier.binary32.holds(format) ? 4 : Carrier.binary64.holds(format) ? 8 : 0
  }
}

@c @implementation
public func fmtlab_accumulator(
  _ accumulator: UnsafePointer<CChar>?, _ bytes: UnsafeMutablePointer<Int32>?, _ message: UnsafeMutablePointer<CChar>?
) -> Int32 {
  call(message) {
    let format = try accumulatorPlan(accumulator).output.format
    bytes?.pointee = Carrier.binary32.holds(format) ? 4 : Carrier.binary64.holds(format) ? 8 : 0
  }
}

/// How an array is rounded.
private struct ArrayRounding {
  let rounder: Rounder
  let carrier: Carrier
  let threads: Parallelism
  /// Where the mode is stochastic.
  let random: RandomStream?

  init(_ to: UnsafePointer<fmtlab_rounding>?, _ bytes: Int32) throws {
    let to = try given(to, "the rounding")
    (rounder, carrier, threads) = (try Rounder(to), try Carrier(bytes: bytes), try parallelism(to.threads))
    try carrier.check(rounder.format)
    random = rounder.rounding.isStochastic ? RandomStream(seed: to.seed, "round") : nil
  }
}

@c @implementation
public func fmtlab_round(
  _ to: UnsafePointer<fmtlab_rounding>?, _ bytes: Int32, _ x: UnsafeRawPointer?, _ y: UnsafeMutableRawPointer?, _ n: Int,
  _ message: UnsafeMutablePointer<CChar>?
) -> Int32 {
  call(message) {
    let how = try ArrayRounding(to, bytes), rounder = how.rounder
    guard try count(n) > 0 else { return }
    guard let x, let y else { throw Refusal.argument("an array of \(n) numbers is NULL; give its address.") }
    func round<Number: CarrierNumber>(_: Number.Type) {
      let source = UnsafeBufferPointer(start: x.assumingMemoryBound(to: Number.self), count: n)
      ArrayRounder<Number>(rounder).round(source, into: y.assumingMemoryBound(to: Number.self), random: how.random, how.threads)
    }
    how.carrier == .binary32 ? round(Float.self) : round(Double.self)
  }
}

@c @implementation
public func fmtlab_encode(
  _ to: UnsafePointer<fmtlab_rounding>?, _ bytes: Int32, _ x: UnsafeRawPointer?, _ codeBytes: Int32, _ codes: UnsafeMutableRawPointer?, _ n: Int,
  _ message: UnsafeMutablePointer<CChar>?
) -> Int32 {
  call(message) {
    let how = try ArrayRounding(to, bytes), rounder = how.rounder
    try check(codeBytes, rounder.format)
    guard try count(n) > 0 else { return }
    guard let x, let codes else { throw Refusal.argument("an array of \(n) numbers is NULL; give its address.") }
    func encode<Number: CarrierNumber>(_: Number.Type) throws {
      let source = UnsafeBufferPointer(start: x.assumingMemoryBound(to: Number.self), count: n)
      let (round, coder) = (ArrayRounder<Number>(rounder), ArrayCoder<Number>(rounder.format))
      if !rounder.format.hasNaN, let i = source.firstIndex(where: { $0.isNaN || $0.isInfinite && rounder.round(Value(Double($0))).value == .nan }) {
        throw Refusal.data("element \(i) is \(source[i]), and \(rounder.format) has no code for NaN; remove it.")
      }
      nonisolated(unsafe) let (numbers, codes) = (source, codes)
      // Pieces stay in the nearest cache between rounding and coding.
      parallelParts(n, grain: 1 << 15, how.threads) { part in
        withUnsafeTemporaryAllocation(of: Number.self, capacity: 4096) { rounded in
          for start in stride(from: part.lowerBound, to: part.upperBound, by: 4096) {
            let count = min(4096, part.upperBound - start)
            let piece = UnsafeBufferPointer(rebasing: numbers[start..<start + count])
            round.round(piece, into: rounded.baseAddress, random: how.random, first: start, .oneThread)
            let values = UnsafeBufferPointer(rebasing: rounded[..<count]), at = codes + start * Int(codeBytes)
            switch codeBytes {
            case 1: coder.encode(values, into: at.assumingMemoryBound(to: UInt8.self))
            case 2: coder.encode(values, into: at.assumingMemoryBound(to: UInt16.self))
            case 4: coder.encode(values, into: at.assumingMemoryBound(to: UInt32.self))
            default: coder.encode(values, into: at.assumingMemoryBound(to: UInt64.self))
            }
          }
        }
      }
    }
    try how.carrier == .binary32 ? encode(Float.self) : encode(Double.self)
  }
}

@c @implementation
public func fmtlab_decode(
  _ name: UnsafePointer<CChar>?, _ codeBytes: Int32, _ codes: UnsafeRawPointer?, _ bytes: Int32, _ y: UnsafeMutableRawPointer?, _ n: Int,
  _ message: UnsafeMutablePointer<CChar>?
) -> Int32 {
  call(message) {
    let (format, carrier) = (try namedFormat(name), try Carrier(bytes: bytes))
    try carrier.check(format)
    try check(codeBytes, format)
    guard try count(n) > 0 else { return }
    guard let codes, let y else { throw Refusal.argument("an array of \(n) numbers is NULL; give its address.") }
    func decode<Code: FixedWidthInteger & UnsignedInteger & Sendable>(_: Code.Type) throws {
      let source = UnsafeBufferPointer(start: codes.assumingMemoryBound(to: Code.self), count: n)
      if format.width < Code.bitWidth, let i = source.firstIndex(where: { $0 >> Code(format.width) != 0 }) {
        throw Refusal.data("element \(i) is \(source[i]), and codes of \(format) have \(format.width) bits; give numbers below 2^\(format.width).")
      }
      if carrier == .binary32 {
        ArrayCoder<Float>(format).decode(source, into: y.assumingMemoryBound(to: Float.self))
      } else {
        ArrayCoder<Double>(format).decode(source, into: y.assumingMemoryBound(to: Double.self))
      }
    }
    switch codeBytes {
    case 1: try decode(UInt8.self)
    case 2: try decode(UInt16.self)
    case 4: try decode(UInt32.self)
    default: try decode(UInt64.self)
    }
  }
}

private func check(_ codeBytes: Int32, _ format: Format) throws {
  guard [1, 2, 4, 8].contains(codeBytes), format.width <= 8 * Int(codeBytes) else {
    throw Refusal.argument("codes of \(codeBytes) bytes, and those of \(format) have \(format.width) bits; use 1, 2, 4 or 8 bytes that hold them.")
  }
}

@c @implementation
public func fmtlab_quantize(
  _ to: UnsafePointer<fmtlab_rounding>?, _ axis: Int32, _ nonFinite: UnsafePointer<CChar>?, _ name: UnsafePointer<CChar>?,
  _ bytes: Int32, _ shape: UnsafePointer<Int>?, _ dimensions: Int, _ x: UnsafeRawPointer?, _ y: UnsafeMutableRawPointer?, _ message: UnsafeMutablePointer<CChar>?
) -> Int32 {
  call(message) {
    let to = try given(to, "the rounding"), carrier = try Carrier(bytes: bytes), policy = text(nonFinite) ?? "reject"
    guard let nonFinite = NonFinitePolicy(rawValue: policy.lowercased()) else { throw Refusal.argument("nonfinite '\(policy)': use reject or propagate.") }
    let format = try scaledFormat(text(to.format) ?? "")
    let axis = axis == FMTLAB_STANDARD_AXIS ? TensorQuantizer.standardAxis(format) : Int(axis)
    let extents = Array(UnsafeBufferPointer(start: shape, count: shape == nil ? 0 : dimensions))
    guard format.granularity == .tensor || (-extents.count..<max(1, extents.count)).contains(axis) else {
      throw Refusal.argument("there is no axis \(axis) in an array of shape \(extents); give one from \(-extents.count) to \(extents.count - 1).")
    }
    let n = try count(extents)
    guard n > 0 else { return }
    guard let x, let y else { throw Refusal.argument("an array of \(n) numbers is NULL; give its address.") }
    let stream = RandomStream(seed: to.seed, "quantize")
    let quantizer = try BlockQuantizer(
      format, Rounding(text(to.rounding) ?? "rne"), nonFinite: nonFinite, stream: text(name).map { stream.child($0) } ?? stream)
    func quantize<Number: CarrierNumber>(_: Number.Type) throws {
      let numbers = UnsafeBufferPointer(start: x.assumingMemoryBound(to: Number.self), count: n).map(Double.init)
      let values = try quantizer.quantize(numbers, shape: extents, axis: axis).values
      let target = y.assumingMemoryBound(to: Number.self)
      for i in 0..<n { target[i] = Number(values[i]) }
    }
    try carrier == .binary32 ? quantize(Float.self) : quantize(Double.self)
  }
}

private func scaledFormat(_ name: String) throws -> ScaledFormat {
  do { return try ScaledFormat(name) } catch {
    guard let plain = try? Format(name) else { throw error }
    throw Refusal.argument("\(plain) has no scales: round to it; scaled formats are mxfp4, nvfp4, dfp16, int8_symmetric, ... (`fmtlab formats`).")
  }
}

@c @implementation
public func fmtlab_gemm(
  _ sum: UnsafePointer<fmtlab_sum>?, _ bytes: Int32, _ sumBytes: Int32, _ m: Int, _ n: Int, _ k: Int, _ a: UnsafeRawPointer?,
  _ b: UnsafeRawPointer?, _ c: UnsafeMutableRawPointer?, _ message: UnsafeMutablePointer<CChar>?
) -> Int32 {
  call(message) {
    let sum = try given(sum, "the accumulator"), format = try namedFormat(sum.format), dot = try DotProduct(sum, format)
    let (carrier, target, threads) = (try Carrier(bytes: bytes), try Carrier(bytes: sumBytes), try parallelism(sum.threads))
    try Carrier.binary64.check(format)
    try Carrier.binary64.check(dot.plan.output.format)
    _ = (try count(m, k), try count(k, n))
    guard try count(m, n) > 0 else { return }
    guard let c, k == 0 || a != nil && b != nil else { throw Refusal.argument("a matrix is NULL; give its address.") }
    // Binary32 holds most formats, in half the memory.
    let isNarrow = [format, dot.plan.output.format].allSatisfy(Carrier.binary32.holds)
    let rounder = try Rounder(to: format), stream = RandomStream(seed: sum.seed, "dot")
    func multiply<Given: CarrierNumber, Number: CarrierNumber>(_: Given.Type, _: Number.Type) {
      func factor(_ address: UnsafeRawPointer?, _ rows: Int, _ columns: Int) -> Matrix<Number> {
        let given = UnsafeBufferPointer(start: address?.assumingMemoryBound(to: Given.self), count: rows * columns)
        return Matrix(rows: rows, columns: columns, rounder.rounded(given, as: Number.self, threads))
      }
      let product = MatrixProduct(dot)(factor(a, m, k), factor(b, k, n), random: dot.isStochastic ? stream : nil, threads)
      switch target {
      case .binary32: convert(product.elements, to: c.assumingMemoryBound(to: Float.self))
      case .binary64: convert(product.elements, to: c.assumingMemoryBound(to: Double.self))
      }
    }
    switch (carrier, isNarrow) {
    case (.binary32, true): multiply(Float.self, Float.self)
    case (.binary32, false): multiply(Float.self, Double.self)
    case (.binary64, true): multiply(Double.self, Float.self)
    case (.binary64, false): multiply(Double.self, Double.self)
    }
  }
}

extension Rounder {
  /// Numbers rounded as what they are, to a format that `Other` holds. (A double is not rounded to binary32 on its way.)
  fileprivate func rounded<Number: CarrierNumber, Other: CarrierNumber>(
    _ x: UnsafeBufferPointer<Number>, as _: Other.Type, _ threads: Parallelism
  ) -> [Other] {
    guard Number.carrier.holds(format) else {
      // Of binary32; binary64 holds what it does not.
      var wide = x.map(Double.init)
      ArrayRounder<Double>(self).round(&wide, threads)
      return wide.map(Other.init)
    }
    let rounded = [Number](unsafeUninitializedCapacity: x.count) { y, count in
      ArrayRounder<Number>(self).round(x, into: y.baseAddress, threads)
      count = x.count
    }
    return [Other](unsafeUninitializedCapacity: x.count) { y, count in
      if let y = y.baseAddress { convert(rounded, to: y) }
      count = x.count
    }
  }
}

/// Copies numbers to others, rounding what these do not hold.
private func convert<Number: CarrierNumber, Other: CarrierNumber>(_ x: [Number], to y: UnsafeMutablePointer<Other>) {
  x.withUnsafeBufferPointer { x in
    guard Number.carrier != Other.carrier else {
      return UnsafeMutableRawPointer(y).copyMemory(from: UnsafeRawPointer(x.baseAddress!), byteCount: x.count * MemoryLayout<Number>.stride)
    }
    for i in x.indices { y[i] = Other(x[i]) }
  }
}
