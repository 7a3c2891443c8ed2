// SPDX-License-Identifier: Apache-2.0
// Checkpoints: everything that a run needs to go on, bit for bit, in a file that NumPy reads.

internal import FoundationEssentials
internal import Glibc
internal import Tensors

extension Trainer {
  private struct Header: Codable {
    var schema = "fmtlab.checkpoint/1"
    let plan: TrainingPlan
    let state: State
    let history: [EpochRecord]
    /// Of the training and test images.
    let dataFingerprint: UInt64
  }

  /// Writes the run to a .npz file, whole or not at all: one array of binary64 for each parameter and what is kept beside it, and `run`, the UTF-8 of
  /// a JSON document with the plan, the state and the history.
  ///
  /// - Throws: `TrainingError.file`.
  public func save(_ path: String) throws(TrainingError) {
    do {
      let writer = try NPZWriter(path)
      func add(_ name: String, _ numbers: [Double], _ type: Tensor.StoredType = .f8) throws(TensorError) {
        let member = try writer.add(name, shape: [numbers.count], elementType: type)
        var problem: TensorError?
        numbers.withUnsafeBufferPointer { numbers in
          do throws(TensorError) { try member.write(numbers) } catch { problem = error }
        }
        if let problem { throw problem }
        try member.finish()
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      let header = Header(plan: plan, state: state, history: history, dataFingerprint: data.fingerprint)
      try add("run", try encoder.encode(header).map(Double.init), .u1)
      for (name, numbers) in arrays { try add(name, numbers.get()) }
      try writer.finish()
    } catch {
      throw .file("\(error)")
    }
  }

  /// Goes on where a checkpoint was written.
  ///
  /// - Throws: `TrainingError.file` for a file that cannot be read; `.data` for one that is no .npz; `.checkpoint` for one of another run, or one
  ///   that is damaged.
  public func restore(_ path: String) throws(TrainingError) {
    let sources: [TensorSource]
    do throws(TensorError) { sources = try TensorSource.open(path) } catch {
      if case .unreadable = error { throw .file("\(error)") } else { throw .data("\(error)") }
    }
    func numbers(_ name: String) throws(TrainingError) -> [Double] {
      guard let source = sources.first(where: { $0.name == name }) else { throw .checkpoint(path, "it has no array '\(name)'; it is no checkpoint of this run.") }
      do throws(TensorError) { return try source.tensor().elements } catch { throw .checkpoint(path, "\(error)") }
    }
    let header: Header
    do {
      let decoder = JSONDecoder()
      decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
      let bytes = try numbers("run").compactMap { UInt8(exactly: $0) }
      header = try decoder.decode(Header.self, from: Data(bytes))
    } catch let error as TrainingError {
      throw error
    } catch {
      throw .checkpoint(path, "its array 'run' is no description of a run; it was not written by this program.")
    }
    let differences = plan.differences(from: header.plan)
    guard differences.isEmpty else {
      throw .checkpoint(path, "it is of another run: \(differences.joined(separator: ", ")); give the same options, or another file.")
    }
    guard header.dataFingerprint == data.fingerprint else { throw .checkpoint(path, "it is of a run on other images; give the same --data.") }
    guard header.state.scale.rule == plan.policy.lossScale, (0...plan.epochs).contains(header.state.epoch), (0...stepsPerEpoch).contains(header.state.step) else {
      throw .checkpoint(path, "its state is not one of this run; it is damaged.")
    }
    var read: [[Double]] = []
    let arrays = arrays
    for (name, array) in arrays {
      let found = try numbers(name)
      // (Averages begin late.)
      let expected = array.get().count
      guard found.count == expected || name.hasSuffix(".average") && (found.isEmpty || expected == 0) else {
        throw .checkpoint(path, "its array '\(name)' has \(found.count) numbers, not \(expected); it is damaged.")
      }
      read.append(found)
    }
    for ((_, array), numbers) in zip(arrays, read) { array.set(numbers) }
    (state, history) = (header.state, header.history)
  }

  /// Every array of the run, by name, to get and to set.
  private var arrays: [(String, (get: () -> [Double], set: ([Double]) -> Void))] {
    let learned = network.body.parameters.flatMap { p -> [(String, ReferenceWritableKeyPath<Parameter, [Double]>, Parameter)] in
      [("", \.values, p), (".momentum", \.momentum, p), (".stored", \.stored, p), (".low", \.low, p), (".average", \.average, p)]
    }
    let centred = plan.method == .svrg ? network.body.parameters.flatMap { p -> [(String, ReferenceWritableKeyPath<Parameter, [Double]>, Parameter)] in
      [(".centre", \.centre, p), (".centreGradient", \.centreGradient, p), (".offset", \.offset, p)]
    } : []
    let statistics = network.body.statistics.map { ("", \Parameter.values, $0) }
    return (learned + centred + statistics).map { suffix, path, parameter in
      ("\(parameter.name)\(suffix)", ({ parameter[keyPath: path] }, { parameter[keyPath: path] = $0 }))
    }
  }
}

extension TrainingPlan {
  /// What differs, as `seed 1 there, 2 here`.
  func differences(from other: TrainingPlan) -> [String] {
    func text(_ plan: TrainingPlan) -> [(String, String)] {
      [
        ("model", plan.model.rawValue), ("activation", plan.options.activation.rawValue), ("softmax", "\(plan.options.softmax)"),
        ("circulant blocks", plan.options.circulant.map { "of \($0)" } ?? "none"), ("data", plan.data), ("policy", plan.policy.name),
        ("method", plan.method.rawValue), ("epochs", "\(plan.epochs)"), ("batch", "\(plan.batch)"), ("rate", "\(plan.rate)"),
        ("momentum", "\(plan.momentum)"), ("decay", "\(plan.decay)"), ("schedule", plan.schedule.rawValue), ("seed", "\(plan.seed)"),
        ("loss scale", "\(plan.policy.lossScale)"),
      ]
    }
    let named = zip(text(self), text(other)).filter { $0.1 != $1.1 }.map { "\($0.0) \($1.1) there, \($0.1) here" }
    return named.isEmpty && self != other ? ["the policy \(policy.name) has other contents"] : named
  }
}

extension DataSet {
  /// A hash of all images and labels (FNV-1a over words).
  var fingerprint: UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for images in [training, test] {
      for pixel in images.pixels { hash = (hash ^ UInt64(pixel.bitPattern)) &* 0x0000_0100_0000_01b3 }
      for label in images.labels { hash = (hash ^ UInt64(label)) &* 0x0000_0100_0000_01b3 }
    }
    return hash
  }
}
