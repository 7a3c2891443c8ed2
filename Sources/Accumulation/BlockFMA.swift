// SPDX-License-Identifier: Apache-2.0
// The step of a matrix unit: a group of products and the accumulator, aligned, added as integers and rounded once.

public import Formats

/// s ← fl(s + Σ w products), the addends aligned to the largest exponent among them and cut f bits below it.
///
/// The exponent of a product is the sum of its factors' exponents, so that its significand lies in [1, 4) as multipliers leave it. Sums
/// that are exactly zero are +0. Such sums are not monotone: a larger addend can cut the others shorter.
///
/// - Source: Fasi, Higham, Mikaitis and Pranesh, PeerJ CS 7:e330 (2021); Khattak and Mikaitis, arXiv:2512.07004.
public struct BlockFMA: Hashable, Sendable {
  /// w: products added in one step.
  public let width: Int
  /// f: bits kept below the largest exponent; `nil` adds exactly.
  public let fractionBits: Int?
  /// How addends are cut: towards zero as magnitudes, or down as two's complement integers.
  public let cut: Cut
  /// How the accumulator takes part in a step.
  public let addend: Addend
  /// Whether products are normalised before they are aligned: exponents are then those of the products themselves.
  public let isNormalised: Bool
  /// The steps that the products of a span of `interleaving · width` are dealt to, a pair of neighbours at a time.
  public let interleaving: Int
  /// Where the unit stands in ``MatrixUnit/catalogue``.
  public let name: String?
  /// The format of the result.
  public let output: Rounder
  /// The rounding of a step: `output` with at most f fraction bits.
  public let rounder: Rounder

  /// Where the bits go that an aligned addend has below the last one kept: −7/2 becomes −3 towards zero, −4 down.
  public enum Cut: String, Hashable, Sendable, CaseIterable { case towardZero, down }

  /// When the accumulator meets the products of its step.
  public enum Addend: String, Hashable, Sendable, CaseIterable {
    /// It is aligned and cut like the products.
    case aligned
    /// It is added to the sum of the products, exactly but for the rounding of the result.
    case late
    /// As `aligned`, but sums start from zero, and a starting value is added at the very end, in the output's format to nearest.
    case apart
  }

  /// - Errors: a format that is not floating point, or in which f fraction bits make no format.
  public init(
    width: Int, fractionBits: Int?, cut: Cut = .towardZero, addend: Addend = .aligned, isNormalised: Bool = false, interleaving: Int = 1,
    name: String? = nil, to output: Rounder
  ) throws(PlanError) {
    let widths = BlockFMA.widths
    guard widths.contains(width), interleaving >= 1, fractionBits.map(BlockFMA.fractions.contains) ?? true else {
      throw .block("\(width) products and \(fractionBits.map { "\($0)" } ?? "all") fraction bits")
    }
    // Pairs are dealt.
    guard interleaving == 1 || width % 2 == 0 else { throw .block("an odd number of products, \(width), of pairs dealt to \(interleaving) steps") }
    guard case .floating(let f) = output.format.encoding, !output.format.isTapered else { throw .block("sums in \(output.format)") }
    (self.width, self.fractionBits, self.cut, self.addend) = (width, fractionBits, cut, addend)
    (self.isNormalised, self.interleaving, self.name, self.output) = (isNormalised, interleaving, name, output)
    guard let bits = fractionBits, bits < f.fractionBits else {
      rounder = output
      return
    }
    guard f.specials == .ieee, f.isSigned, f.hasSubnormals, f.bias == (1 << (f.exponentBits - 1)) - 1 else {
      throw .block("\(bits) fraction bits in \(output.format)")
    }
    do throws(FormatError) {
      let format = try Format("e\(f.exponentBits)m\(bits)")
      rounder = try Rounder(to: format, output.rounding, overflow: output.overflow, subnormals: output.subnormals)
    } catch { throw .format(error) }
  }

  static let widths = 1...1 << 16
  static let fractions = 1...60

  /// Exponents below it count as it: the smallest product that still has a bit in binary32, with 7 bits to spare.
  public static let lowestExponent = -133
}

