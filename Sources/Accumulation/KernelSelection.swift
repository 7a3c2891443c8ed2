// SPDX-License-Identifier: Apache-2.0
// The conditions under which the kernels of CKernels/products.h are exact, checked on the facts of the numbers at hand.

internal import CKernels
internal import Formats

/// The choice in one carrier.
struct KernelSelection {
  let product: Product
  let levels: [(rounder: Rounder, count: Int)]
  let terms: Terms
  /// Terms that the lowest level sums at most.
  let n: Int
  let carrier: Carrier
  let instructions: InstructionSet
  let P: Int

  init(
    _ product: Product, _ levels: [(rounder: Rounder, count: Int)], _ terms: Terms, _ n: Int, _ carrier: Carrier,
    _ instructions: InstructionSet
  ) {
    (self.product, self.levels, self.terms, self.carrier, self.instructions) = (product, levels, terms, carrier, instructions)
    self.n = levels[0].count == 0 ? n : min(n, levels[0].count)
    P = carrier.precision
  }

  var lowest: Rounder { levels[0].rounder }

  /// Whether x·y itself is a number of the carrier.
  var holdsProducts: Bool {
    terms.factorsFit(carrier) && terms.bits <= P && terms.lowest >= carrier.emin - P + 1 && terms.largest < .power(carrier.emax)
  }

  /// Every kernel of this carrier that is exact.
  func kernels() throws(ProductKernel.Refusal) -> [ProductKernel] {
    let outer = try outerLevels()
    var kernels: [ProductKernel] = []
    func add(
      _ kind: ck_kind, _ rounding: ck_rounding, _ cost: Double, _ product: ck_product_kind = CK_EXACT,
      _ productRounding: ck_rounding = ck_rounding()
    ) {
      let lowest = ck_level(kind: kind, rounding: rounding, count: Int64(levels[0].count))
      kernels.append(
        ProductKernel(plan: plan([lowest] + outer, product, productRounding), carrier: carrier, cost: cost * Double(carrier.rawValue) / 32))
    }
    if let native = nativeRounding(lowest), product.isExact,
      holdsProducts || instructions > .portable && terms.factorsFit(carrier)
    {
      add(CK_NATIVE, native, 0.3)
    }
    if let general = general() { kernels.append(general) }
    guard holdsProducts else {
      guard !kernels.isEmpty else { throw .products(carrier) }
      return kernels
    }
    if product.isExact, terms.isFinite, let (kind, rounding) = fixedPoint() { add(kind, rounding, 0.6) }
    let kernel: RoundingKernel?
    do throws(KernelRefusal) { kernel = try RoundingKernel(lowest, carrier: carrier) } catch {
      if kernels.isEmpty { throw .rounder(lowest, error) }
      kernel = nil
    }
    if product.isExact, terms.isFinite {
      // Random bits cost the same in both carriers.
      if let kernel, isDithered(kernel) { add(CK_DITHERED, kernel.rounding, carrier == .binary32 ? 5.5 : 3.4) }
      if let kernel, let (kind, cost) = byAnchors(lowest, kernel, terms) { add(kind, kernel.rounding, cost) }
    } else if case .rounded(let rounder) = product, terms.isFinite, rounder.rounding == lowest.rounding,
      let (kind, rounding, rounded) = roundedProducts(rounder)
    {
      if nativeRounding(lowest) != nil { add(CK_NATIVE, nativeRounding(lowest)!, 1.6, kind, rounding) }
      if let kernel, let (sum, cost) = byAnchors(lowest, kernel, rounded), sum.rawValue < CK_ODD_LEAN.rawValue,
        rounded.isFinite || sum == CK_OVERFLOWING
      {
        add(sum, kernel.rounding, cost + 1.4, kind, rounding)
      }
    }
    return kernels
  }

