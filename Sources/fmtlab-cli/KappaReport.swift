// SPDX-License-Identifier: Apache-2.0
// A measured kappa as text, JSON or CSV.

import FmtLab

struct KappaReport: Encodable {
  private let schema = "fmtlab.kappa/1"
  private let op: String
  private let `in`: String
  private let to: String
  private let rounding: String
  private let cases: Int
  private let different: Int
  private let kappa: Double
  private let worst: Worst?
  private let subsets: [Subset]

  /// Operands and results as numbers, and with their codes.
  private struct Worst: Encodable {
    let x: Double
    let y: Double?
    let z: Double?
    let given: Double
    let expected: Double
    let codes: [String: String]
    let text: String

    private enum CodingKeys: String, CodingKey { case x, y, z, given, expected, codes }

    init(_ witness: ApproximationMeasure.Witness, _ input: Format, _ target: Format) {
      let operands = witness.operands.map(\.double)
      (x, y, z) = (operands[0], operands.count > 1 ? operands[1] : nil, operands.count > 2 ? operands[2] : nil)
      (given, expected) = (witness.given.double, witness.expected.double)
      let named =
        zip(["x", "y", "z"], witness.operands).map { ($0, $1, input) }
        + [("given", witness.given, target), ("expected", witness.expected, target)]
      codes = Dictionary(uniqueKeysWithValues: named.compactMap { name, value, format in
        format.encode(value).map { (name, Output.hex($0)) }
      })
      text = named.map { name, value, format in
        let code = format.encode(value).map { " (\(Output.hex($0)))" } ?? ""
        return "\(name) = \(value.text(digits: 17))\(code)"
      }.joined(separator: ", ")
    }
  }

  private struct Subset: Encodable {
    let name: String
    let kappa: Double
    let cases: Int
    let different: Int
  }

  init(_ measure: ApproximationMeasure, _ input: Format) {
    (op, self.in, to, rounding) = (measure.operation.rawValue, input.name, measure.rounder.format.name, "\(measure.rounder.rounding)")
    (cases, different, kappa) = (measure.all.cases, measure.all.different, measure.all.kappa.double)
    worst = measure.all.worst.map { Worst($0, input, measure.rounder.format) }
    subsets = measure.subsets.map { Subset(name: $0, kappa: $1.kappa.double, cases: $1.cases, different: $1.different) }
  }

  private enum CodingKeys: String, CodingKey { case schema, op, `in`, to, rounding, cases, different, kappa, worst, subsets }

  /// Every field, also a `worst` that is not there.
  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(schema, forKey: .schema)
    try container.encode(op, forKey: .op)
    try container.encode(`in`, forKey: .in)
    try container.encode(to, forKey: .to)
    try container.encode(rounding, forKey: .rounding)
    try container.encode(cases, forKey: .cases)
    try container.encode(different, forKey: .different)
    try container.encode(kappa, forKey: .kappa)
    try container.encode(worst, forKey: .worst)
    try container.encode(subsets, forKey: .subsets)
  }

  func print(_ output: OutputOptions) throws {
    if output.json { return try Output.json(self) }
    if output.csv {
      Output.csv(["subset", "kappa", "cases", "different"])
      for subset in [Subset(name: "all", kappa: kappa, cases: cases, different: different)] + subsets {
        Output.csv([subset.name, subset.kappa.shortDescription, "\(subset.cases)", "\(subset.different)"])
      }
      return
    }
    Output.print("\(op) from \(`in`), rounded \(rounding) to \(to)")
    var facts = [("kappa", kappa.shortDescription), ("cases", "\(cases)"), ("different", "\(different)")]
    if let worst { facts.append(("worst", worst.text)) }
    Output.facts(facts)
    guard !subsets.isEmpty else { return }
    var table = Table(["subset", "kappa", "cases", "different"], leftAligned: [0])
    for subset in subsets {
      let name = subset.name.count > 60 ? subset.name.prefix(57) + "..." : subset.name
      table.add([String(name), subset.kappa.shortDescription, "\(subset.cases)", "\(subset.different)"])
    }
    Output.print(table.lines(indent: 2))
  }
}

extension ApproximationMeasure.Kappa {
  /// The number, "inf" or "nan" of the command line; exact below 2^53.
  fileprivate var double: Double {
    switch self {
    case .finite(let count): Double(UInt64(clamping: count))
    case .infinite: .infinity
    case .notANumber: .nan
    }
  }
}
