// SPDX-License-Identifier: Apache-2.0
// Pictures as data: series of points on two axes, and the gnuplot script that draws them.

internal import Formats

/// Series of points on two axes, each drawn in its own way, later ones over earlier ones.
///
/// Everything in a picture is a series: bars, shaded ranges, vertical rules and marked points too. So the data file holds all of
/// it, and names stand in the key, where they cannot lie over each other.
public struct Figure: Sendable {
  /// Above the picture.
  public let title: String
  /// The horizontal axis.
  public let x: Axis
  /// The vertical axis.
  public let y: Axis
  /// From the lowest to the uppermost.
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
  /// One of the two axes: what it shows, how it maps numbers to lengths, and where it ends.
  public struct Axis: Sendable {
    /// With the unit.
    public let label: String
    /// How numbers become lengths.
    public let scale: Scale
    /// Where the axis begins and ends; what lies beyond leaves the picture, not the data. `nil`: where the data do.
    public let lower: Double?
    /// The upper end.
    public let upper: Double?

    /// An axis from `lower` to `upper`; without them it ends where the data do.
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
    /// Equal steps for equal differences.
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
    /// In the key.
    public let name: String
    /// In the order in which a line follows them.
    public let points: [(x: Double, y: Double)]
    /// What they stand for.
    public let style: Style

    /// Points with a name for the key.
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
    /// Short upright strokes: numbers on a line. A light one stands for what is special (a subnormal number).
    case ticks(isLight: Bool)
    /// A picture of equally spaced points, all of a rectangle, row by row: the shade of each, from light (0) to dark (5), and what the shades mean.
    case image(shades: [UInt8], names: [String])
  }
}

// MARK: - Data and script

extension Figure {
  /// Rows `x y`, separated by tabs, with the shade as a third column in an image; one block a series, its name before it, two empty lines after it.
  public var data: String {
    series.map { s in
      var shades: [UInt8]?
      if case .image(let all, _) = s.style { shades = all }
      let rows = s.points.enumerated().map { i, point in
        "\(point.x.shortDescription)\t\(point.y.shortDescription)\(shades.map { "\t\($0[i])" } ?? "")\n"
      }
      return "# \(Figure.oneLine(s.name))\n" + rows.joined()
    }.joined(separator: "\n\n")
  }

  /// The gnuplot script that draws `data`, kept in the file `dataFile`, into the file `picture` (svg, png or pdf; txt: of characters).
  public func script(dataFile: String, picture: String) -> String {
    let terminal =
      switch picture.split(separator: ".").last {
      case "png": "pngcairo size 900,600 font 'Helvetica,12' background 'white'"
      case "pdf": "pdfcairo size 6in,4in font 'Helvetica,10' background 'white'"
      case "txt": "dumb noenhanced size 100,36"
      default: "svg size 900,600 font 'Helvetica,14' background 'white'"
      }
    let isText = picture.hasSuffix(".txt")
    let plots = series.enumerated().map { i, s in
      "  \(Figure.quoted(dataFile)) index \(i) \(s.style.plot(i, title: "title \(Figure.quoted(s.name))", isText: isText))"
    }
    return """
      set terminal \(terminal)
      set output \(Figure.quoted(picture))
      set encoding utf8
      set title \(Figure.quoted(title)) noenhanced
      set xlabel \(Figure.quoted(x.label)) noenhanced\(isText ? "" : " offset 0,0.6")
      set ylabel \(Figure.quoted(y.label)) noenhanced
      \((x.settings("x", isText) + y.settings("y", isText)).joined(separator: "\n"))
      set grid lc rgb '#dddddd'
      set key outside below maxcols 3 Left reverse noenhanced height 0.4
      \(Figure.Style.palette)
      plot \\
      \(plots.joined(separator: ", \\\n"))

      """
  }

  /// A string of gnuplot. Names come from files: nothing in them may end the string or its line.
  static func quoted(_ text: String) -> String { "'" + oneLine(text).map { $0 == "'" ? "''" : String($0) }.joined() + "'" }

