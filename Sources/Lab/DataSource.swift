// SPDX-License-Identifier: Apache-2.0
// Where the vectors of an analysis come from.

package import Formats
internal import Glibc

/// Pairs of vectors, one pair a trial.
public enum DataSource: Sendable {
  /// Rows of two matrices: the embedded digits and weights, or a user's files.
  case rows(Rows)
  /// Independent numbers from a distribution.
  case distribution(Distribution)

  /// Images of digits against a classifier's weights.
  public static let digits = DataSource.rows(
    Rows(name: "digits", note: "1797 digit images against 10 rows of classifier weights", x: Digits.images, y: Digits.weights))

  /// `digits`, or the name of a distribution.
  public init?(name: String) {
    if name == "digits" { self = .digits } else if let law = Distribution(rawValue: name) { self = .distribution(law) } else { return nil }
  }

  /// What the command line calls it.
  public var name: String {
    switch self {
    case .rows(let rows): rows.name
    case .distribution(let distribution): distribution.rawValue
    }
  }

  /// What it is, in a line.
  public var note: String {
    switch self {
    case .rows(let rows): rows.note
    case .distribution(let distribution): distribution.note
    }
  }
}

/// Rows of equal length from which vectors of any length are cut or chained.
public struct Rows: Sendable {
  /// What it is called.
  public let name: String
  /// What it is, in a line.
  public let note: String
  /// The rows that x is cut from.
  public let x: [[Double]]
  /// The rows that y is cut from.
  public let y: [[Double]]

  /// - Precondition: at least one row each, all of the same positive length.
  public init(name: String, note: String, x: [[Double]], y: [[Double]]) {
    precondition(!x.isEmpty && !y.isEmpty && !x[0].isEmpty && (x + y).allSatisfy { $0.count == x[0].count }, "rows of one length")
    (self.name, self.note, self.x, self.y) = (name, note, x, y)
  }

  /// Numbers of a row.
  public var length: Int { x[0].count }
}

/// A distribution of independent numbers; x and y are drawn alike.
public enum Distribution: String, CaseIterable, Sendable {
  /// N(0, 1).
  case normal, uniform, lognormal, laplace

  /// The distribution in a line.
  public var note: String {
    switch self {
    case .normal: "independent N(0, 1)"
    case .uniform: "independent, uniform on [0, 1)"
    case .lognormal: "independent exp N(0, 1)"
    case .laplace: "independent, of density exp(-|x|) / 2"
    }
  }

  /// Number `index` of a stream.
  package func sample(_ stream: RandomStream, at index: Int) -> Double {
    let i = UInt64(index)
    switch self {
    case .uniform: return stream.uniform(at: i)
    case .normal, .lognormal:
      // Box and Muller, one number a pair of uniforms; 1 − U keeps the logarithm finite.
      let radius = (-2 * log(1 - stream.uniform(at: i))).squareRoot()
      let z = radius * cos(2 * Double.pi * stream.uniform(at: i, word: 1))
      return self == .normal ? z : exp(z)
    case .laplace:
      // 1 − U, so that the logarithm is finite; the second word is the sign.
      let size = -log(1 - stream.uniform(at: i))
      return stream.uniform(at: i, word: 1) < 0.5 ? -size : size
    }
  }
}

/// A data source rounded to a format once, ready to cut trials from.
struct Sampler: Sendable {
  private let source: DataSource
  private let rounder: Rounder
  private let x: [[Value]]
  private let y: [[Value]]

  /// Rounds to nearest even, saturating, so that one large number does not spoil a whole trial.
  init(_ source: DataSource, _ format: Format) {
    let rounder = try! Rounder(to: format, overflow: .saturate)  // saturation is possible in every format
    self.source = source
    self.rounder = rounder
    if case .rows(let rows) = source {
      x = rows.x.map { $0.map { rounder.round(Value($0)).value } }
      y = rows.y.map { $0.map { rounder.round(Value($0)).value } }
    } else {
      (x, y) = ([], [])
    }
  }

  /// The vectors of one trial.
  ///
  /// Rows: a random row of x meets a random row of y, both from a random place if the row is longer than n; if it is shorter,
  /// the rows after them follow, cyclically.
  func pair(count n: Int, _ stream: RandomStream) -> (x: [Value], y: [Value]) {
    switch source {
    case .distribution(let distribution):
      func vector(_ label: String) -> [Value] {
        let numbers = stream.child(label)
        return (0..<n).map { rounder.round(Value(distribution.sample(numbers, at: $0))).value }
      }
      return (vector("x"), vector("y"))
    case .rows(let rows):
      let (i, j) = (stream.integer(below: x.count, at: 0), stream.integer(below: y.count, at: 1))
      let start = rows.length > n ? stream.integer(below: rows.length - n + 1, at: 2) : 0
      func chain(_ matrix: [[Value]], from first: Int) -> [Value] {
        (start..<(start + n)).map { matrix[(first + $0 / rows.length) % matrix.count][$0 % rows.length] }
      }
      return (chain(x, from: i), chain(y, from: j))
    }
  }
}
