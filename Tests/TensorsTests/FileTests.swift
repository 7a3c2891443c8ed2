// SPDX-License-Identifier: Apache-2.0
// Paths: which reader they choose, what is missing, and files written whole or not at all.

import Foundation
import Tensors
import Testing

@Suite struct FileTests {
  let tensor = Tensor(shape: [2, 2], elements: [1, 2, 3, 4])
  let two = safetensorsFile(#"""
    {"a": {"dtype": "U8", "shape": [], "data_offsets": [0, 1]},
         "x.safetensors:b": {"dtype": "U8", "shape": [], "data_offsets": [1, 2]}}
    """#, [7, 8])
  let one = safetensorsFile(#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, [7, 8])

  @Test func theExtensionChoosesTheReader() throws {
    try withTemporaryDirectory { directory in
      try tensor.write(npy: "\(directory)/t.v1.npy")
      try tensor.npy().write(to: URL(filePath: "\(directory)/t.NPY"))
      for name in ["t.csv", "t.txt", "a b%20?#é.csv"] {
        try Data("1,2\n3,4".utf8).write(to: URL(filePath: "\(directory)/\(name)"))
      }
      for name in ["t.v1.npy", "t.NPY", "t.csv", "t.txt", "a b%20?#é.csv"] {
        #expect(try Tensor.read("\(directory)/\(name)") == tensor)
      }
      #expect(try Tensor.read(npy: "\(directory)/t.NPY") == tensor)
      #expect(try Tensor.read(csv: "\(directory)/t.txt") == tensor)
    }
  }

  @Test func aTensorNameFollowsTheLastSafetensorsColon() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/m.safetensors"
      try one.write(to: URL(filePath: path))
      #expect(try Tensor.read(path).elements == [7, 8])
      #expect(try Tensor.read(path + ":a").elements == [7, 8])
      try two.write(to: URL(filePath: path))
      #expect(try Tensor.read(path + ":a").elements == [7])
      #expect(try Safetensors(path: path).tensor("x.safetensors:b").elements == [8])

      let odd = "\(directory)/x.safetensors:y.safetensors"
      try two.write(to: URL(filePath: odd))
      #expect(try Tensor.read(odd + ":a").elements == [7])

      let names = ["a", "x.safetensors:b"]
      #expect(throws: TensorError.file(path: path, problem: .nameNeeded(available: names))) { try Tensor.read(path) }
      #expect(throws: TensorError.file(path: path, problem: .unknownTensor(name: "", nearest: nil, available: names))) {
        try Tensor.read(path + ":")
      }
    }
  }

  @Test(arguments: ["", "-", "npy", "a", "a.", "a.foo", "a.npy/b", "a.npz.gz", "a.gz", "dir.csv/a"])
  func otherExtensionsAreRefused(path: String) {
    #expect(throws: TensorError.unknownExtension(path: path)) { try Tensor.read(path) }
  }

  @Test func missingFilesAreUnreadable() throws {
    try withTemporaryDirectory { directory in
      for name in ["n.npy", "n.csv", "n.safetensors", "n.safetensors:a", "none/n.txt"] {
        let path = "\(directory)/\(name)"
        let file = path.hasSuffix(":a") ? String(path.dropLast(2)) : path
        let error = TensorError.unreadable(path: file, reason: "there is no such file or directory")
        #expect(throws: error) { try Tensor.read(path) }
      }
      try FileManager.default.createDirectory(atPath: "\(directory)/d.npy", withIntermediateDirectories: false)
      #expect(throws: TensorError.unreadable(path: "\(directory)/d.npy", reason: "it is a directory")) {
        try Tensor.read("\(directory)/d.npy")
      }
    }
  }

  @Test func badDataNameTheirFile() throws {
    try withTemporaryDirectory { directory in
      for (name, problem) in [
        ("e.npy", TensorError.notNPY), ("e.csv", .noNumbers),
        ("e.safetensors", .truncated(part: "header length", needed: 8, present: 0)),
      ] {
        let path = "\(directory)/\(name)"
        try Data().write(to: URL(filePath: path))
        #expect(throws: TensorError.file(path: path, problem: problem)) { try Tensor.read(path) }
      }
    }
  }

  @Test func aFileIsWrittenWholeOrNotAtAll() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/t.npy"
      try tensor.write(npy: path)
      let before = try Data(contentsOf: URL(filePath: path))

      let fine = Tensor(shape: [1], elements: [0.1])
      #expect(throws: TensorError.inexactElement(position: 0, value: 0.1, type: "f4")) { try fine.write(npy: path, elementType: .f4) }
      #expect(try Data(contentsOf: URL(filePath: path)) == before)

      // Renaming onto a directory fails after the temporary file has been written.
      try FileManager.default.createDirectory(atPath: "\(directory)/d", withIntermediateDirectories: false)
      #expect(throws: TensorError.self) { try tensor.write(npy: "\(directory)/d") }
      #expect(throws: TensorError.unwritable(path: "\(directory)/no/t.npy", reason: "there is no such file or directory")) {
        try tensor.write(npy: "\(directory)/no/t.npy")
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == ["d", "t.npy"])

      // Another link to the old file still holds the old bytes: the new file took its name, not its place.
      try FileManager.default.linkItem(atPath: path, toPath: "\(directory)/old.npy")
      try fine.write(npy: path)
      #expect(try Tensor.read(path) == fine)
      #expect(try Tensor.read("\(directory)/old.npy") == tensor)
    }
  }

  @Test func aLinkIsFollowed() throws {
    try withTemporaryDirectory { directory in
      let (link, real) = ("\(directory)/link.npy", "\(directory)/real.npy")
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: real)
      for elements in [[1.0], [2.0]] {
        try Tensor(shape: [1], elements: elements).write(npy: link)
        #expect(try Tensor.read(real).elements == elements)
      }
    }
  }
}
