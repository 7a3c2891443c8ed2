// SPDX-License-Identifier: Apache-2.0
// The table of operations: how many operands, which formula, and the names that others give them.

extension Operation {
  /// A row of the table.
  struct Entry {
    let arity: Int
    let formula: String
    /// Separated by spaces; P3109's name first where it has the operation.
    let aliases: String

    init(_ arity: Int, _ formula: String, _ aliases: String = "") {
      (self.arity, self.formula, self.aliases) = (arity, formula, aliases)
    }
  }

  var entry: Entry {
    switch self {
    case .add: Entry(2, "x + y", "Add")
    case .sub: Entry(2, "x - y", "Subtract")
    case .mul: Entry(2, "x y", "Multiply")
    case .div: Entry(2, "x / y", "Divide")
    case .sqrt: Entry(1, "√x", "Sqrt")
    case .fma: Entry(3, "x y + z, one rounding", "FMA")
    case .faa: Entry(3, "x + y + z, one rounding", "FAA")
    case .recip: Entry(1, "1 / x", "Recip reciprocal")
    case .rsqrt: Entry(1, "1 / √x", "Rsqrt rec_sqrt")
    case .hypot: Entry(2, "√(x² + y²)", "Hypot")
    case .neg: Entry(1, "-x", "Negate")
    case .abs: Entry(1, "|x|", "Abs")
    case .copysign: Entry(2, "|x| with the sign of y", "CopySign")
    case .convert: Entry(1, "x", "Convert")
    case .exp: Entry(1, "e^x", "Exp")
    case .exp2: Entry(1, "2^x", "Exp2")
    case .expm1: Entry(1, "e^x - 1", "ExpMinusOne")
    case .log: Entry(1, "ln x", "Log ln")
    case .log2: Entry(1, "log₂ x", "Log2")
    case .log1p: Entry(1, "ln(1 + x)", "LogOnePlus")
    case .sin: Entry(1, "sin x", "Sin")
    case .cos: Entry(1, "cos x", "Cos")
    case .tan: Entry(1, "tan x", "Tan")
    case .asin: Entry(1, "arcsin x", "ArcSin")
    case .acos: Entry(1, "arccos x", "ArcCos")
    case .atan: Entry(1, "arctan x", "ArcTan")
    case .atan2: Entry(2, "angle of the point (y, x): arctan(x / y) for y > 0", "ArcTan2")
    case .sinpi: Entry(1, "sin πx", "SinPi")
    case .cospi: Entry(1, "cos πx", "CosPi")
    case .tanpi: Entry(1, "tan πx", "TanPi")
    case .asinpi: Entry(1, "arcsin(x) / π", "ArcSinPi")
    case .acospi: Entry(1, "arccos(x) / π", "ArcCosPi")
    case .atanpi: Entry(1, "arctan(x) / π", "ArcTanPi")
    case .atan2pi: Entry(2, "atan2 / π", "ArcTan2Pi")
    case .sinh: Entry(1, "sinh x", "Sinh")
    case .cosh: Entry(1, "cosh x", "Cosh")
    case .tanh: Entry(1, "tanh x", "Tanh")
    case .asinh: Entry(1, "arsinh x", "ArcSinh")
    case .acosh: Entry(1, "arcosh x", "ArcCosh")
    case .atanh: Entry(1, "artanh x", "ArcTanh")
    case .sigmoid: Entry(1, "1 / (1 + e^-x)", "logistic")
    case .softplus: Entry(1, "ln(1 + e^x)", "Softplus")
    case .gelu: Entry(1, "x Φ(x), Φ the normal distribution function")
    case .swish: Entry(1, "x / (1 + e^-x)", "silu")
    case .erf: Entry(1, "erf x")
    case .minimum: Entry(2, "the smaller; NaN if one is", "Minimum")
    case .maximum: Entry(2, "the larger; NaN if one is", "Maximum")
    case .minimumNumber: Entry(2, "the smaller that is not NaN", "MinimumNumber")
    case .maximumNumber: Entry(2, "the larger that is not NaN", "MaximumNumber")
    case .minimumFinite: Entry(2, "the smaller that is finite", "MinimumFinite")
    case .maximumFinite: Entry(2, "the larger that is finite", "MaximumFinite")
    case .minimumMagnitude: Entry(2, "the one of smaller magnitude; NaN if one is", "MinimumMagnitude")
    case .maximumMagnitude: Entry(2, "the one of larger magnitude; NaN if one is", "MaximumMagnitude")
    case .minimumMagnitudeNumber: Entry(2, "that of smaller magnitude that is not NaN", "MinimumMagnitudeNumber")
    case .maximumMagnitudeNumber: Entry(2, "that of larger magnitude that is not NaN", "MaximumMagnitudeNumber")
    case .clamp: Entry(3, "the value nearest to x from y to z; NaN if y > z", "Clamp")
    }
  }

  /// Number of operands.
  public var arity: Int { entry.arity }

  /// What is computed, as a formula.
  public var formula: String { entry.formula }

  /// Other names: P3109's, and some of C's and the frameworks'.
  public var aliases: [String] { entry.aliases.split(separator: " ").map(String.init) }

  /// The operation of a name or alias, in any case of letters; `nil` if there is none.
  public init?(name: String) {
    guard let operation = Operation.byName[name.lowercased()] else { return nil }
    self = operation
  }

  private static let byName: [String: Operation] = Dictionary(
    allCases.flatMap { operation in ([operation.rawValue] + operation.aliases).map { ($0.lowercased(), operation) } },
    uniquingKeysWith: { first, second in
      precondition(first == second, "one name for \(first) and \(second)")
      return first
    })
}
