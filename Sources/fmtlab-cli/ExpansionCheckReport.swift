// SPDX-License-Identifier: Apache-2.0
// What a check over all operands found, as a document, a row, and text.

import FmtLab

/// The document `fmtlab.expansion/1` of a check.
struct ExpansionCheckReport: Encodable {
  let schema = "fmtlab.expansion/1"
  let algorithm, summary, format, rounding: String
  let operands, resultOverflow, cases, exact, inexact, unrepresentable, underflow, overflow, guaranteed, violations: Int
  /// Transforms only.
  @Nullable var missed: Int?
  @Nullable var errorRounded: Int?
  @Nullable var splitPoint: Int?
  /// Double words only.
  @Nullable var binades: Int?
  @Nullable var notNormalised: Int?
  @Nullable var beyondBound: Int?
  @Nullable var bound: String?
  @Nullable var boundInSquares: Double?
  @Nullable var largestInSquares: Double?
  let counterexamples: [Example]
  private let hypotheses: [String]

  struct Example: Encodable {
    let kind: String
    /// a and b; of double words xh, xl, yh, yl.
    let operands: [Double]
    let operandsHex: [String]
    let value, error: Double
    /// The true error of the value.
    @Nullable var exactError: Double?
    @Nullable var exactErrorHex: String?
    @Nullable var relativeError: Double?
  }

  private enum CodingKeys: String, CodingKey {
    case schema, algorithm, summary, format, rounding, operands, resultOverflow, cases, exact, inexact, unrepresentable, underflow, overflow
    case guaranteed, violations, missed, errorRounded, splitPoint, binades, notNormalised, beyondBound, bound, boundInSquares, largestInSquares
    case counterexamples
  }

  init(_ check: TransformCheck) {
    let c = check.counts
    (algorithm, summary) = (check.transform.name, check.transform.summary)
    (format, rounding) = (check.rounder.format.name, "\(check.rounder.rounding)")
    (operands, resultOverflow, cases, exact, inexact) = (c.operands, c.resultOverflow, c.cases, c.exact, c.inexact)
    (unrepresentable, underflow, overflow, guaranteed, violations) = (c.unrepresentable, c.underflow, c.overflow, c.guaranteed, c.violations)
    (missed, errorRounded) = (c.inexact - c.unrepresentable, check.rounder.rounding.isStochastic ? nil : c.errorRounded)
    splitPoint = check.transform.splitPoint
    hypotheses = check.transform.hypotheses.map(\.statement)
    counterexamples = check.counterexamples.map {
      Example(
        kind: $0.kind.rawValue, operands: $0.operands, operandsHex: $0.operands.map { Value($0).hexDescription }, value: $0.value,
        error: $0.error, exactError: $0.exactError, exactErrorHex: Value($0.exactError).hexDescription)
    }
  }

  init(_ check: DoubleWordCheck, _ binades: Int?) {
    let (c, statement) = (check.counts, OperationBound.of(check.operation))
    (algorithm, summary) = (check.operation.rawValue, check.operation.summary)
    (format, rounding) = (check.rounder.format.name, "\(check.rounder.rounding)")
    (operands, resultOverflow, cases, exact, inexact) = (c.operands, c.resultOverflow, c.cases, c.exact, c.inexact)
    (unrepresentable, underflow, overflow, guaranteed, violations) = (c.unrepresentable, c.underflow, c.overflow, c.guaranteed, c.violations)
    (notNormalised, beyondBound, bound) = (c.notNormalised, c.beyond, statement.statement)
    self.binades = binades
    let squares = { (x: Double) in x * Double(sign: .plus, exponent: 2 * check.rounder.format.precision, significand: 1) }
    boundInSquares = statement.relativeError(in: check.rounder).map { squares($0.value) }
    largestInSquares = check.worst.map { squares($0.relativeError) }
    hypotheses = statement.hypotheses
    counterexamples = (check.counterexamples + [check.worst].compactMap { $0 }).map {
      let second = check.operation.secondOperand
      let operands = [$0.x.high, $0.x.low] + (second == .none ? [] : second == .number ? [$0.y.high] : [$0.y.high, $0.y.low])
      return Example(
        kind: $0.kind.rawValue, operands: operands, operandsHex: operands.map { Value($0).hexDescription }, value: $0.result.high,
        error: $0.result.low, relativeError: $0.relativeError.isFinite ? $0.relativeError : nil)
    }
  }

