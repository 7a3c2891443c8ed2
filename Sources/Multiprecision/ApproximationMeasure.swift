// SPDX-License-Identifier: Apache-2.0
// κ of IEEE P3109: how far an implementation of an operation strays from the correctly rounded one, in values of the format.

public import Formats

/// The approximation measure κ of an implementation a of an operation, where A(x) is the correctly rounded result.
///
/// κ is NaN if a(x) and A(x) differ on being NaN for some input x; otherwise ∞ if they differ on being an infinity, or on its sign;
/// otherwise the largest number of values of the format from a(x) to A(x), counting one end only: 0 means equal everywhere, 1
/// at most a neighbour. +0 and −0 are one value.
///
/// - Source: IEEE P3109, conformance of approximate operations.
public struct ApproximationMeasure: Sendable {
  /// A value of κ, in order of severity.
  public enum Kappa: Hashable, Comparable, Sendable {
    /// The largest number of values from a(x) to A(x), one end counted.
    case finite(UInt128)
    /// For some x only one of a(x) and A(x) is infinite, or the signs differ.
    case infinite
    /// For some x only one of a(x) and A(x) is NaN.
    case notANumber
  }

  /// An input at which the implementation strays.
  public struct Witness: Hashable, Sendable {
    /// The operands of the operation.
    public let operands: [Value]
    /// What the implementation gave.
    public let given: Value
    /// What correct rounding gives.
    public let expected: Value
  }

  /// κ over some of the inputs.
  public struct Measured: Hashable, Sendable {
    /// The largest distance in codes.
    public fileprivate(set) var kappa = Kappa.finite(0)
    /// How many operands there were.
    public fileprivate(set) var cases = 0
    /// The inputs whose results are not the same value.
    public fileprivate(set) var different = 0
    /// The first input at which κ is reached, `nil` if it is 0.
    public fileprivate(set) var worst: Witness?

    fileprivate mutating func add(_ distance: Kappa, _ witness: @autoclosure () -> Witness) {
      cases += 1
      guard distance > .finite(0) else { return }
      different += 1
      guard distance > kappa else { return }
      (kappa, worst) = (distance, witness())
    }
  }

  /// A, rounded correctly.
  public let operation: Operation
  /// The format and mode of results.
  public let rounder: Rounder
  /// Whose rules hold for special operands.
  public let convention: Operation.Convention
  /// The measure over all operands that were tried.
  public private(set) var all = Measured()
  /// κ of each labelled subset of the inputs, in the order of appearance.
  public private(set) var subsets: [(name: String, measured: Measured)] = []
  private var positions: [String: Int] = [:]

  /// A measure of no inputs yet. The rounder's mode draws no random bits.
  public init(of operation: Operation, _ rounder: Rounder, convention: Operation.Convention = .ieee754) {
    precondition(!rounder.rounding.isStochastic, "κ compares with one correct result; a stochastic mode has several")
    (self.operation, self.rounder, self.convention) = (operation, rounder, convention)
  }

  /// The measure over all inputs, all codes of `format` for each operand, of an implementation that maps codes to a code.
  ///
  /// - Complexity: 2^(operands · width) evaluations.
  public init(
    of operation: Operation, in format: Format, _ rounder: Rounder, convention: Operation.Convention = .ieee754,
    implementation: ([Format.Code]) -> Format.Code
  ) {
    self.init(of: operation, rounder, convention: convention)
    let width = format.width
    precondition(operation.arity * width <= 32, "2^\(operation.arity * width) inputs are too many to enumerate")
    for index in 0..<(UInt64(1) << UInt64(operation.arity * width)) {
      let codes = (0..<operation.arity).map { i in
        Format.Code(index >> UInt64((operation.arity - 1 - i) * width)) & ((1 << Format.Code(width)) - 1)
      }
      add(codes.map(format.decode), given: rounder.format.decode(implementation(codes)))
    }
  }

  /// Takes an input into account: a(operands) = given.
  public mutating func add(_ operands: [Value], given: Value, subset: String? = nil) {
    let expected = operation(operands, rounder, convention: convention).value
    let distance = ApproximationMeasure.distance(given, expected, rounder.format)
    let witness = Witness(operands: operands, given: given, expected: expected)
    all.add(distance, witness)
    guard let subset else { return }
    let position = positions[subset] ?? subsets.count
    if position == subsets.count {
      positions[subset] = position
      subsets.append((subset, Measured()))
    }
    subsets[position].measured.add(distance, witness)
  }

  /// The number of values of a format from x to y, counting one end only, or how they differ on special values.
  ///
  /// Shape: x and y are values of the format, or NaN.
  public static func distance(_ x: Value, _ y: Value, _ format: Format) -> Kappa {
    if x.isNaN || y.isNaN { return x == y ? .finite(0) : .notANumber }
    guard let a = x.dyadic, let b = y.dyadic else { return x == y ? .finite(0) : .infinite }
    let (p, q) = (format.ordinal(of: a), format.ordinal(of: b))
    return .finite(UInt128(truncatingIfNeeded: p > q ? p &- q : q &- p))
  }
}

extension Format {
  /// Consecutive integers for the consecutive finite values, 0 for zero (for 2^emin in formats without zero).
  ///
  /// Codes count magnitudes upwards; those that `:nosub` formats read as zero are left out.
  fileprivate func ordinal(of x: Dyadic) -> Int128 {
    if case .fixed = encoding { return x.integer(inUnitsOf: quantumExponent) }
    guard let code = encode(.finite(x.magnitude)) else { preconditionFailure("\(x) is not a value of \(self)") }
    var count = Int128(truncatingIfNeeded: code)
    if case .floating(let f) = encoding, f.zeroField == .zeros, count > 0 { count -= (1 << Int128(f.fractionBits)) - 1 }
    return x.isNegative ? -count : count
  }
}
