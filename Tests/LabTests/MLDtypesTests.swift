// SPDX-License-Identifier: Apache-2.0
// ml_dtypes's conversions as described here, against ml_dtypes.

import Foundation
import Formats
import Lab
import Testing

/// ml_dtypes itself, over every binary16 and every bfloat16 number and the middles of both in binary64.
@Suite(.enabled(if: MLDtypes.isExpected, "python3 with ml_dtypes 0.6.0 is not installed"))
struct MLDtypesTests {
  @Test func everyConversionIsThatOfMLDtypes() throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: "fmtlab-ml_dtypes-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let names = Semantics.Peer.mlDtypes.conversions.map(\.name)
    try MLDtypes.run(MLDtypes.convert, [directory.path] + names)
    let inputs = try doubles(directory.appending(path: "x"))
    #expect(inputs.count > 200_000)
    for semantics in Semantics.Peer.mlDtypes.conversions {
      let conversion = try Semantics.Conversion(semantics)
      let results = try doubles(directory.appending(path: semantics.name))
      #expect(results.count == inputs.count)
      // What the processor makes of an integer beyond 2^31 is not ml_dtypes's doing.
      let limit = semantics.values.isFixed ? 0x1p31 : .infinity
      for (x, y) in zip(inputs, results) where x.magnitude < limit || x.isInfinite || x.isNaN {
        let value = conversion(Extended(Value(x)))
        guard value == Value(y) else {
          Issue.record("\(semantics.name): \(x) becomes \(y) in ml_dtypes, here \(value.map(\.description) ?? "nothing")")
          break
        }
      }
    }
  }

  private func doubles(_ url: URL) throws -> [Double] {
    try Data(contentsOf: url).withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 8).map { bytes.loadUnaligned(fromByteOffset: $0, as: Double.self) }
    }
  }
}

/// Python 3 with ml_dtypes.
enum MLDtypes {
  static let convert = """
    import sys, numpy as np, ml_dtypes
    np.seterr(all='ignore')
    codes = np.arange(65536, dtype=np.uint16)
    h, b = (np.sort(codes.view(t).astype(np.float64)) for t in (np.float16, ml_dtypes.bfloat16))
    x = np.concatenate([h, b, (h[:-1] + h[1:]) / 2, np.nextafter((h[:-1] + h[1:]) / 2, np.inf), [-0.0, np.inf, -np.inf]])
    x[np.isnan(x)] = np.nan
    x.tofile(sys.argv[1] + '/x')
    for name in sys.argv[2:]:
      x.astype(getattr(ml_dtypes, name)).astype(np.float64).tofile(sys.argv[1] + '/' + name)
    """

  // Continuous integration installs it, so there its absence is a failure. Another version may have other bugs.
  static let isExpected =
    (try? run("import ml_dtypes; assert ml_dtypes.__version__ == '0.6.0'", [])) != nil || ProcessInfo.processInfo.environment["CI"] != nil

  struct Failure: Error { let output: String }

  static func run(_ script: String, _ arguments: [String]) throws {
    let (process, pipe) = (Process(), Pipe())
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-W", "ignore", "-c", script] + arguments
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(output: output) }
  }
}
