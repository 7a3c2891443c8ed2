// SPDX-License-Identifier: Apache-2.0
// An operation over all operands of a format: statistics of its errors, or every result as a code.

import Dispatch
import FmtLab

struct Exhaustion {
  let operation: Operation
  let input: Format
  let rounder: Rounder
  private let convention: Operation.Convention
  private let random: RandomStream
  private let seed: UInt64
  /// The values of the codes, where they are few.
  private let table: [Value]
  let total: Int

  private static let largestWidth = 26

  init(_ operation: Operation, _ input: Format, _ rounder: Rounder, seed: UInt64) throws {
    let width = operation.arity * input.width
    guard width <= Exhaustion.largestWidth else {
      throw Failure.usage("\(operation.rawValue) over \(input) has 2^\(width) cases; --all takes at most 2^\(Exhaustion.largestWidth).")
    }
    (self.operation, self.input, self.rounder, self.seed) = (operation, input, rounder, seed)
    convention = Operation.Convention(of: input)
    random = RandomStream(seed: seed, "op")
    table = input.width > 16 ? [] : input.codes.map { input.decode(Format.Code($0)) }
    total = 1 << width
  }

  func run(_ picture: PlotOptions, _ output: OutputOptions) throws {
    if picture.isAsked { try checkPicture() }
    try picture.draw(figure(), output)
    if output.csv { return try printCodes() }
    let counts = try measured(ProgressLine(operation.rawValue, output))
    let summary = Summary(
      operation: operation.rawValue, in: input.name, to: rounder.format.name, rounding: "\(rounder.rounding)", seed: seed, counts)
    if output.json { return try Output.json(summary) }
    Output.print("\(operation.rawValue) of all operands of \(input), rounded \(rounder.rounding) to \(rounder.format)")
    Output.facts([
      ("cases", "\(summary.cases)"), ("exact", "\(summary.exact)"), ("inexact", "\(summary.inexact)"),
      ("overflow", "\(summary.overflow)"), ("underflow", "\(summary.underflow)"), ("nan", "\(summary.nan)"),
      ("maxUlps", summary.maxUlps.shortDescription), ("meanError", summary.meanError.figure(6)), ("rmsError", summary.rmsError.figure(6)),
    ])
  }

  /// Code of operand i of a case.
  private func code(_ i: Int, of index: Int) -> Int { index >> ((operation.arity - 1 - i) * input.width) & (1 << input.width - 1) }

  /// Operand i of a case.
  private func operand(_ i: Int, of index: Int) -> Value {
    let code = code(i, of: index)
    return table.isEmpty ? input.decode(Format.Code(code)) : table[code]
  }

  // MARK: Codes

  private func printCodes() throws {
    Output.print((["x", "y", "z"].prefix(operation.arity) + ["result"]).joined(separator: ","))
    for index in 0..<total {
      let operands = (0..<operation.arity).map { operand($0, of: index) }
      let exact = operation.extended(operands, rounding: rounder.rounding, convention: convention)
      guard rounder.canWrap(exact) else { throw tooLarge(index) }
      let result = rounder.format.encode(rounder.round(exact, draw: random.draw(index)).value).map(Output.hex) ?? ""
      Output.print((0..<operation.arity).map { Output.hex(Format.Code(code($0, of: index))) + "," }.joined() + result)
    }
  }

  private func tooLarge(_ index: Int) -> Failure {
    let operands = (0..<operation.arity).map { "\(operand($0, of: index))" }.joined(separator: " ")
    return .badData("\(operation.rawValue) \(operands) is too large to wrap exactly; use --overflow saturate.")
  }

  // MARK: Statistics

  /// What a range of cases showed. Results that overflowed or are NaN have no error and stay out of the error figures.
  private struct Counts {
    var exact = 0
    var inexact = 0
    var overflow = 0
    var underflow = 0
    var nan = 0
    var maxUlps = 0.0
    var measured = 0
    var sum = 0.0
    var squares = 0.0
    /// The first case that could not be wrapped.
    var unwrappable: Int?

