// SPDX-License-Identifier: Apache-2.0
// Quantising arrays: published and derived figures, tallies, axes, parts, NaN, random rounding.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Formats
import TestSupport
import Testing

@Suite struct QuantizationTests {
  /// Box–Muller.
  static let gaussian: [Double] = {
    var random = SplitMix64(seed: 83)
    func uniform() -> Double { (Double(random.next() >> 11) + 0.5) * 0x1p-53 }
    return (0..<(1 << 17)).map { _ in sqrt(-2 * log(uniform())) * cos(2 * .pi * uniform()) }
  }()

  @Test func dynamicFixedPointExample() throws {
    let group = try BlockQuantizer(ScaledFormat("dfp16")).quantize(group: [0.75, -3.1, 0.001, 2.9999])
    #expect(group.scale == .power(-13))
    #expect(group.elements == [6144, -25395, 8, 24575].map { .finite($0) })
    let errors = zip([0.75, -3.1, 0.001, 2.9999], group.values).map { $1 - $0 }
    for (error, expected) in zip(errors, [0, 2.441e-5, -2.344e-5, -2.207e-5]) { #expect(abs(error - expected) < 1e-8) }
    #expect(group.tally.maxError <= 0x1p-14)
    // 2^15 in steps: rounded up to, and out of the range of 16 bits on one side.
    let ends = try BlockQuantizer(ScaledFormat("dfp16")).quantize(group: [4 - 0x1p-20, -4 + 0x1p-20])
    #expect(ends.elements == [32767, -32768].map { .finite($0) })
    #expect(ends.tally.saturated == 1)
  }

  @Test(arguments: [2, 3, 8, 16, 24, 32])
  func dynamicFixedPointIsTheOneOfItsArithmetic(_ width: Int) throws {
    let group = try BlockQuantizer(ScaledFormat("dfp\(width)")).quantize(group: Array(Self.gaussian.prefix(1000)))
    let numbers = DynamicFixedPoint(quantizing: Self.gaussian.prefix(1000).map { Dyadic($0)! }, try Rounder(to: Format("q\(width).0")))
    #expect(group.scale == .power(numbers.exponent))
    #expect(group.values == numbers.values.map { Double(exactly: $0)! })
  }

  /// Signal to noise of Gaussian data, in decibels, as measured on 640,000 samples by a program that shares no code with this one.
  @Test(arguments: [
    ("mxfp4", 18.79), ("mxfp4_16", 18.57), ("mxfp6_e2m3", 30.95), ("mxfp6_e3m2", 25.36), ("mxfp8_e4m3", 30.65), ("mxfp8_e5m2", 25.36), ("nvfp4", 20.44),
    ("bfp4", 17.54), ("bfp8", 41.65), ("bfp8/16", 42.77), ("bfp16", 89.82),
  ])
  func gaussianNoiseIsAsMeasuredElsewhere(_ name: String, _ decibels: Double) throws {
    let tally = try BlockQuantizer(ScaledFormat(name)).quantize(Self.gaussian).tally
    #expect(abs(tally.sqnr! - decibels) < 0.1, "\(name): \(tally.sqnr!) dB")
  }

  @Test func talliesCountWhatHappened() throws {
    let quantizer = try BlockQuantizer(ScaledFormat("mxfp4"))
    // S = 1: 7.5 saturates, 0.25 is a tie that goes to 0, 0.5 is subnormal, 0 is not an underflow.
    let group = try quantizer.quantize(group: [7.5, -6, 0.25, -0.2, 0.5, 0.4, 1, 0])
    #expect(group.values == [6, -6, 0, 0, 0.5, 0.5, 1, 0])
    let tally = group.tally
    #expect((tally.count, tally.saturated, tally.underflowed, tally.subnormal, tally.notFinite) == (8, 1, 2, 2, 0))
    #expect(tally.maxError == 1.5)
    #expect(abs(tally.squaredErrors - (2.25 + 0.0625 + 0.04 + 0.01)) < 1e-15)
    #expect(group.values[3].sign == .minus)
  }

  // MARK: Parts and axes

  @Test(
    arguments: ["mxfp4", "nvfp4", "int8_symmetric", "int8_affine", "s2fp8", "dfp8"],
    [Rounding.nearestEven, .stochastic, .stochasticBits(4), .down])
  func partsGiveTheSameAsTheWhole(_ name: String, _ rounding: Rounding) throws {
    let x = Array(Self.gaussian.prefix(1024))
    let quantizer = try BlockQuantizer(ScaledFormat(name), rounding)
    let whole = try quantizer.quantize(x)
    for part in [32, 96, 512] {
      var group = GroupSummary()
      var y = Array(repeating: 0.0, count: x.count)
      var tally = QuantizationTally()
      try x.withUnsafeBufferPointer { p in
        for start in stride(from: 0, to: x.count, by: part / 3) {
          group.merge(quantizer.summary(of: p.baseAddress! + start, count: min(part / 3, x.count - start), at: start))
        }
        #expect(group == quantizer.summary(of: x))
        try y.withUnsafeMutableBufferPointer { q in
          for start in stride(from: 0, to: x.count, by: part) {
            let count = min(part, x.count - start)
            tally.merge(try quantizer.quantize(p.baseAddress! + start, into: q.baseAddress! + start, count: count, within: group, at: start))
          }
        }
      }
      #expect(y == whole.values)
      let (a, b) = (tally, whole.tally)
      #expect((a.count, a.saturated, a.underflowed, a.subnormal) == (b.count, b.saturated, b.underflowed, b.subnormal))
      #expect(a.maxError == b.maxError)
    }
  }

  /// The array of shape (3, 5, 7) quantised along an axis equals the groups picked out by index and quantised alone.
  @Test(
    arguments: [
      "bfp4/2", "mxfp4/3", "int4_symmetric/channel", "int8_affine/channel", "s2fp8/channel", "int8_symmetric", "nvfp4/4", "ternary2/3", "ternary",
    ], [0, 1, 2, -1])
  func axesPickTheGroups(_ name: String, _ axis: Int) throws {
    let shape = [3, 5, 7]
    let x = Array(Self.gaussian.prefix(105))
    let quantizer = try BlockQuantizer(ScaledFormat(name))
    let positive = axis < 0 ? axis + 3 : axis
    var groups: [[Int]: [Int]] = [:]
    for position in 0..<105 {
      let index = [position / 35, position / 7 % 5, position % 7]
      var key: [Int] = []
      switch quantizer.format.granularity {
      case .tensor: break
      case .channel: key = [index[positive]]
      case .block(let size):
        key = index
        key[positive] /= size
      }
      groups[key, default: []].append(position)
    }
    var expected = x
    let tensor = quantizer.format.scale.isTwoLevel ? quantizer.summary(of: x) : nil
    for positions in groups.values {
      let group = try quantizer.quantize(group: positions.map { x[$0] }, within: tensor)
      for (position, value) in zip(positions, group.values) { expected[position] = value }
    }
    let found = try quantizer.quantize(x, shape: shape, axis: axis)
    #expect(found.values == expected)
    #expect(found.tally.count == 105)
  }

  // MARK: NaN and infinities

  @Test(arguments: ["mxfp4", "nvfp4", "int8_symmetric", "int8_affine", "s2fp8", "ternary2", "bfp4_b"])
  func whatIsNotFiniteIsRejectedOrPassed(_ name: String) throws {
    let format = try ScaledFormat(name)
    for (bad, index) in [(Double.nan, 2), (.infinity, 0), (-.infinity, 3)] {
      var x = [1, -2, 0.5, 4]
      x[index] = bad
      let error = #expect(throws: QuantizationError.self) { try BlockQuantizer(format).quantize(x) }
      guard case .notFinite(_, index)? = error else {
        Issue.record("\(name) gives \(String(describing: error))")
        continue
      }
      let zeros = try BlockQuantizer(format, nonFinite: .propagate).quantize(group: [0, bad])
      #expect(zeros.values[0] == 0 && zeros.values[1].isNaN == bad.isNaN && !zeros.values[1].isInfinite)
      let finite = try BlockQuantizer(format).quantize(group: x.filter(\.isFinite))
      let passed = try BlockQuantizer(format, nonFinite: .propagate).quantize(group: x)
      #expect(passed.scale == finite.scale)
      #expect(passed.tally.notFinite == 1 && passed.tally.squaredErrors == finite.tally.squaredErrors)
      #expect(zip(x, passed.values).filter { $0.0.isFinite }.map(\.1) == finite.values)
      let y = passed.values[index]
      #expect(bad.isNaN ? y.isNaN : y.isFinite && (format.scale.isAffine || (y < 0) == (bad < 0)))
    }
  }

  // MARK: Random rounding

  @Test func stochasticRoundingIsUnbiased() throws {
    // 5.3 between 4 and 6, at S = 1.
    let quantizer = try BlockQuantizer(ScaledFormat("mxfp4/65536"), .stochastic, stream: RandomStream(seed: 84))
    let y = try quantizer.quantize(Array(repeating: 5.3, count: 1 << 16)).values
    let up = Double(y.count { $0 == 6 }) / Double(y.count)
    #expect(y.allSatisfy { $0 == 4 || $0 == 6 })
    #expect(abs(up - 0.65) < 0.01)
    let nv = try BlockQuantizer(ScaledFormat("int8_symmetric"), .stochastic, stream: RandomStream(seed: 85))
    let z = try nv.quantize(Array(repeating: 0.3, count: 1 << 16) + [127])
    #expect(abs(z.values.dropLast().reduce(0, +) / 65536 - 0.3) < 0.01)
  }

  @Test func randomBitsAreValidated() {
    #expect(throws: FormatError.randomBits(65)) { try BlockQuantizer(ScaledFormat("mxfp4"), .stochasticBits(65)) }
  }

  // MARK: Shift and squeeze

  @Test func squeezedLogarithmsHaveMeanZeroAndMaximumFifteen() throws {
    let quantizer = try BlockQuantizer(ScaledFormat("s2fp8"))
    let x = Self.gaussian.prefix(4096).map { $0 * 1e-9 } + [0]
    guard case .squeeze(let alpha, let beta) = quantizer.scale(of: quantizer.summary(of: x)) else { return #expect(Bool(false)) }
    let logarithms = x.filter { $0 != 0 }.map { alpha * log2(abs($0)) + beta }
    #expect(abs(logarithms.max()! - 15) < 1e-9)
    #expect(abs(logarithms.reduce(0, +) / 4096) < 1e-9)
    // Magnitudes of one size: the elements are ±1.
    let constant = try quantizer.quantize(group: [3e-9, -3e-9, 3e-9])
    #expect(constant.elements == [Value(1), Value(-1), Value(1)])
    #expect(constant.values.allSatisfy { abs(abs($0) - 3e-9) < 1e-23 })
  }

  @Test func noNumbersAreAGroup() throws {
    for entry in ScaledFormat.catalogue {
      let group = try BlockQuantizer(entry.format).quantize(group: [])
      #expect(group.values.isEmpty && group.elements.isEmpty && group.tally == QuantizationTally())
      #expect(try BlockQuantizer(entry.format).quantize([]).values.isEmpty)
    }
  }
}