  /// The kernel for any mode and any numbers.
  func general() -> ProductKernel? {
    guard holdsProducts, let outer = try? outerLevels(), let kernel = try? RoundingKernel(lowest, carrier: carrier),
      kernel.rounding.largest.0 + terms.largest < carrier.end
    else { return nil }
    let level = ck_level(kind: CK_GENERAL, rounding: kernel.rounding, count: Int64(levels[0].count))
    let cost = (kernel.rounding.mode == CK_STOCHASTIC ? 12.0 : 8) * Double(carrier.rawValue) / 32
    guard case .rounded(let rounder) = product else {
      return ProductKernel(plan: plan([level] + outer, CK_EXACT, ck_rounding()), carrier: carrier, cost: cost)
    }
    guard let rounded = try? RoundingKernel(rounder, carrier: carrier), kernel.rounding.largest.0 + rounded.rounding.largest.0 < carrier.end
    else { return nil }
    return ProductKernel(plan: plan([level] + outer, CK_PRODUCT_GENERAL, rounded.rounding), carrier: carrier, cost: 2 * cost)
  }

  private func plan(_ levels: [ck_level], _ product: ck_product_kind, _ rounding: ck_rounding) -> ck_plan {
    var plan = ck_plan()
    plan.product = product
    plan.productRounding = rounding
    plan.levelCount = Int32(levels.count)
    plan.drawsSums = self.levels.contains { $0.rounder.rounding.isStochastic } ? 1 : 0
    if case .rounded(let rounder) = self.product, rounder.rounding.isStochastic { plan.drawsProducts = 1 }
    withUnsafeMutableBytes(of: &plan.levels) { bytes in
      let slots = bytes.bindMemory(to: ck_level.self)
      for (i, level) in levels.enumerated() { slots[i] = level }
    }
    return plan
  }

  /// The levels above the lowest: by the processor where they are the carrier, else in any mode.
  private func outerLevels() throws(ProductKernel.Refusal) -> [ck_level] {
    var result: [ck_level] = []
    for (i, level) in levels.enumerated().dropFirst() {
      guard carrier.holds(levels[i - 1].rounder.format) else { throw .rounder(levels[i - 1].rounder, .range(carrier)) }
      if let native = nativeRounding(level.rounder) {
        result.append(ck_level(kind: CK_NATIVE, rounding: native, count: Int64(level.count)))
        continue
      }
      do throws(KernelRefusal) {
        let kernel = try RoundingKernel(level.rounder, carrier: carrier)
        guard kernel.rounding.largest.0 + levels[i - 1].rounder.format.maxFinite.doubleUp < carrier.end else { throw .range(carrier) }
        result.append(ck_level(kind: CK_GENERAL, rounding: kernel.rounding, count: Int64(level.count)))
      } catch { throw .rounder(level.rounder, error) }
    }
    return result
  }

  /// The rounding of the carrier itself, where the processor rounds as the rounder does.
  private func nativeRounding(_ rounder: Rounder) -> ck_rounding? {
    guard rounder.format == (carrier == .binary32 ? .fp32 : .fp64), rounder.overflow == .ieee, rounder.subnormals == .keep else {
      return nil
    }
    guard rounder.rounding == .nearestEven || rounder.rounding.isDirected else { return nil }
    var rounding = ck_rounding()
    rounding.mode = rounder.rounding.kernelMode.mode
    return rounding
  }

  /// Fixed point as the carrier's last places: x·y + sum + 1.5 · 2^(P − 1) steps is rounded once, to a step, while the number before it lies in
  /// the binade of the constant, with both ends of the range. Beyond the binade it stays beyond the range. Wrapping needs the sum inside it.
  private func fixedPoint() -> (ck_kind, ck_rounding)? {
    let format = lowest.format
    guard format.isFixed, lowest.rounding == .nearestEven || lowest.rounding == .up, format.precision <= P - 2 else { return nil }
    let anchor = format.quantumExponent + P - 1
    guard format.quantumExponent >= carrier.emin - P + 1, anchor < carrier.emax else { return nil }
    var rounding = ck_rounding()
    rounding.mode = lowest.rounding.kernelMode.mode
    (rounding.smallAnchor, rounding.shift) = (.power(anchor), Int32(format.width))
    rounding.largest = (format.maxFinite.doubleUp, format.minFinite.magnitude.doubleUp)
    if lowest.overflow == .saturate { return (CK_FIXED_SATURATING, rounding) }
    let room = Double.power(format.quantumExponent + P - 2) - rounding.largest.1
    return lowest.overflow == .wrap && format.isSigned && terms.largest < room ? (CK_FIXED_WRAPPING, rounding) : nil
  }