    mutating func add(_ other: Counts) {
      exact += other.exact
      inexact += other.inexact
      overflow += other.overflow
      underflow += other.underflow
      nan += other.nan
      maxUlps = max(maxUlps, other.maxUlps)
      measured += other.measured
      sum += other.sum
      squares += other.squares
      unwrappable = unwrappable ?? other.unwrappable
    }
  }

  /// All cases, in batches that are merged in order: the same bits on any number of cores.
  private func measured(_ progress: ProgressLine) throws -> Counts {
    let batch = min(total, 1 << 12)
    let batches = total / batch
    let wave = 256
    var all = Counts()
    for first in stride(from: 0, to: batches, by: wave) {
      let count = min(wave, batches - first)
      let parts = [Counts](unsafeUninitializedCapacity: count) { buffer, initialized in
        // Each index is written by exactly one iteration.
        nonisolated(unsafe) let slots = buffer
        DispatchQueue.concurrentPerform(iterations: count) { i in
          slots.initializeElement(at: i, to: self.counts(((first + i) * batch)..<((first + i + 1) * batch)))
        }
        initialized = count
      }
      parts.forEach { all.add($0) }
      if let index = all.unwrappable { throw tooLarge(index) }
      progress.report?(Double(first + count) / Double(batches))
    }
    return all
  }

  /// The exact result of a case, `nil` for NaN, and the rounded one, `nil` too for what cannot be wrapped.
  func result(of index: Int) -> (exact: BigFloat?, rounded: Rounded?) {
    let operands = (0..<operation.arity).map { operand($0, of: index) }
    let (exact, isCut) = operation.evaluate(operands, precision: 128, rounding: rounder.rounding, convention: convention)
    let extended = exact.extended(ternary: isCut ? 1 : 0)
    if extended == .nan { return (nil, nil) }
    return (exact, rounder.canWrap(extended) ? rounder.round(extended, draw: random.draw(index)) : nil)
  }

  private func counts(_ cases: Range<Int>) -> Counts {
    var counts = Counts()
    for index in cases {
      let (exact, result) = result(of: index)
      guard let exact else {
        counts.nan += 1
        continue
      }
      guard let rounded = result else {
        counts.unwrappable = counts.unwrappable ?? index
        continue
      }
      if rounded.flags.contains(.underflow) { counts.underflow += 1 }
      if rounded.flags.contains(.overflow) { counts.overflow += 1 }
      if rounded.flags.contains(.inexact) { counts.inexact += 1 } else { counts.exact += 1 }
      guard rounded.value.isFinite, !rounded.flags.contains(.overflow) else { continue }
      counts.measured += 1
      guard rounded.flags.contains(.inexact) else { continue }
      let error = BigFloat(rounded.value).minus(exact)
      let double = error.double
      counts.maxUlps = max(counts.maxUlps, abs(Outcome.ulps(error, at: exact, rounder.format)))
      counts.sum += double
      counts.squares += double * double
    }
    return counts
  }

  private struct Summary: Encodable {
    let schema = "fmtlab.op/1"
    let operation: String
    let `in`: String
    let to: String
    let rounding: String
    let seed: UInt64
    let cases, exact, inexact, overflow, underflow, nan: Int
    let maxUlps, meanError, rmsError: Double

    init(operation: String, in input: String, to: String, rounding: String, seed: UInt64, _ counts: Counts) {
      (self.operation, self.in, self.to, self.rounding, self.seed) = (operation, input, to, rounding, seed)
      cases = counts.exact + counts.inexact + counts.nan
      (exact, inexact, overflow, underflow, nan) = (counts.exact, counts.inexact, counts.overflow, counts.underflow, counts.nan)
      maxUlps = counts.maxUlps
      meanError = counts.measured == 0 ? 0 : counts.sum / Double(counts.measured) + 0
      rmsError = counts.measured == 0 ? 0 : (counts.squares / Double(counts.measured)).squareRoot()
    }
  }
}
