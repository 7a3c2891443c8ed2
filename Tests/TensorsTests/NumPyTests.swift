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
        let elements = (0..<shape.reduce(1, *)).map { _ in Double(Float.random(in: -1...1, using: &random)) }
        try Tensor(shape: shape, elements: elements).write(npy: "\(directory)/t.npy", elementType: elementType)
        let words = try NumPy.run(script, "\(directory)/t.npy").split(separator: "]")
        #expect(words[0] == "<\(elementType.rawValue) [\(shape.map(String.init).joined(separator: ", "))")
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
}
