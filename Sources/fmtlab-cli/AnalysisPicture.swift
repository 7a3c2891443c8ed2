// SPDX-License-Identifier: Apache-2.0
// The picture of an analysis: errors and bounds against n.

import FmtLab

extension AnalysisReport {
  var figure: Figure {
    func series(_ name: String, _ style: Figure.Style, _ y: (Result) -> Double?) -> Figure.Series {
      Figure.Series(name, results.compactMap { r in y(r).map { (Double(r.n), $0) } }, style)
    }
    let ids = results.flatMap { $0.bounds.map(\.id) }.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    return Figure(
      title: "\(format) in \(accumulator), products \(product), data \(data)", x: .init("n, terms of the dot product", .log2),
      y: .init("|error| / sum |x y|", .log10, to: 10),  // a bound of more than 1000 % says nothing
      series: [
        series("measured maximum", .measured) { $0.measured.ratio.max },
        series("measured 99th percentile", .measured) { $0.measured.ratio.p99 },
        series("measured rms", .measured) { $0.measured.ratio.rms },
        series("exact worst case", .measured) { $0.exact?.worstRatio },
        series("exact rms / mean A", .measured) { $0.exact?.ratioRms },
      ] + ids.map { id in series(id, .bound) { r in r.bounds.first { $0.id == id }?.value } })
  }
}
