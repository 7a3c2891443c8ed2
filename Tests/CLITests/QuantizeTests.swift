// SPDX-License-Identifier: Apache-2.0
// fmtlab quantize on files, among them the weights of a real model when there are any.

import Foundation
import Testing

@Suite struct QuantizeTests {
  @Test func dynamicFixedPointGivesTheWorkedExample() throws {
    let run = try succeed("quantize 0.75,-3.1,0.001,2.9999 --to dfp16 --json")
    let document = try run.json()
    #expect(document["schema"]?.text == "fmtlab.quantize/1")
    #expect(document.values == [6144, -25395, 8, 24575].map { $0 * 0x1p-13 })
    #expect(document["n"]?.double == 4)
    for field in ["nrmse", "sqnrDb", "maxAbsError", "saturated", "underflowed"] { #expect(document[field]?.double != nil, "\(field)") }
  }

  @Test func aPlainFormatHasTheScaleThatWasAskedFor() throws {
    // 480 saturates at 448; with the scale 2 it is 240·2.
    func values(_ options: String) throws -> [Double] {
      try succeed("quantize 480,-1,0.001 --to e4m3fn\(options) --json --quiet").json().values
    }
    #expect(try values("") == [448, -1, 0x1p-9])
    #expect(try values(" --scale 2") == [480, -1, 0])
    #expect(try values(" --scale pow2") == [480, -1, 0])
    #expect(try values(" --scale auto")[0] >= 479.99)
    #expect(try values(" --rounding rz") == [448, -1, 0])
  }

  @Test func theScanFindsTheBestScaleOfAGrid() throws {
    let scratch = try Scratch()
    let numbers = (0..<4000).map { "\(sin(Double($0)) * Double(1 + $0 % 7))" }
    let file = try scratch.file("x.csv", numbers.joined(separator: "\n"))
    func sqnr(_ scale: String) throws -> Double {
      try #require(try succeed("quantize \(file) --to q4.0 --scale \(scale) --json").json()["sqnrDb"]?.double)
    }
    let best = try sqnr("scan")
    // All of these are among the scales that the scan tries; only the order of the sums, 4000 terms each, may differ.
    for other in ["0.25", "0.5", "1", "2", "auto", "pow2"] {
      let (given, found) = (try sqnr(other), best)
      #expect(given <= found + 1e-10, "\(other): \(given) dB, scan: \(found) dB")
    }
  }

  @Test func picturesLeaveTheirDataWhereGnuplotIsMissing() throws {
    let scratch = try Scratch()
    let picture = scratch.url("w.svg").path
    let run = try Tool.run(
      ["quantize", "1,2,3,0.01,0.3,5", "--to", "e2m1fn", "--plot", picture], environment: ["PATH": "/nonexistent"])
    #expect(run.status == 0 && run.err.contains("gnuplot"))
    for name in ["w.tsv", "w.gp", "w-scale.tsv", "w-scale.gp"] {
      #expect(try scratch.names.contains(name), "\(name)")
    }
    guard Tool.isExpected("gnuplot") else { return }
    _ = try succeed("quantize 1,2,3,0.01,0.3,5 --to e2m1fn --plot \(picture)")
    #expect(try String(contentsOfFile: picture, encoding: .utf8).contains("</svg>"))
  }

  @Test(arguments: [
    ("1,nan,3 --to mxfp4", 65, "'numbers' has nan at [1]"), ("1,2 --to nothing4", 64, "unknown format"), ("/missing.npy --to mxfp4", 66, "no such file"),
    ("1,2 --to mxfp4 --scale 2", 64, "--scale is for plain formats"), ("1,2 --to e4m3fn --scale -1", 64, "positive number"),
    ("1,2 --to mxfp4 --axis 3", 65, "no axis 3"), ("1,2 --to lns4.3", 64, "logarithmic"), ("1,2 --to mxfp4 -o /missing/x.npy", 66, "cannot write"),
    ("1,2 --to mxfp4/0", 64, "granularity"), ("1,2 --to fp128 --scale scan", 64, "a format within fp64"), ("1,2 --to mxfp4 --threads 3", 64, "use 1 or all"),
  ])
  func errorsSayWhatIsWrong(_ arguments: String, _ status: Int32, _ text: String) throws {
    let run = try Tool.run(["quantize"] + arguments.split(separator: " ").map(String.init))
    #expect(run.status == status && run.out.isEmpty, "\(run.err)")
    #expect(run.err.contains(text) && run.notes.filter { $0.hasPrefix("error") }.count == 1, "\(run.err)")
  }

  @Test(arguments: ["mxfp4", "nvfp4", "int8_symmetric/channel", "int8_affine", "dfp16", "s2fp8", "ternary", "e4m3fn"])
  func picturesAreDrawnOfEveryKindOfScale(_ format: String) throws {
    let scratch = try Scratch()
    _ = try succeed("quantize 1,2,3,0.01 --to \(format) --plot \(scratch.url("w.svg").path) --keep-plot-data")
    #expect(try scratch.names.contains("w.tsv") && scratch.names.contains("w.gp"))
  }

  @Test(arguments: [("1e300,1", 1.0), ("1e-170", 1), ("1e-200,2e-200", 1), ("3e-320", 1)])
  func errorsOfExtremeNumbersNeitherOverflowNorVanish(_ numbers: String, _ nrmse: Double) throws {
    #expect(try succeed("quantize \(numbers) --to e4m3fn --json --quiet").json()["nrmse"]?.double == nrmse)
  }

  @Test func resultsBeyondAllRangeHaveAnInfiniteError() throws {
    let document = try succeed("op exp --in posit32 1e30 --json --quiet").json()
    #expect(document["error"]?.double == -.infinity)
  }

  @Test func printedValuesAreTheWrittenOnes() throws {
    // Channels are counted along the first axis: 2 and 200 are the largest of theirs.
    let document = try fmtlab("quantize - --to int4_symmetric/channel --json", input: "1,2\n100,200\n").json()
    let (values, largest) = (document.values, try #require(document["maxAbsError"]?.double))
    // Up to the rounding of the scales to fp32, at most 2^-24 of them.
    #expect(abs(values[1] - 2) <= 2 * 0x1p-24 && abs(values[3] - 200) <= 200 * 0x1p-24)
    #expect(zip(values, [1, 2, 100, 200]).map { abs($0 - $1) }.max() == largest)
  }

  @Test func namesFromFilesStayNames() throws {
    // A tensor whose name ends a line of the script and goes on with a command.
    let scratch = try Scratch()
    let name = #"w\nsystem \"touch \#(scratch.url("ran").path)\"\n#"#
    let header = Data(#"{"\#(name)":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#.utf8)
    var file = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) } + header
    for x in [1, 2, 3, -0.5] as [Float] { file += withUnsafeBytes(of: x.bitPattern.littleEndian) { Data($0) } }
    let run = try Tool.run(["quantize", try scratch.file("w.safetensors", file), "--to", "e4m3fn", "--plot", scratch.url("w.svg").path, "--keep-plot-data"])
    #expect(run.status == 0 && run.lines.count == 5, "\(run.err)\(run.out)")
    #expect(try !scratch.names.contains("ran"))
    #expect(try String(contentsOf: scratch.url("w.gp"), encoding: .utf8).split(separator: "\n").allSatisfy { !$0.hasPrefix("system") })
  }

  /// Positions of up to 511 beside weights of 0.5: their sizes would be all that the totals tell.
  @Test func integersAmongWeightsAreLeftOut() throws {
    let scratch = try Scratch()
    let header = Data(#"{"ids":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},"w":{"dtype":"F32","shape":[2],"data_offsets":[16,24]}}"#.utf8)
    var file = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) } + header
    for x in [3, 511] as [Int64] { file += withUnsafeBytes(of: x.littleEndian) { Data($0) } }
    for x in [0.5, 0.3] as [Float] { file += withUnsafeBytes(of: x.bitPattern.littleEndian) { Data($0) } }
    let path = try scratch.file("m.safetensors", file)
    let run = try succeed("quantize \(path) --to e4m3fn --json")
    #expect(run.notes.contains("note: left out: 1 tensor of integers (ids); FILE:NAME takes one"))
    #expect(try run.json()["n"]?.double == 2 && succeed("quantize \(path):ids --to e4m3fn --json").json()["n"]?.double == 2)
  }