  /// Random bits below the last place of a sum that the processor cuts: for sums that are on the format's grid wherever that has one spacing,
  /// and N bits that all lie within the carrier, or sums that the carrier holds exactly.
  private func isDithered(_ kernel: RoundingKernel) -> Bool {
    let rounding = kernel.rounding
    // What overflows is in doubt, by one magnitude for both signs.
    guard rounding.mode == CK_STOCHASTIC, kernel.hasAnchors, lowest.format.isFloating, rounding.largest.0 == rounding.largest.1,
      terms.lowest >= lowest.format.quantumExponent
    else { return false }
    if rounding.randomBits > 0 && rounding.randomBits <= rounding.shift { return true }
    return rounding.largest.0 + terms.largest <= .power(min(terms.lowest + P, carrier.emax))
  }

  /// The kernel by two additions for terms added to an accumulator, and its cost.
  private func byAnchors(_ rounder: Rounder, _ kernel: RoundingKernel, _ terms: Terms) -> (ck_kind, Double)? {
    let (format, rounding, p) = (rounder.format, kernel.rounding, rounder.format.precision)
    guard kernel.isGradual, kernel.hasOneEnd, format.isFloating, rounder.rounding == .nearestEven || rounder.rounding.isDirected else {
      return nil
    }
    let largest = rounding.largest.0
    let isBounded =
      terms.isFinite && (rounder.rounding == .nearestEven || rounder.rounding == .towardZero) && ceiling(format, terms) <= largest
    guard (isBounded ? ceiling(format, terms) : largest) + terms.largest < .power(carrier.emax - P + p) else { return nil }

    // Cutting sums to the carrier first does not matter in directed modes, which go the same way twice. To nearest it does not if
    // (1) sums fit into the carrier, or if sums s + b that do not fit are never near a middle between two values: either b < half of s's last
    // place, m + p ≤ P − 1, or s < b. Then b has no more bits than a value of the format, (2) m ≤ p, 2p ≤ P − 1; or (3) |b| < 2^(lowest + P), so
    // that s + b < 2^(lowest + P) and fits after all, for s has no lower bit than 2^lowest and reaches 2^(lowest + P) only with |s| ≥ 2^(-m) |b|.
    // (An accumulator that was clamped to its largest number is a multiple of that number's last bit.) Checked by Coq:
    // CarrierSum.accumulate_through_carrier of proofs/coq.
    let lowest = isBounded ? terms.lowest : min(terms.lowest, format.maxFinite.exponent)
    let isSmallProduct = terms.bits + p <= P - 1 && terms.largest < .power(min(lowest + P, carrier.emax))
    let isValue = terms.bits <= p && 2 * p <= P - 1
    let fits = (isBounded ? ceiling(format, terms) : largest) + terms.largest <= .power(min(lowest + P, carrier.emax))
    let needsOdd = rounder.rounding == .nearestEven && !(isSmallProduct || isValue || fits)
    if needsOdd && !(instructions.kernels(carrier).hasOdd != 0 && product.isExact) { return nil }

    let isOnGrid = terms.lowest >= format.quantumExponent
    if isBounded && isOnGrid { return needsOdd ? (CK_ODD_LEAN, 1.5) : (CK_LEAN, 0.85) }
    guard rounding.hasNegativeZero == 1 else { return nil }
    if terms.isFinite && (isBounded || rounding.saturates == 1) { return needsOdd ? (CK_ODD_SATURATING, 2.1) : (CK_SATURATING, 1.4) }
    // (The processor makes an infinity of what overflows only where it rounds to nearest.)
    guard rounder.rounding == .nearestEven, rounding.overflow.0 == .infinity, format.isLastOfBinade, largest >= 2 else { return nil }
    return needsOdd ? (CK_ODD_OVERFLOWING, 2.4) : (CK_OVERFLOWING, 1.8)
  }

