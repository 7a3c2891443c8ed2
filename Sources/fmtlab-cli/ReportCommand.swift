// SPDX-License-Identifier: Apache-2.0
// fmtlab report: a sweep written up, in tables and pictures.

import ArgumentParser
import FmtLab

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Write up a sweep or a search: Markdown and HTML with tables and pictures.",
    usage: "fmtlab report <directory> [--target <ratio>] [--cost bits|lut|energy] [<options>]",
    discussion: """
      Writes report.md, report.html, which needs no other file and no network, and the pictures
      report-NAME.svg into the directory of a sweep whose cells are all done. --target and --cost
      are those of fmtlab search.

        fmtlab report designs --target 0.01 --cost lut

      Exit status 1: cells are missing; then nothing is written.
      """)

  @OptionGroup var sweep: SweepOption
  @OptionGroup var goal: DesignGoal
  @OptionGroup var output: OutputOptions

  func run() throws {
    let sweep = try sweep.open()
    let article = sweep.article(try SweepDirectory.rows(of: [sweep]), target: goal.target, measure: goal.cost)
    for file in article.files(in: sweep.path, name: "report") { try Output.checkWritable(file, "<directory>") }
    do {
      for note in try article.write(into: sweep.path, name: "report") { output.note(note) }
    } catch {
      throw Failure.file("\(error)")
    }
    let files = ["markdown": "\(sweep.path)/report.md", "html": "\(sweep.path)/report.html"]
    if output.json { return try Output.json(files.merging(["schema": "fmtlab.report/1"]) { $1 }) }
    if output.csv { return [["markdown", "html"], [files["markdown"]!, files["html"]!]].forEach(Output.csv) }
    Output.print([files["markdown"]!, files["html"]!])
  }
}
