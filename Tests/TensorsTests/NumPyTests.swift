// SPDX-License-Identifier: Apache-2.0
// The same files in NumPy's hands: it writes what is read here, and reads what is written here.

import Foundation
import Tensors
import Testing

/// Python 3 with NumPy, an oracle that shares nothing with this module.
enum NumPy {
  static let isAvailable = (try? run("import numpy")) != nil

  struct Failure: Error { let output: String }

  /// What `script` prints, given `arguments` as `sys.argv[1:]`.
  @discardableResult
  static func run(_ script: String, _ arguments: String...) throws -> String {
    try runList(script, arguments)
  }

  static func runList(_ script: String, _ arguments: [String]) throws -> String {
    let (process, pipe) = (Process(), Pipe())
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-W", "ignore", "-c", script] + arguments
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failure(output: output) }
    return output
  }
}

// Continuous integration installs NumPy, so there its absence is a failure.
@Suite(.enabled(if: NumPy.isAvailable || getenv("CI") != nil, "python3 with numpy is not installed"))
struct NumPyTests {
  /// Every type, byte order, memory order, version and a range of shapes, with the values in hexadecimal beside each.
  static let writeAll = """
    import sys, itertools, numpy as np
    random = np.random.default_rng(7)
    shapes = [(), (1,), (5,), (0,), (0, 3), (3, 4), (2, 3, 4), (1, 5, 1, 2)]
    names = ['f2', 'f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'b1']
    for k, (name, end, order, version, shape) in enumerate(itertools.product(names, '<>', 'CF', (1, 2, 3), shapes)):
      raw = random.integers(0, 256, int(np.prod(shape)) * int(name[1]), dtype=np.uint8)
      if name[1] == '8' and name[0] in 'iu': raw.reshape(-1, 8)[:, [0 if end == '>' else 7, 1 if end == '>' else 6]] = 0
      if name == 'b1': raw %= 2
      a = np.frombuffer(raw.tobytes(), dtype=end + name).reshape(shape)
      a = np.array(a, order=order, dtype=a.dtype)
      with open(f'{sys.argv[1]}/{k}.npy', 'wb') as f: np.lib.format.write_array(f, a, version=(version, 0))
      with open(f'{sys.argv[1]}/{k}.txt', 'w') as f:
        print(*a.shape, file=f)
        print(*[float(v).hex() for v in a.ravel(order='C')], file=f)
    print(k + 1)
    """

  @Test func everythingNumPyWritesIsReadExactly() throws {
    try withTemporaryDirectory { directory in
      let count = try #require(Int(NumPy.run(Self.writeAll, directory).trimmingCharacters(in: .whitespacesAndNewlines)))
      #expect(count == 12 * 2 * 2 * 3 * 8)
      for k in 0..<count {
        let tensor = try Tensor.read("\(directory)/\(k).npy")
        let lines = try String(contentsOfFile: "\(directory)/\(k).txt", encoding: .utf8).components(separatedBy: "\n")
        let shape = lines[0].split(separator: " ").compactMap { Int($0) }
        let values = lines[1].split(separator: " ").compactMap { Double($0) }
        let same = tensor.elements.count == values.count
          && zip(tensor.elements, values).allSatisfy { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN }
        #expect(tensor.shape == shape && same, "array \(k) of the script")
      }
    }
  }

