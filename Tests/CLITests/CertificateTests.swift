// SPDX-License-Identifier: Apache-2.0
// Worst cases as theorems of Coq: the committed ones, which `make -C proofs certificates` checks, are those that the program writes.

import Foundation
import Testing

@Suite struct CertificateTests {
  @Test func committedCertificatesAreWhatWorstWrites() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let folder = root.appending(path: "proofs/certificates")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".v") }
    #expect(names.count >= 2)
    for name in names {
      let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      let command = text.split(separator: "\n")[0].dropFirst("(* fmtlab ".count)
      let scratch = try Scratch(), file = scratch.url("certificate.v").path
      _ = try succeed("\(command) --quiet --certificate \(file)")
      #expect(try String(contentsOfFile: file, encoding: .utf8) == text, "\(name)")
    }
  }

  /// proofs/gappa/bounds.txt, whose bounds Gappa proves of e4m3 in [−1, 1] and e6m5: no less than the exact worst case, and near it.
  @Test func boundsByGappaAreNearTheExactWorstCases() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let lines = try String(contentsOf: root.appending(path: "proofs/gappa/bounds.txt"), encoding: .utf8).split(separator: "\n")
    let bounds = try lines.map { line in
      let match = try #require(line.wholeMatch(of: /([0-9]+) ([0-9]+)\/128/))
      return (n: match.1, bound: Double(match.2)! / 128)
    }
    #expect(bounds.count == 3)
    let counts = bounds.map { "\($0.n)" }.joined(separator: ",")
    let results = try succeed("worst --format e4m3 --acc e6m5 --range 1 --n \(counts) --json --quiet").json()["results"]!.items
    for (result, bound) in zip(results, bounds) {
      let exact = result["maxAbsError"]!.double!
      #expect(exact <= bound.bound && bound.bound <= 1.05 * exact, "n = \(bound.n)")
    }
  }

  @Test(arguments: [
    ("--format e2m1fn --acc kahan/e4m3fn", "is no sum in sequence in one format"), ("--format e2m1fn --acc e4m3fn@rz", "does not round to nearest even"),
    ("--format e2m1fn --acc e4m3fn:4,e4m3fn", "is no sum in sequence"), ("--format e2m1fn --acc q8.4", "q8.4 has no subnormal numbers"),
    ("--format e2m1fn --acc e4m3fn --product e4m3fn", "is not exact"), ("--format e2m1fn --acc e4m3fn --on-overflow saturate", "other than exclude"),
    ("--format e2m1fn --acc e4m3fn --weights 1,2", "with --weights"), ("--format posit8 --acc e4m3fn", "posit8 has no subnormal numbers"),
    ("--format e2m1fn --acc e4m0", "a significand of one bit"),
  ])
  func whatTheTheoremsDoNotSpeakOfIsRefused(options: String, words: String) throws {
    let scratch = try Scratch(), file = scratch.url("certificate.v").path
    let run = try fmtlab("worst \(options)\(options.contains("--weights") ? "" : " --n 2") --certificate \(file)")
    #expect(run.status == 64 && run.err.contains(words) && !FileManager.default.fileExists(atPath: file), "\(run.err)")
    for name in ["x.txt", "e2m1-e3m2.v", "2.v"] {
      let wrong = try fmtlab("worst --format e2m1fn --acc e4m3fn --certificate \(name)")
      #expect(wrong.status == 64 && wrong.err.contains("the name of letters, digits and _"), "\(wrong.err)")
    }
  }
}
