// SPDX-License-Identifier: Apache-2.0
// Which kernel carries out a dot product: the cheapest that is exact.

internal import CKernels
internal import Formats

/// What is known of the terms that an accumulator is given.
struct Terms {
  /// Every finite term is an integer of at most `bits` bits times a power of two, and a multiple of 2^lowest, and at most `largest`.
  var bits, lowest: Int
  var largest: Double
  /// No infinity and no NaN.
  var isFinite: Bool
  /// The factors that they are products of.
  private let factors: [ck_facts]

  /// Products of the numbers of two matrices.
  init(_ a: ck_facts, _ b: ck_facts) {
    bits = Int(a.bits + b.bits)
    lowest = Int(a.lowestBit + b.lowestBit)
    largest = (a.largest * b.largest).nextUp
    if a.largest == 0 || b.largest == 0 { largest = 0 }
    isFinite = a.isFinite != 0 && b.isFinite != 0
    factors = [a, b]
  }

  /// Whether every finite factor is a number of the carrier.
  func factorsFit(_ carrier: Carrier) -> Bool {
    factors.allSatisfy {
      $0.bits <= carrier.precision && $0.lowestBit >= carrier.emin - carrier.precision + 1
        && ($0.largest == 0 || $0.largest.exponent <= carrier.emax)
    }
  }

  /// ⌈log₂ largest⌉.
  var top: Int { largest == 0 ? lowest : Int(largest.exponent) + (largest.significand > 1 ? 1 : 0) }
}

/// A plan for the kernels, with the carrier that it works in.
struct ProductKernel {
  var plan: ck_plan
  let carrier: Carrier
  /// Nanoseconds a term and result, roughly, with 512-bit vectors: only for choosing.
  let cost: Double

  var name: String {
    let product =
      [CK_EXACT: "", CK_PRODUCT_SATURATING: "rounded products, ", CK_PRODUCT_OVERFLOWING: "rounded products, "][plan.product]
      ?? "rounded products, "
    return "\(product)\(ProductKernel.names[Int(plan.levels.0.kind.rawValue)]) in binary\(carrier.rawValue)"
  }

  private static let names = [
    "native", "lean", "saturating", "overflowing", "odd lean", "odd saturating", "odd overflowing", "dithered", "fixed point",
    "wrapping fixed point",
    "general",
  ]
}

extension ProductKernel {
  /// The cheapest kernel that is exact for n products with these facts, and the general one to repeat what it leaves in doubt.
  static func choose(
    _ dot: DotProduct, _ terms: Terms, count n: Int, _ instructions: InstructionSet
  ) -> Result<(best: ProductKernel, general: ProductKernel?), Refusal> {
    guard let levels = levels(of: dot.plan) else { return .failure(.plan) }
    var (kernels, general, refusal) = ([ProductKernel](), ProductKernel?.none, Refusal.combination)
    for carrier in Carrier.allCases {
      let choice = KernelSelection(dot.product, levels, terms, n, carrier, instructions)
      do throws(Refusal) {
        kernels += try choice.kernels()
        general = general ?? choice.general()
      } catch { refusal = error }
    }
    guard let best = kernels.min(by: { $0.cost < $1.cost }) else { return .failure(refusal) }
    return .success((best, general))
  }

  enum Refusal: Error, CustomStringConvertible {
    case plan
    case combination
    case rounder(Rounder, KernelRefusal)
    case products(Carrier)

    var description: String {
      switch self {
      case .plan: "the plan is no hierarchy of at most \(CK_MAX_LEVELS) sequential sums of at most 2^62 terms"
      case .combination: "no kernel has these products and sums in numbers of binary64"
      case .rounder(let rounder, let refusal): "\(rounder): \(refusal)"
      case .products(let carrier): "products do not fit into binary\(carrier.rawValue)"
      }
    }
  }

  /// The sequential levels that a plan is a hierarchy of, the lowest first, each with the number of terms that it sums (0: all); `nil` for
  /// other plans, and for chunks that are no multiple of the chunks inside them.
  static func levels(of plan: Plan) -> [(rounder: Rounder, count: Int)]? {
    switch plan {
    case .sequential(let rounder): return [(rounder, 0)]
    case .pairwise, .strided, .compensated, .block, .exact: return nil
    case .chunked(let count, let inner, let outer):
      guard var levels = self.levels(of: inner), let rest = self.levels(of: outer) else { return nil }
      let span = levels.dropLast().reduce(1) { $0.multipliedReportingOverflow(by: $1.count).partialValue }
      guard count % span == 0 else { return nil }
      levels[levels.count - 1].count = count / span
      levels += rest
      var whole = 1
      for level in levels.dropLast() {
        let (product, overflow) = whole.multipliedReportingOverflow(by: level.count)
        guard !overflow, product < 1 << 62 else { return nil }
        whole = product
      }
      return levels.count <= Int(CK_MAX_LEVELS) ? levels : nil
    }
  }
}
