// SPDX-License-Identifier: Apache-2.0
// The findings of one prediction as text, JSON or CSV.

import FmtLab

struct TheoryReport: Encodable {
  let id: String
  /// Whether nothing that could be tested disagrees.
  let agrees: Bool
  let findings: [Row]

  struct Row: Encodable {
    let setting: String
    let predicted, measured: Double
    @Nullable var standardError: Double?
    let references: [String: Double]
    let accepted, verdict: String
    /// Why the prediction says nothing here.
    @Nullable var reason: String?

    private enum CodingKeys: String, CodingKey {
      case setting = "case"
      case predicted, measured, standardError, references, accepted, verdict, reason
    }
  }

  init(_ id: String, _ findings: [Finding]) {
    self.id = id
    agrees = !findings.contains { $0.verdict == .disagrees }
    self.findings = findings.map { finding in
      let (verdict, reason): (String, String?) =
        switch finding.verdict {
        case .agrees: ("agrees", nil)
        case .disagrees: ("disagrees", nil)
        case .notApplicable(let reason): ("not applicable", reason)
        }
      let references = finding.references.map { ($0.name, $0.value) }
      return Row(
        setting: finding.setting, predicted: finding.predicted, measured: finding.measured, standardError: finding.standardError,
        references: Dictionary(uniqueKeysWithValues: references), accepted: finding.acceptance.text, verdict: verdict, reason: reason)
    }
  }

  static let columns = ["prediction", "case", "predicted", "measured", "standardError", "references", "accepted", "verdict", "reason"]

  var rows: [[String]] {
    findings.map { row in
      let references = row.references.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.shortDescription)" }.joined(separator: "; ")
      return [id, row.setting, row.predicted.shortDescription, row.measured.shortDescription, row.standardError?.shortDescription ?? "", references]
        + [row.accepted, row.verdict, row.reason ?? ""]
    }
  }

  var lines: [String] {
    let names = Set(findings.flatMap(\.references.keys)).sorted()
    var table = Table([id, "predicted", "measured", "+-"] + names + ["accepted", "ok"], leftAligned: [0, 5 + names.count])
    for row in findings {
      let references = names.map { row.references[$0]?.significant(2) ?? "" }
      table.add(
        [row.setting, row.predicted.significant(4), row.measured.significant(4), row.standardError?.significant(2) ?? ""] + references
          + [row.accepted, row.verdict == "agrees" ? "yes" : row.verdict == "disagrees" ? "NO" : "-"])
    }
    return table.lines(indent: 0) + findings.flatMap { row in row.reason.map { wrap("- \(row.setting): \($0)", 100) } ?? [] }
  }

  var summary: String {
    func count(_ verdict: String) -> Int { findings.count { $0.verdict == verdict } }
    let silent = count("not applicable")
    let rest = silent > 0 ? ", \(silent) not applicable" : ""
    return "\(id.padding(to: 20))\(agrees ? "agrees" : "disagrees") (\(count("agrees")) of \(findings.count - silent) cases\(rest))"
  }
}

extension Finding.Acceptance {
  fileprivate var text: String {
    switch self {
    case .ratio(let range) where range.upperBound - range.lowerBound < 1e-6: "equal"
    case .ratio(let range) where abs(range.lowerBound + range.upperBound - 2) < 1e-9:
      "+-\((50 * (range.upperBound - range.lowerBound)).significant(1)) %"
    case .ratio(let range): "\(range.lowerBound.significant(2))..\(range.upperBound.significant(3))"
    case .distance(let distance): distance == 0 ? "equal" : "+-\(distance.significant(2))"
    case .atMost: "at most"
    case .notApplicable: "-"
    }
  }
}
