// SPDX-License-Identifier: Apache-2.0
// fmtlab train: training runs under a precision policy.

import ArgumentParser
import FmtLab
import FoundationEssentials
import Glibc

struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a network with every product and every sum in the formats of a policy.",
    usage: "fmtlab train [--model <model>] [--data <data>] [--policy <policy>] [<options>]",
    discussion: """
      Policies: \(wrap(PrecisionPolicy.presets.map(\.policy.name).joined(separator: " "), 76).joined(separator: "\n          "));
      FORMAT+ACC (e4m3cfg5+e5m5); or a JSON file. --show-policy prints one to begin with.

      Models: logistic; mlp (dense 128-96); lenet (5 x 5 convolutions of 6 and 16 channels, dense
      120-84); resnet8 and resnet20 (3 x 3 convolutions of 16, 32 and 64 channels, batch norm).
      A network's three products a layer, Y = W X, dX = W' dY and dW = dY X', are those of the
      emulated unit, bit for bit; seconds and G MAC/s are of whole epochs.

      With --checkpoint the run is written there after each epoch and when it is interrupted
      (exit status 75); the same command then goes on, with the same numbers as without the
      interruption. A run whose numbers overflow ends with what overflowed where, and status 1.

        fmtlab train --data fashion-mnist --policy e5m2cfg5+e6m5 --epochs 3
        fmtlab train --model lenet --data fashion-mnist --policy bf16-sr --checkpoint run.npz
        fmtlab train --policy e5m2cfg5+q8.13 --show-policy > policy.json
      """)

  @Option(
    help: ArgumentHelp("\(Model.allCases.map(\.rawValue).joined(separator: ", ")). (default: mlp)", valueName: "model"), transform: Parse.model)
  var model: Model = .mlp
  @Option(
    help: ArgumentHelp("Of the hidden layers: relu, tanh, gelu, or ktanh (tanh by a table). (default: relu)", valueName: "function"),
    transform: Parse.activation)
  var activation: ActivationFunction = .relu
  @Option(
    help: ArgumentHelp("Of the loss: exponential, or taylorN (exp to the even order N). (default: exponential)", valueName: "kind"), transform: Parse.softmax)
  var softmax: Softmax = .exponential
  @Option(
    help: ArgumentHelp("Make the hidden layers of mlp of circulant blocks of this size, without biases.", valueName: "block"),
    transform: { try Parse.integer($0, in: 2...100_000) })
  var circulant: Int?
  @Option(
    help: ArgumentHelp(
      "digits (embedded), fashion-mnist (`make data` installs it), or a directory with MNIST's four IDX files.", valueName: "data"))
  var data = "digits"
  @Option(
    help: ArgumentHelp("Train on the first so many images only; all test images are used.", valueName: "count"),
    transform: { try Parse.integer($0, in: 1...Int(Int32.max)) })
  var images: Int?
  @Option(help: ArgumentHelp("A policy's name, FORMAT+ACC, or a JSON file.", valueName: "policy")) var policy = "fp32"
  @Option(
    help: ArgumentHelp(
      "sgd, or svrg: the noise of a step vanishes with the distance from the epoch's start. (default: sgd, of halp svrg)", valueName: "method"),
    transform: Parse.method)
  var method: TrainingPlan.Method?
  @Option(
    help: ArgumentHelp("Passes over the training images. (default: 5)", valueName: "epochs"), transform: { try Parse.integer($0, in: 1...100_000) })
  var epochs = 5
  @Option(help: ArgumentHelp("Images a step. (default: 64)", valueName: "images"), transform: { try Parse.integer($0, in: 1...8192) })
  var batch = 64
  @Option(
    help: ArgumentHelp("Learning rate. (default: 0.05)", valueName: "rate"),
    transform: { try Parse.number($0, "a positive number") { $0 > 0 && $0.isFinite } })
  var rate = 0.05
  @Option(
    help: ArgumentHelp("Momentum. (default: 0.9, of svrg 0)", valueName: "momentum"),
    transform: { try Parse.number($0, "a number from 0 to below 1") { $0 >= 0 && $0 < 1 } })
  var momentum: Double?
  @Option(
    help: ArgumentHelp("Weight decay. (default: 0.0001)", valueName: "decay"),
    transform: { try Parse.number($0, "a number from 0 to 1") { $0 >= 0 && $0 <= 1 } })
  var decay = 1e-4
  @Option(
    help: ArgumentHelp("Of the rate: constant, cosine or steps (a tenth after 1/2, again after 3/4). (default: cosine)", valueName: "schedule"),
    transform: Parse.rateSchedule)
  var schedule: RateSchedule = .cosine
  @Option(
    name: .customLong("loss-scale"),
    help: ArgumentHelp("none, 2^K, dynamic or automatic, in place of the policy's.", valueName: "scale"), transform: { try LossScale(text: $0) })
  var lossScale: LossScale?
  @Option(help: ArgumentHelp("Write the run to this .npz file, and go on from it if it exists.", valueName: "file")) var checkpoint: String?
  @Option(help: ArgumentHelp("Write a line of JSON for each epoch to this file.", valueName: "file")) var history: String?
  @OptionGroup var picture: PlotOptions
  @Flag(help: "After the run, test predictions about its arithmetic: errors, bounds, overflow, underflow, swallowed updates.") var check = false
  @Flag(name: .customLong("show-policy"), help: "Print the policy as JSON, and do nothing else.") var showPolicy = false
  @OptionGroup var random: SeedOption
  @Option(help: ArgumentHelp("Threads; the results are the same. (default: all cores)", valueName: "threads"), transform: Parse.threads)
  var threads: Parallelism = .allCores
  @OptionGroup var output: OutputOptions

  func run() throws {
    var policy = try readPolicy()
    if let lossScale { policy.lossScale = lossScale }
    if showPolicy { return Output.print(String(decoding: policy.json, as: UTF8.self)) }
    try picture.check(output)
    for (path, option) in [(checkpoint, "--checkpoint"), (history, "--history")] {
      if let path { try Output.checkWritable(path, option) }
    }
    if let checkpoint, !checkpoint.lowercased().hasSuffix(".npz") { throw Failure.usage("--checkpoint \(checkpoint): give a file that ends in .npz.") }
    output.noteMeaning(of: policy.formats)
    let whole = try DataSet(text: data)
    let data = images.map(whole.first) ?? whole
    let plan = TrainingPlan(
      model: model, options: ModelOptions(activation: activation, softmax: softmax, circulant: circulant), data: data.name, policy: policy, method: method,
      epochs: epochs, batch: batch, rate: rate, momentum: momentum, decay: decay, schedule: schedule, seed: random.seed)
    let trainer = try Trainer(plan, data, threads)
    if let checkpoint, access(checkpoint, F_OK) == 0 {
      try trainer.restore(checkpoint)
      output.note("going on from \(checkpoint), after \(trainer.progressText)")
    }
    Output.showNotes()
    try TrainingRun(trainer, checkpoint: checkpoint, history: history, output).run()
    try picture.draw(TrainingReport(trainer, nil).figure, output)
    let findings = check ? checked(trainer) : nil
    if output.json {
      try Output.json(TrainingReport(trainer, findings))
    } else if let findings, !output.csv {
      Output.print(["", "predictions from minibatches in binary64, measured on others under the policy"])
      for report in findings { Output.print([""] + report.lines) }
      Output.print([""] + findings.map(\.summary))
      let agreeing = findings.flatMap(\.findings).count { $0.verdict == "agrees" }, tested = findings.flatMap(\.findings).count { $0.verdict != "not applicable" }
      Output.print("\(agreeing) of \(tested) verdicts agree")
    }
    // What depends on a model may fail; a theorem may not.
    let broken = (findings ?? []).filter { !$0.agrees && ["train.bound", "train.overflow"].contains($0.id) }.map(\.id)
    if !broken.isEmpty { throw Failure.no("\(broken.joined(separator: ", ")): a theorem, or fmtlab, is wrong.") }
  }

  private func checked(_ trainer: Trainer) -> [TheoryReport] {
    let line = ProgressLine("check", output)
    let findings = trainer.check(progress: line.progress)
    line.end()
    return Prediction.ofRuns.map { prediction in TheoryReport(prediction.id, findings.filter { $0.prediction == prediction.id }) }
      .filter { !$0.findings.isEmpty }
  }

  private func readPolicy() throws -> PrecisionPolicy {
    guard policy.contains("/") && !policy.contains("+") || policy.lowercased().hasSuffix(".json") else { return try PrecisionPolicy(name: policy) }
    guard let bytes = FileManager.default.contents(atPath: policy) else {
      throw Failure.file("cannot read \(policy): \(Output.reason(errno)); give --policy a readable JSON file, a preset, or FORMAT+ACC.")
    }
    return try PrecisionPolicy(json: bytes, path: policy)
  }
}

extension Parse {
  static func model(_ text: String) throws -> Model {
    guard let model = Model(rawValue: text.lowercased()) else {
      throw ValidationError("use one of \(Model.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return model
  }

  static func method(_ text: String) throws -> TrainingPlan.Method {
    guard let method = TrainingPlan.Method(rawValue: text.lowercased()) else {
      throw ValidationError("use one of \(TrainingPlan.Method.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return method
  }

  static func activation(_ text: String) throws -> ActivationFunction {
    guard let function = ActivationFunction(rawValue: text.lowercased()) else {
      throw ValidationError("use one of \(ActivationFunction.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return function
  }

  static func softmax(_ text: String) throws -> Softmax {
    guard let softmax = Softmax(text: text.lowercased()) else { throw ValidationError("use exponential, or taylorN with an even order N from 2 to 20.") }
    return softmax
  }

  static func rateSchedule(_ text: String) throws -> RateSchedule {
    guard let schedule = RateSchedule(rawValue: text.lowercased()) else {
      throw ValidationError("use one of \(RateSchedule.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    return schedule
  }
}
