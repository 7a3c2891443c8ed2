// SPDX-License-Identifier: Apache-2.0
// Pictures as data: series of points on two axes, and the gnuplot script that draws them.

internal import Formats

/// Series of points on two axes, each drawn in its own way, later ones over earlier ones.
///
/// Everything in a picture is a series: bars, shaded ranges, vertical rules and marked points too. So the data file holds all of
/// it, and names stand in the key, where they cannot lie over each other.
public struct Figure: Sendable {
  public let title: String
  public let x: Axis
  public let y: Axis
  public let series: [Series]

  /// Points that the axes cannot show (not finite, or not positive on a logarithmic axis) are left out, and so are series without
  /// any other.
  public init(title: String, x: Axis, y: Axis, series: [Series]) {
    (self.title, self.x, self.y) = (title, x, y)
    self.series = series.compactMap { s in
      let points = s.points.filter { x.shows($0.x) && y.shows($0.y) }
      return points.isEmpty ? nil : Series(s.name, points, s.style)
    }
  }
}

extension Figure {
  public struct Axis: Sendable {
    public let label: String
    public let scale: Scale
    /// Where the axis begins and ends; what lies beyond leaves the picture, not the data. `nil`: where the data do.
    public let lower: Double?
    public let upper: Double?

    public init(_ label: String, _ scale: Scale = .linear, from lower: Double? = nil, to upper: Double? = nil) {
      (self.label, self.scale, self.lower, self.upper) = (label, scale, lower, upper)
    }

    func shows(_ value: Double) -> Bool {
      switch scale {
      case .linear, .categories: value.isFinite
      case .log2, .powersOfTwo, .log10: value.isFinite && value > 0
      }
    }
  }

  /// How an axis maps numbers to lengths, and how it writes its tics. Logarithmic axes show positive numbers only.
  public enum Scale: Sendable {
    case linear
    /// Named places 0, 1, 2, … .
    case categories([String])
    /// Logarithmic, with tics 16, 32, 64.
    case log2
    /// Logarithmic, with tics 2^-4, 2^-3, 2^-2.
    case powersOfTwo
    /// Logarithmic, with tics 10^-2, 10^-1, 10^0.
    case log10
  }

  /// Points drawn in one style, in the order given (lines follow it), with one entry in the key and one block in the data.
  public struct Series: Sendable {
    public let name: String
    public let points: [(x: Double, y: Double)]
    public let style: Style

    public init(_ name: String, _ points: [(x: Double, y: Double)], _ style: Style) {
      (self.name, self.points, self.style) = (name, points, style)
    }
  }

  /// What the points of a series stand for, which decides how they are drawn.
  public enum Style: Sendable {
    /// A solid line with marks: a few measured points.
    case measured
    /// A dashed line: a bound or a prediction.
    case bound
    /// A line without marks: a curve of many points. Curves differ in dashes as well as in colour.
    case curve
    /// A bar from x to 2x (a binade; x logarithmic), from the bottom up to y.
    case bars
    /// A grey range of x, from the bottom up to y.
    case range
    /// A thin line between points; a vertical one marks a value of x.
    case rule
    /// Small marks without a line: many points in no order.
    case dots
    /// A large ring in the colour of the series before it: the best point of that curve.
    case ring
    /// The cells of a map of categories, one of six shades from light (0) to dark (5).
    case cells(Int)
  }
}

// MARK: - Data and script

