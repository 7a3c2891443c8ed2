// SPDX-License-Identifier: Apache-2.0
// Numbers and arrays from the command line, standard input and files, exact until their one rounding.

import FmtLab
import FoundationEssentials
import Glibc

enum Input {
  /// The minus sign that negative numbers wear while the argument parser looks at them.
  static let minus = "−"

  /// Negative numbers, alone or at the head of a list, are plain arguments: in the place of their sign stands a typographic minus,
  /// which the parser does not mistake for an option.
  static func escapingNegativeNumbers(_ arguments: [String]) -> [String] {
    arguments.map { argument in
      let bytes = argument.utf8
      guard bytes.first == UInt8(ascii: "-"), bytes.count > 1 else { return argument }
      let second = bytes[bytes.index(after: bytes.startIndex)]
      let startsNumber = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(second) || second == UInt8(ascii: ".")
      guard startsNumber || (try? Extended(text: String(argument.prefix { $0 != "," }))) != nil else { return argument }
      return minus + argument.dropFirst()
    }
  }

  /// The argument as it was typed.
  static func plain(_ argument: String) -> String { argument.hasPrefix(minus) ? "-" + argument.dropFirst() : argument }

  /// Of several tensors those that are not of integers, with a note: indices and masks are no weights, and their sizes would drown these in totals.
  static func withoutIntegers(_ sources: [TensorSource], _ output: OutputOptions) -> [TensorSource] {
    let integers = sources.count > 1 ? sources.filter(\.isInteger) : []
    guard !integers.isEmpty, integers.count < sources.count else { return sources }
    let names = integers.prefix(3).map(\.name).joined(separator: ", ") + (integers.count > 3 ? ", ..." : "")
    output.note("left out: \(integers.count) tensor\(integers.count == 1 ? "" : "s") of integers (\(names)); FILE:NAME takes one")
    return sources.filter { !$0.isInteger }
  }

  /// Numbers on the command line; `-` stands for those on standard input, separated by white space, commas or semicolons.
  static func numbers(_ arguments: [String]) throws -> [String] {
    try arguments.flatMap { argument in argument == "-" ? try lines().flatMap(fields) : [plain(argument)] }
  }

  static func fields(_ line: String) -> [String] {
    line.split { $0 == " " || $0 == "\t" || $0 == "," || $0 == ";" }.map(String.init)
  }

  /// The lines of standard input.
  static func lines() throws -> [String] {
    try standardInput().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
      String(decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line, as: UTF8.self)
    }
  }

  nonisolated(unsafe) private static var wasRead = false

  private static func standardInput() throws -> [UInt8] {
    guard !wasRead else { throw Failure.usage("standard input can be read only once; give - once.") }
    wasRead = true
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(0, &chunk, chunk.count)
      if count == 0 { return bytes }
      if count < 0 {
        if errno == EINTR { continue }
        throw Failure.file("cannot read standard input: \(Output.reason(errno)); give it numbers, or numbers as arguments.")
      }
      bytes += chunk[..<count]
    }
  }
}

/// An array whose numbers are as exact as they were written: in CSV and in arguments decimals of any length.
struct NumberArray {
  /// What to call it in messages.
  let name: String
  let shape: [Int]
  let elements: [Extended]

  /// The array that an argument means: a file, `-` for CSV on standard input, or numbers separated by commas.
  init(_ argument: String) throws {
    let text = Input.plain(argument)
    name = text == "-" ? "standard input" : text
    if text == "-" {
      (shape, elements) = try NumberArray.csv(Data(try Input.lines().joined(separator: "\n").utf8), name)
    } else if text.contains(".safetensors:") || text.contains(".npz:") || access(text, F_OK) == 0 {
      var status = stat()
      if stat(text, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
        throw Failure.file("cannot read '\(text)': it is a directory; give a file, - or numbers separated by commas.")
      }
      let tensor = try Tensor.read(text)
      let isText = [".csv", ".txt"].contains { text.lowercased().hasSuffix($0) }
      shape = tensor.shape
      elements = (isText ? try? Data(contentsOf: URL(filePath: text)) : nil).flatMap { NumberArray.exact($0, tensor) }
        ?? tensor.elements.map { Extended(Value($0)) }
    } else {
      let fields = text.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { $0 != " " } }
      guard fields.count > 1 || (try? Extended(text: fields[0])) != nil else {
        throw Failure.file("cannot read '\(text)': there is no such file; give a file, - or numbers separated by commas.")
      }
      elements = try fields.enumerated().map { i, field in
        do { return try Extended(text: field) } catch { throw Failure.badData("\(text), element \(i + 1): \(error)") }
      }
      shape = [elements.count]
    }
    guard !elements.isEmpty else { throw Failure.badData("\(name) has shape \(shape) and holds no numbers; give at least one.") }
  }

  /// The rows: of a matrix its own, otherwise all of it as one.
  var rows: [[Extended]] {
    guard shape.count == 2 else { return [elements] }
    return (0..<shape[0]).map { Array(elements[($0 * shape[1])..<(($0 + 1) * shape[1])]) }
  }

  private static func csv(_ data: Data, _ name: String) throws -> (shape: [Int], elements: [Extended]) {
    do {
      let tensor = try Tensor(csv: data)
      return (tensor.shape, exact(data, tensor) ?? tensor.elements.map { Extended(Value($0)) })
    } catch {
      throw TensorError.file(path: name, problem: error)
    }
  }

  /// The numbers of CSV text as they are written, where the tensor that was read from it has the nearest doubles; nil if the two
  /// do not have the same fields.
  private static func exact(_ data: Data, _ tensor: Tensor) -> [Extended]? {
    func trimmed(_ bytes: Substring.UTF8View) -> Substring { Substring(bytes).trimmed }
    var rows: [[Substring]] = []
    for line in Substring(String(decoding: data, as: UTF8.self)).utf8.split(separator: UInt8(ascii: "\n")) {
      let text = trimmed(line)
      if text.isEmpty || text.hasPrefix("#") { continue }
      rows.append(
        text.utf8.contains(UInt8(ascii: ","))
          ? text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map(trimmed)
          : text.split { $0 == " " || $0 == "\t" })
    }
    var count = rows.reduce(0) { $0 + $1.count }
    // The first row may name the columns.
    if let first = rows.first, count == tensor.elements.count + first.count {
      rows.removeFirst()
      count -= first.count
    }
    guard count == tensor.elements.count else { return nil }
    return zip(rows.joined(), tensor.elements).map { (try? Extended(text: String($0))) ?? Extended(Value($1)) }
  }
}

extension Substring {
  /// Without blanks, carriage returns and a byte order mark at its ends.
  fileprivate var trimmed: Substring {
    func isBlank(_ scalar: Unicode.Scalar) -> Bool { [" ", "\t", "\r", "\u{FEFF}"].contains(scalar) }
    var scalars = unicodeScalars.drop(while: isBlank)
    while let last = scalars.last, isBlank(last) { scalars.removeLast() }
    return Substring(scalars)
  }
}