  /// A bound of |s| after any number of additions, rounded to nearest even or towards zero.
  ///
  /// With |b| ≤ 2^L: from |s| ≤ 2^(p + L) no addition leads beyond it, since the next value is 2^(L + 1) away and a tie goes to the power of two.
  /// Or n (|b| + η/2) (1 + u)^n, without the η of the accumulator's smallest numbers where all terms are multiples of it.
  private func ceiling(_ format: Format, _ terms: Terms) -> Double {
    guard terms.largest > 0 else { return 0 }
    let p = format.precision
    let term = terms.largest + (terms.lowest < format.quantumExponent ? .power(format.quantumExponent - 1) : 0)
    let stagnation = p + terms.top <= 1023 ? Double.power(p + terms.top) : .infinity
    var growth = 1.0
    for _ in 0..<min(n, 1 << 12) { growth *= 1 + 1.0001 * Double.power(-p) }
    return min(stagnation, n <= 1 << 12 ? 1.0001 * Double(n) * term * growth : .infinity)
  }

  /// Rounding of exact products in the accumulator's mode, and what is then known of the terms.
  private func roundedProducts(_ rounder: Rounder) -> (ck_product_kind, ck_rounding, Terms)? {
    guard let kernel = try? RoundingKernel(rounder, carrier: carrier), kernel.hasAnchors, kernel.hasOneEnd, rounder.format.isFloating else {
      return nil
    }
    let rounding = kernel.rounding
    guard rounding.hasNegativeZero == 1, terms.largest < .power(carrier.emax - P + rounder.format.precision),
      rounder.rounding == .nearestEven || rounder.rounding.isDirected
    else { return nil }
    var rounded = terms
    rounded.bits = rounder.format.precision
    // (The largest number need not be a multiple of what all products are multiples of.)
    let lowest = terms.largest <= rounding.largest.0 ? terms.lowest : min(terms.lowest, rounder.format.maxFinite.exponent)
    rounded.lowest = max(lowest, rounder.format.quantumExponent)
    rounded.largest = terms.largest == 0 ? 0 : min(.power(min(max(terms.top, rounder.format.quantumExponent), 1023)), rounding.largest.0)
    if terms.largest <= rounding.largest.0 || rounding.saturates == 1 { return (CK_PRODUCT_SATURATING, rounding, rounded) }
    guard rounder.rounding == .nearestEven, rounding.overflow.0 == .infinity, rounder.format.isLastOfBinade, rounding.largest.0 >= 2 else {
      return nil
    }
    rounded.isFinite = false
    return (CK_PRODUCT_OVERFLOWING, rounding, rounded)
  }
}

extension Product {
  /// Whether products reach their first addition exactly; in sequential sums fused ones do.
  fileprivate var isExact: Bool {
    if case .rounded = self { false } else { true }
  }
}

extension Rounding {
  fileprivate var isDirected: Bool { self == .towardZero || self == .up || self == .down }
}

extension Format {
  /// Whether the next number after the largest would be a power of two.
  fileprivate var isLastOfBinade: Bool { maxFinite.significand + 1 == 1 << Int128(precision) }
}

extension Dyadic {
  /// A double that is no smaller.
  fileprivate var doubleUp: Double { Double(exactly: self) ?? .infinity }
}

extension Carrier {
  /// Sums below it do not overflow.
  fileprivate var end: Double { self == .binary32 ? Double(Float.greatestFiniteMagnitude) : .greatestFiniteMagnitude }
}

extension Double {
  fileprivate static func power(_ n: Int) -> Double {
    n > 1023 ? .infinity : n < -1074 ? 0 : Double(sign: .plus, exponent: n, significand: 1)
  }
}
