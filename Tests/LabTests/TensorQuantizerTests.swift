// SPDX-License-Identifier: Apache-2.0
// Tensors quantised in pieces against the same tensors quantised as one array.

import Formats
import Foundation
import Lab
import Tensors
import Testing

@Suite struct TensorQuantizerTests {
  /// Numbers over many binades, some zeros, in the order of the seed.
  private func numbers(_ count: Int, seed: UInt64) -> [Double] {
    let stream = RandomStream(seed: seed, "tensor")
    return (0..<count).map { i in
      let magnitude = Double(Float(stream.uniform(at: UInt64(i)) * Double(1 << (stream.integer(below: 30, at: UInt64(i), word: 1))) * 0x1p-20))
      return stream.integer(below: 50, at: UInt64(i), word: 2) == 0 ? 0 : i % 2 == 0 ? magnitude : -magnitude
    }
  }

  /// What a tensor becomes by way of files.
  private func throughFiles(_ tensor: Tensor, _ quantizer: TensorQuantizer) throws -> (values: [Double], report: TensorQuantizer.Report) {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("fmtlab-\(UUID().uuidString).npy").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let writer = try NPYWriter(path, shape: tensor.shape, elementType: .f8)
    let report = try quantizer.run(TensorSource(name: "x", tensor), to: writer)
    try writer.finish()
    return (try TensorSource.open(path)[0].tensor().elements, report)
  }

  // Shapes below and above the size of a piece, with axes that blocks do and do not divide.
  static let cases: [(format: String, shape: [Int], axis: Int?)] = [
    ("mxfp4", [300_000], nil), ("mxfp4", [1000, 385], nil), ("mxfp4", [385, 1000], 0), ("mxfp4", [7, 40, 33], 1), ("mxfp4", [3, 70_000, 2], 1),
    ("nvfp4", [600, 384], -1), ("nvfp4/16", [40, 5000], 0), ("bfp8/7", [11, 13, 17], 2), ("dfp16", [400_000], nil), ("dfp8", [50, 60, 70], nil),
    ("int8_symmetric/channel", [64, 3, 3, 3], nil), ("int8_symmetric/channel", [500, 700], 1), ("int8_affine/channel", [3, 200_000], 0),
    ("int8_symmetric/channel", [2, 5, 90_000], 1), ("int4_affine", [100, 100], nil), ("s2fp8", [300, 500], nil), ("ternary/64", [100, 1000], nil),
    ("ternary", [200, 300], nil), ("ternary", [500, 600], nil), ("ternary2", [500, 600], nil), ("ternary3", [7], nil), ("fixed(e4m3fn,0.25)", [300_000], nil), ("fixed(posit8,1)", [200, 9], nil),
  ]

  @Test(arguments: cases)
  func piecesGiveWhatTheWholeGives(_ name: String, _ shape: [Int], _ axis: Int?) throws {
    let format = try ScaledFormat(name)
    let tensor = Tensor(shape: shape, elements: numbers(shape.reduce(1, *), seed: 3))
    let quantizer = try BlockQuantizer(format)
    let standard = format.granularity == .channel ? 0 : -1
    let whole = try quantizer.quantize(tensor.elements, shape: shape, axis: axis ?? standard)
    let (values, report) = try throughFiles(tensor, TensorQuantizer(quantizer, axis: axis))
    guard let different = zip(values, whole.values).enumerated().first(where: { $1.0.bitPattern != $1.1.bitPattern })?.offset else {
      #expect(values.count == whole.values.count)
      #expect(report.tally.saturated == whole.tally.saturated && report.tally.underflowed == whole.tally.underflowed)
      #expect(report.tally.subnormal == whole.tally.subnormal && report.tally.maxError == whole.tally.maxError)
      #expect(abs(report.tally.squaredErrors / max(whole.tally.squaredErrors, 0x1p-1000) - 1) < 1e-12 || whole.tally.squaredErrors == 0)
      #expect(report.maxMagnitude == tensor.elements.map(abs).max() && report.histogram == MagnitudeHistogram(tensor.elements))
      return
    }
    Issue.record("\(name), \(shape), axis \(axis ?? standard): element \(different) is \(values[different]), not \(whole.values[different])")
  }

