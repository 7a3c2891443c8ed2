// SPDX-License-Identifier: Apache-2.0
// Variants of multiply-accumulate units: what their multiplier leaves out to be small.

extension Format {
  /// The six configurations of a multiplier, each of which gives up one thing more than the one before.
  ///
  /// | name | given up |
  /// |---|---|
  /// | `:cfg1` | nothing: subnormals, NaN and infinities, the product rounded to nearest |
  /// | `:cfg2` | subnormal products: they are zero |
  /// | `:cfg3` | rounding: the product has a longer output and is exact |
  /// | `:cfg4` | NaN: its codes are numbers, and infinity is the last code |
  /// | `:cfg5` | subnormals: their codes are normal numbers, one binade further down |
  /// | `:cfg6` | the codes of subnormals: they are zero |
  ///
  /// `cfg5` and `cfg6` both build on `cfg4`. The value sets of `cfg1` to `cfg3` are those of the format itself.
  public enum Multiplier: Int, Hashable, Sendable, CaseIterable {
    /// The six rows of the table.
    case cfg1 = 1, cfg2, cfg3, cfg4, cfg5, cfg6

    /// Whether products are as short as their factors.
    public var roundsProducts: Bool { self == .cfg1 || self == .cfg2 }

    var specials: Specials { rawValue >= 4 ? .allOnesInfinity : .ieee }

    var zeroField: ZeroField {
      switch self {
      case .cfg1, .cfg2, .cfg3, .cfg4: .subnormals
      case .cfg5: .binade
      case .cfg6: .zeros
      }
    }
  }

  /// The format without a multiplier, of the same codes as `cfg1` to `cfg3` read them.
  public var withoutMultiplier: Format {
    guard case .floating(let f) = encoding, f.multiplier != nil else { return self }
    return Format(encoding: .floating(Floating(exponentBits: f.exponentBits, fractionBits: f.fractionBits, bias: f.bias)))
  }

  /// The multiplier that the name asks for.
  public var multiplier: Multiplier? {
    guard case .floating(let f) = encoding else { return nil }
    return f.multiplier
  }
}