  /// A text without line breaks and other control characters.
  static func oneLine(_ text: String) -> String {
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
  fileprivate func settings(_ name: String, _ isText: Bool) -> [String] {
    let scale =
      switch self.scale {
      case .linear: [String]()
      // (Characters do not turn: names would lie over each other.)
      case .categories(let names) where isText && name == "x":
        ["set xtics (' ' 0)", "set xlabel \(Figure.quoted("\(names.first ?? "") to \(names.last ?? "")")) noenhanced", "set xrange [-0.5:\(Double(names.count) - 0.5)]"]
      case .categories(let names):
        [
          "set \(name)tics \(name == "x" ? "rotate by 90 right " : "")(\(names.enumerated().map { "\(Figure.Axis.tic($1)) \($0)" }.joined(separator: ", "))) noenhanced",
          "set \(name)range [-0.5:\(Double(names.count) - 0.5)]",
        ]
      case .log2: ["set logscale \(name) 2"]
      case .powersOfTwo: ["set logscale \(name) 2", "set format \(name) '\(isText ? "2^%L" : "2^{%L}")'"]
      case .log10: ["set logscale \(name) 10", "set format \(name) '\(isText ? "10^%T" : "10^{%T}")'"]
      }
    func end(_ value: Double?) -> String { value?.shortDescription ?? "*" }
    return lower == nil && upper == nil ? scale : scale + ["set \(name)range [\(end(lower)):\(end(upper))]"]
  }

  /// A name at a tic: a format of C, and no longer than leaves room for the picture.
  private static func tic(_ name: String) -> String {
    let short = name.count <= 36 ? name : name.prefix(20) + "…" + name.suffix(15)
    return Figure.quoted(short.replacing("%", with: "%%"))
  }
}

extension Figure.Style {
  /// What follows `index i`: columns, title and style of series i.
  fileprivate func plot(_ i: Int, title: String, isText: Bool) -> String {
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
    case .cells(let shade) where isText: "using 1:2 \(title) with points pt '\(Figure.Style.characters[min(max(shade, 0), 5)])'"
    case .cells(let shade):
      "using 1:2:($1-0.46):($1+0.46):($2-0.46):($2+0.46) \(title) with boxxyerror fs solid 1 noborder lc rgb '\(Figure.Style.shades[min(max(shade, 0), 5)])'"
    case .ticks(let isLight):
      "using 1:($2-\(isText ? 0.2 : 0.33)):(0):(\(isText ? 0.4 : 0.66)) \(title) with vectors nohead lw \(isLight ? 1.5 : 1) lc rgb '\(isLight ? "#e08214" : "#2166ac")'"
    // (Darker characters hide lighter ones in the same place.)
    case .image(_, let names) where isText:
      names.indices.map { shade in
        let place = shade == 0 ? "" : "'' index \(i) "
        return "\(place)using 1:($3 == \(shade) ? $2 : 1/0) title \(Figure.quoted(names[shade])) with points pt '\(Figure.Style.characters[min(shade, 5)])'"
      }.joined(separator: ", \\\n  ")
    case .image(_, let names):
      (["using 1:2:3 notitle with image"] + names.enumerated().map { shade, name in
        "keyentry with boxes fs solid 1 noborder fc rgb '\(Figure.Style.shades[min(shade, 5)])' title \(Figure.quoted(name))"
      }).joined(separator: ", \\\n  ")
    case .ring: "using 1:2 \(title) with points \(colour(max(i - 1, 0))) pt 6 ps 1.5 lw 2.5"
    }
  }

  /// Falling lightness, so that the order shows in grey too.
  private static let shades = ["#e6f0f8", "#b3d4ea", "#f2a65a", "#e0702a", "#b0301c", "#4a0a0a"]

  /// The same in a picture of characters.
  private static let characters = [".", "-", "+", "x", "#", "@"]

  /// The shades as numbers 0 … 5.
  fileprivate static let palette = """
    set palette maxcolors 6 defined (\(shades.enumerated().map { "\($0) '\($1)'" }.joined(separator: ", ")))
    set cbrange [-0.5:5.5]
    unset colorbox
    """

  /// Dark enough on white, apart for the colour-blind.
  private static let colours = ["#7b3294", "#00704a", "#2166ac", "#b35806", "#c51b7d", "#1b1b1b", "#8c510a", "#4d9221", "#5e4fa2"]
}
