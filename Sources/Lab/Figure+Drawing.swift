// SPDX-License-Identifier: Apache-2.0
// Drawing: pictures by gnuplot, in files or of characters; where there is none, its data and its script.

internal import FoundationEssentials
internal import Glibc

/// Why a figure was not written.
public enum FigureError: Error, Hashable, Sendable {
  /// A file whose name ends in none of .svg, .png, .pdf.
  case type(path: String)
  /// A file that cannot be written, and why.
  case unwritable(path: String, reason: String)
  /// No gnuplot, or nothing that it could draw.
  case undrawn(reason: String)
}

extension FigureError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .type(let path): "'\(path)' is no picture that can be drawn; give a file that ends in .svg, .png or .pdf."
    case .unwritable(let path, let reason): "cannot write \(path): \(reason); give a path in an existing, writable directory."
    case .undrawn(let reason): "no picture: \(reason)"
    }
  }
}

extension Figure {
  /// Whether a path names a picture that ``draw(_:keepingData:)`` can draw: something before `.svg`, `.png` or `.pdf`, without control characters.
  public static func canDraw(_ path: String) -> Bool {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    return [".svg", ".png", ".pdf"].contains { name.hasSuffix($0) && name.count > 4 } && oneLine(path) == path
  }

  /// The files that ``draw(_:keepingData:)`` may write for a picture: it, its data and its script.
  public static func files(of picture: String) -> [String] { [picture] + ["tsv", "gp"].map { "\(picture.dropLast(3))\($0)" } }

  /// Has gnuplot draw the picture `NAME.svg`, `.png` or `.pdf`. If asked to, and where it cannot and no file is in the way, writes what the picture
  /// is made from beside it: `NAME.tsv` (``data``) and `NAME.gp` (the script).
  ///
  /// All are made in a directory of their own, on which gnuplot works, and then renamed into place: a reader never sees half
  /// of one, and an interruption waits until all is tidy.
  /// - Returns: `nil` if the picture was drawn, otherwise a line that says why not and what there is instead.
  public func draw(_ picture: String, keepingData: Bool = false) throws(FigureError) -> String? {
    guard Figure.canDraw(picture) else { throw .type(path: picture) }
    let directory = picture.lastIndex(of: "/").map { String(picture[...$0]) } ?? ""
    let workshop = try Workshop(in: directory, self, picture: String(picture.dropFirst(directory.count)))
    defer { workshop.close() }
    let data = [workshop.data, workshop.script]
    if let problem = workshop.problem, !keepingData, let there = data.first(where: { access(directory + $0, F_OK) == 0 }) {
      return "no picture: \(problem); \(directory)\(there) is there already, and was not replaced by the data or the script"
    }
    for file in (workshop.problem == nil ? [workshop.picture] : []) + (keepingData || workshop.problem != nil ? data : []) {
      guard rename(workshop.path + file, directory + file) == 0 else { throw .unwritable(path: directory + file, reason: systemReason()) }
    }
    return workshop.problem.map { "no picture: \($0); \(directory)\(workshop.data) and \(directory)\(workshop.script) hold the data and the script" }
  }

  /// Has gnuplot draw the picture in 36 lines of 100 characters at most.
  ///
  /// - Throws: `FigureError.undrawn` without gnuplot.
  public func text() throws(FigureError) -> String {
    let directory = getenv("TMPDIR").map { String(cString: $0) + "/" } ?? "/tmp/"
    let workshop = try Workshop(in: directory, self, picture: "picture.txt")
    defer { workshop.close() }
    if let problem = workshop.problem { throw .undrawn(reason: problem) }
    guard let bytes = FileManager.default.contents(atPath: workshop.path + workshop.picture) else { throw .undrawn(reason: "gnuplot drew nothing") }
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map { line in
      String(line.filter { $0 != "\u{c}" }.reversed().drop { $0 == " " }.reversed())
    }
    return lines.drop { $0.isEmpty }.reversed().drop { $0.isEmpty }.reversed().joined(separator: "\n")
  }
}

/// A directory for one picture: its data, its script and, if there is no `problem`, the picture.
private struct Workshop {
  let path: String
  let data, script, picture: String
  let problem: String?
  private let mask: SignalMask

  /// Draws the figure in a new directory beside what will be in `directory`.
  init(in directory: String, _ figure: Figure, picture: String) throws(FigureError) {
    self.picture = picture
    let stem = String(picture.dropLast(4))
    (data, script) = ("\(stem).tsv", "\(stem).gp")
    mask = SignalMask()
    var template = Array("\(directory).fmtlab-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      let reason = systemReason()
      mask.restore()
      throw .unwritable(path: directory + picture, reason: reason)
    }
    path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) } + "/"
    do {
      for (file, text) in [(data, figure.data), (script, figure.script(dataFile: "./\(data)", picture: "./\(picture)"))] {
        try Data(text.utf8).write(to: URL(filePath: path + file))
      }
    } catch {
      try? FileManager.default.removeItem(atPath: path)
      mask.restore()
      throw .unwritable(path: directory + picture, reason: "the disk is full or fails")
    }
    problem = figure.series.isEmpty ? "there is no point that its axes can show" : gnuplot(script, in: path, mask)
  }

  /// Removes the directory with what is left in it.
  func close() {
    try? FileManager.default.removeItem(atPath: path)
    mask.restore()
  }
}

/// Runs gnuplot on a script in its directory; says what went wrong, if anything did.
private func gnuplot(_ script: String, in directory: String, _ mask: SignalMask) -> String? {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  for stream in 0...2 as ClosedRange<Int32> { posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0) }
  var attributes = posix_spawnattr_t()
  posix_spawnattr_init(&attributes)
  defer { posix_spawnattr_destroy(&attributes) }
  var previous = mask.previous
  posix_spawnattr_setsigmask(&attributes, &previous)
  posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

  // The script names its files in this directory. "./" keeps names from being taken for options, pipes (<, |) and blocks of data ($); -d leaves the
  // user's settings out.
  let words = ["gnuplot", "-d", "-e", "cd \(Figure.quoted(directory))", "./" + script]
  let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
  defer { arguments.forEach { free($0) } }
  var process = pid_t()
  let failure = posix_spawnp(&process, "gnuplot", &actions, &attributes, arguments, environ)
  if failure == ENOENT { return "gnuplot is not installed" }
  guard failure == 0 else { return "gnuplot cannot be started (\(String(cString: strerror(failure)).lowercased()))" }
  var status: Int32 = 0
  while waitpid(process, &status, 0) < 0 && errno == EINTR {}
  return status == 0 ? nil : "gnuplot failed"
}

/// Holds back what a terminal sends to end a program.
private struct SignalMask {
  let previous: sigset_t

  init() {
    var (held, previous) = (sigset_t(), sigset_t())
    sigemptyset(&held)
    for number in [SIGINT, SIGTERM, SIGHUP] { sigaddset(&held, number) }
    pthread_sigmask(SIG_BLOCK, &held, &previous)
    self.previous = previous
  }

  func restore() {
    var previous = previous
    pthread_sigmask(SIG_SETMASK, &previous, nil)
  }
}

private func systemReason() -> String { String(cString: strerror(errno)).lowercased() }
