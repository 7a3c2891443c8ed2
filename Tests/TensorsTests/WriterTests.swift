// SPDX-License-Identifier: Apache-2.0
// Arrays written in pieces: rounded once, whole or not at all, in any order, and in archives that unpack safely.

import Foundation
import Tensors
import Testing

@Suite struct WriterTests {
  func contents(_ directory: String) throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: directory).sorted() }

  @Test(arguments: Tensor.StoredType.allCases, [false, true])
  func piecesMakeTheFileThatNumPyWouldWrite(type: Tensor.StoredType, fortran: Bool) throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/x.npy"
      let elements = (0..<12).map(Double.init)
      let writer = try NPYWriter(path, shape: [3, 4], elementType: type, isFortranOrder: fortran)
      try writer.write(Array(elements[7..<12]), at: 7)
      try writer.write(Array(elements[0..<3]))
      try writer.write([])
      try writer.write(Array(elements[3..<7]))
      #expect(try contents(directory).filter { !$0.hasPrefix(".") } == [])
      try writer.finish()
      #expect(try contents(directory) == ["x.npy"])
      let source = try TensorSource.open(path)[0]
      #expect(try source.elements(0..<12) == elements)
      #expect(source.shape == [3, 4] && source.isFortranOrder == fortran && source.bytesPerElement == type.size)
      if !fortran {
        #expect(try Data(contentsOf: URL(filePath: path)) == Tensor(shape: [3, 4], elements: elements).npy(elementType: type))
      }
    }
  }

  /// Midpoints of neighbouring numbers of the type, and the doubles on either side.
  @Test(arguments: [(.f4, 24, -149), (.f2, 11, -24)] as [(Tensor.StoredType, Int, Int)])
  func roundingIsToNearestEven(type: Tensor.StoredType, precision: Int, minExponent: Int) throws {
    func power(_ e: Int) -> Double { Double(sign: .plus, exponent: e, significand: 1) }
    let ulp = power(1 - precision)
    let tiny = power(minExponent)
    let cases: [(Double, Double)] = [
      (1 + ulp / 2, 1), ((1 + ulp / 2).nextUp, 1 + ulp), ((1 + ulp / 2).nextDown, 1), (1 + 1.5 * ulp, 1 + 2 * ulp),
      (-1 - 1.5 * ulp, -1 - 2 * ulp), (tiny / 2, 0), ((tiny / 2).nextUp, tiny), (1.5 * tiny, 2 * tiny), (2.5 * tiny, 2 * tiny),
      (-tiny / 4, -0.0), (.infinity, .infinity), (0x1p1000, .infinity), (-0.0, -0.0),
    ]
    try withTemporaryDirectory { directory in
      let writer = try NPYWriter("\(directory)/x.npy", shape: [cases.count + 1], elementType: type)
      try writer.write(cases.map(\.0) + [.nan])
      try writer.finish()
      let tensor = try Tensor.read("\(directory)/x.npy")
      #expect(tensor.bits.dropLast() == cases.map(\.1.bitPattern)[...])
      #expect(tensor.elements.last?.isNaN == true)
    }
  }

  @Test(arguments: [
    (.u1, -1), (.u1, 256), (.i1, 128), (.i2, 0.5), (.i4, .nan), (.i8, 0x1p63), (.u8, -0x1p-1074), (.u8, .infinity),
  ] as [(Tensor.StoredType, Double)])
  func integerTypesTakeIntegersOnly(type: Tensor.StoredType, value: Double) throws {
    try withTemporaryDirectory { directory in
      let writer = try NPYWriter("\(directory)/x.npy", shape: [4], elementType: type)
      let error = #expect(throws: TensorError.self) { try writer.write([1, 2, value], at: 1) }
      guard case .inexactElement(3, let given, type.rawValue) = error else { Issue.record("\(String(describing: error))"); return }
      #expect(given.bitPattern == value.bitPattern)
    }
  }

  @Test func damagedMembersAreNoticed() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/x.npz"
      let npz = try NPZWriter(path)
      let npy = try npz.add("a", shape: [3])
      try npy.write([1, 2, 3])
      try npy.finish()
      try npz.finish()
      var bytes = try Data(contentsOf: URL(filePath: path))
      // A byte of the numbers, which stand after a header of 128 bytes.
      let header = try #require(bytes.range(of: Data("NUMPY".utf8))).lowerBound - 1
      bytes[header + 128 + 2] ^= 0x40
      try bytes.write(to: URL(filePath: path))
      let error = #expect(throws: TensorError.self) { try TensorSource.open(path) }
      #expect("\(try #require(error))".contains("checksum of 'a'"))
    }
  }

  @Test func anUnfinishedFileLeavesNothing() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/x.npy"
      try Data("old".utf8).write(to: URL(filePath: path))
      do {
        let (npy, npz) = (try NPYWriter(path, shape: [2]), try NPZWriter(path + "z"))
        try npy.write([1])
        try npz.add("a", shape: []).write([1])
        #expect(try contents(directory).filter { !$0.hasPrefix(".") } == ["x.npy"])
      }
      #expect(try contents(directory) == ["x.npy"])
      #expect(try Data(contentsOf: URL(filePath: path)) == Data("old".utf8))
      #expect(throws: TensorError.unwritable(path: directory, reason: "it is a directory")) { try NPYWriter(directory, shape: []) }
      #expect(throws: TensorError.unwritable(path: "\(path)/y", reason: "a part of the path is not a directory")) {
        try NPZWriter("\(path)/y")
      }
    }
  }

  @Test func theFileKeepsItsPermissions() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/x.npy"
      for mode: mode_t in [0o600, 0o644] {
        try Data().write(to: URL(filePath: path))
        chmod(path, mode)
        try Tensor(shape: [], elements: [1]).write(npy: path)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == mode)
      }
    }
  }

  @Test func devicesAndPipesReceiveTheBytes() throws {
    try withTemporaryDirectory { directory in
      let writer = try NPZWriter("/dev/null")
      try writer.add("a", shape: [0]).finish()
      try writer.finish()
      #expect(access("/dev/null", W_OK) == 0)

      let path = "\(directory)/pipe"
      #expect(mkfifo(path, 0o600) == 0)
      let reader = open(path, O_RDONLY | O_NONBLOCK)
      defer { close(reader) }
      let tensor = Tensor(shape: [2], elements: [1, 2])
      try tensor.write(npy: path)
      var bytes = [UInt8](repeating: 0, count: 1000)
      let count = read(reader, &bytes, bytes.count)
      #expect(try Tensor(npy: Data(bytes.prefix(max(count, 0)))) == tensor)
      #expect(try contents(directory) == ["pipe"])
    }
  }

  @Test func theSameArchiveComesFromEveryOrderAndThread() async throws {
    let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var random = SplitMix64(state: 61)
    let elements = (0..<100_000).map { _ in Double.random(in: -1...1, using: &random) }

    let serial = try NPZWriter("\(directory)/serial.npz")
    for name in ["encoder.layer.0.weight", "größe"] {
      let member = try serial.add(name, shape: [100, 1000])
      try member.write(elements)
      try member.finish()
    }
    try serial.finish()

    let parallel = try NPZWriter("\(directory)/parallel.npz")
    let members = [try parallel.add("encoder.layer.0.weight", shape: [100, 1000]), try parallel.add("größe", shape: [100, 1000])]
    try await withThrowingTaskGroup(of: Void.self) { group in
      for i in 0..<200 {
        group.addTask { try members[i % 2].write(Array(elements[(i / 2 * 1000)..<(i / 2 * 1000 + 1000)]), at: i / 2 * 1000) }
      }
      try await group.waitForAll()
    }
    for member in members.reversed() { try member.finish() }
    try parallel.finish()

    let files = try ["serial", "parallel"].map { try Data(contentsOf: URL(filePath: "\(directory)/\($0).npz")) }
    #expect(files[0] == files[1])
    #expect(try TensorSource.open("\(directory)/serial.npz").map(\.name) == ["encoder.layer.0.weight", "größe"])
    #expect(try Tensor.read("\(directory)/serial.npz:größe").elements == elements.map { Double(Float($0)) })
  }

  @Test func anArchiveIsThatOfItsDefinition() throws {
    try withTemporaryDirectory { directory in
      let writer = try NPZWriter("\(directory)/x.npz")
      let tensors = [Tensor(shape: [2], elements: [1, 2]), Tensor(shape: [], elements: [3])]
      for (name, tensor) in zip(["a/b", "c"], tensors) {
        let member = try writer.add(name, shape: tensor.shape, elementType: .f8)
        try member.write(tensor.elements)
        try member.finish()
      }
      try writer.finish()
      var expected = zipFile(try zip(["a/b.npy", "c.npy"], tensors).map { ($0, try $1.npy()) }, flags: 1 << 11)
      // The permissions are the only difference: read and written by their owner, read by everyone.
      for entry in expected.ranges(of: [0x50, 0x4b, 1, 2]).map(\.lowerBound) {
        expected.replaceSubrange((entry + 38)..<(entry + 42), with: littleEndian(UInt32(0o100644 << 16)))
      }
      #expect(try Data(contentsOf: URL(filePath: "\(directory)/x.npz")) == expected)
    }
  }

  @Test(arguments: [
    "", "/a", "a//b", "a/", ".", "..", "../a", "a/../b", "a\\b", "C:a", "a\0", "a\n", "taken", String(repeating: "x", count: 1001),
  ])
  func namesThatWouldUnpackElsewhereAreRefused(name: String) throws {
    let writer = try NPZWriter("/dev/null")
    _ = try writer.add("taken", shape: [])
    let error = #expect(throws: TensorError.self) { try writer.add(name, shape: []) }
    guard case .badName(name, _) = error else { Issue.record("\(String(describing: error))"); return }
  }

  @Test(arguments: [[0, 1], [0, 2, 1, 3], [0, 2, 0, 2, 2, 3], [1, 3]])
  func gapsAndOverlapsAreACallersMistake(bounds: [Int]) async {
    await #expect(processExitsWith: .failure) { [bounds] in
      let writer = try NPYWriter("/dev/null", shape: [3])
      for i in stride(from: 0, to: bounds.count, by: 2) {
        try writer.write(Array(repeating: 1, count: bounds[i + 1] - bounds[i]), at: bounds[i])
      }
      try writer.finish()
    }
  }
}
