// SPDX-License-Identifier: Apache-2.0
// Policies: every preset through JSON and back, the short form, and documents that are refused.

import Foundation
import Testing
import Training

@Suite struct PolicyTests {
  @Test(arguments: PrecisionPolicy.presets.map(\.policy.name))
  func presetSurvivesJSON(name: String) throws {
    let policy = try PrecisionPolicy(name: name)
    #expect(policy.name == name && policy == PrecisionPolicy.presets.first { $0.policy.name == name }!.policy)
    #expect(try PrecisionPolicy(json: policy.json, path: "x.json") == policy)
    _ = try Trainer(TrainingPlan(model: .mlp, data: "digits", policy: policy), .digits)
  }

  @Test func formatPlusAccumulatorIsAPolicy() throws {
    let policy = try PrecisionPolicy(name: "e5m2cfg5+e6m5")
    #expect("\(policy.weights)" == "e5m2:cfg5" && "\(policy.forward)" == "e6m5" && policy.lossScale == .dynamic)
    let other = try PrecisionPolicy(name: "e4m2cfg5+e6m5@sr8:16,fp32")
    #expect("\(other.errors)" == "e4m2:cfg5" && "\(other.backwardWeights)" == "e6m5@sr8:16,fp32")
    #expect("\(try PrecisionPolicy(name: "mxfp4+fp32").activations)" == "mxfp4")
  }

  @Test func whatIsLeftOutHasDefaults() throws {
    let text = #"{"name": "a", "weights": "e4m3fn@sr", "accumulator": "fp16:8,fp32; product bf16", "layers": [{"match": "last", "weights": "fp16"}]}"#
    let policy = try PrecisionPolicy(json: Data(text.utf8), path: "a.json")
    #expect(policy.activations == policy.weights && policy.errors == policy.weights && "\(policy.backwardData)" == "fp16:8,fp32; product bf16")
    #expect("\(policy.storedWeights)" == "fp32" && policy.update == .plain && policy.lossScale == .none)
  }

  @Test(arguments: [
    ("{", "it is not JSON"), ("[1]", "no JSON object"), ("{}", "'name' is missing"), (#"{"name": "a"}"#, "'weights' is missing"),
    (#"{"name": "a", "weights": "e4m3"}"#, "'forward': it is missing; give it, or \"accumulator\""),
    (#"{"name": "a", "weights": 8, "accumulator": "fp32"}"#, "'weights' is of another kind"),
    (#"{"name": "a", "weights": "e4m3x", "accumulator": "fp32"}"#, "unknown format 'e4m3x'"),
    (#"{"name": "a", "weights": "e4m3", "accumulator": "fp33"}"#, "the accumulator 'fp33'"),
    (#"{"name": "a", "weights": "e4m3", "accumulater": "fp32"}"#, "'accumulater': it is unknown; did you mean accumulator"),
    (#"{"name": "a", "weights": "e4m3", "accumulator": "fp32", "lossScale": "3"}"#, "none of: none, 2^K"),
    (#"{"name": "a", "weights": "e4m3", "accumulator": "fp32", "update": "fast"}"#, "none of: plain, kahan"),
    (#"{"name": "a", "weights": "e4m3", "accumulator": "fp32", "averageFrom": 1}"#, "'averageFrom': it is 1.0"),
    (#"{"name": "a", "weights": "e4m3", "accumulator": "fp32", "elementwise": "mxfp8"}"#, "give a format of single numbers"),
    (#"{"name": "a", "weights": "e4m3", "accumulator": "fp32", "layers": [{"weights": "fp16"}]}"#, "'layers[0]': it has no \"match\""),
    (#"{"name": "a", "weights": "e4m3", "accumulator": "fp32", "schedule": [{"weights": "fp16"}]}"#, "give \"fromEpoch\""),
    (#"{"name": "a", "weights": "e4m3", "accumulator": "fp32", "schedule": [{"fromEpoch": 1, "weight": "fp16"}]}"#, "did you mean weights"),
    (#"{"schema": "fmtlab.policy/2", "name": "a", "weights": "e4m3", "accumulator": "fp32"}"#, "reads fmtlab.policy/1"),
  ])
  func badDocumentsAreRefusedWithAReason(text: String, reason: String) throws {
    let error = try #require(throws: PolicyError.self) { try PrecisionPolicy(json: Data(text.utf8), path: "p.json") }
    #expect("\(error)".hasPrefix("the policy in p.json: ") && "\(error)".contains(reason), "\(error)")
  }

  @Test(arguments: [
    ("fp128+fp32", "training needs formats within fp64"), ("fp32+exact/fp128", "fp128 is wider than fp64"), ("e8m0fnu+fp32", "needs a format with zero"),
    ("e4m3fn+fp32; product fp128", "fp128 is wider than fp64"),
  ])
  func numbersThatTrainingCannotHoldAreRefused(name: String, reason: String) throws {
    let policy = try PrecisionPolicy(name: name)
    let error = try #require(throws: PolicyError.self) { try Trainer(TrainingPlan(model: .logistic, data: "digits", policy: policy), .digits) }
    #expect("\(error)".contains(reason), "\(error)")
  }

  @Test func updatesThatCannotBeCarriedOutAreRefused() throws {
    var policy = try PrecisionPolicy(name: "bf16")
    policy.update = .kahan
    policy.storedWeights = try TensorFormat(text: "dfp8")
    #expect(throws: PolicyError.self) { try Trainer(TrainingPlan(model: .logistic, data: "digits", policy: policy), .digits) }
    policy.update = .hysteresis
    policy.storedWeights = policy.weights
    #expect(throws: PolicyError.self) { try Trainer(TrainingPlan(model: .logistic, data: "digits", policy: policy), .digits) }
  }
}
