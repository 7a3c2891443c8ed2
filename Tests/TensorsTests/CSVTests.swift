// SPDX-License-Identifier: Apache-2.0
// Numbers from text: what is accepted, what it means, and where the text is wrong.

import Foundation
import Tensors
import Testing

@Suite struct CSVTests {
  func read(_ text: String) throws -> Tensor { try Tensor(csv: Data(text.utf8)) }

  @Test(arguments: [
    "1,2,3\n4,5,6\n", "1,2,3\n4,5,6", "1\t2\t3\n4\t5\t6\n", "1 2 3\n4  5 \t6\n", "  1 , 2,\t3 \r\n4,5,6\r\n",
    "\n# six numbers\n\n1,2,3\n  # more\n4 5 6\n\n", "x,y,z\n1,2,3\n4,5,6\n", "#x,y,z\n\"x\" \"y\"\n1,2,3\n4,5,6\n",
    "\u{FEFF}1,2,3\n4,5,6\n", "\u{FEFF}a\n1,2,3\n4,5,6\n", ",1,2\n1,2,3\n4,5,6\n",
  ])
  func rowsOfNumbersHaveRankTwo(text: String) throws {
    #expect(try read(text) == Tensor(shape: [2, 3], elements: [1, 2, 3, 4, 5, 6]))
  }

  @Test(arguments: ["1,2,3", "1\n2\n3\n", "x\n1\n2\n3", "1 2 3\n", "a,b,c\n1,2,3"])
  func oneRowOrOneColumnHasRankOne(text: String) throws {
    #expect(try read(text) == Tensor(shape: [3], elements: [1, 2, 3]))
  }

  @Test func oneNumberIsAVector() throws {
    #expect(try read("42") == Tensor(shape: [1], elements: [42]))
  }

  @Test func notationsHaveTheirValues() throws {
    let tensor = try read("+1 -2.5 .5 5. 1e3 1E-3 0x1.8p-3 -0X1P+4 0x10 inf -Infinity -0")
    let expected = [1, -2.5, 0.5, 5, 1000, 0.001, 0.1875, -16, 16, .infinity, -.infinity, -0.0]
    #expect(tensor.bits == expected.map(\.bitPattern))
    #expect(try read("nan,NaN,-nan").elements.allSatisfy(\.isNaN))
  }

  @Test func decimalsOfAnyLengthRoundOnce() throws {
    // Half an ulp above 1, exactly, and then with the smallest excess.
    let half = "1.00000000000000011102230246251565404236316680908203125"
    #expect(try read(half).elements == [1])
    #expect(try read(half + String(repeating: "0", count: 100_000) + "1").elements == [0x1.0000000000001p0])
    #expect(try read("0x1.00000000000008p0 0x1.000000000000080001p0").elements == [1, 0x1.0000000000001p0])
    #expect(try read("2.4703282292062327e-324 2.4703282292062328e-324").elements == [0, 0x1p-1074])
    #expect(try read("1.7976931348623158e308 1e400 1e-400").elements == [.greatestFiniteMagnitude, .infinity, 0])
  }

  @Test func everyBinary64NumberSurvivesAsText() throws {
    var random = SplitMix64(state: 21)
    let numbers = (0..<20_000).map { _ in Double(bitPattern: random.next()) }.filter { !$0.isNaN }
    #expect(try read(numbers.map { "\($0)" }.joined(separator: "\n")).bits == numbers.map(\.bitPattern))
  }

  @Test(arguments: [
    ("1,2\n3,x\n", 2, 2, "x"), ("1,2\n\n# c\nx,3\n", 4, 1, "x"), ("1,,2", 1, 2, ""), ("1,2,\n", 1, 3, ""),
    ("h\nk\n1\n", 2, 1, "k"), ("1 2,3", 1, 1, "1 2"), ("1\r2\r3", 1, 1, "1\r2\r3"), ("1;2", 1, 1, "1;2"),
    ("1\n1_000", 2, 1, "1_000"), ("1\n0x", 2, 1, "0x"), ("1\n1e", 2, 1, "1e"), ("1\n--1", 2, 1, "--1"),
    ("1\n2\0", 2, 1, "2\0"), ("1,2\0,3", 1, 2, "2\0"), ("1\n1d5", 2, 1, "1d5"), ("1 2 # two", 1, 3, "#"),
    ("1\n\u{661}", 2, 1, "\u{661}"), ("1\n\u{FEFF}2", 2, 1, "\u{FEFF}2"),
  ])
  func aFieldThatIsNoNumberIsLocated(text: String, line: Int, column: Int, field: String) {
    // A first line may name columns, so the text is put below a line of numbers where its own first field is none.
    let isHeader = line == 1 && column == 1
    let error = TensorError.notANumber(line: isHeader ? 2 : line, column: column, field: field)
    #expect(throws: error) { try read(isHeader ? "1\n" + text : text) }
  }

  @Test(arguments: [("1,2\n3\n", 2, 1, 2), ("1\n2 3", 2, 2, 1), ("a,b\n1,2\n\n3,4,5\n", 4, 3, 2)])
  func raggedRowsAreLocated(text: String, line: Int, fields: Int, expected: Int) {
    #expect(throws: TensorError.ragged(line: line, fields: fields, expected: expected)) { try read(text) }
  }

  @Test(arguments: ["", "\n\n", "# only\n", "names,of,columns\n", "\u{FEFF}", " \t\r\n"])
  func textWithoutNumbersIsRefused(text: String) {
    #expect(throws: TensorError.noNumbers) { try read(text) }
  }

  @Test(arguments: [
    ([0x31, 0xff], 1), (Array("1\n2\n".utf8) + [0xc0, 0x80], 3),
    (Array("é\n1\n".utf8) + [0xed, 0xa0, 0x80], 3), ([0xe2, 0x82], 1),
  ] as [([UInt8], Int)])
  func bytesThatAreNotUTF8AreLocated(bytes: [UInt8], line: Int) {
    #expect(throws: TensorError.notUTF8(line: line)) { try Tensor(csv: Data(bytes)) }
  }

  @Test func aSliceOfDataIsReadFromItsOwnStart() throws {
    #expect(try Tensor(csv: Data("xx1,2".utf8).dropFirst(2)).elements == [1, 2])
  }
}
