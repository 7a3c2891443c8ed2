// SPDX-License-Identifier: Apache-2.0
// Figures: their data, scripts that gnuplot accepts, and files that are whole or not there.

import Foundation
import Lab
import Testing

@Suite struct FigureTests {
  private static let every: [Figure.Style] = [.range, .bars, .measured, .bound, .curve, .ring, .rule]

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
    let script = figure(.log2, .log10).script(dataFile: "it's.dat", picture: "it's.svg")
    #expect(script.contains("set title 'it''s a title'") && script.contains("'it''s.dat' index 6") && script.contains("output 'it''s.svg'"))
  }

  @Test(.enabled(if: FigureTests.hasGnuplot || FigureTests.environment["CI"] != nil, "gnuplot is not installed"))
  func everyStyleAndScaleIsDrawn() throws {
    for (type, first) in [("svg", Data("<?xml".utf8)), ("png", Data([0x89, 0x50])), ("pdf", Data("%PDF".utf8))] {
      for scale in [Figure.Scale.linear, .log2, .powersOfTwo, .log10] {
        let scratch = try Scratch()
        let picture = "\(scratch.path)/-e it's.\(type)"
        #expect(try figure(scale, scale).draw(picture) == nil)
        #expect(try scratch.names == ["-e it's.dat", "-e it's.gp", "-e it's.\(type)"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: picture)).starts(with: first))
        #expect(try String(contentsOfFile: "\(scratch.path)/-e it's.dat", encoding: .utf8) == figure(scale, scale).data)
      }
    }
  }

  /// gnuplot refuses an empty range, and is not there on every machine.
  @Test func withoutPictureDataAndScriptRemain() throws {
    let scratch = try Scratch()
    let note = try #require(try figure(.log2, .linear, to: 5).draw("\(scratch.path)/a.svg"))
    let reason = FigureTests.hasGnuplot ? "gnuplot failed, and will say why when it is run on the script" : "gnuplot is not installed"
    #expect(note == "no picture: \(reason); \(scratch.path)/a.dat and \(scratch.path)/a.gp hold the data and the script")
    #expect(try scratch.names == ["a.dat", "a.gp"])
    let empty = Figure(title: "", x: .init(""), y: .init(""), series: [])
    #expect(try empty.draw("\(scratch.path)/b.png")?.contains("no point that its axes can show") == true)
    #expect(try scratch.names == ["a.dat", "a.gp", "b.dat", "b.gp"])
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
private final class Scratch {
  let path = NSTemporaryDirectory() + "it's a figure-" + UUID().uuidString

  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  var names: [String] { get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() } }
}
