// SPDX-License-Identifier: Apache-2.0
// Drawing: data, script and picture side by side, each whole or not at all, the picture where there is gnuplot.

internal import FoundationEssentials
internal import Glibc

/// Why a figure was not written.
public enum FigureError: Error, Hashable, Sendable {
  case type(path: String)
  case unwritable(path: String, reason: String)
}

extension FigureError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .type(let path): "'\(path)' is no picture that can be drawn; give a file that ends in .svg, .png or .pdf."
    case .unwritable(let path, let reason): "cannot write \(path): \(reason); give a path in an existing, writable directory."
    }
  }
}

extension Figure {
  /// Whether a path names a picture that ``draw(_:)`` can draw: something before `.svg`, `.png` or `.pdf`.
  public static func canDraw(_ path: String) -> Bool {
    let name = path.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    return [".svg", ".png", ".pdf"].contains { name.hasSuffix($0) && name.count > 4 }
  }

  /// Writes `NAME.dat` (``data``) and `NAME.gp` (the script) beside the picture `NAME.svg`, `.png` or `.pdf`, and has gnuplot draw it.
  ///
  /// The three are made in a directory of their own, on which gnuplot works, and then renamed into place: a reader never sees half
  /// of one, and an interruption waits until all is tidy.
  /// - Returns: `nil` if the picture was drawn, otherwise a line that says why not and what there is instead.
  public func draw(_ picture: String) throws(FigureError) -> String? {
    guard Figure.canDraw(picture) else { throw .type(path: picture) }
    let directory = picture.lastIndex(of: "/").map { String(picture[...$0]) } ?? ""
    let name = String(picture.dropFirst(directory.count))
    let stem = String(name.dropLast(4))
    let (data, script) = ("\(stem).dat", "\(stem).gp")

    let mask = SignalMask()
    defer { mask.restore() }
    var template = Array("\(directory).fmtlab-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw .unwritable(path: picture, reason: systemReason()) }
    let workshop = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) } + "/"
    defer {
      for file in [data, script, name] { unlink(workshop + file) }
      rmdir(workshop)
    }

    for (file, text) in [(data, self.data), (script, self.script(dataFile: data, picture: name))] {
      do {
        try Data(text.utf8).write(to: URL(filePath: workshop + file))
      } catch {
        throw .unwritable(path: directory + file, reason: "the disk is full or fails")
      }
    }
    let problem = series.isEmpty ? "there is no point that its axes can show" : gnuplot(script, in: workshop, mask)
    for file in problem == nil ? [data, script, name] : [data, script] {
      guard rename(workshop + file, directory + file) == 0 else { throw .unwritable(path: directory + file, reason: systemReason()) }
    }
    return problem.map { "no picture: \($0); \(directory)\(data) and \(directory)\(script) hold the data and the script" }
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

  // The script names its files without a directory. "./" keeps its own name from being taken for an option.
  let words = ["gnuplot", "-e", "cd \(Figure.quoted(directory))", "./" + script]
  let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
  defer { arguments.forEach { free($0) } }
  var process = pid_t()
  let failure = posix_spawnp(&process, "gnuplot", &actions, &attributes, arguments, environ)
  if failure == ENOENT { return "gnuplot is not installed" }
  guard failure == 0 else { return "gnuplot cannot be started (\(String(cString: strerror(failure)).lowercased()))" }
  var status: Int32 = 0
  while waitpid(process, &status, 0) < 0 && errno == EINTR {}
  return status == 0 ? nil : "gnuplot failed, and will say why when it is run on the script"
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
