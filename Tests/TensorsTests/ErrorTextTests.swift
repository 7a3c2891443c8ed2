// SPDX-License-Identifier: Apache-2.0
// What a reader of an error message learns from it.

import Tensors
import Testing

@Suite struct ErrorTextTests {
  @Test(arguments: [
    (.unreadable(path: "x.npy", reason: "it is a directory"),
         "cannot read x.npy: it is a directory; give the path of an existing, readable file"),
    (.unknownExtension(path: "x.foo"),
         "x.foo has no known extension; "
      + "use .npy, .npz, .safetensors, .csv, .txt (one tensor of several: file.safetensors:name), IDX, or .gz of .npy, .csv, IDX"),
    (.file(path: "x.csv", problem: .notANumber(line: 3, column: 2, field: "1.O\u{1b}[")),
         "x.csv: line 3, column 2: \"1.O\\u{1B}[\" is not a number; "
      + "use decimal, scientific or C99 hex notation, inf or nan, separated by commas, tabs or spaces"),
    (.unsupportedType(name: "|O", supported: ["f4", "f8"]), "element type \"|O\" is not supported; convert to one of f4 f8"),
    (.unsupportedType(name: "[['a', '<f4']]", supported: ["f4"]),
         "element type \"[['a', '<f4']]\" is not supported; convert to one of f4"),
    (.badShape([-1, 2]),
         "the shape (-1, 2) is not usable; give at most 64 extents, none negative, with a product below 2^63"),
    (.unknownTensor(name: "wieght", nearest: "weight", available: ["weight", "bias"]),
         "there is no tensor \"wieght\"; did you mean \"weight\"? choose with file:name one of \"weight\", \"bias\""),
    (.nameNeeded(available: ["a", "b", "c", "d", "e", "f", "g"]),
         "no tensor is named, and the file does not hold exactly one; "
      + "choose with file:name one of \"a\", \"b\", \"c\", \"d\", \"e\" and 2 more"),
    (.nameNeeded(available: []),
         "no tensor is named, and the file does not hold exactly one; the file holds no tensors, so give another file"),
  ] as [(TensorError, String)])
  func theTextSaysWhatToDo(error: TensorError, text: String) {
    #expect(error.description == text)
  }

  @Test func hostileTextStaysShortAndOnOneLine() {
    let long = String(repeating: "\n\u{7}x", count: 100_000)
    let errors: [TensorError] = [
      .notANumber(line: 1, column: 1, field: long), .unsupportedType(name: long, supported: []),
      .unknownTensor(name: long, nearest: long, available: Array(repeating: long, count: 100)),
      .badShape(Array(repeating: 1, count: 100_000)), .badOffsets(tensor: long, begin: 0, end: 0, expectedBegin: 0),
    ]
    for error in errors {
      #expect(error.description.count < 3000)
      #expect(!error.description.contains { $0.isNewline })
    }
  }
}
