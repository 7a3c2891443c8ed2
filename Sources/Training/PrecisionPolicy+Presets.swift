// SPDX-License-Identifier: Apache-2.0
// The policies of the literature by name, and the two short ways to write others.

internal import Accumulation
internal import Formats

extension PrecisionPolicy {
  /// A policy of the literature.
  public struct Preset: Sendable {
    /// The policy of the name.
    public let policy: PrecisionPolicy
    /// What it stands for, and what of the original it leaves out.
    public let summary: String

    fileprivate init(_ summary: String, _ policy: PrecisionPolicy) { (self.summary, self.policy) = (summary, policy) }
  }

  /// In the order of tables.
  public static let presets: [Preset] = [
    Preset("everything in binary32", uniform("fp32", "fp32", "fp32")),
    Preset("everything in binary64: the twin beside which other runs are held", binary64),
    Preset("binary16 products with binary32 sums, binary32 master weights, dynamic loss scale (Micikevicius et al. 2018)",
      uniform("amp-fp16", "fp16", "fp32", .dynamic)),
    Preset("bfloat16 products with binary32 sums, binary32 master weights", uniform("bf16", "bf16", "fp32")),
    Preset("bfloat16 weights without master copy, stochastically rounded updates (Zamirai et al. 2020)", with(uniform("bf16-sr", "bf16", "fp32")) {
      $0.storedWeights = format("bf16@sr")
    }),
    Preset("bfloat16 weights without master copy, updates with Kahan's correction (Zamirai et al. 2020)", with(uniform("bf16-kahan", "bf16", "fp32")) {
      $0.storedWeights = format("bf16")
      $0.update = .kahan
    }),
    Preset("multipliers of 8 bits without subnormals, NaN and rounding, 12-bit sums", uniform("e5m2cfg5+e6m5", "e5m2:cfg5", "e6m5", .dynamic)),
    Preset("the same multipliers with 21-bit fixed-point sums", uniform("e5m2cfg5+q8.13", "e5m2:cfg5", "q8.13", .fixed(8))),
    Preset("the same multipliers with 24-bit fixed-point sums", uniform("e5m2cfg5+q11.13", "e5m2:cfg5", "q11.13", .fixed(8))),
    Preset("e4m3fn forwards, e5m2 back, binary32 sums (Micikevicius et al. 2022, without scales of tensors)", with(uniform("fp8-hybrid", "e4m3fn@saturate", "fp32", .dynamic)) {
      $0.errors = format("e5m2")
    }),
    Preset("HFP8 (Sun et al. 2019): 1-4-3 of bias 11 forwards, 1-5-2 back, sums of 1-6-9 in chunks of 64; first and last layer in fp16", with(
      uniform("hfp8", "e4m3b11fnuz@saturate", "e6m9:64,e6m9", .dynamic)
    ) {
      $0.errors = format("e5m2")
      $0.layers = ["first", "last"].map { place in
        var change = Override(match: place)
        (change.weights, change.activations, change.errors) = (format("fp16"), format("fp16"), format("fp16"))
        return change
      }
    }),
    Preset("SWALP (Yang et al. 2019): 8-bit block floating point, stochastic, averaged over the last quarter; one block a tensor", with(
      uniform("swalp", "dfp8@sr", "fp32")
    ) {
      $0.storedWeights = format("dfp8@sr")
      $0.averageFrom = 0.75
    }),
    Preset("HALP (De Sa et al. 2018): weights as 8-bit offsets from a centre, SVRG; products in 8-bit block floating point, stochastic; mu = 1", with(
      uniform("halp", "dfp8@sr", "fp32")
    ) {
      $0.update = .bitCentring
      ($0.offsetBits, $0.strongConvexity) = (8, 1)
    }),
    Preset("S2FP8 (Cambier et al. 2020): e5m2 after shift and squeeze of each tensor", uniform("s2fp8", "s2fp8", "fp32")),
    Preset("block minifloats (Fox et al. 2021): (2, 5) forwards, (4, 3) for dX, (6, 9) for dW, shared exponents of 32 numbers", with(uniform("bm8", "bm8", "fp32")) {
      $0.errors = format("bm4.3")
      $0.weightErrors = format("bm6.9")
    }),
    Preset("e4m3 with an exponent bias for each tensor (Park et al. 2021)", uniform("fp8-seb", "seb_e4m3", "fp32")),
    Preset("e3m4 with hysteresis of the weights (Lee et al. 2022)", with(uniform("fp134", "e3m4@saturate", "fp32", .automatic)) {
      $0.update = .hysteresis
    }),
    Preset("16-bit dynamic fixed point (Das et al. 2018), binary32 sums for its integer ones", uniform("dfp16", "dfp16", "fp32")),
    Preset("OCP MXFP8: e4m3 with a power of two for 32 numbers, e5m2 for dY", with(uniform("mxfp8", "mxfp8_e4m3", "fp32")) { $0.errors = format("mxfp8_e5m2") }),
    Preset("DeepSeek-V3's products: e4m3 in blocks of 128, sums of 14 bits cut and handed to binary32 every 128 terms; scales are powers of two", uniform(
      "deepseek-fp8", "pow2(e4m3fn)/128", "e8m13@rz:128,fp32")),
  ]