  static let columns = [
    "algorithm", "format", "rounding", "operands", "result_overflow", "cases", "exact", "inexact", "unrepresentable", "underflow", "overflow",
    "guaranteed", "violations",
  ]

  var fields: [String] {
    [algorithm, format, rounding]
      + [operands, resultOverflow, cases, exact, inexact, unrepresentable, underflow, overflow, guaranteed, violations].map(String.init)
  }

  // MARK: Text

  func print() {
    Output.print(wrap(summary, 100))
    let what = binades.map { "\(format), \(rounding), x in [1, 2), y and low words within \($0) binades" } ?? "\(format), \(rounding), all operands"
    Output.print("  \(what)")
    var table = Table(["", "cases", "", ""], leftAligned: [0, 3])
    func add(_ name: String, _ count: Int, _ note: String = "") { table.add([name, "\(count)", share(count), note]) }
    table.add(["operands", "\(operands)", "", resultOverflow == 0 ? "" : "\(resultOverflow) of which overflow in the result: not asked for"])
    table.add(["cases", "\(cases)", "", ""])
    add("exact", exact)
    add("inexact", inexact)
    add("  not representable", unrepresentable, missed == nil ? "the result is no double word" : "the true error is not a number")
    add("  underflow", underflow, missed == nil ? "a step lost bits below the smallest number" : "of these with bits below the smallest number")
    if let missed { add("  missed", missed, algorithm == "split" ? "a half has too many bits, or the lower one is wrong" : "the true error is a number, but not the one found") }
    if let errorRounded, inexact > 0 { add("  error rounded", errorRounded, "the error found is the true one, rounded") }
    add("spurious overflow", overflow, "a step overflows, the result does not")
    if let notNormalised { add("not normalised", notNormalised, "results with h other than o(h + l)") }
    if let beyondBound { add("beyond the bound", beyondBound, "whether its hypotheses hold or not") }
    add("guaranteed", guaranteed, violations > 0 ? "\(violations) FAIL" : guaranteed > 0 ? "none fails" : "")
    Output.print(table.lines().dropFirst().map { $0 })
    Output.print(wrap("guaranteed if \(hypotheses.joined(separator: "; "))", 98).map { "  " + $0 })
    if let bound {
      let claim = boundInSquares.map { "\($0.figure(4)) u^2 here" } ?? "not claimed in \(format), \(rounding)"
      Output.print(wrap("bound \(bound): \(claim); largest found \(largestInSquares.map { $0.figure(4) + " u^2" } ?? "none")", 98).map { "  " + $0 })
    }
    printExamples()
  }

  private func share(_ count: Int) -> String { cases == 0 ? "" : (100 * Double(count) / Double(cases)).significant(3) + " %" }

  private func printExamples() {
    guard !counterexamples.isEmpty else { return }
    let names = bound != nil ? ["xh", "xl", "yh", "yl"] : counterexamples[0].operands.count == 1 ? ["x"] : ["a", "b"]
    let isPair = bound == nil
    Output.print(isPair ? "smallest of each kind" : "one of each kind, and the largest error in the scope of the bound")
    let count = counterexamples[0].operands.count
    var table = Table([""] + names.prefix(count) + (isPair ? ["value", "error", "true error"] : ["h", "l", "relative error"]), leftAligned: [0])
    for e in counterexamples {
      let last = isPair ? e.exactError!.shortDescription : e.relativeError?.figure(5) ?? "-"
      table.add([e.kind] + e.operands.map(\.shortDescription) + [e.value.shortDescription, e.error.shortDescription, e.kind == "overflow" && isPair ? "-" : last])
    }
    let lines = table.lines()
    // Wide ones one below the other.
    if lines.allSatisfy({ $0.count <= 100 }) { return Output.print(lines) }
    for e in counterexamples {
      Output.print("  \(e.kind): \(e.operands.map(\.shortDescription).joined(separator: ", "))")
      let truth = isPair ? "true error \(e.exactError!.shortDescription)" : "relative error \(e.relativeError?.figure(5) ?? "-")"
      Output.print("    gives \(e.value.shortDescription), \(e.error.shortDescription); \(truth)")
    }
  }
}