extension BlockFMA {
  /// One step.
  struct Result {
    let rounded: Rounded
    /// The sum of the products as they were added; NaN where it is not finite or has too many bits.
    let products: Value
    /// Not below what cutting changed.
    let cutting: Dyadic
    /// Half a unit for every addend cut, with the sign of the change.
    let drift: Double
  }

  /// s + Σ products; `exponents` are those of the products, where they are not their own.
  ///
  /// - Complexity: O(w).
  func step(_ s: Value, _ products: [Value], _ exponents: [Int?], draw: Draw?) -> Result {
    let addends = addend == .late ? products : products + [s]
    guard let f = fractionBits, addends.allSatisfy(\.isFinite), s.isFinite else { return exactly(s, products, draw) }
    var top = BlockFMA.lowestExponent
    for (product, exponent) in zip(products, exponents) where !product.isZero {
      top = max(top, isNormalised ? product.dyadic!.floorLog2 : exponent ?? product.dyadic!.floorLog2)
    }
    if addend != .late, !s.isZero, let x = s.dyadic { top = max(top, x.floorLog2, output.format.minNormal?.floorLog2 ?? x.floorLog2) }
    let unit = top - f
    var (sum, cuts, drift) = (Int128(0), Int128(0), 0)
    func add(_ x: Dyadic) {
      let (aligned, isExact) = align(x, unit)
      sum += aligned
      if isExact { return }
      cuts += 1
      drift += cut == .down || !x.isNegative ? -1 : 1
    }
    for product in products { add(product.dyadic!) }
    let ofProducts = Dyadic(sum, exponent: unit)
    var exact = Extended.finite(Unrounded(ofProducts))
    if addend == .late {
      exact = Extended.sum(s, .finite(ofProducts), rounding: rounder.rounding)
    } else {
      add(s.dyadic!)
      exact = .finite(Unrounded(Dyadic(sum, exponent: unit)))
    }
    return Result(
      rounded: rounder.round(exact, draw: draw), products: .finite(ofProducts), cutting: Dyadic(cuts, exponent: unit),
      drift: Value.finite(Dyadic(Int128(drift), exponent: unit - 1)).double)
  }

  /// x in units of 2^unit, cut, and whether that is exact.
  private func align(_ x: Dyadic, _ unit: Int) -> (Int128, isExact: Bool) {
    if x.isZero { return (0, true) }
    let drop = unit - x.exponent
    if drop <= 0 { return (x.significand << Int128(-drop), true) }
    if drop >= 127 { return (cut == .down && x.isNegative ? -1 : 0, false) }
    let down = x.significand >> Int128(drop)
    // (A significand in lowest terms is odd: bits are lost.)
    return (cut == .towardZero && x.isNegative ? down + 1 : down, false)
  }

  /// Without alignment, and for what is not finite.
  private func exactly(_ s: Value, _ addends: [Value], _ draw: Draw?) -> Result {
    let exact = Extended.sum([s] + addends, rounding: .nearestEven)
    var products = Value.nan
    if case .finite(let sum) = Extended.sum(addends, rounding: .nearestEven), let number = sum.dyadic { products = .finite(number) }
    return Result(rounded: rounder.round(exact, draw: draw), products: products, cutting: .zero, drift: 0)
  }
}

extension Evaluation {
  /// A sum by a matrix unit, group by group.
  func block(_ unit: BlockFMA, from initial: Value, _ terms: TermSource, _ n: Int) -> Value {
    var s = unit.addend == .apart ? .zero : initial
    let span = unit.width * unit.interleaving
    for start in stride(from: 0, to: n, by: span) {
      let end = min(n, start + span)
      var groups = Array(repeating: [Int](), count: min(unit.interleaving, end - start))
      for i in start..<end { groups[unit.interleaving == 1 ? 0 : (i - start) / 2 % unit.interleaving].append(i) }
      for group in groups where !group.isEmpty { s = step(unit, s, group.map(terms.value), group.map(terms.exponent)) }
    }
    guard unit.addend == .apart, !initial.isZero else { return s }
    return add(initial, s, unit.separate, .addition)
  }
}

extension BlockFMA {
  /// The rounding in which a starting value is added at the end.
  public var separate: Rounder {
    do { return try Rounder(to: output.format) } catch { preconditionFailure("every format is rounded to nearest: \(error)") }
  }
}
