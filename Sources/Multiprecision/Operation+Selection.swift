// SPDX-License-Identifier: Apache-2.0
// Operations that choose an operand or its sign: exact, and computed on values.

internal import Formats

extension Operation {
  /// The result of an operation on signs, a minimum or maximum, or a conversion before its rounding.
  ///
  /// Minima and maxima are those of IEEE 754-2019 section 9.6: −0 counts as smaller than +0, and operands of equal magnitude are
  /// told apart by their signs. `Finite` prefers finite operands and then those that are not NaN (P3109).
  func selection(_ x: [Value]) -> Value {
    switch self {
    case .convert: x[0]
    case .neg: -x[0]
    case .abs: x[0].magnitude
    case .copysign: x[0].isNegative == x[1].isNegative ? x[0] : -x[0]
    case .minimum, .minimumNumber: chosen(x, isMinimum: true)
    case .maximum, .maximumNumber: chosen(x, isMinimum: false)
    case .minimumFinite: chosen(x.contains(where: \.isFinite) ? x.filter(\.isFinite) : x, isMinimum: true)
    case .maximumFinite: chosen(x.contains(where: \.isFinite) ? x.filter(\.isFinite) : x, isMinimum: false)
    case .minimumMagnitude, .minimumMagnitudeNumber: chosen(x, isMinimum: true, byMagnitude: true)
    case .maximumMagnitude, .maximumMagnitudeNumber: chosen(x, isMinimum: false, byMagnitude: true)
    case .clamp: x[1].isGreater(than: x[2]) ? .nan : chosen([chosen([x[0], x[1]], isMinimum: false), x[2]], isMinimum: true)
    default: preconditionFailure("\(self) selects nothing")
    }
  }

  /// The smallest or largest of the operands that are not NaN.
  private func chosen(_ x: [Value], isMinimum: Bool, byMagnitude: Bool = false) -> Value {
    let numbers = x.filter { !$0.isNaN }
    guard numbers.count == 2 else { return numbers.first ?? .nan }
    let (a, b) = (numbers[0], numbers[1])
    let magnitudes = byMagnitude ? a.magnitude.relation(to: b.magnitude) : .equal
    let isBelow = magnitudes == .equal ? a.isTotallyOrdered(belowOrEqualTo: b) : magnitudes == .less
    return isBelow == isMinimum ? a : b
  }
}

extension Value {
  fileprivate var magnitude: Value { isNegative ? -self : self }
}
