// SPDX-License-Identifier: Apache-2.0
// The vector kernels against the rounder and the reference of dot products, input by input.

public import Accumulation
public import Formats
internal import Synchronization

/// Compares the kernel for a rounder with the rounder on binary32 numbers.
public struct KernelVerification: Sendable {
  /// The reference.
  public let rounder: Rounder
  /// What the kernel may use.
  public let instructions: InstructionSet

  /// Which of the 2^32 patterns are compared.
  public enum Inputs: Hashable, Sendable {
    /// All of them.
    case all
    /// Those whose last 32 − n bits are 000…0, 000…1 or 111…1: every value and middle of formats with n − 10 significant bits or fewer, and the
    /// numbers next to them on both sides.
    case leading(Int)

    /// How many patterns share their leading bits, and which of them are compared.
    fileprivate var layout: (prefixes: Int, shift: Int, suffixes: [UInt32]) {
      switch self {
      case .all: (1 << 32, 0, [0])
      case .leading(let bits): (1 << bits, 32 - bits, [0, 1, (1 << UInt32(32 - bits)) - 1])
      }
    }

    /// How many there are.
    public var count: Int { layout.prefixes * layout.suffixes.count }
  }

  /// How many inputs were compared, and how many results differ in a bit. NaN is equal to NaN.
  public struct Outcome: Hashable, Sendable {
    /// The kernel, or `reference`.
    public let kernel: String
    /// Why the reference does the work; nothing is compared then.
    public let refusal: String?
    /// How many were compared, and how many of them differ.
    public let inputs, mismatches: Int
    /// The pattern of the first input that differs, and the results of kernel and rounder.
    public let first: (input: UInt32, kernel: Float, rounder: Float)?

    public static func == (a: Outcome, b: Outcome) -> Bool { a.kernel == b.kernel && a.inputs == b.inputs && a.mismatches == b.mismatches }
    public func hash(into hasher: inout Hasher) { hasher.combine(mismatches) }
  }

  /// The comparison of the kernel that `instructions` offer with `rounder` itself.
  public init(_ rounder: Rounder, _ instructions: InstructionSet = .best) { (self.rounder, self.instructions) = (rounder, instructions) }

  /// Whether binary32 holds every value of the format, which the comparison needs.
  public static func applies(to format: Format) -> Bool { Carrier.binary32.holds(format) }

  /// The comparison; input i of the order takes draw i of `random`.
  ///
  /// - Complexity: about 40 ns an input on a core.
  public func run(_ inputs: Inputs, random: RandomStream, _ parallelism: Parallelism = .allCores, progress: Progress = .silent) -> Outcome {
    let kernel = ArrayRounder<Float>(rounder, instructions)
    guard kernel.refusal == nil else { return Outcome(kernel: "reference", refusal: kernel.refusal, inputs: 0, mismatches: 0, first: nil) }
    let (prefixes, shift, suffixes) = inputs.layout
    let found = Mutex((mismatches: 0, first: (index: Int, input: UInt32, kernel: Float, rounder: Float)?.none))
    parallelParts(prefixes, grain: 1 << 15, parallelism, progress: progress) { part in
      var x: [Float] = []
      x.reserveCapacity(part.count * suffixes.count)
      for prefix in part {
        for suffix in suffixes { x.append(Float(bitPattern: UInt32(prefix) << UInt32(shift) | suffix)) }
      }
      let first = part.lowerBound * suffixes.count
      let y = kernel(x, random: random, first: first, .oneThread)
      for i in x.indices {
        let expected = Float(rounder.round(Value(Double(x[i])), draw: random.draw(first + i)).value.double)
        if y[i].bitPattern == expected.bitPattern || y[i].isNaN && expected.isNaN { continue }
        found.withLock { found in
          found.mismatches += 1
          if found.first.map({ first + i < $0.index }) ?? true { found.first = (first + i, x[i].bitPattern, y[i], expected) }
        }
      }
    }
    let result = found.withLock { $0 }
    return Outcome(
      kernel: kernel.path.rawValue, refusal: nil, inputs: inputs.count, mismatches: result.mismatches,
      first: result.first.map { ($0.input, $0.kernel, $0.rounder) })
  }
}

extension MatrixProduct {
  /// Elements of A B that differ from ``DotProduct/evaluate(_:_:initial:random:observe:)``, signs of zeros included; any NaN equals any other.
  public func mismatches<Number>(_ a: Matrix<Number>, _ b: Matrix<Number>, random: RandomStream, _ parallelism: Parallelism = .allCores)
    -> Int
  {
    let c = self(a, b, random: random, parallelism)
    let rows = parallelMap(a.rows, parallelism) { i in
      let x = (0..<a.columns).map { Value(Double(a[i, $0])) }
      return (0..<b.columns).count { j in
        let sum = dot.evaluate(x, (0..<b.rows).map { Value(Double(b[$0, j])) }, random: random.child(i * b.columns + j)).double
        return !(Double(c[i, j]) == sum && c[i, j].sign == sum.sign || c[i, j].isNaN && sum.isNaN)
      }
    }
    return rows.reduce(0, +)
  }
}