  @Test(arguments: Tensor.StoredType.allCases)
  func numPyReadsEverythingThatIsWritten(elementType: Tensor.StoredType) throws {
    let script = """
      import sys, numpy as np
      a = np.load(sys.argv[1])
      assert a.flags.c_contiguous
      print(a.dtype.str, list(a.shape), ' '.join(float(v).hex() for v in a.ravel()))
      """
    try withTemporaryDirectory { directory in
      var random = SplitMix64(state: 31)
      for shape in [[], [4], [0], [0, 3], [2, 3], [3, 1, 2], Array(repeating: 1, count: 30)] {
        let isFloat = elementType.rawValue.hasPrefix("f")
        let elements = (0..<shape.reduce(1, *)).map { _ in
          isFloat ? Double(Float16.random(in: -1...1, using: &random)) : Double(Int.random(in: 0...127, using: &random))
        }
        try Tensor(shape: shape, elements: elements).write(npy: "\(directory)/t.npy", elementType: elementType)
        let words = try NumPy.run(script, "\(directory)/t.npy").split(separator: "]")
        let mark = elementType.size == 1 ? "|" : "<"
        #expect(words[0] == "\(mark)\(elementType.rawValue) [\(shape.map(String.init).joined(separator: ", "))")
        let values = words[1].split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
        #expect(values.map(\.bitPattern) == elements.map(\.bitPattern))
      }
    }
  }

  @Test func aFileRewrittenByNumPyIsTheSameFile() throws {
    try withTemporaryDirectory { directory in
      let fillsTheHeader = [7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 100]
      for shape in [[], [7], [0, 3], [123_456, 0], [2, 3], fillsTheHeader] {
        let tensor = Tensor(shape: shape, elements: Array(repeating: 0.1, count: shape.reduce(1, *)))
        try tensor.write(npy: "\(directory)/ours.npy")
        let script = "import sys, numpy as np; np.save(sys.argv[2], np.load(sys.argv[1]))"
        try NumPy.run(script, "\(directory)/ours.npy", "\(directory)/numpys.npy")
        let (ours, numpys) = (URL(filePath: "\(directory)/ours.npy"), URL(filePath: "\(directory)/numpys.npy"))
        #expect(try Data(contentsOf: ours) == Data(contentsOf: numpys))
      }
    }
  }

  @Test(arguments: ["savez", "savez_compressed"])
  func archivesThatNumPyWritesAreReadExactly(function: String) throws {
    let script = """
      import sys, gzip, numpy as np
      random = np.random.default_rng(8)
      fortran = np.asfortranarray(random.standard_normal((3, 4)))
      arrays = {'a': random.standard_normal((300, 500)).astype('f4'), 'layer.0/w': fortran,
                'zero': np.array(2.5), 'empty': np.zeros((0, 3)), 'i': np.arange(70000, dtype='>i4') % 9, 'h': np.ones(5, 'f2') / 3}
      np.\(function)(sys.argv[1] + '/z.npz', **arrays)
      with gzip.open(sys.argv[1] + '/i.npy.gz', 'wb') as f: np.save(f, arrays['i'])
      for name, a in arrays.items():
        print(name, *a.shape)
        print(*[float(v).hex() for v in a.ravel(order='C')])
      """
    try withTemporaryDirectory { directory in
      let lines = try NumPy.run(script, directory).components(separatedBy: "\n")
      let sources = try TensorSource.open("\(directory)/z.npz")
      #expect(sources.count == 6)
      for (k, source) in sources.enumerated() {
        #expect([source.name] + source.shape.map(String.init) == lines[2 * k].components(separatedBy: " "))
        let values = lines[2 * k + 1].split(separator: " ").compactMap { Double($0) }
        #expect(try source.tensor().elements == values, "\(source.name)")
        #expect(source.isFortranOrder == (source.name == "layer.0/w"))
      }
      #expect(try Tensor.read("\(directory)/i.npy.gz") == Tensor.read("\(directory)/z.npz:i"))
    }
  }

  /// What NumPy reads from an archive: of each member, in order, name, type, order, shape and values.
  static let readArchive = """
    import sys, zipfile, numpy as np
    assert zipfile.ZipFile(sys.argv[1]).testzip() is None
    with np.load(sys.argv[1]) as z:
      for name in z.files:
        a = z[name]
        print(name, a.dtype.str, 'CF'[a.flags.fnc], list(a.shape), *[float(v).hex() for v in a.ravel(order='A')], sep='|')
    """

