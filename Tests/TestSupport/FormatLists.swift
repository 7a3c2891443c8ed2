// SPDX-License-Identifier: Apache-2.0
// The formats that tests run over.

public import Formats

/// A format by a name that a test knows to be good.
public func format(_ name: String) -> Format {
  do { return try Format(name) } catch { fatalError("\(error)") }
}

extension Format {
  /// Whether all codes with exponent field 0 are zero.
  public var lacksSubnormals: Bool { name.hasSuffix(":nosub") || name.hasSuffix(":cfg6") }
}

public enum FormatLists {
  /// Every floating-point and fixed-point format of the catalogue of at most 16 bits, and oddities of each family.
  public static let exhaustive: [Format] = {
    let oddities = [
      "e1m0", "e1m0u", "e1m1", "e1m2", "e1m6", "e1m0fn", "e1m0fnuz", "e1m0fnu", "e1m3fn", "e1m6fn", "e1m3fnuz", "e2m0", "e2m0fnu", "e3m0fn", "e3m0u",
      "e5m0", "e5m0fn", "e6m0fn", "e5m1fn", "e7m0fnuz", "e4m3u", "e4m3fnu", "e5m3u", "e4m3b15fn", "e4m3b0fn", "e2m5b40", "e5m2:nosub",
      "e4m3fn:nosub", "e4m3fnuz:nosub", "e4m0:nosub", "e2m1fn:nosub", "e4m3u:nosub", "fp16:nosub", "e6m9u", "e3m12fnuz", "e8m0", "e12m3",
      "q1.1", "q2.1", "q1.15", "q16.0", "q3.0", "uq0.1", "uq1.0", "uq1.7", "uq0.8", "uq4.4", "uq12.4",
      "e4m3b2f", "e3m4f", "e2m6f:nosub", "e5m2:cfg1", "e5m2:cfg4", "e3m2:cfg5", "e2m4:cfg5", "e4m3:cfg6", "e6m9:cfg5",
      "k3p1se", "k3p1ue", "k3p2sf", "k3p3uf", "k3p3ue", "k4p2se", "k5p1sf", "k6p4ue", "k7p3uf", "k8p8ue", "k9p4se", "k10p9sf", "k12p1ue", "k16p5uf",
    ]
    let catalogue = Format.catalogue.map(\.format).filter { $0.width <= 16 && ($0.isFloating || $0.isFixed) }
    return catalogue + oddities.map(format).filter { !catalogue.contains($0) }
  }()

  /// Those of at most 8 bits, and the oddities among them.
  public static let small: [Format] = exhaustive.filter { $0.width <= 8 }
}

extension Carrier {
  /// Whether every value of a format is a number of this carrier, asked of the values at the ends.
  public func holdsForTest(_ format: Format) -> Bool {
    let ends = [format.maxFinite, format.minFinite].filter { !$0.isZero }
    let (p, low, high) = self == .binary32 ? (24, -149, 127) : (53, -1074, 1023)
    return format.precision <= p && format.quantumExponent >= low && ends.allSatisfy { $0.floorLog2 <= high }
  }
}
