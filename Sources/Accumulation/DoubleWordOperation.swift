// SPDX-License-Identifier: Apache-2.0
// The double-word algorithms by name.

/// An algorithm on double words, in the names and numbers of Joldes, Muller and Popescu 2017.
public enum DoubleWordOperation: String, CaseIterable, Sendable {
  /// x + y, y a number: 2u² of the result.
  case plusFP = "dwplusfp"
  /// x + y with few operations: nothing is promised where signs differ.
  case sloppyPlus = "sloppydwplusdw"
  /// x + y for any signs.
  case accuratePlus = "accuratedwplusdw"
  /// x y, y a number, with two more additions than the next.
  case timesFP1 = "dwtimesfp1"
  /// x y, y a number, with fewer additions.
  case timesFP2 = "dwtimesfp2"
  /// x y, y a number, with a fused multiply-add.
  case timesFP3 = "dwtimesfp3"
  /// x y without the product of the low numbers.
  case times1 = "dwtimesdw1"
  /// x y likewise, with a fused multiply-add.
  case times2 = "dwtimesdw2"
  /// x y with the product of the low numbers too.
  case times3 = "dwtimesdw3"
  /// x / y, y a number.
  case dividedByFP = "dwdivfp3"
  /// x / y.
  case divided = "dwdivdw2"
  /// √x.
  case squareRoot = "dwsqrt"

  /// What the exact result is.
  public enum Function: Sendable { case sum, product, quotient, squareRoot }

  /// What the algorithm computes, whichever way.
  public var function: Function {
    switch self {
    case .plusFP, .sloppyPlus, .accuratePlus: .sum
    case .timesFP1, .timesFP2, .timesFP3, .times1, .times2, .times3: .product
    case .dividedByFP, .divided: .quotient
    case .squareRoot: .squareRoot
    }
  }

  /// What y is: a double word, a number, or nothing.
  public enum SecondOperand: Sendable { case doubleWord, number, none }

  /// What y is, if there is one.
  public var secondOperand: SecondOperand {
    switch self {
    case .plusFP, .timesFP1, .timesFP2, .timesFP3, .dividedByFP: .number
    case .squareRoot: .none
    case .sloppyPlus, .accuratePlus, .times1, .times2, .times3, .divided: .doubleWord
    }
  }

  /// The algorithm's name and number in the paper of Joldes, Muller and Popescu.
  public var summary: String {
    let title =
      switch self {
      case .plusFP: "DWPlusFP (algorithm 4)"
      case .sloppyPlus: "SloppyDWPlusDW (algorithm 5)"
      case .accuratePlus: "AccurateDWPlusDW (algorithm 6)"
      case .timesFP1: "DWTimesFP1 (algorithm 7)"
      case .timesFP2: "DWTimesFP2 (algorithm 8)"
      case .timesFP3: "DWTimesFP3 (algorithm 9)"
      case .times1: "DWTimesDW1 (algorithm 10)"
      case .times2: "DWTimesDW2 (algorithm 11)"
      case .times3: "DWTimesDW3 (algorithm 12)"
      case .dividedByFP: "DWDivFP3 (algorithm 15)"
      case .divided: "DWDivDW2 (algorithm 17)"
      case .squareRoot: "square root of a double word"
      }
    let (x, y) = ("(xh + xl)", secondOperand == .number ? "y" : "(yh + yl)")
    return switch function {
    case .sum: "\(title): \(x) + \(y)"
    case .product: "\(title): \(x) \(y)"
    case .quotient: "\(title): \(x) / \(y)"
    case .squareRoot: "\(title): √\(x)"
    }
  }

  /// The algorithm's result; of y, the high part alone where it is a number.
  @inlinable
  public func apply<A: RoundedArithmetic>(
    _ x: DoubleWord<A.Number>, _ y: DoubleWord<A.Number>, in arithmetic: inout A
  ) -> DoubleWord<A.Number> {
    switch self {
    case .plusFP: arithmetic.sum(x, y.high)
    case .sloppyPlus: arithmetic.sloppySum(x, y)
    case .accuratePlus: arithmetic.sum(x, y)
    case .timesFP1: arithmetic.product1(x, y.high)
    case .timesFP2: arithmetic.product2(x, y.high)
    case .timesFP3: arithmetic.product3(x, y.high)
    case .times1: arithmetic.product1(x, y)
    case .times2: arithmetic.product2(x, y)
    case .times3: arithmetic.product3(x, y)
    case .dividedByFP: arithmetic.quotient(x, y.high)
    case .divided: arithmetic.quotient(x, y)
    case .squareRoot: arithmetic.squareRoot(x)
    }
  }
}
