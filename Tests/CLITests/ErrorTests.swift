// SPDX-License-Identifier: Apache-2.0
// Every way to go wrong: the exit status, and an error of one or two lines that says what to do.

import Foundation
import Testing

@Suite struct ErrorTests {
  /// Runs a command that must fail: nothing on standard output, and one or two lines on standard error.
  private func fail(
    _ arguments: [String], _ status: Int32, _ words: String, input: String = "", _ location: SourceLocation = #_sourceLocation
  ) throws {
    let run = try Tool.run(arguments, input: Data(input.utf8))
    #expect(run.status == status, "\(run.command) exited with \(run.status): \(run.err)", sourceLocation: location)
    #expect(run.out.isEmpty && run.err.hasPrefix("error: ") && (1...2).contains(run.notes.count), "\(run.command): \(run.err)", sourceLocation: location)
    #expect(run.err.contains(words), "\(run.command) does not say '\(words)': \(run.err)", sourceLocation: location)
    #expect(!run.err.contains("−") && run.err.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 32 && $0.value != 127 }, sourceLocation: location)
  }

  private func fail(_ line: String, _ status: Int32, _ words: String, input: String = "", _ location: SourceLocation = #_sourceLocation) throws {
    try fail(line.split(separator: " ").map(String.init), status, words, input: input, location)
  }

  @Test(arguments: [
    ("bogus", "unknown command 'bogus'; the commands are formats, info, values, round, op, quantize, dot, gemm, analyze, worst, distribution, accumulator, expansion, bounds, train, theory, sweep, search, report, run, widths, kappa, compare, verify"),
    ("--bogus", "unknown option '--bogus'"),
    ("info", "missing expected argument '<format>'"), ("info e4m3 e5m2", "unexpected argument 'e5m2'"),
    ("round --to e4m3", "missing expected argument"), ("round 1", "'--to <format>'"), ("round --to", "missing value"),
    ("round --to e4m3 1 --json --csv", "--json and --csv exclude each other"),
    ("round --to bf61 1", "--to: unknown format 'bf61'; did you mean bf16"),
    ("info float8_e4m3fm", "unknown format 'float8_e4m3fm'; did you mean float8_e4m3fn"),
    ("round --to e16m3 1", "exponent bits 16; allowed is 1 to 15"), ("round --to q64.1 1", "width 65; allowed is 2 to 64"),
    ("round --to e4m3 --rounding foo 1", "unknown rounding 'foo'; use rne"), ("round --to e4m3 --rounding sr99 1", "allowed is 1 to 64"),
    ("round --to e4m3 --overflow foo 1", "--overflow 'foo': use one of ieee, infinity, saturate, propagate, wrap"),
    ("round --to e4m3 --overflow wrap 1", "'wrap' has no meaning in e4m3; use ieee, infinity, saturate or propagate"),
    ("round --to e2m1fn --overflow ieee 1", "use saturate"), ("round --to q8.0 --subnormals flush 1", "no subnormals to flush"),
    ("round --to e4m3 --subnormals no 1", "use keep or flush"),
    ("round --to e4m3 --seed -1 1", "--seed '-1': give a whole number from 0 to 18446744073709551615"),
    ("values fp32", "fp32 has 2^32 codes; values lists formats of at most 24 bits"),
    ("op foo --in e4m3 1 2", "unknown operation 'foo'; use one of add sub mul"), ("op add --in e4m3 1", "add takes 2 operands, not 1"),
    ("op sqrt --in e4m3 1 2", "sqrt takes 1 operand, not 2"), ("op add --in e4m3", "add takes 2 operands, not 0"),
    ("op add --in fp16 --all", "2^32 cases; --all takes at most 2^26"), ("op add --in e4m3 --all 1", "leave out 1"),
    ("op add --in e4m3 - 1", "give it alone"), ("bounds --for foo", "use dot, sum or doubleword"),
    ("theory foo", "unexpected argument 'foo'"), ("theory check sgd.noise-flor", "unknown prediction 'sgd.noise-flor'; did you mean sgd.noise-floor"),
    ("theory check qqqqqqqqqqqqqqqq", "use one of sgd.noise-floor sgd.dead-zone"), ("theory check --seed x", "--seed 'x'"),
    ("dot 1 1 --format e4m3", "'--acc <acc>'"), ("dot 1 --format e4m3 --acc e4m3", "missing expected argument '<y>'"),
    ("dot 1 1 --format fp128 --acc fp128", "exact products would have 226 bits; use a format of precision 63 or less"),
    ("dot 1 1 --format e4m3 --acc e4m3@foo", "'@foo' is neither a rounding"), ("dot 1 1 --format e4m3 --acc e4m3,fp32", "needs a count"),
    ("dot 1 1 --format e4m3 --acc e4m3:0,fp32", "COUNT from 1"), ("dot 1 1 --format e4m3 --acc e4m3:4", "has no count"),
    ("dot 1 1 --format e4m3 --acc foo/e4m3", "unknown accumulation scheme 'foo'"), ("dot 1 1 --format e4m3 --acc ()", "unknown format ''"),
    ("dot 1 1 --format e4m3 --acc e4m3 --product foo", "--product: unknown format 'foo'"),
    ("dot 1 1 --format e4m3 --acc e4m3 -o", "missing value"),
    ("analyze --format e4m3 --acc e6m5 --n 0", "--n '0': give up to 100 lengths from 1 to"), ("analyze --format e4m3 --acc e6m5 --n 1,,2", "'1,,2'"),
    ("analyze --format e4m3 --acc e6m5 --n -5", "--n '-5'"), ("analyze --format e4m3 --acc e6m5 --trials 0", "--trials '0': give a whole number from 1 to"),
    ("analyze --format e4m3 --acc e6m5 --trials 99999999999999999999", "give a whole number"),
    ("analyze --format e4m3 --acc e6m5 --confidence 1", "a number between 0 and 1"), ("analyze --format e4m3 --acc e6m5 --confidence nan", "between"),
    ("analyze --format e4m3 --acc e6m5 --target -1", "--target '-1': give a positive error ratio"),
    ("analyze --format e4m3 --acc e6m5 --data foo", "use digits, normal, uniform, lognormal, laplace, or --x FILE --y FILE"),
    ("analyze --format e4m3 --acc e6m5 --x a.npy", "--x and --y go together"),
    ("analyze --format e4m3 --acc e6m5 --x a.npy --y a.npy --data normal", "exclude each other"),
    ("analyze --format e4m3 --acc e6m5 --plot a.gif", "ends in .svg, .png or .pdf"), ("analyze --format e4m3 --acc e6m5 --plot .svg", "ends in"),
  ])
  func usageErrorHasStatus64(line: String, words: String) throws {
    try fail(line, 64, words)
  }

