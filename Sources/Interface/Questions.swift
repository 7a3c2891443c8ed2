// SPDX-License-Identifier: Apache-2.0
// Dot products, worst cases and laws of errors through the C interface, as the documents that the commands print.

internal import Accumulation
public import CInterface
internal import ErrorAnalysis
internal import Formats
internal import Glibc
internal import Lab

@c @implementation
public func fmtlab_dot(
  _ sum: UnsafePointer<fmtlab_sum>?, _ n: Int, _ x: UnsafePointer<Double>?, _ y: UnsafePointer<Double>?, _ start: Double,
  _ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ message: UnsafeMutablePointer<CChar>?
) -> Int32 {
  call(message) {
    let sum = try given(sum, "the accumulator"), format = try namedFormat(sum.format), dot = try DotProduct(sum, format)
    guard let json, try count(n) == 0 || x != nil && y != nil else { throw Refusal.argument("an array or the place of the document is NULL; give its address.") }
    let rounder = try Rounder(to: format)
    func values(_ numbers: UnsafePointer<Double>?) -> [Value] { UnsafeBufferPointer(start: numbers, count: n).map { rounder.round(Value($0)).value } }
    // (Sums start at 0 also where the format has none.)
    let initial = start == 0 ? .zero : try Rounder(to: dot.plan.output.format).round(Value(start)).value
    let result = DotResult(format, dot, values(x), values(y), from: initial, RandomStream(seed: sum.seed, "dot").child(0))
    json.pointee = try document(DotReport(format, dot, seed: sum.seed, [result]))
  }
}

@c @implementation
public func fmtlab_worst(
  _ sum: UnsafePointer<fmtlab_sum>?, _ inputs: UnsafePointer<fmtlab_inputs>?, _ rate: Int32,
  _ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ message: UnsafeMutablePointer<CChar>?
) -> Int32 {
  call(message) {
    let sum = try given(sum, "the accumulator"), format = try namedFormat(sum.format), dot = try DotProduct(sum, format)
    let inputs = try Inputs(try given(inputs, "the description of the inputs"), format, upTo: 4096)
    let threads = try parallelism(sum.threads)
    guard let json else { throw Refusal.argument("the place of the document is NULL; give its address.") }
    let question = try WorstQuestion(format, dot, within: inputs.range, weights: inputs.weights, onOverflow: inputs.treatment ?? .exclude)
    let results = try inputs.lengths.map { try question.answer($0, threads) }
    json.pointee = try document(WorstReport(question, results, rate == 0 ? nil : try question.growth(threads)))
  }
}

@c @implementation
public func fmtlab_distribution(
  _ sum: UnsafePointer<fmtlab_sum>?, _ inputs: UnsafePointer<fmtlab_inputs>?, _ data: UnsafePointer<CChar>?, _ scale: Double, _ histogram: Int32,
  _ json: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ message: UnsafeMutablePointer<CChar>?
) -> Int32 {
  call(message) {
    let sum = try given(sum, "the accumulator"), format = try namedFormat(sum.format), dot = try DotProduct(sum, format)
    let inputs = try Inputs(try given(inputs, "the description of the inputs"), format, upTo: 1_000_000)
    let threads = try parallelism(sum.threads)
    guard let json else { throw Refusal.argument("the place of the document is NULL; give its address.") }
    guard scale > 0, scale.isFinite else { throw Refusal.argument("scale \(scale): give a positive number.") }
    guard let source = DataSource(name: text(data) ?? "normal") else {
      throw Refusal.argument("data '\(text(data) ?? "")': use digits, \(Distribution.allCases.map(\.rawValue).joined(separator: ", ")).")
    }
    let question = try DistributionQuestion(
      format, dot, source, scale: scale, within: inputs.range, weights: inputs.weights, onOverflow: inputs.treatment)
    let results = try inputs.lengths.map { try question.answer($0, threads) }
    let law = histogram == 0 ? nil : try question.histogram(inputs.lengths[inputs.lengths.count - 1], threads)
    json.pointee = try document(DistributionReport(question, results, histogram: law, seed: sum.seed))
  }
}

@c @implementation
public func fmtlab_free(_ json: UnsafeMutablePointer<CChar>?) { free(json) }

/// What an exact analysis is asked about.
private struct Inputs {
  let lengths: [Int]
  let range: Dyadic?
  let weights: [Dyadic]?
  let treatment: OverflowTreatment?

  init(_ inputs: fmtlab_inputs, _ format: Format, upTo largest: Int) throws {
    guard inputs.range >= 0, inputs.range.isFinite else { throw Refusal.argument("range \(inputs.range): give a positive number, or 0 for all inputs.") }
    range = inputs.range == 0 ? nil : Dyadic(inputs.range)
    treatment = try text(inputs.overflow).map { name in
      guard let treatment = OverflowTreatment(rawValue: name.lowercased()) else {
        throw Refusal.argument("overflow '\(name)': use exclude, saturate or absorb.")
      }
      return treatment
    }
    if let weights = inputs.weights {
      guard (1...largest).contains(inputs.weightCount) else { throw Refusal.argument("\(inputs.weightCount) weights; give 1 to \(largest).") }
      let rounder = try Rounder(to: format, overflow: .saturate)
      self.weights = try UnsafeBufferPointer(start: weights, count: inputs.weightCount).enumerated().map { i, x in
        guard x.isFinite else { throw Refusal.data("weight \(i) is \(x); give finite weights.") }
        return rounder.round(Value(x)).value.dyadic!  // a finite number saturates to one
      }
      lengths = [inputs.weightCount]
    } else {
      weights = nil
      guard inputs.lengthCount <= 100 else { throw Refusal.argument("\(inputs.lengthCount) lengths; give 1 to 100.") }
      lengths = UnsafeBufferPointer(start: inputs.lengths, count: inputs.lengths == nil ? 0 : inputs.lengthCount).map { Int($0) }
    }
    guard (1...100).contains(lengths.count), lengths.allSatisfy({ (1...largest).contains($0) }) else {
      throw Refusal.argument("lengths \(lengths.prefix(8).map(String.init).joined(separator: ", ")): give 1 to 100 of them, each from 1 to \(largest).")
    }
  }
}
