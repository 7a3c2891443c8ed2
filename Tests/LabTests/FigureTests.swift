// SPDX-License-Identifier: Apache-2.0
// Figures: their data, scripts that gnuplot accepts, and files that are whole or not there.

import Formats
import Foundation
import Lab
import Testing

@Suite struct FigureTests {
  private static let every: [Figure.Style] = [.range, .bars, .measured, .bound, .curve, .ring, .rule, .dots, .cells(2), .ticks(isLight: true), .image(shades: [0, 5, 2], names: ["none", "some", "much"])]

  private func figure(_ x: Figure.Scale, _ y: Figure.Scale, to upper: Double? = nil) -> Figure {
    Figure(
      title: "it's a title", x: .init("x", x), y: .init("y", y, from: upper, to: upper),
      series: FigureTests.every.map { .init("\($0)", [(1, 0.5), (2, 3), (4, 1)], $0) })
  }

  private static let environment = ProcessInfo.processInfo.environment
  private static let hasGnuplot = (environment["PATH"] ?? "").split(separator: ":").contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot")
  }

  @Test func figuresLeaveOutWhatTheirAxesCannotShow() {
    let points: [(x: Double, y: Double)] = [(1, 0), (2, .infinity), (4, 0.5), (-1, 2), (3, .nan)]
    func data(_ x: Figure.Scale, _ y: Figure.Scale) -> String {
      let series: [Figure.Series] = [.init("a", points, .measured), .init("b", [(1, .nan)], .bound)]
      return Figure(title: "", x: .init("n", x), y: .init("error", y), series: series).data
    }
    #expect(data(.log2, .log10) == "# a\n4\t0.5\n")
    #expect(data(.powersOfTwo, .linear) == "# a\n1\t0\n4\t0.5\n")
    #expect(data(.linear, .linear) == "# a\n1\t0\n4\t0.5\n-1\t2\n")
  }

  @Test func scriptQuotesEveryName() {
    let script = figure(.log2, .log10).script(dataFile: "it's.tsv", picture: "it's.svg")
    #expect(script.contains("set title 'it''s a title'") && script.contains("'it''s.tsv' index 6") && script.contains("output 'it''s.svg'"))
  }

  @Test(.enabled(if: FigureTests.hasGnuplot || FigureTests.environment["CI"] != nil, "gnuplot is not installed"))
  func everyStyleAndScaleIsDrawn() throws {
    for (type, first) in [("svg", Data("<?xml".utf8)), ("png", Data([0x89, 0x50])), ("pdf", Data("%PDF".utf8))] {
      for scale in [Figure.Scale.linear, .log2, .powersOfTwo, .log10] {
        let scratch = try Scratch()
        let picture = "\(scratch.path)/-e it's.\(type)"
        #expect(try figure(scale, scale).draw(picture, keepingData: true) == nil)
        #expect(try scratch.names == ["-e it's.gp", "-e it's.\(type)", "-e it's.tsv"].sorted())
        #expect(try Data(contentsOf: URL(fileURLWithPath: picture)).starts(with: first))
        #expect(try String(contentsOfFile: "\(scratch.path)/-e it's.tsv", encoding: .utf8) == figure(scale, scale).data)
        #expect(try figure(scale, scale).draw("\(scratch.path)/b.\(type)") == nil)
        #expect(try scratch.names.contains("b.\(type)") && scratch.names.count == 4)
      }
    }
  }

  @Test(.enabled(if: FigureTests.hasGnuplot || FigureTests.environment["CI"] != nil, "gnuplot is not installed"))
  func everyStyleAndScaleIsDrawnInCharacters() throws {
    for scale in [Figure.Scale.linear, .log2, .powersOfTwo, .log10] {
      let lines = try figure(scale, scale).text().split(separator: "\n")
      #expect(lines.count <= 36 && lines.allSatisfy { $0.count <= 100 } && lines[0].contains("it's a title"))
      #expect(lines.contains { $0.contains("measured") } && lines.contains { $0.contains("much") } && lines.contains { $0.contains("@") })
    }
    let named = Figure(
      title: "t", x: .init("", .categories(["first", "second"])), y: .init("", .categories(["a", "b"])), series: [.init("s", [(0, 0), (1, 1)], .cells(4))])
    #expect(try named.text().contains("first to second"))
    #expect(throws: FigureError.undrawn(reason: "there is no point that its axes can show")) {
      try Figure(title: "", x: .init(""), y: .init(""), series: []).text()
    }
  }

  /// e2m1fn: 0.5, 1, 1.5, 2, 3, 4, 6; the first quarter of the line to 6 ends at 1.5.
  @Test func numberLineHasEveryNumber() throws {
    let figure = Figure.numberLine(try Format("e2m1fn"))
    #expect(figure.series.map(\.name) == ["normal numbers", "subnormal numbers"])
    #expect(figure.series[0].points.filter { $0.y == 0 }.map { 6 * $0.x } == [1, 1.5, 2, 3, 4, 6] && figure.series[1].points[0].x == 0.5 / 6)
    #expect(figure.series[0].points.filter { $0.y == 1 }.map { 1.5 * $0.x } == [1, 1.5])
    for entry in Format.catalogue where entry.format.width <= Figure.widestNumberLine {
      let format = entry.format, drawn = Figure.numberLine(format)
      let positive = Set(format.codes.compactMap { format.decode(Format.Code($0)).dyadic }.filter { $0 > .zero })
      #expect(drawn.series.reduce(0) { $0 + $1.points.count { $0.y == 0 } } == positive.count, "\(format)")
    }
  }

  /// Falling lightness: maps are read in grey, too.
  @Test func shadesDarken() {
    let script = figure(.linear, .linear).script(dataFile: "a.tsv", picture: "a.svg")
    let palette = script.split(separator: "\n").first { $0.hasPrefix("set palette") }!
    let grey = palette.split(separator: "#").dropFirst().map { text -> Double in
      let colour = Int(text.prefix(6), radix: 16)!
      return 0.299 * Double(colour >> 16) + 0.587 * Double(colour >> 8 & 255) + 0.114 * Double(colour & 255)
    }
    #expect(grey.count == 6 && zip(grey, grey.dropFirst()).allSatisfy { $0 - $1 > 20 })
  }

  /// gnuplot refuses an empty range, and is not there on every machine.
  @Test func withoutPictureDataAndScriptRemain() throws {
    let scratch = try Scratch()
    let note = try #require(try figure(.log2, .linear, to: 5).draw("\(scratch.path)/a.svg"))
    let reason = FigureTests.hasGnuplot ? "gnuplot failed" : "gnuplot is not installed"
    #expect(note == "no picture: \(reason); \(scratch.path)/a.tsv and \(scratch.path)/a.gp hold the data and the script")
    #expect(try scratch.names == ["a.gp", "a.tsv"])
    // What is there is somebody's, unless data are asked for.
    try Data("mine".utf8).write(to: URL(filePath: "\(scratch.path)/a.tsv"))
    #expect(try figure(.log2, .linear, to: 5).draw("\(scratch.path)/a.svg")?.contains("a.tsv is there already") == true)
    #expect(try String(contentsOfFile: "\(scratch.path)/a.tsv", encoding: .utf8) == "mine")
    #expect(try figure(.log2, .linear, to: 5).draw("\(scratch.path)/a.svg", keepingData: true)?.contains("hold the data") == true)
    #expect(try String(contentsOfFile: "\(scratch.path)/a.tsv", encoding: .utf8) != "mine")
    let empty = Figure(title: "", x: .init(""), y: .init(""), series: [])
    #expect(try empty.draw("\(scratch.path)/b.png")?.contains("no point that its axes can show") == true)
    #expect(try scratch.names == ["a.gp", "a.tsv", "b.gp", "b.tsv"])
  }

  /// gnuplot takes names that begin with < or | for commands, and with $ for blocks of data.
  @Test(.enabled(if: FigureTests.hasGnuplot, "gnuplot is not installed"))
  func namesAreNoCommands() throws {
    let scratch = try Scratch()
    for name in ["<touch a;.svg", "|cat >b;.png", "$a.pdf", "'50 %'.svg", "-c.svg"] {
      #expect(try figure(.linear, .linear).draw("\(scratch.path)/\(name)", keepingData: true) == nil)
      #expect(try scratch.names == Figure.files(of: name).sorted())
      for file in try scratch.names { try FileManager.default.removeItem(atPath: "\(scratch.path)/\(file)") }
    }
    let names = ["100 %g", "b 50%", String(repeating: "long name ", count: 12)]
    let figure = Figure(title: "%d", x: .init("%s", .categories(names)), y: .init("%"), series: [.init("%i", [(0, 3), (1, 3), (2, 3)], .ring)])
    #expect(try figure.draw("\(scratch.path)/a.svg") == nil)
    let picture = try String(contentsOfFile: "\(scratch.path)/a.svg", encoding: .utf8)
    #expect(picture.contains("100 %g") && picture.contains("b 50%<") && picture.contains("long name long name …"))
    #expect(!Figure.canDraw("a\nb.svg"))
  }

  @Test func pathsThatCannotBeDrawnAreErrors() throws {
    let scratch = try Scratch()
    #expect(throws: FigureError.type(path: "\(scratch.path)/a.gif")) { try figure(.linear, .linear).draw("\(scratch.path)/a.gif") }
    #expect(throws: FigureError.type(path: "\(scratch.path)/.svg")) { try figure(.linear, .linear).draw("\(scratch.path)/.svg") }
    #expect(throws: FigureError.unwritable(path: "\(scratch.path)/no/a.svg", reason: "no such file or directory")) {
      try figure(.linear, .linear).draw("\(scratch.path)/no/a.svg")
    }
    #expect(try scratch.names.isEmpty)
  }
}

/// An empty directory whose name is not easy; it goes away with its owner.
final class Scratch {
  let path = NSTemporaryDirectory() + "it's a figure-" + UUID().uuidString

  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }
}
