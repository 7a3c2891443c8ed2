// SPDX-License-Identifier: Apache-2.0
// Text with tables and pictures, written as Markdown and as one page of HTML.

internal import FoundationEssentials
internal import Tensors

/// Paragraphs, tables and figures under a title.
public struct Article: Sendable {
  /// A part of the text.
  public enum Block: Sendable {
    /// A heading of the second level.
    case heading(String)
    /// Plain text.
    case paragraph(String)
    /// Rows under a header; columns that are words are aligned on the left.
    case table(header: [String], rows: [[String]], words: Set<Int>)
    /// A picture under a name of its own.
    case figure(name: String, Figure)
  }

  private var figures: [(name: String, figure: Figure)] {
    blocks.compactMap { if case .figure(let name, let figure) = $0 { (name, figure) } else { nil } }
  }

  /// The files that ``write(into:name:)`` may write.
  public func files(in directory: String, name: String) -> [String] {
    ["\(directory)/\(name).md", "\(directory)/\(name).html"] + figures.map { "\(directory)/\(name)-\($0.name).svg" }
  }

  /// The heading of the first level, and the title of the page.
  public let title: String
  /// The parts, in order.
  public let blocks: [Block]

  /// Parts under a title.
  public init(title: String, _ blocks: [Block]) { (self.title, self.blocks) = (title, blocks) }

  /// Writes `NAME.md`, `NAME.html` (which needs no other file) and the pictures, `NAME-FIGURE.svg`, into a directory; each whole or not at all.
  ///
  /// A picture that cannot be drawn, and was by an earlier version, is removed: it is not of this text.
  /// - Returns: why pictures are missing, if any are.
  /// - Throws: `FigureError`.
  public func write(into directory: String, name: String) throws(FigureError) -> [String] {
    var notes: [String] = []
    var drawn: Set<String> = []
    for (id, figure) in figures {
      let picture = "\(directory)/\(name)-\(id).svg"
      // (What an earlier failure left.)
      for file in Figure.files(of: picture).dropFirst() { try? FileManager.default.removeItem(atPath: file) }
      if let note = try figure.draw(picture) {
        notes.append(note)
        try? FileManager.default.removeItem(atPath: picture)
      } else {
        drawn.insert(id)
      }
    }
    try write("\(directory)/\(name).md", markdown { drawn.contains($0) ? "\(name)-\($0).svg" : nil })
    try write("\(directory)/\(name).html", html { id in
      guard drawn.contains(id) else { return nil }
      return FileManager.default.contents(atPath: "\(directory)/\(name)-\(id).svg").map { "data:image/svg+xml;base64,\($0.base64EncodedString())" }
    })
    return notes
  }

  private func write(_ path: String, _ text: String) throws(FigureError) {
    do {
      let file = try OutputFile(path)
      try file.write(Array(text.utf8), at: 0)
      try file.commit()
    } catch .unwritable(_, let reason) {
      throw .unwritable(path: path, reason: reason)
    } catch {
      throw .unwritable(path: path, reason: "\(error)")
    }
  }
}

// MARK: - Two forms

extension Article {
  /// - Parameter picture: where the picture of a figure is; `nil` if it could not be drawn.
  public func markdown(picture: (String) -> String?) -> String {
    func plain(_ text: String) -> String {
      Figure.oneLine(text).map { "\\`*_|<>[]#".contains($0) ? "\\\($0)" : String($0) }.joined()
    }
    let parts = blocks.compactMap { block -> String? in
      switch block {
      case .heading(let text): return "## \(plain(text))"
      case .paragraph(let text): return plain(text)
      case .table(let header, let rows, let words):
        let rule = header.indices.map { words.contains($0) ? ":--" : "--:" }
        return ([header.map(plain), rule] + rows.map { $0.map(plain) }).map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
      case .figure(let name, let figure): return picture(name).map { "![\(plain(figure.title))](\($0))" }
      }
    }
    return (["# \(plain(title))"] + parts).joined(separator: "\n\n") + "\n"
  }

  /// - Parameter picture: the address of the picture of a figure; `nil` if it could not be drawn.
  public func html(picture: (String) -> String?) -> String {
    func plain(_ text: String) -> String {
      Figure.oneLine(text).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
    }
    let parts = blocks.compactMap { block -> String? in
      switch block {
      case .heading(let text): return "<h2>\(plain(text))</h2>"
      case .paragraph(let text): return "<p>\(plain(text))</p>"
      case .table(let header, let rows, let words):
        func row(_ cells: [String], _ tag: String) -> String {
          "<tr>" + cells.enumerated().map { "<\(tag)\(words.contains($0) ? " class=\"word\"" : "")>\(plain($1))</\(tag)>" }.joined() + "</tr>"
        }
        return (["<table>", row(header, "th")] + rows.map { row($0, "td") } + ["</table>"]).joined(separator: "\n")
      case .figure(let name, let figure): return picture(name).map { "<p><img src=\"\($0)\" alt=\"\(plain(figure.title))\"></p>" }
      }
    }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <title>\(plain(title))</title>
      <style>
      body { font: 16px/1.5 Helvetica, Arial, sans-serif; color: #1b1b1b; background: #fff; max-width: 60em; margin: 2em auto; padding: 0 1em; }
      table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
      th, td { padding: .2em .8em; text-align: right; white-space: nowrap; border-bottom: 1px solid #ddd; }
      th.word, td.word { text-align: left; white-space: normal; overflow-wrap: anywhere; }
      img { max-width: 100%; }
      </style>
      </head>
      <body>
      <h1>\(plain(title))</h1>
      \(parts.joined(separator: "\n"))
      </body>
      </html>

      """
  }
}
