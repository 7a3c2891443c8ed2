// SPDX-License-Identifier: Apache-2.0
// fmtlab run: unmodified programs whose products are emulated, and what they are told.

import Foundation
import Testing

@Suite struct EmulationTests {
  private static let python = "/usr/bin/python3"
  /// NumPy as Debian packages it, which calls the BLAS of the system.
  private static var hasNumPy: Bool {
    FileManager.default.fileExists(atPath: "/usr/lib/python3/dist-packages/numpy") || ProcessInfo.processInfo.environment["CI"] != nil
  }
  private static let calls = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/blas.py"

  private func command(_ program: [String], through wrapper: [String: String] = [:]) throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program[0])
    process.arguments = Array(program.dropFirst())
    process.environment = ["PATH": "/usr/bin:/bin"].merging(wrapper) { $1 }
    let output = Pipe()
    (process.standardOutput, process.standardError) = (output, output)
    try Tool.launch(process)
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  /// Every transpose, alpha, beta, stride and leading dimension, by both names of each function, single and double.
  @Test(.enabled(if: hasNumPy, "Debian's python3-numpy is not here"), arguments: [("bf16", "fp32"), ("e4m3", "e6m5"), ("e4m3fn", "e4m3:4,fp16")])
  func everyCallGivesTheBitsOfGemm(_ format: String, _ acc: String) throws {
    let scratch = try Scratch()
    let results = scratch.url("results.npz").path
    let run = try Tool.run(["run", "--format", format, "--acc", acc, "--quiet", "--", Self.python, Self.calls, "call", results])
    #expect(run.status == 0 && run.out.isEmpty && run.err.isEmpty, "\(run.err)")
    let check = try command([Self.python, Self.calls, "check", results, Tool.path, format, acc])
    #expect(check.status == 0 && check.text.hasPrefix("3034 of 3034"), "\(check.text)")
    // The check can fail: these are not the bits of another accumulator.
    #expect(try command([Self.python, Self.calls, "check", results, Tool.path, format, "e5m4"]).status == 1)
  }

  @Test(.enabled(if: hasNumPy, "Debian's python3-numpy is not here"))
  func withoutEmulationTheBitsAreThoseOfTheRealBLAS() throws {
    let scratch = try Scratch()
    let library = URL(fileURLWithPath: Tool.path).deletingLastPathComponent().appendingPathComponent("libfmtlabblas.so").path
    for (name, environment) in [("real", [:]), ("loaded", ["LD_PRELOAD": library])] {
      let call = try command([Self.python, Self.calls, "call", scratch.url("\(name).npz").path], through: environment)
      #expect(call.status == 0 && call.text.isEmpty, "\(call.text)")
    }
    #expect(try Data(contentsOf: scratch.url("real.npz")) == Data(contentsOf: scratch.url("loaded.npz")))
  }

  @Test(.enabled(if: hasNumPy, "Debian's python3-numpy is not here"))
  func aFitSaysWhatItsArithmeticDid() throws {
    let scratch = try Scratch()
    let script = try scratch.file("fit.py", """
      import numpy as np
      rng = np.random.default_rng(1)
      a = rng.standard_normal((1000, 20)); x = np.arange(20.0)
      b = a @ x + 0.1 * rng.standard_normal(1000)
      print(np.abs(np.linalg.solve(a.T @ a, a.T @ b) - x).max())
      """)
    let plain = try #require(Double(try command([Self.python, script]).text.trimmingCharacters(in: .whitespacesAndNewlines)))
    let report = scratch.url("report.json").path
    let run = try Tool.run(["run", "--format", "bf16", "--acc", "bf16:32,fp32", "--report", report, "--", Self.python, script])
    let error = try #require(Double(run.out.trimmingCharacters(in: .whitespacesAndNewlines)))
    #expect(run.status == 0 && plain < 0.02 && error > 2 * plain && error < 1, "\(plain), \(error)")
    let document = try JSON(parsing: String(contentsOfFile: report, encoding: .utf8))
    let rows = document["calls"]?.items ?? []
    let product = try #require(rows.first { $0["function"] == .string("dsyrk") || $0["function"] == .string("dgemm") })
    #expect(product["m"] == .number(20) && product["n"] == .number(20) && product["k"] == .number(1000) && product["nonFinite"] == .number(0))
    guard case .number(let sum)? = product["sumMax"], case .number(let total)? = product["totalMax"] else { throw CancellationError() }
    #expect(sum > 1e-6 && sum < 0.1 && total < 0.1 && document["status"] == .number(0))
  }

  @Test(.enabled(if: hasNumPy, "Debian's python3-numpy is not here"))
  func aTrainingLoopLearnsInFewBits() throws {
    let scratch = try Scratch()
    let script = try scratch.file("train.py", """
      import numpy as np
      rng = np.random.default_rng(1)
      x = rng.standard_normal((400, 16)).astype(np.float32)
      y = (x @ rng.standard_normal(16).astype(np.float32) > 0).astype(np.float32)
      w, h = 0.3 * rng.standard_normal((16, 32)).astype(np.float32), 0.3 * rng.standard_normal((32, 1)).astype(np.float32)
      for step in range(200):
          z = np.maximum(x @ w, 0)
          p = 1 / (1 + np.exp(-(z @ h)))
          d = (p - y[:, None]) / len(x)
          dh, dw = z.T @ d, x.T @ (d @ h.T * (z > 0))
          w, h = w - 2 * dw, h - 2 * dh
      print(float(((p[:, 0] > 0.5) == (y > 0.5)).mean()))
      """)
    for (format, acc, scale) in [("bf16", "fp32", "none"), ("e4m3fn", "e6m5", "tensor"), ("e4m3fn", "bf16@sr", "row")] {
      let run = try Tool.run(["run", "--format", format, "--acc", acc, "--scale", scale, "--threads", "1", "--", Self.python, script])
      let share = try #require(Double(run.out.trimmingCharacters(in: .whitespacesAndNewlines)), "\(run.err)")
      #expect(run.status == 0 && share > 0.9 && run.err.contains("sgemm") && run.err.contains("16x32x400"), "\(share) \(run.err)")
    }
  }

  @Test(.enabled(if: hasNumPy, "Debian's python3-numpy is not here"))
  func operandsAreRecorded() throws {
    let scratch = try Scratch()
    let script = try scratch.file("two.py", """
      import numpy as np
      a, b = np.arange(12, dtype=np.float32).reshape(3, 4), np.arange(8, dtype=np.float32).reshape(4, 2)
      a @ b; b.T @ a.T
      """)
    let calls = scratch.url("calls").path
    #expect(try Tool.run(["run", "--format", "e4m3", "--acc", "e6m5", "--quiet", "--record", calls, "--", Self.python, script]).status == 0)
    let names = try FileManager.default.contentsOfDirectory(atPath: calls)
    let prefix = try #require(names.first { $0.hasSuffix("-sgemm-3x2x4-A.npy") }?.replacingOccurrences(of: "A.npy", with: ""))
    #expect(names.contains { $0.hasSuffix("-sgemm-2x3x4-C.npy") })
    _ = try succeed("gemm \(calls)/\(prefix)A.npy \(calls)/\(prefix)B.npy --format e4m3 --acc e6m5 -o \(scratch.url("c.npy").path) --quiet")
    #expect(try Data(contentsOf: scratch.url("c.npy")) == Data(contentsOf: URL(fileURLWithPath: "\(calls)/\(prefix)C.npy")))
  }

  @Test(.enabled(if: hasNumPy, "Debian's python3-numpy is not here"))
  func aProgramWithItsOwnBLASIsToldSo() throws {
    let scratch = try Scratch()
    let own = scratch.url("libopenblas-own.so").path
    try FileManager.default.copyItem(atPath: URL(fileURLWithPath: "/usr/lib/x86_64-linux-gnu/libblas.so.3").resolvingSymlinksInPath().path, toPath: own)
    let script = try scratch.file("own.py", "import ctypes\nx = (ctypes.c_double * 2)(3, 4); n = ctypes.c_int(2); one = ctypes.c_int(1)\n"
      + "f = ctypes.CDLL('\(own)').ddot_; f.restype = ctypes.c_double\nprint(f(ctypes.byref(n), x, ctypes.byref(one), x, ctypes.byref(one)))")
    let run = try Tool.run(["run", "--format", "e2m1", "--acc", "e2m1", "--", Self.python, script])
    #expect(run.status == 0 && run.out == "25.0\n" && run.err.contains("no product was emulated") && run.err.contains("a BLAS of its own"), "\(run.err)")
    #expect(run.err.contains(own))
  }

  @Test(.enabled(if: Tool.isExpected("octave-cli"), "Octave is not here"))
  func octaveComputesInTheFormat() throws {
    let script = "a = reshape(0.1 * (1:12), 3, 4); b = reshape(0.3 * (1:8), 4, 2); printf('%.17g ', a * b, a' * a); x = a(:, 1:2) \\ [1; 2; 4];"
    let run = try Tool.run(["run", "--format", "e4m3", "--acc", "e6m5", "--", "/usr/bin/octave-cli", "--no-history", "--norc", "--eval", script])
    #expect(run.status == 0 && run.err.contains("dgemm") && run.err.contains("3x2x4"), "\(run.err)")
    let numbers = run.out.split(separator: " ").compactMap { Double(String($0)) }
    try #require(numbers.count == 22)
    func a(_ i: Int, _ j: Int) -> Double { 0.1 * Double(1 + i + 3 * j) }
    func b(_ i: Int, _ j: Int) -> Double { 0.3 * Double(1 + i + 4 * j) }
    for j in 0..<2 {
      for i in 0..<3 {
        let row = (0..<4).map { "\(a(i, $0))" }.joined(separator: ","), column = (0..<4).map { "\(b($0, j))" }.joined(separator: ",")
        let dot = try succeed("dot \(row) \(column) --format e4m3 --acc e6m5 --quiet --json").json()
        #expect(dot["result"] == .number(numbers[3 * j + i]), "element (\(i), \(j))")
      }
    }
  }

  @Test func statusAndOutputAreTheProgramsOwn() throws {
    func run(_ script: String) throws -> Run { try Tool.run(["run", "--format", "bf16", "--acc", "fp32", "--", "/bin/sh", "-c", script]) }
    let seven = try run("echo out; echo err >&2; exit 7")
    #expect(seven.status == 7 && seven.out == "out\n" && seven.err.hasPrefix("err\n") && seven.err.contains("no product was emulated"), "\(seven.err)")
    #expect(try run("kill -9 $$").status == 137)
    #expect(try Tool.run(["run", "--format", "bf16", "--acc", "fp32", "--quiet", "--", "/bin/true"]).err.isEmpty)
  }

  @Test func whatEndsItEndsTheProgram() throws {
    let output = try Scratch(), arguments = ["run", "--format", "bf16", "--acc", "fp32", "--quiet", "--", "/bin/sleep", "100"]
    let process = try Tool.start(arguments, environment: ["TMPDIR": output.path], output)
    for _ in 0..<1000 where try output.names.count(where: { $0.hasPrefix("fmtlab-run-") }) == 0 { usleep(5000) }
    usleep(100_000)
    kill(process.processIdentifier, SIGTERM)
    process.waitUntilExit()
    #expect(try Tool.result(of: process, arguments, output).status == 128 + SIGTERM)
    #expect(try output.names.allSatisfy { !$0.hasPrefix("fmtlab-run-") })
  }

  /// Infinity in a format without one becomes its largest number, and sums in fixed point saturate in silence: the table says so.
  @Test(.enabled(if: hasNumPy, "Debian's python3-numpy is not here"))
  func overflowIsSeen() throws {
    let scratch = try Scratch()
    let script = try scratch.file("inf.py", """
      import numpy as np
      a = np.array([[np.inf, 1], [100, 100]], np.float32)
      print((a @ np.ones((2, 3), np.float32)).tolist())
      """)
    let full = "[127.99609375, 127.99609375, 127.99609375]"
    for (format, acc, result) in [("e2m1fn", "fp32", "[[7.0, 7.0, 7.0], [12.0, 12.0, 12.0]]"), ("bf16", "q8.8", "[\(full), \(full)]")] {
      let report = scratch.url("\(format).json").path
      let run = try Tool.run(["run", "--format", format, "--acc", acc, "--report", report, "--", Self.python, script])
      #expect(run.out == result + "\n", "\(run.out)\(run.err)")
      let row = try JSON(parsing: String(contentsOfFile: report, encoding: .utf8))["calls"]?.items.first { $0["function"] == .string("sgemm") }
      #expect(row?["samples"] == .number(6) && row?["overflowed"] == .number(6) && row?["nonFinite"] == .number(0))
    }
  }

  @Test(arguments: [
    ("run --format bf16 --acc fp32", 64, "no program; give it after --"),
    ("run --format bf16 --acc fp32 -- /nowhere/program", 66, "cannot run /nowhere/program"),
    ("run --format bf16 --acc fp128 -- true", 64, "of numbers that binary64 holds"),
    ("run --format bf16 --acc fp32 --scale x -- true", 64, "use one of none, tensor, row"),
    ("run --format bf16 --acc fp32 --report /nowhere/x -- true", 66, "cannot write /nowhere/x"),
    ("run --format bf16 --acc fp32 --record /nowhere/x -- true", 66, "cannot make /nowhere/x"),
    ("run --format bf17 --acc fp32 -- true", 64, "unknown format 'bf17'"),
  ])
  func errorsSayWhatIsAllowed(_ line: String, _ status: Int32, _ words: String) throws {
    let run = try fmtlab(line)
    #expect(run.status == status && run.out.isEmpty && run.err.hasPrefix("error: ") && run.err.contains(words), "\(run.status): \(run.err)")
  }
}
