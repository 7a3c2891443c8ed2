// SPDX-License-Identifier: Apache-2.0
// Directories of images: what is read, and what is refused.

import Foundation
import Testing
import Training

@Suite struct DataSetTests {
  /// A directory with the four files, of bytes or of binary32 pixels.
  static func directory(_ images: [[Float]], _ height: Int, _ width: Int, labels: [UInt8], test: Int = 1, isFloat: Bool = false) throws -> String {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    func big(_ n: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: n >> $0) } }
    func write(_ name: String, _ type: UInt8, _ extents: [Int], _ bytes: [UInt8]) throws {
      var header: [UInt8] = [0, 0, type, UInt8(extents.count)]
      for extent in extents { header += big(UInt32(extent)) }
      try Data(header + bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    }
    func bytes(_ images: [[Float]]) -> [UInt8] { images.flatMap { $0.flatMap { isFloat ? big($0.bitPattern) : [UInt8($0)] } } }
    let type: UInt8 = isFloat ? 0x0d : 0x08
    try write("train-images-idx3-ubyte", type, [images.count, height, width], bytes(images))
    try write("train-labels-idx1-ubyte", 8, [labels.count], labels)
    try write("t10k-images-idx3-ubyte", type, [test, height, width], bytes(Array(images.prefix(test))))
    try write("t10k-labels-idx1-ubyte", 8, [test], Array(labels.prefix(test)))
    return path
  }

  /// Of mean 0 and variance 1; one image is trained on, and nothing can be predicted of it.
  @Test func oneImageIsEnough() throws {
    let path = try Self.directory([[0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3]], 4, 4, labels: [2])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let data = try DataSet(text: path)
    #expect(data.classes == 3 && data.shape == ImageShape(1, 4, 4))
    #expect(data.training.pixels.map { ($0 * Float(1.25).squareRoot() + 1.5).rounded() } == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3])
    for model in Model.allCases {
      let trainer = try Trainer(TrainingPlan(model: model, data: "one", policy: try PrecisionPolicy(name: "e5m2cfg5+e6m5"), epochs: 1), data)
      #expect(try trainer.runEpoch() != nil && trainer.check().isEmpty)
    }
  }

  /// The same pixels, not scaled anew, and all test images.
  @Test func theFirstImagesAreAsTheyWere() {
    let (all, some) = (DataSet.digits, DataSet.digits.first(100))
    #expect(some.training.count == 100 && some.test.count == all.test.count && some.classes == all.classes)
    #expect(some.training.pixels == Array(all.training.pixels.prefix(100 * 64)) && some.training.labels == Array(all.training.labels.prefix(100)))
    #expect(all.first(10_000).training.count == all.training.count)
  }

  @Test(arguments: [Float.nan, .infinity, 1e38])
  func pixelsThatAreNoNumbersAreRefused(pixel: Float) throws {
    let path = try Self.directory([[0, 1], [pixel, 1]], 1, 2, labels: [0, 1], isFloat: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let error = try #require(throws: TrainingError.self) { try DataSet(text: path) }
    #expect("\(error)".contains("train-images, image 1, has the pixel"), "\(error)")
  }

  @Test func whatDoesNotFitTogetherIsRefused() throws {
    let path = try Self.directory([[0, 1], [2, 1]], 1, 2, labels: [0, 1, 1])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let error = try #require(throws: TrainingError.self) { try DataSet(text: path) }
    #expect("\(error)".contains("train-images has the shape [2, 1, 2] and train-labels [3]"), "\(error)")
  }

  @Test func imagesTooSmallForAModelAreRefused() throws {
    let path = try Self.directory([[0, 1, 2], [2, 1, 0]], 1, 3, labels: [0, 1])
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (data, policy) = (try DataSet(text: path), try PrecisionPolicy(name: "fp32"))
    let error = try #require(throws: TrainingError.self) { try Trainer(TrainingPlan(model: .lenet, data: "small", policy: policy), data) }
    #expect("\(error)".contains("lenet needs images of at least 4 x 4; these are 1 x 3"), "\(error)")
  }

  /// Wider than high: no border where there is room for the kernel, one where there is none.
  @Test func lenetTakesImagesThatAreNotSquare() throws {
    for (height, width) in [(4, 30), (30, 4), (14, 16), (20, 8)] {
      let images = (0..<4).map { n in (0..<height * width).map { Float(($0 * 7 + n * 3) % 11) } }
      let path = try Self.directory(images, height, width, labels: [0, 1, 0, 1])
      defer { try? FileManager.default.removeItem(atPath: path) }
      let trainer = try Trainer(TrainingPlan(model: .lenet, data: "wide", policy: try PrecisionPolicy(name: "bf16"), epochs: 1), try DataSet(text: path))
      #expect(try trainer.runEpoch()?.loss.isFinite == true, "\(height) x \(width)")
    }
  }
}