  @Test(arguments: [
    ("round --to e4m3 abc", "'abc' is not a number; write a decimal"), ("round --to e4m3 1e", "'1e'"), ("round --to e4m3 1.2.3", "'1.2.3'"),
    ("round --to q8.0 --overflow wrap 340282366920938463463374607431768211457", "too large to wrap exactly"),
    ("round --to e4m3 -", "standard input holds no numbers"),
    ("op add --in e4m3 1 x", "'x' is not a number"), ("op add --in e4m3 --codes 0x138 0x0", "'0x138' is not a code of e4m3; codes are hexadecimal, 0x0 to 0xff"),
    ("op add --in e4m3 --codes -0x38 0x0", "'-0x38' is not a code"), ("op add --in e4m3 --codes 0x+1 0x0", "not a code"),
    ("op add --in e4m3 -", "standard input holds no operands; give 2 a line"), ("op exp --in q64.0 --overflow wrap 100", "too large to wrap exactly"),
    ("op exp --in q8.0 --overflow wrap --all", "too large to wrap exactly"),
    ("dot 1,x 1,1 --format e4m3 --acc e4m3", "1,x, element 2: 'x' is not a number"), ("dot 1,,2 1,1,1 --format e4m3 --acc e4m3", "element 2: ''"),
    ("dot 1,2 3 --format e4m3 --acc e4m3", "1,2 has shape [2], 3 has shape [1]; give vectors of one length"),
    ("dot 1,2 3,4 --init 1,2 --format e4m3 --acc e4m3", "2 starting values for 1 dot product; give 1"),
    ("dot - 1 --format e4m3 --acc e4m3", "standard input: the text holds no numbers"),
  ])
  func badDataHaveStatus65(line: String, words: String) throws {
    try fail(line, 65, words)
  }

  @Test func lineOfBadInputIsNamed() throws {
    try fail("op add --in e4m3 -", 65, "line 3 of standard input: add takes 2 operands, not 1", input: "1 2\n\n3\n")
    try fail("op add --in e4m3 -", 65, "line 2 of standard input: 'x' is not a number", input: "1 2\n1 x\n")
    try fail("op add --in e4m3 --codes -", 65, "line 1 of standard input: 'zz' is not a code", input: "zz 0x1\n")
    try fail("dot - - --format e4m3 --acc e4m3", 64, "can be read only once", input: "1,2\n")
    try fail("dot - 1,2 --format e4m3 --acc e4m3", 65, "standard input: line 2, column 1: \"x\" is not a number", input: "1,2\nx,3\n")
  }

