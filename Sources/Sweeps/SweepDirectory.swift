// SPDX-License-Identifier: Apache-2.0
// A sweep on disk: its manifest, and a file for the result of each cell.

internal import FoundationEssentials
internal import Formats
internal import Glibc
internal import Lab
internal import Tensors
internal import Training

/// A directory with `manifest.json` (the specification and its hash), `cells.csv` (what the cells are, for people), `results/` (a file a cell, there
/// when it is whole) and, while training runs are under way, `checkpoints/`.
///
/// Any number of processes may work on it, on any number of machines that share it: they write nothing but results, whole, under names of their own.
public struct SweepDirectory: Sendable {
  /// Where it lies.
  public let path: String
  /// What is swept.
  public let specification: SweepSpecification
  /// Of the specification and the program's version: results belong together if their hashes are equal.
  public let hash: String
  /// All cells, in order.
  public let cells: [SweepCell]

  private struct Manifest: Codable {
    var schema = "fmtlab.sweep-manifest/1"
    let version: String
    let hash: String
    let cells: Int
    let specification: SweepSpecification
  }

  /// The file of a result.
  private struct Result: Codable {
    let sweep: String
    let cell: Int
    let row: [String]
  }

  /// What is known of a cell's result.
  public enum State: Hashable, Sendable {
    /// The parameters and the results, in the order of ``SweepSpecification/Kind/columns`` after the number of the cell.
    case complete([String])
    /// No result yet.
    case missing
    /// A file that does not say what its name says: why.
    case strange(String)
  }

  private init(_ path: String, _ specification: SweepSpecification, _ hash: String, _ cells: [SweepCell]) {
    (self.path, self.specification, self.hash, self.cells) = (path, specification, hash, cells)
  }

  /// Makes a new directory for a sweep. Policies that are files become part of it.
  ///
  /// - Parameter version: of the program; results of another one do not belong to the sweep.
  /// - Returns: the sweep; and whether it was there already, the same to the bit.
  /// - Throws: `SweepError`.
  public static func plan(_ given: SweepSpecification, at path: String, version: String) throws(SweepError) -> (sweep: SweepDirectory, isNew: Bool) {
    let specification =
      switch given.kind {
      case .train: try given.replacing("policy", embeddingFile)
      case .layer: try marked(given)
      case .analyze: given
      }
    let hash = hash(of: specification, version)
    let cells = try specification.cells()
    if access(manifest(path), F_OK) == 0 {
      let old = try SweepDirectory(path, version: version)
      guard old.hash == hash else { throw .directory(path, "it holds another sweep (\(old.hash), not \(hash)); give another directory.") }
      return (old, false)
    }
    let content = try? FileManager.default.contentsOfDirectory(atPath: path)
    // (What a plan that was killed leaves is no obstacle.)
    guard content?.allSatisfy(["results", "checkpoints", "cells.csv"].contains) ?? true else {
      throw .directory(path, "it holds something, but no sweep; give an empty directory, or one to be made.")
    }
    for directory in [path, "\(path)/results", "\(path)/checkpoints"] { try makeDirectory(directory) }
    let kind = specification.kind
    let lines = [csvLine(["cell"] + kind.parameters)] + cells.map { csvLine(["\($0.index)"] + $0.parameters) }
    try write("\(path)/cells.csv", lines.joined(separator: "\n") + "\n")
    // Last: a directory with a manifest is whole.
    try write(manifest(path), json(Manifest(version: version, hash: hash, cells: cells.count, specification: specification), isPretty: true) + "\n")
    return (SweepDirectory(path, specification, hash, cells), true)
  }

