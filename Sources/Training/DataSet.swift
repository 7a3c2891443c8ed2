// SPDX-License-Identifier: Apache-2.0
// Labelled images: the embedded digits, Fashion-MNIST, and directories like it.

package import Formats
internal import Glibc
package import Lab
internal import Tensors

/// Labelled images, for training and for testing, as binary32 numbers of mean 0 and variance 1 over the training images.
public struct DataSet: Sendable {
  /// What the command line calls it.
  public let name: String
  /// Extents of an image.
  public let shape: ImageShape
  /// Labels are 0 … classes − 1.
  public let classes: Int
  /// Images to train with.
  public let training: Images
  /// Images to test with.
  public let test: Images

  /// Images of one extent with their labels.
  public struct Images: Sendable {
    /// Image after image.
    package let pixels: [Float]
    /// The class of each.
    public let labels: [Int]

    /// How many images.
    public var count: Int { labels.count }
  }

  /// Where Debian's package dataset-fashion-mnist puts its files.
  public static let fashionDirectory = "/usr/share/datasets/fashion-mnist"

  /// The 1797 embedded digits of 8 × 8 pixels; every fifth is for testing.
  public static let digits: DataSet = {
    func part(_ isTest: Bool) -> (pixels: [Double], labels: [Int]) {
      let chosen = Digits.images.indices.filter { ($0 % 5 == 0) == isTest }
      return (chosen.flatMap { Digits.images[$0] }, chosen.map { Digits.labels[$0] })
    }
    return DataSet("digits", ImageShape(1, 8, 8), part(false), part(true))
  }()

  private init(_ name: String, _ shape: ImageShape, _ training: (pixels: [Double], labels: [Int]), _ test: (pixels: [Double], labels: [Int])) {
    let n = Double(max(training.pixels.count, 1))
    let mean = training.pixels.reduce(0, +) / n
    let deviation = (training.pixels.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / n).squareRoot()
    func images(_ part: (pixels: [Double], labels: [Int])) -> Images {
      Images(pixels: part.pixels.map { Float(($0 - mean) / (deviation > 0 ? deviation : 1)) }, labels: part.labels)
    }
    (self.name, self.shape) = (name, shape)
    classes = (training.labels + test.labels).reduce(0) { max($0, $1 + 1) }
    (self.training, self.test) = (images(training), images(test))
  }

  /// The data set of a name, or of a directory with the four files of MNIST.
  ///
  /// - Parameter text: `digits`, `fashion-mnist`, or a directory that holds train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte
  ///   and t10k-labels-idx1-ubyte, or .gz of them.
  /// - Throws: `TrainingError.data`.
  public init(text: String) throws(TrainingError) {
    if text == "digits" {
      self = .digits
      return
    }
    let isFashion = text == "fashion-mnist"
    let directory = isFashion ? DataSet.fashionDirectory : text
    let advice = isFashion ? "install it by `make data` (Debian's package dataset-fashion-mnist), or give --data a directory" : "give digits, fashion-mnist, or a directory"
    func file(_ name: String) throws(TrainingError) -> TensorSource {
      for path in ["\(directory)/\(name)", "\(directory)/\(name).gz"] where access(path, R_OK) == 0 {
        do throws(TensorError) {
          if let source = try TensorSource.open(path).first { return source }
        } catch { throw .data("\(error)") }
      }
      throw .file("--data \(text): there is no \(directory)/\(name) or .gz of it; \(advice).")
    }
    func part(_ prefix: String) throws(TrainingError) -> (shape: [Int], pixels: [Double], labels: [Int]) {
      let (images, labels) = (try file("\(prefix)-images-idx3-ubyte"), try file("\(prefix)-labels-idx1-ubyte"))
      guard images.shape.count == 3, labels.shape == [images.shape[0]], images.shape.allSatisfy({ $0 > 0 }), images.count < 1 << 31 else {
        throw .data(
          "--data \(text): \(prefix)-images has the shape \(images.shape) and \(prefix)-labels \(labels.shape); images are N × height × width, labels N.")
      }
      do {
        let numbers = try labels.tensor().elements
        let pixels = try images.tensor().elements
        guard let bad = numbers.firstIndex(where: { !((0...999).contains($0) && $0.rounded() == $0) }) else {
          guard let nan = pixels.firstIndex(where: { !($0.magnitude <= 0x1p100) }) else { return (images.shape, pixels, numbers.map { Int($0) }) }
          let image = nan / (pixels.count / images.shape[0])
          throw TrainingError.data("--data \(text): \(prefix)-images, image \(image), has the pixel \(pixels[nan]); pixels are numbers of at most 2^100.")
        }
        throw TrainingError.data("--data \(text): \(prefix)-labels, label \(bad), is \(numbers[bad]); labels are whole numbers from 0 to 999.")
      } catch let error as TrainingError {
        throw error
      } catch { throw .data("--data \(text): \(error)") }
    }
    let (training, test) = (try part("train"), try part("t10k"))
    guard training.shape.dropFirst() == test.shape.dropFirst() else {
      throw .data("--data \(text): images for training are of \(training.shape.dropFirst()), for testing of \(test.shape.dropFirst()); use one size.")
    }
    let name = isFashion ? text : String(directory.split(separator: "/").last ?? "data")
    self.init(name, ImageShape(1, training.shape[1], training.shape[2]), (training.pixels, training.labels), (test.pixels, test.labels))
  }
}

extension DataSet {
  private init(_ whole: DataSet, _ training: Images) {
    (name, shape, classes, self.training, test) = (whole.name, whole.shape, whole.classes, training, whole.test)
  }

  /// The same data with the first `count` training images only, as they are: of mean 0 and variance 1 over all of them.
  public func first(_ count: Int) -> DataSet {
    let n = min(count, training.count)
    return DataSet(self, Images(pixels: Array(training.pixels.prefix(n * shape.count)), labels: Array(training.labels.prefix(n))))
  }
}

extension DataSet.Images {
  /// The order of the training images in an epoch.
  ///
  /// - Random: image i takes the key of bits(at: i); images are sorted by key.
  package func order(_ random: RandomStream) -> [Int] {
    labels.indices.map { (random.bits(at: UInt64($0)), $0) }.sorted { $0 < $1 }.map(\.1)
  }

  /// Some of the images, side by side.
  package func planes(_ indices: ArraySlice<Int>, _ shape: ImageShape) -> Planes {
    let (plane, count) = (shape.height * shape.width, indices.count)
    return Planes(
      shape, count: count,
      [Double](unsafeUninitializedCapacity: count * shape.count) { to, filled in
        pixels.withUnsafeBufferPointer { pixels in
          for (n, index) in indices.enumerated() {
            for c in 0..<shape.channels {
              for p in 0..<plane { to[(c * count + n) * plane + p] = Double(pixels[(index * shape.channels + c) * plane + p]) }
            }
          }
        }
        filled = count * shape.count
      })
  }
}