extension Figure {
  /// Rows `x y`, separated by tabs; one block a series, its name before it, two empty lines after it.
  public var data: String {
    series.map { s in
      "# \(Figure.oneLine(s.name))\n" + s.points.map { "\($0.x.shortDescription)\t\($0.y.shortDescription)\n" }.joined()
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
    let plots = series.enumerated().map { i, s in
      "  \(Figure.quoted(dataFile)) index \(i) \(s.style.plot(i, title: "title \(Figure.quoted(s.name))"))"
    }
    return """
      set terminal \(terminal)
      set output \(Figure.quoted(picture))
      set encoding utf8
      set title \(Figure.quoted(title)) noenhanced
      set xlabel \(Figure.quoted(x.label)) noenhanced offset 0,0.6
      set ylabel \(Figure.quoted(y.label)) noenhanced
      \((x.settings("x") + y.settings("y")).joined(separator: "\n"))
      set grid lc rgb '#dddddd'
      set key outside below maxcols 3 Left reverse noenhanced
      plot \\
      \(plots.joined(separator: ", \\\n"))

      """
  }

  /// A string of gnuplot. Names come from files: nothing in them may end the string or its line.
  static func quoted(_ text: String) -> String { "'" + oneLine(text).map { $0 == "'" ? "''" : String($0) }.joined() + "'" }

  private static func oneLine(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { scalar in
      switch scalar.properties.generalCategory {
      case .control, .lineSeparator, .paragraphSeparator: " "
      default: scalar
      }
    }))
  }
}

extension Figure.Axis {
  /// The settings of the axis that gnuplot calls `name`.
  fileprivate func settings(_ name: String) -> [String] {
    let scale =
      switch self.scale {
      case .linear: [String]()
      case .categories(let names):
        [
          "set \(name)tics \(name == "x" ? "rotate by 90 right " : "")(\(names.enumerated().map { "\(Figure.quoted($1)) \($0)" }.joined(separator: ", "))) noenhanced",
          "set \(name)range [-0.5:\(Double(names.count) - 0.5)]",
        ]
      case .log2: ["set logscale \(name) 2"]
      case .powersOfTwo: ["set logscale \(name) 2", "set format \(name) '2^{%L}'"]
      case .log10: ["set logscale \(name) 10", "set format \(name) '10^{%T}'"]
      }
    func end(_ value: Double?) -> String { value?.shortDescription ?? "*" }
    return lower == nil && upper == nil ? scale : scale + ["set \(name)range [\(end(lower)):\(end(upper))]"]
  }
}

extension Figure.Style {
  /// What follows `index i`: columns, title and style of series i.
  fileprivate func plot(_ i: Int, title: String) -> String {
    func colour(_ i: Int) -> String { "lc rgb '\(Figure.Style.colours[i % Figure.Style.colours.count])'" }
    return switch self {
    case .measured: "using 1:2 \(title) with linespoints \(colour(i)) dt 1 pt \(2 * i + 5) ps 0.9 lw 2.5"
    case .bound: "using 1:2 \(title) with linespoints \(colour(i)) dt \(i % 4 + 2) pt \(i % 4 + 1) ps 0.7 lw 1.5"
    case .curve: "using 1:2 \(title) with lines \(colour(i)) dt \(i % 5 + 1) lw 2.5"
    // 1.94 leaves a gap between bars, and is finite in the last binade.
    case .bars: "using (1.4*$1):2:1:(1.94*$1):(0):2 \(title) with boxxyerror fs solid 1 noborder lc rgb '#5f9fd0'"
    case .range: "using 1:2 \(title) with filledcurves y1=0 fs solid 1 noborder lc rgb '#e4e4e4'"
    case .rule: "using 1:2 \(title) with lines \(colour(i)) dt \(i % 4 + 2) lw 2"
    case .dots: "using 1:2 \(title) with points pt 7 ps 0.5 lc rgb '#9e9e9e'"
    case .cells(let shade):
      "using 1:2:($1-0.46):($1+0.46):($2-0.46):($2+0.46) \(title) with boxxyerror fs solid 1 noborder lc rgb '\(Figure.Style.shades[min(max(shade, 0), 5)])'"
    case .ring: "using 1:2 \(title) with points \(colour(max(i - 1, 0))) pt 6 ps 1.5 lw 2.5"
    }
  }

  /// Falling lightness, so that the order shows in grey too.
  private static let shades = ["#d3e7f5", "#8fc1e0", "#fdd49e", "#fc8d59", "#c43c22", "#5c0a0a"]

  /// Dark enough on white, apart for the colour-blind.
  private static let colours = ["#7b3294", "#00704a", "#2166ac", "#b35806", "#c51b7d", "#1b1b1b", "#8c510a", "#4d9221", "#5e4fa2"]
}