  @Test func numPyReadsTheArchivesThatAreWritten() throws {
    try withTemporaryDirectory { directory in
      var random = SplitMix64(state: 62)
      let writer = try NPZWriter("\(directory)/z.npz")
      var expected = ""
      for (name, type, fortran, shape) in [
        ("encoder.layer.0.weight", .f4, false, [20, 30]), ("f", .f8, true, [3, 4, 5]), ("zero", .f2, false, []),
        ("größe/x y", .f4, false, [0, 3]), ("i", .i2, false, [7]), ("u", .u1, true, [2, 2]),
      ] as [(String, Tensor.StoredType, Bool, [Int])] {
        let elements = (0..<shape.reduce(1, *)).map { _ in
          type.rawValue.hasPrefix("f") ? Double.random(in: -1...1, using: &random) : Double(Int.random(in: 0...127, using: &random))
        }
        let member = try writer.add(name, shape: shape, elementType: type, isFortranOrder: fortran)
        try member.write(elements)
        try member.finish()
        let script = """
          import sys, numpy as np
          print(*[float(v).hex() for v in np.array(sys.argv[2:], 'f8').astype(sys.argv[1])], sep='|')
          """
        let rounded = try NumPy.runList(script, [type.rawValue] + elements.map { "\($0)" }).dropLast()
        let mark = type.size == 1 ? "|" : "<"
        let values = elements.isEmpty ? "" : "|" + rounded
        let extents = shape.map(String.init).joined(separator: ", ")
        expected += "\(name)|\(mark)\(type.rawValue)|\(fortran ? "F" : "C")|[\(extents)]\(values)\n"
      }
      try writer.finish()
      #expect(try NumPy.run(Self.readArchive, "\(directory)/z.npz") == expected)
    }
  }

  @Test func archivesOfMoreThan65535MembersUse64BitRecords() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/z.npz"
      let writer = try NPZWriter(path)
      let count = 66_000
      for i in 0..<count {
        let member = try writer.add("\(i)", shape: [], elementType: .u1)
        try member.write([Double(i % 256)])
        try member.finish()
      }
      try writer.finish()
      let sources = try TensorSource.open(path)
      #expect(sources.count == count)
      #expect(try sources[65_999].elements(0..<1) == [Double(65_999 % 256)])
      let script = "import sys, numpy as np; z = np.load(sys.argv[1]); print(len(z.files), z['65999'])"
      #expect(try NumPy.run(script, path) == "66000 207\n")
    }
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["FMTLAB_EFFORT"] == "long", "takes 9 GB of disk; FMTLAB_EFFORT=long"))
  func archivesAboveFourGigabytesUse64BitRecords() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/z.npz"
      let writer = try NPZWriter(path)
      let large = try writer.add("large", shape: [1 << 32 + 5], elementType: .u1)
      let chunk = (0..<(1 << 20)).map { Double($0 % 251) }
      for begin in stride(from: 0, to: large.count, by: chunk.count) {
        try large.write(Array(chunk.prefix(large.count - begin)), at: begin)
      }
      try large.finish()
      let small = try writer.add("small", shape: [2])
      try small.write([1, 2])
      try small.finish()
      try writer.finish()
      #expect(try Tensor.read(path + ":small").elements == [1, 2])
      #expect(try TensorSource.open(path)[0].elements((1 << 32)..<(1 << 32 + 5)) == [0, 1, 2, 3, 4])
      let script = """
        import sys, zipfile, numpy as np
        z = zipfile.ZipFile(sys.argv[1])
        assert z.testzip() is None
        print([(i.filename, i.file_size) for i in z.infolist()], np.load(sys.argv[1])['small'])
        """
      #expect(try NumPy.run(script, path) == "[('large.npy', \(1 << 32 + 5 + 128)), ('small.npy', 136)] [1. 2.]\n")
    }
  }
}
