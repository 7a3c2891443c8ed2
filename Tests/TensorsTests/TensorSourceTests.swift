// SPDX-License-Identifier: Apache-2.0
// Tensors read in pieces: the same numbers from every format, in every order, on every thread.

import Foundation
import Tensors
import Testing

@Suite struct TensorSourceTests {
  let npy = npyFile(npyHeader("<i2", "(2, 3)"), (1...6).flatMap { littleEndian(Int16($0)) })
  let idx = idxFile(0x0b, [2, 3], [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6])
  let matrix = Tensor(shape: [2, 3], elements: [1, 2, 3, 4, 5, 6])

  @Test func everyFormatGivesTheSameTensor() throws {
    try withTemporaryDirectory { directory in
      let csv = Data("1,2,3\n4,5,6\n".utf8)
      let header = #"{"m":{"dtype":"U8","shape":[2,3],"data_offsets":[0,6]}}"#
      let files = [
        ("m.npy", npy, "m", "<i2", 2), ("m.v2.npy.gz", gzipFile(npy), "m", "<i2", 2), ("m.csv", csv, "m", "text", 8),
        ("m.csv.gz", gzipFile(csv), "m", "text", 8), ("m.idx", idx, "m", "short", 2),
        ("m-idx2-short", idx, "m-idx2-short", "short", 2), ("m.idx2-short", idx, "m", "short", 2),
        ("m-idx2-short.gz", gzipFile(idx), "m-idx2-short", "short", 2), ("m.idx.GZ", gzipFile(idx), "m", "short", 2),
        ("z.npz", zipFile([("m.npy", npy)]), "m", "<i2", 2), ("z.npz:m", zipFile([("m.npy", npy)]), "m", "<i2", 2),
        ("s.safetensors", safetensorsFile(header, Array(1...6)), "m", "U8", 1),
      ]
      for (file, data, name, elementName, size) in files {
        let path = "\(directory)/\(file)"
        try write(data, to: path.replacing(".npz:m", with: ".npz"))
        let sources = try TensorSource.open(path)
        try #require(sources.count == 1)
        let source = sources[0]
        #expect(source.name == name && source.elementName == elementName && source.bytesPerElement == size, "\(file)")
        #expect(source.shape == [2, 3] && source.count == 6 && !source.isFortranOrder)
        #expect(try source.tensor() == matrix)
        #expect(try Tensor.read(path) == matrix)
        #expect(try source.elements(2..<5) == [3, 4, 5])
        #expect(try source.elements(6..<6) == [])
      }
    }
  }