  @Test(arguments: ["mxfp4", "nvfp4", "int8_symmetric/channel", "dfp16"])
  func resultsAreTheSameBitsOnOneThread(_ name: String) throws {
    let tensor = Tensor(shape: [700, 600], elements: numbers(420_000, seed: 4))
    for rounding in [Rounding.nearestEven, .stochastic] {
      let quantizer = try BlockQuantizer(ScaledFormat(name), rounding, stream: RandomStream(seed: 9))
      let (serial, first) = try throughFiles(tensor, TensorQuantizer(quantizer, .oneThread))
      let (parallel, second) = try throughFiles(tensor, TensorQuantizer(quantizer))
      #expect(serial.map(\.bitPattern) == parallel.map(\.bitPattern) && first == second)
    }
  }

  @Test func fortranOrderHasTheSameAxes() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("fmtlab-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let (rows, columns) = (37, 65)
    let elements = numbers(rows * columns, seed: 5)
    // The same matrix stored by columns.
    let path = directory.appendingPathComponent("f.npy").path
    let writer = try NPYWriter(path, shape: [rows, columns], elementType: .f8, isFortranOrder: true)
    try (0..<columns).flatMap { c in (0..<rows).map { elements[$0 * columns + c] } }.withUnsafeBufferPointer { try writer.write($0) }
    try writer.finish()
    for axis in [0, 1, -1, -2] {
      let quantizer = try BlockQuantizer(ScaledFormat("mxfp4"))
      let source = try TensorSource.open(path)[0]
      let output = directory.appendingPathComponent("\(axis).npy").path
      let target = try NPYWriter(output, shape: source.shape, elementType: .f8, isFortranOrder: true)
      _ = try TensorQuantizer(quantizer, axis: axis).run(source, to: target)
      try target.finish()
      let expected = try quantizer.quantize(elements, shape: [rows, columns], axis: axis).values
      #expect(try TensorSource.open(output)[0].tensor().elements == expected)
    }
  }

  @Test func numbersWithoutAValueAreNamedWithTheirPlace() throws {
    var elements = numbers(1000 * 300, seed: 6)
    elements[777 * 300 + 12] = .nan
    let source = TensorSource(name: "w", Tensor(shape: [1000, 300], elements: elements))
    let quantizer = TensorQuantizer(try BlockQuantizer(ScaledFormat("mxfp4")))
    let error = #expect(throws: TensorQuantizationError.self) { try quantizer.run(source) }
    #expect("\(try #require(error))".contains("'w' has nan at [777, 12]"))
    let passing = TensorQuantizer(try BlockQuantizer(ScaledFormat("mxfp4"), nonFinite: .propagate))
    #expect(try passing.run(source).tally.notFinite == 1)
    let noAxis = #expect(throws: TensorQuantizationError.self) { try TensorQuantizer(try BlockQuantizer(ScaledFormat("mxfp4")), axis: 2).run(source) }
    #expect("\(try #require(noAxis))".contains("no axis 2; give one from -2 to 1"))
  }

  @Test(arguments: [[0], [0, 5], [5, 0], []] as [[Int]])
  func emptyAndSingleTensorsPass(_ shape: [Int]) throws {
    for name in ["mxfp4", "nvfp4", "int8_symmetric/channel", "dfp16", "ternary/64", "ternary"] {
      let count = shape.reduce(1, *)
      let (values, report) = try throughFiles(
        Tensor(shape: shape, elements: numbers(count, seed: 7)), TensorQuantizer(try BlockQuantizer(ScaledFormat(name))))
      #expect(values.count == count && report.tally.count == count)
    }
  }
}
