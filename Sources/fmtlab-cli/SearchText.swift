// SPDX-License-Identifier: Apache-2.0
// A search for designs as text.

import FmtLab

struct SearchText {
  let search: DesignSearch
  let data, inputs: String
  let seed: UInt64
  let directory: String?

  init(_ search: DesignSearch, data: String, inputs: String, seed: UInt64, directory: String?) {
    (self.search, self.data, self.inputs, self.seed, self.directory) = (search, data, inputs, seed, directory)
  }

  private static let mostRows = 20

  var lines: [String] {
    let (layers, all) = (search.layers, search.forAll)
    let subject = layers.count == 1 ? shortened(layers[0].name, to: 28) : "\(layers.count) layers"
    var lines = ["designs for \(subject): 99 % of |error| / sum |w x| at most \(search.target.shortDescription)"]
    let tried = "\(search.designs.count) design\(search.designs.count == 1 ? "" : "s")"
    let facts = ["data \(data), inputs \(inputs), both scaled by powers of two; \(tried), up to 1024 outputs each, seed \(seed)"] + search.remarks
    lines += facts.flatMap { wrap(Ending.oneLine($0), 98) }.map { "  " + $0 }
    if let pattern = search.namePattern { lines += wrap("layers \(Ending.oneLine(pattern))", 98).map { "  " + $0 } }
    lines += ["", (all.isEmpty ? "no design meets it" : "the cheapest that meet it") + (layers.count == 1 ? "" : " in all layers")]
    lines += designs(Array(all.prefix(6)))
    lines += ["", "no other one is both cheaper and more accurate"] + designs(search.front)
    if layers.count > 1 {
      lines += ["", "the cheapest of each layer"]
      var table = Table(DesignSearch.layerColumns, leftAligned: [0, 2, 3])
      for layer in layers.prefix(SearchText.mostRows) { table.add(shortened(search.cells(layer), at: 0)) }
      lines += table.lines()
      if layers.count > SearchText.mostRows { lines.append("  and \(layers.count - SearchText.mostRows) more (--json lists all)") }
    }
    lines.append("  (error: of rounded inputs and sums together\(layers.count == 1 ? "" : "; sums: of the sums alone; dB: output over error"))")
    if let directory { lines.append("  written up by: fmtlab report \(SearchText.word(directory)) --target \(search.target.shortDescription) --cost \(search.measure.rawValue)") }
    return lines
  }

  private func designs(_ list: [DesignSearch.Design]) -> [String] {
    guard !list.isEmpty else { return [] }
    let columns = search.layers.count == 1 ? 6 : 8
    var table = Table(Array(DesignSearch.designColumns.prefix(columns)), leftAligned: [0, 1, 6])
    for design in list { table.add(shortened(Array(search.cells(design).prefix(columns)), at: 6)) }
    return table.lines()
  }

  private func shortened(_ cells: [String], at place: Int) -> [String] {
    var cells = cells
    if place < cells.count { cells[place] = shortened(cells[place], to: 28) }
    return cells
  }

  /// Long names of tensors tell most at their end.
  private func shortened(_ name: String, to width: Int) -> String {
    let name = Ending.oneLine(name)
    return name.count <= width ? name : "..." + name.suffix(width - 3)
  }

  /// A text as one word of a shell.
  private static func word(_ text: String) -> String {
    let isPlain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "/._-+=:,@%".contains($0)) }
    return isPlain ? text : "'\(text.replacing("'", with: "'\\''"))'"
  }
}
