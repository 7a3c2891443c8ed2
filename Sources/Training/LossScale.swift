// SPDX-License-Identifier: Apache-2.0
// The factor that keeps small gradients in the range of their formats.

package import Formats
package import Lab

/// The factor 2^k by which gradients are larger than they are, from the loss to the products that make dW.
public enum LossScale: Hashable, Sendable, CustomStringConvertible {
  /// k = 0.
  case none
  /// k.
  case fixed(Int)
  /// Doubled after a number of steps without overflow, halved after each with, whose update is left out.
  case dynamic
  /// Chosen at the start of each epoch, such that the numbers of dY that leave the range of their format have the least sum of squares; halved as a
  /// dynamic one is.
  case automatic

  /// Reads `none`, `dynamic`, `automatic` or `2^K`, −40 ≤ K ≤ 40.
  public init(text: String) throws(PolicyError) {
    switch text.lowercased() {
    case "none": self = .none
    case "dynamic": self = .dynamic
    case "automatic", "auto": self = .automatic
    default:
      guard text.hasPrefix("2^"), let k = Int(text.dropFirst(2)), (-40...40).contains(k) else { throw .lossScale(text) }
      self = .fixed(k)
    }
  }

  public var description: String {
    switch self {
    case .none: "none"
    case .fixed(let k): "2^\(k)"
    case .dynamic: "dynamic"
    case .automatic: "automatic"
    }
  }
}

extension LossScale: Codable {
  public init(from decoder: any Decoder) throws { self = try LossScale(text: decoder.singleValueContainer().decode(String.self)) }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// The scale of the loss during a run.
package struct LossScaler: Hashable, Sendable, Codable {
  package let rule: LossScale
  package var exponent: Int
  /// Steps since the last change, and steps in sequence whose numbers were not finite.
  private var good = 0, bad = 0

  /// Steps without overflow after which a dynamic scale is doubled.
  package static let interval = 200
  /// Steps in sequence that may be left out.
  package static let patience = 50

  package init(_ rule: LossScale) {
    self.rule = rule
    switch rule {
    case .none: exponent = 0
    case .fixed(let k): exponent = k
    case .dynamic: exponent = 16
    case .automatic: exponent = 0
    }
  }

  package var factor: Double { Double(sign: .plus, exponent: exponent, significand: 1) }

  /// Takes note of a step; false if the run has diverged.
  package mutating func advance(isFinite: Bool) -> Bool {
    if isFinite {
      (good, bad) = (good + 1, 0)
      if rule == .dynamic && good % LossScaler.interval == 0 { exponent = min(exponent + 1, 40) }
      return true
    }
    (good, bad) = (0, bad + 1)
    guard rule == .dynamic || rule == .automatic else { return false }
    exponent -= 1
    return bad <= LossScaler.patience && exponent > -40
  }
}

extension Trainer {
  /// The k with which the numbers of dY that, times 2^k, are flushed or overflow have the least sum of squares, from their binades in a minibatch in
  /// binary64; of several the middle. The last binade counts as overflow: other minibatches have larger numbers.
  ///
  /// (The fewest such numbers are no goal: a format of few binades would cut the largest ones, which move the weights.)
  ///
  /// - Complexity: one step of training.
  package func bestScale(_ indices: ArraySlice<Int>) -> Int {
    let pass = twinPass(root.child("scale"))
    pass.errors = [:]
    keepingStatistics { _ = gradient(indices, scale: 1, pass) }
    let ends = network.linear.compactMap { layer -> (histogram: MagnitudeHistogram, smallest: Int, largest: Int)? in
      guard case .plain(let rounder) = resolved(layer).errors, let histogram = pass.errors?[layer.name] else { return nil }
      return (histogram, rounder.format.minPositive.floorLog2 - 1, rounder.format.maxFinite.floorLog2)
    }
    let costs = (-40...40).map { k in
      ends.reduce(0.0) { sum, end in
        let lost = end.histogram.binades?.filter { $0 + k < end.smallest || $0 + k >= end.largest } ?? []
        return lost.reduce(sum) { $0 + Double(end.histogram.count(in: $1)) * Double(sign: .plus, exponent: 2 * $1, significand: 1) }
      }
    }
    guard !ends.isEmpty, let least = costs.min() else { return 0 }
    let best = costs.indices.filter { costs[$0] == least }
    return best[best.count / 2] - 40
  }
}
