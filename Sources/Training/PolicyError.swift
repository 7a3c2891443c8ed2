// SPDX-License-Identifier: Apache-2.0
// What can be wrong with a precision policy, or with a training run, in words.

/// What is wrong with a policy.
public enum PolicyError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A field that names no format, and why.
  case format(String, String)
  /// A field that names no accumulator, and why.
  case accumulator(String, String)
  /// A text that is no loss scale.
  case lossScale(String)
  /// A text that is no way to update.
  case update(String)
  /// A name of no preset, and names like it.
  case unknown(String, nearest: [String])
  /// A file that cannot be read, and why.
  case file(String, String)
  /// A field that cannot be understood, and why.
  case field(String, String)
  /// Changes that are not in the order of their epochs.
  case order(String)

  public var description: String {
    switch self {
    case .format(let text, let reason): "the format '\(text)' of a tensor: \(reason)"
    case .accumulator(let text, let reason): "the accumulator '\(text)': \(reason)"
    case .lossScale(let text): "the loss scale '\(text)' is none of: none, 2^K with K from -40 to 40, dynamic, automatic."
    case .update(let text): "the update '\(text)' is none of: \(WeightUpdate.allCases.map(\.rawValue).joined(separator: ", "))."
    case .unknown(let name, let nearest):
      "no policy '\(name)'\(nearest.isEmpty ? "" : "; near it are \(nearest.joined(separator: ", "))"). Give a preset, FORMAT+ACCUMULATOR such as "
        + "e5m2cfg5+e6m5, or a JSON file."
    case .file(let path, let reason): "the policy in \(path): \(reason)"
    case .field(let name, let reason): "the policy's field '\(name)': \(reason)"
    case .order(let reason): "the policy's schedule: \(reason)"
    }
  }
}

/// Why a run cannot begin or go on.
public enum TrainingError: Error, Sendable, CustomStringConvertible {
  /// Numbers ceased to be finite: after how many steps, and what overflowed where.
  case diverged(epoch: Int, step: Int, cause: String)
  /// A checkpoint that cannot be read or written, and why.
  case checkpoint(String, String)
  /// A matrix has no Cholesky factor in its format.
  case breakdown(String)
  /// Data that the model cannot take.
  case data(String)
  /// Options that do not go together.
  case options(String)
  /// A file cannot be read or written.
  case file(String)

  public var description: String {
    switch self {
    case .diverged(let epoch, let step, let cause):
      "diverged in epoch \(epoch), step \(step): \(cause); try a lower --rate, another --loss-scale, or a wider format there."
    case .checkpoint(let path, let reason): "the checkpoint \(path): \(reason)"
    case .breakdown(let reason), .data(let reason), .options(let reason), .file(let reason): reason
    }
  }
}
