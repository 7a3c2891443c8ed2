// SPDX-License-Identifier: Apache-2.0
// No format, accumulator or number that the command line accepts is more than the library takes: exit 70 never happens.

import Testing

@Suite struct OddFormatTests {
  static let formats = [
    "e4m3", "fp64", "fp128", "e15m112", "e15m62", "e15m0", "e2m0", "e1m0", "e1m1", "e1m2b32767", "e15m0b32767", "e15m3b0", "e8m0fnu", "e4m3u",
    "e4m3fnuz", "e2m1fn", "e3m0fn", "e4m3:nosub", "q64.0", "q1.63", "q2.0", "uq64.0", "uq0.64", "uq1.0", "uq4.4", "e15m112fnuz", "e15m50u",
  ]
  static let accumulators = formats + [
    "e6m5@flush", "e6m5@sr1", "fp128@sr", "q8.13@wrap", "uq4.4@wrap@rd", "q1.63@wrap@sr", "pairwise/e4m3", "pairwise3/uq1.0", "e1m0:1,e8m0fnu",
    "fp128:2,e1m0", "e4m3@saturate@ru", "e5m2@infinity@rz", "e2m1fn@ro", "e8m0fnu@sr:2,fp32",
  ]

  /// The status and, if it is 0, a document; whatever else comes is a bug.
  private func check(_ line: String, input: String? = nil) throws {
    let run = try fmtlab(line + " --json --quiet", input: input)
    #expect([0, 64].contains(run.status), "\(run.command) exited with \(run.status): \(run.err)")
    if run.status == 0 { _ = try run.json() } else { #expect(run.notes.count <= 2 && run.out.isEmpty) }
  }

  @Test(arguments: formats)
  func roundTakesEveryFormat(format: String) throws {
    for (mode, overflow) in [("rne", "ieee"), ("ru", "saturate"), ("ro", "wrap"), ("sr3", "infinity"), ("rd", "wrap"), ("sr", "saturate")] {
      // A residue needs all bits of the number.
      let largest = overflow == "wrap" ? "-1e25" : "-1e400"
      let numbers = "0 -0 1 -1 inf -inf nan 1e-400 \(largest) 0x1.8p-16494 -0x1.fffp16383 2.5"
      try check("round --to \(format) --rounding \(mode) --overflow \(overflow) \(numbers)")
    }
    try check("info \(format)")
    try check("values \(format)")
  }

  @Test(arguments: formats)
  func operationsTakeEveryFormat(format: String) throws {
    let operands = [["1e9999", "-1e-9999", "3"], ["-0", "0.7", "-inf"], ["1e-4900", "-1e4900", "nan"], ["0x1p-16494", "0x1p-16494", "-1"]]
    for operation in ["add", "sub", "mul", "div", "sqrt", "fma", "exp", "exp2", "log", "log2", "tanh", "sigmoid", "gelu", "swish", "erf"] {
      let arity = ["add": 2, "sub": 2, "mul": 2, "div": 2, "fma": 3][operation] ?? 1
      let input = operands.map { $0.prefix(arity).joined(separator: " ") }.joined(separator: "\n")
      try check("op \(operation) --in \(format) -", input: input)
    }
    try check("op add --in \(format) --to e3m2 1 1 --rounding rd")
    try check("op mul --in e3m2 --to \(format) 0.3 -3 --rounding ru --subnormals flush")
  }

  @Test(arguments: formats)
  func expansionsTakeEveryFormat(format: String) throws {
    for mode in ["rne", "ru"] {
      for operation in ["hold 0.1", "add 1 -1e300", "sub 1e-300 0x1p-16494", "mul 3 0.7", "div 2 1", "sqrt 2", "scale 7 0.3", "compare 1 -1"] {
        try check("expansion eval \(operation) --format \(format) --rounding \(mode) --terms 3")
      }
    }
    try check("expansion eval mul 0.3 0.7 --format \(format) --terms 16 --full")
    for algorithm in ["twosum", "split", "dekker", "dwplusfp"] { try check("expansion check \(algorithm) --format \(format)") }
    if format == "e15m3b0" { try check("expansion truth --format \(format),e2m1fn") }
  }

  @Test(arguments: accumulators)
  func dotTakesEveryAccumulator(acc: String) throws {
    for format in ["fp64", "e15m62", "e8m0fnu", "q64.0", "e1m0"] {
      try check("dot 1,-2,0,0x1p-70000,1e9999 3,0.3,-7,1e9999,-0x1p-70000 --format \(format) --acc \(acc) --init -1")
      try check("dot -0 0 --format \(format) --acc \(acc) --product e8m0fnu")
      try check("dot inf,1 0,-inf --format \(format) --acc \(acc) --product fused --init nan")
    }
  }

  @Test(arguments: accumulators)
  func analyzeTakesEveryAccumulator(acc: String) throws {
    for format in ["e4m3", "fp64", "e15m62", "e8m0fnu", "uq4.4", "e1m0", "e1m2b32767"] {
      try check("analyze --format \(format) --acc \(acc) --n 1,5 --trials 2")
    }
    try check("analyze --format e3m2fn --acc \(acc) --n 1 --trials 1 --data lognormal --product q4.4@wrap")
  }
}