  @Test func elementsComeInTheOrderInWhichTheyAreStored() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/f.npy"
      try write(npyFile(npyHeader("|u1", "(2, 3)", fortran: true), [1, 4, 2, 5, 3, 6]), to: path)
      let source = try TensorSource.open(path)[0]
      #expect(source.isFortranOrder)
      #expect(try source.elements(0..<6) == [1, 4, 2, 5, 3, 6])
      #expect(try source.tensor() == matrix)
    }
  }

  @Test(arguments: [
    (0x08, "00 ff", [0, 255]), (0x09, "7f 80", [127, -128]), (0x0b, "7fff 8000", [32767, -32768]),
    (0x0c, "7fffffff 80000000", [0x1.fffffffcp30, -0x1p31]), (0x0d, "3f800000 80000001", [1, -0x1p-149]),
    (0x0e, "3ff0000000000001 ffefffffffffffff", [0x1.0000000000001p0, -0x1.fffffffffffffp1023]),
  ] as [(UInt8, String, [Double])])
  func everyTypeOfIDXReadsExactly(code: UInt8, words: String, numbers: [Double]) throws {
    try withTemporaryDirectory { directory in
      try write(idxFile(code, [2], hex(words)), to: "\(directory)/x.idx")
      #expect(try Tensor.read("\(directory)/x.idx").bits == numbers.map(\.bitPattern))
    }
  }

  @Test func rangesAndThreadsGiveTheSameNumbers() async throws {
    // More than one chunk of the reader, with a remainder, in each size of word.
    let count = 1 << 17 + 7
    var random = SplitMix64(state: 41)
    let bytes = (0..<count).flatMap { _ in littleEndian(random.next()) }
    for (type, size) in [("<u1", 1), ("<f2", 2), (">f2", 2), ("<f4", 4), (">i4", 4), ("<f8", 8), (">f8", 8)] {
      let file = npyFile(npyHeader(type, "(\(count),)"), Array(bytes.prefix(count * size)))
      let whole = try Tensor(npy: file).bits
      let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).npy").path
      try write(file, to: path)
      defer { try? FileManager.default.removeItem(atPath: path) }
      let source = try TensorSource.open(path)[0]
      var cuts = [0, 1, count]
      for _ in 0..<20 { cuts.append(Int.random(in: 0...count, using: &random)) }
      cuts.sort()
      let pieces = try await withThrowingTaskGroup(of: (Int, [UInt64]).self) { group in
        for (a, b) in zip(cuts, cuts.dropFirst()) {
          group.addTask { (a, try source.elements(a..<b).map(\.bitPattern)) }
        }
        return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }
      }
      let joined = pieces.flatMap { $0.1 }
      #expect(joined.count == count)
      #expect(zip(joined, whole).allSatisfy { $0 == $1 || Double(bitPattern: $0).isNaN && Double(bitPattern: $1).isNaN }, "\(type)")
    }
  }

  @Test func theMembersOfAnArchiveComeInItsOrder() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/z.npz"
      let one = npyFile(npyHeader("|u1", "()"), [7])
      try write(zipFile([("b.c.npy", npy), ("readme.txt", Data([1])), ("a/x.npy", one)]), to: path)
      #expect(try TensorSource.open(path).map(\.name) == ["b.c", "a/x"])
      #expect(try Tensor.read(path + ":a/x").elements == [7])
      #expect(throws: TensorError.file(path: path, problem: .nameNeeded(available: ["b.c", "a/x"]))) { try Tensor.read(path) }
      let unknown = TensorError.unknownTensor(name: "b.d", nearest: "b.c", available: ["b.c", "a/x"])
      #expect(throws: TensorError.file(path: path, problem: unknown)) { try TensorSource.open(path + ":b.d") }
    }
  }

  @Test func aBadMemberIsNamedAndSparesTheOthers() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/z.npz"
      try write(zipFile([("a.npy", npy), ("b.npy", npyFile(npyHeader("|O", "()")))]), to: path)
      #expect(try Tensor.read(path + ":a") == matrix)
      let types = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"]
      let problem = TensorError.tensor(name: "b", problem: .unsupportedType(name: "|O", supported: types))
      #expect(throws: TensorError.file(path: path, problem: problem)) { try TensorSource.open(path) }
    }
  }

  @Test func everyProperPrefixIsRefused() throws {
    try withTemporaryDirectory { directory in
      for (name, data) in [
        ("x.npz", zipFile([("a.npy", npy), ("b.npy", npy)])), ("x.idx", idx), ("x.npy.gz", gzipFile(npy)),
        ("x.idx.gz", gzipFile(idx)), ("x.csv.gz", gzipFile(Data("1,2\n".utf8))), ("x.npy", npy),
      ] {
        let path = "\(directory)/\(name)"
        func readAll() throws { for source in try TensorSource.open(path) { _ = try source.tensor() } }
        try write(data, to: path)
        try readAll()
        for length in 0..<data.count {
          try write(data.prefix(length), to: path)
          guard (try? readAll()) == nil else { Issue.record("\(length) bytes of \(name)"); return }
          #expect(throws: TensorError.self) { try readAll() }
        }
        try write(data + [0], to: path)
        guard name.hasSuffix("npz") || (try? readAll()) == nil else { Issue.record("a byte after \(name)"); return }
      }
    }
  }

  @Test func damagedFilesNeverCrash() throws {
    let corpus = [
      ("x.npz", zipFile([("a.npy", npy), ("b.npy", npy)])), ("x.npz", zipFile([("a.npy", npy)], method: 8)),
      ("x.idx", idx), ("x.npy.gz", gzipFile(npy)), ("x.csv.gz", gzipFile(Data("1,2\n".utf8))),
    ]
    try withTemporaryDirectory { directory in
      for (index, (name, data)) in corpus.enumerated() {
        let path = "\(directory)/\(name)"
        var mutator = Mutator(seed: UInt64(50 + index), corpus: [data], text: ["PK\u{1}\u{2}", "PK\u{5}\u{6}", "PK\u{6}\u{6}"])
        for iteration in 0..<2000 {
          let damaged = mutator.next()
          try write(damaged, to: path)
          do throws(TensorError) {
            for source in try TensorSource.open(path) { _ = try source.tensor() }
          } catch {
            guard error.description.utf8.count < 4000 else { Issue.record("\(name) \(iteration): \(error)"); return }
          }
        }
      }
    }
  }

  @Test func archivesThatCannotBeReadSayWhy() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/z.npz"
      func expect(_ data: Data, _ part: String) throws {
        try write(data, to: path)
        let error = try #require(throws: TensorError.self) { try Tensor.read(path) }
        #expect(error.description.contains(part), "\(error)")
      }
      try expect(Data("not a zip archive, but longer than the end of one".utf8), "no directory at its end")
      try expect(zipFile([("a.npy", npy)], flags: 1), "encrypted")
      try expect(zipFile([("a.npy", npy)], method: 12), "method 12")
      try expect(zipFile([("a.npy", npy)], method: 8), "damaged")
      try expect(zipFile([("a.npy", npy.dropLast())]), "data needs 12 bytes but only 11")
      try expect(zipFile([]), "holds no tensors")
      for name in ["z.npy.gz", "z.idx.gz"] {
        try write(gzipFile(name == "z.idx.gz" ? idx + [0] : npy + [0]), to: "\(directory)/\(name)")
        let error = try #require(throws: TensorError.self) { try Tensor.read("\(directory)/\(name)") }
        #expect(error.description.contains("are announced, and it holds more"), "\(error)")
      }
      var wrong = gzipFile(npy)
      wrong[wrong.count - 8] ^= 1
      try write(wrong, to: "\(directory)/z.npy.gz")
      let error = try #require(throws: TensorError.self) { try Tensor.read("\(directory)/z.npy.gz") }
      #expect(error.description.contains("incorrect data check"), "\(error)")
    }
  }

  @Test func anEnormousClaimInACompressedFileAllocatesNothing() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/x.npy.gz"
      let claim = npyFile(npyHeader("<f8", "(400000000,)"), Array(repeating: 0, count: 8))
      try write(gzipFile(claim), to: path)
      let error = try #require(throws: TensorError.self) { try Tensor.read(path) }
      #expect(error.description.contains("cannot hold the \(claim.count - 8 + 3_200_000_000) that are announced"), "\(error)")
      let more = npyFile(npyHeader("|u1", "(\(1 << 33),)"))
      try write(gzipFile(more), to: path)
      let problem = TensorError.tooLarge(bytes: 1 << 33 + more.count, limit: 1 << 32)
      #expect(throws: TensorError.file(path: path, problem: problem)) { try Tensor.read(path) }
    }
  }

  @Test func filesThatJoinGzipMembersAreRead() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/x.npy.gz"
      try write(gzipFile(npy.prefix(50)) + gzipFile(npy.dropFirst(50)), to: path)
      #expect(try Tensor.read(path) == matrix)
    }
  }

  @Test func onlyRegularFilesAreRead() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/pipe.npy"
      #expect(mkfifo(path, 0o600) == 0)
      #expect(throws: TensorError.unreadable(path: path, reason: "it is not a regular file")) { try TensorSource.open(path) }
    }
  }

  @Test(arguments: [(-1, 1), (0, 7), (7, 7)])
  func rangesBeyondTheElementsAreACallersMistake(lower: Int, upper: Int) async {
    await #expect(processExitsWith: .failure) { [lower, upper] in
      let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).csv").path
      try write(Data("1,2,3,4,5,6".utf8), to: path)
      let source = try TensorSource.open(path)[0]
      try? FileManager.default.removeItem(atPath: path)
      _ = try? source.elements(lower..<upper)
    }
  }
}