  /// Everything in binary64.
  static let binary64 = with(uniform("fp64", "fp64", "fp64")) {
    $0.elementwise = format("fp64")
    $0.storedWeights = format("fp64")
  }

  /// The policy of a preset's name; or `FORMAT+ACCUMULATOR`: W, X and dY in the format, all products in the accumulator, dynamic loss scale.
  ///
  /// For sums in fixed point the scale is 2⁸: they saturate, so that a dynamic scale would not see that it is too large.
  ///
  /// In FORMAT, `cfgN` may follow without a colon: `e5m2cfg5+e6m5`.
  /// - Throws: `PolicyError`.
  public init(name: String) throws(PolicyError) {
    let wanted = name.lowercased()
    if let preset = PrecisionPolicy.presets.first(where: { $0.policy.name == wanted }) {
      self = preset.policy
      return
    }
    guard let plus = name.firstIndex(of: "+") else {
      let names = PrecisionPolicy.presets.map(\.policy.name)
      throw .unknown(name, nearest: names.filter { $0.hasPrefix(wanted.prefix(3)) })
    }
    var format = String(name[..<plus])
    if let at = format.firstRange(of: "cfg"), at.lowerBound > format.startIndex, !format.contains(":") { format.insert(":", at: at.lowerBound) }
    let accumulator = try Accumulator(text: String(name[name.index(after: plus)...]))
    let saturates = accumulator.plan.rounders.contains { $0.format.isFixed }
    self = PrecisionPolicy.uniform(name, try TensorFormat(text: format), accumulator, saturates ? .fixed(8) : .dynamic)
  }

  /// One format for all factors, one accumulator for all sums, binary32 for the rest.
  static func uniform(_ name: String, _ format: TensorFormat, _ accumulator: Accumulator, _ lossScale: LossScale = .none) -> PrecisionPolicy {
    PrecisionPolicy(
      name: name, weights: format, activations: format, errors: format, accumulator: accumulator, elementwise: self.format("fp32"),
      storedWeights: self.format("fp32"), lossScale: lossScale)
  }

  private static func uniform(_ name: String, _ format: String, _ accumulator: String, _ lossScale: LossScale = .none) -> PrecisionPolicy {
    uniform(name, self.format(format), try! Accumulator(text: accumulator), lossScale)  // a literal of this file
  }

  private static func with(_ policy: PrecisionPolicy, _ change: (inout PrecisionPolicy) -> Void) -> PrecisionPolicy {
    var policy = policy
    change(&policy)
    return policy
  }

  private static func format(_ text: String) -> TensorFormat { try! TensorFormat(text: text) }  // a literal of this file
}