  @Test func nothingIsWrittenWhereSomethingFails() throws {
    let scratch = try Scratch()
    let run = try Tool.run(["quantize", "1,2,inf", "--to", "mxfp4", "-o", scratch.url("y.npy").path])
    #expect(run.status == 65)
    #expect(try scratch.names.allSatisfy { !$0.contains("npy") && !$0.contains("tmp") })
  }
}

extension JSON {
  /// The values of the only tensor.
  fileprivate var values: [Double] { self["tensors"]?.items.first?["values"]?.items.compactMap(\.double) ?? [] }
}

/// The weights of a real model, whose path the environment gives: continuous integration fetches one.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["FMTLAB_MODEL"] != nil || ProcessInfo.processInfo.environment["CI"] != nil, "FMTLAB_MODEL names no .safetensors file"))
struct ModelTests {
  /// The quantised model in NumPy's hands, against NumPy's own arithmetic and ml_dtypes' casts.
  static let check = """
    import sys, json, struct, numpy as np
    model, format, output = sys.argv[1:]
    raw = open(model, 'rb').read()
    length = struct.unpack('<Q', raw[:8])[0]
    header = {k: v for k, v in json.loads(raw[8:8 + length]).items() if k != '__metadata__'}
    found = np.load(output)
    assert sorted(found.files) == sorted(header), (len(found.files), len(header))
    grid = np.array([0, .5, 1, 1.5, 2, 3, 4, 6])
    def e2m1(x):
      # Halves go to the even code: the ties of e2m1, in its quarter steps, by exact comparison.
      middles, even = (grid[1:] + grid[:-1]) / 2, np.array([True, False] * 4)[:7]
      a = np.abs(x)
      index = (a[..., None] > middles).sum(-1) + ((a[..., None] == middles) & ~even).sum(-1)
      return np.copysign(grid[np.minimum(index, 7)], x)
    for name, entry in header.items():
      if entry['dtype'] != 'F32': continue
      a, b = entry['data_offsets']
      x = np.frombuffer(raw[8 + length + a:8 + length + b], '<f4').reshape(entry['shape']).astype('f8')
      y = found[name]
      assert y.shape == x.shape and y.dtype == np.float32, (name, y.shape, y.dtype)
      if x.size == 0: continue
      if format == 'e4m3fn':
        import ml_dtypes
        expected = np.clip(x, -448, 448).astype('f4').astype(ml_dtypes.float8_e4m3fn).astype('f4')
      else:
        rows = x.reshape(-1, x.shape[-1]) if x.ndim else x.reshape(1, 1)
        pad = -rows.shape[1] % 32
        blocks = np.pad(rows, ((0, 0), (0, pad))).reshape(-1, 32)
        top = np.abs(blocks).max(1)
        e = np.where(top > 0, np.frexp(top)[1] - 1 - 2, -127)
        scale = np.exp2(np.clip(e, -127, 127).astype('f8'))[:, None]
        expected = (e2m1(blocks / scale) * scale).reshape(rows.shape[0], -1)[:, :rows.shape[1]].reshape(x.shape).astype('f4')
      assert np.array_equal(y, expected), (name, np.argwhere(y != expected)[:3])
    print(len(header))
    """

  @Test(arguments: ["mxfp4", "e4m3fn", "nvfp4"])
  func everyTensorLoadsInNumPyWithItsValues(_ format: String) throws {
    let model = try #require(ProcessInfo.processInfo.environment["FMTLAB_MODEL"], "FMTLAB_MODEL names no .safetensors file")
    let scratch = try Scratch()
    let output = scratch.url("model.npz").path
    let run = try Tool.run(["quantize", model, "--to", format, "-o", output, "--json"])
    #expect(run.status == 0, "\(run.err)")
    let tensors = try #require(try run.json()["tensors"]).items.count
    // Of nvfp4, whose scales have an arithmetic of their own, NumPy checks names, shapes and types.
    let script = format == "nvfp4" ? Self.check.replacingOccurrences(of: "assert np.array_equal(y, expected)", with: "assert True") : Self.check
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-W", "ignore", "-c", script, model, format, output]
    let pipe = Pipe()
    (process.standardOutput, process.standardError) = (pipe, pipe)
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0 && text == "\(tensors)\n", "\(text)")
  }
}
