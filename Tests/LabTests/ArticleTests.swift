// SPDX-License-Identifier: Apache-2.0
// Articles: what stands in them stays text, and a page needs nothing but itself.

import Foundation
import Lab
import Testing

@Suite struct ArticleTests {
  private let article = Article(
    title: "a < b & \"c\"",
    [
      .heading("|x| over #1"), .paragraph("<script>alert('*')</script>"),
      .table(header: ["name", "n|m"], rows: [["w_ih", "<1>"]], words: [0]),
      .figure(name: "one", Figure(title: "x > y", x: .init("x"), y: .init("y"), series: [.init("s", [(0, 0), (1, 1)], .curve)])),
    ])

  @Test func textStaysText() {
    let html = article.html { "data:\($0)" }
    #expect(html.contains("<h1>a &lt; b &amp; &quot;c&quot;</h1>") && html.contains("<p>&lt;script&gt;alert('*')&lt;/script&gt;</p>"))
    #expect(html.contains("<tr><th class=\"word\">name</th><th>n|m</th></tr>") && html.contains("<td>&lt;1&gt;</td>"))
    #expect(html.contains("<img src=\"data:one\" alt=\"x &gt; y\">") && !html.contains("<script") && !html.contains("http"))
    let markdown = article.markdown { "\($0).svg" }
    #expect(markdown.contains("## \\|x\\| over \\#1\n") && markdown.contains("| name | n\\|m |\n| :-- | --: |\n| w\\_ih | \\<1\\> |"))
    #expect(markdown.contains("![x \\> y](one.svg)") && !article.markdown { _ in nil }.contains("!["))
  }

  @Test func filesAreWrittenWithTheirPictures() throws {
    let scratch = try Scratch()
    let notes = try article.write(into: scratch.path, name: "r")
    let names = try scratch.names
    // Without gnuplot the page has no picture, and a note says so.
    if notes.isEmpty {
      #expect(names == ["r-one.svg", "r.html", "r.md"])
      #expect(try String(contentsOfFile: "\(scratch.path)/r.html", encoding: .utf8).contains("<img src=\"data:image/svg+xml;base64,"))
    } else {
      #expect(notes.count == 1 && notes[0].contains("no picture") && names == ["r-one.gp", "r-one.tsv", "r.html", "r.md"])
    }
    #expect(throws: FigureError.self) { try article.write(into: "\(scratch.path)/none", name: "r") }
  }
}
