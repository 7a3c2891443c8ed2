// SPDX-License-Identifier: Apache-2.0
// Pictures by gnuplot: a table of data, a script, and the picture that the script makes of it.

internal import Formats
internal import Glibc

/// Lines on logarithmic axes.
public struct LinePlot: Sendable {
  public struct Series: Sendable {
    public let name: String
    /// Points (x, y); those that are not positive and finite have no place on logarithmic axes and are left out.
    public let points: [(x: Double, y: Double)]
    /// Measured series have marks on a solid line; the others are dashed.
    public let isMeasured: Bool

    public init(_ name: String, _ points: [(x: Double, y: Double)], isMeasured: Bool) {
      (self.name, self.points, self.isMeasured) = (name, points, isMeasured)
    }
  }

  public let title: String
  public let xLabel: String
  public let yLabel: String
  public let series: [Series]
  /// The top of the y axis; what lies above leaves the picture, not the data.
  public let yLimit: Double?

  public init(title: String, xLabel: String, yLabel: String, series: [Series], yLimit: Double? = nil) {
    (self.title, self.xLabel, self.yLabel, self.yLimit) = (title, xLabel, yLabel, yLimit)
    self.series = series.filter { !$0.visible.isEmpty }
  }

  /// Rows `series x y`, separated by tabs, one block a series.
  public var data: String {
    series.map { s in
      "# \(s.name)\n" + s.visible.map { "\($0.x.shortDescription)\t\($0.y.shortDescription)\n" }.joined()
    }.joined(separator: "\n\n")
  }

  /// The gnuplot script that draws `data`, kept in the file `dataFile`, into the file `picture` (svg, png or pdf).
  public func script(dataFile: String, picture: String) -> String {
    let terminal =
      switch picture.split(separator: ".").last {
      case "png": "pngcairo size 900,600 font 'Helvetica,12' background 'white'"
      case "pdf": "pdfcairo size 6in,4in font 'Helvetica,10' background 'white'"
      default: "svg size 900,600 font 'Helvetica,14' background 'white'"
      }
    let lines = series.enumerated().map { i, s in
      let style = s.isMeasured ? "dt 1 pt \(2 * i + 5) ps 0.9 lw 2.5" : "dt \(i % 4 + 2) pt \(i % 4 + 1) ps 0.7 lw 1.5"
      return "  \(LinePlot.quoted(dataFile)) index \(i) using 1:2 title \(LinePlot.quoted(s.name)) with linespoints lc rgb '\(LinePlot.colours[i % LinePlot.colours.count])' \(style)"
    }
    return """
      set terminal \(terminal)
      set output \(LinePlot.quoted(picture))
      set encoding utf8
      set title \(LinePlot.quoted(title)) noenhanced
      set xlabel \(LinePlot.quoted(xLabel)) noenhanced offset 0,0.6
      set ylabel \(LinePlot.quoted(yLabel)) noenhanced
      set logscale x 2
      set logscale y 10
      set format y '10^{%T}'
      set grid lc rgb '#dddddd'
      \(yLimit.map { "set yrange [*:\($0.shortDescription)]" } ?? "set autoscale y")
      set key outside below maxcols 3 Left reverse noenhanced
      plot \\
      \(lines.joined(separator: ", \\\n"))

      """
  }

  /// Runs gnuplot on a script; false if it is missing or fails.
  public static func run(script: String) -> Bool {
    guard let pipe = popen("gnuplot 2>/dev/null", "w") else { return false }
    // A missing gnuplot closes the pipe early; the write must then fail rather than end the process.
    let previous = signal(SIGPIPE, SIG_IGN)
    defer { signal(SIGPIPE, previous) }
    fputs(script, pipe)
    return pclose(pipe) == 0
  }

  /// Dark enough on white, apart for the colour-blind.
  private static let colours = ["#7b3294", "#00704a", "#2166ac", "#b35806", "#c51b7d", "#1b1b1b", "#8c510a", "#4d9221", "#5e4fa2"]

  private static func quoted(_ text: String) -> String { "'" + text.map { $0 == "'" ? "''" : String($0) }.joined() + "'" }
}

extension LinePlot.Series {
  fileprivate var visible: [(x: Double, y: Double)] { points.filter { $0.x > 0 && $0.y > 0 && $0.x.isFinite && $0.y.isFinite } }
}
