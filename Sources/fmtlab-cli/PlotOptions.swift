// SPDX-License-Identifier: Apache-2.0
// Where a command draws its picture.

import ArgumentParser
import FmtLab

/// `--plot` and `--keep-plot-data`, which every command with a picture has.
struct PlotOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Draw a picture by gnuplot: a file (.svg, .png or .pdf), or - for the terminal.", valueName: "file"),
    transform: path)
  var plot: String?
  @Flag(help: "Keep what the picture is made from beside it: data (.tsv) and script (.gp).") var keepPlotData = false

  private static func path(_ text: String) throws -> String {
    let path = Input.plain(text)
    guard path == "-" || Figure.canDraw(path) else { throw ValidationError("give a file that ends in .svg, .png or .pdf, or - for the terminal.") }
    return path
  }

  func validate() throws {
    if keepPlotData && (plot == nil || plot == "-") { throw ValidationError("--keep-plot-data keeps the data of a picture in a file; give --plot FILE.") }
  }

  var isAsked: Bool { plot != nil }

  private func file(_ suffix: String) -> String? {
    plot.map { path in path.lastIndex(of: ".").map { path[..<$0] + suffix + path[$0...] } ?? path }
  }

  /// Refuses early what could only be refused late.
  ///
  /// - Parameter suffixes: of all pictures that will be drawn.
  func check(_ output: OutputOptions, suffixes: [String] = [""]) throws {
    guard let plot else { return }
    if plot != "-" {
      let files = suffixes.compactMap(file).flatMap { keepPlotData ? Figure.files(of: $0) : [$0] }
      return try files.forEach { try Output.checkWritable($0, "--plot") }
    }
    if output.json || output.csv { throw Failure.usage("--plot - prints a picture of characters; leave out \(output.json ? "--json" : "--csv"), or draw into a file.") }
  }

  /// Draws for a command, into `NAME` + `suffix` where there are several: a picture that could not be drawn is a note, a file that could
  /// not be written an error. On the terminal the picture stands below the text.
  func draw(_ figure: @autoclosure () throws -> Figure, suffix: String = "", _ output: OutputOptions) throws {
    guard let plot, let path = file(suffix) else { return }
    let figure = try figure()
    do throws(FigureError) {
      if plot == "-" {
        Output.printLast(try figure.text())
      } else if let note = try figure.draw(path, keepingData: keepPlotData) {
        output.note(note)
      }
    } catch .undrawn(let reason) {
      output.note("no picture: \(reason)")
    } catch {
      guard plot == "-" else { throw Failure.file("\(error)") }
      output.note("no picture: \(error)")
    }
  }
}