  @Test func badFilesHaveStatus65() throws {
    let scratch = try Scratch()
    let good = try scratch.file("good.csv", "1,2\n3,4\n")
    let files: [(name: String, data: Data, words: String)] = [
      ("empty.csv", Data(), "holds no numbers"), ("empty.npy", Data(), "do not begin with \\x93NUMPY"), ("ragged.csv", Data("1,2\n3\n".utf8), "line 2 has 1 fields"),
      ("text.csv", Data("1,2\n3,x\n".utf8), "line 2, column 2"), ("binary.csv", Data([0xff, 0xfe, 0]), "not UTF-8"), ("nul.csv", Data("1,2\n1\0,2".utf8), "not a number"),
      ("image.jpg", Data([1]), "no known extension"), ("bad.safetensors", Data([1, 2, 3]), "needs 8 bytes"),
    ]
    for (name, data, words) in files {
      let path = try scratch.file(name, data)
      try fail("dot \(path) \(good) --format e4m3 --acc e4m3", 65, words)
      try fail("analyze --x \(good) --y \(path) --format e4m3 --acc e4m3", 65, words)
    }
    for (name, text) in [("nan.csv", "1,2\n3,nan\n"), ("inf.csv", "1,2\n3,-inf\n")] {
      let path = try scratch.file(name, text)
      try fail("analyze --x \(good) --y \(path) --format e4m3 --acc e4m3", 65, "row 2, column 2 is \(name == "nan.csv" ? "NaN" : "infinite")")
    }
    let wide = try scratch.file("wide.csv", "1,2,3\n4,5,6\n")
    try fail("analyze --x \(good) --y \(wide) --format e4m3 --acc e4m3", 65, "give matrices with rows of one length")
    try fail("dot \(good) \(wide) --rows --format e4m3 --acc e4m3", 65, "give vectors of one length, and as many rows")
    for shape in ["(0, 4)", "(3, 0)", "(0,)"] {
      let path = try scratch.file("zero.npy", npy(shape))
      for option in ["", " --rows"] { try fail("dot \(path) \(path)\(option) --format e4m3 --acc e4m3", 65, "holds no numbers; give at least one") }
      try fail("analyze --x \(path) --y \(path) --format e4m3 --acc e4m3", 65, "holds no numbers")
    }
  }

  /// An empty .npy file of a shape.
  private func npy(_ shape: String) -> Data {
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': \(shape), }\n"
    return Data([0x93] + "NUMPY".utf8 + [1, 0, UInt8(header.utf8.count), 0] + header.utf8)
  }

  @Test func fileThatCannotBeReadHasStatus66() throws {
    let scratch = try Scratch()
    for name in ["no.npy", "no.csv", "nofile", "no.safetensors:x"] {
      try fail("dot \(scratch.path)/\(name) 1 --format e4m3 --acc e4m3", 66, "cannot read")
      try fail("analyze --x \(scratch.path)/\(name) --y - --format e4m3 --acc e4m3", 66, "cannot read", input: "1\n")
    }
    try fail(["dot", "", "1", "--format", "e4m3", "--acc", "e4m3"], 66, "cannot read ''")
    try fail("dot \(scratch.path) 1 --format e4m3 --acc e4m3", 66, "it is a directory")
  }

  @Test func fileThatCannotBeWrittenHasStatus66AndIsRefusedEarly() throws {
    let scratch = try Scratch()
    let file = try scratch.file("file", "")
    for directory in ["\(scratch.path)/missing", file] {
      try fail("dot 1 1 --format e4m3 --acc e4m3 -o \(directory)/a.npy", 66, "give -o a path in an existing, writable directory")
      // Long before all these trials are over.
      try fail("analyze --format e4m3 --acc e4m3 --trials 10000000 --n 100000 --plot \(directory)/a.svg", 66, "give --plot a path")
    }
    try fail("dot 1 1 --format e4m3 --acc e4m3 -o \(scratch.path)", 66, "it is a directory")
    #expect(try scratch.names == ["file"])
  }

  @Test func errorIsSafeForATerminal() throws {
    try fail(["round", "--to", "e4m3", "1\n2\n3\n\u{1b}[31m"], 65, "'1\\n2\\n3\\n")
    try fail(["round", "--to", "e4m3\u{1b}[31m\n", "1"], 64, "unknown format 'e4m3\\u{1B}[31m\\n'")
    try fail("round --to e4m3 -", 65, "is not a number", input: "1\u{0}2")
    let long = String(repeating: "x", count: 100_000)
    for arguments in [["round", "--to", long, "1"], ["round", "--to", "e4m3", long], ["dot", long, "1", "--format", "e4m3", "--acc", "e4m3"], [long], ["dot", "1", "1", "--format", "e4m3", "--acc", long]] {
      try fail(arguments, Tool.run(arguments).status, "x")
      #expect(try Tool.run(arguments).err.utf8.count < 1000)
    }
    let nested = String(repeating: "(", count: 400) + "e4m3" + String(repeating: ")", count: 400)
    try fail(["dot", "1", "1", "--format", "e4m3", "--acc", nested], 64, "nests 400 parentheses")
  }
}