  /// Opens a directory that `plan` made.
  ///
  /// - Throws: `SweepError`.
  public init(_ path: String, version: String) throws(SweepError) {
    let file = SweepDirectory.manifest(path)
    guard let bytes = FileManager.default.contents(atPath: file) else {
      throw .file("cannot read \(file): \(SweepDirectory.reason); give a directory that `fmtlab sweep plan` made.")
    }
    let manifest: Manifest
    do { manifest = try JSONDecoder().decode(Manifest.self, from: bytes) } catch { throw .directory(file, "it is no manifest of a sweep.") }
    guard manifest.version == version else { throw .directory(file, "it was planned by version \(manifest.version), this is \(version); plan it anew.") }
    guard manifest.hash == SweepDirectory.hash(of: manifest.specification, version) else {
      throw .directory(file, "it was changed after it was planned: its hash is not that of its specification; plan a new sweep.")
    }
    self.init(path, manifest.specification, manifest.hash, try manifest.specification.cells())
  }

  // MARK: Results

  /// The state of a cell's result.
  public func state(_ cell: SweepCell) -> State {
    let file = result(cell)
    guard let bytes = FileManager.default.contents(atPath: file) else { return .missing }
    guard let result = try? JSONDecoder().decode(Result.self, from: bytes) else { return .strange("\(file) is damaged") }
    guard result.sweep == hash else { return .strange("\(file) is of sweep \(result.sweep), not \(hash)") }
    guard result.cell == cell.index else { return .strange("\(file) holds cell \(result.cell)") }
    let columns = specification.kind.results
    guard result.row.count == columns.count else { return .strange("\(file) has \(result.row.count) results, not \(columns.count)") }
    if let (text, column) = zip(result.row, columns).first(where: { !SweepSpecification.Kind.canHold($1, $0) }) {
      return .strange("\(file) has '\(text)' as \(column)")
    }
    return .complete(cell.parameters + result.row)
  }

  /// Writes a result, whole or not at all.
  func write(_ row: [String], of cell: SweepCell) throws(SweepError) {
    try SweepDirectory.makeDirectory(results(cell))
    try SweepDirectory.write(result(cell), SweepDirectory.json(Result(sweep: hash, cell: cell.index, row: row)) + "\n")
  }

  /// A thousand files a directory, so that each stays quick to list.
  private func results(_ cell: SweepCell) -> String { "\(path)/results/\(cell.index / 1000)" }

  private func result(_ cell: SweepCell) -> String { "\(results(cell))/\(cell.index).json" }

  func checkpoint(_ cell: SweepCell) -> String { "\(path)/checkpoints/\(cell.index).npz" }

  // MARK: Files

  private static func manifest(_ path: String) -> String { "\(path)/manifest.json" }

  private static var reason: String { String(cString: strerror(errno)).lowercased() }

  static func makeDirectory(_ path: String) throws(SweepError) {
    if mkdir(path, 0o777) != 0 && errno != EEXIST { throw .file("cannot make \(path): \(reason); give a path in a writable directory.") }
  }

  static func write(_ path: String, _ text: String) throws(SweepError) {
    do {
      let file = try OutputFile(path)
      try file.write(Array(text.utf8), at: 0)
      try file.commit()
    } catch {
      throw .file("\(error).")
    }
  }

  static func remove(_ path: String) { unlink(path) }

  static func json(_ value: some Encodable, isPretty: Bool = false) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = isPretty ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try! encoder.encode(value), as: UTF8.self)  // texts and whole numbers
  }

  private static func hash(of specification: SweepSpecification, _ version: String) -> String { fingerprint("fmtlab \(version)\n" + json(specification)) }

  private static func marked(_ given: SweepSpecification) throws(SweepError) -> SweepSpecification {
    try given.replacing("weights", LayerFiles.marked).replacing("inputs", LayerFiles.markedInputs)
  }

  /// The text of the JSON document where a policy is the path of one.
  private static func embeddingFile(_ text: String) throws(SweepError) -> String {
    guard text.lowercased().hasSuffix(".json") else { return text }
    guard let bytes = FileManager.default.contents(atPath: text) else { throw .file("cannot read the policy \(text): \(reason).") }
    do { return String(decoding: try PrecisionPolicy(json: bytes, path: text).json, as: UTF8.self) } catch { throw .specification("\(error)") }
  }
}
