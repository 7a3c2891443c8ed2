// SPDX-License-Identifier: Apache-2.0
// Matrix units that exist, as plans.

public import Formats

/// How a processor's matrix unit sums products: `tensorcore/NAME` as text.
public struct MatrixUnit: Sendable {
  /// `GPU-INPUTS`, and `-OUTPUT` where that is not fp32.
  public let name: String
  /// Formats of x and y.
  public let inputs: [Format]
  /// Its steps, and what hands their result on.
  public let plan: Plan
  /// What the parameters rest on.
  public let evidence: Evidence

  /// What is known of a unit's arithmetic.
  public enum Evidence: String, Sendable {
    /// Inner products recorded on the processor are reproduced bit for bit.
    case recordings = "reproduces recorded inner products"
    /// The parameters are those of Khattak and Mikaitis, not compared with recordings here.
    case published = "published parameters"
  }

  /// Parameters: Khattak and Mikaitis, "Accurate Models of NVIDIA Tensor Cores", arXiv:2512.07004. A new unit is one element.
  public static let catalogue: [MatrixUnit] = {
    func unit(
      _ gpu: String, _ input: String, _ formats: [String], _ width: Int, _ fractionBits: Int, to output: String = "fp32",
      _ evidence: Evidence = .published, addend: BlockFMA.Addend = .aligned
    ) -> MatrixUnit {
      let name = output == "fp32" ? "\(gpu)-\(input)" : "\(gpu)-\(input)-\(output)"
      return MatrixUnit(
        name: name, formats,
        .block(block(name, width, fractionBits, output == "fp32" ? "fp32@rz@infinity" : output, addend)), evidence)
    }
    let fp8 = ["e4m3fn", "e5m2"]
    return [
      unit("v100", "fp16", ["fp16"], 4, 23, .recordings), unit("v100", "fp16", ["fp16"], 4, 23, to: "fp16", .recordings),
      unit("a100", "fp16", ["fp16"], 8, 24, .recordings), unit("a100", "fp16", ["fp16"], 8, 24, to: "fp16", .recordings),
      unit("a100", "bf16", ["bf16"], 8, 24, .recordings), unit("a100", "tf32", ["tf32"], 4, 24, .recordings),
      unit("ada", "fp16", ["fp16"], 8, 24), unit("ada", "bf16", ["bf16"], 8, 24), unit("ada", "tf32", ["tf32"], 4, 24),
      unit("ada", "fp8", fp8, 16, 13),
      unit("h100", "fp16", ["fp16"], 16, 25, .recordings), unit("h100", "fp16", ["fp16"], 16, 25, to: "fp16", .recordings),
      unit("h100", "bf16", ["bf16"], 16, 25), unit("h100", "tf32", ["tf32"], 8, 25),
      unit("h100", "fp8", fp8, 32, 13, .recordings, addend: .apart),
      // Factors become fp16; two steps of the fp16 unit take the even and the odd pairs of 32 products, from zero; the accumulator is added
      // to their result by an fp16 addition. (Found in the recordings of an H100: 5000 of 5000.)
      MatrixUnit(
        name: "h100-fp8-fp16", fp8,
        .chunked(32, inner: .block(block(nil, 16, 25, "fp16", .aligned, interleaving: 2)), outer: .sequential(rounder("fp16"))), .recordings),
      unit("b200", "fp16", ["fp16"], 16, 25), unit("b200", "fp16", ["fp16"], 16, 25, to: "fp16"), unit("b200", "bf16", ["bf16"], 16, 25),
      unit("b200", "tf32", ["tf32"], 8, 25), unit("b200", "fp8", fp8, 32, 25, addend: .late),
    ]
  }()

  /// Other names of processors with the same units.
  static let namesakes = ["a2": "a100", "a30": "a100", "a40": "a100", "l40s": "ada", "h200": "h100"]

  private init(name: String, _ inputs: [String], _ plan: Plan, _ evidence: Evidence) {
    do { self.inputs = try inputs.map { try Format($0) } } catch { preconditionFailure("the catalogue names formats: \(error)") }
    (self.name, self.plan, self.evidence) = (name, plan, evidence)
  }

  private static func rounder(_ text: String) -> Rounder {
    do { return try Rounder(text: text) } catch { preconditionFailure("the catalogue's rounders exist: \(error)") }
  }

  private static func block(
    _ name: String?, _ width: Int, _ fractionBits: Int, _ output: String, _ addend: BlockFMA.Addend, interleaving: Int = 1
  ) -> BlockFMA {
    do throws(PlanError) {
      return try BlockFMA(
        width: width, fractionBits: fractionBits, addend: addend, interleaving: interleaving, name: name, to: rounder(output))
    } catch { preconditionFailure("the catalogue's units exist: \(error)") }
  }

  /// The unit of a name, of its processor or another with the same unit.
  public init(named text: String) throws(PlanError) {
    let parts = text.lowercased().split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let name = ([MatrixUnit.namesakes[parts[0]] ?? parts[0]] + parts.dropFirst()).joined(separator: "-")
    guard let unit = MatrixUnit.catalogue.first(where: { $0.name == name }) else { throw .matrixUnit(text) }
    self = unit
  }
}
